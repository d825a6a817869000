"""Evidence: what pairs seen together, and exact texts, say of the answers in one catalogue.

Owns how items without history take part. An item that training never saw has no pairs; it borrows
those of the ten items of training that are nearest to it by the score of vectors, popularity aside,
in shares of the square of that score: as a query their pairs, as an answer the places that they
have in the lists of others (nearest items stand in for a new listing as in Grbovic and Cheng 2018).

In another catalogue, of items that are new, texts say more than vectors do: their exact cosine t
(wording.py) is one more opinion of the mixture that pairs.py has, of weight exp(8 t) - 1, or
exp(4 t) - 1 out of domain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

import likewise._core as _core
from likewise.arrays import Float32, Int32, Int64, Mask
from likewise.score.pairs import MOST, SHARPNESS, Pairs, Table, listed, rows_of
from likewise.score.popularity import POPULARITY
from likewise.score.wording import Wording, mixed
from likewise.search.filters import Found, Listed
from likewise.search.index import ExactIndex

if TYPE_CHECKING:
    from likewise.items import Items
    from likewise.search.index import Index

T = TypeVar("T")

__all__ = [
    "Evidence", "evidence_in", "evidence_of_training", "lent_without_history", "taken_for_new",
]  # fmt: skip

#: Items of training that one without history borrows from.
NEAREST = 10
#: What the borrowed pairs of a query weigh together, and how often those of its lenders must have
#: been seen for half of that.
QUERY, SEEN = 500.0, 50.0
#: How much of what pairs add to its lenders is added to an answer, at most; in other catalogues,
#: where all answers are without history; and in what steps less is tried.
MOST_GAIN, USUAL_GAIN, _STEPS = 2.5, 1.0, 20
#: Places in lists that items without history may have, beside those they have without pairs.
PLACES = 1.15
# Queries that tell, and their answers.
_SAMPLE, _ANSWERS = 500, 20
_NEAR = ("near_offsets", "near_items", "near_shares")
#: The score that equal texts stand for in another catalogue, and out of domain, where vectors are
#: of texts already; and the least share of new items that makes a catalogue another. Why:
#: benchmarks/notes/shop-without-history.md.
EQUAL_TEXTS, EQUAL_TEXTS_OUT_OF_DOMAIN, OTHERS = 0.8, 0.4, 0.2
#: What a file calls the gain.
GAIN = "near_gain"


class Blend(Protocol):
    """What is asked of the parts of a score (score/blend.py)."""

    @property
    def encoder(self) -> Any:
        """What training learned of items and words."""

    def part(self, kind: Any) -> Any:
        """Return the part of a class."""

    def once(self, key: str, make: Callable[[], T]) -> T:
        """Return what was made under a key, made when it is first asked for."""

    def width(self) -> int:
        """Return the floats of an item vector."""

    def index_vectors(self) -> tuple[Float32, Mask]:
        """Return what items of training are found by, and of which something is known."""

    def trained_vectors(self, at: npt.NDArray[Any], domain: Any) -> Float32:
        """Return what items of training are found by."""

    def domain_in(self, index: Any) -> Any:
        """Return how words count where an index is asked."""

    def query_vectors(self, vectors: Float32, weight: float) -> Float32:
        """Return what items ask with."""


def evidence_in(blend: Blend, index: Index) -> Evidence | None:
    """Return what pairs say of the answers in an index, made when it is first asked for.

    None where they say nothing: in an index of other vectors, and at home of a model without pairs.
    """
    if index.side != "similar" or index.catalogue is None:
        return None
    if not blend.part(Pairs).any and (
        blend.encoder.recipe is None or index.catalogue is blend.encoder.catalogue
    ):
        return None
    if index.evidence is None:
        at = _rows_of_training(blend, index)
        if np.array_equal(at, np.arange(len(blend.encoder.counts))):
            index.evidence = blend.once("evidence", lambda: Evidence(blend, index, None))
        else:
            index.evidence = Evidence(blend, index, at)
    found: Evidence = index.evidence
    return found


def evidence_of_training(blend: Blend) -> Evidence | None:
    """Return the same for the items of training."""
    if not blend.part(Pairs).any:
        return None
    return blend.once("evidence", lambda: Evidence(blend, _home(blend), None))


def lent_without_history(blend: Blend) -> dict[str, npt.NDArray[Any]]:
    """Return what items of training without history borrow, as files keep it; empty without any."""
    if blend.encoder.recipe is None or not blend.part(Pairs).any or not len(_without(blend)):
        return {}
    evidence = evidence_of_training(blend)
    assert evidence is not None
    near, gain = _near_here(blend, None), evidence.gain
    return {**dict(zip(_NEAR, near, strict=True)), GAIN: np.array([gain], np.float32)}


def _near_here(blend: Blend, index: Index | None) -> Table:
    """Return which items those of training without history borrow from, in their order."""

    def make() -> Table:
        if all(name in blend.encoder.prepared for name in _NEAR):
            return Table(*(blend.encoder.prepared[name] for name in _NEAR))
        assert index is not None
        return _near(blend, index.vectors_at(_without(blend)), index)

    return blend.once("near", make)


def _without(blend: Blend) -> Int64:
    return np.flatnonzero(blend.encoder.counts == 0)


def _near(blend: Blend, vectors: Float32, index: Index | None = None) -> Table:
    """Return the items of training that new ones borrow from, and in what shares."""
    known = np.diff(blend.part(Pairs).table.offsets) > 0
    found = (index or _home(blend)).search(blend.query_vectors(vectors, 0.0), NEAREST, where=known)
    shares = np.where(found.positions >= 0, np.maximum(found.scores, 0.0), 0.0) ** 2
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
    there = shares > 0
    offsets = np.zeros(len(vectors) + 1, np.int64)
    np.cumsum(there.sum(axis=1), out=offsets[1:])
    return Table(offsets, found.positions[there], shares[there].astype(np.float32))


def taken_for_new(without: int, items: int) -> float:
    """Return how far items of training without history are taken for new ones, 0 to 1.

    A third of a catalogue may be new. Where most of it was never seen, though others were, it is
    what nobody asks for.
    """
    return min(1.0, ((items - without) / (2 * without)) ** 2) if without else 1.0


def _rows_of_training(blend: Blend, index: Index) -> npt.NDArray[Any]:
    """Return where the items of an index are in training, -1 for those that are composed.

    An index from a file does not tell. It holds rows of training where items with history are found
    by what they are found by at home.
    """
    encoder, catalogue = blend.encoder, index.catalogue
    assert catalogue is not None
    if catalogue is encoder.catalogue:
        return np.arange(len(catalogue))
    if index.trained_at is not None:
        return np.asarray(index.trained_at)
    at = np.asarray(encoder.catalogue.positions(catalogue.ids))
    if encoder.recipe is None:
        return at
    some = np.flatnonzero((at >= 0) & (encoder.counts[np.maximum(at, 0)] > 0))
    if len(some):
        some = some[np.linspace(0, len(some) - 1, min(_SAMPLE, len(some))).astype(np.int64)]
        there = blend.trained_vectors(at[some], blend.domain_in(index))
        if np.allclose(index.vectors_at(some), there, atol=1e-5):
            return at
    return np.full(len(catalogue), -1)


def _home(blend: Blend) -> ExactIndex:
    """Return an index of the items of training, where none was given that has them."""

    def make() -> ExactIndex:
        vectors, usable = blend.index_vectors()
        return ExactIndex(
            vectors, blend.encoder.catalogue, side="similar", metric="dot",
            threads=blend.encoder.threads, usable=usable,
        )  # fmt: skip

    return blend.once("index", make)


class Evidence:
    """What pairs say of the answers in an index.

    Parameters
    ----------
    blend : Blend
    index : Index
        Of the blend's item vectors.
    at : int array (n,) or None
        Where its items are in training, -1 for those that are composed from their content; None
        where they are those of training.
    """

    def __init__(self, blend: Blend, index: Index, at: npt.NDArray[Any] | None) -> None:
        assert index.catalogue is not None
        self._blend, self._n = blend, len(index)
        self.pairs: Pairs = blend.part(Pairs)
        self._known = np.diff(self.pairs.table.offsets) > 0
        encoder = blend.encoder
        # Where words say little, what is near says little.
        reads = encoder.recipe is not None
        self._borrows = reads and self.pairs.any and index.dim == blend.width()
        self._own = index if at is None else None
        self._places: Int32 | None = None  # of items of training in the index
        self._answers: Table | None = None  # of items of training: new ones that borrow from them
        self._texts: Any = None  # of the index, where they say most
        self._index: Index | None = None  # that one
        at_home = index.dim == blend.width()
        self._equal_texts = EQUAL_TEXTS if at_home else EQUAL_TEXTS_OUT_OF_DOMAIN
        self.gain = USUAL_GAIN
        new = _without(blend)
        if at is not None:
            self._places = np.full(len(self._known), -1, np.int32)
            self._places[at[at >= 0]] = np.flatnonzero(at >= 0)
            new = np.flatnonzero(at < 0)
            if reads and len(new) and len(new) >= OTHERS * len(at):
                self._index = index
                self._texts = Wording(index.catalogue, encoder.recipe, encoder.threads)
        if self._borrows and len(new):
            here = at is None
            near = _near_here(blend, index) if here else _near(blend, index.vectors_at(new))
            self._answers = self._turned(near, new.astype(np.int32))
            if here:
                self.gain = self._balanced(new)

    def of(
        self, at: npt.NDArray[Any], vectors: Float32, others: tuple[Items, Int64] | None = None
    ) -> Listed:
        """Return what some queries list.

        Parameters
        ----------
        at : int array (n,)
            Where they are in training, -1 for those that are composed from their content.
        vectors : float32 array (n, width)
            What they are found by.
        others : Items and int64 array, optional
            Those that are at -1, and where each of them is there, in their order. Without it their
            texts are not compared.
        """
        at = np.asarray(at, np.int64)
        rows = rows_of(self.pairs.table, at)
        new = np.flatnonzero((at < 0) | ~self._known[np.maximum(at, 0)])
        new = new[vectors[new].any(axis=1)]
        if self._borrows and len(new):
            near = self._lenders_of(at[new], vectors[new])
            source = np.full(len(at), -1, np.int64)
            source[new] = np.arange(len(new))
            lenders, place = np.unique(near.items, return_inverse=True)
            near = near._replace(items=place.astype(np.int32))
            borrowed = self._product(near, self.pairs.shares(lenders, QUERY, SEEN))
            rows = _side_by_side(rows, rows_of(borrowed, source))
        answers = self._in_index(rows)
        if self._answers is not None:
            lending = _only(rows, np.diff(self._answers.offsets)[rows.items] > 0)
            lifts = lending._replace(weights=self._lifts(lending, vectors))
            more = self._product(lifts, self._answers)
            gain = -self.gain  # below 0: what is added
            answers = _side_by_side(answers, more._replace(weights=more.weights * np.float32(gain)))
        if self._texts is not None:
            catalogue, equal = self._blend.encoder.catalogue, SHARPNESS * self._equal_texts
            told = Table(*self._texts.told(at, catalogue, others, equal))
            by_texts = self._lifts(told, vectors, self._index)
            answers = Table(*mixed(answers, told, by_texts, SHARPNESS))
        return listed(answers)

    def _lenders_of(self, at: Int64, vectors: Float32) -> Table:
        """Return what queries without pairs borrow from: found before, where all are at home."""
        if self._own is None or (at < 0).any() or (self._blend.encoder.counts[at] > 0).any():
            return _near(self._blend, vectors, self._own)
        there = np.searchsorted(_without(self._blend), at)
        return rows_of(_near_here(self._blend, self._own), there)

    def _balanced(self, new: Int64) -> float:
        """Return the greatest gain that leaves items without history about their places."""
        index, known = self._own, np.flatnonzero(self._known)
        assert index is not None
        if GAIN in self._blend.encoder.prepared:
            return float(self._blend.encoder.prepared[GAIN][0])
        some = known[np.linspace(0, len(known) - 1, min(_SAMPLE, len(known))).astype(np.int64)]
        vectors = index.vectors_at(some)
        asked = self._blend.query_vectors(vectors, POPULARITY)
        is_new = np.zeros(self._n, np.bool_)
        is_new[new] = True

        def places(found: Found) -> int:
            return int((is_new[found.positions] & (found.positions >= 0)).sum())

        usual = index.search(asked, _ANSWERS, exclude=some)
        self.gain = 1.0
        whole = self.of(some, vectors)
        alive = taken_for_new(len(new), len(self._known))
        for step in range(_STEPS, -1, -1):
            self.gain = alive * MOST_GAIN * step / _STEPS
            weights = np.where(
                whole.weights < 0, whole.weights * np.float32(self.gain), whole.weights
            )
            found = index.with_listed(asked, usual, replace(whole, weights=weights), some)
            if places(found) <= PLACES * places(usual):
                break
        return self.gain

    def _lifts(self, rows: Table, vectors: Float32, index: Index | None = None) -> Float32:
        """Return what each weight adds to the score that vectors give an item of an index.

        One of training without ``index``.
        """
        own = index or self._own or _home(self._blend)
        if isinstance(own, ExactIndex):
            found = own.rows
        else:
            some, place = np.unique(rows.items, return_inverse=True)
            found, rows = own.vectors_at(some), rows._replace(items=place.astype(np.int32))
        told = listed(rows).arrays()
        asked = self._blend.query_vectors(vectors, POPULARITY)
        return _core.listed_lifts(found, asked, told, self._blend.encoder.threads)

    def _product(self, first: Table, second: Table) -> Table:
        columns = max(len(self._known), self._n)
        threads = self._blend.encoder.threads
        offsets, items, weights = _core.best_products(
            (first.offsets, first.items, first.weights),
            (second.offsets, second.items, second.weights),
            columns,
            MOST,
            threads,
        )
        return Table(offsets, items, weights)

    def _turned(self, near: Table, new: Int32) -> Table:
        """Return for each item of training the new ones that borrow from it, and their shares."""
        to = np.repeat(new, np.diff(near.offsets))
        order = np.argsort(near.items, kind="stable")
        offsets = np.zeros(len(self._known) + 1, np.int64)
        np.cumsum(np.bincount(near.items, minlength=len(self._known)), out=offsets[1:])
        return Table(offsets, to[order], near.weights[order])

    def _in_index(self, rows: Table) -> Table:
        if self._places is None:
            return rows
        places = self._places[rows.items]
        return _only(rows._replace(items=places), places >= 0)


def _only(rows: Table, there: Mask) -> Table:
    """Return rows with some of what they hold."""
    if there.all():
        return rows
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(there)])[rows.offsets]
    return Table(offsets, rows.items[there], rows.weights[there])


def _side_by_side(one: Table, other: Table) -> Table:
    """Return rows that hold what both do."""
    if not len(other.items):
        return one
    lengths = np.diff(one.offsets), np.diff(other.offsets)
    offsets = one.offsets + other.offsets
    items = np.empty(offsets[-1], np.int32)
    weights = np.empty(offsets[-1], np.float32)
    for table, length, before in (
        (one, lengths[0], np.zeros_like(lengths[0])), (other, lengths[1], lengths[0]),
    ):  # fmt: skip
        rows = np.repeat(offsets[:-1] + before - table.offsets[:-1], length)
        to = rows + np.arange(len(table.items))
        items[to], weights[to] = table.items, table.weights
    return Table(offsets, items, weights)
