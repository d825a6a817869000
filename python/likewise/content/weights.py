"""Content: the features of a training catalogue that count, and how much each counts.

Owns the choice of weights: kinds of tokens, inverse document frequency. How vectors are made of
them is in content/composition.py, what a token is in features.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

import likewise._core as _core
from likewise.content.composition import SideWeights, item_weights
from likewise.content.direct import composed_tables, direct_arrays
from likewise.content.features import Features, Kind, Recipe
from likewise.items import Items
from likewise.options import Options

__all__ = ["UNKNOWN_WEIGHT", "Content"]

# How much each kind of token counts: category path, word of the name, run of words, and a word of
# the category that the name lacks. Measured on the real sets: benchmarks/notes/words-and-ngrams.md.
KIND_WEIGHTS = {
    Kind.CATEGORY: 1.0,
    Kind.NAME_WORD: 1.0,
    Kind.NAME_NGRAM: 0.5,
    Kind.CATEGORY_WORD: 0.0,
}
UNKNOWN_WEIGHT = 1.0  # of a token that training never saw: as rare as can be


@dataclass(frozen=True, eq=False)
class Content:
    """Encoded features of a catalogue with their weights.

    Attributes
    ----------
    features : Features
        Without the kinds that do not count.
    weights : float32 array (n_entries,)
        Of every token of every item; squares sum to 1 within an item.
    order : int64 array (n_tokens,)
        Sorts the tokens by hash, as models keep them.
    token_weights : float32 array (n_tokens,)
        Of each token, in that order.
    kind_weights : float32 array (4,)
        Of each kind of token.
    direct : bool
        n-gram rows take part in every block; see content/direct.py.
    """

    features: Features
    weights: npt.NDArray[np.float32]
    order: npt.NDArray[np.int64]
    token_weights: npt.NDArray[np.float32]
    kind_weights: npt.NDArray[np.float32]
    direct: bool

    @classmethod
    def encode(cls, catalogue: Items, options: Options) -> Content:
        """Read the features of every item and weigh them."""
        kind_weights = np.array([KIND_WEIGHTS[kind] for kind in sorted(Kind)], np.float32)
        recipe = Recipe.from_options(options)
        features = _counting(Features.encode(catalogue, recipe, options.threads), kind_weights)
        order = np.argsort(features.token_hashes)
        token_weights = _inverse_frequency(features)[order]
        weights = item_weights(
            features, features.token_hashes[order], token_weights, kind_weights, UNKNOWN_WEIGHT
        )
        direct = options.stretch == 1 and len(features.ngram_rows) > 0
        return cls(features, weights, order, token_weights, kind_weights, direct)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return what the core trains from."""
        if self.direct:
            return direct_arrays(self.features, self.weights)
        return {
            "item_offsets": self.features.item_offsets,
            "item_tokens": self.features.item_tokens,
            "item_weights": self.weights,
            "token_hashes": self.features.token_hashes,
            "ngram_offsets": self.features.ngram_offsets,
            "ngram_rows": self.features.ngram_rows,
        }

    def side(self, tables: dict[str, Any], name: str) -> SideWeights | None:
        """Return what composes one side's vectors, from the core's tables."""
        tokens, ngrams = tables[f"{name}_tokens"], tables[f"{name}_ngrams"]
        if tokens is None:
            return None
        if self.direct:
            tokens, ngrams = composed_tables(self.features, tokens)
        return SideWeights(
            token_hashes=self.features.token_hashes[self.order],
            tokens=tokens[self.order],
            ngrams=np.zeros((0, tokens.shape[1]), np.float32) if ngrams is None else ngrams,
        )

    @property
    def rows(self) -> int:
        """Rows of one side's tables."""
        return self.features.n_tokens + self.features.recipe.buckets


def _counting(features: Features, kind_weights: npt.NDArray[np.float32]) -> Features:
    """Drop the entries of kinds that do not count, and the tokens that only they had."""
    if bool((kind_weights > 0).all()):
        return features
    kept = _core.keep_kinds(
        item_offsets=features.item_offsets,
        item_tokens=features.item_tokens,
        item_kinds=features.item_kinds,
        token_hashes=features.token_hashes,
        token_namespaces=features.token_namespaces,
        ngram_offsets=features.ngram_offsets,
        ngram_rows=features.ngram_rows,
        kinds=sum(1 << kind for kind, weight in enumerate(kind_weights) if weight > 0),
    )
    return replace(features, **kept)


def _inverse_frequency(features: Features) -> npt.NDArray[np.float32]:
    """How much each token counts: more, the fewer items have it.

    The inverse document frequency of text retrieval, ``1 + log(items / items with it)``, damped by
    a square root, in shares of that of a token of a single item.
    """
    uses = np.bincount(features.item_tokens, minlength=features.n_tokens)
    items = max(1, features.n_items)
    weights = np.sqrt((1.0 + np.log(items / np.maximum(uses, 1))) / (1.0 + math.log(items)))
    return weights.astype(np.float32)
