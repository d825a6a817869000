"""Nothing is guessed that changes data: folders, comments, rows above a header, late values."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from likewise.errors import InputError
from likewise.levels import canonical_paths
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

ROWS = [("7", "Garden > Tools", "rake"), ("8", "Garden > Pots", "bowl")]


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    header = ("item_id", "category", "name")
    if path.suffix == ".parquet":
        pq.write_table(pa.table(dict(zip(header, zip(*rows, strict=True), strict=True))), path)
    elif path.suffix == ".jsonl":
        line = '{{"item_id": "{}", "category": "{}", "name": "{}"}}\n'
        path.write_text("".join(line.format(*row) for row in rows))
    else:
        mark = "\t" if path.suffix == ".tsv" else ","
        path.write_text("".join(mark.join(row) + "\n" for row in [header, *rows]))
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("folder", ["item_id=1", "category=Kitchen", "name=x/category=y", "year=3"])
def test_a_folder_is_no_column(suffix, folder, tmp_path):
    assert list(Catalogue.read(write(tmp_path / folder / f"t{suffix}", ROWS))) == ROWS


FIELD = st.text(st.sampled_from("#ab7 ,;\"'\n|é"), max_size=5)
IDS = st.text(st.sampled_from("#ab7-"), min_size=1, max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(IDS, FIELD, FIELD), min_size=1, max_size=30), st.booleans())
def test_every_row_of_a_csv_is_read(tmp_path, rows, windows):
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n" if windows else "\n")
    writer.writerows([("item_id", "category", "name"), *rows])
    path = tmp_path / "t.csv"
    path.write_bytes(text.getvalue().encode())
    found = Catalogue.read(path)
    assert found.report.rows_read == len(rows)
    firsts = {row[0]: row for row in reversed(rows)}
    paths = found.category_paths.to_pylist()
    rows = zip(found.ids.to_pylist(), paths, found.names.to_pylist(), strict=True)
    wanted = {key: (key, canonical_paths(row[1]), row[2] or None) for key, row in firsts.items()}
    assert {row[0]: tuple(field or None for field in row) for row in rows} == wanted


def test_rows_above_a_header_are_not_left_out(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a shop\nitem_id,name\n1,cup\n2,jug\n")
    with pytest.raises(InputError):
        Catalogue.read(path)


def test_a_late_fraction_is_not_rounded(tmp_path):
    path = tmp_path / "t.jsonl"
    line = '{{"session_id": "s", "item_id": "{}", "timestamp": {}}}\n'
    for late, order in ((4.0, [1, 0]), (4.6, [1, 0]), (5.4, [0, 1])):
        path.write_text(line.format("a", 5) * 50_000 + line.format("b", late))
        assert Sessions.read(path).items.tolist() == order
