"""Arguments and options of the command line; those that several commands take stand here once.

Owns how an option is spelled, grouped and described in ``--help``, and how its value is handed to
the library. What the training options mean stands in the docstring of ``Options`` and nowhere
else. Runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

import click
from click.core import ParameterSource

from likewise.options import ELSEWHERE, Options, elsewhere
from likewise.score.popularity import POPULARITY

__all__ = [
    "CATALOGUE_COLUMNS",
    "EVENT_COLUMNS",
    "MAIN",
    "PATH",
    "Command",
    "Decorator",
    "Gap",
    "Option",
    "as_json_option",
    "column_options",
    "columns_given",
    "command",
    "file_option",
    "history_arguments",
    "history_given",
    "history_options",
    "k_option",
    "model_argument",
    "option",
    "option_help",
    "options_given",
    "output_option",
    "popularity_option",
    "quiet_option",
    "seed_option",
    "session_options",
    "side_option",
    "threads_option",
    "together",
]

Decorator = Callable[[Any], Any]

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

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the line; a training option under the name of another library says ours."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            name = error.option_name.lstrip("-")
            name = name if elsewhere(name) else name.replace("-", "_")
            ours, means = ELSEWHERE.get(name), elsewhere(name)
            mine = {parameter.name for parameter in self.params}
            if means is None or "dim" not in mine or (ours is not None and ours not in mine):
                raise
            if ours is not None:
                means = f"it is called --{ours.replace('_', '-')} here"
            raise click.UsageError(f"No such option: {error.option_name}: {means}", ctx) from None

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


def option(*declarations: str, **settings: Any) -> Decorator:
    """Give a command an option, under the heading `section` of ``--help``."""
    return click.option(*declarations, cls=Option, **settings)


def command(name: str, *, examples: str, **settings: Any) -> Callable[..., Command]:
    """Make a function a command; its docstring is the help, `examples` stand below it."""
    return click.command(name, cls=Command, examples=examples, **settings)


def together(*decorators: Decorator) -> Decorator:
    """Make one decorator of several, which give their options in this order."""

    def decorate(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


# --- what several commands take -------------------------------------------------------------------

model_argument = click.argument("model", type=PATH)
quiet_option = option("--quiet", "-q", is_flag=True, help="Show no progress.")
as_json_option = option("--json", "as_json", is_flag=True, help="Print JSON for other programs.")
side_option = option(
    "--side", type=click.Choice(["center", "context"]), default="center", show_default=True,
    help="Center vectors for similar items, context vectors for complements.",
)  # fmt: skip
popularity_option = option(
    "--popularity", type=click.FloatRange(0.0), metavar="WEIGHT",
    help=f"How much an answer's popularity counts in the score of similar items; {POPULARITY} "
    "when left out, 0 for not at all.",
)  # fmt: skip


def output_option(text: str, name: str = "output", **settings: Any) -> Decorator:
    """Give a command ``--output`` or ``-o``, with what is written there."""
    return option("--output", "-o", name, type=PATH, help=text, **settings)


def file_option(declaration: str, text: str) -> Decorator:
    """Give a command an option that names a file to read, in whatever format it is."""
    return option(declaration, metavar="FILE", help=text)


def k_option(default: int, text: str) -> Decorator:
    """Give a command ``-k``, with what it counts."""
    return option("-k", type=click.IntRange(1), default=default, show_default=True, help=text)


def seed_option(text: str, most: int | None = 2**32 - 1) -> Decorator:
    """Give a command ``--seed``, with what it decides."""
    return option("--seed", type=click.IntRange(0, most), default=1, show_default=True, help=text)


def threads_option(whose: str = "") -> Decorator:
    """Give a command ``--threads``: the workers, and for what they are."""
    text = f"Workers{whose}; 0 takes the cores there are."
    return option("--threads", type=click.IntRange(0), default=0, show_default=True, help=text)


def column_options(*names: str) -> Decorator:
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


def columns_given(values: dict[str, Any], *names: str) -> dict[str, str]:
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


# --- events and a catalogue to train on -----------------------------------------------------------

history_arguments = together(click.argument("events"), click.argument("catalogue", required=False))
#: What ``Sessions.read`` can be told besides columns.
session_options = together(
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
        "--memory-limit", metavar="SIZE",
        help="What ordering the events may take, for example 2GB; the rest goes to disk. "
        "About half of the memory there is when left out.",
    ),
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


def _training_options() -> Decorator:
    """Make one option of every field of ``Options``: ``--min-n`` for ``min_n``."""
    kinds, texts = get_type_hints(Options), option_help()
    made = []
    for field in fields(Options):
        spelling = "--" + field.name.replace("_", "-")
        kind: Any = kinds[field.name]
        if kind is bool:
            spelling += f"/--no-{spelling[2:]}"
        if field.name in _CHOICES:
            kind = click.Choice(_CHOICES[field.name])
        made.append(
            option(
                spelling, field.name, section=_TRAINING, type=kind, default=field.default,
                show_default=True, help=texts.get(field.name, ""),
            )
        )  # fmt: skip
    return together(*made)


history_options = together(
    session_options, as_json_option, quiet_option, _training_options(),
    column_options(*EVENT_COLUMNS, *CATALOGUE_COLUMNS),
)  # fmt: skip


def history_given(
    values: dict[str, Any],
) -> tuple[Options, dict[str, str], dict[str, Any]]:
    """Take a command's values apart: options, columns of the catalogue, the rest for sessions."""
    options = options_given(values)
    event_columns = columns_given(values, *EVENT_COLUMNS)
    item_columns = columns_given(values, *CATALOGUE_COLUMNS)
    return options, item_columns, {**event_columns, **values}


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
