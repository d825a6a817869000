"""Files of events and items: paths and globs to lists of files, and which format each has.

Owns how sources on disk are named, and what folders on the way to a file say. Opens nothing but to
look at the first bytes; nothing is fetched from a network.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pyarrow as pa

from likewise.errors import InputError
from likewise.reading.kinds import SUFFIXES
from likewise.reading.messages import did_you_mean, one_line, shown
from likewise.reading.options import ReadOptions

__all__ = [
    "Batches",
    "find_files",
    "format_of",
    "lacking",
    "not_empty",
    "partitions_of",
]

_KNOWN = ".parquet, .csv, .tsv, .jsonl, .ndjson or .json (the texts also with .gz or .zst)"
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


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


class Asked(NamedTuple):
    """What a reader is asked for: files of one format, and what is said about them.

    Attributes
    ----------
    files : list of Path
    kind : str
        parquet, csv, tsv or json.
    what : str
        Name of the argument, for messages.
    wanted : list of str
        Columns; each file has all of them that one of them has.
    options : ReadOptions
    unit : str
        The column of which one value is a row: where it holds lists, so is each of their elements.
        Empty for none.
    memory_limit : int or None
        Bytes that an embedded database may take.
    """

    files: list[Path]
    kind: str
    what: str
    wanted: list[str]
    options: ReadOptions
    unit: str
    memory_limit: int | None


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


def format_of(files: Sequence[Path], what: str, delimiter: str | None = None) -> str:
    """Return the one format that all files have: parquet, csv, tsv or json.

    With a delimiter, files of other names are CSV.
    """
    formats = {_format(path, what, delimiter) for path in files}
    if len(formats) > 1:
        raise InputError(
            f"{what}: files of one format are wanted, got {' and '.join(sorted(formats))}"
        )
    return formats.pop()


def _format(path: Path, what: str, delimiter: str | None) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in (".gz", ".zst"):
        suffixes.pop()
    kind = SUFFIXES.get(suffixes[-1] if suffixes else "")
    if kind is None:
        try:
            with path.open("rb") as file:
                if file.read(4) == b"PAR1":
                    return "parquet"
        except OSError as error:
            raise InputError(f"{what}: cannot read {shown(path)}: {error.strerror}") from None
        if delimiter is not None:
            return "csv"
        raise InputError(f"{what}: {shown(path)} must end in {_KNOWN}, or have a delimiter=")
    return kind


def not_empty(files: Sequence[Path], what: str) -> list[Path]:
    """Return the files that have a first byte.

    Raises
    ------
    InputError
        When one of them cannot be read, or none has.
    """
    found = []
    for path in files:
        try:
            with path.open("rb") as file:
                if file.read(1):
                    found.append(path)
        except OSError as error:
            raise InputError(f"{what}: cannot read {shown(path)}: {error.strerror}") from None
    if not found:
        others = f", and so are {len(files) - 1} more" if len(files) > 1 else ""
        raise InputError(f"{what}: {shown(files[0])} is empty{others}")
    return found


def partitions_of(path: Path) -> dict[str, str | None]:
    """Return what the folders called ``key=value`` on the way to a file say, as Hive writes it."""
    found: dict[str, str | None] = {}
    for folder in path.parent.parts:
        key, equals, value = folder.partition("=")
        if key and equals:
            found[unquote(key)] = None if value == _NO_VALUE else unquote(value)
    return found


def lacking(what: str, path: Path, name: str, other: Path, there: Sequence[str]) -> InputError:
    """Return the error of a file that lacks a column of another one."""
    names = pa.array([str(column) for column in there], pa.large_string())
    return InputError(
        f"{what}: {shown(path)} has no column {str(name)!r}, which {shown(other)} has"
        f"{did_you_mean(names, name)}"
    )
