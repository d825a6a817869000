"""mutations.py: a file with anything changed in it, and how often tests try that."""

from __future__ import annotations

import os

import numpy as np

MUTATIONS = int(os.environ.get("LIKEWISE_MUTATIONS", "400"))


def mutated(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A flipped bit, a file cut off, one with more at its end, with the start of another."""
    changed = bytearray(data)
    way = int(rng.integers(5))
    if way == 0:
        changed[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
    elif way == 1:
        del changed[int(rng.integers(len(data))) :]
    elif way == 2:
        changed += bytes(int(rng.integers(1, 50)))
    elif way == 3:
        size = int(rng.integers(1, min(len(data), len(other))))
        changed[:size] = other[:size]
    else:
        at = int(rng.integers(len(data)))
        changed[at : at + 8] = rng.integers(0, 256, 8, dtype=np.uint8).tobytes()
    return bytes(changed)
