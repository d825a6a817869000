"""Who may import whom: the order of the rooms, no circles, and what the C++ sources include."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import imports
from helpers.cli_helpers import environment
from helpers.places import ROOT

PACKAGE = ROOT / "python" / "likewise"
CSRC = ROOT / "csrc"

#: A module imports its own room and rooms to its left; rooms in one tuple do not import each other.
#: The empty text is the package itself: what stands in ``likewise/__init__.py``.
ROOMS: imports.Order = (
    "errors", ("options", "version", "work", "display"),
    "tables", "content", "state", "search", "score",
    ("storage", "interop", "questions"), "neighbours", "model", "training",
    ("simulation", "evaluation"), ("tuning", "pages"), ("maps", "clustering"), "report",
    "", "commands",
)  # fmt: skip
#: Imports that are still to go: to the right, or closing a circle. Nothing is added here.
EXCEPTIONS: set[imports.Edge] = {
    ("clustering.grouping", "commands.output"),
    ("content.composition", "model.model"),
    ("interop", "model.model"),
    ("interop", "model.vectors"),
    ("maps.maps", "commands.output"),
    ("maps.page", "maps.maps"),
    ("maps.pictures", "maps.maps"),
    ("maps.still", "maps.maps"),
    ("model.describe", "model.model"),
    ("neighbours.lists", "model.model"),
    ("neighbours.recommend", "model.model"),
    ("neighbours.trust", "model.model"),
    ("neighbours.verb", "model.model"),
    ("questions.answers", "model.model"),
    ("questions.explain", "model.model"),
    ("questions.queries", "model.model"),
    ("report.report", "commands.output"),
    ("score.blend", "model.model"),
    ("score.text", "model.model"),
    ("search.index_file", "search.index"),
    ("storage.models", "model.model"),
}
#: How many modules a room may have, and the rooms that still have more.
ROOM_SIZE = 12
LARGER = {"commands": 14}
#: The most modules of which each imports the next when it is loaded.
LONGEST = 21
HEAVY = {"gensim", "hnswlib", "matplotlib", "openTSNE", "optuna", "pandas", "plotly", "polars",
         "pyspark", "scipy", "selenium", "sklearn"}  # fmt: skip


@pytest.fixture(scope="module")
def graph() -> imports.Graph:
    return imports.graph_of(PACKAGE)


def test_every_room_has_a_place(graph: imports.Graph) -> None:
    assert {imports.room_of(module) for module in graph} - {"__main__"} <= set(imports.flat(ROOMS))


def test_rooms_import_rooms_to_their_left(graph: imports.Graph) -> None:
    assert imports.to_the_right(graph, ROOMS) - EXCEPTIONS == set()


def test_modules_do_not_import_in_circles(graph: imports.Graph) -> None:
    assert imports.circles(imports.without(graph, EXCEPTIONS)) == set()


def test_every_exception_is_still_needed(graph: imports.Graph) -> None:
    wrong = imports.to_the_right(graph, ROOMS)
    for edge in EXCEPTIONS - wrong:
        closes = imports.circles(imports.without(graph, EXCEPTIONS - {edge}))
        assert closes, f"{edge} is no exception any more"


def test_chains_of_imports_are_short() -> None:
    chain = imports.longest_chain(imports.graph_of(PACKAGE, loading=True))
    assert len(chain) <= LONGEST, " > ".join(chain)


def test_imports_are_absolute_and_name_what_is_there() -> None:
    assert imports.misspelt(PACKAGE) == []


def test_every_package_says_what_it_owns() -> None:
    assert imports.without_docstring(PACKAGE) == set()


def test_only_compiled_modules_begin_with_an_underscore() -> None:
    assert imports.private(PACKAGE) == set()


def test_rooms_are_small() -> None:
    sizes = imports.sizes(PACKAGE)
    assert {room: size for room, size in sizes.items() if size > ROOM_SIZE} == LARGER


def test_no_module_is_imported_by_nobody() -> None:
    assert imports.unused(PACKAGE) == set()


HELP = """
from likewise.commands.main import main
try:
    main(["--help"])
except SystemExit:
    pass
"""


@pytest.mark.parametrize(
    ("program", "heavy"),
    [("import likewise", HEAVY | {"click", "likewise.commands"}), (HELP, HEAVY)],
    ids=["import likewise", "likewise --help"],
)
def test_nothing_heavy_is_loaded(program: str, heavy: set[str]) -> None:
    program += f"\nimport sys\nprint('loaded:', *sorted({heavy!r} & sys.modules.keys()))"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment(),
        check=True,
    )  # fmt: skip
    assert ended.stdout.splitlines()[-1] == "loaded:"


def test_hnswlib_stays_behind_one_file() -> None:
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r"import hnswlib", path.read_text(encoding="utf-8"))
    }
    assert users == {"search/graph.py"}


# --- C++ ------------------------------------------------------------------------------------------

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
#: What of the platform the core may use, and where.
PLATFORM = {
    "immintrin.h": {
        "kernels_avx2.cpp",
        "kernels_avx512.cpp",
        "kernels_avx512bf16.cpp",
        "kernels_scan_avx2.cpp",
        "kernels_scan_avx512.cpp",
    },
    "arm_neon.h": {"kernels_neon.cpp", "kernels_scan_neon.cpp"},
    "sys/mman.h": {"table.cpp", "page_allocator.h"},
    "unistd.h": {"table.cpp"},
    "malloc.h": {"table.cpp"},
}


def includes(path: Path) -> list[tuple[str, str]]:
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def sources(folder: str) -> list[Path]:
    found = sorted((CSRC / folder).glob("*.h")) + sorted((CSRC / folder).glob("*.cpp"))
    assert len(found) > 5
    return found


def is_standard(name: str) -> bool:
    return re.fullmatch(r"[a-z_0-9]+", name) is not None


@pytest.mark.skipif(not CSRC.exists(), reason="the C++ sources are not here")
def test_the_core_includes_the_standard_library_and_itself() -> None:
    for path in sources("core"):
        for quote, name in includes(path):
            if quote == '"':
                assert name.startswith("core/"), f"{path.name} includes {name}"
                assert (CSRC / name).exists(), f"{path.name} includes {name}"
            elif not is_standard(name):
                assert path.name in PLATFORM.get(name, ()), f"{path.name} includes {name}"


@pytest.mark.skipif(not CSRC.exists(), reason="the C++ sources are not here")
def test_the_bindings_include_the_core_and_pybind11() -> None:
    for path in sources("bindings"):
        for quote, name in includes(path):
            if quote == '"':
                assert name.startswith(("core/", "bindings/")), f"{path.name} includes {name}"
            else:
                assert is_standard(name) or name.startswith("pybind11/"), f"{path.name}: {name}"


@pytest.mark.skipif(not CSRC.exists(), reason="the C++ sources are not here")
def test_the_core_neither_prints_nor_exits_nor_opens_files() -> None:
    words = r"\b(std::c(out|err)|f?printf|puts|std::(exit|abort)|fopen|[io]?fstream|iostream)\b"
    for path in sources("core"):
        code = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
        found = re.findall(words, code)
        assert not found, f"{path.name}: {found}"
