"""Peers and likewise on one corpus in one run: speed, quality, memory, time to equal quality.

Each measurement is a process of its own; systems alternate (A B A B ...); ratios are medians of the
paired runs. Writes JSON, a Markdown table and a plot to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from support.corpora import CORPORA, prepare, sized
from support.machine import facts, load_average
from support.report import summarise, to_markdown, to_plot
from support.runs import FailedError, add_output, answer, apart, parser, write_result
from support.systems import SYSTEMS
from support.work import work

EXAMPLES = """examples:
  python benchmarks/versus.py --corpus shop                        10 M events, identity, 5 runs
  python benchmarks/versus.py --corpus shop --time-to-quality      ... and ours in shorter trainings
  python benchmarks/versus.py --corpus shop_long_names --compare content
  python benchmarks/versus.py --corpus amazon_beauty_toys --epochs 50 --noise-exponent 0
  python benchmarks/versus.py --corpus online_retail --compare content --epochs 5
  python benchmarks/versus.py --corpus mtg_decks --runs 3          speed only
  python benchmarks/versus.py --corpus shop --events 200000 --items 5000 --runs 1   a smoke run
  python benchmarks/versus.py --corpus shop --option learning_rate=0.025 --systems \\
      gensim-word2vec likewise                                     other options of ours

time to the peers' quality: likewise is trained in full with less and less to do (--ladder: passes
over the sessions, below 1 a random share of them), each with its own learning-rate schedule. The
first rung whose median HR@20 (warm, center-center) reaches the peer's median is the answer, and
its training seconds are set against the peer's.
"""


def arguments() -> argparse.Namespace:
    wanted = parser(__doc__, EXAMPLES)
    add = wanted.add_argument
    add("--corpus", choices=sorted(CORPORA), default="shop", help="default: shop")
    add("--compare", choices=("identity", "content"), default="identity", help="default: identity")
    add("--systems", nargs="+", metavar="NAME", choices=sorted(SYSTEMS), help="default: all of it")
    add("--events", type=_count, help="of a simulated corpus")
    add("--items", type=_count, help="of a simulated corpus")
    add("--mean-length", type=float, help="events of a session of a simulated corpus")
    add("--runs", type=_count, default=5, help="default: 5")
    add("--cold-runs", type=int, default=1, help="of them with the cold split too; content only")
    add("--threads", type=_count, default=2, help="default: 2")
    add("--epochs", type=_count, help="default: as the corpus says")
    add("--dim", type=_count, default=100)
    add("--window", type=_count, default=5)
    add("--negatives", type=_count, default=5)
    add("--noise-exponent", type=float, default=0.75, help="of gensim and ours; default: 0.75")
    add("--option", action="append", default=[], metavar="NAME=VALUE", help="of likewise alone")
    add("--slug", choices=("category+name", "name"), default="category+name",
        help="what sub-word peers read of an item; default: category+name")  # fmt: skip
    add("--time-to-quality", action="store_true", help="run the ladder of shorter trainings too")
    add("--ladder", type=float, nargs="+", default=[0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3],
        metavar="SHARE", help="shares of the epochs, for --time-to-quality")  # fmt: skip
    add("--no-quality", action="store_true", help="speed and memory only")
    add("--work", type=Path, default=Path(tempfile.gettempdir()) / "likewise-benchmarks",
        help="prepared corpora are kept here; default: in the temporary folder")  # fmt: skip
    add_output(wanted)
    wanted.add_argument("--worker", help=argparse.SUPPRESS)  # what `apart` passes
    return wanted.parse_args()


def _count(text: str) -> int:
    value = int(text.replace("_", ""))
    if value < 1:
        raise argparse.ArgumentTypeError(f"wanted 1 or more, got {text}")
    return value


def _options(texts: list[str]) -> dict[str, Any]:
    chosen = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise SystemExit(f"--option wants NAME=VALUE, got {text!r}")
        try:
            chosen[name] = json.loads(value.lower() if value in ("True", "False") else value)
        except json.JSONDecodeError:
            chosen[name] = value
    return chosen


class Runner:
    """Starts measurements and collects their records."""

    def __init__(self, folder: Path, base: dict[str, Any], quality: bool) -> None:
        self.folder, self.base, self.quality = folder, base, quality
        self.records: list[dict[str, Any]] = []
        self.failures: list[dict[str, str]] = []

    def measure(
        self, system: str, split: str, run: int, only: str | None = None, **changes: Any
    ) -> None:
        setting = {**self.base, "seed": run + 1, **changes}
        task = {
            "system": system,
            "split": split,
            "run": run,
            "folder": str(self.folder),
            "threads": setting["threads"],
            "setting": setting,
            "quality": self.quality,
            "only": only,
        }
        busy = load_average()
        try:
            record = apart(__file__, task)
        except FailedError as error:
            self.failures.append({"system": system, "split": split, "error": str(error)})
            _say(f"{system}: FAILED: {error}")
            return
        record["load_before"] = busy
        self.records.append(record)
        first = record["quality"][0] if record["quality"] else None
        quality = f", {first['kind']} HR@20 {first['hr@20']:.4f}" if first else ""
        _say(
            f"run {run + 1} {split:<4} {system:<17} {record['tokens_per_second']:>13,.0f} "
            f"tokens/s, {record['train_seconds']:.2f} s the loop, "
            f"{record['call_seconds']:.2f} s the call, "
            f"{record['process_seconds']:.1f} s in all, "
            f"{record['peak_bytes'] / 1e9:.2f} GB{quality}"
        )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _rungs(ladder: list[float], epochs: int) -> list[tuple[int, float]]:
    """Epochs and share of the sessions for each share of the whole training, rising."""
    rungs = []
    for part in sorted(ladder):
        passes = part * epochs
        rung = (round(passes), 1.0) if passes >= 1 else (1, passes)
        if rung not in rungs:
            rungs.append(rung)
    return rungs


def main() -> None:
    given = arguments()
    if given.worker:
        answer(given.worker, work)
        return
    corpus = sized(given.corpus, given.events, given.items, given.mean_length)
    quality = corpus.quality and not given.no_quality
    names = given.systems or [n for n, s in SYSTEMS.items() if s.compares == given.compare]
    skipped, chosen = {}, []
    for name in names:
        why = SYSTEMS[name].missing()
        if SYSTEMS[name].compares != given.compare:
            why = f"it takes part in --compare {SYSTEMS[name].compares}"
        if why:
            skipped[name] = why
            _say(f"{name}: skipped: {why}")
        else:
            chosen.append(name)
    splits = ["last"]
    if given.compare == "content" and quality and given.cold_runs > 0:
        splits.append("cold")
    _say(f"preparing {corpus.label} ...")
    try:
        folder = prepare(corpus, splits, given.slug, given.work)
    except FileNotFoundError as error:
        raise SystemExit(str(error)) from None
    preset = corpus.epochs if given.compare == "identity" else corpus.content_epochs
    base = {
        "dim": given.dim,
        "window": given.window,
        "negatives": given.negatives,
        "noise_exponent": given.noise_exponent,
        "epochs": given.epochs or preset,
        "threads": given.threads,
        "share": 1.0,
        "options": _options(given.option),
    }
    runner = Runner(folder, base, quality)
    rungs = _rungs(given.ladder, base["epochs"]) if given.time_to_quality and quality else []
    ours = [name for name in chosen if SYSTEMS[name].ours]
    ladder: list[dict[str, Any]] = []
    for run in range(given.runs):
        for name in chosen:
            runner.measure(name, "last", run)
        if "cold" in splits and run < given.cold_runs:
            for name in chosen:
                runner.measure(name, "cold", run)
        for epochs, share in rungs:
            before = len(runner.records)
            for name in ours:
                runner.measure(name, "last", run, "center-center", epochs=epochs, share=share)
            ladder += runner.records[before:]
            del runner.records[before:]
    result = {
        "machine": facts(given.threads),
        "compare": given.compare,
        "corpus": json.loads((folder / "about.json").read_text(encoding="utf-8")),
        "setting": base,
        "skipped": skipped,
        "failures": runner.failures,
        "runs": runner.records,
        "ladder": ladder,
    }
    result["summary"] = summarise(result, {name: SYSTEMS[name].ours for name in chosen})
    name = f"versus-{corpus.name}-{given.compare}"
    stem = write_result(given.output, name, result, to_markdown(result))
    to_plot(result, Path(f"{stem}.png"))
    _say(f"written: {stem.name}.json, .md, .png")
    if runner.failures or not runner.records:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
