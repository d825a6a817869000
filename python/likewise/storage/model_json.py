"""model.json: what a saved model says about itself, with a checksum of its own.

Owns the format's name and version. Used by storage.py alone.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from likewise.errors import StorageError

FORMAT = "likewise model"
FORMAT_VERSION = 3

_MAX_BYTES = 1 << 28
_KINDS: dict[str, Any] = {
    "options": dict,
    "sizes": dict,
    "files": dict,
    "history": list,
    "created": str,
    "likewise_version": str,
    "unknown_weight": (int, float),
    "recipe": (dict, type(None)),
}


def write(path: Path, about: dict[str, Any]) -> None:
    """Write what is known about a model, under the format's name and version."""
    whole = {"format": FORMAT, "format_version": FORMAT_VERSION, **_plain(about)}
    whole["sha256"] = _checksum(whole)
    text = json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False)
    with path.open("w", encoding="utf-8") as file:
        file.write(text + "\n")


def read(path: Path, verify: bool) -> dict[str, Any]:
    """Read and check everything that does not depend on the other files.

    Raises StorageError naming the file and what is wrong with it.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise StorageError(f"{path} is damaged: {path.stat().st_size:,} bytes are too many")
    try:
        about = json.loads(path.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        raise StorageError(f"{path} is damaged: not UTF-8 at byte {error.start}") from error
    except (ValueError, RecursionError) as error:
        raise StorageError(f"{path} is damaged: not JSON ({one_line(error)})") from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise StorageError(f"{path} does not describe a likewise model")
    version = about.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise StorageError(f"{path} is damaged: format_version is {version!r}")
    if version > FORMAT_VERSION:
        raise StorageError(
            f"{path} has format version {version}, this likewise reads up to {FORMAT_VERSION}; "
            f"it was written by likewise {about.get('likewise_version', 'unknown')}"
        )
    if verify and about.get("sha256") != _checksum(about):
        raise StorageError(f"{path} is damaged: its checksum does not match")
    for key, kind in _KINDS.items():
        if key not in about or not isinstance(about[key], kind):
            raise StorageError(f"{path} is damaged: {key!r} is missing or of the wrong type")
    return about


def is_described(path: Path) -> bool | None:
    """Tell whether a model.json is one of ours; None when it is too damaged to say."""
    try:
        about = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    return isinstance(about, dict) and about.get("format") == FORMAT


def one_line(error: BaseException) -> str:
    """Return the error's text on one line, not too long."""
    return " ".join(str(error).split())[:200]


def _plain(value: Any) -> Any:
    """Turn NumPy scalars into Python ones, and what JSON cannot hold (not a number) into null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _checksum(about: dict[str, Any]) -> str:
    """Return the checksum of all the content but the checksum itself."""
    rest = {key: value for key, value in about.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
