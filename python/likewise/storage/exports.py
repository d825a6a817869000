"""Vectors for other tools: gensim, word2vec files, TensorBoard, Parquet.

Owns the formats as they are written. All of them hold ids and one vector each; nothing of a model's
content goes along. Files are written beside their place and renamed. Reading is in interop.py.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from likewise.arrays import Float32, Int64
from likewise.errors import InputError
from likewise.work.replacing import new_folder, whole_file

if TYPE_CHECKING:
    from likewise.items import Items

__all__ = ["to_gensim", "to_projector", "to_word2vec", "vectors_table", "write_parquet"]

_PROJECTOR = ("vectors.tsv", "metadata.tsv", "projector_config.pbtxt")


class Exported(Protocol):
    """Items and their vectors: a model, or vectors of another one."""

    @property
    def catalogue(self) -> Items:
        """The items."""

    @property
    def center(self) -> Float32:
        """Their vectors, float32 (n_items, dim)."""

    @property
    def context(self) -> Float32:
        """Those of the other side."""


def to_gensim(model: Exported, side: str = "center") -> Any:
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
    model: Exported,
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


def to_projector(model: Exported, folder: str | os.PathLike[str], side: str = "center") -> Path:
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


def vectors_table(model: Exported, side: str = "center") -> pa.Table:
    """Return ``item_id`` and ``vector`` (fixed-size list of float32) of all items, in order.

    An item without a vector has one that is all zero. ``polars.from_arrow`` and ``to_pandas()``
    take it from there.
    """
    rows = np.ascontiguousarray(_side(model, side), dtype=np.float32)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])
    return pa.table({"item_id": model.catalogue.ids, "vector": vectors})


def write_parquet(model: Exported, path: str | os.PathLike[str], side: str = "center") -> Path:
    """Write :func:`vectors_table` as a Parquet file."""
    with whole_file(Path(path), (".parquet", ".pq")) as draft:
        pq.write_table(vectors_table(model, side), draft, compression="zstd")
    return Path(path)


# --- inside ---------------------------------------------------------------------------------------


def _side(model: Exported, side: str) -> Float32:
    if side not in ("center", "context"):
        raise ValueError(f"side must be 'center' or 'context', got {side!r}")
    vectors: Float32 = getattr(model, side)
    return vectors


def _usable(model: Exported, side: str) -> tuple[Any, Float32, Int64]:
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


def _is_projector(folder: Path) -> bool:
    return {path.name for path in folder.iterdir()} <= set(_PROJECTOR)
