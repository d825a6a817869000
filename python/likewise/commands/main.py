"""The command ``likewise``: the group of its commands, each imported when it is asked for.

Owns which commands there are and what ``--help`` says of them in one line. How options are spelled
is in commands/options.py, how output looks in commands/output.py and errors in commands/errors.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any, cast

import click

from likewise._core import kernels
from likewise.commands.errors import Group, refusals
from likewise.version import __version__

__all__ = ["COMMANDS", "main"]

#: Where every command stands, and its line of help.
COMMANDS = {
    "clusters": ("likewise.commands.pages:clusters", "Group alike items, and name the groups."),
    "complements": ("likewise.commands.questions:complements", "Find what goes with an item."),
    "demo": ("likewise.commands.demo:demo", "Simulate a shop, train on it, show what is found."),
    "encode": ("likewise.commands.vectors:encode", "Write vectors of any catalogue."),
    "evaluate": ("likewise.commands.evaluation:evaluate", "Measure quality on held-out events."),
    "export": ("likewise.commands.vectors:export", "Write a model's vectors for other tools."),
    "info": ("likewise.commands.questions:info", "Say what a model is: items, vectors, options."),
    "map": ("likewise.commands.pages:map_command", "Draw categories or items in two dimensions."),
    "recommend": (
        "likewise.commands.recommend:recommend",
        "Write every item's neighbours: the nightly job.",
    ),
    "report": (
        "likewise.commands.pages:report",
        "Write one page about a model: data, quality, map, clusters, lists.",
    ),
    "similar": ("likewise.commands.questions:similar", "Find the items most like one."),
    "train": ("likewise.commands.training:train", "Train a model on events and a catalogue."),
    "tune": ("likewise.commands.evaluation:tune", "Find better training options by trying."),
}


class _Commands(Mapping[str, click.Command]):
    """The commands by name; a module is imported when one of its commands is taken out."""

    def __getitem__(self, name: str) -> click.Command:
        module, _, attribute = COMMANDS[name][0].partition(":")
        found: click.Command = getattr(import_module(module), attribute)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _LazyGroup(Group):
    """A group that lists its commands without importing them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands = cast("MutableMapping[str, click.Command]", _Commands())

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names and lines of help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in sorted(COMMANDS.items())])


@click.group(
    cls=_LazyGroup,
    invoke_without_command=True,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="likewise %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Similar products from names, categories and sessions.

    Files are Parquet, CSV, TSV or JSON lines, or a glob of them in quotes. Results go to standard
    output, progress to standard error. Exit code 0: done; 1: something is wrong with the data or
    the model; 2: with the command line; 130: interrupted.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    with refusals():
        kernels()  # LIKEWISE_KERNELS may name a set that there is not
