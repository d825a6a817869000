"""What a measurement was made on (CPU, kernels, commit, versions) and what memory it took."""

from __future__ import annotations

import contextlib
import gc
import importlib.metadata
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).resolve().parent.parent
RESULTS = BENCHMARKS / "results"
PEERS = ("gensim", "faiss-cpu", "fasttext-wheel", "fasttext", "pyspark")
PACKAGES = (*PEERS, "numpy", "pyarrow", "duckdb")


def data_folder() -> Path | None:
    """Return the folder of real data sets: LIKEWISE_DATA, or ../shared beside the project."""
    given = os.environ.get("LIKEWISE_DATA")
    for place in (Path(given) if given else None, BENCHMARKS.parent.parent / "shared"):
        if place is not None and (place / "data").is_dir():
            return place / "data"
    return None


def cpu_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def cpu_caches() -> dict[str, str]:
    """Return sizes of the first core's caches as the system tells them, such as {"L2": "1024K"}."""
    caches = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        with contextlib.suppress(OSError):
            kind = (index / "type").read_text().strip()
            level = (index / "level").read_text().strip()
            if kind != "Instruction":
                caches[f"L{level}"] = (index / "size").read_text().strip()
    return caches


def commit() -> str:
    """Return the commit of the repository, with a mark when files differ from it."""

    def git(*words: str) -> str:
        ran = subprocess.run(
            ["git", *words], cwd=BENCHMARKS, capture_output=True, text=True, check=False
        )
        return ran.stdout.strip() if ran.returncode == 0 else ""

    number = git("rev-parse", "--short", "HEAD")
    if not number:
        return "unknown"
    changed = git("status", "--porcelain", "--untracked-files=no", "--", "../csrc", "../python")
    return number + ("+changes" if changed else "")


def facts(threads: int | None = None) -> dict[str, Any]:
    """Describe the machine and the software; no host names and no paths."""
    import likewise

    versions = {"likewise": likewise.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    record: dict[str, Any] = {
        "cpu": cpu_name(),
        "caches": cpu_caches(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.system(),
        "kernels": likewise.kernels(),
        "commit": commit(),
        "date": datetime.now(timezone.utc).isoformat(timespec="minutes"),
        "versions": versions,
    }
    if threads is not None:
        record["threads"] = threads
    return record


def child_environment(threads: int) -> dict[str, str]:
    """Return the environment of a measured process: as many threads as asked for."""
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": str(threads),
        "PYTHONHASHSEED": "1",
    }


@contextlib.contextmanager
def core_time(before: Callable[[dict[str, Any]], None] | None = None) -> Iterator[list[float]]:
    """Collect the seconds of each training loop: likewise.train without reading features.

    before: called with what the core is given, when the loop is about to begin.
    """
    import likewise._core as _core

    inner, seconds = _core.train, []

    def timed(*args: Any, **named: Any) -> Any:
        if before is not None:
            before(named)
        start = time.perf_counter()
        result = inner(*args, **named)
        seconds.append(time.perf_counter() - start)
        return result

    _core.train = timed  # type: ignore[assignment]
    try:
        yield seconds
    finally:
        _core.train = inner


def skip_rebuild() -> None:
    """Keep an editable install from being rebuilt on import; call before importing likewise."""
    for finder in sys.meta_path:
        if hasattr(finder, "rebuild_flag"):
            finder.rebuild_flag = False


def load_average() -> float:
    """Return how many threads wanted to run in the last minute: above 0.5, others are at work."""
    return round(os.getloadavg()[0], 2)


def _status(field: str) -> int | None:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    return None


def resident() -> int:
    """Return the bytes of this process that are in memory now."""
    now = _status("VmRSS")
    return peak() if now is None else now


def peak() -> int:
    """Return the most bytes that this process has had in memory, since `forget_peak`.

    Linux's ``ru_maxrss`` of a child begins with what its parent had when it forked, so the
    kernel's own high-water mark of the address space is read where there is one.
    """
    most = _status("VmHWM")
    if most is not None:
        return most
    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def forget_peak() -> bool:
    """Begin a new high-water mark; False where the system has no way to."""
    gc.collect()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        return True
    return False
