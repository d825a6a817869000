"""Long calls into other libraries that Ctrl-C can still stop, and batches made ahead of need.

Owns the one way of waiting: the call runs in a thread of its own, the caller looks up every
50 ms. Python hears Ctrl-C in the main thread alone, so what the libraries make of an interrupt
they see themselves (another error, or nothing at all) does not matter.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa

from likewise.doors import later

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = later("duckdb")

__all__ = ["ahead", "interruptible", "settle_arrow"]

T = TypeVar("T")
_settled = False


def interruptible(connection: duckdb.DuckDBPyConnection, work: Callable[[], T]) -> T:
    """Run a DuckDB call so that Ctrl-C stops it, and return what it returns."""
    return _in_thread(work, connection.interrupt)


def ahead(source: Iterator[T]) -> Iterator[T]:
    """Yield what an iterator does, of which the next is made in a thread while one is used.

    The first two are not: few of them are not worth a thread.
    """
    for _ in range(2):
        try:
            first = next(source)
        except StopIteration:
            return
        yield first
    made: queue.Queue[tuple[bool, object]] = queue.Queue(1)
    stopped = threading.Event()

    def put(is_item: bool, value: object) -> bool:
        while not stopped.is_set():
            with suppress(queue.Full):
                made.put((is_item, value), timeout=0.05)
                return True
        return False

    def run() -> None:
        try:
            for item in source:
                if not put(True, item):
                    return
            put(False, None)
        except BaseException as error:
            put(False, error)

    thread = threading.Thread(target=run, name="likewise-ahead", daemon=True)
    thread.start()
    try:
        while True:
            is_item, value = made.get()
            if is_item:
                yield value  # type: ignore[misc]
            elif isinstance(value, BaseException):
                raise value
            else:
                return
    finally:
        stopped.set()
        thread.join()


def settle_arrow() -> None:
    """Let pyarrow look for pandas now, once a process.

    It imports pandas at its first conversion, where it can, and drops any error of that import: a
    Ctrl-C in that half second would be lost and leave half a pandas behind.
    """
    global _settled
    if not _settled:
        _in_thread(lambda: pa.array(np.empty(0)), lambda: None)
        _settled = True


def _in_thread(work: Callable[[], T], stop: Callable[[], None]) -> T:
    """Run `work` elsewhere; interrupted, call `stop` until it has ended."""
    results: list[T] = []
    errors: list[BaseException] = []
    done = threading.Event()
    turn = threading.Lock()  # taken once: by the thread to begin, or by Ctrl-C to forestall it

    def run() -> None:
        if not turn.acquire(blocking=False):
            return
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)
        finally:
            done.set()

    try:
        threading.Thread(target=run, name="likewise-waiting", daemon=True).start()
        # Not Thread.join: interrupted, it takes a running thread for an ended one (Python 3.11).
        while not done.wait(0.05):
            pass
    except BaseException:
        while not (done.is_set() or turn.acquire(blocking=False)):
            with suppress(KeyboardInterrupt):  # pressed again: it is on its way
                stop()
                done.wait(0.05)
        raise
    if errors:
        raise errors[0]
    return results[0]
