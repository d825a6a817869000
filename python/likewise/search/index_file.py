r"""An index as one file: a header, and sections with checksums; nothing in it is executed.

Owns the format (``format_version`` 1, and 2 where a graph holds equal vectors once) and the checks
on what is read. Everything is verified before a byte reaches hnswlib. ::

    bytes 0-15    b"likewise index\n\0"
    bytes 16-23   length of the header, little endian
    bytes 24-55   SHA-256 of the header
    header        JSON: format_version, kind, size, dim, metric, side, ef, fingerprint, sections
    sections      one after the other: vectors, or usable, first (from version 2) and graph;
                  catalogue (Parquet)
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from likewise.errors import StorageError

__all__ = ["FORMAT_VERSION", "read", "write"]

FORMAT_VERSION = 2
_MAGIC = b"likewise index\n\0"
_LONGEST_HEADER = 1 << 20
_KINDS = ("exact", "hnsw")
# What files of a version and kind have.
_SECTIONS = {
    (1, "exact"): ["vectors"],
    (1, "hnsw"): ["usable", "graph"],
    (2, "hnsw"): ["usable", "first", "graph"],
}


def write(
    file: BinaryIO, about: dict[str, Any], sections: dict[str, Any], catalogue: pa.Table | None
) -> None:
    """Write what an index is, its sections by name, and the table of its catalogue."""
    parts = {name: memoryview(part).cast("B") for name, part in sections.items()}
    if catalogue is not None:
        parts["catalogue"] = memoryview(_catalogue_bytes(catalogue))
    described = [
        {"name": name, "bytes": part.nbytes, "sha256": hashlib.sha256(part).hexdigest()}
        for name, part in parts.items()
    ]
    # The oldest version that has these sections, which older versions of likewise read, too.
    version = next(key[0] for key, names in _SECTIONS.items() if names == list(sections))
    whole = {"format_version": version, **about, "sections": described}
    header = json.dumps(whole).encode()
    file.write(_MAGIC + len(header).to_bytes(8, "little") + hashlib.sha256(header).digest())
    file.write(header)
    for part in parts.values():
        file.write(part)


def read(path: Path) -> tuple[dict[str, Any], dict[str, memoryview], list[Any] | None]:
    """Read a file: what its header says, its sections by name, the columns of its catalogue.

    Raises
    ------
    StorageError
        When there is none, it is damaged, or a later version wrote it; the message names it.
    """
    try:
        data = memoryview(path.read_bytes())
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror or error}") from None
    about, at = _header(path, data)
    sections: dict[str, memoryview] = {}
    for known in about["sections"]:
        part = data[at : at + known["bytes"]]
        if len(part) != known["bytes"]:
            raise StorageError(f"{path} is damaged: it is cut off")
        if hashlib.sha256(part).hexdigest() != known["sha256"]:
            raise StorageError(f"{path} is damaged: the checksum of {known['name']} does not match")
        sections[known["name"]] = part
        at += len(part)
    if at != len(data):
        raise StorageError(f"{path} is damaged: it has bytes beyond its end")
    wanted = _SECTIONS.get((about["format_version"], about["kind"]), [])
    if list(sections) != wanted + (["catalogue"] if "catalogue" in sections else []):
        raise StorageError(f"{path} is damaged: its sections are {', '.join(sections) or 'none'}")
    catalogue = None
    if "catalogue" in sections:
        catalogue = _columns(path, sections.pop("catalogue"))
    return about, sections, catalogue


def _header(path: Path, data: memoryview) -> tuple[dict[str, Any], int]:
    start = len(_MAGIC) + 8 + 32
    if bytes(data[: len(_MAGIC)]) != _MAGIC:
        raise StorageError(f"{path} is not a likewise index")
    length = int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 8], "little")
    if length > _LONGEST_HEADER or start + length > len(data):
        raise StorageError(f"{path} is damaged: it is cut off")
    header = bytes(data[start : start + length])
    if hashlib.sha256(header).digest() != bytes(data[start - 32 : start]):
        raise StorageError(f"{path} is damaged: the checksum of its header does not match")
    try:
        about = json.loads(header)
        version = about["format_version"]
        if not _whole(version, 1, FORMAT_VERSION):
            raise StorageError(
                f"{path} has format version {version!r}, this likewise reads 1 to {FORMAT_VERSION}"
            )
        _check_header(about)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise StorageError(f"{path} is damaged: its header has no sense ({error})") from None
    return about, start + length


def _check_header(about: dict[str, Any]) -> None:
    """Raise ValueError unless every field has the type and range it must have."""
    checks = {
        "kind": about["kind"] in _KINDS,
        "size": _whole(about["size"], 0, 2**31 - 1),
        "dim": _whole(about["dim"], 1, 1 << 20),
        "metric": about["metric"] in ("cosine", "dot"),
        "side": about["side"] in (None, "similar", "center", "context"),
        "ef": _whole(about["ef"], 1, 1 << 30) if about["kind"] == "hnsw" else about["ef"] is None,
        "fingerprint": about["fingerprint"] is None or isinstance(about["fingerprint"], str),
        "sections": isinstance(about["sections"], list)
        and all(
            isinstance(one["name"], str)
            and _whole(one["bytes"], 0, 1 << 60)
            and isinstance(one["sha256"], str)
            for one in about["sections"]
        ),
    }
    for name, right in checks.items():
        if not right:
            raise ValueError(f"{name} is {about[name]!r}")


def _whole(value: Any, lowest: int, highest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def _catalogue_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    whole: bytes = sink.getvalue().to_pybytes()
    return whole


def _columns(path: Path, part: memoryview) -> list[Any]:
    try:
        table = pq.read_table(pa.BufferReader(part), memory_map=False)
        table.validate(full=True)
        # The last one, all paths of an item, is there where an item has several.
        paths = "category_paths" if "category_paths" in table.column_names else "category"
        return [table.column(name).combine_chunks() for name in ("item_id", paths, "name")]
    except (pa.ArrowException, KeyError, ValueError, OSError) as error:
        raise damaged_catalogue(path, error) from None


def damaged_catalogue(path: Path, error: Exception) -> StorageError:
    """Return the error of a catalogue that cannot be read."""
    reason = " ".join(str(error).split())
    return StorageError(f"{path} is damaged: its catalogue cannot be read ({reason})")


def table_of(items: Any) -> Any:
    """Return the columns that a file keeps, all paths of an item where it has several."""
    if items is None or not items.has_several_paths:
        return None if items is None else items.table
    return items.table.append_column("category_paths", items.category_paths)


def vectors_of(about: dict[str, Any], part: memoryview) -> npt.NDArray[np.float32]:
    """Return the vectors of an exact index, float32 (size, dim); ValueError if they do not fit."""
    if len(part) != about["size"] * about["dim"] * 4:
        raise ValueError("its vectors do not fit its header")
    return np.frombuffer(part, dtype="<f4").reshape(about["size"], about["dim"])


def place(path: str | os.PathLike[str]) -> Path:
    """Return the path of an index that is there."""
    found = Path(path)
    if not found.exists():
        raise StorageError(f"{found} does not exist")
    if not found.is_file():
        raise StorageError(f"{found} is not a file; an index is one file")
    return found
