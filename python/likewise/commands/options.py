"""Arguments and options of the command line; those that several commands take stand here once.

What is said about events and a catalogue stands in sources.py. Owns how an option is spelled,
grouped and described in ``--help``, and how its value is handed to the library. What the training
options mean stands in the docstring of ``Options`` and nowhere else. Runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import click

from likewise.options import ELSEWHERE, Options, elsewhere
from likewise.score.popularity import POPULARITY

__all__ = [
    "MAIN",
    "PATH",
    "Command",
    "Decorator",
    "Option",
    "as_json_option",
    "command",
    "file_option",
    "k_option",
    "model_argument",
    "option",
    "option_help",
    "options_given",
    "output_option",
    "popularity_option",
    "quiet_option",
    "seed_option",
    "side_option",
    "threads_option",
    "together",
    "training_options",
]

Decorator = Callable[[Any], Any]

MAIN = "Options"
PATH = click.Path(path_type=Path)
_TRAINING = "Training options"
_CHOICES = {"context": ["item", "content"]}


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


# --- training -------------------------------------------------------------------------------------


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


def training_options() -> Decorator:
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
