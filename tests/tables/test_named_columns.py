"""Columns that were asked for by name and are not there; many files, and files that differ."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from likewise.errors import InputError
from likewise.reading import duck
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

EVENTS = {"session_id": [1, 1], "item_id": ["b", "a"], "bought_at": [2, 1]}
ITEMS = {"item_id": ["a"], "label": ["cup"], "shelf": ["A"]}


@pytest.mark.parametrize(
    ("argument", "name", "hint"),
    [("name", "lable", "label"), ("category", "Shelf", "shelf"), ("name", "name", None)],
)
def test_a_column_of_items_that_was_asked_for(argument, name, hint):
    wanted = {"category": "shelf", "name": "label", argument: name}
    message = rf"has no column '{name}' \({argument}=\); its columns are: item_id, label, shelf"
    with pytest.raises(InputError, match=message + (f"; did you mean '{hint}'" if hint else "$")):
        Catalogue.read(ITEMS, **wanted)


@pytest.mark.parametrize("name", ["bougt_at", "timestamp"])
@pytest.mark.parametrize("suffix", [".csv", ".parquet", None])
def test_a_time_that_was_asked_for(name, suffix, tmp_path):
    source = EVENTS
    if suffix == ".parquet":
        source = tmp_path / "t.parquet"
        pq.write_table(pa.table(EVENTS), source)
    elif suffix:
        source = tmp_path / "t.csv"
        source.write_text("session_id,item_id,bought_at\n1,b,2\n1,a,1\n")
    assert Sessions.read(source).report.timed is False
    assert Sessions.read(source, timestamp="bought_at").items.tolist() == [0, 1]
    with pytest.raises(InputError, match=rf"no column '{name}' \(timestamp=\)"):
        Sessions.read(source, timestamp=name)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_one_of_several_files_lacks_a_column(suffix, order, tmp_path):
    for number, name in zip(order, ("timestamp", "timestmp"), strict=True):
        table = pa.table({"session_id": [1], "item_id": ["a"], name: [5]})
        if suffix == ".parquet":
            pq.write_table(table, tmp_path / f"{number}.parquet")
        else:
            mark = "," if suffix == ".csv" else "\t"
            rows = [table.column_names, ["1", "a", "5"]]
            text = "".join(mark.join(row) + "\n" for row in rows)
            (tmp_path / f"{number}{suffix}").write_text(text)
    message = rf"{order[1]}\{suffix} has no column 'timestamp', which .*; did you mean 'timestmp'"
    with pytest.raises(InputError, match=message):
        Sessions.read(tmp_path / f"*{suffix}")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_files_in_parts_keep_their_order_and_share_a_type(suffix, tmp_path, monkeypatch):
    monkeypatch.setattr(duck, "_FILES_AT_ONCE", 2)
    for number, time in enumerate(["9", "8", "7.5", "7", "6.25"]):
        line = f"s,{number},{time}\n"
        text = "session_id,item_id,timestamp\n" + line
        if suffix == ".jsonl":
            text = f'{{"session_id": "s", "item_id": {number}, "timestamp": {time}}}\n'
        (tmp_path / f"{number}{suffix}").write_text(text)
    assert Sessions.read(tmp_path / f"*{suffix}").items.tolist() == [4, 3, 2, 1, 0]


def test_a_key_that_comes_late(tmp_path):
    path = tmp_path / "t.jsonl"
    lines = [f'{{"item_id": {i}, "category": "A"}}\n' for i in range(50_000)]
    path.write_text("".join(lines) + '{"item_id": "x", "name": "cup"}\n')
    assert list(Catalogue.read(path))[-1] == ("x", None, "cup")
