"""HDBSCAN on unit vectors: tight groups of whatever number, and items that are in none.

Owns the call of scikit-learn, and how many items it is fit for.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from likewise.clustering.kmeans import single_threaded

__all__ = ["MOST_ITEMS", "tight_groups"]

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]

MOST_ITEMS = 30_000  # time grows with the square: a minute at this size


def tight_groups(points: Float32, min_size: int) -> tuple[Int32, Float32]:
    """Group unit vectors where they lie densely (Campello et al. 2013).

    The leaves of the tree of densities are taken: the larger groups above them are half a
    catalogue each. One neighbour makes a core point: groups of items are small.

    Parameters
    ----------
    points : float32 array (m, dim)
        Of length 1; m at most MOST_ITEMS.
    min_size : int
        Points of a group, at least 2 and at most m.

    Returns
    -------
    labels : int32 array (m,)
        The group of each point, -1 for one that is in none.
    centroids : float32 array (groups, dim)
        The middles, of length 1; groups may be 0.
    """
    try:
        from sklearn.cluster import HDBSCAN
    except ImportError as error:
        raise ImportError("clusters need scikit-learn: pip install 'likewise[viz]'") from error
    fit = HDBSCAN(
        min_cluster_size=min_size, min_samples=1, cluster_selection_method="leaf", copy=True
    )
    with single_threaded():
        labels = fit.fit(points).labels_.astype(np.int32)
    sums = np.zeros((int(labels.max(initial=-1)) + 1, points.shape[1]))
    inside = labels >= 0
    np.add.at(sums, labels[inside], points[inside])
    middles = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return labels, middles.astype(np.float32)
