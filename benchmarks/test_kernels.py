"""Kernel sets side by side: the same training under each set that this machine can run.

A set is chosen once a process, so each training is a process of its own. extra_info tells tokens a
second and the share of the fastest set's speed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

import likewise._core as _core
from support.machine import BENCHMARKS

CHILD = """
import json, sys
sys.path.insert(0, {benchmarks!r})
from support.machine import core_time, skip_rebuild
skip_rebuild()
import likewise as lw
from support.corpora import Corpus, read_sessions
sessions = read_sessions(Corpus("shop", {events}, {items}))
with core_time() as seconds:
    for _ in range({rounds}):
        model = lw.train(sessions, content={content}, epochs=1, threads={threads})
print(json.dumps({{"kernels": lw.kernels(), "tokens_per_second": sessions.n_events / min(seconds),
                   "pairs_per_second": model.history[-1]["pairs_done"] / min(seconds),
                   "loss_per_pair": model.history[-1]["loss_per_pair"]}}))
"""
fastest: dict[bool, float] = {}


@pytest.mark.parametrize("kernels", _core.supported_kernels())
@pytest.mark.parametrize("content", [False, True], ids=["identity", "content"])
def test_training(
    benchmark: Any, full: bool, rounds: int, threads: int, content: bool, kernels: str
) -> None:
    code = CHILD.format(
        benchmarks=str(BENCHMARKS),
        events=5_000_000 if full else 10_000,
        items=200_000 if full else 1_000,
        rounds=rounds,
        content=content,
        threads=threads,
    )

    def run() -> dict[str, Any]:
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "LIKEWISE_KERNELS": kernels},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout.splitlines()[-1])

    facts = benchmark.pedantic(run, rounds=1, iterations=1)
    assert facts["kernels"] == kernels
    # supported_kernels lists the fastest first, and it runs first.
    best = fastest.setdefault(content, facts["tokens_per_second"])
    benchmark.extra_info.update(facts, of_fastest=facts["tokens_per_second"] / best)
