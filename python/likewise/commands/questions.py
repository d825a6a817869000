"""The commands that ask a model: ``likewise similar``, ``complements`` and ``info``.

The first two are one question in two forms; owns how it is put and how answers are printed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from likewise.commands.errors import refusals
from likewise.commands.options import (
    Decorator,
    as_json_option,
    command,
    file_option,
    k_option,
    model_argument,
    option,
    popularity_option,
    together,
)
from likewise.commands.output import print_json, print_text
from likewise.commands.sources import catalogue_given, catalogue_options
from likewise.model.model import load
from likewise.options import Options
from likewise.search.matches import Matches
from likewise.tables.catalogue import Catalogue

__all__ = ["complements", "info", "similar"]


def _question(verb: str, short: str, about: str, *own: Decorator) -> click.Command:
    """Make the command ``similar`` or ``complements``: one question, and options of their own."""

    @command(
        verb,
        short_help=short,
        help=f"{about}\n\nAsk by item id, or by name and category of an item that need not exist.",
        examples=f"""
likewise {verb} model --id B000X
likewise {verb} model --id B000X --id B000Y -k 5 --json
likewise {verb} model --name "red rubber ball" --category "Pets > Dogs > Toys"
likewise {verb} model --id B000X --catalogue other-shop.parquet
""",
    )
    @model_argument
    @option(
        "--id", "ids", multiple=True, metavar="ID",
        help="Item to ask about; several times for several.",
    )  # fmt: skip
    @option("--name", metavar="TEXT", help="What an item is called.")
    @option("--category", metavar="PATH", help='Where it belongs: "Pets > Dogs > Toys".')
    @k_option(10, "Answers for each item.")
    @file_option("--catalogue", "Answer with items of this catalogue instead of those of training.")
    @together(*own)
    @as_json_option
    @catalogue_options
    def ask(
        model: Path,
        ids: tuple[str, ...],
        name: str | None,
        category: str | None,
        k: int,
        catalogue: str | None,
        as_json: bool,
        **values: Any,
    ) -> None:
        by_text = name is not None or category is not None
        if bool(ids) == by_text:
            raise click.UsageError("ask by --id, or by --name and --category")
        loaded = load(model)
        columns = catalogue_given(values)  # the other values are `own`
        text: dict[str, Any] = {"name": name, "category": category}
        verb_of = getattr(loaded, verb)
        with refusals():
            index = None
            if catalogue is not None:
                items = Catalogue.read(catalogue, **columns)
                # For a few questions: a graph takes longer to build than all of them.
                index = loaded.index(items, side=values.get("side", "context"), exact=True)
            given = {"k": k, "index": index, **values}
            answers: list[Matches] = [verb_of(item_id, **given) for item_id in ids]
            if by_text:
                answers = [verb_of(**given, **text)]
        if as_json:
            asked: list[dict[str, Any]] = [{"id": item_id} for item_id in ids] or [text]
            return print_json(
                [
                    {"query": query, "matches": found.to_dicts()}
                    for query, found in zip(asked, answers, strict=True)
                ]
            )
        print_text("\n\n".join(map(repr, answers)))

    made: click.Command = ask
    return made


similar = _question(
    "similar",
    "Find the items most like one.",
    "Find the items most alike.",
    option(
        "--side", type=click.Choice(["similar", "center"]), default="similar", show_default=True,
        help="The whole score, or the cosine of center vectors alone.",
    ),
    popularity_option,
)  # fmt: skip
complements = _question(
    "complements",
    "Find what goes with an item.",
    "Find what goes with an item: seen or bought along with it.",
)


@command(
    "info",
    short_help="Say what a model is: items, vectors, options.",
    examples="likewise info model\nlikewise info model --json",
)
@model_argument
@as_json_option
def info(model: Path, as_json: bool) -> None:
    """Say what a model is: items, vectors, options."""
    loaded = load(model)
    if as_json:
        return print_json({"model": str(model), **loaded.info()})
    print_text(repr(loaded))
    changed = [
        f"{name} {value}" for name, value in loaded.options.to_dict().items()
        if value != getattr(Options(), name)
    ]  # fmt: skip
    print_text(f"  options         {', '.join(changed) or 'all defaults'}")
