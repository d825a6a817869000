"""A stand-in for the catalogue in tests of features: any bytes, UTF-8 or not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


class Strings:
    """Two lists of strings, bytes or None."""

    def __init__(self, categories, names):
        self.raw = [
            [t if isinstance(t, bytes) else (t or "").encode() for t in texts]
            for texts in (categories, names)
        ]

    @property
    def categories(self):
        return pa.array([text.decode(errors="replace") for text in self.raw[0]], pa.large_string())

    @property
    def names(self):
        return pa.array([text.decode(errors="replace") for text in self.raw[1]], pa.large_string())

    def __len__(self):
        return len(self.raw[0])

    def text_buffers(self):
        buffers = {}
        for column, raw in zip(("category", "name"), self.raw, strict=True):
            buffers[f"{column}_offsets"] = np.cumsum([0, *map(len, raw)], dtype=np.int64)
            buffers[f"{column}_bytes"] = np.frombuffer(b"".join(raw), np.uint8)
        return buffers


def many(n):
    """Return a catalogue of n items with names of five words, some in common, some not ASCII."""
    rng = np.random.default_rng(3)
    vocabulary = [f"wört{i}" if i % 7 == 0 else f"word{i}" for i in range(3000)]
    names = [" ".join(vocabulary[int(w)] for w in rng.zipf(1.3, 5) % 3000) for _ in range(n)]
    return Strings([f"Cat {i % 40} > Sub {i % 300}" for i in range(n)], names)
