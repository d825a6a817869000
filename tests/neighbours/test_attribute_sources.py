"""Attributes of any source: columns of text files are numbers, truths and dates where all are."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from likewise.errors import InputError
from likewise.neighbours.attributes import Attributes, attribute_table
from likewise.reading.checks import read_options
from likewise.tables.catalogue import Catalogue

CATALOGUE = Catalogue.from_arrays(["007", "8", "9"])
ROWS = [
    ("8", "12", "true", "2024-01-05", "01234", "1.5", "cup"),
    ("007", "7", "false", "2024-02-01", "00012", "", "jug"),
    ("9", "", "true", "2023-12-31", "10115", "2", "7"),
]
NAMES = ["sku", "stock", "new", "since", "code", "price", "word"]


def write(path: Path, delimiter: str = ",", encoding: str = "utf-8", rows: Any = ROWS) -> Path:
    lines = [delimiter.join(row) for row in [NAMES, *rows]]
    path.write_bytes("\n".join([*lines, ""]).encode(encoding))
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_columns_of_text_files_have_types(suffix: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"t{suffix}", "," if suffix == ".csv" else "\t")
    asked = Attributes(CATALOGUE, path, "sku")
    assert asked.column("stock", "same").to_pylist() == [7, 12, None]
    assert asked.column("new", "same").to_pylist() == [False, True, True]
    assert asked.column("price", "same").to_pylist() == [None, 1.5, 2.0]
    assert asked.column("since", "same").to_pylist()[1] == dt.date(2024, 1, 5)
    # A number that begins with a zero is a code, and one word among numbers leaves them text.
    assert asked.column("code", "same").to_pylist() == ["00012", "01234", "10115"]
    assert asked.column("word", "same").to_pylist() == ["jug", "cup", "7"]
    found = asked.where("stock < 10 OR since < DATE '2024-01-01'")
    assert found is not None
    assert found.tolist() == [True, False, True]


def test_several_files_and_lazy_frames(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{n}.csv", rows=ROWS[n : n + 1]) for n in range(3)]
    listed = attribute_table(paths, "sku")
    assert listed.column("stock").to_pylist() == [12, 7, None]
    assert attribute_table(str(tmp_path / "*.csv"), "sku").equals(listed)
    lazy = pytest.importorskip("polars").scan_csv(paths[0], schema_overrides={"sku": str})
    assert Attributes(CATALOGUE, lazy, "sku").column("stock", "same").to_pylist() == [
        None,
        12,
        None,
    ]


def test_options_of_reading(tmp_path: Path) -> None:
    rows = [("8", "1", "true", "2024-01-05", "1", "1", "café")]
    path = write(tmp_path / "t.csv", ";", "latin-1", rows)
    table = attribute_table(path, "sku", read_options(encoding="latin-1"))
    assert table.column("word").to_pylist() == ["café"]
    with pytest.raises(InputError, match="encoding="):
        attribute_table(path, "sku")
    assert table.schema.field("sku").type == pa.large_string()
