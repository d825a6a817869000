"""Content: features of a catalogue, vectors of its items, and the core's part in composing them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import likewise as lw
import likewise._core as _core
from support.corpora import Corpus, real_files, simulated

CATALOGUES = ("instacart_products", "hm_articles")
DIM = 100


@pytest.fixture(scope="module")
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def vectors(rng: np.random.Generator, n: int) -> Any:
    return rng.standard_normal((n, DIM), dtype=np.float32)


@pytest.mark.parametrize("entries", [8, 80])
def test_compose_items(
    benchmark: Any, full: bool, threads: int, rng: np.random.Generator, entries: int
) -> None:
    n_items, n_tokens = (500_000, 100_000) if full else (5_000, 2_000)
    offsets = np.arange(0, n_items * entries + 1, entries)
    tokens = rng.integers(0, n_tokens, n_items * entries).astype(np.int32)
    weights = np.full(len(tokens), entries**-0.5, np.float32)
    table = vectors(rng, n_tokens)
    made = benchmark(_core.compose_items, offsets, tokens, weights, table, threads)
    assert np.allclose(made[0], weights[:entries] @ table[tokens[:entries]], atol=1e-4)


def test_compose_tokens(benchmark: Any, full: bool, threads: int, rng: np.random.Generator) -> None:
    """Words that no model knows, of 20 n-grams each."""
    n, buckets, each = (200_000, 1 << 20, 20) if full else (2_000, 1 << 12, 20)
    rows = rng.integers(0, buckets, n * each).astype(np.int32)
    table = vectors(rng, buckets)
    made = benchmark(
        _core.compose_tokens,
        np.arange(n, dtype=np.uint64),
        np.arange(0, n * each + 1, each),
        rows,
        np.zeros(0, np.uint64),
        np.zeros((0, DIM), np.float32),
        table,
        threads,
    )
    assert np.allclose(made[0], table[rows[:each]].mean(axis=0), atol=1e-4)


@pytest.fixture(scope="module", params=["simulated", *CATALOGUES])
def catalogue(request: pytest.FixtureRequest, full: bool) -> lw.Catalogue:
    """Items to encode; in full repeated to a million under new ids."""
    if request.param == "simulated":
        shop = simulated(Corpus("shop", 1_000, 1_000_000 if full else 5_000))
        return lw.Catalogue.read(shop.catalogue)
    try:
        folder = real_files("catalogues")[0].parent
    except FileNotFoundError as error:
        pytest.skip(str(error))
    one = lw.Catalogue.read(folder / f"{request.param}.products.parquet")
    if not full:
        return one.take(np.arange(min(5_000, len(one))))
    places = pa.array(np.arange(1_000_000) % len(one))
    ids = pa.array([str(i) for i in range(1_000_000)])
    return lw.Catalogue.from_arrays(ids, one.categories.take(places), one.names.take(places))


def test_features(benchmark: Any, rounds: int, threads: int, catalogue: lw.Catalogue) -> None:
    features = benchmark.pedantic(
        lw.Features.encode, (catalogue, lw.Recipe(), threads), rounds=rounds, iterations=1
    )
    benchmark.extra_info.update(items=features.n_items, tokens=features.n_tokens)
    _per_second(benchmark, features.n_items)


def test_encode(benchmark: Any, rounds: int, threads: int, catalogue: lw.Catalogue) -> None:
    """Vectors of items from their texts alone, by a model of another catalogue's half."""
    known = catalogue.take(np.arange(min(50_000, len(catalogue))))
    walks = np.random.default_rng(1).integers(0, len(known), 200_000).astype(np.int32)
    sessions = lw.Sessions.from_arrays(walks, np.arange(0, len(walks) + 1, 10), known)
    model = lw.train(sessions, epochs=1, threads=threads)
    vectors = benchmark.pedantic(model.encode, (catalogue,), rounds=rounds, iterations=1)
    assert vectors.shape == (len(catalogue), 100)
    assert np.isfinite(vectors).all()
    _per_second(benchmark, len(catalogue))


def _per_second(benchmark: Any, n: int) -> None:
    if benchmark.stats is not None:
        benchmark.extra_info["items_per_second"] = n / benchmark.stats.stats.median
