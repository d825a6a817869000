"""Progress of training: a bar on the terminal, what callers are told, the history that is kept."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from likewise.work.progress import heard, training_state

__all__ = ["Progress", "Watch"]

#: One progress record: epoch, epochs, events_done, events_total, pairs_done, loss_per_pair,
#: learning_rate, seconds.
Progress = dict[str, Any]

_HISTORY_RECORDS = 200


class Watch:
    """Receives the core's progress many times a second; passes on and keeps a readable share."""

    def __init__(self, progress: Callable[[Progress], None] | None, verbose: bool) -> None:
        self.history: list[Progress] = []
        self._progress = progress
        self._bar: Any = None
        self._verbose = verbose
        self._next_call = 0.0
        self._next_record = 0.0
        self._done = False

    def __call__(self, record: Progress) -> None:
        """Take a record of the core."""
        # The words may teach their n-grams for a while after the last event: `done` is said once.
        done = record["events_done"] == record["events_total"] and not self._done
        self._done = self._done or done
        now = time.monotonic()
        if done or now >= self._next_record:
            self._keep(record, now)
        if done or now >= self._next_call:
            self._next_call = now + 0.5
            if self._verbose:
                self._show(record)
            if self._progress is not None:
                self._progress(record)

    def _keep(self, record: Progress, now: float) -> None:
        if self.history and self.history[-1]["events_done"] == record["events_done"]:
            return
        self.history.append(record)
        self._next_record = now + 0.25
        if len(self.history) > _HISTORY_RECORDS:  # thin out, keep the ends
            self.history = [*self.history[:-1:2], self.history[-1]]

    def _show(self, record: Progress) -> None:
        if sys.stderr is None:  # as in services: nobody is there to see it
            return
        if self._bar is None:
            with heard():
                from tqdm import tqdm

                self._bar = tqdm(
                    total=record["events_total"],
                    unit=" events",
                    unit_scale=True,
                    desc="training",
                    file=sys.stderr,
                )
        if self._bar is not None:
            with heard(self._bar):
                self._bar.set_postfix_str(training_state(record), refresh=False)
                self._bar.update(record["events_done"] - self._bar.n)

    def close(self) -> None:
        """Take the bar from the terminal."""
        if self._bar is not None:
            with heard(self._bar):
                self._bar.close()
