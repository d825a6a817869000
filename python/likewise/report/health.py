"""Health of a model: figures that tell whether its lists can be trusted, and warnings.

Owns what is measured on a sample of items and from where on it is worth a warning. Makes no markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from likewise.content.features import Features, Kind
from likewise.pages.category_tree import CategoryTree
from likewise.questions.answers import similar
from likewise.report.records import Health
from likewise.search.matches import BatchMatches

if TYPE_CHECKING:
    from likewise.items import Items
    from likewise.state import State
    from likewise.tables.reports import SessionsReport

__all__ = ["measure", "unknown_words"]

_QUERIES = 500
_K = 10
_RECALL_K = 20
_RECALL_QUERIES = 300
_SAME = 1e-5  # cosines nearer than this differ by rounding
_RECALL_ITEMS = (1000, 500_000)  # fewer are always searched exactly, more take too long
_MANY_UNKNOWN, _MANY_DROPPED, _MANY_EMPTY = 0.3, 0.2, 0.05
_ONE_CATEGORY, _TOP_SHARE, _GOOD_RECALL = 0.8, 0.2, 0.95


def measure(
    model: State,
    *,
    sessions: SessionsReport | None = None,
    other: Items | None = None,
    seed: int = 1,
) -> Health:
    """Measure on a sample of the model's items; a few seconds, and the time to make an index."""
    health = Health()
    rng = np.random.default_rng(seed)
    _items(model, health)
    _words(model, other, health)
    _lists(model, health, rng)
    _recall(model, health, rng)
    _training(model, sessions, health)
    return health


def _items(model: State, health: Health) -> None:
    empty = int((~np.any(model.center, axis=1)).sum())
    share = empty / max(1, len(model.catalogue))
    health.add(
        "items without a vector", f"{empty:,} ({share:.1%})",
        "they have neither events nor a name or category, and are in no list",
        f"{share:.0%} of the items have neither events nor a name or category: they are in no list."
        if share > _MANY_EMPTY else "",
    )  # fmt: skip
    bare = int(_bare(model.catalogue).sum())
    share = bare / max(1, len(model.catalogue))
    health.add(
        "items without features", f"{bare:,} ({share:.1%})",
        "they have neither a name nor a category: events alone tell what they are",
        f"{share:.0%} of the items have neither a name nor a category: nothing is known of them "
        "until they have been seen." if share > _MANY_EMPTY else "",
    )  # fmt: skip
    cold = int((model.counts == 0).sum())
    health.add(
        "items without history", f"{cold:,} ({cold / max(1, len(model.catalogue)):.1%})",
        "their vectors come from names and categories alone",
        "No item is new: this catalogue cannot show how new items fare; see the cold split of the "
        "evaluation." if cold == 0 else "",
    )  # fmt: skip


def _bare(catalogue: Items) -> npt.NDArray[np.bool_]:
    """Tell which items have neither a name nor a category, as far as a person would see."""
    empty = np.ones(len(catalogue), np.bool_)
    for texts in (catalogue.names, catalogue.categories):
        blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(texts)), 0)
        empty &= pc.fill_null(blank, True).to_numpy(zero_copy_only=False)
    return empty


def unknown_words(model: State, catalogue: Items, items: npt.NDArray[Any]) -> float:
    """Return the share of the words of these items' names that no item with history has.

    Not a number when there are no words.
    """
    if model.recipe is None:
        return float("nan")
    seen = Features.encode(model.catalogue.take(np.flatnonzero(model.counts > 0)), model.recipe)
    known = seen.token_hashes
    asked = Features.encode(catalogue.take(items), model.recipe)
    words = asked.item_tokens[asked.item_kinds == Kind.NAME_WORD]
    if not len(words):
        return float("nan")
    return float((~np.isin(asked.token_hashes[words], known)).mean())


def _words(model: State, other: Items | None, health: Health) -> None:
    asked = [("new items", model.catalogue, np.flatnonzero(model.counts == 0))]
    if other is not None:
        asked.append(("the other catalogue", other, np.arange(len(other))))
    for what, catalogue, items in asked:
        if not len(items) or (share := unknown_words(model, catalogue, items)) != share:
            continue
        health.add(
            f"unknown words of {what}", f"{share:.1%}",
            "words of names that no item with history has: they add little more than noise",
            f"{share:.0%} of the words in the names of {what} are unknown to the history."
            if share > _MANY_UNKNOWN else "",
        )  # fmt: skip


def _lists(model: State, health: Health, rng: np.random.Generator) -> None:
    asked = np.flatnonzero(np.any(model.center, axis=1))
    if len(asked) < 2:
        return
    asked = rng.choice(asked, min(_QUERIES, len(asked)), replace=False)
    found = similar(model, model.catalogue.ids.take(pa.array(asked)), _K)
    assert isinstance(found, BatchMatches)
    leaves = CategoryTree(model.catalogue).leaves
    places = leaves[found.positions]
    full = (found.positions >= 0).all(axis=1) & (places >= 0).all(axis=1)
    if full.any():
        share = float((places[full] == places[full, :1]).all(axis=1).mean())
        health.add(
            "lists of one category", f"{share:.0%}",
            f"all {_K} answers are in the same category",
            f"{share:.0%} of the lists are all one category: they may be right and yet dull."
            if share > _ONE_CATEGORY else "",
        )  # fmt: skip
    answers = found.positions[found.positions >= 0]
    if not len(answers) or not model.counts.any():
        return
    top = max(1, len(model.catalogue) // 100)
    popular = np.zeros(len(model.catalogue), np.bool_)
    popular[np.argsort(-model.counts, kind="stable")[:top]] = True
    share = float(popular[answers].mean())
    events = float(model.counts[popular].sum() / model.counts.sum())
    health.add(
        "answers among the 1% seen most", f"{share:.1%}",
        f"1% if popularity played no part; these items have {events:.0%} of all events",
        f"{share:.0%} of all answers are among the 1% of items seen most: popularity decides much."
        if share > _TOP_SHARE else "",
    )  # fmt: skip
    counts = np.bincount(answers, minlength=len(model.catalogue))
    health.add(
        "different items in the lists", f"{int((counts > 0).sum()):,}",
        f"in {len(asked):,} lists of {_K}; the most frequent one is in {int(counts.max()):,}",
        f"One item is in {counts.max() / len(asked):.0%} of the lists."
        if len(model.catalogue) > 200 and counts.max() > max(20, 0.1 * len(asked)) else "",
    )  # fmt: skip


def _recall(model: State, health: Health, rng: np.random.Generator) -> None:
    known = np.flatnonzero(np.any(model.center, axis=1))
    low, high = _RECALL_ITEMS
    what = f"recall@{_RECALL_K} of the approximate index"
    if len(known) < low:
        health.add(what, "not needed", "so few items are always searched exactly")
        return
    if len(known) > high:
        health.add(what, "not measured", f"more than {high:,} items")
        return
    asked = rng.choice(known, min(_RECALL_QUERIES, len(known)), replace=False)
    ids = model.catalogue.ids.take(pa.array(asked))
    exact, quick = (similar(model, ids, _RECALL_K, exact=way) for way in (True, False))
    assert isinstance(exact, BatchMatches)
    assert isinstance(quick, BatchMatches)
    # By score: items of equal content are equally good answers.
    worst = exact.scores[:, -1:] - _SAME
    recall = float((quick.scores >= worst).sum() / np.isfinite(exact.scores).sum())
    health.add(
        what, f"{recall:.3f}", "share of the exactly best answers that it finds",
        f"The approximate index finds only {recall:.0%} of the best answers; exact=True finds all."
        if recall < _GOOD_RECALL else "",
    )  # fmt: skip


def _training(model: State, sessions: SessionsReport | None, health: Health) -> None:
    losses = [record["loss_per_pair"] for record in model.history]
    if len(losses) > 3 and losses[-1] >= losses[0]:
        health.warnings.append(
            f"The loss did not fall in training (from {losses[0]:.3f} to {losses[-1]:.3f}): try a "
            f"smaller learning rate."
        )
    if sessions is not None and sessions.events_read:
        lost = sessions.unknown_items / sessions.events_read
        if lost > _MANY_DROPPED:
            health.warnings.append(
                f"{lost:.0%} of the events are of items that are not in the catalogue, and were "
                f"dropped."
            )
        if not sessions.timed:
            health.warnings.append("Events have no time: sessions are in the order of the input.")
