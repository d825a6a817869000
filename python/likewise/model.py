"""Model: trained vectors, and the questions one can ask of them.

Owns the weights, the composed vectors of the training catalogue and its queries. How answers look
is in matches.py, how they are found in index.py, how models are kept in storage.py.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from likewise import _describe, _queries
from likewise._composition import SideWeights, check_shape, encode_items, item_weights
from likewise._explain import Explains
from likewise._model_recommend import RecommendAll
from likewise._search_arguments import known_positions
from likewise.catalogue import Catalogue
from likewise.features import Features, Recipe
from likewise.index import Index, make_index
from likewise.matches import BatchMatches, Matches
from likewise.options import Options

__all__ = ["Model", "SideWeights", "encode_items", "item_weights"]

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]
Source = Any  # whatever Catalogue.read takes

# Items composed at once: bounds the memory of encode() for a catalogue of any size.
_ENCODE_ITEMS = 1 << 17
# Comparisons (queries x items) up to which an exact search is quicker than building a graph first.
_EXACT_COMPARISONS = 200_000_000_000


class Model(RecommendAll, Explains):
    """A trained model: made by :func:`likewise.train` or :func:`likewise.load`.

    Attributes
    ----------
    options : Options
        What it was trained with.
    recipe : Recipe or None
        How text becomes features; None where content plays no part.
    catalogue : Catalogue
        The items of training.
    counts : int64 array (n_items,)
        Events of each item in training; 0 for a cold item.
    center, context : float32 arrays (n_items, dim)
        Vectors of the items, own rows included. An item with neither content nor events is all
        zero: it is never an answer and has none.
    center_content, context_content : SideWeights or None
        What composes the vectors of other items.
    token_weights : float32 array (m,)
        How much each token of ``center_content`` counts.
    kind_weights : float32 array (4,)
        How much each kind of token counts (features.py lists the kinds).
    unknown_weight : float
        How much a token counts that training never saw.
    history : list of dict
        Progress records of training.
    created : str
        When it was trained, ISO 8601.
    version : str
        The likewise that trained it.
    """

    def __init__(
        self,
        *,
        options: Options,
        recipe: Recipe | None,
        catalogue: Catalogue,
        counts: Int64,
        center: Float32,
        context: Float32,
        center_content: SideWeights | None,
        context_content: SideWeights | None,
        token_weights: Float32,
        kind_weights: Float32,
        unknown_weight: float,
        history: list[dict[str, Any]],
        created: str,
        version: str,
    ) -> None:
        self.options = options
        self.recipe = recipe
        self.catalogue = catalogue
        self.counts = counts
        self.center = center
        self.context = context
        self.center_content = center_content
        self.context_content = context_content
        self.token_weights = token_weights
        self.kind_weights = kind_weights
        self.unknown_weight = unknown_weight
        self.history = history
        self.created = created
        self.version = version
        self._indexes: dict[tuple[str, bool], Index] = {}
        items = (len(catalogue), options.dim)
        check_shape("counts", counts, np.int64, items[:1])
        check_shape("center", center, np.float32, items)
        check_shape("context", context, np.float32, items)
        if (recipe is None) != (center_content is None):
            raise ValueError("recipe and center_content must be given together or not at all")
        for side, content in (("center", center_content), ("context", context_content)):
            if content is not None:
                content.check(side, len(token_weights), options.dim)
        check_shape("token_weights", token_weights, np.float32, (len(token_weights),))
        check_shape("kind_weights", kind_weights, np.float32, (4,))

    # --- questions ------------------------------------------------------------------------------

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
    ) -> Matches | BatchMatches:
        """Find the items most alike: cosine of center against center.

        Ask by item id, by a name and category (an item that does not exist yet), or by vector.

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
            Vectors in the space of ``encode()``.
        index : Index, optional
            Answers come from here, for example ``model.index(other_catalogue)``, instead of from
            the items of training. Ids that only its catalogue knows can be asked for, too.
        where : bool array, positions or item ids, optional
            Only these items of the index may be answers.
        exact : bool, optional
            True or False decides between an exact and an approximate search of the items of
            training; without it a large number of queries on many items is approximate.

        Raises
        ------
        UnknownItemError
            For an id nobody knows, with close ones.
        ValueError, TypeError
            For arguments that do not fit together.

        Examples
        --------
        ``model.similar("B000X", k=5)``;
        ``model.similar(name="red rubber ball", category="Pets > Dogs > Toys")``
        """
        query = _queries.read(self, items, name, category, vector, index)
        return self._ask("similar to", "center", query, k, index, where, exact)

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
        ``model.index(catalogue, side="context")`` does.
        """
        query = _queries.read(self, items, name, category, vector, index)
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
        plus = [positive] if isinstance(positive, str) else list(positive)
        minus = [negative] if isinstance(negative, str) else list(negative)
        if not plus:
            raise ValueError("positive must name at least one item, got none")
        given = known_positions(self.catalogue, plus + minus)
        index = self._own_index("center", exact=True)
        signs = np.array([1.0] * len(plus) + [-1.0] * len(minus), np.float32)
        vector = signs @ index.vectors_at(given)
        where = np.ones(len(self.catalogue), dtype=np.bool_)
        where[given] = False
        found = index.search(vector[None, :], k, where=where)
        title = "like " + " + ".join(map(str, plus)) + "".join(f" - {item}" for item in minus)
        return Matches(found.positions[0], found.scores[0], self.catalogue, title)

    def index(
        self,
        catalogue: Catalogue | Source | None = None,
        side: str = "center",
        exact: bool | None = None,
        *,
        own_rows: bool | None = None,
    ) -> Index:
        """Make an index of a catalogue's vectors, for :meth:`similar` and :meth:`complements`.

        Parameters
        ----------
        catalogue : Catalogue or what Catalogue.read takes, optional
            The items; those of training without it. Others need no events.
        side : {"center", "context"}
            Center vectors for similar items, context vectors for complements.
        exact : bool, optional
            By the number of items without it: exact below 200,000.
        own_rows : bool, optional
            As in :meth:`encode`.
        """
        _queries.check_side(side)
        if catalogue is None:
            items, vectors = self.catalogue, getattr(self, side)
        else:
            items = _queries.as_catalogue(catalogue)
            vectors = self.encode(items, side, own_rows=own_rows)
        return make_index(
            vectors, items, exact=exact, side=side, fingerprint=self.fingerprint,
            threads=self.options.threads,
        )  # fmt: skip

    def encode(
        self,
        catalogue: Catalogue | Source,
        side: str = "center",
        *,
        own_rows: bool | None = None,
    ) -> Float32:
        """Compose the vectors of any items from their names and categories; no events needed.

        Parameters
        ----------
        catalogue : Catalogue or what Catalogue.read takes
            The items.
        side : {"center", "context"}
            Which vectors. Context vectors of other items need ``context="content"`` in training.
        own_rows : bool, optional
            True gives an item whose id was in training its trained vector, own row included;
            False composes every item from content alone, so that equal texts have equal vectors
            and the ids of another shop mean nothing. Without it False, except in a model without
            content, which knows items by id only.

        Returns
        -------
        float32 array (n_items, dim)
            All zero for an item of which nothing is known.

        Raises
        ------
        ValueError
            When the model has no content for that side.
        """
        _queries.check_side(side)
        items = _queries.as_catalogue(catalogue)
        content: SideWeights | None = getattr(self, f"{side}_content")
        by_id = self.options.content is False if own_rows is None else own_rows
        if content is None and not by_id:
            reason = (
                "a model trained with content=False"
                if self.recipe is None
                else f"a model trained with context={self.options.context!r}"
            )
            raise ValueError(
                f"{reason} cannot compose {side} vectors; own_rows=True gives those it was "
                f"trained on"
            )
        vectors = np.zeros((len(items), self.options.dim), dtype=np.float32)
        if content is not None and self.recipe is not None:
            for start in range(0, len(items), _ENCODE_ITEMS):
                stop = min(start + _ENCODE_ITEMS, len(items))
                part = items if stop - start == len(items) else items.take(np.arange(start, stop))
                features = Features.encode(part, self.recipe, threads=self.options.threads)
                vectors[start:stop] = encode_items(self, features, side)
        if by_id:
            at = self.catalogue.positions(items.ids)
            trained: Float32 = getattr(self, side)
            vectors[at >= 0] = trained[at[at >= 0]]
        return vectors

    def category_vectors(self, side: str = "center") -> pa.Table:
        """Return every category level with the mean of the unit vectors of the items below it.

        Returns
        -------
        pyarrow.Table
            ``category`` (the path down to this level, levels joined by `` > ``), ``level`` (1 is
            the top), ``items`` (int64, how many are below), ``vector`` (fixed-size list of
            float32), ordered by path. Items whose vector is all zero count, but do not pull.
        """
        _queries.check_side(side)
        return _queries.category_vectors(getattr(self, side), self.catalogue)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save the model as a folder; see :func:`likewise.storage.save`."""
        from likewise.storage import save  # storage is to the right: it knows models

        return save(self, path)

    # --- what it is -----------------------------------------------------------------------------

    def info(self) -> dict[str, Any]:
        """Return what the model is, in plain values fit for JSON."""
        return _describe.info(self)

    @cached_property
    def fingerprint(self) -> str:
        """What tells this model from others: 32 hexadecimal digits, the same after saving."""
        return _describe.fingerprint(self)

    @property
    def nbytes(self) -> int:
        """Bytes of all vectors and weights."""
        sides = (self.center_content, self.context_content)
        arrays = (self.center, self.context, self.counts, self.token_weights, self.kind_weights)
        return sum(int(a.nbytes) for a in arrays) + sum(s.nbytes for s in sides if s is not None)

    def __repr__(self) -> str:
        return _describe.text(self)

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
        if index is not None:
            if exact is not None:
                raise ValueError("exact cannot be given together with index, which decides it")
            if index.side not in (None, side):
                raise ValueError(
                    f"index must hold {side} vectors for this question, got {index.side} vectors; "
                    f"make it with model.index(catalogue, side={side!r})"
                )
            if index.fingerprint not in (None, self.fingerprint):
                raise ValueError("index must hold vectors of this model, got those of another")
            if index.catalogue is None:
                raise ValueError("index must have a catalogue to name its answers from")
        else:
            if exact is None:
                comparisons = len(query.vectors) * len(self.catalogue)
                exact = comparisons <= _EXACT_COMPARISONS
            index = self._own_index(side, exact)
        answers_from = index.catalogue
        assert answers_from is not None
        exclude = None
        if query.ids is not None:
            exclude = (
                query.positions
                if answers_from is self.catalogue
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
            self._indexes[side, exact] = self.index(side=side, exact=exact)
        return self._indexes[side, exact]
