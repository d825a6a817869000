"""Peak memory while training, against what training cannot do without.

The budget: weight tables + 4 bytes an event + 8 bytes a session + encoded features. Each case runs
in a process of its own that loads a simulated shop from files; its peak during training, less what
the imports had taken before, is set against the budget.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from support.corpora import Corpus, simulated
from support.machine import core_time, facts, forget_peak, peak, resident, skip_rebuild
from support.runs import FailedError, add_output, answer, apart, parser, write_result

EXAMPLES = """examples:
  python benchmarks/memory.py                            2 M items, and 15 M events; content and not
  python benchmarks/memory.py --case events --kind content
  python benchmarks/memory.py --scale 0.01               the same cases in small: a smoke run
"""
CASES = {
    "items": Corpus("items", events=6_000_000, items=2_000_000),
    "events": Corpus("events", events=15_000_000, items=200_000),
}
LIMIT = 1.3  # times the budget


def arguments() -> argparse.Namespace:
    wanted = parser(__doc__, EXAMPLES)
    wanted.add_argument("--case", choices=sorted(CASES), help="default: both")
    wanted.add_argument("--kind", choices=("identity", "content"), help="default: both")
    wanted.add_argument("--scale", type=float, default=1.0, help="of events and items; default: 1")
    wanted.add_argument("--dim", type=int, default=100)
    wanted.add_argument("--threads", type=int, default=2)
    add_output(wanted)
    wanted.add_argument("--worker", help=argparse.SUPPRESS)  # what `apart` passes
    return wanted.parse_args()


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Be one measured process: write the files of a shop, or train on them."""
    if task["kind"] == "prepare":
        _prepare(Corpus(**task["corpus"]), Path(task["folder"]))
        return {}
    skip_rebuild()
    import likewise as lw
    import likewise._core as _core
    from likewise.work.waiting import settle_arrow

    settle_arrow()  # pyarrow imports pandas at its first conversion, where it is installed
    base = resident()
    folder = Path(task["folder"])
    catalogue = lw.Catalogue.read(folder / "products.parquet")
    items, offsets = np.load(folder / "items.npy"), np.load(folder / "offsets.npy")
    sessions = lw.Sessions.from_arrays(items, offsets, catalogue)
    del items, offsets
    seen: dict[str, int] = {"features": 0}

    def begins(given: dict[str, Any]) -> None:
        seen["features"] = sum(array.nbytes for array in (given["features"] or {}).values())
        seen["before_core"] = peak()

    loaded = resident()
    reset = forget_peak()
    with core_time(begins):
        model = lw.train(
            sessions,
            catalogue,
            dim=task["dim"],
            epochs=1,
            threads=task["threads"],
            content=task["kind"] == "content",
        )
    highest = peak()
    rows = len(model.center) + len(model.context)
    for side in (model.center_content, model.context_content):
        rows += 0 if side is None else len(side.tokens) + len(side.ngrams)
    inputs = 4 * sessions.n_events + 8 * len(sessions) + seen["features"]
    held = 4 * sessions.n_events + 8 * len(sessions)
    budget = rows * task["dim"] * 4 + inputs
    padded = rows * _core.row_floats(task["dim"]) * 4 + inputs
    paths = min(catalogue.categories.nbytes, catalogue.coded_categories.nbytes)  # as they are held
    texts = catalogue.ids.nbytes + paths + catalogue.names.nbytes
    taken = highest - base
    return {
        "case": task["case"],
        "kind": task["kind"],
        "items": len(catalogue),
        "events": sessions.n_events,
        "sessions": len(sessions),
        "rows": rows,
        "dim": task["dim"],
        "features_bytes": seen["features"],
        "catalogue_text_bytes": texts,
        "budget_bytes": budget,
        "budget_padded_bytes": padded,
        "imports_bytes": base,
        "loaded_bytes": loaded - base,
        "before_core_peak_bytes": seen["before_core"] - base,
        "peak_bytes": taken,
        "peak_of_training_alone": reset,
        "ratio": taken / budget,
        "ratio_padded": taken / padded,
        "ratio_without_catalogue": (taken - texts) / budget,
        "ratio_added": (highest - loaded + held) / budget,
        "seconds": model.history[-1]["seconds"],
    }


def _prepare(corpus: Corpus, folder: Path) -> None:
    """Write the shop's files in a process of its own, so that its memory goes with it."""
    import pyarrow.parquet as pq

    shop = simulated(corpus)
    pq.write_table(shop.catalogue, folder / "products.parquet")
    np.save(folder / "items.npy", shop.items)
    np.save(folder / "offsets.npy", shop.offsets)


def _child(task: dict[str, Any]) -> dict[str, Any]:
    try:
        return apart(__file__, task)
    except FailedError as error:
        raise SystemExit(f"{task}: {error}") from None


def to_markdown(result: dict[str, Any]) -> str:
    machine = result["machine"]
    lines = [
        "# Peak memory while training",
        "",
        f"{machine['cpu']}, kernels {machine['kernels']}, {machine['threads']} threads, commit "
        f"{machine['commit']}, {machine['date']}. Budget: tables of weights (dim "
        f"{result['cases'][0]['dim']}, without padding) + 4 bytes an event + 8 bytes a session + "
        f"encoded features. Peak: of the process during training, less {_mb(result['cases'][0])} "
        f"of imports; the catalogue's texts and what reading left behind (held before) are in it. "
        "Added: what training came to need on top of what was held, and the sessions.",
        "",
        "| case | kind | items | events | budget GB | held before GB | peak GB "
        "| peak / budget | of padded tables | less texts | added |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for case in result["cases"]:
        lines.append(
            f"| {case['case']} | {case['kind']} | {case['items']:,} | {case['events']:,} | "
            f"{case['budget_bytes'] / 1e9:.3f} | {case['loaded_bytes'] / 1e9:.3f} | "
            f"{case['peak_bytes'] / 1e9:.3f} | "
            f"**{case['ratio']:.2f}** | {case['ratio_padded']:.2f} | "
            f"{case['ratio_without_catalogue']:.2f} | {case['ratio_added']:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _mb(case: dict[str, Any]) -> str:
    return f"{case['imports_bytes'] / 1e6:.0f} MB"


def main() -> None:
    given = arguments()
    if given.worker:
        answer(given.worker, measure)
        return
    cases = []
    for name in [given.case] if given.case else sorted(CASES):
        whole = CASES[name]
        corpus = replace(
            whole,
            events=max(1000, round(whole.events * given.scale)),
            items=max(100, round(whole.items * given.scale)),
        )
        with tempfile.TemporaryDirectory() as place:
            shared = {"folder": place, "case": name, "dim": given.dim, "threads": given.threads}
            print(f"{name}: simulating {corpus.label} ...", file=sys.stderr)
            _child({**shared, "kind": "prepare", "corpus": vars(corpus)})
            for kind in [given.kind] if given.kind else ("identity", "content"):
                cases.append(_child({**shared, "kind": kind}))
    result = {"machine": facts(given.threads), "limit": LIMIT, "cases": cases}
    write_result(given.output, "memory", result, to_markdown(result))
    over = [f"{c['case']} {c['kind']}" for c in cases if c["ratio"] > LIMIT]
    print(f"above {LIMIT} times the budget: {', '.join(over) or 'none'}", file=sys.stderr)


if __name__ == "__main__":
    main()
