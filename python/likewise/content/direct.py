"""The direct method: n-gram rows take part in every block of training, as in fastText.

The slow reference for holding composed words for a stretch (``Options.stretch`` of 1). An item is
the weighted sum of its tokens, and a token is its own row plus the mean of its n-gram rows
(Bojanowski et al. 2017), so an item's entries are written out here, rows of n-grams included, and
the core trains them like any other rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.content.features import Features

__all__ = ["composed_tables", "direct_arrays"]


def direct_arrays(
    features: Features, weights: npt.NDArray[np.float32]
) -> dict[str, npt.NDArray[Any]]:
    """Write out every item's entries: tokens, then buckets as tokens ``n_tokens + row``.

    ``weights`` (n_entries,) are those of the tokens; the squares of a written-out item's weights do
    not sum to 1, they are what the chain rule gives.
    """
    counts = np.diff(features.ngram_offsets)
    tokens = features.item_tokens
    grams = counts[tokens]  # rows that each entry adds
    per_entry = grams + 1
    starts = np.concatenate([[0], np.cumsum(per_entry)])
    rows = np.empty(starts[-1], np.int32)
    values = np.empty(starts[-1], np.float32)
    rows[starts[:-1]] = tokens
    values[starts[:-1]] = weights
    place = np.ones(starts[-1], bool)
    place[starts[:-1]] = False
    inside = np.arange(int(grams.sum())) - np.repeat(np.cumsum(grams) - grams, grams)
    source = np.repeat(features.ngram_offsets[tokens], grams) + inside
    rows[place] = features.n_tokens + features.ngram_rows[source]
    values[place] = np.repeat(weights / np.maximum(grams, 1).astype(np.float32), grams)
    buckets = np.arange(features.recipe.buckets, dtype=np.uint64)
    return {
        "item_offsets": starts[features.item_offsets].astype(np.int64),
        "item_tokens": rows,
        "item_weights": values,
        # The numbers of buckets stand in for hashes: they only choose the random start.
        "token_hashes": np.concatenate([features.token_hashes, buckets]),
        "ngram_offsets": np.zeros(0, np.int64),
        "ngram_rows": np.zeros(0, np.int32),
    }


def composed_tables(
    features: Features, trained: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return complete token vectors and n-gram rows from the rows that were trained directly."""
    tokens = trained[: features.n_tokens].copy()
    ngrams = trained[features.n_tokens :].copy()
    counts = np.diff(features.ngram_offsets)
    step = 1 << 16  # tokens at once: their n-gram rows are written out in memory
    for first in range(0, features.n_tokens, step):
        last = min(first + step, features.n_tokens)
        filled = np.flatnonzero(counts[first:last]) + first
        if len(filled) == 0:
            continue
        start, stop = features.ngram_offsets[first], features.ngram_offsets[last]
        sums = np.add.reduceat(
            ngrams[features.ngram_rows[start:stop]], features.ngram_offsets[filled] - start, axis=0
        )
        tokens[filled] += sums / counts[filled, None]
    return tokens, ngrams
