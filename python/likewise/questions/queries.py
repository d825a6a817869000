"""Queries: from ids, a name and category, or vectors to the vectors that are searched with.

Owns which arguments of Model.similar and Model.complements go together, analogies, and the grouping
of items by category level. Used by models and by vectors.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from likewise.score.blend import answer_vectors, answers_width
from likewise.score.text import Wording, wording_of
from likewise.search.arguments import (
    Float32,
    Int32,
    float_rows,
    known_positions,
    raise_unknown,
    unit_rows,
)
from likewise.search.matches import Matches
from likewise.tables.catalogue import Catalogue

if TYPE_CHECKING:
    from likewise.model.model import Model
    from likewise.search.indexes import Index


@dataclass(frozen=True, eq=False)
class Query:
    """What to search with, and what it was asked by."""

    vectors: Float32  # (n, dim); for the blend as answers are kept
    single: bool
    title: str = ""
    ids: pa.LargeStringArray | None = None  # (n,), where items were asked about
    positions: Int32 | None = None  # (n,) in the model's catalogue, -1 elsewhere


def read(
    model: Model,
    items: Any,
    name: str | None,
    category: str | None,
    vector: npt.ArrayLike | None,
    index: Index | None,
    side: str,
) -> Query:
    """Check that exactly one way of asking was used, and follow it.

    ``side`` says what to ask with: ``"similar"`` for the vectors of the blend, else center vectors.
    """
    by_text = name is not None or category is not None
    ways = (items is not None) + by_text + (vector is not None)
    if ways != 1:
        raise ValueError(
            "ask by exactly one of items, name and category, or vector; got "
            + ("none of them" if ways == 0 else f"{ways} of them")
        )
    if vector is not None:
        return _by_vector(model, vector)
    if by_text:
        return _by_text(model, name, category, side, index)
    return _by_items(model, items, index, side)


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


def wording_in(model: Model, index: Index | None) -> Wording | None:
    """Return how words count where an index of the blend is asked; None where as at home.

    An index abroad is known by its width. It does not keep how its words count, which follows from
    its catalogue: a loaded one counts them when it is first asked.
    """
    if index is None or index.side != "similar" or index.catalogue is None:
        return None
    if model.recipe is None or index.dim == answers_width(model):
        return None
    if index._wording is None:
        index._wording = wording_of(model, index.catalogue)
    found: Wording = index._wording
    return found


def trained_vectors(
    model: Model, positions: npt.NDArray[Any], side: str, index: Index | None = None
) -> Float32:
    """Return what items of training ask an index with: center vectors, or those of the blend."""
    if side != "similar":
        found: Float32 = model.center[positions]
        return found
    distinct, place = np.unique(positions, return_inverse=True)
    items, wording = model.catalogue.take(distinct), wording_in(model, index)
    return answer_vectors(model, items, distinct, wording)[place]


def composed_vectors(
    model: Model, items: Catalogue, side: str, own_rows: bool | None, index: Index | None = None
) -> Float32:
    """Return what other items ask an index with."""
    if side != "similar":
        return model.encode(items, own_rows=own_rows)
    at = trained_positions(model, items, own_rows)
    return answer_vectors(model, items, at, wording_in(model, index))


def trained_positions(model: Model, items: Catalogue, own_rows: bool | None) -> Int32 | None:
    """Return where items are in training, -1 elsewhere; None where all are to be composed."""
    by_id = model.options.content is False if own_rows is None else own_rows
    if not by_id:
        if model.recipe is None:
            raise ValueError(
                "a model trained with content=False cannot compose vectors; own_rows=True gives "
                "those it was trained on"
            )
        return None
    at: Int32 = model.catalogue.positions(items.ids)
    return at


def _by_vector(model: Model, vector: npt.ArrayLike) -> Query:
    array = np.asarray(vector)
    single = array.ndim == 1
    rows = float_rows("vector", array[None, :] if single else array, columns=model.options.dim)
    return Query(rows, single, "a vector")


def _by_text(
    model: Model, name: str | None, category: str | None, side: str, index: Index | None
) -> Query:
    for argument, value in (("name", name), ("category", category)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{argument} must be a string, got {type(value).__name__}")
    item = Catalogue.from_arrays(
        pa.array(["?"], pa.large_string()),
        pa.array([category], pa.large_string()),
        pa.array([name], pa.large_string()),
    )
    title = f"{name or '(no name)'}" + (f"  [{category}]" if category else "")
    return Query(composed_vectors(model, item, side, False, index), True, title)


def _by_items(model: Model, items: Any, index: Index | None, side: str) -> Query:
    single = isinstance(items, str | int | np.integer | np.str_) and not isinstance(items, bool)
    asked = [items] if single else items
    if not single and not hasattr(asked, "__len__"):
        raise TypeError(
            f"items must be an item id or a sequence of item ids, got {type(items).__name__}"
        )
    elsewhere = None if index is None or index.catalogue is model.catalogue else index.catalogue
    positions: Int32 = model.catalogue.positions(asked)
    unknown = np.flatnonzero(positions < 0)
    if not len(unknown):
        ids = model.catalogue.ids.take(pa.array(positions))
        vectors = trained_vectors(model, positions, side, index)
        return Query(vectors, single, _title(model.catalogue, positions), ids, positions)
    # Items that training never saw can still be asked about when the index knows them.
    if elsewhere is None:
        raise_unknown(model.catalogue, asked, int(unknown[0]))
    assert elsewhere is not None
    theirs: Int32 = elsewhere.positions(asked)
    for row in unknown[theirs[unknown] < 0][:1]:
        raise_unknown(elsewhere, asked, int(row))
    known = positions >= 0
    distinct, place = np.unique(theirs[unknown], return_inverse=True)
    composed = composed_vectors(model, elsewhere.take(distinct), side, False, index)[place]
    vectors = np.empty((len(positions), composed.shape[1]), dtype=np.float32)
    vectors[known] = trained_vectors(model, positions[known], side, index)
    vectors[unknown] = composed
    own_ids = model.catalogue.ids.take(pa.array(positions, mask=~known))
    ids = pc.coalesce(own_ids, elsewhere.ids.take(pa.array(theirs, mask=theirs < 0)))
    return Query(vectors, single, _title(elsewhere, theirs), ids, positions)


def _title(catalogue: Catalogue, positions: Int32) -> str:
    if len(positions) != 1:
        return ""
    at = int(positions[0])
    name = catalogue.names[at].as_py()
    return str(catalogue.ids[at]) + (f"  {name}" if name else "")


def analogy(
    catalogue: Catalogue,
    index: Index,
    positive: Sequence[str] | str,
    negative: Sequence[str] | str,
    k: int,
) -> Matches:
    """Answer with what is like the sum of some items' unit vectors, less that of others."""
    plus = [positive] if isinstance(positive, str) else list(positive)
    minus = [negative] if isinstance(negative, str) else list(negative)
    if not plus:
        raise ValueError("positive must name at least one item, got none")
    given = known_positions(catalogue, plus + minus)
    signs = np.array([1.0] * len(plus) + [-1.0] * len(minus), np.float32)
    vector = signs @ index.vectors_at(given)
    where = np.ones(len(catalogue), dtype=np.bool_)
    where[given] = False
    found = index.search(vector[None, :], k, where=where)
    title = "like " + " + ".join(map(str, plus)) + "".join(f" - {item}" for item in minus)
    return Matches(found.positions[0], found.scores[0], catalogue, title)


def category_vectors(vectors: Float32, catalogue: Catalogue) -> pa.Table:
    """Average the unit vectors of the items below every category level."""
    paths = catalogue.coded_categories
    codes = paths.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    units, usable = unit_rows(vectors)
    dim = vectors.shape[1]

    # One sum for each distinct path first: there are few of them, whatever the number of items.
    order = np.argsort(codes, kind="stable")
    order = order[codes[order] >= 0]
    present, starts = np.unique(codes[order], return_index=True)
    sums = np.zeros((len(paths.dictionary), dim))
    pulling = np.zeros(len(paths.dictionary), dtype=np.int64)
    bounds = np.append(starts, len(order))
    for i, code in enumerate(present):
        part = order[bounds[i] : bounds[i + 1]]
        sums[code] = units[part].sum(axis=0, dtype=np.float64)
        pulling[code] = usable[part].sum()
    below = np.bincount(codes[codes >= 0], minlength=len(paths.dictionary))

    levels: dict[str, list[int]] = {}
    for code, path in enumerate(paths.dictionary.to_pylist()):
        steps = [step for step in (part.strip() for part in path.split(">")) if step]
        for depth in range(1, len(steps) + 1):
            levels.setdefault(" > ".join(steps[:depth]), []).append(code)
    names = sorted(levels)
    means = np.zeros((len(names), dim), dtype=np.float32)
    counts = np.zeros(len(names), dtype=np.int64)
    for row, level in enumerate(names):
        inside = levels[level]
        means[row] = sums[inside].sum(axis=0) / max(1, pulling[inside].sum())
        counts[row] = below[inside].sum()
    return pa.table(
        {
            "category": pa.array(names, pa.large_string()),
            "level": pa.array([name.count(" > ") + 1 for name in names], pa.int32()),
            "items": pa.array(counts),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(means.reshape(-1)), dim),
        }
    )


def as_catalogue(source: Any) -> Catalogue:
    """Return a catalogue, read where it is not one yet."""
    return source if isinstance(source, Catalogue) else Catalogue.read(source)


def check_side(side: str, known: tuple[str, ...] = ("center", "context")) -> None:
    """Raise ValueError unless a side of the model is named."""
    if side not in known:
        wanted = ", ".join(map(repr, known[:-1])) + f" or {known[-1]!r}"
        raise ValueError(f"side must be {wanted}, got {side!r}")
