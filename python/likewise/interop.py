"""Vectors to and from other tools: gensim, word2vec files, TensorBoard, Parquet.

Owns the formats. All of them hold ids and one vector each; nothing of a model's content goes along.
Files are written beside their place and renamed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from likewise.errors import InputError
from likewise.model.vectors import Vectors
from likewise.search.arguments import Float32, float_rows
from likewise.work.replacing import new_folder, whole_file

if TYPE_CHECKING:
    from likewise.model.model import Model

__all__ = [
    "read_parquet",
    "read_word2vec",
    "to_gensim",
    "to_projector",
    "to_word2vec",
    "vectors_table",
    "write_parquet",
]

_PROJECTOR = ("vectors.tsv", "metadata.tsv", "projector_config.pbtxt")


def to_gensim(model: Model | Vectors, side: str = "center") -> Any:
    """Return the vectors of all items as gensim ``KeyedVectors``.

    Items without a vector (all zero) are left out. ``most_similar`` answers as
    :meth:`Model.similar` does for the center side.

    Raises
    ------
    ImportError
        When gensim is not installed.
    """
    try:
        from gensim.models import KeyedVectors
    except ImportError as error:
        raise ImportError("to_gensim needs gensim: pip install 'likewise[gensim]'") from error
    ids, rows, _ = _usable(model, side)
    made = KeyedVectors(vector_size=rows.shape[1])
    made.add_vectors(ids.to_pylist(), rows)
    return made


def to_word2vec(
    model: Model | Vectors,
    path: str | os.PathLike[str],
    side: str = "center",
    *,
    binary: bool = False,
    spaces: str | None = None,
) -> Path:
    """Write the vectors of all items in the format of word2vec, which gensim and others read.

    Parameters
    ----------
    model : Model or Vectors
        Items without a vector are left out.
    path : path
        The file. It is replaced when the new one is complete.
    side : {"center", "context"}
        Which vectors.
    binary : bool
        Float32 as they are, instead of decimal text of nine digits, which is as exact.
    spaces : str, optional
        What to write for white space in ids, which the format cannot hold. Without it such an id
        is an error.
    """
    ids, rows, _ = _usable(model, side)
    words = [_word(item_id, spaces) for item_id in ids.to_pylist()]
    if len(set(words)) < len(words):
        raise InputError(f"ids must stay different with spaces={spaces!r}, and some do not")
    with whole_file(Path(path)) as draft, draft.open("wb") as file:
        file.write(f"{len(words)} {rows.shape[1]}\n".encode())
        for word, row in zip(words, rows, strict=True):
            if binary:
                file.write(word.encode() + b" " + row.astype("<f4").tobytes() + b"\n")
            else:
                file.write(f"{word} {' '.join(f'{x:.9g}' for x in row.tolist())}\n".encode())
    return Path(path)


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


def to_projector(
    model: Model | Vectors, folder: str | os.PathLike[str], side: str = "center"
) -> Path:
    """Write the vectors for the TensorBoard embedding projector, with names and categories.

    The folder gets ``vectors.tsv``, ``metadata.tsv`` (id, name, category) and
    ``projector_config.pbtxt``; the two tables can be loaded in the stand-alone projector, too.
    """
    ids, rows, kept = _usable(model, side)
    names = model.catalogue.names.take(pa.array(kept)).to_pylist()
    categories = model.catalogue.categories_of(kept).to_pylist()
    with new_folder(Path(folder), is_model=_is_projector) as draft:
        with (draft / "vectors.tsv").open("w", encoding="utf-8") as file:
            for row in rows:
                file.write("\t".join(f"{x:.9g}" for x in row.tolist()) + "\n")
        with (draft / "metadata.tsv").open("w", encoding="utf-8") as file:
            file.write("id\tname\tcategory\n")
            for cells in zip(ids.to_pylist(), names, categories, strict=True):
                file.write("\t".join(" ".join((cell or "").split()) for cell in cells) + "\n")
        (draft / "projector_config.pbtxt").write_text(
            f"embeddings {{\n  tensor_name: {json.dumps(f'likewise {side}')}\n"
            f'  tensor_path: "vectors.tsv"\n  metadata_path: "metadata.tsv"\n}}\n',
            encoding="utf-8",
        )
    return Path(folder)


def vectors_table(model: Model | Vectors, side: str = "center") -> pa.Table:
    """Return ``item_id`` and ``vector`` (fixed-size list of float32) of all items, in order.

    An item without a vector has one that is all zero. ``polars.from_arrow`` and ``to_pandas()``
    take it from there.
    """
    rows = np.ascontiguousarray(_side(model, side), dtype=np.float32)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])
    return pa.table({"item_id": model.catalogue.ids, "vector": vectors})


def write_parquet(
    model: Model | Vectors, path: str | os.PathLike[str], side: str = "center"
) -> Path:
    """Write :func:`vectors_table` as a Parquet file."""
    with whole_file(Path(path), (".parquet", ".pq")) as draft:
        pq.write_table(vectors_table(model, side), draft, compression="zstd")
    return Path(path)


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


def _side(model: Model | Vectors, side: str) -> Float32:
    if side not in ("center", "context"):
        raise ValueError(f"side must be 'center' or 'context', got {side!r}")
    vectors: Float32 = getattr(model, side)
    return vectors


def _usable(model: Model | Vectors, side: str) -> tuple[Any, Float32, npt.NDArray[np.int64]]:
    """Return ids, vectors and positions of the items that have a vector."""
    rows = _side(model, side)
    kept = np.flatnonzero(rows.any(axis=1))
    return model.catalogue.ids.take(pa.array(kept)), np.ascontiguousarray(rows[kept]), kept


def _word(item_id: str, spaces: str | None) -> str:
    if not any(character.isspace() for character in item_id):
        return item_id
    if spaces is None:
        raise InputError(
            f"id {item_id!r} has white space, which word2vec files cannot hold; "
            f"spaces='_' writes something else for it"
        )
    return "".join(spaces if character.isspace() else character for character in item_id)


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


def _is_projector(folder: Path) -> bool:
    return {path.name for path in folder.iterdir()} <= set(_PROJECTOR)
