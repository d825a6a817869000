"""indexes.py: all kinds of index, and rows to put into them."""

from __future__ import annotations

import numpy as np
import pytest

from likewise.search.indexes import ApproximateIndex, ExactIndex
from likewise.search.partition import Clusters


class EagerClusters(Clusters):
    """Clusters of any vectors, however few."""

    least_vectors, least_queries, most_answers = 1, 1, 1.0


class ClusteredIndex(ExactIndex):
    """An exact index that searches by clusters from the first query on."""

    def _build(self, rows: np.ndarray) -> None:
        super()._build(rows)
        self._clusters = EagerClusters(self._rows, self._usable, self.threads)


KINDS = [ExactIndex, ClusteredIndex, ApproximateIndex]
BOTH = pytest.mark.parametrize("kind", KINDS)
SAVED = pytest.mark.parametrize("kind", [ExactIndex, ApproximateIndex])


def rows(n: int, dim: int = 12, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
