"""What a model is, in plain values and as a text for the terminal. Used by model.py alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from likewise.display.tables import table
from likewise.state import State


def info(model: State) -> dict[str, Any]:
    """Return sizes, options, recipe and origin, fit for JSON."""
    content = model.center_content
    return {
        "version": model.version,
        "created": model.created,
        "items": len(model.catalogue),
        "warm_items": int(np.count_nonzero(model.counts)),
        "events": int(model.counts.sum()),
        "dim": model.options.dim,
        "tokens": 0 if content is None else len(content.token_hashes),
        "ngram_rows": 0 if content is None else len(content.ngrams),
        "context": model.options.context,
        "bytes": model.nbytes,
        "options": model.options.to_dict(),
        "recipe": None if model.recipe is None else model.recipe.to_dict(),
    }


def text(model: State) -> str:
    """Return a few aligned lines that say what the model is."""
    about = info(model)
    cold = about["items"] - about["warm_items"]
    content = "none, items are known by their ids alone"
    if model.recipe is not None:
        content = f"{about['tokens']:,} words and categories"
        if about["ngram_rows"]:
            lengths = f"{model.recipe.min_n} to {model.recipe.max_n} characters"
            content += f", {about['ngram_rows']:,} n-gram rows of {lengths}"
    context = "items alone" if model.context_content is None else "content"
    rows = [
        ["  items", f"{about['items']:,} ({about['warm_items']:,} warm, {cold:,} cold)"],
        ["  events", f"{about['events']:,}"],
        ["  vectors", f"{about['dim']} dimensions, context vectors from {context}"],
        ["  content", content],
        ["  trained", f"{model.created}, {model.options.epochs} epochs, likewise {model.version}"],
        ["  memory", f"{about['bytes'] / 1e6:,.1f} MB"],
    ]
    return "likewise model\n" + table(["", ""], rows, flexible=(1,)).lstrip("\n")
