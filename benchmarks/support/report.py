"""From the records of versus.py to medians, a Markdown table and a plot."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

Records = list[dict[str, Any]]


def summarise(result: dict[str, Any], ours: dict[str, bool]) -> dict[str, Any]:
    """Medians of each system, ratios of the paired runs, and time to each peer's quality."""
    systems = {}
    for name in ours:
        runs = _of(result["runs"], name)
        if not runs:
            continue
        speeds = [run["tokens_per_second"] for run in runs]
        systems[name] = {
            "ours": ours[name],
            "runs": len(runs),
            "tokens_per_second": statistics.median(speeds),
            "tokens_per_second_range": [min(speeds), max(speeds)],
            **{
                key: statistics.median(run[key] for run in runs)
                for key in (
                    *(f"{part}_seconds" for part in ("train", "setup", "call", "process")),
                    "peak_bytes",
                )
            },
            "quality": _quality([r for r in result["runs"] if r["system"] == name]),
        }
    ratios = [
        _paired(result, name, peer)
        for name in systems
        for peer in systems
        if ours[name] and (not ours[peer] or (peer.endswith("-direct") and peer != name))
    ]
    return {"systems": systems, "ratios": ratios}


def _of(records: Records, system: str, split: str = "last") -> Records:
    return [r for r in records if r["system"] == system and r["split"] == split]


def _quality(runs: Records) -> dict[str, dict[str, float]]:
    """Medians by kind of pair and scoring."""
    found: dict[str, Records] = {}
    for run in runs:
        for row in run["quality"]:
            found.setdefault(f"{row['kind']} {row['scored']}", []).append(row)
    return {
        key: {m: statistics.median(row[m] for row in rows) for m in ("hr@20", "mrr@20", "n")}
        for key, rows in found.items()
    }


def _paired(result: dict[str, Any], name: str, peer: str) -> dict[str, Any]:
    mine = {run["run"]: run for run in _of(result["runs"], name)}
    theirs = {run["run"]: run for run in _of(result["runs"], peer)}
    both = sorted(set(mine) & set(theirs))

    def ratio(key: str) -> float | None:
        values = [mine[run][key] / theirs[run][key] for run in both if theirs[run][key]]
        return statistics.median(values) if values else None

    record: dict[str, Any] = {
        "system": name,
        "peer": peer,
        "pairs": len(both),
        "speed": ratio("tokens_per_second"),
        "memory": ratio("peak_bytes"),
    }
    for name_of_ratio, key in (("call", "call_seconds"), ("process", "process_seconds")):
        part = ratio(key)
        record[name_of_ratio] = None if not part else 1 / part
    record["time_to_quality"] = _time_to_quality(result, name, peer)
    return record


def _warm(runs: Records) -> float | None:
    rows = _quality(runs).get("warm center-center")
    return None if rows is None else rows["hr@20"]


def _time_to_quality(result: dict[str, Any], name: str, peer: str) -> dict[str, Any] | None:
    """Return the shortest of our trainings that reaches the peer's median HR@20, and its gain."""
    goal = _warm(_of(result["runs"], peer))
    rungs: dict[tuple[int, float], Records] = {}
    for run in _of(result["ladder"], name):
        rungs.setdefault((run["setting"]["epochs"], run["setting"]["share"]), []).append(run)
    if goal is None or not rungs:
        return None
    peer_seconds = statistics.median(r["train_seconds"] for r in _of(result["runs"], peer))
    for (epochs, share), runs in sorted(rungs.items()):
        reached = _warm(runs)
        if reached is not None and reached >= goal:
            seconds = statistics.median(r["train_seconds"] for r in runs)
            return {
                "goal_hr@20": goal,
                "reached_hr@20": reached,
                "epochs": epochs,
                "share": share,
                "seconds": seconds,
                "peer_seconds": peer_seconds,
                "gain": peer_seconds / seconds,
            }
    return {"goal_hr@20": goal, "gain": None, "peer_seconds": peer_seconds}


def to_markdown(result: dict[str, Any]) -> str:
    """Everything that a reader of one comparison needs, in one page."""
    setting, corpus = result["setting"], result["corpus"]
    last = corpus["splits"]["last"]
    lines = [
        f"# {result['compare']} on {corpus['corpus']['name']}",
        "",
        f"Trained on {last['events']:,} events of {last['sessions']:,} sessions (mean "
        f"{last['mean_length']:.1f}), {corpus['items']:,} items, {setting['epochs']} epoch(s); dim "
        f"{setting['dim']}, window {setting['window']}, {setting['negatives']} negatives, noise "
        f"exponent {setting['noise_exponent']:g}, {setting['threads']} threads"
        + (f"; likewise with {setting['options']}" if setting["options"] else "")
        + ".",
    ]
    if result["compare"] == "content":
        lines.append(
            f"N-grams of 3 to 6 an item: {corpus['mean_slug_ngrams']:.0f} for sub-word peers "
            f"(token of {corpus['slug']}), {corpus['mean_likewise_ngrams']:.0f} for likewise (of "
            f"the words of the name; words and category levels are features beside them)."
        )
    lines += [
        "",
        machine_line(result),
        "",
        "Medians. tokens/s: events times epochs by seconds of the training loop alone; call: all "
        "of train(...), for peers the vocabulary and training; whole: process start to end of "
        "training, reading included; memory: peak of the process.",
        "",
        "| system | runs | tokens/s (least-most) | loop s | call s | whole s | memory GB |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in result["summary"]["systems"].items():
        least, most = row["tokens_per_second_range"]
        speed = f"{row['tokens_per_second']:,.0f} ({least:,.0f}-{most:,.0f})"
        lines.append(
            f"| {name} | {row['runs']} | {speed} | {row['train_seconds']:.2f} | "
            f"{row['call_seconds']:.2f} | {row['process_seconds']:.1f} | "
            f"{row['peak_bytes'] / 1e9:.2f} |"
        )
    lines += _quality_table(result["summary"]["systems"])
    lines += [""] + [_sentence(ratio) for ratio in result["summary"]["ratios"]]
    for name, why in result["skipped"].items():
        lines.append(f"- {name}: not run: {why}.")
    for failure in result["failures"]:
        lines.append(f"- {failure['system']} ({failure['split']}): failed: {failure['error']}")
    return "\n".join(lines) + "\n"


def _quality_table(systems: dict[str, Any]) -> list[str]:
    kinds = sorted({kind for row in systems.values() for kind in row["quality"]})
    if not kinds:
        return []
    lines = ["", "| HR@20 / MRR@20 | " + " | ".join(kinds) + " |"]
    lines.append("| --- |" + " --- |" * len(kinds))
    for name, row in systems.items():
        cells = [row["quality"].get(kind) for kind in kinds]
        texts = [f"{c['hr@20']:.4f} / {c['mrr@20']:.4f}" if c else "" for c in cells]
        lines.append(f"| {name} | " + " | ".join(texts) + " |")
    return lines


def machine_line(result: dict[str, Any]) -> str:
    """Return where, of what and when a result was measured, and how busy the machine was."""
    machine = result["machine"]
    versions = ", ".join(f"{name} {text}" for name, text in machine["versions"].items())
    loads = [run["load_before"] for run in result["runs"]]
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, kernels "
        f"{machine['kernels']}, commit {machine['commit']}, {machine['date']}; {versions}. Load "
        f"average before a run: {min(loads, default=0):g} to {max(loads, default=0):g} (includes "
        f"the run before it)."
    )


def times(value: float | None) -> str:
    """Write a ratio, "?" where there is none."""
    return "?" if value is None else f"{value:.1f}x" if value >= 0.95 else f"{value:.2f}x"


def _sentence(ratio: dict[str, Any]) -> str:
    text = (
        f"- {ratio['system']} against {ratio['peer']} ({ratio['pairs']} paired runs): "
        f"{times(ratio['speed'])} the tokens/s, {times(ratio['call'])} by the call, "
        f"{times(ratio['process'])} by the whole process, {times(ratio['memory'])} the memory"
    )
    to_quality = ratio["time_to_quality"]
    if to_quality is None:
        return text + "."
    goal = f"HR@20 {to_quality['goal_hr@20']:.4f}"
    if to_quality["gain"] is None:
        return f"{text}; {goal} not reached on the ladder."
    part = f", {to_quality['share']:.0%} of the sessions" if to_quality["share"] < 1 else ""
    rung = f"{to_quality['epochs']} epoch(s){part}: {to_quality['reached_hr@20']:.4f}"
    return (
        f"{text}; {goal} after {to_quality['seconds']:.2f} s ({rung}), the peer needs "
        f"{to_quality['peer_seconds']:.1f} s: {times(to_quality['gain'])}."
    )


def to_plot(result: dict[str, Any], path: Path) -> None:
    """Speed on a logarithmic scale, quality beside it where there is one."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    systems = result["summary"]["systems"]
    if not systems:
        return
    names = sorted(systems, key=lambda name: systems[name]["tokens_per_second"])
    kinds = sorted({k for row in systems.values() for k in row["quality"] if "center-center" in k})
    figure, axes = plt.subplots(
        1, 2 if kinds else 1, figsize=(11 if kinds else 6, 1.6 + 0.55 * len(names)), squeeze=False
    )
    speeds = [systems[name]["tokens_per_second"] for name in names]
    colours = ["#c8553d" if systems[name]["ours"] else "#8d99ae" for name in names]
    bars = axes[0][0].barh(names, speeds, color=colours)
    axes[0][0].bar_label(bars, [f" {speed:,.0f}" for speed in speeds])
    axes[0][0].set(xscale="log", xlabel="events trained a second (logarithmic)")
    axes[0][0].set_xlim(min(speeds) / 3, max(speeds) * 6)
    if kinds:
        height = 0.8 / len(kinds)
        for place, kind in enumerate(kinds):
            values = [systems[name]["quality"].get(kind, {}).get("hr@20", 0) for name in names]
            rows = [i + (place - (len(kinds) - 1) / 2) * height for i in range(len(names))]
            bars = axes[0][1].barh(rows, values, height, label=kind.removesuffix(" center-center"))
            axes[0][1].bar_label(bars, [f" {value:.3f}" for value in values], fontsize=8)
        axes[0][1].set_yticks(range(len(names)), [""] * len(names))
        label = "HR@20, center against center"
        if len(kinds) > 1:  # beside the bars, which it would cover
            axes[0][1].legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
        else:
            label += f", {kinds[0].removesuffix(' center-center')}"
        axes[0][1].set_xlabel(label)
        axes[0][1].margins(x=0.15)
    for axis in axes[0]:
        axis.spines[["top", "right"]].set_visible(False)
    machine, corpus = result["machine"], result["corpus"]
    figure.suptitle(
        f"{result['compare']} on {corpus['corpus']['name']}, "
        f"{corpus['splits']['last']['events']:,} events, {machine['threads']} threads of "
        f"{machine['cpu']} ({machine['kernels']}), {machine['commit']}",
        fontsize=9,
    )
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)
