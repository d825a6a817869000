"""A shop without history: what may be learned, what is asked, and the lists that are scored."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.fake_training import fake_train
from helpers.places import SHARED
from helpers.session_lists import sessions_of
from likewise import train
from likewise.errors import InputError
from likewise.evaluation import evaluation as _evaluation
from likewise.evaluation.baselines import BASELINES, chosen_baselines
from likewise.evaluation.evaluation import Evaluation, evaluate, shop_split
from likewise.evaluation.systems import VectorSystem, Within
from likewise.options import Options
from likewise.simulation.shop import simulate
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

N_ITEMS = 12
OPTIONS = Options(dim=24, epochs=4, threads=1)
session_lists = st.lists(
    st.lists(st.integers(0, N_ITEMS - 1), min_size=1, max_size=8), min_size=1, max_size=20
)


def as_lists(sessions: Sessions) -> list[list[int]]:
    return [session.tolist() for session in sessions]


@pytest.fixture(scope="module")
def sessions() -> Sessions:
    shop = simulate(n_items=400, n_sessions=2500, seed=6)
    return Sessions.from_arrays(shop.items, shop.offsets, Catalogue.read(shop.catalogue))


@pytest.fixture(scope="module")
def result(sessions) -> Evaluation:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    names = ["item-knn", "popularity", "tf-idf"]
    return evaluate(sessions, options=OPTIONS, split="shop", baselines=names)


@settings(max_examples=100, deadline=None)
@given(session_lists, st.floats(0.01, 0.99), st.integers(0, 5))
def test_shop_split(lists, share, seed):
    count = int(share * N_ITEMS)
    if count < 2:
        with pytest.raises(InputError, match="of 12 items leaves no two to ask among"):
            shop_split(sessions_of(lists, N_ITEMS), share, seed)
        return
    chosen = np.random.default_rng(seed).choice(N_ITEMS, count, replace=False).tolist()
    left = [[item for item in s if item not in chosen] for s in lists]
    if not any(len(s) >= 2 for s in left):
        with pytest.raises(InputError, match="leaves no session of two other items to learn from"):
            shop_split(sessions_of(lists, N_ITEMS), share, seed)
        return
    split = shop_split(sessions_of(lists, N_ITEMS), share, seed)
    assert np.flatnonzero(split.held).tolist() == sorted(chosen)
    assert as_lists(split.train) == [s for s in left if len(s) >= 2]
    steps = [step for s in lists for step in itertools.pairwise(s)]
    asked = [(a, b) for a, b in steps if a in chosen and b in chosen and a != b]
    assert list(zip(split.queries.tolist(), split.targets.tolist(), strict=True)) == asked
    own = [s for s in ([i for i in s if i in chosen] for s in lists) if len(s) >= 2]
    cut = [len(s) >= 3 and s[-1] != s[-2] for s in own]
    last = [(s[-2], s[-1]) for s, yes in zip(own, cut, strict=True) if yes]
    assert list(zip(split.own.queries.tolist(), split.own.targets.tolist(), strict=True)) == last
    expected = [s[:-1] if yes else s for s, yes in zip(own, cut, strict=True)]
    assert as_lists(split.own.train) == expected


def test_the_lists_are_those_of_recommend_all(sessions):
    split = shop_split(sessions, seed=2)
    known = np.flatnonzero(~split.held)
    place = np.full(len(split.held), -1)
    place[known] = np.arange(len(known))
    learned = Sessions.from_arrays(
        place[split.train.items], split.train.offsets, sessions.catalogue.take(known)
    )
    model = train(learned, options=OPTIONS)
    shop = sessions.catalogue.take(np.flatnonzero(split.held))
    pairs = [
        (sessions.catalogue.ids[query].as_py(), sessions.catalogue.ids[target].as_py())
        for query, target in zip(split.queries.tolist(), split.targets.tolist(), strict=True)
    ]
    result = evaluate(
        sessions, options=OPTIONS, split="shop", seed=2, k=10, baselines=False, samples=0
    )
    found = {row.system: row for row in result.rows if row.kind == "shop"}
    for side in ("similar", "center", "complements"):
        table = model.recommend_all(catalogue=shop, k=10, side=side).table
        assert table is not None
        answers = zip(*(table[name].to_pylist() for name in table.column_names[:3]), strict=True)
        ranks = {(query, answer): rank for query, rank, answer in answers}
        of = {"center": "center-center", "complements": "center-context"}.get(side, side)
        row = found[f"likewise {of}"]
        hits = [1 / ranks[pair] if pair in ranks else 0.0 for pair in pairs]
        assert row.pairs == row.n == len(pairs)
        # A list has the first of equal scores, ranks are in the middle of them.
        assert row.hr == pytest.approx(np.count_nonzero(hits) / len(hits), abs=0.006)
        assert row.mrr == pytest.approx(np.mean(hits), abs=0.002)
        queries = {query for query, _ in pairs}
        answered = {answer for query, answer in ranks if query in queries}
        assert row.coverage == pytest.approx(len(answered) / len(shop))


def test_content_finds_far_more_than_chance(sessions, result):
    found = {(row.system, row.kind): row for row in result.rows}
    chance = 20 / (len(sessions.catalogue) // 2)
    for kind in ("shop", "last of shop"):
        for system in ("similar", "center-center", "center-context"):
            assert found[f"likewise {system}", kind].hr > 4 * chance
        assert found["likewise similar", kind].hr > 0.9 * found["TF-IDF", kind].hr
        assert found["TF-IDF", kind].hr > 4 * chance
        assert 0.5 < found["likewise similar", kind].coverage <= 1
    assert found["item-kNN, with history", "last of shop"].hr > found["TF-IDF", "last of shop"].hr


def test_what_had_history_says_so_and_is_asked_for_what_it_was_not_told(sessions, result):
    assert [row.system for row in result.rows if row.kind == "shop"] == [
        "likewise similar", "likewise center-center", "likewise center-context", "TF-IDF",
    ]  # fmt: skip
    last = [row for row in result.rows if row.kind == "last of shop"]
    told = ["item-kNN, with history", "popularity, with history"]
    assert [row.system for row in last[4:]] == told
    split = shop_split(sessions)
    assert {row.n for row in last} == {len(split.own.queries)}
    assert len({row.n for row in result.rows}) == 2
    assert "with history: counted in the shop's own sessions" in str(result)
    popular = next(row for row in last if row.system == told[1])
    assert popular.popularity > 0.9  # by events of the shop, which nobody else was told
    best = np.argsort(-split.own.train.counts, kind="stable")[:20]
    assert popular.hr == pytest.approx(np.isin(split.own.targets, best).mean(), abs=0.002)
    assert all(row.hr_low <= row.hr <= row.hr_high for row in result.rows)
    assert all(row.bands == () for row in result.rows)


def test_nothing_of_the_shop_is_learned(sessions, monkeypatch):
    given: list[Any] = []
    real = _evaluation.fit

    def spy(*arguments: Any, **named: Any) -> Any:
        given.append(arguments)
        return real(*arguments, **named)

    monkeypatch.setattr(_evaluation, "fit", spy)
    evaluate(sessions, options=OPTIONS, split="shop", share=0.3, baselines=False, samples=0)
    ((history, catalogue, _),) = given
    held = shop_split(sessions, 0.3).held
    ids = sessions.catalogue.ids
    assert catalogue.ids.to_pylist() == ids.filter(~held).to_pylist()
    assert history.catalogue is catalogue
    kept = sessions.items[~held[sessions.items]]
    assert len(history.items) <= len(kept)
    assert set(catalogue.ids.take(history.items).to_pylist()) <= set(ids.take(kept).to_pylist())


def test_tf_idf_knows_the_shop_alone(sessions):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    held = shop_split(sessions).held
    table = sessions.catalogue
    names = [
        name if shop else "word " * 9
        for name, shop in zip(table.names.to_pylist(), held.tolist(), strict=True)
    ]
    other = Catalogue.from_arrays(table.ids, table.categories, names)
    vectors = np.random.default_rng(1).normal(size=(2, len(held), 4)).astype(np.float32)
    rows = [
        evaluate(
            sessions, items, split="shop", train=fake_train(vectors), baselines=["tf-idf"],
            samples=0,
        ).rows
        for items in (table, other)
    ]  # fmt: skip
    assert [str(row) for row in rows[0]] == [str(row) for row in rows[1]]


def test_seeds_and_shares(sessions):
    def figures(**arguments: Any) -> list[str]:
        vectors = np.random.default_rng(1).normal(size=(2, 400, 4)).astype(np.float32)
        done = evaluate(
            sessions, split="shop", train=fake_train(vectors), baselines=["item-knn"],
            **{"samples": 50, **arguments},
        )  # fmt: skip
        return [str(row) for row in done.rows]

    usual = figures()
    assert usual == figures(share=0.5, seed=4)
    assert figures(seed=5) != usual != figures(share=0.3)
    assert figures(limit=100) != usual
    first, again = (
        evaluate(sessions, options=OPTIONS, split="shop", baselines=False).rows for _ in range(2)
    )
    assert [str(row) for row in first] == [str(row) for row in again]


def test_vectors_of_others_are_asked_among_the_shop(sessions):
    held = shop_split(sessions).held
    vectors = np.random.default_rng(3).normal(size=(400, 8)).astype(np.float32)
    far = vectors.copy()
    far[~held] = vectors[held][: (~held).sum()]  # no answers, however near
    near, same = (
        evaluate(
            sessions, split="shop", train=fake_train((given, given)), baselines=False,
            systems={"mine": given}, samples=0,
        ).rows
        for given in (vectors, far)
    )  # fmt: skip
    assert [(row.system, row.hr, row.mrr) for row in near] == [
        (row.system, row.hr, row.mrr) for row in same
    ]
    assert near[0].hr == near[2].hr > 0


def test_complements_of_a_shop(sessions):
    result = evaluate(
        sessions, options=OPTIONS, split="shop", pairs="complements", baselines=["item-knn"],
        samples=0,
    )  # fmt: skip
    kinds = {row.kind for row in result.rows}
    assert kinds == {"shop complements", "last of shop complements"}
    assert all(row.same_category == 0 for row in result.rows)
    assert result.rows[-1].system == "item-kNN, with history"
    assert result.rows[-1].kind == "last of shop complements"


def test_identities_find_nothing_in_a_shop(sessions):
    options = Options(dim=8, epochs=1, threads=1, content=False)
    rows = evaluate(sessions, options=options, split="shop", baselines=False, samples=0).rows
    assert {row.hr for row in rows} == {row.coverage for row in rows} == {0.0}


def test_what_is_asked_by_default_is_what_is_installed(sessions, monkeypatch):
    installed = {"sklearn", "gensim"}
    find = lambda name: name in installed or None  # noqa: E731
    monkeypatch.setattr("likewise.evaluation.baselines.find_spec", find)
    rest = ("item-knn", "pair-counts")
    assert chosen_baselines(True, sessions, "shop") == ("tf-idf", "fasttext", *rest)
    installed.clear()
    assert chosen_baselines(True, sessions, "shop") == rest
    assert chosen_baselines(False, sessions, "shop") == ()
    assert set(chosen_baselines(["ease", *rest], sessions, "shop")) <= set(BASELINES)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fasttext_composes_what_it_never_saw(sessions):
    pytest.importorskip("gensim", reason="gensim is not installed")
    small = Sessions.from_arrays(
        sessions.items[: sessions.offsets[800]], sessions.offsets[:801], sessions.catalogue
    )
    vectors = np.random.default_rng(3).normal(size=(2, 400, 8)).astype(np.float32)
    rows = evaluate(
        small, split="shop", train=fake_train(vectors), baselines=["fasttext"], samples=0,
        options=OPTIONS,
    ).rows  # fmt: skip
    found = {(row.system, row.kind): row for row in rows}
    for kind in ("shop", "last of shop"):
        chance = found["likewise center-center", kind].hr
        assert found["gensim FastText", kind].hr > 2 * chance


@pytest.mark.parametrize(
    ("name", "by_texts", "by_counts"), [("amazon_office_industrial", 0.1708, 0.1077)]
)
def test_baselines_of_a_shop_on_real_sets(name, by_texts, by_counts):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    folder = SHARED / "data" / name
    if not folder.exists():
        pytest.skip(f"real data is not at {folder}; set LIKEWISE_DATA to the folder above data")
    catalogue = Catalogue.read(folder / "products.parquet")
    history = Sessions.read(folder / "events.parquet", catalogue, min_length=1)
    vectors = np.random.default_rng(1).normal(size=(2, len(catalogue), 8)).astype(np.float32)
    rows = evaluate(
        history, split="shop", train=fake_train(vectors), baselines=["pair-counts", "tf-idf"],
        samples=0,
    ).rows  # fmt: skip
    found = {(row.system, row.kind): row.hr for row in rows}
    # Words and n-grams together: the best that scikit-learn finds with either or both.
    assert found["TF-IDF", "shop"] == pytest.approx(by_texts, abs=0.002)
    by_count = found["pair counts, with history", "last of shop"]
    assert by_count == pytest.approx(by_counts, abs=0.002)
    assert found["likewise center-center", "shop"] < 0.02  # chance: 20 of 3,572


def test_a_system_of_some_items_answers_for_the_catalogue():
    vectors = np.array([[1, 0], [1, 0.1], [0.1, 1], [0, 0]], np.float32)
    system = Within(VectorSystem("x", vectors), np.array([1, 3, 4, 6]), 8)
    queries, targets = np.array([1, 1, 2, 1, 1], np.int32), np.array([3, 4, 3, 6, 5], np.int32)
    ranks, lowest = system.ranks(queries, targets)
    assert ranks.tolist() == lowest.tolist() == [0, 1, 8, 8, 8]
    assert system.lists(np.array([1, 0, 4], np.int32), 3).tolist() == [
        [3, 4, -1], [-1, -1, -1], [3, 1, -1],
    ]  # fmt: skip
    allowed = np.arange(8) != 3
    assert system.lists(np.array([1], np.int32), 3, allowed).tolist() == [[4, -1, -1]]
    assert system.ranks(queries[1:2], targets[1:2], allowed)[0].tolist() == [0]


@pytest.mark.parametrize("share", [0, 1, -0.5, 1.5, float("nan"), "half", True, None, [0.5]])
def test_bad_shares(share):
    history = sessions_of([[0, 1, 2, 3, 4, 5]] * 3, 6)
    with pytest.raises(InputError, match="share must be between 0 and 1, got "):
        shop_split(history, share)
    if share is not None:  # the usual share
        with pytest.raises(InputError, match="share must be between 0 and 1, got "):
            evaluate(history, split="shop", share=share, train=fake_train(np.ones((2, 6, 2))))


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ([[0, 1, 2, 3]], "share 0.5 of 3 items leaves no two to ask among"),
        ([[0], [1], [2], [3], [4], [5]], "leaves no session of two other items to learn from"),
        ([[]], "leaves no session of two other items to learn from"),
    ],
)
def test_too_little_for_a_shop(lists, message):
    n_items = 3 if "3 items" in message else 6
    history = sessions_of([[i for i in s if i < n_items] for s in lists], n_items)
    with pytest.raises(InputError, match=message):
        evaluate(history, split="shop", train=fake_train(np.ones((2, n_items, 2))))


def test_a_shop_whose_items_never_meet():
    split = shop_split(sessions_of([[0, 1, 2, 3, 4, 5]], 6))
    lists = [np.flatnonzero(~split.held).tolist()]
    with pytest.raises(InputError, match="must have events to hold out for split 'shop', got none"):
        evaluate(sessions_of(lists, 6), split="shop", train=fake_train(np.ones((2, 6, 2))))
