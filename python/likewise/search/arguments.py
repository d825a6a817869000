"""The arguments of a search, checked and brought into one form.

Owns what "vectors", "k", "where" and "exclude" may look like; used by the indexes alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

import likewise._core as _core
from likewise.errors import InputError

if TYPE_CHECKING:
    from likewise.tables.catalogue import Catalogue

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]


def unit_rows(vectors: Float32, normalise: bool = True) -> tuple[Float32, Mask]:
    """Scale rows to length 1, or leave them; also tell which of them are not all zero.

    Raises ValueError naming the first row that holds a value that is not finite.
    """
    units, usable = _core.unit_rows(vectors, normalise)
    return units, usable.view(np.bool_)


def float_rows(name: str, values: npt.ArrayLike, columns: int | None = None) -> Float32:
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must be numbers, got {array.dtype} values")
    if array.ndim != 2 or (columns is not None and array.shape[1] != columns):
        wanted = "(n, dim)" if columns is None else f"(n, {columns})"
        raise ValueError(f"{name} must have shape {wanted}, got {array.shape}")
    if array.shape[1] == 0:
        raise ValueError(f"{name} must have at least 1 column, got shape {array.shape}")
    return np.ascontiguousarray(array, dtype=np.float32)


def check_k(k: Any) -> int:
    if isinstance(k, bool) or not isinstance(k, int | np.integer):
        raise TypeError(f"k must be a whole number, got {k!r}")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    return int(k)


def allowed_mask(
    where: npt.ArrayLike | Sequence[str] | None, usable: Mask, catalogue: Catalogue | None
) -> Mask | None:
    """Turn ``where`` (mask, positions or item ids) into one mask, without the zero vectors.

    Returns None where every vector may be an answer.
    """
    size = len(usable)
    if where is None:
        return None if usable.all() else usable
    chosen = np.asarray(where)
    if chosen.dtype.kind in "UOT" and chosen.size:
        if catalogue is None:
            raise TypeError("where names items, but this index has no catalogue to find them in")
        chosen = known_positions(catalogue, where)
    if chosen.ndim != 1:
        raise ValueError(f"where must have 1 dimension, got shape {chosen.shape}")
    if chosen.dtype.kind == "b":
        if len(chosen) != size:
            raise ValueError(
                f"where must have one value for each of {size:,} vectors, got {len(chosen):,}"
            )
        both: Mask = chosen & usable
        return both
    mask = np.zeros(size, dtype=np.bool_)
    if chosen.size:
        _check_positions("where", chosen, 0, size)
        mask[chosen.astype(np.int64)] = True
    return mask & usable


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
        _check_positions("exclude", excluded, -1, size)
    return None if (excluded < 0).all() else np.ascontiguousarray(excluded, dtype=np.int32)


def known_positions(catalogue: Catalogue, ids: Any) -> Int32:
    """Return the positions of items; an unknown id raises UnknownItemError with close ones."""
    positions: Int32 = catalogue.positions(ids)
    if (positions < 0).any():
        raise_unknown(catalogue, ids, int(np.argmax(positions < 0)))
    return positions


def raise_unknown(catalogue: Catalogue, ids: Any, row: int) -> NoReturn:
    """Raise what the catalogue says about the id at ``row`` of any kind of sequence."""
    item_id = next(itertools.islice(iter(ids), row, None))
    item_id = item_id.as_py() if hasattr(item_id, "as_py") else item_id
    if item_id is None:
        raise InputError(f"items must not be null, item {row} is")
    catalogue.position(item_id)
    raise AssertionError(f"{item_id!r} was not found a moment ago")


def _check_positions(name: str, positions: npt.NDArray[Any], lowest: int, size: int) -> None:
    if positions.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold positions (whole numbers), got {positions.dtype} values")
    if positions.min() < lowest or positions.max() >= size:
        raise ValueError(
            f"{name} must hold positions from {lowest} to {size - 1}, "
            f"got {positions.min()} to {positions.max()}"
        )


def only_positions(name: str, values: Any, size: int) -> Int32:
    """Check a list of positions below ``size``."""
    positions = np.asarray(values)
    if positions.ndim != 1:
        raise ValueError(f"{name} must have 1 dimension, got shape {positions.shape}")
    if positions.size:
        _check_positions(name, positions, 0, size)
    return positions.astype(np.int32)
