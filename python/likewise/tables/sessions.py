"""Sessions: what each visitor looked at or bought, in order, as positions in a catalogue.

Owns the rules by which events become sessions and the count of everything dropped. Reading is in
events.py, ordering in ordering.py, the loops are in _arrange.pyx. Immutable.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from likewise.arrays import from_numpy
from likewise.errors import InputError
from likewise.order import checked_order, order_of
from likewise.reading.checks import read_options
from likewise.reading.options import Usual
from likewise.tables import _arrange
from likewise.tables._ingest import IdTable
from likewise.tables.catalogue import Catalogue
from likewise.tables.columns import table_texts
from likewise.tables.events import Gap, Window, read_events
from likewise.tables.reports import SessionsReport
from likewise.tables.times import Clock

__all__ = ["Sessions", "SessionsReport"]

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]


class Sessions:
    """Sessions in flat arrays; iterating yields each as a view.

    Made by :meth:`read` or :meth:`from_arrays`.

    Attributes
    ----------
    items : numpy.ndarray
        int32 (n_events,), positions in the catalogue, read-only.
    offsets : numpy.ndarray
        int64 (n_sessions + 1,), session i is ``items[offsets[i]:offsets[i + 1]]``, read-only.
    catalogue : Catalogue
    report : SessionsReport
    order : str
        "time" where events of a session stand in an order that says something, "none" where they
        do not: goods of one basket.

    Examples
    --------
    >>> sessions = Sessions.read([["a", "b", "b", "c"], ["c", "a"]])
    >>> [session.tolist() for session in sessions], sessions.catalogue.ids.to_pylist()
    ([[0, 1, 2], [2, 0]], ['a', 'b', 'c'])
    """

    def __init__(
        self,
        items: Int32s,
        offsets: Int64s,
        catalogue: Catalogue,
        report: SessionsReport,
        order: str,
    ) -> None:
        """Keep what a class method has checked; not for callers."""
        items.flags.writeable = False
        offsets.flags.writeable = False
        self.items = items
        self.offsets = offsets
        self.catalogue = catalogue
        self.report = report
        self._order = order
        self._counts: Int64s | None = None

    @property
    def n_events(self) -> int:
        """How many events all sessions have together."""
        return len(self.items)

    @property
    def order(self) -> str:
        """Whether the order of events says something: "time" or "none"."""
        if self._order == "auto":
            self._order, _ = order_of(self.items, self.offsets, self.catalogue.ids)
        return self._order

    @property
    def counts(self) -> Int64s:
        """Events of each item of the catalogue, int64 (n_items,)."""
        if self._counts is None:
            counts = _arrange.count_items(self.items, len(self.catalogue))
            counts.flags.writeable = False
            self._counts = counts
        return self._counts

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> Int32s:
        """Return one session as a view, int32 (length,)."""
        at = number + len(self) if number < 0 else number
        if not 0 <= at < len(self):
            raise IndexError(f"session {number} is not among {len(self)} sessions")
        return self.items[self.offsets[at] : self.offsets[at + 1]]

    def __iter__(self) -> Iterator[Int32s]:
        for start in range(0, len(self), 4096):
            ends = self.offsets[start : start + 4097].tolist()
            for first, end in itertools.pairwise(ends):
                yield self.items[first:end]

    def __repr__(self) -> str:
        return (
            f"<Sessions: {len(self):,} sessions, {self.n_events:,} events, "
            f"{len(self.catalogue):,} items{', no order' if self.order == 'none' else ''}>"
        )

    # --- making them ------------------------------------------------------------------------------

    @classmethod
    def read(
        cls,
        source: Any,
        catalogue: Catalogue | None = None,
        *,
        session_id: str = "session_id",
        item_id: str = "item_id",
        timestamp: str = Usual("timestamp"),
        since: float | str | date | None = None,
        until: float | str | date | None = None,
        gap: float | timedelta | None = None,
        min_length: int = 2,
        min_count: int = 1,
        collapse_repeats: bool = True,
        order: str = "auto",
        memory_limit: int | str | None = None,
        date_format: str | None = None,
        time_unit: str | None = None,
        missing: str | Sequence[str] | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
        quote: str | None = None,
        escape: str | None = None,
        partitions: bool | None = None,
    ) -> Sessions:
        """Read sessions.

        In this order: events with a missing field are dropped, then those of unknown items; the
        rest is ordered by session and time; sessions are cut at gaps; immediate repeats are
        collapsed; events of rare items are dropped (and repeats that this brings together
        collapsed); short sessions are dropped. The report counts all of it.

        Parameters
        ----------
        source : path, glob, list of paths, DataFrame, Arrow table or reader, list of dicts, dict,
            or sequences of item ids
            Files are Parquet, CSV, TSV or JSON lines, the texts plain or compressed. Sequences
            are a list of lists or anything that can be iterated over again; each is a session
            in its order.
        catalogue : Catalogue, optional
            None makes one of the ids that occur, in order of their text.
        session_id, item_id, timestamp : str
            Names of the columns. Where `timestamp` is left out and there is none, events keep the
            order of the input; equal times do so always. A column that is named must be there, in
            every file. A dotted name is a field of a structure (``product.id``); where the column
            of items holds lists, each of their elements is an event. Sessions are ordered by id:
            integers by value, all else by the bytes of the text.
        since, until : float, str, datetime.date or datetime.datetime, optional
            Only events from `since` on, and before `until`: to train on the past and ask for what
            came later. A number is in the unit of the column; a date, or text such as
            "2024-05-31" or "2024-05-31 12:00", is UTC unless it says otherwise.
        gap : float or datetime.timedelta, optional
            Sessions are cut between two events more than this apart. A number is seconds; for
            integer and float times, the unit that they are in.
        min_length : int
            Shortest session kept, in events.
        min_count : int
            Fewest events of an item whose events are kept.
        collapse_repeats : bool
            Whether an item that directly follows itself counts once.
        order : {"auto", "time", "none"}
            Whether the order of a session's events says something. Where it does not, for goods of
            one basket, training makes no difference between near and far, before and after.
            "auto" is "none" where the events of each session have one time, or no times and are
            sorted by item, and where neighbours in a session are no more alike than chance has it
            (`likewise.order`); the report says so. Where events are too few to tell it is "time".
        memory_limit : int or str, optional
            Bytes, or text such as "2GB", that ordering may take beside the result; what does
            not fit is ordered on disk, in a temporary folder that is removed. None is two
            fifths of the memory that is free.
        date_format : str, optional
            How dates are written, in the codes of ``strptime``: "%d/%m/%Y %H:%M". None reads ISO
            8601 (2024-05-31 08:26:01+02:00) and nothing else.
        time_unit : {"s", "ms", "us", "ns"}, optional
            Unit of times that are numbers since 1970. None infers it from their magnitude, and the
            report says so; where that does not tell and a duration or a date is to be compared
            with them, it must be given.
        missing : str or sequence of str, optional
            Texts that stand for a missing value. None takes ``NULL``, ``NA``, ``NaN``,
            ``None``, the ``N`` after a backslash of Hive and the like; an empty list takes nothing.
        encoding : str, optional
            Of the characters of text files, such as "latin-1"; None is UTF-8.
        delimiter : str, optional
            Character between the fields of CSV. None takes the one of , ; | and tab that the
            header shows.
        quote, escape : str, optional
            Character around fields of CSV and TSV, "" for none; and what makes a quote inside of
            them an ordinary one, a backslash or the quote again. None takes what the file shows.
        partitions : bool, optional
            Whether folders called ``key=value`` on the way to a file are columns. None reads none,
            and refuses files that lack a column which their folders have.

        Raises
        ------
        InputError
            When the source cannot be read, has no rows, lacks columns, or no event is usable.

        Examples
        --------
        >>> events = {"session_id": [1, 1, 1], "item_id": ["b", "a", "a"], "timestamp": [9, 5, 5]}
        >>> print(Sessions.read(events).report)
        1 sessions of 2 events from 3 events read; 1 repeats collapsed
        """
        if catalogue is not None and not isinstance(catalogue, Catalogue):
            raise InputError(f"catalogue must be a Catalogue, got {type(catalogue).__name__}")
        step = _gap(gap)
        window = Window(since, until)
        options = read_options(missing, encoding, delimiter, quote, escape, partitions)
        clock = Clock(date_format, time_unit, options.missing)
        min_length = _at_least_one("min_length", min_length)
        min_count = _at_least_one("min_count", min_count)
        order = checked_order(order)
        limit = _bytes(memory_limit)
        table = IdTable() if catalogue is None else catalogue._positions
        names = {"session_id": session_id, "item_id": item_id, "timestamp": timestamp}
        ordered, dropped = read_events(
            source, table, catalogue, names, step, limit, window, clock, options
        )
        items, offsets = ordered.items, ordered.offsets
        if catalogue is None:
            catalogue, items = _catalogue_of(table, items)

        _, repeats = _arrange.thin_out(items, offsets, None, collapse_repeats)
        rare = 0
        examples = dropped["examples"]
        if min_count > 1:
            counts = _arrange.count_items(items[: offsets[-1]], len(catalogue))
            few = (counts < min_count).view(np.uint8)
            _note_first(examples, "rare_events", (counts > 0) & (counts < min_count), catalogue)
            rare, more = _arrange.thin_out(items, offsets, few, collapse_repeats)
            repeats += more
        before = len(offsets) - 1
        lengths = np.diff(offsets)
        short = (lengths > 0) & (lengths < min_length)
        if short.any():
            first = offsets[np.argmax(short)]
            examples["short_sessions"] = f"one begins with {catalogue.ids[items[first]].as_py()!r}"
        kept, short_events = _arrange.drop_short(items, offsets, min_length)
        items, offsets = _cut(items, int(offsets[kept])), _cut(offsets, kept + 1)
        why = ""
        if order == "auto":
            tied = ordered.tied if dropped["timed"] else None
            order, why = order_of(items, offsets, catalogue.ids, tied)
        report = SessionsReport(
            repeats_collapsed=repeats,
            rare_events=rare,
            short_sessions=before - kept,
            short_session_events=short_events,
            gap_cuts=ordered.gap_cuts,
            sessions=kept,
            events=len(items),
            order=order,
            order_told_by=why,
            **dropped,
        )
        return cls(items, offsets, catalogue, report, order)

    @classmethod
    def from_arrays(
        cls, items: Any, offsets: Any, catalogue: Catalogue, *, order: str = "auto"
    ) -> Sessions:
        """Make sessions of arrays that are in their final form already.

        Parameters
        ----------
        items : integer array (n_events,)
            Positions in the catalogue.
        offsets : integer array (n_sessions + 1,)
            From 0 to n_events, never falling.
        catalogue : Catalogue
        order : {"auto", "time", "none"}
            As in :meth:`read`.
        """
        if not isinstance(catalogue, Catalogue):
            raise InputError(f"catalogue must be a Catalogue, got {type(catalogue).__name__}")
        order = checked_order(order)
        flat = _integers("items", items)
        ends = _integers("offsets", offsets)
        if len(ends) == 0 or ends[0] != 0 or ends[-1] != len(flat):
            raise InputError(f"offsets must go from 0 to len(items) = {len(flat)}, got {ends[:1]}")
        if (ends[1:] < ends[:-1]).any():
            raise InputError("offsets must never fall")
        if len(flat) and (flat.min() < 0 or flat.max() >= len(catalogue)):
            bad = flat[(flat < 0) | (flat >= len(catalogue))][0]
            raise InputError(f"items must be in [0, {len(catalogue)}), got {bad}")
        report = SessionsReport(len(flat), sessions=len(ends) - 1, events=len(flat), order=order)
        return cls(flat.astype(np.int32), ends.astype(np.int64), catalogue, report, order)


def _note_first(
    examples: dict[str, str], name: str, which: npt.NDArray[np.bool_], catalogue: Catalogue
) -> None:
    """Keep the id of the first item that is dropped."""
    if which.any():
        examples[name] = repr(catalogue.ids[int(np.argmax(which))].as_py())


def _catalogue_of(table: IdTable, items: Int32s) -> tuple[Catalogue, Int32s]:
    """Make a catalogue of the ids that occur, in order of their text; renumber the items."""
    texts = table_texts(table)
    used = np.zeros(len(texts), bool)
    used[items] = True
    in_order = pc.array_sort_indices(texts).to_numpy()
    chosen = in_order[used[in_order]]
    position = np.zeros(len(texts), np.int32)
    position[chosen] = np.arange(len(chosen), dtype=np.int32)
    return Catalogue.from_ids(texts.take(from_numpy(chosen))), position[items]


# --- arguments ---------------------------------------------------------------


def _gap(gap: Any) -> Gap | None:
    if gap is None:
        return None
    bare = not isinstance(gap, timedelta)
    length = gap.total_seconds() if isinstance(gap, timedelta) else gap
    if isinstance(length, (bool, np.bool_)) or not isinstance(length, (int, float, np.number)):
        raise InputError(f"gap must be seconds or a timedelta, got {type(gap).__name__}")
    if not length >= 0:  # NaN is refused too
        raise InputError(f"gap must be at least 0, got {length}")
    return Gap(min(length, 2**64) if isinstance(length, int) else float(length), bare)


def _at_least_one(name: str, value: Any) -> int:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise InputError(f"{name} must be an integer, got {type(value).__name__}")
    if value < 1:
        raise InputError(f"{name} must be at least 1, got {value}")
    return int(value)


def _bytes(limit: Any) -> int | None:
    if limit is None:
        return None
    size = 0
    if isinstance(limit, (int, np.integer)) and not isinstance(limit, bool):
        size = int(limit)
    elif isinstance(limit, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", limit.lower())
        if found:
            base = 1024 if found[3] else 1000
            size = int(float(found[1]) * base ** " kmgt".index(found[2] or " "))
    if size < 1:
        raise InputError(f"memory_limit must be bytes or text such as '2GB', got {limit!r}")
    return size


def _integers(name: str, values: Any) -> npt.NDArray[Any]:
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise InputError(f"{name} must be a vector of integers, got {array.dtype} {array.shape}")
    return array


def _cut(array: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """Shorten an array without a copy, giving the rest back to the system."""
    if not array.flags.owndata or not array.flags.writeable:
        short: npt.NDArray[Any] = array[:size].copy()
        return short
    array.resize(size, refcheck=False)
    return array
