"""The page for users of gensim: its code runs, its tables name what is there."""

from __future__ import annotations

import itertools
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import likewise as lw
from helpers.places import ROOT
from likewise.options import ELSEWHERE, NOT_HERE

PAGE = ROOT / "docs" / "from-gensim.md"
TEXT = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""

pytestmark = pytest.mark.skipif(not TEXT, reason="the page is not here")


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    shop = lw.simulate(300, 1500, seed=3)
    sessions = lw.Sessions.read(shop.events, lw.Catalogue.read(shop.catalogue))
    ids = sessions.catalogue.ids.to_pylist()
    edges = sessions.offsets.tolist()
    items = sessions.items.tolist()
    lists = [[ids[item] for item in items[start:end]] for start, end in itertools.pairwise(edges)]
    item, other, third = (ids[at] for at in sessions.counts.argsort()[::-1][:3])
    return {"shop": shop, "lists": lists, "item": item, "other": other, "third": third}


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", TEXT, flags=re.DOTALL)


def test_the_code_of_likewise_runs(
    names: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for block in blocks("python"):
        exec(compile(block, PAGE.name, "exec"), names)
    assert len(names["model"].most_similar(names["item"], topn=5)) == 5
    assert [len(answers) for answers in names["new"]] == [10, 10]
    assert names["vectors"].similarity(names["item"], names["other"]) == pytest.approx(
        names["model"].similarity(names["item"], names["other"]), abs=1e-5
    )
    assert "likewise similar" in capsys.readouterr().out


@pytest.mark.skipif(find_spec("gensim") is None, reason="gensim is not here")
def test_the_code_of_gensim_runs(names: dict[str, Any]) -> None:
    for block in blocks("python gensim"):
        exec(compile(block, PAGE.name, "exec"), names)
    assert names["vector"].shape == (32,)


def test_every_section_has_both() -> None:
    assert len(blocks("python gensim")) == 5
    assert len(blocks("python")) >= 5


def test_the_table_of_options_is_up_to_date() -> None:
    table = TEXT.split("## Options")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    listed = {name.strip("`"): here for there, here in rows for name in there.split(", ")}
    assert listed == {**{n: f"`{ours}`" for n, ours in ELSEWHERE.items()}, **NOT_HERE}


def test_the_readme_links_to_it() -> None:
    assert "docs/from-gensim.md" in (ROOT / "README.md").read_text(encoding="utf-8")
