"""Reading: events to sessions beside DuckDB's sort of the same rows; features, item vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import likewise as lw
from bench_corpora import Corpus, real_files, simulated

CATALOGUES = ("instacart_products", "hm_articles")


@pytest.fixture(scope="module")
def events_and_products(full: bool, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """mtg_decks (14.9 M events) in full; a small shop, its rows out of order, otherwise."""
    if full:
        try:
            return real_files("mtg_decks")
        except FileNotFoundError as error:
            pytest.skip(str(error))
    return simulated(Corpus("shop", 30_000, 1_000)).write(tmp_path_factory.mktemp("shop"))


def test_duckdb_sort(benchmark: Any, rounds: int, events_and_products: tuple[Path, Path]) -> None:
    """The measure of test_sessions: DuckDB sorts the rows by session and time, and nothing else."""
    import duckdb
    import pyarrow.parquet as pq

    events, _ = events_and_products
    stored = set(pq.read_schema(events).names)
    keys = ", ".join(name for name in ("session_id", "timestamp") if name in stored)

    def sort() -> int:
        with duckdb.connect() as connection:
            query = f"create table sorted as select * from read_parquet(?) order by {keys}"
            connection.execute(query, [str(events)])
            found = connection.execute("select count(*) from sorted").fetchone()
        assert found is not None
        return int(found[0])

    rows = benchmark.pedantic(sort, rounds=rounds, iterations=1, warmup_rounds=1)
    benchmark.extra_info["rows"] = rows


def test_sessions(benchmark: Any, rounds: int, events_and_products: tuple[Path, Path]) -> None:
    events, products = events_and_products
    catalogue = lw.Catalogue.read(products)
    sessions = benchmark.pedantic(
        lw.Sessions.read, (events, catalogue), rounds=rounds, iterations=1, warmup_rounds=1
    )
    assert sessions.n_events > 0
    benchmark.extra_info["events_read"] = sessions.report.events_read


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
