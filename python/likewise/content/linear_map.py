"""What items that have none of their own get: a linear map from center vectors.

Owns how such a map is found, and applying it: that to context vectors, which models trained with
``context="item"`` have of items with events alone, and what the map of the co-occurrence part
(score/co_occurrence.py) shares with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from likewise.arrays import Float32, unit_rows

__all__ = ["ContextMap", "fit_context_map", "map_centers", "regress"]

Float64 = npt.NDArray[np.float64]

# Items that the map is found from: those with most events, which weigh most anyway.
_MOST = 200_000
_BLOCK = 1 << 14
_RIDGE = 1.0
_ROUNDING = 1e-6  # of the lengths that are summed: center vectors are float32


@dataclass(frozen=True, eq=False)
class ContextMap:
    """A unit center vector c becomes the unit vector along ``[c, 1] matrix``.

    Attributes
    ----------
    matrix : float64 array (dim + 1, dim)
    """

    matrix: Float64

    def apply(self, centers: Float32) -> Float32:
        """Return unit context vectors, float32 (n, dim), of center vectors of any length.

        A center vector that is all zero gets zeros.
        """
        return unit_rows(map_centers(self.matrix, centers))[0]


def fit_context_map(
    center: Float32, context: Float32, counts: npt.NDArray[np.int64]
) -> ContextMap | None:
    """Find the map to unit context vectors; see `regress`."""
    matrix = regress(center, context, counts, unit=True)
    return None if matrix is None else ContextMap(matrix)


def map_centers(matrix: Float64, centers: Float32) -> Float32:
    """Return ``[c, 1] matrix``, float32 (n, columns), of center vectors of any length.

    A center vector that is all zero gets zeros, and so does one whose sum is rounding alone.
    """
    found = np.zeros((len(centers), matrix.shape[1]), np.float32)
    for start in range(0, len(centers), _BLOCK):
        units, usable = unit_rows(np.ascontiguousarray(centers[start : start + _BLOCK]))
        turned = units.astype(np.float64) @ matrix[:-1]
        mapped = turned + matrix[-1]
        # Scaled up to length 1, what rounding leaves of a sum of nothing would pass for a vector.
        summed = np.linalg.norm(turned, axis=1) + np.linalg.norm(matrix[-1])
        mapped[~usable | (np.linalg.norm(mapped, axis=1) <= _ROUNDING * summed)] = 0.0
        found[start : start + _BLOCK] = mapped
    return found


def regress(
    center: Float32, target: Float32, counts: npt.NDArray[np.int64], unit: bool = False
) -> Float64 | None:
    """Find a map by ridge regression over the items with events, each weighing its events.

    It minimises the sum of ``n |t - [c, 1] W|² + |W|²`` over unit center vectors c and targets t;
    n are the events. The sums are float64, over the 200,000 items with most events.

    Parameters
    ----------
    center, target : float32 arrays (n_items, dim) and (n_items, columns)
        All zero where there is none.
    counts : int64 array (n_items,)
    unit : bool
        Bring targets to length 1.

    Returns
    -------
    float64 array (dim + 1, columns) or None
        None where no item has events and both vectors.
    """
    order = np.argsort(-counts, kind="stable")[:_MOST]
    order = order[counts[order] > 0]
    dim = center.shape[1]
    gram: Float64 = _RIDGE * np.eye(dim + 1, dtype=np.float64)
    moment: Float64 = np.zeros((dim + 1, target.shape[1]))
    found = False
    for start in range(0, len(order), _BLOCK):
        block = order[start : start + _BLOCK]
        known, has_center = unit_rows(np.ascontiguousarray(center[block]))
        wanted, has_target = unit_rows(np.ascontiguousarray(target[block]), unit)
        both = has_center & has_target
        found = found or bool(both.any())
        left = np.concatenate([known, np.ones((len(block), 1), np.float32)], axis=1)[both]
        left = left.astype(np.float64)
        weighed = left * counts[block][both, None]
        gram += left.T @ weighed
        moment += weighed.T @ wanted[both].astype(np.float64)
    if not found:
        return None
    return np.asarray(np.linalg.solve(gram, moment), np.float64)
