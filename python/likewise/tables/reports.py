"""What reading kept and dropped, counted by reason, with an example of each.

Owns the sentences about it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from likewise.reading.messages import counted

__all__ = ["CatalogueReport", "SessionsReport"]

_UNITS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


@dataclass(frozen=True)
class CatalogueReport:
    """What reading a catalogue kept and dropped, in rows.

    Attributes
    ----------
    rows_read, items : int
        Rows of the source, and items made of them.
    null_ids : int
        Rows dropped because their id is null, empty or a text that stands for a missing value.
    duplicate_ids : int
        Rows dropped because an earlier row has the same id.
    null_categories, null_names : int
        Items whose category or name is null.
    empty_names : int
        Items whose name is there but empty or only white space.
    spelled_missing : int
        Rows whose id is a text that stands for a missing value: ``NULL``, ``NA`` (see `missing`).
    category_advice : str
        What would cut category paths that seem to have another separator; empty where none does.
    examples : dict of str to str
        One example of what was dropped, by attribute.
    """

    rows_read: int
    items: int
    null_ids: int = 0
    duplicate_ids: int = 0
    null_categories: int = 0
    null_names: int = 0
    empty_names: int = 0
    spelled_missing: int = 0
    category_advice: str = field(default="", compare=False, repr=False)
    examples: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        """Return one sentence with what is not zero."""
        such_as = {name: f" ({example})" for name, example in self.examples.items()}
        notes = counted(
            (self.null_ids, f"rows without id dropped{such_as.get('null_ids', '')}"),
            (self.spelled_missing, "of them with a text for missing"),
            (
                self.duplicate_ids,
                f"rows with an id seen before dropped{such_as.get('duplicate_ids', '')}",
            ),
            (self.null_categories, "items without category"),
            (self.null_names, "items without name"),
            (self.empty_names, "items with an empty name"),
        )
        if self.category_advice:
            notes.append(self.category_advice)
        return "; ".join([f"{self.items:,} items from {self.rows_read:,} rows", *notes])


@dataclass(frozen=True)
class SessionsReport:
    """What reading sessions kept and dropped, in events unless it says otherwise.

    The order is that of the work: each event is counted where it was first dropped, and
    ``events_read`` is ``events`` plus everything dropped.

    Attributes
    ----------
    events_read : int
    null_fields : int
        Dropped: session, item or time is null, empty, a text that stands for a missing value, or
        not a finite number.
    spelled_missing : int
        Of these, events whose session or item is such a text: ``NULL``, ``NA`` (see `missing`).
    unknown_items : int
        Dropped: the item is not in the catalogue.
    unknown_advice : str
        What would make their ids match those of the catalogue; empty where nothing does.
    outside_times : int
        Dropped: before `since`, or not before `until`.
    repeats_collapsed : int
        Dropped: the same item as the event before it in the session.
    rare_events : int
        Dropped: the item has fewer than `min_count` events.
    short_sessions, short_session_events : int
        Sessions of fewer than `min_length` events, and the events dropped with them.
    gap_cuts : int
        Places where a session was cut in two.
    sessions, events : int
        What is left.
    timed : bool
        Whether events had a time; without one they keep the order of the input.
    time_unit : str
        Unit of times that are numbers: s, ms, us or ns; empty for dates, and where neither the
        caller nor the magnitude tells.
    order : str
        What `order` came to: "time" or "none"; of arrays, what was asked for.
    order_told_by : str
        Why it came to that; empty where it was asked for, and where there is an order.
    examples : dict of str to str
        One example of what was dropped, by attribute.
    """

    events_read: int
    null_fields: int = 0
    spelled_missing: int = 0
    unknown_items: int = 0
    unknown_advice: str = ""
    outside_times: int = 0
    repeats_collapsed: int = 0
    rare_events: int = 0
    short_sessions: int = 0
    short_session_events: int = 0
    gap_cuts: int = 0
    sessions: int = 0
    events: int = 0
    timed: bool = True
    time_unit: str = ""
    order: str = "time"
    order_told_by: str = ""
    examples: dict[str, str] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        """Return one sentence with what is not zero."""

        def such_as(name: str) -> str:
            return f" ({self.examples[name]})" if name in self.examples else ""

        notes = counted(
            (self.null_fields, f"events with a missing field dropped{such_as('null_fields')}"),
            (
                self.spelled_missing,
                f"of them with a text for missing{such_as('spelled_missing')}",
            ),
            (self.unknown_items, f"events of unknown items dropped{such_as('unknown_items')}"),
        )
        if self.unknown_advice:
            notes.append(self.unknown_advice)
        notes += counted(
            (self.outside_times, f"events of other times dropped{such_as('outside_times')}"),
            (self.gap_cuts, "cuts at gaps"),
            (self.repeats_collapsed, "repeats collapsed"),
            (self.rare_events, f"events of rare items dropped{such_as('rare_events')}"),
            (self.short_sessions, f"short sessions dropped{such_as('short_sessions')}"),
            (self.short_session_events, "events dropped with them"),
        )
        if self.time_unit:
            notes.append(f"times are {_UNITS[self.time_unit]} since 1970")
        if not self.timed:
            notes.append("no times: events in the order of the input")
        if self.order == "none":
            notes.append(": ".join(part for part in ("no order", self.order_told_by) if part))
        head = (
            f"{self.sessions:,} sessions of {self.events:,} events "
            f"from {self.events_read:,} events read"
        )
        return "; ".join([head, *notes])
