"""random_numbers.py: the draws of training, in plain Python: numbers, negatives, what is kept.

The twin of csrc/core rng.h and noise_sampler, number by number.
"""

from __future__ import annotations

import math

import numpy as np

MASK = (1 << 64) - 1


def splitmix64(state: int) -> tuple[int, int]:
    """Return the next state and the number drawn."""
    state = (state + 0x9E3779B97F4A7C15) & MASK
    z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return state, z ^ (z >> 31)


class Rng:
    """xoroshiro128+, seeded from (seed, stream, part) by splitmix64."""

    def __init__(self, seed: int, stream: int = 0, part: int = 0) -> None:
        state = splitmix64(seed)[1] ^ (stream * 0xD1342543DE82EF95 & MASK)
        state = splitmix64(state)[1] ^ (part * 0xAF251AF3B0F025B5 & MASK)
        state, self.s0 = splitmix64(state)
        self.s1 = splitmix64(state)[1] | 1

    def next(self) -> int:
        a, result = self.s0, (self.s0 + self.s1) & MASK
        b = self.s1 ^ a
        self.s0 = ((a << 24 | a >> 40) & MASK) ^ b ^ ((b << 16) & MASK)
        self.s1 = (b << 37 | b >> 27) & MASK
        return result

    def below(self, n: int) -> int:
        return (self.next() >> 32) * n >> 32

    def uniform(self) -> float:
        return (self.next() >> 40) * 2.0**-24


class NoiseSampler:
    """Vose's alias table over the items with events."""

    def __init__(self, counts: np.ndarray, exponent: float) -> None:
        self.items = [i for i, count in enumerate(counts) if count > 0]
        shares = [math.log(counts[i]) * exponent for i in self.items]
        largest = max(shares)
        shares = [math.exp(share - largest) for share in shares]
        total = 0.0
        for share in shares:
            total += share
        self.probabilities = np.zeros(len(counts))
        self.probabilities[self.items] = np.array(shares) / total
        scale = len(shares) / total
        shares = [share * scale for share in shares]
        self.keep = [0xFFFFFFFF] * len(shares)
        self.alias = list(self.items)
        small = [i for i, share in enumerate(shares) if share < 1.0]
        large = [i for i, share in enumerate(shares) if share >= 1.0]
        while small and large:
            poor, rich = small.pop(), large[-1]
            self.keep[poor] = int(min(shares[poor] * 2.0**32, 0xFFFFFFFF))
            self.alias[poor] = self.items[rich]
            shares[rich] -= 1.0 - shares[poor]
            if shares[rich] < 1.0:
                small.append(large.pop())

    def draw(self, rng: Rng) -> int:
        bits = rng.next()
        place = (bits >> 32) * len(self.items) >> 32
        return self.items[place] if bits & 0xFFFFFFFF < self.keep[place] else self.alias[place]


def keep_shares(counts: np.ndarray, subsample: float) -> np.ndarray | None:
    """Share of each item's events that sub-sampling keeps, as word2vec.c computes it."""
    if subsample <= 0:
        return None
    ratio = counts / (subsample * counts.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(ratio > 0, (np.sqrt(ratio) + 1) / ratio, 1.0)
    return np.minimum(shares, 1.0).astype(np.float32)
