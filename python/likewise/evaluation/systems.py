"""Systems: whatever can be asked for similar items, brought to one form for the evaluation.

Owns the contract, the rule by which a target is ranked, and how vectors and lists become systems.
Works in blocks of queries; memory does not grow with their number.

A system has a ``name``, ``ranks(queries, targets, allowed)``, which returns the rank of each target
(int64 ``(n,)``, or that and the ranks if ties came first), and ``lists(queries, k, allowed)``,
which returns positions (int32 ``(n, k)``, best first, -1 where there is none).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from likewise.errors import InputError
from likewise.search.index import ExactIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from likewise.items import Items
    from likewise.search.filters import Listed

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]

__all__ = [
    "ListSystem",
    "OtherCategories",
    "System",
    "VectorSystem",
    "WithHistory",
    "Within",
    "best_of_rows",
    "blocks",
    "cosine_ranks",
    "ranks_by",
]

_SCORES = 1 << 25  # scores held at a time: 128 MiB of float32
_SAME = np.float32(1e-6)  # cosines nearer than this are a tie: they differ by rounding
_LISTED = 4096  # queries that lists are asked for at a time
_NOBODY = np.zeros(0, np.int32)


class System(Protocol):
    """What the evaluation asks; see the head of this file."""

    name: str

    def ranks(self, queries: Ints, targets: Ints, allowed: Mask | None = None) -> Any:
        """Rank of each target, or a tuple of that and of the lowest rank a tie would give it."""

    def lists(self, queries: Ints, k: int, allowed: Mask | None = None) -> Ints:
        """Return positions of the ``k`` best answers to each query, padded with -1."""


def cosine_ranks(
    queries: Floats,
    candidates: Floats,
    query_items: Ints,
    target_items: Ints,
    allowed: Mask | None = None,
) -> tuple[Longs, Longs]:
    """Rank of each target among all items by cosine to its query: 0 is the best.

    The rank is the number of items with a higher score; the query itself does not count. A query
    or a target without a vector (all zeros) is not found: its rank is ``n_items``.

    Parameters
    ----------
    queries, candidates : float32 (n_items, dim)
        Vectors of items as queries and as answers.
    query_items, target_items : int32 (n,)
        The pairs.
    allowed : bool (n_items,), optional
        Items that may be answers; all by default.

    Returns
    -------
    ranks : int64 (n,)
    lowest : int64 (n,)
        The ranks if every item of the same score came first.
    """
    return ranks_by(
        lambda items: _unit(queries[items]), _unit(candidates), query_items, target_items, allowed
    )


def ranks_by(
    asked_with: Callable[[Ints], Floats],
    units: Floats,
    query_items: Ints,
    target_items: Ints,
    allowed: Mask | None,
    listed_by: Callable[[Ints], Listed | None] | None = None,
) -> tuple[Longs, Longs]:
    """Rank targets by inner products with ``units``; ``asked_with`` gives vectors of queries.

    ``listed_by`` gives what they list, answers whose score is more.
    """
    answers = np.any(units, axis=1)
    ranks = np.full(len(query_items), len(units), np.int64)
    lowest = ranks.copy()
    for begin, end in blocks(len(query_items), len(units)):
        asked, wanted = query_items[begin:end], target_items[begin:end]
        vectors = asked_with(asked)
        scores = vectors @ units.T
        listed = None if listed_by is None else listed_by(asked)
        if listed is not None:
            named = np.repeat(np.arange(len(asked)), np.diff(listed.offsets)), listed.positions
            scores[named] = listed.joined(scores[named], listed.weights)
        if allowed is not None:
            scores[:, ~allowed] = -9
        row = np.arange(len(asked))
        scores[row, asked] = -9
        reached = scores[row, wanted][:, None]
        found = np.any(vectors, axis=1) & answers[wanted]
        ranks[begin:end][found] = np.count_nonzero(scores > reached, axis=1)[found]
        level = np.count_nonzero(scores > reached - _SAME, axis=1) - 1  # the target is one of them
        lowest[begin:end][found] = level[found]
    return ranks, lowest


def _unit(vectors: Floats) -> Floats:
    vectors = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def blocks(n: int, width: int) -> Iterator[tuple[int, int]]:
    """Ranges of queries whose scores over ``width`` items fit in bounded memory."""
    rows = max(1, min(512, _SCORES // max(1, width)))
    for begin in range(0, n, rows):
        yield begin, min(n, begin + rows)


def best_of_rows(scores: Floats, k: int) -> tuple[Longs, Floats]:
    """Return places and scores of the best ``k`` of each row, equal ones by place: (n, k) each."""
    first = scores.shape[1] - k
    best = np.argpartition(scores, first, axis=1)[:, first:]
    reached = np.take_along_axis(scores, best, axis=1)
    order = np.lexsort((best, -reached), axis=1)
    return np.take_along_axis(best, order, axis=1), np.take_along_axis(reached, order, axis=1)


class VectorSystem:
    """Items by the cosine of a query's vector to that of an answer.

    Parameters
    ----------
    name : str
    queries, answers : float32 (n_items, dim)
        Vectors of all items of the catalogue, as queries and as answers (the same by default). An
        item whose vector is all zero neither asks nor answers.
    """

    def __init__(self, name: str, queries: Floats, answers: Floats | None = None) -> None:
        self.name = name
        self.queries = queries
        self.answers = queries if answers is None else answers
        self._index: ExactIndex | None = None
        self._units: Floats | None = None

    def ranks(
        self, queries: Ints, targets: Ints, allowed: Mask | None = None
    ) -> tuple[Longs, Longs]:
        """Rank of each target; see `cosine_ranks`."""
        if self._units is None:
            self._units = _unit(self.answers)
        return ranks_by(
            lambda items: _unit(self.queries[items]), self._units, queries, targets, allowed
        )

    def lists(self, queries: Ints, k: int, allowed: Mask | None = None) -> Ints:
        """Positions of the nearest items, by the exact search of the core."""
        if self._index is None:
            self._index = ExactIndex(self.answers)
        asked = np.asarray(self.queries[queries], np.float32)
        return self._index.search(asked, k, where=allowed, exclude=queries).positions


class ListSystem:
    """Items as another program lists them: ``recommend(ids, k)``, a sequence of ids for each.

    It is asked for one answer more than is looked at, since it may name the query itself, which
    is no answer. Items that are not in the catalogue, or may not be answers, are passed over; what
    is left of the first ``k`` counts.

    Parameters
    ----------
    name : str
    recommend : callable
        Takes a list of item ids and a number; returns for each id a sequence of ids, best first.
    catalogue : Items
    k : int
        Longest list it is asked for.
    """

    def __init__(self, name: str, recommend: Any, catalogue: Items, k: int) -> None:
        self.name = name
        self.recommend = recommend
        self.catalogue = catalogue
        self.k = k

    def ranks(self, queries: Ints, targets: Ints, allowed: Mask | None = None) -> Longs:
        """Place of each target in the list; ``n_items`` for a target that is not in it."""
        ranks = np.full(len(queries), len(self.catalogue), np.int64)
        distinct, which = np.unique(queries, return_inverse=True)
        for begin in range(0, len(distinct), _LISTED):
            found = self.lists(distinct[begin : begin + _LISTED], self.k, allowed)
            pair = np.flatnonzero((which >= begin) & (which < begin + len(found)))
            hit = found[which[pair] - begin] == targets[pair][:, None]
            named = hit.any(axis=1)
            ranks[pair[named]] = hit[named].argmax(axis=1)
        return ranks

    def lists(self, queries: Ints, k: int, allowed: Mask | None = None) -> Ints:
        """Positions of what it recommends."""
        positions = np.full((len(queries), k), -1, np.int32)
        for begin in range(0, len(queries), _LISTED):
            asked = np.asarray(queries[begin : begin + _LISTED])
            answers = self.recommend(self.catalogue.ids.take(asked).to_pylist(), k + 1)
            if len(answers) != len(asked):
                raise InputError(
                    f"{self.name}: recommend must return a list for each of {len(asked):,} ids, "
                    f"got {len(answers):,}"
                )
            for row, answer in enumerate(answers):
                ids = [item for item in list(answer)[: k + 1] if item is not None]
                at = np.asarray(self.catalogue.positions(ids), np.int32) if ids else _NOBODY
                at = at[(at >= 0) & (at != asked[row])][:k]
                if allowed is not None:
                    at = at[allowed[at]]
                positions[begin + row, : len(at)] = at
        return positions


class OtherCategories:
    """Another system, asked for items of other categories than the query's.

    Parameters
    ----------
    system : System
    categories : int64 (n_items,)
        Number of the category of each item, -1 for none: such an item is no answer.
    """

    def __init__(self, system: System, categories: Longs) -> None:
        self.name = system.name
        self.system = system
        self.categories = categories

    def ranks(
        self, queries: Ints, targets: Ints, allowed: Mask | None = None
    ) -> tuple[Longs, Longs]:
        """Rank of each target among the items of other categories, as the system has it."""
        ranks = np.empty(len(queries), np.int64)
        lowest = ranks.copy()
        for pairs, others in self._groups(queries, allowed):
            found = self.system.ranks(queries[pairs], targets[pairs], others)
            ranks[pairs], lowest[pairs] = _two(found)
        return ranks, lowest

    def lists(self, queries: Ints, k: int, allowed: Mask | None = None) -> Ints:
        """Positions of the best answers of other categories, padded with -1."""
        found = np.full((len(queries), k), -1, np.int32)
        for pairs, others in self._groups(queries, allowed):
            found[pairs] = self.system.lists(queries[pairs], k, others)
        return found

    def _groups(self, queries: Ints, allowed: Mask | None) -> Iterator[tuple[Longs, Mask]]:
        """Yield the pairs of each category of queries, and the items that may be answers."""
        asked = self.categories[queries]
        order = np.argsort(asked, kind="stable")
        for pairs in np.split(order, np.flatnonzero(np.diff(asked[order])) + 1):
            if len(pairs):
                others = (self.categories >= 0) & (self.categories != asked[pairs[0]])
                yield pairs, others if allowed is None else others & allowed


class Within:
    """A system of some items of a catalogue, asked in positions of the whole.

    Parameters
    ----------
    system : System
        Knows no other items.
    positions : int array (m,)
        Where its items are in the catalogue.
    n_items : int
        Items of the catalogue.
    """

    def __init__(self, system: System, positions: Longs, n_items: int) -> None:
        self.name = system.name
        self.system = system
        self._items = np.asarray(positions, np.int32)
        self._at = np.full(n_items, -1, np.int32)
        self._at[positions] = np.arange(len(positions))

    def ranks(
        self, queries: Ints, targets: Ints, allowed: Mask | None = None
    ) -> tuple[Longs, Longs]:
        """Rank of each target among the system's items; ``n_items`` where one is none of them."""
        ranks = np.full(len(queries), len(self._at), np.int64)
        lowest = ranks.copy()
        asked, wanted = self._at[queries], self._at[targets]
        pairs = np.flatnonzero((asked >= 0) & (wanted >= 0))
        found = self.system.ranks(asked[pairs], wanted[pairs], self._allowed(allowed))
        for to, some in zip((ranks, lowest), _two(found), strict=True):
            there = some < len(self._items)  # that many mean that it was not found
            to[pairs[there]] = some[there]
        return ranks, lowest

    def lists(self, queries: Ints, k: int, allowed: Mask | None = None) -> Ints:
        """Positions in the catalogue of the best answers, padded with -1."""
        lists = np.full((len(queries), k), -1, np.int32)
        asked = self._at[queries]
        rows = np.flatnonzero(asked >= 0)
        found = self.system.lists(asked[rows], k, self._allowed(allowed))
        lists[rows] = np.where(found >= 0, self._items[found], -1)
        return lists

    def _allowed(self, allowed: Mask | None) -> Mask | None:
        return None if allowed is None else allowed[self._items]


class WithHistory:
    """A system that had the history which the others had not, and says so in its name.

    Parameters
    ----------
    system : System
    """

    def __init__(self, system: System) -> None:
        self.name = f"{system.name}, with history"
        self.ranks, self.lists = system.ranks, system.lists


def _two(found: Any) -> tuple[Longs, Longs]:
    """Return ranks and, where a system does not tell, the same as the lowest of them."""
    return found if isinstance(found, tuple) else (found, found)
