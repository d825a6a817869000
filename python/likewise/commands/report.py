"""The command ``likewise report``: one page about a model.

Owns what it reads beside the model and what it prints.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from likewise.commands.options import (
    CATALOGUE_COLUMNS,
    EVENT_COLUMNS,
    PATH,
    Command,
    Option,
    as_json_option,
    column_options,
    columns_given,
    file_option,
    output_option,
    quiet_option,
    seed_option,
    session_options,
)
from likewise.commands.output import print_json, print_labelled, refusals
from likewise.commands.work import WorkProgress, check_places
from likewise.errors import InputError
from likewise.model.model import load
from likewise.report.report import write_report
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

__all__ = ["report"]


@click.command(
    "report",
    cls=Command,
    short_help="Write one page about a model: data, quality, map, clusters, lists.",
    examples="""
likewise report model -o report.html
likewise report model -o report.html --evaluation quality.json
likewise report model -o report.html --events events.parquet --catalogue products.parquet
likewise report model -o report.html --other new-shop.csv
""",
)
@click.argument("model", type=PATH)
@output_option("File to write: a page that needs no network, .html.", required=True)
@file_option("--events", "The events of training, to say what came in and was dropped.")
@file_option("--catalogue", "The catalogue of training, for the same; goes with --events.")
@click.option(
    "--evaluation", "evaluations", type=PATH, multiple=True, cls=Option,
    help="What likewise evaluate --json printed; several times for several.",
)  # fmt: skip
@file_option("--other", "Another catalogue, without history: examples of answers from it.")
@click.option("--title", default="Similar products", show_default=True, cls=Option,
              help="Heading of the page.")  # fmt: skip
@click.option(
    "--clusters", type=click.IntRange(1), cls=Option,
    help="How many; when left out, as likewise clusters chooses.",
)  # fmt: skip
@seed_option("Same seed, same map, clusters and examples.")
@session_options
@as_json_option
@quiet_option
@column_options(*EVENT_COLUMNS, *CATALOGUE_COLUMNS)
def report(
    model: Path,
    output: Path,
    events: str | None,
    catalogue: str | None,
    evaluations: tuple[Path, ...],
    other: str | None,
    title: str,
    clusters: int | None,
    seed: int,
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> None:
    """Write one page about MODEL that a person can open, print and pass on.

    Quality is shown where it is given: likewise evaluate --json > quality.json.

    Needs the extra viz: pip install 'likewise[viz]'.
    """
    if catalogue is not None and events is None:
        raise click.UsageError("--catalogue goes with --events, which is missing")
    check_places((output,), (".html",))
    results = [result for path in evaluations for result in _read_evaluations(path)]
    loaded = load(model)
    event_columns: dict[str, Any] = columns_given(values, *EVENT_COLUMNS)
    item_columns = columns_given(values, *CATALOGUE_COLUMNS)
    sessions = None
    if events is not None:
        items = loaded.catalogue
        if catalogue is not None:
            items = Catalogue.read(catalogue, **item_columns)
        sessions = Sessions.read(events, items, **event_columns, **values)
    elsewhere = None if other is None else Catalogue.read(other, **item_columns)
    with WorkProgress("report", quiet) as progress, refusals():
        write_report(
            loaded, output, sessions=sessions, evaluations=results, other=elsewhere, title=title,
            n_clusters=clusters, seed=seed, progress=progress,
        )  # fmt: skip
    size = output.stat().st_size
    if as_json:
        return print_json({"output": str(output), "bytes": size})
    print_labelled("report", f"{output}: {size / 1e6:,.1f} MB, open it in a browser")


def _read_evaluations(path: Path) -> list[dict[str, Any]]:
    """Read one evaluation, or the list of them that likewise evaluate prints."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"evaluation: cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise InputError(
            f"evaluation: {path} must be what likewise evaluate --json printed, is no JSON"
        ) from None
    return found if isinstance(found, list) else [found]
