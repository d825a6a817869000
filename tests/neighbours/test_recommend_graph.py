"""Lists of a larger catalogue, however they are searched, rule by rule against brute force."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import likewise as lw
from helpers.tiny_shop import KINDS, WORDS, options, sessions
from likewise.arrays import unit_rows
from likewise.neighbours.choose import name_keys
from likewise.score.blend import blend_of
from likewise.score.evidence import EQUAL_TEXTS, EQUAL_TEXTS_OUT_OF_DOMAIN
from likewise.score.pairs import SHARPNESS
from likewise.score.wording import Wording
from likewise.search.filters import Listed
from likewise.search.partition import Clusters

N_ITEMS = 900


@pytest.fixture(scope="module")
def model() -> lw.Model:
    return lw.train(sessions(), options=options(context="content", dim=24, epochs=4))


def shop(n: int, seed: int, mark: str) -> lw.Catalogue:
    """Items named with known, misspelt and unknown words; some without anything, some twice."""
    rng = np.random.default_rng(seed)
    known = [
        *WORDS,
        "bal",
        "sttel",
        "zzyx",
        "qwrt",
        "plüsch",
        "7",
        *(f"model{i}" for i in range(60)),
    ]
    names: list[str | None] = [
        " ".join(rng.choice(known, size=1 + int(rng.integers(6)))) for _ in range(n)
    ]
    categories: list[str | None] = [str(rng.choice([*KINDS, "Garten > Möbel"])) for _ in range(n)]
    for at in range(0, n, 90):
        names[at] = categories[at] = None  # never an answer, and has none
        names[at + 1] = None
        categories[at + 2] = None
        names[at + 3], categories[at + 3] = names[at + 4], categories[at + 4]
    return lw.Catalogue.from_arrays([f"{mark}{i}" for i in range(n)], categories, names)


@pytest.fixture(scope="module")
def candidates() -> lw.Catalogue:
    return shop(N_ITEMS, 1, "n")


@pytest.fixture(scope="module")
def asked() -> lw.Catalogue:
    """Half of them are candidates, too, as they stand there."""
    ours, others = shop(N_ITEMS, 1, "n").take(np.arange(0, N_ITEMS, 20)), shop(90, 2, "other")
    both = [*ours, *others.take(np.arange(45))]
    return lw.Catalogue.from_arrays(*map(list, zip(*both, strict=True)))


class Columns(dict[str, dict[str, Any]]):
    """Columns by id, told of in a word: a failing example prints its arguments."""

    def __repr__(self) -> str:
        return f"Columns of {len(self)} items"


@pytest.fixture(scope="module")
def columns(candidates: lw.Catalogue, asked: lw.Catalogue) -> Columns:
    """Brand and stock of every id."""
    rng = np.random.default_rng(3)
    ids = dict.fromkeys([*candidates.ids.to_pylist(), *asked.ids.to_pylist()])
    return Columns(
        {
            item_id: {
                "item_id": item_id,
                "brand": None if rng.random() < 0.1 else str(rng.choice(["ann", "bob", "cyd"])),
                "stock": int(rng.integers(0, 100)),
            }
            for item_id in ids
        }
    )


def scores_of(
    model: lw.Model, asked: lw.Catalogue, found: lw.Catalogue, side: str, popularity: float
) -> np.ndarray:
    """Scores of all pairs, float64; minus infinity where one of them has no vector."""
    if side == "similar":  # its formula is the business of score/test_blend.py
        blend = blend_of(model)
        domain = blend.domain_of(found)
        queries = blend.query_vectors(blend.item_vectors(asked, domain=domain), popularity)
        answers = blend.item_vectors(found, domain=domain)
    else:
        queries = unit_rows(model.encode(asked))[0]
        answers = unit_rows(model.encode(found, "context" if side == "complements" else "center"))[
            0
        ]
    scores: np.ndarray = queries.astype(np.float64) @ answers.astype(np.float64).T
    if side == "similar":
        assert model.recipe is not None
        near = Wording(found, model.recipe).near(asked)
        listed = Listed(near.offsets, near.positions, near.cosines, SHARPNESS)
        rows = np.repeat(np.arange(len(asked)), np.diff(near.offsets)), near.positions
        equal = EQUAL_TEXTS if domain is None else EQUAL_TEXTS_OUT_OF_DOMAIN
        weights = np.expm1(SHARPNESS * equal * np.minimum(near.cosines, 1.0))
        scores[rows] = listed.joined(scores[rows], weights)
    scores[~queries.any(axis=1)] = -np.inf
    scores[:, ~answers.any(axis=1)] = -np.inf
    return scores


def allowed_pairs(
    asked: lw.Catalogue, found: lw.Catalogue, columns: dict[str, Any], rules: dict[str, Any]
) -> np.ndarray:
    """Which pairs pass the filters, bool (asked, found)."""
    here, there = asked.ids.to_pylist(), found.ids.to_pylist()
    may = np.array(here)[:, None] != np.array(there)
    where = rules.get("where")
    if where is not None:
        stock = np.array([columns[i]["stock"] for i in there])
        may &= stock >= int(where.split()[-1]) if isinstance(where, str) else where

    def codes(ids: list[str], items: lw.Catalogue, name: str) -> np.ndarray:
        if name == "brand":
            values = [columns[i]["brand"] for i in ids]
        else:
            values = [path and path.split(" > ")[0] for path in items.categories.to_pylist()]
        return np.array([value or "" for value in values])

    for name in rules.get("same", []):
        mine, theirs = codes(here, asked, name), codes(there, found, name)
        may &= (mine[:, None] == theirs) & (mine[:, None] != "")
    for name in rules.get("different", []):
        mine, theirs = codes(here, asked, name), codes(there, found, name)
        may &= (mine[:, None] != theirs) | (mine[:, None] == "")
    return may


def greedy(order: np.ndarray, k: int, groups: np.ndarray, most: int, taken: int) -> list[int]:
    """The first ``k`` of ``order`` with at most ``most`` of a group; ``taken`` is used up."""
    left = {taken: 0} if taken >= 0 else {}
    kept: list[int] = []
    for at in order:
        group = int(groups[at])
        if group >= 0 and left.setdefault(group, most) == 0:
            continue
        left[group] = left.get(group, most) - 1
        kept.append(int(at))
        if len(kept) == k:
            break
    return kept


FILTERS: list[tuple[str, list[Any]]] = [
    ("where", ["stock >= 5", "stock >= 60", "stock >= 99", "stock >= 100", "mask"]),
    ("same", [["brand"], ["category_1"], ["brand", "category_1"]]),
    ("different", [["brand"], ["category_1"], ["brand", "category_1"]]),
]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1 << 20))
def test_lists_are_full_whenever_enough_pass(
    model: lw.Model,
    candidates: lw.Catalogue,
    asked: lw.Catalogue,
    columns: Columns,
    seed: int,
) -> None:
    chance = random.Random(seed)
    rules = {name: chance.choice(values) for name, values in FILTERS if chance.random() < 0.5}
    if rules.get("where") == "mask":
        rules["where"] = np.random.default_rng(seed).random(N_ITEMS) < 0.8
    cap: dict[str, Any] = chance.choice([{}, {}, {"per_category": 2}, {"distinct": True}])
    side = chance.choice(["similar", "similar", "complements", "center"])
    popularity = chance.choice([None, 0.0, 3.0]) if side == "similar" else None
    threshold = chance.choice([None, None, 0.1])
    k = chance.choice([1, 5, 20, 60, 1000])
    among, clusters = chance.random() < 0.5, chance.random() < 0.5
    how, search = chance.choice([
        ({"exact": True}, "exact"), ({}, "exact"), ({"exact": False}, "hnsw"),
        ({"recall": 0.9}, "partitioned"), ({"recall": 1.0}, "exact"),
    ])  # fmt: skip
    exact = search == "exact"

    queries = candidates if among else asked
    with pytest.MonkeyPatch.context() as patch:
        if clusters:  # in other runs there are too few items for them to pay
            for limit in ("least_vectors", "least_queries", "most_answers"):
                patch.setattr(Clusters, limit, 1)
        done = model.recommend_all(
            k=k, catalogue=candidates, queries=None if among else asked, side=side,
            popularity=popularity, threshold=threshold, attributes=list(columns.values()),
            **how, **rules, **cap,
        )  # fmt: skip
    assert done.search == search
    assert (done.recall is None) == exact

    weight = 0.3 if popularity is None else popularity
    scores = scores_of(model, queries, candidates, side, weight)
    scores[~allowed_pairs(queries, candidates, columns, rules)] = -np.inf
    if threshold is not None:
        scores[scores < threshold] = -np.inf
    groups, most, own = np.full(N_ITEMS, -1), N_ITEMS, np.full(len(queries), -1)
    if "per_category" in cap:
        groups, most = np.unique([c or "" for c in candidates.categories.to_pylist()],
                                 return_inverse=True)[1], 2  # fmt: skip
    elif cap:
        known: dict[str, int] = {}
        groups, most = name_keys(candidates.names.to_pylist(), known), 1
        own = name_keys(queries.names.to_pylist(), known)

    ids = np.array(queries.ids.to_pylist())
    rows = np.searchsorted(np.sort(ids), done.table["item_id"].to_numpy())
    rows = np.argsort(ids)[rows]
    found = candidates.positions(done.table["neighbor_id"])
    given_scores = done.table["score"].to_numpy()
    # With a threshold, an answer that a graph misses has none below it to take its place.
    certain = exact or threshold is None
    total = 0
    for row in range(len(queries)):
        mine = rows == row
        kept, told = found[mine], given_scores[mine]
        usable = np.flatnonzero(np.isfinite(scores[row]))
        order = usable[np.argsort(-scores[row, usable], kind="stable")]
        expected = greedy(order, k, groups, most, int(own[row]))
        total += len(expected)
        assert len(kept) == len(expected) or (len(kept) < len(expected) and not certain)
        assert len(set(kept.tolist())) == len(kept)
        assert np.isfinite(scores[row, kept]).all()  # passes, is not the item itself
        np.testing.assert_allclose(told, scores[row, kept], atol=2e-6)
        assert (np.diff(told) <= 0).all()
        if exact:
            np.testing.assert_allclose(told, scores[row, expected], atol=2e-6)
    assert done.rows == total if certain else done.rows >= 0.95 * total


@pytest.mark.parametrize("popularity", [0.0, 0.3])
def test_a_graph_of_the_blend_finds_what_is_near(model: lw.Model, popularity: float) -> None:
    items = shop(9000, 5, "x")
    index = model.index(items, exact=False)
    assert index.metric == "dot"
    queries = blend_of(model).query_vectors(index.vectors_at(np.arange(0, 9000, 9)), popularity)
    assert index.recall(k=20, queries=queries) > 0.9
    assert index.widen(0.98, k=20, queries=queries) >= 0.98  # type: ignore[attr-defined]
    found = index.search(queries, 20, exclude=np.arange(0, 9000, 9))
    usable = queries.any(axis=1)
    assert (found.positions[usable] >= 0).all()
    assert (found.positions[~usable] == -1).all()


def test_progress_of_the_graph_and_its_width(model: lw.Model, candidates: lw.Catalogue) -> None:
    built: list[tuple[int, int]] = []
    done: list[tuple[int, int]] = []
    model.recommend_all(
        k=3, catalogue=candidates, exact=False, progress=lambda *at: done.append(at),
        building=lambda *at: built.append(at),
    )  # fmt: skip
    usable = N_ITEMS - N_ITEMS // 90
    assert built == [(usable, usable)]
    assert done == [(N_ITEMS, N_ITEMS)]
    index = model.index(candidates, exact=False, ef=99, progress=lambda *at: built.append(at))
    assert index.ef == 99  # type: ignore[attr-defined]
    assert len(built) == 2
    model.recommend_all(k=3, exact=True, building=lambda *at: built.append(at))
    assert len(built) == 2


def test_recall_is_checked(model: lw.Model) -> None:
    for wrong in (0.0, 1.1, float("nan")):
        with pytest.raises(ValueError, match="recall must be above 0 and at most 1"):
            model.recommend_all(recall=wrong)
    for unlike in (True, "0.9"):
        with pytest.raises(TypeError, match="recall must be a number"):
            model.recommend_all(recall=unlike)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="recall must be left out where exact is given"):
        model.recommend_all(recall=0.9, exact=False)


def test_many_comparisons_are_made_by_partitions(model: lw.Model, monkeypatch: Any) -> None:
    items = shop(6000, 6, "y")
    exact = model.recommend_all(k=10, catalogue=items)
    assert (exact.search, exact.recall) == ("exact", None)
    monkeypatch.setattr("likewise.neighbours.recommend._EXACT", 6000 * 6000)
    done = model.recommend_all(k=10, catalogue=items)
    assert done.search == "partitioned"
    assert done.recall is not None
    assert done.recall >= 0.995
    assert (done.rows, done.full, done.empty) == (exact.rows, exact.full, exact.empty)
    assert len(pairs(done.table) & pairs(exact.table)) >= 0.98 * done.rows
    # Few comparisons are left where columns must be equal.
    assert model.recommend_all(k=10, catalogue=items, same="category").search == "exact"


def pairs(table: Any) -> set[tuple[str, str]]:
    return set(zip(table["item_id"].to_pylist(), table["neighbor_id"].to_pylist(), strict=True))
