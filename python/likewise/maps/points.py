"""The points of a map: where they lie, what they are called, and which of them are named.

Owns the record that pages and pictures draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from likewise.arrays import Float32
from likewise.levels import leaf_of

__all__ = [
    "SIDES", "SIDE_TITLES", "Points", "labels_of", "named_points", "ordered_tops",
]  # fmt: skip

SIDES = ("center", "context")
SIDE_TITLES = {
    "center": "Center vectors: near is similar",
    "context": "Context vectors: near goes with the same things",
}
_NAMED = 24


@dataclass(frozen=True, eq=False)
class Points:
    """What a map shows; `Map` says what its columns are."""

    kind: str
    table: pa.Table
    quality: dict[str, dict[str, float]]
    settings: dict[str, Any]

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def places(self, side: str) -> Float32:
        """Return the places on one side, float32 (n, 2), not a number where there is none."""
        if side not in SIDES:
            raise ValueError(f"side must be 'center' or 'context', got {side!r}")
        columns = [
            self.table.column(f"{side}_{axis}").to_numpy(zero_copy_only=False) for axis in "xy"
        ]
        return np.stack(columns, axis=1).astype(np.float32)

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides on which any point has a place."""
        return tuple(side for side in SIDES if np.isfinite(self.places(side)).any())


def ordered_tops(points: Points) -> list[str]:
    """Return the top categories, the one with most points first."""
    tops, counts = np.unique(
        np.array(points.table.column("top").to_pylist(), object), return_counts=True
    )
    return [str(tops[at]) for at in np.lexsort((tops.astype(str), -counts))]


def named_points(
    places: npt.NDArray[Any], events: npt.NDArray[Any], labels: list[str]
) -> list[int]:
    """Choose points to be named: those with most events, as far as their names keep apart."""
    there = np.flatnonzero(np.isfinite(places).all(axis=1))
    if not len(there):
        return []
    low, high = places[there].min(axis=0), places[there].max(axis=0)
    at = (places - low) / np.where(high > low, high - low, 1)
    chosen: list[int] = []
    for row in there[np.argsort(-events[there], kind="stable")].tolist():
        width = 0.011 * (min(28, len(labels[row])) + 4)
        crowded = any(
            abs(at[row, 1] - at[other, 1]) < 0.055
            and abs(at[row, 0] - at[other, 0]) < (width + 0.011 * min(28, len(labels[other]))) / 2
            for other in chosen
        )
        if not crowded and labels[row]:
            chosen.append(row)
        if len(chosen) == _NAMED:
            break
    return chosen


def labels_of(points: Points) -> list[str]:
    """Return what each point is called: the last level of a category, or the item's name."""
    if points.kind == "categories":
        return [leaf_of(path) for path in points.table.column("category").to_pylist()]
    ids, names = (points.table.column(name).to_pylist() for name in ("item_id", "name"))
    return [name or item_id for item_id, name in zip(ids, names, strict=True)]
