"""What a model is, in plain values and as a text for the terminal. Used by model.py alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc

from likewise.display.tables import table
from likewise.state import State

__all__ = ["info", "missing", "text"]

_TELLING = r"[\p{L}\p{N}\p{M}\p{So}]"


def info(model: State) -> dict[str, Any]:
    """Return sizes, options, recipe and origin, fit for JSON."""
    content = model.center_content
    return {
        "version": model.version,
        "created": model.created,
        "items": len(model.catalogue),
        "warm_items": int(np.count_nonzero(model.counts)),
        "events": int(model.counts.sum()),
        "order": model.order,
        "dim": model.options.dim,
        "tokens": 0 if content is None else len(content.token_hashes),
        "ngram_rows": 0 if content is None else len(content.ngrams),
        "content": _content(model),
        "pairs": len(model.learned.get("pair_items", ())),
        "pair_counting": model.pair_counting,
        "missing": missing(model),
        "context": model.options.context,
        "bytes": model.nbytes,
        "options": model.options.to_dict(),
        "recipe": None if model.recipe is None else model.recipe.to_dict(),
    }


def missing(model: State) -> list[str]:
    """Return sentences on what training had nothing of; none where it had some of everything."""
    known, catalogue = model.recipe is not None, model.catalogue
    texts = (("name", catalogue.names), ("category", catalogue.categories))
    lacking = [what for what, column in texts if not _says_something(column)]
    found = [f"no item has a {what}" for what in lacking]
    if len(lacking) == 2 and not known:
        found = ["no item has a name or a category: items are known by their ids alone"]
    if not known and model.counts.max(initial=0) < model.options.min_count:
        found.append(
            f"no item has {model.options.min_count:,} events (min_count): none has a vector"
        )
    content = model.center_content
    grams = model.recipe is not None and model.recipe.max_n > 0
    if grams and content is not None and not len(content.ngrams):
        found.append("no word has character n-grams: unknown words are compared as they stand")
    return found


def _says_something(texts: Any) -> bool:
    """Tell whether any of some texts has a letter, a digit or a picture."""
    some = (texts[:1000], texts[1000:])  # the first ones nearly always do
    return any(pc.any(pc.match_substring_regex(part, _TELLING)).as_py() for part in some)


def _content(model: State) -> str:
    content = model.center_content
    if content is None or model.recipe is None:
        return "none, items are known by their ids alone"
    said = f"{len(content.token_hashes):,} words and categories"
    if len(content.ngrams):
        lengths = f"{model.recipe.min_n} to {model.recipe.max_n} characters"
        said += f", {len(content.ngrams):,} n-gram rows of {lengths}"
    return said


def _pairs(model: State) -> list[str]:
    told, n = model.pair_counting, len(model.learned.get("pair_items", ()))
    if not told or not n:
        return []
    window, where = told.get("window"), "apart" if told.get("backwards") else "before"
    near = f"{window} events or fewer {where}" if window else "a session as a set"
    return [f"{n:,} seen together, counted by {near}, weight {told.get('weight', 0):g}"]


def text(model: State) -> str:
    """Return a few aligned lines that say what the model is."""
    about = info(model)
    cold = about["items"] - about["warm_items"]
    context = "items alone" if model.context_content is None else "content"
    rows = [
        ["  items", f"{about['items']:,} ({about['warm_items']:,} warm, {cold:,} cold)"],
        ["  events", f"{about['events']:,}{', in no order' if model.order == 'none' else ''}"],
        ["  vectors", f"{about['dim']} dimensions, context vectors from {context}"],
        ["  content", about["content"]],
        *(["  pairs", what] for what in _pairs(model)),
        *(["  missing", what] for what in about["missing"]),
        ["  trained", f"{model.created}, {model.options.epochs} epochs, likewise {model.version}"],
        ["  memory", f"{about['bytes'] / 1e6:,.1f} MB"],
    ]
    return "likewise model\n" + table(["", ""], rows, flexible=(1,)).lstrip("\n")
