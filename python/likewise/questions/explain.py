"""Why two items are alike: the exact share of every feature in a score.

Owns the taking apart of a vector into what its features gave to it. A vector is a weighted sum of
its features' vectors, and a score a product of two of them: it falls into one share for each
feature, and the shares add up to it. In the blend of `similar` a feature gives by the center
vector, by the context vector, by the company mapped from the former and by the text as it stands:
its share is all of that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import numpy.typing as npt

import likewise._core as _core
from likewise.content.composition import SideWeights, item_weights
from likewise.content.features import Features, Kind
from likewise.display.tables import html_table, table
from likewise.display.terminal import terminal_width
from likewise.score.blend import (
    answer_vectors,
    check_popularity,
    company_scale,
    company_vectors,
    context_vectors,
    query_vectors,
    text_parts,
    trust,
)
from likewise.score.co_occurrence import COMPANY_DIM
from likewise.score.text import Wording
from likewise.search.arguments import known_positions

if TYPE_CHECKING:
    from likewise.model.model import Model

__all__ = [
    "Explains",
    "Explanation",
    "Part",
    "Share",
    "parts_of",
    "products_of",
    "query_parts",
    "shares_of",
]

Float64 = npt.NDArray[np.float64]
_KINDS = {
    Kind.CATEGORY: "category",
    Kind.NAME_WORD: "word",
    Kind.NAME_NGRAM: "words",
    Kind.CATEGORY_WORD: "word of the category",
}
_OWN = "history"
_AVERAGE = "average"
_POPULARITY = "popularity"


class Part(NamedTuple):
    """What one feature of an item adds to its vector (dim,)."""

    kind: str
    feature: str
    vector: Float64


class Share(NamedTuple):
    """What one feature of an item gives to a score.

    ``kind`` is category, word, words or word of the category; history: the own rows of an item
    that was in training, which hold what its content does not explain, and the sessions it was in;
    popularity, that of the neighbor; or average: what every item without events has in what is
    mapped from its center vector.
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
        As `similar` or `complements` give it.
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

    def explain(
        self, item: str, neighbor: str, side: str = "similar", popularity: float | None = None
    ) -> Explanation:
        """Take the score of two items of training apart, feature by feature.

        Parameters
        ----------
        item, neighbor : str
            Ids, warm or cold.
        side : {"similar", "complements", "center"}
            The score of :meth:`similar`, that of :meth:`complements`, or the cosine of center
            vectors alone.
        popularity : float, optional
            As in :meth:`similar`.

        Returns
        -------
        Explanation
            Shares in the score of the features of either item. The shares of an item sum to the
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
        if side not in ("similar", "complements", "center"):
            raise ValueError(f"side must be 'similar', 'complements' or 'center', got {side!r}")
        model = cast("Model", self)
        at, other = (int(p) for p in known_positions(model.catalogue, [item, neighbor]))
        if side == "similar":
            return _explain_similar(model, item, neighbor, at, other, check_popularity(popularity))
        if popularity is not None:
            raise ValueError(f"popularity must be left out for side {side!r}, got {popularity!r}")
        there = "center" if side == "center" else "context"
        left = model.center[at].astype(np.float64)
        right = _vector_at(model, other, there).astype(np.float64)
        lengths = float(np.linalg.norm(left) * np.linalg.norm(right))
        if lengths == 0.0:
            empty = item if not left.any() else neighbor
            raise ValueError(f"item {empty!r} has no vector: nothing is known of it")
        return Explanation(
            str(item),
            str(neighbor),
            float(left @ right) / lengths,
            _shares(shares_of, parts_of(model, at), right),
            _shares(shares_of, parts_of(model, other, there), left),
        )


def _explain_similar(
    model: Model, item: str, neighbor: str, at: int, other: int, popularity: float
) -> Explanation:
    left, right = (_vector_at(model, one, "similar") for one in (at, other))
    if not left.any() or not right.any():
        empty = item if not left.any() else neighbor
        raise ValueError(f"item {empty!r} has no vector: nothing is known of it")
    asked = query_vectors(left[None], model.options.dim, popularity)[0].astype(np.float64)
    found = right.astype(np.float64)
    return Explanation(
        str(item),
        str(neighbor),
        float(asked @ found),
        _shares(products_of, query_parts(model, at, popularity), found),
        _shares(products_of, parts_of(model, other, "similar"), asked),
    )


def _vector_at(
    model: Model, at: int, side: str, wording: Wording | None = None
) -> npt.NDArray[np.float32]:
    """Return one of the vectors of the item at a position; see parts_of."""
    if side == "similar":
        found = answer_vectors(model, model.catalogue.take([at]), [at], wording)
    elif side == "center":
        found = model.center[at : at + 1]
    else:
        found = context_vectors(model, model.center[at : at + 1], model.context[at : at + 1])
    vector: npt.NDArray[np.float32] = found[0]
    return vector


def query_parts(
    model: Model, at: int, popularity: float, wording: Wording | None = None
) -> list[Part]:
    """Take what an item asks with in the blend apart; the weight of popularity is one part.

    ``wording`` is that of the index that is asked, where it is abroad.
    """
    parts = _blended_parts(model, at, wording)
    if not parts:
        return []
    vectors = np.array([part.vector for part in parts], np.float64)
    whole = vectors.sum(axis=0)
    asked = query_vectors(whole[None].astype(np.float32), model.options.dim, popularity)[0]
    # A query is an answer vector with its columns scaled.
    there = whole != 0.0
    vectors[:, there] *= asked[there] / whole[there]
    vectors[:, ~there] = 0.0
    vectors[-1, -1] = asked[-1]
    return [part._replace(vector=v) for part, v in zip(parts, vectors, strict=True)]


def parts_of(model: Model, at: int, side: str = "center") -> list[Part]:
    """Take a vector of the item at a position apart; the parts add up to it.

    Parameters
    ----------
    at : int
        Position in the catalogue.
    side : {"center", "context", "similar"}
        Which of its vectors; that of the blend is the one it is found by, popularity its last part.
    """
    if side == "similar":
        return _blended_parts(model, at)
    if side == "context" and not model.context[at].any():
        return _mapped_parts(model, at)
    return _trained_parts(model, at, side)


def _mapped_parts(model: Model, at: int) -> list[Part]:
    """Take a context vector apart that is mapped from the center vector."""
    if not model.center[at].any() or model.context_map is None:
        return []
    parts = _through(model.context_map.matrix, model, at)
    whole = float(np.linalg.norm(sum(part.vector for part in parts)))
    return [part._replace(vector=part.vector / whole) for part in parts]


def _through(matrix: Float64, model: Model, at: int) -> list[Part]:
    """Take what a linear map makes of an item's unit center vector apart."""
    length = float(np.linalg.norm(model.center[at].astype(np.float64)))
    parts = [
        part._replace(vector=part.vector @ matrix[:-1] / length)
        for part in _trained_parts(model, at, "center")
    ]
    return [*parts, Part(_AVERAGE, "of all items", matrix[-1])]


def _company_parts(model: Model, at: int) -> list[Part]:
    """Take the company of an item apart: one part, or those of the center vector it is mapped from.

    The vectors, float64 (COMPANY_DIM,), add up to it.
    """
    center = model.center[at : at + 1]
    whole = company_vectors(model, center, np.array([at]))[0].astype(np.float64)
    if model.company.of(np.array([at])).any():
        return [Part(_OWN, "sessions", whole)]
    if not whole.any() or model.company_map is None:
        return []
    parts = _through(model.company_map.matrix, model, at)
    mapped = float(np.linalg.norm(sum(part.vector for part in parts)))
    scale = float(np.linalg.norm(whole)) / (mapped or 1.0)  # what is too long was shortened
    return [part._replace(vector=part.vector * scale) for part in parts]


def _blended_parts(model: Model, at: int, wording: Wording | None = None) -> list[Part]:
    whole = _vector_at(model, at, "similar", wording).astype(np.float64)
    if not whole.any():
        return []
    dim = model.options.dim
    summed: dict[tuple[str, str], Float64] = {}

    def add(kind: str, feature: str, columns: slice, vector: Float64) -> None:
        summed.setdefault((kind, feature), np.zeros(len(whole)))[columns] += vector

    trusted = float(trust(model.item_popularity.of_items[at]))
    for side, scale in (("center", 1.0), ("context", trusted)):
        length = float(np.linalg.norm(_vector_at(model, at, side).astype(np.float64)))
        for part in parts_of(model, at, side):
            add(part.kind, part.feature, slice(0, dim), part.vector * (scale / length))
    learned = dim + COMPANY_DIM
    for part in _company_parts(model, at):
        add(part.kind, part.feature, slice(dim, learned), part.vector * company_scale())
    for kind, text, vector in text_parts(model, at, wording):
        add(_KINDS[kind], text, slice(learned, -1), vector)
    parts = [Part(*key, vector) for key, vector in summed.items()]
    last = np.zeros(len(whole))
    last[-1] = whole[-1]
    return [*parts, Part(_POPULARITY, "of the neighbor", last)]


def _trained_parts(model: Model, at: int, side: str) -> list[Part]:
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
    largest = max([np.abs(vector).max(), *(np.abs(part.vector).max() for part in parts)])
    if np.abs(left).max() > 1e-5 * largest:
        parts.append(Part(_OWN, "own row", left))
    return parts


def products_of(parts: Sequence[Part], others: Float64) -> Float64:
    """Return the inner product of each part with other vectors, float64 (n, n_parts)."""
    stacked = np.array([part.vector for part in parts]).reshape(len(parts), others.shape[1])
    products: Float64 = others @ stacked.T
    return products


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


def _shares(
    rule: Callable[[Sequence[Part], Float64], Float64], parts: Sequence[Part], other: Float64
) -> tuple[Share, ...]:
    """Return what each part gives to the score with one vector, the largest first."""
    shares = [
        Share(part.kind, part.feature, float(share))
        for part, share in zip(parts, rule(parts, other[None])[0], strict=True)
    ]
    return tuple(sorted(shares, key=lambda share: -share.share))
