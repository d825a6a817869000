"""What a user waits for: whole processes, from files to the file of every item's neighbours.

Ours beside gensim and faiss-cpu, and beside another installation of likewise; retrieval alone; the
first answer of a saved model. Processes alternate (A B A B ...); figures are medians, ratios those
of the paired runs. Quality is that of the lists as they stand in the written file. Writes JSON and
a Markdown table to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from support.catalogues import catalogue_file, prepare_repeated
from support.corpora import prepare, real_files, sized
from support.job_report import flat, summarise, to_markdown
from support.jobs import K, work
from support.lists import different_rows, hit_rate, positions_of
from support.machine import facts, load_average
from support.runs import FailedError, add_output, answer, apart, parser, write_result

EXAMPLES = """examples:
  python benchmarks/job.py                                     100 k items, 4.5 M events, identity
  python benchmarks/job.py --epochs 5
  python benchmarks/job.py --job identity-200k                 the calls alone, without neighbours
  python benchmarks/job.py --job content                       50 k items, names of eight words
  python benchmarks/job.py --job content-200k --systems ours ours-command
  python benchmarks/job.py --systems ours ours-old --python OLDER/bin/python
  python benchmarks/job.py --neighbours hm_articles --exact --python OLDER/bin/python --compare-ids
  python benchmarks/job.py --neighbours hm_articles --repeat 1000000 --runs 1
  python benchmarks/job.py --first-answer                      a saved model of 200 k items
  python benchmarks/job.py --events 20000 --items 500 --runs 1           a smoke run

systems: ours; ours-command: the same on the command line; ours-old and ours-command-old: by the
likewise that the interpreter of --python has; gensim: Word2Vec or FastText from its fastest input,
a file of sessions that was made before, then faiss-cpu's IndexFlatIP on vectors of length 1, less
the item itself, written as the same table. Ours has its default options but for the epochs, and
content=False where identities are compared; `similar`, its default, reads names all the same:
--side center has lists of center vectors alone, as the peers' are.
"""


@dataclass(frozen=True)
class Preset:
    """A job by name: its corpus, of which a part of an item's events is held out."""

    compare: str
    corpus: str
    events: int
    items: int
    neighbours: bool = True


PRESETS = {
    "identity": Preset("identity", "shop", 5_060_000, 100_000),
    "identity-200k": Preset("identity", "shop", 10_120_000, 200_000, neighbours=False),
    "content": Preset("content", "shop_long_names", 1_000_000, 50_000),
    "content-200k": Preset("content", "shop_long_names", 400_000, 200_000),
}
SYSTEMS = ("ours", "ours-command", "ours-old", "ours-command-old", "gensim")
SIMULATED = "simulated"  # in place of a real catalogue
FIRST = PRESETS["identity"]  # the shop of --first-answer, of its own size


def arguments() -> argparse.Namespace:
    wanted = parser(__doc__, EXAMPLES)
    add = wanted.add_argument
    add("--job", choices=sorted(PRESETS), default="identity", help="default: identity")
    add("--neighbours", metavar="CATALOGUE",
        help=f"retrieval alone, of a real catalogue: hm_articles, or {SIMULATED!r}")  # fmt: skip
    add("--first-answer", action="store_true", help="loading, and the first answer")
    add("--systems", nargs="+", metavar="NAME", choices=SYSTEMS,
        help=f"of {', '.join(SYSTEMS)}; default: all but the commands")  # fmt: skip
    add("--python", type=Path, help="interpreter of another installation, which is ours-old")
    add("--events", type=int, help="before the last of each session is held out")
    add("--items", type=int, help="of a simulated corpus")
    add("--epochs", type=int, default=1, help="default: 1")
    add("--runs", type=int, default=5, help="default: 5")
    add("--threads", type=int, default=2, help="default: 2")
    add("--side", choices=("similar", "center"), default="similar", help="of ours")
    add("--calls-only", action="store_true", help="read and train, no neighbours")
    add("--slug", choices=("category+name", "name"), default="name",
        help="what sub-word peers read of an item; default: name")  # fmt: skip
    add("--trained-on", default="hm_sample", metavar="SET",
        help="real set whose model --neighbours asks; default: hm_sample")  # fmt: skip
    add("--repeat", type=int, default=0, metavar="N",
        help="repeat the catalogues, with more words in names, to N items")  # fmt: skip
    add("--exact", action=argparse.BooleanOptionalAction, help="default: as it chooses")
    add("--compare-ids", action="store_true", help="of ours and ours-old, for --exact")
    add("--no-truth", action="store_true", help="no recall by float64")
    add("--work", type=Path, default=Path(tempfile.gettempdir()) / "likewise-benchmarks",
        help="prepared corpora are kept here; default: in the temporary folder")  # fmt: skip
    add_output(wanted)
    wanted.add_argument("--worker", help=argparse.SUPPRESS)  # what `apart` passes
    given = wanted.parse_args()
    for name in ("runs", "epochs", "threads"):
        if getattr(given, name) < 1:
            wanted.error(f"--{name} wants 1 or more")
    if given.neighbours and given.first_answer:
        wanted.error("--neighbours and --first-answer are two things to measure: name one")
    return given


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Runner:
    """Starts the processes, in turn, and collects their records."""

    def __init__(self, given: argparse.Namespace, possible: tuple[str, ...], *more: str) -> None:
        """possible: systems that have such a job, and are measured when none are named; more: only
        when they are."""
        self.given = given
        self.records: list[dict[str, Any]] = []
        self.failures: list[dict[str, str]] = []
        self.skipped: dict[str, str] = {}
        default = [name for name in possible if given.python or not name.endswith("-old")]
        self.chosen = []
        for name in given.systems or default:
            why = self._missing(name, {*possible, *more})
            if why:
                self.skipped[name] = why
                _say(f"{name}: skipped: {why}")
            else:
                self.chosen.append(name)

    def _missing(self, system: str, possible: set[str]) -> str:
        if system not in possible:
            return "it has no such job"
        if system.endswith("-old") and self.given.python is None:
            return "--python names no other installation"
        if system == "gensim":
            for module, package in (("gensim", "gensim"), ("faiss", "faiss-cpu")):
                if find_spec(module) is None:
                    return f"{package} is not installed (pip install {package})"
        return ""

    def python(self, system: str) -> str:
        return str(self.given.python) if system.endswith("-old") else sys.executable

    def measure(self, system: str, run: int, task: dict[str, Any]) -> dict[str, Any] | None:
        """Run a task once; the record, or None when it failed."""
        busy = load_average()
        try:
            done = apart(__file__, {"threads": self.given.threads, **task}, self.python(system))
        except FailedError as error:
            self.failures.append({"system": system, "error": str(error)})
            _say(f"{system}: FAILED: {error}")
            return None
        record = {"system": system, "run": run, "load_before": busy, **done}
        self.records.append(record)
        return record

    def told(self, record: dict[str, Any]) -> None:
        rows = flat(record)
        wall, cpu = rows.pop("whole")
        parts = ", ".join(f"{name} {seconds:.2f} ({used:.2f})" for name, (seconds, used) in
                          rows.items())  # fmt: skip
        quality = f", HR@20 {record['hr@20']:.4f}" if "hr@20" in record else ""
        _say(
            f"run {record['run'] + 1} {record['system']:<16} {wall:.2f} s ({cpu:.2f} of CPU), "
            f"{record['peak_bytes'] / 1e9:.2f} GB{quality}: {parts}"
        )


def _job_of(system: str) -> str:
    return system.removesuffix("-old")


def whole_job(given: argparse.Namespace, outputs: Path) -> tuple[Runner, dict[str, Any]]:
    """Files to neighbours: ours, the peers'."""
    preset = PRESETS[given.job]
    runner = Runner(given, ("ours", "ours-old", "gensim"), "ours-command", "ours-command-old")
    corpus = sized(preset.corpus, given.events or preset.events, given.items or preset.items, None)
    _say(f"preparing {corpus.label} ...")
    folder = prepare(corpus, ["last"], given.slug, given.work)
    split = folder / "last"
    content = preset.compare == "content"
    neighbours = preset.neighbours and not given.calls_only
    held = np.load(split / "pairs.npz")
    queries, targets = held["warm/queries"], held["warm/targets"]
    ids = pq.read_table(folder / "products.parquet", columns=["item_id"])["item_id"]
    sizes = {"dim": 100, "window": 5, "negatives": 5, "noise_exponent": 0.75}
    for run in range(given.runs):
        options = {"epochs": given.epochs, "threads": given.threads, "seed": run + 1}
        for name in runner.chosen:
            output = outputs / f"{name}.parquet"
            task = {
                "job": _job_of(name),
                "compare": preset.compare,
                "products": str(folder / "products.parquet"),
                "events": str(split / "events.parquet"),
                "corpus": str(split / ("slugs.txt" if content else "positions.txt")),
                "slugs": str(folder / "slugs.json"),
                "output": str(output) if neighbours else "",
                "side": given.side,
                "options": {**options, "content": content},
                "setting": {**sizes, **options},
            }
            record = runner.measure(name, run, task)
            if record is None:
                continue
            if neighbours:
                lists = positions_of(output, ids.combine_chunks(), K)
                record["hr@20"] = hit_rate(lists, queries, targets)
                output.unlink()
            runner.told(record)
    events = pq.ParquetFile(split / "events.parquet").metadata.num_rows
    end = "a trained model"
    if neighbours:
        end = (
            f"the file of {K} neighbours of each item (ours: side {given.side}; HR@20 on "
            f"{len(queries):,} held-out pairs)"
        )
    return runner, {
        "name": f"job-{given.job}-{given.epochs}" + ("" if neighbours else "-calls"),
        "title": f"Job: {preset.compare}, {len(ids):,} items, {events:,} events, "
        f"{given.epochs} epoch(s)",
        "about": f"Parquet files of events and items to {end}: whole processes, {given.threads} "
        f"threads.",
    }


def _saved_model(runner: Runner, task: dict[str, Any]) -> dict[str, Any]:
    """Save a model by the oldest likewise that will load it; return the notes."""
    task = {"job": "save-model", "threads": runner.given.threads, **task}
    python = str(runner.given.python or sys.executable)
    try:
        notes: dict[str, Any] = apart(__file__, task, python)["notes"]
    except FailedError as error:
        raise SystemExit(f"no model could be saved: {error}") from None
    return notes


def retrieval(given: argparse.Namespace, outputs: Path) -> tuple[Runner, dict[str, Any]]:
    """All neighbours of a catalogue by a model that is there."""
    runner = Runner(given, ("ours", "ours-old"))
    model = str(outputs / "model")
    if given.neighbours == SIMULATED:
        preset = PRESETS["content"]
        events, items = given.events or preset.events, given.items or preset.items
        folder = prepare(sized(preset.corpus, events, items, None), ["last"], "name", given.work)
        files = folder / "last" / "events.parquet", folder / "products.parquet"
        source = folder / "products.parquet"
    else:
        files, source = real_files(given.trained_on), catalogue_file(given.neighbours)
    products = source
    if given.repeat:
        place = source.parent if given.neighbours == SIMULATED else given.work
        made_file = place / f"{given.neighbours}-{given.repeat}.parquet"
        products = prepare_repeated(source, given.repeat, made_file)
    options = {"threads": given.threads, "epochs": given.epochs, "seed": 1}
    _say("training the model ...")
    made = {"events": str(files[0]), "products": str(files[1]), "options": options}
    _saved_model(runner, {**made, "model": model})
    shared = {"model": model, "products": str(products)}
    written: dict[str, Path] = {}
    for run in range(given.runs):
        for name in runner.chosen:
            output = outputs / f"{name}.parquet"
            task = {**shared, "job": "neighbours", "output": str(output), "side": given.side,
                    "exact": given.exact}  # fmt: skip
            record = runner.measure(name, run, task)
            if record is not None:
                written[name] = output
                runner.told(record)
    remarks = []
    if written and not given.no_truth and given.side == "similar":
        _say("comparing with float64 ...")
        task = {"job": "truth", "outputs": {name: str(path) for name, path in written.items()}}
        try:
            notes = apart(__file__, {**shared, **task, "threads": given.threads})["notes"]
        except FailedError as error:
            runner.failures.append({"system": "true recall", "error": str(error)})
        else:
            for record in runner.records:
                record["true_recall"] = notes["recalls"].get(record["system"])
            remarks.append(
                f"true recall: of the last run's lists of {notes['queries']:,} queries, by float64 "
                f"products of {notes['dim']} floats; an answer that scores no less than the true "
                f"last is a good one."
            )
    if given.compare_ids:
        if {"ours", "ours-old"} <= set(written):
            wrong = different_rows(written["ours"], written["ours-old"])
            remarks.append(f"rows of ours and ours-old with other ids: {wrong:,}.")
        else:
            remarks.append("ids were not compared: that needs ours and ours-old.")
    for text in remarks:
        _say(text)
    n_items = pq.ParquetFile(products).metadata.num_rows
    search = {True: "exact", False: "a graph", None: "the search that it chooses"}[given.exact]
    kind = {True: "-exact", False: "-graph", None: ""}[given.exact]
    repeated = f", repeated to {n_items:,}" if given.repeat else ""
    return runner, {
        "name": f"job-neighbours-{given.neighbours}-{n_items}{kind}",
        "title": f"Neighbours of {n_items:,} items of {given.neighbours}",
        "about": f"A model trained on {given.trained_on if given.neighbours != SIMULATED else 'it'}"
        f" is loaded and asked for {K} neighbours of each item of {given.neighbours}{repeated}; "
        f"{search}, {given.threads} threads, side {given.side}.",
        "remarks": remarks,
    }


def first_answer(given: argparse.Namespace, outputs: Path) -> tuple[Runner, dict[str, Any]]:
    """A saved model is loaded in a new process and asked once."""
    runner = Runner(given, ("ours", "ours-command", "ours-old", "ours-command-old"))
    events, items = given.events or 2_000_000, given.items or 200_000
    _say("training the model ...")
    folder = prepare(sized(FIRST.corpus, events, items, None), ["last"], "name", given.work)
    shared = {"model": str(outputs / "model")}
    made = {
        "events": str(folder / "last" / "events.parquet"),
        "products": str(folder / "products.parquet"),
        "options": {"threads": given.threads, "epochs": given.epochs, "seed": 1},
    }
    item = _saved_model(runner, {**made, **shared})["item"]
    for run in range(given.runs):
        for name in runner.chosen:
            job = _job_of(name).replace("ours", "first-answer")
            record = runner.measure(name, run, {**shared, "job": job, "item": item})
            if record is not None:
                runner.told(record)
    n_items = pq.ParquetFile(made["products"]).metadata.num_rows
    return runner, {
        "name": f"job-first-answer-{n_items}",
        "title": f"First answer of a saved model of {n_items:,} items",
        "about": "New processes, the model's files being in the memory of the system: load and "
        "`similar` of one item; the command `likewise similar` as a whole.",
    }


def main() -> None:
    given = arguments()
    if given.worker:
        answer(given.worker, work)
        return
    measure = whole_job
    if given.neighbours or given.first_answer:
        measure = retrieval if given.neighbours else first_answer
    with tempfile.TemporaryDirectory() as place:
        try:
            runner, told = measure(given, Path(place))
        except FileNotFoundError as error:
            raise SystemExit(str(error)) from None
    result = {
        "machine": facts(given.threads),
        **told,
        "skipped": runner.skipped,
        "failures": runner.failures,
        "runs": runner.records,
    }
    result["summary"] = summarise(runner.records, runner.chosen)
    stem = write_result(given.output, told["name"], result, to_markdown(result))
    _say(f"written: {stem.name}.json, .md")
    if runner.failures or not runner.records:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
