"""The command ``likewise clusters``: the items of a model, or of another catalogue, in groups.

Owns what it asks, writes and prints.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from likewise.clustering.grouping import METHODS
from likewise.clustering.grouping import clusters as find_clusters
from likewise.commands.options import (
    CATALOGUE_COLUMNS,
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
)
from likewise.commands.output import print_json, print_labelled, print_text, refusals
from likewise.commands.work import WorkProgress, check_places
from likewise.model.model import load
from likewise.tables.catalogue import Catalogue

__all__ = ["clusters"]


@click.command(
    "clusters",
    cls=Command,
    short_help="Group alike items, and name the groups.",
    examples="""
likewise clusters model
likewise clusters model -n 50 -o items.parquet --about clusters.parquet
likewise clusters model --method hdbscan --min-size 5 -o series.parquet
likewise clusters model --earlier yesterday.parquet -o items.parquet
likewise clusters model --catalogue new-shop.csv -o items.parquet
""",
)
@click.argument("model", type=PATH)
@click.option(
    "-n", type=click.IntRange(1), cls=Option,
    help="Clusters of k-means; when left out, the fewest whose silhouette is nearly the highest.",
)  # fmt: skip
@click.option(
    "--method", type=click.Choice(METHODS), default="kmeans", show_default=True, cls=Option,
    help="kmeans puts every item into a cluster; hdbscan finds tight groups, and leaves out the "
    "others.",
)  # fmt: skip
@click.option(
    "--min-size", type=click.IntRange(2), cls=Option,
    help="Items of the smallest cluster of hdbscan; 10 when left out.",
)  # fmt: skip
@output_option("Parquet file of the items: item_id, cluster, cluster_name, similarity.")
@click.option(
    "--about", type=PATH, cls=Option,
    help="Parquet file of the clusters: name, items, events, cohesion, category, words, nearest, "
    "central.",
)  # fmt: skip
@click.option(
    "--earlier", type=PATH, cls=Option,
    help="An earlier --output: clusters that match keep its numbers, new ones get new numbers.",
)  # fmt: skip
@file_option(
    "--catalogue",
    "Group the items of this catalogue instead of those of training; no events are needed.",
)
@seed_option("Same seed, same clusters.")
@as_json_option
@quiet_option
@column_options(*CATALOGUE_COLUMNS)
def clusters(
    model: Path,
    n: int | None,
    method: str,
    min_size: int | None,
    output: Path | None,
    about: Path | None,
    earlier: Path | None,
    catalogue: str | None,
    seed: int,
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> None:
    """Group the items of MODEL by their center vectors, and name the groups.

    Needs the extra viz: pip install 'likewise[viz]'.
    """
    check_places(tuple(path for path in (output, about) if path is not None), (".parquet", ".pq"))
    loaded = load(model)
    columns = columns_given(values, *CATALOGUE_COLUMNS)
    items = None if catalogue is None else Catalogue.read(catalogue, **columns)
    with WorkProgress("grouping", quiet) as progress, refusals():
        found = find_clusters(
            loaded, n, method=method, min_size=min_size, catalogue=items, seed=seed,
            progress=progress,
        )  # fmt: skip
    matches = None
    if earlier is not None:
        with refusals():
            found = found.numbered_as(earlier)
            matches = found.match(earlier)
    if output is not None:
        found.write(output)
    if about is not None:
        found.write(about, "clusters")
    if as_json:
        return print_json(
            {
                "items": int((found.labels >= 0).sum()),
                "outside": found.settings.get("outside", 0),
                "without_vector": int((found.labels < 0).sum()) - found.settings.get("outside", 0),
                "settings": found.settings,
                "clusters": found.table.to_pylist(),
                "matches": None if matches is None else matches.to_pylist(),
            }
        )
    print_text(repr(found))
    if matches is not None:
        kept = matches.num_rows - matches.column("earlier").null_count
        print_labelled("matched", f"{kept:,} of {len(found):,} clusters are those of {earlier}")
    for path in (output, about):
        if path is not None:
            print_labelled("written", str(path))
