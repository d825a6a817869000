"""Progress on standard error: a bar in a terminal, a line now and then elsewhere.

Owns how work is shown meanwhile, and that nobody has to watch: a stream that is closed, broken or
not there never ends the work. Knows nothing about what is done.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any, TypeVar

__all__ = ["Steps", "TrainingProgress", "WorkProgress", "heard", "say", "training_state"]

Shown = TypeVar("Shown", bound="_Progress")


def say(text: str, end: str = "\n", *, stream: Any = None) -> None:
    """Write a line on standard error, or on another stream, if there is anybody to read it.

    A service may have no standard streams (None), and whoever read one may be gone.
    """
    stream = sys.stderr if stream is None else stream
    if stream is None:
        return
    with contextlib.suppress(OSError, ValueError):
        stream.write(text + end)
        getattr(stream, "flush", lambda: None)()


@contextlib.contextmanager
def heard(bar: Any = None) -> Iterator[None]:
    """Let a bar of tqdm fall silent when whoever watched it is gone."""
    try:
        yield
    except (OSError, ValueError):
        if bar is not None:
            bar.disable = True  # or it would try once more when it is forgotten


def in_terminal() -> bool:
    """Tell whether standard error is a terminal."""
    with contextlib.suppress(OSError, ValueError):  # it may be closed
        return bool(getattr(sys.stderr, "isatty", lambda: False)())
    return False


class _Progress:
    """What all of them share: a bar that is closed at the end, and when a line is due.

    Parameters
    ----------
    label : str
        What is done.
    quiet : bool
        Show nothing.
    """

    _LINE_SECONDS = 10.0
    _BAR = "{desc}: {percentage:3.0f}% |{bar}| {remaining} left"

    def __init__(self, label: str, quiet: bool = False) -> None:
        self._label = label
        self._quiet = quiet
        self._bar: Any = None
        self._next_line = time.monotonic() + self._LINE_SECONDS

    def __enter__(self: Shown) -> Shown:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            with heard(self._bar):
                self._bar.close()
            self._bar = None

    def _show(self, done: int, total: int, state: str, left: float | None) -> None:
        """Move the bar or, where it is time for one, say a line; `left` in seconds, if known."""
        if in_terminal():
            if self._bar is None or self._bar.total != total:
                self.__exit__()
                with heard():
                    from tqdm import tqdm

                    self._bar = tqdm(
                        total=total, desc=self._label, file=sys.stderr, leave=False,
                        dynamic_ncols=True, bar_format=self._BAR,
                    )  # fmt: skip
            if self._bar is not None:
                with heard(self._bar):
                    self._bar.set_postfix_str(state, refresh=False)
                    self._bar.update(done - self._bar.n)
        else:
            remaining = "" if left is None else f"{left:,.0f} s left"
            parts = (f"{done / max(total, 1):4.0%}", state, remaining)
            self._say(", ".join(part for part in parts if part))

    def _say(self, text: str) -> None:
        """Write a line, unless the last one was a moment ago."""
        if time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + self._LINE_SECONDS
            say(f"{self._label}: {text}")


class TrainingProgress(_Progress):
    """Shows training: called with the records of ``likewise.train``."""

    _BAR = "{desc}: {percentage:3.0f}% |{bar}| {postfix}, {remaining} left"

    def __init__(self, label: str = "training", quiet: bool = False) -> None:
        super().__init__(label, quiet)

    def __call__(self, record: dict[str, Any]) -> None:
        """Take note of a record."""
        if self._quiet:
            return
        state = training_state(record)
        done, total = record["events_done"], record["events_total"]
        self._show(done, total, state, record["seconds"] * (total - done) / max(done, 1))


def training_state(record: dict[str, Any]) -> str:
    """Return how far training is and how fast it goes."""
    rate = record["pairs_done"] / max(record["seconds"], 1e-9) / 1e6
    return (
        f"epoch {record['epoch'] + 1}/{record['epochs']}, {rate:.1f} M pairs/s, "
        f"loss {record['loss_per_pair']:.3f}"
    )


class WorkProgress(_Progress):
    """Shows other work: called with what is done and what there is in all."""

    def __init__(self, label: str, quiet: bool = False) -> None:
        super().__init__(label, quiet)
        self._began: float | None = None
        self._first = 0  # what was done when it was first heard of

    def __call__(self, done: int, total: int) -> None:
        """Take note of progress."""
        if self._quiet:
            return
        if self._began is None:  # other work may have come before
            self._began, self._first = time.monotonic(), done
        since = done - self._first
        seconds = time.monotonic() - self._began
        self._show(done, total, "", seconds * (total - done) / since if since > 0 else None)


class Steps(_Progress):
    """Says what is done, in a terminal at once: called with the name of the next step."""

    def __exit__(self, *_: object) -> None:
        if in_terminal() and not self._quiet:
            say("\r\033[K", end="")

    def __call__(self, text: str) -> None:
        """Say what comes next."""
        if self._quiet:
            return
        if in_terminal():
            say(f"\r\033[K{self._label}: {text}", end="")
        else:
            self._say(text)
