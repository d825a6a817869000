"""Fields inside of fields, lists whose elements are rows, and folders that stand for columns."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from likewise.errors import InputError
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions


def ids_of(sessions):
    return [[sessions.catalogue.ids[int(i)].as_py() for i in session] for session in sessions]


def as_json(folder, rows):
    (folder / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "t.jsonl"


def as_parquet(folder, rows):
    pq.write_table(pa.Table.from_pylist(rows), folder / "t.parquet")
    return folder / "t.parquet"


SOURCES = {
    "JSON lines": as_json,
    "Parquet": as_parquet,
    "table": lambda folder, rows: pa.Table.from_pylist(rows),
    "rows": lambda folder, rows: rows,
    "pandas": lambda folder, rows: pytest.importorskip("pandas").DataFrame(rows),
    "polars": lambda folder, rows: pytest.importorskip("polars").DataFrame(rows),
}
every_source = pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())


@every_source
def test_fields_of_structures(make, tmp_path):
    rows = [
        {"who": {"session": "s"}, "product": {"id": "b", "at": {"time": 2}}},
        {"who": {"session": "s"}, "product": {"id": "a", "at": {"time": 1}}},
        {"who": {"session": "t"}, "product": None},
    ]
    names = {"session_id": "who.session", "item_id": "product.id", "timestamp": "product.at.time"}
    sessions = Sessions.read(make(tmp_path, rows), **names)
    assert ids_of(sessions) == [["a", "b"]]
    assert sessions.report.null_fields == 1
    with pytest.raises(InputError, match=r"no column 'product\.sku' \(item_id=\)"):
        Sessions.read(make(tmp_path, rows), session_id="who.session", item_id="product.sku")
    catalogue = Catalogue.read(make(tmp_path, rows), item_id="product.id", name="who.session")
    assert list(catalogue) == [("b", None, "s"), ("a", None, "s")]


@every_source
def test_a_session_a_row(make, tmp_path):
    rows = [
        {"session": 1, "events": [{"aid": 6, "ts": 20}, {"aid": 5, "ts": 10}]},
        {"session": 2, "events": [{"aid": 7, "ts": 3}, {"aid": 5, "ts": 4}, {"aid": 6, "ts": 5}]},
    ]
    names = {"session_id": "session", "item_id": "events.aid", "timestamp": "events.ts"}
    assert ids_of(Sessions.read(make(tmp_path, rows), **names)) == [["5", "6"], ["7", "5", "6"]]


@every_source
def test_lists_of_ids_and_times(make, tmp_path):
    rows = [{"session_id": "s", "item_id": ["b", "a"], "timestamp": [2, 1]},
            {"session_id": "t", "item_id": ["c", "b"], "timestamp": [3, 4]}]  # fmt: skip
    assert ids_of(Sessions.read(make(tmp_path, rows))) == [["a", "b"], ["c", "b"]]
    rows[1]["timestamp"].append(5)
    with pytest.raises(InputError, match=r"of one row must be equally long|must be equally long"):
        Sessions.read(make(tmp_path, rows))


def test_what_mongodb_exports(tmp_path):
    rows = [
        {"session_id": {"$numberLong": "5"}, "item_id": {"$oid": "b1"},
         "timestamp": {"$date": "2020-01-02T00:00:00Z"}},
        {"session_id": {"$numberLong": "5"}, "item_id": {"$oid": "a1"},
         "timestamp": {"$date": "2020-01-01T00:00:00Z"}},
    ]  # fmt: skip
    assert ids_of(Sessions.read(as_json(tmp_path, rows))) == [["a1", "b1"]]
    rows[1]["item_id"] = {"id": "a1"}
    with pytest.raises(InputError, match=r"item_id must hold text or whole numbers, got .*a1"):
        Sessions.read(as_json(tmp_path, rows))


def test_a_nested_key_that_first_comes_late(tmp_path):
    rows = [{"session_id": "s", "product": {"id": "a"}}] * 30_000
    rows.append({"session_id": "s", "product": {"id": "a", "brand": {"name": "Acme"}}})
    found = Catalogue.read(
        as_json(tmp_path, rows[::-1]), item_id="product.id", name="product.brand.name"
    )
    assert list(found) == [("a", None, "Acme")]
    found = Catalogue.read(as_json(tmp_path, rows), item_id="product.id", name="product.brand.name")
    assert list(found) == [("a", None, None)]


# --- folders called key=value ---------------------------------------------------------------------


def parts(folder, suffix, columns_of):
    for number, value in enumerate(("Toys", "Books%2FSea", "__HIVE_DEFAULT_PARTITION__")):
        place = folder / f"category={value}" / "year=2024"
        place.mkdir(parents=True)
        columns = columns_of(number)
        path = place / f"0{suffix}"
        if suffix == ".parquet":
            pq.write_table(pa.table(columns), path)
        elif suffix == ".jsonl":
            as_json(
                place,
                [
                    dict(zip(columns, row, strict=True))
                    for row in zip(*columns.values(), strict=True)
                ],
            )
            (place / "t.jsonl").rename(path)
        else:
            rows = zip(*columns.values(), strict=True)
            lines = [",".join(columns), *(",".join(map(str, row)) for row in rows), ""]
            path.write_text("\n".join(lines))
    return str(folder / "*/*" / f"*{suffix}")


every_suffix = pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])


@every_suffix
def test_partitions(suffix, tmp_path):
    source = parts(tmp_path, suffix, lambda n: {"item_id": [f"{n}a", f"{n}b"], "name": ["x", "y"]})
    found = {row[0]: row[1] for row in Catalogue.read(source, partitions=True)}
    assert found == {
        "0a": "Toys",
        "0b": "Toys",
        "1a": "Books/Sea",
        "1b": "Books/Sea",
        "2a": None,
        "2b": None,
    }
    # Without being asked nothing is taken from a folder, and nothing is lost in silence.
    with pytest.raises(InputError, match=r"has no column 'category', .*partitions=True reads"):
        Catalogue.read(source)
    assert Catalogue.read(source, partitions=False).report.null_categories == 6


@every_suffix
def test_what_a_file_has_is_not_taken_from_its_folder(suffix, tmp_path):
    source = parts(tmp_path, suffix, lambda n: {"item_id": [n], "category": ["A"]})
    assert {row[1] for row in Catalogue.read(source)} == {"A"}
    with pytest.raises(InputError, match="has a column 'category' and is in a folder"):
        Catalogue.read(source, partitions=True)


def test_times_and_items_from_folders(tmp_path):
    for day, item in (("2024-01-02", "a"), ("2024-01-01", "b")):
        place = tmp_path / f"day={day}" / f"item={item}"
        place.mkdir(parents=True)
        (place / "t.csv").write_text("session_id\ns\n")
    names = {"item_id": "item", "timestamp": "day", "partitions": True}
    assert ids_of(Sessions.read(str(tmp_path / "*/*/*.csv"), **names)) == [["b", "a"]]
    (tmp_path / "t.csv").write_text("session_id\ns\n")
    with pytest.raises(InputError, match=r"t\.csv has no column '(item|day)', which"):
        Sessions.read(str(tmp_path / "**/*.csv"), **names)
