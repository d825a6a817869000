"""The command ``likewise train``: events and a catalogue in, a model out.

Owns what it reads, does and prints.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from likewise import kernels
from likewise.commands.options import (
    CATALOGUE_COLUMNS,
    EVENT_COLUMNS,
    PATH,
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
    TrainingProgress,
    check_model_place,
    print_json,
    print_labelled,
    print_trained,
    report_values,
)
from likewise.model.model import save
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions
from likewise.training.train import train as train_model

__all__ = ["train"]


@click.command(
    "train",
    cls=Command,
    short_help="Train a model on events and a catalogue.",
    examples="""
likewise train events.parquet products.parquet -o model
likewise train 'events/2024-*.csv.gz' products.csv -o model --gap 30m --timestamp-column time
likewise train events.parquet products.parquet -o model --epochs 5 --dim 64 --context content
likewise train events.parquet -o model --no-content        (item ids alone: plain item2vec)
""",
)
@click.argument("events")
@click.argument("catalogue", required=False)
@click.option(
    "--output", "-o", type=PATH, required=True, cls=Option,
    help="Folder for the model; a model that is there is replaced.",
)  # fmt: skip
@session_options
@as_json_option
@quiet_option
@training_options
@column_options(*EVENT_COLUMNS, *CATALOGUE_COLUMNS)
def train(
    events: str, catalogue: str | None, output: Path, as_json: bool, quiet: bool, **values: Any
) -> None:
    """Train a model on EVENTS and CATALOGUE.

    EVENTS has a row for everything a customer looked at: session_id, item_id, timestamp.
    CATALOGUE has a row for every item: item_id, category (levels joined by " > "), name. Items
    without events get vectors too.
    """
    options = options_given(values)
    if catalogue is None and options.content:
        raise click.UsageError("CATALOGUE is missing; without one only --no-content can be trained")
    check_model_place(output)
    items, sessions = _read(events, catalogue, values, say=not as_json)
    with TrainingProgress(quiet=quiet) as progress:
        model = train_model(sessions, items, options, progress=progress)
    save(model, output)
    last = model.history[-1]
    speed = last["pairs_done"] / max(last["seconds"], 1e-9)
    if as_json:
        return print_json(
            {
                "model": str(output),
                "catalogue": report_values(model.catalogue.report),
                "sessions": report_values(sessions.report),
                "seconds": last["seconds"],
                "pairs": last["pairs_done"],
                "pairs_per_second": speed,
                "loss_per_pair": last["loss_per_pair"],
                "kernels": kernels(),
                **{key: model.info()[key] for key in ("items", "warm_items", "bytes", "options")},
            }
        )
    print_trained(model, output)


def _read(
    events: str, catalogue: str | None, values: dict[str, Any], *, say: bool
) -> tuple[Catalogue | None, Sessions]:
    """Read what is trained on, and say what was read and what dropped."""
    event_columns: dict[str, Any] = columns_given(values, *EVENT_COLUMNS)
    item_columns = columns_given(values, *CATALOGUE_COLUMNS)
    items = None if catalogue is None else Catalogue.read(catalogue, **item_columns)
    if say and items is not None:
        print_labelled("catalogue", str(items.report))
    sessions = Sessions.read(events, items, **event_columns, **values)
    if say:
        print_labelled("sessions", str(sessions.report))
    return items, sessions
