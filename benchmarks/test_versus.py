"""What versus.py says of a comparison: the loop, the call and the process, each by its seconds."""

from __future__ import annotations

from typing import Any

from support.report import summarise, to_markdown

OURS = {"likewise": True, "gensim-word2vec": False}


def record(system: str, run: int, loop: float, setup: float, whole: float) -> dict[str, Any]:
    return {
        "system": system, "run": run, "split": "last", "quality": [], "load_before": 0.0,
        "tokens_per_second": 1000 / loop, "train_seconds": loop, "setup_seconds": setup,
        "call_seconds": loop + setup, "process_seconds": whole, "peak_bytes": 10**9,
    }  # fmt: skip


def test_ratios_of_the_call_stand_beside_those_of_the_loop() -> None:
    runs = [
        made
        for run in range(3)
        for made in (
            record("likewise", run, 1.0 + run, 1.0 + run, 8.0),
            record("gensim-word2vec", run, 20.0 + 20 * run, 4.0 + 4 * run, 40.0),
        )
    ]
    result: dict[str, Any] = {
        "machine": {
            "cpu": "a CPU", "cores": 2, "memory_gb": 8, "kernels": "scalar", "commit": "abc",
            "date": "2026-01-01", "versions": {"likewise": "1"},
        },
        "compare": "identity",
        "corpus": {
            "corpus": {"name": "shop"}, "items": 10,
            "splits": {"last": {"events": 1000, "sessions": 100, "mean_length": 10.0}},
        },
        "setting": {
            "epochs": 1, "dim": 8, "window": 5, "negatives": 5, "noise_exponent": 0.75,
            "threads": 1, "options": {},
        },
        "skipped": {}, "failures": [], "runs": runs, "ladder": [],
    }  # fmt: skip
    summary = result["summary"] = summarise(result, OURS)
    assert summary["systems"]["likewise"]["call_seconds"] == 4.0
    [ratio] = summary["ratios"]
    assert (ratio["speed"], ratio["call"], ratio["process"]) == (20.0, 12.0, 5.0)
    page = to_markdown(result)
    assert "20.0x the tokens/s, 12.0x by the call, 5.0x by the whole process" in page
    [head] = [line for line in page.splitlines() if line.startswith("| system ")]
    cells = [cell.strip() for cell in head.split("|")]
    [row] = [line for line in page.splitlines() if line.startswith("| likewise ")]
    assert row.split("|")[cells.index("call s")].strip() == "4.00"
    assert row.split("|")[cells.index("loop s")].strip() == "2.00"
