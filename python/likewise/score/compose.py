"""Item vectors, all parts side by side: hands the core what there is to say of some items.

Owns in which form each part's numbers go there; the sums are in csrc/core/score, in one pass on all
threads. Beside the vectors themselves nothing is made that is as large as the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import likewise._core as _core
from likewise.arrays import Float32, Int64, Mask
from likewise.content.composition import weights_of_tokens
from likewise.content.encoder import Encoder
from likewise.content.features import Features

if TYPE_CHECKING:
    from likewise.score.co_occurrence import CoOccurrence
    from likewise.score.part import Domain
    from likewise.score.text import Text

__all__ = ["Numbers", "Told", "write_item_vectors", "write_unit_vectors"]


class Numbers(NamedTuple):
    """What parts count and bound: trust in contexts, weights of parts, the longest row."""

    trust_least: float
    trust_more: float
    co_occurrence: float
    longest: float
    text: float


@dataclass(frozen=True, eq=False)
class Told:
    """What is told of some items.

    Attributes
    ----------
    rows : int64 array (n,)
        Positions in training; -1 - k for the k-th of ``center`` and ``context``.
    popularity : float32 array (n,)
    features : Features or None
        Their tokens; None where content plays no part.
    places : int64 array (n,), optional
        Whose of the features are theirs; without it they are in order.
    center, context : float32 arrays (n_others, dim), optional
        Composed vectors of items that were not in training.
    domain : Domain, optional
        How words count in an out-of-domain catalogue.
    """

    rows: Int64
    popularity: Float32
    features: Features | None
    places: Int64 | None = None
    center: Float32 | None = None
    context: Float32 | None = None
    domain: Domain | None = None


def write_item_vectors(
    encoder: Encoder,
    company: CoOccurrence,
    words: Text,
    numbers: Numbers,
    told: Told,
    out: Float32,
) -> Mask:
    """Write what items are found by to ``out``, float32 (n, width); return what is known, (n,).

    The row of an item of which nothing is known is all zero.

    Raises ValueError when vectors of the model are not finite.
    """
    found = _core.item_vectors(
        out=out,
        rows=told.rows,
        popularity=told.popularity,
        learned={
            "center": encoder.center,
            "context": encoder.context,
            "other_center": told.center,
            "other_context": told.context,
            "context_map": _map_of(encoder),
            "center_share": 1.0,
            "trust_least": numbers.trust_least,
            "trust_more": numbers.trust_more,
        },
        co_occurrence={
            "items": company.items,
            "rows": company.rows,
            "map": _contiguous(company.map),
            "scale": numbers.co_occurrence**0.5,
            "longest": float(np.float32(numbers.longest**0.5)),
        },
        text=_text(encoder, words, numbers.text**0.5, told),
        threads=encoder.threads,
    )
    return found.view(np.bool_)


def write_unit_vectors(encoder: Encoder, side: str, first: int, last: int, out: Float32) -> Mask:
    """Write vectors of length 1 of one side of items of training, float32 (last - first, dim).

    Context vectors that are missing are mapped from center vectors. Returns which are not all zero.

    Raises ValueError when vectors of the model are not finite.
    """
    of_context = side == "context"
    found = _core.item_vectors(
        out=out,
        rows=np.arange(first, last),
        popularity=None,
        learned={
            "center": encoder.center,
            "context": encoder.context if of_context else encoder.center,
            "context_map": _map_of(encoder) if of_context else None,
            "center_share": 0.0 if of_context else 1.0,
            "trust_least": 1.0 if of_context else 0.0,
            "trust_more": 0.0,
        },
        threads=encoder.threads,
    )
    return found.view(np.bool_)


def _map_of(encoder: Encoder) -> Any:
    return _contiguous(getattr(encoder.context_map, "matrix", None))


def _text(encoder: Encoder, words: Text, scale: float, told: Told) -> dict[str, Any] | None:
    columns = words.width(told.domain is not None)
    if not columns:
        return None
    about: dict[str, Any] = {"columns": columns, "scale": scale}
    features = told.features
    if features is None:
        return about
    by_token, unseen = encoder.weights_of_tokens(features)
    summed, kinds = by_token, encoder.kind_weights
    if told.domain is not None:
        there = told.domain
        summed, _ = weights_of_tokens(features, there.hashes, there.weights, 0.0)
        kinds = there.kind_weights
    return {
        **about,
        "usual_length": words.usual_length if (told.rows < 0).any() else 1.0,
        "item_offsets": features.item_offsets,
        "item_tokens": features.item_tokens,
        "item_kinds": features.item_kinds,
        "token_hashes": features.token_hashes,
        "places": told.places,
        "unseen": unseen.view(np.uint8),
        "token_weights": by_token,
        "kind_weights": encoder.kind_weights,
        "summed_token_weights": summed,
        "summed_kind_weights": kinds,
    }


def _contiguous(matrix: Any) -> Any:
    return None if matrix is None else np.ascontiguousarray(matrix)
