"""Events of all sessions, collected in any order and handed back by session and time.

Owns the numbering of sessions, the growing columns of events and, once they outgrow their share of
memory, a sort on disk by DuckDB. Events that arrive in order are never sorted: runs of one session
are put together, and within a session only what is out of order is touched. Both ways give the
same answer.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from likewise.arrays import combined, from_numpy
from likewise.doors import later
from likewise.errors import InputError
from likewise.reading.duck import connect, stream
from likewise.reading.messages import one_line
from likewise.tables import _arrange
from likewise.tables._ingest import MISSING_ID, IdTable
from likewise.tables.columns import encode, table_texts, text_column, text_views
from likewise.tables.times import Times, as_floats, finer
from likewise.work.machine import free_memory
from likewise.work.waiting import interruptible

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = later("duckdb")

__all__ = ["EventStore", "Ordered", "memory_share"]

Int64s = npt.NDArray[np.int64]
DEFAULT_SHARE = 0.4  # of the memory there is, for events that wait to be ordered


def memory_share() -> int:
    """Return how many bytes of waiting events are held before they go to disk."""
    free = free_memory()  # of the machine, and what control groups leave
    if free is None:
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(free * DEFAULT_SHARE)


class Ordered(NamedTuple):
    """Events in order: items int32 (n,), offsets int64 (n_sessions + 1,), cuts made at gaps.

    And whether the events of each session have one time.
    """

    items: npt.NDArray[np.int32]
    offsets: Int64s
    gap_cuts: int
    tied: bool = False


class Growing:
    """A vector that grows at its end; its memory is moved by the system, not copied."""

    def __init__(self, dtype: Any, capacity: int) -> None:
        self.values = np.empty(max(capacity, 1024), dtype)
        self.size = 0

    def append(self, more: npt.NDArray[Any]) -> None:
        """Add values at the end."""
        end = self.size + len(more)
        if end > len(self.values):
            self.values.resize(max(end, self.size + self.size // 2), refcheck=False)
        self.values[self.size : end] = more
        self.size = end

    def take(self) -> npt.NDArray[Any]:
        """Return the values and let go of them."""
        values, size = self.values, self.size
        self.values, self.size = np.empty(0, values.dtype), 0
        values.resize(size, refcheck=False)
        return values


class _SessionKeys:
    """Numbers for session ids: integers stand for themselves, all else is numbered."""

    def __init__(self) -> None:
        self.table: IdTable | None = None
        self.kind: str | None = None

    def encode(self, column: pa.Array, what: str) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        """Return a number for each session id, and which ids are missing."""
        kind = column.type
        plain = pa.types.is_signed_integer(kind) or kind in (pa.uint8(), pa.uint16(), pa.uint32())
        if not pa.types.is_null(kind):
            name = "integers" if plain else "text"
            if self.kind not in (None, name):
                raise InputError(f"{what} holds integers in one place and text in another")
            self.kind = name
        if plain:
            missing = np.zeros(len(column), bool)
            if column.null_count:
                missing = column.is_null().to_numpy(zero_copy_only=False)
                column = column.fill_null(0)
            return column.to_numpy().astype(np.int64, copy=False), missing
        if self.table is None:
            self.table = IdTable()
        codes = encode(self.table, text_column(column, what), insert=True)
        return codes, codes == MISSING_ID

    def ranks(self, keys: Int64s) -> tuple[Int64s, int]:
        """Return the rank of each session, and how many ranks there are."""
        if self.table is None or self.kind == "integers":
            values, ranks = np.unique(keys, return_inverse=True)
            return ranks.astype(np.int64, copy=False), len(values)
        if len(keys) < 2:
            return np.zeros(len(keys), np.int64), 1
        texts = table_texts(self.table)
        if _arrange.texts_increase(*text_views(texts), keys):
            return np.arange(len(keys), dtype=np.int64), len(keys)
        rank = np.empty(len(texts), np.int64)
        rank[pc.array_sort_indices(texts).to_numpy()] = np.arange(len(texts))
        return rank[keys], len(texts)


class EventStore:
    """Collects events batch by batch, then orders them.

    Parameters
    ----------
    timed : bool
        Whether events have a time.
    rows : int or None
        How many are to be expected.
    memory_limit : int or None
        Bytes; None for a share of the memory there is.

    Attributes
    ----------
    keys : object
        Makes numbers of session ids.
    time_type : numpy.dtype or None
        That of the times; None until the first event.
    ticks : int or None
        Their ticks of a second, 0 for numbers; None until the first event.
    """

    def __init__(self, timed: bool, rows: int | None, memory_limit: int | None) -> None:
        self.timed = timed
        self.keys = _SessionKeys()
        self.budget = memory_share() if memory_limit is None else memory_limit // 2
        per_event = 12 if timed else 4
        self.expected = min(rows or 0, self.budget // per_event)
        self.time_type: npt.DTypeLike | None = None
        self.ticks: int | None = None
        self.spilled = 0
        self._exit = ExitStack()
        self._disk: duckdb.DuckDBPyConnection | None = None
        self._clear(self.expected)

    def __enter__(self) -> EventStore:
        return self

    def __exit__(self, *error: object) -> None:
        self._exit.close()

    def _clear(self, capacity: int) -> None:
        self.items = Growing(np.int32, capacity)
        self.times = Growing(self.time_type or np.int64, 0)
        self.run_keys = Growing(np.int64, 0)
        self.run_starts = Growing(np.int64, 0)

    def add(
        self,
        keys: npt.NDArray[Any],
        items: npt.NDArray[np.int32],
        times: Times | None,
        what: str = "",
    ) -> None:
        """Add events: what `keys` made of the session, the item, and the time unless untimed.

        Raises
        ------
        InputError
            When times cannot be brought to one type; `what` begins the message.
        """
        if len(items) == 0:
            return
        starts = np.flatnonzero(keys[1:] != keys[:-1]) + 1
        starts = np.concatenate([np.zeros(1, np.int64), starts])
        runs = keys[starts]
        starts += self.items.size
        last = self.run_keys
        if last.size and last.values[last.size - 1] == runs[0]:
            runs, starts = runs[1:], starts[1:]  # the batch goes on with the run before
        self.run_keys.append(runs)
        self.run_starts.append(starts)
        self.items.append(items)
        if times is not None:
            values = self._alike(times, what)  # which may begin the times anew
            self.times.append(values)
        held = 4 * self.items.size + 8 * self.times.size + 16 * self.run_keys.size
        if held > self.budget:
            self._spill()

    def _alike(self, times: Times, what: str) -> npt.NDArray[Any]:
        """Return times in the type of those that are held, which becomes a finer one if need be."""
        values = times.values
        if self.time_type is None or self.ticks is None:
            self.time_type, self.ticks = values.dtype, times.ticks
            self.times = Growing(values.dtype, self.expected)
        if (self.ticks == 0) != (times.ticks == 0):
            raise InputError(f"{what} holds numbers in one place and dates in another")
        if self.time_type == values.dtype and self.ticks == times.ticks:
            return values
        if self.ticks:
            if times.ticks < self.ticks:
                return finer(values, self.ticks // times.ticks, what)
            factor = times.ticks // self.ticks
            self._convert(lambda held: finer(held, factor, what), f"time * {factor}")
            self.ticks = times.ticks
            return values
        if values.dtype == np.int64:
            return as_floats(values, what)
        self._convert(lambda held: as_floats(held, what), "time::DOUBLE")
        self.time_type = values.dtype
        return values

    def _convert(self, change: Callable[[Any], Any], expression: str) -> None:
        """Change the times that are held, in memory and on disk."""
        held = change(self.times.take())
        self.times = Growing(held.dtype, len(held))
        self.times.append(held)
        if self._disk is not None:
            disk = self._disk
            query = (
                "CREATE OR REPLACE TABLE events AS SELECT * REPLACE "
                f"({expression} AS time) FROM events"
            )
            try:
                interruptible(disk, lambda: disk.execute(query))
            except duckdb.Error as error:
                raise InputError(f"cannot order events on disk: {one_line(error)}") from None

    # --- in memory --------------------------------------------------------------------------------

    def order(self, gap: float | None, ticks: int) -> Ordered:
        """Order all events and cut the sessions.

        Parameters
        ----------
        gap : float or None
            Longest step inside a session, in units of `ticks` ticks of the time.
        ticks : int
        """
        if self.spilled:
            self._spill()
            return self._order_on_disk(gap, ticks)
        items = self.items.take()
        times = self.times.take()
        starts = np.append(self.run_starts.take(), np.int64(len(items)))
        ranks, n_ranks = self.keys.ranks(self.run_keys.take())
        if len(ranks) < 2 or bool((ranks[1:] > ranks[:-1]).all()):
            offsets = starts
        else:
            kind = times.dtype
            items, times, offsets = _arrange.group_runs(
                items, times.view(np.int64), ranks, starts, n_ranks
            )
            times = times.view(kind)
        if not self.timed or len(items) == 0:
            return Ordered(items, offsets, 0)
        _arrange.sort_by_time(items, times, offsets)
        cut = offsets
        if gap is not None:
            limit = _gap_in_ticks(gap, ticks, times.dtype)
            if times.dtype == np.int64 and limit >= 2**63:
                limit -= 2**64  # the bits of an unsigned number, which is how the loop compares it
            cut = _arrange.cut_at_gaps(times, offsets, limit)
        return Ordered(items, cut, len(cut) - len(offsets), _arrange.all_tied(times, cut))

    # --- on disk ----------------------------------------------------------------------------------

    def _spill(self) -> None:
        """Move the events held to the disk."""
        items = self.items.take()
        times = self.times.take()
        starts = np.append(self.run_starts.take(), np.int64(len(items)))
        keys = np.repeat(self.run_keys.take(), np.diff(starts))
        columns: dict[str, npt.NDArray[Any]] = {
            "key": keys,
            "place": np.arange(self.spilled, self.spilled + len(items)),
            "item": items,
        }
        if self.timed:
            columns["time"] = times
        table = _table(columns)
        try:
            if self._disk is None:
                self._disk, _ = self._exit.enter_context(connect(self.budget))
            disk = self._disk
            verb = "INSERT INTO events BY NAME" if self.spilled else "CREATE TABLE events AS"

            def store() -> None:
                disk.register("held", table)
                disk.execute(f"{verb} SELECT * FROM held")
                disk.unregister("held")

            interruptible(disk, store)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise InputError(f"cannot order events on disk: {one_line(error)}") from None
        self.spilled += len(items)
        self._clear(0)

    def _order_on_disk(self, gap: float | None, ticks: int) -> Ordered:
        disk = self._disk
        assert disk is not None
        items = Growing(np.int32, self.spilled)
        starts = Growing(np.int64, 0)
        cuts = 0
        before: tuple[Any, Any] | None = None
        tied = self.timed
        try:
            query = "SELECT DISTINCT key FROM events"
            found = interruptible(disk, lambda: stream(disk, query).read_all())
            numbers = combined(found.column(0)).to_numpy()
            ranks, _ = self.keys.ranks(numbers)
            table = _table({"key": numbers, "rank": ranks})
            interruptible(disk, lambda: disk.register("ranks", table))
            time = ", time" if self.timed else ""
            query = (
                f"SELECT rank, item{time} FROM events JOIN ranks USING (key) "
                f"ORDER BY rank{time}, place"
            )
            reader = interruptible(disk, lambda: stream(disk, query))
            while True:
                batch = interruptible(disk, lambda: next(reader, None))
                if batch is None:
                    break
                rank = batch.column(0).to_numpy()
                if len(rank) == 0:
                    continue
                fresh = np.empty(len(rank), bool)
                fresh[1:] = rank[1:] != rank[:-1]
                fresh[0] = before is None or rank[0] != before[0]
                moment = batch.column(2).to_numpy() if self.timed else None
                if moment is not None:
                    previous = np.roll(moment, 1)
                    if before is not None:
                        previous[0] = before[1]
                    if gap is not None:
                        far = ~fresh & _far_apart(previous, moment, gap, ticks)
                        cuts += int(np.count_nonzero(far))
                        fresh |= far
                    tied = tied and bool((fresh | (previous == moment)).all())
                starts.append(np.flatnonzero(fresh) + items.size)
                items.append(batch.column(1).to_numpy())
                before = rank[-1], moment[-1] if moment is not None else None
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise InputError(f"cannot order events on disk: {one_line(error)}") from None
        offsets = np.append(starts.take(), np.int64(items.size))
        return Ordered(items.take(), offsets, cuts, tied and len(offsets) <= offsets[-1])


def _table(columns: dict[str, npt.NDArray[Any]]) -> pa.Table:
    return pa.Table.from_arrays([from_numpy(v) for v in columns.values()], names=list(columns))


def _gap_in_ticks(gap: float, ticks: int, kind: npt.DTypeLike) -> int | float:
    if kind == np.float64:
        return float(gap)
    # Steps of integers are whole, so a step is longer than the gap when it is longer than the
    # whole part of it; a fraction, for 0.1 s of nanoseconds. The longest step is 2^64 - 1.
    longest = 2**64 - 1
    return longest if math.isinf(gap) else min(math.floor(Fraction(gap) * ticks), longest)


def _far_apart(
    before: npt.NDArray[Any], after: npt.NDArray[Any], gap: float, ticks: int
) -> npt.NDArray[np.bool_]:
    limit = _gap_in_ticks(gap, ticks, after.dtype)
    if after.dtype == np.float64:
        far: npt.NDArray[np.bool_] = after - before > limit
        return far
    far = after.view(np.uint64) - before.view(np.uint64) > np.uint64(limit)
    return far
