"""Why an item is similar: the exact share that each feature of the query has in a score.

A vector is a sum: weighted words and categories, and an own row where there is one. A cosine is
therefore a sum, too, of one term for each of them. Owns these terms; they add up to the score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from likewise import _core
from likewise._composition import item_weights
from likewise.features import Features, Kind

if TYPE_CHECKING:
    from likewise.catalogue import Catalogue
    from likewise.model import Model

__all__ = ["OWN_ROW", "Part", "parts_of", "shares"]

Float32 = npt.NDArray[np.float32]

OWN_ROW = "own history"
_KINDS = {
    Kind.CATEGORY: "category",
    Kind.NAME_WORD: "word",
    Kind.NAME_NGRAM: "words",
    Kind.CATEGORY_WORD: "category word",
}
_NOTHING = 1e-4  # of a vector's length: less is rounding


@dataclass(frozen=True)
class Part:
    """One feature of an item: its text, its kind and what it adds to the vector (dim,)."""

    text: str
    kind: str
    vector: Float32


def parts_of(model: Model, catalogue: Catalogue, item: int) -> list[Part]:
    """Take an item's center vector apart; the parts add up to it.

    Parameters
    ----------
    catalogue : Catalogue
        ``model.catalogue``, whose items may have an own row, or another, whose have none.
    item : int
        Position there.
    """
    parts: list[Part] = []
    if model.recipe is not None and model.center_content is not None:
        one = catalogue.take([item])
        features = Features.encode(one, model.recipe, threads=1)
        content = model.center_content
        if len(features.item_tokens):
            vectors = _core.compose_tokens(
                features.token_hashes, features.ngram_offsets, features.ngram_rows,
                content.token_hashes, content.tokens, content.ngrams, 1,
            )  # fmt: skip
            weights = item_weights(
                features, content.token_hashes, model.token_weights, model.kind_weights,
                model.unknown_weight,
            )  # fmt: skip
            added = weights[:, None] * vectors[features.item_tokens]
            parts = [
                Part(text, _KINDS[kind], vector)
                for (kind, text), vector, weight in zip(
                    features.token_text(one, 0), added, weights, strict=True
                )
                if weight
            ]
    if catalogue is model.catalogue:
        whole = model.center[item]
        rest = whole - sum((part.vector for part in parts), np.zeros_like(whole))
        if np.linalg.norm(rest) > _NOTHING * np.linalg.norm(whole):
            parts.append(Part(OWN_ROW, "own row", rest))
    return parts


def shares(parts: list[Part], answers: Float32) -> Float32:
    """Return what each part adds to the cosine with each answer.

    Parameters
    ----------
    parts : list of Part
        Of the query.
    answers : float32 array (n, dim)
        Vectors of the answers, of any length.

    Returns
    -------
    float32 array (n, n_parts)
        Rows add up to the cosines.
    """
    if not parts:
        return np.zeros((len(answers), 0), np.float32)
    stacked = np.stack([part.vector for part in parts]).astype(np.float64)
    whole = np.linalg.norm(stacked.sum(axis=0))
    lengths = np.linalg.norm(answers.astype(np.float64), axis=1, keepdims=True)
    terms = answers.astype(np.float64) @ stacked.T
    found: Float32 = (terms / np.maximum(lengths * whole, 1e-12)).astype(np.float32)
    return found
