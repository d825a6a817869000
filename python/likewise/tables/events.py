"""Events of any source as items in order: what `Sessions.read` starts from.

Owns which events are usable (every field there, the item known, the time wanted) and the walk over
batches or sequences. How sessions are cut down afterwards is the affair of sessions.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import date, datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from likewise.errors import InputError
from likewise.reading.kinds import is_column, is_table
from likewise.reading.options import USUALLY_MISSING, ReadOptions
from likewise.reading.sources import Table, open_table
from likewise.reading.values import id_text
from likewise.tables._ingest import MISSING_ID, UNKNOWN_ID, IdTable, encode_sequences
from likewise.tables.columns import encode, text_column
from likewise.tables.ordering import EventStore, Ordered
from likewise.tables.times import Clock, Times
from likewise.tables.unmatched import Unmatched

if TYPE_CHECKING:
    from likewise.items import Items

__all__ = ["Gap", "Window", "read_events"]

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

    def inside(self, times: Times, clock: Clock, label: str) -> Any:
        """Tell which times are inside.

        Raises
        ------
        InputError
            When a bound is a date and the unit of the times is not known, or a number and the
            column holds dates.
        """
        chosen = np.ones(len(times.values), bool)
        for bound, name in zip(self._bounds, ("since", "until"), strict=True):
            if bound is None:
                continue
            if isinstance(bound, datetime):
                ticks = times.ticks or clock.ticks_for(name, label)
                since_epoch = bound - _EPOCH
                whole = (since_epoch.days * 86_400 + since_epoch.seconds) * ticks
                edge: float = whole + math.ceil(since_epoch.microseconds * ticks / 1_000_000)
            elif times.ticks:
                raise InputError(f"{name} must be a date, as the column holds dates; got {bound!r}")
            else:
                edge = bound
            chosen &= times.values >= edge if name == "since" else times.values < edge
        return chosen


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


class Gap(NamedTuple):
    """The longest step inside a session: seconds, or in the unit of numbers where it is bare."""

    length: float
    bare: bool


def read_events(
    source: Any,
    table: IdTable,
    catalogue: Items | None,
    names: dict[str, str],
    gap: Gap | None,
    limit: int | None,
    window: Window,
    clock: Clock,
    options: ReadOptions,
) -> tuple[Ordered, dict[str, Any]]:
    """Read usable events in order.

    Parameters
    ----------
    source : what Sessions.read takes
    table : IdTable
        Items by position; their ids are added to it where there is no catalogue.
    catalogue : Items or None
    names : dict of str to str
        Columns of ``session_id``, ``item_id`` and ``timestamp``.
    gap, limit
        None as in Sessions.read; the limit is of bytes that ordering may take.
    window : Window
        The times that are wanted.
    clock : Clock
        Reads times.
    options : ReadOptions

    Returns
    -------
    Ordered, dict
        The events, and what was read and dropped by the names of SessionsReport.
    """
    if is_table(source) or (isinstance(source, (list, tuple)) and not source):
        texts = ["session_id", "item_id", "timestamp"]
        opened = open_table(source, "sessions", names, texts, limit, options, "item_id")
        walk = _Walk(opened, table, catalogue, names, options)
        return walk.read(gap, limit, window, clock)
    for given in (window.given, "" if gap is None else "gap"):
        if given:
            raise InputError(f"{given} needs timestamps, which sequences of item ids do not have")
    return _of_sequences(source, table, catalogue)


class _Walk:
    """One walk over the batches of a table, and what is dropped on it."""

    def __init__(
        self,
        opened: Table,
        table: IdTable,
        catalogue: Items | None,
        names: dict[str, str],
        options: ReadOptions,
    ) -> None:
        self.opened = opened
        self.table = table
        self.catalogue = catalogue
        self.names = names
        self.timed = names["timestamp"] in opened.present
        self.what = {role: f"{opened.label}: column {name!r}" for role, name in names.items()}
        self.spelled = USUALLY_MISSING if options.missing is None else options.missing
        self.unmatched = Unmatched()
        self.examples: dict[str, str] = {}
        self.rows = self.nulls = self.spelled_rows = self.unknown = self.outside = 0

    def read(
        self, gap: Gap | None, limit: int | None, window: Window, clock: Clock
    ) -> tuple[Ordered, dict[str, Any]]:
        """Walk over all batches; return the events in order and what was dropped."""
        opened = self.opened
        for given in ("" if gap is None else "gap", window.given):
            if given and not self.timed:
                raise InputError(
                    f"{given} needs timestamps: {opened.label} has no {self.names['timestamp']!r}"
                )
        with EventStore(self.timed, opened.rows, limit) as store:
            for columns in opened.read():
                self._add(store, columns, window, clock)
            _check_left(
                opened.label, self.rows, self.nulls, self.unknown, self.outside, self._advice()
            )
            length, ticks = None, store.ticks or 1
            if gap is not None:
                length = gap.length
                if not store.ticks and not gap.bare:
                    ticks = clock.ticks_for("gap", opened.label)
            ordered = store.order(length, ticks)
            unit = clock.unit() if self.timed and store.ticks == 0 else None
        if self.unknown:
            self.examples["unknown_items"] = repr(self.unmatched.example())
        return ordered, {
            "events_read": self.rows,
            "null_fields": self.nulls,
            "spelled_missing": self.spelled_rows,
            "unknown_items": self.unknown,
            "unknown_advice": self._advice(),
            "outside_times": self.outside,
            "timed": self.timed,
            "time_unit": unit or "",
            "examples": self.examples,
        }

    def _add(
        self, store: EventStore, columns: dict[str, Any], window: Window, clock: Clock
    ) -> None:
        names, what = self.names, self.what
        sessions, absent = store.keys.encode(columns[names["session_id"]], what["session_id"])
        no_session, spelled = self._missing(sessions, absent, store.keys.table)
        texts = text_column(columns[names["item_id"]], what["item_id"])
        items = encode(self.table, texts, insert=self.catalogue is None)
        no_item, more = self._missing(items, items == MISSING_ID, self.table)
        spelled |= more
        missing = no_session | no_item
        times = None
        if self.timed:
            times = clock.read(columns[names["timestamp"]], what["timestamp"])
            if times.missing is not None:
                missing = missing | times.missing
        lost = int(np.count_nonzero(missing))
        known = items != UNKNOWN_ID
        keep = ~missing & known
        left = int(np.count_nonzero(keep))
        if lost and "null_fields" not in self.examples:
            row = int(np.argmax(missing))
            roles = {"session_id": no_session[row], "item_id": no_item[row]}
            role = next((role for role, gone in roles.items() if gone), "timestamp")
            self.examples["null_fields"] = f"row {self.rows + row + 1:,} has no {names[role]}"
        unknown = len(items) - lost - left
        if unknown:
            self.unmatched.add(texts.filter(pa.array(~missing & ~known)))
        self.rows += len(items)
        self.nulls += lost
        self.spelled_rows += int(np.count_nonzero(spelled))
        self.unknown += unknown
        if times is not None and left:
            if times.ticks == 0:
                clock.watch(times.values if left == len(items) else times.values[keep])
            if window.given:
                keep &= window.inside(times, clock, self.opened.label)
                inside = int(np.count_nonzero(keep))
                if inside < left and "outside_times" not in self.examples:
                    self.examples["outside_times"] = _shown_time(
                        times, int(np.argmax(~keep & ~missing & known))
                    )
                self.outside += left - inside
                left = inside
        if left < len(items):
            sessions, items = sessions[keep], items[keep]
            if times is not None:
                times = Times(times.values[keep], None, times.ticks)
        store.add(sessions, items, times, what["timestamp"])

    def _missing(self, codes: Any, missing: Any, table: IdTable | None) -> tuple[Any, Any]:
        """Return which ids are missing, and which of them are spelled so."""
        spelled = np.zeros(len(codes), bool)
        if table is not None:
            places = [table.position(text) for text in self.spelled]
            places = [place for place in places if place >= 0]
            if places:
                spelled = np.isin(codes, places)
                if spelled.any() and "spelled_missing" not in self.examples:
                    first = int(codes[np.argmax(spelled)])
                    self.examples["spelled_missing"] = repr(
                        next(text for text in self.spelled if table.position(text) == first)
                    )
                missing = missing | spelled
        return missing, spelled

    def _advice(self) -> str:
        if not self.unknown or self.catalogue is None:
            return ""
        if self._advised is None:
            self._advised = self.unmatched.advice(self.catalogue.ids)
        return self._advised

    _advised: str | None = None


def _shown_time(times: Times, at: int) -> str:
    value = times.values[at].item()
    if not times.ticks:
        return str(value)
    try:
        return str(datetime.fromtimestamp(value // times.ticks, timezone.utc))
    except (OverflowError, ValueError, OSError):
        return str(value)


def _of_sequences(
    source: Any, table: IdTable, catalogue: Items | None
) -> tuple[Ordered, dict[str, Any]]:
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
        codes, offsets = encode_sequences(source, table, catalogue is None, to_text)
    except TypeError as error:
        if not str(error).startswith("["):
            raise
        raise InputError(f"sessions{error}") from None
    except UnicodeEncodeError as error:
        raise InputError(f"sessions must hold valid Unicode: {error.reason}") from None
    rows = len(codes)
    nulls = int(np.count_nonzero(codes == MISSING_ID))
    unknown = int(np.count_nonzero(codes == UNKNOWN_ID))
    unmatched, advice, examples = Unmatched(), "", {}
    if unknown and catalogue is not None:
        unmatched.add(_unknown_of(source, table, to_text))
        advice = unmatched.advice(catalogue.ids)
        examples["unknown_items"] = repr(unmatched.example())
    _check_left("sessions", rows, nulls, unknown, advice=advice)
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
        "unknown_advice": advice,
        "timed": False,
        "examples": examples,
    }
    return Ordered(codes, offsets, 0), dropped


def _unknown_of(
    source: Iterable[Any], table: IdTable, to_text: Callable[[Any, int], str | None]
) -> pa.Array:
    """Return the first ids of sequences that are not in a table."""
    texts = (to_text(value, number) for number, ids in enumerate(source) for value in ids)
    unknown = (text for text in texts if text and table.position(text) == UNKNOWN_ID)
    return pa.array(islice(unknown, Unmatched.MOST), pa.large_string())


def _check_left(
    label: str, rows: int, nulls: int, unknown: int, outside: int = 0, advice: str = ""
) -> None:
    if rows == 0:
        raise InputError(f"{label} has no rows")
    if nulls + unknown + outside == rows:
        raise InputError(
            f"{label} has no usable event: of {rows:,}, {nulls:,} have a missing field and "
            f"{unknown:,} an item that is not in the catalogue"
            + (f"; {outside:,} are of other times" if outside else "")
            + (f"; {advice}" if advice else "")
        )
