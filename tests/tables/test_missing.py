"""Missing values as people spell them, and ids that events and catalogue spell in two ways."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from likewise.errors import InputError
from likewise.reading.options import USUALLY_MISSING
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

ROWS = [("s", "a"), ("?", "b"), ("t", "?"), ("t", "c"), ("s", "d"), ("?", "e")]


def as_csv(folder, rows, header="session_id,item_id"):
    (folder / "t.csv").write_text("\n".join([header, *map(",".join, rows), ""]))
    return folder / "t.csv"


def as_columns(folder, rows):
    return {"session_id": [row[0] for row in rows], "item_id": [row[1] for row in rows]}


def as_parquet(folder, rows):
    pq.write_table(pa.table(as_columns(folder, rows)), folder / "t.parquet")
    return folder / "t.parquet"


SOURCES = {
    "CSV": as_csv,
    "Parquet": as_parquet,
    "table": lambda folder, rows: pq.read_table(as_parquet(folder, rows)),
    "columns": as_columns,
}
every_source = pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())


def spelled(text):
    return [tuple(text if field == "?" else field for field in row) for row in ROWS]


@every_source
@pytest.mark.parametrize("text", USUALLY_MISSING)
def test_the_usual_spellings_are_missing_in_ids(make, text, tmp_path):
    sessions = Sessions.read(make(tmp_path, spelled(text)), min_length=1)
    assert sessions.catalogue.ids.to_pylist() == ["a", "c", "d"]
    report = sessions.report
    assert (report.null_fields, report.spelled_missing, report.events) == (3, 3, 3)
    assert report.examples["spelled_missing"] == repr(text)
    assert f"3 of them with a text for missing ({text!r})" in str(report)
    assert report.examples["null_fields"] == "row 2 has no session_id"


@every_source
def test_other_spellings_are_said(make, tmp_path):
    source = make(tmp_path, spelled("-"))
    assert len(Sessions.read(source, min_length=1).catalogue) == 6
    said = Sessions.read(make(tmp_path, spelled("-")), min_length=1, missing=["-", "none"])
    assert said.catalogue.ids.to_pylist() == ["a", "c", "d"]
    assert (
        Sessions.read(make(tmp_path, spelled("-")), min_length=1, missing="-").report == said.report
    )
    # What is said takes the place of what is usual; nothing at all is missing then.
    nothing = Sessions.read(make(tmp_path, spelled("NA")), min_length=1, missing=[])
    assert "NA" in nothing.catalogue.ids.to_pylist()
    assert nothing.report.null_fields == 0


def test_sequences_are_what_they_are():
    sessions = Sessions.read([["NA", "b"], ["None", "b"]])
    assert sessions.catalogue.ids.to_pylist() == ["NA", "None", "b"]


@pytest.mark.parametrize("text", ["NULL", "\\N", "nan"])
def test_a_catalogue_with_missing_ids(text, tmp_path):
    path = as_csv(tmp_path, [("a", "cup"), (text, "jug"), ("b", text)], "item_id,name")
    report = Catalogue.read(path).report
    assert (report.items, report.null_ids, report.spelled_missing) == (2, 1, 1)
    assert f"1 rows without id dropped (row 2: {text!r})" in str(report)
    # A name may be any word, unless it is said otherwise.
    assert Catalogue.read(path).names.to_pylist() == ["cup", text]
    assert Catalogue.read(path, missing=[text]).names.to_pylist() == ["cup", None]


def test_what_is_dropped_has_an_example(tmp_path):
    path = as_csv(tmp_path, [("a", "cup"), ("", "jug"), ("b", "pan"), ("a", "pot")], "item_id,name")
    report = Catalogue.read(path).report
    assert report.examples == {"null_ids": "row 2", "duplicate_ids": "row 4: 'a'"}
    events = {"session_id": ["s"] * 4, "item_id": ["a", "x", None, "b"],
              "timestamp": ["2024-01-02", "2024-01-02", "2024-01-02", "2024-01-01"]}  # fmt: skip
    report = Sessions.read(events, Catalogue.read(path), since="2024-01-02", min_length=1).report
    assert report.examples == {
        "null_fields": "row 3 has no item_id",
        "unknown_items": "'x'",
        "outside_times": "2024-01-01 00:00:00+00:00",
    }
    for example in report.examples.values():
        assert f"({example})" in str(report)


NEARLY = {
    "fractions": (["101", "102", "7"], ["101.0", "102.0", "7.0"], "without '.0' at the end"),
    "fractions in the catalogue": (["101.0", "102.0"], ["101", "102"], "without '.0' at the end"),
    "zeros": (["101", "102"], ["000101", "0102"], "without leading zeros"),
    "padding": (["A-1", "B"], ["A-1     ", " B"], "without blanks around them"),
    "case": (["ab-1", "ab-2"], ["AB-1", "Ab-2"], "in one case, upper or lower"),
    "letters": (["K\u00f6ln", "caf\u00e9"], ["Ko\u0308ln", "cafe\u0301"], "in one Unicode normal"),
    "width": (["A1", "A2"], ["\uff21\uff11", "\uff21\uff12"], "in one Unicode normal form"),
}


@pytest.mark.parametrize(("theirs", "ours", "way"), NEARLY.values(), ids=NEARLY.keys())
@pytest.mark.parametrize("known", [False, True])
def test_ids_that_nearly_match(theirs, ours, way, known):
    catalogue = Catalogue.from_arrays([*theirs, "other"])
    events = {"session_id": ["s"] * (len(ours) + 2), "item_id": [*ours, "other", "strange"]}
    if known:
        text = str(Sessions.read(events, catalogue, min_length=1).report)
    else:
        events = {name: values[:-2] for name, values in events.items()}
        with pytest.raises(InputError) as caught:
            Sessions.read(events, catalogue)
        text = str(caught.value)
    assert f"such ids would match {way}" in text
    for mine, other in zip(ours[:2], theirs[:2], strict=True):
        assert repr(mine) in text
        assert repr(other) in text


def test_ids_that_do_not_match_at_all():
    catalogue = Catalogue.from_arrays(["a", "b"])
    events = {"session_id": ["s"] * 3, "item_id": ["a", "b", "x"]}
    report = Sessions.read(events, catalogue).report
    assert (report.unknown_items, report.unknown_advice) == (1, "")


def test_examples_of_rare_items_and_short_sessions():
    sequences = [["a", "b"], ["a", "b"], ["a", "c"], ["b"]]
    report = Sessions.read(sequences, min_count=2, min_length=2).report
    assert report.examples == {"rare_events": "'c'", "short_sessions": "one begins with 'a'"}
    assert "1 events of rare items dropped ('c')" in str(report)
    assert "2 short sessions dropped (one begins with 'a')" in str(report)


def test_sequences_of_unknown_ids_say_what_would_match():
    catalogue = Catalogue.from_arrays(["101", "102"])
    sequences = [["101", "102"], ["101.0", None, "x"], (102.0,)]
    report = Sessions.read(sequences, catalogue).report
    assert (report.unknown_items, report.examples["unknown_items"]) == (2, "'101.0'")
    assert "1 of 2 such ids would match without '.0' at the end" in str(report)
    with pytest.raises(InputError, match=r"no usable event: .*such ids would match"):
        Sessions.read([["101.0"], ["102.0"]], catalogue)
