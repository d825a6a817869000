"""indexes.py: both kinds of index, and rows to put into them."""

from __future__ import annotations

import numpy as np
import pytest

from likewise.search.indexes import ApproximateIndex, ExactIndex

KINDS = [ExactIndex, ApproximateIndex]
BOTH = pytest.mark.parametrize("kind", KINDS)


def rows(n: int, dim: int = 12, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
