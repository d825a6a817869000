"""The result records: their columns, their padding, and how they look."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.store_helpers import ITEMS, catalogue_of
from likewise.display.tables import table
from likewise.display.terminal import cut, pad, width_of
from likewise.search.matches import BatchMatches, Matches
from likewise.tables.catalogue import Catalogue

CATALOGUE = catalogue_of(ITEMS)
NONE = -np.float32(np.inf)


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")


def matches(*found: tuple[int, float]) -> Matches:
    positions = np.array([p for p, _ in found], np.int32)
    scores = np.array([s for _, s in found], np.float32)
    return Matches(positions, scores, CATALOGUE, "similar to B1  red rubber ball")


def batch() -> BatchMatches:
    positions = np.array([[1, 3, 7], [9, -1, -1], [-1, -1, -1]], np.int32)
    scores = np.array([[0.9, 0.5, -0.25], [0.1, NONE, NONE], [NONE] * 3], np.float32)
    ids = pa.array(["B1", "B7", "B10"], pa.large_string())
    return BatchMatches(positions, scores, CATALOGUE, ids)


def test_matches_leave_padding_out() -> None:
    found = matches((1, 0.9), (7, 0.5), (-1, NONE))
    assert len(found) == 2
    assert found.ids == ["B2", "B8"]
    assert found.names == ["blue rubber ball", None]
    assert found.categories == ["Pets > Dogs > Toys", "Garden"]
    assert list(found) == [("B2", pytest.approx(0.9), "blue rubber ball"), ("B8", 0.5, None)]


def test_matches_as_tables() -> None:
    found = matches((1, 0.75), (7, 0.5))
    assert found.to_arrow().column_names == ["rank", "item_id", "score", "category", "name"]
    assert found.to_dicts() == [
        {
            "rank": 1,
            "item_id": "B2",
            "score": 0.75,
            "category": "Pets > Dogs > Toys",
            "name": "blue rubber ball",
        },
        {"rank": 2, "item_id": "B8", "score": 0.5, "category": "Garden", "name": None},
    ]
    pd = pytest.importorskip("pandas")
    frame = found.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert frame["item_id"].tolist() == ["B2", "B8"]
    assert matches().to_dicts() == []


def test_matches_look_good() -> None:
    assert repr(matches((1, 0.9), (11, 0.54321), (7, -0.25))).split("\n") == [
        "similar to B1  red rubber ball",
        "    score  id   name                     category",
        "1   0.900  B2   blue rubber ball         Pets > Dogs > Toys",
        "2   0.543  B12  南部鉄器 急須 レッド 🍵  キッチン",
        "3  -0.250  B8                            Garden",
    ]
    assert repr(matches()) == "similar to B1  red rubber ball: nothing found"


def test_lines_fit_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    long = [
        ("x" * 40, "Deep > " * 20 + "Level", "very long name " * 10),
        ("b", None, "n\nl\t\x1b[1m"),
    ]
    found = Matches(
        np.array([0, 1], np.int32), np.array([1, 0.5], np.float32), catalogue_of(long), "t" * 300
    )
    for columns in ("40", "60", "90", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        lines = repr(found).split("\n")
        assert len(lines) == 4
        assert all(width_of(line) <= int(columns) for line in lines)
        assert all(line.isprintable() for line in lines)


def test_many_matches_are_cut_short() -> None:
    found = Matches(
        np.tile(np.arange(12, dtype=np.int32), 3), np.ones(36, np.float32), CATALOGUE, "like a"
    )
    lines = repr(found).split("\n")
    assert len(lines) == 1 + 1 + 20 + 1
    assert lines[-1] == "… and 16 more"


def test_batch_pads() -> None:
    found = batch()
    assert (len(found), found.k) == (3, 3)
    assert found.ids.dtype == object
    assert found.ids.tolist() == [["B2", "B4", "B8"], ["B10", None, None], [None] * 3]
    assert found.names.tolist()[0] == ["blue rubber ball", "feather toy", None]


def test_batch_by_query() -> None:
    found = batch()
    assert found[0].ids == ["B2", "B4", "B8"]
    assert found[-1].ids == []
    assert [one.ids for one in found] == [["B2", "B4", "B8"], ["B10"], []]
    assert "similar to B7" in repr(found[1])
    for wrong in (3, -4):
        with pytest.raises(IndexError, match=f"query must be from 0 to 2, got {wrong}"):
            found[wrong]
    with pytest.raises(TypeError):
        found["B1"]  # type: ignore[index]


def test_batch_as_tables() -> None:
    rows = batch().to_dicts()
    assert [(r["query_id"], r["rank"], r["item_id"]) for r in rows] == [
        ("B1", 1, "B2"),
        ("B1", 2, "B4"),
        ("B1", 3, "B8"),
        ("B7", 1, "B10"),
    ]
    assert rows[2]["score"] == -0.25
    assert rows[2]["name"] is None
    unnamed = BatchMatches(batch().positions, batch().scores, CATALOGUE)
    assert unnamed.to_arrow()["query_id"].to_pylist() == [0, 0, 0, 1]
    assert len(batch().to_pandas()) == 4


def test_batch_looks_good() -> None:
    assert repr(batch()).split("\n") == [
        "3 queries, up to 3 items similar to each",
        "query   score  id             name              category",
        "B1      0.900  B2             blue rubber ball  Pets > Dogs > Toys",
        "        0.500  B4             feather toy       Pets > Cats > Toys",
        "       -0.250  B8                               Garden",
        "B7      0.100  B10",
        "B10            nothing found",
    ]
    none = BatchMatches(np.zeros((0, 3), np.int32), np.zeros((0, 3), np.float32), CATALOGUE)
    assert repr(none) == "0 queries, up to 3 items similar to each"
    many = BatchMatches(np.ones((9, 1), np.int32), np.ones((9, 1), np.float32), CATALOGUE)
    assert repr(many).endswith("… and 4 more queries")


def test_batch_checks_its_query_ids() -> None:
    with pytest.raises(ValueError, match="one id for each of 3 queries, got 1"):
        BatchMatches(batch().positions, batch().scores, CATALOGUE, pa.array(["a"]))


def test_a_large_batch_makes_no_python_objects() -> None:
    catalogue = Catalogue.from_ids([f"item-{n}" for n in range(1000)])
    rng = np.random.default_rng(0)
    positions = rng.integers(-1, 1000, (100_000, 20)).astype(np.int32)
    start = time.process_time()
    answers = BatchMatches(positions, np.ones(positions.shape, np.float32), catalogue).to_arrow()
    # A loop in Python over two million answers takes seconds.
    assert time.process_time() - start < 1.0
    assert answers.num_rows == np.count_nonzero(positions >= 0)
    assert answers["item_id"][0].as_py() == f"item-{positions[positions >= 0][0]}"


@given(st.text(max_size=40), st.integers(2, 30))
def test_cut_text_is_one_line_of_at_most_its_width(text: str, width: int) -> None:
    short = cut(text, width)
    assert width_of(short) <= width
    assert "\n" not in short
    assert width_of(pad(short, width)) >= width
    if text.isprintable() and width_of(text) <= width:
        assert short == text


def test_wide_characters_count_two_cells_and_marks_none() -> None:
    assert width_of("急須") == 4
    assert width_of("e\u0301") == 1
    assert cut("急須レッド", 6) == "急須…"
    assert table(["a", "b"], [["急", "1"], ["xyz", "2"]]).split("\n") == [
        "a    b",
        "急   1",
        "xyz  2",
    ]
