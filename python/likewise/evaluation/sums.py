"""Sums over the sessions that items share, and the choice of settings by held-out events.

Owns the summing of weights by query and item, in blocks of bounded memory, and the events that
baselines with settings hold out of training to choose them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.evaluation.item_knn import offsets_of, runs, spread
from likewise.items import that_may_be_cut, without_last

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from likewise.items import History, Items

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    # distance of two events and number of their session, to cells and to weights, each (n_pairs,)
    Weigh = Callable[[Longs, Ints], tuple[Longs | int, Sequence[Doubles]]]

__all__ = ["HeldOut", "Together"]

_EVENTS = 1 << 20  # pairs of events that are looked through at a time
_PAIRS = 3000  # held-out pairs that settings are chosen by


class Together:
    """Pairs of events of the same session, summed by query and item.

    Parameters
    ----------
    items : int32 (n_events,)
    offsets : int64 (n_sessions + 1,)
    n_items : int
    """

    def __init__(self, items: Ints, offsets: Longs, n_items: int) -> None:
        self.items, self.offsets, self.n_items = items, offsets, n_items
        self.lengths: Longs = np.diff(offsets)
        self._session = np.repeat(np.arange(len(self.lengths), dtype=np.int32), self.lengths)
        self._places = np.argsort(items, kind="stable")
        self._starts = offsets_of(items, n_items)
        self.counts: Longs = np.diff(self._starts)

    def blocks(self, queries: Longs, window: int | None, part: int = 1) -> Iterator[Any]:
        """Cut queries into runs of about `_EVENTS` / ``part`` pairs of events, or one alone."""
        low, high = self._reach(np.arange(len(self.items)), window)
        work = np.bincount(self.items, high - low, self.n_items).astype(np.int64)
        return runs(work[queries], _EVENTS // part)

    def sums(
        self, queries: Longs, window: int | None, weigh: Weigh, cells: int = 1
    ) -> tuple[Longs, Longs, Doubles]:
        """Sum weights of the pairs of events of each query and item.

        Parameters
        ----------
        queries : int64 (n,)
        window : int or None
            Largest distance that counts.
        weigh : callable
            Takes distances (negative when the item came first, 0 for the event itself) and
            sessions; returns cells, in which sums are kept apart, and any number of weights.
        cells : int

        Returns
        -------
        row, item : int64 (m,)
            Sorted; rows count from 0. The query is among its items, and others may be that share
            no session with it: their sums are 0.
        sums : float64 (n_weights, cells, m)
        """
        row, place = spread(self._starts[queries], self.counts[queries])
        event = self._places[place]
        low, high = self._reach(event, window)
        alone = len(queries) == 1  # one query may have any number of pairs: some at a time
        found, totals = np.arange(self.n_items), np.zeros((1, 0))
        parts = list(runs(high - low, _EVENTS)) if alone else []
        for begin, end in parts or [(0, len(event))]:
            which, other = spread(low[begin:end], (high - low)[begin:end])
            which += begin
            cell, weights = weigh(other - event[which], self._session[event[which]])
            keys = row[which] * self.n_items + self.items[other]
            if not alone:
                found, keys = _numbered(keys, len(queries) * self.n_items)
            keys = keys + cell * len(found)
            size = cells * len(found)
            sums = [np.bincount(keys, weight, size) for weight in weights]
            totals = totals + np.stack(sums) if totals.size else np.stack(sums, dtype=np.float64)
        rows, items = np.divmod(found, self.n_items)
        return rows, items, totals.reshape(len(totals), cells, len(found))

    def _reach(self, event: Longs, window: int | None) -> tuple[Longs, Longs]:
        """Return the range of events that are near to each."""
        session = self._session[event]
        low, high = self.offsets[session], self.offsets[session + 1]
        if window is None:
            return low, high
        return np.maximum(low, event - window), np.minimum(high, event + window + 1)


def _numbered(keys: Longs, size: int) -> tuple[Longs, Longs]:
    """Return the distinct keys in order, and for each key which of them it is."""
    if size > 4 * len(keys):
        found, which = np.unique(keys, return_inverse=True)
        return found, which
    there = np.zeros(size, bool)
    there[keys] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[keys]


class HeldOut:
    """Last events of sessions of three or more, a sample of them, and history without these.

    Parameters
    ----------
    sessions : Sessions
    k : int
        Length of the lists that targets are looked for in.
    seed : int
        Which sessions are asked about when there are more than 3,000.

    Attributes
    ----------
    items : int32 (n_events,)
    offsets : int64 (n_sessions + 1,)
        What settings are tried on.
    queries, targets : int32 (n,)
        The last item but one of a session, and the last one.
    """

    def __init__(self, sessions: History, k: int = 20, seed: int = 1) -> None:
        asked = that_may_be_cut(sessions)
        if len(asked) > _PAIRS:
            asked = np.sort(np.random.default_rng(seed).choice(asked, _PAIRS, replace=False))
        last = sessions.offsets[asked + 1] - 1
        self.queries, self.targets = sessions.items[last - 1], sessions.items[last]
        self.items: Ints
        self.offsets: Longs
        self.items, self.offsets = without_last(sessions, asked)
        self.catalogue: Items = sessions.catalogue
        self.k = k

    def hit_rate(self, system: Any) -> float:
        """Return the share of the targets that are among the best ``k`` of a system."""
        found = system.ranks(self.queries, self.targets)
        ranks = found[0] if isinstance(found, tuple) else found
        return float((ranks < self.k).mean()) if len(ranks) else 0.0

    def hit_rates(
        self,
        blocks: Callable[[Longs], Iterator[tuple[int, int]]],
        scored: Callable[[Longs], tuple[Longs, Longs, Floats]],
    ) -> Doubles:
        """Return hit rates of many settings, each item of a tie being as likely first.

        ``blocks`` cuts distinct queries, and ``scored`` returns rows, items and scores
        ``(n_settings, m)``; a score above 0 is an answer.
        """
        wanted = self.queries.astype(np.int64)
        distinct, which = np.unique(wanted, return_inverse=True)
        pair_offsets = offsets_of(which, len(distinct))
        targets = self.targets[np.argsort(which, kind="stable")]
        hits: Doubles = np.zeros(1)
        for begin, end in blocks(distinct):
            row, item, scores = scored(distinct[begin:end])
            scores[:, item == distinct[begin + row]] = 0
            starts = offsets_of(row, end - begin)
            for query in range(end - begin):
                here = slice(starts[query], starts[query + 1])
                answers, mine = item[here], scores[:, here]
                pairs = slice(pair_offsets[begin + query], pair_offsets[begin + query + 1])
                for target in targets[pairs]:
                    at = int(np.searchsorted(answers, target))
                    if at < len(answers) and answers[at] == target:
                        level = mine[:, at : at + 1]
                        better = np.count_nonzero(mine > level, axis=1)
                        equal = np.count_nonzero(mine == level, axis=1)
                        share = np.clip((self.k - better) / equal, 0, 1)
                        hits = hits + np.where(level[:, 0] > 0, share, 0)
        return hits / max(1, len(wanted))
