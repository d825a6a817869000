"""Rows of a catalogue: ids, categories and names of any source, each id once.

Owns which rows are items, the count of those that are not, and what categories may be: texts,
lists of levels, lists of such lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from likewise.arrays import combined, from_numpy
from likewise.errors import InputError
from likewise.levels import JOIN, ODD, UNEVEN, canonical_paths, whole_level
from likewise.reading.nested import is_list
from likewise.reading.options import USUALLY_MISSING, PathOptions
from likewise.tables._ingest import MISSING_ID, IdTable
from likewise.tables.coded import coded_chunks, coded_if_less, is_coded, mapped
from likewise.tables.columns import encode, first_rows, table_texts, text_array, text_column

__all__ = ["Rows", "category_texts", "rows_of"]

TEXT = pa.large_string()
#: What is commonly between levels where `>` is not, and how many paths it takes to tell.
_SEPARATORS = ("/", "|", "\u203a", "\u00bb")
_FEW = 20


class Rows(NamedTuple):
    """Items in order of their first row, and how many rows were read and dropped."""

    table: IdTable
    ids: Any
    categories: Any
    names: Any
    read: int
    nulls: int
    spelled: int
    advice: str
    examples: dict[str, str]


class Opened(Protocol):
    """A source that is ready to be read; `likewise.reading.sources.Table` is one."""

    @property
    def label(self) -> str:
        """How messages call it."""

    @property
    def present(self) -> tuple[str, ...]:
        """The wanted columns that are there."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are there."""

    @property
    def read(self) -> Callable[[], Iterator[dict[str, Any]]]:
        """Returns an iterator over batches."""


def rows_of(
    opened: Opened,
    wanted: Mapping[str, str],
    missing: tuple[str, ...] | None,
    paths: PathOptions,
) -> Rows:
    """Read the rows of a catalogue.

    Parameters
    ----------
    opened : Opened
    wanted : dict of str to str
        Columns by argument of ``Catalogue.read``.
    missing : tuple of str or None
        Texts that stand for a missing value; None takes the usual ones in ids alone.
    paths : PathOptions
        How categories are cut that are texts.

    Raises
    ------
    InputError
        As ``Catalogue.read``.
    """
    item_id, category, name = wanted["item_id"], wanted["category"], wanted["name"]
    _check_content(opened, category, name)
    table = IdTable()
    categories: list[Any] = []
    names: list[Any] = []
    examples: dict[str, str] = {}
    rows = nulls = spelled = 0
    any_lists = False
    for columns in opened.read():
        what = f"{opened.label}: column {item_id!r}"
        ids, none = _without(text_column(columns[item_id], what), missing, usual=True)
        spelled += none
        before = len(table)
        positions = encode(table, ids, insert=True)
        absent = positions == MISSING_ID
        # Ids new to the table are numbered upwards from `before`.
        kept = first_rows(positions, before, len(table))
        _note(examples, rows, absent, positions, kept, columns[item_id])
        nulls += int(np.count_nonzero(absent))
        rows += len(positions)
        for chunks, column in ((categories, category), (names, name)):
            texts = pa.nulls(len(kept), TEXT)
            if column in columns:
                what = f"{opened.label}: column {column!r}"
                listed = chunks is categories and is_list(columns[column].type)
                any_lists |= listed
                if listed:
                    texts = _listed(columns[column], what, missing)
                else:
                    texts, _ = _without(text_column(columns[column], what), missing)
                if len(kept) < len(texts):
                    texts = texts.take(from_numpy(kept))
                if chunks is names or not is_coded(texts):
                    texts = text_array(texts, what)
                if chunks is categories:
                    texts = _canonical(texts, None if listed else paths)
            chunks.append(texts)
    if rows == 0:
        raise InputError(f"{opened.label} has no rows")
    if len(table) == 0:
        raise InputError(f"{opened.label} has no item ids in column {item_id!r}: all are null")
    found = coded_chunks(categories), combined(pa.chunked_array(names))
    advice = _advice(found[0]) if paths.category_separator is None and not any_lists else ""
    return Rows(table, table_texts(table), *found, rows, nulls, spelled, advice, examples)


def category_texts(values: Any, what: str) -> Any:
    """Return categories as canonical texts, as `coded_if_less` keeps them.

    Parameters
    ----------
    values : pyarrow.Array (n,)
        Texts or whole numbers; lists of them, which are levels; lists of such lists, which are
        paths.
    what : str
        Begins messages.

    Raises
    ------
    InputError
        When `values` hold anything else.
    """
    listed = is_list(values.type)
    return _canonical(text_array(_listed(values, what) if listed else values, what))


def _canonical(texts: Any, options: PathOptions | None = None) -> Any:
    texts = coded_if_less(texts)
    if options is None or options == PathOptions():
        return mapped(texts, canonical_paths, ODD)
    separators = options.category_separator, options.path_separator
    return mapped(texts, lambda text: canonical_paths(text, *separators))


def _listed(
    values: Any, what: str, missing: tuple[str, ...] | None = None, joint: str = "\n"
) -> Any:
    """Join levels to paths and those to lines; what is missing is empty, and goes later."""
    lengths = pc.list_value_length(values).fill_null(0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    inner = values.flatten()
    if is_list(inner.type) and joint == "\n":
        texts = _listed(inner, what, missing, JOIN)
    else:
        if is_list(inner.type):
            raise InputError(
                f"{what} must hold texts, lists of levels or lists of such lists, got {values.type}"
            )
        joint = JOIN
        levels, _ = _without(text_column(inner, what), missing)
        levels = levels if is_coded(levels) else text_array(levels, what).dictionary_encode()
        texts = text_array(mapped(levels, whole_level, UNEVEN), what)
    lists = pa.LargeListArray.from_arrays(from_numpy(offsets), texts.fill_null(""))
    return pc.binary_join(lists, pa.scalar(joint, TEXT))


def _advice(categories: Any) -> str:
    """Say which separator levels seem to have where no path has a `>`; nothing is cut by it."""
    distinct = categories.dictionary if is_coded(categories) else categories
    if len(distinct) < _FEW or pc.any(pc.match_substring(distinct, ">")).as_py():
        return ""
    distinct = pc.unique(distinct).drop_null()
    having = {mark: pc.match_substring(distinct, mark) for mark in _SEPARATORS}
    counts = {mark: pc.sum(found).as_py() or 0 for mark, found in having.items()}
    mark = max(counts, key=lambda mark: counts[mark])
    if len(distinct) < _FEW or 2 * counts[mark] <= len(distinct):
        return ""
    example = distinct.filter(having[mark])[0].as_py()
    return (
        f"no category has a '>', but {counts[mark]:,} of {len(distinct):,} have {mark!r}, such as "
        f"{example[:60]!r}: category_separator={mark!r} would cut them into levels"
    )


def _check_content(opened: Opened, category: str, name: str) -> None:
    """Refuse a source that has content under other names: ids alone have no other column."""
    if category in opened.present or name in opened.present or len(opened.columns) == 1:
        return
    listed = ", ".join(opened.columns[:20]) + (", ..." if len(opened.columns) > 20 else "")
    raise InputError(
        f"{opened.label} has neither a column {category!r} (category=) nor {name!r} (name=); "
        f"its columns are: {listed}"
    )


def _without(
    texts: Any, missing: tuple[str, ...] | None, *, usual: bool = False
) -> tuple[Any, int]:
    """Make texts that stand for a missing value null; return how many there were."""
    spelled = missing if missing is not None else USUALLY_MISSING if usual else ()
    if not spelled or texts.null_count == len(texts):
        return texts, 0
    coded = is_coded(texts)
    distinct = texts.dictionary if coded else texts
    longest = max(len(text.encode()) for text in spelled)
    short = pc.less_equal(pc.binary_length(distinct), longest)
    if not pc.any(short).as_py():
        return texts, 0
    nothing = pc.is_in(distinct, pa.array(spelled, TEXT))
    if not pc.any(nothing).as_py():
        return texts, 0
    before = texts.null_count
    distinct = pc.if_else(nothing, pa.scalar(None, TEXT), distinct)
    if not coded:
        return distinct, distinct.null_count - before
    gone = pc.and_kleene(pc.take(nothing, texts.indices), True).fill_null(False)
    return pc.if_else(gone, pa.scalar(None, TEXT), texts.dictionary_decode()), int(
        pc.sum(gone).as_py() or 0
    )


def _note(
    examples: dict[str, str], rows: int, missing: Any, positions: Any, kept: Any, ids: Any
) -> None:
    """Keep the first row that is dropped for each reason."""
    if "null_ids" not in examples and missing.any():
        row = int(np.argmax(missing))
        shown = ids[row].as_py()
        examples["null_ids"] = f"row {rows + row + 1:,}" + (f": {shown!r}" if shown else "")
    if "duplicate_ids" not in examples and len(kept) + np.count_nonzero(missing) < len(positions):
        again = ~missing
        again[kept] = False
        row = int(np.argmax(again))
        examples["duplicate_ids"] = f"row {rows + row + 1:,}: {ids[row].as_py()!r}"
