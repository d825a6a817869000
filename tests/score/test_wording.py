"""Exact texts: cosines of the oracle, blocks and threads, what they add to what is listed."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import likewise as lw
from likewise.content.features import Recipe
from likewise.score import wording
from likewise.score.wording import MOST, Near, Wording, mixed
from oracles import wording as reference
from oracles.pairs import joined

WORDS = ["red", "ball", "balls", "steel", "pan", "panel", "grün", "eiche", "2x50g", "rope", "ropes"]
RECIPES = {
    "as trained": Recipe(), "pairs of words": Recipe(word_ngrams=2),
    "no n-grams": Recipe(min_n=0, max_n=0), "first version": Recipe(version=1),
}  # fmt: skip


def catalogue(n: int, seed: int = 1) -> lw.Catalogue:
    """Names of one to four words, some with a category, some without anything."""
    rng = np.random.default_rng(seed)
    names: list[str | None] = [
        " ".join(rng.choice(WORDS, 1 + i % 4)) + f" n{rng.integers(n)}" for i in range(n)
    ]
    kinds: list[str | None] = [f"Toys > {WORDS[i % 5]}" if i % 3 else None for i in range(n)]
    for i in range(0, n, 11):
        names[i] = None
    return lw.Catalogue.from_arrays([f"i{i}" for i in range(n)], kinds, names)


def rows(near: Near) -> list[dict[int, float]]:
    return [
        dict(zip(near.positions[a:b].tolist(), near.cosines[a:b].tolist(), strict=True))
        for a, b in itertools.pairwise(near.offsets)
    ]


def assert_near(found: Near, wanted: list[dict[int, float]]) -> None:
    told = rows(found)
    assert len(told) == len(wanted)
    for mine, theirs in zip(told, wanted, strict=True):
        # Which of several with one cosine is last is told by rounding.
        np.testing.assert_allclose(list(mine.values()), list(theirs.values()), atol=2e-6)
        last = min(theirs.values(), default=0.0) + 1e-5 if len(theirs) == MOST else 0.0
        for position, cosine in theirs.items():
            if cosine > last:
                assert mine[position] == pytest.approx(cosine, abs=2e-6)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("n", [1, 40, 300])
def test_cosines_are_those_of_the_oracle(n: int, recipe: Recipe) -> None:
    items, others = catalogue(n), catalogue(30, seed=2)
    found = Wording(items, recipe, 1)
    assert_near(found.near(items), reference.cosines(items, items, recipe))
    assert_near(found.near(others), reference.cosines(others, items, recipe))


def test_an_item_is_most_like_itself() -> None:
    items = catalogue(80)
    for at, row in enumerate(rows(Wording(items, Recipe(), 1).near(items))):
        if items.names[at].as_py() or items.categories[at].as_py():
            assert row[at] == max(row.values()) == pytest.approx(1.0, abs=1e-6)
        else:
            assert row == {}


def test_neither_blocks_nor_threads_change_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    items = catalogue(200)
    whole = Wording(items, Recipe(), 1).near(items)
    monkeypatch.setattr(wording, "_ITEMS", 7)
    for threads in (1, 3):
        for one, other in zip(Wording(items, Recipe(), threads).near(items), whole, strict=True):
            np.testing.assert_array_equal(one, other)


def test_large_catalogues_are_compared_by_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    items = catalogue(60)
    monkeypatch.setattr(wording, "_WITH_NGRAMS", 59)
    without = Recipe(min_n=0, max_n=0)
    assert_near(Wording(items, Recipe(), 1).near(items), reference.cosines(items, items, without))


@pytest.mark.parametrize("most", [1, 8, 30])
def test_what_too_many_have_does_not_count(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    items = catalogue(120)
    monkeypatch.setattr(wording, "_most_uses", lambda *_: most)
    wanted = reference.cosines(items, items, Recipe(), most)
    assert_near(Wording(items, Recipe(), 1).near(items), wanted)


@given(uses=st.lists(st.integers(1, 300), max_size=40), sums=st.integers(1, 500_000))
def test_so_many_have_a_word_that_asking_with_all_is_no_more_than_wanted(
    uses: list[int], sums: int
) -> None:
    most = wording._most_uses(np.array(uses, np.int64), sums)

    def taken(cap: int) -> int:
        return sum(use**2 for use in uses if use <= cap)

    assert taken(most) <= sums
    assert most >= max(uses, default=0) or taken(min(u for u in uses if u > most)) > sums


@pytest.mark.parametrize("names", [[], [None, None], ["", "..."]])
def test_nothing_is_near_to_nothing(names: list[str | None]) -> None:
    ids = [f"e{i}" for i in range(len(names))]
    empty = lw.Catalogue.from_arrays(ids, [None] * len(names), names)
    items = catalogue(20)
    assert len(Wording(empty, Recipe(), 1).near(items).positions) == 0
    assert len(Wording(items, Recipe(), 1).near(empty).positions) == 0
    assert len(Wording(items, Recipe(), 1).near(empty).offsets) == len(names) + 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_listed_twice_is_one_mixture(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.uniform(-0.1, 0.4, (20, 15)).astype(np.float32)

    def some(low: float) -> tuple[Any, Any, Any]:
        there = rng.random(scores.shape) < 0.4
        values = np.where(there, rng.uniform(low, 8.0, scores.shape), 0.0).astype(np.float32)
        values = np.where(values < 0, values / 20, values)
        lengths = (values != 0).sum(axis=1)
        return values, np.r_[0, np.cumsum(lengths)].astype(np.int64), np.nonzero(values)

    first, offsets, places = some(-8.0)
    second, more_offsets, more_places = some(0.0)
    lifts = [joined(float(scores[at]), float(second[at])) - float(scores[at])
             for at in zip(*more_places, strict=True)]  # fmt: skip
    told, positions, weights = mixed(
        (offsets, places[1].astype(np.int32), first[places]),
        (more_offsets, more_places[1].astype(np.int32), second[more_places]),
        np.array(lifts, np.float32), 10.0,
    )  # fmt: skip
    found = scores.astype(np.float64)
    for row, (a, b) in enumerate(itertools.pairwise(told)):
        assert len(set(positions[a:b].tolist())) == b - a
        for position, weight in zip(positions[a:b], weights[a:b], strict=True):
            found[row, position] = joined(float(scores[row, position]), float(weight))
    wanted = scores + np.maximum(-first, 0).astype(np.float64)
    wanted = np.log(np.exp(10 * wanted) + np.maximum(first, 0) + second) / 10
    np.testing.assert_allclose(found, wanted, atol=1e-5)
