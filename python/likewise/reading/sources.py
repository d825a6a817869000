"""Any table-like source as batches of named columns.

Owns the way from each kind of source (kinds.py) to batches, and the check that the wanted columns
are there. What the columns hold is the affair of the room tables.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from likewise.arrays import combined
from likewise.errors import InputError
from likewise.reading.files import (
    Asked,
    Batches,
    find_files,
    format_of,
    lacking,
    not_empty,
    partitions_of,
)
from likewise.reading.kinds import as_table, is_arrow, is_pandas, is_paths, is_rows
from likewise.reading.messages import did_you_mean, one_line, shown
from likewise.reading.nested import base_of, dug, has_field
from likewise.reading.options import ReadOptions, Usual
from likewise.reading.values import to_arrow
from likewise.work.waiting import settle_arrow

__all__ = ["Table", "as_files", "open_files", "open_table"]

_BATCH_ROWS = 1 << 18
#: The module that reads a format.
_READERS = {"parquet": "parquet", "json": "duck", "csv": "delimited", "tsv": "delimited"}

Columns = dict[str, pa.Array]


class Table(NamedTuple):
    """A source that is ready to be read once.

    Attributes
    ----------
    label : str
        How messages call it.
    present : tuple of str
        The wanted columns that are there.
    columns : tuple of str
        All columns there are.
    rows : int or None
        How many rows, where that is known beforehand.
    read : callable
        Returns an iterator over batches: a dict of Arrow arrays by column name.
    """

    label: str
    present: tuple[str, ...]
    columns: tuple[str, ...]
    rows: int | None
    read: Callable[[], Iterator[Columns]]


def as_files(source: Any, what: str) -> list[Path]:
    """Return the files that a path, a glob or a list of them stands for; none for anything else."""
    if isinstance(source, (str, os.PathLike)):
        return find_files(source, what)
    return [file for path in source for file in find_files(path, what)] if is_paths(source) else []


def open_table(
    source: Any,
    what: str,
    wanted: Mapping[str, str],
    texts: Sequence[str],
    memory_limit: int | None = None,
    options: ReadOptions | None = None,
    unit: str | None = None,
) -> Table:
    """Open a source and check its columns.

    Parameters
    ----------
    source : path, glob, list of paths, DataFrame, Arrow table or reader, list of dicts, dict
    what : str
        Name of the argument, for messages.
    wanted : dict of str to str
        Column names by the argument that gives them. One that is :class:`Usual` may be absent. A
        dotted name is a field of a structure.
    texts : sequence of str
        Arguments whose column is text: mixed types are reconciled, spelling is kept.
    options : ReadOptions, optional
        What else is said about the source.
    unit : str, optional
        The argument of which one value is a row: where its column holds lists, so is each of their
        elements.

    Raises
    ------
    InputError
        When the source cannot be opened or lacks a column.
    """
    settle_arrow()
    source = as_table(source)
    options = ReadOptions() if options is None else options
    for argument, name in wanted.items():
        if not isinstance(name, str) or not name:
            raise InputError(f"{argument} must be the name of a column, got {name!r}")
    names = list(wanted.values())
    if len(set(names)) < len(names):
        raise InputError(
            f"columns must differ, got {', '.join(f'{a}={n!r}' for a, n in wanted.items())}"
        )
    textual = [wanted[argument] for argument in texts]
    rows = "" if unit is None else wanted[unit]

    files = as_files(source, what)
    if files:
        label = shown(files[0]) + (f" and {len(files) - 1} more" if len(files) > 1 else "")
        opened = open_files(files, what, memory_limit, names, options, rows)
        present = _present(opened.columns, wanted, f"{what}: {label}")

        def read_files() -> Iterator[Columns]:
            for batch in opened.read(present, [name for name in textual if name in present]):
                yield _by_name(batch, present)

        return Table(label, present, tuple(opened.columns), opened.rows, read_files)

    label = f"{what} ({type(source).__name__})"
    if is_arrow(source):
        return _open_arrow(source, label, wanted, rows)
    if is_pandas(source):
        bases = _bases(list(source.columns), wanted)
        columns = {name: source[name] for name in bases}
        return _open_columns(columns, textual, wanted, rows, list(source.columns), label)
    if isinstance(source, Mapping):
        mapping = {name: source[name] for name in _bases(list(source), wanted)}
        _check_lengths(mapping, label)
        return _open_columns(mapping, textual, wanted, rows, list(source), label)
    if hasattr(source, "__arrow_c_stream__"):
        try:
            table = pa.table(source)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise InputError(f"{label} cannot be read as Arrow: {one_line(error)}") from None
        except BaseException as error:  # a panic of polars is no Exception
            if type(error).__name__ != "PanicException":
                raise
            raise InputError(f"{label} cannot be read as Arrow: {one_line(error)}") from None
        return _open_arrow(table, label, wanted, rows)
    if is_rows(source):
        for number, row in enumerate(source):
            if not isinstance(row, Mapping):
                raise InputError(f"{what}[{number}] must be a dict, got {type(row).__name__}")
        seen = dict.fromkeys(key for row in source for key in row)
        columns = {name: [row.get(name) for row in source] for name in _bases(list(seen), wanted)}
        return _open_columns(columns, textual, wanted, rows, list(seen), label)
    if isinstance(source, Sequence) and len(source) == 0:
        raise InputError(f"{what} has no rows")
    raise InputError(
        f"{what} must be a path or glob, a DataFrame, an Arrow table, a list of dicts or a dict of "
        f"columns, got {type(source).__name__}"
    )


def _present(columns: Sequence[Any], wanted: Mapping[str, str], label: str) -> tuple[str, ...]:
    listed = list(columns)
    for argument, name in wanted.items():
        count = listed.count(name)
        if count > 1:
            raise InputError(f"{label} has {count} columns called {name!r}")
        if count == 0 and not isinstance(name, Usual):
            shown = ", ".join(map(str, listed[:20])) + (", ..." if len(listed) > 20 else "")
            hint = did_you_mean(pa.array(list(map(str, listed)), pa.large_string()), name)
            raise InputError(
                f"{label} has no column {name!r} ({argument}=); its columns are: "
                f"{shown or 'none'}{hint}"
            )
    return tuple(str(name) for name in wanted.values() if name in listed)


def _bases(columns: Sequence[Any], wanted: Mapping[str, str]) -> list[str]:
    """Return the columns that the wanted names are or are in, of those that are there."""
    bases = [base_of(name, columns) for name in wanted.values()]
    return [base for base in dict.fromkeys(bases) if base in columns]


def _with_fields(columns: Sequence[Any], wanted: Mapping[str, str], types: Any) -> list[Any]:
    """Return the columns and, of the wanted dotted names, those that are fields of one."""
    dotted = [
        str(name)
        for name in wanted.values()
        if name not in columns
        and (base := base_of(name, columns)) in types
        and has_field(name, types[base])
    ]
    return [*columns, *dotted]


def _open_arrow(source: Any, label: str, wanted: Mapping[str, str], unit: str) -> Table:
    columns = source.schema.names
    bases = _bases(columns, wanted)
    types = {base: source.schema.field(columns.index(base)).type for base in bases}
    present = _present(_with_fields(columns, wanted, types), wanted, label)
    if isinstance(source, pa.RecordBatchReader):
        batches, rows = source, None
    else:
        table = pa.Table.from_batches([source]) if isinstance(source, pa.RecordBatch) else source
        batches = table.select(bases).to_reader(_BATCH_ROWS)
        rows = table.num_rows

    def read() -> Iterator[Columns]:
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError) as error:
                raise InputError(f"{label} cannot be read: {one_line(error)}") from None
            if batch is None:
                return
            yield dug(_by_name(batch, bases), present, label, unit)

    return Table(label, present, tuple(columns), rows, read)


def _by_name(batch: pa.RecordBatch, names: Sequence[str]) -> Columns:
    return {name: batch.column(batch.schema.names.index(name)) for name in names}


def _check_lengths(columns: Mapping[str, Any], label: str) -> None:
    for name, values in columns.items():
        if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
            raise InputError(
                f"{label}: column {name!r} must be a sequence, got {type(values).__name__}"
            )
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InputError(f"{label}: columns must be equally long, got {shown}")


def _open_columns(
    columns: dict[str, Any],
    textual: Sequence[str],
    wanted: Mapping[str, str],
    unit: str,
    names: list[Any],
    label: str,
) -> Table:
    """Open columns of any kind, of those called `names`; the wanted ones among them are read."""
    nested = {name for name in columns if name not in wanted.values()}
    if not nested:
        _present(names, wanted, label)  # before the work is done
    arrays = {}
    for name, values in columns.items():
        if isinstance(values, (pa.Array, pa.ChunkedArray)):
            arrays[name] = combined(values)
        else:
            arrays[name] = to_arrow(values, f"{label}: column {name!r}", text=name in textual)
    types = {name: array.type for name, array in arrays.items()}
    present = _present(_with_fields(names, wanted, types), wanted, label)
    rows = len(next(iter(arrays.values()))) if arrays else 0

    def read() -> Iterator[Columns]:
        for start in range(0, rows, _BATCH_ROWS):
            part = {name: array.slice(start, _BATCH_ROWS) for name, array in arrays.items()}
            yield dug(part, present, label, unit)

    return Table(label, present, tuple(map(str, names)), rows, read)


# --- files ----------------------------------------------------------------------------------------


def open_files(
    files: list[Path],
    what: str,
    memory_limit: int | None = None,
    wanted: Sequence[str] = (),
    options: ReadOptions | None = None,
    unit: str = "",
) -> Batches:
    """Open files of one format; each has all columns of `wanted` that one of them has."""
    options = ReadOptions() if options is None else options
    kind = format_of(files, what, options.delimiter)
    there = not_empty(files, what)
    if kind == "parquet" and len(there) < len(files):
        empty = next(path for path in files if path not in there)
        raise InputError(f"{what}: {shown(empty)} is empty")

    def open_some(some: Sequence[Path], names: Sequence[str]) -> Batches:
        # By name, so that a reader is loaded when there is something for it to read.
        reader = import_module(f"likewise.reading.{_READERS[kind]}")
        opened: Batches = reader.open_batches(
            Asked(list(some), kind, what, list(names), options, unit, memory_limit)
        )
        return opened

    if not options.partitions:
        opened = open_some(there, wanted)
        if options.partitions is None:
            _check_folders(there, what, [name for name in wanted if name not in opened.columns])
        return opened
    return _partitioned(there, what, wanted, open_some)


def _check_folders(files: Sequence[Path], what: str, lost: Sequence[str]) -> None:
    """Refuse files whose folders have a column that they lack: it may be meant, or an accident."""
    for path in files if lost else ():
        for key, value in partitions_of(path).items():
            if key in lost:
                raise InputError(
                    f"{what}: {shown(path)} has no column {key!r}, but is in a folder "
                    f"'{key}={value}': partitions=True reads that as the column, partitions=False "
                    "does without it"
                )


def _partitioned(
    files: Sequence[Path],
    what: str,
    wanted: Sequence[str],
    open_some: Callable[[Sequence[Path], Sequence[str]], Batches],
) -> Batches:
    """Open files whose folders called ``key=value`` are columns."""
    values = {path: partitions_of(path) for path in files}
    keys = list(dict.fromkeys(key for found in values.values() for key in found))
    whole = open_some(files, [name for name in wanted if name not in keys])
    for key in keys:
        if key in whole.columns and key in wanted:
            path = next(path for path in files if key in values[path])
            raise InputError(
                f"{what}: {shown(path)} has a column {key!r} and is in a folder "
                f"'{key}={values[path][key]}'; without partitions=True the column is read"
            )
        lost = [path for path in files if key not in values[path]]
        if lost and key in wanted:
            other = next(path for path in files if key in values[path])
            raise lacking(what, lost[0], key, other, [*whole.columns, *values[lost[0]]])

    def read(names: Sequence[str], texts: Sequence[str]) -> Iterator[pa.RecordBatch]:
        inside = [name for name in names if name not in keys] or whole.columns[:1]
        for path in files:
            for batch in open_some([path], inside).read(inside, texts):
                columns = [
                    _same(values[path].get(name), batch.num_rows)
                    if name in keys
                    else batch.column(inside.index(name))
                    for name in names
                ]
                yield pa.RecordBatch.from_arrays(columns, list(names))

    return Batches([*whole.columns, *(key for key in keys if key not in whole.columns)], None, read)


def _same(value: str | None, rows: int) -> pa.Array:
    """Return a column of one text."""
    indices = pa.array(np.zeros(rows, np.int32))
    texts = pa.array([value], pa.large_string())
    return (
        pa.DictionaryArray.from_arrays(indices, texts)
        if value is not None
        else pa.nulls(rows, pa.large_string())
    )
