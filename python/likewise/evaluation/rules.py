"""Rules, BM25 and EASE: baselines that choose settings by what they hold out of training.

Owns their formulas and the few settings that are tried. The sums they are made of, and what is held
out, are in evaluation/sums.py.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from likewise.errors import InputError
from likewise.evaluation.item_knn import Neighbours, at_least_one, distinct_items
from likewise.evaluation.sums import HeldOut, Together
from likewise.evaluation.systems import best_of_rows, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from likewise.items import History

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = ["BM25", "EASE", "EASE_ITEMS", "RuleSettings", "Rules", "check_ease"]

#: The most items with events that `EASE` takes; time grows with the third power of their number.
EASE_ITEMS = 12_000
_WINDOWS = (5, 10, 30)


class RuleSettings(NamedTuple):
    """How `Rules` counts.

    Attributes
    ----------
    window : int or None
        Largest distance of two events of a session that counts, at least 1; None for any.
    by_distance : bool
        Whether a pair counts 1 / distance and not 1.
    exponent : float
        A pair counts the length of its session to the minus this power.
    backwards : float
        What a pair counts whose query is the later one, at least 0.
    """

    window: int | None = 10
    by_distance: bool = True
    exponent: float = 0.5
    backwards: float = 0.75

    def __str__(self) -> str:
        """Return them as the table of results has them: ``10, 1/d, p .5, back .75``."""
        window = "session" if self.window is None else str(self.window)
        distance = ", 1/d" if self.by_distance else ""
        return f"{window}{distance}, p {_short(self.exponent)}, back {_short(self.backwards)}"


_POWERS = (0.5, 0.0, 1.0)
#: What is tried; the first is taken when nothing can be held out.
RULES = tuple(
    RuleSettings(window, by_distance, exponent, backwards)
    for (window, by_distance), exponent, backwards in product(
        [(w, d) for w in (10, 5, 30) for d in (True, False)] + [(None, False)],
        _POWERS, (0.75, 1.0, 0.5, 0.0),
    )
)  # fmt: skip
_EASE = (3.0, 0.3, 1.0, 10.0, 30.0)
_BM25 = tuple(product((1.2, 0.1, 10.0, 100.0), (0.75, 0.0, 0.25, 0.5, 1.0)))


class _Summed(Neighbours):
    """Neighbours by one sum over pairs of events; a score above 0 is an answer."""

    _together: Together
    _window: int | None = None

    def _weigh(self, distance: Longs, session: Ints) -> tuple[int, list[Doubles]]:
        raise NotImplementedError

    def _score(self, sums: Doubles, query: Longs, item: Longs) -> Doubles:
        return sums

    def _scored(self, queries: Longs, allowed: Mask | None) -> Iterator[Any]:
        for begin, end in self._together.blocks(queries, self._window):
            block = queries[begin:end]
            row, item, sums = self._together.sums(block, self._window, self._weigh)
            # Sums of other order differ by rounding in float64, and hardly ever in float32.
            score = self._score(sums[0, 0], block[row], item).astype(np.float32)
            keep = (item != block[row]) & (score > 0)
            if allowed is not None:
                keep &= allowed[item]
            yield begin, end, row[keep], item[keep], score[keep]


class Rules(_Summed):
    """Association rules of two items by how near they stand: what comes after the query.

    The score of an item is the sum over its pairs with the query in a session, at most ``window``
    events apart, of 1 or 1 / distance, times the session's length to a negative power, times
    ``backwards`` when the item came first (Ludewig & Jannach 2018; for one query the order is that
    of the rule's confidence). Popular items come first.

    Parameters
    ----------
    sessions : Sessions
        History to count. Memory grows with its events, about 20 bytes each.
    settings : RuleSettings
        How to count; `tuned` chooses them.

    Raises
    ------
    InputError
        When a setting is out of range.

    Examples
    --------
    >>> Rules.tuned(sessions).name  # doctest: +SKIP
    'rules (10, 1/d, p .5, back .75)'
    """

    def __init__(self, sessions: History, settings: RuleSettings = RULES[0]) -> None:
        if settings.window is not None and settings.window < 1:
            raise InputError(f"window must be at least 1 or None, got {settings.window}")
        if not settings.backwards >= 0:
            raise InputError(f"backwards must be at least 0, got {settings.backwards}")
        self.settings = settings
        self.name = f"rules ({settings})"
        self.n_items = len(sessions.catalogue)
        self._window = settings.window
        self._together = Together(sessions.items, sessions.offsets, self.n_items)
        self._by_length = _power(self._together.lengths, settings.exponent)

    @classmethod
    def tuned(cls, sessions: History, *, k: int = 20, seed: int = 1) -> Rules:
        """Make rules whose settings find most of what is held out of the sessions for it."""
        held = HeldOut(sessions, k, seed)
        together = Together(held.items, held.offsets, len(sessions.catalogue))
        powers = [_power(together.lengths, exponent) for exponent in _POWERS]

        def weigh(distance: Longs, session: Ints) -> tuple[Longs, list[Doubles]]:
            far = np.abs(distance)
            nearness = 1 / np.maximum(far, 1)
            by_length = [power[session] for power in powers]
            weights = by_length + [weight * nearness for weight in by_length]
            return 2 * np.searchsorted(_WINDOWS, far) + (distance < 0), weights

        def scored(queries: Longs) -> tuple[Longs, Longs, Floats]:
            row, item, sums = together.sums(queries, None, weigh, cells=2 * (len(_WINDOWS) + 1))
            parts = sums.reshape(2, len(_POWERS), len(_WINDOWS) + 1, 2, len(item))
            for window in range(len(_WINDOWS)):  # the next window holds this one
                parts[:, :, window + 1] += parts[:, :, window]
            scores = np.empty((len(RULES), len(item)), np.float32)
            for number, (width, by_distance, exponent, backwards) in enumerate(RULES):
                window = len(_WINDOWS) if width is None else _WINDOWS.index(width)
                ahead, back = parts[int(by_distance), _POWERS.index(exponent), window]
                scores[number] = ahead + backwards * back
            return row, item, scores

        rates = held.hit_rates(lambda queries: together.blocks(queries, None, part=8), scored)
        return cls(sessions, RULES[int(np.argmax(rates))])

    def _weigh(self, distance: Longs, session: Ints) -> tuple[int, list[Doubles]]:
        weight = self._by_length[session] * np.where(distance < 0, self.settings.backwards, 1.0)
        if self.settings.by_distance:
            weight /= np.maximum(np.abs(distance), 1)
        return 0, [weight]


class BM25(_Summed):
    """Item-kNN with BM25 weights: items are documents, the sessions they occur in their words.

    The score is the inner product of rows of the item x session matrix in which an item with n
    sessions of a mean of N has ``(k1 + 1) / (1 + k1 (1 - b + b n / N))`` for each of them, times
    the log of the items with history over one more than those of the session (Robertson et al.
    1994, as the library implicit has it). An item counts once in a session.

    Parameters
    ----------
    sessions : Sessions
        History to count. Memory grows with its events, about 20 bytes each.
    k1, b : float
        How soon popularity stops to count for an item, at least 0, and how much of it, in [0, 1].

    Raises
    ------
    InputError
        When one is out of range.

    Examples
    --------
    >>> BM25.tuned(sessions).lists([5], k=10)  # doctest: +SKIP
    """

    def __init__(self, sessions: History, k1: float = _BM25[0][0], b: float = _BM25[0][1]) -> None:
        if not (k1 >= 0 and 0 <= b <= 1):
            raise InputError(f"k1 must be at least 0 and b between 0 and 1, got {k1} and {b}")
        self.name = f"BM25 (K1 {_short(k1)}, B {_short(b)})"
        self.n_items = len(sessions.catalogue)
        self._together, self._rarity = _rows(sessions.items, sessions.offsets, self.n_items)
        self._gain = _gain(self._together.counts, k1, b)

    @classmethod
    def tuned(cls, sessions: History, *, k: int = 20, seed: int = 1) -> BM25:
        """Make it with the k1 and b that find most of what is held out of the sessions for it."""
        held = HeldOut(sessions, k, seed)
        together, rarity = _rows(held.items, held.offsets, len(sessions.catalogue))
        gains = np.stack([_gain(together.counts, k1, b) for k1, b in _BM25])

        def scored(queries: Longs) -> tuple[Longs, Longs, Floats]:
            row, item, sums = together.sums(queries, None, lambda _, s: (0, [rarity[s]]))
            return row, item, (sums[0, 0] * gains[:, item]).astype(np.float32)

        rates = held.hit_rates(lambda queries: together.blocks(queries, None, part=2), scored)
        return cls(sessions, *_BM25[int(np.argmax(rates))])

    def _weigh(self, distance: Longs, session: Ints) -> tuple[int, list[Doubles]]:
        return 0, [self._rarity[session]]

    def _score(self, sums: Doubles, query: Longs, item: Longs) -> Doubles:
        return sums * self._gain[query] * self._gain[item]


class EASE:
    """EASE^R: each item predicted from the others of a session by a regularised linear model.

    With G the items' sessions in common, each session counting its length to a negative power, and
    P the inverse of G + strength x mean(diagonal of G) x I, the score of t for q is
    ``-P[q, t] / P[t, t]`` (Steck 2019). All items with events are answers.

    Parameters
    ----------
    sessions : Sessions
        History to count: of at most `EASE_ITEMS` items, n. Memory is 12 n^2 bytes while it is
        made, and 4 n^2 afterwards.
    exponent : float
        A session counts its length to the minus this power.
    strength : float
        How strongly weights are kept small, above 0.

    Raises
    ------
    InputError
        When more items have events, or ``strength`` is out of range.

    Examples
    --------
    >>> EASE.tuned(sessions).lists([5], k=10)  # doctest: +SKIP
    """

    def __init__(
        self, sessions: History | HeldOut, exponent: float = 0.5, strength: float = 3.0
    ) -> None:
        if not strength > 0:
            raise InputError(f"strength must be above 0, got {strength}")
        self.n_items = len(sessions.catalogue)
        together = Together(
            *distinct_items(sessions.items, sessions.offsets, self.n_items), self.n_items
        )
        self._known = np.flatnonzero(together.counts)
        check_ease(len(self._known))
        self._place = np.full(self.n_items, -1)
        self._place[self._known] = np.arange(len(self._known))
        matrix = self._gram(together, exponent)
        level = strength * float(matrix.diagonal().mean()) if len(matrix) else strength
        matrix[np.diag_indices_from(matrix)] += level
        invert(matrix)
        matrix /= -matrix.diagonal()
        self._weights: Floats = matrix.astype(np.float32)
        self.name = f"EASE (lambda {_short(level)}, p {_short(exponent)})"

    @classmethod
    def tuned(cls, sessions: History, *, k: int = 20, seed: int = 1) -> EASE:
        """Make it with the settings that find most of what is held out of the sessions for it."""
        held = HeldOut(sessions, k, seed)
        rate = cache(lambda *settings: held.hit_rate(cls(held, *settings)))
        exponent, strength = _POWERS[0], _EASE[0]
        if len(held.queries):  # one after the other: each try inverts a matrix
            strength = max(_EASE, key=lambda each: rate(exponent, each))
            exponent = max(_POWERS, key=lambda each: rate(each, strength))
        return cls(sessions, exponent, strength)

    def ranks(self, queries: Ints, targets: Ints, allowed: Mask | None = None) -> Longs:
        """Rank of each target among items with events; see `Neighbours.ranks`."""
        ranks = np.full(len(queries), self.n_items, np.int64)
        luck = np.random.default_rng(0).random(len(queries))
        asked, wanted = self._place[queries], self._place[targets]
        for pairs, scores in self._scored(asked, allowed):
            reached = scores[np.arange(len(pairs)), wanted[pairs]][:, None]
            better = np.count_nonzero(scores > reached, axis=1)
            equal = np.count_nonzero(scores == reached, axis=1)
            found = (wanted[pairs] >= 0) & (reached[:, 0] > -np.inf)
            ranks[pairs[found]] = (better + (luck[pairs] * equal).astype(np.int64))[found]
        return ranks

    def lists(self, queries: Ints, k: int, allowed: Mask | None = None) -> Ints:
        """Return positions of the best answers, int32 (n, k), missing places -1."""
        found = np.full((len(queries), at_least_one(k)), -1, np.int32)
        width = min(k, len(self._known))
        for pairs, scores in self._scored(self._place[queries], allowed):
            best, reached = best_of_rows(scores, width)
            found[pairs, :width] = np.where(reached > -np.inf, self._known[best], -1)
        return found

    def _scored(self, asked: Longs, allowed: Mask | None) -> Iterator[tuple[Longs, Floats]]:
        """Yield pairs whose query has events, and scores of the items that have."""
        pairs = np.flatnonzero(asked >= 0)
        for begin, end in blocks(len(pairs), len(self._known)):
            block = pairs[begin:end]
            scores = self._weights[asked[block]]
            scores[np.arange(len(block)), asked[block]] = -np.inf
            if allowed is not None:
                scores[:, ~allowed[self._known]] = -np.inf
            yield block, scores

    def _gram(self, together: Together, exponent: float) -> Doubles:
        """Return weighted sessions in common of the items with events, float64 (n, n)."""
        weights = _power(together.lengths, exponent)
        gram = np.zeros((len(self._known), len(self._known)))
        for begin, end in together.blocks(self._known, None):
            row, item, sums = together.sums(
                self._known[begin:end], None, lambda _, session: (0, [weights[session]])
            )
            there = sums[0, 0] > 0
            gram[begin + row[there], self._place[item[there]]] = sums[0, 0, there]
        return gram


def check_ease(known: int) -> None:
    """Refuse a number of items with events that is too much for `EASE`."""
    if known > EASE_ITEMS:
        raise InputError(
            f"baseline ease must have at most {EASE_ITEMS:,} items with events, got {known:,}"
        )


def invert(matrix: Doubles, size: int = 256) -> None:
    """Invert a positive definite matrix (n, n) in place, by Gauss and Jordan in blocks."""
    n = len(matrix)
    for begin in range(0, n, size):
        block = slice(begin, begin + size)
        pivot = np.linalg.inv(matrix[block, block])
        row = pivot @ matrix[block]
        column = matrix[:, block].copy()
        column[block] = 0
        for first in range(0, n, size):
            rows = slice(first, first + size)
            matrix[rows] -= column[rows] @ row
        matrix[:, block] = -column @ pivot
        matrix[block] = row
        matrix[block, block] = pivot


def _short(value: float) -> str:
    """Write a number in few characters: ``.75``, ``1``, ``6630``."""
    text = f"{value:.0f}" if value >= 100 else f"{value:.3g}"
    return text.removeprefix("0") or "0"


def _power(lengths: Longs, exponent: float) -> Doubles:
    powers: Doubles = np.maximum(lengths, 1.0) ** -exponent
    return powers


def _rows(items: Ints, offsets: Longs, n_items: int) -> tuple[Together, Doubles]:
    """Return items once a session, and squares of the sessions' weights."""
    together = Together(*distinct_items(items, offsets, n_items), n_items)
    known = max(1, int(np.count_nonzero(together.counts)))
    rarity: Doubles = np.log(known) - np.log1p(together.lengths)
    return together, rarity**2


def _gain(counts: Longs, k1: float, b: float) -> Doubles:
    """Return what an item's sessions weigh, by how many it has."""
    mean = counts.sum() / max(1, int(np.count_nonzero(counts)))
    gain: Doubles = (k1 + 1) / (1 + k1 * (1 - b + b * counts / max(mean, 1e-9)))
    return gain
