"""The README: its Python runs, its commands exist, its table is that of the options."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest

from helpers.places import ROOT
from likewise.commands.main import main

README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8") if README.exists() else ""

pytestmark = pytest.mark.skipif(not TEXT, reason="the README is not here")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


def shape(text: str) -> list[str]:
    """Return a printed text without what depends on the run: digits and the answers themselves."""
    lines = [line for line in text.splitlines() if line.startswith(("similar", "going", "like"))]
    return [re.sub(r"[-+]?[0-9.]+\*?|  +", " ", line) for line in lines]


def test_the_python_runs_and_prints_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *rest = blocks("python")
    assert len([line for line in first.splitlines() if line.strip()]) <= 12
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "90")
    names: dict[str, object] = {}
    exec(compile(first, "README.md", "exec"), names)
    assert shape(capsys.readouterr().out) == shape(blocks("text")[0])
    assert (tmp_path / "shop-model" / "model.json").exists()
    for block in rest:
        exec(compile(block, "README.md", "exec"), names)


def test_the_commands_exist() -> None:
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    words = [shlex.split(part, comments=True) for line in lines for part in line.split("&&")]
    typed = [line[1:] for line in words if line and line[0] == "likewise"]
    assert {line[0] for line in typed} == set(main.commands)
    for verb, *arguments in typed:
        main.commands[verb].make_context(verb, arguments)


def test_the_first_screen_has_the_two_commands() -> None:
    screen = "\n".join(TEXT.splitlines()[:12])
    assert "pip install . && likewise demo" in screen
    assert "pip install '.[test]' && pytest" in screen


def test_the_table_of_options_is_up_to_date() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "readme_options.py"))
    assert tool["table"]() in TEXT, "run: python tools/readme_options.py"
    assert tool["with_table"](TEXT) == TEXT


def test_what_it_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target
