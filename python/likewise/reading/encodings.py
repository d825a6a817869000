"""Characters of text files: any encoding in, UTF-8 out, compressed or not.

Owns byte order marks and decoding by blocks.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

__all__ = ["blocks", "transcoded"]

_BLOCK = 1 << 22
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def _opened(path: Path) -> Any:
    compression = _COMPRESSIONS.get(path.suffix.lower())
    return path.open("rb") if compression is None else pa.input_stream(path, compression)


def blocks(path: Path, encoding: str | None) -> Iterator[bytes]:
    """Yield a file as UTF-8, a few megabytes at a time and without its byte order mark.

    Without an encoding it is taken to be UTF-8, but for what its byte order mark says; UTF-8 is
    not checked here.
    """
    with _opened(path) as file:
        block = file.read(_BLOCK)
        for mark, of_mark in _MARKS:
            # What the mark says and what the caller says must be about the same encoding.
            if block.startswith(mark) and _agree(encoding, of_mark):
                block, encoding = block[len(mark) :], of_mark
                break
        decoder = None
        if encoding is not None and encoding != "utf-8":
            decoder = codecs.getincrementaldecoder(encoding)()
        while block:
            yield block if decoder is None else decoder.decode(block).encode()
            block = file.read(_BLOCK)
        if decoder is not None:
            yield decoder.decode(b"", final=True).encode()


def _agree(said: str | None, marked: str) -> bool:
    return said is None or marked.startswith(said.removesuffix("-sig"))


@contextmanager
def transcoded(path: Path, encoding: str | None, folder: Path | None) -> Iterator[Path]:
    """Yield the path of a file in UTF-8: the file itself, or a copy in `folder`."""
    if encoding in (None, "utf-8"):
        yield path
        return
    if folder is None:
        raise OSError("there is no folder for temporary files, which a change of encoding takes")
    copy = folder / "utf-8.jsonl"
    with copy.open("wb") as file:
        for block in blocks(path, encoding):
            file.write(block)
    try:
        yield copy
    finally:
        copy.unlink()
