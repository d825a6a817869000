"""Vectors to and from other tools: gensim, word2vec files, TensorBoard, Parquet.

Owns how files of other tools are read; writing is in storage/exports.py, whose names are here, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from likewise.arrays import Float32, float_rows
from likewise.errors import InputError
from likewise.model.vectors import Vectors
from likewise.storage.exports import (
    to_gensim,
    to_projector,
    to_word2vec,
    vectors_table,
    write_parquet,
)

__all__ = [
    "read_parquet",
    "read_word2vec",
    "to_gensim",
    "to_projector",
    "to_word2vec",
    "vectors_table",
    "write_parquet",
]


def read_word2vec(path: str | os.PathLike[str], *, binary: bool = False) -> Vectors:
    """Read a word2vec file, text or binary, into :class:`Vectors`.

    Raises
    ------
    InputError
        When the file is not one; the message names the line or the word.
    """
    place = Path(path)
    try:
        data = place.read_bytes()
    except OSError as error:
        raise InputError(f"{place} cannot be read: {error.strerror or error}") from None
    head, _, body = data.partition(b"\n")
    try:
        count, dim = (int(part) for part in head.split())
    except ValueError:
        raise InputError(
            f"{place} is not a word2vec file: its first line has no two numbers"
        ) from None
    if count < 0 or dim < 1 or count * dim * (4 if binary else 2) > len(body):
        raise InputError(f"{place} is cut off: {count:,} vectors of {dim} numbers are promised")
    ids, rows = [], np.empty((count, dim), dtype=np.float32)
    records = (
        _binary_records(place, body, count, dim) if binary else _text_records(place, body, dim)
    )
    for number, (word, row) in enumerate(records):
        if number == count:
            raise InputError(f"{place} has more than the {count:,} vectors it promises")
        ids.append(word)
        rows[number] = row
    if len(ids) < count:
        raise InputError(f"{place} is cut off: {count:,} vectors promised, {len(ids):,} found")
    return Vectors(ids, rows)


def read_parquet(source: Any, *, item_id: str = "item_id", vector: str = "vector") -> Vectors:
    """Read ids and vectors from a Parquet file, an Arrow table, or a pandas or polars DataFrame.

    Raises
    ------
    InputError
        When a column is missing, or vectors are null or of different lengths.
    """
    if isinstance(source, (str, os.PathLike)):
        try:
            table = pq.read_table(source, columns=[item_id, vector])
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"{source} cannot be read: {' '.join(str(error).split())}") from None
    elif isinstance(source, pa.Table) or hasattr(source, "__arrow_c_stream__"):
        table = pa.table(source)
    elif hasattr(source, "columns") and hasattr(source, "iloc"):
        table = pa.Table.from_pandas(source, preserve_index=False)
    else:
        raise InputError(f"source must be a path or a table, got {type(source).__name__}")
    for name, argument in ((item_id, "item_id"), (vector, "vector")):
        if name not in table.column_names:
            raise InputError(f"source has no column {name!r} ({argument}=)")
    column = table.column(vector).combine_chunks()
    kind = column.type
    lists = (
        pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind)
    )
    if not lists or column.null_count:
        raise InputError(f"column {vector!r} must hold lists of numbers without nulls, got {kind}")
    flat = column.flatten()
    if len(column) == 0 or len(flat) % len(column) or flat.null_count:
        raise InputError(f"column {vector!r} must hold vectors of one length, without nulls")
    dim = len(flat) // len(column)
    if not pa.types.is_fixed_size_list(kind):
        lengths = np.diff(column.offsets.to_numpy())
        if (lengths != dim).any():
            raise InputError(f"column {vector!r} must hold vectors of one length, without nulls")
    rows = flat.to_numpy(zero_copy_only=False).reshape(-1, dim)
    return Vectors(table.column(item_id), float_rows(vector, rows))


# --- inside ---------------------------------------------------------------------------------------


def _text_records(place: Path, body: bytes, dim: int) -> Iterator[tuple[str, Float32]]:
    for number, line in enumerate(body.splitlines(), start=2):
        word, *numbers = line.split() or [b""]
        try:
            row = np.array(numbers, dtype=np.float32)
            text = word.decode()
        except ValueError:
            row, text = np.empty(0, np.float32), ""
        if len(row) != dim:
            raise InputError(f"{place}: line {number} must be a word and {dim} numbers")
        yield text, row


def _binary_records(
    place: Path, body: bytes, count: int, dim: int
) -> Iterator[tuple[str, Float32]]:
    at = 0
    for number in range(count):
        end = body.find(b" ", at)
        stop = end + 1 + 4 * dim
        if end < 0 or stop > len(body):
            raise InputError(f"{place} is cut off in vector {number + 1:,}")
        try:
            text = body[at:end].lstrip(b"\n").decode()
        except ValueError:
            raise InputError(f"{place}: word {number + 1:,} is not UTF-8") from None
        yield text, np.frombuffer(body, "<f4", dim, end + 1)
        at = stop
