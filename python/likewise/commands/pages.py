"""The commands that draw a model: ``likewise map``, ``clusters`` and ``report``.

Own what they ask, write and print.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from likewise import maps
from likewise.clustering.grouping import METHODS
from likewise.clustering.grouping import clusters as find_clusters
from likewise.commands.errors import refusals
from likewise.commands.options import (
    PATH,
    as_json_option,
    command,
    file_option,
    model_argument,
    option,
    output_option,
    quiet_option,
    seed_option,
    threads_option,
)
from likewise.commands.output import (
    print_json,
    print_labelled,
    print_text,
    read_items,
    read_sessions,
)
from likewise.commands.sources import (
    catalogue_given,
    catalogue_options,
    event_options,
    events_given,
)
from likewise.errors import InputError
from likewise.model.model import load
from likewise.report.report import write_report
from likewise.work.progress import WorkProgress
from likewise.work.replacing import try_out, whole_file

__all__ = ["clusters", "map_command", "report"]


@command(
    "map",
    short_help="Draw categories or items in two dimensions.",
    examples="""
likewise map model -o map.html
likewise map model -o map.html -o map.png -o map.svg -o coordinates.parquet
likewise map model --items --limit 5000 -o items.html
""",
)
@model_argument
@output_option(
    "File to write, several times for several: a page (.html, needs no network), a picture (.png, "
    ".svg) or the coordinates (.parquet).",
    "outputs", required=True, multiple=True
)  # fmt: skip
@option("--items", is_flag=True, help="Draw items instead of categories.")
@option(
    "--limit", type=click.IntRange(1), default=200_000, show_default=True,
    help="Items drawn at most; of more, a sample.",
)  # fmt: skip
@option(
    "--perplexity", type=click.FloatRange(0, min_open=True),
    help="Of t-SNE; 30, or a third of the points where that is less, when left out.",
)  # fmt: skip
@seed_option("Same seed, same map.")
@threads_option(" for large maps")
@as_json_option
@quiet_option
def map_command(
    model: Path,
    outputs: tuple[Path, ...],
    items: bool,
    limit: int,
    perplexity: float | None,
    seed: int,
    threads: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Draw the categories of MODEL in two dimensions (t-SNE), center and context side by side.

    Size is events, colour the top category. Needs the extra viz: pip install 'likewise[viz]'.
    """
    for path in outputs:
        try_out(whole_file(path, maps.SUFFIXES))
    loaded = load(model)
    with WorkProgress("laying out", quiet) as progress, refusals():
        shared: dict[str, Any] = {
            "seed": seed, "perplexity": perplexity, "threads": threads, "progress": progress,
        }  # fmt: skip
        if items:
            picture = maps.items(loaded, limit=limit, **shared)
        else:
            picture = maps.categories(loaded, **shared)
    for path in outputs:
        picture.write(path)
    if as_json:
        return print_json(
            {
                "outputs": list(map(str, outputs)),
                "kind": picture.kind,
                "points": len(picture),
                "quality": picture.quality,
                "settings": picture.settings,
            }
        )
    print_text(repr(picture))
    for path in outputs:
        print_labelled("written", str(path))


@command(
    "clusters",
    short_help="Group alike items, and name the groups.",
    examples="""
likewise clusters model
likewise clusters model -n 50 -o items.parquet --about clusters.parquet
likewise clusters model --method hdbscan --min-size 5 -o series.parquet
likewise clusters model --earlier yesterday.parquet -o items.parquet
likewise clusters model --catalogue new-shop.csv -o items.parquet
""",
)
@model_argument
@option(
    "-n", type=click.IntRange(1),
    help="Clusters of k-means; when left out, the fewest whose silhouette is nearly the highest.",
)  # fmt: skip
@option(
    "--method", type=click.Choice(METHODS), default="kmeans", show_default=True,
    help="kmeans puts every item into a cluster; hdbscan finds tight groups, and leaves out the "
    "others.",
)  # fmt: skip
@option(
    "--min-size", type=click.IntRange(2),
    help="Items of the smallest cluster of hdbscan; 10 when left out.",
)  # fmt: skip
@output_option("Parquet file of the items: item_id, cluster, cluster_name, similarity.")
@option(
    "--about", type=PATH,
    help="Parquet file of the clusters: name, items, events, cohesion, category, words, nearest, "
    "central.",
)  # fmt: skip
@option(
    "--earlier", type=PATH,
    help="An earlier --output: clusters that match keep its numbers, new ones get new numbers.",
)  # fmt: skip
@file_option(
    "--catalogue",
    "Group the items of this catalogue instead of those of training; no events are needed.",
)
@seed_option("Same seed, same clusters.")
@as_json_option
@quiet_option
@catalogue_options
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
    places = [path for path in (output, about) if path is not None]
    for path in places:
        try_out(whole_file(path, (".parquet", ".pq")))
    loaded = load(model)
    items = read_items(catalogue, catalogue_given(values))
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
    for path in places:
        print_labelled("written", str(path))


@command(
    "report",
    short_help="Write one page about a model: data, quality, map, clusters, lists.",
    examples="""
likewise report model -o report.html
likewise report model -o report.html --evaluation quality.json
likewise report model -o report.html --events events.parquet --catalogue products.parquet
likewise report model -o report.html --other new-shop.csv
""",
)
@model_argument
@output_option("File to write: a page that needs no network, .html.", required=True)
@file_option("--events", "The events of training, to say what came in and was dropped.")
@file_option("--catalogue", "The catalogue of training, for the same; goes with --events.")
@option(
    "--evaluation", "evaluations", type=PATH, multiple=True,
    help="What likewise evaluate --json printed; several times for several.",
)  # fmt: skip
@file_option("--other", "Another catalogue, without history: examples of answers from it.")
@option("--title", default="Similar products", show_default=True,
              help="Heading of the page.")  # fmt: skip
@option(
    "--clusters", type=click.IntRange(1),
    help="How many; when left out, as likewise clusters chooses.",
)  # fmt: skip
@seed_option("Same seed, same map, clusters and examples.")
@as_json_option
@quiet_option
@event_options
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
    try_out(whole_file(output, (".html",)))
    results = [result for path in evaluations for result in _read_evaluations(path)]
    loaded = load(model)
    item_columns, settings = events_given(values)
    sessions = None
    if events is not None:
        items = loaded.catalogue if catalogue is None else read_items(catalogue, item_columns)
        sessions = read_sessions(events, items, settings, say=False)
    elsewhere = read_items(other, item_columns)
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
