"""From the records of job.py to medians, ratios of the paired runs and a Markdown table."""

from __future__ import annotations

import statistics
from typing import Any

from .report import machine_line, times

Records = list[dict[str, Any]]

# Where stages stand in a table, those of other names before the end.
ORDER = ("start", "reading", "load", "train call", "- vocabulary", "- loop", "- call less loop",
         "neighbours", "- vectors and index", "writing")  # fmt: skip


def flat(record: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Return wall and CPU seconds of each stage of a run, and of the whole, inner ones marked.

    What is written while lists are made stands beside them, and a call's time outside its loop is
    told as well; "end" is what nothing else accounts for, the end of Python above all.
    """
    rows: dict[str, tuple[float, float]] = {}
    for stage in record["stages"]:
        took = stage["seconds"], stage["cpu_seconds"]
        if stage["within"] == "neighbours" and stage["stage"] == "writing":
            rows["neighbours"] = _less(rows["neighbours"], took)
        rows[_label(stage)] = took
        if _label(stage) == "- loop":
            rows["- call less loop"] = _less(rows["train call"], took)
    outer = [took for name, took in rows.items() if not name.startswith("- ")]
    known = sum(wall for wall, _ in outer), sum(cpu for _, cpu in outer)
    if record["notes"].get("whole") == "commands":  # what started them is not a part of it
        return {**rows, "whole": known}
    whole = record["outside"]["seconds"], record["outside"]["cpu_seconds"]
    return {**rows, "end": _less(whole, known), "whole": whole}


def _label(stage: dict[str, Any]) -> str:
    inner = stage["within"] and stage["stage"] != "writing"
    return f"- {stage['stage']}" if inner else str(stage["stage"])


def _less(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return max(0.0, one[0] - other[0]), max(0.0, one[1] - other[1])


def summarise(runs: Records, systems: list[str]) -> dict[str, Any]:
    """Return medians of each system, and the medians of paired ratios of ours to every other."""
    found = {name: _medians([r for r in runs if r["system"] == name]) for name in systems}
    found = {name: row for name, row in found.items() if row}
    ratios = []
    for ours, others in (
        ("ours", ("ours-old", "gensim")),
        ("ours-old", ("gensim",)),
        ("ours-command", ("ours-command-old",)),
    ):
        ratios += [
            _paired(runs, ours, other) for other in others if ours in found and other in found
        ]
    return {"systems": found, "ratios": ratios}


def _medians(runs: Records) -> dict[str, Any]:
    if not runs:
        return {}
    rows = [flat(run) for run in runs]
    stages = {
        name: [statistics.median(row[name][part] for row in rows if name in row) for part in (0, 1)]
        for name in _order(rows)
    }
    made: dict[str, Any] = {
        "runs": len(runs),
        "stages": stages,
        "peak_bytes": statistics.median(run["peak_bytes"] for run in runs),
        "notes": runs[-1]["notes"],
    }
    for key in ("hr@20", "true_recall"):
        values = [run[key] for run in runs if run.get(key) is not None]
        if values:
            made[key] = statistics.median(values)
    return made


def _order(rows: list[dict[str, Any]]) -> list[str]:
    """Return the stages of all rows, each once; the whole last."""
    names = dict.fromkeys(name for row in rows for name in row)
    others = [name for name in names if name not in (*ORDER, "end", "whole")]
    return [name for name in (*ORDER, *others, "end", "whole") if name in names]


def _paired(runs: Records, ours: str, other: str) -> dict[str, Any]:
    """Return ours by the other's of every stage that both have: wall and CPU seconds, memory."""
    mine = {run["run"]: run for run in runs if run["system"] == ours}
    theirs = {run["run"]: run for run in runs if run["system"] == other}
    pairs = [(mine[run], theirs[run]) for run in sorted(set(mine) & set(theirs))]
    rows = [(flat(one), flat(two)) for one, two in pairs]
    stages = {}
    for name in _order([row for pair in rows for row in pair]):
        parts = []
        for part in (0, 1):
            values = [
                one[name][part] / two[name][part]
                for one, two in rows
                if name in one and name in two and two[name][part]
            ]
            parts.append(statistics.median(values) if values else None)
        if parts[0] is not None:
            stages[name] = parts
    memory = [one["peak_bytes"] / two["peak_bytes"] for one, two in pairs if two["peak_bytes"]]
    return {
        "system": ours,
        "other": other,
        "pairs": len(pairs),
        "stages": stages,
        "memory": statistics.median(memory) if memory else None,
    }


def to_markdown(result: dict[str, Any]) -> str:
    """Everything that a reader of one job needs, in one page."""
    summary = result["summary"]
    systems = summary["systems"]
    lines = [
        f"# {result['title']}",
        "",
        result["about"],
        "",
        machine_line(result),
        "",
        "Medians, seconds by the clock (of the CPU, all threads), share of the whole process by "
        "the clock. `-`: a part of the stage above.",
        "",
        f"| stage | {' | '.join(systems)} |",
        "| --- |" + " --- |" * len(systems),
    ]
    for stage in _order([row["stages"] for row in systems.values()]):
        lines.append(f"| {stage} | " + " | ".join(_cell(r, stage) for r in systems.values()) + " |")
    lines.append(
        "| peak memory, GB | "
        + " | ".join(f"{row['peak_bytes'] / 1e9:.2f}" for row in systems.values())
        + " |"
    )
    for label, key in (("HR@20 of the lists as written", "hr@20"), ("true recall", "true_recall")):
        if any(key in row for row in systems.values()):
            texts = [f"{row[key]:.4f}" if key in row else "" for row in systems.values()]
            lines.append(f"| {label} | " + " | ".join(texts) + " |")
    told = [row["notes"].get("recall") for row in systems.values()]
    if any(value is not None for value in told):
        texts = ["" if value is None else f"{value:.4f}" for value in told]
        lines.append("| recall as reported | " + " | ".join(texts) + " |")
    lines += [""] + [_sentence(ratio) for ratio in summary["ratios"]]
    lines += [f"- {text}" for text in result.get("remarks", [])]
    lines += [f"- {name}: not run: {why}." for name, why in result["skipped"].items()]
    lines += [f"- {failed['system']}: failed: {failed['error']}" for failed in result["failures"]]
    return "\n".join(lines) + "\n"


def _cell(row: dict[str, Any], stage: str) -> str:
    if stage not in row["stages"]:
        return ""
    wall, cpu = row["stages"][stage]
    share = wall / max(row["stages"]["whole"][0], 1e-9)
    return f"{wall:.3g} ({cpu:.3g})" + ("" if stage == "whole" else f", {share:.0%}")


def _sentence(ratio: dict[str, Any]) -> str:
    """Say how ours is to the other: of peers how many times sooner, of an older one the ratios."""
    older = ratio["other"].endswith("-old")
    parts = []
    for name, (wall, cpu) in ratio["stages"].items():
        if name == "end" or (name.startswith("- ") and name != "- loop" and not older):
            continue
        if older:
            parts.append(f"{name} {wall:.2f}" + ("" if cpu is None else f" (CPU {cpu:.2f})"))
        else:
            sooner = times(1 / wall) if wall else "?"
            parts.append(f"{name} {sooner}" + (f" (CPU {times(1 / cpu)})" if cpu else ""))
    memory = "" if ratio["memory"] is None else f"; memory {ratio['memory']:.2f} of its"
    how = "seconds by its seconds" if older else "as many times sooner"
    return (
        f"- {ratio['system']} against {ratio['other']} ({ratio['pairs']} paired runs), {how}: "
        f"{', '.join(parts)}{memory}."
    )
