"""Answers: what is similar, what goes with it, analogies, and the indexes they are found in.

Owns the verbs of a model that search: each takes what training learned, turns a question into
vectors (score/), looks them up (search/) and names what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from likewise.arrays import Float32, Int64, Mask
from likewise.questions.queries import Query, Texts, ids_asked, query_of, side_of_similar
from likewise.score.blend import blend_of, fingerprint_of
from likewise.score.compose import write_unit_vectors
from likewise.score.evidence import evidence_in
from likewise.score.popularity import check_popularity
from likewise.search.arguments import check_side, known_positions
from likewise.search.indexes import EXACT_COMPARISONS, Index, make_index
from likewise.search.matches import BatchMatches, Matches
from likewise.search.streamed import StreamedIndex
from likewise.state import State
from likewise.tables.catalogue import Catalogue, as_catalogue

if TYPE_CHECKING:
    from likewise.items import Embedded, Items

__all__ = [
    "analogy", "analogy_of", "complements", "index", "own_index", "similar", "vectors_of",
]  # fmt: skip

Source = Any  # whatever Catalogue.read takes


def similar(
    model: State,
    items: str | int | Sequence[str] | Any | None = None,
    k: int = 10,
    *,
    name: Texts = None,
    category: Texts = None,
    vector: npt.ArrayLike | None = None,
    index: Index | None = None,
    where: npt.ArrayLike | Sequence[str] | None = None,
    exact: bool | None = None,
    side: str | None = None,
    popularity: float | None = None,
) -> Matches | BatchMatches:
    """Find the items most alike, by what they are called and what they are looked at with.

    Ask by item id, by a name and category (an item that does not exist yet), or by vector.

    The score blends four cosines of center and context vectors, how often both share sessions,
    the cosine of the texts as they stand, and the popularity of the answer, ::

        ((1 - u_q) ((c_q + b_q o_q)·(c_a + b_a o_a) + 20 f_q·f_a)
            + .5 (1 + u_q)² (1 + u_a) t_q·t_a + w l_a) / (7.5625 + w)

    with c and o the center and context vectors of query q and answer a, scaled to length 1; f
    what is known of the sessions they are in (``Model.company``); t a sum of random directions of
    their words and categories, weighted as the model weighs them, of length 1; l = log(1 + events),
    in shares of the most popular item's; b = .5 + .75 l, as a context says more the oftener it was
    seen; w ``popularity``; and u how much of an item is unknown that was not in training: the share
    of its words and categories that training did not know, or how much shorter than usual its
    center vector is, whichever is less. The divisor is the most that two items of known words can
    come to, so that scores stay below 1; real ones well below it. An item without events has a
    context vector by linear regression from center vectors, and counts as popular as one that nine
    in ten of the others do not exceed.

    In an ``index`` of another catalogue, a fifth or more of it new, texts count exactly besides: of
    the fifty answers with the greatest cosine of words, n-grams and category paths, a score s
    becomes ``log(exp(10 s) + exp(8 cosine) - 1) / 10`` (score/wording.py). Out of domain, where
    most words are unknown, texts do nearly all: words count by how rare they are there, t is
    longer, (1 - u_q) is raised to the eighth power, and the cosine counts half.

    Pairs that sessions have shown together count beside that: s is ``log(exp(10 s) + w) / 10``, at
    most 1, with w how often the pair was counted, times a weight that held-out events of training
    chose (score/pairs.py). Items without history take part by the pairs of the ten nearest items.

    Parameters
    ----------
    items : str or sequence of str, or dict or sequence of dict, optional
        One id for :class:`Matches`, several for :class:`BatchMatches`. An item is never among
        its own answers. Whole numbers, UTF-8 bytes, UUIDs, and scalars and arrays of NumPy and
        Arrow are ids as well. Dicts of ``name`` and ``category`` are new items, as below.
    k : int
        Answers for each query.
    name, category : str or sequence of str or None, optional
        What the item would be called, and its path, levels joined by `` > ``; several paths one
        a line. Sequences of equal length ask about several new items; a single text beside one is
        that of all.
    vector : array (dim,) or (n, dim), optional
        Vectors in the space of ``encode()``: center vectors, compared with center vectors.
    index : Index, optional
        Answers come from here, for example ``model.index(other_catalogue)``, instead of from
        the items of training. Ids that only its catalogue knows can be asked for, too. Its side
        decides the score.
    where : bool array, positions or item ids, optional
        Only these items of the index may be answers.
    exact : bool, optional
        True or False decides between an exact and an approximate search of the items of
        training; without it a large number of queries on many items is approximate.
    side : {"similar", "center"}, optional
        ``"center"`` compares center vectors alone, by their cosine. Without it ``index``
        decides; ``"similar"``, the blend, where there is none; ``"center"`` for a ``vector``.
    popularity : float, optional
        Weight of the answers' popularity in the blend, at least 0, which leaves it out; .3
        without it.

    Raises
    ------
    UnknownItemError
        For an id nobody knows, with close ones.
    ValueError, TypeError
        For arguments that do not fit together.

    Notes
    -----
    Measured in benchmarks/notes/scoring.md, beside center vectors alone and other programs.

    Examples
    --------
    ``model.similar("B000X", k=5)``;
    ``model.similar(name="red rubber ball", category="Pets > Dogs > Toys")``;
    ``model.similar([{"name": "red ball", "category": "Toys"}, {"name": "lamp"}])``
    """
    chosen = side_of_similar(side, index, vector is not None)
    if popularity is not None and chosen != "similar":
        raise ValueError(
            f"popularity must be left out where center vectors are compared, got {popularity!r}"
        )
    weight = check_popularity(popularity)
    query = query_of(model, items, name, category, vector, index)
    asked = vectors_of(model, query, chosen, index)
    return _ask(model, "similar to", chosen, query, asked, k, index, where, exact, weight)


def complements(
    model: State,
    items: str | int | Sequence[str] | Any | None = None,
    k: int = 10,
    *,
    name: Texts = None,
    category: Texts = None,
    vector: npt.ArrayLike | None = None,
    index: Index | None = None,
    where: npt.ArrayLike | Sequence[str] | None = None,
    exact: bool | None = None,
) -> Matches | BatchMatches:
    """Find what goes with an item, bought or seen next: cosine of center against context.

    Arguments are those of :meth:`similar`; an ``index`` must hold context vectors, as
    ``model.index(catalogue, side="context")`` does. An item that has none of its own, as new
    ones have with ``context="item"`` in training, has one by linear regression from center
    vectors (Model.encode), and is an answer as others are.
    """
    query = query_of(model, items, name, category, vector, index)
    asked = vectors_of(model, query, "center", index)
    return _ask(model, "going with", "context", query, asked, k, index, where, exact)


def analogy(
    model: State, positive: Sequence[str] | str, negative: Sequence[str] | str = (), k: int = 10
) -> Matches:
    """Find what is to ``positive`` items as they are, and unlike the ``negative`` ones.

    The unit center vectors of ``positive`` are added, those of ``negative`` subtracted
    (Mikolov et al. 2013); none of the given items is an answer.

    Raises
    ------
    UnknownItemError
        For an id that is not in the catalogue.
    ValueError
        When nothing is positive.
    """
    return analogy_of(
        model.catalogue, own_index(model, "center", exact=True), positive, negative, k
    )


def index(
    model: State,
    catalogue: Catalogue | Source | None = None,
    side: str = "similar",
    exact: bool | None = None,
    *,
    own_rows: bool | None = None,
    ef: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Index:
    """Make an index of a catalogue's vectors, for :meth:`similar` and :meth:`complements`.

    Parameters
    ----------
    catalogue : Catalogue or what Catalogue.read takes, optional
        The items; those of training without it. Others need no events.
    side : {"similar", "center", "context"}
        What :meth:`similar` compares, ``dim + 155`` floats of an item, ``dim + 449`` in a
        out-of-domain catalogue; center vectors alone, for
        ``similar`` by them and for raw vectors of :meth:`encode`; context vectors, for
        :meth:`complements`.
    exact : bool, optional
        By the number of items without it: exact below 200,000.
    own_rows : bool, optional
        As in :meth:`encode`.
    ef : int, optional
        Width of a search in a graph, at least 1, 64 without it: the wider, the more of the true
        best is found (:meth:`Index.recall`) and the longer it takes. An exact index has none.
    progress : callable, optional
        Called with (vectors done, vectors in all) while a graph is built.

    Returns
    -------
    Index
        With the catalogue, to be searched with float32 vectors ``(n, index.dim)`` or given to
        :meth:`similar` and :meth:`complements`.

    Raises
    ------
    ValueError, TypeError
        For arguments that make no sense, and for vectors of the model that are not finite.

    Examples
    --------
    ``index = model.index("new-shop.csv", exact=False, ef=200, progress=print)``;
    ``model.similar(name="red ball", index=index)``
    """
    check_side(side, ("similar", "center", "context"))
    items = model.catalogue if catalogue is None else as_catalogue(catalogue)
    encoder, blend, domain, usable = model.encoder, blend_of(model), None, None
    at = None if catalogue is None else encoder.positions(items, own_rows)
    if side == "similar":
        if catalogue is None:
            vectors, usable = blend.index_vectors()
        else:
            domain = blend.domain_of(items, at)
            vectors, usable = blend.index_vectors(items, at, domain)
    elif catalogue is not None:
        vectors = encoder.encode(items, side, at)
    else:
        vectors = np.empty(model.center.shape, np.float32)
        usable = write_unit_vectors(encoder, side, 0, len(vectors), vectors)
    made = make_index(
        vectors, items, exact=exact, side=side, fingerprint=fingerprint_of(model, side),
        metric="dot" if side == "similar" else "cosine", threads=model.options.threads,
        ef=ef, progress=progress, usable=usable,
    )  # fmt: skip
    made.domain, made.trained_at = domain, at

    def as_asked(chosen: Int64, vectors: Float32) -> Float32:
        if side == "similar":
            return blend.query_vectors(vectors, check_popularity(None))
        if side == "context" and catalogue is None:
            return model.center[chosen]
        if side == "context":
            return encoder.encode(items.take(chosen), "center", None if at is None else at[chosen])
        return vectors

    made.as_asked = as_asked
    return made


def vectors_of(asked: Embedded, query: Query, side: str, index: Index | None = None) -> Float32:
    """Return what a query searches an index with: vectors of the blend, or center vectors."""
    if query.vectors is not None:
        return query.vectors
    known = query.positions[query.positions >= 0]
    if side != "similar":
        trained: Float32 = asked.center[known]
    else:
        assert isinstance(asked, State)
        blend = blend_of(asked)
        domain = blend.domain_in(index)
        trained = blend.trained_vectors(known, domain)
    if query.others is None:
        return trained
    assert isinstance(asked, State)
    encoder = asked.encoder
    at = encoder.positions(query.others, own_rows=False)
    if side == "similar":
        composed = blend.item_vectors(query.others, at, domain)
    else:
        composed = encoder.encode(query.others, "center", at)
    vectors = np.empty((len(query.positions), composed.shape[1]), dtype=np.float32)
    vectors[query.positions >= 0] = trained
    vectors[query.positions < 0] = composed[query.place]
    return vectors


def analogy_of(
    catalogue: Items,
    index: Index,
    positive: Sequence[str] | str,
    negative: Sequence[str] | str,
    k: int,
) -> Matches:
    """Answer with what is like the sum of some items' unit vectors, less that of others."""
    plus, minus = (list(ids_asked(ids)[1]) for ids in (positive, negative))
    if not plus:
        raise ValueError("positive must name at least one item, got none")
    given = known_positions(catalogue, plus + minus)
    signs = np.array([1.0] * len(plus) + [-1.0] * len(minus), np.float32)
    vector = signs @ index.vectors_at(given)
    where = np.ones(len(catalogue), dtype=np.bool_)
    where[given] = False
    found = index.search(vector[None, :], k, where=where)
    title = "like " + " + ".join(map(str, plus)) + "".join(f" - {item}" for item in minus)
    return Matches(found.positions[0], found.scores[0], catalogue, title)


def _ask(
    model: State,
    verb: str,
    side: str,
    query: Query,
    vectors: Float32,
    k: int,
    index: Index | None,
    where: npt.ArrayLike | Sequence[str] | None,
    exact: bool | None,
    popularity: float = 0.0,
) -> Matches | BatchMatches:
    if index is None:
        if exact is None:
            exact = len(vectors) * len(model.catalogue) <= EXACT_COMPARISONS
        index = own_index(model, side, exact)
    else:
        _check_index(model, index, side, vectors, exact)
    answers_from, exclude = index.catalogue, None
    assert answers_from is not None
    if query.ids is not None:
        same = answers_from is model.catalogue
        exclude = query.positions if same else answers_from.positions(query.ids)
    listed = None
    if side == "similar":
        blend = blend_of(model)
        evidence = evidence_in(blend, index)
        if evidence is not None:
            others = None if query.others is None else (query.others, np.asarray(query.place))
            listed = evidence.of(query.positions, vectors, others)
        vectors = blend.query_vectors(vectors, popularity)
    found = index.search(vectors, k, where=where, exclude=exclude, listed=listed)
    if query.single:
        title = f"{verb} {query.title}"
        return Matches(found.positions[0], found.scores[0], answers_from, title)
    return BatchMatches(found.positions, found.scores, answers_from, query.ids, verb, query.titles)


def _check_index(
    model: State, index: Index, side: str, vectors: Float32, exact: bool | None
) -> None:
    """Raise ValueError unless an index that was given can answer a question of the model."""
    if exact is not None:
        raise ValueError("exact cannot be given together with index, which decides it")
    if index.side not in (None, side):
        raise ValueError(
            f"index must hold {side} vectors for this question, got {index.side} vectors; "
            f"make it with model.index(catalogue, side={side!r})"
        )
    if index.side is None and index.dim != vectors.shape[1]:
        raise ValueError(
            f"index must hold vectors of {vectors.shape[1]} floats for this question, "
            f"got {index.dim}"
        )
    if index.fingerprint not in (None, fingerprint_of(model, side)):
        raise ValueError(
            "index must hold vectors of this model, made by this version of likewise; got "
            "those of another"
        )
    if index.catalogue is None:
        raise ValueError("index must have a catalogue to name its answers from")


def own_index(model: State, side: str, exact: bool) -> Index:
    """Return the index over the items of training, made when first asked for.

    An exact one answers the first question while its vectors are made (search/streamed.py).
    """
    if exact:
        return model.once((side, exact), lambda: _streamed(model, side))
    return model.once((side, exact), lambda: index(model, side=side, exact=exact))


def _streamed(model: State, side: str) -> Index:
    blend, encoder = blend_of(model), model.encoder

    def make(first: int, last: int, out: Float32) -> Mask:
        if side == "similar":
            return blend.write_trained(first, last, out)
        return write_unit_vectors(encoder, side, first, last, out)

    return StreamedIndex(
        make, len(model.catalogue), blend.width() if side == "similar" else encoder.dim,
        model.catalogue, side=side, metric="dot" if side == "similar" else "cosine",
        fingerprint=fingerprint_of(model, side), threads=model.options.threads,
    )  # fmt: skip
