"""What counts as a table or an id: lists of paths, Series of lists, lazy frames, UUIDs."""

from __future__ import annotations

import uuid
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

LISTS = [["x", "y"], ["z", "y", "x"]]


@pytest.mark.parametrize(
    "made",
    [
        lambda: pd.Series(LISTS, index=["u", "v"]),
        lambda: pl.Series(LISTS),
        lambda: pa.chunked_array([LISTS[:1], LISTS[1:]]),
        lambda: pa.chunked_array([LISTS]),
    ],
)
def test_a_column_of_lists_is_sequences(made):
    found = Sessions.read(made())
    assert [session.tolist() for session in found] == [[0, 1], [2, 1, 0]]


def test_a_lazy_frame_is_its_rows():
    items = pl.LazyFrame({"item_id": [3], "name": ["pan"]})
    assert Catalogue.read(items).names.to_pylist() == ["pan"]
    events = pl.LazyFrame({"session_id": [1, 1], "item_id": ["a", "b"]})
    assert len(Sessions.read(events)) == 1


def test_paths_as_text(tmp_path):
    names = [str(tmp_path / f"{n}.csv") for n in "ba"]
    for n, name in enumerate(names):
        Path(name).write_text(f"item_id,name\n{n},pan\n")
    assert Catalogue.read(names).ids.to_pylist() == ["0", "1"]


def test_uuids(tmp_path):
    ids = [uuid.UUID(int=n << 64) for n in (5, 6)]
    texts = [str(one) for one in ids]
    column = pa.array([one.bytes for one in ids] + [None], pa.uuid())
    pq.write_table(pa.table({"item_id": column, "name": ["a", "b", "c"]}), tmp_path / "t.parquet")
    rows = [{"item_id": one, "name": "a"} for one in ids]
    for source in (tmp_path / "t.parquet", rows, pd.DataFrame(rows)):
        assert Catalogue.read(source).ids.to_pylist() == texts
    assert Sessions.read([ids]).catalogue.ids.to_pylist() == texts
