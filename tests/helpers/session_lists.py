"""session_lists.py: sessions of plain lists of positions, as slow loops take them."""

from __future__ import annotations

import numpy as np

from likewise import Catalogue, Sessions


def sessions_of(lists: list[list[int]], catalogue: Catalogue | int) -> Sessions:
    """Return sessions of a catalogue; a number makes one of so many items, ``i0`` and so on."""
    if isinstance(catalogue, int):
        catalogue = Catalogue.from_ids([f"i{n}" for n in range(catalogue)])
    offsets = np.concatenate([[0], np.cumsum([len(s) for s in lists])]).astype(np.int64)
    items = np.array([item for s in lists for item in s], np.int32)
    return Sessions.from_arrays(items, offsets, catalogue)
