"""What queries list among answers by vectors: the best of all whole scores, in every index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import likewise._core as _core
from helpers.indexes import ClusteredIndex
from likewise.search import streamed
from likewise.search.filters import Filters, Listed, add_listed
from likewise.search.index import ExactIndex, Found, Index
from likewise.search.indexes import ApproximateIndex
from likewise.search.partition import Clusters
from likewise.search.partitioned import PartitionedIndex
from likewise.search.streamed import StreamedIndex
from oracles import pairs as reference

N, DIM, QUERIES = 300, 8, 24
SHARPNESS = reference.SHARPNESS


def rows_of(n: int = N, seed: int = 0) -> np.ndarray:
    """Rows no longer than 1, some all zero, many of them equal to others."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(-2, 3, (n, DIM)).astype(np.float32) / np.float32(2 * np.sqrt(DIM))
    rows[::3] = rows[rng.integers(0, 9, len(rows[::3]))]
    rows[::17] = 0.0
    return rows


def known_queries() -> np.ndarray:
    """Queries none of which is all zero."""
    rows = rows_of(seed=5)
    return np.asarray(rows[rows.any(axis=1)][:QUERIES])


def lists_of(n_queries: int, n: int = N, most: int = 30, seed: int = 1) -> Listed:
    """Lists of none to some candidates in any order: of little weight, of much, or to be added."""
    rng = np.random.default_rng(seed)
    lengths = np.minimum(rng.integers(0, most + 1, n_queries), n)
    positions = [rng.choice(n, length, replace=False) for length in lengths]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    weights = 10.0 ** rng.uniform(-2, 4.5, offsets[-1])
    added = rng.random(offsets[-1]) < 0.3
    weights = np.where(added, -rng.random(offsets[-1]), weights).astype(np.float32)
    return Listed(offsets, np.concatenate(positions).astype(np.int32), weights, SHARPNESS)


def streamed_index(rows: np.ndarray) -> StreamedIndex:
    def make(first: int, last: int, out: np.ndarray) -> np.ndarray:
        out[:] = rows[first:last]
        usable: np.ndarray = out.any(axis=1)
        return usable

    return StreamedIndex(make, len(rows), rows.shape[1], metric="dot")


def partitioned(rows: np.ndarray) -> PartitionedIndex:
    return PartitionedIndex.of(ClusteredIndex(rows, metric="dot"))


MAKES: dict[str, Callable[[np.ndarray], Index]] = {
    "exact": lambda rows: ExactIndex(rows, metric="dot"),
    "by clusters": lambda rows: ClusteredIndex(rows, metric="dot"),
    "streamed": streamed_index,
    "partitioned": partitioned,
    "graph": lambda rows: ApproximateIndex(rows, metric="dot", threads=1),
}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "_BLOCK", 64)
    monkeypatch.setattr(streamed, "_FEW", 5)


def may_answer(
    n_queries: int,
    n: int,
    where: Any = None,
    exclude: Any = None,
    same: Any = None,
    different: Any = None,
) -> np.ndarray:
    """Tell which vectors may answer which query, bool (n_queries, n)."""
    may = np.ones((n_queries, n), np.bool_)
    if where is not None:
        may &= np.isin(np.arange(n), np.arange(n)[where])
    for q in range(n_queries):
        if exclude is not None:
            gone = np.atleast_1d(exclude[q])
            may[q, gone[gone >= 0]] = False
        if same is not None:
            may[q] &= (same[0][q] >= 0) & (same[1] == same[0][q])
        if different is not None and different[0][q] >= 0:
            may[q] &= different[1] != different[0][q]
    return may


def all_scores(rows: np.ndarray, asked: np.ndarray, listed: Listed, may: np.ndarray) -> np.ndarray:
    """Return every whole score, float64; minus infinity for what may not answer."""
    scores = asked.astype(np.float64) @ rows.astype(np.float64).T
    for q, row in enumerate(scores):
        for at in range(*listed.offsets[q : q + 2]):
            place = listed.positions[at]
            row[place] = reference.joined(float(row[place]), float(listed.weights[at]))
    scores[~may | ~rows.any(axis=1) | ~asked.any(axis=1)[:, None]] = -np.inf
    return scores


def assert_best(found: Found, scores: np.ndarray, k: int) -> None:
    """The best k of all scores in order; where two differ by rounding alone, either."""
    assert found.positions.shape == found.scores.shape == (len(scores), k)
    for positions, told, whole in zip(*found, scores, strict=True):
        count = min(k, int(np.isfinite(whole).sum()))
        assert (positions[:count] >= 0).all()
        assert (positions[count:] == -1).all()
        assert np.isneginf(told[count:]).all()
        best = np.sort(whole)[::-1][:count]
        np.testing.assert_allclose(told[:count], best, atol=1e-6)
        np.testing.assert_allclose(whole[positions[:count]], best, atol=1e-6)
        assert len(set(positions[:count].tolist())) == count
        told, positions = told[:count], positions[:count]
        level = told[1:] == told[:-1]
        assert (told[1:] <= told[:-1]).all()
        assert (positions[1:] > positions[:-1])[level].all()


QUESTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "one answer": {"k": 1},
    "more answers than a block": {"k": 100},
    "more answers than vectors": {"k": N + 5},
    "exclude": {"exclude": np.arange(QUERIES) * 11 - 1},
    "lists to exclude": {"exclude": [[1, 70, 2 * q] for q in range(QUERIES)]},
    "mask": {"where": np.arange(N) % 5 == 1},
    "positions": {"where": [3, 299, 64, 63], "k": 3},
    "nothing": {"where": np.zeros(N, bool)},
    "same": {"same": (np.arange(QUERIES) % 4 - 1, np.arange(N) % 3)},
    "different": {"different": (np.arange(QUERIES) % 4 - 1, np.arange(N) % 3)},
    "all of them": {
        "where": np.arange(N) % 5 != 1,
        "exclude": np.arange(QUERIES) * 11,
        "same": (np.arange(QUERIES) % 2, np.arange(N) % 2),
        "different": (np.arange(QUERIES) % 3, np.arange(N) % 3),
    },
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("make", MAKES)
def test_answers_are_the_best_of_whole_scores(make: str, question: str) -> None:
    rows, asked, listed = rows_of(), rows_of(seed=5)[:QUERIES], lists_of(QUERIES)
    filters = {"k": 10, **QUESTIONS[question]}
    k = filters.pop("k")
    scores = all_scores(rows, asked, listed, may_answer(QUERIES, N, **filters))
    index = MAKES[make](rows)
    for _ in range(3):  # a streamed index keeps its vectors from the second on
        assert_best(index.search(asked, k, listed=listed, **filters), scores, k)


@pytest.mark.parametrize("make", MAKES)
def test_lists_change_answers_and_empty_ones_do_not(make: str) -> None:
    rows, asked, listed = rows_of(), known_queries(), lists_of(QUERIES)
    index = MAKES[make](rows)
    usual = index.search(asked)
    nothing = Listed(
        np.zeros(QUERIES + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), SHARPNESS
    )
    for one, other in zip(index.search(asked, listed=nothing), usual, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (index.search(asked, listed=listed).positions != usual.positions).any()
    late = index.with_listed(asked, usual, listed, np.full(QUERIES, -1))
    for one, other in zip(index.search(asked, listed=listed), late, strict=True):
        np.testing.assert_array_equal(one, other)


def test_many_queries_of_many_vectors_are_answered_by_clusters() -> None:
    n, n_queries = Clusters.least_vectors, Clusters.least_queries
    rows, asked = rows_of(n), rows_of(n_queries, seed=5)
    listed, group = lists_of(n_queries, n), np.arange(n) % 3
    index = ExactIndex(rows, metric="dot")
    assert index._clusters.pay(n_queries, 10, None, None)
    chosen: tuple[dict[str, Any], ...] = (
        {}, {"exclude": np.arange(n_queries)},
        {"where": np.arange(n) % 7 > 0, "different": (group[:n_queries], group)},
    )  # fmt: skip
    for filters in chosen:
        found = index.search(asked, 10, listed=listed, **filters)
        may = may_answer(n_queries, n, **filters)
        assert_best(found, all_scores(rows, asked, listed, may), 10)
        last = listed.offsets[3]
        few = Listed(listed.offsets[:4], listed.positions[:last], listed.weights[:last], SHARPNESS)
        some: dict[str, Any] = dict(filters)
        if "exclude" in some:
            some["exclude"] = some["exclude"][:3]
        if "different" in some:
            some["different"] = (group[:3], group)
        alone = ExactIndex(rows, metric="dot").search(asked[:3], 10, listed=few, **some)
        np.testing.assert_array_equal(alone.positions, found.positions[:3])
        np.testing.assert_array_equal(alone.scores, found.scores[:3])


def test_a_graph_misses_none_that_is_listed() -> None:
    """Whatever it finds by vectors: what a query lists is scored and merged exactly."""
    rng = np.random.default_rng(3)
    n, n_queries, k = 5000, 200, 10
    rows = rng.standard_normal((n, DIM)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    asked, listed = 0.9 * rows[:n_queries], lists_of(n_queries, n)
    index = ApproximateIndex(rows, metric="dot", threads=1, ef=10)
    exclude = np.arange(n_queries)
    found = index.search(asked, k, exclude=exclude, listed=listed)
    scores = all_scores(rows, asked, listed, may_answer(n_queries, n, exclude=exclude))
    belong = 0
    for q in range(n_queries):
        np.testing.assert_allclose(found.scores[q], scores[q, found.positions[q]], atol=1e-6)
        bar = np.sort(scores[q])[-k]
        named = listed.positions[slice(*listed.offsets[q : q + 2])]
        wanted = named[scores[q, named] > bar + 1e-6]
        assert set(wanted.tolist()) <= set(found.positions[q].tolist())
        belong += len(wanted)
    assert belong > 500


@pytest.mark.parametrize("make", MAKES)
def test_ties_come_by_position_and_a_query_of_zeros_has_no_answers(make: str) -> None:
    rows, asked = rows_of(), known_queries()[:3]
    asked[1] = 0.0
    there = np.flatnonzero(rows.any(axis=1))[[40, 3, 77, 12, 200]]
    nowhere = np.array([0, 17], np.int32)  # all zero
    each = np.concatenate([there, nowhere]).astype(np.int32)
    weights = np.full(len(each), 1e9, np.float32)
    weights[2] = -5.0
    listed = Listed(
        np.arange(4) * np.int64(len(each)), np.tile(each, 3), np.tile(weights, 3), SHARPNESS
    )
    index = MAKES[make](rows)
    for _ in range(2):
        found = index.search(asked, 8, listed=listed)
        for q in (0, 2):
            assert found.positions[q, :5].tolist() == sorted(there)
            assert found.scores[q, :5].tolist() == [1.0] * 5
        assert not np.isin(nowhere, found.positions).any()
        assert (found.positions[1] == -1).all()
        assert np.isneginf(found.scores[1]).all()


@pytest.mark.parametrize("make", ["exact", "streamed", "graph"])
def test_one_vector_and_lists_of_all(make: str) -> None:
    rows = np.array([[0.6, 0.0]], np.float32)
    listed = Listed(
        np.array([0, 1, 1]), np.zeros(1, np.int32), np.array([20.0], np.float32), SHARPNESS
    )
    for _ in range(2):
        found = MAKES[make](rows).search([[0.5, 0.0], [0.5, 0.0]], 3, listed=listed)
        assert found.positions.tolist() == [[0, -1, -1]] * 2
        assert found.scores[0, 0] == pytest.approx(reference.joined(0.3, 20.0), abs=1e-6)
        assert found.scores[1, 0] == pytest.approx(0.3, abs=1e-6)


BAD: dict[str, tuple[Any, Any, Any, float]] = {
    "a list too few": ([0, 1], [3], [1.0], SHARPNESS),
    "offsets past the end": ([0, 1, 3], [3, 4], [1.0, 1.0], SHARPNESS),
    "offsets fall": ([0, 2, 1], [3], [1.0], SHARPNESS),
    "positions below 0": ([0, 1, 2], [3, -1], [1.0, 1.0], SHARPNESS),
    "positions too large": ([0, 1, 2], [3, N], [1.0, 1.0], SHARPNESS),
    "a weight too few": ([0, 1, 2], [3, 4], [1.0], SHARPNESS),
    "no sharpness": ([0, 1, 2], [3, 4], [1.0, 1.0], 0.0),
}


@pytest.mark.parametrize("bad", BAD)
def test_lists_that_do_not_fit_are_refused(bad: str) -> None:
    offsets, positions, weights, sharpness = BAD[bad]
    listed = Listed(
        np.array(offsets, np.int64), np.array(positions, np.int32),
        np.array(weights, np.float32), sharpness,
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"listed must|sharpness must"):
        ExactIndex(rows_of(), metric="dot").search(rows_of(seed=5)[:2], listed=listed)


def test_lifts_are_what_weights_add_to_scores_by_vectors() -> None:
    rows, asked, listed = rows_of(), rows_of(seed=5)[:QUERIES], lists_of(QUERIES)
    lifts = _core.listed_lifts(rows, asked, listed.arrays(), threads=2)
    query = np.repeat(np.arange(QUERIES), np.diff(listed.offsets))
    for q, at, weight, lift in zip(query, listed.positions, listed.weights, lifts, strict=True):
        score = float(asked[q].astype(np.float64) @ rows[at])
        assert lift == pytest.approx(reference.joined(score, float(weight)) - score, abs=2e-6)
    assert lifts.dtype == np.float32
    assert (lifts > 0).any()


def test_both_ways_to_merge_agree() -> None:
    """That of the core, and the one of indexes that do not hold their vectors."""
    rows, asked, listed = rows_of(), known_queries(), lists_of(QUERIES)
    index = ExactIndex(rows, metric="dot")
    usual = index.search(asked)
    slow = add_listed(listed, asked, usual, Filters(), index.vectors_at)
    quick = index.search(asked, listed=listed)
    np.testing.assert_allclose(slow.scores, quick.scores, atol=1e-6)
    assert (slow.positions == quick.positions).mean() > 0.99
