"""Wall and CPU seconds of the stages of one process, and of what runs inside them.

A stage is a stretch of the process, one after the other; an inner one is a function that is called
within a stage, once or many times, here or in another thread.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator
from typing import Any


class Stages:
    """Collects the stages of this process, which began at ``began`` (time.time() of its parent).

    Seconds of the CPU are those of all threads of the process. `records` has, for each stage,
    ``stage``, ``within`` (the stage that it is a part of, or None), ``seconds``, ``cpu_seconds``.
    """

    def __init__(self, began: float) -> None:
        self.records: list[dict[str, Any]] = []
        self._began = began
        self._running: str | None = None

    def started(self) -> None:
        """End the first stage: the start of Python, and imports."""
        self.add("start", time.time() - self._began, time.process_time())

    def add(
        self, stage: str, seconds: float, cpu_seconds: float, within: str | None = None
    ) -> None:
        for record in self.records:
            if record["stage"] == stage and record["within"] == within:
                record["seconds"] += seconds
                record["cpu_seconds"] += cpu_seconds
                return
        self.records.append(
            {"stage": stage, "within": within, "seconds": seconds, "cpu_seconds": cpu_seconds}
        )

    @contextlib.contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time a stage."""
        start, cpu = time.perf_counter(), time.process_time()
        place = len(self.records)
        self._running = stage
        try:
            yield
        finally:
            self._running = None
            inner = self.records[place:]
            self.records[place:] = []
            self.add(stage, time.perf_counter() - start, time.process_time() - cpu)
            self.records += inner

    @contextlib.contextmanager
    def inside(self, owner: Any, function: str, stage: str) -> Iterator[None]:
        """Time what a function of a module or a class takes, as part of the stage that runs."""
        plain = getattr(owner, function, None)
        if plain is None:  # another version of a library has no such function
            yield
            return

        @functools.wraps(plain)
        def timed(*values: Any, **named: Any) -> Any:
            start, cpu = time.perf_counter(), time.process_time()
            try:
                return plain(*values, **named)
            finally:
                took = time.perf_counter() - start, time.process_time() - cpu
                self.add(stage, *took, self._running)

        setattr(owner, function, timed)
        try:
            yield
        finally:
            setattr(owner, function, plain)

    def seconds(self, stage: str) -> float | None:
        """Return the seconds of a stage, None where there was none of that name."""
        for record in self.records:
            if record["stage"] == stage:
                return float(record["seconds"])
        return None
