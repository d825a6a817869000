"""The embedded DuckDB: connections of a process, and JSON lines that it reads.

Owns the settings of a connection, what a value of JSON is as text, and fields inside of fields.
Nothing is looked for on a network, and Ctrl-C is heard between batches.
"""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from likewise.doors import later
from likewise.errors import InputError
from likewise.reading.encodings import transcoded
from likewise.reading.files import Asked, Batches, lacking
from likewise.reading.messages import one_line, shown
from likewise.reading.options import Usual
from likewise.work.machine import usable_cores
from likewise.work.waiting import interruptible

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = later("duckdb")

__all__ = ["connect", "open_batches", "stream"]

_BATCH_ROWS = 1 << 18
_FILES_AT_ONCE = 100
#: How MongoDB writes an id, a time and numbers.
_MONGODB = ("$oid", "$date", "$numberLong", "$numberInt", "$numberDouble", "$uuid")


@contextmanager
def connect(
    memory_limit: int | None = None,
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path | None]]:
    """Yield a private DuckDB and its folder for what does not fit in memory.

    The folder is gone afterwards, come what may; where none can be made there is none, and what
    does not fit in memory is an error. No progress bar, no extension is looked for, no more threads
    than cores.
    """
    settings: dict[str, Any] = {
        "threads": usable_cores(),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_persistent_secrets": False,
        "preserve_insertion_order": True,
    }
    if memory_limit is not None:
        settings["memory_limit"] = f"{max(memory_limit, 64 << 20)}B"
    with _scratch() as name:
        folder = None if name is None else Path(name)
        settings["temp_directory"] = "" if folder is None else str(folder / "spill")
        store = ":memory:" if folder is None else str(folder / "events.duckdb")
        connection = duckdb.connect(store, config=settings)
        try:
            interruptible(connection, lambda: connection.execute("SET enable_progress_bar = false"))
            yield connection, folder
        finally:
            connection.close()


def _scratch() -> Any:
    """Return a folder that is gone after its ``with``, None where there is no place for one."""
    try:
        return tempfile.TemporaryDirectory(prefix="likewise-")
    except OSError:
        return nullcontext(None)


def stream(connection: duckdb.DuckDBPyConnection, query: str) -> pa.RecordBatchReader:
    """Return the rows of a query as a stream of record batches."""
    relation = connection.sql(query)
    # DuckDB 2 gave the method a new name.
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    return read(_BATCH_ROWS)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


# --- JSON lines -----------------------------------------------------------------------------------


def open_batches(asked: Asked) -> Batches:
    """Open files of JSON lines.

    ``product.id`` is the field `id` of the column `product`. Where the column of the unit holds
    arrays, each of their elements is a row.
    """
    files, what, wanted = asked.files, asked.what, asked.wanted
    memory_limit, options, unit = asked.memory_limit, asked.options, asked.unit
    types: dict[str, str] = {}
    by_file: list[dict[str, str]] = []
    with connect(memory_limit) as (connection, folder):
        for path in files:
            with _errors([path], what), transcoded(path, options.encoding, folder) as plain:
                by_file.append(_columns_of(connection, plain, wanted))
        for name in dict.fromkeys(name for found in by_file for name in found):
            kinds = sorted({found[name] for found in by_file if name in found})
            union = " UNION ALL ".join(f"SELECT NULL::{one}" for one in kinds)
            with _errors(files, what):
                types[name] = kinds[0] if len(kinds) == 1 else str(connection.sql(union).types[0])
    fields = {name: _split(name, types) for name in wanted}
    for name, (base, _) in fields.items():
        lost = [number for number, found in enumerate(by_file) if base not in found]
        # In JSON lines no key at all is how a null is written.
        if base in types and lost and not isinstance(name, Usual):
            other = files[next(n for n, found in enumerate(by_file) if base in found)]
            raise lacking(what, files[lost[0]], name, other, list(by_file[lost[0]]))
    nested = [name for name, (base, dots) in fields.items() if dots and _has(types, base, dots)]

    def read(names: Sequence[str], texts: Sequence[str]) -> Iterator[pa.RecordBatch]:
        # A few at a time, as DuckDB holds all files of a query open; a copy in UTF-8 by itself.
        at_once = 1 if options.encoding else _FILES_AT_ONCE
        for start in range(0, len(files), at_once):
            part = files[start : start + at_once]
            there = {name for found in by_file[start : start + at_once] for name in found}
            with (
                connect(memory_limit) as (connection, folder),
                _errors(part, what),
                ExitStack() as copies,
            ):
                plain = [
                    copies.enter_context(transcoded(path, options.encoding, folder))
                    for path in part
                ]
                query = _query(plain, names, texts, types, there, unit)
                reader = interruptible(connection, partial(stream, connection, query))
                while True:
                    batch = interruptible(connection, partial(next, reader, None))
                    if batch is None:
                        break
                    yield batch

    return Batches([*types, *nested], None, read)


@contextmanager
def _errors(part: Sequence[Path], what: str) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError, UnicodeError) as error:
        named = shown(part[0]) + (f" or one of {len(part) - 1} more" if len(part) > 1 else "")
        raise InputError(f"{what}: cannot read {named} as JSON lines: {one_line(error)}") from None


def _source(files: Sequence[Path], more: str) -> str:
    paths = "[" + ", ".join(_quoted(glob.escape(str(path))) for path in files) + "]"
    more += ", union_by_name = true" if len(files) > 1 else ""
    return f"read_json({paths}, hive_partitioning = false{more})"


def _columns_of(
    connection: duckdb.DuckDBPyConnection, path: Path, wanted: Sequence[str]
) -> dict[str, str]:
    def look(more: str) -> dict[str, str]:
        query = f"FROM {_source([path], more)}"
        found = interruptible(connection, lambda: connection.sql(query))
        return dict(zip(found.columns, map(str, found.types), strict=True))

    types = look("")
    there = all(_has(types, *_split(name, types)) for name in wanted)
    # A key may first come after the rows that were looked at.
    return types if there else look(", sample_size = -1")


def _split(name: str, types: dict[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the column and the fields in it that a dotted name stands for."""
    if name in types:
        return name, ()
    base, *path = name.split(".")
    return (base, tuple(path)) if base in types else (name, ())


def _has(types: dict[str, str], base: str, path: tuple[str, ...]) -> bool:
    # What a structure holds is spelled in its type; other types may hold anything.
    kind = types.get(base)
    if kind is None or not path or not kind.startswith("STRUCT"):
        return kind is not None
    return all(f"{field} " in kind or f"{_name(field)} " in kind for field in path)


def _query(
    files: Sequence[Path],
    names: Sequence[str],
    texts: Sequence[str],
    types: dict[str, str],
    there: set[str],
    unit: str,
) -> str:
    split = {name: _split(name, types) for name in names}
    arrays = [base for base, _ in split.values() if types.get(base, "").endswith("]")]
    arrays = sorted({base for base in arrays if base in there})
    if _split(unit, types)[0] not in arrays:
        arrays = []
    # Lists of texts that are one value stay lists.
    lists = {
        name for name, (base, path) in split.items() if _is_list(types.get(base, "")) and not path
    }
    texts = [name for name in texts if name not in lists or split[name][0] in arrays]
    raw = {base for name, (base, path) in split.items() if path or name in texts}
    columns = {
        base: "JSON" if base in raw else types[base] for base, _ in split.values() if base in there
    }
    spelled = "{" + ", ".join(f"{_quoted(n)}: {_quoted(t)}" for n, t in columns.items()) + "}"
    source = _source(files, f", columns = {spelled}")
    if arrays:
        source = f"({_elements(source, arrays)})"
    fields = []
    for name in names:
        base, path = split[name]
        if base not in there:
            kind = "VARCHAR" if name in texts else types[base]
            fields.append(f"NULL::{kind} AS {_name(name)}")
        elif name in texts or path:
            fields.append(f"{_text(_name(base), path, name)} AS {_name(name)}")
        else:
            fields.append(_name(name))
    return f"SELECT {', '.join(fields)} FROM {source}"


def _is_list(kind: str) -> bool:
    return kind in ("VARCHAR[]", "VARCHAR[][]", "BIGINT[]", "BIGINT[][]")


def _elements(source: str, arrays: list[str]) -> str:
    """Return the query of one row for each element of arrays, which are equally long."""
    first = _name(arrays[0])
    checks = [
        f"CASE WHEN json_array_length({_name(other)}) = json_array_length({first}) THEN "
        f"CAST({_name(other)} AS JSON[]) ELSE error('arrays in one row must be equally long, got ' "
        f"|| {first}::VARCHAR || ' and ' || {_name(other)}::VARCHAR) END"
        for other in arrays[1:]
    ]
    lists = [f"CAST({first} AS JSON[])", *checks]
    unnested = ", ".join(
        f"unnest({one}) AS {_name(base)}" for base, one in zip(arrays, lists, strict=True)
    )
    without = ", ".join(_name(base) for base in arrays)
    return f"SELECT * EXCLUDE ({without}), {unnested} FROM {source}"


def _text(column: str, path: tuple[str, ...], name: str) -> str:
    """Return what makes a text of a JSON value as it is spelled.

    The number 7 and the text "7" are one id; the number 7.0 is told from the text "7.0".
    """
    value = column
    for field in path:
        value = f"({value} -> {_quoted('$.' + _name(field))})"
    mongodb = " ".join(
        f"WHEN json_exists({value}, {_quoted('$.' + _name(key))}) "
        f"THEN {value} ->> {_quoted('$.' + _name(key))}"
        for key in _MONGODB
    )
    refused = (
        f"error({_quoted(name + ' must hold text or whole numbers, got ')} || {value}::VARCHAR)"
    )
    return (
        f"CASE json_type({value}) WHEN 'NULL' THEN NULL WHEN 'VARCHAR' THEN {value} ->> '$' "
        f"WHEN 'DOUBLE' THEN regexp_replace({value}::VARCHAR, '\\.0+$', '') "
        f"WHEN 'BIGINT' THEN {value}::VARCHAR WHEN 'UBIGINT' THEN {value}::VARCHAR "
        f"WHEN 'HUGEINT' THEN {value}::VARCHAR "
        f"WHEN 'OBJECT' THEN CASE {mongodb} ELSE {refused} END ELSE "
        f"CASE WHEN {value} IS NULL THEN NULL ELSE {refused} END END"
    )
