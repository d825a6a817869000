"""The manners of gensim's KeyedVectors: an id is a key, center vectors are what it holds.

Owns `in`, `[]`, `most_similar` and `similarity`, for a model and for vectors of other models.
Numbers mean what they mean in gensim: cosines of center vectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.arrays import Float32, Int64, float_rows, from_numpy
from likewise.errors import InputError, UnknownItemError
from likewise.questions.answers import own_index
from likewise.questions.queries import ids_asked
from likewise.search.arguments import as_id, check_k, is_id, known_positions
from likewise.state import State

if TYPE_CHECKING:
    from likewise.items import Embedded
    from likewise.search.index import Index

__all__ = [
    "contains", "ids_in_order", "length", "most_like", "most_similar", "refuse", "similarity",
    "vector_of",
]  # fmt: skip

_ELSEWHERE = {
    "clip_start": "similar(where=...) takes the items that may be answers here",
    "clip_end": "restrict_vocab, or similar(where=...), takes the items that may be answers here",
    "indexer": "similar(index=model.index(exact=False)) is the approximate search here",
}


def contains(asked: Embedded, item: Any) -> bool:
    """Tell whether an id is that of an item; what cannot be an id is none."""
    if not is_id(item):
        return False
    try:
        return asked.catalogue.position(as_id(item)) >= 0
    except (InputError, UnknownItemError):
        return False


def length(asked: Embedded) -> int:
    """Return how many items there are."""
    return len(asked.catalogue)


def ids_in_order(asked: Embedded) -> Iterator[str]:
    """Iterate over the ids, as a dict does over its keys."""
    return (item_id for item_id, _, _ in asked.catalogue)


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
    topn: int | None = 10,
    *,
    restrict_vocab: int | None = None,
    **elsewhere: Any,
) -> list[tuple[str, float]] | Float32:
    """Find items by the cosine of center vectors, as gensim's ``most_similar`` does.

    :meth:`similar` finds better ones: it also reads context vectors, shared sessions, texts and
    popularity. This is ``similar(..., side="center")`` and ``analogy`` under the name and with the
    numbers of gensim.

    Parameters
    ----------
    positive, negative : id, vector, or sequence of them
        Unit vectors of ``positive`` are added, those of ``negative`` subtracted; vectors that
        are given count by their length.
    topn : int or None
        Answers, at least 1. None gives the cosines of all items instead of answers.
    restrict_vocab : int, optional
        Only so many items may be answers: those with most events, at least 1.
    **elsewhere
        Other arguments of gensim's: an error that says what there is here.

    Returns
    -------
    list of (id, score)
        Best first; none of the ids given. With ``topn=None`` float32 array (n_items,), in the
        order of the catalogue, the items given among them; 0 for an item without a vector.

    Raises
    ------
    UnknownItemError
        For an id that is not in the catalogue; a KeyError.
    ValueError, TypeError
        When nothing is given, or an argument is not what it should be.

    Examples
    --------
    ``model.most_similar("B000X", topn=5)``;
    ``model.most_similar(positive=["B000X", "B000Y"], negative=["B000Z"])``
    """
    refuse(elsewhere)
    order = np.argsort(-model.counts, kind="stable")
    index = own_index(model, "center", exact=True)
    return most_like(model, index, positive, negative, topn, restrict_vocab, order)


def refuse(elsewhere: dict[str, Any]) -> None:
    """Raise TypeError for an argument that gensim's ``most_similar`` has, and this one has not."""
    for name in elsewhere:
        ours = _ELSEWHERE.get(name, "arguments are positive, negative, topn and restrict_vocab")
        raise TypeError(f"most_similar has no argument {name!r}: {ours}")


def most_like(
    asked: Embedded,
    index: Index,
    positive: Any,
    negative: Any,
    topn: int | None,
    restrict_vocab: int | None,
    order: Int64,
) -> list[tuple[str, float]] | Float32:
    """Answer :func:`most_similar` from an exact index of center vectors.

    ``order`` are the positions of all items, those that occur most first.
    """
    n = len(asked.catalogue)
    wanted = n if topn is None else check_k(topn, "topn")
    where = np.ones(n, dtype=np.bool_)
    if restrict_vocab is not None:
        if topn is None:
            raise ValueError(
                f"restrict_vocab must be left out with topn=None, which gives the cosines of all "
                f"items in the order of the catalogue, got {restrict_vocab!r}"
            )
        where[order[check_k(restrict_vocab, "restrict_vocab") :]] = False
    total = np.zeros((1, index.dim), np.float32)
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
            where[at] = topn is None
    if not given:
        raise ValueError("positive or negative must name at least one item, got none")
    found = index.search(total, max(1, wanted), where=where)
    kept = found.positions[0] >= 0
    if topn is None:
        cosines = np.zeros(n, np.float32)
        cosines[found.positions[0][kept]] = found.scores[0][kept]
        return cosines
    ids = asked.catalogue.ids.take(from_numpy(found.positions[0][kept])).to_pylist()
    return list(zip(ids, found.scores[0][kept].tolist(), strict=True))


def _given(values: Any) -> list[Any]:
    """Return one id or vector, or several, as a list."""
    if values is None:
        return []
    return [values] if is_id(values) or _is_vector(values) else list(values)


def _is_vector(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind == "f"
