"""Events of any source as items in order: what `Sessions.read` starts from.

Owns which events are usable (every field there, the item known), the numbering of sessions, and
the walk over batches or sequences. How sessions are cut down afterwards is `sessions`' affair.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from likewise.errors import InputError
from likewise.tables import _arrange, _ingest
from likewise.tables._ingest import MISSING_ID, UNKNOWN_ID, IdTable
from likewise.tables.catalogue import Catalogue
from likewise.tables.columns import (
    combined,
    encode,
    from_numpy,
    id_text,
    table_texts,
    text_column,
    text_views,
    time_column,
)
from likewise.tables.ordering import EventStore, Ordered
from likewise.tables.reading import Table
from likewise.tables.window import Window

__all__ = ["catalogue_of", "read_events", "read_sequences"]

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]


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
        return _text_ranks(texts)[keys], len(texts)


def _text_ranks(texts: pa.Array) -> Int64s:
    order = pc.array_sort_indices(texts).to_numpy()
    ranks = np.empty(len(texts), np.int64)
    ranks[order] = np.arange(len(texts))
    return ranks


def read_events(
    opened: Table,
    table: IdTable,
    insert: bool,
    names: dict[str, str],
    gap: float | None,
    limit: int | None,
    window: Window,
) -> tuple[Ordered, dict[str, Any]]:
    timed = names["timestamp"] in opened.present
    if gap is not None and not timed:
        raise InputError(f"gap needs timestamps: {opened.label} has no {names['timestamp']!r}")
    if window.given and not timed:
        raise InputError(
            f"{window.given} needs timestamps: {opened.label} has no {names['timestamp']!r}"
        )
    rows = nulls = unknown = outside = 0
    ticks: int | None = None
    what = {role: f"{opened.label}: column {name!r}" for role, name in names.items()}
    keys = _SessionKeys()
    with EventStore(timed, opened.rows, limit) as store:
        for columns in opened.read():
            sessions, missing = keys.encode(columns[names["session_id"]], what["session_id"])
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
        ordered = store.order(keys.ranks, gap, ticks or 1)
    return ordered, {
        "events_read": rows,
        "null_fields": nulls,
        "unknown_items": unknown,
        "outside_times": outside,
        "timed": timed,
    }


def read_sequences(source: Any, table: IdTable, insert: bool) -> tuple[Ordered, dict[str, Any]]:
    if isinstance(source, (pa.Array, pa.ChunkedArray)):
        source = combined(source).to_pylist()
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
        codes, offsets = _ingest.encode_sequences(source, table, insert, to_text)
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


def catalogue_of(table: IdTable, items: Int32s) -> tuple[Catalogue, Int32s]:
    """Make a catalogue of the ids that occur, in order of their text; renumber the items."""
    texts = table_texts(table)
    ranks = _text_ranks(texts)
    used = np.zeros(len(texts), bool)
    used[items] = True
    in_order = np.empty(len(texts), np.int64)
    in_order[ranks] = np.arange(len(texts))
    chosen = in_order[used[in_order]]
    position = np.zeros(len(texts), np.int32)
    position[chosen] = np.arange(len(chosen), dtype=np.int32)
    return Catalogue.from_ids(texts.take(from_numpy(chosen))), position[items]
