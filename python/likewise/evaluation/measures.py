"""Measures: what ranks and lists are worth, and how sure one can be of it.

Owns hit rate, reciprocal rank, gain, the bootstrap over pairs, bands of popularity, and what lists
show of the catalogue. Arrays in, numbers out; knows no systems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Doubles = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = [
    "BANDS",
    "Resampler",
    "band_of_items",
    "by_band",
    "interval",
    "list_measures",
    "pair_measures",
]

BANDS = ("head", "middle", "tail")  # each has a third of all events; the head is few items
_DRAWS = 32  # resamples worked on at a time
_KEPT = 1 << 26  # draws that are kept: 64 MiB


def pair_measures(ranks: Longs, k: int) -> Doubles:
    """Hit, reciprocal rank and discounted gain of each pair, 0 beyond the best ``k``.

    Parameters
    ----------
    ranks : int64 (n,)
        0 is the best.
    k : int

    Returns
    -------
    float64 (n, 3)
        1; 1 / (rank + 1); 1 / log2(rank + 2), which with a single target is the normalised
        discounted cumulative gain.
    """
    found = ranks < k
    values = np.zeros((len(ranks), 3))
    values[:, 0] = found
    values[found, 1] = 1 / (ranks[found] + 1)
    values[found, 2] = 1 / np.log2(ranks[found] + 2)
    return values


class Resampler:
    """Means over resamples of pairs: a Poisson bootstrap, by groups of pairs.

    All systems see the same resamples, so their means can be subtracted.

    Parameters
    ----------
    groups : int (n,)
        Pairs of one number stand or fall together: they are about the same item.
    samples : int
        How many resamples; 0 for none.
    seed : int
    """

    def __init__(self, groups: Any, samples: int, seed: int = 0) -> None:
        _, self._which = np.unique(groups, return_inverse=True)
        self._sizes = np.bincount(self._which).astype(np.float64)
        self._seed = seed
        self.samples = samples
        self._kept: list[NDArray[np.uint8]] | None = None

    def means(self, values: Doubles) -> Doubles:
        """Means of the columns of ``values`` (n, m) over each resample: float64 (samples, m)."""
        sums = np.zeros((len(self._sizes), values.shape[1]))
        for column in range(values.shape[1]):
            sums[:, column] = np.bincount(self._which, weights=values[:, column])
        means = np.empty((self.samples, values.shape[1]))
        done = 0
        for drawn in self._draws():
            draws = drawn.astype(np.float64)
            total = np.maximum(draws @ self._sizes, 1)[:, None]
            means[done : done + len(draws)] = draws @ sums / total
            done += len(draws)
        return means

    def _draws(self) -> Iterator[NDArray[np.uint8]]:
        """How often each group is drawn, some resamples at a time; kept when that is little."""
        if self._kept is not None:
            yield from self._kept
            return
        kept: list[NDArray[np.uint8]] | None = None
        if self.samples * len(self._sizes) <= _KEPT:
            kept = []
        rng = np.random.default_rng(self._seed)
        for begin in range(0, self.samples, _DRAWS):
            shape = (min(_DRAWS, self.samples - begin), len(self._sizes))
            drawn = rng.poisson(1.0, shape).astype(np.uint8)
            if kept is not None:
                kept.append(drawn)
            yield drawn
        self._kept = kept


def interval(means: Doubles) -> tuple[float, float]:
    """Return the middle 95 % of resampled means ``(samples,)``."""
    if len(means) == 0:
        return float("nan"), float("nan")
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def band_of_items(counts: Longs) -> Ints:
    """Return the number of the band of `BANDS` that each item belongs to; -1 without events.

    Parameters
    ----------
    counts : int64 (n_items,)
        Events of each item.
    """
    order = np.argsort(-counts, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    total = max(1, int(counts.sum()))
    bands = np.empty(len(counts), np.int32)
    bands[order] = np.minimum(before * len(BANDS) // total, len(BANDS) - 1)
    bands[counts == 0] = -1
    return bands


def by_band(values: Doubles, band: Ints, items: Ints) -> Iterator[tuple[Any, ...]]:
    """Yield name, items, pairs and the means of `pair_measures` of each band.

    Parameters
    ----------
    values : float64 (n, 3)
    band : int32 (n,)
        Number of the band of each pair.
    items : int32 (n_items,)
        That of each item.
    """
    for number, name in enumerate(BANDS):
        mine = values[band == number]
        means = mine.mean(axis=0).tolist() if len(mine) else [float("nan")] * 3
        yield name, int((items == number).sum()), len(mine), *means


def list_measures(
    lists: Ints, queries: Ints, counts: Longs, categories: Longs, allowed: Mask | None
) -> tuple[float, float, float]:
    """Return what lists show: coverage, popularity and share of the query's category.

    Parameters
    ----------
    lists : int32 (n, k)
        Answers to distinct queries, -1 where there is none.
    queries : int32 (n,)
    counts : int64 (n_items,)
        Events of each item in history.
    categories : int64 (n_items,)
        Number of the category of each item, -1 for none.
    allowed : bool (n_items,), optional
        Items that may be answers.

    Returns
    -------
    coverage : float
        Share of the items that may be answers which are in some list.
    popularity : float
        Mean share of these items that have fewer events than an answer, those of as many counted
        half: about 0.5 for answers drawn by chance, 1 for the most popular.
    same_category : float
        Share of answers in the very category of the query, where both have one.
    """
    nothing = float("nan")
    possible = np.arange(len(counts)) if allowed is None else np.flatnonzero(allowed)
    there = lists >= 0
    answers = lists[there]
    if len(answers) == 0:
        return 0.0, nothing, nothing
    coverage = len(np.unique(answers)) / max(1, len(possible))
    rising = np.sort(counts[possible])
    below = np.searchsorted(rising, counts[answers], side="left")
    upto = np.searchsorted(rising, counts[answers], side="right")
    popularity = float((below + upto).mean() / 2 / max(1, len(rising)))
    asked = np.repeat(categories[queries], there.sum(axis=1))
    answered = categories[answers]
    known = (asked >= 0) & (answered >= 0)
    same = float((asked == answered)[known].mean()) if known.any() else nothing
    return coverage, popularity, same
