"""Storage: a model as a folder of JSON, safetensors and Parquet; nothing in it is ever executed.

Owns the format (``format_version`` 3), what is written and every check on what is read. How a
folder gets its place safely is in work/replacing.py. Version 1, without what sessions share,
version 2, without pairs, and models without prepared.safetensors are read as well.

::

    model/
      model.json            format version, options, recipe, sizes, history; checksums of all files
      vectors.safetensors   center, context                               float32 (items, dim)
                            company, company_items                      float32 (m, 64), int32 (m,)
                            pair_offsets, pair_items                    int64 (items + 1,),
                            pair_weights, pair_times                    int32, float32, int32 (n,)
      weights.safetensors   token_weights, kind_weights                   float32 (tokens,), (4,)
                            <side>.token_hashes                           uint64 (tokens,)
                            <side>.tokens, <side>.ngrams                  float32 (rows, dim)
      catalogue.parquet     item_id, category, name, count: one row for each item, in order;
                            category_paths, one a line, where an item has several
      prepared.safetensors  item_offsets, item_tokens, item_kinds         int64 (items + 1,),
                                                                          int32 and uint8 (n,)
                            context_map, company_map                      float64 (dim + 1, ...)
                            near_offsets, near_items, near_shares         int64, int32, float32
                            near_gain                                     float32 (1,)
                            what first answers need; see prepared.py
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors
import safetensors.numpy

from likewise.content.composition import SideWeights
from likewise.content.features import Recipe
from likewise.errors import StorageError
from likewise.options import Options
from likewise.score.blend import PARTS, blend_of
from likewise.state import State
from likewise.storage import model_json, prepared, tensors
from likewise.storage.checksums import agrees, checksums_of
from likewise.storage.model_json import FORMAT_VERSION, one_line
from likewise.storage.prepared import PREPARED_FILE
from likewise.tables.catalogue import Catalogue
from likewise.work.replacing import folder_id, left_behind, new_folder

__all__ = ["FORMAT_VERSION", "load", "save"]

S = TypeVar("S", bound=State)

JSON_FILE = "model.json"
VECTORS_FILE = "vectors.safetensors"
WEIGHTS_FILE = "weights.safetensors"
CATALOGUE_FILE = "catalogue.parquet"
FILES = (JSON_FILE, VECTORS_FILE, WEIGHTS_FILE, CATALOGUE_FILE)
MAY_BE_THERE = (*FILES, PREPARED_FILE)

_CATALOGUE_SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.large_string(), nullable=False),
        pa.field("category", pa.large_string()),
        pa.field("name", pa.large_string()),
        pa.field("count", pa.int64(), nullable=False),
    ]
)
_PATHS = pa.field("category_paths", pa.large_string())


def save(model: State, path: str | os.PathLike[str]) -> Path:
    """Save a model as a folder.

    The folder is written beside its place and renamed when it is complete and on the disk, so
    that a reader finds the old model or the new one; a failed save leaves the old one as it was.

    Parameters
    ----------
    model : Model
        What to save.
    path : path
        The folder. One that holds a model is replaced; anything else there is left alone and is
        an error. The folder around it must exist.

    Returns
    -------
    Path
        Where the model is.

    Raises
    ------
    StorageError
        When the folder cannot be written, is not a model, or the disk is full.
    """
    with new_folder(Path(path), is_model=is_model) as folder:
        _write_tensors(folder / VECTORS_FILE, _vectors_of(model))
        _write_tensors(folder / WEIGHTS_FILE, _weights_of(model))
        ready = prepared.prepared_of(model)
        if ready:
            _write_tensors(folder / PREPARED_FILE, ready)
        items = model.catalogue
        columns = [items.ids, items.categories, items.names, pa.array(model.counts)]
        table = pa.Table.from_arrays(columns, schema=_CATALOGUE_SCHEMA)
        if items.has_several_paths:
            table = table.append_column(_PATHS, items.category_paths)
        with (folder / CATALOGUE_FILE).open("wb") as file:
            pq.write_table(table, file, compression="zstd")
        # safetensors makes files for their owner alone; a model is as readable as any other file.
        mode = (folder / CATALOGUE_FILE).stat().st_mode & 0o777
        for path_of_tensors in folder.glob("*.safetensors"):
            path_of_tensors.chmod(mode)
        sizes = prepared.sizes_of(ready)
        model_json.write(folder / JSON_FILE, _describe(model, folder, sizes))
    return Path(path)


def load(path: str | os.PathLike[str], verify: bool, made: type[S]) -> S:
    """Load a model as a record of a class; its arrays are memory-mapped and read-only.

    Parameters
    ----------
    path : path
        A folder that :func:`save` wrote.
    verify : bool
        Compare the checksums of all files, which reads them once. Sizes, shapes and types are
        compared in any case.
    made : type
        `State`, or a class of more verbs.

    Raises
    ------
    StorageError
        When there is no model, a file is missing or damaged, or a later version wrote it; the
        message names the file.
    """
    folder = Path(path)
    before = folder_id(folder)
    try:
        return _load(folder, verify, made)
    except StorageError:
        # Another process may have put a new model in place while this one was being read.
        if folder_id(folder) == before:
            raise
    return _load(folder, verify, made)


# --- writing --------------------------------------------------------------------------------------


def _vectors_of(state: State) -> dict[str, npt.NDArray[Any]]:
    tensors = {"center": state.center, "context": state.context}
    for part in blend_of(state).parts:
        tensors |= part.tensors()
    return tensors


def _weights_of(model: State) -> dict[str, npt.NDArray[Any]]:
    weights: dict[str, npt.NDArray[Any]] = {
        "token_weights": model.token_weights,
        "kind_weights": model.kind_weights,
    }
    for side, content in (("center", model.center_content), ("context", model.context_content)):
        if content is not None:
            weights[f"{side}.token_hashes"] = content.token_hashes
            weights[f"{side}.tokens"] = content.tokens
            weights[f"{side}.ngrams"] = content.ngrams
    return weights


def _write_tensors(path: Path, tensors: dict[str, npt.NDArray[Any]]) -> None:
    whole = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    try:
        safetensors.numpy.save_file(whole, path)
    except safetensors.SafetensorError as error:
        raise OSError(str(error)) from error


def _describe(model: State, folder: Path, more_sizes: dict[str, int]) -> dict[str, Any]:
    sizes: dict[str, Any] = {
        "items": len(model.catalogue),
        "dim": model.options.dim,
        "tokens": len(model.token_weights),
    }
    for part in blend_of(model).parts:
        sizes |= part.sizes()
    sizes |= more_sizes
    sizes["center_buckets"] = _buckets(model.center_content)
    sizes["context_buckets"] = _buckets(model.context_content)
    return {
        "likewise_version": model.version,
        "created": model.created,
        "sizes": sizes,
        "summary": {
            "warm_items": int(np.count_nonzero(model.counts)),
            "events": int(model.counts.sum()),
        },
        "options": model.options.to_dict(),
        "order": model.order,
        "pair_counting": model.pair_counting,
        "recipe": None if model.recipe is None else model.recipe.to_dict(),
        "unknown_weight": float(model.unknown_weight),
        "history": model.history,
        "files": {
            name: {"bytes": (folder / name).stat().st_size, **checksums_of(folder / name)}
            for name in MAY_BE_THERE[1:]
            if (folder / name).exists()
        },
    }


def _buckets(content: SideWeights | None) -> int | None:
    return None if content is None else len(content.ngrams)


# --- reading --------------------------------------------------------------------------------------


def is_model(folder: Path) -> bool:
    """Tell whether a folder is a model, even a damaged one, and nothing else."""
    names = {entry.name for entry in folder.iterdir()}
    if not names <= set(MAY_BE_THERE) or JSON_FILE not in names:
        return False
    described = model_json.is_described(folder / JSON_FILE)
    return VECTORS_FILE in names if described is None else described


def _load(folder: Path, verify: bool, made: type[S]) -> S:
    try:
        about = _read_json(folder, verify)
        _check_files(folder, about["files"], verify)
        return _assemble(folder, about, made)
    except StorageError:
        raise
    except OSError as error:
        where = error.filename or folder
        raise StorageError(f"{where} cannot be read: {error.strerror or error}") from error


def _read_json(folder: Path, verify: bool) -> dict[str, Any]:
    if not folder.exists():
        old = left_behind(folder)
        hint = f"; an interrupted save left the old model behind in {old}" if old else ""
        raise StorageError(f"{folder} does not exist{hint}")
    if not folder.is_dir():
        raise StorageError(f"{folder} is not a folder; a model is a folder with {JSON_FILE}")
    if not (folder / JSON_FILE).is_file():
        raise StorageError(f"{folder} is not a model: {JSON_FILE} is missing")
    return model_json.read(folder / JSON_FILE, verify)


def _check_files(folder: Path, files: dict[str, Any], verify: bool) -> None:
    """Compare every file's size, and its checksum when asked to."""
    for name in (*FILES[1:], *(name for name in files if name == PREPARED_FILE)):
        path = folder / name
        known = files.get(name)
        if not isinstance(known, dict) or type(known.get("bytes")) is not int:
            raise StorageError(f"{folder / JSON_FILE} is damaged: it does not list {name}")
        if not path.is_file():
            raise StorageError(f"{path} is missing")
        size = path.stat().st_size
        if size != known["bytes"]:
            raise StorageError(
                f"{path} is damaged: {known['bytes']:,} bytes expected, got {size:,}"
            )
        if verify and not agrees(path, known):
            raise StorageError(f"{path} is damaged: its checksum does not match")


def _assemble(folder: Path, about: dict[str, Any], made: type[S]) -> S:
    path = folder / JSON_FILE
    try:
        options = Options.from_dict(about["options"])
        recipe = None if about["recipe"] is None else Recipe.from_dict(about["recipe"])
    except (ValueError, TypeError) as error:
        raise StorageError(f"{path} cannot be used: {one_line(error)}") from error
    sizes = about["sizes"]
    expected = _expected_tensors(path, sizes, about["format_version"])
    if options.dim != sizes["dim"]:
        raise StorageError(f"{path} is damaged: dim is {options.dim} and {sizes['dim']}")
    for side in ("center", "context"):
        # No row at all where no word is long enough for an n-gram.
        rows = sizes[f"{side}_buckets"]
        if recipe is not None and rows not in (None, 0, recipe.buckets):
            raise StorageError(f"{path} is damaged: buckets are {recipe.buckets:,} and {rows:,}")

    vectors = tensors.open_tensors(folder / VECTORS_FILE, expected[VECTORS_FILE])
    weights = tensors.open_tensors(folder / WEIGHTS_FILE, expected[WEIGHTS_FILE])
    ready = {}
    if PREPARED_FILE in about["files"]:
        ready = tensors.open_tensors(folder / PREPARED_FILE, expected[PREPARED_FILE])
    catalogue, counts = _read_catalogue(folder / CATALOGUE_FILE, sizes["items"])
    sides: dict[str, SideWeights | None] = {"center": None, "context": None}
    for side in sides:
        if f"{side}.tokens" in weights:
            hashes = weights[f"{side}.token_hashes"]
            if (hashes[1:] <= hashes[:-1]).any():
                raise StorageError(
                    f"{folder / WEIGHTS_FILE} is damaged: {side}.token_hashes do not ascend"
                )
            sides[side] = SideWeights(hashes, weights[f"{side}.tokens"], weights[f"{side}.ngrams"])
    learned = {name: vectors[name] for name in vectors if name not in ("center", "context")}
    try:
        for part in PARTS:
            part.check(learned, sizes["items"])
        prepared.check(ready, sizes["tokens"], counts)
        return made(
            options=options,
            recipe=recipe,
            catalogue=catalogue,
            counts=counts,
            center=vectors["center"],
            context=vectors["context"],
            learned=learned,
            center_content=sides["center"],
            context_content=sides["context"],
            token_weights=weights["token_weights"],
            kind_weights=weights["kind_weights"],
            unknown_weight=float(about["unknown_weight"]),
            history=about["history"],
            created=about["created"],
            version=about["likewise_version"],
            order=about.get("order", "time"),  # models of before have none of both
            pair_counting=about.get("pair_counting", {}),
            prepared=ready,
        )
    except (ValueError, OverflowError) as error:
        raise StorageError(f"{path} does not fit its files: {one_line(error)}") from error


def _expected_tensors(
    path: Path, sizes: dict[str, Any], version: int
) -> dict[str, tensors.Expected]:
    """Return dtype and shape of every tensor, by file, from the sizes in model.json."""
    for key in ("items", "dim", "tokens", "center_buckets", "context_buckets", *sizes):
        value = sizes.get(key)
        optional = key.endswith("buckets") and key in sizes and value is None
        if not optional and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            raise StorageError(f"{path} is damaged: size {key!r} is {value!r}")
    items, dim, tokens = sizes["items"], sizes["dim"], sizes["tokens"]
    weights: tensors.Expected = {
        "token_weights": ("F32", (tokens,)),
        "kind_weights": ("F32", (4,)),
    }
    for side in ("center", "context"):
        buckets = sizes[f"{side}_buckets"]
        if buckets is not None:
            weights[f"{side}.token_hashes"] = ("U64", (tokens,))
            weights[f"{side}.tokens"] = ("F32", (tokens, dim))
            weights[f"{side}.ngrams"] = ("F32", (buckets, dim))
    vectors: tensors.Expected = {
        "center": ("F32", (items, dim)),
        "context": ("F32", (items, dim)),
    }
    for part in PARTS:
        try:
            vectors |= part.shapes(sizes, version)
        except KeyError as error:
            raise StorageError(f"{path} is damaged: size {error} is None") from None
    return {
        VECTORS_FILE: vectors, WEIGHTS_FILE: weights, PREPARED_FILE: prepared.expected(sizes),
    }  # fmt: skip


def _read_catalogue(path: Path, items: int) -> tuple[Catalogue, npt.NDArray[np.int64]]:
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            table = file.read().combine_chunks()
    except (pa.ArrowException, ValueError) as error:  # a column's name may not even be text
        raise StorageError(f"{path} is damaged: {one_line(error)}") from error
    schemas = (_CATALOGUE_SCHEMA, _CATALOGUE_SCHEMA.append(_PATHS))
    if not any(table.schema.equals(schema, check_metadata=False) for schema in schemas):
        found = ", ".join(f"{field.name} {field.type}" for field in table.schema)
        wanted = ", ".join(f"{field.name} {field.type}" for field in _CATALOGUE_SCHEMA)
        raise StorageError(f"{path} is damaged: columns {wanted} expected, got {found}")
    if table.num_rows != items:
        raise StorageError(f"{path} is damaged: {items:,} items expected, got {table.num_rows:,}")
    try:
        table.validate(full=True)
        ids, categories, names, counts, *paths = (_one_chunk(column) for column in table.columns)
        categories = paths[0] if paths else categories
        catalogue = Catalogue.from_arrays(ids, categories, names, canonical=True)
    except (pa.ArrowInvalid, ValueError) as error:
        raise StorageError(f"{path} is damaged: {one_line(error)}") from error
    if counts.null_count:
        raise StorageError(f"{path} is damaged: the column count has empty values")
    # to_numpy() would import pandas, where there is one, which takes longer than all the rest.
    values = np.frombuffer(counts.buffers()[1] or b"", np.int64)
    return catalogue, values[counts.offset : counts.offset + len(counts)]


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
