"""Explanations: the parts of a vector add up to it, and their shares to the score."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import likewise as lw
import tiny_shop
from likewise._report_shares import OWN_ROW, parts_of, shares


@pytest.fixture(scope="module")
def model() -> lw.Model:
    return lw.train(tiny_shop.sessions(), options=tiny_shop.options())


def test_parts_add_up_to_the_vector(model: lw.Model) -> None:
    for item in range(len(model.catalogue)):
        parts = parts_of(model, model.catalogue, item)
        whole = sum((p.vector for p in parts), np.zeros(model.options.dim, np.float32))
        assert np.allclose(whole, model.center[item], atol=1e-5), item


def test_shares_add_up_to_the_score(model: lw.Model) -> None:
    for item in (5, 7, tiny_shop.N_ITEMS - 1):
        found = model.similar(f"item{item}", k=6)
        assert isinstance(found, lw.Matches)
        parts = parts_of(model, model.catalogue, item)
        table = shares(parts, model.center[found.positions])
        assert table.shape == (6, len(parts))
        assert np.allclose(table.sum(axis=1), found.scores, atol=1e-4)
        # Their length does not count.
        assert np.allclose(shares(parts, 7 * model.center[found.positions]), table, atol=1e-5)


def test_parts_are_named(model: lw.Model) -> None:
    warm = parts_of(model, model.catalogue, 5)
    texts = [(p.text, p.kind) for p in warm]
    assert ("toys", "category") in texts
    assert ("toys > dogs", "category") in texts
    assert texts[-1] == (OWN_ROW, "own row")
    name = str(model.catalogue.names[5])
    assert {text for text, kind in texts if kind == "word"} == set(name.split())


def test_a_cold_item_and_another_catalogue_have_no_own_row(model: lw.Model) -> None:
    cold = tiny_shop.N_ITEMS - 1
    assert model.counts[cold] == 0
    assert OWN_ROW not in [p.text for p in parts_of(model, model.catalogue, cold)]
    other = model.catalogue.take([5, 6])
    parts = parts_of(model, other, 0)
    assert OWN_ROW not in [p.text for p in parts]
    assert np.allclose(sum(p.vector for p in parts), model.encode(other)[0], atol=1e-5)


def test_without_content_all_is_own_history() -> None:
    model = lw.train(tiny_shop.sessions(), options=tiny_shop.options(content=False))
    (only,) = parts_of(model, model.catalogue, 5)
    assert only.text == OWN_ROW
    found = model.similar("item5", k=3)
    assert isinstance(found, lw.Matches)
    table = shares([only], model.center[found.positions])
    assert np.allclose(table[:, 0], found.scores, atol=1e-5)


def test_an_item_of_which_nothing_is_known(model: lw.Model) -> None:
    void = lw.Catalogue.from_arrays(["void"], pa.array([None], pa.large_string()), [""])
    assert parts_of(model, void, 0) == []
    assert shares([], model.center[:3]).shape == (3, 0)
