"""The command ``likewise map``: categories or items of a model in two dimensions.

Owns what it asks and prints.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from likewise.commands.options import (
    PATH,
    Command,
    Option,
    as_json_option,
    output_option,
    quiet_option,
    seed_option,
)
from likewise.commands.output import print_json, print_labelled, print_text, refusals
from likewise.commands.work import WorkProgress, check_places
from likewise.maps import maps
from likewise.model.model import load

__all__ = ["map_command"]


@click.command(
    "map",
    cls=Command,
    short_help="Draw categories or items in two dimensions.",
    examples="""
likewise map model -o map.html
likewise map model -o map.html -o map.png -o map.svg -o coordinates.parquet
likewise map model --items --limit 5000 -o items.html
""",
)
@click.argument("model", type=PATH)
@output_option(
    "File to write, several times for several: a page (.html, needs no network), a picture (.png, "
    ".svg) or the coordinates (.parquet).",
    "outputs", required=True, multiple=True
)  # fmt: skip
@click.option("--items", is_flag=True, cls=Option, help="Draw items instead of categories.")
@click.option(
    "--limit", type=click.IntRange(1), default=200_000, show_default=True, cls=Option,
    help="Items drawn at most; of more, a sample.",
)  # fmt: skip
@click.option(
    "--perplexity", type=click.FloatRange(0, min_open=True), cls=Option,
    help="Of t-SNE; 30, or a third of the points where that is less, when left out.",
)  # fmt: skip
@seed_option("Same seed, same map.")
@click.option(
    "--threads", type=click.IntRange(0), default=0, show_default=True, cls=Option,
    help="Workers for large maps; 0 takes the cores there are.",
)  # fmt: skip
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
    check_places(outputs, maps.SUFFIXES)
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
