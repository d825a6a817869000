"""The text part of the blend: what two items' names and categories have in common as they stand.

Owns the direction of a token, how much it counts, and the vector of an item's text. Nothing here is
learned: a word has the same direction in every model, shop and process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import likewise._core as _core
from likewise.content.composition import item_weights, known_tokens
from likewise.content.features import Features, Kind
from likewise.search.arguments import Float32, unit_rows

if TYPE_CHECKING:
    from likewise.model.model import Model
    from likewise.tables.catalogue import Catalogue

__all__ = [
    "TEXT_DIM",
    "TEXT_DIM_ABROAD",
    "Wording",
    "text_vectors",
    "token_directions",
    "unknown_shares",
    "wording_of",
]

UInt64 = npt.NDArray[np.uint64]

#: Floats of a text vector; with 164 learned ones and popularity they make 255.
#: As good as 256 within .002 of HR@20, which 58 are not: benchmarks/quality.md.
TEXT_DIM = 90
#: The same in a catalogue of strange words, where text has to do alone.
TEXT_DIM_ABROAD = 384

# Abroad a category counts more: it is all that many items have in common.
_CATEGORY_ABROAD = 1.25
_SINGLE = 0.5  # of its weight is left to a token of one item, which finds none of the others
_ITEMS = 1 << 16  # read at once


@dataclass(frozen=True, eq=False)
class Wording:
    """How much tokens count in the texts of a catalogue, where it is not as the model has it.

    Attributes
    ----------
    hashes : uint64 array (n_tokens,)
        The tokens of the catalogue, ascending.
    weights : float32 array (n_tokens,)
        How much each counts. One that the catalogue lacks counts nothing: it cannot be found.
    kind_weights : float32 array (4,)
        How much each kind of token counts.
    """

    hashes: UInt64
    weights: Float32
    kind_weights: Float32

    def of_items(self, features: Features) -> Float32:
        """Return the weight of every token of every item, float32 (n_entries,)."""
        return item_weights(features, self.hashes, self.weights, self.kind_weights, 0.0)


def wording_of(model: Model, catalogue: Catalogue) -> Wording:
    """Count in how many items of a catalogue each token is, and weigh it by that.

    Inverse document frequency ``log((n + 1) / df)`` times ``√(1 - 1 / df)``, a half at least: what
    the other items with a token are to one of them. The same catalogue gives the same weights, so
    that an index need not keep them.
    """
    assert model.recipe is not None
    hashes, uses = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    for _, part in catalogue.pieces(_ITEMS):
        features = Features.encode(part, model.recipe, threads=model.options.threads)
        counting = model.kind_weights[features.item_kinds] > 0
        used = np.bincount(features.item_tokens[counting], minlength=features.n_tokens)
        both = np.concatenate([hashes, features.token_hashes])
        hashes, place = np.unique(both, return_inverse=True)
        uses = np.bincount(place, np.concatenate([uses, used])).astype(np.int64)
    hashes, there = hashes[uses > 0], uses[uses > 0].astype(np.float64)
    weights = np.log((len(catalogue) + 1) / there)
    weights *= np.maximum(_SINGLE, np.sqrt(1.0 - 1.0 / there))
    kinds = model.kind_weights.copy()
    kinds[Kind.CATEGORY] *= _CATEGORY_ABROAD
    return Wording(hashes, weights.astype(np.float32), kinds)


def token_directions(hashes: UInt64, dim: int = TEXT_DIM) -> Float32:
    """Return the direction of each token: signs, by the bits of its mixed hash.

    Random signs keep inner products as Gaussian directions do (Achlioptas 2003). The bits are those
    of SplitMix64 (Steele, Lea and Flood 2014) of the token's 64-bit hash.

    Returns float32 ``(n, dim)``, each of length 1.
    """
    steps = np.arange(1, -(-dim // 64) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = hashes.astype(np.uint64)[:, None] + steps  # all of this wraps around, as it should
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    octets = mixed.astype("<u8").view(np.uint8).reshape(len(mixed), -1)
    bits = np.unpackbits(octets, axis=1, bitorder="little")[:, :dim]
    high = np.float32(1.0 / np.sqrt(dim))
    directions: Float32 = np.where(bits == 1, high, -high)
    return directions


def text_vectors(
    features: Features, weights: Float32, threads: int, dim: int = TEXT_DIM
) -> Float32:
    """Return the unit vector of each item's text, float32 (n_items, dim); zeros without any.

    ``weights`` are those of the tokens of the items, float32 (n_entries,).
    """
    if not len(features.item_tokens):
        return np.zeros((features.n_items, dim), np.float32)
    summed = _core.compose_items(
        features.item_offsets,
        features.item_tokens,
        weights,
        token_directions(features.token_hashes, dim),
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
