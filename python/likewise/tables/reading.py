"""Any table-like source as batches of named columns.

Owns the recognition of what was passed (path, glob, pandas, polars, Arrow, rows, columns) and the
check that the wanted columns are there. What the columns hold is the affair of columns.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from likewise.errors import InputError
from likewise.tables.columns import combined, to_arrow
from likewise.tables.files import BATCH_ROWS, Usual, find_files, is_file_name, open_files
from likewise.tables.messages import did_you_mean, one_line, shown
from likewise.work.waiting import settle_arrow

__all__ = ["Table", "is_column", "is_table", "open_table"]

Columns = dict[str, pa.Array]


class Table(NamedTuple):
    """A source that is ready to be read once.

    Attributes
    ----------
    label : str
        How messages call it.
    present : tuple of str
        The wanted columns that are there.
    rows : int or None
        How many rows, where that is known beforehand.
    read : callable
        Returns an iterator over batches: a dict of Arrow arrays by column name.
    """

    label: str
    present: tuple[str, ...]
    rows: int | None
    read: Callable[[], Iterator[Columns]]


def _is_pandas(source: Any) -> bool:
    return type(source).__module__.split(".")[0] == "pandas" and hasattr(source, "columns")


def _is_lazy(source: Any) -> bool:
    return type(source).__name__ == "LazyFrame" and hasattr(source, "collect")


def as_table(source: Any) -> Any:
    """Return what a lazy frame of polars stands for, and all else as it is."""
    return source.collect() if _is_lazy(source) else source


def is_column(source: Any) -> bool:
    """Tell whether `source` is one column: a Series, or an Arrow array in chunks."""
    return isinstance(source, (pa.Array, pa.ChunkedArray)) or type(source).__name__ == "Series"


def _is_arrow(source: Any) -> bool:
    return isinstance(source, (pa.Table, pa.RecordBatch, pa.RecordBatchReader))


def _is_paths(source: Any) -> bool:
    return (
        isinstance(source, (list, tuple))
        and len(source) > 0
        and (
            all(isinstance(path, os.PathLike) for path in source)
            or all(isinstance(path, str) and is_file_name(path) for path in source)
        )
    )


def _is_rows(source: Any) -> bool:
    return isinstance(source, Sequence) and len(source) > 0 and isinstance(source[0], Mapping)


def is_table(source: Any) -> bool:
    """Tell whether :func:`open_table` understands `source`."""
    return (
        isinstance(source, (str, os.PathLike, Mapping))
        or _is_paths(source)
        or _is_arrow(source)
        or _is_pandas(source)
        or _is_lazy(source)
        or (hasattr(source, "__arrow_c_stream__") and not is_column(source))
        or _is_rows(source)
    )


def open_table(
    source: Any,
    what: str,
    wanted: Mapping[str, str],
    texts: Sequence[str],
    memory_limit: int | None = None,
) -> Table:
    """Open a source and check its columns.

    Parameters
    ----------
    source : path, glob, list of paths, DataFrame, Arrow table or reader, list of dicts, dict
    what : str
        Name of the argument, for messages.
    wanted : dict of str to str
        Column names by the argument that gives them. One that is :class:`Usual` may be absent.
    texts : sequence of str
        Arguments whose column is text: mixed types are reconciled, spelling is kept.

    Raises
    ------
    InputError
        When the source cannot be opened or lacks a column.
    """
    settle_arrow()
    source = as_table(source)
    for argument, name in wanted.items():
        if not isinstance(name, str) or not name:
            raise InputError(f"{argument} must be the name of a column, got {name!r}")
    names = list(wanted.values())
    if len(set(names)) < len(names):
        raise InputError(
            f"columns must differ, got {', '.join(f'{a}={n!r}' for a, n in wanted.items())}"
        )
    textual = [wanted[argument] for argument in texts]

    if isinstance(source, (str, os.PathLike)) or _is_paths(source):
        if _is_paths(source):
            files = [file for path in source for file in find_files(path, what)]
        else:
            files = find_files(source, what)
        label = shown(files[0]) + (f" and {len(files) - 1} more" if len(files) > 1 else "")
        opened = open_files(files, what, memory_limit, list(wanted.values()))
        present = _present(opened.columns, wanted, f"{what}: {label}")

        def read_files() -> Iterator[Columns]:
            for batch in opened.read(present, [name for name in textual if name in present]):
                yield _by_name(batch, present)

        return Table(label, present, opened.rows, read_files)

    label = f"{what} ({type(source).__name__})"
    if _is_arrow(source):
        return _open_arrow(source, label, wanted)
    if _is_pandas(source):
        present = _present(list(source.columns), wanted, label)
        columns = {name: source[name] for name in present}
        return _open_columns(columns, textual, len(source), label)
    if isinstance(source, Mapping):
        present = _present(list(source), wanted, label)
        return _open_mapping({name: source[name] for name in present}, textual, label)
    if hasattr(source, "__arrow_c_stream__"):
        try:
            table = pa.table(source)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise InputError(f"{label} cannot be read as Arrow: {one_line(error)}") from None
        except BaseException as error:  # a panic of polars is no Exception
            if type(error).__name__ != "PanicException":
                raise
            raise InputError(f"{label} cannot be read as Arrow: {one_line(error)}") from None
        return _open_arrow(table, label, wanted)
    if _is_rows(source):
        for number, row in enumerate(source):
            if not isinstance(row, Mapping):
                raise InputError(f"{what}[{number}] must be a dict, got {type(row).__name__}")
        seen = dict.fromkeys(key for row in source for key in row)
        present = _present(list(seen), wanted, label)
        columns = {name: [row.get(name) for row in source] for name in present}
        return _open_columns(columns, textual, len(source), label)
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


def _open_arrow(source: Any, label: str, wanted: Mapping[str, str]) -> Table:
    present = _present(source.schema.names, wanted, label)
    if isinstance(source, pa.RecordBatchReader):
        batches, rows = source, None
    else:
        table = pa.Table.from_batches([source]) if isinstance(source, pa.RecordBatch) else source
        batches = table.select(list(present)).to_reader(BATCH_ROWS)
        rows = table.num_rows

    def read() -> Iterator[Columns]:
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError) as error:
                raise InputError(f"{label} cannot be read: {one_line(error)}") from None
            if batch is None:
                return
            yield _by_name(batch, present)

    return Table(label, present, rows, read)


def _by_name(batch: pa.RecordBatch, names: Sequence[str]) -> Columns:
    return {name: batch.column(batch.schema.names.index(name)) for name in names}


def _open_mapping(source: dict[str, Any], textual: Sequence[str], label: str) -> Table:
    columns: dict[str, Any] = {}
    for name, values in source.items():
        if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
            raise InputError(
                f"{label}: column {name!r} must be a sequence, got {type(values).__name__}"
            )
        columns[name] = values
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InputError(f"{label}: columns must be equally long, got {shown}")
    return _open_columns(columns, textual, next(iter(lengths.values()), 0), label)


def _open_columns(columns: dict[str, Any], textual: Sequence[str], rows: int, label: str) -> Table:
    def read() -> Iterator[Columns]:
        arrays = {}
        for name, values in columns.items():
            if isinstance(values, (pa.Array, pa.ChunkedArray)):
                arrays[name] = combined(values)
            else:
                arrays[name] = to_arrow(values, f"{label}: column {name!r}", text=name in textual)
        for start in range(0, rows, BATCH_ROWS):
            yield {name: array.slice(start, BATCH_ROWS) for name, array in arrays.items()}

    return Table(label, tuple(columns), rows, read)
