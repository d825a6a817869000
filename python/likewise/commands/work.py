"""Places that are checked before the work."""

from __future__ import annotations

from pathlib import Path

from likewise.work.replacing import try_out, whole_file

__all__ = ["check_places"]


def check_places(paths: tuple[Path, ...], suffixes: tuple[str, ...]) -> None:
    """Find out before the work whether files can be written there; leaves nothing behind."""
    for path in paths:
        try_out(whole_file(path, suffixes))
