"""The arguments of a search, checked and brought into one form.

Owns what "k", "side" and lists of positions may look like.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.arrays import Int32


def check_k(k: Any) -> int:
    """Check a number of answers; TypeError or ValueError name it."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer):
        raise TypeError(f"k must be a whole number, got {k!r}")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    return int(k)


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


def check_positions(name: str, positions: npt.NDArray[Any], lowest: int, size: int) -> None:
    """Raise TypeError or ValueError unless all are whole, from ``lowest`` to ``size - 1``."""
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
        check_positions(name, positions, 0, size)
    return positions.astype(np.int32)


def check_side(side: str, known: tuple[str, ...] = ("center", "context")) -> None:
    """Raise ValueError unless a side of the model is named."""
    if side not in known:
        wanted = ", ".join(map(repr, known[:-1])) + f" or {known[-1]!r}"
        raise ValueError(f"side must be {wanted}, got {side!r}")
