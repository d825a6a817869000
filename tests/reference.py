"""reference.py: training again, slowly and in float64, one plain step after the other.

The twin of csrc/core (rng.h, noise_sampler, planner, block, composer, trainer) for one thread.
Every draw of random numbers is the same as there, so that tables agree up to the rounding of
float32. Numbers that the engine names come from ``_core.engine_constants()``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from likewise import _core
from reference_random import NoiseSampler, Rng, keep_shares

CONSTANTS = {
    name: value if name in ("curvature", "start_norm", "teach_rate", "pull") else int(value)
    for name, value in _core.engine_constants().items()
}


@dataclass
class Center:
    place: int
    low: int
    high: int
    own_row: bool

    @property
    def pairs(self) -> int:
        return self.high - self.low - 1


@dataclass
class Block:
    contexts: list[int] = field(default_factory=list)
    centers: list[Center] = field(default_factory=list)
    negatives: list[int] = field(default_factory=list)


@dataclass
class Rows:
    """The rows an item is composed of: weighted ones of content, its own one."""

    tokens: np.ndarray | None
    content: list[tuple[int, float]]
    own: np.ndarray | None  # a view of the row

    def compose(self, dim: int) -> np.ndarray:
        vector = np.zeros(dim) if self.own is None else self.own.copy()
        return sum((weight * self.tokens[token] for token, weight in self.content), vector)


class Side:
    """Centers or contexts of a block: vectors, curvatures, gradients, and the way to the rows."""

    def __init__(self, items: list[Rows], dim: int, damp_own: bool) -> None:
        self.items, self.damp_own = items, damp_own
        self.vectors = np.array([rows.compose(dim) for rows in items])
        self.squares = (self.vectors**2).sum(axis=1)
        self.curvatures = np.zeros(len(items))  # times the rate
        self.gradients = np.zeros_like(self.vectors)

    def add(self, i: int, gradient: np.ndarray) -> None:
        """At once where an item is its own row alone, collected otherwise."""
        rows = self.items[i]
        if rows.own is not None and not rows.content:
            rows.own += gradient * (damped(self.curvatures[i]) if self.damp_own else 1.0)
        else:
            self.gradients[i] += gradient

    def scatter(self) -> None:
        sums: dict[int, Any] = {}
        curvatures: dict[int, float] = {}
        for rows, curvature, gradient in zip(
            self.items, self.curvatures, self.gradients, strict=True
        ):
            if rows.own is not None and rows.content:
                rows.own += gradient * (damped(curvature) if self.damp_own else 1.0)
            for token, weight in rows.content:
                sums[token] = sums.get(token, 0.0) + weight * gradient
                curvatures[token] = curvatures.get(token, 0.0) + weight**2 * curvature
        tokens = next((rows.tokens for rows in self.items if rows.tokens is not None), None)
        for token, total in sums.items():
            tokens[token] += total * damped(curvatures[token])


def damped(curvature: float) -> float:
    return 1.0 / max(1.0, curvature)


def sigmoid(x: np.ndarray | float) -> Any:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


class Reference:
    """What _core.train does with the same arguments, on one thread.

    After :meth:`run`, the tables stand in ``tables`` under the names that _core.train gives them,
    and ``pairs`` holds the number of (center, context) pairs.
    """

    def __init__(
        self,
        items: np.ndarray,
        offsets: np.ndarray,
        counts: np.ndarray,
        features: dict[str, np.ndarray] | None,
        buckets: int,
        options: dict[str, Any],
    ) -> None:
        self.items, self.offsets, self.counts = items.tolist(), offsets.tolist(), counts
        self.features, self.buckets, self.o = features, buckets, options
        self.noise = NoiseSampler(counts, options["noise_exponent"])
        self.keep = keep_shares(counts, options["subsample"])
        self.pairs = 0
        dim, n = options["dim"], len(counts)
        self.content = options["content"]
        self.context_content = self.content and options["context"] == "content"
        self.tables: dict[str, np.ndarray | None] = dict.fromkeys(
            ["center_tokens", "center_ngrams", "context_tokens", "context_ngrams"]
        )
        self.center_own, self.context_own = np.zeros((n, dim)), np.zeros((n, dim))
        self.has_own = counts >= options["min_count"] if options["min_count"] > 1 else counts >= 0
        if self.content:
            n_tokens = len(features["token_hashes"])
            n_ngrams = buckets if len(features["ngram_rows"]) else 0
            width = CONSTANTS["start_norm"] * math.sqrt(3.0 / dim)
            seeds = [(options["seed"], int(h)) for h in features["token_hashes"]]
            self.tables["center_tokens"] = self.uniform(seeds, width)
            self.tables["center_ngrams"] = np.zeros((n_ngrams, dim))
            if self.context_content:
                self.tables["context_tokens"] = np.zeros((n_tokens, dim))
                self.tables["context_ngrams"] = np.zeros((n_ngrams, dim))
            self.trained = np.zeros(n_tokens, bool)
            for item in np.flatnonzero(counts):
                self.trained[self.entries(item)[0]] = True
        else:
            seed = options["seed"] ^ CONSTANTS["table_stream"]
            self.center_own = self.uniform([(seed, i) for i in range(n)], 0.5 / dim)
            self.center_own[counts < options["min_count"]] = 0.0

    def uniform(self, seeds: list[tuple[int, int]], width: float) -> np.ndarray:
        generators = [Rng(*seed) for seed in seeds]
        dim = range(self.o["dim"])
        return np.array([[(2.0 * rng.uniform() - 1.0) * width for _ in dim] for rng in generators])

    def entries(self, item: int) -> tuple[np.ndarray, np.ndarray]:
        part = slice(*self.features["item_offsets"][item : item + 2])
        return self.features["item_tokens"][part], self.features["item_weights"][part]

    # --- what a block holds ---------------------------------------------------

    def sessions(self, first: int, last: int, rng: Rng) -> Iterator[list[int]]:
        """Sub-sampled sessions of two events or more."""
        for s in range(first, last):
            session = self.items[self.offsets[s] : self.offsets[s + 1]]
            if self.keep is not None:
                keep = self.keep
                session = [i for i in session if keep[i] >= 1 or rng.uniform() < keep[i]]
            if len(session) >= 2:
                yield session

    def plan(self, first: int, last: int, rng: Rng) -> Iterator[Block]:
        o, size = self.o, CONSTANTS["block_centers"]
        drop = np.float32(o["id_dropout"]) if o["content"] and o["own_row"] else 0.0
        sessions, session, done = self.sessions(first, last, rng), [], 0
        while True:
            block = Block()
            while len(block.centers) < size:
                if done == len(session):
                    session, done = next(sessions, []), 0
                    if not session:
                        break
                end = min(len(session), done + size - len(block.centers))
                start = max(0, done - o["window"])
                base = len(block.contexts) - start
                block.contexts += session[start : end + o["window"]]
                for i in range(done, end):
                    bits = rng.next()
                    reach = ((bits >> 40) * o["window"] >> 24) + 1
                    low, high = max(0, i - reach), min(len(session), i + reach + 1)
                    own = (bits & 0xFFFFFF) * 2.0**-24 >= drop
                    block.centers.append(Center(base + i, base + low, base + high, own))
                done = end
            if not block.centers:
                return
            if o["shared_negatives"]:
                block.negatives = [
                    self.noise.draw(rng) for _ in range(CONSTANTS["shared_negatives"])
                ]
            yield block

    def pipeline(self, first: int, last: int, rng: Rng) -> Iterator[Block]:
        """Blocks, some of them drawn ahead: it matters where training draws numbers as well."""
        blocks, queue = self.plan(first, last, rng), []
        for _ in range(CONSTANTS["pipeline_depth"] - 1):
            queue += [block] if (block := next(blocks, None)) else []
        while True:
            queue += [block] if (block := next(blocks, None)) else []
            if not queue:
                return
            yield queue.pop(0)

    def rows(self, side: str, item: int, own_row: bool = True) -> Rows:
        tokens, content, own = self.tables[f"{side}_tokens"], [], None
        if tokens is not None:
            entries, weights = self.entries(item)
            content = list(zip(entries.tolist(), weights.tolist(), strict=True))
        if side == "context":
            own = self.context_own[item]
        elif own_row and self.o["own_row"] and self.has_own[item]:
            own = self.center_own[item]
        return Rows(tokens, content, own)

    # --- one block ------------------------------------------------------------

    def train(self, block: Block, rate: float, rng: Rng) -> None:
        dim = self.o["dim"]
        center = Side(
            [self.rows("center", block.contexts[c.place], c.own_row) for c in block.centers],
            dim,
            damp_own=True,
        )
        context = Side(
            [self.rows("context", i) for i in block.contexts + block.negatives],
            dim,
            damp_own=self.o["context"] == "content",
        )
        self.pairs += sum(c.pairs for c in block.centers)
        self.find_curvatures(block, center, context, rate)
        if block.negatives:
            steps = self.shared_steps(block, center.vectors @ context.vectors.T, rate)
            for i, gradient in enumerate(steps @ context.vectors):
                center.add(i, gradient)
            for j, gradient in enumerate(steps.T @ center.vectors):
                context.add(j, gradient)
        else:
            self.independent(block, center, context, rate, rng)
        center.scatter()
        context.scatter()

    def find_curvatures(self, block: Block, center: Side, context: Side, rate: float) -> None:
        """Summed squares of the other sides of its pairs, for each vector."""
        n, k = len(block.contexts), len(block.negatives)
        negatives, bound = self.o["negatives"], rate * CONSTANTS["curvature"]
        for i, c in enumerate(block.centers):
            pairs = [j for j in range(c.low, c.high) if j != c.place]
            near = context.squares[pairs].sum()
            drawn = negatives * near
            if k:
                drawn = negatives / k * len(pairs) * context.squares[n:].sum()
                context.curvatures[n:] += bound * negatives / k * len(pairs) * center.squares[i]
            center.curvatures[i] = bound * (near + drawn)
            context.curvatures[pairs] += bound * center.squares[i]

    def shared_steps(self, block: Block, scores: np.ndarray, rate: float) -> np.ndarray:
        """(centers, contexts and negatives): the factor of each product of two vectors."""
        n, k = len(block.contexts), len(block.negatives)
        steps = np.zeros_like(scores)
        for i, c in enumerate(block.centers):
            pairs = [j for j in range(c.low, c.high) if j != c.place]
            steps[i, pairs] = rate * (1.0 - sigmoid(scores[i, pairs]))
            for j, drawn in enumerate(block.negatives, start=n):
                counted = sum(block.contexts[p] != drawn for p in pairs)
                weight = self.o["negatives"] / k * counted
                steps[i, j] = -rate * weight * sigmoid(scores[i, j])
        return steps

    def independent(self, block: Block, center: Side, context: Side, rate: float, rng: Rng) -> None:
        """As many draws for each pair as there are to be negatives, each a step of its own."""
        for i, c in enumerate(block.centers):
            middle = center.vectors[i]
            for j in range(c.low, c.high):
                if j == c.place:
                    continue
                step = rate * (1.0 - sigmoid(middle @ context.vectors[j]))
                center.add(i, step * context.vectors[j])
                context.add(j, step * middle)
                for _ in range(self.o["negatives"]):
                    item = self.noise.draw(rng)
                    if item == block.contexts[j]:
                        continue
                    drawn = Side([self.rows("context", item)], self.o["dim"], False)
                    step = -rate * sigmoid(middle @ drawn.vectors[0])
                    center.add(i, step * drawn.vectors[0])
                    drawn.add(0, step * middle)
                    drawn.scatter()

    # --- all of it ------------------------------------------------------------

    def slices(self) -> list[int]:
        """First session of each slice, and the end."""
        events, starts = len(self.items), self.offsets[:-1]
        each = min(max(events // CONSTANTS["slices_each"], CONSTANTS["least_slice"]),
                   CONSTANTS["largest_slice"])  # fmt: skip
        count = max(1, -(-events // each))
        firsts = [events // count * s + min(events % count, s) for s in range(count)]
        return [*(int(np.searchsorted(starts, first)) for first in firsts), len(starts)]

    def run(self) -> Reference:
        o, edges = self.o, self.slices()
        count = len(edges) - 1
        total = count * o["epochs"]
        stretch = count
        if o["stretch"]:
            stretch = max(1, o["stretch"] * count // len(self.items))
        order: list[int] = []
        for at in range(total):
            if at % count == 0:
                order = list(range(count))
                rng = Rng(o["seed"], CONSTANTS["shuffle_stream"], at // count)
                for i in range(count, 1, -1):
                    j = rng.below(i)
                    order[i - 1], order[j] = order[j], order[i - 1]
            first, last = o["learning_rate"], o["min_learning_rate"]
            rate = float(np.float32(first + at / total * (last - first)))
            rng = Rng(o["seed"], CONSTANTS["slice_stream"], at)
            part = order[at % count]
            for block in self.pipeline(edges[part], edges[part + 1], rng):
                self.train(block, rate, rng)
            if (at + 1) % stretch == 0 or at + 1 == total:
                self.pass_down(at + 1 == total)
        for side in ("center", "context"):
            own = self.center_own if side == "center" else self.context_own
            if (tokens := self.tables[f"{side}_tokens"]) is not None:
                for item in range(len(own)):
                    entries, weights = self.entries(item)
                    own[item] += weights.astype(float) @ tokens[entries]
            self.tables[side] = own
        return self

    def pass_down(self, last: bool) -> None:
        """Words teach their n-grams; the words come a little nearer to them."""
        if self.tables["center_ngrams"] is None or not len(self.tables["center_ngrams"]):
            return
        offsets = self.features["ngram_offsets"]
        for number in range(CONSTANTS["last_passes"] if last else 1):
            rate = CONSTANTS["teach_rate"] / (1 + number)
            pull = 0.0 if last else CONSTANTS["pull"]
            for side in ("center", "context") if self.context_content else ("center",):
                tokens, ngrams = self.tables[f"{side}_tokens"], self.tables[f"{side}_ngrams"]
                for token in np.flatnonzero(self.trained):
                    rows = self.features["ngram_rows"][offsets[token] : offsets[token + 1]]
                    if not len(rows):
                        tokens[token] -= pull * tokens[token]
                        continue
                    error = tokens[token] - ngrams[rows].mean(axis=0)
                    tokens[token] -= pull * error
                    np.add.at(ngrams, rows, rate * error)
