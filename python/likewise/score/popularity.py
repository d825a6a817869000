"""The popularity part: how popular an answer is, whatever is asked for.

Owns how popular items are, from their events, and the weight of that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.arrays import Float32, Int64
from likewise.content.composition import Contribution
from likewise.score.part import Batch, Part

__all__ = ["POPULARITY", "ItemPopularity", "Popularity", "check_popularity"]

#: The weight of popularity, unless told otherwise.
POPULARITY = 0.3
# An item without events counts as popular as this share of those with events are at most.
COLD_QUANTILE = 0.9


class ItemPopularity:
    """How popular the items of training are: log(1 + events) in shares of the largest.

    Attributes
    ----------
    of_items : float32 array (n_items,)
        0 to 1. An item without events has what nine in ten of those with events have at most.
    unseen : float
        That of an item that was not in training.
    """

    def __init__(self, counts: Int64) -> None:
        logs = np.log1p(counts.astype(np.float64))
        seen = counts > 0
        self.of_items = (logs / (logs.max(initial=0.0) or 1.0)).astype(np.float32)
        self.unseen = float(np.quantile(self.of_items[seen], COLD_QUANTILE)) if seen.any() else 0.0
        self.of_items[~seen] = self.unseen

    def at(self, positions: npt.NDArray[Any]) -> Float32:
        """Return the popularity of items at positions in training, -1 for others."""
        found = np.full(len(positions), self.unseen, np.float32)
        there = positions >= 0
        found[there] = self.of_items[positions[there]]
        return found


class Popularity(Part):
    """One column; a query holds the weight there."""

    of_answer_alone = True

    def width(self, out_of_domain: bool) -> int:
        return 1

    def most(self, popularity: float) -> float:
        return popularity

    def ask(
        self, columns: Float32, unknown: Float32, out_of_domain: bool, popularity: float
    ) -> None:
        columns[:] = np.float32(popularity)

    def contributions(self, batch: Batch) -> list[Contribution]:
        return [Contribution("popularity", "of the neighbor", batch.popularity.astype(np.float64))]


def check_popularity(popularity: Any) -> float:
    """Return the weight of popularity: the default for None.

    Raises TypeError or ValueError for what is not a finite number of at least 0.
    """
    if popularity is None:
        return POPULARITY
    if isinstance(popularity, bool) or not isinstance(popularity, int | float | np.number):
        raise TypeError(f"popularity must be a number, got {popularity!r}")
    if not 0.0 <= popularity < np.inf:
        raise ValueError(f"popularity must be a finite number of at least 0, got {popularity!r}")
    return float(popularity)
