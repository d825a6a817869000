"""Arguments of questions that any search has: how many answers, and of which side."""

from __future__ import annotations

from typing import Any

import numpy as np


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
