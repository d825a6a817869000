"""Baselines that every model is held against.

Owns popularity, popularity within a category, and the making of baselines by name. Those that count
sessions in common are in evaluation/item_knn.py, those that choose settings in evaluation/rules.py,
those of other libraries in evaluation/peers.py.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.errors import InputError
from likewise.evaluation.item_knn import ItemKNN, PairCounts, at_least_one
from likewise.evaluation.peers import (
    TfIdf,
    gensim_fasttext,
    gensim_word2vec,
    implicit_als,
    lightfm_hybrid,
)
from likewise.evaluation.rules import BM25, EASE, Rules, check_ease
from likewise.evaluation.systems import WithHistory, Within
from likewise.levels import levels_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from likewise.items import History

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = [
    "BASELINES",
    "BM25",
    "EASE",
    "CategoryPopularity",
    "ItemKNN",
    "PairCounts",
    "Popularity",
    "Rules",
    "TfIdf",
    "baseline_systems",
    "baselines_beside",
    "check_baselines",
    "chosen_baselines",
    "usual_baselines",
]

#: What `baseline_systems` can make. ``rules``, ``bm25``, ``ease``, ``als`` and ``lightfm`` choose
#: their settings by events held out of training. The last five need other libraries (extra
#: ``baselines``); all of them but ``tf-idf`` are trained, which takes longer than all else, and
#: ``ease`` inverts a matrix of all items with events, at most `EASE_ITEMS` of rules.py.
BASELINES = (
    "popularity",
    "category-popularity",
    "item-knn",
    "pair-counts",
    "rules",
    "bm25",
    "ease",
    "tf-idf",
    "word2vec",
    "fasttext",
    "als",
    "lightfm",
)
_COUNTING = BASELINES[:6]
_BY_TEXT = ("tf-idf", "fasttext", "lightfm")  # know something of items without history
_FEW = 1000  # items of which `EASE` is made and chosen in seconds


class Popularity:
    """The same list for every query: items by how many events they have.

    Parameters
    ----------
    sessions : Sessions
        History to count.

    Attributes
    ----------
    counts : int64 (n_items,)
        Events of each item.

    Examples
    --------
    >>> Popularity(sessions).neighbours(3)  # doctest: +SKIP
    array([17, 2, 40], dtype=int32)
    """

    name = "popularity"

    def __init__(self, sessions: History) -> None:
        self.counts: Longs = np.bincount(sessions.items, minlength=len(sessions.catalogue))
        self._order = _by_count(self.counts)

    def neighbours(self, k: int = 20) -> Ints:
        """Return the positions of the ``k`` items of most events, equal ones by position."""
        return np.asarray(self._order[: at_least_one(k)], np.int32)

    def ranks(self, queries: Ints, targets: Ints, allowed: Mask | None = None) -> Longs:
        """Rank of each target in the list: 0 is the best.

        Parameters
        ----------
        queries, targets : int32 (n,)
            The pairs. The list does not depend on the query, and the query stays in it.
        allowed : bool (n_items,), optional
            Items that may be answers; all by default.

        Returns
        -------
        int64 (n,)
            ``n_items`` for a target that is not allowed or has no events.
        """
        order = self._answers(allowed)
        rank = np.full(len(self.counts), len(self.counts), np.int64)
        rank[order] = np.arange(len(order))
        return rank[targets]

    def lists(self, queries: Ints, k: int, allowed: Mask | None = None) -> Ints:
        """Return the same list for every query, int32 (n, k), missing places -1."""
        best = self._answers(allowed)[: at_least_one(k)]
        row = np.full(k, -1, np.int32)
        row[: len(best)] = best
        return np.tile(row, (len(queries), 1))

    def _answers(self, allowed: Mask | None) -> Longs:
        """Return the items that may be answers, those of most events first."""
        usable = self.counts > 0 if allowed is None else allowed & (self.counts > 0)
        return self._order[usable[self._order]]


class CategoryPopularity:
    """Items nearest in the tree of categories, and of those the ones of most events.

    An item of the query's own category comes before one that shares only the levels above, and
    that before one of another department; within each, items of more events come first. Items
    without events are no answers.

    Parameters
    ----------
    sessions : Sessions
        History to count; the categories are those of its catalogue.

    Examples
    --------
    >>> CategoryPopularity(sessions).lists([5], k=10)  # doctest: +SKIP
    """

    name = "popularity in category"

    def __init__(self, sessions: History) -> None:
        self.counts: Longs = np.bincount(sessions.items, minlength=len(sessions.catalogue))
        texts = sessions.catalogue.coded_categories
        self._paths = [levels_of(path) for path in texts.dictionary.to_pylist()]
        self._category = texts.indices.fill_null(len(self._paths)).to_numpy(zero_copy_only=False)
        self._order = _by_count(self.counts)

    def ranks(self, queries: Ints, targets: Ints, allowed: Mask | None = None) -> Longs:
        """Rank of each target, the query not counted: 0 is the best; see `Popularity.ranks`."""
        n_items = len(self.counts)
        ranks = np.full(len(queries), n_items, np.int64)
        place = np.empty(n_items, np.int64)
        for pairs, order in self._ordered(queries, allowed):
            place.fill(n_items)
            place[order] = np.arange(len(order))
            asked, wanted = place[queries[pairs]], place[targets[pairs]]
            ranks[pairs] = np.where(wanted < n_items, wanted - (asked < wanted), n_items)
        return ranks

    def lists(self, queries: Ints, k: int, allowed: Mask | None = None) -> Ints:
        """Return positions of the best answers, int32 (n, k), missing places -1."""
        queries = np.asarray(queries)
        found = np.full((len(queries), at_least_one(k)), -1, np.int32)
        for pairs, order in self._ordered(queries, allowed):
            for pair in pairs:
                best = order[: k + 1]
                best = best[best != queries[pair]][:k]
                found[pair, : len(best)] = best
        return found

    def _ordered(self, queries: Ints, allowed: Mask | None) -> Iterator[tuple[Longs, Longs]]:
        """Yield the pairs of each category with the items that may be answers, best first."""
        usable = self.counts > 0 if allowed is None else allowed & (self.counts > 0)
        order = self._order[usable[self._order]]
        groups = np.argsort(self._category[queries], kind="stable")
        ends = np.flatnonzero(np.diff(self._category[queries][groups])) + 1
        for pairs in np.split(groups, ends):
            if len(pairs) == 0:
                continue
            mine = int(self._category[queries[pairs[0]]])
            shared = np.zeros(len(self._paths) + 1, np.int16)
            if mine < len(self._paths):
                shared[:-1] = [_levels_shared(self._paths[mine], path) for path in self._paths]
            nearest = np.argsort(-shared[self._category[order]], kind="stable")
            yield pairs, order[nearest]


def _levels_shared(first: list[str], second: list[str]) -> int:
    """Levels that two paths have in common from the top, one more when they are the same."""
    shared = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            return shared
        shared += 1
    return shared + (len(first) == len(second))


def usual_baselines(sessions: History | None = None) -> tuple[str, ...]:
    """Names of the baselines that are quick to make and whose libraries are installed.

    ``ease`` is one of them when the sessions are given and no more than 1,000 items have events.
    """
    few = sessions is not None and 0 < np.count_nonzero(sessions.counts) <= _FEW
    ease = ("ease",) if few else ()
    return (*_COUNTING, *ease, *(("tf-idf",) if find_spec("sklearn") else ()))


def check_baselines(names: Sequence[str], sessions: History | None = None) -> tuple[str, ...]:
    """Return the names; one that is none of `BASELINES`, or too much for sessions, is an error."""
    for name in names:
        if name not in BASELINES:
            raise InputError(f"baselines must be of {', '.join(BASELINES)}, got {name!r}")
    if sessions is not None and "ease" in names:
        check_ease(int(np.count_nonzero(sessions.counts)))
    return tuple(names)


def chosen_baselines(
    baselines: bool | Sequence[str], sessions: History, split: str = "last"
) -> tuple[str, ...]:
    """Return the names that a caller of `evaluate` means."""
    if isinstance(baselines, str):
        raise InputError(f"baselines must be a sequence of names or a bool, got {baselines!r}")
    if isinstance(baselines, (bool, np.bool_)) and baselines and split == "shop":
        needs = {"tf-idf": "sklearn", "fasttext": "gensim"}
        there = [name for name, library in needs.items() if find_spec(library)]
        return (*there, "item-knn", "pair-counts")
    if isinstance(baselines, (bool, np.bool_)):
        return usual_baselines(sessions) if baselines else ()
    return check_baselines(baselines)


def baseline_systems(
    names: Sequence[str], sessions: History, *, threads: int = 0, seed: int = 1, k: int = 20
) -> Iterator[Any]:
    """Make baselines by name, one after the other so that each can be let go of.

    Parameters
    ----------
    names : sequence of str
        Of `BASELINES`.
    sessions : Sessions
        What they may learn from.
    threads, seed : int
        For those that are trained, and for what is held out of the sessions to choose settings;
        0 threads takes the cores there are.
    k : int
        Length of the lists that settings are chosen for.

    Yields
    ------
    object
        With ``name``, ``ranks`` and ``lists``.

    Raises
    ------
    InputError
        For a name that is none, and when more items have events than ``ease`` takes.
    ImportError
        When one needs a library that is not installed; says what to install.
    """
    for name in check_baselines(names):
        if name == "popularity":
            yield Popularity(sessions)
        elif name == "category-popularity":
            if sessions.catalogue.report.null_categories < len(sessions.catalogue):
                yield CategoryPopularity(sessions)
        elif name == "item-knn":
            yield ItemKNN(sessions)
        elif name == "pair-counts":
            yield PairCounts(sessions)
        elif name == "rules":
            yield Rules.tuned(sessions, k=k, seed=seed)
        elif name == "bm25":
            yield BM25.tuned(sessions, k=k, seed=seed)
        elif name == "ease":
            yield EASE.tuned(sessions, k=k, seed=seed)
        elif name == "tf-idf":
            yield TfIdf(sessions.catalogue)
        elif name == "word2vec":
            yield from gensim_word2vec(sessions, threads=threads, seed=seed)
        elif name == "fasttext":
            yield gensim_fasttext(sessions, threads=threads, seed=seed)
        elif name == "als":
            yield implicit_als(sessions, threads=threads, seed=seed, k=k)
        else:
            yield lightfm_hybrid(sessions, threads=threads, seed=seed, k=k)


def baselines_beside(
    names: Sequence[str], sessions: History, own: History | None, held: Mask | None, **settings: int
) -> Iterator[Any]:
    """Make baselines as `baseline_systems` does, or for a shop without history.

    Parameters
    ----------
    names : sequence of str
        Of `BASELINES`. Of a shop ``tf-idf`` is fitted on its items; ``fasttext`` and ``lightfm``
        learn from ``sessions``; all others know items by their history alone and are given
        ``own``: they are `WithHistory`, come last, and are no rivals but what the shop could have.
    sessions, own : Sessions
        History of other items and, where a shop is asked about, of the shop, on one catalogue.
    held : bool (n_items,)
        The items of the shop.
    **settings
        As in `baseline_systems`, which says what is raised, too.
    """
    if own is None or held is None:
        yield from baseline_systems(names, sessions, **settings)
        return
    for name in sorted(names, key=lambda name: name not in _BY_TEXT):
        if name not in _BY_TEXT:
            yield from map(WithHistory, baseline_systems([name], own, **settings))
        elif name == "tf-idf":
            positions = np.flatnonzero(held)
            shop = TfIdf(sessions.catalogue.take(positions))
            yield Within(shop, positions, len(held))
        else:
            yield from baseline_systems([name], sessions, **settings)


def _by_count(counts: Longs) -> Longs:
    return np.argsort(-counts, kind="stable")
