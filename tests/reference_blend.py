"""The blend of `similar` in plain Python and NumPy, slow and by the letter; used by tests."""

from __future__ import annotations

import numpy as np

from likewise import Catalogue, Features, Model
from likewise.features import Kind, tokens_of

MASK = (1 << 64) - 1
TEXT_DIM, TEXT_DIM_ABROAD = 90, 384


def unit(vector: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else np.zeros_like(vector)


def direction(token_hash: int, dim: int = TEXT_DIM) -> np.ndarray:
    """Signs by the bits of SplitMix64 that starts at the token's hash, lowest bit first."""
    bits: list[int] = []
    state = token_hash
    while len(bits) < dim:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        mixed ^= mixed >> 31
        bits += [(mixed >> place) & 1 for place in range(64)]
    return np.array([1.0 if bit else -1.0 for bit in bits[:dim]]) / np.sqrt(dim)


def rarity(model: Model, catalogue: Catalogue) -> dict[int, float]:
    """Return how much each token of a foreign catalogue counts, by the items that have it."""
    assert model.recipe is not None
    uses: dict[int, int] = {}
    for _, category, name in catalogue:
        listed = tokens_of(category, name, model.recipe)
        for token in {h for kind, _, h in listed if model.kind_weights[kind] > 0}:
            uses[token] = uses.get(token, 0) + 1
    n = len(catalogue)
    return {t: np.log((n + 1) / df) * max(0.5, np.sqrt(1 - 1 / df)) for t, df in uses.items()}


def text(
    model: Model, catalogue: Catalogue, abroad: Catalogue | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the unit vector of each item's text, and how strange it is if it is new.

    ``abroad`` is the catalogue that is asked, where it is foreign.
    """
    dim = TEXT_DIM if abroad is None else TEXT_DIM_ABROAD
    vectors, unknown = np.zeros((len(catalogue), dim)), np.zeros(len(catalogue))
    if model.recipe is None or model.center_content is None:
        return vectors, unknown
    rare = {} if abroad is None else rarity(model, abroad)
    known = {int(h): float(w) for h, w in
             zip(model.center_content.token_hashes, model.token_weights, strict=True)}  # fmt: skip
    features = Features.encode(catalogue, model.recipe, threads=1)
    for item in range(len(catalogue)):
        whole = strange = 0.0
        for entry in range(features.item_offsets[item], features.item_offsets[item + 1]):
            token = int(features.token_hashes[features.item_tokens[entry]])
            weight = known.get(token, model.unknown_weight)
            weight *= float(model.kind_weights[features.item_kinds[entry]])
            there = weight
            if abroad is not None:
                kind = features.item_kinds[entry]
                there = rare.get(token, 0.0) * float(model.kind_weights[kind])
                there *= 1.25 if kind == Kind.CATEGORY else 1.0
            vectors[item] += there * direction(token, dim)
            whole += weight**2
            strange += weight**2 if token not in known else 0.0
        vectors[item] = unit(vectors[item])
        unknown[item] = strange / whole if whole else 0.0
    lengths = np.linalg.norm(model.encode(model.catalogue, own_rows=False), axis=1)
    shorter = 1 - np.linalg.norm(model.encode(catalogue, own_rows=False), axis=1) / np.median(
        lengths[lengths > 0]
    )
    return vectors, np.minimum(unknown, np.maximum(0, shorter))


def contexts(model: Model, center: np.ndarray, context: np.ndarray) -> np.ndarray:
    """Fill context vectors in by ridge regression over the items with events, as least squares."""
    if model.recipe is None or model.context_content is not None:
        return context
    rows, wanted = [], []
    for c, o, n in zip(model.center, model.context, model.counts, strict=True):
        if n > 0 and c.any() and o.any():
            rows.append(np.sqrt(n) * np.append(unit(c.astype(np.float64)), 1.0))
            wanted.append(np.sqrt(n) * unit(o.astype(np.float64)))
    dim = center.shape[1]
    left = np.vstack([*rows, np.eye(dim + 1)])
    matrix = np.linalg.lstsq(left, np.vstack([*wanted, np.zeros((dim + 1, dim))]), rcond=None)[0]
    filled = context.astype(np.float64)
    for at in range(len(center)):
        if center[at].any() and not context[at].any():
            filled[at] = unit(np.append(unit(center[at].astype(np.float64)), 1.0) @ matrix)
    return filled


def scores(
    model: Model,
    catalogue: Catalogue,
    center: np.ndarray,
    context: np.ndarray,
    counts: np.ndarray,
    popularity: float,
    abroad: Catalogue | None = None,
) -> np.ndarray:
    """Score every item with every other, float64 (n, n); NaN where either is unknown.

    ``center``, ``context`` and ``counts`` are those of the catalogue's items. ``abroad`` is the
    catalogue of the index, where it is foreign.
    """
    n = len(catalogue)
    filled = contexts(model, center, context)
    words, unknown = text(model, catalogue, abroad)
    unknown[counts > 0] = 0
    unknown[~words.any(axis=1)] = 0  # nothing to ask with but what training knows
    logs = np.log1p(model.counts) / np.log1p(model.counts.max())
    unseen = np.quantile(logs[model.counts > 0], 0.9)
    popular = np.where(counts > 0, np.log1p(counts) / np.log1p(model.counts.max()), unseen)
    summed = [
        unit(center[i].astype(np.float64))
        + (0.5 + 0.75 * popular[i]) * unit(filled[i].astype(np.float64))
        for i in range(n)
    ]
    found = np.full((n, n), np.nan)
    there = [bool(summed[i].any() or words[i].any()) for i in range(n)]
    for q in range(n):
        for a in range(n):
            if there[q] and there[a]:
                alike = 0.5 * (1 + unknown[q]) ** 2 * (1 + unknown[a]) * (words[q] @ words[a])
                known = (1 - unknown[q]) ** (1 if abroad is None else 8)
                raw = known * (summed[q] @ summed[a]) + alike + popularity * popular[a]
                found[q, a] = raw / (2.25**2 + 0.5 + popularity)
    return found
