"""Catalogues of job.py's retrieval: a real one, or a simulated one, repeated to a size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .machine import data_folder

SUFFIX = ".products.parquet"


def catalogue_file(name: str) -> Path:
    """Return the file of a real catalogue; FileNotFoundError says where it is wanted."""
    folder = data_folder()
    path = None if folder is None else folder / "catalogues" / f"{name}{SUFFIX}"
    if path is None or not path.is_file():
        raise FileNotFoundError(
            f"catalogue {name} is not there; set LIKEWISE_DATA to the folder that has "
            f"data/catalogues/{name}{SUFFIX}"
        )
    return path


def repeated(table: pa.Table, wanted: int, seed: int = 1) -> pa.Table:
    """Return a catalogue of that many items: each again, with words of others around its name.

    Copies have ids of their own, the category, and two words more, drawn from all words as often
    as they are used: one before the name and one after it.
    """
    rng = np.random.default_rng(seed)
    table = _as_text(table)
    names = pc.fill_null(table["name"].combine_chunks(), "")
    words = pc.list_flatten(pc.utf8_split_whitespace(names))
    words = words.filter(pc.greater(pc.utf8_length(words), 0))
    parts, there, copy = [table], len(table), 0
    while there < wanted:
        copy += 1
        some = table.slice(0, min(len(table), wanted - there))
        before, after = (words.take(rng.integers(0, len(words), len(some))) for _ in range(2))
        ids = some["item_id"].combine_chunks()
        made: dict[str, Any] = {
            "item_id": _joined(ids, _text(f"-copy{copy}")),
            "category": some["category"].combine_chunks(),
            "name": _joined(before, _text(" "), names.slice(0, len(some)), _text(" "), after),
        }
        parts.append(pa.table(made))
        there += len(some)
    return pa.concat_tables(parts).slice(0, wanted)


def prepare_repeated(path: Path, wanted: int, made: Path) -> Path:
    """Write a catalogue of that many items, once.

    The other real catalogues beside it are repeated with it, as real words are what names lack.
    """
    if not made.exists():
        others = [other for other in sorted(path.parent.glob(f"*{SUFFIX}")) if other != path]
        tables = [_as_text(pq.read_table(file)) for file in (path, *others)]
        whole = pa.concat_tables([_marked(table, place) for place, table in enumerate(tables)])
        made.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(repeated(whole, wanted), made)
    return made


def _as_text(table: pa.Table) -> pa.Table:
    columns = ("item_id", "category", "name")
    schema = pa.schema([(name, pa.large_string()) for name in columns])
    return table.select(columns).cast(schema)


def _text(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _joined(*parts: Any) -> Any:
    return pc.binary_join_element_wise(*parts, _text(""))


def _marked(table: pa.Table, place: int) -> pa.Table:
    """Tell the ids of several catalogues apart."""
    if not place:
        return table
    ids = _joined(_text(f"shop{place}-"), table["item_id"].combine_chunks())
    return table.set_column(0, "item_id", ids)
