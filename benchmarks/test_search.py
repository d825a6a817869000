"""Search: exact best k of many vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from likewise.search.indexes import ExactIndex

DIM = 100


@pytest.mark.parametrize("queries", [1, 256])
def test_top_k(benchmark: Any, full: bool, threads: int, queries: int) -> None:
    n = 200_000 if full else 5_000
    table = np.random.default_rng(1).standard_normal((n, DIM), dtype=np.float32)
    index = ExactIndex(table, threads=threads)
    found = benchmark(index.search, table[:queries], 20)
    assert (found.positions[:, 0] == np.arange(queries)).all()
    assert (np.diff(found.scores, axis=1) <= 1e-6).all()
