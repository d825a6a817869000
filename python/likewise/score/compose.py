"""Item vectors, all parts side by side: hands the core what there is to say of some items.

Owns in which form each part's numbers go there; the sums are in csrc/core/score, in one pass on all
threads. Beside the vectors themselves nothing is made that is as large as the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import likewise._core as _core
from likewise.arrays import Float32, Float64, Int32, Int64, Mask
from likewise.content.encoder import Encoder
from likewise.content.features import Features

__all__ = ["Parts", "Told", "Weights", "write_item_vectors", "write_unit_vectors"]


class Weights(NamedTuple):
    """How much tokens count: float32 (n_tokens,) and by kind (4,)."""

    of_tokens: Float32
    of_kinds: Float32


class Parts(NamedTuple):
    """What the parts of a score have learned, and what they count."""

    trust_least: float
    trust_more: float
    company_items: Int32  # ascending, (m,)
    company_rows: Float32  # (m, columns)
    company_map: Float64 | None  # (dim + 1, columns)
    company_weight: float
    longest: float  # the square of the length of a row
    text_columns: int
    text_weight: float


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
    usual_length : float
        Of such a center vector, told where there are any.
    domain : Weights, optional
        How much tokens count in an out-of-domain catalogue.
    """

    rows: Int64
    popularity: Float32
    features: Features | None
    places: Int64 | None = None
    center: Float32 | None = None
    context: Float32 | None = None
    usual_length: float = 1.0
    domain: Weights | None = None


def write_item_vectors(encoder: Encoder, parts: Parts, told: Told, out: Float32) -> Mask:
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
            "trust_least": parts.trust_least,
            "trust_more": parts.trust_more,
        },
        co_occurrence={
            "items": parts.company_items,
            "rows": parts.company_rows,
            "map": _contiguous(parts.company_map),
            "scale": parts.company_weight**0.5,
            "longest": float(np.float32(parts.longest**0.5)),
        },
        text=_text(encoder, parts, told),
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


def _text(encoder: Encoder, parts: Parts, told: Told) -> dict[str, Any] | None:
    if not parts.text_columns:
        return None
    about: dict[str, Any] = {"columns": parts.text_columns, "scale": parts.text_weight**0.5}
    features = told.features
    if features is None:
        return about
    by_token, unseen = encoder.weights_of_tokens(features)
    summed = told.domain or Weights(by_token, encoder.kind_weights)
    return {
        **about,
        "usual_length": told.usual_length,
        "item_offsets": features.item_offsets,
        "item_tokens": features.item_tokens,
        "item_kinds": features.item_kinds,
        "token_hashes": features.token_hashes,
        "places": told.places,
        "unseen": unseen.view(np.uint8),
        "token_weights": by_token,
        "kind_weights": encoder.kind_weights,
        "summed_token_weights": summed.of_tokens,
        "summed_kind_weights": summed.of_kinds,
    }


def _contiguous(matrix: Any) -> Any:
    return None if matrix is None else np.ascontiguousarray(matrix)
