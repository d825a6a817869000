"""The text part of the blend: what two items' names and categories have in common as they stand.

Owns the direction of a token and the vector of an item's text. Nothing here is learned: a word
has the same direction in every model, shop and process.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from likewise import _core
from likewise._composition import known_tokens
from likewise._search_arguments import Float32, unit_rows
from likewise.features import Features

__all__ = ["TEXT_DIM", "text_vectors", "token_directions", "unknown_shares"]

UInt64 = npt.NDArray[np.uint64]

#: Floats of a text vector; with 100 trained ones and popularity they make 191.
#: As good as 256 within .002 of HR@20, which 58 are not: benchmarks/quality.md.
TEXT_DIM = 90


def token_directions(hashes: UInt64) -> Float32:
    """Return the direction of each token: signs, by the bits of its mixed hash.

    Random signs keep inner products as Gaussian directions do (Achlioptas 2003). The bits are those
    of SplitMix64 (Steele, Lea and Flood 2014) of the token's 64-bit hash.

    Returns float32 ``(n, TEXT_DIM)``, each of length 1.
    """
    steps = np.arange(1, TEXT_DIM // 64 + 2, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = hashes.astype(np.uint64)[:, None] + steps  # all of this wraps around, as it should
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    octets = mixed.astype("<u8").view(np.uint8).reshape(len(mixed), -1)
    bits = np.unpackbits(octets, axis=1, bitorder="little")[:, :TEXT_DIM]
    high = np.float32(1.0 / np.sqrt(TEXT_DIM))
    directions: Float32 = np.where(bits == 1, high, -high)
    return directions


def text_vectors(features: Features, weights: Float32, threads: int) -> Float32:
    """Return the unit vector of each item's text, float32 (n_items, TEXT_DIM); zeros without any.

    ``weights`` are those of the tokens of the items, float32 (n_entries,).
    """
    if not len(features.item_tokens):
        return np.zeros((features.n_items, TEXT_DIM), np.float32)
    summed = _core.compose_items(
        features.item_offsets,
        features.item_tokens,
        weights,
        token_directions(features.token_hashes),
        threads,
    )
    return unit_rows(summed)[0]


def unknown_shares(features: Features, weights: Float32, known: UInt64) -> Float32:
    """Return how much of each item training never saw, float32 (n_items,), 0 to 1.

    The share of its tokens' squared weights that is not of ``known`` hashes (ascending); 0 for an
    item without tokens.
    """
    strange = known_tokens(features, known) < 0
    squares = weights.astype(np.float64) ** 2
    item = np.repeat(np.arange(features.n_items), np.diff(features.item_offsets))
    whole = np.bincount(item, squares, minlength=features.n_items)
    part = np.bincount(item, squares * strange[features.item_tokens], minlength=features.n_items)
    return np.asarray(part / np.where(whole > 0.0, whole, 1.0), np.float32)
