"""Texts compared by the letter: words, character n-grams and paths in dicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

import numpy as np

from likewise import Catalogue
from likewise.content.features import Kind, Recipe, character_ngrams, tokens_of

ROWS = 1 << 21
SHARES = {"word": 1.0, "path": 0.5, "n-gram": 1.0}
MOST = 50
EQUAL_TEXTS, EQUAL_TEXTS_ABROAD = 0.8, 0.4

Text = dict[tuple[str, Hashable], float]


def parts_of(category: str | None, name: str | None, recipe: Recipe) -> set[tuple[str, Hashable]]:
    """Return what an item's text is made of."""
    found: set[tuple[str, Hashable]] = set()
    for kind, text, token in tokens_of(category, name, recipe):
        if kind == Kind.CATEGORY:
            found.add(("path", token))
        elif kind in (Kind.NAME_WORD, Kind.NAME_NGRAM):
            found.add(("word", token))
        if kind == Kind.NAME_WORD and recipe.max_n:
            for _, gram in character_ngrams(text, recipe):
                found.add(("n-gram", (gram >> 32) * ROWS >> 32))
    return found


def cosines(
    queries: Catalogue,
    items: Catalogue,
    recipe: Recipe,
    most_uses: int = 1 << 14,
    most: int | None = MOST,
) -> list[dict[int, float]]:
    """Return the items with the greatest cosines of each query, those above 0."""
    n = len(items)
    there = [parts_of(category, name, recipe) for _, category, name in items]
    uses = Counter(part for parts in there for part in parts)

    def weighed(parts: set[tuple[str, Hashable]]) -> Text:
        weights: Text = {}
        for part in parts:
            common = max(20, 0.02 * n) if part[0] == "n-gram" else most_uses
            if uses[part] <= min(common, most_uses):
                weights[part] = np.log((1 + n) / (1 + uses[part])) + 1
        kinds = {kind for kind, _ in weights}
        whole = sum(SHARES[kind] for kind in kinds)
        for kind in kinds:
            mine = [part for part in weights if part[0] == kind]
            length = np.sqrt(sum(weights[part] ** 2 for part in mine))
            for part in mine:
                weights[part] *= np.sqrt(SHARES[kind] / whole) / length
        return weights

    known = [weighed(parts) for parts in there]
    found = []
    for _, category, name in queries:
        asked = weighed(parts_of(category, name, recipe))
        row = {i: sum(w * asked.get(part, 0.0) for part, w in one.items())
               for i, one in enumerate(known)}  # fmt: skip
        above = sorted(((i, c) for i, c in row.items() if c > 0), key=lambda one: -one[1])
        found.append(dict(above[:most]))
    return found


def weights(
    queries: Catalogue, items: Catalogue, recipe: Recipe, abroad: bool
) -> list[dict[int, float]]:
    """Return what the cosines of each query stand for in a mixture of sharpness 10.

    ``abroad`` tells whether the catalogue is out of domain. All of them: which come last of so many
    is told by the last bits of sums.
    """
    equal = EQUAL_TEXTS_ABROAD if abroad else EQUAL_TEXTS
    return [
        {i: float(np.expm1(10 * equal * min(c, 1.0))) for i, c in row.items()}
        for row in cosines(queries, items, recipe, most=None)
    ]
