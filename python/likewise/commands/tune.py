"""The command ``likewise tune``: better options for one's own events.

Owns its options and what it prints. The search is tuning.py's affair.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from likewise.commands.evaluation import read_items, read_sessions
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
from likewise.commands.output import print_json, print_text
from likewise.tuning.tuning import SPACE, Tuning, search
from likewise.work.replacing import whole_file

__all__ = ["tune"]


@click.command(
    "tune",
    cls=Command,
    short_help="Find better training options by trying.",
    examples="""
likewise tune events.parquet products.parquet
likewise tune events.parquet products.parquet --minutes 60 --sample 50000 -o options.json
likewise tune events.parquet products.parquet --dim 64 --window 3     (these two stay as given)
""",
)
@click.argument("events")
@click.argument("catalogue", required=False)
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=10.0, cls=Option,
              show_default=True, help="Time it may take.")  # fmt: skip
@click.option("--trials", type=click.IntRange(1), cls=Option,
              help="Try at most so many, the start among them.")  # fmt: skip
@click.option("--sample", type=click.IntRange(1), cls=Option,
              help="Sessions to work with; without it as many as leave time for some 30 trials."
              )  # fmt: skip
@click.option("-k", type=click.IntRange(1), default=20, show_default=True, cls=Option,
              help="Length of the lists that targets are looked for in.")  # fmt: skip
@click.option("--output", "-o", type=PATH, cls=Option,
              help="JSON file for the best options.")  # fmt: skip
@session_options
@as_json_option
@quiet_option
@training_options
@column_options(*EVENT_COLUMNS, *CATALOGUE_COLUMNS)
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
    options = options_given(values)
    if catalogue is None and options.content:
        raise click.UsageError("CATALOGUE is missing; without one only --no-content can be trained")
    tuned = [name for name in SPACE if name not in given]
    if not tuned:
        raise click.UsageError("all options that are tried are given: nothing is left to tune")
    event_columns: dict[str, Any] = columns_given(values, *EVENT_COLUMNS)
    items = read_items(catalogue, columns_given(values, *CATALOGUE_COLUMNS), say=not as_json)
    sessions = read_sessions(events, items, {**event_columns, **values}, say=not as_json)

    def find() -> Tuning:
        return search(
            sessions, items, options, seconds=60 * minutes, trials=trials, sample=sample,
            tuned=tuned, k=k,
            notify=None if quiet else lambda text: click.echo(text, err=True),
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
