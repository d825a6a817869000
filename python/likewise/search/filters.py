"""What may be an answer to which query, checked and brought into the form the core takes.

Owns the filters of a search: one mask for all queries, one or several excluded positions for each,
columns in which query and answer must be equal or different; what a query lists, answers whose
score is more than their vectors say; and what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from likewise.arrays import Float32, Int32, Mask, check_positions

Int64 = npt.NDArray[np.int64]
Pair = tuple[Int32, Int32]


class Found(NamedTuple):
    """What a search found: ``(n_queries, k)`` each, best first, equal scores by position.

    Attributes
    ----------
    positions : int32 array
        Positions in the index; -1 where there are fewer than ``k`` answers.
    scores : float32 array
        Cosines, or inner products; minus infinity where there are fewer than ``k`` answers.
    """

    positions: Int32
    scores: Float32


@dataclass(frozen=True, eq=False)
class Filters:
    """Everything that keeps a vector from being an answer; None where nothing does.

    Attributes
    ----------
    allowed : bool array (n,)
        False is never an answer.
    exclude : int32 array (n_queries,)
        One position that is not an answer of this query; -1 for none.
    excluded : int64 array (n_queries + 1,) and int32 array
        Offsets, and further positions that are no answers of the query.
    same : int32 arrays (n_queries,) and (n,)
        Codes of queries and vectors that must be equal; -1 is unknown and equals nothing.
    different : list of such pairs
        Codes that must not be equal; -1 differs from everything.
    """

    allowed: Mask | None = None
    exclude: Int32 | None = None
    excluded: tuple[Int64, Int32] | None = None
    same: Pair | None = None
    different: tuple[Pair, ...] = ()

    @property
    def by_query(self) -> bool:
        """Whether different queries may have different answers to choose from, self aside."""
        return self.excluded is not None or self.same is not None or bool(self.different)

    def of(self, rows: Int64 | slice) -> Filters:
        """Return the filters of some queries."""
        excluded = None
        if self.excluded is not None:
            offsets, positions = self.excluded
            chosen = np.arange(len(offsets) - 1)[rows]
            lists = [positions[offsets[q] : offsets[q + 1]] for q in chosen]
            excluded = _lists(lists)
        return replace(
            self,
            exclude=None if self.exclude is None else self.exclude[rows],
            excluded=excluded,
            same=None if self.same is None else (_codes(self.same[0][rows]), self.same[1]),
            different=tuple((_codes(asked[rows]), there) for asked, there in self.different),
        )

    def passes(self, positions: Int32) -> Mask:
        """Tell which found positions, (n_queries, m), may be answers; -1 may not."""
        passed = positions >= 0
        if self.allowed is not None:
            passed &= self.allowed[positions]
        if self.exclude is not None:
            passed &= positions != self.exclude[:, None]
        if self.same is not None:
            asked, there = self.same
            passed &= (asked[:, None] >= 0) & (there[positions] == asked[:, None])
        passed &= self.differs(np.arange(len(positions))[:, None], positions)
        if self.excluded is not None:
            offsets, listed = self.excluded
            for row in np.flatnonzero(np.diff(offsets)):
                gone = listed[offsets[row] : offsets[row + 1]]
                passed[row] &= ~np.isin(positions[row], gone)
        return passed

    def differs(self, rows: Int64, positions: Int32) -> Mask:
        """Tell which positions differ from queries as ``different`` wants; shapes broadcast."""
        passed = np.ones(np.broadcast_shapes(rows.shape, positions.shape), np.bool_)
        for asked, there in self.different:
            passed &= (asked[rows] < 0) | (there[positions] != asked[rows])
        return passed


@dataclass(frozen=True, eq=False)
class Listed:
    """What each query lists: answers, and how much stands for them beside their vectors.

    A score s of vectors becomes ``log(exp(sharpness s) + weight) / sharpness``, at most 1 where s
    is: a mixture of two opinions, each as good as a probability but for one factor.

    Attributes
    ----------
    offsets : int64 array (n_queries + 1,)
        Query q lists what stands in [offsets[q], offsets[q + 1]).
    positions : int32 array (n,)
        Positions in an index, each once for a query.
    weights : float32 array (n,)
        Above 0; one below 0 is what is added to the score itself.
    sharpness : float
        Above 0.
    """

    offsets: Int64
    positions: Int32
    weights: Float32
    sharpness: float

    def arrays(self) -> tuple[Int64, Int32, Float32, float]:
        """Return what the core takes."""
        return self.offsets, self.positions, self.weights, self.sharpness

    def joined(self, scores: npt.NDArray[Any], weights: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the whole scores, float32, of scores by vectors; a weight of 0 changes none."""
        given = np.asarray(scores, np.float64)
        weights = np.asarray(weights)
        weighty = weights > 0
        there = np.where(weighty, given, 0.0)  # elsewhere there may be no score
        more = np.log1p(np.maximum(weights, 0) * np.exp(-self.sharpness * there)) / self.sharpness
        whole = np.maximum(there, np.minimum(there + more, 1.0))
        added = np.where(weights < 0, np.maximum(given, np.minimum(given - weights, 1.0)), given)
        return np.asarray(np.where(weighty, whole, added), np.float32)

    def padded(self) -> tuple[Int32, Float32]:
        """Return positions and weights, (n_queries, m) each, filled up with -1 and 0."""
        lengths = np.diff(self.offsets)
        places = np.arange(lengths.max(initial=0)) < lengths[:, None]
        positions = np.full(places.shape, -1, np.int32)
        weights = np.zeros(places.shape, np.float32)
        positions[places], weights[places] = self.positions, self.weights
        return positions, weights


def add_listed(
    listed: Listed,
    queries: Float32,
    found: Found,
    filters: Filters,
    vectors_at: Callable[[npt.ArrayLike], Float32],
) -> Found:
    """Merge what queries list with what was found, where the core does not have the vectors."""
    positions, weights = listed.padded()
    passed = filters.passes(positions)
    some, place = np.unique(np.where(passed, positions, -1), return_inverse=True)
    rows = vectors_at(np.maximum(some, 0))
    usable: Mask = np.asarray(rows.any(axis=1))
    passed &= usable[place.reshape(positions.shape)]
    scores = np.full(positions.shape, -np.inf, np.float32)
    for q, there in enumerate(passed):
        by_vectors = rows[place.reshape(positions.shape)[q, there]].astype(np.float64) @ queries[q]
        scores[q, there] = listed.joined(by_vectors, weights[q, there])
    named = (found.positions[:, :, None] == positions[:, None, :]).any(axis=2)
    by_vectors = np.where(named, -np.inf, found.scores)
    both = np.concatenate([np.where(named, -1, found.positions), positions], axis=1)
    scores = np.concatenate([by_vectors, scores], axis=1)
    late = np.where(np.isfinite(scores), both, np.iinfo(np.int32).max)
    best = np.lexsort((late, -scores), axis=-1)[:, : found.positions.shape[1]]
    scores = np.take_along_axis(scores, best, axis=1)
    chosen = np.where(np.isfinite(scores), np.take_along_axis(both, best, axis=1), -1)
    return Found(chosen.astype(np.int32), scores.astype(np.float32))


def share_found(found: Found, true: Found) -> float:
    """Return the share of the true best that was found, or something with equal scores."""
    wanted = np.isfinite(true.scores)
    last = np.where(wanted, true.scores, np.float32(np.inf)).min(axis=1, keepdims=True)
    last = np.where(np.isfinite(last), last, np.float32(0.0))  # a query without answers
    hits = wanted & (found.scores >= last - np.float32(1e-6) * np.maximum(1.0, np.abs(last)))
    return float(hits.sum() / max(1, wanted.sum()))


def make_filters(
    allowed: Mask | None,
    exclude: Any,
    same: Any,
    different: Any,
    n_queries: int,
    size: int,
) -> Filters:
    """Check the arguments of a search that filter its answers."""
    one, several = _excluded(exclude, n_queries, size)
    pairs = () if different is None else different
    if isinstance(pairs, tuple) and len(pairs) == 2 and not _is_pair(pairs[0]):
        pairs = [pairs]
    return Filters(
        allowed,
        one,
        several,
        None if same is None else coded("same", same, n_queries, size),
        tuple(coded("different", pair, n_queries, size) for pair in pairs),
    )


def coded(name: str, pair: Any, n_queries: int, size: int) -> Pair:
    """Give equal values of two columns equal codes; null, NaN or negative numbers are unknown.

    Parameters
    ----------
    name : str
        The argument, for errors.
    pair : tuple of two sequences
        Values of the queries and of the vectors: text or whole numbers.
    """
    if not _is_pair(pair):
        raise TypeError(
            f"{name} must be a pair: values of the queries, values of the vectors; "
            f"got {type(pair).__name__}"
        )
    columns = [_column(name, values) for values in pair]
    for column, length, what in zip(columns, (n_queries, size), ("query", "vector"), strict=True):
        if len(column) != length:
            raise ValueError(
                f"{name} must have one value for each of {length:,} "
                f"{'queries' if what == 'query' else 'vectors'}, got {len(column):,}"
            )
    if columns[0].type != columns[1].type:
        columns = [column.cast(pa.large_string()) for column in columns]
    codes = pa.concat_arrays(columns).dictionary_encode().indices.fill_null(-1)
    flat = codes.to_numpy(zero_copy_only=False).astype(np.int32)
    return _codes(flat[:n_queries]), _codes(flat[n_queries:])


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, (tuple, list))
        and len(value) == 2
        and all(hasattr(part, "__len__") and not isinstance(part, str) for part in value)
    )


def _column(name: str, values: Any) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if not isinstance(values, pa.Array):
        try:
            values = pa.array(values, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise TypeError(f"{name} must hold text or whole numbers: {error}") from None
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_null(values.type):
        return values.cast(pa.large_string())
    if pa.types.is_integer(values.type):
        values = values.cast(pa.int64())
        return pc.if_else(pc.less(values, 0), None, values)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return values.cast(pa.large_string())
    raise TypeError(f"{name} must hold text or whole numbers, got {values.type} values")


def _codes(values: npt.NDArray[Any]) -> Int32:
    return np.ascontiguousarray(values, dtype=np.int32)


def _excluded(
    exclude: Any, n_queries: int, size: int
) -> tuple[Int32 | None, tuple[Int64, Int32] | None]:
    """Tell one position for each query from a list of them for each."""
    listed = isinstance(exclude, Sequence) and any(hasattr(one, "__len__") for one in exclude)
    if not listed:
        return excluded_positions(exclude, n_queries, size), None
    if len(exclude) != n_queries:
        raise ValueError(
            f"exclude must have one list for each of {n_queries:,} queries, got {len(exclude):,}"
        )
    return None, _lists([only_positions("exclude", one, size) for one in exclude])


def _lists(lists: Sequence[npt.NDArray[Any]]) -> tuple[Int64, Int32]:
    offsets = np.zeros(len(lists) + 1, dtype=np.int64)
    np.cumsum([len(one) for one in lists], out=offsets[1:])
    flat = np.concatenate(lists) if lists else np.empty(0)
    return offsets, _codes(flat)


def excluded_positions(exclude: npt.ArrayLike | None, n_queries: int, size: int) -> Int32 | None:
    """Check ``exclude``: one position below ``size`` for each query, -1 for none."""
    if exclude is None:
        return None
    excluded = np.asarray(exclude)
    if excluded.shape != (n_queries,):
        raise ValueError(
            f"exclude must have one position for each of {n_queries:,} queries, "
            f"got shape {excluded.shape}"
        )
    if excluded.size:
        check_positions("exclude", excluded, -1, size)
    return None if (excluded < 0).all() else np.ascontiguousarray(excluded, dtype=np.int32)


def only_positions(name: str, values: Any, size: int) -> Int32:
    """Check a list of positions below ``size``."""
    positions = np.asarray(values)
    if positions.ndim != 1:
        raise ValueError(f"{name} must have 1 dimension, got shape {positions.shape}")
    if positions.size:
        check_positions(name, positions, 0, size)
    return positions.astype(np.int32)
