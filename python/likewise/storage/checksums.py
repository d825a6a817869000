"""Checksums of the files of a model: one that any tool can compare, and one that is quick.

Owns how both are made. The quick one is compared where a model has it: it finds damage ten times as
fast, on all threads. Neither keeps anybody from changing a file on purpose. Used by models.py.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

import likewise._core as _core

__all__ = ["agrees", "checksums_of", "sha256_of"]

# Bytes of a file that one thread hashes at a time; part of the format.
_PIECE = 1 << 20


def checksums_of(path: Path) -> dict[str, str]:
    """Return the checksums of a file by their names, in hexadecimal digits."""
    return {"sha256": sha256_of(path), "xxh64": quick_of(path)}


def agrees(path: Path, known: dict[str, Any]) -> bool:
    """Tell whether a file is what its checksums say: the quick one where there is one."""
    if "xxh64" in known:
        return quick_of(path) == str(known["xxh64"])
    return sha256_of(path) == str(known.get("sha256"))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    buffer = bytearray(1 << 20)
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(buffer):
            digest.update(memoryview(buffer)[:size])
    return digest.hexdigest()


def quick_of(path: Path) -> str:
    """Return the XXH64 of the XXH64 of every megabyte of a file, 8 bytes each, little endian."""
    if path.stat().st_size == 0:
        pieces = np.zeros(0, np.uint64)
    else:
        pieces = _core.hash_pieces(np.memmap(path, np.uint8, "r"), _PIECE)
    return f"{_core.hash64(pieces.astype('<u8').tobytes(), 0):016x}"
