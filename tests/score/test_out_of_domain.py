"""A catalogue of mostly unknown words: its own weights of words, and more floats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import likewise as lw
from helpers.tiny_shop import catalogue, options, sessions
from likewise.questions.explain import products_of
from likewise.score.blend import blend_of
from likewise.score.co_occurrence import CO_OCCURRENCE_DIM
from likewise.score.popularity import POPULARITY
from likewise.score.text import TEXT_DIM, TEXT_DIM_OUT_OF_DOMAIN
from oracles import blend as reference_blend
from oracles import wording as texts_reference
from oracles.pairs import joined

STRANGE = ["lampe", "tisch", "stuhl", "regal", "eiche", "buche", "grau", "grün", "hoch", "breit"]


@pytest.fixture(autouse=True)
def every_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """All texts that are alike count, not the most alike alone: see the oracle."""
    monkeypatch.setattr("likewise.score.wording.MOST", 10_000)


@pytest.fixture(scope="module", params=["item", "content", "no n-grams"])
def model(request: pytest.FixtureRequest) -> lw.Model:
    chosen = {
        "item": options(epochs=8),
        "content": options(context="content", epochs=8, word_ngrams=2),
        "no n-grams": options(min_n=0, max_n=0),
    }
    return lw.train(sessions(), options=chosen[request.param])


@pytest.fixture(scope="module")
def foreign() -> lw.Catalogue:
    """Furniture, a few names with a word that the shop of dogs and pans knows."""
    rng = np.random.default_rng(2)
    names: list[str | None] = [" ".join(rng.choice(STRANGE, 1 + i % 4)) for i in range(30)]
    names[3], names[4], names[5] = "red ball", "large eiche", None
    kinds = [None if i % 7 == 0 else f"Möbel > {STRANGE[i % 4]}" for i in range(30)]
    kinds[6], names[6] = "Toys > Dogs", "rope"
    return lw.Catalogue.from_arrays([f"f{i}" for i in range(30)], kinds, names)


def expected_scores(
    model: lw.Model, queries: lw.Catalogue, foreign: lw.Catalogue, popularity: float
) -> np.ndarray:
    """Scores of the oracle of queries with the foreign items, (n_queries, n_foreign)."""
    both = lw.Catalogue.from_arrays(
        [f"{which}{i}" for which, c in enumerate((queries, foreign)) for i in range(len(c))],
        queries.categories.to_pylist() + foreign.categories.to_pylist(),
        queries.names.to_pylist() + foreign.names.to_pylist(),
    )
    center = model.encode(both)
    context = np.zeros_like(center)
    if model.context_content is not None:
        context = model.encode(both, "context")
    counts = np.zeros(len(both), np.int64)
    company = np.zeros((len(both), CO_OCCURRENCE_DIM))
    if queries is model.catalogue:
        n = len(queries)
        center[:n], context[:n], counts[:n] = model.center, model.context, model.counts
        company[:n] = model.company.of(np.arange(n))
    whole = reference_blend.scores(
        model, both, center, context, counts, popularity, company, foreign
    )
    found: np.ndarray = whole[: len(queries), len(queries) :]
    assert model.recipe is not None
    for row, listed in enumerate(texts_reference.weights(queries, foreign, model.recipe, True)):
        for place, weight in listed.items():
            found[row, place] = joined(float(found[row, place]), weight)
    return found


def assert_scores(found: Any, expected: np.ndarray) -> None:
    for row, positions in enumerate(found.positions):
        there = positions >= 0
        assert there.sum() == np.isfinite(expected[row]).sum()
        np.testing.assert_allclose(
            found.scores[row][there], expected[row, positions[there]], atol=2e-6
        )


@pytest.mark.parametrize("popularity", [None, 0.7])
def test_items_of_training_ask_abroad(
    model: lw.Model, foreign: lw.Catalogue, popularity: float | None
) -> None:
    index = model.index(foreign)
    assert index.dim == model.options.dim + CO_OCCURRENCE_DIM + TEXT_DIM_OUT_OF_DOMAIN + 1
    weight = POPULARITY if popularity is None else popularity
    expected = expected_scores(model, model.catalogue, foreign, weight)
    # An item whose content alone is known, and that was never sold, asks as any other.
    asked = model.counts > 0
    ids = model.catalogue.ids.filter(asked)
    found = model.similar(ids, k=len(foreign), index=index, popularity=popularity)
    assert_scores(found, expected[asked])
    table = model.recommend_all(
        k=5, catalogue=foreign, queries=model.catalogue, popularity=popularity
    ).table
    best = {row["item_id"]: row["score"] for row in table.to_pylist() if row["rank"] == 1}
    for item, row in zip(ids.to_pylist(), expected[asked], strict=True):
        if np.isfinite(row).any():
            assert best[item] == pytest.approx(np.nanmax(row), abs=2e-6)


@pytest.mark.parametrize("exact", [True, False])
def test_names_and_items_of_the_catalogue_ask_abroad(
    model: lw.Model, foreign: lw.Catalogue, exact: bool, tmp_path: Path
) -> None:
    made = model.index(foreign, exact=exact)
    loaded = lw.load_index(made.save(tmp_path / "abroad"))
    questions = [
        ("eiche regal", None), ("ball", "Möbel > tisch"), (None, "Toys > Dogs"), ("xyzzy", None),
    ]  # fmt: skip
    queries = lw.Catalogue.from_arrays(
        ["a", "b", "c", "d"], [c for _, c in questions], [n for n, _ in questions]
    )
    expected = expected_scores(model, queries, foreign, POPULARITY)
    among = expected_scores(model, foreign, foreign, POPULARITY)
    for index in (made, loaded):
        for row, (name, category) in enumerate(questions):
            found = model.similar(name=name, category=category, k=30, index=index)
            assert isinstance(found, lw.Matches)
            np.testing.assert_allclose(found.scores, expected[row, found.positions], atol=2e-6)
        found = model.similar(foreign.ids, k=4, index=index)
        assert isinstance(found, lw.BatchMatches)
        there = found.positions >= 0
        rows = np.nonzero(there)[0]
        np.testing.assert_allclose(
            found.scores[there], among[rows, found.positions[there]], atol=2e-6
        )
        assert np.nanmax(among) < 1.0
    stranger = lw.train(sessions(seed=3), options=options())
    with pytest.raises(ValueError, match="index must hold vectors of this model"):
        stranger.similar(name="eiche", index=loaded)


def test_reasons_of_answers_abroad_sum_to_the_score(model: lw.Model, foreign: lw.Catalogue) -> None:
    index = model.index(foreign)
    blend = blend_of(model)
    domain = blend.domain_in(index)
    assert domain is not None
    for item in ("item3", "item9", "item20"):
        found = model.similar(item, k=30, index=index)
        assert isinstance(found, lw.Matches)
        parts = blend.query_contributions(model.catalogue.position(item), POPULARITY, domain)
        vectors = index.vectors_at(found.positions).astype(np.float64)
        shares = products_of(parts, vectors)
        one = model.catalogue.take([model.catalogue.position(item)])
        assert model.recipe is not None
        listed = texts_reference.weights(one, foreign, model.recipe, True)[0]
        whole = [
            joined(score, listed.get(int(place), 0.0))
            for place, score in zip(found.positions, shares.sum(axis=1), strict=True)
        ]
        np.testing.assert_allclose(whole, found.scores, atol=2e-6)


def test_new_items_of_the_shop_are_not_abroad(model: lw.Model, foreign: lw.Catalogue) -> None:
    at_home = model.options.dim + CO_OCCURRENCE_DIM + TEXT_DIM + 1
    blend = blend_of(model)
    assert model.index().dim == at_home == blend.width()
    assert model.index(model.catalogue).dim == at_home
    assert blend.domain_in(model.index(catalogue())) is None
    assert blend.domain_of(foreign.take([])) is None
    new = [{"item_id": "n", "category": "Toys > Dogs", "name": "large red ball"}]
    assert model.index(new).dim == at_home
    # Known by their ids, items are not strange, whatever they are called by now.
    ids = model.catalogue.ids[:30]
    renamed = lw.Catalogue.from_arrays(ids, foreign.categories, foreign.names)
    assert model.index(renamed, own_rows=True).dim == at_home
    assert model.index(renamed).dim > at_home


def test_words_are_weighed_by_the_catalogue_in_blocks(
    model: lw.Model, foreign: lw.Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    blend = blend_of(model)
    whole = blend.domain_of(foreign)
    assert whole is not None
    expected = reference_blend.rarity(model, foreign)
    assert whole.hashes.tolist() == sorted(expected)
    np.testing.assert_allclose(whole.weights, [expected[h] for h in sorted(expected)], rtol=1e-6)
    monkeypatch.setattr("likewise.score.text._ITEMS", 7)
    blocks = blend.domain_of(foreign)
    assert blocks is not None
    np.testing.assert_array_equal(blocks.hashes, whole.hashes)
    np.testing.assert_array_equal(blocks.weights, whole.weights)
