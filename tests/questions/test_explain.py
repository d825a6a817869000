"""Shares of a score: they sum to it, and belong to the features that make it."""

from __future__ import annotations

import numpy as np
import pytest

import likewise as lw
from helpers.tiny_shop import N_ITEMS, options, sessions
from likewise.questions.explain import shares_of
from likewise.score.blend import blend_of


@pytest.fixture(scope="module", params=["content", "item", "no own row", "item2vec"])
def model(request: pytest.FixtureRequest) -> lw.Model:
    chosen = {
        "content": options(context="content"),
        "item": options(),
        "no own row": options(own_row=False, word_ngrams=2, context="content"),
        "item2vec": options(content=False),
    }
    return lw.train(sessions(), options=chosen[request.param])


@pytest.mark.parametrize("side", ["center", "complements"])
def test_shares_sum_to_the_score_for_every_pair(model: lw.Model, side: str) -> None:
    ids = model.catalogue.ids.to_pylist()
    there = model.center if side == "center" else model.all_contexts()
    pairs = 0
    for at, item in enumerate(ids):
        for other in ids[:: max(1, len(ids) // 13)]:
            to = model.catalogue.position(other)
            lengths = np.linalg.norm(model.center[at]) * np.linalg.norm(there[to])
            if lengths == 0.0:
                with pytest.raises(ValueError, match="has no vector"):
                    model.explain(item, other, side)
                continue
            told = model.explain(item, other, side)
            score = float(model.center[at] @ there[to] / lengths)
            assert told.score == pytest.approx(score, abs=1e-5)
            assert sum(s.share for s in told.of_item) == pytest.approx(told.score, abs=1e-5)
            assert sum(s.share for s in told.of_neighbor) == pytest.approx(told.score, abs=1e-5)
            assert list(told.of_item) == sorted(told.of_item, key=lambda s: -s.share)
            pairs += 1
    assert pairs > 300


def test_shares_sum_to_the_blended_score_for_every_kind_of_pair(model: lw.Model) -> None:
    """Every item asks, every item answers; the pairs between are a third, by turns."""
    ids = model.catalogue.ids.to_pylist()
    weights = (None, 0.0, 2.0)
    answers = [model.similar(ids, k=N_ITEMS, popularity=weight) for weight in weights]
    pairs, answered = 0, set()
    for row, item in enumerate(ids):
        weight, batch = weights[row % 3], answers[row % 3]
        assert isinstance(batch, lw.BatchMatches)
        if not len(batch[row]):
            with pytest.raises(ValueError, match="has no vector"):
                model.explain(item, "item5", popularity=weight)
            continue
        for other, score, _ in list(batch[row])[row // 3 % 3 :: 3]:
            told = model.explain(item, other, popularity=weight)
            assert told.score == pytest.approx(score, abs=1e-6)
            for shares in (told.of_item, told.of_neighbor):
                assert sum(s.share for s in shares) == pytest.approx(score, abs=1e-5)
                assert len({s[:2] for s in shares}) == len(shares)
            pairs += 1
            answered.add(other)
    asked = [item for row, item in enumerate(ids) if len(answers[0][row])]
    assert answered == set(asked)
    assert pairs > 400


def test_features_are_named(model: lw.Model) -> None:
    told = model.explain("item3", "item4")  # same name, same category
    kinds = {share.kind for share in told.of_item}
    assert "popularity" in kinds
    if model.recipe is None:
        assert kinds == {"history", "popularity"}
        return
    name = model.catalogue.names[3].as_py().casefold()
    named = {share.feature for share in told.of_item}
    assert set(name.split()) <= named
    assert {"kitchen", "kitchen > pans"} <= named
    assert "history" in kinds  # own rows of context, without those of center as well
    by_center = {share.kind for share in model.explain("item3", "item4", side="center").of_item}
    assert ("history" in by_center) == (model.options.own_row and model.counts[3] > 0)
    assert "item3 and item4" in repr(told)
    assert "<table>" in told._repr_html_()


@pytest.mark.parametrize("side", ["center", "context", "similar"])
def test_parts_add_up_to_the_vector(model: lw.Model, side: str) -> None:
    vectors = {
        "center": model.center,
        "context": model.all_contexts(),
        "similar": blend_of(model).trained_vectors(),
    }[side]
    for at, vector in enumerate(vectors):
        if side == "similar":
            parts = blend_of(model).contributions(at)
        else:
            parts = model.encoder.contributions(at, side)
        whole = sum((part.vector for part in parts), np.zeros(vectors.shape[1]))
        assert np.allclose(whole, vector, atol=1e-5), at


def test_items_without_history_have_no_own_row(model: lw.Model) -> None:
    never = N_ITEMS - 1
    assert model.counts[never] == 0
    assert "history" not in {part.kind for part in model.encoder.contributions(never)}


def test_shares_are_of_the_cosine_whatever_the_lengths(model: lw.Model) -> None:
    found = model.similar("item5", k=6, side="center")
    assert isinstance(found, lw.Matches)
    others = model.center[found.positions].astype(np.float64)
    parts = model.encoder.contributions(5)
    shares = shares_of(parts, others)
    assert shares.shape == (6, len(parts))
    assert np.allclose(shares.sum(axis=1), found.scores, atol=1e-5)
    assert np.allclose(shares_of(parts, 7 * others), shares)
    assert not shares_of(parts, 0 * others).any()


def test_an_item_of_which_nothing_is_known_has_no_parts() -> None:
    items = lw.Catalogue.from_arrays(["a", "b", "void"], ["A", "B", None], ["x", "y", ""])
    model = lw.train([["a", "b"]], items, options())
    assert model.encoder.contributions(2) == blend_of(model).contributions(2) == []
    assert shares_of([], np.ones((3, 16))).shape == (3, 0)


def test_bad_arguments(model: lw.Model) -> None:
    with pytest.raises(ValueError, match="'complements' or 'center', got 'context'"):
        model.explain("item1", "item2", side="context")
    with pytest.raises(ValueError, match="popularity must be left out for side 'center', got 1"):
        model.explain("item1", "item2", side="center", popularity=1)
    with pytest.raises(ValueError, match="popularity must be a finite number"):
        model.explain("item1", "item2", popularity=-1)
    with pytest.raises(lw.UnknownItemError, match="item 'nobody'"):
        model.explain("item1", "nobody")
