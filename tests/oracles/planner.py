"""planner.py: slices of sessions, and the blocks that a worker makes of them, slowly.

The twin of csrc/core's slices and planner for one thread, for training.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import likewise._core as _core
from oracles.random_numbers import NoiseSampler, Rng, keep_shares

FRACTIONS = ("curvature", "mean_step", "start_norm", "teach_rate", "pull")
CONSTANTS = {
    name: value if name in FRACTIONS else int(value)
    for name, value in _core.engine_constants().items()
}


@dataclass
class Center:
    place: int
    low: int
    high: int
    own_row: bool
    pairs: float  # each by its weight


@dataclass
class Half:
    contexts: list[int] = field(default_factory=list)
    centers: list[Center] = field(default_factory=list)
    negatives: list[int] = field(default_factory=list)


@dataclass
class Block:
    halves: list[Half]
    slice: int = 0
    rng: Rng | None = None  # of draws in training itself

    @property
    def alone(self) -> bool:
        return not self.halves[1].centers


@dataclass
class Stream:
    """A place that sessions are read at: a slice, and the session being cut."""

    left: list[list[int]] = field(default_factory=list)
    rng: Rng | None = None
    session: list[int] = field(default_factory=list)
    done: int = 0


class Planner:
    """The order in which sessions are read, and the blocks they are packed in.

    ``units`` counts the pairs of the blocks made so far, by weight, times the window.
    """

    def __init__(
        self,
        items: list[int],
        offsets: list[int],
        counts: np.ndarray,
        noise: NoiseSampler,
        options: dict[str, Any],
        order: str,
    ) -> None:
        self.unordered = order == "none"
        self.items, self.offsets, self.noise, self.o = items, offsets, noise, options
        self.keep = keep_shares(counts, options["subsample"])
        self.edges = self.slices()
        self.count, self.latest, self.units = len(self.edges) - 1, 0, 0

    def slices(self) -> list[int]:
        """First session of each slice, and the end."""
        events, starts = len(self.items), self.offsets[:-1]
        each = min(max(events // CONSTANTS["slices_each"], CONSTANTS["least_slice"]),
                   CONSTANTS["largest_slice"])  # fmt: skip
        count = max(1, -(-events // each))
        firsts = [events // count * s + min(events % count, s) for s in range(count)]
        return [*(int(np.searchsorted(starts, first)) for first in firsts), len(starts)]

    def order(self, epoch: int) -> list[int]:
        rng, order = (
            Rng(self.o["seed"], CONSTANTS["shuffle_stream"], epoch),
            list(range(self.count)),
        )
        for i in range(self.count, 1, -1):
            j = rng.below(i)
            order[i - 1], order[j] = order[j], order[i - 1]
        return order

    def session(self, s: int) -> list[int]:
        session = list(self.items[self.offsets[s] : self.offsets[s + 1]])
        if self.unordered:
            rng = Rng(self.o["seed"], CONSTANTS["order_stream"], s)
            for i in range(len(session), 1, -1):
                j = rng.below(i)
                session[i - 1], session[j] = session[j], session[i - 1]
        return session

    def next_session(self, stream: Stream) -> bool:
        """The next sub-sampled session of two events or more, from slice after slice."""
        while True:
            if not stream.left:
                stream.session, stream.done = [], 0
                if self.taken >= self.end:
                    return False
                at, self.taken = self.taken, self.taken + 1
                part = self.order(at // self.count)[at % self.count]
                first, last = self.edges[part], self.edges[part + 1]
                stream.left = [self.session(s) for s in range(first, last)]
                stream.rng = Rng(self.o["seed"], CONSTANTS["slice_stream"], at)
                self.latest = at
                continue
            session, rng, keep = stream.left.pop(0), stream.rng, self.keep
            if keep is not None:
                session = [i for i in session if keep[i] >= 1 or rng.uniform() < keep[i]]
            stream.session, stream.done = session, 0
            if len(session) >= 2:
                return True

    def fill(self, stream: Stream) -> Half:
        o, half, window = self.o, Half(), self.o["window"]
        drop = np.float32(o["id_dropout"]) if o["content"] and o["own_row"] else 0.0
        while len(half.centers) < CONSTANTS["half_centers"]:
            if stream.done >= len(stream.session) and not self.next_session(stream):
                break
            session, first = stream.session, stream.done
            room = CONSTANTS["half_centers"] - len(half.centers)
            left = len(session) - first
            last = first + (left if left <= room + CONSTANTS["half_slack"] else room)
            start = max(0, first - window)
            base = len(half.contexts) - start
            half.contexts += session[start : last + window]
            for i in range(first, last):
                low, high = max(0, i - window), min(len(session), i + window + 1)
                units = sum(window - abs(j - i) + 1 for j in range(low, high) if j != i)
                own = drop <= 0 or stream.rng.uniform() >= drop
                half.centers.append(Center(base + i, base + low, base + high, own, units / window))
                self.units += units
            stream.done = last
        return half

    def blocks_of(self, first: int, last: int) -> Iterator[Block]:
        """The blocks of the slices [first, last), as one worker makes them."""
        self.taken, self.end, streams = first, last, [Stream(), Stream()]
        while True:
            halves, used = [self.fill(stream) for stream in streams], [0, 1]
            if not halves[0].centers:
                halves.reverse()
                used.reverse()
            if not halves[0].centers:
                return
            block = Block(halves, self.latest)
            for h in [0] if block.alone else [0, 1]:
                rng = streams[used[h]].rng
                if not self.o["shared_negatives"]:
                    block.rng = block.rng or Rng(rng.next())
                    continue
                n = CONSTANTS["sampled_alone" if block.alone else "sampled"]
                halves[h].negatives = [self.noise.draw(rng) for _ in range(n)]
            yield block
