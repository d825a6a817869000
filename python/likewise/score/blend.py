"""The blend: what `similar` scores with but for pairs, one inner product of query and item vector.

Owns the list of parts, and nothing else of what they are: each is a file of this room. With c and o
an item's center and context vector of length 1, f its co-occurrence vector, t its text of length 1,
l its popularity, b = .5 + .75 l the trust in its context and u how much of it is unknown,

    score(q, a) = ((1 - u_q) ((c_q + b_q o_q)·(c_a + b_a o_a) + 20 f_q·f_a)
                   + .5 (1 + u_q)² (1 + u_a) t_q·t_a + w l_a) / (most + w)

An item is found by ``[c + b o, √20 f, √.5 (1 + u) t, l]``. It asks with the same vector, the first
two parts times 1 - u, the text times 1 + u and w for l, divided by most + w: one index of inner
products serves every w. How weights were chosen: benchmarks/notes/scoring.md; search.md tells why
item vectors are not brought to one length.

In an **out-of-domain catalogue**, one of mostly unknown words, what training knows of an item says
little: 1 - u_q is raised to the eighth power, t has more floats, and its words count by how rare
they are in that catalogue. Known items that are asked about there go on as at home, and so does a
query without a word of the catalogue: it has nothing else to ask with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from likewise.arrays import Float32, Float64, Int64, Mask
from likewise.content.composition import Contribution, weights_of_tokens
from likewise.content.encoder import Encoder
from likewise.content.features import Features
from likewise.score import co_occurrence, learned, popularity, text
from likewise.score.co_occurrence import CoOccurrence
from likewise.score.compose import Parts, Told, Weights, write_item_vectors
from likewise.score.learned import Learned
from likewise.score.pairs import Pairs
from likewise.score.part import FORGETTING, Arrays, Batch, Domain, Part
from likewise.score.popularity import ItemPopularity, Popularity
from likewise.score.text import Text, spaced
from likewise.state import State

__all__ = ["PARTS", "Blend", "blend_of", "fingerprint_of"]

#: The parts of a score, in the order of their columns. A new one goes before popularity, which
#: indexes look for in the last column.
PARTS: tuple[type[Part], ...] = (Learned, CoOccurrence, Text, Pairs, Popularity)

T = TypeVar("T")
# Items whose features are read at once: bounds the memory for a catalogue of any size.
_ITEMS = 1 << 16


def blend_of(state: State) -> Blend:
    """Return the blend of what training learned, made when first asked for."""
    return state.once("blend", lambda: Blend(state.encoder, state.learned))


def fingerprint_of(state: State, side: str = "center") -> str:
    """Return what tells vectors of a side from those of others: 32 hexadecimal digits.

    Of a model from a thousand rows of each side; item vectors of the blend, side ``"similar"``,
    have one of their own.
    """
    of_model = state.once("fingerprint", lambda: _fingerprint(state))
    return blend_of(state).fingerprint(of_model) if side == "similar" else of_model


def _fingerprint(state: State) -> str:
    options = state.options.to_dict()
    options.pop("threads", None)
    digest = hashlib.sha256(json.dumps([len(state.catalogue), options], sort_keys=True).encode())
    rows = np.linspace(0, max(0, len(state.catalogue) - 1), 1000).astype(np.int64)
    for vectors in (state.center, state.context):
        digest.update(np.ascontiguousarray(vectors[rows[: len(vectors)]]).tobytes())
    digest.update(blend_of(state).sample(rows))
    for content in (state.center_content, state.context_content):
        if content is not None and len(content.tokens):
            at = np.linspace(0, len(content.tokens) - 1, 1000).astype(np.int64)
            digest.update(np.ascontiguousarray(content.tokens[at]).tobytes())
    return digest.hexdigest()[:32]


class Blend:
    """The parts of a score, side by side.

    Parameters
    ----------
    encoder : Encoder
        What training learned of items and words.
    arrays : mapping of str to array
        What parts learned besides.
    """

    def __init__(self, encoder: Encoder, arrays: Arrays) -> None:
        self.encoder = encoder
        self.parts = tuple(kind(encoder, arrays) for kind in PARTS)
        if "company_map" in encoder.prepared:  # found again otherwise, when it is first needed
            self.part(CoOccurrence).map = encoder.prepared["company_map"]
        self.popularity = ItemPopularity(encoder.counts)
        self._made: dict[str, Any] = {}

    def part(self, kind: type[Part]) -> Any:
        """Return the part of a class."""
        return next(part for part in self.parts if isinstance(part, kind))

    def with_part(self, part: Part) -> Blend:
        """Return the same with another part in the place of that of its class."""
        found = copy(self)
        found.parts = tuple(part if isinstance(part, type(one)) else one for one in self.parts)
        found._made = {}
        return found

    def once(self, key: str, make: Callable[[], T]) -> T:
        """Return what was made under a key, made when it is first asked for."""
        if key not in self._made:
            self._made[key] = make()
        return cast(T, self._made[key])

    # --- columns ----------------------------------------------------------------------------------

    def width(self, out_of_domain: bool = False) -> int:
        """Return the floats of an item vector, which tell a domain from another."""
        return sum(part.width(out_of_domain) for part in self.parts)

    def columns(self, out_of_domain: bool = False) -> list[tuple[Part, slice]]:
        """Return each part and where its columns are."""
        found, start = [], 0
        for part in self.parts:
            stop = start + part.width(out_of_domain)
            found.append((part, slice(start, stop)))
            start = stop
        return found

    def _is_out_of_domain(self, vectors: Float32) -> bool:
        width = vectors.shape[-1]
        return bool(width != self.width() and width == self.width(out_of_domain=True))

    # --- vectors ----------------------------------------------------------------------------------

    def domain_of(self, items: Any, at: npt.NDArray[Any] | None = None) -> Domain | None:
        """Return how words count in a catalogue that is out of domain; None where it is not.

        By the mean share of unknown words of 20,000 of its items at most, evenly spaced; ``at`` are
        their positions in training, -1 for others, as all are without it.
        """
        if self.encoder.recipe is None or not len(items):
            return None
        some = spaced(len(items))
        there = np.full(len(some), -1) if at is None else np.asarray(at)[some]
        vectors = self.item_vectors(items.take(some), there)
        words: Text = self.part(Text)
        told = next(vectors[:, place] for part, place in self.columns() if part is words)
        unknown = words.unknown(told)
        assert unknown is not None
        return words.weigh_domain(items) if unknown.mean() > text.OUT_OF_DOMAIN else None

    def domain_in(self, index: Any) -> Domain | None:
        """Return how words count where an index is asked; None where as at home.

        An index that is out of domain is known by its width. It does not keep how its words count,
        which follows from its catalogue: a loaded one counts them when it is first asked.
        """
        if index is None or index.side != "similar" or index.catalogue is None:
            return None
        if self.encoder.recipe is None or index.dim == self.width():
            return None
        if index.domain is None:
            index.domain = self.part(Text).weigh_domain(index.catalogue)
        found: Domain = index.domain
        return found

    def item_vectors(
        self, items: Any, at: npt.NDArray[Any] | None = None, domain: Domain | None = None
    ) -> Float32:
        """Return what items are found by, float32 ``(n_items, width)``.

        All zero for an item of which nothing is known: it neither asks nor answers.

        Parameters
        ----------
        items : Items
        at : int array (n_items,), optional
            Where each is among the items of training, -1 for one that is composed from its content,
            as all are without it.
        domain : Domain, optional
            For what is found in, or asked of, a catalogue that is out of domain.

        Raises
        ------
        ValueError
            When vectors of the model are not finite.
        """
        return self.index_vectors(items, at, domain)[0]

    def trained_vectors(
        self, at: npt.NDArray[Any] | None = None, domain: Domain | None = None
    ) -> Float32:
        """Return what items of training are found by: all of them, or those at some positions."""
        encoder = self.encoder
        if at is None:
            at = np.arange(len(encoder.catalogue))
            if not self._texts_are_there:
                return self.item_vectors(encoder.catalogue, at, domain)
        if self._texts_are_there:
            told = self._told_of_trained(np.asarray(at, np.int64), domain)
            found = np.empty((len(told.rows), self.width(domain is not None)), np.float32)
            self._write(told, found)
            return found
        distinct, place = np.unique(at, return_inverse=True)
        return self.item_vectors(encoder.catalogue.take(distinct), distinct, domain)[place]

    def index_vectors(
        self,
        items: Any = None,
        at: npt.NDArray[Any] | None = None,
        domain: Domain | None = None,
    ) -> tuple[Float32, Mask]:
        """Return `item_vectors`, of the items of training without ``items``, and what is known.

        The second is bool ``(n_items,)``, whether an item's vector is not all zero.
        """
        if items is None:
            found = np.empty((len(self.encoder.catalogue), self.width()), np.float32)
            return found, self.write_trained(0, len(found), found)
        found = np.empty((len(items), self.width(domain is not None)), np.float32)
        known = np.empty(len(items), np.bool_)
        for place, piece in items.pieces(_ITEMS):
            some = np.full(len(piece), -1) if at is None else np.asarray(at)[place]
            known[place] = self._write(self._told(piece, some, domain), found[place])
        return found, known

    def write_trained(self, first: int, last: int, out: Float32) -> Mask:
        """Write vectors of items of training from one position up to another; see `index_vectors`.

        ``out`` is float32 ``(last - first, width)``.
        """
        if self._texts_are_there:
            return self._write(self._told_of_trained(slice(first, last), None), out)
        items = self.encoder.catalogue
        if (first, last) != (0, len(items)):
            items = items.take(np.arange(first, last))
        known = np.empty(len(items), np.bool_)
        for place, piece in items.pieces(_ITEMS):
            there = np.arange(first, last)[place]
            known[place] = self._write(self._told(piece, there, None), out[place])
        return known

    @property
    def _texts_are_there(self) -> bool:
        """Whether no text of an item of training need be read."""
        return self.encoder.recipe is None or self.encoder.texts is not None

    def _told_of_trained(self, at: slice | Int64, domain: Domain | None) -> Told:
        rows = np.arange(len(self.encoder.catalogue))[at]
        features, places = self.encoder.texts, None
        if features is not None and isinstance(at, slice):
            features = replace(features, item_offsets=features.item_offsets[at.start : at.stop + 1])
        elif features is not None:
            places = rows
        there = _weights_in(domain, features)
        return Told(rows, self.popularity.at(rows), features, places, domain=there)

    def _told(self, items: Any, at: npt.NDArray[Any], domain: Domain | None) -> Told:
        encoder = self.encoder
        features = encoder.features(items)
        rows = np.where(at >= 0, at, -1 - np.arange(len(at), dtype=np.int64)).astype(np.int64)
        center = context = None
        usual = 1.0
        if features is not None and (at < 0).any():
            center, usual = encoder.compose(features), self.part(Text).usual_length
            if encoder.context_content is not None:
                context = encoder.compose(features, "context")
        return Told(
            rows, self.popularity.at(at), features, None, center, context, usual,
            _weights_in(domain, features),
        )  # fmt: skip

    def _write(self, told: Told, out: Float32) -> Mask:
        company, words = self.part(CoOccurrence), self.part(Text)
        parts = Parts(
            learned.TRUST_LEAST, learned.TRUST_MORE, company.items, company.rows, company.map,
            co_occurrence.WEIGHT, co_occurrence.LONGEST, words.width(told.domain is not None),
            text.WEIGHT,
        )  # fmt: skip
        return write_item_vectors(self.encoder, parts, told, out)

    def query_vectors(self, vectors: Float32, weight: float, *, in_place: bool = False) -> Float32:
        """Return what items ask with, of what they are found by; float32 of the same shape.

        The inner product of a query and an item vector is the score, at most 1; ``weight`` is that
        of popularity. With ``in_place`` the vectors are turned into it themselves.
        """
        known = vectors.any(axis=1)
        asked = vectors if in_place else vectors.astype(np.float32)  # a copy
        out_of_domain = self._is_out_of_domain(vectors)
        columns = self.columns(out_of_domain)
        told = (part.unknown(asked[:, place]) for part, place in columns)
        unknown = next((one for one in told if one is not None), np.zeros((1, 1), np.float32))
        for part, place in columns:
            part.ask(asked[:, place], unknown, out_of_domain, weight)
        asked[~known] = 0.0
        asked /= np.float32(sum(part.most(weight) for part in self.parts))
        return asked

    def likeness_vectors(self, vectors: Float32) -> Float32:
        """Return vectors whose inner products say how alike answers are, popularity aside.

        Float32, ``(..., columns)``: the score of one to the other with popularity 0, at most 1.
        """
        columns = self.columns(self._is_out_of_domain(vectors))
        kept = [vectors[..., place] for part, place in columns if not part.of_answer_alone]
        alike: Float32 = np.concatenate(kept, axis=-1)
        alike /= np.float32(np.sqrt(sum(part.most(0.0) for part in self.parts)))
        return alike

    def fingerprint(self, of_model: str) -> str:
        """Return what tells a model's item vectors from others: 32 hexadecimal digits.

        Another model has another one, and so has another formula: a saved index is not asked by
        queries that were made to fit answers of another kind.
        """
        # The first is counted up when the formula changes in another way than by one of the others.
        numbers: tuple[Any, ...] = (
            2, text.WEIGHT, co_occurrence.WEIGHT, co_occurrence.LONGEST, learned.TRUST_LEAST,
            learned.TRUST_MORE, popularity.COLD_QUANTILE, text.TEXT_DIM, text.OUT_OF_DOMAIN,
            FORGETTING, text.TEXT_DIM_OUT_OF_DOMAIN,
        )  # fmt: skip
        numbers += tuple(number for part in self.parts for number in part.numbers)
        return hashlib.sha256(f"{of_model} {numbers}".encode()).hexdigest()[:32]

    def sample(self, at: Int64) -> bytes:
        """Return bytes of what parts learned of the items at these positions."""
        return b"".join(part.sample(at) for part in self.parts)

    # --- taking scores apart ----------------------------------------------------------------------

    def contributions(self, at: int, domain: Domain | None = None) -> list[Contribution]:
        """Take what an item of training is found by apart, by feature; popularity is the last.

        Empty for an item of which nothing is known. The vectors add up to its item vector.
        """
        where = np.array([at])
        if not self.trained_vectors(where, domain).any():
            return []
        encoder, items = self.encoder, self.encoder.catalogue.take([at])
        features = encoder.features(items)
        center = encoder.center[where]
        context = encoder.contexts(center, encoder.context[where])
        weights = np.zeros(0, np.float32) if features is None else encoder.weights(features)
        popular = self.popularity.at(where)
        batch = Batch(items, where, center, context, popular, features, weights, domain)
        summed: dict[tuple[str, str], Float64] = {}
        for part, columns in self.columns(domain is not None):
            for kind, feature, vector in part.contributions(batch):
                whole = summed.setdefault((kind, feature), np.zeros(self.width(domain is not None)))
                whole[columns] += vector
        return [Contribution(*key, vector) for key, vector in summed.items()]

    def query_contributions(
        self, at: int, weight: float, domain: Domain | None = None
    ) -> list[Contribution]:
        """Take what an item of training asks with apart; the weight of popularity is one part."""
        parts = self.contributions(at, domain)
        if not parts:
            return []
        vectors = np.array([part.vector for part in parts], np.float64)
        whole = vectors.sum(axis=0)
        asked = self.query_vectors(whole[None].astype(np.float32), weight)[0]
        # A query is an item vector with its columns scaled,
        there = whole != 0.0
        vectors[:, there] *= asked[there] / whole[there]
        vectors[:, ~there] = 0.0
        # but for weights, which stand there whatever the item.
        for part, columns in self.columns(domain is not None):
            if part.of_answer_alone:
                vectors[-1, columns] = asked[columns]
        return [part._replace(vector=v) for part, v in zip(parts, vectors, strict=True)]


def _weights_in(domain: Domain | None, features: Features | None) -> Weights | None:
    """Return how much tokens count in an out-of-domain catalogue."""
    if domain is None or features is None:
        return None
    found, _ = weights_of_tokens(features, domain.hashes, domain.weights, 0.0)
    return Weights(found, domain.kind_weights)
