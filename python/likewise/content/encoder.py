"""The encoder: vectors of any items, trained where there are any, else composed of their content.

Owns how vectors are composed (the sums are the core's), the context vectors of items that have none
of their own, and the taking apart of a vector into what each feature adds to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import likewise._core as _core
from likewise.arrays import Float32, Float64, Int32, Int64, Mask, UInt64
from likewise.content.composition import (
    Contribution,
    SideWeights,
    item_weights,
    weights_of_tokens,
)
from likewise.content.features import Features, Kind, Recipe
from likewise.content.linear_map import ContextMap, fit_context_map

if TYPE_CHECKING:
    from likewise.items import Items

__all__ = ["KIND_NAMES", "Encoder"]

#: How explanations call the kinds of features.
KIND_NAMES = {
    Kind.CATEGORY: "category",
    Kind.NAME_WORD: "word",
    Kind.NAME_NGRAM: "words",
    Kind.CATEGORY_WORD: "word of the category",
}
# Items composed at once: bounds the memory of encode() for a catalogue of any size.
_ENCODE_ITEMS = 1 << 17


@dataclass(frozen=True, eq=False)
class Encoder:
    """What training learned of items and of their features, as arrays.

    Attributes
    ----------
    catalogue : Items
        The items of training.
    counts : int64 array (n_items,)
        Their events.
    center, context : float32 arrays (n_items, dim)
        Their vectors, own rows included.
    recipe : Recipe or None
        How text becomes features; None where items are known by their ids alone.
    center_content, context_content : SideWeights or None
        What composes the vectors of other items.
    token_weights, kind_weights : float32 arrays (m,) and (4,)
        How much each token of training counts, and each kind.
    unknown_weight : float
        How much a token counts that training never saw.
    threads : int
        Workers; 0 takes the cores there are.
    prepared : mapping of str to array
        What follows from all of this and a file held all the same, so that it need not be found
        again: ``item_offsets``, ``item_tokens`` and ``item_kinds`` of the items of training,
        ``context_map``. Any may be missing.
    """

    catalogue: Items
    counts: Int64
    center: Float32
    context: Float32
    recipe: Recipe | None
    center_content: SideWeights | None
    context_content: SideWeights | None
    token_weights: Float32
    kind_weights: Float32
    unknown_weight: float
    threads: int
    prepared: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    @property
    def dim(self) -> int:
        """Floats of a vector."""
        return int(self.center.shape[1])

    @property
    def known_tokens(self) -> UInt64:
        """Hashes of the tokens of training, ascending."""
        return self._content("center").token_hashes

    def features(self, items: Items) -> Features | None:
        """Read the features of items; None where content plays no part."""
        if self.recipe is None or self.center_content is None:
            return None
        return Features.encode(items, self.recipe, threads=self.threads)

    @cached_property
    def texts(self) -> Features | None:
        """The tokens of the items of training that count, numbered as `known_tokens` are.

        Without n-grams, which known words do not need. None where no file held them.
        """
        if self.recipe is None or "item_tokens" not in self.prepared:
            return None
        hashes = self.known_tokens
        return Features(
            item_offsets=self.prepared["item_offsets"],
            item_tokens=self.prepared["item_tokens"],
            item_kinds=self.prepared["item_kinds"],
            token_hashes=hashes,
            token_namespaces=np.zeros(len(hashes), np.uint8),
            ngram_offsets=np.zeros(len(hashes) + 1, np.int64),
            ngram_rows=np.zeros(0, np.int32),
            recipe=self.recipe,
        )

    def weights_of_tokens(self, features: Features) -> tuple[Float32, Mask]:
        """Return how much each token counts, float32 (n_tokens,), and which are unknown, bool."""
        return weights_of_tokens(
            features, self.known_tokens, self.token_weights, self.unknown_weight
        )

    def weights(self, features: Features, side: str = "center") -> Float32:
        """Return how much each token of each item counts, float32 (n_entries,)."""
        return item_weights(
            features,
            self._content(side).token_hashes,
            self.token_weights,
            self.kind_weights,
            self.unknown_weight,
        )

    def _content(self, side: str) -> SideWeights:
        content: SideWeights | None = getattr(self, f"{side}_content")
        assert content is not None
        return content

    def compose(self, features: Features, side: str = "center") -> Float32:
        """Compose vectors: words from the weights, items from words.

        Returns float32 ``(n_items, dim)``; all zero for an item of which nothing is known.
        """
        if len(features.item_tokens) == 0:
            return np.zeros((len(features.item_offsets) - 1, self.dim), dtype=np.float32)
        vectors: Float32 = _core.compose_items(
            features.item_offsets,
            features.item_tokens,
            self.weights(features, side),
            self._compose_tokens(features, side, self.threads),
            self.threads,
        )
        return vectors

    def _compose_tokens(self, features: Features, side: str, threads: int) -> Float32:
        content = self._content(side)
        offsets, grams = features.ngram_offsets, features.ngram_rows
        if not len(content.ngrams):  # no word of training had any: those of others say nothing
            offsets, grams = np.zeros_like(offsets), grams[:0]
        rows: Float32 = _core.compose_tokens(
            features.token_hashes,
            offsets,
            grams,
            content.token_hashes,
            content.tokens,
            content.ngrams,
            threads,
        )
        return rows

    def vectors(
        self, features: Features | None, trained: npt.NDArray[Any], side: str = "center"
    ) -> Float32:
        """Return one side's vectors: of training at ``trained`` positions, composed where -1."""
        there = trained >= 0
        own: Float32 = getattr(self, side)
        found = np.zeros((len(trained), self.dim), np.float32)
        composes = getattr(self, f"{side}_content") is not None
        if features is not None and composes and not there.all():
            found = self.compose(features, side)
        found[there] = own[trained[there]]
        return found

    def positions(self, items: Items, own_rows: bool | None) -> Int32 | None:
        """Return where items are in training, -1 elsewhere; None where all are to be composed.

        Without ``own_rows`` items are known by their ids where nothing can be composed alone.

        Raises ValueError when vectors must be composed and cannot be.
        """
        if (self.recipe is None) if own_rows is None else own_rows:
            return self.catalogue.positions(items.ids)
        if self.recipe is None:
            raise ValueError(
                "items are known by their ids alone: a model trained with content=False cannot "
                "compose vectors; own_rows=True gives those it was trained on"
            )
        return None

    def encode(self, items: Items, side: str = "center", trained: Int32 | None = None) -> Float32:
        """Return vectors of items of any number; see `Model.encode`."""
        found = np.zeros((len(items), self.dim), dtype=np.float32)
        if self.recipe is not None:
            for place, part in items.pieces(_ENCODE_ITEMS):
                found[place] = self._composed(part, side)
        if trained is not None:
            known = trained[trained >= 0]
            own = self.center[known]
            if side == "context":
                own = self.contexts(own, self.context[known])
            found[trained >= 0] = own
        return found

    def _composed(self, items: Items, side: str) -> Float32:
        features = self.features(items)
        assert features is not None
        if side == "context" and self.context_content is None:
            center = self.compose(features)
            return self.contexts(center, np.zeros_like(center))
        return self.compose(features, side)

    # --- context vectors of items that have none of their own -------------------------------------

    @cached_property
    def context_map(self) -> ContextMap | None:
        """What makes context vectors for items without; None where content composes them."""
        if self.recipe is None or self.context_content is not None:
            return None
        if "context_map" in self.prepared:
            return ContextMap(self.prepared["context_map"])
        return fit_context_map(self.center, self.context, self.counts)

    def contexts(self, center: Float32, context: Float32) -> Float32:
        """Return context vectors, mapped from the center vectors where there are none but those.

        Both float32 ``(n, dim)``, of any length; what is mapped has length 1.
        """
        missing = center.any(axis=1) & ~context.any(axis=1)
        if self.context_map is None or not missing.any():
            return context
        filled: Float32 = context.copy()
        filled[missing] = self.context_map.apply(center[missing])
        return filled

    def trained(self, at: int, side: str = "center") -> Float32:
        """Return a vector of the item of training at a position, float32 (dim,)."""
        one = slice(at, at + 1)
        found = self.center[one]
        if side == "context":
            found = self.contexts(found, self.context[one])
        vector: Float32 = found[0]
        return vector

    # --- taking vectors apart ---------------------------------------------------------------------

    def contributions(self, at: int, side: str = "center") -> list[Contribution]:
        """Take a vector of the item of training at a position apart; the parts add up to it."""
        if side == "context" and not self.context[at].any():
            return self._mapped_contributions(at)
        vector = getattr(self, side)[at].astype(np.float64)
        parts: list[Contribution] = []
        left = vector
        if self.recipe is not None and getattr(self, f"{side}_content") is not None:
            one = self.catalogue.take([at])
            features = Features.encode(one, self.recipe, threads=1)
            if len(features.item_tokens):
                rows = self._compose_tokens(features, side, 1)[features.item_tokens]
                weights = self.weights(features, side)
                added = weights[:, None].astype(np.float64) * rows
                parts = named(features.token_text(one, 0), added, weights)
                left = vector - added.sum(axis=0)
        # What is left beyond rounding is an own row, which items of training have.
        largest = max([np.abs(vector).max(), *(np.abs(part.vector).max() for part in parts)])
        if np.abs(left).max() > 1e-5 * largest:
            parts.append(Contribution("history", "own row", left))
        return parts

    def through(self, matrix: Float64, at: int) -> list[Contribution]:
        """Take what a linear map makes of an item's unit center vector apart."""
        length = float(np.linalg.norm(self.center[at].astype(np.float64)))
        parts = [
            part._replace(vector=part.vector @ matrix[:-1] / length)
            for part in self.contributions(at)
        ]
        return [*parts, Contribution("average", "of all items", matrix[-1])]

    def _mapped_contributions(self, at: int) -> list[Contribution]:
        """Take a context vector apart that is mapped from the center vector."""
        if self.context_map is None or not self.trained(at, "context").any():
            return []
        parts = self.through(self.context_map.matrix, at)
        whole = float(np.linalg.norm(sum(part.vector for part in parts)))
        return [part._replace(vector=part.vector / whole) for part in parts]


def named(
    texts: Sequence[tuple[Kind, str]], vectors: npt.NDArray[Any], weights: Float32
) -> list[Contribution]:
    """Put kind and text to what each token of an item adds, but for those that count nothing."""
    return [
        Contribution(KIND_NAMES[kind], text, vector)
        for (kind, text), vector, weight in zip(texts, vectors, weights, strict=True)
        if weight
    ]
