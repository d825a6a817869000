"""Complements: pairs of two categories, for every system and split."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.fake_training import fake_train
from helpers.session_lists import sessions_of
from likewise.errors import InputError
from likewise.evaluation.evaluation import cold_split, evaluate, last_split
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

N_ITEMS = 12
SHELVES = ["A > x", "A > x", "A > y", "B", "B", None, "A", "B", None, "C", "C", "A > y"]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.integers(0, N_ITEMS - 1), min_size=1, max_size=8), min_size=1, max_size=20
    ),
    st.integers(0, 9),
)
def test_complements_are_looked_for_in_other_categories(lists, seed):
    plain = sessions_of(lists, N_ITEMS)
    catalogue = Catalogue.from_arrays(plain.catalogue.ids, SHELVES)
    history = Sessions.from_arrays(plain.items, plain.offsets, catalogue)
    held = last_split(history)
    expected = [
        (query, target)
        for query, target in zip(held.queries.tolist(), held.targets.tolist(), strict=True)
        if SHELVES[query] and SHELVES[target] and SHELVES[query] != SHELVES[target]
    ]
    vectors = np.random.default_rng(seed).normal(size=(2, N_ITEMS, 4)).astype(np.float32)
    names = ["popularity", "item-knn", "pair-counts", "rules", "bm25", "ease"]

    def evaluated() -> Any:
        return evaluate(
            history, k=2, pairs="complements", train=fake_train(vectors), baselines=names, samples=0
        )

    if not expected:
        with pytest.raises(InputError, match="pairs of items of two categories to hold out"):
            evaluated()
        return
    rows = {row.system.partition(" (")[0]: row for row in evaluated().rows}
    assert {row.kind for row in rows.values()} == {"warm complements"}
    assert {(row.n, row.pairs) for row in rows.values()} == {(len(expected), len(expected))}
    assert len(rows) == 2 + len(names)
    assert all(row.same_category == 0 for row in rows.values() if row.coverage > 0)
    units = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
    counts = held.train.counts
    popular = np.tile(counts - np.arange(N_ITEMS) / N_ITEMS, (N_ITEMS, 1))
    for system, scores in (
        ("likewise center-center", units[0] @ units[0].T),
        ("likewise center-context", units[0] @ units[1].T),
        ("popularity", np.where(counts > 0, popular, -np.inf)),
    ):
        hits = 0
        for query, target in expected:
            others = [i for i, shelf in enumerate(SHELVES) if shelf and shelf != SHELVES[query]]
            better = (scores[query, others] > scores[query, target]).sum()
            hits += better < 2 and scores[query, target] > -np.inf
        assert rows[system].hr == pytest.approx(hits / len(expected))


def test_complements_of_items_that_vanished():
    plain = sessions_of([[0, 3, 1, 9, 4, 2, 7], [3, 2, 9, 0, 7, 6]] * 3, N_ITEMS)
    catalogue = Catalogue.from_arrays(plain.catalogue.ids, SHELVES)
    history = Sessions.from_arrays(plain.items, plain.offsets, catalogue)
    vectors = np.random.default_rng(1).normal(size=(2, N_ITEMS, 4)).astype(np.float32)
    result = evaluate(
        history, split="cold", share=0.3, pairs="complements", train=fake_train(vectors)
    )
    cold = cold_split(history, 0.3)
    for kind, *pairs in (
        ("cold query", cold.cold_queries, cold.warm_targets),
        ("cold target", cold.warm_queries, cold.cold_targets),
    ):
        shelves = [[SHELVES[item] for item in side] for side in pairs]
        apart = sum(bool(a and b and a != b) for a, b in zip(*shelves, strict=True))
        rows = [row for row in result.rows if row.kind == f"{kind} complements"]
        assert {row.n for row in rows} == {apart}
        assert apart > 0
        assert all(row.same_category == 0 for row in rows if row.coverage > 0)
    assert "cold query complements: " in str(result)
