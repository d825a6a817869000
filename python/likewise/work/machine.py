"""The machine: how many cores and how much memory this process may use.

Owns what counts besides the hardware: the cores that a process is bound to, and the quotas of
control groups (containers, Kubernetes limits), version 1 and 2; and how many threads the linear
algebra of NumPy takes.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np  # noqa: F401  so that its BLAS is there to be found
from threadpoolctl import ThreadpoolController

__all__ = ["blas_threads", "free_memory", "usable_cores"]

_GROUPS = Path("/sys/fs/cgroup")
_PROCESS = Path("/proc/self/cgroup")
_MEMORY = Path("/proc/meminfo")


def usable_cores() -> int:
    """Return how many cores this process may use, at least 1.

    Those it is bound to, and no more than its quota of time, rounded up.
    """
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    for folder in _folders("cpu"):
        quota = _numbers(folder / "cpu.max") or [
            number
            for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            for number in _numbers(folder / name)
        ]
        if len(quota) == 2 and min(quota) > 0:
            cores = min(cores, math.ceil(quota[0] / quota[1]))
    return max(1, cores)


@contextmanager
def blas_threads(threads: int) -> Iterator[None]:
    """Let NumPy's linear algebra (BLAS) take so many threads inside, 0 for the usable cores.

    It counts the cores of the machine by itself, whatever a quota says, and its threads wait for
    work by spinning: on a busy machine they cost more than they do.
    """
    with _blas().limit(limits=threads or usable_cores(), user_api="blas"):
        yield


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def free_memory() -> int | None:
    """Return the bytes that this process can still take; None where the system does not tell.

    What is available on the machine, and no more than the limit of its control groups leaves.
    """
    free = None
    for line in _text(_MEMORY).splitlines():
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) * 1024
    for folder in _folders("memory"):
        for most, used in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            limit, taken = _numbers(folder / most), _numbers(folder / used)
            if limit and taken:
                # Pages of files that nobody needs now are given back when memory is short.
                left = max(0, limit[0] - taken[0] + _idle_pages(folder))
                free = left if free is None else min(free, left)
    return free


def _folders(controller: str) -> Iterator[Path]:
    """Yield the folders of the control groups that a process is in, from its own to the root."""
    for line in _text(_PROCESS).splitlines():
        _, names, path = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        root = _GROUPS / controller if names else _GROUPS
        own = root / path.strip("/")
        # In a container the path may be that of the host, and its group is what is mounted here.
        yield from (own, *(up for up in own.parents if up.is_relative_to(root)))


def _idle_pages(folder: Path) -> int:
    for line in _text(folder / "memory.stat").splitlines():
        name, _, number = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return int(number)
    return 0


def _numbers(path: Path) -> list[int]:
    """Return the whole numbers of a file, none where one is no number or there is no file."""
    words = _text(path).split()
    return [int(word) for word in words] if all(w.lstrip("-").isdigit() for w in words) else []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
