"""What rooms hand out, and modules under the names they had in the flat package."""

from __future__ import annotations

import json
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


# In a process of its own, where nothing has been imported yet: a line of JSON for each module.
PROGRAM = """
import importlib, json, sys, warnings
import likewise.report
print(json.dumps("likewise.report.report" in sys.modules))
for old, new in json.loads(sys.argv[1]):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = importlib.import_module(f"likewise.{old}")
    same = found is importlib.import_module(f"likewise.{new}")
    print(json.dumps([same, found.__name__, [str(one.message) for one in said]]))
"""


def test_rooms_load_nothing_and_old_names_lead_to_the_new_modules() -> None:
    moved = sorted(doors._MOVED.items())
    ran = subprocess.run([sys.executable, "-c", PROGRAM, json.dumps(moved)], capture_output=True,
                         text=True, env=environment(), check=True)  # fmt: skip
    loaded, *found = map(json.loads, ran.stdout.splitlines())
    assert loaded is False
    assert len(found) == len(moved) > 0
    for (old, new), answer in zip(moved, found, strict=True):
        new = f"likewise.{new}"
        assert answer == [True, new, [f"likewise.{old} is {new} now"]]
