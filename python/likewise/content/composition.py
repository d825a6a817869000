"""Composition: the learned rows of one side, and how much each token of an item counts.

Owns the formula by which an item's tokens are weighted. Vectors are made of both in encoder.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from likewise.arrays import Float32, Float64, Mask, UInt64
from likewise.content.features import Features
from likewise.errors import InputError

__all__ = [
    "Contribution", "SideWeights", "check_shape", "item_weights", "known_tokens",
    "weights_of_tokens",
]  # fmt: skip


class Contribution(NamedTuple):
    """What one feature of an item adds to its vector (dim,)."""

    kind: str
    feature: str
    vector: Float64


@dataclass(frozen=True, eq=False)
class SideWeights:
    """The learned rows that compose one side's vectors from content.

    Attributes
    ----------
    token_hashes : uint64 array (m,)
        The tokens seen in training, ascending.
    tokens : float32 array (m, dim)
        Their vectors, n-grams included.
    ngrams : float32 array (buckets, dim)
        Character n-gram rows, for words never seen.
    """

    token_hashes: UInt64
    tokens: Float32
    ngrams: Float32

    def check(self, side: str, n_tokens: int, dim: int) -> None:
        """Raise InputError when the arrays do not fit together."""
        name = f"{side}_content"
        check_shape(f"{name}.token_hashes", self.token_hashes, np.uint64, (n_tokens,))
        check_shape(f"{name}.tokens", self.tokens, np.float32, (n_tokens, dim))
        check_shape(f"{name}.ngrams", self.ngrams, np.float32, (len(self.ngrams), dim))

    @property
    def nbytes(self) -> int:
        """Bytes of the three arrays."""
        return int(self.token_hashes.nbytes + self.tokens.nbytes + self.ngrams.nbytes)


def item_weights(
    features: Features,
    known_hashes: UInt64,
    token_weights: Float32,
    kind_weights: Float32,
    unknown_weight: float,
) -> Float32:
    """Return the weight of every token of every item, float32, beside ``features.item_tokens``.

    The product of what the token and what its kind count, scaled so that the squares of an item's
    weights sum to 1: a long name is not a louder one.
    """
    by_token, _ = weights_of_tokens(features, known_hashes, token_weights, unknown_weight)
    weights = by_token[features.item_tokens] * kind_weights[features.item_kinds]
    lengths = np.diff(features.item_offsets)
    filled = lengths > 0
    if filled.any():
        # reduceat needs the starts of items that have tokens: those without own no entries.
        starts = features.item_offsets[:-1][filled]
        squares = np.add.reduceat(weights.astype(np.float64) ** 2, starts)
        scale = 1.0 / np.sqrt(np.where(squares > 0.0, squares, 1.0))
        weights *= np.repeat(scale.astype(np.float32), lengths[filled])
    return weights


def weights_of_tokens(
    features: Features, known_hashes: UInt64, token_weights: Float32, unknown_weight: float
) -> tuple[Float32, Mask]:
    """Return how much each token counts, float32 (n_tokens,), and which are not known, bool."""
    if features.token_hashes is known_hashes:  # the tokens of training themselves
        return token_weights, np.zeros(len(known_hashes), np.bool_)
    at = known_tokens(features, known_hashes)
    by_token = np.full(len(at), unknown_weight, dtype=np.float32)
    by_token[at >= 0] = token_weights[at[at >= 0]]
    return by_token, at < 0


def known_tokens(features: Features, known_hashes: UInt64) -> npt.NDArray[np.int64]:
    """Return where each token is among the known ones, which ascend; int64 (n_tokens,), or -1."""
    if not len(known_hashes):
        return np.full(len(features.token_hashes), -1, np.int64)
    at = np.searchsorted(known_hashes, features.token_hashes)
    at[at == len(known_hashes)] = 0
    return np.where(known_hashes[at] == features.token_hashes, at, -1)


def check_shape(
    name: str, array: npt.NDArray[Any], dtype: type[np.generic], shape: tuple[int, ...]
) -> None:
    """Raise InputError unless the array has exactly this dtype and shape."""
    if array.dtype != dtype or array.shape != shape:
        raise InputError(
            f"{name} must be {np.dtype(dtype)} of shape {shape}, "
            f"got {array.dtype} of shape {array.shape}"
        )
