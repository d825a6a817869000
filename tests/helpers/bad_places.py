"""Folders with good files and a model in them, for commands/test_bad_inputs.py to spoil."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

Columns = dict[str, Any]

EVENTS: Columns = {
    "session_id": ["s", "s", "s", "t", "t", "t"],
    "item_id": ["a", "b", "c", "b", "a", "d"],
    "timestamp": [1, 2, 3, 1, 2, 3],
}
ITEMS: Columns = {
    "item_id": ["a", "b", "c", "d"],
    "category": ["Toys", "Toys > Dogs", None, "Toys"],
    "name": ["red ball", "blue ball", "rope", "bone"],
}


class Place(NamedTuple):
    """A folder of its own with good files in it."""

    folder: Path
    events: Path
    items: Path
    model: Path

    @property
    def out(self) -> Path:
        """Where output would go."""
        return self.folder / "out"

    def parquet(self, columns: Columns, name: str = "bad.parquet") -> Path:
        pq.write_table(pa.table(columns), self.folder / name)
        return self.folder / name

    def file(self, content: str | bytes, name: str) -> Path:
        data = content.encode() if isinstance(content, str) else content
        (self.folder / name).write_bytes(data)
        return self.folder / name


def many_events() -> Columns:
    return {
        "session_id": [number // 6 for number in range(12_000)],
        "item_id": list("abcdba") * 2000,
        "timestamp": list(range(12_000)),
    }


def two_formats(p: Place) -> Path:
    p.parquet(EVENTS, "both-1.parquet")
    p.file("session_id,item_id\ns,a\n", "both-2.csv")
    return p.folder / "both-*"


def cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-40])
    return path


def occupied(p: Place) -> Path:
    (p.folder / "photos").mkdir()
    p.file("mine", "photos/1.jpg")
    return p.folder / "photos"
