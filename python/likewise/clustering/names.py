"""Names of clusters: the category that fits a group of items best, and its distinctive words.

Owns what "fits" and "distinctive" mean. Counts on flat arrays; texts are made for the words chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from likewise.content.features import Features, Kind, Recipe, tokens_of
from likewise.display.markup import plain
from likewise.levels import leaf_of
from likewise.pages.category_tree import CategoryTree

if TYPE_CHECKING:
    from likewise.items import Items

__all__ = ["GroupName", "name_groups"]

_WORDS = 3  # in a name
_KEPT = 8  # of each group
_SMALLEST_SHARE = 0.04  # of a group that has to have a word for it to say something
_RECIPE = {"min_n": 0, "max_n": 0}  # words alone

Ints = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class GroupName:
    """What a group of items is called, and why.

    Attributes
    ----------
    name : str
        Short, unique among the groups, one line.
    category : str or None
        The path of the category that fits best.
    category_share : float
        Share of the group that is in it.
    words : tuple of str
        Most distinctive first, folded.
    """

    name: str
    category: str | None
    category_share: float
    words: tuple[str, ...]


def name_groups(catalogue: Items, groups: Ints, n: int, threads: int = 0) -> list[GroupName]:
    """Name groups of items.

    Parameters
    ----------
    catalogue : Catalogue
        The items.
    groups : int array (n_items,)
        The group of each, 0 to n - 1; -1 for none.
    n : int
        Groups.
    """
    fits = _best_categories(catalogue, groups, n)
    words = _distinctive_words(catalogue, groups, n, threads)
    named: list[GroupName] = []
    taken: dict[str, int] = {}
    for number in range(n):
        path, share = fits[number]
        label = "" if path is None else plain(leaf_of(path), 60)
        said = set(label.casefold().split())
        shown = [plain(word, 24) for word in words[number] if word not in said][:_WORDS]
        name = ": ".join(part for part in (label, ", ".join(shown)) if part) or "no name"
        taken[name] = taken.get(name, 0) + 1
        if taken[name] > 1:
            name = f"{name} ({taken[name]})"
        named.append(GroupName(name, path, share, tuple(words[number])))
    return named


def _best_categories(catalogue: Items, groups: Ints, n: int) -> list[tuple[str | None, float]]:
    """Choose for each group the category level that tells it best from all other items.

    The best F1: the harmonic mean of the share of the group that is in the category and the share
    of the category that is in the group. Levels that hold less than a third of the group cannot be
    chosen, unless none holds more.
    """
    tree = CategoryTree(catalogue)
    if len(tree) == 0:
        return [(None, 0.0)] * n
    totals = tree.totals(np.ones(len(catalogue)))
    chosen: list[tuple[str | None, float]] = []
    for number in range(n):
        inside = groups == number
        counts = tree.totals(inside.astype(np.float64))
        share = counts / max(1, int(inside.sum()))
        fit = 2 * counts / (int(inside.sum()) + totals)
        large = share >= 1 / 3
        if large.any():
            fit = np.where(large, fit, -1)
        best = int(np.lexsort((-tree.levels, -fit))[0])  # of equals the deepest
        found = counts[best] > 0
        chosen.append((tree.paths[best] if found else None, float(share[best]) if found else 0.0))
    return chosen


def _distinctive_words(catalogue: Items, groups: Ints, n: int, threads: int) -> list[list[str]]:
    """Choose for each group the words of names that tell most about being in it.

    ``p log(p / q)``: p is the share of the group's items with the word, q that of all items.
    """
    recipe = Recipe(**_RECIPE)
    features = Features.encode(catalogue, recipe, threads)
    items = np.repeat(np.arange(features.n_items), np.diff(features.item_offsets))
    keep = (features.item_kinds == Kind.NAME_WORD) & (groups[items] >= 0)
    items, tokens = items[keep], features.item_tokens[keep].astype(np.int64)
    if not len(tokens):
        return [[] for _ in range(n)]
    overall = np.bincount(tokens, minlength=features.n_tokens) / max(1, int((groups >= 0).sum()))
    example = np.zeros(features.n_tokens, np.int64)
    example[tokens[::-1]] = items[::-1]
    order = np.argsort(groups[items], kind="stable")
    bounds = np.searchsorted(groups[items][order], np.arange(n + 1))
    chosen: list[list[str]] = []
    for number in range(n):
        here = tokens[order[bounds[number] : bounds[number + 1]]]
        found, counts = np.unique(here, return_counts=True)
        share = counts / max(1, int((groups == number).sum()))
        told = share * np.log(share / overall[found])
        told[(share < _SMALLEST_SHARE) | (counts < 2) & (len(here) > 40)] = 0
        best = found[np.lexsort((found, -told))][: 2 * _KEPT]
        good = best[np.sort(told)[::-1][: len(best)] > 0]
        texts = [_text(catalogue, int(example[t]), features.token_hashes[t], recipe) for t in good]
        chosen.append([text for text in texts if _says_something(text)][:_KEPT])
    return chosen


def _says_something(word: str) -> bool:
    """Tell words from numbers, and from "in", "by" and "oz"; other scripts say more in less."""
    letters = sum(character.isalpha() for character in word)
    return letters >= (3 if word.isascii() else 1)


def _text(catalogue: Items, item: int, wanted: np.uint64, recipe: Recipe) -> str:
    """Return a word as text: the token of this hash of an item that has it."""
    name = catalogue.names[item].as_py()
    return next(text for _, text, hash64 in tokens_of(None, name, recipe) if hash64 == wanted)
