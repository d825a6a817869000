"""The questions a model answers, on a small model whose every number is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from helpers.store_helpers import DIM, ITEMS, NEW, catalogue_of, small_model, unit
from likewise.errors import UnknownItemError
from likewise.model.model import Model
from likewise.options import Options
from likewise.questions.answers import own_index
from likewise.search.indexes import ApproximateIndex, ExactIndex
from likewise.search.matches import BatchMatches, Matches


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


@pytest.fixture(scope="module")
def both_sides() -> Model:
    return small_model(context="content")


@pytest.fixture(scope="module")
def ids_only() -> Model:
    return small_model(content=False)


def single(found: Matches | BatchMatches) -> Matches:
    assert isinstance(found, Matches)
    return found


def many(found: Matches | BatchMatches) -> BatchMatches:
    assert isinstance(found, BatchMatches)
    return found


# --- similar and complements ----------------------------------------------------------------------


def test_similar_by_center_is_the_cosine_of_centers(model: Model) -> None:
    found = single(model.similar("B1", k=20, side="center"))
    scores = unit(model.center) @ unit(model.center)[0]
    usable = np.flatnonzero(model.center.any(axis=1))
    order = [p for p in np.argsort(-scores, kind="stable") if p in usable and p != 0]
    np.testing.assert_array_equal(found.positions, order)
    np.testing.assert_allclose(found.scores, scores[order], atol=1e-6)
    assert found.title == "similar to B1  red rubber ball"


def test_complements_are_the_cosine_of_center_and_context(model: Model) -> None:
    found = single(model.complements("B2", k=20))
    contexts = model.all_contexts()
    scores = unit(contexts) @ unit(model.center)[1]
    usable = np.flatnonzero(contexts.any(axis=1))
    order = [p for p in np.argsort(-scores, kind="stable") if p in usable and p != 1]
    np.testing.assert_array_equal(found.positions, order)
    np.testing.assert_allclose(found.scores, scores[order], atol=1e-6)
    # Items without events have none of their own here, and are answers all the same.
    assert not model.context[6:].any()
    assert set(found.positions.tolist()) == set(range(12)) - {1, 9}


def test_many_at_once_are_the_same_as_one_by_one(model: Model) -> None:
    asked = ["B5", "B1", "B10", "B1"]
    found = many(model.similar(asked, k=4))
    assert found.positions.shape == found.scores.shape == (4, 4)
    for row, item in enumerate(asked):
        alone = single(model.similar(item, k=4))
        assert found[row].ids == alone.ids
        np.testing.assert_array_equal(found[row].scores, alone.scores)
        assert item not in alone.ids
    assert found.query_ids is not None
    assert found.query_ids.to_pylist() == asked


def test_ids_come_in_many_forms(model: Model) -> None:
    expected = many(model.similar(["B1", "B2"])).ids.tolist()
    pd = pytest.importorskip("pandas")
    forms: list[Any] = [
        ("B1", "B2"),
        np.array(["B1", "B2"]),
        np.array(["B1", "B2"], dtype=object),
        pa.array(["B1", "B2"]),
        pa.chunked_array([["B1"], ["B2"]]),
        pd.Series(["B1", "B2"], index=[7, 9]),
        model.catalogue.ids[:2],
    ]
    for form in forms:
        assert many(model.similar(form)).ids.tolist() == expected
    numbered = small_model(items=[(str(n), c, name) for n, (_, c, name) in enumerate(ITEMS)])
    assert single(numbered.similar(3)).ids == single(numbered.similar("3")).ids
    assert single(numbered.similar(np.int64(3))).ids == single(numbered.similar("3")).ids
    assert many(numbered.similar([3])).ids[0].tolist() == single(numbered.similar("3")).ids
    assert len(model.similar([])) == 0
    assert many(model.similar([], k=3)).ids.shape == (0, 3)


def test_items_without_any_vector_neither_answer_nor_are_answered(model: Model) -> None:
    assert not model.center[9].any()
    assert len(model.similar("B10")) == 0
    assert "nothing found" in repr(model.similar("B10"))
    everything = many(model.similar(list(model.catalogue.ids.to_pylist()), k=12))
    assert not (everything.positions == 9).any()
    assert (everything.positions[9] == -1).all()
    assert np.isneginf(everything.scores[9]).all()


def test_by_name_and_category(model: Model) -> None:
    found = single(model.similar(name="red RUBBER ball", category="Pets > Dogs > Toys", k=3))
    by_center = single(
        model.similar(name="red RUBBER ball", category="Pets > Dogs > Toys", k=3, side="center")
    )
    # The same text as B1, whose trained vector has an own row on top.
    text_alone = single(model.similar(vector=model.encode(model.catalogue.take([0]))[0], k=3))
    assert by_center.ids == text_alone.ids
    assert "B1" in found.ids
    assert found.title == "similar to red RUBBER ball  [Pets > Dogs > Toys]"
    assert len(single(model.similar(name="rubber"))) > 0
    assert len(single(model.similar(category="Pets > Dogs"))) > 0
    assert len(single(model.similar(name=""))) == 0
    assert len(single(model.complements(name="rubber", k=2))) == 2


def test_by_vector(model: Model) -> None:
    found = single(model.similar(vector=model.center[3] * 5, k=1))
    assert found.ids == ["B4"]
    assert found.scores[0] == pytest.approx(1.0, abs=1e-6)
    batch = many(model.similar(vector=model.center[[3, 9, 4]].astype(np.float64), k=1))
    assert batch.ids.tolist() == [["B4"], [None], ["B5"]]
    assert batch.query_ids is None
    assert many(model.similar(vector=np.zeros((0, DIM)))).ids.shape == (0, 10)


def test_where_keeps_to_some_items(model: Model) -> None:
    allowed = ["B4", "B6", "B1"]
    found = single(model.similar("B1", where=allowed))
    assert sorted(found.ids) == ["B4", "B6"]
    assert sorted(single(model.similar("B1", where=[3, 5])).ids) == ["B4", "B6"]
    with pytest.raises(UnknownItemError):
        model.similar("B1", where=["B4", "zzz"])


def test_approximate_answers_are_found_too(model: Model) -> None:
    rng = np.random.default_rng(0)
    items = [(f"i{n}", None, None) for n in range(1500)]
    large = small_model(content=False, items=items[:1500])
    large.center = rng.standard_normal((1500, DIM)).astype(np.float32)
    asked = [f"i{n}" for n in range(0, 1500, 50)]
    exact = many(large.similar(asked, exact=True))
    near = many(large.similar(asked, exact=False))
    assert isinstance(own_index(large, "center", exact=False), ApproximateIndex)
    assert np.mean(exact.positions == near.positions) > 0.95


@pytest.mark.parametrize("ask", ["similar", "complements"])
def test_unknown_ids_suggest_close_ones(model: Model, ask: str) -> None:
    for asked in ("B99", ["B1", "B99"], np.array(["B1", "B99"]), pa.array(["B99"])):
        with pytest.raises(UnknownItemError, match=r"'B99'.*did you mean 'B9'") as caught:
            getattr(model, ask)(asked)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ask", ["similar", "complements"])
def test_bad_questions_say_what_is_wrong(model: Model, ask: str) -> None:
    index = model.index(side="similar" if ask == "complements" else "context")
    bare = ExactIndex(model.center)
    cases: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (ValueError, "got none of them", {}),
        (ValueError, "got 2 of them", {"items": "B1", "name": "x"}),
        (ValueError, "got 3 of them", {"items": "B1", "category": "x", "vector": [0.0] * DIM}),
        (ValueError, "k must be at least 1, got -3", {"items": "B1", "k": -3}),
        (TypeError, "k must be a whole number, got '5'", {"items": "B1", "k": "5"}),
        (TypeError, r"name must be a string, or a sequence of .* None, got int", {"name": 5}),
        (TypeError, "None, got int in place 1", {"category": ["x", 5]}),
        (ValueError, r"vector must have shape \(n, 16\), got \(1, 3\)", {"vector": [1.0, 2, 3]}),
        (ValueError, "vectors must be finite", {"vector": [np.nan] * DIM}),
        (TypeError, "vector must be numbers", {"vector": ["a"] * DIM}),
        (
            TypeError,
            "items must be an item id or a sequence of item ids, got float",
            {"items": 1.5},
        ),
        (ValueError, "items must not be null, item 1 is", {"items": ["B1", None]}),
        (ValueError, "index must hold", {"items": "B1", "index": index}),
        (ValueError, "index must have a catalogue", {"items": "B1", "index": bare}),
        (ValueError, "exact cannot be given", {"items": "B1", "index": index, "exact": True}),
    ]
    if ask == "similar":
        center = model.index(side="center")
        cases += [
            (ValueError, "side must be 'similar' or 'center', got 'x'",
             {"items": "B1", "side": "x"}),
            (ValueError, "index must hold similar vectors for this question, got center vectors",
             {"items": "B1", "index": center, "side": "similar"}),
            (ValueError, "vector is a center vector: side, and what index holds, must be 'center'",
             {"vector": [0.0] * DIM, "index": model.index()}),
            (ValueError, "popularity must be left out where center vectors are compared, got 1",
             {"items": "B1", "side": "center", "popularity": 1}),
            (ValueError, "popularity must be a finite number of at least 0, got -1",
             {"items": "B1", "popularity": -1}),
            (TypeError, "popularity must be a number, got 'x'", {"items": "B1", "popularity": "x"}),
        ]  # fmt: skip
    for error, message, arguments in cases:
        with pytest.raises(error, match=message) as caught:
            getattr(model, ask)(**arguments)
        assert "\n" not in str(caught.value)


# --- other catalogues -----------------------------------------------------------------------------


def test_another_catalogue_answers(model: Model) -> None:
    other = catalogue_of(NEW)
    index = model.index(other)
    found = single(model.similar("B1", index=index))
    assert found.catalogue is other
    assert found.ids[0] == "N1"
    # An id both know is not its own answer, and an item of nothing is none.
    assert "B1" not in found.ids
    assert "N3" not in found.ids


def test_items_that_only_the_index_knows_can_be_asked_about(model: Model) -> None:
    index = model.index(catalogue_of(NEW))
    own = single(model.similar("N1", index=index))
    by_text = single(model.similar(name=NEW[0][2], category=NEW[0][1], index=index))
    assert own.title == "similar to N1  yellow rubber ball"
    assert "N1" not in own.ids
    assert own.ids == [item for item in by_text.ids if item != "N1"]
    mixed = many(model.similar(["N1", "B2", "N1", "N3"], index=index, k=4))
    assert mixed.query_ids is not None
    assert mixed.query_ids.to_pylist() == ["N1", "B2", "N1", "N3"]
    assert mixed[0].ids == mixed[2].ids == own.ids
    assert mixed[1].ids == single(model.similar("B2", index=index)).ids
    assert mixed[3].ids == []
    with pytest.raises(UnknownItemError, match="'N4'"):
        model.similar(["N1", "N4"], index=index)


def test_complements_from_another_catalogue(both_sides: Model) -> None:
    index = both_sides.index(catalogue_of(NEW), side="context")
    assert index.side == "context"
    found = single(both_sides.complements("B2", index=index))
    expected = unit(both_sides.encode(catalogue_of(NEW), "context")) @ unit(both_sides.center)[1]
    np.testing.assert_allclose(found.scores, expected[found.positions], atol=1e-6)


def test_index_kinds(model: Model) -> None:
    assert isinstance(model.index(), ExactIndex)
    assert isinstance(model.index(exact=False), ApproximateIndex)
    assert model.index().catalogue is model.catalogue
    assert (model.index().side, model.index().metric) == ("similar", "dot")
    assert model.index(side="context").side == "context"
    records = [{"item_id": i, "category": c, "name": n} for i, c, n in NEW]
    assert len(model.index(records)) == 4
    with pytest.raises(
        ValueError, match="side must be 'similar', 'center' or 'context', got 'left'"
    ):
        model.index(side="left")


# --- categories, analogies, description -----------------------------------------------------------


def test_category_vectors_are_means_of_units_below(model: Model) -> None:
    table = model.category_vectors()
    assert table.column_names == ["category", "level", "items", "vector"]
    by_path = {row["category"]: row for row in table.to_pylist()}
    assert list(by_path) == sorted(by_path)
    pets = by_path["Pets"]
    assert (pets["level"], pets["items"]) == (1, 5)
    np.testing.assert_allclose(pets["vector"], unit(model.center)[:5].mean(axis=0), atol=1e-6)
    dogs = by_path["Pets > Dogs"]
    assert (dogs["level"], dogs["items"]) == (2, 3)
    np.testing.assert_allclose(dogs["vector"], unit(model.center)[:3].mean(axis=0), atol=1e-6)
    assert by_path["Garden"]["items"] == 3
    assert by_path["キッチン"]["items"] == 1
    assert None not in by_path


def test_category_vectors_with_odd_paths() -> None:
    items = [("a", " Toys>Dogs ", "x"), ("b", "Toys > Dogs", "y"), ("c", ">", "z"), ("d", "", "w")]
    table = small_model(items=items).category_vectors()
    assert table["category"].to_pylist() == ["Toys", "Toys > Dogs"]
    assert table["items"].to_pylist() == [2, 2]
    plain: list[tuple[str, str | None, str | None]] = [("a", None, "x"), ("b", None, "y")]
    assert small_model(items=plain).category_vectors().num_rows == 0


def test_analogy(model: Model) -> None:
    found = model.analogy(["B1", "B4"], ["B2"], k=20)
    units = unit(model.center)
    vector = units[0] + units[3] - units[1]
    scores = units @ vector / np.linalg.norm(vector)
    order = [p for p in np.argsort(-scores, kind="stable") if p not in (0, 1, 3, 9)]
    np.testing.assert_array_equal(found.positions, order)
    np.testing.assert_allclose(found.scores, scores[order], atol=1e-6)
    assert found.title == "like B1 + B4 - B2"
    assert model.analogy("B1", k=3).ids == single(model.similar("B1", k=3, side="center")).ids
    with pytest.raises(ValueError, match="positive must name at least one item"):
        model.analogy([], ["B1"])
    with pytest.raises(UnknownItemError, match="'B99'"):
        model.analogy(["B1"], ["B99"])


def test_info_and_repr(model: Model, ids_only: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    about = model.info()
    assert (about["items"], about["warm_items"], about["events"]) == (12, 6, 42)
    assert about["bytes"] == model.nbytes > 0
    lines = repr(model).split("\n")
    assert lines[0] == "likewise model"
    assert lines[1] == "  items    12 (6 warm, 6 cold)"
    assert len({line.index(line.split()[1]) for line in lines[1:]}) == 1
    assert "64 n-gram rows of 3 to 6 characters" in repr(model)
    assert "known by their ids alone" in repr(ids_only)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"center": np.zeros((3, DIM), np.float32)}, "center must be float32 of shape .12, 16."),
        ({"context": np.zeros((12, DIM))}, r"context must be float32 .* got float64"),
        ({"counts": np.zeros(12, np.int32)}, "counts must be int64 of shape .12,., got int32"),
        ({"kind_weights": np.zeros(3, np.float32)}, "kind_weights must be float32 of shape .4,."),
        ({"recipe": None}, "recipe and center_content must be given together"),
        ({"token_weights": np.zeros(3, np.float32)}, "center_content.token_hashes must be uint64"),
        ({"options": Options(dim=8)}, "center must be float32 of shape .12, 8."),
    ],
)
def test_parts_that_do_not_fit_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small_model(changes=change)
