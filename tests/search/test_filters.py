"""Filters of a search, and inner products."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.indexes import BOTH, KINDS, rows
from likewise.search.indexes import ApproximateIndex, Index


def expected_rows(
    vectors: np.ndarray, queries: np.ndarray, k: int, may: np.ndarray
) -> list[list[int]]:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float64) @ unit.T
    lists = []
    for row, allowed in zip(scores, may, strict=True):
        order = np.argsort(-row, kind="stable")
        lists.append([int(i) for i in order if allowed[i]][:k])
    return lists


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS), k=st.integers(1, 30))
def test_exactly_k_answers_whenever_k_pass(seed: int, kind: type[Index], k: int) -> None:
    rng = np.random.default_rng(seed)
    n, asked = int(rng.integers(1, 400)), int(rng.integers(1, 9))
    vectors, queries = rows(n, 6, seed), rows(asked, 6, seed + 1)
    may = np.ones((asked, n), bool)
    arguments: dict[str, object] = {}
    if rng.random() < 0.5:
        arguments["where"] = rng.random(n) < rng.choice([0.05, 0.5, 0.9])
        may &= arguments["where"]
    if rng.random() < 0.5:
        theirs, there = rng.integers(-1, 4, asked), rng.integers(-1, 4, n)
        arguments["same"] = (theirs, there)
        may &= (theirs[:, None] == there) & (theirs[:, None] >= 0)
    if rng.random() < 0.5:
        names = np.array(["red", "blue", "green"])
        theirs, there = rng.integers(-1, 3, asked), rng.integers(-1, 3, n)
        arguments["different"] = (
            pa.array(names[theirs], mask=theirs < 0), pa.array(names[there], mask=there < 0),
        )  # fmt: skip
        may &= (theirs[:, None] != there) | (theirs[:, None] < 0)
    if rng.random() < 0.5:
        lists = [rng.choice(n, int(rng.integers(0, min(n, 6)))).tolist() for _ in range(asked)]
        lists[0] = [0]
        arguments["exclude"] = lists
        for row, gone in enumerate(lists):
            may[row, gone] = False
    found = kind(vectors).search(queries, k, **arguments)  # type: ignore[arg-type]
    for row, expected in enumerate(expected_rows(vectors, queries, k, may)):
        kept = [int(p) for p in found.positions[row] if p >= 0]
        assert len(kept) == len(expected) == len(set(kept))
        assert may[row, kept].all()
        if kind is not ApproximateIndex:
            assert kept == expected


@BOTH
def test_inner_products_are_not_scaled(kind: type[Index]) -> None:
    vectors, queries = rows(500) * np.arange(1, 501)[:, None], rows(7, seed=1) * 3
    index = kind(vectors, metric="dot")
    found = index.search(queries, 4)
    scores = queries.astype(np.float64) @ vectors.astype(np.float64).T
    best = -np.sort(-scores, axis=1)[:, :4]
    np.testing.assert_allclose(found.scores, best, rtol=1e-4)
    np.testing.assert_allclose(index.vectors_at([3]), vectors[3:4].astype(np.float32))


@BOTH
def test_bad_filters_say_what_was_wanted(kind: type[Index]) -> None:
    index = kind(rows(20))
    two = ["a", "b"]
    for arguments, error, message in [
        ({"same": two}, TypeError, "same must be a pair"),
        ({"same": (["a"], ["b"] * 20)}, ValueError, "same must have one value for each of 2 qu"),
        ({"same": (two, two)}, ValueError, "same must have one value for each of 20 vectors"),
        ({"different": ([0.5, 1.0], [0.5] * 20)}, TypeError, "different must hold text or whole"),
        ({"exclude": [[1]]}, ValueError, "exclude must have one list for each of 2 queries, got 1"),
        ({"exclude": [[1], [20]]}, ValueError, "exclude must hold positions from 0 to 19"),
    ]:
        with pytest.raises(error, match=message):
            index.search(rows(2, seed=1), 3, **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="metric must be 'cosine' or 'dot', got 'l2'"):
        kind(rows(3), metric="l2")


def test_a_graph_answers_a_mild_filter_and_completes_what_is_short() -> None:
    vectors = rows(3000)
    index = ApproximateIndex(vectors)
    where = np.ones(3000, bool)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    where[np.argsort(-(unit @ unit[0]))[:200]] = False  # all that is near the first
    found = index.search(vectors[:50], 10, where)
    assert (found.positions >= 0).all()
    assert where[found.positions].all()
    twin = index._exact_twin().search(vectors[:50], 10, where)
    assert (found.positions[0] == twin.positions[0]).all()
    assert np.mean(found.positions == twin.positions) > 0.9
