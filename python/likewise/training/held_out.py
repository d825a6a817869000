"""Held-out events: how much counted pairs weigh beside vectors, told by sessions themselves.

Owns which events are held out of training, and what is chosen by them: how pairs are counted, and
the weight of a count. Events of a shop, not tables of ours: where sessions are baskets counting
wins, where items are many and events few it only adds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from likewise.arrays import Float32, Float64, Int32, Int64
from likewise.items import that_may_be_cut, without
from likewise.score.blend import Blend
from likewise.score.evidence import taken_for_new
from likewise.score.pairs import (
    KERNELS,
    SHARPNESS,
    Kernel,
    Pairs,
    Table,
    count_pairs,
    listed,
    rows_of,
)  # fmt: skip
from likewise.score.popularity import POPULARITY
from likewise.search.index import ExactIndex

if TYPE_CHECKING:
    from likewise.items import History
    from likewise.options import Options

__all__ = ["Held", "Weighing", "hold_out", "pair_arrays", "ways_of", "weigh"]

# Of sessions of three events and more: the share of which an event is held out, the least and the
# most of them, and the greatest share where sessions are few. Fewer than the last number are none.
_SHARE, _LEAST, _MOST, _GREATEST, _FEWEST = 0.02, 1000, 2000, 0.1, 100
# Items that held-out queries are compared with at most, and comparisons of them.
_OTHERS, _COMPARISONS = 1 << 15, 25_000_000
# Answers by vectors that are looked at; what is past the first twenty is no hit.
_ANSWERS, _HITS = 128, 20
_WEIGHTS = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
#: λ that is taken where others are no better; and with the first way of counting where nothing is
#: held out: of few sessions a pair that was seen once says little.
USUAL_WEIGHT, WEIGHT_OF_FEW = 3.0, 1.0
# Differences that are less than this many standard errors are none: what is nearest to the usual
# is taken.
_SAME = 0.5


@dataclass(frozen=True, eq=False)
class Held:
    """Sessions without some of their events, and these.

    Attributes
    ----------
    kept : Sessions
        What vectors are trained on.
    queries, targets : int32 arrays (n,)
        The event before one that is held out, and that one; any other of its session where there
        is no order.
    """

    kept: Any
    queries: Int32
    targets: Int32


class Weighing(NamedTuple):
    """What was chosen: how pairs are counted, and λ."""

    kernel: Kernel
    weight: float


def hold_out(sessions: History | Any, options: Options) -> Held | None:
    """Hold the last events of some sessions out of training; None where there are too few.

    Where sessions have no order any event, since the last ones may be those that a list ends with.
    Items keep three in four of their events at least.
    """
    if not options.own_row:
        return None
    items, ordered = sessions.items, sessions.order != "none"
    fit = that_may_be_cut(sessions) if ordered else np.flatnonzero(np.diff(sessions.offsets) >= 3)
    wanted = min(max(_SHARE * len(fit), _LEAST), _MOST, _GREATEST * len(fit))
    wanted = int(min(wanted, _COMPARISONS / max(1, min(len(sessions.catalogue), _OTHERS))))
    if wanted < _FEWEST:
        return None
    rng = np.random.default_rng(options.seed)
    chosen = rng.choice(fit, min(len(fit), 4 * wanted), replace=False)
    asked, events = (_last if ordered else _any)(sessions.offsets, chosen, rng)
    targets = items[events]
    # No more of an item than a quarter: the first of them that were drawn.
    order = np.argsort(targets, kind="stable")
    first = np.searchsorted(targets[order], targets[order])
    nth = np.empty(len(targets), np.int64)
    nth[order] = np.arange(len(targets)) - first
    least = 4 * max(1, options.min_count)
    fits = (nth + 1) * 4 <= np.where(sessions.counts[targets] >= least, sessions.counts[targets], 0)
    fits &= items[asked] != targets
    held = np.flatnonzero(fits)[:wanted]
    if len(held) < _FEWEST:
        return None
    held = held[np.argsort(events[held])]
    made: Any = type(sessions)
    kept = made.from_arrays(
        *without(sessions, events[held]), sessions.catalogue, order=sessions.order
    )
    return Held(kept, items[asked[held]], targets[held])


def _last(offsets: Int64, chosen: Int64, rng: np.random.Generator) -> tuple[Int64, Int64]:
    """Return the places of the last events but one, and of the last ones."""
    last = offsets[chosen + 1] - 1
    return last - 1, last


def _any(offsets: Int64, chosen: Int64, rng: np.random.Generator) -> tuple[Int64, Int64]:
    """Return the places of two events of each session."""
    first, lengths = offsets[chosen], offsets[chosen + 1] - offsets[chosen]
    one = (rng.random(len(chosen)) * lengths).astype(np.int64)
    step = 1 + (rng.random(len(chosen)) * (lengths - 1)).astype(np.int64)
    return first + one, first + (one + step) % lengths


def ways_of(order: str) -> tuple[Kernel, ...]:
    """Return how pairs may be counted: where sessions have no order, by none of it."""
    return tuple(way for way in KERNELS if order != "none" or way.window == 0)


def pair_arrays(
    sessions: Any, chosen: Weighing, threads: int, epochs: int = 1
) -> dict[str, npt.NDArray[Any]]:
    """Count the pairs of all sessions; return them as files hold them."""
    table, times = count_pairs(sessions, chosen.kernel, threads, epochs=epochs)
    # The most that is counted is no more than the best score there is.
    most = float(table.weights.max(initial=0.0))
    weight = min(chosen.weight, np.exp(SHARPNESS) / most) if most else chosen.weight
    if not weight:
        return Pairs.none(len(sessions.catalogue))
    return {
        "pair_offsets": table.offsets, "pair_items": table.items,
        "pair_weights": table.weights * np.float32(weight), "pair_times": times,
    }  # fmt: skip


def weigh(
    held: Held | None, blend: Blend, threads: int, ways: Sequence[Kernel] = KERNELS
) -> Weighing:
    """Choose how pairs are counted, and their weight, by what finds held-out events best.

    By whether they are among the first twenty answers, and by 1 / log2(2 + rank) of those, half and
    half. ``blend`` is that of vectors trained on what was kept, without pairs.
    """
    if held is None:
        return Weighing(ways[0], WEIGHT_OF_FEW)
    trial = _Trial(held, blend, threads)
    settings, gains = [], []
    for kernel in ways:
        ranks_with = trial.ranks(count_pairs(held.kept, kernel, threads, trial.asked)[0])
        for weight in _WEIGHTS:
            ranks = ranks_with(weight)
            settings.append(Weighing(kernel, weight))
            gains.append(np.where(ranks < _HITS, 0.5 + 0.5 / np.log2(2.0 + ranks), 0.0))
    best = int(np.argmax([gain.mean() for gain in gains]))
    behind = [gains[best] - gain for gain in gains]
    same = [
        one for one, less in zip(settings, behind, strict=True)
        if less.mean() <= _SAME * less.std() / np.sqrt(len(less))
    ]  # fmt: skip
    return min(same, key=lambda one: (_unlike(one.weight), KERNELS.index(one.kernel)))


def _unlike(weight: float) -> float:
    return abs(float(np.log(max(weight, 0.1) / USUAL_WEIGHT)))


def _rivals(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the items whose scores may rise above that of a held-out one.

    What is new keeps its places, whatever pairs weigh (score/evidence.py): it is no rival. Where
    most of a catalogue was never seen, that is not new, and a weight may put it behind.
    """
    without = int((counts == 0).sum())
    new = taken_for_new(without, len(counts)) >= 0.5
    return np.flatnonzero(counts > 0) if new else np.arange(len(counts))


class _Trial:
    """Held-out pairs, and what vectors say of them.

    Of a large catalogue some items, evenly spaced, stand for all: each for as many as it is one of.
    """

    def __init__(self, held: Held, blend: Blend, threads: int) -> None:
        self.asked, self._place = np.unique(held.queries, return_inverse=True)
        self._targets = held.targets
        self._vectors_of: Callable[[npt.NDArray[Any]], Float32] = blend.trained_vectors
        if blend.encoder.recipe is not None:  # texts would be read for each of them again
            whole = blend.index_vectors()[0]
            self._vectors_of = whole.__getitem__
        self._queries = blend.query_vectors(self._vectors_of(self.asked), POPULARITY)
        rivals = _rivals(blend.encoder.counts)
        others = rivals[np.linspace(0, len(rivals) - 1, min(len(rivals), _OTHERS)).astype(np.int64)]
        self._each = len(rivals) / len(others)
        rows = self._vectors_of(others)
        index = ExactIndex(rows, metric="dot", threads=threads)
        found = index.search(self._queries, _ANSWERS)
        self._scores = found.scores
        self._others = np.where(found.positions >= 0, others[found.positions], -1)
        self._scores[self._others == self.asked[:, None]] = -np.inf

    def ranks(self, table: Table) -> Any:
        """Return what tells the ranks of targets, float64 (n,), at a weight of pairs."""
        pairs = listed(rows_of(table, np.arange(len(self.asked))))
        items, counts = pairs.padded()
        which, targets = self._place, self._targets
        named, place = np.unique(np.maximum(items, 0), return_inverse=True)
        vectors, place = self._vectors_of(named), place.reshape(items.shape)
        scores = np.full(items.shape, -np.inf, np.float32)
        for row, these in enumerate(items):
            there = these >= 0
            scores[row, there] = vectors[place[row, there]] @ self._queries[row]
        same = (self._others[:, :, None] == items[:, None, :]).any(axis=2)
        others = np.where(same, -np.inf, self._scores)[which]
        others[self._others[which] == targets[:, None]] = -np.inf  # not to be above itself
        wanted = self._vectors_of(targets)
        own = np.einsum("ij,ij->i", wanted, self._queries[which])
        is_target = items[which] == targets[:, None]

        def ranks(weight: float) -> Float64:
            whole = np.where(items >= 0, pairs.joined(scores, counts * np.float32(weight)), -np.inf)
            mine = np.where(
                is_target.any(axis=1), np.where(is_target, whole[which], -np.inf).max(axis=1), own
            )[:, None]
            level = ((whole[which] == mine) & ~is_target).sum(axis=1)
            more = self._each * (others > mine).sum(axis=1)
            ranks: Float64 = more + (whole[which] > mine).sum(axis=1) + 0.5 * level
            return ranks

        return ranks
