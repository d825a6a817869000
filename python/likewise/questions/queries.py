"""Queries: which items, new or known, or which vectors a question is about.

Owns which ways of asking go together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from likewise.arrays import Float32, Int32, Int64, float_rows, from_numpy
from likewise.errors import InputError
from likewise.search.arguments import as_ids, is_id, raise_unknown
from likewise.tables.catalogue import Catalogue

if TYPE_CHECKING:
    from likewise.items import Embedded, Items
    from likewise.search.index import Index

__all__ = ["Query", "Texts", "ids_asked", "new_items", "query_of", "side_of_similar"]

#: A name or a category, or one for each of several items; None where there is none.
Texts = str | Sequence[str | None] | Any | None


@dataclass(frozen=True, eq=False)
class Query:
    """What to search with, and what it was asked by."""

    single: bool
    title: str
    positions: Int32  # (n,) among the items of training, -1 elsewhere
    ids: pa.LargeStringArray | None = None  # (n,), where items were asked about
    others: Items | None = None  # those that training never saw
    place: Int64 | None = None  # where in `others` each of them is
    vectors: Float32 | None = None  # (n, dim), where vectors were asked with
    titles: list[str] | None = None  # (n,), where several new items were asked about


def query_of(
    asked: Embedded,
    items: Any,
    name: Texts,
    category: Texts,
    vector: npt.ArrayLike | None,
    index: Index | None,
) -> Query:
    """Check that exactly one way of asking was used, and follow it."""
    by_text = name is not None or category is not None
    ways = (items is not None) + by_text + (vector is not None)
    if ways != 1:
        raise ValueError(
            "ask by exactly one of items, name and category, or vector; got "
            + ("none of them" if ways == 0 else f"{ways} of them")
        )
    if vector is not None:
        array = np.asarray(vector)
        single = array.ndim == 1
        dim = asked.center.shape[1]
        rows = float_rows("vector", array[None, :] if single else array, columns=dim)
        return Query(single, "a vector", np.full(len(rows), -1, np.int32), vectors=rows)
    if by_text:
        return _by_text(name, category)
    texts = _new_rows(items)
    return _by_items(asked, items, index) if texts is None else _by_text(*texts)


def side_of_similar(side: Any, index: Index | None, by_vector: bool) -> str:
    """Return which vectors `similar` compares: what is asked for, what the index holds, the blend.

    Raises ValueError when they contradict each other.
    """
    if side not in (None, "similar", "center"):
        raise ValueError(f"side must be 'similar' or 'center', got {side!r}")
    held = None
    if index is not None:
        held = "center" if index.side is None else index.side
        if held == "context":
            held = side or "similar"  # refused where the index is used
    if by_vector:
        if "similar" in (side, held):
            raise ValueError(
                "vector is a center vector: side, and what index holds, must be 'center', got "
                "'similar'"
            )
        return "center"
    return side or held or "similar"


def _new_rows(items: Any) -> tuple[Texts, Texts] | None:
    """Return names and categories where items are dicts of both: new ones, that have no id yet.

    One dict gives texts, several lists of them; None where items are something else.
    """
    single = isinstance(items, Mapping)
    if not single and not isinstance(items, list | tuple):
        return None
    rows = [items] if single else items
    if not any(isinstance(row, Mapping) for row in rows):
        return None
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise InputError(f"items must be all ids or all dicts, got {row!r} in place {at}")
        if not row or set(row) - {"name", "category"}:
            known = ": known items are asked about by their ids" if "item_id" in row else ""
            raise InputError(
                f"items as dicts must have a name, a category or both and nothing else, got "
                f"{', '.join(map(str, row)) or 'an empty one'} in place {at}{known}"
            )
    names, categories = ([row.get(what) for row in rows] for what in ("name", "category"))
    return (names[0], categories[0]) if single else (names, categories)


def _by_text(name: Texts, category: Texts) -> Query:
    given = {"name": name, "category": category}
    texts = {argument: _texts(argument, value) for argument, value in given.items()}
    counts = {argument: len(value) for argument, value in texts.items() if isinstance(value, list)}
    if len(set(counts.values())) > 1:
        raise ValueError(
            "name and category must be equally long, got "
            f"{counts['name']:,} names and {counts['category']:,} categories"
        )
    single, count = not counts, next(iter(counts.values()), 1)
    names, categories = (
        value if isinstance(value, list) else [value] * count for value in texts.values()
    )
    items = _numbered(names, categories)
    titles = [
        f"{name or '(no name)'}" + (f"  [{category}]" if category else "")
        for name, category in zip(names, items.categories.to_pylist(), strict=True)
    ]
    return Query(
        single, titles[0] if single else "", np.full(count, -1, np.int32), others=items,
        place=np.arange(count), titles=None if single else titles,
    )  # fmt: skip


def new_items(items: Any) -> Catalogue | None:
    """Return dicts of nothing but names and categories as items; None where they are others."""
    known = {"name", "category"}
    if not isinstance(items, list | tuple) or not items:
        return None
    if not all(isinstance(row, Mapping) and row and set(row) <= known for row in items):
        return None
    given = {what: _texts(what, [row.get(what) for row in items]) for what in known}
    return _numbered(given["name"], given["category"])


def _numbered(names: Any, categories: Any) -> Catalogue:
    return Catalogue.from_arrays(
        pa.array(map(str, range(len(names))), pa.large_string()),
        pa.array(categories, pa.large_string()),
        pa.array(names, pa.large_string()),
    )


def _texts(argument: str, value: Texts) -> str | list[str | None] | None:
    """Return a text or several as plain Python has them."""
    wanted = f"{argument} must be a string, or a sequence of strings and None"
    if isinstance(value, pa.Scalar):
        value = value.as_py()
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes | Mapping | Set) or not hasattr(value, "__len__"):
        raise TypeError(f"{wanted}, got {type(value).__name__}")
    texts: list[str | None] = []
    for row, text in enumerate(value):
        plain = text.as_py() if isinstance(text, pa.Scalar) else text
        if type(plain).__name__ == "NAType" or plain != plain:  # missing in pandas
            plain = None
        if plain is not None and not isinstance(plain, str):
            raise TypeError(f"{wanted}, got {type(plain).__name__} in place {row}")
        texts.append(None if plain is None else str(plain))
    return texts


def ids_asked(items: Any) -> tuple[bool, Any]:
    """Return whether one item was asked about, and the ids as a catalogue looks them up."""
    if is_id(items):
        return True, as_ids([items])
    if isinstance(items, Mapping) or not hasattr(items, "__len__"):
        raise TypeError(
            f"items must be an item id or a sequence of item ids, got {type(items).__name__}"
        )
    return False, as_ids(items)


def _by_items(asked: Embedded, items: Any, index: Index | None) -> Query:
    catalogue = asked.catalogue
    single, ids = ids_asked(items)
    elsewhere = None if index is None or index.catalogue is catalogue else index.catalogue
    positions: Int32 = catalogue.positions(ids)
    unknown = np.flatnonzero(positions < 0)
    if not len(unknown):
        known_ids = catalogue.ids.take(from_numpy(positions))
        return Query(single, _title(catalogue, positions), positions, known_ids)
    # Items that training never saw can still be asked about when the index knows them.
    if elsewhere is None:
        raise_unknown(catalogue, ids, int(unknown[0]))
    assert elsewhere is not None
    theirs: Int32 = elsewhere.positions(ids)
    for row in unknown[theirs[unknown] < 0][:1]:
        raise_unknown(elsewhere, ids, int(row))
    distinct, place = np.unique(theirs[unknown], return_inverse=True)
    own_ids = catalogue.ids.take(pa.array(positions, mask=positions < 0))
    both_ids = pc.coalesce(own_ids, elsewhere.ids.take(pa.array(theirs, mask=theirs < 0)))
    title, others = _title(elsewhere, theirs), elsewhere.take(distinct)
    return Query(single, title, positions, both_ids, others, place)


def _title(catalogue: Items, positions: Int32) -> str:
    if len(positions) != 1:
        return ""
    at = int(positions[0])
    name = catalogue.names[at].as_py()
    return str(catalogue.ids[at]) + (f"  {name}" if name else "")
