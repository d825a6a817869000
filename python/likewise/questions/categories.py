"""Category vectors: what the items below every level of the category tree have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from likewise.arrays import Float32, unit_rows
from likewise.levels import JOIN, levels_of

if TYPE_CHECKING:
    from likewise.items import Items

__all__ = ["category_vectors"]


def category_vectors(vectors: Float32, catalogue: Items) -> pa.Table:
    """Average the unit vectors of the items below every category level."""
    paths = catalogue.coded_categories
    codes = paths.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    units, usable = unit_rows(vectors)
    dim = vectors.shape[1]

    # One sum for each distinct path first: there are few of them, whatever the number of items.
    order = np.argsort(codes, kind="stable")
    order = order[codes[order] >= 0]
    present, starts = np.unique(codes[order], return_index=True)
    sums = np.zeros((len(paths.dictionary), dim))
    pulling = np.zeros(len(paths.dictionary), dtype=np.int64)
    bounds = np.append(starts, len(order))
    for i, code in enumerate(present):
        part = order[bounds[i] : bounds[i + 1]]
        sums[code] = units[part].sum(axis=0, dtype=np.float64)
        pulling[code] = usable[part].sum()
    below = np.bincount(codes[codes >= 0], minlength=len(paths.dictionary))

    levels: dict[str, list[int]] = {}
    for code, path in enumerate(paths.dictionary.to_pylist()):
        steps = levels_of(path)
        for depth in range(1, len(steps) + 1):
            levels.setdefault(JOIN.join(steps[:depth]), []).append(code)
    names = sorted(levels)
    means = np.zeros((len(names), dim), dtype=np.float32)
    counts = np.zeros(len(names), dtype=np.int64)
    for row, level in enumerate(names):
        inside = levels[level]
        means[row] = sums[inside].sum(axis=0) / max(1, pulling[inside].sum())
        counts[row] = below[inside].sum()
    return pa.table(
        {
            "category": pa.array(names, pa.large_string()),
            "level": pa.array([name.count(JOIN) + 1 for name in names], pa.int32()),
            "items": pa.array(counts),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(means.reshape(-1)), dim),
        }
    )
