"""The commands that hold out events: ``likewise evaluate`` and ``likewise tune``.

Own their options and what is shown while they work. What is measured, and what is tried, is the
affair of the rooms evaluation and tuning.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from click.core import ParameterSource

from likewise.commands.errors import refusals
from likewise.commands.options import (
    command,
    k_option,
    option,
    output_option,
)
from likewise.commands.output import print_json, print_text, read_items, read_sessions
from likewise.commands.sources import history_arguments, history_given, history_options
from likewise.errors import InputError
from likewise.evaluation.baselines import BASELINES
from likewise.evaluation.evaluation import PAIRS, SHARES, SPLITS
from likewise.evaluation.evaluation import evaluate as evaluate_model
from likewise.tuning.tuning import SPACE, Tuning, search
from likewise.work.progress import Steps, TrainingProgress, say
from likewise.work.replacing import whole_file

__all__ = ["evaluate", "tune"]

_looked_for = k_option(20, "Length of the lists that targets are looked for in.")


@command(
    "evaluate",
    short_help="Measure quality on held-out events.",
    examples="""
likewise evaluate events.parquet products.parquet
likewise evaluate events.parquet products.parquet --split cold --epochs 5 --json
likewise evaluate events.parquet products.parquet --split shop
likewise evaluate events.parquet products.parquet --split time --date 2024-11-01
likewise evaluate events.parquet products.parquet --split transfer --held "Toys & Games"
likewise evaluate events.parquet products.parquet --pairs complements
likewise evaluate events.parquet products.parquet --baseline rules --baseline word2vec
likewise evaluate events.parquet products.parquet --vectors images=image-vectors.parquet
""",
)
@history_arguments
@option(
    "--split", "splits", type=click.Choice(SPLITS), multiple=True, default=["last"],
    show_default=True,
    help="last: the last item of a session, from the one before. cold: items that vanish from "
    "training, as queries and as targets. time: events from --date on. shop: half of the items are "
    "a shop without history, asked about among themselves. transfer: categories that are not "
    "trained on (--held). Several when given again.",
)  # fmt: skip
@option("--share", type=click.FloatRange(0, 1, min_open=True, max_open=True),
              help="Share of the items that vanish (cold; .1 without it) or are a shop (shop; .5)."
              )  # fmt: skip
@option("--date", metavar="DATE",
              help="Where a split by time trains before and asks after: 2024-05-31, or a number "
              "in the unit of the column.")  # fmt: skip
@option("--held", multiple=True, metavar="CATEGORY",
              help="A category path that a transfer split holds out, with all below it. Several "
              "when given again.")  # fmt: skip
@option("--pairs", type=click.Choice(PAIRS), default="all", show_default=True,
              help="complements: only pairs of items of two categories, and answers of other "
              "categories than the query's.")  # fmt: skip
@_looked_for
@option("--limit", type=click.IntRange(1), default=20000, show_default=True,
              help="Pairs scored of each kind; of more, a sample.")  # fmt: skip
@option("--baselines/--no-baselines", default=True, show_default=True,
              help="Score the baselines that are quick and installed as well.")  # fmt: skip
@option("--baseline", "chosen", type=click.Choice(BASELINES), multiple=True, metavar="NAME",
              help=f"Score this baseline, and others only when they are named, too: "
              f"{', '.join(BASELINES)}. rules, bm25, ease, als and lightfm choose their settings "
              "on the training part; tf-idf and the last four need the extra baselines."
              )  # fmt: skip
@option("--vectors", multiple=True, metavar="NAME=FILE",
              help="Score other vectors as well: a Parquet file with item_id and vector (a list of "
              "floats), as `likewise encode` writes.")  # fmt: skip
@history_options
def evaluate(
    events: str,
    catalogue: str | None,
    splits: tuple[str, ...],
    share: float | None,
    date: str | None,
    held: tuple[str, ...],
    pairs: str,
    k: int,
    limit: int,
    baselines: bool,
    chosen: tuple[str, ...],
    vectors: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> None:
    """Hold out events, train on the rest, and look for what was held out.

    Prints hit rate, mean reciprocal rank and gain with intervals, and what the lists show of the
    catalogue, beside those of baselines.
    """
    options, columns, settings = history_given(values)
    for split, flag, given in (("time", "--date", date), ("transfer", "--held", held)):
        if bool(given) != (split in splits):
            raise click.UsageError(f"{flag} and --split {split} belong together")
    if share is not None and not SHARES.keys() & set(splits):
        raise click.UsageError(f"--share needs --split {' or '.join(SHARES)}")
    items = read_items(catalogue, columns, say=not as_json)
    systems = {name: _vectors(name, path) for name, path in map(_named_file, vectors)}
    whole = None
    results = []
    for split in dict.fromkeys(splits):
        later = None
        if split == "time":
            moment = _moment(date or "")
            with refusals():
                past = read_sessions(events, items, settings, say=not as_json, until=moment)
                later = read_sessions(
                    events, items or past.catalogue, settings, say=not as_json, since=moment
                )
        else:
            whole = whole or read_sessions(events, items, settings, say=not as_json)
            past = whole
        with (
            Steps(f"evaluating ({split})", quiet) as steps,
            TrainingProgress(f"training ({split})", quiet=quiet) as progress,
        ):
            found = evaluate_model(
                past, items, options, split, k, pairs=pairs, share=share, later=later,
                held=held if split == "transfer" else None, limit=limit,
                baselines=chosen or baselines, systems=systems, progress=progress, notify=steps,
            )  # fmt: skip
        results.append(found)
        if not as_json:
            print_text("", str(found))
    if as_json:
        print_json([json.loads(found.to_json()) for found in results])


def _moment(text: str) -> float | str:
    """Read a number as one, and leave a date to the library."""
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text


def _named_file(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise click.UsageError(f"--vectors must be NAME=FILE, got {text!r}")
    return name, path


def _vectors(name: str, path: str) -> SimpleNamespace:
    """Read item ids and vectors from a Parquet file."""
    if not Path(path).is_file():
        raise InputError(f"vectors {name}: there is no file {path}")
    try:
        table = pq.read_table(path, columns=["item_id", "vector"]).combine_chunks()
        column = table.column("vector").combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks)
        flat = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
        rows = flat.reshape(len(table), -1)
    except (pa.ArrowException, KeyError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"vectors {name}: {path} must hold item_id and vector, lists of equally many floats: "
            f"{reason}"
        ) from None
    return SimpleNamespace(ids=table.column("item_id"), vectors=rows)


@command(
    "tune",
    short_help="Find better training options by trying.",
    examples="""
likewise tune events.parquet products.parquet
likewise tune events.parquet products.parquet --minutes 60 --sample 50000 -o options.json
likewise tune events.parquet products.parquet --dim 64 --window 3     (these two stay as given)
""",
)
@history_arguments
@option("--minutes", type=click.FloatRange(0, min_open=True), default=10.0,
              show_default=True, help="Time it may take.")  # fmt: skip
@option("--trials", type=click.IntRange(1),
              help="Try at most so many, the start among them.")  # fmt: skip
@option("--sample", type=click.IntRange(1),
              help="Sessions to work with; without it as many as leave time for some 30 trials."
              )  # fmt: skip
@_looked_for
@output_option("JSON file for the best options.")
@history_options
def tune(
    events: str,
    catalogue: str | None,
    minutes: float,
    trials: int | None,
    sample: int | None,
    k: int,
    output: Path | None,
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> None:
    """Try training options for a while, and print the best with what they gain.

    The gain is measured on events that were not tuned on. Training options that are given stay as
    they are; the others that matter are tried. Needs Optuna (extra tune).
    """
    context = click.get_current_context()
    given = {
        name for name in SPACE
        if context.get_parameter_source(name) == ParameterSource.COMMANDLINE
    }  # fmt: skip
    options, columns, settings = history_given(values)
    tuned = [name for name in SPACE if name not in given]
    if not tuned:
        raise click.UsageError("all options that are tried are given: nothing is left to tune")
    items = read_items(catalogue, columns, say=not as_json)
    sessions = read_sessions(events, items, settings, say=not as_json)

    def find() -> Tuning:
        return search(
            sessions, items, options, seconds=60 * minutes, trials=trials, sample=sample,
            tuned=tuned, k=k,
            notify=None if quiet else say,
        )  # fmt: skip

    if output is None:
        found = find()
    else:
        with whole_file(output, (".json",)) as draft:
            found = find()
            draft.write_text(found.options.to_json() + "\n", encoding="utf-8")
    if as_json:
        return print_json(json.loads(found.to_json()))
    print_text("", str(found))
    if found.changed:
        flags = [f"--{name.replace('_', '-')} {_plain(v)}" for name, v in found.changed.items()]
        files = shlex.join([events, *([catalogue] if catalogue else [])])
        print_text("", f"likewise train {files} -o model \\", f"    {' '.join(flags)}")


def _plain(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
