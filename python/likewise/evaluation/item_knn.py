"""Item-kNN and pair counts: neighbours by the sessions that items share.

Owns the counting of sessions in common, from flat arrays and in blocks of bounded memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from likewise.items import History

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Mask = NDArray[np.bool_]
    Scores = NDArray[np.floating[Any]]
    Scored = tuple[int, int, Longs, Longs, Scores]  # begin, end, row, item, score

__all__ = [
    "ItemKNN",
    "Neighbours",
    "PairCounts",
    "at_least_one",
    "distinct_items",
    "offsets_of",
    "runs",
    "spread",
]

_EVENTS = 1 << 22  # events that are looked through at a time


class Neighbours:
    """Items by a score that few pairs of items have: ranks and lists from what `_scored` yields."""

    name: str
    n_items: int

    def ranks(self, queries: Ints, targets: Ints, allowed: Mask | None = None) -> Longs:
        """Rank of each target among the neighbours of its query: 0 is the best.

        Targets of equal score are put in random order, the same in every call.

        Parameters
        ----------
        queries, targets : int32 (n,)
            The pairs.
        allowed : bool (n_items,), optional
            Items that may be answers; all by default.

        Returns
        -------
        int64 (n,)
            ``n_items`` for a target that is not among the neighbours.
        """
        wanted: Longs = np.asarray(queries, np.int64)
        ranks = np.full(len(wanted), self.n_items, np.int64)
        luck = np.random.default_rng(0).random(len(wanted))
        distinct, which = np.unique(wanted, return_inverse=True)
        by_query = np.argsort(which, kind="stable")
        pair_offsets = offsets_of(which, len(distinct))
        for begin, end, row, item, score in self._scored(distinct, allowed):
            pair = by_query[pair_offsets[begin] : pair_offsets[end]]
            key = (which[pair] - begin) * self.n_items + targets[pair]
            keys = row * self.n_items + item
            place = np.minimum(np.searchsorted(keys, key), max(0, len(keys) - 1))
            found = keys[place] == key if len(keys) else np.zeros(len(pair), bool)
            pair, place = pair[found], place[found]
            starts = offsets_of(row, end - begin)
            for one, at in zip(pair.tolist(), place.tolist(), strict=True):
                mine = score[starts[row[at]] : starts[row[at] + 1]]
                better = np.count_nonzero(mine > score[at])
                equal = np.count_nonzero(mine == score[at])
                ranks[one] = better + int(luck[one] * equal)
        return ranks

    def neighbours(
        self, queries: Ints | list[int], k: int = 20, allowed: Mask | None = None
    ) -> tuple[Ints, NDArray[np.float32]]:
        """List the best neighbours of items.

        Parameters
        ----------
        queries : int (n,)
            Positions of items, each any number of times.
        k : int
            Length of the lists, at least 1.
        allowed : bool (n_items,), optional
            Items that may be answers; all by default.

        Returns
        -------
        positions : int32 (n, k)
            Best first, equal ones by position, missing places -1.
        scores : float32 (n, k)
            Missing places ``-inf``.
        """
        k = at_least_one(k)
        wanted: Longs = np.asarray(queries, np.int64)
        distinct, which = np.unique(wanted, return_inverse=True)
        positions = np.full((len(distinct), k), -1, np.int32)
        scores = np.full((len(distinct), k), -np.inf, np.float32)
        for begin, end, row, item, score in self._scored(distinct, allowed):
            starts = offsets_of(row, end - begin)
            for query in range(end - begin):
                mine = score[starts[query] : starts[query + 1]]
                best = _best(mine, k)
                positions[begin + query, : len(best)] = item[starts[query] + best]
                scores[begin + query, : len(best)] = self._shown(mine[best])
        return positions[which], scores[which]

    def lists(self, queries: Ints, k: int, allowed: Mask | None = None) -> Ints:
        """Return positions of the best neighbours, int32 (n, k), missing places -1."""
        return self.neighbours(queries, k, allowed)[0]

    def _scored(self, queries: Longs, allowed: Mask | None) -> Iterator[Scored]:
        """Yield blocks of distinct queries with their neighbours, by row and item.

        ``begin, end`` are the queries of the block; ``row`` counts from ``begin``. A query is no
        neighbour of itself, and scores that should be equal must be equal floats.
        """
        raise NotImplementedError

    def _shown(self, score: Scores) -> Scores:
        """Return scores as `neighbours` gives them out."""
        return score


class ItemKNN(Neighbours):
    """Items by the cosine of the sets of sessions they occur in.

    The score of items a and b is ``|A & B| / sqrt(|A| |B|)``, A and B the sessions of a and of b
    (Sarwar et al. 2001). Items that share no session with the query are no answers.

    Parameters
    ----------
    sessions : Sessions
        History to count. Memory grows with its events, about 20 bytes each, and not with the
        pairs of items.

    Examples
    --------
    >>> positions, scores = ItemKNN(sessions).neighbours([5], k=10)  # doctest: +SKIP
    """

    name = "item-kNN"

    def __init__(self, sessions: History) -> None:
        self.n_items = len(sessions.catalogue)
        self._items, self._session_offsets = distinct_items(
            sessions.items, sessions.offsets, self.n_items
        )
        session = np.repeat(
            np.arange(len(sessions), dtype=np.int32), np.diff(self._session_offsets)
        )
        self._sessions = session[np.argsort(self._items, kind="stable")]
        self._item_offsets = offsets_of(self._items, self.n_items)
        self.session_counts: Longs = np.diff(self._item_offsets)

    def _scored(self, queries: Longs, allowed: Mask | None) -> Iterator[Scored]:
        # The squared cosine is made of whole numbers by one division: equal ratios, equal floats.
        for begin, end in self._query_blocks(queries):
            row, item, together = self._counted(queries[begin:end])
            keep = item != queries[begin + row]
            if allowed is not None:
                keep &= allowed[item]
            row, item, together = row[keep], item[keep], together[keep]
            sizes = self.session_counts
            yield (
                begin,
                end,
                row,
                item,
                self._score(together, sizes[queries[begin + row]] * sizes[item]),
            )

    def _score(self, together: Longs, product: Longs) -> NDArray[np.float64]:
        """Score of items from the sessions they share and the product of those they have."""
        return together * together / product

    def _shown(self, score: Scores) -> Scores:
        return np.sqrt(score)

    def _query_blocks(self, queries: Longs) -> Iterator[tuple[int, int]]:
        """Cut queries into runs with about `_EVENTS` events in their sessions, or one alone."""
        lengths = np.diff(self._session_offsets)
        work = np.zeros(len(self._sessions) + 1, np.int64)
        np.cumsum(lengths[self._sessions], out=work[1:])
        each = work[self._item_offsets[queries + 1]] - work[self._item_offsets[queries]]
        return runs(each, _EVENTS)

    def _counted(self, queries: Longs) -> tuple[Longs, Longs, Longs]:
        """Rows, items and sessions in common of a block, sorted by row and item."""
        row, place = spread(self._item_offsets[queries], self.session_counts[queries])
        sessions = self._sessions[place]
        starts = self._session_offsets[sessions]
        lengths = self._session_offsets[sessions + 1] - starts
        if len(queries) == 1:
            counts = np.zeros(self.n_items, np.int64)
            for begin, end in runs(lengths, _EVENTS):
                _, event = spread(starts[begin:end], lengths[begin:end])
                counts += np.bincount(self._items[event], minlength=self.n_items)
            items = np.flatnonzero(counts)
            return np.zeros(len(items), np.int64), items, counts[items]
        occurrence, event = spread(starts, lengths)
        keys = row[occurrence] * self.n_items + self._items[event]
        if len(queries) * self.n_items <= 4 * len(keys):  # nearly every item: count, don't sort
            counts = np.bincount(keys, minlength=len(queries) * self.n_items)
            found = np.flatnonzero(counts)
            rows, items = np.divmod(found, self.n_items)
            return rows, items, counts[found]
        keys.sort()
        first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
        counts = np.diff(np.append(first, len(keys)))
        rows, items = np.divmod(keys[first], self.n_items)
        return rows, items, counts


class PairCounts(ItemKNN):
    """Items by how many sessions they share with the query: association rules of two items.

    The score is the number of sessions, which for one query orders as the confidence of the rule
    "query, therefore item" does (Agrawal et al. 1993). Popular items come first, unlike in
    `ItemKNN`, whose arguments and methods it has.
    """

    name = "pair counts"

    def _score(self, together: Longs, product: Longs) -> NDArray[np.float64]:
        return together.astype(np.float64)

    def _shown(self, score: Scores) -> Scores:
        return score


def distinct_items(items: Ints, offsets: Longs, n_items: int) -> tuple[Ints, Longs]:
    """Items of each session once, by position: int32 (n,), and int64 offsets of the sessions."""
    n_sessions = len(offsets) - 1
    pairs = np.repeat(np.arange(n_sessions, dtype=np.int64), np.diff(offsets))
    pairs *= n_items
    pairs += items
    pairs.sort()  # those that come again stand side by side
    if len(pairs):
        pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])]
    session, item = np.divmod(pairs, max(1, n_items))
    return item.astype(np.int32), offsets_of(session, n_sessions)


def _best(scores: Scores, k: int) -> Longs:
    """Places of the ``k`` highest scores, equal ones by place."""
    among = np.arange(len(scores))
    if len(scores) > k:
        among = np.flatnonzero(scores >= np.partition(scores, len(scores) - k)[len(scores) - k])
    return among[np.lexsort((among, -scores[among]))[:k]]


def at_least_one(k: int) -> int:
    """Return ``k``, or say that it is too small."""
    if k < 1:
        raise InputError(f"k must be at least 1, got {k}")
    return k


def offsets_of(groups: NDArray[np.integer], n: int) -> Longs:
    """Where each of ``n`` groups starts in a sorted array of group numbers, and its end."""
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(groups, minlength=n), out=offsets[1:])
    return offsets


def spread(starts: Longs, lengths: Longs) -> tuple[Longs, Longs]:
    """Return range number and position for every position of the ranges given."""
    which = np.repeat(np.arange(len(starts)), lengths)
    before = np.cumsum(lengths) - lengths
    return which, np.arange(len(which)) + (starts - before)[which]


def runs(lengths: Longs, size: int) -> Iterator[tuple[int, int]]:
    """Consecutive ranges whose lengths sum to about ``size``."""
    total = np.cumsum(lengths)
    begin = 0
    while begin < len(lengths):
        done = int(total[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, done + size, side="right")))
        yield begin, end
        begin = end
