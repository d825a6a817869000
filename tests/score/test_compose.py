"""Item vectors as the core composes them, against the formula in plain NumPy.

For models of every kind, for items that lack something or everything, and whether a file held the
texts of the items or they are read again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import likewise as lw
from helpers.tiny_shop import N_ITEMS, options, sessions
from likewise.questions.answers import own_index
from likewise.score.blend import blend_of
from likewise.score.text import Text
from oracles import blend as reference_blend

KINDS: dict[str, dict[str, Any]] = {
    "item": {"epochs": 4},
    "content": {"context": "content", "epochs": 1},
    "no own row": {"own_row": False, "context": "content"},
    "without n-grams": {"min_n": 0, "max_n": 0, "min_count": 3},
    "runs of words": {"word_ngrams": 2},
    "ids alone": {"content": False},
}
NEW = [
    {"item_id": "n1", "category": "Toys > Dogs", "name": "red ball"},
    {"item_id": "n2", "category": "Kitchen", "name": "zylinder steel pan"},
    {"item_id": "n3", "category": None, "name": "qqqq zzzz"},
    {"item_id": "n4", "category": None, "name": None},
    {"item_id": "item3", "category": "Garten", "name": "Rechen"},
    {"item_id": "item0", "category": None, "name": "large rope"},
]


@pytest.fixture(scope="module", params=KINDS)
def trained(request: pytest.FixtureRequest) -> lw.Model:
    return lw.train(sessions(), options=options(**KINDS[request.param]))


@pytest.fixture(scope="module", params=["trained", "loaded"])
def model(
    request: pytest.FixtureRequest, trained: lw.Model, tmp_path_factory: pytest.TempPathFactory
) -> lw.Model:
    if request.param == "trained":
        return trained
    loaded = lw.load(trained.save(tmp_path_factory.mktemp("models") / "model"))
    assert (loaded.encoder.texts is None) == (loaded.recipe is None)
    return loaded


def test_items_of_training_are_the_formula(model: lw.Model) -> None:
    at = np.arange(N_ITEMS)
    expected = reference_blend.item_vectors(model, model.catalogue, at)
    found = blend_of(model).trained_vectors()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)
    vectors, known = blend_of(model).index_vectors()
    np.testing.assert_array_equal(vectors, found)
    np.testing.assert_array_equal(known, found.any(axis=1))
    some = np.array([7, 0, 39, 7, 4])
    np.testing.assert_array_equal(blend_of(model).trained_vectors(some), found[some])
    assert blend_of(model).trained_vectors(some[:0]).shape == (0, found.shape[1])


@pytest.mark.parametrize("own_rows", [False, True])
def test_other_items_are_the_formula(model: lw.Model, own_rows: bool) -> None:
    if model.recipe is None and not own_rows:
        return
    items = lw.Catalogue.read(NEW)
    at = np.asarray(model.catalogue.positions(items.ids)) if own_rows else np.full(len(items), -1)
    domain = None if model.recipe is None else blend_of(model).part(Text).weigh_domain(items)
    for given, abroad in ((None, None), (domain, items if domain is not None else None)):
        expected = reference_blend.item_vectors(model, items, at, abroad)
        found = blend_of(model).item_vectors(items, at, given)
        np.testing.assert_allclose(found, expected, atol=2e-6)
        assert not found[3].any()
    if domain is not None:
        known = blend_of(model).trained_vectors(at[4:], domain) if own_rows else None
        if known is not None:  # by their own texts
            own = model.catalogue.take(at[4:])
            expected = reference_blend.item_vectors(model, own, at[4:], items)
            np.testing.assert_allclose(known, expected, atol=2e-6)


@pytest.mark.parametrize("side", ["similar", "center", "context"])
def test_first_questions_have_the_answers_of_later_ones(model: lw.Model, side: str) -> None:
    index = model.index(side=side, exact=True)
    asked = model.center if side == "context" else index.vectors_at(np.arange(N_ITEMS))
    wanted = index.search(asked, 9, exclude=np.arange(N_ITEMS))
    model._made.pop((side, True), None)
    own = own_index(model, side, exact=True)
    assert own.exact
    for _ in range(3):
        found = own.search(asked, 9, exclude=np.arange(N_ITEMS))
        np.testing.assert_array_equal(found.positions, wanted.positions)
        np.testing.assert_array_equal(found.scores, wanted.scores)


def test_sides_are_vectors_of_length_1(model: lw.Model) -> None:
    contexts = reference_blend.contexts(model, model.center, model.context)
    for side, rows in (("center", model.center), ("context", contexts)):
        expected = [reference_blend.unit(np.asarray(row, np.float64)) for row in rows]
        found = model.index(side=side, exact=True).vectors_at(np.arange(N_ITEMS))
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_vectors_that_are_not_finite_are_refused(trained: lw.Model) -> None:
    changed = trained.center.copy()
    changed[11, 3] = np.nan
    parts = {name: getattr(trained, name) for name in lw.Model.__dataclass_fields__}
    bad = lw.Model(**{**parts, "center": changed, "prepared": {}})
    for side in ("similar", "center"):
        with pytest.raises(ValueError, match="vectors must be finite, row 11 is not"):
            bad.index(side=side)


def test_loading_brings_the_texts_and_maps(trained: lw.Model, tmp_path: Path) -> None:
    loaded = lw.load(trained.save(tmp_path / "model"))
    plain = lw.load(tmp_path / "model")
    plain.prepared.clear()  # as models of before
    np.testing.assert_array_equal(
        blend_of(loaded).trained_vectors(), blend_of(plain).trained_vectors()
    )
    one, other = loaded.encoder.context_map, trained.encoder.context_map
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        np.testing.assert_array_equal(one.matrix, other.matrix)
        assert "context_map" in loaded.prepared
