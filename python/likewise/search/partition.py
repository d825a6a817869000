"""Clusters of vectors: the first look of a search with many queries, exact or nearly so.

Owns when clusters pay, how they are kept for the vectors that a filter lets through, and how far a
search must reach to find a wanted share of the true best. The search itself is the core's
(``csrc/core/search/partition.h`` says how, and why its answers are exact at a reach of 1).
"""

from __future__ import annotations

import numpy as np

import likewise._core as _core
from likewise.arrays import Float32, Float64, Int32, Mask

__all__ = ["Clusters", "reach_for"]

# Clusters of n vectors: so many times the root of n. Twice as many, or half, are no faster.
_CLUSTERS = 3.0
# What an exact search by clusters takes, as a share of all comparisons, at least.
_SHARE = 0.125


class Clusters:
    """Vectors in clusters, made when they first pay.

    Parameters
    ----------
    rows : float32 array (n, dim)
        The vectors. Borrowed, and not to be changed.
    usable : bool array (n,)
        Which of them are not all zero.
    threads : int
        Workers.
    """

    # Vectors and queries below which making clusters takes longer than it saves; and answers, as a
    # share of the vectors, above which nothing can be passed over.
    least_vectors, least_queries, most_answers = 4096, 1024, 0.05

    def __init__(self, rows: Float32, usable: Mask, threads: int) -> None:
        self._rows, self._usable, self._threads = rows, usable, threads
        self._whole: _core.Partition | None = None
        self._part: tuple[Mask, _core.Partition] | None = None

    def pay(
        self,
        n_queries: int,
        k: int,
        allowed: Mask | None,
        same: tuple[Int32, Int32] | None,
    ) -> bool:
        """Tell whether a search by clusters is quicker than comparing all with all."""
        if not self.fit(k, allowed) or (n_queries < self.least_queries and self._whole is None):
            return False
        return same is None or pairs_of(same) > _SHARE * n_queries * self._answers(allowed)

    def fit(self, k: int, allowed: Mask | None) -> bool:
        """Tell whether there are so many vectors, and so few answers wanted, that they can pay."""
        n = self._answers(allowed)
        return n >= self.least_vectors and k <= self.most_answers * n

    def _answers(self, allowed: Mask | None) -> int:
        return len(self._rows) if allowed is None else int(np.count_nonzero(allowed))

    def partition(self, allowed: Mask | None) -> _core.Partition:
        """Return the clusters of the vectors that may be answers; the last ones are kept."""
        if self._whole is None:
            usable = None if self._usable.all() else self._usable.view(np.uint8)
            wanted = round(_CLUSTERS * float(np.sqrt(len(self._rows))))
            self._whole = _core.Partition(self._rows, usable, wanted, self._threads)
        if allowed is None or (allowed is self._usable or np.array_equal(allowed, self._usable)):
            return self._whole
        if self._part is None or not np.array_equal(self._part[0], allowed):
            mask = allowed.copy()
            self._part = mask, self._whole.subset(mask.view(np.uint8), self._threads)
        return self._part[1]


def pairs_of(same: tuple[Int32, Int32]) -> int:
    """Return how many pairs of a query and a vector have an equal label, -1 being none."""
    asked, there = (np.bincount(labels[labels >= 0]) for labels in same)
    both = min(len(asked), len(there))
    return int(asked[:both].astype(np.int64) @ there[:both].astype(np.int64))


def reach_for(
    partition: _core.Partition, queries: Float32, positions: Int32, scores: Float32, recall: float
) -> float:
    """Return the least reach that finds a share of the true best of some queries.

    ``positions`` and ``scores``, (n, k), are the true best. A cluster is met when the query's
    product with its center, and ``reach`` times the radius and the query's length, come up to the
    worst of its best k. Queries with fewer answers than k meet all.
    """
    labels, centers, radii = partition.labels, partition.centers, partition.radii
    full = positions[:, -1] >= 0
    cluster = labels[np.maximum(positions, 0)]
    near = np.take_along_axis(queries @ centers.T, cluster, axis=1)
    lengths: Float64 = np.linalg.norm(queries.astype(np.float64), axis=1)
    room = np.maximum(lengths[:, None] * radii[cluster], 1e-30)
    needed = np.where(full[:, None], (scores[:, -1:] - near) / room, 0.0)[positions >= 0]
    if not len(needed):
        return 1.0
    needed.sort()
    last = int(np.clip(np.ceil(recall * len(needed)) - 1, 0, len(needed) - 1))
    return float(np.clip(needed[last] + 1e-4, 0.0, 1.0))
