"""The index of first questions: exact, of vectors that are made while they are compared.

Owns when they are kept. To make the vectors of a large catalogue takes a tenth of a second, and to
find memory for all of them several: whoever asks once never has them as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import likewise._core as _core
from likewise.arrays import Float32, Int32, Mask
from likewise.search.filters import Filters, Found
from likewise.search.index import ExactIndex
from likewise.search.partition import Clusters

if TYPE_CHECKING:
    from likewise.items import Items

__all__ = ["StreamedIndex"]

# Vectors made at once: as many as a cache holds.
_BLOCK = 8192
# More vectors than these are looked up in all of them, and more queries are no first question:
# what is found in one block after the other has to be merged.
_FEW = 128
_FEW_QUERIES = 64
#: Writes vectors from a position up to another one as an index holds them, of length 1 for cosines;
#: returns which are not all zero.
Make = Callable[[int, int, Float32], Mask]


class StreamedIndex(ExactIndex):
    """An exact index that makes its vectors for the first search, and keeps them from the second.

    Parameters
    ----------
    make : callable
        Called with (first, last, out), out float32 ``(last - first, dim)``: see `Make`.
    size, dim : int
        Vectors, and floats of one.
    catalogue : Catalogue, optional
        The items they belong to.
    side, metric, fingerprint, threads
        As in :class:`ExactIndex`.

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    >>> def make(first, last, out):
    ...     out[:] = rows[first:last]
    ...     return out.any(axis=1)
    >>> StreamedIndex(make, 2, 2, metric="dot").search([[0.0, 2.0]], k=1).scores
    array([[2.]], dtype=float32)
    """

    def __init__(
        self,
        make: Make,
        size: int,
        dim: int,
        catalogue: Items | None = None,
        *,
        side: str | None = None,
        metric: str = "cosine",
        fingerprint: str | None = None,
        threads: int = 0,
    ) -> None:
        self._describe(
            catalogue, side=side, metric=metric, fingerprint=fingerprint, threads=threads
        )
        self._make, self._size, self.dim = make, size, dim
        self._usable = np.ones(size, np.bool_)  # as far as is known before they are made
        self._rows = np.zeros((0, dim), np.float32)
        self._kept = self._asked = False

    def keep(self) -> None:
        """Make all vectors that are not kept yet."""
        if not self._kept:
            rows = np.empty((self._size, self.dim), np.float32)
            self._usable = self._make(0, self._size, rows)
            self._rows, self._kept = rows, True
            self._clusters = Clusters(rows, self._usable, self.threads)

    def _find(self, queries: Float32, k: int, filters: Filters) -> Found:
        first = not self._asked and len(queries) <= _FEW_QUERIES
        one_pass = first and not filters.by_query
        self._asked = True
        if one_pass and not self._kept:
            return self._pass(queries, k, filters)
        self.keep()
        if not self._usable.all():
            allowed = self._usable if filters.allowed is None else filters.allowed & self._usable
            filters = replace(filters, allowed=allowed)
        return super()._find(queries, k, filters)

    def _pass(self, queries: Float32, k: int, filters: Filters) -> Found:
        """Search while vectors are made, block after block."""
        room = np.empty((min(_BLOCK, self._size), self.dim), np.float32)
        best = Found(np.zeros((len(queries), 0), np.int32), np.zeros((len(queries), 0), np.float32))
        for first in range(0, self._size, _BLOCK):
            last = min(first + _BLOCK, self._size)
            rows = room[: last - first]
            allowed = self._make(first, last, rows)
            if filters.allowed is not None:
                allowed = allowed & filters.allowed[first:last]
            positions, scores = _core.top_k(
                rows,
                queries,
                min(k, last - first),
                np.ascontiguousarray(allowed).view(np.uint8),
                _from(filters.exclude, first, last),
                threads=self.threads,
            )
            shape = (len(queries), -1)
            positions[positions >= 0] += first
            best = _merged(best, Found(positions.reshape(shape), scores.reshape(shape)), k)
        return best

    def vectors_at(self, positions: npt.ArrayLike) -> Float32:
        """Return vectors as they are held; see `Index.vectors_at`."""
        at = np.asarray(positions, dtype=np.int64)
        if len(at) <= _FEW and not self._kept:
            found = np.empty((len(at), self.dim), np.float32)
            for place, position in enumerate(range(self._size)[p] for p in at.tolist()):
                self._make(position, position + 1, found[place : place + 1])
            return found
        self.keep()
        return super().vectors_at(at)

    def _sections(self) -> dict[str, Any]:
        self.keep()
        return super()._sections()


def _from(exclude: Int32 | None, first: int, last: int) -> Int32 | None:
    """Return what is excluded of a block, counted from its first; -1 where it is elsewhere."""
    if exclude is None:
        return None
    inside = (exclude >= first) & (exclude < last)
    return np.where(inside, exclude - first, -1).astype(np.int32)


def _merged(one: Found, other: Found, k: int) -> Found:
    """Return the best k of two answers, best first, equal scores by position."""
    positions = np.concatenate([one.positions, other.positions], axis=1)
    scores = np.concatenate([one.scores, other.scores], axis=1)
    late = np.where(positions < 0, np.iinfo(np.int32).max, positions)
    order = np.lexsort((late, -scores), axis=-1)[:, :k]
    return Found(
        np.take_along_axis(positions, order, axis=1), np.take_along_axis(scores, order, axis=1)
    )
