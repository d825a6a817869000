"""Layouts: many dimensions to two, and how much of who is near whom that keeps.

Owns t-SNE (openTSNE), its perplexity, PCA for very few points, and the share of nearest neighbours
that have the same parent. Knows arrays, not categories.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.work.machine import usable_cores

__all__ = ["Progress", "chance_share", "fitted_perplexity", "parent_share", "plane"]

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Progress = Callable[[int, int], None]

_FEW = 5  # below this many points t-SNE means nothing
_EARLY, _LATE = 250, 500  # iterations, early exaggeration and after: openTSNE's defaults
_EXACT = 3000  # points up to which neighbours are found exactly
_EVERY = 25
#: Points up to which one thread does the work: more of them would mostly wait for each other, and
#: on a machine with other work to do they wait for that.
_ONE_THREAD = 5000


def fitted_perplexity(points: int) -> float:
    """Return the perplexity for so many points: 30, and a third of the others where that is less.

    >>> fitted_perplexity(10)
    3.0
    """
    return max(1.0, min(30.0, (points - 1) / 3))


def plane(
    vectors: Float32,
    *,
    seed: int = 1,
    threads: int = 0,
    perplexity: float | None = None,
    progress: Progress | None = None,
) -> Float32:
    """Lay vectors out in two dimensions by cosine: t-SNE, or PCA for fewer than five.

    Parameters
    ----------
    vectors : float32 array (n, dim)
        A row of zeros is nowhere: it gets no place and takes no part.
    seed, threads : int
        Same vectors, same seed, same picture; 0 threads takes the cores there are. Up to 5,000
        points one thread does it all.
    perplexity : float, optional
        `fitted_perplexity` without it.
    progress : callable, optional
        Gets iterations done and in all, now and then.

    Returns
    -------
    float32 array (n, 2)
        Not a number for rows of zeros.

    Raises
    ------
    ValueError
        When perplexity is not positive or too large for the points.
    ImportError
        When openTSNE is wanted and missing; names the extra.
    """
    used = np.flatnonzero(np.any(vectors, axis=1))
    places = np.full((len(vectors), 2), np.nan, np.float32)
    units = vectors[used] / np.linalg.norm(vectors[used], axis=1, keepdims=True)
    if perplexity is not None and not 0 < perplexity < max(_FEW, len(used)):
        raise ValueError(
            f"perplexity must be above 0 and below the number of points ({len(used):,}), "
            f"got {perplexity}"
        )
    if len(used) < _FEW:
        places[used] = _principal(units)
    else:
        wanted = fitted_perplexity(len(used)) if perplexity is None else perplexity
        places[used] = _tsne(units, seed, threads, wanted, progress)
    return places


def _principal(units: Float32) -> Float32:
    flat = np.zeros((len(units), 2), np.float32)
    if len(units):
        middle = units - units.mean(axis=0)
        left, sizes, _ = np.linalg.svd(middle.astype(np.float64), full_matrices=False)
        kept = min(2, len(sizes))
        flat[:, :kept] = (left * sizes)[:, :kept]
    return flat


def _tsne(
    units: Float32, seed: int, threads: int, perplexity: float, progress: Progress | None
) -> Float32:
    try:
        from openTSNE import TSNE
    except ImportError as error:
        raise ImportError("a map needs openTSNE: pip install 'likewise[viz]'") from error
    said = 0

    def tell(iteration: int, _: float, __: Any) -> bool:
        nonlocal said
        # Both phases count from 1; what is done never goes back.
        said = max(said, iteration if said < _EARLY else _EARLY + iteration)
        if progress is not None:
            progress(min(said, _EARLY + _LATE), _EARLY + _LATE)
        return False

    layout = TSNE(
        perplexity=perplexity,
        metric="cosine",
        initialization="pca" if units.shape[1] >= 2 else "random",
        neighbors="exact" if len(units) <= _EXACT else "annoy",
        early_exaggeration_iter=_EARLY,
        n_iter=_LATE,
        n_jobs=1 if len(units) <= _ONE_THREAD else threads or usable_cores(),
        random_state=seed,
        callbacks=tell,
        callbacks_every_iters=_EVERY,
    ).fit(units.astype(np.float64))
    if progress is not None:
        progress(_EARLY + _LATE, _EARLY + _LATE)
    return np.asarray(layout, np.float32)


# --- how good a layout is -------------------------------------------------------------------------


def _groups(parents: Int32, levels: Int32, usable: npt.NDArray[np.bool_]) -> list[npt.NDArray[Any]]:
    """Return the rows of each level below the top that can be compared: at least two."""
    chosen = [np.flatnonzero(usable & (levels == level) & (parents >= 0)) for level in set(levels)]
    return [rows for rows in chosen if len(rows) > 1]


def parent_share(
    points: npt.NDArray[Any], parents: Int32, levels: Int32, k: int = 5, *, cosine: bool = False
) -> float:
    """Return which share of the k nearest points of the same level have the same parent.

    The mean over the points whose parent has another child; not a number where there is none.

    Parameters
    ----------
    points : float array (n, d)
        Rows that are not finite, or all zero where ``cosine`` is true, take no part.
    parents, levels : int32 array (n,)
        -1 is no parent.
    k : int
        Neighbours, or as many as the level has.
    cosine : bool
        Compare by cosine instead of by distance.
    """
    usable = np.isfinite(points).all(axis=1)
    if cosine:
        usable &= np.any(points, axis=1)
    shares: list[float] = []
    for rows in _groups(parents, levels, usable):
        here = points[rows].astype(np.float64)
        if cosine:
            here /= np.linalg.norm(here, axis=1, keepdims=True)
            far = -(here @ here.T)
        else:
            far = np.square(here[:, None, :] - here[None, :, :]).sum(axis=2)
        np.fill_diagonal(far, np.inf)
        near = np.argsort(far, axis=1, kind="stable")[:, : min(k, len(rows) - 1)]
        same = parents[rows][near] == parents[rows][:, None]
        siblings = (parents[rows][:, None] == parents[rows][None, :]).sum(axis=1) > 1
        shares += same.mean(axis=1)[siblings].tolist()
    return float(np.mean(shares)) if shares else float("nan")


def chance_share(
    parents: Int32, levels: Int32, usable: npt.NDArray[np.bool_], k: int = 5
) -> tuple[float, float]:
    """Return what `parent_share` is expected to be at random, and what it can be at best.

    Both are exact. The best is less than 1 where a parent has fewer than k other children.
    """
    random: list[float] = []
    best: list[float] = []
    for rows in _groups(parents, levels, usable):
        siblings = (parents[rows][:, None] == parents[rows][None, :]).sum(axis=1) - 1
        siblings = siblings[siblings > 0]
        near = min(k, len(rows) - 1)
        random += (siblings / (len(rows) - 1)).tolist()
        best += (np.minimum(siblings, near) / near).tolist()
    if not random:
        return float("nan"), float("nan")
    return float(np.mean(random)), float(np.mean(best))
