"""What the C++ sources include: the order of the folders, no circle, nothing of the platform."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from helpers.places import ROOT

CSRC = ROOT / "csrc"
pytestmark = pytest.mark.skipif(not CSRC.exists(), reason="the C++ sources are not here")

#: What a folder of the core may include, beside itself.
FOLDERS = {
    "base": set(),
    "kernels": {"base"},
    "text": {"base", "kernels"},
    "training": {"base", "kernels"},
    "search": {"base", "kernels"},
    "score": {"base", "kernels"},
    "tables": {"base"},
}
#: What of the platform the core may use, and where.
PLATFORM = {
    "immintrin.h": {
        "kernels/avx2.cpp",
        "kernels/avx512_simd.h",
        "kernels/avx512bf16.cpp",
    },
    "arm_neon.h": {"kernels/neon.cpp"},
    "sys/mman.h": {"base/table.cpp", "base/page_allocator.h"},
    "unistd.h": {"base/table.cpp"},
    "malloc.h": {"base/table.cpp"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)


@cache
def includes(path: Path) -> list[tuple[str, str]]:
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def sources(folder: str) -> list[Path]:
    found = [path for path in sorted((CSRC / folder).rglob("*")) if path.suffix in {".h", ".cpp"}]
    assert len(found) > 5
    return found


def is_standard(name: str) -> bool:
    return re.fullmatch(r"[a-z_0-9]+", name) is not None


def test_a_folder_of_the_core_includes_base_kernels_and_itself() -> None:
    for path in sources("core"):
        folder = path.relative_to(CSRC / "core").parts[0]
        for quote, name in includes(path):
            if quote == "<":
                continue
            assert (CSRC / name).exists(), f"{path.name} includes {name}"
            core, other, _ = name.split("/")
            assert core == "core", f"{path.name} includes {name}"
            assert other in FOLDERS[folder] | {folder}, f"{path.name} includes {name}"


def test_the_core_includes_the_standard_library_and_little_of_the_platform() -> None:
    for path in sources("core"):
        place = path.relative_to(CSRC / "core").as_posix()
        for quote, name in includes(path):
            if quote == "<" and not is_standard(name):
                assert place in PLATFORM.get(name, ()), f"{place} includes {name}"


def test_headers_do_not_include_one_another_in_circles() -> None:
    left = {
        path.relative_to(CSRC).as_posix(): {name for quote, name in includes(path) if quote == '"'}
        for path in [*sources("core"), *sources("bindings")]
        if path.suffix == ".h"
    }
    while left:
        free = {header for header, names in left.items() if not names & set(left)}
        assert free, f"these include one another in a circle: {sorted(left)}"
        left = {header: names for header, names in left.items() if header not in free}


def test_no_header_is_included_by_nobody() -> None:
    files = [*sources("core"), *sources("bindings")]
    included = {name for path in files for _, name in includes(path)}
    headers = {path.relative_to(CSRC).as_posix() for path in files if path.suffix == ".h"}
    assert headers <= included


def test_the_bindings_include_the_core_and_pybind11() -> None:
    for path in sources("bindings"):
        for quote, name in includes(path):
            if quote == '"':
                assert name.startswith(("core/", "bindings/")), f"{path.name} includes {name}"
            else:
                assert is_standard(name) or name.startswith("pybind11/"), f"{path.name}: {name}"


def test_the_core_neither_prints_nor_exits_nor_opens_files() -> None:
    words = r"\b(std::c(out|err)|f?printf|puts|std::(exit|abort)|fopen|[io]?fstream|iostream)\b"
    for path in sources("core"):
        code = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
        found = re.findall(words, code)
        assert not found, f"{path.name}: {found}"
