"""Baselines against a slow count, with blocks of every size."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.session_lists import sessions_of
from likewise.errors import InputError
from likewise.evaluation import baselines as _baselines
from likewise.evaluation import item_knn as _item_knn
from likewise.evaluation.baselines import (
    BASELINES,
    CategoryPopularity,
    ItemKNN,
    PairCounts,
    Popularity,
    TfIdf,
    baseline_systems,
    usual_baselines,
)
from likewise.simulation.shop import simulate
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

N_ITEMS = 9
session_lists = st.lists(
    st.lists(st.integers(0, N_ITEMS - 1), min_size=1, max_size=7), min_size=1, max_size=15
)


def make(lists: list[list[int]], n_items: int = N_ITEMS) -> Sessions:
    return sessions_of(lists, n_items)


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
    before = _item_knn._EVENTS
    _item_knn._EVENTS = events
    try:
        positions, scores = ItemKNN(make(lists)).neighbours(list(range(N_ITEMS)), k=4)
    finally:
        _item_knn._EVENTS = before
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
    before = _item_knn._EVENTS
    _item_knn._EVENTS = events
    try:
        ranks = ItemKNN(make(lists)).ranks(queries, targets, mask)
    finally:
        _item_knn._EVENTS = before
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


# --- popularity in category, pair counts ---------------------------------------------------------

PATHS = ["A > x", "A > x", "A > y", "A", "B", "B > x", None, "A > x", None]


def shelved(lists: list[list[int]]) -> Sessions:
    sessions = make(lists)
    catalogue = Catalogue.from_arrays(sessions.catalogue.ids, PATHS)
    return Sessions.from_arrays(sessions.items, sessions.offsets, catalogue)


@settings(max_examples=60, deadline=None)
@given(session_lists, st.lists(st.booleans(), min_size=N_ITEMS, max_size=N_ITEMS))
def test_popularity_in_category(lists, allowed):
    def nearness(a: int, b: int) -> int:
        if PATHS[a] is None or PATHS[b] is None:
            return 0
        one, other = PATHS[a].split(" > "), PATHS[b].split(" > ")
        same = [x == y for x, y in zip(one, other, strict=False)]
        shared = same.index(False) if False in same else len(same)
        return shared + (one == other)

    system = CategoryPopularity(shelved(lists))
    mask, counts = np.array(allowed), system.counts
    everyone = np.arange(N_ITEMS, dtype=np.int32)
    found = system.lists(everyone, 5, mask)
    for query in range(N_ITEMS):
        items = [i for i in range(N_ITEMS) if allowed[i] and counts[i] > 0 and i != query]
        items.sort(key=lambda i: (-nearness(query, i), -counts[i], i))
        assert found[query].tolist() == (items + [-1] * 5)[:5]
        ranks = system.ranks(np.full(N_ITEMS, query, np.int32), everyone, mask)
        for target in set(range(N_ITEMS)) - {query}:
            assert ranks[target] == (items.index(target) if target in items else N_ITEMS)


@settings(max_examples=40, deadline=None)
@given(session_lists)
def test_pair_counts_count_pairs(lists):
    table = np.zeros((N_ITEMS, len(lists)))
    for column, s in enumerate(lists):
        table[s, column] = 1
    together = table @ table.T
    np.fill_diagonal(together, 0)
    positions, scores = PairCounts(make(lists)).neighbours(list(range(N_ITEMS)), k=3)
    for query in range(N_ITEMS):
        best = np.sort(together[query])[::-1][:3]
        assert scores[query][best > 0].tolist() == best[best > 0].tolist()
        assert (positions[query][best == 0] == -1).all()


def test_popularity_lists():
    popularity = Popularity(make([[3, 1, 3], [3, 1], [5, 2]]))
    lists = popularity.lists(np.zeros(2, np.int32), 5)
    assert lists.tolist() == [[3, 1, 2, 5, -1]] * 2
    allowed = np.arange(N_ITEMS) != 3
    assert popularity.lists(np.zeros(1, np.int32), 2, allowed).tolist() == [[1, 2]]


# --- of other libraries --------------------------------------------------------------------------

NAMES = ["red ball", "red balls", "blue ball", "green tea", "green teapot", "", None, "tea", "rope"]


def named(lists: list[list[int]]) -> Sessions:
    sessions = make(lists)
    catalogue = Catalogue.from_arrays(sessions.catalogue.ids, None, NAMES)
    return Sessions.from_arrays(sessions.items, sessions.offsets, catalogue)


def test_tf_idf_finds_words_and_parts_of_them():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    system = TfIdf(named([[0, 1]]).catalogue)
    lists = system.lists(np.arange(N_ITEMS, dtype=np.int32), 3)
    assert lists[0, 0] == 1
    assert lists[7, 0] == 3
    assert lists[3, 0] in (4, 7)
    assert lists[5].tolist() == lists[6].tolist() == [-1, -1, -1]
    ranks = system.ranks(np.array([0, 0, 0, 5]), np.array([1, 5, 8, 0]))
    assert ranks.tolist() == [0, N_ITEMS, N_ITEMS, N_ITEMS]
    allowed = np.arange(N_ITEMS) != 1
    assert system.lists(np.array([0]), 1, allowed).tolist() == [[2]]


def test_tf_idf_of_nothing():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    system = TfIdf(Catalogue.from_ids(["a", "b"]))
    assert system.lists(np.array([0]), 2).tolist() == [[-1, -1]]
    assert system.ranks(np.array([0]), np.array([1])).tolist() == [2]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_gensim_learns_what_goes_together():
    pytest.importorskip("gensim", reason="gensim is not installed")
    lists = [[0, 1, 2], [2, 0, 1], [3, 4, 7], [7, 4, 3]] * 30
    systems = list(baseline_systems(["word2vec", "fasttext"], named(lists), threads=1))
    assert [system.name for system in systems] == [
        "gensim Word2Vec center-center", "gensim Word2Vec center-context", "gensim FastText",
    ]  # fmt: skip
    for system in systems[:2]:
        found = system.lists(np.array([0, 3, 5], np.int32), 2)
        assert set(found[0].tolist()) == {1, 2}
        assert set(found[1].tolist()) == {4, 7}
        assert found[2].tolist() == [-1, -1]  # never seen
    assert systems[2].lists(np.array([0], np.int32), 1).tolist()[0][0] in (1, 2)
    assert (systems[2].queries[8] != 0).any()  # never seen, but it has a name


class Factors:
    """What stands for implicit's ALS: an item's factors are its sessions, if the settings fit."""

    def __init__(self, **settings):
        wanted = {"factors": 128, "alpha": 40.0, "regularization": 10.0, "random_state": 5}
        self.fits = wanted.items() <= settings.items()

    def fit(self, table, show_progress):
        factors = table.toarray().T
        self.item_factors = factors if self.fits else factors[::-1]


def test_als_takes_the_settings_that_find_most(monkeypatch):
    pytest.importorskip("scipy", reason="scipy is not installed")
    module = SimpleNamespace(AlternatingLeastSquares=Factors)
    monkeypatch.setitem(sys.modules, "implicit.als", module)
    lists = [[0, 1, 2], [2, 0, 1], [3, 4, 7], [7, 4, 3]] * 30
    (system,) = baseline_systems(["als"], named(lists), threads=1, seed=5, k=2)
    assert system.name == "ALS (128, alpha 40, reg 10)"
    table = np.zeros((N_ITEMS, len(lists)))
    for column, s in enumerate(lists):
        table[s, column] = 1
    assert np.array_equal(system.queries, table)  # at last all events


@pytest.mark.filterwarnings("ignore:LightFM was compiled without OpenMP")
@pytest.mark.parametrize(
    ("name", "library", "label", "composes"),
    [("als", "implicit", "ALS (", False), ("lightfm", "lightfm", "LightFM (", True)],
)
def test_factors_learn_what_goes_together(name, library, label, composes):
    pytest.importorskip(library, reason=f"{library} is not installed")
    lists = [[0, 1, 2], [2, 0, 1], [3, 4, 7], [7, 4, 3]] * 30
    (system,) = baseline_systems([name], named(lists), threads=1)
    assert system.name.startswith(label)
    found = system.lists(np.array([0, 3], np.int32), 2)
    assert set(found[0].tolist()) == {1, 2}
    assert set(found[1].tolist()) == {4, 7}
    assert (system.queries[8] != 0).any() == composes  # never seen, but it has a name


@pytest.mark.parametrize(
    ("name", "hidden", "needed"),
    [("tf-idf", "sklearn.feature_extraction.text", "scikit-learn"),
     ("word2vec", "gensim.models.word2vec", "gensim"),
     ("als", "implicit.als", "implicit"), ("lightfm", "lightfm", "lightfm-next")],
)  # fmt: skip
def test_what_is_missing_is_named(monkeypatch, name, hidden, needed):
    monkeypatch.setitem(sys.modules, hidden, None)
    with pytest.raises(ImportError, match=rf"{name} needs {needed}: pip install 'likewise\[base"):
        list(baseline_systems([name], named([[0, 1]])))


def test_the_usual_baselines_are_known_by_name(monkeypatch):
    sessions = shelved([[0, 1], [1, 2]])
    names = [system.name for system in baseline_systems(usual_baselines(sessions)[:7], sessions)]
    assert names[:4] == ["popularity", "popularity in category", "item-kNN", "pair counts"]
    assert [name.partition(" ")[0] for name in names[4:]] == ["rules", "BM25", "EASE"]
    assert set(usual_baselines(sessions)) < set(BASELINES)
    assert set(usual_baselines(sessions)) - set(usual_baselines()) == {"ease"}
    monkeypatch.setattr(_baselines, "_FEW", 2)  # three items have events
    assert usual_baselines(sessions) == usual_baselines()
    with pytest.raises(InputError, match=r"baselines must be of popularity, .*, got 'magic'"):
        list(baseline_systems(["popularity", "magic"], sessions))
