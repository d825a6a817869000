"""CSV and TSV as record batches of text: the dialect that a file shows, held against all of it.

Owns delimiters, quotes and escapes, and the messages about rows that break their rules. The walk
over the bytes is the core's (``csrc/core/tables/delimited.h``). Rows are read strictly: one with
another number of fields than the header, or with text after a closing quote, is an error.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import likewise._core as _core
from likewise.errors import InputError
from likewise.reading.encodings import blocks
from likewise.reading.files import Asked, Batches, lacking
from likewise.reading.messages import one_line, shown
from likewise.reading.options import ReadOptions
from likewise.work.waiting import ahead

__all__ = ["open_batches"]

_DELIMITERS = ",;\t|"
# Two readings of a file that differ in where a row ends are compared over this much of it.
_LOOK_AHEAD = 1 << 24
_LONGEST_ROW = 1 << 28
_SHOWN = 60


class Dialect(NamedTuple):
    """What separates, encloses and escapes; an empty quote or escape is none."""

    delimiter: str
    quote: str
    escape: str


class _UnreadableError(Exception):
    """What is wrong with a file, without its name."""


class _Block(NamedTuple):
    """Rows that a block holds by one dialect: columns as Arrow has them, and how far it went."""

    columns: list[tuple[Any, Any, int]]
    position: int
    rows: int
    line: int
    fault: str
    fault_line: int
    fields: int


def open_batches(asked: Asked) -> Batches:
    """Open CSV or TSV files."""
    files, kind, what, wanted = asked.files, asked.kind, asked.what, asked.wanted
    opened = []
    for path in files:
        with _errors(path, kind, what):
            opened.append(_File(path, kind, wanted, asked.options))
    columns = list(opened[0].columns)
    first = set(columns)
    others = dict.fromkeys(name for file in opened[1:] for name in file.columns)
    columns += [name for name in others if name not in first]
    for name in wanted:
        for file in opened[1:]:  # the first one's are counted with all columns
            if file.columns.count(name) > 1:
                raise InputError(f"{what}: {shown(file.path)} has {name!r} twice among its columns")
        lost = [file for file in opened if name not in file.columns]
        if lost and name in columns:
            other = next(file.path for file in opened if name in file.columns)
            raise lacking(what, lost[0].path, name, other, lost[0].columns)

    def walk(names: Sequence[str], texts: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for file in opened:
            with _errors(file.path, kind, what):
                yield from file.read(names, texts)

    def read(names: Sequence[str], texts: Sequence[str]) -> Iterator[pa.RecordBatch]:
        return ahead(walk(names, texts))

    return Batches(columns, None, read)


@contextmanager
def _errors(path: Path, kind: str, what: str) -> Iterator[None]:
    try:
        yield
    except _UnreadableError as error:
        message = str(error)
    except UnicodeError as error:
        message = f"{one_line(error)}; encoding= says how its characters are encoded"
    except (pa.ArrowException, OSError, EOFError) as error:
        message = one_line(error)
    else:
        return
    raise InputError(f"{what}: cannot read {shown(path)} as {kind.upper()}: {message}") from None


class _File:
    """One file: its header, and the dialects that it can be in."""

    def __init__(self, path: Path, kind: str, wanted: Sequence[str], options: ReadOptions) -> None:
        self.path = path
        self.encoding = options.encoding
        header, self.line = _header(path, options.encoding)
        quotes = ['"'] if options.quote is None else [options.quote]
        if "\0" in header:
            raise _UnreadableError(
                "its header has zero bytes; encoding= says what it is, such as 'utf-16'"
            )
        self.delimiter, self.columns = _columns(header, quotes[0], kind, wanted, options)
        # Quotes may be ordinary characters, unless the header has some: in TSV now and then, in CSV
        # where nothing else is possible.
        self.bare = options.quote is None and '"' not in header
        if self.bare and kind == "tsv":
            quotes.append("")
        self.dialects = []
        for quote in quotes:
            escapes = [quote, "\\"] if options.escape is None and quote else [options.escape or ""]
            self.dialects += [Dialect(self.delimiter, quote, escape) for escape in escapes]
        self.settled = len(self.dialects) == 1
        self.loose = False  # whether rows were read that an ordinary quote would read otherwise
        self.quoted = False  # whether an earlier block has a quote

    def read(self, names: Sequence[str], texts: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows, as text, of the columns `names`; those that are not here are null.

        Columns in `texts` are checked for UTF-8 where they are used.
        """
        here = [name for name in names if name in self.columns]
        slots = np.full(len(self.columns), -1, np.int32)
        for slot, name in enumerate(here):
            slots[self.columns.index(name)] = slot
        for block in self._blocks(slots, len(here)):
            made = {
                name: _texts(*block.columns[slot], check=name not in texts)
                for slot, name in enumerate(here)
            }
            none = pa.nulls(block.rows, pa.large_string())
            yield pa.RecordBatch.from_arrays([made.get(name, none) for name in names], list(names))

    def _blocks(self, slots: Any, n_columns: int) -> Iterator[_Block]:
        source = _without_header(blocks(self.path, self.encoding))
        line = self.line
        data = next(source, b"")
        following = next(source, None)
        while True:
            final = following is None
            block = self._settle(data, final, line, slots, n_columns)
            if block is None or (block.position == 0 and not final):
                assert following is not None  # the last block is always settled
                if len(data) > _LONGEST_ROW:
                    raise _UnreadableError(
                        f"line {line:,} begins a row of more than {_LONGEST_ROW >> 20} MB; is a "
                        "quote never closed? quote= and escape= say what quotes are"
                    )
                # As much again, so that a long row is not walked over many times.
                more = [data, following]
                while sum(map(len, more)) < 2 * len(data):
                    following = next(source, None)
                    if following is None:
                        break
                    more.append(following)
                else:
                    following = next(source, None)
                data = b"".join(more)
                continue
            if block.rows:
                yield block
            line = block.line
            if following is None:
                return
            data = data[block.position :] + following
            following = next(source, None)

    def _settle(
        self, data: bytes, final: bool, line: int, slots: Any, n_columns: int
    ) -> _Block | None:
        """Read a block by the dialect that fits it; None where more is needed to tell which."""
        asked = self.dialects if self._tells(data) else self.dialects[:1]
        read = [_read(data, final, line, one, slots, n_columns) for one in asked]
        fits = [number for number, block in enumerate(read) if not block.fault]
        if not fits:
            plain = self._plain(data, final, line, slots, n_columns)
            if plain is None:
                raise _UnreadableError(self._fault(read[0], data))
            return plain
        if self.loose and fits[0] != 0:
            raise _UnreadableError(self._fault(read[0], data))
        self.quoted = self.quoted or b'"' in data
        if len(asked) > 1:
            ends = {read[number].position for number in fits}
            if len(ends) > 1 and not final:
                if len(data) < _LOOK_AHEAD:
                    return None
                # A quote that is open for so long was no quote.
                farthest = max(ends)
                fits = [number for number in fits if read[number].position == farthest]
            self.dialects = self._agreeing([(asked[n], read[n]) for n in fits], line)
            self.settled = len(self.dialects) == 1
            return next(b for d, b in zip(asked, read, strict=True) if d == self.dialects[0])
        return read[fits[0]]

    def _plain(
        self, data: bytes, final: bool, line: int, slots: Any, n_columns: int
    ) -> _Block | None:
        """Read a block with quotes as ordinary characters, where nothing says that they are not."""
        plain = Dialect(self.delimiter, "", "")
        if not self.bare or self.quoted or self.settled:
            return None
        block = _read(data, final, line, plain, slots, n_columns)
        if block.fault or any(_encloses(_texts(*column)) for column in block.columns):
            return None
        self.dialects, self.settled = [plain], True
        return block

    def _tells(self, data: bytes) -> bool:
        """Tell whether a block can show in which dialect it is."""
        if self.settled:
            return False
        quotes = {one.quote for one in self.dialects}
        if "" in quotes:
            return b'"' in data
        # One byte is looked for much faster than two.
        return b"\\" in data and ("\\" + min(quotes)).encode() in data

    def _agreeing(self, fits: list[tuple[Dialect, _Block]], line: int) -> list[Dialect]:
        """Return the dialects by which a block has the same rows; refuse it if that is a guess."""
        dialect, first = fits[0]
        plain = [one for one, block in fits if not one.quote and block.rows > first.rows]
        if plain:
            # Each line by itself has as many fields as the header, which lines inside of a quoted
            # text would not have: the quotes are ordinary characters.
            return plain
        for other, block in fits[1:]:
            if block.rows == first.rows and all(
                np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1])
                for a, b in zip(first.columns, block.columns, strict=True)
            ):
                continue
            if not other.quote and _but_for_quotes(first, block, dialect.quote):
                self.loose = True
                continue
            between = "without quotes" if not other.quote else "with a backslash before a quote"
            option = (
                "quote='' says that quotes are ordinary characters, quote='\"' that they enclose"
                if not other.quote
                else "escape='\\\\' says that it escapes the quote, escape='\"' that it does not"
            )
            raise _UnreadableError(
                f"from line {line:,} on rows {between} can be read in two ways; {option}"
            )
        return [one for one, _ in fits]

    def _fault(self, block: _Block, data: bytes) -> str:
        dialect = self.dialects[0]
        start = f"line {block.fault_line:,} "
        if block.fault == "fields":
            row = data[block.position : block.position + 4 * _SHOWN].decode(errors="replace")
            has = "1 field" if block.fields == 1 else f"{block.fields:,} fields"
            wanted = len(self.columns)
            return (
                f"{start}has {has} where the header has {wanted:,} "
                f"(delimiter {dialect.delimiter!r}): {_cut(row.splitlines()[0])}"
            )
        if block.fault == "open quote":
            return start + "opens a quote that is never closed; quote='' if quotes enclose nothing"
        return (
            start + "has text after a closing quote; quote='' says that quotes are ordinary "
            "characters, escape='\\\\' that a backslash makes them so"
        )


def _cut(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


def _header(path: Path, encoding: str | None) -> tuple[str, int]:
    """Return the first line that is not blank, and the number of the line after it."""
    data = b""
    for block in blocks(path, encoding):
        # Most headers are short: the rest of a block is looked at where this one is not.
        for size in (1 << 16, len(block)):
            lines = (data + block[:size]).splitlines()
            there = [number for number, line in enumerate(lines) if line]
            if len(there) > 1:
                return lines[there[0]].decode(), there[0] + 2
        data += block
    if data.strip(b"\r\n"):
        return lines[there[0]].decode(), there[0] + 2
    raise _UnreadableError("it has no header")


def _without_header(source: Iterator[bytes]) -> Iterator[bytes]:
    """Yield blocks from the byte after the header on."""
    data = b""
    for block in source:
        data += block
        start = len(data) - len(data.lstrip(b"\r\n"))
        ends = [at for at in (data.find(b"\n", start), data.find(b"\r", start)) if at >= 0]
        if ends and min(ends) + 1 < len(data):
            end = min(ends)
            yield data[end + (2 if data[end : end + 2] == b"\r\n" else 1) :]
            break
    yield from source


def _columns(
    header: str, quote: str, kind: str, wanted: Sequence[str], options: ReadOptions
) -> tuple[str, list[str]]:
    """Return the delimiter and the names of the columns, without blanks around them."""
    delimiters = "\t" if kind == "tsv" else _DELIMITERS
    if options.delimiter is not None:
        delimiters = options.delimiter
    found = []
    for delimiter in delimiters:
        names = header.split(delimiter)
        if quote:
            escape = options.escape if options.escape not in (None, "", quote) else None
            row = csv.reader(
                [header], delimiter=delimiter, quotechar=quote, strict=True,
                doublequote=escape is None, escapechar=escape, skipinitialspace=True,
            )  # fmt: skip
            try:
                names = next(row)
            except csv.Error:
                if len(delimiters) == 1:
                    raise _UnreadableError("its header is not made of names and quotes") from None
                continue
        found.append((delimiter, [name.strip() for name in names]))
    if not found:
        raise _UnreadableError("its header is not made of names and quotes")
    # The one that shows most of the columns that are asked for, then most columns.
    return max(found, key=lambda one: (len(set(wanted) & set(one[1])), len(one[1])))


def _read(
    data: bytes, final: bool, line: int, dialect: Dialect, slots: Any, n_columns: int
) -> _Block:
    delimiter, quote, escape = (ord(one) if one else -1 for one in dialect)
    return _Block(**_core.read_rows(data, final, line, delimiter, quote, escape, slots, n_columns))


def _texts(offsets: Any, data: Any, empty: int, check: bool = True) -> pa.Array:
    """Return the texts of one column; an empty one is null."""
    valid = None
    if empty:
        there = np.packbits(offsets[1:] > offsets[:-1], bitorder="little")
        valid = pa.py_buffer(there)
    buffers = [valid, pa.py_buffer(offsets), pa.py_buffer(data)]
    texts = pa.Array.from_buffers(pa.large_string(), len(offsets) - 1, buffers)
    try:
        texts.validate(full=check)
    except pa.ArrowInvalid:
        raise _UnreadableError(
            "it is not UTF-8; encoding= says what it is, such as 'latin-1' or 'cp1252'"
        ) from None
    return texts


def _encloses(texts: pa.Array) -> bool:
    """Tell whether any text begins and ends with a quote."""
    return bool(pc.any(pc.match_substring_regex(texts, r'^ *".*" *$')).as_py())


def _but_for_quotes(quoted: _Block, plain: _Block, quote: str) -> bool:
    """Tell whether two readings differ in the quotes around texts alone."""
    if quoted.rows != plain.rows:
        return False
    for mine, other in zip(quoted.columns, plain.columns, strict=True):
        for a, b in zip(_texts(*mine).to_pylist(), _texts(*other).to_pylist(), strict=True):
            if a == b:
                continue
            inside = (b or "").strip(" ")
            if inside[:1] != quote or inside[-1:] != quote or len(inside) < 2:
                return False
            if inside[1:-1].replace(2 * quote, quote) != (a or ""):
                return False
    return True
