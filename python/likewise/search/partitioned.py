"""The partitioned index: every query meets the clusters of vectors that are near enough.

Owns how wide a search must be for a wanted recall, and measuring it. Clusters are in
search/partition.py, the search is the core's.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy.typing as npt

from likewise.arrays import Float32
from likewise.search.arguments import allowed_mask
from likewise.search.filters import Filters, Found, share_found
from likewise.search.index import ExactIndex
from likewise.search.partition import reach_for

__all__ = ["PartitionedIndex"]

_STEPS = 6  # reaches that are tried, the shortest first
_SPARE = 0.25  # of what may be missed is not missed in the sample: it is only one


class PartitionedIndex(ExactIndex):
    """Passes over clusters whose vectors are unlikely to be among the best.

    Of the vectors of an exact index, which it shares. A list is never shorter than an exact search
    would make it: while a query has fewer than ``k`` answers it meets every cluster. A radius
    counts ``reach`` of what it is; with 1 a search is exact. Clusters by two levels of k-means, as
    in the inverted files of Jégou, Douze and Schmid (2011).

    Attributes
    ----------
    reach : float
        0 to 1; `tune` finds what a recall needs.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.random.default_rng(0).normal(size=(5000, 8)).astype(np.float32)
    >>> index = PartitionedIndex.of(ExactIndex(rows))
    >>> index.tune(0.99, 10, rows[:500]) >= 0.99
    True
    """

    kind = "partitioned"
    reach = 1.0
    _alone = False

    @classmethod
    def of(cls, index: ExactIndex) -> PartitionedIndex:
        """Return a partitioned index of the same vectors, exact until it is tuned."""
        index.keep()
        made = cls.__new__(cls)
        made.__dict__.update(index.__dict__)
        return made

    @property
    def exact(self) -> bool:
        """Whether every answer is the true one."""
        return self.reach >= 1.0

    def tune(
        self,
        recall: float,
        k: int,
        queries: npt.ArrayLike,
        exclude: npt.ArrayLike | None = None,
        where: npt.ArrayLike | None = None,
        *,
        same: tuple[Any, Any] | None = None,
        different: Any = None,
    ) -> float:
        """Find the least reach with this recall for some queries; return the recall it has.

        Parameters
        ----------
        recall : float
            Share of the true ``k`` best that is to be found, above 0 to 1.
        queries : array_like, (n_queries, dim)
            A sample of what will be asked; ``exclude`` and the filters are as in :meth:`search`.
        """
        filters: dict[str, Any] = {"same": same, "different": different}
        self.reach = 1.0
        allowed = allowed_mask(where, self._usable, self.catalogue)
        if recall >= 1.0 or not self._clusters.fit(k, allowed):
            return 1.0
        partition = self._clusters.partition(allowed)
        true = self.search(queries, k, where, exclude, **filters)
        asked = self._prepared(queries)[0]
        # What is enough even for queries that know their k-th best from the start, and a little.
        low, high = (
            reach_for(partition, asked, *true, share) for share in (1 - 8 * (1 - recall), recall)
        )
        reached = 0.0
        self._alone = True  # the least that is found in any company
        try:
            for step in range(_STEPS):
                self.reach = low + (high - low) * step / (_STEPS - 1)
                reached = share_found(self.search(queries, k, where, exclude, **filters), true)
                if reached >= recall + _SPARE * (1.0 - recall):
                    break
        finally:
            self._alone = False
        while reached < recall and self.reach < 1.0:  # rounding; or bounds of float32
            self.reach = min(1.0, 1.2 * self.reach + 0.01)
            reached = share_found(self.search(queries, k, where, exclude, **filters), true)
        return reached

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save the exact index that this one is of; see `Index.save`."""
        return self._exact_twin().save(path)

    def _exact_twin(self) -> ExactIndex:
        twin = ExactIndex.__new__(ExactIndex)
        twin.__dict__.update(self.__dict__)
        return twin

    def _find(self, queries: Float32, k: int, filters: Filters) -> Found:
        return self._find_within(self.reach, queries, k, filters, self._alone)
