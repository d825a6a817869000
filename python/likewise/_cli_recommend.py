"""The command ``likewise recommend``: every item's neighbours in one Parquet file.

Owns how the job is put on the command line, its progress and its summary.
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from likewise._cli_options import (
    CATALOGUE_COLUMNS,
    PATH,
    Command,
    Option,
    as_json_option,
    column_options,
    columns_given,
    popularity_option,
    quiet_option,
)
from likewise._cli_output import print_json, print_labelled, print_text, refusals
from likewise.catalogue import Catalogue
from likewise.storage import load

__all__ = ["recommend"]


class _Progress:
    """A bar in a terminal, a line every ten seconds elsewhere; nothing when quiet."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: Any = None
        self._began = self._line = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if self._quiet:
            return
        now = time.monotonic()
        if sys.stderr.isatty():
            if self._bar is None:
                self._bar = tqdm(
                    total=total, desc="items", file=sys.stderr, leave=False, dynamic_ncols=True
                )
            self._bar.update(done - self._bar.n)
            if done == total:
                self._bar.close()
        elif now >= self._line + 10.0:
            self._line = now
            left = (now - self._began) * (total - done) / max(done, 1)
            click.echo(f"items: {done / max(total, 1):4.0%}, {left:,.0f} s left", err=True)


@click.command(
    cls=Command,
    short_help="Write every item's neighbours: the nightly job.",
    examples="""
likewise recommend model -o neighbours.parquet -k 20
likewise recommend model -o out.parquet --attributes stock.csv --where "in_stock" --names
likewise recommend model -o out.parquet --same category_1 --per-category 5 --distinct
likewise recommend model -o new.parquet --catalogue new-shop.parquet --side complements
""",
)
@click.argument("model", type=PATH)
@click.option(
    "--output", "-o", type=PATH, required=True, cls=Option,
    help="Parquet file: item_id, rank, neighbor_id, score. It is replaced when the new one is "
    "complete.",
)  # fmt: skip
@click.option(
    "-k", type=click.IntRange(1), default=20, show_default=True, cls=Option,
    help="Neighbours of each item.",
)  # fmt: skip
@click.option(
    "--side", type=click.Choice(["similar", "complements", "center"]), default="similar",
    show_default=True, cls=Option,
    help="Alike; seen and bought along with it; or alike by center vectors alone.",
)  # fmt: skip
@popularity_option
@click.option(
    "--catalogue", metavar="FILE", cls=Option,
    help="Candidates, and items asked about, instead of those of training.",
)  # fmt: skip
@click.option(
    "--queries", metavar="FILE", cls=Option,
    help="Items asked about, where they are others than the candidates.",
)  # fmt: skip
@click.option(
    "--where", metavar="CONDITION", cls=Option,
    help="Only candidates that an SQL condition on the columns lets through: \"price < 50\".",
)  # fmt: skip
@click.option(
    "--same", metavar="COLUMN", multiple=True, cls=Option,
    help="Neighbours have the item's value in this column, for example category_1 (the top level).",
)  # fmt: skip
@click.option(
    "--different", metavar="COLUMN", multiple=True, cls=Option,
    help="Neighbours have another value in this column.",
)  # fmt: skip
@click.option(
    "--per-category", type=click.IntRange(1), metavar="N", cls=Option,
    help="At most N neighbours of one category.",
)  # fmt: skip
@click.option(
    "--distinct", is_flag=True, cls=Option, help="Only one of items with nearly the same name."
)
@click.option(
    "--diversity", type=click.FloatRange(0.0, 1.0, max_open=True), default=0.0,
    show_default=True, cls=Option,
    help="How much likeness to the other neighbours counts against one.",
)  # fmt: skip
@click.option("--threshold", type=float, metavar="SCORE", cls=Option, help="Lowest score, -1 to 1.")
@click.option("--names", is_flag=True, cls=Option, help="Also write the names.")
@click.option(
    "--attributes", metavar="FILE", cls=Option,
    help="Table with more columns for --where, --same and --different; without it the file of "
    "--catalogue is.",
)  # fmt: skip
@click.option(
    "--exact/--approximate", default=None, cls=Option,
    help="How to search; by the number of comparisons when left out.",
)  # fmt: skip
@quiet_option
@as_json_option
@column_options(*CATALOGUE_COLUMNS)
def recommend(
    model: Path,
    output: Path,
    catalogue: str | None,
    queries: str | None,
    attributes: str | None,
    quiet: bool,
    as_json: bool,
    same: tuple[str, ...],
    different: tuple[str, ...],
    **values: Any,
) -> None:
    """Write the neighbours of every item: the nightly job.

    Every list is full whenever so many candidates pass the conditions; an item is never its own
    neighbour. A run that fails or is interrupted leaves the last file as it was.
    """
    columns = columns_given(values, *CATALOGUE_COLUMNS)
    loaded = load(model)
    candidates = None if catalogue is None else Catalogue.read(catalogue, **columns)
    asked = None if queries is None else Catalogue.read(queries, **columns)
    if attributes is None and (values["where"] or same or different):
        attributes = catalogue
    with refusals():
        done = loaded.recommend_all(
            output,
            catalogue=candidates,
            queries=asked,
            attributes=attributes,
            item_id=columns["item_id"],
            same=list(same),
            different=list(different),
            progress=_Progress(quiet),
            **values,
        )
    if as_json:
        told = asdict(done)
        told.pop("table")
        return print_json(told)
    first, *rest = str(done).splitlines()
    print_labelled("written", f"{output}: {first}")
    print_labelled("lists", rest[0])
    for line in rest[1:]:
        which, _, text = line.partition(": ")
        print_labelled(which, text)
    if not done.rows:
        print_text("nothing was found")
