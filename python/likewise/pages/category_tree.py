"""The tree of categories of a catalogue: every level, its parent, its top, and sums below it.

The order is that of ``Model.category_vectors``. Knows nothing about vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from likewise.levels import JOIN, levels_of

if TYPE_CHECKING:
    from likewise.items import Items

__all__ = ["CategoryTree"]

Int32 = npt.NDArray[np.int32]


class CategoryTree:
    """Every category level of a catalogue, ordered by path.

    Attributes
    ----------
    paths : list of str
        The path down to each level, levels joined by `` > ``.
    levels : int32 array (n,)
        1 is the top.
    parents, tops : int32 array (n,)
        Which entry is the level above, -1 for a top, and which is the top above all.
    leaves : int32 array (n_items,)
        The entry of each item's whole path; -1 without a category.
    """

    def __init__(self, catalogue: Items) -> None:
        coded = catalogue.coded_categories
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        split = [levels_of(path) for path in coded.dictionary.to_pylist()]
        found = {JOIN.join(s[:depth]) for s in split for depth in range(1, len(s) + 1)}
        self.paths = sorted(found)
        at = {path: row for row, path in enumerate(self.paths)}
        above = [path.rpartition(JOIN)[0] for path in self.paths]
        tops = [path.partition(JOIN)[0] for path in self.paths]
        self.levels: Int32 = np.array([path.count(JOIN) + 1 for path in self.paths], np.int32)
        self.parents: Int32 = np.array([at.get(path, -1) for path in above], np.int32)
        self.tops: Int32 = np.array([at[path] for path in tops], np.int32)
        # One more at the end, for the code -1 of no category.
        entry = np.array([*(at.get(JOIN.join(s), -1) for s in split), -1], np.int32)
        self.leaves: Int32 = entry[codes]

    def __len__(self) -> int:
        return len(self.paths)

    def totals(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Sum a value of every item (n_items,) over each level and all below it, float64 (n,)."""
        inside = self.leaves >= 0
        sums = np.zeros(len(self), np.float64)
        np.add.at(sums, self.leaves[inside], values[inside])
        for level in range(int(self.levels.max(initial=1)), 1, -1):
            rows = np.flatnonzero(self.levels == level)
            np.add.at(sums, self.parents[rows], sums[rows])
        return sums
