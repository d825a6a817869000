"""Putting a new folder in the place of an old one: all of it or nothing, whatever happens.

Owns the temporary folder beside the target, the syncing to disk, the exchange, and the removal of
what a killed process left behind. Knows nothing about what is in the folder.
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
from collections.abc import Callable, Iterator
from pathlib import Path

from likewise.errors import StorageError

_WRITING = ".writing-"
_REPLACED = ".replaced-"


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
    folder: Path | None = None
    lock = -1
    try:
        _check_target(target, place, is_model)
        with _locked(place.parent):
            _remove_leftovers(place)
            folder = place.parent / f".{place.name}{_WRITING}{uuid.uuid4().hex[:12]}"
            folder.mkdir()
            # Held while writing: a leftover is what nobody holds any more, even after kill -9.
            with contextlib.suppress(OSError):  # file systems without locks
                lock = _lock(folder)
        yield folder
        for path in [*folder.iterdir(), folder]:
            _sync(path)
        with _locked(place.parent):
            _check_target(target, place, is_model)
            _put_in_place(folder, place)
            _sync(place.parent)
    except StorageError:
        raise
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else " ".join(str(error).split())
        raise StorageError(f"cannot save {target}: {reason}") from error
    finally:
        if lock >= 0:
            os.close(lock)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


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


def _remove_leftovers(place: Path) -> None:
    """Remove what killed processes left; put the old folder back where they left none."""
    for path in place.parent.glob(f".{_escaped(place.name)}{_REPLACED}*"):
        if place.exists():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.rename(place)
    for path in place.parent.glob(f".{_escaped(place.name)}{_WRITING}*"):
        lock = -1
        with contextlib.suppress(OSError):
            lock = _lock(path)
        if lock >= 0:
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _lock(path: Path, wait: bool = False) -> int:
    """Open and lock a folder; raises BlockingIOError when another process holds it."""
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
