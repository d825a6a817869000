"""Running the command line inside the test process, and tables to run it on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from likewise.commands.main import main

#: Small and quick, and the same every time.
QUICK = ["--dim", "16", "--epochs", "2", "--threads", "1", "--learning-rate", "0.01"]


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def run(capfd: pytest.CaptureFixture[str], *args: Any) -> Ran:
    """Run ``likewise args`` here; return its exit code and what it printed."""
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(arg) for arg in args], prog_name="likewise")
    out, err = capfd.readouterr()
    code = ended.value.code
    assert isinstance(code, int)
    return Ran(code, out, err)


def command(*args: Any) -> list[str]:
    """Return the words that run ``likewise args`` in a process of its own."""
    return [sys.executable, "-m", "likewise", *map(str, args)]


def environment(**extra: str) -> dict[str, str]:
    """Return the environment for a process of its own; an editable install stays silent in it."""
    return {**os.environ, "SKBUILD_EDITABLE_VERBOSE": "0", "PYTHONWARNINGS": "error", **extra}


def files_below(folder: Path) -> set[str]:
    """Return everything in a folder, hidden files too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
