"""Model: trained vectors, and what is made of them.

Owns the weights and the vectors of the training catalogue, and composing those of others. What can
be asked is in questions/answers.py, how answers look in matches.py, how they are found in index.py,
how models are kept in storage.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from likewise.content.composition import SideWeights, check_shape, encode_items, item_weights
from likewise.content.features import Features, Recipe
from likewise.model import describe as _describe
from likewise.neighbours.verb import RecommendAll
from likewise.options import Options
from likewise.questions import queries as _queries
from likewise.questions.answers import Questions
from likewise.questions.explain import Explains
from likewise.score.blend import (
    Popularity,
    answer_vectors,
    answers_fingerprint,
    context_vectors,
    trained_answers,
    usual_length,
    wording_abroad,
)
from likewise.score.co_occurrence import Company, CompanyMap, fit_company_map
from likewise.score.linear_map import ContextMap, fit_context_map
from likewise.search.indexes import Index, make_index
from likewise.tables.catalogue import Catalogue

__all__ = ["Model", "SideWeights", "encode_items", "item_weights"]

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]
Source = Any  # whatever Catalogue.read takes

# Items composed at once: bounds the memory of encode() for a catalogue of any size.
_ENCODE_ITEMS = 1 << 17


class Model(Questions, RecommendAll, Explains):
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
    company : Company
        Which items share sessions with which, for `similar`: 64 floats of each item that does;
        nothing in models of older versions.
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
        company: Company | None = None,
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
        self.company = Company.none() if company is None else company
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
        self.company.check(len(catalogue))
        if (recipe is None) != (center_content is None):
            raise ValueError("recipe and center_content must be given together or not at all")
        for side, content in (("center", center_content), ("context", context_content)):
            if content is not None:
                content.check(side, len(token_weights), options.dim)
        check_shape("token_weights", token_weights, np.float32, (len(token_weights),))
        check_shape("kind_weights", kind_weights, np.float32, (4,))

    # --- vectors --------------------------------------------------------------------------------

    def index(
        self,
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
            catalogue whose words are mostly strange to the model; center vectors alone, for
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
        _queries.check_side(side, ("similar", "center", "context"))
        items = self.catalogue if catalogue is None else _queries.as_catalogue(catalogue)
        wording = None
        if catalogue is not None and side == "similar":
            at = _queries.trained_positions(self, items, own_rows)
            wording = wording_abroad(self, items, at)
            vectors = answer_vectors(self, items, at, wording)
        elif catalogue is not None:
            vectors = self.encode(items, side, own_rows=own_rows)
        elif side == "similar":
            vectors = trained_answers(self)
        else:
            vectors = self.center if side == "center" else self.all_contexts()
        made = make_index(
            vectors, items, exact=exact, side=side,
            fingerprint=answers_fingerprint(self) if side == "similar" else self.fingerprint,
            metric="dot" if side == "similar" else "cosine", threads=self.options.threads,
            ef=ef, progress=progress,
        )  # fmt: skip
        made._wording = wording
        return made

    def all_contexts(self) -> Float32:
        """Return context vectors of the items of training, float32 (n_items, dim).

        Those of ``context``, and by linear regression those of items that have none there.
        """
        return context_vectors(self, self.center, self.context)

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
            Which vectors. A model trained with ``context="item"`` composes context vectors of
            length 1, from center vectors by ridge regression over the items with events.
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
            When the model knows items by id only.
        """
        _queries.check_side(side)
        items = _queries.as_catalogue(catalogue)
        at = _queries.trained_positions(self, items, own_rows)
        vectors = np.zeros((len(items), self.options.dim), dtype=np.float32)
        if self.recipe is not None:
            for place, part in items.pieces(_ENCODE_ITEMS):
                vectors[place] = self._composed(part, side)
        if at is not None:
            known = at[at >= 0]
            trained = self.center[known]
            if side == "context":
                trained = context_vectors(self, trained, self.context[known])
            vectors[at >= 0] = trained
        return vectors

    def _composed(self, items: Catalogue, side: str) -> Float32:
        assert self.recipe is not None
        features = Features.encode(items, self.recipe, threads=self.options.threads)
        if side == "context" and self.context_content is None:
            center = encode_items(self, features, "center")
            return context_vectors(self, center, np.zeros_like(center))
        return encode_items(self, features, side)

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
        from likewise.storage.models import save  # storage is to the right: it knows models

        return save(self, path)

    # --- what it is -----------------------------------------------------------------------------

    def info(self) -> dict[str, Any]:
        """Return what the model is, in plain values fit for JSON."""
        return _describe.info(self)

    @cached_property
    def fingerprint(self) -> str:
        """What tells this model from others: 32 hexadecimal digits, the same after saving."""
        return _describe.fingerprint(self)

    @cached_property
    def context_map(self) -> ContextMap | None:
        """What makes context vectors for items that have none; None where content composes them."""
        if self.recipe is None or self.context_content is not None:
            return None
        return fit_context_map(self.center, self.context, self.counts)

    @cached_property
    def company_map(self) -> CompanyMap | None:
        """What tells the company that items without it would keep; None where nothing does."""
        if self.recipe is None:
            return None
        return fit_company_map(self.center, self.company, self.counts)

    @cached_property
    def usual_length(self) -> float:
        """Median length of center vectors as content composes them, for the blend."""
        return usual_length(self)

    @cached_property
    def item_popularity(self) -> Popularity:
        """How popular each item is, for the blend."""
        return Popularity(self.counts)

    @property
    def nbytes(self) -> int:
        """Bytes of all vectors and weights."""
        sides = (self.center_content, self.context_content)
        arrays = (self.center, self.context, self.company, self.counts)
        weights = (self.token_weights, self.kind_weights)
        return sum(int(a.nbytes) for a in arrays + weights) + sum(
            s.nbytes for s in sides if s is not None
        )

    def __repr__(self) -> str:
        return _describe.text(self)
