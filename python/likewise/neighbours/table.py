"""The table of every item's neighbours, piece by piece.

Owns its columns, how it is written to a file, and the counting of lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from likewise.arrays import Int32
from likewise.items import Items
from likewise.search.filters import Found

__all__ = ["Counts", "Rows", "schema_of"]

_ROWS_WRITTEN = 1 << 18  # at least, of a row group


@dataclass(eq=False)
class Counts:
    """What was written: rows, full and empty lists, and how often each candidate is in one."""

    candidates: int
    k: int
    rows: int = 0
    full: int = 0
    empty: int = 0

    def __post_init__(self) -> None:
        self.times = np.zeros(self.candidates, dtype=np.int64)

    def add(self, positions: Int32) -> None:
        """Count some lists, positions (n, k), -1 where there is no answer."""
        lengths = (positions >= 0).sum(axis=1)
        self.rows += int(lengths.sum())
        self.full += int((lengths == self.k).sum())
        self.empty += int((lengths == 0).sum())
        self.times += np.bincount(positions[positions >= 0], minlength=self.candidates)


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


class Rows:
    """The rows of lists.

    Parameters
    ----------
    asked, items : Items
        Queries and candidates.
    names : bool
        Whether names are among the columns.
    schema : pyarrow.Schema
        What `schema_of` returned.
    """

    def __init__(self, asked: Items, items: Items, names: bool, schema: pa.Schema) -> None:
        self._asked, self._items, self._names, self._schema = asked, items, names, schema

    def of(self, start: int, found: Found) -> pa.Table:
        """Return the rows of some lists; ``start`` is the number of the first query."""
        rows, columns = np.nonzero(found.positions >= 0)
        at = pa.array(found.positions[rows, columns])
        by = pa.array(rows + start)
        # Ranks count what is there: choosing leaves no holes.
        arrays = [
            self._asked.ids.take(by),
            pa.array((columns + 1).astype(np.int32)),
            self._items.ids.take(at),
            pa.array(found.scores[rows, columns]),
        ]
        if self._names:
            arrays += [self._asked.names.take(by), self._items.names.take(at)]
        return pa.Table.from_arrays(arrays, schema=self._schema)

    def write(self, path: Path, lists: Iterable[tuple[int, Found]]) -> None:
        """Write lists to a Parquet file, each while the next is searched for."""
        repeated = [name for name in self._schema.names if name != "score"]
        with (
            pq.ParquetWriter(
                path, self._schema, compression="zstd", use_dictionary=repeated,
                write_statistics=["item_id", "rank"],
            ) as writer,
            ThreadPoolExecutor(1) as elsewhere,
        ):  # fmt: skip
            written: Future[None] | None = None
            waiting: list[pa.Table] = []
            for start, found in lists:
                waiting.append(self.of(start, found))
                if sum(map(len, waiting)) < _ROWS_WRITTEN:
                    continue
                if written is not None:
                    written.result()
                whole = pa.concat_tables(waiting).combine_chunks()
                written = elsewhere.submit(writer.write_table, whole)
                waiting = []
            if written is not None:
                written.result()
            if waiting:
                writer.write_table(pa.concat_tables(waiting).combine_chunks())
