"""Arrays: the types that rooms hand one another, rows of length 1, positions, NumPy to Arrow."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

import likewise._core as _core

__all__ = [
    "EXACT", "Float32", "Float64", "Int32", "Int64", "Mask", "UInt64", "check_positions",
    "combined", "float_rows", "from_numpy", "unit_rows",
]  # fmt: skip

EXACT = 2**53  # every whole float up to here is the only integer that rounds to it

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


def from_numpy(values: npt.NDArray[Any]) -> pa.Array:
    """Return a vector of numbers as Arrow, without a copy."""
    values = np.ascontiguousarray(values)
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def combined(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return one array of an array in chunks."""
    if not isinstance(array, pa.ChunkedArray):
        return array
    if array.num_chunks == 1:
        return array.chunk(0)
    if pa.types.is_string(array.type):
        array = array.cast(pa.large_string())  # more than 2 GB of text fit one array
    made = array.combine_chunks()
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made


def check_positions(name: str, positions: npt.NDArray[Any], lowest: int, size: int) -> None:
    """Raise TypeError or ValueError unless all are whole, from ``lowest`` to ``size - 1``."""
    if positions.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold positions (whole numbers), got {positions.dtype} values")
    if positions.min() < lowest or positions.max() >= size:
        raise ValueError(
            f"{name} must hold positions from {lowest} to {size - 1}, "
            f"got {positions.min()} to {positions.max()}"
        )
