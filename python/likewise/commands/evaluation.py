"""The command ``likewise evaluate``: quality on held-out events, beside baselines.

Owns its options and what is shown while it works. What is measured is evaluation.py's affair.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from likewise.commands.options import (
    CATALOGUE_COLUMNS,
    EVENT_COLUMNS,
    Command,
    Option,
    as_json_option,
    column_options,
    columns_given,
    options_given,
    quiet_option,
    session_options,
    training_options,
)
from likewise.commands.output import (
    print_json,
    print_labelled,
    print_text,
    refusals,
)
from likewise.errors import InputError
from likewise.evaluation.baselines import BASELINES
from likewise.evaluation.evaluation import SPLITS
from likewise.evaluation.evaluation import evaluate as evaluate_model
from likewise.options import Options
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions
from likewise.work.progress import Steps, TrainingProgress

__all__ = ["evaluate", "read_items", "read_sessions"]


@click.command(
    "evaluate",
    cls=Command,
    short_help="Measure quality on held-out events.",
    examples="""
likewise evaluate events.parquet products.parquet
likewise evaluate events.parquet products.parquet --split cold --epochs 5 --json
likewise evaluate events.parquet products.parquet --split time --date 2024-11-01
likewise evaluate events.parquet products.parquet --split transfer --held "Toys & Games"
likewise evaluate events.parquet products.parquet --baseline tf-idf --baseline word2vec
likewise evaluate events.parquet products.parquet --vectors images=image-vectors.parquet
""",
)
@click.argument("events")
@click.argument("catalogue", required=False)
@click.option(
    "--split", "splits", type=click.Choice(SPLITS), multiple=True, default=["last"],
    show_default=True, cls=Option,
    help="last: the last item of a session, from the one before. cold: items that vanish from "
    "training, as queries and as targets. time: events from --date on. transfer: categories that "
    "are not trained on (--held). Several when given again.",
)  # fmt: skip
@click.option("--date", metavar="DATE", cls=Option,
              help="Where a split by time trains before and asks after: 2024-05-31, or a number "
              "in the unit of the column.")  # fmt: skip
@click.option("--held", multiple=True, metavar="CATEGORY", cls=Option,
              help="A category path that a transfer split holds out, with all below it. Several "
              "when given again.")  # fmt: skip
@click.option("-k", type=click.IntRange(1), default=20, show_default=True, cls=Option,
              help="Length of the lists that targets are looked for in.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), default=20000, show_default=True, cls=Option,
              help="Pairs scored of each kind; of more, a sample.")  # fmt: skip
@click.option("--baselines/--no-baselines", default=True, show_default=True, cls=Option,
              help="Score the baselines that are quick and installed as well.")  # fmt: skip
@click.option("--baseline", "chosen", type=click.Choice(BASELINES), multiple=True, cls=Option,
              help="Score this baseline, and others only when they are named, too.")  # fmt: skip
@click.option("--vectors", multiple=True, metavar="NAME=FILE", cls=Option,
              help="Score other vectors as well: a Parquet file with item_id and vector (a list of "
              "floats), as `likewise encode` writes.")  # fmt: skip
@session_options
@as_json_option
@quiet_option
@training_options
@column_options(*EVENT_COLUMNS, *CATALOGUE_COLUMNS)
def evaluate(
    events: str,
    catalogue: str | None,
    splits: tuple[str, ...],
    date: str | None,
    held: tuple[str, ...],
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
    options: Options = options_given(values)
    if catalogue is None and options.content:
        raise click.UsageError("CATALOGUE is missing; without one only --no-content can be trained")
    for split, option, given in (("time", "--date", date), ("transfer", "--held", held)):
        if bool(given) != (split in splits):
            raise click.UsageError(f"{option} and --split {split} belong together")
    event_columns: dict[str, Any] = columns_given(values, *EVENT_COLUMNS)
    items = read_items(catalogue, columns_given(values, *CATALOGUE_COLUMNS), say=not as_json)
    settings = {**event_columns, **values}
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
                past, items, options, split, k, later=later,
                held=held if split == "transfer" else None, limit=limit,
                baselines=chosen or baselines, systems=systems, progress=progress, notify=steps,
            )  # fmt: skip
        results.append(found)
        if not as_json:
            print_text("", str(found))
    if as_json:
        print_json([json.loads(found.to_json()) for found in results])


def read_items(catalogue: str | None, columns: dict[str, str], *, say: bool) -> Catalogue | None:
    """Read a catalogue, when there is one, and say what was read and what dropped."""
    items = None if catalogue is None else Catalogue.read(catalogue, **columns)
    if say and items is not None:
        print_labelled("catalogue", str(items.report))
    return items


def read_sessions(
    events: str, items: Catalogue | None, settings: dict[str, Any], *, say: bool, **window: Any
) -> Sessions:
    """Read sessions, and say what was read and what dropped."""
    sessions = Sessions.read(events, items, **settings, **window)
    if say:
        print_labelled("sessions", str(sessions.report))
    return sessions


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
