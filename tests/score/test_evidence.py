"""What pairs say of items without history: scores by the formulas, places in lists, files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

import likewise as lw
from helpers.damage import PREPARED, Damage, edit, tensors
from likewise.errors import StorageError
from likewise.questions.answers import own_index
from likewise.score.blend import Blend, blend_of
from likewise.score.evidence import (
    _STEPS,
    MOST_GAIN,
    PLACES,
    USUAL_GAIN,
    Evidence,
    evidence_in,
    taken_for_new,
)  # fmt: skip
from likewise.score.pairs import Pairs
from likewise.score.popularity import POPULARITY
from likewise.search.index import Index
from likewise.storage import model_json
from oracles import pairs as reference
from oracles import wording as texts_reference

NEAR = ("near_offsets", "near_items", "near_shares", "near_gain")


@pytest.fixture(autouse=True)
def every_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """All texts that are alike count, not the most alike alone: see the oracle."""
    monkeypatch.setattr("likewise.score.wording.MOST", 10_000)


def trained(seed: int = 3, new_items: float = 0.1, **changes: Any) -> lw.Model:
    shop = lw.simulate(300, 1500, seed=seed, new_items=new_items)
    sessions = lw.Sessions.read(shop.events, lw.Catalogue.read(shop.catalogue))
    base: dict[str, Any] = {"dim": 16, "epochs": 3, "threads": 1, "seed": 7}
    return lw.train(sessions, options=lw.Options(**{**base, **changes}))


@pytest.fixture(scope="module")
def model() -> lw.Model:
    return trained()


@pytest.fixture(scope="module", params=["item", "content", "item2vec"])
def any_model(request: pytest.FixtureRequest, model: lw.Model) -> lw.Model:
    if request.param == "item":
        return model
    changes = {"content": {"context": "content"}, "item2vec": {"content": False}}
    return trained(seed=5, **changes[request.param])


def assert_answers(found: Any, scores: np.ndarray) -> None:
    """Lists are the best of these scores, (n_queries, n)."""
    assert len(found.positions) == len(scores)
    for positions, told, whole in zip(found.positions, found.scores, scores, strict=True):
        there = positions >= 0
        best = np.sort(whole[np.isfinite(whole)])[::-1][: len(positions)]
        assert there.sum() == len(best)
        np.testing.assert_allclose(told[there], best, atol=2e-6)
        np.testing.assert_allclose(told[there], whole[positions[there]], atol=2e-6)


def evidence_at_home(model: lw.Model) -> Evidence:
    found = evidence_in(blend_of(model), own_index(model, "similar", exact=True))
    assert found is not None
    return found


def lists_at_home(model: lw.Model) -> tuple[reference.Lists, np.ndarray, np.ndarray]:
    vectors, at = blend_of(model).trained_vectors(), np.arange(len(model.counts))
    return reference.Lists(model, vectors, at, evidence_at_home(model).gain), vectors, at


@pytest.mark.parametrize("popularity", [None, 0.0, 2.0])
def test_items_of_training_ask_by_the_formulas(
    any_model: lw.Model, popularity: float | None
) -> None:
    lists, vectors, at = lists_at_home(any_model)
    weight = POPULARITY if popularity is None else popularity
    asked = blend_of(any_model).query_vectors(vectors, weight)
    scores = reference.whole_scores(lists, vectors, at, asked, vectors)
    np.fill_diagonal(scores, -np.inf)
    found = any_model.similar(any_model.catalogue.ids, k=40, popularity=popularity)
    assert_answers(found, scores)
    # Items without history do take part, on both sides, where there are words.
    without = (any_model.counts == 0) & vectors.any(axis=1)
    by_vectors = asked.astype(np.float64) @ vectors.T.astype(np.float64)
    more = np.isfinite(scores) & (scores > by_vectors + 1e-4)
    reads = any_model.recipe is not None
    assert more[without].any() == more[:, without].any() == reads
    assert more[~without][:, ~without].any()


NEW = {
    "name": ["red ball", "large ball red", "steel pan", "nobody wrote this", None],
    "category": ["Toys", None, "Kitchen", None, "Garden"],
}


def test_new_items_ask_as_what_is_near_to_them(model: lw.Model) -> None:
    names = [*model.catalogue.names.to_pylist()[:40:7], *NEW["name"]]
    kinds = [*model.catalogue.categories.to_pylist()[3:40:7], *NEW["category"]]
    items = lw.Catalogue.from_arrays([f"n{i}" for i in range(len(names))], kinds, names)
    lists, vectors, _ = lists_at_home(model)
    blend = blend_of(model)
    found_by = blend.item_vectors(items)
    asked = blend.query_vectors(found_by, POPULARITY)
    at = np.full(len(items), -1)
    scores = reference.whole_scores(lists, vectors, at, asked, found_by)
    assert_answers(model.similar(name=names, category=kinds, k=40), scores)
    listed = evidence_at_home(model).of(at, found_by)
    assert (np.diff(listed.offsets)[found_by.any(axis=1)] > 0).all()
    assert (np.diff(listed.offsets)[~found_by.any(axis=1)] == 0).all()


def test_each_position_is_listed_once_and_no_more_than_both_kinds_hold(model: lw.Model) -> None:
    vectors = blend_of(model).trained_vectors()
    listed = evidence_at_home(model).of(np.arange(len(vectors)), vectors)
    assert (listed.weights != 0).all()
    assert np.isfinite(listed.weights).all()
    for first, last in zip(listed.offsets[:-1], listed.offsets[1:], strict=True):
        positions = listed.positions[first:last]
        assert len(set(positions.tolist())) == len(positions) <= 2 * reference.MOST
        added = listed.weights[first:last] < 0
        assert (model.counts[positions[added]] == 0).all()
        assert (model.counts[positions[~added]] > 0).all()


# --- balance --------------------------------------------------------------------------------------


def places(model: lw.Model, evidence: Evidence | None) -> int:
    """Return the places that items without history have in the first twenty of all others."""
    blend, index = blend_of(model), own_index(model, "similar", exact=True)
    known = np.flatnonzero(np.diff(blend.part(Pairs).table.offsets) > 0)
    vectors = blend.trained_vectors(known)
    listed = None if evidence is None else evidence.of(known, vectors)
    asked = blend.query_vectors(vectors, POPULARITY)
    found = index.search(asked, 20, exclude=known, listed=listed)
    return int((model.counts[found.positions[found.positions >= 0]] == 0).sum())


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("new_items", [0.1, 0.3, 0.7])
def test_items_without_history_have_about_the_places_they_have_without_pairs(
    seed: int, new_items: float
) -> None:
    model = trained(seed, new_items)
    evidence, usual = evidence_at_home(model), places(model, None)
    step = MOST_GAIN / _STEPS * taken_for_new(int((model.counts == 0).sum()), len(model.counts))
    assert round(evidence.gain / step, 6) in range(_STEPS + 1)
    assert evidence.gain == 0.0 or places(model, evidence) <= PLACES * usual
    # And it is the greatest of them: with the one before they would have more.
    if evidence.gain < MOST_GAIN * 0.999 * step * _STEPS / MOST_GAIN:
        evidence.gain, kept = evidence.gain + step, evidence.gain
        assert places(model, evidence) > PLACES * usual
        evidence.gain = kept


def test_a_third_may_be_new_and_most_of_a_catalogue_is_not() -> None:
    assert [taken_for_new(n, 900) for n in (0, 1, 100, 300)] == [1.0] * 4
    told = [taken_for_new(n, 900) for n in range(300, 901, 50)]
    assert told == sorted(told, reverse=True)
    assert taken_for_new(450, 900) == 0.25
    assert taken_for_new(900, 900) == 0.0


# --- other catalogues -----------------------------------------------------------------------------


def mixed(model: lw.Model, strange: bool = False) -> lw.Catalogue:
    """Every fifth item of training, last first, and new ones between them."""
    ids = model.catalogue.ids.to_pylist()[::5][::-1]
    names = model.catalogue.names.to_pylist()
    kinds = model.catalogue.categories.to_pylist()
    at = [model.catalogue.position(one) for one in ids]
    new = [one + 1 for one in at if one + 1 < len(names)]
    words = [f"qx{i}zw vk{i % 9}jj" if strange else names[i] for i in new]
    return lw.Catalogue.from_arrays(
        [*ids[:30], *(f"new{i}" for i in new), *ids[30:]],
        [*(kinds[i] for i in at[:30]), *(None if strange else kinds[i] for i in new),
         *(kinds[i] for i in at[30:])],
        [*(names[i] for i in at[:30]), *words, *(names[i] for i in at[30:])],
    )  # fmt: skip


def scores_in(
    model: lw.Model, index: Index, own_rows: bool, at: np.ndarray, found_by: np.ndarray
) -> np.ndarray:
    """Return the whole scores of queries with the items of an index."""
    assert index.catalogue is not None
    there = np.asarray(index.catalogue.positions(model.catalogue.ids))
    places = np.full(len(index), -1)
    if own_rows:
        places[there[there >= 0]] = np.flatnonzero(there >= 0)
    vectors = index.vectors_at(np.arange(len(index)))
    assert model.recipe is not None
    abroad = index.dim != blend_of(model).width()
    texts = texts_reference.weights(model.catalogue, index.catalogue, model.recipe, abroad)
    lists = reference.Lists(model, vectors, places, USUAL_GAIN, texts)
    asked = blend_of(model).query_vectors(found_by, POPULARITY)
    scores = reference.whole_scores(lists, vectors, at, asked, found_by)
    for q, position in enumerate(at):
        if position >= 0 and there[position] >= 0:
            scores[q, there[position]] = -np.inf
    return scores


@pytest.mark.parametrize("own_rows", [True, False])
@pytest.mark.parametrize("exact", [True, False])
def test_in_another_catalogue_known_items_answer_by_their_pairs_and_new_ones_borrow(
    model: lw.Model, exact: bool, own_rows: bool
) -> None:
    catalogue = mixed(model)
    index = model.index(catalogue, exact=exact, own_rows=own_rows)
    assert index.dim == blend_of(model).width()
    vectors, at = blend_of(model).trained_vectors(), np.arange(len(model.counts))
    found = model.similar(model.catalogue.ids, k=25, index=index)
    scores = scores_in(model, index, own_rows, at, vectors)
    if exact:
        assert_answers(found, scores)
    else:
        rows = np.arange(len(scores))[:, None]
        np.testing.assert_allclose(found.scores, scores[rows, found.positions], atol=2e-6)
    evidence = evidence_in(blend_of(model), index)
    assert evidence is not None
    assert evidence.gain == USUAL_GAIN
    new = np.array([not own_rows or str(one).startswith("new") for one in catalogue.ids])
    listed = evidence.of(at, vectors)
    assert new[listed.positions[listed.weights < 0]].all()
    assert set(new[listed.positions].tolist()) == ({True, False} if own_rows else {True})


@pytest.mark.parametrize("own_rows", [True, False])
def test_out_of_domain_nothing_is_borrowed(model: lw.Model, own_rows: bool) -> None:
    catalogue = mixed(model, strange=True)
    index = model.index(catalogue, own_rows=own_rows)
    blend = blend_of(model)
    assert index.dim == blend.width(out_of_domain=True)
    evidence = evidence_in(blend, index)
    assert evidence is not None
    domain = blend.domain_in(index)
    vectors, at = blend.trained_vectors(domain=domain), np.arange(len(model.counts))
    listed = evidence.of(at, vectors)
    assert (listed.weights > 0).all()  # texts, and pairs of known items
    found = model.similar(model.catalogue.ids, k=25, index=index)
    assert_answers(found, scores_in(model, index, own_rows, at, vectors))


KEPT = {"home": (None, None), "own rows": (mixed, True), "composed": (mixed, None)}


@pytest.mark.parametrize("kind", [*KEPT, "out of domain"])
@pytest.mark.parametrize("exact", [True, False])
def test_an_index_from_a_file_answers_the_same(
    model: lw.Model, kind: str, exact: bool, tmp_path: Path
) -> None:
    """It does not say which of its items have rows of training: their vectors do."""
    make, own_rows = KEPT.get(kind, (lambda model: mixed(model, strange=True), True))
    index = model.index(None if make is None else make(model), exact=exact, own_rows=own_rows)
    index.save(tmp_path / "file.index")
    loaded = lw.load_index(tmp_path / "file.index")
    there, again = (model.similar(model.catalogue.ids, k=20, index=i) for i in (index, loaded))
    np.testing.assert_array_equal(there.positions, again.positions)
    np.testing.assert_allclose(there.scores, again.scores, atol=1e-6)
    if kind == "home" and exact:
        usual = model.similar(model.catalogue.ids, k=20)
        np.testing.assert_array_equal(usual.positions, again.positions)


def test_other_vectors_have_no_evidence(model: lw.Model) -> None:
    blend = blend_of(model)
    assert evidence_in(blend, model.index(side="center")) is None
    assert evidence_in(blend, model.index(side="context")) is None
    index = model.index()
    assert evidence_in(blend, index) is evidence_in(blend, index)  # made once
    without = {name: a for name, a in model.learned.items() if not name.startswith("pair_")}
    assert evidence_in(Blend(model.encoder, without), model.index()) is None


# --- files ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(model: lw.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model.save(tmp_path_factory.mktemp("evidence") / "model")


def assert_same_answers(one: lw.Model, other: lw.Model) -> None:
    asked = [one.similar(one.catalogue.ids, k=30), other.similar(one.catalogue.ids, k=30)]
    np.testing.assert_array_equal(asked[0].positions, asked[1].positions)
    np.testing.assert_array_equal(asked[0].scores, asked[1].scores)
    texts = {"name": ["red ball", "steel pan"], "category": [None, "Kitchen"]}
    first, second = one.similar(**texts), other.similar(**texts)
    np.testing.assert_array_equal(first.positions, second.positions)
    np.testing.assert_array_equal(first.scores, second.scores)


def test_a_loaded_model_answers_the_same(model: lw.Model, saved: Path) -> None:
    loaded = lw.load(saved)
    assert set(NEAR) <= set(loaded.prepared)
    kept = safetensors.numpy.load_file(saved / PREPARED)
    assert len(kept["near_offsets"]) == (model.counts == 0).sum() + 1
    assert (np.diff(kept["near_offsets"]) <= reference.NEAREST).all()
    assert (model.counts[kept["near_items"]] > 0).all()
    assert kept["near_gain"].tolist() == [np.float32(evidence_at_home(model).gain)]
    lists, vectors, _ = lists_at_home(model)
    for row, at in enumerate(np.flatnonzero(model.counts == 0)):
        place = slice(*kept["near_offsets"][row : row + 2])
        wanted = lists.near(vectors[at])
        assert set(kept["near_items"][place].tolist()) == set(wanted)
        shares = [wanted[i] for i in kept["near_items"][place]]
        np.testing.assert_allclose(kept["near_shares"][place], shares, atol=1e-5)
    assert_same_answers(model, loaded)
    assert_same_answers(model, lw.load(loaded.save(saved.parent / "again")))


def test_what_was_not_kept_is_found_again(model: lw.Model, saved: Path, tmp_path: Path) -> None:
    folder = lw.load(saved).save(tmp_path / "model")
    tensors(PREPARED, **dict.fromkeys(NEAR, ...))(folder)
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    del about["sizes"]["near"], about["sizes"]["near_rows"], about["sha256"]
    model_json.write(folder / "model.json", about)
    loaded = lw.load(folder)
    assert not set(NEAR) & set(loaded.prepared)
    assert_same_answers(model, loaded)


def test_without_pairs_or_words_nothing_is_kept(tmp_path: Path) -> None:
    kinds: tuple[dict[str, Any], ...] = ({"content": False}, {"own_row": False})
    for kind in kinds:
        made = trained(**kind)
        loaded = lw.load(made.save(tmp_path / "model"))
        assert not set(NEAR) & set(loaded.prepared)
        assert blend_of(loaded).part(Pairs).any == made.options.own_row
        assert_same = made.similar(made.catalogue.ids).scores, loaded.similar(made.catalogue.ids)
        np.testing.assert_array_equal(assert_same[0], assert_same[1].scores)


DAMAGES: list[tuple[str, Damage, str]] = [
    ("no gain", tensors(PREPARED, near_gain=...), "tensors missing: near_gain"),
    ("no shares", tensors(PREPARED, near_shares=...), "tensors missing: near_shares"),
    ("a row too few", tensors(PREPARED, near_offsets=lambda a: a[:-1].copy()), "near_offsets"),
    ("offsets fall", tensors(PREPARED, near_offsets=lambda a: a[::-1].copy()), "must ascend"),
    ("items below 0", tensors(PREPARED, near_items=lambda a: a - 999), "near_items must be from"),
    ("items too large", tensors(PREPARED, near_items=lambda a: a + 999), "near_items must be from"),
    ("items of int64", tensors(PREPARED, near_items=lambda a: a.astype("i8")), "got I64"),
    ("shares of 0", tensors(PREPARED, near_shares=lambda a: a * 0), "near_shares must be above"),
    ("shares above 1", tensors(PREPARED, near_shares=lambda a: a + 1), "near_shares must be above"),
    ("shares no numbers", tensors(PREPARED, near_shares=lambda a: a * np.nan), "near_shares must"),
    ("gain below 0", tensors(PREPARED, near_gain=lambda a: a - 9), "near_gain must be"),
    ("gain too large", tensors(PREPARED, near_gain=lambda a: a + 9), "near_gain must be"),
    ("gain no number", tensors(PREPARED, near_gain=lambda a: a * np.nan), "near_gain must be"),
    ("other sizes", edit(sizes__near=3), "near_items"),
]


@pytest.mark.parametrize(
    ("damage", "message"), [case[1:] for case in DAMAGES], ids=[case[0] for case in DAMAGES]
)
def test_damage_is_refused(damage: Damage, message: str, saved: Path, tmp_path: Path) -> None:
    folder = lw.load(saved).save(tmp_path / "model")
    damage(folder)
    with pytest.raises(StorageError, match=message):
        lw.load(folder)
