"""Events and catalogues on the command line: their places, columns, and how files are read.

Owns how these options are spelled, and how they become arguments of ``Catalogue.read`` and
``Sessions.read``; what they mean stands there.
"""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import timedelta
from typing import Any

import click
from click.core import ParameterSource

from likewise.commands.options import (
    Decorator,
    as_json_option,
    option,
    options_given,
    quiet_option,
    together,
    training_options,
)
from likewise.options import Options
from likewise.order import ORDERS
from likewise.reading.options import TICKS, PathOptions, ReadOptions

__all__ = [
    "CATALOGUE_COLUMNS",
    "EVENT_COLUMNS",
    "READING",
    "Gap",
    "catalogue_given",
    "catalogue_options",
    "event_options",
    "events_given",
    "history_arguments",
    "history_given",
    "history_options",
]

_COLUMNS = "Names of columns"
_READING = "How files are read"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

#: Column arguments of ``Catalogue.read`` and of ``Sessions.read``. On the command line they end in
#: ``-column``, so that ``--name`` and ``--category`` are left for what is asked about.
CATALOGUE_COLUMNS = ("item_id", "category", "name")
#: Arguments of both that say how files are read.
READING = tuple(field.name for field in fields(ReadOptions))
EVENT_COLUMNS = ("session_id", "event_item_id", "timestamp")
_COLUMN_HELP = {
    "item_id": "item ids, in the catalogue and in the events",
    "category": "category paths",
    "name": "names",
    "session_id": "session ids",
    "event_item_id": "item ids in the events, where it is called otherwise there",
    "timestamp": "times",
}


class Gap(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A time: ``1800`` in the unit of the column, or ``30m`` whatever that is."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | timedelta:
        """Read a number with or without a unit."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", str(value).strip())
        if not found:
            self.fail(f"a number, or one with s, m, h or d, is wanted; got {value!r}", param, ctx)
        number = float(found[1])
        if found[2]:
            try:
                return timedelta(seconds=number * _SECONDS[found[2]])
            except OverflowError:
                self.fail(f"{value!r} is longer than time itself", param, ctx)
        return int(number) if number.is_integer() else number


def _column_options(*names: str) -> Decorator:
    """Give a command ``--item-id-column`` and the like for these columns."""
    return together(
        *[
            option(
                f"--{name.replace('_', '-')}-column", f"{name}_column", section=_COLUMNS,
                metavar="NAME", default=None if name == "event_item_id" else name,
                show_default=True, help=f"Column of {_COLUMN_HELP[name]}.",
            )
            for name in names
        ]
    )  # fmt: skip


#: Options of reading that events and catalogue share, under a heading of their own.
_reading_options = together(
    option(
        "--missing", "missing", multiple=True, metavar="TEXT", section=_READING,
        help="A text that stands for a missing value, in every column; may be given several times. "
        "NULL, NA, NaN, \\N and the like are taken so in ids and times when left out.",
    ),
    option(
        "--encoding", metavar="NAME", section=_READING,
        help="Of the characters of text files, such as latin-1; UTF-8 when left out.",
    ),
    option(
        "--delimiter", metavar="CHARACTER", section=_READING,
        help="Between the fields of CSV; what the header shows when left out.",
    ),
    option(
        "--quote", metavar="CHARACTER", section=_READING,
        help='Around fields of CSV and TSV, "" for none; what the file shows when left out.',
    ),
    option(
        "--escape", metavar="CHARACTER", section=_READING,
        help="What makes a quote inside quotes an ordinary character: a backslash, or the quote "
        "again; what the file shows when left out.",
    ),
    option(
        "--partitions/--no-partitions", default=None, section=_READING,
        help="Whether folders called key=value on the way to a file are columns.",
    ),
)  # fmt: skip
#: Those of the catalogue alone, which are arguments of ``Catalogue.read`` as they stand.
PATHS = tuple(field.name for field in fields(PathOptions))
_path_options = together(
    option(
        "--category-separator", metavar="TEXT", section=_READING,
        help="Between the levels of a category in the catalogue: any text, such as / or |; > when "
        "left out.",
    ),
    option(
        "--path-separator", metavar="TEXT", section=_READING,
        help="Between the paths of an item that has several categories, such as a comma; a line "
        "end when left out.",
    ),
)  # fmt: skip
#: And those of events alone.
_time_options = together(
    option(
        "--date-format", metavar="FORMAT", section=_READING,
        help='How dates are written in the events, as strptime has it: "%d/%m/%Y %H:%M". ISO 8601 '
        "when left out.",
    ),
    option(
        "--time-unit", type=click.Choice(list(TICKS)), section=_READING,
        help="Unit of times that are numbers; told by their magnitude when left out.",
    ),
)  # fmt: skip


def _reading_given(values: dict[str, Any]) -> dict[str, Any]:
    """Take the options of reading that were given out of a command's values, by argument."""
    given = {name: values.pop(name) for name in READING}
    given["missing"] = list(given["missing"]) or None
    return {name: value for name, value in given.items() if value is not None}


def _paths_given(values: dict[str, Any]) -> dict[str, Any]:
    given = {name: values.pop(name) for name in PATHS}
    return {name: value for name, value in given.items() if value is not None}


def _columns_given(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """Take the names of columns out of a command's values, by argument of the API.

    Those that may be absent unless they are asked for are left out where nobody did.
    """
    source = click.get_current_context().get_parameter_source
    given: dict[str, str] = {}
    for name in names:
        value = values.pop(f"{name}_column")
        usual = source(f"{name}_column") is ParameterSource.DEFAULT
        if usual and name in ("category", "name", "timestamp"):
            continue
        if name == "event_item_id":
            given["item_id"] = value if value is not None else values["item_id_column"]
        else:
            given[name] = value
    return given


def catalogue_given(values: dict[str, Any]) -> dict[str, Any]:
    """Take the arguments of ``Catalogue.read`` out of a command's values."""
    columns = _columns_given(values, *CATALOGUE_COLUMNS)
    return {**columns, **_paths_given(values), **_reading_given(values)}


def events_given(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take the arguments of ``Catalogue.read`` and ``Sessions.read`` out of a command's values."""
    event_columns = _columns_given(values, *EVENT_COLUMNS)
    item_columns = _columns_given(values, *CATALOGUE_COLUMNS)
    item_columns |= _paths_given(values)
    reading = _reading_given(values)
    return {**item_columns, **reading}, {**event_columns, **reading, **values}


# --- commands that take them ---------------------------------------------------------------------

history_arguments = together(click.argument("events"), click.argument("catalogue", required=False))
#: What ``Sessions.read`` can be told besides columns.
_session_options = together(
    option(
        "--gap", type=Gap(), metavar="TIME",
        help="Cut a session where two events are more than this apart: 30m, 12h, 1d. A bare "
        "number is seconds, or for a column of numbers the unit they are in.",
    ),
    option(
        "--min-length", type=click.IntRange(min=1), default=2, show_default=True,
        help="Leave out sessions of fewer events.",
    ),
    option(
        "--collapse-repeats/--keep-repeats", default=True, show_default=True,
        help="Whether an item directly after itself counts once.",
    ),
    option(
        "--order", type=click.Choice(ORDERS), default="auto", show_default=True,
        help="Whether the order of a session's events says something: none for goods of one "
        "basket. auto tells by their times and by the data.",
    ),
    option(
        "--memory-limit", metavar="SIZE",
        help="What ordering the events may take, for example 2GB; the rest goes to disk. "
        "Two fifths of the free memory when left out.",
    ),
)  # fmt: skip


#: Options of commands that read a catalogue alone.
catalogue_options = together(_path_options, _reading_options, _column_options(*CATALOGUE_COLUMNS))
#: Options of commands that read events and a catalogue.
event_options = together(
    _session_options, _time_options, _path_options, _reading_options,
    _column_options(*EVENT_COLUMNS, *CATALOGUE_COLUMNS),
)  # fmt: skip
#: Options of commands that train on them.
history_options = together(event_options, as_json_option, quiet_option, training_options())


def history_given(
    values: dict[str, Any],
) -> tuple[Options, dict[str, Any], dict[str, Any]]:
    """Take a command's values apart: options of training, of the catalogue, of sessions."""
    options = options_given(values)
    items, sessions = events_given(values)
    return options, items, sessions
