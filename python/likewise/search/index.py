"""What all indexes share, and the exact one.

Owns the contract of a search: arguments are checked here, answers are padded instead of failing,
and a vector that is all zero is never an answer. When clusters pay is in partition.py.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import likewise._core as _core
from likewise.arrays import Float32, Mask, float_rows, unit_rows
from likewise.search import index_file
from likewise.search.arguments import allowed_mask, check_k
from likewise.search.filters import (
    Filters,
    Found,
    Listed,
    add_listed,
    make_filters,
    share_found,
)  # fmt: skip
from likewise.search.partition import Clusters
from likewise.work.replacing import whole_file

if TYPE_CHECKING:
    from likewise.items import Items

Int64 = npt.NDArray[np.int64]

METRICS = ("cosine", "dot")
# What to do about vectors that do not fit, by what an index holds.
_HINTS: dict[str | None, str] = {
    "similar": "; this index holds what model.similar compares; model.index(side='center') is for "
    "vectors of encode()",
    "center": "; this index holds center vectors",
    "context": "; this index holds context vectors",
}


class Index(ABC):
    """What exact and approximate indexes share: the checks, the filter, the padding.

    Attributes
    ----------
    catalogue : Catalogue or None
        The items the vectors belong to, in the same order; None for bare vectors.
    side : {"similar", "center", "context"} or None
        Which vectors of a model these are, where they come from one.
    dim : int
        Floats in a vector.
    metric : {"cosine", "dot"}
        What a score is: the cosine, or the inner product of the vectors as they are.
    fingerprint : str or None
        Which model the vectors come from (``Model.fingerprint``), where they come from one.
    """

    kind = ""
    _size: int
    _usable: Mask  # of each vector, whether it is not all zero
    _known_usable: Mask | None = None  # the same, from whoever made the vectors, until it is built

    def __init__(
        self,
        vectors: npt.ArrayLike,
        catalogue: Items | None = None,
        *,
        side: str | None = None,
        metric: str = "cosine",
        fingerprint: str | None = None,
        threads: int = 0,
        usable: Mask | None = None,
    ) -> None:
        if metric not in METRICS:
            raise ValueError(f"metric must be 'cosine' or 'dot', got {metric!r}")
        rows = float_rows("vectors", vectors)
        self._known_usable = usable
        if catalogue is not None and len(catalogue) != len(rows):
            raise ValueError(
                f"catalogue must have one item for each vector: "
                f"{len(rows):,} vectors, {len(catalogue):,} items"
            )
        self._describe(
            catalogue, side=side, metric=metric, fingerprint=fingerprint, threads=threads
        )
        self._size, self.dim = map(int, rows.shape)
        self._build(rows)

    def _describe(
        self,
        catalogue: Items | None,
        *,
        side: str | None,
        metric: str,
        fingerprint: str | None,
        threads: int,
    ) -> None:
        self.catalogue = catalogue
        self.side = side
        self.metric = metric
        self.fingerprint = fingerprint
        self.threads = threads
        self.domain: Any = None  # of the catalogue, where queries need it: score/blend.py
        self.evidence: Any = None  # what pairs say of its answers: score/evidence.py
        self.trained_at: Any = None  # where its items are in training, where some keep their rows
        # What items at some positions ask with, given these and their vectors, where it is known.
        self.as_asked: Callable[[Int64, Float32], Float32] | None = None

    @classmethod
    @abstractmethod
    def _restored(cls, about: dict[str, Any], sections: dict[str, Any], **described: Any) -> Index:
        """Make an index of what a file holds; `described` are the arguments of _describe.

        Raises ValueError saying what of the sections does not fit.
        """

    @abstractmethod
    def _build(self, rows: Float32) -> None:
        """Take the vectors in and note in ``_usable`` which of them are not all zero."""

    @abstractmethod
    def _find(self, queries: Float32, k: int, filters: Filters) -> Found:
        """Search with prepared queries, 1 <= k <= len(self); short answers padded."""

    @abstractmethod
    def vectors_at(self, positions: npt.ArrayLike) -> Float32:
        """Return the vectors at these positions, float32 ``(n, dim)``; of length 1 for cosines."""

    @abstractmethod
    def _sections(self) -> dict[str, Any]:
        """Return what a file keeps of the vectors: bytes by name."""

    @property
    def exact(self) -> bool:
        """Whether every answer is the true one."""
        return isinstance(self, ExactIndex)

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        side = f", {self.side} side" if self.side else ""
        return f"{type(self).__name__}({self._size:,} vectors, {self.dim} dimensions{side})"

    def search(
        self,
        vectors: npt.ArrayLike,
        k: int = 10,
        where: npt.ArrayLike | Sequence[str] | None = None,
        exclude: npt.ArrayLike | Sequence[Sequence[int]] | None = None,
        *,
        same: tuple[Any, Any] | None = None,
        different: tuple[Any, Any] | Sequence[tuple[Any, Any]] | None = None,
        listed: Listed | None = None,
    ) -> Found:
        """Find the ``k`` vectors with the highest score for each query.

        Parameters
        ----------
        vectors : array_like, (n_queries, dim)
            Queries, of any length. One that is all zero has no answers.
        k : int
            Answers for each query, at least 1. More than there are is fine.
        where : bool array (len(index),), or positions, or item ids, optional
            Only these may be answers.
        exclude : int array (n_queries,), or a list of positions for each query, optional
            What is not to be an answer of that query; -1 for none.
        same : pair of columns, optional
            Values of the queries (n_queries,) and of the index's vectors (n,), text or whole
            numbers: an answer has the query's value. A null or negative value is unknown: it has
            no answers and is none.
        different : pair of columns or a list of pairs, optional
            Likewise, and an answer has another value. An unknown value differs from everything.
        listed : Listed, optional
            Answers whose score is more than their vectors say.

        Returns
        -------
        Found
            ``positions`` and ``scores``, each ``(n_queries, k)``, best first, padded with -1 and
            minus infinity.

        Raises
        ------
        ValueError, TypeError
            When an argument has the wrong shape, type or range.
        UnknownItemError
            When ``where`` names an item that is not in the index.

        Examples
        --------
        >>> index = ExactIndex([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
        >>> index.search([[2.0, 1.0]], k=2).positions
        array([[0, 1]], dtype=int32)
        """
        wanted = check_k(k)
        queries, usable_query = self._prepared(vectors)
        allowed = allowed_mask(where, self._usable, self.catalogue)
        filters = make_filters(allowed, exclude, same, different, len(queries), self._size)

        positions = np.full((len(queries), wanted), -1, dtype=np.int32)
        scores = np.full((len(queries), wanted), -np.inf, dtype=np.float32)
        if self._size and usable_query.any():
            found = self._find(queries, min(wanted, self._size), filters)
            if listed is not None and len(listed.positions):
                found = self._add(listed, queries, found, filters)
            width = found.positions.shape[1]
            positions[:, :width] = found.positions
            scores[:, :width] = found.scores
            positions[~usable_query] = -1
            scores[~usable_query] = -np.inf
        return Found(positions, scores)

    def _add(self, listed: Listed, queries: Float32, found: Found, filters: Filters) -> Found:
        """Put what queries list among the best by vectors; any of the best is one or the other."""
        return add_listed(listed, queries, found, filters, self.vectors_at)

    def with_listed(
        self, queries: Float32, found: Found, listed: Listed, exclude: npt.NDArray[Any]
    ) -> Found:
        """Return what `search` finds with what queries list, of what it found without."""
        filters = make_filters(None, exclude, None, None, len(queries), self._size)
        return self._add(listed, queries, found, filters)

    def _prepared(self, vectors: npt.ArrayLike) -> tuple[Float32, Mask]:
        """Check queries and bring them to the length that scores are of."""
        try:
            rows = float_rows("vectors", vectors, columns=self.dim)
        except ValueError as error:
            raise ValueError(f"{error}{_HINTS.get(self.side, '')}") from None
        if self.metric == "cosine":
            return unit_rows(rows)
        return rows, _core.usable_rows(rows, self.threads).view(np.bool_)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save the index as one file, which :func:`likewise.load_index` reads.

        The file has a header with format version, kind, dimensions, metric and the model's
        fingerprint, and checksums of everything in it; the catalogue is in it, too. It is written
        beside its place and renamed.

        Raises
        ------
        StorageError
            When it cannot be written.
        """
        sections = self._sections()
        about = {
            "kind": self.kind, "size": len(self), "dim": self.dim, "metric": self.metric,
            "side": self.side, "ef": getattr(self, "ef", None), "fingerprint": self.fingerprint,
        }  # fmt: skip
        with whole_file(Path(path)) as draft, draft.open("wb") as file:
            index_file.write(file, about, sections, index_file.table_of(self.catalogue))
        return Path(path)

    def recall(
        self,
        sample: int = 1000,
        k: int = 10,
        seed: int = 0,
        queries: npt.ArrayLike | None = None,
        exclude: npt.ArrayLike | None = None,
    ) -> float:
        """Return the share of the true ``k`` best that a search finds, 0 to 1.

        Measured against an exact search with these ``queries``, (n, dim), each without the position
        in ``exclude``, as in :meth:`search`; or with ``sample`` of the index's items, each without
        itself. Items ask with what a model asks with for them where it made the index
        (``similar``: with the usual weight of popularity), and with their own vectors in an index
        of bare vectors or from a file, popularity aside. Answers with equal scores are equally
        good: what counts is to score no less than the true k-th.
        """
        if not self._usable.any() or self.exact:
            return 1.0
        asked, chosen = self._sample(sample, seed, queries, exclude)
        true = self._exact_twin().search(asked, k, exclude=chosen)
        return share_found(self.search(asked, k, exclude=chosen), true)

    def _sample(
        self,
        sample: int,
        seed: int,
        queries: npt.ArrayLike | None,
        exclude: npt.ArrayLike | None,
    ) -> tuple[npt.ArrayLike, npt.ArrayLike | None]:
        """Return these queries, or what some of the index's items ask with and where those are."""
        if queries is not None:
            return queries, exclude
        if exclude is not None:
            raise ValueError("exclude must be left out without queries: items leave themselves out")
        usable = np.flatnonzero(self._usable)
        rng = np.random.default_rng(seed)
        chosen = rng.choice(usable, size=min(int(sample), len(usable)), replace=False)
        vectors = self.vectors_at(chosen)
        if self.as_asked is not None:
            vectors = self.as_asked(chosen, vectors)
        elif self.side == "similar":
            vectors[:, -1] = 0.0  # popularity, the last part of the blend, as if it had no weight
        return vectors, chosen

    def _exact_twin(self) -> ExactIndex:
        raise NotImplementedError


class ExactIndex(Index):
    """Compares every query with every vector, in the C++ core; always right.

    Parameters
    ----------
    vectors : array_like, (n, dim)
        Vectors of any length. Copied.
    catalogue, side, metric, fingerprint
        As in :class:`Index`.
    threads : int
        Workers of a search; 0 takes the cores there are.
    usable : bool array (n,), optional
        Which vectors are not all zero, where that is known. The others are finite then, and of
        length 1 for cosines; the index keeps the array itself instead of a copy.

    Examples
    --------
    >>> ExactIndex([[3.0, 4.0], [4.0, 3.0]]).search([[1.0, 0.0]], k=1).scores
    array([[0.8]], dtype=float32)
    """

    kind = "exact"

    def _build(self, rows: Float32) -> None:
        known = self._known_usable
        made = unit_rows(rows, self.metric == "cosine") if known is None else (rows, known)
        self._rows, self._usable = made
        self._clusters = Clusters(self._rows, self._usable, self.threads)

    def keep(self) -> None:
        """Make all vectors that are not there yet: here all are."""

    @property
    def rows(self) -> Float32:
        """All vectors as they are held, float32 ``(n, dim)``; made where they are not there yet."""
        self.keep()
        return self._rows

    def _find(self, queries: Float32, k: int, filters: Filters) -> Found:
        return self._find_within(1.0, queries, k, filters)

    def _find_within(
        self, reach: float, queries: Float32, k: int, filters: Filters, alone: bool = False
    ) -> Found:
        """Search by clusters where that pays, with this reach, and else compare all with all."""
        allowed, each = filters.allowed, (filters.exclude, filters.excluded, filters.same)
        if self._clusters.pay(len(queries), k, allowed, filters.same):
            positions, scores = self._clusters.partition(allowed).search(
                queries, k, *each, filters.different, reach, alone, self.threads
            )
        else:
            mask = None if allowed is None else allowed.view(np.uint8)
            positions, scores = _core.top_k(
                self._rows, queries, k, mask, *each, filters.different, self.threads
            )
        return Found(positions.reshape(-1, k), scores.reshape(-1, k))

    def _add(self, listed: Listed, queries: Float32, found: Found, filters: Filters) -> Found:
        if len(self._rows) < self._size:  # they are not there yet
            return super()._add(listed, queries, found, filters)
        allowed = self._usable if filters.allowed is None else filters.allowed & self._usable
        positions, scores = _core.add_listed(
            self._rows, queries, found.positions.reshape(-1), found.scores.reshape(-1),
            listed.arrays(), allowed.view(np.uint8), filters.exclude, filters.excluded,
            filters.same, filters.different, self.threads,
        )  # fmt: skip
        return Found(positions.reshape(found.positions.shape), scores.reshape(found.scores.shape))

    @classmethod
    def _restored(
        cls, about: dict[str, Any], sections: dict[str, Any], **described: Any
    ) -> ExactIndex:
        rows = index_file.vectors_of(about, sections["vectors"])
        usable = None
        if described["metric"] == "dot":  # what the file was read to is not copied
            usable = _core.usable_rows(rows, described["threads"]).view(np.bool_)
        return cls(rows, usable=usable, **described)

    def vectors_at(self, positions: npt.ArrayLike) -> Float32:
        """Return vectors as they are held; see `Index.vectors_at`."""
        taken: Float32 = self._rows[np.asarray(positions, dtype=np.int64)]
        return taken

    def _sections(self) -> dict[str, Any]:
        return {"vectors": np.ascontiguousarray(self._rows)}

    def _exact_twin(self) -> ExactIndex:
        return self
