"""The command line's options and help: one spelling, all explained, examples that parse."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import fields
from datetime import timedelta
from typing import Any

import click
import pytest

import likewise as lw
from helpers.cli_helpers import environment, run
from likewise.commands.main import COMMANDS as LISTED
from likewise.commands.main import main
from likewise.commands.options import option_help, options_given
from likewise.commands.sources import Gap

Capture = pytest.CaptureFixture[str]
COMMANDS = [
    "demo",
    "train",
    "similar",
    "complements",
    "encode",
    "evaluate",
    "tune",
    "info",
    "map",
    "clusters",
    "report",
]


def parameters(name: str) -> dict[str, click.Option]:
    found = main.commands[name].params
    return {p.name: p for p in found if isinstance(p, click.Option) and p.name is not None}


@pytest.mark.parametrize("name", ["train", "evaluate", "tune"])
def test_training_options_have_one_spelling(name: str) -> None:
    given = parameters(name)
    for field in fields(lw.Options):
        option = given[field.name]
        spelling = "--" + field.name.replace("_", "-")
        assert option.opts == [spelling]
        assert option.secondary_opts == (
            ["--no-" + spelling[2:]] if isinstance(field.default, bool) else []
        )
        assert option.default == field.default
        assert option.show_default
        assert option.help == option_help()[field.name]


def test_every_option_is_explained() -> None:
    assert list(option_help()) == [field.name for field in fields(lw.Options)]
    assert all(len(text) > 10 and text.endswith(".") for text in option_help().values())
    for name in COMMANDS:
        assert all(option.help for option in parameters(name).values()), name


def test_training_options_arrive() -> None:
    wanted: dict[str, Any] = {
        "dim": 8, "window": 3, "negatives": 2, "noise_exponent": -0.5, "epochs": 4,
        "learning_rate": 0.02, "min_learning_rate": 0.01, "subsample": 0.1, "min_count": 3,
        "content": True, "own_row": False, "id_dropout": 0.25, "context": "content",
        "buckets": 64, "min_n": 2, "max_n": 5, "word_ngrams": 2, "shared_negatives": False,
        "stretch": 100, "threads": 1, "seed": 9,
    }  # fmt: skip
    assert set(wanted) == {field.name for field in fields(lw.Options)}
    words: list[str] = []
    for name, value in wanted.items():
        spelling = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{spelling}" if value else f"--no-{spelling}")
        else:
            words += [f"--{spelling}", str(value)]
    train = main.commands["train"]
    context = train.make_context("train", ["events", "items", "-o", "x", *words])
    assert options_given(dict(context.params)) == lw.Options(**wanted)
    context = train.make_context("train", ["events", "items", "-o", "x"])
    assert options_given(dict(context.params)) == lw.Options()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_that_parse(name: str, capfd: Capture) -> None:
    ran = run(capfd, name, "--help")
    assert ran.code == 0
    assert ran.err == ""
    assert all(len(line) <= 100 for line in ran.out.splitlines())
    examples = main.commands[name].examples.strip().splitlines()  # type: ignore[attr-defined]
    assert len(examples) >= 2
    for example in examples:
        assert f"  {example}" in ran.out
        program, verb, *words = shlex.split(example.split("   ")[0])
        assert (program, verb) == ("likewise", name)
        main.commands[name].make_context(name, words)


def test_the_lines_of_help_are_those_of_the_commands() -> None:
    assert {
        name: (command.name, command.get_short_help_str(200))
        for name, command in main.commands.items()
    } == {name: (name, line) for name, (_, line) in LISTED.items()}


# In one process, and so each beside what those before it have imported.
CALLS: list[tuple[list[str], str]] = [
    (["--help"], "errors main"),
    (["nothing"], "errors main"),
    (["info", "--help"], "errors main options output questions sources"),
]
PROGRAM = """
import json, sys
from likewise.commands.main import main
for words in json.loads(sys.argv[1]):
    try: main(words)
    except SystemExit: pass
    rooms = [m.split(".") for m in sys.modules if m.startswith("likewise.commands.")]
    print("imported:", *sorted(names[2] for names in rooms))
"""


def test_only_what_is_asked_for_is_imported() -> None:
    calls = json.dumps([words for words, _ in CALLS])
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, calls], capture_output=True, text=True, env=environment(),
        check=True,
    )  # fmt: skip
    said = [line for line in ended.stdout.splitlines() if line.startswith("imported: ")]
    assert said == [f"imported: {modules}" for _, modules in CALLS]


def test_without_a_command_it_explains_itself(capfd: Capture) -> None:
    ran = run(capfd)
    assert ran.code == 0
    assert all(f"  {name} " in ran.out for name in COMMANDS)
    assert "..." not in ran.out.partition("Commands:")[2]
    assert run(capfd, "--version").out == f"likewise {lw.__version__}\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1800", 1800),
        ("0.5", 0.5),
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("1.5h", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
    ],
)
def test_gap(text: str, value: float | timedelta) -> None:
    assert Gap().convert(text, None, None) == value
