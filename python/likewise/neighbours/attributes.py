"""Columns of a catalogue's items, its own and those of a table beside it, and conditions on them.

Owns what ``where=`` may say and which columns ``same=`` and ``different=`` can name. Conditions are
evaluated by an embedded DuckDB that can reach neither files nor a network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from likewise.doors import later
from likewise.errors import InputError
from likewise.items import Items
from likewise.levels import JOIN, levels_of
from likewise.reading.duck import connect
from likewise.reading.files import format_of
from likewise.reading.kinds import as_table
from likewise.reading.messages import did_you_mean, one_line
from likewise.reading.nested import without_views
from likewise.reading.options import ReadOptions, Usual
from likewise.reading.sources import as_files, open_files
from likewise.search.arguments import allowed_mask

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = later("duckdb")

__all__ = ["Attributes", "attribute_table"]

Mask = npt.NDArray[np.bool_]
_TYPES = (pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("us"))
# A number that begins with a zero is a code: 00123 is not 123.
_CODE = r"^[-+]?0\d"


class Attributes:
    """The columns of a catalogue's items, in its order.

    ``item_id``, ``category``, ``name``; ``category_1`` (the top level), ``category_2`` (the path
    down to the second), ...; and the columns of ``table``, where an item that is not in it has
    nulls.

    Parameters
    ----------
    catalogue : Items
        The items.
    table : path, glob, DataFrame, Arrow table, list of dicts or dict of columns, optional
        More columns, with the items' ids in one of them. The first row of an id counts.
    item_id : str
        What that column is called.
    """

    def __init__(self, catalogue: Items, table: Any = None, item_id: str = "item_id") -> None:
        self.catalogue = catalogue
        self._columns: dict[str, Any] = {}
        if table is not None:
            self._columns = _aligned(catalogue, attribute_table(table, item_id), item_id)

    @property
    def names(self) -> list[str]:
        """The columns there are; levels of categories as far as the deepest goes."""
        levels = [f"category_{i}" for i in range(1, self._depth() + 1)]
        own = ["item_id", "category", "name", *levels]
        return own + [name for name in self._columns if name not in own]

    def column(self, name: str, argument: str) -> Any:
        """Return a column as an Arrow array, one value for each item.

        Raises
        ------
        InputError
            When there is none; the message lists those there are.
        """
        own = {"item_id": "ids", "category": "categories", "name": "names"}
        if name in own:
            return getattr(self.catalogue, own[name])
        if name in self._columns:
            return self._columns[name]
        level = name.removeprefix("category_")
        if name.startswith("category_") and level.isdecimal() and int(level) >= 1:
            return self._level(int(level))
        raise InputError(f"{argument}: there is no column {name!r}, but {', '.join(self.names)}")

    def where(self, condition: Any, argument: str = "where") -> Mask | None:
        """Return which items a condition lets through, None for all of them.

        Parameters
        ----------
        condition : str, bool array, positions, item ids or None
            A text is a condition in SQL on the columns: ``"in_stock AND price < 50"``; unknown
            (null) counts as no.
        """
        if condition is None:
            return None
        if not isinstance(condition, str):
            everything = np.ones(len(self.catalogue), dtype=np.bool_)
            return allowed_mask(condition, everything, self.catalogue)
        # SQL does not tell "Name" from "name": the first of them is meant.
        spelled = {name.casefold(): name for name in reversed(self.names)}
        table = pa.table({name: self.column(name, argument) for name in spelled.values()})
        table = table.append_column("likewise position", pa.array(np.arange(len(table))))
        with connect() as (connection, _):
            connection.execute("SET enable_external_access = false")
            try:
                relation = connection.from_arrow(table).filter(condition)
                found = relation.project('"likewise position"').fetchnumpy()
            except duckdb.Error as error:
                raise InputError(
                    f"{argument} must be a condition on {', '.join(self.names)}; "
                    f"{condition!r} is not: {one_line(error)}"
                ) from None
        mask = np.zeros(len(self.catalogue), dtype=np.bool_)
        mask[np.asarray(found["likewise position"]).astype(np.int64)] = True
        return mask

    def _paths(self) -> tuple[list[list[str]], npt.NDArray[np.int64]]:
        coded = self.catalogue.coded_categories
        paths = [levels_of(path) for path in coded.dictionary.to_pylist()]
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return paths, codes

    def _depth(self) -> int:
        return max((len(path) for path in self._paths()[0]), default=0)

    def _level(self, level: int) -> Any:
        """Return the path of every item down to a level; shorter paths as they are."""
        paths, codes = self._paths()
        texts = pa.array([JOIN.join(path[:level]) or None for path in paths], pa.large_string())
        return texts.take(pa.array(codes, mask=codes < 0))


def attribute_table(
    source: Any, item_id: str = "item_id", options: ReadOptions | None = None
) -> pa.Table:
    """Return a table of attributes; columns of text files are numbers and times where all are.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    source = as_table(source)
    files = as_files(source, "attributes")
    if files:
        opened = open_files(files, "attributes", wanted=[Usual(item_id)], options=options)
        names = list(dict.fromkeys(name for name in opened.columns if name))
        batches = list(opened.read(names, [item_id]))
        table = pa.Table.from_batches(batches) if batches else pa.table({})
        if format_of(files, "attributes") in ("csv", "tsv"):
            for at, name in enumerate(table.column_names):
                if name != item_id:
                    table = table.set_column(at, name, _typed(table.column(at)))
        return table
    if isinstance(source, pa.RecordBatch):
        return pa.Table.from_batches([source])
    try:
        if isinstance(source, pa.Table) or hasattr(source, "__arrow_c_stream__"):
            return _without_views(pa.table(source))
        if isinstance(source, Mapping):
            return pa.table(dict(source))
        if hasattr(source, "columns") and hasattr(source, "iloc"):
            return pa.Table.from_pandas(source, preserve_index=False)
        if isinstance(source, Sequence):
            return pa.Table.from_pylist(list(source))
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InputError(f"attributes cannot be read as a table: {one_line(error)}") from None
    raise InputError(
        f"attributes must be a path, a DataFrame, an Arrow table, a list of dicts or a dict of "
        f"columns, got {type(source).__name__}"
    )


def _typed(texts: Any) -> Any:
    """Return a text column (n,) in the first type that all its values have; nulls stay null.

    Nothing is sampled: one value that is of another type keeps the column text.
    """
    if texts.null_count == len(texts) or pc.any(pc.match_substring_regex(texts, _CODE)).as_py():
        return texts
    for kind in _TYPES:
        try:
            return texts.cast(kind)
        except pa.ArrowException:
            continue
    return texts


def _without_views(table: pa.Table) -> pa.Table:
    """Make large strings of string views, which polars has and pyarrow cannot take from."""
    columns = [without_views(column) for column in table.columns]
    return pa.Table.from_arrays(columns, names=table.column_names)


def _aligned(catalogue: Items, table: pa.Table, item_id: str) -> dict[str, Any]:
    if item_id not in table.column_names:
        hint = did_you_mean(pa.array(table.column_names, pa.large_string()), item_id)
        raise InputError(f"attributes have no column {item_id!r} (item_id=){hint}")
    positions = catalogue.positions(table.column(item_id))
    rows = np.full(len(catalogue), -1, dtype=np.int64)
    there = np.flatnonzero(positions >= 0)[::-1]  # backwards: the first row of an id stays
    rows[positions[there]] = there
    at = pa.array(rows, mask=rows < 0)
    return {
        name: table.column(name).combine_chunks().take(at)
        for name in table.column_names
        if name != item_id
    }
