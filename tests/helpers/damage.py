"""Ways to damage a saved model, for storage/test_damaged_models.py."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.numpy

from likewise.storage import checksums
from likewise.storage import model_json as _model_json

VECTORS, WEIGHTS = "vectors.safetensors", "weights.safetensors"
CATALOGUE, JSON = "catalogue.parquet", "model.json"
PREPARED = "prepared.safetensors"

Damage = Callable[[Path], object]


def truncate(name: str, share: float) -> Damage:
    return lambda folder: os.truncate(folder / name, int((folder / name).stat().st_size * share))


def flip(name: str, share: float) -> Damage:
    """Change one bit."""

    def damage(folder: Path) -> None:
        data = bytearray((folder / name).read_bytes())
        data[int(len(data) * share)] ^= 4
        (folder / name).write_bytes(data)

    return damage


def replace(name: str, data: bytes) -> Damage:
    return lambda folder: (folder / name).write_bytes(data)


def remove(name: str) -> Damage:
    return lambda folder: (folder / name).unlink()


def folder_instead(name: str) -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return damage


def describe_again(folder: Path) -> None:
    """Make sizes and checksums fit what is there, so that the next check has to find the damage."""
    about = json.loads((folder / JSON).read_text(encoding="utf-8"))
    for name, known in about["files"].items():
        known["bytes"] = (folder / name).stat().st_size
        known["sha256"] = checksums.sha256_of(folder / name)
        known.pop("xxh64", None)  # as in models of before
    del about["sha256"]
    _model_json.write(folder / JSON, about)


def edit(**changes: Any) -> Damage:
    """Change model.json, checksum and all; a value of ... removes the key."""

    def damage(folder: Path) -> None:
        about = json.loads((folder / JSON).read_text(encoding="utf-8"))
        for path, value in changes.items():
            *parents, key = path.split("__")
            place = about
            for parent in parents:
                place = place[parent]
            if value is ...:
                del place[key]
            else:
                place[key] = value
        about["sha256"] = _model_json._checksum(about)
        (folder / JSON).write_text(json.dumps(about), encoding="utf-8")

    return damage


def tensors(name: str, **changes: Any) -> Damage:
    """Write a safetensors file with other tensors, and describe it as it is."""

    def damage(folder: Path) -> None:
        arrays = safetensors.numpy.load_file(folder / name)
        for key, value in changes.items():
            tensor = key.replace("__", ".")
            if value is ...:
                del arrays[tensor]
            else:
                arrays[tensor] = value(arrays.get(tensor))
        safetensors.numpy.save_file(arrays, folder / name)
        describe_again(folder)

    return damage


def rewritten(name: str, data: bytes) -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).write_bytes(data)
        describe_again(folder)

    return damage


def header(about: object, data: bytes = b"") -> bytes:
    text = json.dumps(about).encode()
    return struct.pack("<Q", len(text)) + text + data


def columns(**changes: Any) -> Damage:
    """Write a catalogue with other columns, and describe it as it is."""

    def damage(folder: Path) -> None:
        table = pq.read_table(folder / CATALOGUE)
        for key, value in changes.items():
            if value is ...:
                table = table.drop_columns([key])
            elif key in table.column_names:
                at = table.column_names.index(key)
                table = table.set_column(at, pa.field(key, value.type, value.null_count > 0), value)
            else:
                table = table.append_column(key, value)
        pq.write_table(table, folder / CATALOGUE)
        describe_again(folder)

    return damage


def text(*values: str | None) -> pa.Array:
    return pa.array(values, pa.large_string())


def ids(*first: str | None) -> pa.Array:
    return text(*first, *(f"i{n}" for n in range(12 - len(first))))


def shortened(folder: Path) -> None:
    pq.write_table(pq.read_table(folder / CATALOGUE).slice(0, 5), folder / CATALOGUE)
    describe_again(folder)


def bad_utf8(folder: Path) -> None:
    table = pq.read_table(folder / CATALOGUE)
    broken = pa.array([b"\xff\xfe"] * 12, pa.large_binary())
    names = pa.Array.from_buffers(pa.large_string(), 12, broken.buffers())
    table = table.set_column(2, table.schema.field("name"), names)
    pq.write_table(table, folder / CATALOGUE)
    describe_again(folder)
