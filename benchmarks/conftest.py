"""Shared by the pytest benchmarks: sizes, simulated shops, and what a training is judged by.

Small by default, so that `pytest benchmarks --benchmark-disable` is a smoke test; `--full` or
LIKEWISE_BENCH=full measures at real sizes.
"""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support.corpora import LIMIT, Corpus, read_sessions, sample
from support.machine import commit, core_time, cpu_name


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="benchmarks at real sizes")


def is_full(config: pytest.Config) -> bool:
    asked = config.getoption("--full", default=False)
    return bool(asked) or os.environ.get("LIKEWISE_BENCH", "") == "full"


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: Any) -> None:
    import likewise

    machine_info.pop("node", None)  # a name of the host says nothing to others
    machine_info["cpu_name"] = cpu_name()
    machine_info["kernels"] = likewise.kernels()
    machine_info["likewise_commit"] = commit()


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    return is_full(request.config)


@pytest.fixture(scope="session")
def rounds(full: bool) -> int:
    return 5 if full else 1


@pytest.fixture(scope="session")
def threads() -> int:
    """Workers of a benchmark that is not about threads."""
    return min(2, os.cpu_count() or 1)


@functools.lru_cache(maxsize=1)
def split_of(corpus: Corpus) -> Any:
    from likewise.evaluation.evaluation import last_split

    return last_split(read_sessions(corpus))


class Trainings:
    """Trains on the training part of a simulated shop and says how fast and how well."""

    def __init__(self, benchmark: Any, full: bool, rounds: int) -> None:
        self.benchmark, self.full, self.rounds = benchmark, full, rounds

    def __call__(
        self, events: int, items: int, mean_length: float = 9.0, name_words: int = 0, **options: Any
    ) -> dict[str, Any]:
        """Sizes are those of a full run; a smoke run takes a small part of them."""
        import likewise as lw
        from likewise.evaluation.evaluation import cosine_ranks

        if not self.full:
            events, items = min(20_000, events), max(200, min(2_000, items // 50))
        corpus = Corpus("shop", events, items, mean_length, name_words)
        split = split_of(corpus)
        chosen = lw.Options(**{"epochs": 1, "noise_exponent": 0.75, **options})
        with core_time() as seconds:
            model = self.benchmark.pedantic(
                lw.train, (split.train,), {"options": chosen}, rounds=self.rounds, iterations=1
            )
        took = float(np.median(seconds))
        tokens, pairs = split.train.n_events * chosen.epochs, model.history[-1]["pairs_done"]
        limit = LIMIT if items <= 500_000 else LIMIT // 10
        queries, targets = sample(split.queries, split.targets, limit)
        ranks, _ = cosine_ranks(model.center, model.center, queries, targets)
        facts = {
            "tokens_per_second": tokens / took,
            "pairs_per_second": pairs / took,
            "hr_at_20": float((ranks < 20).mean()),
            "tokens": tokens,
            "items": items,
            "train_seconds": took,
            "kernels": lw.kernels(),
        }
        self.benchmark.extra_info.update(facts)
        return facts


@pytest.fixture
def training(benchmark: Any, full: bool, rounds: int) -> Trainings:
    return Trainings(benchmark, full, rounds)
