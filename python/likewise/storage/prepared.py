"""prepared.safetensors: what follows from the rest of a model, so that first answers are quick.

Owns what is in it: the tokens of the items of training, which would be read off their texts again;
the linear maps of items that have no context and no co-occurrence vector; and which items those
without history borrow pairs from. All of it may be missing, as it is in models of before; a
likewise of before does not read it. Used by models.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.content.composition import known_tokens
from likewise.score.blend import blend_of
from likewise.score.co_occurrence import CO_OCCURRENCE_DIM, CoOccurrence
from likewise.score.evidence import GAIN, MOST_GAIN, lent_without_history
from likewise.state import State
from likewise.storage.tensors import Expected

__all__ = ["PREPARED_FILE", "check", "expected", "prepared_of", "sizes_of"]

PREPARED_FILE = "prepared.safetensors"
#: Arrays of the tokens of items, in the form of `Features`.
_TEXTS = ("item_offsets", "item_tokens", "item_kinds")
_MAPS = ("context_map", "company_map")
#: Rows of items, and in what shares.
_NEAR = ("near_offsets", "near_items", "near_shares")
Arrays = dict[str, npt.NDArray[Any]]


def prepared_of(state: State) -> Arrays:
    """Return what there is to keep of a model, by the names that the file gives it."""
    if state.recipe is None:
        return {}
    company: CoOccurrence = blend_of(state).part(CoOccurrence)
    context_map = state.encoder.context_map
    maps = (None if context_map is None else context_map.matrix, company.map)
    found = {
        name: np.ascontiguousarray(matrix, np.float64)
        for name, matrix in zip(_MAPS, maps, strict=True)
        if matrix is not None
    }
    return {**_texts_of(state), **found, **lent_without_history(blend_of(state))}


def _texts_of(state: State) -> Arrays:
    """Return the tokens of the items of training; nothing where training did not know one."""
    encoder = state.encoder
    if encoder.texts is not None:
        return {name: getattr(encoder.texts, name) for name in _TEXTS}
    features = encoder.features(state.catalogue)
    assert features is not None
    counting = state.kind_weights[features.item_kinds] > 0
    tokens = known_tokens(features, encoder.known_tokens)[features.item_tokens[counting]]
    if (tokens < 0).any():
        return {}
    before = np.concatenate([[0], np.cumsum(counting)])
    return {
        "item_offsets": before[features.item_offsets].astype(np.int64),
        "item_tokens": tokens.astype(np.int32),
        "item_kinds": features.item_kinds[counting],
    }


def sizes_of(arrays: Arrays) -> dict[str, int]:
    """Return what model.json says of the sizes: tokens of items, and 1 for each map."""
    sizes = {name: 1 for name in _MAPS if name in arrays}
    if "item_tokens" in arrays:
        sizes["item_tokens"] = len(arrays["item_tokens"])
    if "near_items" in arrays:
        sizes["near"] = len(arrays["near_items"])
        sizes["near_rows"] = len(arrays["near_offsets"]) - 1
    return sizes


def expected(sizes: dict[str, Any]) -> Expected:
    """Return dtype and shape of what the file holds, by sizes in model.json."""
    items, rows = sizes["items"], sizes["dim"] + 1
    found: Expected = {}
    if "item_tokens" in sizes:
        entries = (sizes["item_tokens"],)
        found["item_offsets"] = ("I64", (items + 1,))
        found["item_tokens"] = ("I32", entries)
        found["item_kinds"] = ("U8", entries)
    if "near" in sizes:
        found["near_offsets"] = ("I64", (sizes["near_rows"] + 1,))
        found["near_items"] = ("I32", (sizes["near"],))
        found["near_shares"] = ("F32", (sizes["near"],))
        found[GAIN] = ("F32", (1,))
    for name, columns in zip(_MAPS, (sizes["dim"], CO_OCCURRENCE_DIM), strict=True):
        if sizes.get(name):
            found[name] = ("F64", (rows, columns))
    return found


def check(arrays: Arrays, n_tokens: int, counts: npt.NDArray[np.int64]) -> None:
    """Raise ValueError when arrays do not fit together, so many tokens and items of training."""
    if "near_items" in arrays:
        offsets, items, shares = (arrays[name] for name in _NEAR)
        if len(offsets) != int((counts == 0).sum()) + 1:
            raise ValueError("near_offsets must have a row for each item without events")
        if offsets[0] != 0 or offsets[-1] != len(items) or (np.diff(offsets) < 0).any():
            raise ValueError("near_offsets must ascend from 0 to the number of near_items")
        if len(items) and not 0 <= items.min() <= items.max() < len(counts):
            raise ValueError(f"near_items must be from 0 to below {len(counts):,}")
        if not ((shares > 0) & (shares <= 1.001)).all():
            raise ValueError("near_shares must be above 0 and at most 1")
        if not 0 <= arrays[GAIN][0] <= MOST_GAIN:
            raise ValueError(f"{GAIN} must be 0 to {MOST_GAIN}")
    if "item_tokens" in arrays:
        offsets, tokens, kinds = (arrays[name] for name in _TEXTS)
        if offsets[0] != 0 or offsets[-1] != len(tokens) or (np.diff(offsets) < 0).any():
            raise ValueError("item_offsets must ascend from 0 to the number of item_tokens")
        if len(tokens) and not 0 <= tokens.min() <= tokens.max() < n_tokens:
            raise ValueError(f"item_tokens must be from 0 to below {n_tokens:,}")
        if kinds.max(initial=0) > 3:
            raise ValueError("item_kinds must be from 0 to 3")
    for name in _MAPS:
        if name in arrays and not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} must be finite")
