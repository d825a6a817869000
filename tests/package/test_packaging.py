"""What is installed: version, entry point, types, extras; and the settings that CI relies on."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
import subprocess
from pathlib import Path

import pytest

import likewise
from helpers.places import ROOT

PACKAGE = Path(likewise.__file__).parent
COMPILED = ["_core", "tables._ingest", "tables._arrange"]


def stub_of(module: str) -> Path:
    return PACKAGE / f"{module.replace('.', '/')}.pyi"


def test_one_version_everywhere() -> None:
    assert importlib.metadata.version("likewise") == likewise.__version__
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{likewise.__version__}"' in text
    assert f"## {likewise.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_command_is_installed() -> None:
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="likewise")
    assert script.value == "likewise.commands.main:main"


def test_types_and_licence_are_shipped() -> None:
    assert (PACKAGE / "py.typed").exists()
    for module in COMPILED:
        assert stub_of(module).exists()
    about = importlib.metadata.metadata("likewise")
    assert about["License-Expression"] == "Apache-2.0"
    extras = {"test", "bench", "viz", "tune", "baselines", "gensim"}
    assert set(about.get_all("Provides-Extra")) == extras


@pytest.mark.parametrize("module", COMPILED)
def test_stubs_name_what_is_compiled(module: str) -> None:
    stub = stub_of(module).read_text(encoding="utf-8")
    stated = set(re.findall(r"^(?:def |class )?(\w+)(?=[(:]| = )", stub, flags=re.MULTILINE))
    compiled = {
        name
        for name, thing in vars(importlib.import_module(f"likewise.{module}")).items()
        if not name.startswith("_") and getattr(thing, "__module__", "").startswith("likewise.")
    }
    assert compiled <= stated, compiled - stated


def test_every_public_name_is_there_and_documented() -> None:
    for name in likewise.__all__:
        thing = getattr(likewise, name)
        assert name == "__version__" or (thing.__doc__ or "").strip(), name


@pytest.mark.skipif(not (ROOT / "CMakeLists.txt").exists(), reason="the build files are not here")
def test_the_build_is_for_every_machine() -> None:
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    code = re.sub(r"#.*", "", text)
    assert "-march" not in code
    assert "-ffast-math" not in code
    # A warning of a newer compiler must not stop an installation.
    assert re.search(r"option\(LIKEWISE_WERROR .* \$\{LIKEWISE_BUILD_TESTS\}\)", code)
    assert not re.search(r"(?<!:)-Werror", code)


@pytest.mark.skipif(not (ROOT / ".ci" / "run").exists(), reason="an sdist has no CI")
def test_ci_is_a_program_that_bash_understands() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
