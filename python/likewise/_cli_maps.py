"""The command ``likewise map``: categories or items of a model in two dimensions.

Owns what it asks and prints, and the progress of work that has no training in it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from likewise import maps
from likewise._cli_options import PATH, Command, Option, as_json_option, quiet_option
from likewise._cli_output import print_json, print_labelled, print_text, refusals, whole_file
from likewise.storage import load

__all__ = ["WorkProgress", "check_places", "map_command"]


class WorkProgress:
    """Shows work on standard error: a bar in a terminal, a line now and then elsewhere.

    Called with what is done and what there is in all.
    """

    _LINE_SECONDS = 10.0

    def __init__(self, label: str, quiet: bool = False) -> None:
        self._label = label
        self._quiet = quiet
        self._bar: Any = None
        self._next_line = time.monotonic() + self._LINE_SECONDS

    def __enter__(self) -> WorkProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __call__(self, done: int, total: int) -> None:
        """Take note of progress."""
        if self._quiet:
            return
        if sys.stderr.isatty():
            if self._bar is None:
                self._bar = tqdm(
                    total=total, desc=self._label, file=sys.stderr, leave=False, dynamic_ncols=True,
                    bar_format="{desc}: {percentage:3.0f}% |{bar}| {remaining} left",
                )  # fmt: skip
            self._bar.update(done - self._bar.n)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + self._LINE_SECONDS
            click.echo(f"{self._label}: {done / max(total, 1):4.0%}", err=True)


def check_places(paths: tuple[Path, ...], suffixes: tuple[str, ...]) -> None:
    """Find out before the work whether files can be written there; leaves nothing behind."""

    class _EnoughError(Exception):
        pass

    for path in paths:
        try:
            with whole_file(path, suffixes):
                raise _EnoughError
        except _EnoughError:
            pass


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
@click.option(
    "--output", "-o", "outputs", type=PATH, required=True, multiple=True, cls=Option,
    help="File to write, several times for several: a page (.html, needs no network), a picture "
    "(.png, .svg) or the coordinates (.parquet).",
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
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, cls=Option,
    help="Same seed, same map.",
)  # fmt: skip
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
