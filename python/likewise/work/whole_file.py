"""Putting a new file in the place of an old one: all of it or nothing, whatever happens.

Owns the draft beside the file, the syncing to disk, the renaming, and the removal of drafts that a
killed process left behind. Knows nothing about what is in the file.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from likewise.errors import InputError, StorageError
from likewise.work.whole_folder import _escaped

__all__ = ["check_file_place", "whole_file"]

_WRITING = ".writing-"


@contextlib.contextmanager
def whole_file(path: Path, suffixes: Sequence[str] = ()) -> Iterator[Path]:
    """Give a file beside ``path`` to write into; it takes its place when the block ends well.

    Raises
    ------
    StorageError
        When it cannot be written, or what is there is no file. Nothing is left behind then.
    """
    place = check_file_place(path, suffixes)
    start = f".{place.name[:80]}{_WRITING}"
    draft, lock = None, -1
    try:
        _remove_leftovers(place.parent, start)
        draft, lock = _new_draft(place.parent, start)
        yield draft
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(place)
        _sync_folder(place.parent)
    except (StorageError, InputError):
        raise
    except OSError as error:
        # Arrow raises without errno in the usual place now and then; its text has the reason.
        reason = os.strerror(error.errno) if error.errno else " ".join(str(error).split())
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            reason = f"files cannot be made in {path.parent}"
        raise StorageError(f"cannot write {path}: {reason.rstrip('.')}") from error
    finally:
        if lock >= 0:
            os.close(lock)
        if draft is not None:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)


def check_file_place(path: Path, suffixes: Sequence[str] = ()) -> Path:
    """Return where a file would be written; raise StorageError where none can be."""
    # A link is followed. A device (/dev/full, /dev/stdout) must never be replaced by a file.
    place = Path(os.path.realpath(path))
    if suffixes and path.suffix.lower() not in suffixes:
        raise StorageError(f"cannot write {path}: its name must end in {' or '.join(suffixes)}")
    if not place.parent.is_dir():
        raise StorageError(f"cannot write {path}: the folder {path.parent} does not exist")
    if place.exists() and not place.is_file():
        raise StorageError(f"cannot write {path}: it is there and is not a file")
    return place


def _new_draft(folder: Path, start: str) -> tuple[Path, int]:
    """Make a draft and hold it: its path and the handle of the lock, -1 where there are none."""
    while True:
        draft = folder / f"{start}{uuid.uuid4().hex[:12]}"
        draft.touch(exist_ok=False)
        try:
            lock = _lock(draft)
        except (BlockingIOError, FileNotFoundError):
            continue  # another process has just taken it for a leftover
        except OSError:  # file systems without locks
            return draft, -1
        if draft.exists():
            return draft, lock
        os.close(lock)


def _lock(path: Path) -> int:
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle


def _remove_leftovers(folder: Path, start: str) -> None:
    """Remove drafts that nobody holds any more: their process was killed."""
    for path in folder.glob(f"{_escaped(start)}*"):
        with contextlib.suppress(OSError):
            lock = _lock(path)
            try:
                # One that was made a moment ago and is not locked yet goes, too: its maker notices.
                path.unlink(missing_ok=True)
            finally:
                os.close(lock)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
