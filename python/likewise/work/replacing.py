"""Putting a new file or folder in the place of an old one: all of it or nothing, whatever happens.

Owns the draft beside the target, the syncing to disk, the renaming, and the removal of what a
killed process left behind. Knows nothing about what is in the file or the folder.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from likewise.errors import StorageError

__all__ = ["check_file_place", "folder_id", "left_behind", "new_folder", "try_out", "whole_file"]

_WRITING = ".writing-"
_REPLACED = ".replaced-"


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
        with _refusals(f"cannot write {path}", f"files cannot be made in {path.parent}"):
            _remove_leftovers(place.parent, start)
            draft, lock = _new_draft(place.parent, start)
            yield draft
            _sync(draft)
            draft.replace(place)
            with contextlib.suppress(OSError):  # it is there, and some file systems cannot
                _sync(place.parent)
    finally:
        _drop(draft, lock)


@contextlib.contextmanager
def new_folder(target: Path, *, is_model: Callable[[Path], bool]) -> Iterator[Path]:
    """Give a folder to write into, and put it in the target's place when the block ends well.

    A target that exists is replaced when ``is_model`` says it may be; readers find the old folder
    or the new one. When the block fails, or the process is killed, the target stays as it was.

    Raises
    ------
    StorageError
        When the target is something else, or anything cannot be written.
    """
    # A link is followed, so that what it points to is replaced and not the link.
    place = Path(os.path.realpath(target))
    folder, lock = None, -1
    try:
        with _refusals(f"cannot save {target}"):
            _check_target(target, place, is_model)
            with _locked(place.parent):
                _put_back(place)
                _remove_leftovers(place.parent, f".{place.name}{_WRITING}")
                folder = place.parent / f".{place.name}{_WRITING}{uuid.uuid4().hex[:12]}"
                folder.mkdir()
                # Held while writing: a leftover is what nobody holds any more, after kill -9, too.
                with contextlib.suppress(OSError):  # file systems without locks
                    lock = _lock(folder)
            yield folder
            for path in [*folder.iterdir(), folder]:
                _sync(path)
            with _locked(place.parent):
                _check_target(target, place, is_model)
                _put_in_place(folder, place)
                _sync(place.parent)
    finally:
        _drop(folder, lock)


def try_out(writing: contextlib.AbstractContextManager[Path]) -> None:
    """Find out before the work whether a file or folder can be written; leaves nothing behind."""

    class _EnoughError(Exception):
        pass

    with contextlib.suppress(_EnoughError), writing:
        raise _EnoughError


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


def folder_id(folder: Path) -> tuple[int, int] | None:
    """Return what changes when another folder takes this one's place; None when there is none."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def left_behind(target: Path) -> Path | None:
    """Return the old folder that a save killed between two renames left beside the target."""
    place = Path(os.path.realpath(target))
    return next(place.parent.glob(f".{_escaped(place.name)}{_REPLACED}*"), None)


def _check_target(target: Path, place: Path, is_model: Callable[[Path], bool]) -> None:
    if not place.parent.is_dir():
        raise StorageError(f"cannot save {target}: the folder {target.parent} does not exist")
    if not place.exists():
        return
    if not place.is_dir():
        raise StorageError(f"cannot save {target}: it is a file, and a model is a folder")
    if any(place.iterdir()) and not is_model(place):
        raise StorageError(
            f"cannot save {target}: the folder holds something other than a likewise model and "
            f"is left as it is"
        )


def _put_in_place(folder: Path, place: Path) -> None:
    if not place.exists():
        folder.rename(place)
        return
    if not _exchange(folder, place):
        # Without an exchange in one step there is a moment without a target; the old folder is
        # then beside it, and goes back when the second step fails.
        aside = place.parent / f".{place.name}{_REPLACED}{uuid.uuid4().hex[:12]}"
        place.rename(aside)
        try:
            folder.rename(place)
        except BaseException:
            aside.rename(place)
            raise
        aside.rename(folder)
    # What was the target is now the temporary folder, which the caller removes.


def _exchange(first: Path, second: Path) -> bool:
    """Swap two folders in one step, where the system can; False where it cannot."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of <fcntl.h> and <stdio.h>
    if renameat2(here, os.fsencode(first), here, os.fsencode(second), exchange) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.ENOTSUP):
        return False  # a file system without it
    raise OSError(code, os.strerror(code), str(second))


def _put_back(place: Path) -> None:
    """Put the old folder back where a killed process left none; one too many goes."""
    for path in place.parent.glob(f".{_escaped(place.name)}{_REPLACED}*"):
        if place.exists():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.rename(place)


# --- drafts and locks -----------------------------------------------------------------------------


@contextlib.contextmanager
def _refusals(what: str, missing: str = "") -> Iterator[None]:
    """Say what could not be done when the system refuses; `missing`: why, when a folder is."""
    try:
        yield
    except (StorageError, BrokenPipeError):  # the latter of no file: progress that nobody reads
        raise
    except OSError as error:
        # Arrow raises without errno in the usual place now and then; its text has the reason.
        reason = os.strerror(error.errno) if error.errno else " ".join(str(error).split())
        if missing and error.errno in (errno.ENOENT, errno.ENOTDIR):
            reason = missing
        raise StorageError(f"{what}: {reason.rstrip('.')}") from error


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


def _remove_leftovers(folder: Path, start: str) -> None:
    """Remove drafts that nobody holds any more: their process was killed."""
    for path in folder.glob(f"{_escaped(start)}*"):
        with contextlib.suppress(OSError):
            # One that was made a moment ago and is not locked yet goes, too: its maker notices.
            _drop(path, _lock(path))


def _drop(draft: Path | None, lock: int) -> None:
    """Remove a draft, where it is still there, and let go of it."""
    try:
        if draft is not None:
            with contextlib.suppress(OSError):
                if draft.is_dir():
                    shutil.rmtree(draft, ignore_errors=True)
                else:
                    draft.unlink(missing_ok=True)
    finally:
        if lock >= 0:
            os.close(lock)


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _lock(path: Path, wait: bool = False) -> int:
    """Open and lock a file or folder; raises BlockingIOError when another process holds it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle


@contextlib.contextmanager
def _locked(parent: Path) -> Iterator[None]:
    """Keep other savers out of the parent folder for a moment, where the file system can."""
    handle = -1
    with contextlib.suppress(OSError):
        handle = _lock(parent, wait=True)
    try:
        yield
    finally:
        if handle >= 0:
            os.close(handle)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # folders on some file systems
            raise
    finally:
        os.close(handle)
