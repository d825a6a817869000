"""Encoding: vectors of any items from their content, on a small model."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.store_helpers import DIM, ITEMS, NEW, catalogue_of, small_model, unit
from likewise.content.composition import item_weights
from likewise.content.features import Features
from likewise.model.model import Model
from likewise.tables.catalogue import Catalogue


def composed(model: Model, catalogue: Catalogue, side: str) -> np.ndarray:
    """The definition of encode, token by token."""
    assert model.recipe is not None
    features = Features.encode(catalogue, model.recipe, threads=1)
    content = getattr(model, f"{side}_content")
    known = {int(h): row for row, h in enumerate(content.token_hashes)}
    vectors = np.zeros((len(catalogue), DIM))
    for item in range(len(catalogue)):
        entries = range(features.item_offsets[item], features.item_offsets[item + 1])
        weights, rows = [], []
        for entry in entries:
            token = features.item_tokens[entry]
            row = known.get(int(features.token_hashes[token]))
            weight = model.unknown_weight if row is None else model.token_weights[row]
            weights.append(weight * model.kind_weights[features.item_kinds[entry]])
            ngrams = features.ngram_rows[
                features.ngram_offsets[token] : features.ngram_offsets[token + 1]
            ]
            if row is not None:
                rows.append(content.tokens[row])
            else:
                rows.append(content.ngrams[ngrams].mean(axis=0) if len(ngrams) else np.zeros(DIM))
        length = np.sqrt(np.sum(np.square(weights)))
        for weight, vector in zip(weights, rows, strict=True):
            vectors[item] += weight / length * vector
    return vectors


def test_encode_is_its_definition() -> None:
    both_sides = small_model(context="content")
    for side in ("center", "context"):
        for items in (ITEMS, NEW):
            catalogue = catalogue_of(items)
            vectors = both_sides.encode(catalogue, side)
            assert vectors.dtype == np.float32
            np.testing.assert_allclose(vectors, composed(both_sides, catalogue, side), atol=1e-5)
    assert not both_sides.encode(catalogue_of(NEW))[2].any()


def test_encode_in_parts_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model()
    whole = model.encode(model.catalogue)
    monkeypatch.setattr("likewise.content.encoder._ENCODE_ITEMS", 5)
    np.testing.assert_array_equal(model.encode(model.catalogue), whole)


def test_items_seen_in_training_keep_their_vectors_on_request() -> None:
    model = small_model()
    catalogue = catalogue_of(NEW)
    content = model.encode(catalogue)
    trained = model.encode(catalogue, own_rows=True)
    np.testing.assert_array_equal(content[:3], trained[:3])
    np.testing.assert_array_equal(trained[3], model.center[0])
    assert not np.array_equal(content[3], trained[3])


def test_a_model_of_ids_knows_ids_only() -> None:
    ids_only = small_model(content=False)
    vectors = ids_only.encode(catalogue_of(NEW))
    assert not vectors[:3].any()
    np.testing.assert_array_equal(vectors[3], ids_only.center[0])
    assert len(ids_only.similar("B1", k=3))
    with pytest.raises(ValueError, match="a model trained with content=False cannot compose"):
        ids_only.similar(name="red ball")
    with pytest.raises(ValueError, match="content=False cannot compose vectors"):
        ids_only.encode(catalogue_of(NEW), "context", own_rows=False)


def test_context_vectors_of_new_items_are_mapped_from_their_centers() -> None:
    model = small_model()
    new = catalogue_of(NEW)
    mapped = model.encode(new, "context")
    context_map = model.encoder.context_map
    assert context_map is not None
    known = np.c_[unit(model.encode(new)), np.ones(4)] @ context_map.matrix
    np.testing.assert_allclose(mapped[[0, 1, 3]], unit(known)[[0, 1, 3]], atol=1e-6)
    assert not mapped[2].any()  # nothing is known of it
    assert len(model.complements("B2", index=model.index(new, side="context")))
    trained = model.encode(new, "context", own_rows=True)
    np.testing.assert_array_equal(trained[3], model.context[0])
    np.testing.assert_array_equal(trained[:3], mapped[:3])


def test_weights_of_an_item_have_length_one() -> None:
    model = small_model()
    assert model.recipe is not None
    assert model.center_content is not None
    catalogue = catalogue_of([("e", None, None), *ITEMS, ("f", None, None)])
    features = Features.encode(catalogue, model.recipe, threads=1)
    kinds = np.array([0.0, 1, 1, 1], np.float32)
    weights = item_weights(
        features, model.center_content.token_hashes, model.token_weights, kinds, 1.0
    )
    assert weights.dtype == np.float32
    for item in range(len(catalogue)):
        part = slice(features.item_offsets[item], features.item_offsets[item + 1])
        squares = float(np.square(weights[part]).sum())
        assert squares == pytest.approx(1.0, abs=1e-5) or not weights[part].any()
        assert not weights[part][features.item_kinds[part] == 0].any()
