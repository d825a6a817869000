"""One measurement: a system trains on a prepared corpus, and what came out is scored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from .machine import peak, resident, skip_rebuild
from .systems import SYSTEMS, Setting, System, Trained


def quality(
    pairs: Path, trained: Trained, only: str | None = None, k: int = 20
) -> list[dict[str, Any]]:
    """Score what a system offers on the held-out pairs, by the rule of likewise.evaluate.

    center-center and center-context of every system that has such vectors; of ours also `similar`,
    which is what its users are given. only: one of these and no other.
    """
    held = np.load(pairs)
    ways = _scored(trained)
    if only is not None:
        ways = {only: ways[only]}
    rows = []
    for kind in sorted({name.split("/")[0] for name in held.files}):
        queries, targets = held[f"{kind}/queries"], held[f"{kind}/targets"]
        allowed = held[f"{kind}/allowed"] if f"{kind}/allowed" in held.files else None
        for scored, system in ways.items() if len(queries) else ():
            ranks, _ = system.ranks(queries, targets, allowed)
            found = ranks < k
            rows.append(
                {
                    "kind": kind,
                    "scored": scored,
                    f"hr@{k}": float(found.mean()),
                    f"mrr@{k}": float((1 / (ranks[found] + 1)).sum() / len(ranks)),
                    "n": len(ranks),
                }
            )
    return rows


def _scored(trained: Trained) -> dict[str, Any]:
    """Ways of asking a trained system, center vectors first."""
    from likewise.evaluation.ranking import sides_of
    from likewise.evaluation.systems import VectorSystem

    if trained.model is not None:
        similar, *sides = sides_of(trained.model, "")
        return {system.name.strip(): system for system in (*sides, similar)}
    systems = {"center-center": VectorSystem("", trained.center)}
    if trained.context is not None:
        systems["center-context"] = VectorSystem("", trained.center, trained.context)
    return systems


def work(task: dict[str, Any]) -> dict[str, Any]:
    """Run one measurement: called in a process of its own by versus.py."""
    skip_rebuild()
    base = resident()
    system: System = SYSTEMS[task["system"]]
    folder = Path(task["folder"])
    split = folder / task["split"]
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    setting: Setting = {**task["setting"], "compare": system.compares}
    setting["corpus_events"] = about["splits"][task["split"]]["events"]
    trained = system.run(folder, split, setting)
    highest = trained.highest or peak()
    process_seconds = trained.ended - task["began"]
    events = trained.notes.get("events", setting["corpus_events"])
    tokens = events * setting["epochs"]
    return {
        "system": system.name,
        "split": task["split"],
        "run": task["run"],
        "setting": {key: value for key, value in setting.items() if key != "corpus_events"},
        "events": events,
        "train_seconds": trained.seconds,
        "setup_seconds": trained.setup_seconds,
        "call_seconds": trained.seconds + trained.setup_seconds,
        "process_seconds": process_seconds,
        "tokens_per_second": tokens / trained.seconds,
        "peak_bytes": highest,
        "import_bytes": base,
        "quality": quality(split / "pairs.npz", trained, task["only"]) if task["quality"] else [],
        "notes": trained.notes,
    }
