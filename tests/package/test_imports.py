"""Who may import whom: the order of the Python modules."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache

import pytest

from helpers.cli_helpers import environment
from helpers.places import ROOT

PACKAGE = ROOT / "python" / "likewise"

#: A module imports only modules to its left.
ORDER = (
    "errors", "options", "catalogue", "sessions", "features", "index", "matches", "model",
    "vectors", "training", "storage", "interop", "simulate", "baselines", "evaluation", "tuning",
    "maps", "clustering",
    "report", "cli",
)  # fmt: skip
#: Deliberate steps to the right, inside a function: the module says there why.
EXCEPTIONS = {("model", "storage"), ("model", "interop"), ("vectors", "interop")}
COMPILED = {"_core", "_ingest", "_arrange"}
HEAVY = {"gensim", "matplotlib", "openTSNE", "optuna", "pandas", "plotly", "polars", "scipy",
         "sklearn", "pyspark"}  # fmt: skip


def modules() -> list[str]:
    return sorted(path.stem for path in PACKAGE.glob("*.py"))


def nodes(tree: ast.AST) -> list[ast.Import | ast.ImportFrom]:
    """Return the imports of a module, those for type checkers alone left out."""
    found: list[ast.Import | ast.ImportFrom] = []
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            found.append(child)
        found += nodes(child)
    return found


@cache
def imported(module: str) -> frozenset[str]:
    """Return which modules of the package a module imports, anywhere in it."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    names = set()
    for node in nodes(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}.py: imports are absolute"
            if node.module == "likewise":
                names |= {alias.name for alias in node.names}
            elif (node.module or "").startswith("likewise."):
                names.add((node.module or "").split(".")[1])
        else:
            names |= {a.name.split(".")[1] for a in node.names if a.name.startswith("likewise.")}
    known = set(modules())
    return frozenset(names & known)


def reached(module: str) -> set[str]:
    """Return the public modules that a module reaches directly or through private ones."""
    found: set[str] = set()
    waiting, seen = [module], {module}
    while waiting:
        for name in imported(waiting.pop()):
            if not name.startswith("_"):
                found.add(name)
            elif name not in seen:
                seen.add(name)
                waiting.append(name)
    return found


@pytest.mark.parametrize("module", [name for name in ORDER if (PACKAGE / f"{name}.py").exists()])
def test_a_module_imports_only_modules_to_its_left(module: str) -> None:
    left = set(ORDER[: ORDER.index(module)])
    wrong = {name for name in reached(module) - left if (module, name) not in EXCEPTIONS}
    assert not wrong, f"{module} imports {sorted(wrong)}, which stand to its right"


def test_every_public_module_has_a_place() -> None:
    public = {name for name in modules() if not name.startswith("_")}
    assert public <= set(ORDER)


def test_no_module_is_imported_by_nobody() -> None:
    used = {name for module in modules() for name in imported(module)}
    assert set(modules()) - used <= {"__init__", "__main__", "cli"}


def test_modules_do_not_import_in_circles() -> None:
    """Not even through private modules, and only what is imported on import counts."""

    def top(module: str) -> set[str]:
        tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
        names: set[str] = set()
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("likewise."):
                names.add((node.module or "").split(".")[1])
        return names & set(modules())

    graph = {module: top(module) for module in modules()}
    while graph:
        leaves = {module for module, names in graph.items() if not names & set(graph)}
        assert leaves, f"a circle among {sorted(graph)}"
        graph = {module: names for module, names in graph.items() if module not in leaves}


def test_import_loads_nothing_heavy() -> None:
    program = f"import sys, likewise, likewise.cli; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment(),
        check=True,
    )  # fmt: skip
    assert ended.stdout.split() == []


def test_hnswlib_stays_behind_one_file() -> None:
    users = {p.name for p in PACKAGE.glob("*.py") if re.search(r"import hnswlib", p.read_text())}
    assert users == {"search/graph.py"}
