"""Reading events of a stretch of time."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pyarrow as pa
import pytest

from likewise.errors import InputError
from likewise.tables import ordering as _ordering
from likewise.tables.sessions import Sessions

DAYS = [date(2024, 5, 30), date(2024, 5, 31), date(2024, 6, 1), date(2024, 6, 2)]
MIDNIGHTS = [datetime(d.year, d.month, d.day, tzinfo=timezone.utc) for d in DAYS]


def events(times: object) -> dict[str, object]:
    return {"session_id": [1, 1, 1, 1], "item_id": ["a", "b", "c", "d"], "timestamp": times}


def read(times: object, **window: object) -> list[str]:
    sessions = Sessions.read(events(times), min_length=1, **window)  # type: ignore[arg-type]
    return sessions.catalogue.ids.take(pa.array(sessions.items)).to_pylist()


COLUMNS = [
    pa.array(DAYS),
    pa.array(MIDNIGHTS, pa.timestamp("us", "UTC")),
    pa.array(MIDNIGHTS, pa.timestamp("s")),
    pa.array(MIDNIGHTS, pa.timestamp("ns")),
    [int(m.timestamp()) for m in MIDNIGHTS],
    [m.timestamp() for m in MIDNIGHTS],
]
BOUNDS = [
    "2024-06-01",
    "2024-06-01T00:00:00Z",
    date(2024, 6, 1),
    datetime(2024, 6, 1),
    datetime(2024, 6, 1, 2, tzinfo=timezone(timedelta(hours=2))),
]


@pytest.mark.parametrize("times", COLUMNS, ids=["date", "us", "s", "ns", "int", "float"])
@pytest.mark.parametrize("bound", BOUNDS)
def test_since_and_until_cut_at_the_same_place(times, bound):
    assert read(times, until=bound) == ["a", "b"]
    assert read(times, since=bound) == ["c", "d"]
    assert read(times, since="2024-05-31", until=bound) == ["b"]


def test_numbers_are_in_the_unit_of_the_column():
    assert read([1, 2, 3, 4], since=2, until=4) == ["b", "c"]
    assert read([1.0, 2.0, 3.0, 4.0], since=2.5) == ["c", "d"]
    sessions = Sessions.read(events([1, 2, 3, 4]), since=3)
    assert sessions.report.outside_times == 2
    assert "2 events of other times dropped" in str(sessions.report)
    assert sessions.report.events_read == 4


def test_a_fraction_of_a_tick_is_not_lost():
    times = pa.array(MIDNIGHTS, pa.timestamp("s"))
    moment = datetime(2024, 5, 31, 0, 0, 0, 1)
    assert read(times, since=moment) == ["c", "d"]
    assert read(times, until=moment) == ["a", "b"]


def test_events_that_are_ordered_on_disk(monkeypatch):
    monkeypatch.setattr(_ordering, "memory_share", lambda: 1)
    assert read([4, 3, 2, 1], since=2) == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("times", "window", "message"),
    [
        (COLUMNS[1], {"since": 5}, r"since must be a date, as the column holds dates; got 5"),
        ([1, 2, 3, 4], {"until": "soon"}, "until must be a date such as '2024-05-31', got 'soon'"),
        ([1, 2, 3, 4], {"until": True}, "until must be a number, a date or text, got bool"),
        ([1, 2, 3, 4], {"since": float("nan")}, "since must be finite"),
        ([1, 2, 3, 4], {"since": 3, "until": 3}, "since must be before until, got 3 and 3"),
        ([1, 2, 3, 4], {"since": 9}, "no usable event: .*; 4 are of other times"),
    ],
)
def test_bad_windows(times, window, message):
    with pytest.raises(InputError, match=message):
        read(times, **window)


def test_a_window_needs_times():
    with pytest.raises(InputError, match="since needs timestamps, which sequences"):
        Sessions.read([["a", "b"]], since=3)
    with pytest.raises(InputError, match=r"until needs timestamps: .* has no 'timestamp'"):
        Sessions.read({"session_id": [1], "item_id": ["a"]}, until=3)
