"""Options of the command line: the training options made from ``Options``, the column names.

Owns how an option is spelled, grouped and described in ``--help``. What the training options mean
stands in the docstring of ``Options`` and nowhere else. Runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import click

from likewise.options import Options
from likewise.score.popularity import POPULARITY

__all__ = [
    "CATALOGUE_COLUMNS",
    "EVENT_COLUMNS",
    "MAIN",
    "PATH",
    "Command",
    "Gap",
    "Option",
    "as_json_option",
    "column_options",
    "columns_given",
    "file_option",
    "option_help",
    "options_given",
    "output_option",
    "quiet_option",
    "seed_option",
    "session_options",
    "training_options",
]

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

MAIN = "Options"
PATH = click.Path(path_type=Path)
_TRAINING = "Training options"
_COLUMNS = "Names of columns"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_CHOICES = {"context": ["item", "content"]}

#: Column arguments of ``Catalogue.read`` and of ``Sessions.read``. On the command line they end in
#: ``-column``, so that ``--name`` and ``--category`` are left for what is asked about.
CATALOGUE_COLUMNS = ("item_id", "category", "name")
EVENT_COLUMNS = ("session_id", "event_item_id", "timestamp")
_COLUMN_HELP = {
    "item_id": "item ids, in the catalogue and in the events",
    "category": "category paths",
    "name": "names",
    "session_id": "session ids",
    "event_item_id": "item ids in the events, where it is called otherwise there",
    "timestamp": "times",
}


class Option(click.Option):
    """An option that knows under which heading of ``--help`` it stands."""

    def __init__(self, *args: Any, section: str = MAIN, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class Command(click.Command):
    """A command whose help lists options under headings, and ends in examples as they stand."""

    def __init__(self, *args: Any, examples: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by heading, the command's own first."""
        sections: dict[str, list[tuple[str, str]]] = {MAIN: []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                sections.setdefault(getattr(parameter, "section", MAIN), []).append(record)
        for section in (MAIN, *sorted(set(sections) - {MAIN})):
            with formatter.section(section):
                formatter.write_dl(sections[section], col_max=34)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples without wrapping them."""
        if self.examples:
            formatter.write_paragraph()
            formatter.write("Examples:\n")
            for line in self.examples.strip().splitlines():
                formatter.write(f"  {line}\n")


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


quiet_option = click.option("--quiet", "-q", is_flag=True, cls=Option, help="Show no progress.")
as_json_option = click.option(
    "--json", "as_json", is_flag=True, cls=Option, help="Print JSON for other programs."
)


def output_option(
    text: str, name: str = "output", *, required: bool = False, multiple: bool = False
) -> Callable[[Decorated], Decorated]:
    """Give a command ``--output`` or ``-o``, with what is written there."""
    return click.option(
        "--output", "-o", name, type=PATH, required=required, multiple=multiple, cls=Option,
        help=text,
    )  # fmt: skip


def file_option(declaration: str, text: str) -> Callable[[Decorated], Decorated]:
    """Give a command an option that names a file to read, in whatever format it is."""
    return click.option(declaration, metavar="FILE", cls=Option, help=text)


def seed_option(text: str) -> Callable[[Decorated], Decorated]:
    """Give a command ``--seed``, with what it decides."""
    return click.option(
        "--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, cls=Option,
        help=text,
    )  # fmt: skip


def option_help() -> dict[str, str]:
    """Return what every training option means, by name, from the docstring of ``Options``."""
    attributes = re.search(
        r"Attributes\n\s+-+\n(.*?)\n\s*\n\s+Raises", Options.__doc__ or "", flags=re.DOTALL
    )
    texts: dict[str, str] = {}
    if attributes:
        entries = re.split(r"(?m)^    (\w+) : .*\n", attributes[1])
        for name, text in zip(entries[1::2], entries[2::2], strict=True):
            texts[name] = " ".join(text.replace("``", "").split())
    return texts


def training_options(command: Decorated) -> Decorated:
    """Give a command one option for every field of ``Options``: ``--min-n`` for ``min_n``."""
    kinds = get_type_hints(Options)
    texts = option_help()
    decorated: Any = command
    for field in reversed(fields(Options)):
        spelling = field.name.replace("_", "-")
        kind: Any = kinds[field.name]
        declaration = f"--{spelling}/--no-{spelling}" if kind is bool else f"--{spelling}"
        if field.name in _CHOICES:
            kind = click.Choice(_CHOICES[field.name])
        decorated = click.option(
            declaration,
            field.name,
            cls=Option,
            section=_TRAINING,
            type=kind,
            default=field.default,
            show_default=True,
            help=texts.get(field.name, ""),
        )(decorated)
    chosen: Decorated = decorated
    return chosen


def options_given(values: dict[str, Any]) -> Options:
    """Take the training options out of a command's values; a bad one is a usage error."""
    chosen = {field.name: values.pop(field.name) for field in fields(Options)}
    try:
        return Options(**chosen)
    except (ValueError, TypeError, OverflowError) as error:
        message = str(error)
        for name in sorted(chosen, key=len, reverse=True):
            if message.startswith(f"{name} "):
                message = f"--{name.replace('_', '-')}{message[len(name) :]}"
                break
        raise click.UsageError(message) from None


def column_options(*names: str) -> Callable[[Decorated], Decorated]:
    """Give a command ``--item-id-column`` and the like for these columns."""

    def decorate(command: Decorated) -> Decorated:
        decorated: Any = command
        for name in reversed(names):
            decorated = click.option(
                f"--{name.replace('_', '-')}-column",
                f"{name}_column",
                cls=Option,
                section=_COLUMNS,
                metavar="NAME",
                default=None if name == "event_item_id" else name,
                show_default=True,
                help=f"Column of {_COLUMN_HELP[name]}.",
            )(decorated)
        chosen: Decorated = decorated
        return chosen

    return decorate


def columns_given(values: dict[str, Any], *names: str) -> dict[str, str]:
    """Take the names of columns out of a command's values, by argument of the API."""
    given: dict[str, str] = {}
    for name in names:
        value = values.pop(f"{name}_column")
        if name == "event_item_id":
            given["item_id"] = value if value is not None else values["item_id_column"]
        else:
            given[name] = value
    return given


def popularity_option(command: Decorated) -> Decorated:
    """Give a command the weight of popularity in the score of similar items."""
    decorated: Any = click.option(
        "--popularity", type=click.FloatRange(0.0), metavar="WEIGHT", cls=Option,
        help=f"How much an answer's popularity counts in the score of similar items; {POPULARITY} "
        "when left out, 0 for not at all.",
    )(command)  # fmt: skip
    chosen: Decorated = decorated
    return chosen


def session_options(command: Decorated) -> Decorated:
    """Give a command what ``Sessions.read`` can be told besides columns."""
    decorated: Any = command
    for declaration, settings in reversed(_SESSION_OPTIONS):
        decorated = click.option(*declaration, cls=Option, **settings)(decorated)
    chosen: Decorated = decorated
    return chosen


_SESSION_OPTIONS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (
        ("--gap",),
        {
            "type": Gap(),
            "metavar": "TIME",
            "help": "Cut a session where two events are more than this apart: 30m, 12h, 1d. A bare "
            "number is seconds, or for a column of numbers the unit they are in.",
        },
    ),
    (
        ("--min-length",),
        {
            "type": click.IntRange(min=1),
            "default": 2,
            "show_default": True,
            "help": "Leave out sessions of fewer events.",
        },
    ),
    (
        ("--collapse-repeats/--keep-repeats",),
        {
            "default": True,
            "show_default": True,
            "help": "Whether an item directly after itself counts once.",
        },
    ),
    (
        ("--memory-limit",),
        {
            "metavar": "SIZE",
            "help": "What ordering the events may take, for example 2GB; the rest goes to disk. "
            "About half of the memory there is when left out.",
        },
    ),
]
