"""The manners of gensim's KeyedVectors: an id is a key, center vectors are what it holds.

Owns `in`, `[]`, `most_similar` and `similarity`, for a model and for vectors of other models.
Numbers mean what they mean in gensim: cosines of center vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from likewise.arrays import Float32, float_rows
from likewise.errors import InputError, UnknownItemError
from likewise.questions.answers import own_index
from likewise.questions.queries import ids_asked
from likewise.search.arguments import as_id, check_k, is_id, known_positions
from likewise.state import State

if TYPE_CHECKING:
    from likewise.items import Embedded
    from likewise.search.index import Index

__all__ = ["contains", "most_like", "most_similar", "similarity", "vector_of"]


def contains(asked: Embedded, item: Any) -> bool:
    """Tell whether an id is that of an item; what cannot be an id is none."""
    if not is_id(item):
        return False
    try:
        return asked.catalogue.position(as_id(item)) >= 0
    except (InputError, UnknownItemError):
        return False


def vector_of(asked: Embedded, items: Any) -> Float32:
    """Return the center vector of an id, float32 (dim,), or those of several, (n, dim).

    Raises
    ------
    UnknownItemError
        For an id that is not in the catalogue; a KeyError.
    """
    single, ids = ids_asked(items)
    rows: Float32 = asked.center[known_positions(asked.catalogue, ids)]
    return rows[0] if single else rows


def similarity(asked: Embedded, first: Any, second: Any) -> float:
    """Return the cosine of the center vectors of two items; 0 where one has none.

    As gensim's, from -1 to 1. The score that `similar` ranks by is ``explain(a, b).score``.
    """
    at = [known_positions(asked.catalogue, [item]) for item in (first, second)]
    left, right = (asked.center[one[0]].astype(np.float64) for one in at)
    lengths = float(np.linalg.norm(left) * np.linalg.norm(right))
    return float(left @ right) / lengths if lengths > 0 else 0.0


def most_similar(
    model: State,
    positive: str | Sequence[Any] | Any | None = None,
    negative: str | Sequence[Any] | Any | None = None,
    topn: int = 10,
) -> list[tuple[str, float]]:
    """Find items by the cosine of center vectors, as gensim's ``most_similar`` does.

    :meth:`similar` finds better ones: it also reads context vectors, shared sessions, texts and
    popularity. This is ``similar(..., side="center")`` and ``analogy`` under the name and with the
    numbers of gensim.

    Parameters
    ----------
    positive, negative : id, vector, or sequence of them
        Unit vectors of ``positive`` are added, those of ``negative`` subtracted; vectors that
        are given count by their length.
    topn : int
        Answers, at least 1.

    Returns
    -------
    list of (id, score)
        Best first; none of the ids given.

    Raises
    ------
    UnknownItemError
        For an id that is not in the catalogue; a KeyError.
    ValueError
        When nothing is given.

    Examples
    --------
    ``model.most_similar("B000X", topn=5)``;
    ``model.most_similar(positive=["B000X", "B000Y"], negative=["B000Z"])``
    """
    return most_like(model, own_index(model, "center", exact=True), positive, negative, topn)


def most_like(
    asked: Embedded, index: Index, positive: Any, negative: Any, topn: int
) -> list[tuple[str, float]]:
    """Answer :func:`most_similar` from an exact index of center vectors."""
    topn = check_k(topn, "topn")
    total = np.zeros((1, index.dim), np.float32)
    where = np.ones(len(asked.catalogue), dtype=np.bool_)
    given = 0
    for argument, sign, values in (("positive", 1, positive), ("negative", -1, negative)):
        for value in _given(values):
            given += 1
            if _is_vector(value):
                row = float_rows(argument, np.asarray(value)[None], columns=index.dim)
                total += sign * row
                continue
            if not is_id(value):
                raise TypeError(
                    f"{argument} must be item ids or vectors, got {type(value).__name__}"
                )
            at = known_positions(asked.catalogue, [value])
            total += sign * index.vectors_at(at)
            where[at] = False
    if not given:
        raise ValueError("positive or negative must name at least one item, got none")
    found = index.search(total, topn, where=where)
    kept = found.positions[0] >= 0
    ids = asked.catalogue.ids.take(pa.array(found.positions[0][kept])).to_pylist()
    return list(zip(ids, found.scores[0][kept].tolist(), strict=True))


def _given(values: Any) -> list[Any]:
    """Return one id or vector, or several, as a list."""
    if values is None:
        return []
    return [values] if is_id(values) or _is_vector(values) else list(values)


def _is_vector(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind == "f"
