"""The co-occurrence part: which items share sessions, by the sessions as they stand.

Owns how it is found before training, and what new items get in its place. Vectors trained within a
window of a few events know little of two items that are along with each other in one basket, far
apart; here a session is a set. With X items by sessions, 1 where an item occurs, n the distinct
items of a session, the table is

    M = D X N,  N = n^(-1/2),  D = (g + d)^(-1/2),  g = the sum of 1 / n over an item's sessions:

short sessions say more, and an item of few sessions says little, whatever they hold. M Mᵀ would be
a cosine but for the doubt d. The vectors of items are M's first singular vectors, each as long as
its singular value: inner products are the nearest to M Mᵀ that so few floats can give. The core
finds them without forming M Mᵀ (csrc/core/score). Files, and the attribute of a model, call them
``company``, as they were first released.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import likewise._core as _core
from likewise.arrays import Float32, Float64, Int32, Int64
from likewise.content.composition import Contribution, check_shape
from likewise.content.linear_map import map_centers, regress
from likewise.score.part import Arrays, Batch, Part, Sequences, Shapes, Trained, forgotten, scaled

if TYPE_CHECKING:
    from likewise.options import Options

__all__ = [
    "CO_OCCURRENCE_DIM",
    "LONGEST",
    "WEIGHT",
    "CoOccurrence",
    "find_co_occurrence",
    "shortened",
]

#: Floats of an item: twice as many gain nothing, benchmarks/notes/co-occurrence.md says.
CO_OCCURRENCE_DIM = 64
#: The most that an item has to do with itself, a square of a length. Few items have as much; they
#: would outweigh all else there is to say of them.
LONGEST = 0.1
#: What inner products count in the score.
WEIGHT = 20.0
_DOUBT = 10.0  # d, in sessions of one item
# What is mapped is so many times as long: a regression draws to the mean, and an item without
# events is to be found as if it had sold like many do.
_MAPPED = 2.0
# Items with most events, that vectors are found for: others are in too few sessions to have any.
# And events that tell of them: 64 numbers an item need no more, and it shall take seconds.
_MOST_ITEMS, _MOST_EVENTS = 50_000, 1 << 21
# Of a run of sessions.
_EVENTS, _SESSIONS = 1 << 19, 1 << 16


class CoOccurrence(Part):
    """64 columns; few of many items have any, so that others take no room.

    Attributes
    ----------
    items : int32 array (m,)
        Which items of training these are, ascending.
    rows : float32 array (m, CO_OCCURRENCE_DIM)
    """

    def __init__(self, trained: Trained, arrays: Arrays) -> None:
        super().__init__(trained, arrays)
        self.items: Int32 = arrays.get("company_items", np.zeros(0, np.int32))
        self.rows: Float32 = arrays.get("company", np.zeros((0, CO_OCCURRENCE_DIM), np.float32))

    @classmethod
    def learn(cls, sessions: Sequences, options: Options) -> dict[str, npt.NDArray[Any]]:
        if not options.own_row:  # items are their content alone
            return {}
        return find_co_occurrence(sessions, options.threads, options.seed, options.min_count)

    def tensors(self) -> dict[str, npt.NDArray[Any]]:
        return {"company": self.rows, "company_items": self.items}

    def sizes(self) -> dict[str, int]:
        return {"company": len(self.items)}

    @classmethod
    def shapes(cls, sizes: Mapping[str, Any], version: int) -> Shapes:
        if version < 2:
            return {}
        m = sizes["company"]
        return {"company_items": ("I32", (m,)), "company": ("F32", (m, CO_OCCURRENCE_DIM))}

    @classmethod
    def check(cls, arrays: Arrays, n_items: int) -> None:
        if "company_items" not in arrays:
            return
        items = arrays["company_items"]
        check_shape("company", arrays["company"], np.float32, (len(items), CO_OCCURRENCE_DIM))
        check_shape("company_items", items, np.int32, (len(items),))
        inside = not len(items) or (items[0] >= 0 and items[-1] < n_items)
        if not inside or (items[1:] <= items[:-1]).any():
            raise ValueError(f"company_items must ascend within the {n_items:,} items")

    def sample(self, at: Int64) -> bytes:
        return self.of(at).tobytes() if len(self.items) else b""

    def of(self, positions: npt.NDArray[Any]) -> Float32:
        """Return rows, float32 ``(n, 64)``, of items of training; zeros without any."""
        found = np.zeros((len(positions), CO_OCCURRENCE_DIM), np.float32)
        if len(self.items):
            at = np.minimum(np.searchsorted(self.items, positions), len(self.items) - 1)
            there = self.items[at] == positions
            found[there] = self.rows[at[there]]
        return found

    # --- scoring ----------------------------------------------------------------------------------

    def width(self, out_of_domain: bool) -> int:
        return CO_OCCURRENCE_DIM

    def most(self, popularity: float) -> float:
        return WEIGHT * LONGEST

    def ask(
        self, columns: Float32, unknown: Float32, out_of_domain: bool, popularity: float
    ) -> None:
        columns *= forgotten(unknown, out_of_domain)

    def contributions(self, batch: Batch) -> list[Contribution]:
        at = int(batch.at[0])
        whole = self.found_or_mapped(batch.center, batch.at)[0].astype(np.float64)
        if self.of(batch.at).any():
            parts = [Contribution("history", "sessions", whole)]
        elif not whole.any() or self.map is None:
            return []
        else:
            parts = self.trained.through(self.map, at)
            mapped = float(np.linalg.norm(sum(part.vector for part in parts)))
            # What is too long was shortened.
            parts = scaled(parts, float(np.linalg.norm(whole)) / (mapped or 1.0))
        return scaled(parts, float(np.sqrt(WEIGHT)))

    # --- items that have none ---------------------------------------------------------------------

    @cached_property
    def map(self) -> Float64 | None:
        """What makes vectors of unit center vectors c, ``[c, 1] map``: (dim + 1, 64).

        By ridge regression over the items that have both, each weighing its events; None where
        there are none.
        """
        trained = self.trained
        if trained.recipe is None:
            return None
        matrix = regress(trained.center[self.items], self.rows, trained.counts[self.items])
        return None if matrix is None else _MAPPED * matrix

    def found_or_mapped(self, center: Float32, at: npt.NDArray[Any]) -> Float32:
        """Return vectors, float32 ``(n, 64)``, mapped from center vectors where items have none.

        ``at`` are positions in training, -1 for other items.
        """
        found = self.of(at)
        missing = ~found.any(axis=1) & center.any(axis=1)
        if self.map is not None and missing.any():
            found[missing] = shortened(map_centers(self.map, center[missing]))
        return found


def find_co_occurrence(
    sessions: Sequences, threads: int = 0, seed: int = 1, least: int = 1
) -> dict[str, npt.NDArray[Any]]:
    """Find the vectors of items with ``least`` events or more, as files hold them.

    Of the 50,000 items with most events, but for those that tell nothing. No row is longer than
    ``LONGEST ** 0.5``. More than two million events are told of by that many of them, in runs of
    sessions evenly spaced. Memory is 3 bytes an event and some 1,100 an item, of those. The same
    on any number of threads, to the bit.
    """
    if not sessions.counts.any():
        return {}
    items, rows = _core.find_co_occurrence(
        items=sessions.items,
        offsets=sessions.offsets,
        counts=sessions.counts,
        runs=_runs(sessions.offsets).ravel(),
        most_items=_MOST_ITEMS,
        least=least,
        columns=CO_OCCURRENCE_DIM,
        doubt=_DOUBT,
        longest=LONGEST**0.5,
        seed=seed,
        threads=threads,
    )
    return {"company": rows, "company_items": items}


def _runs(offsets: Int64) -> Int64:
    """Return the first and last sessions, (n_runs, 2), of the runs that are looked at."""
    skipped = max(0.0, offsets[-1] / _MOST_EVENTS - 1)  # events, for each that is looked at
    found, begin = [], 0
    while begin < len(offsets) - 1:
        end = int(np.searchsorted(offsets, offsets[begin] + _EVENTS, side="right")) - 1
        end = min(max(end, begin + 1), begin + _SESSIONS)
        found.append((begin, end))
        passed = offsets[end] + skipped * (offsets[end] - offsets[begin])
        begin = max(end, int(np.searchsorted(offsets, passed)))
    return np.array(found, np.int64).reshape(-1, 2)


def shortened(vectors: Float32) -> Float32:
    """Return the rows, float32, those that are too long at the greatest length there is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    longest = np.float32(np.sqrt(LONGEST))
    found: Float32 = vectors * np.minimum(1, longest / np.maximum(lengths, longest))
    return found
