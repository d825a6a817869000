"""Options of categories on the command line: those of ``Catalogue.read``, and what they do."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import click
import pytest

import likewise as lw
from helpers.cli_helpers import QUICK, run
from likewise.commands.main import main
from likewise.commands.sources import CATALOGUE_COLUMNS, PATHS, READING

Capture = pytest.CaptureFixture[str]


def test_what_a_catalogue_is_read_with_has_one_spelling() -> None:
    arguments = list(inspect.signature(lw.Catalogue.read).parameters)[1:]
    assert arguments == [*CATALOGUE_COLUMNS, *READING, *PATHS]
    for command in ("train", "evaluate", "tune", "similar", "complements", "encode", "recommend"):
        given = {p.name: p for p in main.commands[command].params if isinstance(p, click.Option)}
        for name in PATHS:
            assert given[name].opts == ["--" + name.replace("_", "-")]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    events, items = tmp_path / "events.csv", tmp_path / "items.csv"
    rows = [f"s{n % 9},i{n * 7 % 20}\n" for n in range(60)]
    events.write_text("session_id,item_id\n" + "".join(rows))
    rows = [f"i{n},Toys/Kind > {n % 3}|Gifts,toy {n}\n" for n in range(20)]
    items.write_text("item_id,category,name\n" + "".join(rows))
    return events, items


def test_training_and_asking(files: tuple[Path, Path], tmp_path: Path, capfd: Capture) -> None:
    place, items = tmp_path / "model", files[1]
    paths = ["--category-separator", "/", "--path-separator", "|"]
    assert run(capfd, "train", *files, "-o", place, *paths, *QUICK).code == 0
    kept = lw.load(place).catalogue
    wanted = lw.Catalogue.read(items, category_separator="/", path_separator="|")
    assert kept.category_paths.equals(wanted.category_paths)
    assert kept.category_paths[1].as_py() == "Toys > Kind › 1\nGifts"
    ran = run(
        capfd, "similar", place, "--id", "i3", "--catalogue", items, *paths, "--json"
    )  # fmt: skip
    matches = json.loads(ran.out)[0]["matches"]
    assert {match["category"] for match in matches} <= set(wanted.categories.to_pylist())


def test_a_separator_that_cannot_be_meant(
    files: tuple[Path, Path], tmp_path: Path, capfd: Capture
) -> None:
    ran = run(capfd, "train", *files, "-o", tmp_path / "m", "--category-separator", "", *QUICK)
    assert ran.code == 1
    assert "--category-separator must be a text such as '/', got ''" in ran.err
