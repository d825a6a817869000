"""The model: what training learned, and the verbs of one line that ask it.

Owns which verbs there are; what they do is in the rooms to the left, whose functions take what
training learned (state.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from likewise.arrays import Float32
from likewise.errors import InputError
from likewise.model import describe
from likewise.neighbours.recommend import recommend_all
from likewise.options import Options, takes_sessions
from likewise.questions.answers import analogy, complements, index, similar
from likewise.questions.categories import category_vectors
from likewise.questions.explain import explain
from likewise.questions.keyed import (
    contains,
    ids_in_order,
    length,
    most_similar,
    similarity,
    vector_of,
)
from likewise.questions.queries import new_items
from likewise.score.blend import blend_of, fingerprint_of
from likewise.score.co_occurrence import CoOccurrence
from likewise.search.arguments import check_side
from likewise.state import State
from likewise.storage import models
from likewise.storage.exports import to_gensim
from likewise.tables.catalogue import Catalogue, as_catalogue
from likewise.tables.sessions import Sessions
from likewise.training.fit import fit
from likewise.training.progress import Progress

__all__ = ["Model", "load", "save", "train"]

Source = Any  # whatever Catalogue.read takes


class Model(State):
    """A trained model: made by :func:`likewise.train` or :func:`likewise.load`.

    Its arrays are those of :class:`likewise.state.State`: ``options``, ``recipe``, ``catalogue``,
    ``counts`` (events of each item, int64 (n_items,), 0 for a cold one), ``center`` and ``context``
    (float32 (n_items, dim), own rows included, all zero for an item with neither content nor
    events), the weights that compose vectors of other items, ``history`` (progress records of
    training), ``created`` and ``version``.
    """

    catalogue: Catalogue

    # --- asking -----------------------------------------------------------------------------------

    similar = similar
    complements = complements
    analogy = analogy
    explain = explain
    recommend_all = recommend_all
    index = index

    # --- as gensim's KeyedVectors -----------------------------------------------------------------

    most_similar = most_similar
    similarity = similarity
    __contains__ = contains
    __getitem__ = vector_of
    __len__ = length
    __iter__ = ids_in_order

    # --- vectors ----------------------------------------------------------------------------------

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
            The items; dicts may have a name and a category alone.
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
        check_side(side)
        items: Catalogue | None = new_items(catalogue)
        if items is None:
            items = as_catalogue(catalogue)
        elif own_rows:
            raise InputError("own_rows must be left out where items have no item_id, got True")
        else:
            own_rows = False  # their numbers are not ids
        return self.encoder.encode(items, side, self.encoder.positions(items, own_rows))

    def all_contexts(self) -> Float32:
        """Return context vectors of the items of training, float32 (n_items, dim).

        Those of ``context``, and by linear regression those of items that have none there.
        """
        return self.encoder.contexts(self.center, self.context)

    @property
    def company(self) -> CoOccurrence:
        """Which items share sessions with which: ``items``, int32 (m,), and their 64 ``rows``."""
        found: CoOccurrence = blend_of(self).part(CoOccurrence)
        return found

    def category_vectors(self, side: str = "center") -> pa.Table:
        """Return every category level with the mean of the unit vectors of the items below it.

        Returns
        -------
        pyarrow.Table
            ``category`` (the path down to this level, levels joined by `` > ``), ``level`` (1 is
            the top), ``items`` (int64, how many are below), ``vector`` (fixed-size list of
            float32), ordered by path. Items whose vector is all zero count, but do not pull.
        """
        check_side(side)
        return category_vectors(getattr(self, side), self.catalogue)

    # --- files and what it is ---------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save the model as a folder; see :func:`likewise.save`."""
        return models.save(self, path)

    to_gensim = to_gensim

    def info(self) -> dict[str, Any]:
        """Return what the model is, in plain values fit for JSON.

        ``content`` says in words what items are known by, ``missing`` lists what training had
        nothing of: names, categories, character n-grams.
        """
        return describe.info(self)

    @property
    def fingerprint(self) -> str:
        """What tells this model from others: 32 hexadecimal digits, the same after saving."""
        return fingerprint_of(self)

    def __repr__(self) -> str:
        return describe.text(self)


save = models.save


def load(path: str | os.PathLike[str], verify: bool = True) -> Model:
    """Load a model; its arrays are memory-mapped and read-only.

    Parameters
    ----------
    path : path
        A folder that :func:`save` wrote.
    verify : bool
        Compare the checksums of all files, which reads them once. Sizes, shapes and types are
        compared in any case.

    Returns
    -------
    Model

    Raises
    ------
    StorageError
        When there is no model, a file is missing or damaged, or a later version wrote it; the
        message names the file.
    """
    return models.load(path, verify, Model)


@takes_sessions
def train(
    sessions: Sessions | Any,
    catalogue: Catalogue | Any | None = None,
    options: Options | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    verbose: bool = False,
    **overrides: Any,
) -> Model:
    """Train a model: skip-gram with negative sampling over sessions, items composed of content.

    Parameters
    ----------
    sessions : Sessions, or what ``Sessions.read`` takes
        Who saw what, in order.
    catalogue : Catalogue, or what ``Catalogue.read`` takes, optional
        The items. It may be left out when ``sessions`` is a ``Sessions``, which knows its own.
    options : Options, optional
        The defaults when left out.
    progress : callable, optional
        Called with a record (a dict) about twice a second and once at the end; what it raises
        stops training.
    verbose : bool
        Show a progress bar with pairs/s, loss per pair and time left on standard error.
    **overrides
        Single options that replace those of ``options``.

    Returns
    -------
    Model
        With center and context vectors of every item of the catalogue, cold ones included. Where
        no item has a name or a category, items are known by their ids alone, as with
        ``content=False``, and the model's options say so; ``info()["missing"]`` lists what else
        there was nothing of.

    Raises
    ------
    InputError
        When there is nothing to train on.
    TrainingError
        When numbers overflow; names the epoch and the learning rate.
    KeyboardInterrupt
        On Ctrl-C, within a tenth of a second; nothing is left behind.
    MemoryError
        When the tables do not fit; says how large they would be.

    Examples
    --------
    >>> from likewise import Catalogue, Sessions, train
    >>> catalogue = Catalogue.read([{"item_id": "a", "category": "Toys", "name": "red ball"},
    ...                             {"item_id": "b", "category": "Toys", "name": "blue ball"}])
    >>> model = train(Sessions.read([["a", "b"]] * 3, catalogue), epochs=1, dim=8, threads=1)
    >>> model.center.shape
    (2, 8)

    Notes
    -----
    Mikolov et al. 2013, *Distributed Representations of Words and Phrases and their
    Compositionality*; Barkan and Koenigstein 2016, *Item2Vec*; Bojanowski et al. 2017, *Enriching
    Word Vectors with Subword Information*. Lock-free updates: Niu et al. 2011, *Hogwild!*
    """
    return fit(
        sessions, catalogue, options,
        made=Model, progress=progress, verbose=verbose, **overrides,
    )  # fmt: skip
