"""The checks of imports (helpers/imports.py) find what is planted in small packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import imports

ROOMS = ("errors", "tables", ("maps", "report"), "", "commands")
FOR_CHECKERS = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "
#: Nothing is wrong with it.
SHOP = {
    "__init__": '"""A shop."""\nfrom shop.maps.draw import draw\nfrom shop import report',
    "__main__": "from shop.commands.main import main",
    "errors": "",
    "tables/__init__": '"""Tables."""',
    "tables/read": "import shop.errors\nfrom shop.tables._fast import loop",
    "maps/__init__": '"""Maps."""',
    "maps/draw": "from shop.tables.read import read\nimport json",
    "report/__init__": '"""Reports."""\nfrom shop.tables import read',
    "commands/__init__": '"""Commands."""',
    "commands/main": 'import shop\nfrom shop import draw\nLATER = "shop.commands.later:run"',
    "commands/later": "def run():\n    from shop.report import write",
}


def made(folder: Path, **changes: str) -> Path:
    """Write the shop; ``tables_read`` is what to add to ``tables/read.py``."""
    package = folder / "shop"
    added = {name.replace("_", "/", 1): line for name, line in changes.items()}
    for name in SHOP.keys() | added.keys():
        path = package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{SHOP.get(name, '')}\n{added.get(name, '')}\n", encoding="utf-8")
    (package / "tables" / "_fast.pyi").touch()
    return package


def problems(package: Path) -> dict[str, object]:
    graph = imports.graph_of(package)
    found = {
        "right": imports.to_the_right(graph, ROOMS),
        "circles": imports.circles(graph),
        "misspelt": imports.misspelt(package),
        "docstrings": imports.without_docstring(package),
        "private": imports.private(package),
        "unused": imports.unused(package),
    }
    return {name: what for name, what in found.items() if what}


def test_a_good_package_has_no_problems(tmp_path: Path) -> None:
    package = made(tmp_path)
    assert problems(package) == {}
    assert imports.sizes(package) == {"tables": 2, "maps": 1, "report": 0, "commands": 2}
    graph = imports.graph_of(package)
    assert graph["tables.read"] == {"errors", "tables._fast"}
    assert graph["commands.main"] == {"", "commands.later"}
    assert graph["commands.later"] == {"report"}
    assert imports.graph_of(package, loading=True)["commands.later"] == set()
    chain = ["commands.main", "commands.later", "report", "tables.read", "errors"]
    assert imports.longest_chain(graph) == chain
    loading = imports.longest_chain(imports.graph_of(package, loading=True))
    assert loading == ["maps.draw", "tables.read", "errors"]


@pytest.mark.parametrize("where", [FOR_CHECKERS, "def late():\n    ", "class C:\n    ", ""])
def test_an_import_to_the_right_is_found(tmp_path: Path, where: str) -> None:
    package = made(tmp_path, tables_more=f"{where}from shop.maps.draw import draw")
    wrong = problems(package)
    assert wrong == {"right": {("tables.more", "maps.draw")}, "unused": {"tables.more"}}


@pytest.mark.parametrize(
    ("changes", "edge"),
    [
        ({"maps_draw": "from shop import report"}, ("maps.draw", "report")),
        ({"report_more": "import shop.maps.draw as d"}, ("report.more", "maps.draw")),
        ({"maps_draw": "from shop import report as r, errors"}, ("maps.draw", "report")),
        ({"maps_draw": "LATER = 'shop.commands.main:main'"}, ("maps.draw", "commands.main")),
        ({"maps_draw": "from shop import draw"}, ("maps.draw", "")),
        ({"errors": "import shop"}, ("errors", "")),
    ],
)
def test_neighbours_and_the_package_stand_to_the_right(
    tmp_path: Path, changes: dict[str, str], edge: tuple[str, str]
) -> None:
    assert problems(made(tmp_path, **changes))["right"] == {edge}


@pytest.mark.parametrize("where", [FOR_CHECKERS, "def late():\n    ", ""])
def test_a_circle_is_found(tmp_path: Path, where: str) -> None:
    package = made(
        tmp_path,
        tables_read="from shop.tables import more",
        tables_more="from shop.tables import most",
        tables_most=f"{where}from shop.tables.read import read",
    )
    circle = ("tables.more", "tables.most", "tables.read")
    assert problems(package) == {"circles": {circle}}
    graph = imports.without(imports.graph_of(package), {("tables.most", "tables.read")})
    assert imports.circles(graph) == set()
    loads_in_circle = bool(imports.circles(imports.graph_of(package, loading=True)))
    assert loads_in_circle == (where == "")


def test_a_circle_through_the_names_of_a_room_is_found(tmp_path: Path) -> None:
    package = made(tmp_path, report_more="from shop.report import write")
    (package / "report" / "__init__.py").write_text('"""Reports."""\nimport shop.report.more')
    assert problems(package) == {"circles": {("report", "report.more")}}


def test_chains_do_not_turn(tmp_path: Path) -> None:
    package = made(tmp_path, maps_draw="import shop.maps.pen", maps_pen="import shop.maps.draw")
    with pytest.raises(ValueError, match=r"circles among .*maps\.draw.*maps\.pen"):
        imports.longest_chain(imports.graph_of(package))


@pytest.mark.parametrize(
    "line",
    ["from . import draw", "from .draw import x", "from shop.tables.read import *",
     "from shop.tables.gone import x", "import shop.gone"],
)  # fmt: skip
def test_misspelt_imports_are_found(tmp_path: Path, line: str) -> None:
    package = made(tmp_path, maps_draw=f"if True:\n    {line}")
    assert imports.misspelt(package) == [f"maps.draw: {line}"]


def test_other_faults_are_found(tmp_path: Path) -> None:
    package = made(tmp_path, maps__pen="", paper_a="", maps_draw="import shop.paper.a")
    assert problems(package) == {
        "docstrings": {"paper"},
        "private": {"maps._pen"},
        "unused": {"maps._pen"},
    }
    (package / "paper" / "__init__.py").write_text("import json")
    assert imports.without_docstring(package) == {"paper"}
