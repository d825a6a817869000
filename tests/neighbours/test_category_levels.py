"""Filters on levels of categories, however their paths are spelled."""

from __future__ import annotations

import numpy as np
import pytest

import likewise as lw
from helpers.tiny_shop import options
from likewise.neighbours.attributes import Attributes
from likewise.tables.catalogue import Catalogue

PATHS = ["玩具 > 犬", "玩具＞猫", "玩具 ＞ 魚", " 玩具﹥魚 > ", "Tools>Saws", "玩", None]
TOPS = ["玩具", "玩具", "玩具", "玩具", "Tools", "玩", None]


@pytest.fixture(scope="module", params=["read", "kept"])
def catalogue(request: pytest.FixtureRequest) -> Catalogue:
    """Paths as they are read, and as a model of an earlier version may have kept them."""
    ids, paths = [f"i{n}" for n in range(70)], PATHS * 10
    if request.param == "read":
        return Catalogue.read({"item_id": ids, "category": paths})
    return Catalogue.from_arrays(ids, paths, canonical=True)


@pytest.fixture(scope="module")
def model(catalogue: Catalogue) -> lw.Model:
    rng = np.random.default_rng(2)
    sessions = [[f"i{n}" for n in rng.integers(0, 70, 4)] for _ in range(60)]
    return lw.train(sessions, catalogue, options(epochs=1))


def test_columns_of_levels(catalogue: Catalogue) -> None:
    attributes = Attributes(catalogue)
    assert attributes.column("category_1", "same").to_pylist() == TOPS * 10
    seconds = attributes.column("category_2", "same").to_pylist()
    assert seconds[1:4] == ["玩具 > 猫", "玩具 > 魚", "玩具 > 魚"]
    assert "category_3" not in attributes.names


def test_filters_and_vectors_see_one_category(model: lw.Model) -> None:
    top = dict(zip(model.catalogue.ids.to_pylist(), TOPS * 10, strict=True))
    others = model.recommend_all(k=5, where="category_1 <> '玩具'").table
    assert {top[i] for i in others.column("neighbor_id").to_pylist()} == {"Tools", "玩"}
    same = model.recommend_all(k=5, same=["category_1"]).table
    pairs = zip(
        *(same.column(name).to_pylist() for name in ("item_id", "neighbor_id")), strict=True
    )
    assert all(top[a] == top[b] is not None for a, b in pairs)
    vectors = model.category_vectors()
    counts = dict(zip(*(vectors.column(n).to_pylist() for n in ("category", "items")), strict=True))
    assert counts["玩具"] == 40
    assert counts["玩具 > 魚"] == 20
    assert set(counts) == {
        "玩具",
        "玩具 > 犬",
        "玩具 > 猫",
        "玩具 > 魚",
        "Tools",
        "Tools > Saws",
        "玩",
    }
