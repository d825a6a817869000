"""Pairs seen together by the letter: counts in dicts, and every whole score of a model."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from likewise.model.model import Model
from likewise.score.blend import blend_of
from likewise.score.pairs import Kernel, Pairs, Table
from likewise.score.popularity import POPULARITY

SHARPNESS = 10.0
NEAREST, MOST = 10, 50
QUERY, SEEN = 500.0, 50.0

#: Weight and how often, of a query and an answer.
Counted = dict[tuple[int, int], tuple[float, int]]


def counted(sessions: Sequence[Sequence[int]], kernel: Kernel) -> Counted:
    """Count every pair of two different items by looking at every pair of events."""
    weights: dict[tuple[int, int], float] = defaultdict(float)
    times: dict[tuple[int, int], int] = defaultdict(int)
    for events in sessions:
        share = len(events) ** -kernel.length_power if len(events) else 0.0
        if kernel.window == 0:
            for one in set(events):
                for other in set(events) - {one}:
                    weights[one, other] += share
                    times[one, other] += 1
            continue
        for at, one in enumerate(events):
            for to, other in enumerate(events):
                distance = abs(at - to)
                if one == other or distance > kernel.window:
                    continue
                weight = share / distance if kernel.decay else share
                weight *= kernel.backwards if to < at else 1.0
                if weight > 0:
                    weights[one, other] += weight
                    times[one, other] += 1
    return {pair: (weight, times[pair]) for pair, weight in weights.items()}


def joined(score: float, weight: float) -> float:
    """Return a whole score: a mixture, or below 0 a sum, at most 1 where it was."""
    if weight < 0:
        whole = score - weight
    else:
        whole = float(np.log(np.exp(SHARPNESS * score) + weight) / SHARPNESS)
    return max(score, min(whole, 1.0))


def rows(table: Table) -> list[dict[int, float]]:
    """Return the rows of a table."""
    return [
        dict(zip(table.items[a:b].tolist(), table.weights[a:b].tolist(), strict=True))
        for a, b in itertools.pairwise(table.offsets)
    ]


def best(row: Mapping[int, float], most: int) -> dict[int, float]:
    """Return the largest of a row, those above 0; equal ones by position."""
    above = [(at, weight) for at, weight in row.items() if weight > 0]
    return dict(sorted(above, key=lambda one: (-one[1], one[0]))[:most])


def summed(
    first: Mapping[int, float], second: Mapping[int, Mapping[int, float]]
) -> dict[int, float]:
    """Return a row of a product of two tables."""
    found: dict[int, float] = defaultdict(float)
    for inner, weight in first.items():
        for column, share in second.get(inner, {}).items():
            found[column] += weight * share
    return best(found, MOST)


class Lists:
    """What queries list among the items of a catalogue, by the formulas.

    Parameters
    ----------
    model : Model
    vectors : float32 array (n, width)
        What the answers are found by.
    at : int array (n,)
        Where they are in training, -1 for others.
    gain : float
    texts : list of dict, optional
        What exact texts of the answers stand for, of each query in turn: by place.
    """

    def __init__(
        self, model: Model, vectors: np.ndarray, at: np.ndarray, gain: float,
        texts: Sequence[Mapping[int, float]] | None = None,
    ) -> None:  # fmt: skip
        self.texts = texts
        self._vectors = vectors
        self._blend = blend_of(model)
        self._own = self._blend.trained_vectors()
        part: Pairs = self._blend.part(Pairs)
        self.pairs = rows(part.table)
        self.known = np.array([len(row) > 0 for row in self.pairs])
        ends = part.table.offsets
        times = [part.times[a:b].sum() for a, b in itertools.pairwise(ends)]
        # Shares of the pairs of each item, which a new query borrows, and itself as its own best.
        self._shares = {}
        for i, (row, t) in enumerate(zip(self.pairs, times, strict=True)):
            if row:
                each = {a: w * QUERY * t / (t + SEEN) / sum(row.values()) for a, w in row.items()}
                self._shares[i] = {i: max(each.values()), **each}
        self._place = {int(there): place for place, there in enumerate(at) if there >= 0}
        self._gain = gain
        self._lent: dict[int, dict[int, float]] = {}
        self._borrows = model.recipe is not None and vectors.shape[1] == self._own.shape[1]
        at_home = np.array_equal(at, np.arange(len(self._own)))
        without = model.counts == 0 if at_home else at < 0
        for new in np.flatnonzero(without) if self._borrows else ():
            for lender, share in self.near(vectors[new]).items():
                self._lent.setdefault(lender, {})[int(new)] = share

    def near(self, vector: np.ndarray) -> dict[int, float]:
        """Return which items of training one without history borrows from, in what shares."""
        asked = self._blend.query_vectors(vector[None], 0.0)[0].astype(np.float64)
        scores = (self._own.astype(np.float64) @ asked).astype(np.float32)
        may = self.known & self._own.any(axis=1) & bool(vector.any())
        order = sorted(np.flatnonzero(may), key=lambda i: (-scores[i], i))[:NEAREST]
        squares = {int(i): max(float(scores[i]), 0.0) ** 2 for i in order}
        whole = sum(squares.values())
        return {i: square / whole for i, square in squares.items() if square > 0}

    def of(self, at: int, vector: np.ndarray, query: int = 0) -> dict[int, float]:
        """Return what a query lists, by place: weights, or below 0 what is added."""
        listed: Mapping[int, float] = self.pairs[at] if at >= 0 else {}
        if not listed and self._borrows:
            listed = summed(self.near(vector), self._shares)
        answers = {self._place[i]: w for i, w in listed.items() if i in self._place}
        if self._lent:
            asked = self._blend.query_vectors(vector[None], POPULARITY)[0].astype(np.float64)
            scores = self._own.astype(np.float64) @ asked
            lifts = {i: joined(float(scores[i]), w) - float(scores[i]) for i, w in listed.items()}
            for place, more in summed(lifts, self._lent).items():
                answers[place] = -self._gain * more
        for place, weight in ({} if self.texts is None else self.texts[query]).items():
            answers[place] = self._with_text(vector, place, answers.get(place, 0.0), weight)
        return answers

    def _with_text(self, vector: np.ndarray, place: int, listed: float, weight: float) -> float:
        """Return what an answer's text and what else is listed of it come to."""
        if listed >= 0:
            return listed + weight
        asked = self._blend.query_vectors(vector[None], POPULARITY)[0].astype(np.float64)
        score = float(asked @ self._vectors[place].astype(np.float64))
        return score - float(np.log(np.exp(SHARPNESS * (score - listed)) + weight) / SHARPNESS)


def whole_scores(
    lists: Lists, vectors: np.ndarray, at: np.ndarray, asked: np.ndarray, found_by: np.ndarray
) -> np.ndarray:
    """Return the scores of queries with all answers, (n_queries, n): ``asked`` @ ``vectors``, more.

    Minus infinity for answers and queries of which nothing is known.
    """
    scores: Any = asked.astype(np.float64) @ vectors.astype(np.float64).T
    for q, row in enumerate(scores):
        for place, weight in lists.of(int(at[q]), found_by[q], q).items():
            row[place] = joined(float(row[place]), weight)
    scores[:, ~vectors.any(axis=1)] = -np.inf
    scores[~found_by.any(axis=1)] = -np.inf
    return np.asarray(scores)
