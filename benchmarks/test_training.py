"""Training: identity and content over threads, items, dim, features per item, session length.

extra_info of each: pairs and tokens a second of the training loop, and HR@20 of what came out.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

EVENTS = 5_000_000
ITEMS = 200_000
CORES = [n for n in (1, 2, 4, 8, 16, 32, 64) if n <= (os.cpu_count() or 1)]


def healthy(facts: dict[str, Any]) -> None:
    assert facts["pairs_per_second"] > 0
    assert facts["hr_at_20"] > 5 * 20 / facts["items"]  # far from chance


@pytest.mark.parametrize("n_threads", CORES)
@pytest.mark.parametrize("content", [False, True], ids=["identity", "content"])
def test_threads(training: Any, content: bool, n_threads: int) -> None:
    healthy(training(EVENTS, ITEMS, content=content, threads=n_threads))


@pytest.mark.parametrize("content", [False, True], ids=["identity", "content"])
@pytest.mark.parametrize("items", [10_000, 100_000, 1_000_000, 2_000_000])
def test_items(training: Any, threads: int, items: int, content: bool) -> None:
    facts = training(EVENTS, items, content=content, threads=threads)
    assert facts["pairs_per_second"] > 0  # few events an item: quality is not the point


@pytest.mark.parametrize("dim", [32, 64, 100, 128, 256])
def test_dim(training: Any, threads: int, dim: int) -> None:
    healthy(training(EVENTS, ITEMS, content=False, threads=threads, dim=dim))


@pytest.mark.parametrize("name_words", [0, 8, 16])
def test_features_per_item(training: Any, threads: int, name_words: int) -> None:
    healthy(training(EVENTS, ITEMS // 4, name_words=name_words, threads=threads))


@pytest.mark.parametrize("content", [False, True], ids=["identity", "content"])
@pytest.mark.parametrize("mean_length", [3, 9, 30])
def test_session_length(training: Any, threads: int, mean_length: int, content: bool) -> None:
    # One more event a session: the last one is held out for HR@20.
    healthy(training(EVENTS, ITEMS, mean_length + 1.0, content=content, threads=threads))


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "independent"])
def test_negatives(training: Any, threads: int, shared: bool) -> None:
    events = EVENTS // 5
    healthy(training(events, ITEMS, content=False, threads=threads, shared_negatives=shared))
