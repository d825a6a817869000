"""Looking items up by their ids, with an error that names close ones."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from likewise.arrays import Int32
from likewise.errors import InputError

if TYPE_CHECKING:
    from likewise.tables.items import Items

__all__ = ["known_positions", "raise_unknown"]


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
