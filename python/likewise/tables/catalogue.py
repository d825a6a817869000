"""Catalogue: the items of a shop, each an id, a category path and a name.

Owns the order of items, that every item has a position and every id is unique text, and the
count of what was dropped on the way. Immutable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from likewise.arrays import combined, from_numpy
from likewise.errors import InputError, UnknownItemError
from likewise.items import Items
from likewise.reading.checks import path_options, read_options
from likewise.reading.messages import did_you_mean
from likewise.reading.options import Usual
from likewise.reading.sources import open_table
from likewise.reading.values import id_text, to_arrow
from likewise.tables._ingest import MISSING_ID, UNKNOWN_ID, IdTable
from likewise.tables.coded import coded_if_less, coded_part, decoded, is_coded, mapped
from likewise.tables.columns import encode, text_array, text_column, text_views
from likewise.tables.reports import CatalogueReport
from likewise.tables.rows import category_texts, rows_of

__all__ = ["Catalogue", "CatalogueReport", "as_catalogue", "ids_of"]

TEXT = pa.large_string()


class Catalogue:
    """Items by position: ids, categories and names.

    Made by :meth:`read`, :meth:`from_arrays` or :meth:`from_ids`.

    Attributes
    ----------
    ids : pyarrow.LargeStringArray
        Unique, no nulls, never empty.
    categories : pyarrow.LargeStringArray
        Paths whose levels are joined by `` > ``; null where unknown. The first of an item's paths.
    category_paths : pyarrow.LargeStringArray
        All paths of an item, one a line.
    names : pyarrow.LargeStringArray
        Null where unknown.
    report : CatalogueReport
        What reading dropped.

    Examples
    --------
    >>> catalogue = Catalogue.read([{"item_id": 7, "name": "red ball"}])
    >>> catalogue.ids.to_pylist(), catalogue.position("7")
    (['7'], 0)
    """

    __slots__ = ("_categories", "_paths", "_table", "ids", "names", "report")

    ids: Any
    names: Any
    report: CatalogueReport
    _categories: Any  # as `coded_if_less` keeps them: an item's text is there when asked for
    _paths: Any  # the same, all paths of an item; the same object where no item has several
    _table: IdTable | None

    def __init__(
        self, ids: Any, paths: Any, names: Any, report: CatalogueReport, table: IdTable | None
    ) -> None:
        """Keep what a class method has checked; not for callers."""
        values = (mapped(paths, _first_line, "\n"), paths, table, ids, names, report)
        for name, value in zip(self.__slots__, values, strict=True):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Catalogue is immutable: {name} cannot be set")

    def __reduce__(self) -> tuple[Any, ...]:
        return Catalogue, (self.ids, self._paths, self.names, self.report, None)

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[tuple[str, str | None, str | None]]:
        """Iterate over (id, category, name)."""
        for start in range(0, len(self), 4096):
            part = slice(start, start + 4096)
            yield from zip(
                self.ids[part].to_pylist(),
                decoded(self._categories[part]).to_pylist(),
                self.names[part].to_pylist(),
                strict=True,
            )

    def __contains__(self, item_id: object) -> bool:
        return isinstance(item_id, (str, int, np.integer)) and self._find(item_id) >= 0

    def __repr__(self) -> str:
        first = ", ".join(repr(item_id) for item_id in self.ids[:3].to_pylist())
        more = ", ..." if len(self) > 3 else ""
        return f"<Catalogue of {len(self):,} items: {first}{more}>"

    # --- making one -------------------------------------------------------------------------------

    @classmethod
    def read(
        cls,
        source: Any,
        *,
        item_id: str = "item_id",
        category: str = Usual("category"),
        name: str = Usual("name"),
        missing: str | Sequence[str] | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
        quote: str | None = None,
        escape: str | None = None,
        partitions: bool | None = None,
        category_separator: str | None = None,
        path_separator: str | None = None,
    ) -> Catalogue:
        """Read a catalogue.

        Parameters
        ----------
        source : path, glob, list of paths, DataFrame, Arrow table or reader, list of dicts, dict
            Files are Parquet, CSV, TSV or JSON lines, the texts plain or compressed; several
            files are read in order of their names. A dict holds columns.
        item_id, category, name : str
            Names of the columns. Where they are left out, one of ``category`` and ``name`` may be
            absent, and both where ids are the only column: all null then. A column that is named
            must be there, in every file; a dotted name is a field of a structure.
        missing, encoding, delimiter, quote, escape, partitions
            As in ``Sessions.read``. The usual texts for a missing value are taken so in ids alone.
        category_separator : str, optional
            What separates the levels of a category: any text, such as ``/``, ``|`` or `` › ``. A
            `>` in a level is no separator then, and is kept as ``›``. Without it `>` and what
            folds to it separate.
        path_separator : str, optional
            What separates the paths of an item that has several, such as ``,``, beside line ends.

        Returns
        -------
        Catalogue
            Items in the order of their first row. Ids are text as it stands: whole numbers
            become decimal text ("7", never "7.0"), nothing is trimmed or case-folded. Rows
            without id are dropped, and so are all rows of an id but the first. Categories are
            texts, lists of levels, or lists of such lists, which are several paths.

        Raises
        ------
        InputError
            When the source cannot be read, has no rows or lacks the columns.

        Examples
        --------
        >>> Catalogue.read({"sku": ["a", "a", None], "name": ["x", "y", "z"]}, item_id="sku").report
        CatalogueReport(rows_read=3, items=1, null_ids=1, duplicate_ids=1, null_categories=1, \
null_names=0, empty_names=0, spelled_missing=0)
        """
        options = read_options(missing, encoding, delimiter, quote, escape, partitions)
        paths = path_options(category_separator, path_separator)
        wanted = {"item_id": item_id, "category": category, "name": name}
        opened = open_table(source, "catalogue", wanted, list(wanted), None, options)
        rows = rows_of(opened, wanted, options.missing, paths)
        return cls._made(
            rows.ids, rows.categories, rows.names, rows.read, rows.nulls, rows.table,
            rows.spelled, rows.advice, rows.examples,
        )  # fmt: skip

    @classmethod
    def from_arrays(
        cls, ids: Any, categories: Any = None, names: Any = None, *, canonical: bool = False
    ) -> Catalogue:
        """Make a catalogue of equally long sequences or Arrow arrays.

        Parameters
        ----------
        ids : sequence of str or int, or Arrow array
            Unique and not null, unlike in :meth:`read`.
        categories, names : sequence of str or None, optional
            All null when left out. Categories may be lists, as in :meth:`read`.
        canonical : bool
            Whether categories stay as they are spelled: those of a catalogue that was made before.
        """
        found = text_array(ids_of(ids, "ids"), "ids")
        table = IdTable()
        positions = encode(table, found, insert=True)
        if len(table) < len(found):
            missing = np.flatnonzero(positions == MISSING_ID)
            if len(missing):
                raise InputError(f"ids must not be null or empty, ids[{missing[0]}] is")
            again = int(np.flatnonzero(positions != np.arange(len(found)))[0])
            raise InputError(f"ids must be unique, {found[again].as_py()!r} comes twice")
        texts = []
        for what, values in (("categories", categories), ("names", names)):
            if values is None:
                texts.append(pa.nulls(len(found), TEXT))
                continue
            if not isinstance(values, (pa.Array, pa.ChunkedArray)):
                values = to_arrow(values, what, text=True)
            values = combined(values)
            if what == "categories" and not canonical:
                texts.append(category_texts(values, what))
            else:
                texts.append(text_array(values, what))
            if len(texts[-1]) != len(found):
                raise InputError(
                    f"{what} must be as long as ids, got {len(texts[-1])} and {len(found)}"
                )
        return cls._made(found, coded_if_less(texts[0]), texts[1], len(found), 0, table)

    @classmethod
    def from_ids(cls, ids: Any) -> Catalogue:
        """Make a catalogue of unique ids, without categories and names."""
        return cls.from_arrays(ids)

    @classmethod
    def _made(
        cls,
        ids: Any,
        paths: Any,
        names: Any,
        rows: int,
        nulls: int,
        table: IdTable | None,
        spelled: int = 0,
        advice: str = "",
        examples: dict[str, str] | None = None,
    ) -> Catalogue:
        filled = pc.sum(pc.binary_length(pc.utf8_trim_whitespace(names)).cast(pa.bool_())).as_py()
        report = CatalogueReport(
            rows_read=rows,
            items=len(ids),
            null_ids=nulls,
            duplicate_ids=rows - nulls - len(ids),
            null_categories=paths.null_count,
            null_names=names.null_count,
            empty_names=len(names) - names.null_count - (filled or 0),
            spelled_missing=spelled,
            category_advice=advice,
            examples=examples or {},
        )
        return cls(ids, paths, names, report, table)

    # --- asking -----------------------------------------------------------------------------------

    @property
    def categories(self) -> Any:
        """The category path of every item, made of the codes each time it is asked for."""
        return decoded(self._categories)

    @property
    def category_paths(self) -> Any:
        """All category paths of every item, one a line, made of the codes each time."""
        return decoded(self._paths)

    @property
    def has_several_paths(self) -> bool:
        """Whether any item has more than one category path."""
        return self._paths is not self._categories

    @property
    def coded_categories(self) -> Any:
        """The same as a pyarrow.DictionaryArray: each path once, in the order they first come."""
        held = self._categories
        return held if is_coded(held) else held.dictionary_encode()

    def categories_of(self, positions: npt.NDArray[np.integer[Any]]) -> Any:
        """Return the category paths at `positions` (n,), a pyarrow.LargeStringArray (n,)."""
        return decoded(self._categories.take(from_numpy(positions)))

    @property
    def table(self) -> Any:
        """The items as a pyarrow.Table with columns item_id, category and name."""
        arrays = [self.ids, self.categories, self.names]
        return pa.Table.from_arrays(arrays, names=["item_id", "category", "name"])

    @property
    def _positions(self) -> IdTable:
        table = self._table
        if table is None:
            table = IdTable()
            encode(table, self.ids, insert=True)
            object.__setattr__(self, "_table", table)
        return table

    def _find(self, item_id: Any) -> int:
        text = id_text(item_id, "item_id")
        return UNKNOWN_ID if text is None else int(self._positions.position(text))

    def position(self, item_id: str | int) -> int:
        """Return the position of an item.

        Raises
        ------
        UnknownItemError
            When it is not in the catalogue; up to three close ids are named.
        """
        position = self._find(item_id)
        if position < 0:
            text = str(item_id)
            raise UnknownItemError(
                f"item {text!r} is not among the {len(self):,} items of the catalogue"
                f"{did_you_mean(self.ids, text)}"
            )
        return position

    def positions(self, ids: Sequence[Any] | Any) -> npt.NDArray[np.int32]:
        """Return the positions of many items, int32 (n,), -1 where unknown or null.

        `ids` is a sequence of str or int, a NumPy array, a DataFrame column or an Arrow array.
        """
        if type(ids) is list and len(ids) < 64 and {type(one) for one in ids} == {str}:
            found = np.array([self._find(one) for one in ids], np.int32)  # quicker than by Arrow
        else:
            found = encode(self._positions, ids_of(ids, "ids"), insert=False)
        found[found < 0] = UNKNOWN_ID
        return found

    def take(self, positions: Any) -> Catalogue:
        """Return a catalogue of the items at unique `positions`, in that order."""
        wanted = np.asarray(positions)
        if wanted.size == 0:
            wanted = wanted.astype(np.int64)
        if wanted.ndim != 1 or wanted.dtype.kind not in "iu":
            raise InputError(
                f"positions must be a vector of integers, got {wanted.dtype} {wanted.shape}"
            )
        if wanted.size and (wanted.min() < 0 or wanted.max() >= len(self)):
            bad = wanted[(wanted < 0) | (wanted >= len(self))][0]
            raise IndexError(f"positions must be in [0, {len(self)}), got {bad}")
        seen = np.zeros(len(self), bool)
        seen[wanted] = True
        if np.count_nonzero(seen) < wanted.size:
            raise InputError("positions must be unique")
        at = from_numpy(wanted.astype(np.int64))
        paths = coded_part(self._paths, at)
        return Catalogue._made(self.ids.take(at), paths, self.names.take(at), len(at), 0, None)

    def pieces(self, most: int) -> Iterator[tuple[slice, Catalogue]]:
        """Yield where some consecutive items stand and a catalogue of them, at most `most` each.

        Ids and names are views, not copies.
        """
        if 0 < len(self) <= most:
            yield slice(0, len(self)), self
            return
        for start in range(0, len(self), most):
            count = min(most, len(self) - start)
            ids, paths, names = (
                array.slice(start, count) for array in (self.ids, self._paths, self.names)
            )
            # Decoded, as they are few: the dictionary has paths of other parts.
            part = Catalogue._made(ids, decoded(paths), names, count, 0, None)
            yield slice(start, start + count), part

    def text_buffers(self, *, first_path: bool = False) -> dict[str, npt.NDArray[Any]]:
        """Return category paths, all or the first of each, and names as Arrow lays them out.

        Returns
        -------
        dict
            ``category_offsets`` int64 (n + 1,) into ``category_bytes`` uint8, UTF-8, a path a line;
            ``name_offsets`` and ``name_bytes`` likewise, without a copy. A null is empty.
        """
        buffers: dict[str, npt.NDArray[Any]] = {}
        paths = self.categories if first_path else self.category_paths
        for what, texts in (("category", paths), ("name", self.names)):
            buffers[f"{what}_offsets"], buffers[f"{what}_bytes"] = text_views(texts)
        return buffers


def _first_line(paths: str) -> str:
    return paths.partition("\n")[0]


def as_catalogue(source: Any) -> Catalogue:
    """Return a catalogue, read where it is not one yet."""
    return source if isinstance(source, Catalogue) else Catalogue.read(source)


def ids_of(values: Any, what: str) -> pa.Array:
    """Return ids given as any array or sequence of Python objects as a text column."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return text_column(combined(values), what)
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise InputError(f"{what} must be a sequence of ids, got {type(values).__name__}")
    if hasattr(values, "to_arrow"):
        return text_column(combined(values.to_arrow()), what)
    if not hasattr(values, "__array__"):
        values = list(values)
    return text_column(to_arrow(values, what, text=True), what)


if TYPE_CHECKING:
    _: type[Items] = Catalogue  # keeps the contract that the other rooms know it by
