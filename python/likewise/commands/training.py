"""The command ``likewise train``: events and a catalogue in, a model out.

Owns what it reads, does and prints.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from likewise._core import kernels
from likewise.commands.options import (
    command,
    output_option,
)
from likewise.commands.output import (
    print_json,
    print_trained,
    read_items,
    read_sessions,
    report_values,
)
from likewise.commands.sources import history_arguments, history_given, history_options
from likewise.model.model import train as train_model
from likewise.storage.models import is_model, save
from likewise.work.progress import TrainingProgress
from likewise.work.replacing import new_folder, try_out

__all__ = ["train"]

_ABOUT = ("items", "warm_items", "bytes", "content", "missing", "options")


@command(
    "train",
    short_help="Train a model on events and a catalogue.",
    examples="""
likewise train events.parquet products.parquet -o model
likewise train 'events/2024-*.csv.gz' products.csv -o model --gap 30m --timestamp-column time
likewise train events.parquet products.parquet -o model --epochs 5 --dim 64 --context content
likewise train events.parquet -o model                     (item ids alone: plain item2vec)
""",
)
@history_arguments
@output_option("Folder for the model; a model that is there is replaced.", required=True)
@history_options
def train(
    events: str, catalogue: str | None, output: Path, as_json: bool, quiet: bool, **values: Any
) -> None:
    """Train a model on EVENTS and CATALOGUE.

    EVENTS has a row for everything a customer looked at: session_id, item_id, timestamp.
    CATALOGUE has a row for every item: item_id, category (levels joined by " > ", or see
    --category-separator), name. Items without events get vectors too.
    """
    options, columns, settings = history_given(values)
    try_out(new_folder(output, is_model=is_model))
    items = read_items(catalogue, columns, say=not as_json)
    sessions = read_sessions(events, items, settings, say=not as_json)
    with TrainingProgress(quiet=quiet) as progress:
        model = train_model(sessions, items, options, progress=progress)
    save(model, output)
    if not as_json:
        return print_trained(model, output)
    last = model.history[-1]
    print_json(
        {
            "model": str(output),
            "catalogue": report_values(model.catalogue.report),
            "sessions": report_values(sessions.report),
            "seconds": last["seconds"],
            "pairs": last["pairs_done"],
            "pairs_per_second": last["pairs_done"] / max(last["seconds"], 1e-9),
            "loss_per_pair": last["loss_per_pair"],
            "kernels": kernels(),
            **{key: model.info()[key] for key in _ABOUT},
        }
    )
