"""The blend of `similar` in plain Python and NumPy, slow and by the letter; used by tests."""

from __future__ import annotations

import numpy as np

from likewise import Catalogue, Features, Model, Sessions
from likewise.content.features import Kind, tokens_of

MASK = (1 << 64) - 1
TEXT_DIM, TEXT_DIM_ABROAD = 90, 384
DOUBT, LONGEST, MAPPED, COMPANY = 10.0, 0.1, 2.0, 20.0


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
    matrix = linear_map(model, np.array([unit(o.astype(np.float64)) for o in model.context]))
    assert matrix is not None
    filled = context.astype(np.float64)
    for at in range(len(center)):
        if center[at].any() and not context[at].any():
            filled[at] = unit(np.append(unit(center[at].astype(np.float64)), 1.0) @ matrix)
    return filled


def company_table(sessions: Sessions) -> np.ndarray:
    """Return items by sessions, float64: 1 / sqrt(n (g + d)), n items, g the sum of 1 / n."""
    table = np.zeros((len(sessions.catalogue), len(sessions)))
    for at in range(len(sessions)):
        inside = set(sessions.items[sessions.offsets[at] : sessions.offsets[at + 1]].tolist())
        for item in inside:
            table[item, at] = len(inside) ** -0.5
    return table / np.sqrt((table**2).sum(axis=1, keepdims=True) + DOUBT)


def shorten(vector: np.ndarray) -> np.ndarray:
    return vector * min(1.0, np.sqrt(LONGEST) / max(float(np.linalg.norm(vector)), 1e-12))


def linear_map(model: Model, targets: np.ndarray) -> np.ndarray | None:
    """Find [c, 1] W by ridge regression over the items with events, as least squares."""
    rows, wanted = [], []
    for c, t, n in zip(model.center, targets, model.counts, strict=True):
        if n > 0 and c.any() and t.any():
            rows.append(np.sqrt(n) * np.append(unit(c.astype(np.float64)), 1.0))
            wanted.append(np.sqrt(n) * t)
    if not rows:
        return None
    width = len(rows[0])
    left = np.vstack([*rows, np.eye(width)])
    right = np.vstack([*wanted, np.zeros((width, targets.shape[1]))])
    return np.linalg.lstsq(left, right, rcond=None)[0]


def all_company(model: Model) -> np.ndarray:
    """Company of every item of training, float64; zeros where there is none."""
    found = np.zeros((len(model.catalogue), model.company.rows.shape[1]))
    for item, row in zip(model.company.items, model.company.rows, strict=True):
        found[item] = row
    return found


def companies(model: Model, center: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Fill company in where there is none: mapped from center vectors, twice as long."""
    found = own.astype(np.float64)
    matrix = None
    if model.recipe is not None:
        matrix = linear_map(model, all_company(model))
    for at in range(len(center)):
        if matrix is not None and center[at].any() and not own[at].any():
            known = np.append(unit(center[at].astype(np.float64)), 1.0)
            found[at] = shorten(MAPPED * (known @ matrix))
    return found


def scores(
    model: Model,
    catalogue: Catalogue,
    center: np.ndarray,
    context: np.ndarray,
    counts: np.ndarray,
    popularity: float,
    company: np.ndarray | None = None,
    abroad: Catalogue | None = None,
) -> np.ndarray:
    """Score every item with every other, float64 (n, n); NaN where either is unknown.

    ``center``, ``context``, ``counts`` and ``company`` are those of the catalogue's items; company
    is the model's without it. ``abroad`` is the catalogue of the index, where it is foreign.
    """
    n = len(catalogue)
    filled = contexts(model, center, context)
    kept = companies(model, center, all_company(model) if company is None else company)
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
    there = [bool(summed[i].any() or words[i].any() or kept[i].any()) for i in range(n)]
    for q in range(n):
        for a in range(n):
            if there[q] and there[a]:
                alike = 0.5 * (1 + unknown[q]) ** 2 * (1 + unknown[a]) * (words[q] @ words[a])
                learned = summed[q] @ summed[a] + COMPANY * (kept[q] @ kept[a])
                known = (1 - unknown[q]) ** (1 if abroad is None else 8)
                raw = known * learned + alike + popularity * popular[a]
                found[q, a] = raw / (2.25**2 + 0.5 + COMPANY * LONGEST + popularity)
    return found


def item_vectors(
    model: Model, catalogue: Catalogue, at: np.ndarray, abroad: Catalogue | None = None
) -> np.ndarray:
    """Compose what items are found by, float64 (n, columns), all parts side by side.

    ``at`` are positions in training, -1 for items that their content composes. ``abroad`` is the
    catalogue that is asked, where it is foreign.
    """
    known = at >= 0
    center, context = np.zeros((2, len(at), model.options.dim))
    if model.recipe is not None:
        center[:] = model.encode(catalogue, own_rows=False)
        if model.context_content is not None:
            context[:] = model.encode(catalogue, "context", own_rows=False)
    company = np.zeros((len(at), model.company.rows.shape[1]))
    center[known], context[known] = model.center[at[known]], model.context[at[known]]
    company[known] = all_company(model)[at[known]]
    filled, kept = contexts(model, center, context), companies(model, center, company)
    words, unknown = text(model, catalogue, abroad)
    unknown[known] = 0
    logs = np.log1p(model.counts) / (np.log1p(model.counts.max()) or 1.0)
    unseen = np.quantile(logs[model.counts > 0], 0.9) if model.counts.any() else 0.0
    popular = np.where(model.counts > 0, logs, unseen)[at]
    popular[~known] = unseen
    parts = [
        np.array([unit(c) + (0.5 + 0.75 * p) * unit(o)
                  for c, o, p in zip(center, filled, popular, strict=True)]),
        np.sqrt(COMPANY) * kept,
        np.sqrt(0.5) * (1 + unknown[:, None]) * words,
    ]  # fmt: skip
    if model.recipe is None:
        parts.pop()
    vectors = np.concatenate([*parts, popular[:, None]], axis=1)
    vectors[~vectors[:, :-1].any(axis=1)] = 0.0
    return vectors
