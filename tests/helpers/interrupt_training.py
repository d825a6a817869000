"""interrupt_training.py: run by training/test_runs.py in a process of its own, since a Ctrl-C that
comes a moment too late would end the whole test run. Prints, as JSON, how long each one took.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

import numpy as np

from likewise import Catalogue, Sessions, train


def data(n_items: int, n_events: int) -> Sessions:
    rng = np.random.default_rng(2)
    words = np.array([f"word{i}" for i in range(n_items)])
    names = [" ".join(words[rng.integers(0, n_items, 4)]) for _ in range(n_items)]
    kinds = [f"kind {i % 50}" for i in range(n_items)]
    items = rng.integers(0, n_items, n_events).astype(np.int32)
    offsets = np.arange(0, n_events + 1, 10)
    return Sessions.from_arrays(
        items, offsets, Catalogue.from_arrays([f"i{i}" for i in range(n_items)], kinds, names)
    )


def seconds_to_stop(sessions: Sessions, after: float, **options: int) -> float:
    """From the signal to the KeyboardInterrupt that it becomes."""
    sent: list[float] = []

    def interrupt() -> None:
        started.wait()
        time.sleep(after)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    started = threading.Event()
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        train(sessions, epochs=1_000_000, progress=lambda _: started.set(), **options)
    except KeyboardInterrupt:
        return time.monotonic() - sent[0]
    finally:
        thread.join()
    raise SystemExit("training ended before it was interrupted")


def main() -> None:
    sessions = data(3000, 60_000)
    long = Sessions.from_arrays(sessions.items, np.array([0, 60_000]), sessions.catalogue)
    cases = {
        "one thread": (sessions, {"threads": 1}),
        "two threads": (sessions, {"threads": 2}),
        "one long session": (long, {"threads": 1, "window": 50, "dim": 200}),
        "independent": (sessions, {"threads": 2, "shared_negatives": False}),
        "teaching n-grams": (sessions, {"threads": 1, "stretch": 2, "dim": 200}),
    }
    seconds = {
        name: max(seconds_to_stop(chosen, after, **options) for after in (0.0, 0.03, 0.051))
        for name, (chosen, options) in cases.items()
    }
    before = threading.active_count()
    again = train(sessions, epochs=1, threads=2, dim=16)
    json.dump(
        {
            "seconds": seconds,
            "threads_left": before - 1,
            "finite_after": bool(np.isfinite(again.center).all()),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
