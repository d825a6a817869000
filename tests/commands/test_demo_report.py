"""The demonstration: what it shows, and the report at its end or what to install for one."""

from __future__ import annotations

import shlex
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import likewise as lw
from helpers.cli_helpers import run
from helpers.without import hide
from likewise.display.terminal import width_of

Capture = pytest.CaptureFixture[str]
SMALL = ["demo", "--items", 300, "--sessions", 1500, "--quiet", "-o"]


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


def test_a_shop_of_baskets(tmp_path: Path, capfd: Capture) -> None:
    ran = run(capfd, *SMALL, tmp_path / "demo", "--baskets")
    assert ran.code == 0, ran.err
    assert "1,500 baskets bought there" in ran.out
    assert "no order: events of a session have one time" in " ".join(ran.out.split())
    assert lw.load(tmp_path / "demo" / "model").order == "none"


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """Return the folder of an earlier demonstration."""
    folder = tmp_path / "likewise-demo"
    folder.mkdir()
    lw.train([["a", "b"]], dim=2, epochs=1, threads=1).save(folder / "model")
    for name in ("events.parquet", "products.parquet", "report.html"):
        (folder / name).write_text("of an earlier demonstration")
    return folder


def test_it_shows_what_was_learnt_and_what_to_do_next(
    earlier: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "plotly")
    monkeypatch.chdir(earlier.parent)
    monkeypatch.setenv("COLUMNS", "200")
    ran = run(capfd, *SMALL[:-1])
    assert ran.code == 0, ran.err
    assert ran.err == ""
    assert max(map(width_of, ran.out.splitlines())) <= 100
    for part in ["history", "not in the catalogue", "Goes with", "HR@20", "popularity", "item-kNN"]:
        assert part in ran.out
    assert ran.out.count("new, never seen") == 2
    # A report of an earlier demonstration is gone, as no new one can be made.
    assert "no report: a page needs plotly: pip install 'likewise[viz]'" in ran.out
    assert {path.name for path in earlier.iterdir()} == {
        "events.parquet", "products.parquet", "model"
    }  # fmt: skip
    assert len(lw.load(earlier / "model")) == pq.read_table(earlier / "products.parquet").num_rows
    # What it says to try next works.
    tail = ran.out.partition("Try next")[2].replace("\\\n", " ").splitlines()
    commands = [line.strip() for line in tail if line.startswith("  likewise similar")]
    assert len(commands) == 2
    for line in commands:
        assert run(capfd, *shlex.split(line)[1:]).code == 0
    (earlier / "mine").touch()
    ran = run(capfd, "demo")
    assert ran.code == 1
    assert "choose another --output" in ran.err
