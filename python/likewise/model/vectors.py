"""Vectors: ids and vectors of any other model, with the verbs of a model.

Owns nothing but both, so that sentence encoders, images and a model of ours can be compared side by
side.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from likewise.arrays import Float32, float_rows
from likewise.errors import InputError
from likewise.neighbours.recommend import recommend_all
from likewise.questions.answers import analogy_of, vectors_of
from likewise.questions.keyed import (
    contains,
    ids_in_order,
    length,
    most_like,
    refuse,
    similarity,
    vector_of,
)
from likewise.questions.queries import query_of
from likewise.search.indexes import EXACT_COMPARISONS, Index, make_index
from likewise.search.matches import BatchMatches, Matches
from likewise.storage.exports import to_gensim, write_parquet
from likewise.tables.catalogue import Catalogue

__all__ = ["Vectors"]


class Vectors:
    """Items and a vector of each, from wherever they come.

    ``similar``, ``index``, ``analogy`` and ``recommend_all`` are those of :class:`Model`;
    complements are not known, and neither are items without a vector.

    Parameters
    ----------
    items : Catalogue, or sequence of ids
        A catalogue brings names and categories along.
    matrix : array_like (n, dim)
        Their vectors, in the same order; copied to float32. All zero is none.
    threads : int
        Workers; 0 takes the cores there are.

    Examples
    --------
    >>> shoes = Vectors(["a", "b", "c"], [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    >>> shoes.similar("a", k=1).ids
    ['b']
    """

    def __init__(self, items: Catalogue | Any, matrix: npt.ArrayLike, threads: int = 0) -> None:
        catalogue = items if isinstance(items, Catalogue) else Catalogue.from_ids(items)
        rows = float_rows("matrix", matrix)
        if len(rows) != len(catalogue):
            raise InputError(
                f"matrix must have one row for each item: {len(catalogue):,} items, "
                f"{len(rows):,} rows"
            )
        if not np.isfinite(rows).all():
            bad = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
            raise InputError(f"matrix must be finite, row {bad} is not")
        self.catalogue = catalogue
        self.center = self.context = rows
        self.options = SimpleNamespace(dim=int(rows.shape[1]), threads=threads, content=False)
        self.center_content = self.recipe = None
        self._indexes: dict[bool, Index] = {}

    recommend_all = recommend_all
    to_gensim = to_gensim

    similarity = similarity
    __contains__ = contains
    __getitem__ = vector_of
    __len__ = length
    __iter__ = ids_in_order

    def __repr__(self) -> str:
        return f"<Vectors of {len(self):,} items, {self.options.dim} dimensions>"

    @cached_property
    def fingerprint(self) -> str:
        """What tells these vectors from others: 32 hexadecimal digits."""
        rows = self.center[
            np.linspace(0, max(0, len(self) - 1), 1000).astype(np.int64)[: len(self)]
        ]
        digest = hashlib.sha256(f"vectors {self.center.shape}".encode())
        digest.update(np.ascontiguousarray(rows).tobytes())
        return digest.hexdigest()[:32]

    def similar(
        self,
        items: str | int | Sequence[str] | Any | None = None,
        k: int = 10,
        *,
        vector: npt.ArrayLike | None = None,
        where: npt.ArrayLike | Sequence[str] | None = None,
        exact: bool | None = None,
    ) -> Matches | BatchMatches:
        """Find the items most alike by cosine; arguments are those of :meth:`Model.similar`."""
        query = query_of(self, items, None, None, vector, None)
        if query.others is not None:
            self.encode(query.others)
        vectors = vectors_of(self, query, "center")
        if exact is None:
            exact = len(vectors) * len(self) <= EXACT_COMPARISONS
        exclude = None if query.ids is None else query.positions
        found = self._own_index(exact).search(vectors, k, where=where, exclude=exclude)
        if query.single:
            title = f"similar to {query.title}"
            return Matches(found.positions[0], found.scores[0], self.catalogue, title)
        return BatchMatches(found.positions, found.scores, self.catalogue, query.ids)

    def analogy(
        self, positive: Sequence[str] | str, negative: Sequence[str] | str = (), k: int = 10
    ) -> Matches:
        """Find what is like ``positive`` items and unlike ``negative`` ones."""
        return analogy_of(self.catalogue, self._own_index(True), positive, negative, k)

    def most_similar(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        *,
        restrict_vocab: int | None = None,
        **elsewhere: Any,
    ) -> list[tuple[str, float]] | Float32:
        """Find items by cosine, as gensim does; see :meth:`Model.most_similar`.

        The items are taken to be in the order of their frequency, as in files of word2vec.
        """
        refuse(elsewhere)
        order = np.arange(len(self))
        index = self._own_index(True)
        return most_like(self, index, positive, negative, topn, restrict_vocab, order)

    def _own_index(self, exact: bool) -> Index:
        if exact not in self._indexes:
            self._indexes[exact] = self.index(exact=exact)
        return self._indexes[exact]

    def index(
        self,
        catalogue: Catalogue | None = None,
        side: str = "center",
        exact: bool | None = None,
        *,
        own_rows: bool | None = None,
        ef: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Index:
        """Make an index of the vectors, as :meth:`Model.index` does for the items of training.

        They are all there is to be similar by: side ``"similar"`` is ``"center"``.
        """
        if catalogue is not None and catalogue is not self.catalogue:
            self.encode(catalogue)
        if side not in ("similar", "center"):
            raise ValueError("vectors of another model have one side: complements are not known")
        return make_index(
            self.center, self.catalogue, exact=exact, side="center", fingerprint=self.fingerprint,
            threads=self.options.threads, ef=ef, progress=progress,
        )  # fmt: skip

    def encode(self, catalogue: Any, side: str = "center", **_: Any) -> NoReturn:
        """Refuse: there is no vector but those given."""
        raise InputError(
            "vectors of another model cannot be composed: only its own items are known"
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write ids and vectors as Parquet; see :func:`likewise.interop.write_parquet`."""
        return write_parquet(self, path)
