"""Indexes: the best k vectors for many query vectors, exactly or approximately.

The only file that imports hnswlib. Both indexes keep one contract: vectors are compared by
cosine, answers are padded instead of failing, and a vector that is all zero is never an answer.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from likewise import _core
from likewise._search_arguments import (
    Float32,
    Int32,
    Mask,
    allowed_mask,
    check_k,
    excluded_positions,
    float_rows,
    unit_rows,
)

if TYPE_CHECKING:
    from likewise.catalogue import Catalogue

__all__ = ["ApproximateIndex", "ExactIndex", "Found", "Index", "make_index"]

# Below this many vectors comparing with all of them is as fast as building a graph and asking it.
EXACT_BELOW = 20_000
# Rows handed to hnswlib at once, so that Ctrl-C is answered between two blocks.
_BLOCK = 8192


class Found(NamedTuple):
    """What a search found: ``(n_queries, k)`` each, best first, equal scores by position.

    Attributes
    ----------
    positions : int32 array
        Positions in the index; -1 where there are fewer than ``k`` answers.
    scores : float32 array
        Cosines; minus infinity where there are fewer than ``k`` answers.
    """

    positions: Int32
    scores: Float32


class Index(ABC):
    """What exact and approximate indexes share: the checks, the filter, the padding.

    Attributes
    ----------
    catalogue : Catalogue or None
        The items the vectors belong to, in the same order; None for bare vectors.
    side : {"center", "context"} or None
        Which vectors of a model these are, where they come from one.
    dim : int
        Floats in a vector.
    """

    def __init__(
        self,
        vectors: npt.ArrayLike,
        catalogue: Catalogue | None = None,
        *,
        side: str | None = None,
        threads: int = 0,
    ) -> None:
        rows = float_rows("vectors", vectors)
        if catalogue is not None and len(catalogue) != len(rows):
            raise ValueError(
                f"catalogue must have one item for each vector: "
                f"{len(rows):,} vectors, {len(catalogue):,} items"
            )
        self.catalogue = catalogue
        self.side = side
        self.dim = int(rows.shape[1])
        self.threads = threads
        self._size = len(rows)
        self._usable = np.ones(len(rows), dtype=np.bool_)
        self._build(rows)

    @abstractmethod
    def _build(self, rows: Float32) -> None:
        """Take the vectors in and note in ``_usable`` which of them are not all zero."""

    @abstractmethod
    def _find(self, units: Float32, k: int, allowed: Mask | None, exclude: Int32 | None) -> Found:
        """Search with unit queries, 1 <= k <= len(self); short answers padded."""

    @abstractmethod
    def vectors_at(self, positions: npt.ArrayLike) -> Float32:
        """Return the unit vectors at these positions, float32 ``(n, dim)``; zeros stay zeros."""

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
        exclude: npt.ArrayLike | None = None,
    ) -> Found:
        """Find the ``k`` vectors with the highest cosine for each query.

        Parameters
        ----------
        vectors : array_like, (n_queries, dim)
            Queries, of any length. One that is all zero has no answers.
        k : int
            Answers for each query, at least 1. More than there are is fine.
        where : bool array (len(index),), or positions, or item ids, optional
            Only these may be answers. Filtered searches are exact in every index.
        exclude : int array (n_queries,), optional
            One position for each query that is not to be its answer; -1 for none.

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
        queries = float_rows("vectors", vectors, columns=self.dim)
        units, usable_query = unit_rows(queries)
        allowed = allowed_mask(where, self._usable, self.catalogue)
        excluded = excluded_positions(exclude, len(units), self._size)

        positions = np.full((len(units), wanted), -1, dtype=np.int32)
        scores = np.full((len(units), wanted), -np.inf, dtype=np.float32)
        if self._size and usable_query.any():
            found = self._find(units, min(wanted, self._size), allowed, excluded)
            width = found.positions.shape[1]
            positions[:, :width] = found.positions
            scores[:, :width] = found.scores
            positions[~usable_query] = -1
            scores[~usable_query] = -np.inf
        return Found(positions, scores)

    def recall(self, sample: int = 1000, k: int = 10, seed: int = 0) -> float:
        """Return the share of the true ``k`` best that a search finds, 0 to 1.

        Measured with ``sample`` of the index's own vectors as queries against an exact search.
        """
        usable = np.flatnonzero(self._usable)
        if len(usable) == 0 or self.exact:
            return 1.0
        rng = np.random.default_rng(seed)
        chosen = rng.choice(usable, size=min(int(sample), len(usable)), replace=False)
        queries = self.vectors_at(chosen)
        found = self.search(queries, k, exclude=chosen).positions
        true = self._exact_twin().search(queries, k, exclude=chosen).positions
        # The same positions in both rows, whatever their order; padding counts on neither side.
        rows = np.arange(len(chosen), dtype=np.int64)[:, None] * (len(self) + 1)
        hits = np.isin((found + rows)[found >= 0], (true + rows)[true >= 0]).sum()
        return float(hits / max(1, (true >= 0).sum()))

    def _exact_twin(self) -> ExactIndex:
        raise NotImplementedError


class ExactIndex(Index):
    """Compares every query with every vector, in the C++ core; always right.

    Parameters
    ----------
    vectors : array_like, (n, dim)
        Vectors of any length; compared by cosine. Copied.
    catalogue : Catalogue, optional
        The items they belong to.
    side : str, optional
        Which side of a model they are.
    threads : int
        Workers of a search; 0 takes the cores there are.

    Examples
    --------
    >>> ExactIndex([[3.0, 4.0], [4.0, 3.0]]).search([[1.0, 0.0]], k=1).scores
    array([[0.8]], dtype=float32)
    """

    def _build(self, rows: Float32) -> None:
        self._rows, usable = _core.unit_rows(rows)
        self._usable = usable.view(np.bool_)

    def _find(self, units: Float32, k: int, allowed: Mask | None, exclude: Int32 | None) -> Found:
        mask = None if allowed is None else allowed.view(np.uint8)
        positions, scores = _core.top_k(
            self._rows, self._size, units, k, mask, exclude, self.threads
        )
        return Found(positions.reshape(-1, k), scores.reshape(-1, k))

    def vectors_at(self, positions: npt.ArrayLike) -> Float32:
        """Return the unit vectors at these positions, float32 ``(n, dim)``; zeros stay zeros."""
        taken: Float32 = self._rows[np.asarray(positions, dtype=np.int64), : self.dim]
        return taken

    def _exact_twin(self) -> ExactIndex:
        return self


class ApproximateIndex(Index):
    """A navigable small-world graph (Malkov and Yashunin 2018) by hnswlib: fast, nearly right.

    Unit vectors in the inner-product space, ``M=16``, ``ef_construction=200``; the width of a
    search is ``max(64, 2 * k)``. Filtered searches, and those that want more than the graph can
    reach, are answered exactly. With more than one thread two builds may differ a little.

    Parameters
    ----------
    vectors : array_like, (n, dim)
        Vectors of any length; compared by cosine. Copied.
    catalogue : Catalogue, optional
        The items they belong to.
    side : str, optional
        Which side of a model they are.
    threads : int
        Workers of the build and of a search; 0 takes the cores there are.
    """

    def _build(self, rows: Float32) -> None:
        import hnswlib

        self._twin: ExactIndex | None = None
        self._graph = hnswlib.Index(space="ip", dim=self.dim)
        self._graph.init_index(
            max_elements=max(1, len(rows)), M=16, ef_construction=200, random_seed=100
        )
        workers = self.threads or os.cpu_count() or 1
        units, self._usable = unit_rows(rows)
        labels = np.flatnonzero(self._usable)
        for start in range(0, len(labels), _BLOCK):
            block = labels[start : start + _BLOCK]
            self._graph.add_items(units[block], block, num_threads=workers)

    def _find(self, units: Float32, k: int, allowed: Mask | None, exclude: Int32 | None) -> Found:
        usable = int(self._graph.get_current_count())
        # One more where a query leaves one out. Asking for most of a graph is slower than a scan.
        wide = k + (exclude is not None)
        filtered = allowed is not None and allowed is not self._usable
        if filtered or wide * 4 >= usable:
            return self._exact_twin()._find(units, k, allowed, exclude)
        positions = np.empty((len(units), k), dtype=np.int32)
        scores = np.empty((len(units), k), dtype=np.float32)
        for start in range(0, len(units), _BLOCK):
            block = slice(start, start + _BLOCK)
            left_out = None if exclude is None else exclude[block]
            asked = self._ask(units[block], wide)
            found = (
                self._exact_twin()._find(units[block], k, allowed, left_out)
                if asked is None
                else _best_first(*asked, k, left_out)
            )
            positions[block], scores[block] = found
        return Found(positions, scores)

    def _ask(self, units: Float32, k: int) -> tuple[npt.NDArray[np.uint64], Float32] | None:
        """Ask the graph for labels and distances; None when it cannot reach ``k`` items."""
        workers = self.threads or os.cpu_count() or 1
        width = max(64, 2 * k)
        for ef in (width, 4 * width):
            self._graph.set_ef(ef)
            try:
                labels, distances = self._graph.knn_query(units, k=k, num_threads=workers)
            except RuntimeError as error:
                # "Cannot return the results in a contiguous 2D array": fewer than k were reached.
                if "contiguous" not in str(error):
                    raise
            else:
                return labels, distances
        return None

    def vectors_at(self, positions: npt.ArrayLike) -> Float32:
        """Return the unit vectors at these positions, float32 ``(n, dim)``; zeros stay zeros."""
        at = np.asarray(positions, dtype=np.int64)
        vectors = np.zeros((len(at), self.dim), dtype=np.float32)
        there = self._usable[at]
        if there.any():
            vectors[there] = self._graph.get_items(at[there])
        return vectors

    def _exact_twin(self) -> ExactIndex:
        """Build the exact index over the same vectors when first asked for."""
        if self._twin is None:
            self._twin = ExactIndex(
                self.vectors_at(np.arange(self._size)),
                self.catalogue,
                side=self.side,
                threads=self.threads,
            )
        return self._twin


def make_index(
    vectors: npt.ArrayLike,
    catalogue: Catalogue | None = None,
    *,
    exact: bool | None = None,
    side: str | None = None,
    threads: int = 0,
) -> Index:
    """Make the index that suits the vectors: exact below 20,000 of them.

    Parameters
    ----------
    vectors : array_like, (n, dim)
        Vectors of any length; compared by cosine.
    catalogue : Catalogue, optional
        The items they belong to, in the same order.
    exact : bool, optional
        True or False decides instead of the number of vectors.
    side : str, optional
        Which side of a model they are.
    threads : int
        Workers; 0 takes the cores there are.
    """
    rows = float_rows("vectors", vectors)
    if exact is None:
        exact = len(rows) < EXACT_BELOW
    kind: type[Index] = ExactIndex if exact else ApproximateIndex
    return kind(rows, catalogue, side=side, threads=threads)


def _best_first(
    labels: npt.NDArray[np.uint64], distances: Float32, k: int, exclude: Int32 | None
) -> Found:
    """Bring hnswlib's answer into the order of the contract, without the excluded items."""
    positions = labels.astype(np.int32)
    scores = np.float32(1.0) - distances
    if exclude is not None:
        left_out = positions == exclude[:, None]
        positions[left_out] = np.iinfo(np.int32).max
        scores[left_out] = -np.inf
    order = np.lexsort((positions, -scores), axis=-1)[:, :k]
    positions = np.take_along_axis(positions, order, axis=1)
    scores = np.take_along_axis(scores, order, axis=1)
    positions[np.isneginf(scores)] = -1
    return Found(positions, scores)
