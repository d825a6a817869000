"""Events of any source as items in order: what `Sessions.read` starts from.

Owns which events are usable (every field there, the item known, the time wanted) and the walk over
batches or sequences. How sessions are cut down afterwards is the affair of sessions.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime, timezone
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from likewise.errors import InputError
from likewise.tables._ingest import MISSING_ID, UNKNOWN_ID, IdTable, encode_sequences
from likewise.tables.columns import encode, id_text, text_column, time_column
from likewise.tables.ordering import EventStore, Ordered
from likewise.tables.reading import Table, is_column, is_table, open_table

__all__ = ["Window", "read_events"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Window:
    """Events from ``since`` on and before ``until``; either may be None.

    Parameters
    ----------
    since, until : number, str, datetime.date, datetime.datetime or None
        As in ``Sessions.read``.

    Raises
    ------
    InputError
        When one of them is none of these, or ``since`` is not before ``until``.
    """

    def __init__(self, since: Any, until: Any) -> None:
        self._bounds = _bound("since", since), _bound("until", until)
        first: Any = self._bounds[0]
        last: Any = self._bounds[1]
        if first is not None and isinstance(last, type(first)) and first >= last:
            raise InputError(f"since must be before until, got {since!r} and {until!r}")

    @property
    def given(self) -> str:
        """The argument that was given, for messages; empty when every event is wanted."""
        names = ("since", "until")
        return next((n for n, b in zip(names, self._bounds, strict=True) if b is not None), "")

    def inside(self, times: npt.NDArray[Any], ticks: int, kind: pa.DataType) -> Any:
        """Tell which times are inside.

        Parameters
        ----------
        times : int64 or float64 (n,)
        ticks : int
            Ticks of a second, where the column holds times.
        kind : pyarrow.DataType
            Type of the column.
        """
        chosen = np.ones(len(times), bool)
        for bound, name in zip(self._bounds, ("since", "until"), strict=True):
            if bound is None:
                continue
            if isinstance(bound, datetime):
                since_epoch = bound - _EPOCH
                whole = (since_epoch.days * 86_400 + since_epoch.seconds) * ticks
                edge: float = whole + math.ceil(since_epoch.microseconds * ticks / 1_000_000)
            elif _holds_times(kind):
                raise InputError(
                    f"{name} must be a date, as the column holds times ({kind}); got {bound!r}"
                )
            else:
                edge = bound
            chosen &= times >= edge if name == "since" else times < edge
        return chosen


def _holds_times(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _bound(name: str, value: Any) -> float | datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().removesuffix("Z"))
        except ValueError:
            raise InputError(f"{name} must be a date such as '2024-05-31', got {value!r}") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)
    number = isinstance(value, (int, float, np.integer, np.floating))
    if isinstance(value, (bool, np.bool_)) or not number:
        raise InputError(f"{name} must be a number, a date or text, got {type(value).__name__}")
    if not math.isfinite(value):
        raise InputError(f"{name} must be finite, got {value}")
    return value if isinstance(value, int) else float(value)


def read_events(
    source: Any,
    table: IdTable,
    insert: bool,
    names: dict[str, str],
    gap: float | None,
    limit: int | None,
    window: Window,
) -> tuple[Ordered, dict[str, Any]]:
    """Read usable events in order.

    Parameters
    ----------
    source : what Sessions.read takes
    table : IdTable
        Items by position; their ids are added to it where `insert` is true.
    names : dict of str to str
        Columns of ``session_id``, ``item_id`` and ``timestamp``.
    gap, limit
        Seconds, and bytes that ordering may take; None as in Sessions.read.
    window : Window
        The times that are wanted.

    Returns
    -------
    Ordered, dict
        The events, and what was read and dropped by the names of SessionsReport.
    """
    if is_table(source) or (isinstance(source, (list, tuple)) and not source):
        texts = ["session_id", "item_id"]
        opened = open_table(source, "sessions", names, texts, limit)
        return _of_table(opened, table, insert, names, gap, limit, window)
    for given in (window.given, "" if gap is None else "gap"):
        if given:
            raise InputError(f"{given} needs timestamps, which sequences of item ids do not have")
    return _of_sequences(source, table, insert)


def _of_table(
    opened: Table,
    table: IdTable,
    insert: bool,
    names: dict[str, str],
    gap: float | None,
    limit: int | None,
    window: Window,
) -> tuple[Ordered, dict[str, Any]]:
    timed = names["timestamp"] in opened.present
    for given in ("" if gap is None else "gap", window.given):
        if given and not timed:
            raise InputError(
                f"{given} needs timestamps: {opened.label} has no {names['timestamp']!r}"
            )
    rows = nulls = unknown = outside = 0
    ticks: int | None = None
    what = {role: f"{opened.label}: column {name!r}" for role, name in names.items()}
    with EventStore(timed, opened.rows, limit) as store:
        for columns in opened.read():
            sessions, missing = store.keys.encode(columns[names["session_id"]], what["session_id"])
            column = text_column(columns[names["item_id"]], what["item_id"])
            items = encode(table, column, insert=insert)
            missing = missing | (items == MISSING_ID)
            times = None
            if timed:
                times, absent, unit = time_column(columns[names["timestamp"]], what["timestamp"])
                if absent is not None:
                    missing |= absent
                if not missing.all():  # a batch of nulls alone has no type to speak of
                    if store.time_type not in (None, times.dtype) or ticks not in (None, unit):
                        raise InputError(f"{what['timestamp']} holds times of two types")
                    ticks = unit
            lost = int(np.count_nonzero(missing))
            keep = ~missing & (items != UNKNOWN_ID)
            left = int(np.count_nonzero(keep))
            rows += len(items)
            nulls += lost
            unknown += len(items) - lost - left
            if window.given and times is not None:
                kind = columns[names["timestamp"]].type
                keep &= window.inside(times, unit, kind)
                inside = int(np.count_nonzero(keep))
                outside += left - inside
                left = inside
            if left < len(items):
                sessions, items = sessions[keep], items[keep]
                times = None if times is None else times[keep]
            store.add(sessions, items, times)
        _check_left(opened.label, rows, nulls, unknown, outside)
        ordered = store.order(gap, ticks or 1)
    return ordered, {
        "events_read": rows,
        "null_fields": nulls,
        "unknown_items": unknown,
        "outside_times": outside,
        "timed": timed,
    }


def _of_sequences(source: Any, table: IdTable, insert: bool) -> tuple[Ordered, dict[str, Any]]:
    if isinstance(source, (pa.Array, pa.ChunkedArray)):
        source = source.to_pylist()
    elif is_column(source):
        source = source.to_list()
    if isinstance(source, (bytes, bytearray)) or not isinstance(source, Iterable):
        raise InputError(
            "sessions must be a path or glob, a DataFrame, an Arrow table, a list of dicts or "
            f"sequences of item ids, got {type(source).__name__}"
        )
    if iter(source) is source:
        raise InputError(
            f"sessions must be something that can be iterated over again, got a one-shot "
            f"{type(source).__name__}; pass a list, or an object with its own __iter__"
        )

    def to_text(value: Any, number: int) -> str | None:
        return id_text(value, f"sessions[{number}]")

    try:
        codes, offsets = encode_sequences(source, table, insert, to_text)
    except TypeError as error:
        if not str(error).startswith("["):
            raise
        raise InputError(f"sessions{error}") from None
    except UnicodeEncodeError as error:
        raise InputError(f"sessions must hold valid Unicode: {error.reason}") from None
    rows = len(codes)
    nulls = int(np.count_nonzero(codes == MISSING_ID))
    unknown = int(np.count_nonzero(codes == UNKNOWN_ID))
    _check_left("sessions", rows, nulls, unknown)
    if nulls or unknown:
        keep = codes >= 0
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(keep)])[offsets]
        codes = codes[keep]
    # A session is its usable events: one without any is none.
    offsets = np.append(offsets[:-1][offsets[1:] > offsets[:-1]], offsets[-1])
    dropped = {
        "events_read": rows,
        "null_fields": nulls,
        "unknown_items": unknown,
        "timed": False,
    }
    return Ordered(codes, offsets, 0), dropped


def _check_left(label: str, rows: int, nulls: int, unknown: int, outside: int = 0) -> None:
    if rows == 0:
        raise InputError(f"{label} has no rows")
    if nulls + unknown + outside == rows:
        raise InputError(
            f"{label} has no usable event: of {rows:,}, {nulls:,} have a missing field and "
            f"{unknown:,} an item that is not in the catalogue"
            + (f"; {outside:,} are of other times" if outside else "")
        )
