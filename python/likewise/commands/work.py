"""Commands at work: progress that has no training in it, and places that are checked before.

Owns what is shown on standard error meanwhile. Knows nothing about what is done.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
from tqdm import tqdm

from likewise.commands.output import Progress, whole_file

__all__ = ["WorkProgress", "check_places"]


class WorkProgress(Progress):
    """Shows work: called with what is done and what there is in all."""

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
        if sys.stderr.isatty():
            if self._bar is None:
                self._bar = tqdm(
                    total=total, desc=self._label, file=sys.stderr, leave=False, dynamic_ncols=True,
                    bar_format="{desc}: {percentage:3.0f}% |{bar}| {remaining} left",
                )  # fmt: skip
            self._bar.update(done - self._bar.n)
        elif self._line_is_due():
            since = done - self._first
            left = (time.monotonic() - self._began) * (total - done) / max(since, 1)
            remaining = f", {left:,.0f} s left" if since else ""
            click.echo(f"{self._label}: {done / max(total, 1):4.0%}{remaining}", err=True)


def check_places(paths: tuple[Path, ...], suffixes: tuple[str, ...]) -> None:
    """Find out before the work whether files can be written there; leaves nothing behind."""

    class _EnoughError(Exception):
        pass

    for path in paths:
        try:
            with whole_file(path, suffixes):
                raise _EnoughError
        except _EnoughError:
            pass
