"""Arrays: the types of arrays that the rooms hand one another, and rows of length 1."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

import likewise._core as _core

__all__ = ["Float32", "Float64", "Int32", "Int64", "Mask", "UInt64", "float_rows", "unit_rows"]

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
UInt64 = npt.NDArray[np.uint64]


def unit_rows(vectors: Float32, normalise: bool = True) -> tuple[Float32, Mask]:
    """Scale rows to length 1, or leave them; also tell which of them are not all zero.

    Raises ValueError naming the first row that holds a value that is not finite.
    """
    units, usable = _core.unit_rows(vectors, normalise)
    return units, usable.view(np.bool_)


def float_rows(name: str, values: npt.ArrayLike, columns: int | None = None) -> Float32:
    """Check a matrix of numbers, ``columns`` wide where that is given; return it as float32.

    Raises TypeError or ValueError naming the argument, what was wanted and what came.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must be numbers, got {array.dtype} values")
    if array.ndim != 2 or (columns is not None and array.shape[1] != columns):
        wanted = "(n, dim)" if columns is None else f"(n, {columns})"
        raise ValueError(f"{name} must have shape {wanted}, got {array.shape}")
    if array.shape[1] == 0:
        raise ValueError(f"{name} must have at least 1 column, got shape {array.shape}")
    return np.ascontiguousarray(array, dtype=np.float32)
