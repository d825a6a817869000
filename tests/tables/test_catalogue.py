"""Catalogue: reading, what is dropped, asking for positions."""

from __future__ import annotations

import gzip
import itertools
import json
import pickle
import re
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.content.features import Features, Recipe
from likewise.errors import InputError, UnknownItemError
from likewise.tables._ingest import UNKNOWN_ID, IdTable
from likewise.tables.catalogue import Catalogue, CatalogueReport
from likewise.tables.columns import encode, table_texts
from oracles.ingest import read_catalogue

ROWS = [
    {"item_id": "007", "category": "Toys > Dogs", "name": "red ball"},
    {"item_id": "b", "category": None, "name": " "},
    {"item_id": None, "category": "x", "name": "no id"},
    {"item_id": "007", "category": "other", "name": "second"},
    {"item_id": "ü1", "category": "Ev > Çay", "name": None},
    {"item_id": "", "category": "x", "name": "empty id"},
]
ITEMS = [("007", "Toys > Dogs", "red ball"), ("b", None, " "), ("ü1", "Ev > Çay", None)]
REPORT = CatalogueReport(
    rows_read=6,
    items=3,
    null_ids=2,
    duplicate_ids=1,
    null_categories=1,
    null_names=1,
    empty_names=1,
)


def write_csv(path, opener=open):
    with opener(path, "wt", encoding="utf-8") as file:
        file.write("item_id;category;name\n")
        for row in ROWS:
            file.write(";".join(f'"{row[k]}"' if row[k] else "" for k in row) + "\n")
    return path


def write_json(path):
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


def write_parquet(path):
    pq.write_table(pa.Table.from_pylist(ROWS), path)
    return path


def source_of(kind, folder):
    if kind == "rows":
        return ROWS
    if kind == "columns":
        return {key: [row[key] for row in ROWS] for key in ROWS[0]}
    if kind == "arrow":
        return pa.Table.from_pylist(ROWS)
    if kind == "chunks":
        return pa.concat_tables([pa.Table.from_pylist(ROWS[:2]), pa.Table.from_pylist(ROWS[2:])])
    if kind == "batch":
        return pa.RecordBatch.from_pylist(ROWS)
    if kind == "reader":
        return pa.Table.from_pylist(ROWS).to_reader(2)
    if kind in ("pandas", "polars"):
        return pytest.importorskip(kind).DataFrame(ROWS)
    if kind == "parquet":
        return write_parquet(folder / "items.parquet")
    if kind == "csv":
        return str(write_csv(folder / "items.csv"))
    if kind == "csv.gz":
        return write_csv(folder / "items.csv.gz", gzip.open)
    return write_json(folder / "items.jsonl")


KINDS = [
    *["rows", "columns", "arrow", "chunks", "batch", "reader", "pandas", "polars"],
    *["parquet", "csv", "csv.gz", "jsonl"],
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_source_gives_the_same_items(kind, tmp_path):
    catalogue = Catalogue.read(source_of(kind, tmp_path))
    assert list(catalogue) == ITEMS
    assert catalogue.report == REPORT
    for array in (catalogue.ids, catalogue.categories, catalogue.names):
        assert array.type == pa.large_string()
        assert not isinstance(array, pa.ChunkedArray)
    assert catalogue.ids.null_count == 0


def test_report_reads_as_a_sentence():
    assert str(REPORT) == (
        "3 items from 6 rows; 2 rows without id dropped; 1 rows with an id seen before dropped; "
        "1 items without category; 1 items without name; 1 items with an empty name"
    )
    assert str(Catalogue.from_ids(["a"]).report).startswith("1 items from 1 rows; 1 items without")


fields = st.one_of(
    st.none(), st.sampled_from(["", " ", "a", "b > c", "é", "a\x00b", " > ", "b＞ c", " b>c>"])
)
ids = st.one_of(
    st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b", "A", " a", "1", "東京"]))),
    st.lists(st.one_of(st.none(), st.integers(-3, 3))),
    st.lists(st.one_of(st.none(), st.sampled_from([1.0, 2.0, float("nan")]))),
    st.lists(st.one_of(st.none(), st.sampled_from(["1", 1, 1.0, "a", 2, 3.0]))),
)


@given(ids=ids.filter(len), data=st.data())
def test_reading_agrees_with_the_reference(ids, data):
    rows = [(item_id, data.draw(fields), data.draw(fields)) for item_id in ids]
    expected, counted = read_catalogue(rows)
    columns = dict(
        zip(["item_id", "category", "name"], map(list, zip(*rows, strict=True)), strict=True)
    )
    if not expected:
        with pytest.raises(InputError, match="has no item ids"):
            Catalogue.read(columns)
        return
    catalogue = Catalogue.read(columns)
    assert list(catalogue) == expected
    texts = ("examples", "category_advice")
    report = {name: value for name, value in vars(catalogue.report).items() if name not in texts}
    assert report == {name: counted[name] for name in report}
    assert catalogue.positions([row[0] for row in expected]).tolist() == list(range(len(expected)))


def test_ids_keep_their_spelling_and_numbers_become_text(tmp_path):
    assert Catalogue.read({"item_id": [7, 10**15], "name": ["a", "b"]}).ids.to_pylist() == [
        "7",
        "1000000000000000",
    ]
    pandas = pytest.importorskip("pandas")
    with_gap = pandas.DataFrame({"item_id": [1, None, 3], "name": list("abc")})
    assert Catalogue.read(with_gap).ids.to_pylist() == ["1", "3"]
    for dtype in ("Int64", "string", "category"):
        frame = pandas.DataFrame({"item_id": pandas.array([1, 2]), "name": list("ab")})
        frame["item_id"] = frame["item_id"].astype(dtype)
        assert Catalogue.read(frame).ids.to_pylist() == ["1", "2"]
    path = tmp_path / "items.csv"
    path.write_text("item_id,name\n007,Bond\n7, other \n7.0,float\n")
    found = Catalogue.read(path)
    assert found.ids.to_pylist() == ["007", "7", "7.0"]
    assert found.names.to_pylist() == ["Bond", " other ", "float"]
    path = tmp_path / "items.jsonl"
    path.write_text(
        '{"item_id": 7, "name": "a"}\n{"item_id": "007", "name": "b"}\n'
        '{"item_id": 8.0, "name": "c\\u00fc\\n"}\n{"item_id": "8.0", "name": 12}\n'
    )
    found = Catalogue.read(path)
    assert found.ids.to_pylist() == ["7", "007", "8", "8.0"]
    assert found.names.to_pylist() == ["a", "b", "cü\n", "12"]


def test_quotes_and_line_breaks_in_csv(tmp_path):
    path = tmp_path / "items.tsv"
    path.write_text('item_id\tname\na\t"3"" disk, ""new"""\nb\t"two\nlines"\nc\tit\'s\n')
    assert Catalogue.read(path).names.to_pylist() == ['3" disk, "new"', "two\nlines", "it's"]


def test_one_of_category_and_name_may_be_absent_and_columns_renamed():
    only = Catalogue.read({"sku": ["a"], "title": ["x"]}, item_id="sku", name="title")
    assert list(only) == [("a", None, "x")]
    only = Catalogue.read({"item_id": ["a"], "category": ["x"]})
    assert list(only) == [("a", "x", None)]
    numbers = Catalogue.read({"item_id": ["a"], "category": [12]})
    assert numbers.categories.to_pylist() == ["12"]


def test_globs_are_read_in_order_of_names(tmp_path):
    for name, item in [("2.parquet", "b"), ("1.parquet", "a"), ("10.parquet", "c")]:
        pq.write_table(
            pa.table({"item_id": [item, "shared"], "name": [name, name]}), tmp_path / name
        )
    catalogue = Catalogue.read(tmp_path / "*.parquet")
    assert list(catalogue) == [
        ("a", None, "1.parquet"),
        ("shared", None, "1.parquet"),
        ("c", None, "10.parquet"),
        ("b", None, "2.parquet"),
    ]
    listed = Catalogue.read([tmp_path / "2.parquet", tmp_path / "1.parquet"])
    assert listed.ids.to_pylist() == ["b", "shared", "a"]


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_a_path_that_looks_like_a_glob_is_a_path(suffix, tmp_path):
    write = {"parquet": write_parquet, "csv": write_csv, "jsonl": write_json}[suffix]
    path = write(tmp_path / f"it's [1] 100%.{suffix}")
    assert list(Catalogue.read(path)) == ITEMS


def test_positions_of_many_and_of_one():
    catalogue = Catalogue.from_ids(["a", "7", "c"])
    for ids in (["c", "x", 7, None, ""], pa.array(["c", "x", "7", None, ""])):
        found = catalogue.positions(ids)
        assert found.tolist() == [2, -1, 1, -1, -1]
        assert found.dtype == np.int32
    assert catalogue.positions(np.array([7, 8])).tolist() == [1, -1]
    assert catalogue.positions([]).tolist() == []
    assert catalogue.position("c") == 2
    assert catalogue.position(7) == 1
    assert "a" in catalogue
    assert "A" not in catalogue
    assert None not in catalogue
    with pytest.raises(InputError, match="ids must be a sequence of ids, got str"):
        catalogue.positions("abc")


def test_unknown_ids_suggest_close_ones_fast():
    catalogue = Catalogue.from_ids([f"SKU-{i:07d}" for i in range(300_000)])
    catalogue.position("SKU-0000001")
    start = time.perf_counter()
    with pytest.raises(UnknownItemError) as caught:
        catalogue.position("SKU-0012 45")
    assert time.perf_counter() - start < 1.0
    message = str(caught.value)
    assert message.startswith("item 'SKU-0012 45' is not among the 300,000 items of the catalogue")
    assert re.search(r"; did you mean 'SKU-00\d{3}45' or 'SKU-\d+' or 'SKU-\d+'\?$", message)
    with pytest.raises(UnknownItemError, match="did you mean 'SKU-0000017'"):
        catalogue.position(" sku-0000017")
    with pytest.raises(UnknownItemError, match=r"did you mean .*'SKU-0000017'"):
        catalogue.position("XKU-0000017")
    with pytest.raises(UnknownItemError, match=r"of the catalogue$"):
        catalogue.position("zzz")
    with pytest.raises(UnknownItemError, match=r"of the catalogue$"):
        catalogue.position("")


def test_from_arrays_and_take_and_table():
    catalogue = Catalogue.from_arrays(["a", "b", "c"], ["x", None, "y > z"], ["1", "2", None])
    part = catalogue.take([2, 0])
    assert list(part) == [("c", "y > z", None), ("a", "x", "1")]
    assert part.position("a") == 1
    assert part.table.column_names == ["item_id", "category", "name"]
    assert len(catalogue.take([])) == 0
    assert len(Catalogue.from_ids([])) == 0
    assert repr(catalogue) == "<Catalogue of 3 items: 'a', 'b', 'c'>"
    for arguments, message in [
        ((["a", "a"],), "ids must be unique, 'a' comes twice"),
        ((["a", None],), "ids must not be null or empty, ids\\[1\\] is"),
        ((["a"], ["x", "y"]), "categories must be as long as ids, got 2 and 1"),
    ]:
        with pytest.raises(InputError, match=message):
            Catalogue.from_arrays(*arguments)
    with pytest.raises(IndexError, match=r"positions must be in \[0, 3\), got 3"):
        catalogue.take([0, 3])
    with pytest.raises(InputError, match="positions must be unique"):
        catalogue.take([0, 0])
    with pytest.raises(InputError, match="positions must be a vector of integers, got float64"):
        catalogue.take([0.5])


def test_text_buffers_are_views_and_respect_slices():
    names = pa.array(["zero", "one", None, "trois", "四"], pa.large_string()).slice(1)
    catalogue = Catalogue.from_arrays(list("abcd"), None, names)
    buffers = catalogue.text_buffers()
    offsets, data = buffers["name_offsets"], buffers["name_bytes"]
    assert offsets.dtype == np.int64
    assert data.dtype == np.uint8
    texts = [bytes(data[a:b]).decode() for a, b in itertools.pairwise(offsets)]
    assert texts == ["one", "", "trois", "四"]
    assert np.shares_memory(data, np.frombuffer(catalogue.names.buffers()[2], np.uint8))
    assert np.diff(buffers["category_offsets"]).tolist() == [0, 0, 0, 0]
    assert Catalogue.from_ids([]).text_buffers()["name_offsets"].tolist() == [0]


def test_a_catalogue_is_immutable_and_can_be_sent_to_another_process():
    catalogue = Catalogue.read(ROWS)
    with pytest.raises(AttributeError, match="a Catalogue is immutable: ids cannot be set"):
        catalogue.ids = None
    again = pickle.loads(pickle.dumps(catalogue))
    assert list(again) == ITEMS
    assert again.report == REPORT
    assert again.position("ü1") == 2


def test_ids_outlive_the_table_they_are_lent_from():
    ids = [f"item {i:05d}" for i in range(3000)]
    kept = Catalogue.read([{"item_id": one, "name": "x"} for one in ids]).ids
    assert kept.validate(full=True) is None
    assert kept.to_pylist() == ids


def test_a_table_whose_texts_are_lent_takes_no_more():
    table = IdTable()
    encode(table, pa.array(["a", "b"], pa.large_string()), insert=True)
    assert table_texts(table).to_pylist() == ["a", "b"]
    assert encode(table, pa.array(["b", "c"], pa.large_string()), insert=False).tolist() == [
        1,
        UNKNOWN_ID,
    ]
    with pytest.raises(RuntimeError, match="lent"):
        encode(table, pa.array(["c"], pa.large_string()), insert=True)
    assert len(table) == 2


@pytest.mark.parametrize(("most", "lengths"), [(2, [2, 2, 1]), (5, [5]), (9, [5])])
def test_pieces_are_the_items_in_order(most, lengths):
    whole = Catalogue.from_arrays(list("abcde"), None, ["v", None, "x", "y", "z"])
    pieces = list(whole.pieces(most))
    assert [len(part) for _, part in pieces] == lengths
    for place, part in pieces:
        assert part.ids.to_pylist() == whole.ids[place].to_pylist()
        assert part.names.to_pylist() == whole.names[place].to_pylist()
    assert (pieces[0][1] is whole) == (len(pieces) == 1)
    assert list(Catalogue.from_arrays([]).pieces(most)) == []


def test_pieces_know_their_own_items_alone():
    whole = Catalogue.from_arrays(list("abcde"), ["t > u"] * 5, ["red", "blue", "red", "", "x"])
    _, part = list(whole.pieces(2))[1]
    assert part.positions(["c", "a", "d"]).tolist() == [0, -1, 1]
    assert part.report.items == 2
    assert part.report.empty_names == 1
    recipe = Recipe()
    alone = Catalogue.from_arrays(list("cd"), ["t > u"] * 2, ["red", ""])
    of_part, of_alone = Features.encode(part, recipe), Features.encode(alone, recipe)
    for name in ("item_offsets", "item_tokens", "token_hashes"):
        np.testing.assert_array_equal(getattr(of_part, name), getattr(of_alone, name))
