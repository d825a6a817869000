"""docs/reading.md: its Python runs, and its table has every option of reading."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import likewise as lw
from helpers.places import ROOT

PAGE = ROOT / "docs" / "reading.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="docs are not here")


def test_the_code_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, str(PAGE), "exec"), names)
    said = capsys.readouterr().out.splitlines()
    assert "1 events with a missing field dropped (row 4 has no time)" in said[0]
    assert "1 cuts at gaps" in said[0]
    assert said[1] == "[['6', '5'], ['6', '7']]"
    assert "would match without '.0' at the end" in said[2]


def test_every_option_is_in_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for read in (lw.Sessions.read, lw.Catalogue.read):
        for name in inspect.signature(read).parameters:
            if name not in {"source", "catalogue", "since", "until", "gap", "min_length",
                            "min_count", "collapse_repeats", "memory_limit"}:  # fmt: skip
                assert f"`{name}" in text, name
