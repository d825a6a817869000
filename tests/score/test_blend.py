"""What `similar` scores with: the formula against plain NumPy, one index for every weight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import likewise as lw
from helpers.pairs import without_pairs
from helpers.tiny_shop import N_ITEMS, catalogue, options, sessions
from likewise.content.features import tokens_of
from likewise.content.linear_map import _MOST, ContextMap, fit_context_map
from likewise.score import learned
from likewise.score.blend import blend_of
from likewise.score.co_occurrence import CO_OCCURRENCE_DIM
from likewise.score.popularity import POPULARITY
from likewise.score.text import TEXT_DIM, token_directions
from oracles import blend as reference_blend
from oracles import wording as texts_reference
from oracles.pairs import joined

NEW = [
    {"item_id": "n1", "category": "Toys > Dogs", "name": "red ball"},
    {"item_id": "n2", "category": "Kitchen", "name": "zylinder steel pan"},
    {"item_id": "n3", "category": None, "name": "qqqq zzzz"},
    {"item_id": "n4", "category": None, "name": "zzzz qqqq"},
    {"item_id": "item3", "category": "Garten", "name": "Rechen"},
    {"item_id": "n5", "category": None, "name": None},
]


@pytest.fixture(autouse=True)
def every_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """All texts that are alike count, not the most alike alone: see the oracle."""
    monkeypatch.setattr("likewise.score.wording.MOST", 10_000)


@pytest.fixture(scope="module", params=["item", "content", "no own row", "no n-grams", "item2vec"])
def model(request: pytest.FixtureRequest) -> lw.Model:
    chosen = {
        "item": options(epochs=8),
        "content": options(context="content", epochs=1),  # few enough to be the same everywhere
        "no own row": options(own_row=False, context="content"),
        "no n-grams": options(min_n=0, max_n=0, min_count=3),
        "item2vec": options(content=False),
    }
    return without_pairs(lw.train(sessions(), options=chosen[request.param]))


def lists(scores: np.ndarray) -> list[list[int]]:
    """Positions of the answers of every query, best first, but for itself and the unknown."""
    orders = []
    for query, row in enumerate(scores):
        order = np.argsort(np.where(np.isnan(row), np.inf, -row), kind="stable")
        orders.append([int(p) for p in order if p != query and not np.isnan(row[p])])
    return orders


def assert_answers(found: Any, expected: np.ndarray) -> None:
    """Compare answers with scores, where equal scores may come in any order."""
    for row, order in enumerate(lists(expected)):
        positions, scores = found.positions[row], found.scores[row]
        there = positions >= 0
        assert sorted(positions[there].tolist()) == sorted(order)
        np.testing.assert_allclose(scores[there], expected[row, positions[there]], atol=2e-6)
        np.testing.assert_allclose(scores[there], expected[row, order], atol=2e-6)


@pytest.mark.parametrize("popularity", [None, 0.0, 0.7])
@pytest.mark.parametrize("exact", [True, False])
def test_similar_is_the_formula(model: lw.Model, popularity: float | None, exact: bool) -> None:
    expected = reference_blend.scores(
        model, model.catalogue, model.center, model.context, model.counts,
        POPULARITY if popularity is None else popularity,
    )  # fmt: skip
    assert np.nanmax(expected) < 1.0
    found = model.similar(model.catalogue.ids, k=N_ITEMS, popularity=popularity, exact=exact)
    assert_answers(found, expected)
    table = model.recommend_all(k=N_ITEMS, popularity=popularity, exact=exact).table
    assert isinstance(found, lw.BatchMatches)
    flat = [other for row in found.ids for other in row if other is not None]
    assert table["neighbor_id"].to_pylist() == flat
    assert (
        table.schema.metadata[b"likewise.popularity"]
        == str(POPULARITY if popularity is None else popularity).encode()
    )


@pytest.mark.parametrize("own_rows", [False, True])
def test_other_catalogues_are_the_formula(model: lw.Model, own_rows: bool) -> None:
    if model.recipe is None and not own_rows:
        with pytest.raises(ValueError, match="content=False cannot compose"):
            model.index(NEW, own_rows=False)
        return
    items = lw.Catalogue.read(NEW)
    center = model.encode(items, own_rows=own_rows)
    context = np.zeros_like(center)
    if model.context_content is not None:
        context = model.encode(items, "context", own_rows=own_rows)
    counts = np.zeros(len(items), np.int64)
    company = np.zeros((len(items), CO_OCCURRENCE_DIM))
    if own_rows:
        at = model.catalogue.position("item3")
        counts[4], context[4] = model.counts[at], model.context[at]
        company[4] = model.company.of(np.array([at]))[0]
    _, strange = reference_blend.text(model, items)
    abroad = items if np.where(counts > 0, 0.0, strange).mean() > 0.1 else None
    assert (abroad is None) == (model.recipe is None)
    expected = reference_blend.scores(model, items, center, context, counts, 0.4, company, abroad)
    if model.recipe is not None:
        queries = items
        if own_rows:  # a known item asks by what it was called in training
            names, kinds = items.names.to_pylist(), items.categories.to_pylist()
            _, kinds[4], names[4] = next(iter(model.catalogue.take([at])))
            queries = lw.Catalogue.from_arrays(items.ids, kinds, names)
        for row, listed in enumerate(texts_reference.weights(queries, items, model.recipe, True)):
            for place, weight in listed.items():
                expected[row, place] = joined(float(expected[row, place]), weight)
    done = model.recommend_all(
        k=len(items), catalogue=items, popularity=0.4, own_rows=own_rows
    ).table
    found: dict[str, list[tuple[str, float]]] = {item: [] for item in items.ids.to_pylist()}
    for row in done.to_pylist():
        found[row["item_id"]].append((row["neighbor_id"], row["score"]))
    ids = items.ids.to_pylist()
    for row, order in enumerate(lists(expected)):
        answers = found[ids[row]]
        assert sorted(name for name, _ in answers) == sorted(ids[p] for p in order)
        np.testing.assert_allclose([s for _, s in answers], expected[row, order], atol=2e-6)


def test_words_that_training_never_saw_still_find_each_other(model: lw.Model) -> None:
    if model.recipe is None:
        return
    index = model.index(NEW)
    best = model.similar("n3", 1, index=index)
    assert isinstance(best, lw.Matches)
    assert best.ids == ["n4"]
    assert len(model.similar("n5", index=index)) == 0  # it has no word at all
    everything = model.similar("n1", 10, index=index)
    assert isinstance(everything, lw.Matches)
    assert "n5" not in everything.ids


def test_cosines_rank_alike_once_answers_are_of_one_length(model: lw.Model) -> None:
    """What a search that knows cosines alone needs: one more float for each answer, 0 to ask."""
    blend = blend_of(model)
    answers = blend.trained_vectors()
    usable = answers.any(axis=1)
    squares = np.square(answers.astype(np.float64)).sum(axis=1)
    rest = np.where(usable, np.sqrt(squares.max() - squares), 0.0)[:, None]
    asked = blend.query_vectors(answers, 0.5)
    by_product = lw.ExactIndex(answers, metric="dot").search(asked, N_ITEMS)
    by_cosine = lw.ExactIndex(np.hstack([answers, rest])).search(
        np.hstack([asked, np.zeros_like(rest)]), N_ITEMS
    )
    scale = np.sqrt(squares.max()) * np.linalg.norm(asked, axis=1, keepdims=True)
    there = by_cosine.positions >= 0
    assert there.sum() > 1000
    assert np.array_equal(there, by_product.positions >= 0)
    np.testing.assert_allclose(
        by_cosine.scores[there],
        (by_product.scores / np.maximum(scale, 1e-9))[there],
        atol=1e-5,
    )


def test_the_graph_finds_nearly_all() -> None:
    shop = lw.simulate(3000, 12000, seed=3)
    trained = lw.train(
        lw.Sessions.read(shop.events, lw.Catalogue.read(shop.catalogue)),
        options=lw.Options(dim=32, epochs=3, threads=2),
    )
    index = trained.index(exact=False)
    ids = trained.catalogue.ids[:1000]
    exact, near = trained.similar(ids, 10, exact=True), trained.similar(ids, 10, index=index)
    assert isinstance(exact, lw.BatchMatches)
    assert isinstance(near, lw.BatchMatches)
    assert (near.scores >= exact.scores[:, -1:] - 1e-6).mean() > 0.97
    assert index.recall() > 0.97


def test_popularity_is_a_choice_of_the_question(model: lw.Model) -> None:
    ids = model.catalogue.ids.to_pylist()
    index = model.index()
    shown = []
    for popularity in (0.0, 0.3, 3.0, 300.0):
        found = model.similar(ids, k=5, index=index, popularity=popularity)
        assert isinstance(found, lw.BatchMatches)
        popular = blend_of(model).popularity.of_items[found.positions]
        shown.append(popular[found.positions >= 0].mean())
    assert shown == sorted(shown)
    assert shown[0] < shown[-1]


def test_likeness_leaves_popularity_out(model: lw.Model) -> None:
    blend = blend_of(model)
    answers = blend.trained_vectors()
    near = blend.likeness_vectors(answers)
    found = near @ near.T
    expected = blend.query_vectors(answers, 0.0) @ answers.T
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found.max() <= 1.0


def test_a_saved_model_and_a_saved_index_answer_alike(model: lw.Model, tmp_path: Path) -> None:
    ids = model.catalogue.ids.to_pylist()
    expected = model.similar(ids, k=7)
    loaded = lw.load(model.save(tmp_path / "model"))
    assert isinstance(expected, lw.BatchMatches)
    for exact in (True, False):
        index = lw.load_index(model.index(exact=exact).save(tmp_path / f"index-{exact}"))
        assert (index.side, index.metric) == ("similar", "dot")
        for asked in (loaded.similar(ids, k=7), loaded.similar(ids, k=7, index=index)):
            assert isinstance(asked, lw.BatchMatches)
            alike = np.isclose(asked.scores, expected.scores, atol=1e-6)
            assert alike.all() if exact else alike.mean() > 0.95  # a graph may miss some
    stranger = lw.train(sessions(seed=3), options=options())
    with pytest.raises(ValueError, match="index must hold vectors of this model"):
        stranger.similar("item5", index=index)


def test_the_index_decides(model: lw.Model) -> None:
    center = model.index(side="center")
    by_index = model.similar("item5", index=center)
    by_side = model.similar("item5", side="center")
    assert isinstance(by_index, lw.Matches)
    assert isinstance(by_side, lw.Matches)
    assert by_index.ids == by_side.ids
    np.testing.assert_array_equal(by_index.scores, by_side.scores)
    table = model.recommend_all(k=10, side="center", queries=model.catalogue).table
    mine = [row["neighbor_id"] for row in table.to_pylist() if row["item_id"] == "item5"]
    assert mine == by_side.ids
    hint = r"got \(40, 16\); this index holds what model.similar compares; model.index\("
    with pytest.raises(ValueError, match=hint):
        model.index().search(model.center)
    with pytest.raises(ValueError, match="this index holds center vectors"):
        center.search(model.index().vectors_at(np.arange(3)))


def test_numbers_of_threads_do_not_matter() -> None:
    tables = []
    for threads in (1, 3):
        trained = lw.train(sessions(), options=options())
        trained.options = lw.Options(**{**trained.options.to_dict(), "threads": threads})
        tables.append(trained.recommend_all(k=9, diversity=0.3, distinct=True).table)
    assert tables[0].equals(tables[1])


def test_directions_are_those_of_the_hash() -> None:
    hashes = np.array([h for _, _, h in tokens_of("Toys > Dogs", "red ball 2x500ml")], np.uint64)
    found = token_directions(hashes)
    assert found.dtype == np.float32
    assert found.shape == (len(hashes), TEXT_DIM)
    for token, vector in zip(hashes.tolist(), found, strict=True):
        np.testing.assert_allclose(vector, reference_blend.direction(token), rtol=1e-6)
    # Frozen: another machine and another release must agree.
    assert np.packbits(token_directions(np.array([1], np.uint64))[0] > 0).tobytes().hex() == FROZEN
    many = token_directions(np.random.default_rng(0).integers(0, 2**64, 2000, np.uint64))
    alike = (many @ many.T)[np.triu_indices(2000, 1)]
    assert abs(alike.mean()) < 2e-3
    assert alike.std() == pytest.approx(TEXT_DIM**-0.5, rel=0.02)


FROZEN = "833a409137b45089e6377180"


def test_text_of_nothing(model: lw.Model) -> None:
    empty = lw.Catalogue.from_arrays(["a"], [None], [None])
    assert not blend_of(model).item_vectors(empty).any()
    assert blend_of(model).item_vectors(empty.take([])).shape == (0, blend_of(model).width())


def test_the_map_is_found_from_the_items_with_most_events(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    center, context = rng.normal(size=(2, 300, 8)).astype(np.float32)
    counts = rng.integers(1, 1000, 300)
    whole = fit_context_map(center, context, counts)
    assert _MOST >= 300
    monkeypatch.setattr("likewise.content.linear_map._BLOCK", 7)
    in_blocks = fit_context_map(center, context, counts)
    assert whole is not None
    assert in_blocks is not None
    np.testing.assert_allclose(in_blocks.matrix, whole.matrix, atol=1e-9)
    monkeypatch.setattr("likewise.content.linear_map._MOST", 100)
    best = np.sort(np.argsort(-counts, kind="stable")[:100])
    fewer = fit_context_map(center, context, counts)
    theirs = fit_context_map(center[best], context[best], counts[best])
    assert fewer is not None
    assert theirs is not None
    np.testing.assert_allclose(fewer.matrix, theirs.matrix, atol=1e-9)
    assert fit_context_map(center, context, 0 * counts) is None
    assert not whole.apply(np.zeros((2, 8), np.float32)).any()


@pytest.mark.parametrize("noise", [0.0, 1e-16, -3e-17])
def test_what_cancels_out_has_no_context(noise: float) -> None:
    """The map of items that all point one way says nothing of one that points the other way."""
    matrix = np.array([[0.25 + noise], [0.25]])
    there = ContextMap(matrix).apply(np.array([[3.0], [-2.0], [0.0]], np.float32))
    assert there.tolist() == [[1.0], [0.0], [0.0]]


def test_blocks_do_not_change_the_vectors(model: lw.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    at = np.where(np.arange(N_ITEMS) % 3 == 0, -1, np.arange(N_ITEMS))
    blend = blend_of(model)
    whole = blend.item_vectors(catalogue(), at)
    monkeypatch.setattr("likewise.score.blend._ITEMS", 7)
    np.testing.assert_array_equal(blend.item_vectors(catalogue(), at), whole)


def test_an_index_of_another_formula_is_refused(model: lw.Model, monkeypatch: Any) -> None:
    index = model.index(exact=True)
    assert len(model.similar("item5", k=2, index=index)) == 2
    monkeypatch.setattr(learned, "TRUST_MORE", 0.5)
    with pytest.raises(ValueError, match="made by this version of likewise"):
        model.similar("item5", k=2, index=index)
    monkeypatch.undo()
    assert model.index(side="center", exact=True).fingerprint == model.fingerprint
