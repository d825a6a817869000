"""What a process may use of a machine: affinity, and quotas of control groups of both versions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import threadpoolctl

import likewise as lw
from helpers.cli_helpers import environment
from likewise.score.co_occurrence import CoOccurrence
from likewise.work import machine


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 16 cores and 8 GiB free memory, in control groups that a test writes."""
    monkeypatch.setattr(machine, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(machine, "_PROCESS", tmp_path / "process")
    monkeypatch.setattr(machine, "_MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    write(tmp_path, "meminfo", "MemTotal: 16777216 kB\nMemAvailable: 8388608 kB\n")
    return tmp_path


def write(system: Path, name: str, text: str) -> None:
    path = system / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_groups_the_machine_counts(system: Path) -> None:
    assert machine.usable_cores() == 16
    assert machine.free_memory() == 8 << 30


@pytest.mark.parametrize(
    ("quota", "cores"), [("150000 100000", 2), ("50000 100000", 1), ("max 100000", 16), ("", 16)]
)
def test_a_quota_of_version_2(system: Path, quota: str, cores: int) -> None:
    write(system, "process", "0::/pod/app\n")
    write(system, "groups/pod/app/cpu.max", quota)
    assert machine.usable_cores() == cores


def test_the_least_of_all_groups_counts(system: Path) -> None:
    write(system, "process", "0::/pod/app\n")
    write(system, "groups/pod/app/cpu.max", "max 100000")
    write(system, "groups/pod/cpu.max", "400000 100000")
    write(system, "groups/pod/memory.max", str(2 << 30))
    write(system, "groups/pod/memory.current", str(1 << 30))
    write(system, "groups/pod/memory.stat", f"anon 5\ninactive_file {1 << 28}\n")
    assert machine.usable_cores() == 4
    assert machine.free_memory() == (1 << 30) + (1 << 28)


@pytest.mark.parametrize(("quota", "cores"), [("-1", 16), ("50000", 1), ("250000", 3)])
def test_a_quota_of_version_1(system: Path, quota: str, cores: int) -> None:
    write(system, "process", "4:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n0::/\n")
    write(system, "groups/cpu/docker/abc/cpu.cfs_quota_us", quota)
    write(system, "groups/cpu/docker/abc/cpu.cfs_period_us", "100000")
    write(system, "groups/memory/memory.limit_in_bytes", str(3 << 30))  # as mounted in a container
    write(system, "groups/memory/memory.usage_in_bytes", str(1 << 30))
    assert machine.usable_cores() == cores
    assert machine.free_memory() == 2 << 30


def test_a_process_bound_to_one_core_trains_on_one_thread() -> None:
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system binds no processes to cores")
    program = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "import likewise as lw\n"
        "rows = [[str(i), str(i + 1)] for i in range(200)] * 20\n"
        "items = [{'item_id': str(i), 'name': f'lamp {i}'} for i in range(201)]\n"
        "one, two = (lw.train(rows, items, epochs=1, dim=8) for _ in range(2))\n"
        "print((one.center == two.center).all())"  # one thread and one seed are exact
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                         env=environment(), check=True)  # fmt: skip
    assert ran.stdout.strip() == "True"


def blas() -> list[int]:
    found = threadpoolctl.threadpool_info()
    return [pool["num_threads"] for pool in found if pool["user_api"] == "blas"]


@pytest.mark.parametrize("threads", [1, 2])
def test_linear_algebra_takes_the_threads_of_training(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine._blas.cache_clear()  # other tests may have loaded further libraries since
    before, inside = blas(), []
    assert before, "NumPy has a BLAS"
    learn = CoOccurrence.learn

    def look(*given: Any) -> Any:
        inside.append(blas())
        return learn(*given)

    monkeypatch.setattr(CoOccurrence, "learn", look)
    lw.train([["a", "b", "c"], ["b", "c"]], dim=4, epochs=1, threads=threads)
    assert inside == [[threads] * len(before)]
    assert blas() == before
