"""Splits by time and by category: against slow loops; what a model may see in them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.session_lists import sessions_of
from likewise.errors import InputError
from likewise.evaluation.evaluation import evaluate, time_split, transfer_split
from likewise.options import Options
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

N_ITEMS = 10
CATEGORIES = ["Toys", "Toys > Cars", "Toys > Cars", "Toysets", "Food", "Food > Tea", None, "Food",
              "Toys > Dolls", None]  # fmt: skip
session_lists = st.lists(
    st.lists(st.integers(0, N_ITEMS - 1), min_size=1, max_size=8), min_size=1, max_size=20
)


def make(lists: list[list[int]]) -> Sessions:
    names = [f"thing {n}" for n in range(N_ITEMS)]
    catalogue = Catalogue.from_arrays([f"i{n}" for n in range(N_ITEMS)], CATEGORIES, names)
    return sessions_of(lists, catalogue)


def as_lists(sessions: Sessions) -> list[list[int]]:
    return [session.tolist() for session in sessions]


@settings(max_examples=60, deadline=None)
@given(session_lists, session_lists)
def test_time_split(before, after):
    split = time_split(make(before), make(after))
    steps = [step for s in after for step in itertools.pairwise(s)]
    assert list(zip(split.queries.tolist(), split.targets.tolist(), strict=True)) == steps
    assert set(np.flatnonzero(split.with_history)) == {item for s in before for item in s}
    assert as_lists(split.train) == before


@settings(max_examples=60, deadline=None)
@given(session_lists, st.lists(st.booleans(), min_size=N_ITEMS, max_size=N_ITEMS))
def test_transfer_split(lists, chosen):
    held = np.array(chosen)
    if held.all() or not held.any():
        with pytest.raises(InputError, match="held must leave items on both sides"):
            transfer_split(make(lists), held)
        return
    split = transfer_split(make(lists), held)
    left = [[i for i in s if not chosen[i]] for s in lists]
    other = [s for s in ([i for i in s if chosen[i]] for s in lists) if len(s) >= 2]
    asked = [len(s) >= 3 and s[-1] != s[-2] for s in other]
    left = [s for s in left if len(s) >= 2]
    assert as_lists(split.train) == left
    pairs = [(s[-2], s[-1]) for s, yes in zip(other, asked, strict=True) if yes]
    assert list(zip(split.queries.tolist(), split.targets.tolist(), strict=True)) == pairs
    cut = [s[:-1] if yes else s for s, yes in zip(other, asked, strict=True)]
    assert as_lists(split.seen) == left + cut


def test_held_categories_are_paths_and_what_is_below():
    lists = [[0, 1, 2], [3, 4]]
    assert np.flatnonzero(transfer_split(make(lists), ["Toys"]).held).tolist() == [0, 1, 2, 8]
    assert np.flatnonzero(transfer_split(make(lists), ["Toys > Cars"]).held).tolist() == [1, 2]
    assert np.flatnonzero(transfer_split(make(lists), "Food").held).tolist() == [4, 5, 7]
    with pytest.raises(InputError, match="held must name categories of the catalogue, got 'Toy'"):
        transfer_split(make(lists), ["Food", "Toy"])
    with pytest.raises(InputError, match="held must have one value for each of 10 items"):
        transfer_split(make(lists), np.ones(3, bool))


def test_evaluation_by_time_tells_warm_from_cold():
    history = [[0, 1, 2, 3], [3, 2, 1, 0]] * 5
    later = [[0, 1], [4, 1], [2, 5], [5, 4], [6, 7]]
    result = evaluate(
        make(history),
        split="time",
        later=make(later),
        options=Options(dim=8, epochs=1, threads=1),
        k=4,
    )
    pairs = {row.kind: row.n for row in result.rows}
    assert pairs == {"warm": 1, "cold query": 1, "cold target": 1, "both cold": 2}
    found = {(row.system, row.kind): row for row in result.rows}
    assert found["popularity", "cold target"].hr == 0
    # what a cold query may be answered with are the items with history
    assert found["popularity", "cold query"].hr == 1
    assert found["item-kNN", "cold query"].coverage == 0
    assert result.train_events == 40


def test_nothing_of_the_other_half_is_known(monkeypatch):
    rng = np.random.default_rng(1)
    lists = [rng.choice([0, 1, 2, 3, 8], 4).tolist() for _ in range(40)]
    lists += [rng.choice([4, 5, 7], 4).tolist() for _ in range(40)]
    sessions = make(lists)
    given: list[Any] = []
    from likewise.evaluation import evaluation

    real = evaluation.fit

    def spy(sessions: Any, *arguments: Any, **named: Any) -> Any:
        given.append(sessions)
        return real(sessions, *arguments, **named)

    monkeypatch.setattr(evaluation, "fit", spy)
    options = Options(dim=8, epochs=2, threads=1)
    result = evaluate(sessions, options=options, split="transfer", held=["Food"], k=2)
    ours, seen = given
    assert ours.catalogue.ids.to_pylist() == ["i0", "i1", "i2", "i3", "i6", "i8", "i9"]
    assert len(seen.catalogue) == N_ITEMS
    systems = [row.system for row in result.rows]
    assert systems[:4] == [
        "likewise similar",
        "likewise center-center",
        "likewise center-context",
        "likewise that saw them, similar",
    ]  # fmt: skip
    by_name = {row.system: row for row in result.rows}
    assert {row.kind for row in result.rows} == {"transfer"}
    assert by_name["likewise center-center"].hr > 0
    assert by_name["popularity"].hr == 0
    assert by_name["likewise similar"].hr > 0
    assert all(row.bands == () for row in result.rows)
