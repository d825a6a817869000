"""Machines that lack something: no folder for temporary files; more files than may be open."""

from __future__ import annotations

import resource
import tempfile

import numpy as np
import pytest

from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

LINES = {
    ".csv": ("session_id,item_id,timestamp\n", "s{n},a,2\ns{n},b,1\n"),
    ".tsv": ("session_id\titem_id\ttimestamp\n", "s{n}\ta\t2\ns{n}\tb\t1\n"),
    ".jsonl": (
        "",
        '{{"session_id": "s{n}", "item_id": "a", "timestamp": 2}}\n'
        '{{"session_id": "s{n}", "item_id": "b", "timestamp": 1}}\n',
    ),
}
every_suffix = pytest.mark.parametrize("suffix", LINES)


def write(folder, suffix, number=0):
    header, rows = LINES[suffix]
    path = folder / f"{number:04d}{suffix}"
    path.write_text(header + rows.format(n=number))
    return path


@pytest.fixture
def no_scratch(monkeypatch, tmp_path):
    """A file system where nothing can be written but what the test has written."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))


@every_suffix
def test_reading_needs_no_folder_for_temporary_files(suffix, tmp_path, no_scratch):
    path = write(tmp_path, suffix)
    assert Sessions.read(path).items.tolist() == [1, 0]
    assert Catalogue.read(path, name="session_id").ids.to_pylist() == ["a", "b"]
    if suffix == ".csv":
        assert Catalogue.read(path, name="session_id", encoding="latin-1").names[0].as_py() == "s0"


def test_ordering_needs_no_folder_while_memory_lasts(no_scratch):
    rng = np.random.default_rng(3)
    table = {"session_id": rng.integers(0, 50, 4000), "item_id": rng.integers(0, 9, 4000),
             "timestamp": rng.permutation(4000)}  # fmt: skip
    small = Sessions.read(table, memory_limit=1)  # everything goes by way of the database
    assert np.array_equal(small.items, Sessions.read(table).items)


@every_suffix
def test_more_files_than_may_be_open(suffix, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = 300
    for number in range(count):
        write(tmp_path, suffix, number)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 220), hard))
        assert len(Sessions.read(tmp_path / f"*{suffix}")) == count
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
