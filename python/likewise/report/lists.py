"""Example lists of a report: which items are asked about, what is found, and which features say so.

Owns the choice of examples: popular, rare, new, complements, another catalogue. Makes no markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from likewise.content.composition import Contribution
from likewise.pages.category_tree import CategoryTree
from likewise.questions.answers import complements, index, similar
from likewise.questions.explain import products_of, shares_of
from likewise.report.records import Answer, Example
from likewise.score.blend import blend_of
from likewise.score.popularity import POPULARITY
from likewise.search.index import Index
from likewise.search.matches import Matches
from likewise.state import State

if TYPE_CHECKING:
    from likewise.tables.catalogue import Catalogue

__all__ = ["example_lists"]

Longs = npt.NDArray[np.int64]

_ANSWERS = 8
_REASONS = 3  # features named of each answer
_RARE = 3  # events up to which an item with history is rare


def example_lists(
    model: State, other: Catalogue | None = None, *, lists: int = 20, seed: int = 1
) -> list[Example]:
    """Choose about `lists` examples and answer them.

    Popular items with history, rare ones, new ones, complements of popular ones and, where there is
    another catalogue, items of it. Where a group has too few, popular ones fill up.
    """
    rng = np.random.default_rng(seed)
    usable = np.any(model.center, axis=1)
    counts = model.counts
    popular = _varied(model, np.flatnonzero(usable & (counts > _RARE)), by_count=True)
    rare = _varied(
        model, rng.permutation(np.flatnonzero(usable & (counts > 0) & (counts <= _RARE)))
    )
    cold = _varied(model, rng.permutation(np.flatnonzero(usable & (counts == 0))))
    with_context = [i for i in popular if np.any(model.context[i])]
    share = max(1, lists // (5 if other is not None else 4))
    companions = with_context[:share]
    rest = lists - len(companions) - len(rare[:share]) - len(cold[:share])
    rest -= share if other is not None else 0
    found = [_ask(model, "Seen often", i) for i in popular[: max(0, rest)]]
    found += [_ask(model, "Seen rarely", i) for i in rare[:share]]
    found += [_ask(model, "New, never seen", i) for i in cold[:share]]
    found += [_ask(model, "Goes with", i, goes_with=True) for i in companions]
    if other is not None and len(other):
        there = index(model, other, exact=True, own_rows=False)
        for i in popular[:share]:
            found.append(_ask(model, "Answers from another catalogue", i, there))
    return [example for example in found if example.answers]


def _varied(model: State, items: Longs, by_count: bool = False) -> list[int]:
    """Order items so that the first ones are of different top categories."""
    if by_count:
        items = items[np.argsort(-model.counts[items], kind="stable")]
    items = items[:5000]
    if not len(items):
        return []
    tree = CategoryTree(model.catalogue.take(items))
    tops = [-1 if leaf < 0 else int(tree.tops[leaf]) for leaf in tree.leaves]
    seen: dict[int, int] = {}
    turns = []
    for place, (item, top) in enumerate(zip(items.tolist(), tops, strict=True)):
        turns.append((seen.get(top, 0), place, item))
        seen[top] = seen.get(top, 0) + 1
    return [item for _, _, item in sorted(turns)[:100]]


def _with_one_category(parts: list[Contribution]) -> list[Contribution]:
    """Take the levels of a category as one feature, named by the whole path.

    They always come together, so training is free to make one large and another the opposite:
    their sum means something, each of them may not.
    """
    levels = [part for part in parts if part.kind == "category"]
    if len(levels) < 2:
        return parts
    whole = max(levels, key=lambda part: len(part.feature))
    summed = sum((part.vector for part in levels), np.zeros_like(whole.vector))
    one = Contribution(whole.kind, whole.feature, summed)
    return [one, *(part for part in parts if part.kind != "category")]


def _named(part: Contribution) -> str:
    return part.kind if part.kind == "popularity" else part.feature


def _ask(
    model: State, group: str, item: int, index: Index | None = None, *, goes_with: bool = False
) -> Example:
    catalogue = model.catalogue
    item_id = str(catalogue.ids[item])
    verb = complements if goes_with else similar
    found = verb(model, item_id, _ANSWERS, index=index)
    assert isinstance(found, Matches)
    at = found.positions
    if not goes_with:
        blend = blend_of(model)
        asked = blend.query_contributions(item, POPULARITY, blend.domain_in(index))
        parts = _with_one_category(asked)
        vectors = blend.trained_vectors(at) if index is None else index.vectors_at(at)
        table = products_of(parts, vectors.astype(np.float64))
        # What vectors do not say of a score is said by pairs, and in another catalogue by texts.
        together = np.maximum(np.asarray(found.scores, np.float64) - table.sum(axis=1), 0.0)
        table = np.concatenate([table, np.where(together > 1e-5, together, 0.0)[:, None]], axis=1)
        names = [*map(_named, parts), "seen together" if index is None else "texts as they stand"]
    else:
        parts = _with_one_category(model.encoder.contributions(item))
        vectors = model.encoder.contexts(model.center[at], model.context[at])
        table = shares_of(parts, vectors.astype(np.float64))
        names = [*map(_named, parts)]
    events = np.zeros(len(found), np.int64) if index is not None else model.counts[found.positions]
    answers = []
    for row, (answer_id, score, name) in enumerate(found):
        # The weightiest, against as well as for; the highest first.
        best = np.argsort(-np.abs(table[row]), kind="stable")[:_REASONS]
        best = best[np.argsort(-table[row, best], kind="stable")]
        reasons = tuple((names[i], float(table[row, i])) for i in best)
        rest = float(score) - sum(share for _, share in reasons)
        answers.append(
            Answer(answer_id, name, found.categories[row], int(events[row]), float(score), reasons,
                   rest)
        )  # fmt: skip
    return Example(
        group,
        item_id,
        catalogue.names[item].as_py(),
        catalogue.categories_of(np.array([item]))[0].as_py(),
        int(model.counts[item]),
        tuple(answers),
    )
