"""Times of every kind: as text, as numbers of any unit, mixed; and what is never assumed."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.errors import InputError
from likewise.tables.sessions import Sessions
from likewise.tables.times import Clock

UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
ISO = ["2024-01-05 10:00", "2024-01-04T23:59:59.5+02:00", "2024-01-06", "2024-01-04 20:00:00Z"]
ORDER = ["d", "b", "a", "c"]  # of the items a to d at these times


def order(source, **options):
    sessions = Sessions.read(source, min_length=1, **options)
    return [sessions.catalogue.ids[int(i)].as_py() for session in sessions for i in session]


def columns(times):
    return {"session_id": ["s"] * len(times), "item_id": list("abcd")[: len(times)],
            "timestamp": times}  # fmt: skip


def as_csv(folder, times):
    rows = [f"s,{item},{time}" for item, time in zip("abcd", times, strict=False)]
    (folder / "t.csv").write_text("\n".join(["session_id,item_id,timestamp", *rows, ""]))
    return folder / "t.csv"


def as_json(folder, times):
    rows = [
        json.dumps({"session_id": "s", "item_id": item, "timestamp": time})
        for item, time in zip("abcd", times, strict=False)
    ]
    (folder / "t.jsonl").write_text("\n".join([*rows, ""]))
    return folder / "t.jsonl"


def as_parquet(folder, times):
    pq.write_table(pa.table(columns(times)), folder / "t.parquet")
    return folder / "t.parquet"


SOURCES = {
    "CSV": as_csv,
    "JSON lines": as_json,
    "Parquet": as_parquet,
    "rows": lambda folder, times: [
        dict(zip(("session_id", "item_id", "timestamp"), ("s", item, time), strict=True))
        for item, time in zip("abcd", times, strict=False)
    ],
    "pandas": lambda folder, times: pytest.importorskip("pandas").DataFrame(columns(times)),
    "polars": lambda folder, times: pytest.importorskip("polars").DataFrame(columns(times)),
    "dictionary": lambda folder, times: pa.table(
        {**columns(times), "timestamp": pa.array(times).dictionary_encode()}
    ),
}
every_source = pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())


@every_source
def test_iso_text_wherever_it_comes_from(make, tmp_path):
    assert order(make(tmp_path, ISO)) == ORDER
    assert order(make(tmp_path, ISO), since="2024-01-05") == ["a", "c"]
    with_gap = Sessions.read(make(tmp_path, ISO), gap=dt.timedelta(hours=12), min_length=1)
    assert np.diff(with_gap.offsets).tolist() == [2, 1, 1]


@every_source
@pytest.mark.parametrize(
    ("times", "date_format", "wanted"),
    [
        (["01/12/2024 10:00", "02/01/2024 09:00"], "%m/%d/%Y %H:%M", ["a", "b"]),
        (["01/12/2024 10:00", "02/01/2024 09:00"], "%d/%m/%Y %H:%M", ["b", "a"]),
        (["12/1/10 8:26", "1/4/11 10:00", "12/9/09 12:50"], "%m/%d/%y %H:%M", ["c", "a", "b"]),
        (["13.12.2010", "1.12.2010"], "%d.%m.%Y", ["b", "a"]),
        (["5 Jan 2024 1:00 PM", "5 Jan 2024 11:00 AM"], "%d %b %Y %I:%M %p", ["b", "a"]),
    ],
)
def test_dates_in_another_format(make, times, date_format, wanted, tmp_path):
    source = make(tmp_path, times)
    with pytest.raises(InputError, match=r"'timestamp' must hold numbers.*date_format= says"):
        Sessions.read(source)
    assert order(make(tmp_path, times), date_format=date_format) == wanted
    with pytest.raises(InputError, match="in the format date_format='%Y~%m', got '"):
        Sessions.read(make(tmp_path, times), date_format="%Y~%m")


def test_numbers_and_dates_in_one_column(tmp_path):
    for times in (["1700000000", "2023-11-14"], ["2023-11-14", "1700000000"]):
        with pytest.raises(InputError, match=r"timestamp' (holds numbers in one place|must hold)"):
            Sessions.read(as_csv(tmp_path, times))


def test_numbers_that_are_dates():
    table = columns([20240105, 20231231, 20240101])
    assert order(table, date_format="%Y%m%d") == ["b", "c", "a"]
    assert order(table, date_format="%Y%m%d", until="2024-01-01") == ["b"]


@every_source
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("said", [False, True])
def test_the_unit_of_numbers_is_told_by_their_magnitude(make, unit, said, tmp_path):
    start = 1_704_067_200  # 2024
    times = [(start + seconds) * UNITS[unit] for seconds in (0, 60, 4000)]
    options = {"time_unit": unit} if said else {}
    source = make(tmp_path, times)
    sessions = Sessions.read(source, gap=dt.timedelta(hours=1), min_length=1, **options)
    assert np.diff(sessions.offsets).tolist() == [2, 1]
    assert sessions.report.time_unit == unit
    assert "seconds since 1970" in str(sessions.report)
    assert order(make(tmp_path, times), until="2024-01-01 00:01", **options) == ["a"]


@given(st.integers(10**8, 10**10 - 1), st.sampled_from(list(UNITS)))
def test_magnitudes_do_not_overlap(seconds, unit):
    clock = Clock(None, None)
    clock.watch(
        np.array([seconds * UNITS[unit]]) if seconds * UNITS[unit] < 2**63 else np.array([])
    )
    assert clock.unit() in (unit, None)
    assert clock.unit() == unit or seconds * UNITS[unit] >= 2**63


@pytest.mark.parametrize(
    "times", [[0, 60, 121], [10**8 - 1, 10**9], [10**9, 10**12], [-5, 10**9], [2**40, 2**33]]
)
def test_a_unit_that_is_not_told_is_asked_for(times):
    table = columns(times)
    assert Sessions.read(table).report.time_unit == ""
    assert len(Sessions.read(table, gap=50, min_length=1)) >= 1  # in whatever unit they are
    for given_ in ({"gap": dt.timedelta(minutes=1)}, {"since": "2001-01-01"}):
        with pytest.raises(InputError, match=r"needs the unit .* time_unit= says whether"):
            Sessions.read(table, **given_)
    cut = Sessions.read(
        columns([0, 60, 121]), time_unit="s", gap=dt.timedelta(minutes=1), min_length=1
    )
    assert np.diff(cut.offsets).tolist() == [2, 1]


TIMES = [dt.datetime(2024, 1, 5), dt.datetime(2024, 1, 4), dt.datetime(2024, 1, 6)]


@pytest.mark.parametrize("limit", [None, 1])
@pytest.mark.parametrize(
    "kinds",
    [("s", "ms", "us"), ("us", "s", "ns"), ("ns", "date", "ms"), ("date", "us"), ("text", "ns"),
     ("us", "text")],
)  # fmt: skip
def test_files_of_several_units(kinds, limit, tmp_path):
    for number, kind in enumerate(kinds):
        # Each file has its times between those of the others, hours apart.
        times = [time + dt.timedelta(hours=number) for time in TIMES]
        if kind == "date":
            times = [time.date() for time in TIMES]
            array = pa.array(times, pa.date32())
        elif kind == "text":
            array = pa.array([time.isoformat() for time in times])
        else:
            array = pa.array(times, pa.timestamp(kind))
        items = [f"{number}{letter}" for letter in "abc"]
        table = pa.table({"session_id": ["s"] * 3, "item_id": items, "timestamp": array})
        pq.write_table(table, tmp_path / f"{number}.parquet")
    found = order(tmp_path / "*.parquet", memory_limit=limit)
    assert found == [f"{n}{letter}" for letter in "bac" for n in range(len(kinds))]


@pytest.mark.parametrize("limit", [None, 1])
@pytest.mark.parametrize("first", [0, 1])
def test_whole_numbers_and_fractions(first, limit, tmp_path):
    parts = [pa.array([10, 30]), pa.array([20.5, 9.75])]
    for number in (first, 1 - first):
        items = [f"{number}{letter}" for letter in "ab"]
        table = {"session_id": ["s"] * 2, "item_id": items, "timestamp": parts[number]}
        pq.write_table(pa.table(table), tmp_path / f"{number != first}.parquet")
    assert order(tmp_path / "*.parquet", memory_limit=limit) == ["1b", "0a", "1a", "0b"]


def test_what_cannot_be_brought_together(tmp_path):
    big = {"session_id": ["s"], "item_id": ["a"], "timestamp": [2**60]}
    pq.write_table(pa.table(big), tmp_path / "1.parquet")
    pq.write_table(pa.table({**big, "timestamp": [0.5]}), tmp_path / "2.parquet")
    with pytest.raises(InputError, match="fractions in one place and too large numbers"):
        Sessions.read(tmp_path / "*.parquet")
    far = pa.array([dt.datetime(9999, 1, 1)], pa.timestamp("ms"))
    pq.write_table(pa.table({**big, "timestamp": far}), tmp_path / "1.parquet")
    near = pa.array([dt.datetime(2024, 1, 1)], pa.timestamp("ns"))
    pq.write_table(pa.table({**big, "timestamp": near}), tmp_path / "2.parquet")
    with pytest.raises(InputError, match="two resolutions, of which the finer one"):
        Sessions.read(tmp_path / "*.parquet")


@pytest.mark.parametrize("text", ["NULL", "\\N", "", "NaN", "NaT", " "])
def test_times_that_are_missing(text, tmp_path):
    for times in (["3", text, "1"], ["2024-01-02", text, "2024-01-01"]):
        sessions = Sessions.read(as_csv(tmp_path, times))
        assert sessions.report.null_fields == 1
        assert order(as_csv(tmp_path, times)) == ["c", "a"]
    with pytest.raises(InputError, match="got 'never'"):
        Sessions.read(as_csv(tmp_path, ["2024-01-02", "never", "2024-01-01"]))
    assert order(as_csv(tmp_path, ["2024-01-02", "never", "2024-01-01"]), missing=["never"]) == [
        "c", "a",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time_unit": "hours"}, "time_unit must be one of s, ms, us, ns, got 'hours'"),
        ({"date_format": "dd/mm"}, "date_format must be a format of strptime .*, got 'dd/mm'"),
        ({"date_format": 5}, "date_format must be a format of strptime"),
        ({"date_format": "%Q"}, "date_format must be a format of strptime"),
    ],
)
def test_options_of_times_that_cannot_be_meant(options, message):
    with pytest.raises(InputError, match=message):
        Sessions.read(columns(["2024-01-01", "2024-01-02"]), **options)
