"""The table of every item's neighbours, piece by piece.

Owns its columns, and the counting of lists.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from likewise.arrays import Int32
from likewise.items import Items
from likewise.search.index import Found

__all__ = ["Counts", "rows_of", "schema_of"]


@dataclass(eq=False)
class Counts:
    """What was written: rows, full and empty lists, and which candidates are in some list."""

    candidates: int
    k: int
    rows: int = 0
    full: int = 0
    empty: int = 0

    def __post_init__(self) -> None:
        self.seen = np.zeros(self.candidates, dtype=np.bool_)

    def add(self, positions: Int32) -> None:
        """Count some lists, positions (n, k), -1 where there is no answer."""
        lengths = (positions >= 0).sum(axis=1)
        self.rows += int(lengths.sum())
        self.full += int((lengths == self.k).sum())
        self.empty += int((lengths == 0).sum())
        self.seen[positions[positions >= 0]] = True


def schema_of(names: bool, about: dict[str, str]) -> pa.Schema:
    """Return the columns of the table, with what is known of it as metadata."""
    text = pa.large_string()
    fields = [
        pa.field("item_id", text, nullable=False),
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("neighbor_id", text, nullable=False),
        pa.field("score", pa.float32(), nullable=False),
    ]
    if names:
        fields += [pa.field("item_name", text), pa.field("neighbor_name", text)]
    return pa.schema(fields, metadata={f"likewise.{key}": value for key, value in about.items()})


def rows_of(
    asked: Items, items: Items, found: Found, start: int, names: bool, schema: pa.Schema
) -> pa.Table:
    """Return the rows of some lists; ``start`` is the number of the first query among ``asked``."""
    rows, columns = np.nonzero(found.positions >= 0)
    at = pa.array(found.positions[rows, columns])
    of = pa.array(rows + start)
    # Ranks count what is there: choosing leaves no holes.
    arrays = [
        asked.ids.take(of),
        pa.array((columns + 1).astype(np.int32)),
        items.ids.take(at),
        pa.array(found.scores[rows, columns]),
    ]
    if names:
        arrays += [asked.names.take(of), items.names.take(at)]
    return pa.Table.from_arrays(arrays, schema=schema)
