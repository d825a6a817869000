"""k-means on unit vectors, and how many clusters there should be.

Owns the calls of scikit-learn. One thread: the same vectors and seed give the same clusters,
whatever the machine is doing.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["choose_number", "k_means", "silhouette", "single_threaded"]

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]

_SAMPLE = 10_000  # items on which the number of clusters is chosen
_ALL_AT_ONCE = 30_000  # items up to which every step looks at all of them
_FEWEST, _MOST = 4, 256
_NEARLY = 0.9
_ITEMS_EACH = 8  # on average, at least, when the number is chosen


def k_means(points: Float32, n: int, seed: int) -> tuple[Int32, Float32]:
    """Group unit vectors.

    Parameters
    ----------
    points : float32 array (m, dim)
        Of length 1.
    n : int
        From 1 to m. Fewer groups come out when there are fewer distinct points.

    Returns
    -------
    labels : int32 array (m,)
        The group of each point: the one whose middle is nearest by cosine.
    centroids : float32 array (groups, dim)
        The middles, of length 1.
    """
    try:
        from sklearn.cluster import KMeans, MiniBatchKMeans
        from sklearn.exceptions import ConvergenceWarning
    except ImportError as error:
        raise ImportError("clusters need scikit-learn: pip install 'likewise[viz]'") from error
    fit: Any
    if len(points) <= _ALL_AT_ONCE:
        fit = KMeans(n, n_init=3, max_iter=100, random_state=seed)
    else:
        fit = MiniBatchKMeans(n, n_init=3, batch_size=8192, random_state=seed)
    with single_threaded(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct points than n
        fit.fit(points)
        centers = np.asarray(fit.cluster_centers_, np.float32)
        centers /= np.maximum(np.linalg.norm(centers, axis=1, keepdims=True), 1e-12)
        centers = np.unique(centers, axis=0)
        return _nearest(points, centers), centers


def single_threaded() -> Any:
    """Keep the libraries below scikit-learn to one thread while a block runs."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)


def _nearest(points: Float32, centers: Float32) -> Int32:
    labels = np.empty(len(points), np.int32)
    for start in range(0, len(points), 1 << 14):
        part = slice(start, start + (1 << 14))
        labels[part] = np.argmax(points[part] @ centers.T, axis=1)
    return labels


def silhouette(points: Float32, labels: Int32, centroids: Float32) -> float:
    """Return the mean simplified silhouette: ``(b - a) / max(a, b)`` over the points, -1 to 1.

    a and b are the cosine distances to the own centroid and to the nearest other one.
    """
    if len(centroids) < 2:
        return 0.0
    far = 1 - points @ centroids.T
    rows = np.arange(len(points))
    own = far[rows, labels].copy()
    far[rows, labels] = np.inf
    other = far.min(axis=1)
    return float(np.mean((other - own) / np.maximum(np.maximum(own, other), 1e-12)))


def choose_number(
    points: Float32, seed: int, progress: Callable[[int, int], None] | None = None
) -> tuple[int, dict[int, float]]:
    """Choose how many groups: the fewest whose silhouette is nearly the highest, on a sample.

    Nearly is nine tenths: the silhouette of catalogues often grows on and on with the number, by
    less and less, and people read fewer clusters better.

    Returns
    -------
    n : int
    silhouettes : dict
        By number of groups tried: 4, 6, 8, 11, 16 and so on by the square root of two, as long as
        groups have 8 items on average, up to 256.
    """
    sample = points
    if len(points) > _SAMPLE:
        chosen = np.random.default_rng(seed).choice(len(points), _SAMPLE, replace=False)
        sample = points[np.sort(chosen)]
    highest = min(_MOST, len(sample) // _ITEMS_EACH)
    steps = int(2 * math.log2(_MOST / _FEWEST)) + 1
    tried = sorted({round(_FEWEST * 2 ** (step / 2)) for step in range(steps)})
    tried = [n for n in tried if n <= highest] or [min(_FEWEST, len(sample))]
    found: dict[int, float] = {}
    for done, n in enumerate(tried):
        if progress is not None:
            progress(done, len(tried))
        labels, centroids = k_means(sample, n, seed)
        found[n] = silhouette(sample, labels, centroids)
    if progress is not None:
        progress(len(tried), len(tried))
    enough = _NEARLY * max(found.values())
    return min((n for n in tried if found[n] >= enough), default=tried[0]), found
