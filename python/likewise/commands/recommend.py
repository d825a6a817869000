"""The command ``likewise recommend``: every item's neighbours in one Parquet file.

Owns how the job is put on the command line, its progress and its summary.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from likewise.commands.errors import refusals
from likewise.commands.options import (
    as_json_option,
    command,
    file_option,
    k_option,
    model_argument,
    option,
    output_option,
    popularity_option,
    quiet_option,
)
from likewise.commands.output import print_json, print_labelled, print_text, read_items
from likewise.commands.sources import READING, catalogue_given, catalogue_options
from likewise.model.model import load
from likewise.neighbours.attributes import attribute_table
from likewise.reading.checks import read_options
from likewise.work.progress import WorkProgress

__all__ = ["recommend"]


@command(
    "recommend",
    short_help="Write every item's neighbours: the nightly job.",
    examples="""
likewise recommend model -o neighbours.parquet -k 20
likewise recommend model -o out.parquet --attributes stock.csv --where "in_stock" --names
likewise recommend model -o out.parquet --same category_1 --per-category 5 --distinct
likewise recommend model -o new.parquet --catalogue new-shop.parquet --side complements
""",
)
@model_argument
@output_option(
    "Parquet file: item_id, rank, neighbor_id, score. It is replaced when the new one is complete.",
    required=True,
)
@k_option(20, "Neighbours of each item.")
@option(
    "--side", type=click.Choice(["similar", "complements", "center"]), default="similar",
    show_default=True,
    help="Alike; seen and bought along with it; or alike by center vectors alone.",
)  # fmt: skip
@popularity_option
@file_option("--catalogue", "Candidates, and items asked about, instead of those of training.")
@file_option("--queries", "Items asked about, where they are others than the candidates.")
@option(
    "--where", metavar="CONDITION",
    help="Only candidates that an SQL condition on the columns lets through: \"price < 50\".",
)  # fmt: skip
@option(
    "--same", metavar="COLUMN", multiple=True,
    help="Neighbours have the item's value in this column, for example category_1 (the top level).",
)  # fmt: skip
@option(
    "--different", metavar="COLUMN", multiple=True,
    help="Neighbours have another value in this column.",
)  # fmt: skip
@option(
    "--per-category", type=click.IntRange(1), metavar="N",
    help="At most N neighbours of one category.",
)  # fmt: skip
@option("--distinct", is_flag=True, help="Only one of items with nearly the same name.")
@option(
    "--diversity", type=click.FloatRange(0.0, 1.0, max_open=True), default=0.0,
    show_default=True,
    help="How much likeness to the other neighbours counts against one.",
)  # fmt: skip
@option("--threshold", type=float, metavar="SCORE", help="Lowest score, -1 to 1.")
@option("--names", is_flag=True, help="Also write the names.")
@file_option(
    "--attributes",
    "Table with more columns for --where, --same and --different; without it the file of "
    "--catalogue is.",
)
@option(
    "--exact/--approximate", default=None,
    help="Compare with every candidate that could matter, or ask a graph; when left out, many "
    "comparisons are made by partitions.",
)  # fmt: skip
@option(
    "--recall", type=click.FloatRange(0.0, 1.0, min_open=True),
    help="Share of the best that a search by partitions must find; .995 when left out.",
)  # fmt: skip
@quiet_option
@as_json_option
@catalogue_options
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
    columns = catalogue_given(values)
    loaded = load(model)
    candidates, asked = read_items(catalogue, columns), read_items(queries, columns)
    if attributes is None and (values["where"] or same or different):
        attributes = catalogue
    table = None
    if attributes is not None:
        reading = read_options(**{name: columns[name] for name in READING if name in columns})
        table = attribute_table(attributes, columns["item_id"], reading)
    with (
        WorkProgress("graph", quiet) as building,
        WorkProgress("items", quiet) as progress,
        refusals(),
    ):
        done = loaded.recommend_all(
            output,
            catalogue=candidates,
            queries=asked,
            attributes=table,
            item_id=columns["item_id"],
            same=list(same),
            different=list(different),
            progress=progress,
            building=building,
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
