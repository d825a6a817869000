"""Sessions: every source, every rule, order on disk, Ctrl-C."""

from __future__ import annotations

import datetime as dt
import random
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.places import SHARED
from likewise.errors import InputError
from likewise.tables import ordering as _ordering
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions, SessionsReport
from oracles.ingest import Reference, read_sessions

COLUMNS = ("session_id", "item_id", "timestamp")
NAN, INFINITY = float("nan"), float("inf")
DATA = SHARED / "data"


def as_lists(sessions: Sessions) -> list[list[str]]:
    ids = sessions.catalogue.ids.to_pylist()
    return [[ids[item] for item in session] for session in sessions]


def check(sessions: Sessions, expected: Reference) -> None:
    assert as_lists(sessions) == expected.sessions
    report = {k: v for k, v in vars(sessions.report).items() if type(v) is int}
    assert report == {name: expected.counted[name] for name in report}
    assert sessions.items.dtype == np.int32
    assert sessions.offsets.dtype == np.int64


def columns_of(rows: list[tuple[object, ...]]) -> dict[str, list[object]]:
    return {name: [row[i] for row in rows] for i, name in enumerate(COLUMNS)}


items = st.one_of(
    st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b", "c", "ü", "1"])), max_size=30),
    st.lists(st.one_of(st.none(), st.integers(0, 3)), max_size=30),
    st.lists(st.sampled_from(["1", 1, 1.0, 2, "a"]), max_size=30),
)
keys = st.one_of(
    st.just(st.one_of(st.none(), st.sampled_from(["", "s", "t", "10", "9", "é"]))),
    st.just(st.one_of(st.none(), st.integers(-2, 2))),
)
times = st.one_of(
    st.just(st.one_of(st.none(), st.integers(-5, 5), st.sampled_from([-(2**63), 2**63 - 1]))),
    st.just(
        st.one_of(st.none(), st.sampled_from([0.0, -0.0, 0.1, 2.5, float("nan"), float("inf")]))
    ),
)
rules = st.fixed_dictionaries(
    {
        "gap": st.one_of(st.none(), st.sampled_from([0, 1, 2, 0.5, 1e30])),
        "min_length": st.integers(1, 3),
        "min_count": st.integers(1, 3),
        "collapse_repeats": st.booleans(),
    }
)


@settings(max_examples=300, deadline=None)
@given(items=items, key=keys, time=times, known=st.booleans(), rule=rules, data=st.data())
def test_reading_agrees_with_the_reference(items, key, time, known, rule, data):
    rows = [(data.draw(key), item, data.draw(time)) for item in items]
    catalogue = Catalogue.from_ids(["1", "a", "ü", "never"]) if known else None
    expected = read_sessions(rows, set(catalogue.ids.to_pylist()) if known else None, **rule)
    usable = expected.counted["null_fields"] + expected.counted["unknown_items"] < len(rows)
    if not usable:
        with pytest.raises(InputError, match=r"has no (usable event|rows)"):
            Sessions.read(columns_of(rows), catalogue, **rule)
        return
    check(Sessions.read(columns_of(rows), catalogue, **rule), expected)


@settings(max_examples=60, deadline=None)
@given(rule=rules, seed=st.integers(0, 10**6), batch=st.sampled_from([1, 3, 1000]))
def test_batches_and_disk_agree_with_the_reference(rule, seed, batch):
    rng = random.Random(seed)
    size = rng.choice([1, 5, 40])
    rows = [
        (f"s{rng.randrange(4)}", rng.choice("abcd"), rng.choice([rng.random(), 0.25]))
        for _ in range(size)
    ]
    if rng.random() < 0.5:
        rows.sort(key=lambda row: row[0])
    expected = read_sessions(rows, **rule)
    table = pa.table(columns_of(rows))
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(batch))
    check(Sessions.read(reader, **rule), expected)
    if seed % 10 == 0:  # slower: two bytes of memory send every batch to the disk
        reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(batch))
        check(Sessions.read(reader, memory_limit=2, **rule), expected)


ROWS = [
    ("t", "b", 20),
    ("s", "c", 9),
    ("s", "a", 5),
    ("t", "b", 10),
    ("s", "b", 9),
    ("t", "x", 30),
    (None, "a", 1),
    ("t", "c", None),
]


def source_of(kind: str, folder: Path) -> object:
    table = pa.table(columns_of(ROWS))
    if kind == "arrow":
        return table
    if kind == "rows":
        return [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
    if kind == "reader":
        return table.to_reader(3)
    if kind in ("pandas", "polars"):
        return pytest.importorskip(kind).DataFrame(columns_of(ROWS))
    if kind == "parquet":
        pq.write_table(table, folder / "e.parquet", row_group_size=3)
        return folder / "e.parquet"
    if kind == "glob":
        for part in range(4):
            pq.write_table(table.slice(2 * part, 2), folder / f"{part}.parquet")
        return str(folder / "*.parquet")
    target = folder / {"csv": "e.csv", "csv.gz": "e.csv.gz", "jsonl": "e.jsonl"}[kind]
    kind = "JSON" if kind == "jsonl" else "CSV"
    with duckdb.connect() as connection:
        connection.register("events", table)
        connection.execute(f"COPY events TO '{target}' (FORMAT {kind})")
    return str(target)


KINDS = ["arrow", "rows", "reader", "pandas", "polars", "parquet", "glob", "csv", "csv.gz", "jsonl"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_source_gives_the_same_sessions(kind, tmp_path):
    catalogue = Catalogue.from_ids(["c", "b", "a"])
    sessions = Sessions.read(source_of(kind, tmp_path), catalogue, collapse_repeats=False)
    assert as_lists(sessions) == [["a", "c", "b"], ["b", "b"]]
    assert sessions.report == SessionsReport(
        8, null_fields=2, unknown_items=1, sessions=2, events=5
    )
    assert sessions.counts.tolist() == [1, 3, 1]


def test_a_catalogue_of_the_ids_that_occur_is_sorted():
    column = pa.array(["b", "a", "b", None]).dictionary_encode()
    unused = pa.DictionaryArray.from_arrays(column.indices, pa.array(["b", "a", "never"][:2]))
    table = pa.table({"session_id": ["s"] * 4, "item_id": unused, "timestamp": [1, 2, 3, 4]})
    sessions = Sessions.read(table)
    assert sessions.catalogue.ids.to_pylist() == ["a", "b"]
    assert sessions.items.tolist() == [1, 0, 1]
    only_used = pa.DictionaryArray.from_arrays([2, 1, 2, 1], pa.array(["never", "b", "a"]))
    sessions = Sessions.read(table.set_column(1, "item_id", only_used))
    assert sessions.catalogue.ids.to_pylist() == ["a", "b"]


def test_without_timestamps_the_input_order_is_kept_and_reported():
    table = {"session_id": [2, 1, 2, 1], "item_id": ["z", "b", "a", "y"]}
    sessions = Sessions.read(table)
    assert as_lists(sessions) == [["b", "y"], ["z", "a"]]
    assert not sessions.report.timed
    assert str(sessions.report).endswith("no times: events in the order of the input")
    assert as_lists(Sessions.read(table, memory_limit=1)) == [["b", "y"], ["z", "a"]]
    with pytest.raises(InputError, match=r"gap needs timestamps: .* has no 'timestamp'"):
        Sessions.read(table, gap=5)


def test_sessions_are_ordered_by_number_or_by_text():
    rows = [{"session_id": s, "item_id": i} for s in (10, 9, -1) for i in "ab"]
    table = Catalogue.from_ids(["a", "b"])
    shown = Sessions.read([*rows, {"session_id": 9, "item_id": "a"}], table)
    assert [len(session) for session in shown] == [2, 3, 2]
    texts = [{**row, "session_id": str(row["session_id"])} for row in rows]
    shown = Sessions.read([*texts, {"session_id": "9", "item_id": "a"}], table)
    assert [len(session) for session in shown] == [2, 2, 3]


SECOND = dt.timedelta(seconds=1)
START = dt.datetime(2024, 3, 1, 23, 59, 0, 1)


@pytest.mark.parametrize(
    ("column", "gap", "lengths"),
    [
        (pa.array([0, 60, 121]), 60, [2, 1]),
        (pa.array([10**9, 10**9 + 60, 10**9 + 121]), dt.timedelta(minutes=1), [2, 1]),
        (pa.array([0.0, 0.5, 1.25]), 0.5, [2, 1]),
        (
            pa.array([START, START + dt.timedelta(seconds=1), START + dt.timedelta(seconds=3)]),
            1,
            [2, 1],
        ),
        (pa.array([START] * 2 + [START + dt.timedelta(microseconds=2)]), 1e-6, [2, 1]),
        (pa.array([0, 1, 10**9 + 2], pa.timestamp("ns", "UTC")), dt.timedelta(seconds=1), [2, 1]),
        (pa.array([0, 1, 3], pa.date32()), dt.timedelta(days=1), [2, 1]),
        (pa.array([0, 86_400_000, 3 * 86_400_000], pa.date64()), 86_400, [2, 1]),
        (pa.array([0, 1, 2], pa.int16()), float("inf"), [3]),
        (pa.array([0, 1, 2], pa.int16()), 10**400, [3]),
        (pa.array([-(2**63), 0, 2**63 - 1]), 2**63 - 1, [1, 2]),
        (pa.array([-(2**63), 2**63 - 1, 2**63 - 1]), 2**64 - 2, [1, 2]),
        (pa.array([-(2**63), 2**63 - 1, 2**63 - 1]), 1e30, [3]),
        (pa.array([2**63, 2**63 + 1, 2**63 + 5], pa.uint64()), 1, None),
    ],
)
def test_gaps_of_every_kind_of_time(column, gap, lengths):
    table = pa.table({"session_id": ["s"] * 3, "item_id": list("abc"), "timestamp": column})
    if lengths is None:
        with pytest.raises(InputError, match="cannot be read as times"):
            Sessions.read(table, gap=gap)
        return
    for limit in (None, 1):
        sessions = Sessions.read(table, gap=gap, min_length=1, memory_limit=limit)
        assert np.diff(sessions.offsets).tolist() == lengths
        assert sessions.report.gap_cuts == len(lengths) - 1


def test_sessions_of_one_event_and_of_a_hundred_thousand():
    n = 100_000
    rng = np.random.default_rng(3)
    stamps = rng.permutation(n)
    table = pa.table(
        {
            "session_id": ["long"] * n + [f"one-{i}" for i in range(500)],
            "item_id": np.concatenate([stamps % 997, np.zeros(500, np.int64)]),
            "timestamp": np.concatenate([stamps, np.zeros(500, np.int64)]),
        }
    )
    sessions = Sessions.read(table, min_length=1)
    assert len(sessions) == 501
    numbers = np.array(sessions.catalogue.ids.to_pylist(), int)
    assert np.array_equal(numbers[sessions[0]], np.arange(n) % 997)
    assert [len(session) for session in sessions][1:] == [1] * 500
    assert len(Sessions.read(table, min_length=2)) == 1
    nothing = Sessions.read(table.slice(n), min_length=2)
    assert (len(nothing), nothing.n_events, nothing.report.short_sessions) == (0, 0, 500)


def test_sequences_of_ids():
    class Corpus:
        def __iter__(self):
            yield ["b", "a", "a"]
            yield (item for item in [7, "7", None, "c"])
            yield []

    sessions = Sessions.read(Corpus())
    assert as_lists(sessions) == [["b", "a"], ["7", "c"]]
    assert sessions.catalogue.ids.to_pylist() == ["7", "a", "b", "c"]
    report = SessionsReport(
        7, null_fields=1, repeats_collapsed=2, sessions=2, events=4, timed=False
    )
    assert sessions.report == report
    known = Sessions.read([["x", "b", "a"], ["x"]], sessions.catalogue)
    assert known.items.tolist() == [2, 1]
    assert known.report.unknown_items == 2
    assert as_lists(Sessions.read(pa.array([["a", "b"], ["c", "a"]]))) == [["a", "b"], ["c", "a"]]
    assert as_lists(Sessions.read(np.array([[1, 2], [2, 1]]))) == [["1", "2"], ["2", "1"]]


def test_from_arrays_iterates_and_guards():
    catalogue = Catalogue.from_ids(["a", "b", "c"])
    sessions = Sessions.from_arrays([0, 1, 2, 2], [0, 2, 2, 4], catalogue)
    assert [session.tolist() for session in sessions] == [[0, 1], [], [2, 2]]
    assert sessions[-1].tolist() == [2, 2]
    assert np.shares_memory(sessions[0], sessions.items)
    assert repr(sessions) == "<Sessions: 3 sessions, 4 events, 3 items>"
    with pytest.raises(IndexError, match="session 3 is not among 3 sessions"):
        sessions[3]
    with pytest.raises(ValueError, match="read-only"):
        sessions.items[0] = 1
    for arrays, message in [
        (([0], [0]), r"offsets must go from 0 to len\(items\) = 1"),
        (([0, 1], [0, 2, 1, 2]), "offsets must never fall"),
        (([3], [0, 1]), r"items must be in \[0, 3\), got 3"),
        (([-1], [0, 1]), r"items must be in \[0, 3\), got -1"),
        (([0.5], [0, 1]), "items must be a vector of integers, got float64"),
        (([0], []), "offsets must go from 0"),
    ]:
        with pytest.raises(InputError, match=message):
            Sessions.from_arrays(*arrays, catalogue)


def test_the_disk_is_left_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    table = pa.table(columns_of([(f"s{i % 7}", "ab"[i % 2], -i) for i in range(1000)]))
    sessions = Sessions.read(table, memory_limit="1 KB", collapse_repeats=False)
    assert sessions.n_events == 1000
    assert list(tmp_path.iterdir()) == []

    def full(*arguments):
        raise duckdb.IOException("IO Error: Could not write file: No space left on device")

    monkeypatch.setattr(_ordering, "stream", full)
    with pytest.raises(InputError, match=r"^cannot order events on disk: .*No space left"):
        Sessions.read(table, memory_limit="1 KB")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["amazon_beauty_toys", "groceries", "online_retail"])
def test_real_events_agree_with_duckdb(name):
    folder = DATA / name
    if not folder.exists():
        pytest.skip(f"needs {folder}")
    catalogue = Catalogue.read(folder / "products.parquet")
    sessions = Sessions.read(
        folder / "events.parquet", catalogue, collapse_repeats=False, min_length=1
    )
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT session_id, list(item_id ORDER BY timestamp, file_row_number) "
            f"FROM read_parquet('{folder / 'events.parquet'}', file_row_number = true) "
            "GROUP BY session_id ORDER BY session_id"
        ).fetchall()
    assert as_lists(sessions) == [ids for _, ids in rows]
