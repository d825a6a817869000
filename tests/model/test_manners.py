"""The manners of gensim: ids as keys, however they are spelled, and several new items at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.store_helpers import DIM, ITEMS, small_model, unit
from likewise.errors import UnknownItemError
from likewise.model.vectors import Vectors

UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")
IDS = ["7", "ü 1", "レッド", str(UUID), *(item[0] for item in ITEMS[4:])]
MODEL = small_model(items=[(i, c, name) for i, (_, c, name) in zip(IDS, ITEMS, strict=True)])
VECTORS = Vectors(MODEL.catalogue, MODEL.center)
FORMS: list[Callable[[str], Any]] = [
    str.encode, np.str_, pa.scalar, np.array, lambda t: np.bytes_(t.encode()),
    lambda t: pa.scalar(t, pa.large_string()), lambda t: pa.scalar(t.encode()),
    lambda t: pa.array([t]).dictionary_encode()[0],
]  # fmt: skip
MANY: list[Callable[[list[str]], Any]] = [
    np.array, pa.array, tuple, lambda ts: np.array(ts, object), lambda ts: [t.encode() for t in ts],
    lambda ts: [pa.scalar(t) for t in ts], lambda ts: pa.array([t.encode() for t in ts]),
    lambda ts: np.array([t.encode() for t in ts]), lambda ts: pa.chunked_array([ts, ts])[: len(ts)],
    lambda ts: pa.array(ts, pa.string_view()), lambda ts: pa.array(ts).dictionary_encode(),
]  # fmt: skip


@given(st.sampled_from(IDS), st.sampled_from(IDS), st.sampled_from(FORMS))
def test_an_id_in_any_form_answers_as_its_text(
    text: str, other: str, form: Callable[[str], Any]
) -> None:
    given_id = form(text)
    for asked in (MODEL, VECTORS):
        assert given_id in asked
        np.testing.assert_array_equal(asked[given_id], asked[text])
        assert asked.similar(given_id).ids == asked.similar(text).ids
        assert asked.analogy(given_id, [form(other)]).ids == asked.analogy([text], other).ids
        assert asked.most_similar(given_id) == asked.most_similar(positive=[text])
        assert asked.similarity(given_id, other) == asked.similarity(text, other)
    assert MODEL.complements(given_id).ids == MODEL.complements(text).ids
    assert MODEL.similar(other, where=[form(text)]).ids == MODEL.similar(other, where=[text]).ids
    if MODEL[text].any() and MODEL[other].any():
        assert MODEL.explain(given_id, other) == MODEL.explain(text, other)


@given(st.lists(st.sampled_from(IDS), min_size=1, max_size=5), st.sampled_from(MANY))
def test_ids_in_any_form_answer_as_their_texts(
    texts: list[str], form: Callable[[list[str]], Any]
) -> None:
    for asked in (MODEL, VECTORS):
        np.testing.assert_array_equal(asked[form(texts)], asked[texts])
        np.testing.assert_array_equal(
            asked.similar(form(texts)).positions, asked.similar(texts).positions
        )
        assert asked.most_similar(form(texts)) == asked.most_similar(texts)


@pytest.mark.parametrize(
    ("text", "form"),
    [("7", 7), ("7", np.int64(7)), ("7", np.uint8(7)), ("7", pa.scalar(7)), (str(UUID), UUID)],
)
def test_numbers_and_uuids_are_ids(text: str, form: Any) -> None:
    for asked in (MODEL, VECTORS):
        assert form in asked
        assert asked.similar(form).ids == asked.similar(text).ids
        assert asked.similar([form]).ids.tolist() == asked.similar([text]).ids.tolist()
    assert MODEL.explain(form, "B5") == MODEL.explain(text, "B5")


def test_a_model_is_a_mapping_of_center_vectors() -> None:
    for asked in (MODEL, VECTORS):
        assert len(asked) == len(ITEMS)
        assert bool(asked)
        assert list(asked) == IDS
        assert asked["7"].dtype == np.float32
        assert asked["7"].shape == (DIM,)
        assert asked[["7", "B5"]].shape == (2, DIM)
        assert asked[[]].shape == (0, DIM)
        for nothing in ("8", None, True, b"\xff", [], ["7"], {}, 7.5, "\ud800", pa.scalar(None)):
            assert nothing not in asked
        for ask, ids in ((asked.__getitem__, ["7", b"B55"]), (asked.most_similar, "B55")):
            with pytest.raises(KeyError) as caught:
                ask(ids)
            assert isinstance(caught.value, UnknownItemError)
            assert str(caught.value).startswith("item 'B55' is not among the 12 items")
        with pytest.raises(TypeError, match="items must be an item id or a sequence"):
            asked[0:2]
        with pytest.raises(ValueError, match="items must be UTF-8"):
            asked[b"\xff"]


def test_most_similar_has_the_numbers_of_gensim() -> None:
    pytest.importorskip("gensim")
    keyed = MODEL.to_gensim()
    vector = MODEL["B6"] + 1
    for arguments in (
        {"positive": "7"}, {"positive": ["7", "B5"], "negative": ["B7"], "topn": 3},
        {"negative": ["7"]}, {"positive": [vector]}, {"positive": [vector, "7"]},
    ):  # fmt: skip
        expected = keyed.most_similar(**arguments)
        for asked in (MODEL, VECTORS):
            found = asked.most_similar(**arguments)
            assert [item_id for item_id, _ in found] == [item_id for item_id, _ in expected]
            np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], atol=1e-5)
            theirs = keyed.similarity("7", "B5")
            assert asked.similarity("7", "B5") == pytest.approx(theirs, abs=1e-6)
    assert {type(part) for part in MODEL.most_similar("7")[0]} == {str, float}


def test_most_similar_without_gensim() -> None:
    cosines = unit(MODEL.center) @ unit(MODEL.center)[0]
    (best, score), *_ = MODEL.most_similar("7", topn=1)
    assert score == pytest.approx(float(np.delete(cosines, 0).max()), abs=1e-6)
    assert MODEL.similarity("7", best) == pytest.approx(score, abs=1e-6)
    empty = next(i for i in IDS if not MODEL[i].any())
    assert MODEL.similarity(empty, "7") == 0.0
    assert MODEL.most_similar(empty) == []


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (ValueError, "positive or negative must name at least one item", {}),
        (ValueError, "topn must be at least 1, got 0", {"positive": "7", "topn": 0}),
        (TypeError, "topn must be a whole number, got 2.5", {"positive": "7", "topn": 2.5}),
        (ValueError, "restrict_vocab must be at least 1", {"positive": "7", "restrict_vocab": 0}),
        (
            ValueError,
            "restrict_vocab must be left out with topn=None",
            {"positive": "7", "topn": None, "restrict_vocab": 2},
        ),
        (TypeError, r"no argument 'indexer': similar\(index=", {"positive": "7", "indexer": None}),
        (
            TypeError,
            r"no argument 'clip_start': similar\(where=",
            {"positive": "7", "clip_start": 3},
        ),
        (TypeError, "no argument 'top': arguments are positive", {"positive": "7", "top": 3}),
        (TypeError, "positive must be item ids or vectors, got tuple", {"positive": [("7", 1.0)]}),
        (ValueError, "positive must have 16 columns|positive must", {"positive": np.ones(3)}),
    ],
)
def test_most_similar_refuses(error: type, message: str, arguments: dict[str, Any]) -> None:
    for asked in (MODEL, VECTORS):
        with pytest.raises(error, match=message):
            asked.most_similar(**arguments)


def test_all_cosines_and_the_most_frequent_items_as_in_gensim() -> None:
    for asked in (MODEL, VECTORS):
        whole = asked.most_similar(["7", "B5"], ["B6"], topn=None)
        assert isinstance(whole, np.ndarray)
        assert (whole.dtype, whole.shape) == (np.float32, (len(ITEMS),))
        found = asked.most_similar(["7", "B5"], ["B6"], topn=len(ITEMS))
        assert len(found) >= 5
        for item, score in found:
            assert whole[asked.catalogue.position(item)] == np.float32(score)
        assert not whole[~asked.center.any(axis=1)].any()
    order = {"model": np.argsort(-MODEL.counts, kind="stable"), "vectors": np.arange(len(ITEMS))}
    for n in (1, 3, 100):
        for asked, most in ((MODEL, order["model"]), (VECTORS, order["vectors"])):
            may = {IDS[at] for at in most[:n]}
            found = asked.most_similar("7", topn=50, restrict_vocab=n)
            expected = [row for row in asked.most_similar("7", topn=50) if row[0] in may]
            assert found == expected


def test_all_cosines_have_the_numbers_of_gensim() -> None:
    pytest.importorskip("gensim")
    keyed = MODEL.to_gensim()
    at = [MODEL.catalogue.position(item) for item in keyed.index_to_key]
    for arguments in ({"positive": "7"}, {"positive": ["7", "B5"], "negative": ["B6"]}):
        expected = keyed.most_similar(**arguments, topn=None)
        found = MODEL.most_similar(**arguments, topn=None)
        np.testing.assert_allclose(np.asarray(found)[at], expected, atol=1e-6)


NAMES = ["red ball", None, "steel rake"]
PATHS = ["Pets > Dogs > Toys", "Garden", None]


@pytest.mark.parametrize("verb", ["similar", "complements"])
@pytest.mark.parametrize("form", [list, tuple, pa.array, lambda v: np.array(v, object)])
def test_several_new_items_are_the_same_as_one_by_one(verb: str, form: Callable[..., Any]) -> None:
    ask = getattr(MODEL, verb)
    some: Any = NAMES[::2]
    for names, paths in ((NAMES, PATHS), (some, "Garden"), ("ball", PATHS), (some, None)):
        given_names = names if isinstance(names, str) else form(names)
        given_paths = paths if isinstance(paths, str | None) else form(paths)
        found = ask(name=given_names, category=given_paths, k=4)
        assert len(found) == len(names if isinstance(names, list) else paths)
        for row, answers in enumerate(found):
            name = names if isinstance(names, str) else names[row]
            path = paths if isinstance(paths, str | None) else paths[row]
            alone = ask(name=name, category=path, k=4)
            assert answers.title == alone.title
            assert answers.ids == alone.ids
            np.testing.assert_allclose(answers.scores, alone.scores, atol=1e-6)
        assert repr(found)
        assert set(found.to_arrow()["query_id"].to_pylist()) == set(range(len(found)))


def test_odd_lists_of_new_items() -> None:
    assert len(MODEL.similar(name=[])) == 0
    assert len(MODEL.similar(name=[None])[0]) == len(MODEL.similar(name="", k=10))
    with pytest.raises(ValueError, match="equally long, got 2 names and 1 categories"):
        MODEL.similar(name=["a", "b"], category=["c"])
    with pytest.raises(TypeError, match=r"name must be a string, or a sequence .* got bytes"):
        MODEL.similar(name=b"a")


@pytest.mark.parametrize("verb", ["similar", "complements"])
def test_rows_of_dicts_are_new_items(verb: str) -> None:
    ask = getattr(MODEL, verb)
    rows = [{"name": name, "category": path} for name, path in zip(NAMES, PATHS, strict=True)]
    found, same = ask(rows, k=4), ask(name=NAMES, category=PATHS, k=4)
    assert [answers.ids for answers in found] == [answers.ids for answers in same]
    assert repr(found) == repr(same)
    for row in (
        {"name": "red ball"},
        {"category": "Garden"},
        {"name": "rake", "category": "Garden"},
    ):
        assert ask(row, k=4).ids == ask(**row, k=4).ids
        assert ask([row], k=4)[0].ids == ask(row, k=4).ids
    there = MODEL.index(rows_with_ids(rows), side="similar" if verb == "similar" else "context")
    assert set(ask(rows[0], index=there).ids) <= {"new 0", "new 1", "new 2"}


def rows_with_ids(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"item_id": f"new {at}", **row} for at, row in enumerate(rows)]


def test_rows_of_dicts_have_vectors() -> None:
    rows = [{"name": "red ball", "category": None}, {"category": "Garden"}, {"name": "rake"}]
    made = MODEL.encode(rows)
    expected = MODEL.encode(
        [{"name": None, "category": None, **row} for row in rows_with_ids(rows)]
    )
    np.testing.assert_array_equal(made, expected)
    with pytest.raises(ValueError, match="own_rows must be left out where items have no item_id"):
        MODEL.encode(rows, own_rows=True)


@pytest.mark.parametrize(
    ("error", "message", "items"),
    [
        (ValueError, "got name, price in place 1", [{"name": "a"}, {"name": "a", "price": 3}]),
        (ValueError, "got an empty one in place 0", [{}]),
        (ValueError, "known items are asked about by their ids", [{"item_id": "7", "name": "a"}]),
        (ValueError, "all ids or all dicts, got '7' in place 1", [{"name": "a"}, "7"]),
        (TypeError, "name must be a string, or a sequence .* got int in place 0", [{"name": 3}]),
    ],
)
def test_rows_that_are_no_new_items(error: type, message: str, items: Any) -> None:
    for ask in (MODEL.similar, MODEL.complements):
        with pytest.raises(error, match=message):
            ask(items)
    with pytest.raises(ValueError, match="vectors of another model cannot be composed"):
        VECTORS.similar([{"name": "a"}])
