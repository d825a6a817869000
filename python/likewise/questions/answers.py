"""The questions one can ask of a model: what is similar, what goes with it, analogies.

Owns their arguments, and which index answers. Which arguments go together is in questions/queries.py, what
similar scores with in score/blend.py. Used by model.py alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy.typing as npt

from likewise.questions import queries as _queries
from likewise.score.blend import answers_fingerprint, check_popularity, query_vectors
from likewise.search.indexes import EXACT_COMPARISONS, Index
from likewise.search.matches import BatchMatches, Matches

if TYPE_CHECKING:
    from likewise.model.model import Model


class Questions:
    """What a model can be asked."""

    _indexes: dict[tuple[str, bool], Index]

    def similar(
        self,
        items: str | int | Sequence[str] | Any | None = None,
        k: int = 10,
        *,
        name: str | None = None,
        category: str | None = None,
        vector: npt.ArrayLike | None = None,
        index: Index | None = None,
        where: npt.ArrayLike | Sequence[str] | None = None,
        exact: bool | None = None,
        side: str | None = None,
        popularity: float | None = None,
    ) -> Matches | BatchMatches:
        """Find the items most alike, by what they are called and what they are looked at with.

        Ask by item id, by a name and category (an item that does not exist yet), or by vector.

        The score blends four cosines of center and context vectors, one of the texts as they
        stand, and the popularity of the answer, ::

            ((1 - u_q) (c_q + b_q o_q)·(c_a + b_a o_a)
                + .5 (1 + u_q)² (1 + u_a) t_q·t_a + w l_a) / (5.5625 + w)

        with c and o the center and context vectors of query q and answer a, scaled to length 1; t
        a sum of random directions of their words and categories, weighted as the model weighs them,
        of length 1; l = log(1 + events), in shares of the most popular item's; b = .5 + .75 l, as
        a context says more the oftener it was seen; w ``popularity``; and u how strange an item is
        that was not in training: the share of its words and categories that training did not
        know, or how much shorter than usual its center vector is, whichever is less. The divisor
        is the most that two items of known words can come to, so that scores stay below 1; real
        ones well below it. An item without events has a context vector by linear regression from
        center vectors, and counts as popular as one that nine in ten of the others do not exceed.

        In an ``index`` of a catalogue whose words are mostly strange to the model, such as that of
        another shop, texts do nearly all: words count by how rare they are there, t is longer, and
        (1 - u_q) is raised to the eighth power.

        Parameters
        ----------
        items : str or sequence of str, optional
            One id for :class:`Matches`, several for :class:`BatchMatches`. An item is never among
            its own answers.
        k : int
            Answers for each query.
        name, category : str, optional
            What the item would be called, and its path, levels joined by `` > ``.
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
        Measured in benchmarks/quality.md, sections 1 and 5, beside center vectors alone and other
        programs.

        Examples
        --------
        ``model.similar("B000X", k=5)``;
        ``model.similar(name="red rubber ball", category="Pets > Dogs > Toys")``
        """
        chosen = _queries.side_of_similar(side, index, vector is not None)
        weight = None
        if chosen == "similar":
            weight = check_popularity(popularity)
        elif popularity is not None:
            raise ValueError(
                f"popularity must be left out where center vectors are compared, got {popularity!r}"
            )
        model = cast("Model", self)
        query = _queries.read(model, items, name, category, vector, index, chosen)
        if weight is not None:
            asked = query_vectors(query.vectors, model.options.dim, weight)
            query = replace(query, vectors=asked)
        return self._ask("similar to", chosen, query, k, index, where, exact)

    def complements(
        self,
        items: str | int | Sequence[str] | Any | None = None,
        k: int = 10,
        *,
        name: str | None = None,
        category: str | None = None,
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
        query = _queries.read(cast("Model", self), items, name, category, vector, index, "center")
        return self._ask("going with", "context", query, k, index, where, exact)

    def analogy(
        self, positive: Sequence[str] | str, negative: Sequence[str] | str = (), k: int = 10
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
        model = cast("Model", self)
        index = self._own_index("center", exact=True)
        return _queries.analogy(model.catalogue, index, positive, negative, k)

    # --- how questions are answered -------------------------------------------------------------

    def _ask(
        self,
        verb: str,
        side: str,
        query: _queries.Query,
        k: int,
        index: Index | None,
        where: npt.ArrayLike | Sequence[str] | None,
        exact: bool | None,
    ) -> Matches | BatchMatches:
        model = cast("Model", self)
        if index is not None:
            if exact is not None:
                raise ValueError("exact cannot be given together with index, which decides it")
            if index.side not in (None, side):
                raise ValueError(
                    f"index must hold {side} vectors for this question, got {index.side} vectors; "
                    f"make it with model.index(catalogue, side={side!r})"
                )
            if index.side is None and index.dim != query.vectors.shape[1]:
                raise ValueError(
                    f"index must hold vectors of {query.vectors.shape[1]} floats for this "
                    f"question, got {index.dim}"
                )
            known = answers_fingerprint(model) if side == "similar" else model.fingerprint
            if index.fingerprint not in (None, known):
                raise ValueError(
                    "index must hold vectors of this model, made by this version of likewise; got "
                    "those of another"
                )
            if index.catalogue is None:
                raise ValueError("index must have a catalogue to name its answers from")
        else:
            if exact is None:
                comparisons = len(query.vectors) * len(model.catalogue)
                exact = comparisons <= EXACT_COMPARISONS
            index = self._own_index(side, exact)
        answers_from = index.catalogue
        assert answers_from is not None
        exclude = None
        if query.ids is not None:
            exclude = (
                query.positions
                if answers_from is model.catalogue
                else answers_from.positions(query.ids)
            )
        found = index.search(query.vectors, k, where=where, exclude=exclude)
        if query.single:
            title = f"{verb} {query.title}"
            return Matches(found.positions[0], found.scores[0], answers_from, title)
        return BatchMatches(found.positions, found.scores, answers_from, query.ids, verb)

    def _own_index(self, side: str, exact: bool) -> Index:
        """Return the index over the items of training, made when first asked for."""
        if (side, exact) not in self._indexes:
            self._indexes[side, exact] = cast("Model", self).index(side=side, exact=exact)
        return self._indexes[side, exact]
