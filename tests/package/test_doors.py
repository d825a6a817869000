"""What rooms hand out, and modules under the names they had in the flat package."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module

import pytest

from helpers.cli_helpers import environment
from helpers.places import ROOT
from likewise import doors

PACKAGE = ROOT / "python" / "likewise"
ROOMS = sorted(
    path.parent.name
    for path in PACKAGE.glob("*/__init__.py")
    if "door(__name__" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_hands_out_what_it_says(room: str) -> None:
    text = (PACKAGE / room / "__init__.py").read_text(encoding="utf-8")
    listed = re.findall(r'"(\w+)": "([\w ]+)"', text)
    assert listed
    for module, names in listed:
        for name in names.split():
            given = getattr(import_module(f"likewise.{room}"), name)
            assert given is getattr(import_module(f"likewise.{room}.{module}"), name)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = import_module(f"likewise.{room}").nothing


def test_importing_a_room_loads_nothing_of_it() -> None:
    program = "import sys, likewise.report; print('likewise.report.report' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                         env=environment(), check=True)  # fmt: skip
    assert ran.stdout.strip() == "False"


@pytest.mark.parametrize(("old", "new"), sorted(doors._MOVED.items()))
def test_public_modules_are_found_under_their_old_names(old: str, new: str) -> None:
    old, new = f"likewise.{old}", f"likewise.{new}"
    program = (
        "import importlib, sys, warnings\n"
        "import likewise\n"
        "with warnings.catch_warnings(record=True) as said:\n"
        "    warnings.simplefilter('always')\n"
        f"    found = importlib.import_module({old!r})\n"
        f"assert found is importlib.import_module({new!r})\n"
        f"assert found.__name__ == {new!r}\n"
        "print([str(one.message) for one in said])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                         env=environment(), check=True)  # fmt: skip
    assert ran.stdout.strip() == repr([f"{old} is {new} now"])
