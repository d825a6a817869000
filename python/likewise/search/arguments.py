"""Arguments that any search has: how many answers, of which side, and items by their ids."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from likewise.arrays import Int32
from likewise.errors import InputError

if TYPE_CHECKING:
    from likewise.items import Items


def check_k(k: Any) -> int:
    """Check a number of answers; TypeError or ValueError name it."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer):
        raise TypeError(f"k must be a whole number, got {k!r}")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    return int(k)


def check_side(side: str, known: tuple[str, ...] = ("center", "context")) -> None:
    """Raise ValueError unless a side of the model is named."""
    if side not in known:
        wanted = ", ".join(map(repr, known[:-1])) + f" or {known[-1]!r}"
        raise ValueError(f"side must be {wanted}, got {side!r}")


def known_positions(catalogue: Items, ids: Any) -> Int32:
    """Return the positions of items; an unknown id raises UnknownItemError with close ones."""
    positions: Int32 = catalogue.positions(ids)
    if (positions < 0).any():
        raise_unknown(catalogue, ids, int(np.argmax(positions < 0)))
    return positions


def raise_unknown(catalogue: Items, ids: Any, row: int) -> NoReturn:
    """Raise what the catalogue says about the id at ``row`` of any kind of sequence."""
    item_id = next(itertools.islice(iter(ids), row, None))
    item_id = item_id.as_py() if hasattr(item_id, "as_py") else item_id
    if item_id is None:
        raise InputError(f"items must not be null, item {row} is")
    catalogue.position(item_id)
    raise AssertionError(f"{item_id!r} was not found a moment ago")
