"""A program of the benchmarks: its arguments, measurements in processes of their own, its files."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .machine import RESULTS, child_environment


class FailedError(Exception):
    """A measurement did not end well; the text is the last line that it wrote."""


def parser(about: str | None, examples: str) -> argparse.ArgumentParser:
    """Return a parser whose help shows text and examples as they stand."""
    return argparse.ArgumentParser(
        description=about, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def add_output(to: argparse.ArgumentParser) -> None:
    """Add where `write_result` puts results."""
    to.add_argument("--output", type=Path, default=RESULTS, help="default: benchmarks/results")


def parser_of_sets(about: str | None, seeds: list[int]) -> argparse.ArgumentParser:
    """Return a parser of a program that studies real sets with some seeds."""
    made = argparse.ArgumentParser(description=(about or "").split("\n")[0])
    made.add_argument("sets", nargs="+", help="folders of the shared data")
    made.add_argument("--seeds", type=int, nargs="+", default=seeds)
    made.add_argument("--threads", type=int, default=2)
    return made


def apart(program: str, task: dict[str, Any], python: str = sys.executable) -> dict[str, Any]:
    """Run ``program --worker`` on a task in a process of its own and return its record.

    The task has the number of threads, and is given the time at which the process began. The record
    is given ``outside``: seconds by the clock and of the CPU, from before the process to after it.
    python: the interpreter, where another installation is measured.
    """
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "task.json"
        path.write_text(json.dumps({**task, "began": time.time()}), encoding="utf-8")
        start, before = time.perf_counter(), _children()
        ran = subprocess.run(
            [python, program, "--worker", str(path)],
            env=child_environment(task["threads"]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        outside = {"seconds": time.perf_counter() - start, "cpu_seconds": _children() - before}
        if ran.returncode != 0:
            lines = ran.stderr.strip().splitlines() or [f"ended with {ran.returncode}"]
            raise FailedError(lines[-1])
        record: dict[str, Any] = json.loads(path.with_suffix(".out").read_text(encoding="utf-8"))
        return {**record, "outside": outside}


def _children() -> float:
    """Seconds of the CPU of all processes that this one has started and seen the end of."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def answer(worker: str, measure: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Be the process that `apart` started: measure what the task asks for."""
    path = Path(worker)
    record = measure(json.loads(path.read_text(encoding="utf-8")))
    path.with_suffix(".out").write_text(json.dumps(record), encoding="utf-8")


def write_result(output: Path, name: str, result: dict[str, Any], text: str) -> Path:
    """Write a result as JSON and Markdown, print the latter; return the path without a suffix.

    The name of the files ends with the date and the commit of ``result["machine"]``.
    """
    output.mkdir(parents=True, exist_ok=True)
    machine = result["machine"]
    stem = f"{output / name}-{machine['date'][:10]}-{machine['commit']}"
    Path(f"{stem}.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    Path(f"{stem}.md").write_text(text, encoding="utf-8")
    print(text)
    return Path(stem)
