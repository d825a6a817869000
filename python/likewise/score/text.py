"""The text part: what two items' names and categories have in common as they stand.

Owns the direction of a token, how much it counts, and how much of an item is unknown: words that
training never saw. The core adds directions up (compose.py). No direction is learned: a word has
the same one in every model, shop and process.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from likewise.arrays import Float32, Int64, UInt64
from likewise.content.composition import Contribution, item_weights
from likewise.content.encoder import named
from likewise.content.features import Features, Kind
from likewise.score.part import Batch, Domain, Part

if TYPE_CHECKING:
    from likewise.items import Items

__all__ = [
    "OUT_OF_DOMAIN",
    "TEXT_DIM",
    "TEXT_DIM_OUT_OF_DOMAIN",
    "WEIGHT",
    "Text",
    "spaced",
    "token_directions",
]

#: Floats of a text vector; with 164 learned ones and popularity they make 255.
#: As good as 256 within .002 of HR@20, which 58 are not: benchmarks/notes/scoring.md, 2.
TEXT_DIM = 90
#: The same in an out-of-domain catalogue, where text has to do alone.
TEXT_DIM_OUT_OF_DOMAIN = 384
#: What cosines of texts count in the score.
WEIGHT = 0.5
#: The mean share of unknown words from which a catalogue is out of domain: new items of the same
#: shop have .01 to .06, another department .18 and more.
OUT_OF_DOMAIN = 0.1

# Out of domain a category counts more: it is all that many items have in common.
_CATEGORY_OUT_OF_DOMAIN = 1.25
_SINGLE = 0.5  # of its weight is left to a token of one item, which finds none of the others
_ITEMS = 1 << 16  # read at once
_SAMPLE = 20_000  # items that tell how long a vector usually is, and how much is unknown


class Text(Part):
    """Random directions of words, summed by weight: 90 columns, more out of domain."""

    def width(self, out_of_domain: bool) -> int:
        if self.trained.recipe is None:
            return 0
        return TEXT_DIM_OUT_OF_DOMAIN if out_of_domain else TEXT_DIM

    def most(self, popularity: float) -> float:
        return WEIGHT

    def unknown(self, columns: Float32) -> Float32 | None:
        if self.trained.recipe is None:
            return None
        # The length tells how much of an item is unknown.
        length = np.linalg.norm(columns, axis=1) / np.float32(np.sqrt(WEIGHT))
        found: Float32 = np.clip(length - 1, 0, 1)[:, None]
        return found

    def ask(
        self, columns: Float32, unknown: Float32, out_of_domain: bool, popularity: float
    ) -> None:
        columns *= 1 + unknown

    def contributions(self, batch: Batch) -> list[Contribution]:
        features, weights = batch.features, batch.weights
        if features is None or not len(weights):
            return []
        if batch.domain is not None:
            weights = _weigh(features, batch.domain)
        directions = token_directions(features.token_hashes, self.width(batch.domain is not None))[
            features.item_tokens
        ]
        vectors = weights[:, None] * directions.astype(np.float64)
        length = float(np.linalg.norm(vectors.sum(axis=0))) or 1.0
        vectors *= np.sqrt(WEIGHT) / length  # nothing is unknown of items of training
        return named(features.token_text(batch.items, 0), vectors, weights)

    # --- what is unknown --------------------------------------------------------------------------

    def weigh_domain(self, items: Items) -> Domain:
        """Count in how many items of a catalogue each token is, and weigh it by that.

        Inverse document frequency ``log((n + 1) / df)`` times ``√(1 - 1 / df)``, a half at least:
        what the other items with a token are to one of them. The same catalogue gives the same
        weights, so that an index need not keep them.
        """
        trained = self.trained
        assert trained.recipe is not None
        hashes, uses = np.zeros(0, np.uint64), np.zeros(0, np.int64)
        for _, part in items.pieces(_ITEMS):
            features = Features.encode(part, trained.recipe, threads=trained.threads)
            counting = trained.kind_weights[features.item_kinds] > 0
            used = np.bincount(features.item_tokens[counting], minlength=features.n_tokens)
            both = np.concatenate([hashes, features.token_hashes])
            hashes, place = np.unique(both, return_inverse=True)
            uses = np.bincount(place, np.concatenate([uses, used])).astype(np.int64)
        hashes, there = hashes[uses > 0], uses[uses > 0].astype(np.float64)
        weights = np.log((len(items) + 1) / there)
        weights *= np.maximum(_SINGLE, np.sqrt(1.0 - 1.0 / there))
        kinds = trained.kind_weights.copy()
        kinds[Kind.CATEGORY] *= _CATEGORY_OUT_OF_DOMAIN
        return Domain(hashes, weights.astype(np.float32), kinds)

    @cached_property
    def usual_length(self) -> float:
        """The median length of center vectors as content composes them; 1 without any.

        Of 20,000 items of training at most, evenly spaced.
        """
        catalogue = self.trained.catalogue
        features = self.trained.features(catalogue.take(spaced(len(catalogue))))
        if features is None:
            return 1.0
        lengths = np.linalg.norm(self.trained.compose(features), axis=1)
        lengths = lengths[lengths > 0.0]
        return float(np.median(lengths)) if len(lengths) else 1.0


def spaced(n: int) -> Int64:
    """Return positions of 20,000 of n items at most, evenly spaced."""
    return np.unique(np.linspace(0, n - 1, min(n, _SAMPLE)).astype(np.int64))


def _weigh(features: Features, domain: Domain) -> Float32:
    """Return the weight that every token of every item has in a domain, float32 (n_entries,)."""
    return item_weights(features, domain.hashes, domain.weights, domain.kind_weights, 0.0)


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
