"""The commands that ask a model: ``likewise similar`` and ``likewise complements``.

One question in two forms; owns how it is put and how answers are printed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from likewise.commands.options import (
    CATALOGUE_COLUMNS,
    PATH,
    Command,
    Decorated,
    Option,
    as_json_option,
    column_options,
    columns_given,
    popularity_option,
)
from likewise.commands.output import print_json, print_text, refusals
from likewise.model.model import Model, load
from likewise.search.matches import Matches
from likewise.tables.catalogue import Catalogue

__all__ = ["complements", "similar"]


def _question(verb: str, short: str, about: str) -> click.Command:
    """Make the command ``similar`` or ``complements``: one question, two sides of the model."""

    @click.command(
        verb,
        cls=Command,
        short_help=short,
        help=f"{about}\n\nAsk by item id, or by name and category of an item that need not exist.",
        examples=f"""
likewise {verb} model --id B000X
likewise {verb} model --id B000X --id B000Y -k 5 --json
likewise {verb} model --name "red rubber ball" --category "Pets > Dogs > Toys"
likewise {verb} model --id B000X --catalogue other-shop.parquet
""",
    )
    @click.argument("model", type=PATH)
    @click.option(
        "--id", "ids", multiple=True, metavar="ID", cls=Option,
        help="Item to ask about; several times for several.",
    )  # fmt: skip
    @click.option("--name", metavar="TEXT", cls=Option, help="What an item is called.")
    @click.option(
        "--category", metavar="PATH", cls=Option, help='Where it belongs: "Pets > Dogs > Toys".'
    )
    @click.option(
        "-k", type=click.IntRange(1), default=10, show_default=True, cls=Option,
        help="Answers for each item.",
    )  # fmt: skip
    @click.option(
        "--catalogue", metavar="FILE", cls=Option,
        help="Answer with items of this catalogue instead of those of training.",
    )  # fmt: skip
    @_of_similar(verb)
    @as_json_option
    @column_options(*CATALOGUE_COLUMNS)
    def command(
        model: Path,
        ids: tuple[str, ...],
        name: str | None,
        category: str | None,
        k: int,
        catalogue: str | None,
        as_json: bool,
        side: str | None = None,
        popularity: float | None = None,
        **values: Any,
    ) -> None:
        by_text = name is not None or category is not None
        if bool(ids) == by_text:
            raise click.UsageError("ask by --id, or by --name and --category")
        loaded = load(model)
        index = None
        more = {} if verb == "complements" else {"side": side, "popularity": popularity}
        if catalogue is not None:
            with refusals():
                items = Catalogue.read(catalogue, **columns_given(values, *CATALOGUE_COLUMNS))
                index = loaded.index(items, side=side or "context")
        text = {"name": name, "category": category}
        answers = _ask(loaded, verb, ids, text, k, {"index": index, **more})
        if as_json:
            asked: list[dict[str, Any]] = [{"id": item_id} for item_id in ids]
            if by_text:
                asked = [{"name": name, "category": category}]
            return print_json(
                [
                    {"query": query, "matches": found.to_dicts()}
                    for query, found in zip(asked, answers, strict=True)
                ]
            )
        print_text("\n\n".join(map(repr, answers)))

    made: click.Command = command
    return made


def _ask(
    model: Model,
    verb: str,
    ids: tuple[str, ...],
    text: dict[str, str | None],
    k: int,
    more: dict[str, Any],
) -> list[Matches]:
    ask = getattr(model, verb)
    with refusals():
        if ids:
            return [ask(item_id, k, **more) for item_id in ids]
        return [ask(k=k, **more, **text)]


def _of_similar(verb: str) -> Callable[[Decorated], Decorated]:
    """Give ``similar`` its options that ``complements`` has no use for."""

    def decorate(command: Decorated) -> Decorated:
        if verb == "complements":
            return command
        side: Any = click.option(
            "--side", type=click.Choice(["similar", "center"]), default="similar",
            show_default=True, cls=Option,
            help="The whole score, or the cosine of center vectors alone.",
        )  # fmt: skip
        chosen: Decorated = side(popularity_option(command))
        return chosen

    return decorate


similar = _question("similar", "Find the items most like one.", "Find the items most alike.")
complements = _question(
    "complements",
    "Find what goes with an item.",
    "Find what goes with an item: seen or bought along with it.",
)
