"""Slow plain-Python ingestion: the definition that the fast one must agree with.

One row at a time, dicts and lists, no Arrow and no NumPy. Rows are tuples
(session, item, time); ``None`` is a missing field.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

Field = str | int | float | None


@dataclass
class Reference:
    """What is left, and what was dropped on the way."""

    sessions: list[list[str]] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)


def as_text(value: Field) -> str | None:
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float):
        assert value == int(value)
        return str(int(value))
    return str(value)


def session_order(key: str | int) -> tuple[int, bytes]:
    return (key, b"") if isinstance(key, int) else (0, key.encode())


def collapsed(items: list[str]) -> list[str]:
    return [item for i, item in enumerate(items) if i == 0 or items[i - 1] != item]


def read_sessions(
    rows: Sequence[tuple[Field, Field, Field]],
    known: set[str] | None = None,
    *,
    timed: bool = True,
    gap: float | None = None,
    min_length: int = 2,
    min_count: int = 1,
    collapse_repeats: bool = True,
) -> Reference:
    result = Reference()
    counted = result.counted
    counted["events_read"] = len(rows)
    by_session: dict[Hashable, list[tuple[float | int, str]]] = {}
    for session, item, time in rows:
        text = as_text(item)
        absent = timed and (time is None or not math.isfinite(time))
        if session is None or session == "" or text is None or absent:
            counted["null_fields"] += 1
        elif known is not None and text not in known:
            counted["unknown_items"] += 1
        else:
            by_session.setdefault(session, []).append((time if timed else 0, text))

    pieces: list[list[str]] = []
    for session in sorted(by_session, key=session_order):
        events = sorted(by_session[session], key=lambda event: event[0])  # sorted() is stable
        piece = [events[0][1]]
        for (before, _), (after, item) in itertools.pairwise(events):
            if timed and gap is not None and after - before > gap:
                counted["gap_cuts"] += 1
                pieces.append(piece)
                piece = []
            piece.append(item)
        pieces.append(piece)

    def collapse_all(pieces: list[list[str]]) -> list[list[str]]:
        if not collapse_repeats:
            return pieces
        shorter = [collapsed(piece) for piece in pieces]
        counted["repeats_collapsed"] += sum(map(len, pieces)) - sum(map(len, shorter))
        return shorter

    pieces = collapse_all(pieces)
    counts = Counter(item for piece in pieces for item in piece)
    frequent = [[item for item in piece if counts[item] >= min_count] for piece in pieces]
    counted["rare_events"] = sum(map(len, pieces)) - sum(map(len, frequent))
    for piece in collapse_all(frequent):
        if len(piece) >= min_length:
            result.sessions.append(piece)
        else:
            counted["short_sessions"] += 1
            counted["short_session_events"] += len(piece)
    counted["sessions"] = len(result.sessions)
    counted["events"] = sum(map(len, result.sessions))
    return result


def path_of(category: str) -> str | None:
    levels = [level.strip(" \t\0") for level in category.replace("\uff1e", ">").split(">")]
    return " > ".join(level for level in levels if level) or None


def read_catalogue(
    rows: Sequence[tuple[Field, Field, Field]],
) -> tuple[list[tuple[str, str | None, str | None]], Counter[str]]:
    """Rows are (id, category, name); the items left and the rows dropped."""
    counted: Counter[str] = Counter(rows_read=len(rows))
    items: dict[str, tuple[str, str | None, str | None]] = {}
    for item_id, category, name in rows:
        text = as_text(item_id)
        if text is None:
            counted["null_ids"] += 1
        elif text in items:
            counted["duplicate_ids"] += 1
        else:
            items[text] = (
                text,
                None if category is None else path_of(str(category)),
                None if name is None else str(name),
            )
    for _, category, name in items.values():
        counted["null_categories"] += category is None
        counted["null_names"] += name is None
        counted["empty_names"] += name is not None and not name.strip()
    counted["items"] = len(items)
    return list(items.values()), counted
