"""``likewise recommend``: the file, the summary, refusals in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import likewise as lw
from helpers.cli_helpers import run
from helpers.tiny_shop import options, sessions


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "model"
    lw.train(sessions(), options=options(context="content")).save(path)
    return path


def test_writes_what_the_library_finds(
    model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.parquet"
    ran = run(capfd, "recommend", model, "-o", out, "-k", 3, "--names", "--same", "category_1",
              "--distinct", "--quiet")  # fmt: skip
    assert ran.code == 0, ran.err
    expected = lw.load(model).recommend_all(k=3, names=True, same="category_1", distinct=True)
    assert pq.read_table(out).equals(expected.table)
    assert "rows for 40 items" in " ".join(ran.out.split())
    assert "full lists" in ran.out
    assert ran.err == ""


def test_another_catalogue_with_its_own_columns(
    model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shop = tmp_path / "shop.csv"
    shop.write_text(
        "sku,category,name,stock\nn1,Toys,red ball,1\nn2,Toys,large ball,0\nn3,Toys,ball rope,2\n"
    )
    out = tmp_path / "out.parquet"
    ran = run(capfd, "recommend", model, "-o", out, "--catalogue", shop, "--item-id-column", "sku",
              "--where", "stock > 0", "--side", "complements", "--json")  # fmt: skip
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert (told["queries"], told["candidates"], told["rows"]) == (3, 2, 4)
    assert told["trust"]["queries"]["items"] == 3
    assert set(pq.read_table(out).column("neighbor_id").to_pylist()) == {"n1", "n3"}


def test_refusals_are_one_line_and_leave_the_file(
    model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.parquet"
    out.write_text("the last one")
    for arguments, code, message in [
        (["--where", "stock > 0"], 1, "where must be a condition on item_id, category, name"),
        (["--same", "brand"], 1, "there is no column 'brand'"),
        (["-k", "0"], 2, "-k"),
        (["--diversity", "1"], 2, "--diversity"),
        (["--attributes", "nothing.csv"], 1, "there is no file"),
        (["--catalogue", "nothing.csv"], 1, "there is no file"),
    ]:
        ran = run(capfd, "recommend", model, "-o", out, *arguments)
        assert ran.code == code, ran
        assert message in ran.err
        assert ran.err.count("\n") == 1
        assert out.read_text() == "the last one"
    assert run(capfd, "recommend", model, "-o", tmp_path / "out.csv").code == 1
