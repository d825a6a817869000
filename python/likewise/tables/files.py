"""Files of events and items: paths and globs in, Arrow record batches out.

Owns the choice of reader (pyarrow for Parquet, an embedded DuckDB for CSV and JSON lines), the
DuckDB connection's settings, and the sentences about files that cannot be read. Nothing is read
ahead of need, nothing is fetched from a network, and Ctrl-C is heard between batches.
"""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from likewise.errors import InputError
from likewise.tables.messages import did_you_mean, one_line, shown
from likewise.work.machine import usable_cores
from likewise.work.waiting import interruptible

__all__ = ["Batches", "Usual", "connect", "find_files", "is_file_name", "open_files", "stream"]

BATCH_ROWS = 1 << 18
# A column of Parquet takes at most so many bytes a value where each text of a dictionary is used
# a few times; plain texts take more, their lengths alone four.
_DICTIONARY_BYTES = 4
_SUFFIXES = {
    ".parquet": "parquet",
    ".parq": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
}
_KNOWN = ".parquet, .csv, .tsv, .jsonl, .ndjson or .json (the texts also with .gz or .zst)"


# What DuckDB would otherwise guess, and drop or add values by: a folder key=value is no column, a
# row that begins with # is data, no row above the header is left out, and no row is filled up.
_CSV_GUESSES = (
    ", hive_partitioning = false, comment = '', skip = 0, null_padding = false, "
    "ignore_errors = false"
)
_FILES_AT_ONCE = 100
_WHOLE = ("BIGINT", "UBIGINT", "HUGEINT")


class Usual(str):
    """What a column is usually called: nobody asked for it, so it may be absent."""

    __slots__ = ()


def find_files(source: str | os.PathLike[str], what: str) -> list[Path]:
    """Return the files a path or glob names, in order of their names."""
    text = os.fspath(source)
    if not isinstance(text, str):
        raise InputError(f"{what} must be a path of text, got bytes")
    if "://" in text:
        raise InputError(f"{what} must be a local path or glob, got {text!r}")
    text = str(Path(text).expanduser())
    try:
        path = Path(text)
        if path.is_dir():
            raise InputError(
                f"{what}: {shown(text)} is a directory; pass a glob such as {shown(text)}/*.parquet"
            )
        if path.exists():
            return [path]
        if not glob.has_magic(text):
            raise InputError(f"{what}: there is no file {shown(text)}")
        paths = [Path(name) for name in sorted(glob.glob(text, recursive=True))]  # noqa: PTH207
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{what}: {shown(text)} cannot be a path: {one_line(error)}") from None
    files = [path for path in paths if not path.is_dir()]
    if not files:
        raise InputError(f"{what}: no file matches {shown(text)}")
    return files


def _format(path: Path, what: str) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in (".gz", ".zst"):
        suffixes.pop()
    kind = _SUFFIXES.get(suffixes[-1] if suffixes else "")
    if kind is None:
        try:
            with path.open("rb") as file:
                if file.read(4) == b"PAR1":
                    return "parquet"
        except OSError as error:
            raise InputError(f"{what}: cannot read {shown(path)}: {error.strerror}") from None
        raise InputError(f"{what}: {shown(path)} must end in {_KNOWN}")
    return kind


def is_file_name(text: str) -> bool:
    """Tell whether a text ends as the files do that can be read."""
    name = text.lower().removesuffix(".gz").removesuffix(".zst")
    return name.endswith(tuple(_SUFFIXES))


class Batches(NamedTuple):
    """Column names of some files, and their rows in order as record batches.

    Attributes
    ----------
    columns : list of str
    rows : int or None
        How many there are, where the format tells without reading.
    read : callable
        ``read(names, texts)`` yields batches of the columns `names`, those also in `texts` as they
        are spelled in the file: "007" stays "007".
    """

    columns: list[str]
    rows: int | None
    read: Callable[[Sequence[str], Sequence[str]], Iterator[pa.RecordBatch]]


def open_files(
    files: list[Path],
    what: str,
    memory_limit: int | None = None,
    wanted: Sequence[str] = (),
) -> Batches:
    """Open files of one format; each has all columns of `wanted` that one of them has."""
    formats = {_format(path, what) for path in files}
    if len(formats) > 1:
        raise InputError(
            f"{what}: files of one format are wanted, got {' and '.join(sorted(formats))}"
        )
    for path in files:
        try:
            with path.open("rb") as file:
                if not file.read(1):
                    raise InputError(f"{what}: {shown(path)} is empty")
        except OSError as error:
            raise InputError(f"{what}: cannot read {shown(path)}: {error.strerror}") from None
    kind = formats.pop()
    if kind == "parquet":
        return _open_parquet(files, what, wanted)
    return _open_text(files, kind, what, memory_limit, wanted)


def _lacking(what: str, path: Path, name: str, other: Path, there: Sequence[str]) -> InputError:
    names = pa.array([str(column) for column in there], pa.large_string())
    return InputError(
        f"{what}: {shown(path)} has no column {str(name)!r}, which {shown(other)} has"
        f"{did_you_mean(names, name)}"
    )


# --- Parquet -----------------------------------------------------------------


@contextmanager
def _parquet_errors(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{what}: cannot read {shown(path)} as Parquet: {one_line(error)}"
        ) from None


def _open_parquet(files: list[Path], what: str, wanted: Sequence[str]) -> Batches:
    columns: list[str] = []
    rows = 0
    for number, path in enumerate(files):
        with _parquet_errors(path, what), pq.ParquetFile(path) as file:
            rows += file.metadata.num_rows
            names = list(file.schema_arrow.names)
        if number == 0:
            columns = names
            continue
        more = [name for name in wanted if name in names and name not in columns]
        if more:
            raise _lacking(what, files[0], more[0], path, columns)
        lost = sorted(set(columns) - set(names))
        if lost:
            raise _lacking(what, path, lost[0], files[0], names)

    def read(names: Sequence[str], texts: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for path in files:
            with _parquet_errors(path, what):
                file = _with_dictionaries(path, texts)
            with file:
                # In this thread: others would keep for good what they took for a while, and two
                # are no sooner done than one, since what follows is most of the work.
                batches = file.iter_batches(BATCH_ROWS, columns=list(names), use_threads=False)
                while True:
                    with _parquet_errors(path, what):
                        batch = next(batches, None)
                    if batch is None:
                        break
                    yield batch

    return Batches(columns, rows, read)


def _with_dictionaries(path: Path, texts: Sequence[str]) -> pq.ParquetFile:
    """Open a file so that text columns come as the dictionaries they are stored as.

    An id is then looked up once per dictionary, not once per event. For a column without one, or
    where the writer gave it up because it grew too large, pyarrow would make it, at a price.
    """
    file = pq.ParquetFile(path)
    metadata = file.metadata
    if metadata.num_row_groups == 0:
        return file
    # Columns of plain values alone: a list under the name of a text is refused later, in words.
    stored = set(texts) & {metadata.schema.column(i).path for i in range(metadata.num_columns)}
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for number in range(row_group.num_columns):
            column = row_group.column(number)
            whole = column.total_uncompressed_size <= _DICTIONARY_BYTES * column.num_values
            if not whole or not any("DICTIONARY" in encoding for encoding in column.encodings):
                stored.discard(column.path_in_schema)
    file.close()
    return pq.ParquetFile(path, read_dictionary=[text for text in texts if text in stored])


# --- CSV and JSON lines ------------------------------------------------------


@contextmanager
def connect(memory_limit: int | None = None) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """Yield a private DuckDB and its folder for what does not fit in memory.

    The folder is gone afterwards, come what may. No progress bar, no extension is looked for,
    no more threads than cores.
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
    with tempfile.TemporaryDirectory(prefix="likewise-") as folder:
        settings["temp_directory"] = str(Path(folder) / "spill")
        connection = duckdb.connect(str(Path(folder) / "events.duckdb"), config=settings)
        try:
            interruptible(connection, lambda: connection.execute("SET enable_progress_bar = false"))
            yield connection, Path(folder)
        finally:
            connection.close()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _open_text(
    files: list[Path], kind: str, what: str, memory_limit: int | None, wanted: Sequence[str]
) -> Batches:
    def source(part: Sequence[Path], types: dict[str, str], more: str = "") -> str:
        paths = "[" + ", ".join(_quoted(glob.escape(str(path))) for path in part) + "]"
        more += ", union_by_name = true" if len(part) > 1 else ""
        spelled = "{" + ", ".join(f"{_quoted(n)}: {_quoted(t)}" for n, t in types.items()) + "}"
        if kind == "json":
            chosen = f", columns = {spelled}" if types else ""
            return f"read_json({paths}, hive_partitioning = false{more}{chosen})"
        chosen = f", types = {spelled}" if types else ""
        delimiter = ", delim = '\t'" if kind == "tsv" else ""
        return (
            f"read_csv({paths}, header = true, quote = '\"', escape = '\"'{_CSV_GUESSES}"
            f"{delimiter}{more}{chosen})"
        )

    @contextmanager
    def errors(part: Sequence[Path]) -> Iterator[None]:
        try:
            yield
        except (duckdb.Error, pa.ArrowException, OSError, UnicodeDecodeError) as error:
            label = "JSON lines" if kind == "json" else kind.upper()
            named = shown(part[0]) + (f" or one of {len(part) - 1} more" if len(part) > 1 else "")
            raise InputError(f"{what}: cannot read {named} as {label}: {one_line(error)}") from None

    def columns_of(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
        query = f"FROM {source([path], {})}"
        found = interruptible(connection, lambda: connection.sql(query))
        if kind == "json" and set(wanted) - set(found.columns):
            # A key may first come after the rows that were looked at.
            query = f"FROM {source([path], {}, ', sample_size = -1')}"
            found = interruptible(connection, lambda: connection.sql(query))
        return dict(zip(found.columns, map(str, found.types), strict=True))

    by_file: list[dict[str, str]] = []
    types: dict[str, str] = {}
    with connect(memory_limit) as (connection, _):
        for path in files:
            with errors([path]):
                by_file.append(columns_of(connection, path))
        for name in dict.fromkeys(name for found in by_file for name in found):
            kinds = sorted({found[name] for found in by_file if name in found})
            union = " UNION ALL ".join(f"SELECT NULL::{one}" for one in kinds)
            with errors(files):
                types[name] = kinds[0] if len(kinds) == 1 else str(connection.sql(union).types[0])
    for name in wanted:
        lost = [number for number, found in enumerate(by_file) if name not in found]
        # In JSON lines no key at all is how a null is written.
        if name in types and lost and not (kind == "json" and isinstance(name, Usual)):
            other = files[next(n for n, found in enumerate(by_file) if name in found)]
            raise _lacking(what, files[lost[0]], name, other, list(by_file[lost[0]]))

    def expression(name: str, texts: Sequence[str], there: set[str]) -> str:
        if name not in there:
            return f"NULL::{'VARCHAR' if name in texts else types[name]} AS {_name(name)}"
        if kind == "json" and name in texts:
            return _json_text(name)
        if kind == "json" and types[name] in _WHOLE:
            return _json_whole(name, types[name])
        if len(files) == 1 or name in texts:
            return _name(name)
        return f"{_name(name)}::{types[name]} AS {_name(name)}"

    def chosen(names: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
        if kind != "json":
            return {name: "VARCHAR" for name in names if name in texts}
        # As JSON a value keeps its spelling: the number 7 and the text "7" are one id, the
        # number 7.0 is told from the text "7.0".
        raw = [name for name in names if name in texts or types[name] in _WHOLE]
        return {name: "JSON" if name in raw else types[name] for name in names}

    def read(names: Sequence[str], texts: Sequence[str]) -> Iterator[pa.RecordBatch]:
        # A few at a time: DuckDB holds all CSV files of a query open.
        for start in range(0, len(files), _FILES_AT_ONCE):
            part = files[start : start + _FILES_AT_ONCE]
            there = {name for found in by_file[start : start + _FILES_AT_ONCE] for name in found}
            fields = ", ".join(expression(name, texts, there) for name in names)
            types_of = chosen([name for name in names if name in there], texts)
            query = f"SELECT {fields} FROM {source(part, types_of)}"
            with connect(memory_limit) as (connection, _):
                with errors(part):
                    reader = interruptible(connection, partial(stream, connection, query))
                while True:
                    with errors(part):
                        batch = interruptible(connection, partial(next, reader, None))
                    if batch is None:
                        break
                    yield batch

    return Batches(list(types), None, read)


def _json_text(name: str) -> str:
    column = _name(name)
    return (
        f"CASE json_type({column}) WHEN 'NULL' THEN NULL WHEN 'VARCHAR' THEN {column} ->> '$' "
        f"WHEN 'DOUBLE' THEN regexp_replace({column}::VARCHAR, '\\.0+$', '') "
        f"WHEN 'BIGINT' THEN {column}::VARCHAR WHEN 'UBIGINT' THEN {column}::VARCHAR "
        f"WHEN 'HUGEINT' THEN {column}::VARCHAR "
        f"ELSE error({_quoted(name + ' must hold text or whole numbers, got ')} "
        f"|| {column}::VARCHAR) END AS {column}"
    )


def _json_whole(name: str, kind: str) -> str:
    """Return what reads whole numbers, and refuses a fraction that comes late: no rounding."""
    column = _name(name)
    return (
        f"CASE json_type({column}) WHEN 'NULL' THEN NULL WHEN 'DOUBLE' THEN "
        f"CASE WHEN {column}::DOUBLE = round({column}::DOUBLE) THEN {column}::DOUBLE::{kind} "
        f"ELSE error({_quoted(name + ' holds whole numbers and then ')} || {column}::VARCHAR) END "
        f"ELSE {column}::{kind} END AS {column}"
    )


def stream(connection: duckdb.DuckDBPyConnection, query: str) -> pa.RecordBatchReader:
    """Return the rows of a query as a stream of record batches."""
    relation = connection.sql(query)
    # DuckDB 2 gave the method a new name.
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    return read(BATCH_ROWS)
