"""Pairs: which items were seen together, as they were counted, beside what vectors say.

A vector of a hundred floats cannot remember which pairs sessions have shown; on baskets counting
them finds more than any vectors do. Each item keeps its 50 best pairs with their counts C, and a
score s of vectors becomes that of a mixture,

    log(exp(10 s) + λ C) / 10:

the score that vectors alone would have to give for the same chance. It is never less than s, so
that an item of few events is found as its content says, and one of many as it was counted. How a
pair is counted (a `Kernel`), and λ, are chosen by held-out events (training/held_out.py). Counts of
what stands near in a session are association rules with a window (Agrawal and Srikant 1994;
distances as in Ludewig and Jannach 2018, "sequential rules"); a mixture of counts and a smooth
model is what n-gram models of language do for rare pairs (Jelinek and Mercer 1980).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import likewise._core as _core
from likewise.arrays import Float32, Int32, Int64
from likewise.content.composition import Contribution, check_shape
from likewise.score.part import Arrays, Batch, Part, Sequences, Shapes, Trained
from likewise.search.filters import Listed

__all__ = ["KERNELS", "SHARPNESS", "Kernel", "Pairs", "Table", "count_pairs", "rows_of"]

#: Of the mixture: how much better a chance a higher score of vectors is.
SHARPNESS = 10.0
#: Pairs of an item.
MOST = 50
# Events that are looked at, in all: of items with most events, no more than it takes. More where
# training reads them often, so that counting takes no larger share of it.
_EVENTS, _LEAST_EVENTS, _SHARE = 1 << 22, 32, 0.125


class Kernel(NamedTuple):
    """How a pair of events of one session counts.

    Attributes
    ----------
    window : int
        Farthest event; 0 takes the session as a set.
    decay : bool
        Whether it counts 1 over its distance.
    backwards : float
        What it counts where the answer stood before the query.
    length_power : float
        It counts over the session's events to this power.
    """

    window: int
    decay: bool
    backwards: float
    length_power: float


#: Those that held-out events choose from; the first is taken where they are too few.
KERNELS = (
    Kernel(10, True, 0.75, 0.5),
    Kernel(10, True, 0.0, 0.5),
    Kernel(0, False, 1.0, 0.5),
    Kernel(0, False, 1.0, 1.0),
)


class Table(NamedTuple):
    """Rows of pairs: those of row r stand in [offsets[r], offsets[r + 1]), the best first."""

    offsets: Int64  # (rows + 1,)
    items: Int32
    weights: Float32


class Pairs(Part):
    """No columns: what it adds to a score is no product of two vectors.

    Attributes
    ----------
    table : Table
        λ C of the pairs of each item of training.
    times : int32 array (n,)
        How often both stood together.
    """

    def __init__(self, trained: Trained, arrays: Arrays) -> None:
        super().__init__(trained, arrays)
        there = arrays if "pair_offsets" in arrays else self.none(len(trained.counts))
        self.table = Table(*(there[f"pair_{name}"] for name in Table._fields))
        self.times: Int32 = there["pair_times"]

    @staticmethod
    def none(n_items: int) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays of no pairs at all."""
        return {
            "pair_offsets": np.zeros(n_items + 1, np.int64), "pair_items": np.zeros(0, np.int32),
            "pair_weights": np.zeros(0, np.float32), "pair_times": np.zeros(0, np.int32),
        }  # fmt: skip

    def tensors(self) -> dict[str, npt.NDArray[Any]]:
        return {
            "pair_offsets": self.table.offsets, "pair_items": self.table.items,
            "pair_weights": self.table.weights, "pair_times": self.times,
        }  # fmt: skip

    def sizes(self) -> dict[str, int]:
        return {"pairs": len(self.table.items)}

    @classmethod
    def shapes(cls, sizes: Mapping[str, Any], version: int) -> Shapes:
        if version < 3:
            return {}
        n = (sizes["pairs"],)
        return {
            "pair_offsets": ("I64", (sizes["items"] + 1,)), "pair_items": ("I32", n),
            "pair_weights": ("F32", n), "pair_times": ("I32", n),
        }  # fmt: skip

    @classmethod
    def check(cls, arrays: Arrays, n_items: int) -> None:
        if "pair_offsets" not in arrays:
            return
        offsets, items, weights = (arrays[f"pair_{x}"] for x in ("offsets", "items", "weights"))
        check_shape("pair_offsets", offsets, np.int64, (n_items + 1,))
        check_shape("pair_items", items, np.int32, (len(items),))
        check_shape("pair_weights", weights, np.float32, (len(items),))
        check_shape("pair_times", arrays["pair_times"], np.int32, (len(items),))
        if offsets[0] != 0 or offsets[-1] != len(items) or (np.diff(offsets) < 0).any():
            raise ValueError(f"pair_offsets must ascend from 0 to {len(items):,}")
        if len(items) and (items.min() < 0 or items.max() >= n_items):
            raise ValueError(f"pair_items must be below the {n_items:,} items")
        if not (weights > 0).all() or not np.isfinite(weights).all():
            raise ValueError("pair_weights must be finite and above 0")

    def sample(self, at: Int64) -> bytes:
        if not len(self.table.items):
            return b""
        rows = rows_of(self.table, at)
        return rows.items.tobytes() + rows.weights.tobytes()

    @property
    def any(self) -> bool:
        """Whether there are pairs at all."""
        return len(self.table.items) > 0

    def shares(self, lenders: npt.NDArray[Any], whole: float, seen: float) -> Table:
        """Return what one who borrows the pairs of some items (n,) lists, a row for each of them.

        Each pair's share, which sum to ``whole`` where they are many, to half of that where they
        were seen together ``seen`` times in all. And the item itself, as if it were its own best
        pair: what is nearly like it goes with it at least as well.
        """
        offsets, flat = _places(self.table, lenders)
        items, weights = self.table.items[flat], self.table.weights[flat]
        lengths = np.diff(offsets)
        rows = np.flatnonzero(lengths)
        row = np.repeat(np.arange(len(lengths)), lengths)
        sums = np.bincount(row, weights, len(lengths))
        times = np.bincount(row, self.times[flat], len(lengths))
        each = whole * times / (times + seen) / np.maximum(sums, 1e-30)
        shares = (weights * each[row]).astype(np.float32)
        starts = offsets[rows]
        return Table(
            offsets + np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths > 0)]),
            np.insert(items, starts, np.asarray(lenders)[rows].astype(np.int32)),
            np.insert(shares, starts, shares[starts]),
        )

    def of(self, query: int, answer: int) -> tuple[float, int]:
        """Return the weight of a pair and how often it was seen; zeros where it is not listed."""
        first, last = self.table.offsets[query : query + 2]
        there = first + np.flatnonzero(self.table.items[first:last] == answer)
        if not len(there):
            return 0.0, 0
        return float(self.table.weights[there[0]]), int(self.times[there[0]])

    # --- scoring ----------------------------------------------------------------------------------

    def width(self, out_of_domain: bool) -> int:
        return 0

    def most(self, popularity: float) -> float:
        return 0.0

    def ask(
        self, columns: Float32, unknown: Float32, out_of_domain: bool, popularity: float
    ) -> None:
        pass

    def contributions(self, batch: Batch) -> list[Contribution]:
        return []


def count_pairs(
    sessions: Sequences,
    kernel: Kernel,
    threads: int = 0,
    rows: Int32 | None = None,
    epochs: int = 1,
) -> tuple[Table, Int32]:
    """Count the best pairs of all items, or of some (ascending), and how often each was seen.

    Of an item with very many events some, evenly spaced, are looked at, more where training has
    many epochs: memory is 16 bytes an event looked at, 8 million at a time.
    """
    counts = sessions.counts
    offsets, items, weights, times = _core.count_pairs(
        items=sessions.items,
        offsets=sessions.offsets,
        n_items=len(counts),
        rows=rows,
        **kernel._asdict(),
        most=MOST,
        occurrences=_looked_at(counts, epochs),
        threads=threads,
    )
    return Table(offsets, items, weights), times


def _looked_at(counts: Int64, epochs: int) -> int:
    """Return the most events of an item that are looked at, so that all are not too many."""
    most = max(_EVENTS, int(_SHARE * epochs * counts.sum()))
    low, high = _LEAST_EVENTS, max(_LEAST_EVENTS, int(counts.max(initial=0)))
    while low < high:
        middle = (low + high + 1) // 2
        if int(np.minimum(counts, middle).sum()) <= most:
            low = middle
        else:
            high = middle - 1
    return low


def rows_of(table: Table, at: npt.NDArray[Any]) -> Table:
    """Return some rows of a table; those at -1 are empty."""
    offsets, flat = _places(table, at)
    return Table(offsets, table.items[flat], table.weights[flat])


def _places(table: Table, at: npt.NDArray[Any]) -> tuple[Int64, Int64]:
    """Return the offsets of some rows, one below the other, and where their pairs stand."""
    there = np.maximum(at, 0)
    lengths = np.where(at >= 0, table.offsets[there + 1] - table.offsets[there], 0)
    offsets = np.zeros(len(at) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets, np.repeat(table.offsets[there] - offsets[:-1], lengths) + np.arange(offsets[-1])


def listed(table: Table) -> Listed:
    """Return rows of pairs as a search takes them."""
    return Listed(table.offsets, table.items, table.weights, SHARPNESS)
