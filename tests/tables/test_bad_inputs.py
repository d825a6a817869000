"""Data that cannot be read: each a one-line error that names what is wrong, nothing left behind."""

from __future__ import annotations

import gzip
import tempfile
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from likewise.errors import InputError
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

EVENTS = {"session_id": ["s", "s"], "item_id": ["a", "b"], "timestamp": [1, 2]}
ITEMS = {"item_id": ["a", "b"], "name": ["x", "y"]}


def parquet(folder, columns, name="t.parquet"):
    pq.write_table(pa.table(columns), folder / name)
    return folder / name


def truncated(folder):
    path = parquet(folder, {**EVENTS, "session_id": ["s" * 5000, "t" * 5000]})
    path.write_bytes(path.read_bytes()[:-1000])
    return path


def broken_page(folder):
    path = parquet(folder, {"session_id": [str(i) for i in range(9000)], **more_events(9000)})
    data = bytearray(path.read_bytes())
    data[40:4000] = bytes(3960)
    path.write_bytes(data)
    return path


def more_events(n):
    return {"item_id": ["a", "b"] * (n // 2), "timestamp": list(range(n))}


def text(folder, content, name="t.csv"):
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    return folder / name


def cut_gzip(folder):
    data = gzip.compress(b"session_id,item_id,timestamp\n" + b"s,a,1\ns,b,2\n" * 50_000)
    return text(folder, data[: len(data) // 2], "t.csv.gz")


def two_types(folder):
    parquet(folder, EVENTS, "1.parquet")
    parquet(folder, {**EVENTS, "session_id": [1, 2]}, "2.parquet")
    return folder / "*.parquet"


def two_times(folder):
    parquet(folder, EVENTS, "1.parquet")
    parquet(folder, {**EVENTS, "timestamp": [datetime(2024, 5, 31)] * 2}, "2.parquet")
    return folder / "*.parquet"


def lost_column(folder):
    parquet(folder, EVENTS, "1.parquet")
    parquet(folder, {"session_id": ["s"], "item_id": ["a"]}, "2.parquet")
    return folder / "*.parquet"


def two_formats(folder):
    parquet(folder, EVENTS, "t1.parquet")
    text(folder, "session_id,item_id\ns,a\n", "t2.csv")
    return str(folder / "t*")


def raw_strings(values):
    """A string column of bytes that nobody has checked."""
    return pa.array(values, pa.binary()).view(pa.string())


def duplicate_columns(folder):
    return pa.table([["s"], ["a"], ["b"]], names=["session_id", "item_id", "item_id"])


def failing_reader(folder):
    schema = pa.table(EVENTS).schema

    def batches():
        yield from pa.table(EVENTS).to_batches()
        raise OSError("the pipe broke")

    return pa.RecordBatchReader.from_batches(schema, batches())


def frame(package, columns):
    return lambda folder: pytest.importorskip(package).DataFrame(columns)


# name: (what makes the source, every one of these is in the message)
BAD_EVENTS = {
    "missing file": (lambda d: d / "no.parquet", ["there is no file", "no.parquet"]),
    "missing file in a missing folder": (lambda d: d / "x" / "no.csv", ["there is no file"]),
    "empty glob": (lambda d: str(d / "*.parquet"), ["no file matches", "*.parquet"]),
    "directory": (lambda d: d, ["is a directory; pass a glob such as"]),
    "glob of directories": (
        lambda d: ((d / "sub").mkdir(), str(d / "su*"))[1],
        ["no file matches"],
    ),
    "address": (lambda d: "https://example.com/e.parquet", ["must be a local path", "https://"]),
    "bucket": (lambda d: "s3://bucket/e.parquet", ["must be a local path"]),
    "path with a zero": (lambda d: "a\0b.parquet", ["sessions", "a\\x00b.parquet"]),
    "path of bytes": (lambda d: b"events.parquet", ["sessions must be a path or glob", "bytes"]),
    "unknown suffix": (lambda d: text(d, "x", "t.xlsx"), ["t.xlsx must end in .parquet, .csv"]),
    "empty file": (lambda d: text(d, ""), ["t.csv is empty"]),
    "empty Parquet file": (lambda d: text(d, "", "t.parquet"), ["t.parquet is empty"]),
    "text as Parquet": (
        lambda d: text(d, "session_id,item_id\n" * 9, "t.parquet"),
        ["cannot read", "t.parquet as Parquet"],
    ),
    "truncated Parquet": (truncated, ["cannot read", "t.parquet as Parquet"]),
    "broken page": (broken_page, ["cannot read", "t.parquet as Parquet"]),
    "truncated gzip": (cut_gzip, ["cannot read", "t.csv.gz as CSV"]),
    "no gzip": (lambda d: text(d, "s,a\n", "t.csv.gz"), ["cannot read", "t.csv.gz as CSV"]),
    "wrong columns": (
        lambda d: parquet(d, {"user": ["s"], "item_id": ["a"]}),
        ["t.parquet has no column 'session_id' (session_id=); its columns are: user, item_id"],
    ),
    "wrong CSV columns": (
        lambda d: text(d, "user,item\ns,a\n"),
        ["t.csv has no column 'session_id'", "user, item"],
    ),
    "wrong JSON columns": (
        lambda d: text(d, '{"session_id": 1}\n', "t.jsonl"),
        ["t.jsonl has no column 'item_id'"],
    ),
    "wrong columns of a frame": (frame("pandas", {"a": [1]}), ["DataFrame", "'session_id'"]),
    "wrong columns of polars": (frame("polars", {"a": [1]}), ["no column 'session_id'"]),
    "wrong columns of rows": (lambda d: [{"a": 1}], ["no column 'session_id'", "are: a"]),
    "column twice": (duplicate_columns, ["has 2 columns called 'item_id'"]),
    "no rows": (lambda d: parquet(d, pa.table(EVENTS).slice(2)), ["t.parquet has no rows"]),
    "CSV of a header": (lambda d: text(d, "session_id,item_id,timestamp\n"), ["has no rows"]),
    "empty list": (lambda d: [], ["sessions has no rows"]),
    "empty frame": (frame("pandas", {name: [] for name in EVENTS}), ["has no rows"]),
    "empty sequences": (lambda d: [[], []], ["sessions has no rows"]),
    "all null": (
        lambda d: {"session_id": ["s"], "item_id": [None]},
        ["has no usable event: of 1, 1 have a missing field"],
    ),
    "one-shot generator": (
        lambda d: (ids for ids in [["a"]]),
        ["can be iterated over again, got a one-shot generator; pass a list"],
    ),
    "one-shot iterator": (lambda d: iter([["a"]]), ["got a one-shot list_iterator"]),
    "list of texts": (
        lambda d: ["ab", "cd"],
        ["sessions[0] must be a sequence of item ids, got str"],
    ),
    "list of numbers": (lambda d: [[1], 2], ["sessions[1] must be a sequence", "got int"]),
    "row that is no dict": (
        lambda d: [{"session_id": 1, "item_id": 2}, 3],
        ["sessions[1] must be a dict"],
    ),
    "ids that are lists": (lambda d: [["a", ["b"]]], ["sessions[0] must hold text", "'list'"]),
    "ids that are truths": (lambda d: [["a", True]], ["sessions[0] must hold text", "True"]),
    "half an id": (lambda d: [["a", 0.5]], ["sessions[0] must hold text", "0.5"]),
    "surrogate": (lambda d: [["\ud800"]], ["sessions must hold valid Unicode"]),
    "a number": (lambda d: 7, ["sessions must be a path or glob, a DataFrame", "got int"]),
    "nothing": (lambda d: None, ["sessions must be", "got NoneType"]),
    "item dtype": (
        lambda d: parquet(d, {**EVENTS, "item_id": [1.5, 2.0]}),
        ["column 'item_id' must hold text or whole numbers, got 1.5"],
    ),
    "session dtype": (
        lambda d: pa.table({**EVENTS, "session_id": [[1], [2]]}),
        ["column 'session_id' must hold text or whole numbers, got list"],
    ),
    "time dtype": (
        lambda d: parquet(d, {**EVENTS, "timestamp": ["x", "y"]}),
        ["column 'timestamp' must hold numbers, timestamps or dates such as", "got 'x'"],
    ),
    "time of day": (
        lambda d: pa.table({**EVENTS, "timestamp": pa.array([1, 2], pa.time32("s"))}),
        ["column 'timestamp' must hold numbers, timestamps or dates, got time32"],
    ),
    "times of two kinds": (
        lambda d: [{**dict.fromkeys(EVENTS, 1)}, {**dict.fromkeys(EVENTS, 1), "timestamp": "x"}],
        ["column 'timestamp' must hold numbers", "got 'x'", "date_format="],
    ),
    "CSV time": (
        lambda d: text(d, "session_id,item_id,timestamp\ns,a,soon\n"),
        ["column 'timestamp' must hold numbers, timestamps or dates"],
    ),
    "late CSV time": (
        lambda d: text(d, "session_id,item_id,timestamp\n" + "s,a,1\n" * 60_000 + "s,a,soon\n"),
        ["t.csv: column 'timestamp' must hold numbers", "got 'soon'"],
    ),
    "ragged CSV": (
        lambda d: text(d, "session_id,item_id,timestamp\n" + "s,a,1\n" * 60_000 + "s\n"),
        ["cannot read", "t.csv as CSV"],
    ),
    "CSV not UTF-8": (
        lambda d: text(d, b"session_id,item_id,timestamp\ns,caf\xe9,1\n"),
        ["t.csv: column 'item_id'", "not valid UTF-8", "encoding= says what it is"],
    ),
    "CSV late not UTF-8": (
        lambda d: text(
            d, b"session_id,item_id,timestamp\n" + b"s,a,1\n" * 60_000 + b"s,caf\xe9,1\n"
        ),
        ["t.csv: column 'item_id'", "not valid UTF-8", "encoding= says what it is"],
    ),
    "Arrow bytes not UTF-8": (
        lambda d: pa.table({**EVENTS, "item_id": pa.array([b"a", b"\xff"])}),
        ["column 'item_id'", "not valid UTF-8"],
    ),
    "Arrow text not UTF-8": (
        lambda d: pa.table({**EVENTS, "session_id": raw_strings([b"a", b"\xff"])}),
        ["column 'session_id'", "not valid UTF-8"],
    ),
    "Parquet text not UTF-8": (
        lambda d: parquet(d, {**EVENTS, "item_id": raw_strings([b"a", b"\xff"])}),
        ["t.parquet: column 'item_id'", "not valid UTF-8"],
    ),
    "broken JSON": (
        lambda d: text(d, '{"session_id": 1, "item_id": "a"}\n{"session_id": 1, "it', "t.jsonl"),
        ["cannot read", "t.jsonl as JSON lines"],
    ),
    "JSON ids that are objects": (
        lambda d: text(d, '{"session_id": 1, "item_id": {"a": 1}}\n', "t.jsonl"),
        ["item_id must hold text or whole numbers"],
    ),
    "JSON ids that are truths": (
        lambda d: text(d, '{"session_id": 1, "item_id": true}\n', "t.jsonl"),
        ["item_id must hold text or whole numbers, got true"],
    ),
    "files of two formats": (two_formats, ["files of one format are wanted", "csv and parquet"]),
    "files of two types": (two_types, ["'session_id' holds integers in one place and text"]),
    "files of two times": (
        two_times,
        ["'timestamp' holds numbers in one place and dates in another"],
    ),
    "file without a column": (lost_column, ["2.parquet has no column 'timestamp'"]),
    "columns of two lengths": (
        lambda d: {"session_id": ["s"], "item_id": ["a", "b"]},
        ["columns must be equally long, got session_id 1, item_id 2"],
    ),
    "column that is a number": (
        lambda d: {"session_id": ["s"], "item_id": 5},
        ["column 'item_id' must be a sequence, got int"],
    ),
    "reader that fails": (failing_reader, ["cannot be read: the pipe broke"]),
}


@pytest.mark.parametrize("name", BAD_EVENTS)
def test_bad_events(name, tmp_path, monkeypatch):
    make, wanted = BAD_EVENTS[name]
    source = make(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    with pytest.raises(InputError) as caught:
        Sessions.read(source)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 700
    for part in wanted:
        assert part in message
    assert list(scratch.iterdir()) == []


BAD_ITEMS = {
    "missing file": (lambda d: d / "no.parquet", ["catalogue: there is no file"]),
    "no id column": (
        lambda d: parquet(d, {"sku": ["a"], "name": ["x"]}),
        ["t.parquet has no column 'item_id' (item_id=); its columns are: sku, name"],
    ),
    "neither category nor name": (
        lambda d: {"item_id": ["a"], "title": ["cup"]},
        ["neither a column 'category' (category=) nor 'name' (name=); its columns are: item_id, t"],
    ),
    "all ids null": (
        lambda d: {**ITEMS, "item_id": [None, ""]},
        ["no item ids in column 'item_id'"],
    ),
    "no rows": (lambda d: pa.table(ITEMS).slice(2), ["catalogue (Table) has no rows"]),
    "empty list": (lambda d: [], ["catalogue has no rows"]),
    "id dtype": (lambda d: {**ITEMS, "item_id": [True, False]}, ["'item_id' must hold text"]),
    "name dtype": (lambda d: {**ITEMS, "name": [["x"], ["y"]]}, ["'name' must hold text", "list"]),
    "name not UTF-8": (
        lambda d: parquet(d, {**ITEMS, "name": raw_strings([b"x", b"\xc3"])}),
        ["t.parquet: column 'name'", "not valid UTF-8"],
    ),
    "name bytes not UTF-8": (
        lambda d: pa.table({**ITEMS, "name": pa.array([b"x", b"\xc3"])}),
        ["column 'name'", "not valid UTF-8"],
    ),
    "a generator": (
        lambda d: (row for row in [{"item_id": 1}]),
        ["catalogue must be", "generator"],
    ),
    "a list of texts": (lambda d: ["a", "b"], ["catalogue must be a path or glob", "list"]),
    "a number": (lambda d: 7, ["catalogue must be a path or glob", "int"]),
    "an object frame": (
        lambda d: pytest.importorskip("polars").DataFrame({**ITEMS, "name": [object(), object()]}),
        ["catalogue (DataFrame)"],
    ),
}


@pytest.mark.parametrize("name", BAD_ITEMS)
def test_bad_items(name, tmp_path):
    make, wanted = BAD_ITEMS[name]
    with pytest.raises(InputError) as caught:
        Catalogue.read(make(tmp_path))
    message = str(caught.value)
    assert "\n" not in message
    for part in wanted:
        assert part in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gap": -1}, "gap must be at least 0, got -1"),
        ({"gap": float("nan")}, "gap must be at least 0, got nan"),
        ({"gap": "1h"}, "gap must be seconds or a timedelta, got str"),
        ({"min_length": 0}, "min_length must be at least 1, got 0"),
        ({"min_length": 2.0}, "min_length must be an integer, got float"),
        ({"min_count": -5}, "min_count must be at least 1, got -5"),
        ({"min_count": True}, "min_count must be an integer, got bool"),
        ({"memory_limit": "lots"}, "memory_limit must be bytes or text such as '2GB', got 'lots'"),
        ({"memory_limit": 0}, "memory_limit must be bytes or text such as '2GB', got 0"),
        ({"item_id": "session_id"}, "columns must differ, got session_id='session_id', item_id="),
        ({"item_id": 3}, "item_id must be the name of a column, got 3"),
        ({"catalogue": ["a"]}, "catalogue must be a Catalogue, got list"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError) as caught:
        Sessions.read(EVENTS, **arguments)
    assert str(caught.value).startswith(message)


def test_no_event_of_the_catalogue():
    with pytest.raises(InputError, match="of 2, 0 have a missing field and 2 an item that is not"):
        Sessions.read(EVENTS, Catalogue.from_ids(["x"]))
    with pytest.raises(InputError, match="gap needs timestamps, which sequences of item ids"):
        Sessions.read([["a", "b"]], gap=3)
