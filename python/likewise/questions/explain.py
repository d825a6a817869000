"""Why two items are alike: the exact share of every feature in a score.

Owns how a score of two items falls into shares. A vector is a weighted sum of its features'
vectors, and a score a product of two of them: it falls into one share for each feature, and the
shares add up to it. What pairs seen together add to that is one share more, on both sides. In the
blend of `similar` a feature gives by every part of the score: its share is all of that. How vectors
are taken apart is in content/encoder.py and in score/.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from likewise.arrays import Float64
from likewise.content.composition import Contribution
from likewise.display.tables import html_table, table
from likewise.display.terminal import terminal_width
from likewise.score.blend import blend_of
from likewise.score.evidence import evidence_of_training
from likewise.score.pairs import Pairs, listed, rows_of
from likewise.score.popularity import check_popularity
from likewise.search.arguments import known_positions
from likewise.state import State

Rule = Callable[[Sequence[Contribution], Float64], Float64]
Vector = npt.NDArray[Any]

__all__ = ["Explanation", "Share", "explain", "products_of", "shares_of"]


class Share(NamedTuple):
    """What one feature of an item gives to a score.

    ``kind`` is category, word, words or word of the category; history: the own rows of an item
    that was in training, which hold what its content does not explain, the sessions it was in, and
    how often both were seen together;
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


def explain(
    model: State, item: str, neighbor: str, side: str = "similar", popularity: float | None = None
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
    at, other = (int(p) for p in known_positions(model.catalogue, [item, neighbor]))
    item, neighbor = (model.catalogue.ids[one].as_py() for one in (at, other))
    rule: Rule = shares_of
    if side == "similar":
        weight = check_popularity(popularity)
        blend = blend_of(model)
        left, right = (blend.trained_vectors(np.array([one]))[0] for one in (at, other))
        _check_known(item, left, neighbor, right)
        asked = blend.query_vectors(left[None], weight)[0].astype(np.float64)
        found = right.astype(np.float64)
        by_vectors = float(asked @ found)
        of_item = blend.query_contributions(at, weight)
        of_neighbor = blend.contributions(other)
        rule = products_of
        score, together = _with_pairs(model, at, left, other, by_vectors)
    else:
        if popularity is not None:
            raise ValueError(f"popularity must be left out for side {side!r}, got {popularity!r}")
        encoder = model.encoder
        there = "center" if side == "center" else "context"
        asked = model.center[at].astype(np.float64)
        found = encoder.trained(other, there).astype(np.float64)
        _check_known(item, asked, neighbor, found)
        score = float(asked @ found) / float(np.linalg.norm(asked) * np.linalg.norm(found))
        of_item, of_neighbor = encoder.contributions(at), encoder.contributions(other, there)
        together = ()
    return Explanation(
        item, neighbor, score,
        _shares(rule, of_item, found, together), _shares(rule, of_neighbor, asked, together),
    )  # fmt: skip


def _with_pairs(
    model: State, at: int, found_by: Vector, other: int, by_vectors: float
) -> tuple[float, tuple[Share, ...]]:
    """Return the whole score of two items, and what pairs seen together add to that of vectors."""
    blend = blend_of(model)
    pairs: Pairs = blend.part(Pairs)
    row = rows_of(pairs.table, np.array([at]))
    if len(row.items) and model.counts[other] > 0:  # both are known by pairs of their own
        told = listed(row)
    else:
        evidence = evidence_of_training(blend)
        if evidence is None:
            return by_vectors, ()
        told = evidence.of(np.array([at]), found_by[None])
    there = np.flatnonzero(told.positions == other)
    if not len(there):
        return by_vectors, ()
    whole = float(told.joined(np.array([by_vectors]), told.weights[there[:1]])[0])
    times = pairs.of(at, other)[1]
    if times:
        said = f"seen together {times:,} time" + ("s" if times > 1 else "")
    else:
        said = "items like them seen together"
    return whole, (Share("history", said, whole - by_vectors),)


def _check_known(item: str, left: Vector, neighbor: str, right: Vector) -> None:
    if not left.any() or not right.any():
        empty = item if not left.any() else neighbor
        raise ValueError(f"item {empty!r} has no vector: nothing is known of it")


def products_of(parts: Sequence[Contribution], others: Float64) -> Float64:
    """Return the inner product of each part with other vectors, float64 (n, n_parts)."""
    stacked = np.array([part.vector for part in parts]).reshape(len(parts), others.shape[1])
    products: Float64 = others @ stacked.T
    return products


def shares_of(parts: Sequence[Contribution], others: Float64) -> Float64:
    """Return what each part adds to the cosine of the whole with each of other vectors.

    Parameters
    ----------
    parts : sequence of Contribution
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
    rule: Rule, parts: Sequence[Contribution], other: Float64, more: tuple[Share, ...] = ()
) -> tuple[Share, ...]:
    """Return what each part gives to the score with one vector, and more; the largest first."""
    shares = [
        Share(part.kind, part.feature, float(share))
        for part, share in zip(parts, rule(parts, other[None])[0], strict=True)
    ]
    return tuple(sorted([*shares, *more], key=lambda share: -share.share))
