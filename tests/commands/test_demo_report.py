"""The demonstration ends with a report, or says what to install for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.cli_helpers import run
from helpers.without import hide

Capture = pytest.CaptureFixture[str]
SMALL = ["demo", "--items", 300, "--sessions", 2000, "--quiet", "-o"]


def test_it_writes_the_report_and_says_where(tmp_path: Path, capfd: Capture) -> None:
    for name in ("openTSNE", "plotly", "sklearn"):
        pytest.importorskip(name)
    ran = run(capfd, *SMALL, tmp_path / "demo")
    assert ran.code == 0, ran.err
    place = tmp_path / "demo" / "report.html"
    assert str(place) in ran.out
    page = place.read_text(encoding="utf-8")
    assert "A simulated shop" in page
    assert "item-kNN" in page


def test_it_says_what_to_install(
    tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "plotly")
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "report.html").write_text("of an earlier demonstration")
    ran = run(capfd, *SMALL, tmp_path / "demo")
    assert ran.code == 0, ran.err
    assert "no report: a page needs plotly: pip install 'likewise[viz]'" in ran.out
    names = {path.name for path in (tmp_path / "demo").iterdir()}
    assert names == {"events.parquet", "products.parquet", "model"}
