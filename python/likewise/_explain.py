"""Why two items are alike: the exact share of every feature in a score.

Owns the taking apart of a vector into what its features gave to it. A vector is a weighted sum of
its features' vectors, and a score a product of two of them: it falls into one share for each
feature, and the shares add up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from likewise import _core
from likewise._composition import SideWeights, item_weights
from likewise._html import html_table
from likewise._search_arguments import known_positions
from likewise._text_table import table, terminal_width
from likewise.features import Features, Kind

if TYPE_CHECKING:
    from likewise.model import Model

__all__ = ["Explains", "Explanation", "Part", "Share", "parts_of", "shares_of"]

Float64 = npt.NDArray[np.float64]
_KINDS = {
    Kind.CATEGORY: "category",
    Kind.NAME_WORD: "word",
    Kind.NAME_NGRAM: "words",
    Kind.CATEGORY_WORD: "word of the category",
}
_OWN = "history"


class Part(NamedTuple):
    """What one feature of an item adds to its vector (dim,)."""

    kind: str
    feature: str
    vector: Float64


class Share(NamedTuple):
    """What one feature of an item gives to a score.

    ``kind`` is category, word, words, word of the category, or history: the own row of an item
    that was in training, which holds what its content does not explain.
    """

    kind: str
    feature: str
    share: float


@dataclass(frozen=True)
class Explanation:
    """A score taken apart, once by the features of either item.

    Attributes
    ----------
    item, neighbor : str
        Ids.
    score : float
        The cosine.
    of_item, of_neighbor : tuple of Share
        The largest first; each sums to ``score``.
    """

    item: str
    neighbor: str
    score: float
    of_item: tuple[Share, ...]
    of_neighbor: tuple[Share, ...]

    def _rows(self) -> list[list[str]]:
        return [
            ["item" if shares is self.of_item else "neighbor", f"{share:.3f}", kind, feature]
            for shares in (self.of_item, self.of_neighbor)
            for kind, feature, share in shares
        ]

    @property
    def _title(self) -> str:
        return f"{self.item} and {self.neighbor}: {self.score:.3f}"

    def __repr__(self) -> str:
        lines = table(
            ["of the", "share", "kind", "feature"],
            self._rows(),
            right=(1,),
            flexible=(3,),
            width=terminal_width(),
        )
        return f"{self._title}\n{lines}"

    def _repr_html_(self) -> str:
        return html_table(["of the", "share", "kind", "feature"], self._rows(), self._title)


class Explains:
    """What a model can say about its answers."""

    def explain(self, item: str, neighbor: str, side: str = "similar") -> Explanation:
        """Take the score of two items of training apart, feature by feature.

        Parameters
        ----------
        item, neighbor : str
            Ids, warm or cold.
        side : {"similar", "complements"}
            Center against center, or center of ``item`` against context of ``neighbor``.

        Returns
        -------
        Explanation
            Shares in the cosine of the features of either item. The shares of an item sum to the
            score within the rounding of float32.

        Raises
        ------
        UnknownItemError
            For an id that is not in the catalogue.
        ValueError
            When an item has no vector, or ``side`` is neither.

        Examples
        --------
        ``model.explain("B000X", "B000Y").of_item[0]``
        """
        if side not in ("similar", "complements"):
            raise ValueError(f"side must be 'similar' or 'complements', got {side!r}")
        model = cast("Model", self)
        at, other = (int(p) for p in known_positions(model.catalogue, [item, neighbor]))
        there = "center" if side == "similar" else "context"
        left = model.center[at].astype(np.float64)
        right = getattr(model, there)[other].astype(np.float64)
        lengths = float(np.linalg.norm(left) * np.linalg.norm(right))
        if lengths == 0.0:
            empty = item if not left.any() else neighbor
            raise ValueError(f"item {empty!r} has no vector: nothing is known of it")
        return Explanation(
            str(item),
            str(neighbor),
            float(left @ right) / lengths,
            _sorted_shares(parts_of(model, at), right),
            _sorted_shares(parts_of(model, other, there), left),
        )


def parts_of(model: Model, at: int, side: str = "center") -> list[Part]:
    """Take the vector of the item at a position apart; the parts add up to it.

    Parameters
    ----------
    at : int
        Position in the catalogue.
    side : {"center", "context"}
        Which of its vectors.
    """
    parts: list[Part] = []
    vector = getattr(model, side)[at].astype(np.float64)
    left = vector
    content: SideWeights | None = getattr(model, f"{side}_content")
    if content is not None and model.recipe is not None:
        one = model.catalogue.take([at])
        features = Features.encode(one, model.recipe, threads=1)
        if len(features.item_tokens):
            rows = _core.compose_tokens(
                features.token_hashes,
                features.ngram_offsets,
                features.ngram_rows,
                content.token_hashes,
                content.tokens,
                content.ngrams,
                1,
            )[features.item_tokens]
            weights = item_weights(
                features,
                content.token_hashes,
                model.token_weights,
                model.kind_weights,
                model.unknown_weight,
            )
            added = weights[:, None].astype(np.float64) * rows
            parts = [
                Part(_KINDS[kind], text, one_added)
                for (kind, text), one_added, weight in zip(
                    features.token_text(one, 0), added, weights, strict=True
                )
                if weight
            ]
            left = vector - added.sum(axis=0)
    # What is left beyond rounding is an own row: items of training have one, on the sides that do.
    if np.abs(left).max() > 1e-5 * np.abs(vector).max():
        parts.append(Part(_OWN, "own row", left))
    return parts


def shares_of(parts: Sequence[Part], others: Float64) -> Float64:
    """Return what each part adds to the cosine of the whole with each of other vectors.

    Parameters
    ----------
    parts : sequence of Part
        Of one vector.
    others : float64 array (n, dim)
        Of any length. The cosine with zeros is 0.

    Returns
    -------
    float64 array (n, n_parts)
        Rows add up to the cosines.
    """
    stacked = np.array([part.vector for part in parts]).reshape(len(parts), others.shape[1])
    lengths = np.linalg.norm(others, axis=1, keepdims=True) * np.linalg.norm(stacked.sum(axis=0))
    shares: Float64 = others @ stacked.T / np.where(lengths > 0, lengths, 1)
    return shares


def _sorted_shares(parts: Sequence[Part], other: Float64) -> tuple[Share, ...]:
    shares = [
        Share(part.kind, part.feature, float(share))
        for part, share in zip(parts, shares_of(parts, other[None])[0], strict=True)
    ]
    return tuple(sorted(shares, key=lambda share: -share.share))
