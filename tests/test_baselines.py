"""Baselines against a slow count, with blocks of every size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likewise import baselines
from likewise.baselines import ItemKNN, Popularity
from likewise.catalogue import Catalogue
from likewise.errors import InputError
from likewise.sessions import Sessions
from likewise.simulate import simulate

N_ITEMS = 9
session_lists = st.lists(
    st.lists(st.integers(0, N_ITEMS - 1), min_size=1, max_size=7), min_size=1, max_size=15
)


def make(lists: list[list[int]], n_items: int = N_ITEMS) -> Sessions:
    offsets = np.concatenate([[0], np.cumsum([len(s) for s in lists])]).astype(np.int64)
    items = np.array([item for s in lists for item in s], np.int32)
    return Sessions.from_arrays(
        items, offsets, Catalogue.from_ids([f"i{n}" for n in range(n_items)])
    )


def cosines(lists: list[list[int]]) -> np.ndarray:
    """The definition: a dense table of items and sessions."""
    table = np.zeros((N_ITEMS, len(lists)))
    for column, s in enumerate(lists):
        table[s, column] = 1
    sizes = np.maximum(table.sum(axis=1), 1)
    scores = table @ table.T / np.sqrt(np.outer(sizes, sizes))
    np.fill_diagonal(scores, 0)
    return scores


@settings(max_examples=60, deadline=None)
@given(session_lists, st.sampled_from([1, 5, 1 << 22]))
def test_item_knn_is_the_cosine_of_sessions(lists, events):
    before = baselines._EVENTS
    baselines._EVENTS = events
    try:
        positions, scores = ItemKNN(make(lists)).neighbours(list(range(N_ITEMS)), k=4)
    finally:
        baselines._EVENTS = before
    expected = cosines(lists)
    for query in range(N_ITEMS):
        best = np.sort(expected[query])[::-1][:4]
        best = best[best > 0]
        assert np.allclose(scores[query, : len(best)], best, atol=1e-6)
        assert np.allclose(expected[query, positions[query, : len(best)]], best, atol=1e-6)
        assert (positions[query, len(best) :] == -1).all()
        assert np.isneginf(scores[query, len(best) :]).all()
        filled = positions[query, : len(best)]
        assert len(set(filled.tolist())) == len(filled)


@settings(max_examples=60, deadline=None)
@given(
    session_lists,
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=20),
    st.lists(st.booleans(), min_size=N_ITEMS, max_size=N_ITEMS),
    st.sampled_from([1, 5, 1 << 22]),
)
def test_item_knn_ranks(lists, pairs, allowed, events):
    queries, targets = (np.array(side, np.int32) for side in zip(*pairs, strict=True))
    mask = np.array(allowed)
    before = baselines._EVENTS
    baselines._EVENTS = events
    try:
        ranks = ItemKNN(make(lists)).ranks(queries, targets, mask)
    finally:
        baselines._EVENTS = before
    scores = np.where(mask, cosines(lists), 0)
    for query, target, rank in zip(queries, targets, ranks, strict=True):
        if scores[query, target] == 0:
            assert rank == N_ITEMS
        else:
            better = (scores[query] > scores[query, target] + 1e-9).sum()
            equal = np.isclose(scores[query], scores[query, target], atol=1e-9).sum()
            assert better <= rank < better + equal


def test_equal_scores_are_put_in_random_order():
    lists = [[0, 1], [0, 2], [0, 3], [0, 4], [0, 5]]
    queries, targets = np.zeros(4000, np.int32), np.full(4000, 3, np.int32)
    ranks = ItemKNN(make(lists)).ranks(queries, targets)
    assert (np.bincount(ranks, minlength=5) > 650).all()
    assert np.array_equal(ranks, ItemKNN(make(lists)).ranks(queries, targets))


def test_a_query_that_nobody_saw_has_no_neighbours():
    knn = ItemKNN(make([[0, 1]]))
    positions, scores = knn.neighbours([7, 0], k=2)
    assert positions.tolist() == [[-1, -1], [1, -1]]
    assert np.isneginf(scores[0]).all()
    nobody = np.array([7], np.int32)
    assert knn.ranks(nobody, np.array([0], np.int32)).tolist() == [N_ITEMS]
    assert knn.ranks(nobody[:0], nobody[:0]).tolist() == []
    empty = Sessions.from_arrays(
        np.zeros(0, np.int32), np.zeros(1, np.int64), Catalogue.from_ids(["a", "b"])
    )
    assert ItemKNN(empty).neighbours([0], k=1)[0].tolist() == [[-1]]


def test_popularity():
    popularity = Popularity(make([[3, 1, 3], [3, 1], [5, 2]]))
    assert popularity.counts.tolist() == [0, 2, 1, 3, 0, 1, 0, 0, 0]
    assert popularity.neighbours(3).tolist() == [3, 1, 2]
    targets = np.array([3, 1, 2, 5, 0], np.int32)
    queries = np.zeros(5, np.int32)
    assert popularity.ranks(queries, targets).tolist() == [0, 1, 2, 3, N_ITEMS]
    allowed = np.arange(N_ITEMS) != 3
    assert popularity.ranks(queries, targets, allowed).tolist() == [N_ITEMS, 0, 1, 2, N_ITEMS]


def test_behaviour_shows_what_names_hide():
    shop = simulate(n_items=800, n_sessions=12000, seed=5, items_per_intent=20)
    catalogue = Catalogue.read(shop.catalogue)
    knn = ItemKNN(Sessions.from_arrays(shop.items, shop.offsets, catalogue))
    warm = np.flatnonzero(~shop.truth.is_new)
    visible = shop.truth.intent_visible[shop.truth.intent[warm]]
    positions, _ = knn.neighbours(warm, k=10)
    assert shop.same_intent(positions, warm) > 0.85
    assert shop.same_intent(positions[~visible], warm[~visible]) > 0.8


@pytest.mark.parametrize("call", [Popularity.neighbours, lambda rival, k: rival.neighbours([0], k)])
def test_k_is_at_least_one(call):
    rival = (Popularity if call is Popularity.neighbours else ItemKNN)(make([[0, 1]]))
    with pytest.raises(InputError, match="k must be at least 1, got 0"):
        call(rival, 0)
