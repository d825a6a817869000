"""Who may import whom: the order of the rooms, no circles, short chains."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from helpers import imports
from helpers.cli_helpers import environment
from helpers.places import ROOT

PACKAGE = ROOT / "python" / "likewise"
CSRC = ROOT / "csrc"

#: A module imports its own room and rooms to its left; rooms in one tuple do not import each other.
#: The empty text is the package itself: what stands in ``likewise/__init__.py``.
ROOMS: imports.Order = (
    "errors", "doors",
    ("arrays", "items", "levels", "options", "order", "version", "work", "display"),
    "reading", "tables", "content", "state", "search", "score",
    ("storage", "questions", "neighbours", "training"), "model",
    ("interop", "simulation", "evaluation"), ("tuning", "pages"), ("maps", "clustering"), "report",
    "", "commands",
)  # fmt: skip
#: How many modules a room may have.
ROOM_SIZE = 12
#: The most modules of which each imports the next, anywhere in it; commands are loaded by name.
LONGEST = 9
HEAVY = {"duckdb", "gensim", "hnswlib", "implicit", "lightfm", "matplotlib", "openTSNE", "optuna",
         "pandas", "plotly", "polars", "pyspark", "scipy", "selenium", "sklearn",
         "tqdm"}  # fmt: skip


@pytest.fixture(scope="module")
def graph() -> imports.Graph:
    return imports.graph_of(PACKAGE)


def test_every_room_has_a_place(graph: imports.Graph) -> None:
    assert {imports.room_of(module) for module in graph} - {"__main__"} <= set(imports.flat(ROOMS))


def test_rooms_import_rooms_to_their_left(graph: imports.Graph) -> None:
    assert imports.to_the_right(graph, ROOMS) == set()


def test_modules_do_not_import_in_circles(graph: imports.Graph) -> None:
    assert imports.circles(graph) == set()


def test_chains_of_imports_are_short() -> None:
    chain = imports.longest_chain(imports.graph_of(PACKAGE, texts=False))
    assert len(chain) <= LONGEST, " > ".join(chain)


def test_imports_are_absolute_and_name_what_is_there() -> None:
    assert imports.misspelt(PACKAGE) == []


def test_every_package_says_what_it_owns() -> None:
    assert imports.without_docstring(PACKAGE) == set()


def test_only_compiled_modules_begin_with_an_underscore() -> None:
    assert imports.private(PACKAGE) == set()


def test_rooms_are_small() -> None:
    sizes = imports.sizes(PACKAGE)
    assert {room: size for room, size in sizes.items() if size > ROOM_SIZE} == {}


def test_no_module_is_imported_by_nobody() -> None:
    # A door for users, likewise.interop; and readers of files, which are loaded by name.
    assert imports.unused(PACKAGE) == {"interop", "reading.delimited", "reading.parquet"}


PROGRAM = """
import json, sys
import likewise
print(json.dumps(sorted(sys.modules)))
from likewise.commands.main import main
try:
    main(["--help"])
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)))
"""


def test_nothing_heavy_is_loaded() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment(),
        check=True,
    )  # fmt: skip
    first, *_, last = ended.stdout.splitlines()
    package, helped = set(json.loads(first)), set(json.loads(last))
    assert (HEAVY | {"click", "likewise.commands"}) & package == set()
    assert {"click", "likewise.commands.main"} <= helped
    assert HEAVY & helped == set()


def test_hnswlib_stays_behind_one_file() -> None:
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r"import hnswlib", path.read_text(encoding="utf-8"))
    }
    assert users == {"search/graph.py"}
