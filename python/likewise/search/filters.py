"""What may be an answer to which query, checked and brought into the form the core takes.

Owns the filters of a search: one mask for all queries, one or several excluded positions for each,
columns in which query and answer must be equal or different.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from likewise.arrays import Int32, Mask, check_positions

Int64 = npt.NDArray[np.int64]
Pair = tuple[Int32, Int32]


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
