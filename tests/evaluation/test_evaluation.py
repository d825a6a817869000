"""Splits, ranking and the table of results: against slow loops and the common protocol."""

from __future__ import annotations

import importlib.util
import itertools
import json
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.fake_training import fake_train
from helpers.places import SHARED
from helpers.session_lists import sessions_of
from likewise.errors import InputError
from likewise.evaluation import rules as _rules
from likewise.evaluation import systems as _systems
from likewise.evaluation.baselines import ItemKNN, Popularity, baseline_systems
from likewise.evaluation.evaluation import cold_split, cosine_ranks, evaluate, last_split
from likewise.model.model import train as real_train
from likewise.options import Options
from likewise.simulation.shop import Shop, simulate
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

N_ITEMS = 12
session_lists = st.lists(
    st.lists(st.integers(0, N_ITEMS - 1), min_size=1, max_size=8), min_size=1, max_size=20
)


def make(lists: list[list[int]], n_items: int = N_ITEMS) -> Sessions:
    return sessions_of(lists, n_items)


def as_lists(sessions: Sessions) -> list[list[int]]:
    return [session.tolist() for session in sessions]


@pytest.fixture(scope="module")
def shop() -> Shop:
    return simulate(n_items=1000, n_sessions=5000, seed=6)


@pytest.fixture(scope="module")
def sessions(shop) -> Sessions:
    return Sessions.from_arrays(shop.items, shop.offsets, Catalogue.read(shop.catalogue))


@pytest.fixture(scope="module")
def protocol() -> ModuleType:
    path = SHARED / "protocol" / "splits.py"
    if not path.exists():
        pytest.skip(f"the shared protocol is not at {path}; set LIKEWISE_DATA to its folder")
    spec = importlib.util.spec_from_file_location("protocol_splits", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@settings(max_examples=100, deadline=None)
@given(session_lists)
def test_last_split(lists):
    split = last_split(make(lists))
    train, pairs = [], []
    for s in lists:
        if len(s) >= 3 and s[-1] != s[-2]:
            train.append(s[:-1])
            pairs.append((s[-2], s[-1]))
        else:
            train.append(s)
    assert as_lists(split.train) == train
    assert list(zip(split.queries.tolist(), split.targets.tolist(), strict=True)) == pairs


@settings(max_examples=100, deadline=None)
@given(session_lists, st.floats(0.05, 0.95), st.integers(0, 5))
def test_cold_split(lists, share, seed):
    seen = sorted({item for s in lists for item in s})
    if int(share * len(seen)) < 1:
        with pytest.raises(InputError, match="leaves none to vanish"):
            cold_split(make(lists), share, seed)
        return
    split = cold_split(make(lists), share, seed)
    assert split.cold.sum() == int(share * len(seen))
    assert set(np.flatnonzero(split.cold)) <= set(seen)
    cold = split.cold.tolist()
    steps = [step for s in lists for step in itertools.pairwise(s)]
    from_cold = [(a, b) for a, b in steps if cold[a] and not cold[b]]
    to_cold = [(a, b) for a, b in steps if not cold[a] and cold[b]]
    kept = [[item for item in s if not cold[item]] for s in lists]
    assert as_lists(split.train) == [s for s in kept if len(s) >= 2]
    found = zip(split.cold_queries.tolist(), split.warm_targets.tolist(), strict=True)
    assert list(found) == from_cold
    found = zip(split.warm_queries.tolist(), split.cold_targets.tolist(), strict=True)
    assert list(found) == to_cold


def test_splits_are_those_of_the_protocol(protocol, sessions):
    lists = list(sessions)
    train, queries, targets = protocol.warm_split(lists)
    last = last_split(sessions)
    assert np.array_equal(last.queries, queries)
    assert np.array_equal(last.targets, targets)
    assert np.array_equal(last.train.items, np.concatenate(train))
    for share, seed in ((0.1, 4), (0.3, 0)):
        train, *expected = protocol.cold_split(lists, len(sessions.catalogue), share, seed)
        cold = cold_split(sessions, share, seed)
        found = (
            cold.cold,
            cold.cold_queries,
            cold.warm_targets,
            cold.warm_queries,
            cold.cold_targets,
        )
        for ours, theirs in zip(found, expected, strict=True):
            assert np.array_equal(ours, theirs)
        assert np.array_equal(cold.train.items, np.concatenate(train))
        assert len(cold.train) == len(train)


@pytest.mark.parametrize("limit", [100, 20000])
def test_figures_are_those_of_the_protocol(protocol, sessions, limit):
    n_items = len(sessions.catalogue)
    rng = np.random.default_rng(0)
    center, context = rng.normal(size=(2, n_items, 8)).astype(np.float32)
    train = fake_train((center, context))
    rows = evaluate(sessions, split="last", train=train, limit=limit, baselines=False).rows
    _, queries, targets = protocol.warm_split(list(sessions))
    for row, side in zip(rows, (center, context), strict=True):
        hr, mrr, n = protocol.hit_mrr(center, side, queries, targets, limit=limit)
        assert (row.hr, row.n) == (hr, n)
        assert row.mrr == pytest.approx(mrr, rel=1e-12)
    rows = evaluate(sessions, split="cold", train=train, limit=limit, baselines=False, k=50).rows
    history, cold, qc, tw, qw, tc = protocol.cold_split(list(sessions), n_items)
    warm = ~cold & (np.bincount(np.concatenate(history), minlength=n_items) > 0)
    expected = [
        protocol.hit_mrr(center, side, *pairs, k=50, mask=mask, limit=limit)
        for pairs, mask in (((qc, tw), warm), ((qw, tc), None))
        for side in (center, context)
    ]
    for row, (hr, mrr, n) in zip(rows, expected, strict=True):
        assert (row.hr, row.n) == (hr, n)
        assert row.mrr == pytest.approx(mrr, rel=1e-12)
    assert [row.kind for row in rows] == ["cold query"] * 2 + ["cold target"] * 2


@pytest.mark.parametrize("name", ["amazon_office_industrial"])
def test_figures_of_a_model_on_real_sets_are_those_of_the_protocol(protocol, name):
    """Read, split and scored twice, with nothing in common but the model."""
    folder = SHARED / "data" / name
    if not folder.exists():
        pytest.skip(f"real data is not at {folder}; set LIKEWISE_DATA to the folder above data")
    catalogue = Catalogue.read(folder / "products.parquet")
    sessions = Sessions.read(folder / "events.parquet", catalogue, min_length=1)
    lists, ids, _, _ = protocol.load(str(folder))
    assert ids == catalogue.ids.to_pylist()
    models: list[Any] = []

    def train(*arguments: Any, **named: Any) -> Any:
        """A model without equal vectors: items of the same words would be ordered by rounding."""
        model = real_train(*arguments, **named)
        noise = np.random.default_rng(5).normal(scale=0.01, size=(2, *model.center.shape))
        vectors = np.stack([model.center, model.context]) + noise
        models.append(fake_train(tuple(vectors.astype(np.float32)))(*arguments, **named))
        return models[-1]

    options = Options(dim=32, epochs=2)
    last = evaluate(sessions, options=options, train=train, baselines=False, samples=0)
    cold = evaluate(sessions, split="cold", options=options, train=train, baselines=False)
    _, queries, targets = protocol.warm_split(lists)
    history, is_cold, qc, tw, qw, tc = protocol.cold_split(lists, len(ids))
    warm = ~is_cold & (np.bincount(np.concatenate(history), minlength=len(ids)) > 0)
    asked = [(models[0], queries, targets, None)] * 2
    asked += [(models[1], qc, tw, warm)] * 2 + [(models[1], qw, tc, None)] * 2
    for row, (model, q, t, mask) in zip(last.rows + cold.rows, asked, strict=True):
        side = model.center if row.system.endswith("center-center") else model.context
        hr, mrr, n = protocol.hit_mrr(model.center, side, q, t, mask=mask)
        assert row.n == n
        assert row.hr == pytest.approx(hr, abs=1e-6)
        assert row.mrr == pytest.approx(mrr, abs=1e-6)


@pytest.mark.parametrize("scores", [1, 70, 1 << 25])
def test_cosine_ranks(monkeypatch, scores):
    monkeypatch.setattr(_systems, "_SCORES", scores)
    rng = np.random.default_rng(1)
    queries, candidates = rng.normal(size=(2, 30, 5)).astype(np.float32)
    asked, wanted = rng.integers(0, 30, (2, 200)).astype(np.int32)
    asked, wanted = asked[asked != wanted], wanted[asked != wanted]
    allowed = rng.random(30) < 0.6
    ranks, lowest = cosine_ranks(queries, candidates, asked, wanted, allowed)
    assert np.array_equal(lowest[allowed[wanted]], ranks[allowed[wanted]])
    for a, b, rank in zip(asked, wanted, ranks, strict=True):
        cosine = [
            float(queries[a] @ v / np.linalg.norm(queries[a]) / np.linalg.norm(v))
            for v in candidates
        ]
        better = [i for i in range(30) if allowed[i] and i != a and cosine[i] > cosine[b]]
        assert rank == (len(better) if allowed[b] else (allowed & (np.arange(30) != a)).sum())


def test_items_without_a_vector_neither_ask_nor_answer():
    vectors = np.eye(4, dtype=np.float32)
    vectors[2] = 0
    asked, wanted = np.array([2, 0, 0], np.int32), np.array([0, 2, 1], np.int32)
    ranks, lowest = cosine_ranks(vectors, vectors, asked, wanted)
    assert ranks.tolist() == [4, 4, 0]
    assert lowest.tolist() == [4, 4, 2]


def test_a_collapsed_model_is_seen_through(sessions):
    vectors = np.ones((2, len(sessions.catalogue), 3), np.float32)
    result = evaluate(sessions, train=fake_train(vectors), limit=300, baselines=["popularity"])
    collapsed = result.rows[0]
    popularity = next(row for row in result.rows if row.system == "popularity")
    assert collapsed.hr == collapsed.tied == 1.0
    assert popularity.tied == 0.0
    assert "likewise center-center, warm: 100.0% of the pairs are found by a tie" in str(result)


@pytest.mark.parametrize(
    ("name", "by_popularity", "by_item_knn", "by_rules", "by_bm25"),
    [("amazon_office_industrial", 0.035, 0.105, 0.1203, 0.1172)],
)
def test_baselines_on_real_sets(name, by_popularity, by_item_knn, by_rules, by_bm25):
    folder = SHARED / "data" / name
    if not folder.exists():
        pytest.skip(f"real data is not at {folder}; set LIKEWISE_DATA to the folder above data")
    catalogue = Catalogue.read(folder / "products.parquet")
    last = last_split(Sessions.read(folder / "events.parquet", catalogue, min_length=1))
    ranks = Popularity(last.train).ranks(last.queries, last.targets)
    assert (ranks < 20).mean() == pytest.approx(by_popularity, abs=0.0006)
    ranks = ItemKNN(last.train).ranks(last.queries, last.targets)
    assert (ranks < 20).mean() == pytest.approx(by_item_knn, abs=0.001)
    for system, expected in zip(
        baseline_systems(["rules", "bm25"], last.train), (by_rules, by_bm25), strict=True
    ):
        ranks = system.ranks(last.queries, last.targets)
        assert (ranks < 20).mean() == pytest.approx(expected, abs=0.002)


def test_a_model_of_the_truth_is_far_ahead(shop, sessions):
    one_hot = np.eye(shop.truth.n_intents, dtype=np.float32)[shop.truth.intent]
    noise = np.random.default_rng(2).normal(0, 0.05, one_hot.shape).astype(np.float32)
    names = ["popularity", "item-knn"]
    train = fake_train((one_hot + noise, noise))
    result = evaluate(sessions, split="cold", train=train, baselines=names)
    found = {(row.system, row.kind): row for row in result.rows}
    for kind in ("cold query", "cold target"):
        good, bad = (found[f"likewise center-{side}", kind] for side in ("center", "context"))
        assert good.hr > 0.3
        assert good.hr > 5 * bad.hr
        assert good.mrr < good.hr
    assert found["popularity", "cold query"].hr > 0
    assert found["popularity", "cold target"].hr == 0
    assert found["item-kNN", "cold query"].hr == 0
    last = evaluate(sessions, split="last", train=train, baselines=names)
    found = {row.system: row for row in last.rows}
    assert found["item-kNN"].hr > 2 * found["popularity"].hr > 0
    assert {row.n for row in last.rows} == {len(last_split(sessions).queries)}


def test_a_real_model(sessions):
    options = Options(dim=32, epochs=5, threads=1)
    result = evaluate(sessions, options=options, split="cold")
    found = {(row.system, row.kind): row for row in result.rows}
    ours = found["likewise similar", "cold query"]
    assert ours.hr > 1.2 * found["popularity", "cold query"].hr
    for system in ("similar", "center-center", "center-context"):
        assert found[f"likewise {system}", "cold target"].hr > 0.1
    assert ours.tied < 0.05
    identity = Options(dim=32, epochs=5, threads=1, content=False)
    # without content nothing is known of items without history, and ties must not hide that
    for row in evaluate(sessions, options=identity, split="cold", baselines=False).rows:
        assert row.hr < 0.1
        assert row.tied < 0.05


def test_training_sees_no_held_out_event(sessions):
    vectors = np.ones((2, len(sessions.catalogue), 2), np.float32)
    seen: list[Any] = []
    options, progress = Options(epochs=2), object()
    result = evaluate(
        sessions, options=options, split="cold", train=fake_train(vectors, seen),
        progress=progress, baselines=False,
    )  # fmt: skip
    ((history, catalogue, given, told),) = seen
    assert not np.isin(history.items, np.flatnonzero(cold_split(sessions).cold)).any()
    assert catalogue is sessions.catalogue
    assert given is options
    assert told is progress
    assert result.train_events == len(history.items)
    assert result.train_sessions == len(history)
    assert result.options["epochs"] == 2


def test_another_catalogue(sessions):
    lists = [[0, 1, 2], [2, 1, 0]]
    history = make(lists, 3)
    other = Catalogue.from_ids(["new", "i2", "i1", "i0"])
    seen: list[Any] = []
    train = fake_train(np.ones((2, 4, 2), np.float32), seen)
    evaluate(history, other, train=train)
    assert as_lists(seen[0][0]) == [[3, 2], [1, 2]]
    assert seen[0][1] is other
    with pytest.raises(InputError, match=r"catalogue must have every item .* item_id 'i2'"):
        evaluate(history, Catalogue.from_ids(["i0", "i1"]), train=train)


def test_table(sessions):
    vectors = np.random.default_rng(3).normal(size=(2, len(sessions.catalogue), 4))
    result = evaluate(sessions, train=fake_train(vectors), limit=50, k=10)
    text = str(result)
    assert "HR@10" in text
    assert "popularity" in text
    assert f"50 of {len(last_split(sessions).queries):,}" in text
    assert {row["n"] for row in result.to_dicts()} == {50}
    frame = result.to_pandas()
    assert frame["system"].tolist() == [row.system for row in result.rows]
    assert frame["hr_tail"].tolist() == pytest.approx([row.bands[2].hr for row in result.rows])
    values = json.loads(result.to_json())
    assert values["split"] == "last"
    first = json.loads(json.dumps(result.to_dicts()[0]))
    assert values["rows"][0] == first
    assert "tail" in text


def test_a_narrow_terminal_gets_no_bands(sessions, monkeypatch):
    vectors = np.random.default_rng(3).normal(size=(2, len(sessions.catalogue), 4))
    result = evaluate(sessions, train=fake_train(vectors), limit=50, baselines=False)
    monkeypatch.setenv("COLUMNS", "100")
    narrow = str(result).splitlines()[3:6]
    assert all(len(line) <= 100 and "tail" not in line for line in narrow)
    monkeypatch.setenv("COLUMNS", "150")
    assert "tail" in str(result).splitlines()[3]


def test_a_kind_without_pairs_has_no_figure():
    # item 0 vanishes or not, but nothing ever follows it: one of the two kinds is empty
    history = make([[1, 0]], 2)
    result = evaluate(
        history, split="cold", share=0.5, train=fake_train(np.ones((2, 2, 2))), baselines=False
    )
    empty = [row for row in result.rows if row.n == 0]
    assert len(empty) == 2
    assert all(np.isnan(row.hr) for row in empty)
    assert None in [row["hr"] for row in json.loads(result.to_json())["rows"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "first"}, "split must be last, time, cold, shop or transfer, got 'first'"),
        ({"split": "time"}, "later must be given for split 'time' and no other"),
        ({"held": ["x"]}, "held must be given for split 'transfer' and no other"),
        ({"pairs": "some"}, "pairs must be all or complements, got 'some'"),
        ({"pairs": "complements"}, "sessions must have pairs of items of two categories to hold"),
        ({"samples": -1}, "samples must be at least 0, got -1"),
        ({"baselines": ["knn"]}, "baselines must be of popularity, .*, got 'knn'"),
        ({"baselines": "item-knn"}, "baselines must be a sequence of names or a bool"),
        ({"systems": {"mine": 3}}, r"systems\['mine'\] must be a float array .*; got int"),
        ({"k": 0}, "k must be at least 1, got 0"),
        ({"limit": 0}, "limit must be at least 1, got 0"),
        ({"split": "cold", "share": 1.5}, "share must be between 0 and 1, got 1.5"),
        ({"split": "cold", "share": 1e-9}, "of 2 items seen leaves none to vanish"),
        ({}, "sessions must have events to hold out for split 'last', got none"),
    ],
)
def test_bad_arguments(arguments, message):
    history = make([[0, 1], [1, 0]], 2)
    with pytest.raises(InputError, match=message):
        evaluate(history, train=fake_train(np.ones((2, 2, 2))), **arguments)


def test_too_many_items_for_ease_are_told_before_training(sessions, monkeypatch):
    monkeypatch.setattr(_rules, "EASE_ITEMS", 100)
    seen: list[Any] = []
    with pytest.raises(InputError, match="ease must have at most 100 items with events, got 900"):
        evaluate(sessions, train=fake_train(None, seen), baselines=["rules", "ease"])
    assert seen == []
