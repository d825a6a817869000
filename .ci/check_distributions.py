"""Look into an sdist and a wheel: what must be in them is, and nothing else.

python .ci/check_distributions.py dist/*
"""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile

#: Everything a wheel may hold, as patterns of whole paths.
WHEEL = [
    r"likewise/(\w+/)?\w+\.pyi?",
    r"likewise/py\.typed",
    r"likewise/pages/parts/\w+\.(css|js)",
    r"likewise/(_core|tables/_ingest|tables/_arrange)\.[\w.-]+\.(so|pyd)",
    r"likewise-[\w.+]+\.dist-info/(METADATA|RECORD|WHEEL|entry_points\.txt|licenses/LICENSE)",
]
WHEEL_NEEDS = [
    "likewise/py.typed",
    "likewise/commands/main.py",
    "likewise/_core.pyi",
    "likewise/_core.",
    "likewise/pages/parts/map.js",
    "likewise/pages/parts/page.css",
]
SDIST_NEEDS = ["pyproject.toml", "CMakeLists.txt", "README.md", "LICENSE",
               "csrc/core/training/trainer.cpp", "python/likewise/tables/_ingest.pyx",
               "tests/commands/test_commands.py"]  # fmt: skip
LITTER = re.compile(
    r"(^|/)(build|dist|\.git|\.venv|__pycache__|\.\w+_cache|likewise-demo)(/|$)|\.so$"
)


def check(path: str) -> list[str]:
    """Return what is wrong with a distribution."""
    if path.endswith(".whl"):
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
        wrong = [n for n in names if not any(re.fullmatch(pattern, n) for pattern in WHEEL)]
        needs = WHEEL_NEEDS
    else:
        with tarfile.open(path) as archive:
            names = [m.name.partition("/")[2] for m in archive.getmembers() if m.isfile()]
        wrong = [name for name in names if LITTER.search(name)]
        needs = SDIST_NEEDS
    missing = [need for need in needs if not any(name.startswith(need) for name in names)]
    print(f"{path.rsplit('/', 1)[-1]}: {len(names)} files")
    return [f"{path} should not have {name}" for name in wrong] + [
        f"{path} lacks {need}" for need in missing
    ]


if __name__ == "__main__":
    found = [problem for path in sys.argv[1:] for problem in check(path)]
    print(*found, sep="\n")
    sys.exit(bool(found) or len(sys.argv) < 3)
