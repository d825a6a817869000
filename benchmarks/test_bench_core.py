"""Single functions of the core: composing vectors, unit length, exact search."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from likewise import _core
from likewise.index import ExactIndex

DIM = 100


@pytest.fixture(scope="module")
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def vectors(rng: np.random.Generator, n: int) -> Any:
    return rng.standard_normal((n, DIM), dtype=np.float32)


@pytest.mark.parametrize("entries", [8, 80])
def test_compose_items(
    benchmark: Any, full: bool, threads: int, rng: np.random.Generator, entries: int
) -> None:
    n_items, n_tokens = (500_000, 100_000) if full else (5_000, 2_000)
    offsets = np.arange(0, n_items * entries + 1, entries)
    tokens = rng.integers(0, n_tokens, n_items * entries).astype(np.int32)
    weights = np.full(len(tokens), entries**-0.5, np.float32)
    table = vectors(rng, n_tokens)
    made = benchmark(_core.compose_items, offsets, tokens, weights, table, threads)
    assert np.allclose(made[0], weights[:entries] @ table[tokens[:entries]], atol=1e-4)


def test_compose_tokens(benchmark: Any, full: bool, threads: int, rng: np.random.Generator) -> None:
    """Words that no model knows, of 20 n-grams each."""
    n, buckets, each = (200_000, 1 << 20, 20) if full else (2_000, 1 << 12, 20)
    rows = rng.integers(0, buckets, n * each).astype(np.int32)
    table = vectors(rng, buckets)
    made = benchmark(
        _core.compose_tokens,
        np.arange(n, dtype=np.uint64),
        np.arange(0, n * each + 1, each),
        rows,
        np.zeros(0, np.uint64),
        np.zeros((0, DIM), np.float32),
        table,
        threads,
    )
    assert np.allclose(made[0], table[rows[:each]].mean(axis=0), atol=1e-4)


@pytest.mark.parametrize("queries", [1, 256])
def test_top_k(
    benchmark: Any, full: bool, threads: int, rng: np.random.Generator, queries: int
) -> None:
    n = 200_000 if full else 5_000
    table = vectors(rng, n)
    index = ExactIndex(table, threads=threads)
    found = benchmark(index.search, table[:queries], 20)
    assert (found.positions[:, 0] == np.arange(queries)).all()
    assert (np.diff(found.scores, axis=1) <= 1e-6).all()
