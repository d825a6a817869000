"""What can stand in the table: vectors, lists and models of other makers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from likewise import train
from likewise.errors import InputError
from likewise.evaluation.evaluation import evaluate, last_split
from likewise.evaluation.ranking import systems_of
from likewise.evaluation.systems import ListSystem, VectorSystem
from likewise.options import Options
from likewise.simulation.shop import simulate
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

CATALOGUE = Catalogue.from_ids(["a", "b", "c", "d"])
VECTORS = np.array([[1, 0], [1, 0.1], [0, 1], [0, 0]], np.float32)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def test_lists_of_vectors_are_their_ranks():
    rng = np.random.default_rng(0)
    queries, answers = rng.normal(size=(2, 60, 5)).astype(np.float32)
    answers[7] = 0
    system = VectorSystem("x", queries, answers)
    allowed = rng.random(60) < 0.7
    asked = np.repeat(np.arange(60, dtype=np.int32), 60)
    wanted = np.tile(np.arange(60, dtype=np.int32), 60)
    lists = system.lists(np.arange(60, dtype=np.int32), 10, allowed)
    ranks, _ = system.ranks(asked, wanted, allowed)
    for query, target, rank in zip(asked, wanted, ranks, strict=True):
        if query != target and allowed[target]:
            assert (rank < 10) == (target in lists[query])
            if rank < 10:
                assert lists[query, rank] == target


def test_lists_are_those_of_model_similar():
    shop = simulate(n_items=500, n_sessions=3000, seed=2)
    sessions = Sessions.from_arrays(shop.items, shop.offsets, Catalogue.read(shop.catalogue))
    model = train(sessions, options=Options(dim=16, epochs=2, threads=1))
    similar, center, complements = systems_of("m", model, sessions.catalogue, 10)
    asked = np.arange(0, 500, 7, dtype=np.int32)
    ids = sessions.catalogue.ids.take(asked).to_pylist()
    assert np.array_equal(similar.lists(asked, 10), model.similar(ids, k=10).positions)
    by_center = model.similar(ids, k=10, side="center").positions
    assert np.array_equal(center.lists(asked, 10), by_center)
    assert np.array_equal(complements.lists(asked, 10), model.complements(ids, k=10).positions)


def test_vectors_with_ids_of_their_own():
    for given in (
        VECTORS,
        SimpleNamespace(vectors=VECTORS),
        SimpleNamespace(vectors=VECTORS[[2, 0, 1, 0]], ids=["c", "a", "b", "of another shop"]),
        SimpleNamespace(vectors=VECTORS[[2, 0, 1]], index_to_key=["c", "a", "b"]),
        SimpleNamespace(matrix=VECTORS[[2, 0, 1]], ids=np.array(["c", "a", "b"])),
    ):
        (system,) = systems_of("x", given, CATALOGUE, 2)
        ranks, _ = system.ranks(ints(0, 0, 0, 3), ints(1, 2, 3, 0))
        assert ranks.tolist() == [0, 1, 4, 4]
        assert system.lists(ints(0, 3), 2).tolist() == [[1, 2], [-1, -1]]


def test_what_recommends():
    asked: list[tuple[list[str], int]] = []

    def recommend(ids: list[str], k: int) -> list[list[str]]:
        asked.append((ids, k))
        return [{"a": ["a", "c", "b"], "b": ["x", "d"]}.get(item, []) for item in ids]

    (system,) = systems_of("x", SimpleNamespace(recommend=recommend), CATALOGUE, 2)
    assert isinstance(system, ListSystem)
    assert system.lists(ints(0, 1, 2), 2).tolist() == [[2, 1], [3, -1], [-1, -1]]
    assert system.ranks(ints(1, 0, 0, 2), ints(3, 1, 3, 0)).tolist() == [0, 1, 4, 4]
    assert asked == [(["a", "b", "c"], 3)] * 2
    allowed = np.array([True, True, False, True])
    assert system.lists(ints(0), 2, allowed).tolist() == [[1, -1]]
    short = ListSystem("x", lambda ids, k: [], CATALOGUE, 2)
    with pytest.raises(InputError, match="x: recommend must return a list for each of 1 ids"):
        short.lists(ints(0), 2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("text", r"systems\['x'\] must be a float array .* got str"),
        (VECTORS[:2], "must have a vector for each of 4 items.*got 2"),
        (VECTORS[0], r"must have vectors of shape \(n, dim\)"),
        (SimpleNamespace(vectors=VECTORS, ids=["a"]), "an id for each vector, got 1 ids and 4"),
        (SimpleNamespace(vectors=VECTORS, ids=list("wxyz")), "ids of the catalogue, got none"),
    ],
)
def test_what_cannot_be_asked(given, message):
    with pytest.raises(InputError, match=message):
        systems_of("x", given, CATALOGUE, 2)


def test_systems_stand_beside_the_model():
    shop = simulate(n_items=300, n_sessions=2000, seed=2)
    sessions = Sessions.from_arrays(shop.items, shop.offsets, Catalogue.read(shop.catalogue))
    split = last_split(sessions)
    answer = dict(zip(split.queries.tolist(), split.targets.tolist(), strict=True))
    ids = sessions.catalogue.ids

    def recommend(asked: list[str], k: int) -> list[list[str]]:
        at = sessions.catalogue.positions(asked).tolist()
        return [[str(ids[answer[item]])] if item in answer else [] for item in at]

    result = evaluate(
        sessions,
        options=Options(dim=8, epochs=1, threads=1),
        baselines=False,
        systems={"noise": np.random.default_rng(0).normal(size=(300, 4)),
                 "oracle": SimpleNamespace(recommend=recommend)},
    )  # fmt: skip
    by_name = {row.system: row for row in result.rows}
    right = np.mean([answer[q] == t for q, t in zip(split.queries, split.targets, strict=True)])
    assert by_name["oracle"].hr == by_name["oracle"].mrr == by_name["oracle"].ndcg
    assert by_name["oracle"].hr == pytest.approx(right)
    assert by_name["noise"].hr < 0.2
    assert abs(by_name["noise"].popularity - 0.5) < 0.05
    first = by_name["likewise similar"]
    assert first.difference == first.difference_low == first.difference_high == 0
    assert by_name["noise"].difference == pytest.approx(by_name["noise"].hr - first.hr)
