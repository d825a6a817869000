"""Tables: events to sessions beside DuckDB's sort of the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import likewise as lw
from support.corpora import Corpus, real_files, simulated


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
