"""training.py: training again, slowly and in float64, one plain step after the other.

The twin of csrc/core (rng.h, noise_sampler, planner, block, composer, trainer) for one thread.
Every draw of random numbers is the same as there, so that tables agree up to the rounding of
float32. Numbers that the engine names come from ``_core.engine_constants()``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from oracles.planner import CONSTANTS, Block, Center, Planner
from oracles.random_numbers import NoiseSampler, Rng


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

    def __init__(self, items: list[Rows], dim: int) -> None:
        self.items = items
        self.vectors = np.array([rows.compose(dim) for rows in items])
        self.squares = (self.vectors**2).sum(axis=1)
        self.curvatures = np.zeros(len(items))  # times the rate
        self.gradients = np.zeros_like(self.vectors)

    def add(self, i: int, gradient: np.ndarray) -> None:
        """At once where an item is its own row alone, collected otherwise."""
        rows = self.items[i]
        if rows.own is not None and not rows.content:
            rows.own += gradient * damped(self.curvatures[i])
        else:
            self.gradients[i] += gradient

    def scatter(self) -> None:
        sums: dict[int, Any] = {}
        curvatures: dict[int, float] = {}
        for rows, curvature, gradient in zip(
            self.items, self.curvatures, self.gradients, strict=True
        ):
            if rows.own is not None and rows.content:
                rows.own += gradient * damped(curvature)
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
        order: str,
    ) -> None:
        self.items, self.offsets, self.counts = items.tolist(), offsets.tolist(), counts
        self.features, self.buckets, self.o = features, buckets, options
        self.noise = NoiseSampler(counts, options["noise_exponent"])
        self.planner = Planner(self.items, self.offsets, counts, self.noise, options, order)
        keep = self.planner.keep
        self.mean, self.blocks = np.zeros(options["dim"]), 0
        kept = counts * (1.0 if keep is None else keep)
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = self.noise.probabilities
            self.ratios = np.where(counts > 0, np.minimum(kept / kept.sum() / drawn, 1e30), 0.0)
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

    # --- rows ------------------------------------------------------------------

    def window_weight(self, distance: int) -> float:
        """The share of evenly drawn windows that reach so far."""
        window = self.o["window"]
        return (window - distance + 1) / window if 0 < distance <= window else 0.0

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

    def train(self, block: Block, rate: float) -> None:
        dim = self.o["dim"]
        items, first_context, first_negative = [], [], []
        for half in block.halves:
            first_context.append(len(items))
            items += half.contexts
            first_negative.append(len(items))
            items += half.negatives
        rows = [
            self.rows("center", half.contexts[c.place], c.own_row)
            for half in block.halves
            for c in half.centers
        ]
        center = Side(rows, dim)
        context = Side([self.rows("context", item) for item in items], dim)
        if not self.o["shared_negatives"]:
            self.independent(block, center, context, first_context, rate)
        else:
            self.shared(block, center, context, first_context, first_negative, rate)
        center.scatter()
        context.scatter()

    def bend(self, c: Center, i: int, first: int, center: Side, context: Side, rate: float) -> None:
        """Curvature along a center and its contexts, by the weight of their pairs."""
        for j in range(c.low, c.high):
            bound = rate * CONSTANTS["curvature"] * self.window_weight(abs(j - c.place))
            center.curvatures[i] += bound * context.squares[first + j]
            context.curvatures[first + j] += bound * center.squares[i]

    def shared(
        self,
        block: Block,
        center: Side,
        context: Side,
        first_context: list[int],
        first_negative: list[int],
        rate: float,
    ) -> None:
        tile, negatives = CONSTANTS["tile"], self.o["negatives"]
        pairs = np.array([c.pairs for half in block.halves for c in half.centers])
        self.blocks += 1
        step = max(np.float32(CONSTANTS["mean_step"]), np.float32(1) / np.float32(self.blocks))
        self.mean += step * (pairs @ center.vectors / pairs.sum() - self.mean)
        bases = sigmoid(context.vectors @ self.mean) * (not self.context_content)
        to_center, to_context = np.zeros_like(center.vectors), np.zeros_like(context.vectors)
        firsts = [0, len(block.halves[0].centers)]
        for h, half in enumerate(block.halves[: 1 if block.alone else 2]):
            other, tiles = block.halves[1 - h], -(-len(half.centers) // tile)
            around = -(-len(other.contexts) // tile)
            for t in range(tiles):
                noise: list[int] = []
                for b in range(min(CONSTANTS["band_tiles"], around)):
                    start = (t * around // tiles + b) % around * tile
                    part = range(start, min(start + tile, len(other.contexts)))
                    noise += [first_context[1 - h] + j for j in part]
                events = len(noise)
                noise += [first_negative[h] + k for k in range(len(half.negatives))]
                for n, c in enumerate(half.centers[t * tile : (t + 1) * tile], start=t * tile):
                    i = firsts[h] + n
                    self.bend(c, i, first_context[h], center, context, rate)
                    near = {}
                    for place in range(c.low, c.high):
                        if place == c.place:
                            continue
                        weight = self.window_weight(abs(place - c.place))
                        item = half.contexts[place]
                        near[item] = near.get(item, 0.0) + weight
                        j = first_context[h] + place
                        share = sigmoid(center.vectors[i] @ context.vectors[j])
                        to_center[i] += rate * weight * (1 - share) * context.vectors[j]
                        to_context[j] += rate * weight * (1 - share) * center.vectors[i]
                    for j in noise:
                        item = self.item_at(block, j, first_context, first_negative)
                        drawn = len(noise) - events
                        weight = negatives / (drawn + events * self.ratios[item])
                        bound = rate * CONSTANTS["curvature"] * weight * c.pairs
                        center.curvatures[i] += bound * context.squares[j]
                        context.curvatures[j] += bound * center.squares[i]
                        share = sigmoid(center.vectors[i] @ context.vectors[j])
                        noise_step = rate * weight * max(0.0, c.pairs - near.get(item, 0.0)) * share
                        base_step = rate * weight * c.pairs * bases[j]
                        to_center[i] -= noise_step * context.vectors[j]
                        to_context[j] -= (noise_step - base_step) * center.vectors[i]
                        to_context[j] -= base_step * self.mean
        for i, gradient in enumerate(to_center):
            center.add(i, gradient)
        for j, gradient in enumerate(to_context):
            context.add(j, gradient)

    @staticmethod
    def item_at(block: Block, j: int, first_context: list[int], first_negative: list[int]) -> int:
        h = int(j >= first_context[1] and not block.alone)
        half = block.halves[h]
        if j >= first_negative[h]:
            return half.negatives[j - first_negative[h]]
        return half.contexts[j - first_context[h]]

    def independent(
        self, block: Block, center: Side, context: Side, first_context: list[int], rate: float
    ) -> None:
        """As many draws for each pair as there are to be negatives, each a step of its own."""
        rng, i = block.rng, -1
        for h, half in enumerate(block.halves):
            for c in half.centers:
                i += 1
                self.bend(c, i, first_context[h], center, context, rate)
        center.curvatures *= 1 + self.o["negatives"]
        i = -1
        for h, half in enumerate(block.halves):
            for c in half.centers:
                i += 1
                middle = center.vectors[i]
                for place in range(c.low, c.high):
                    if place == c.place:
                        continue
                    j = first_context[h] + place
                    weighed = rate * self.window_weight(abs(place - c.place))
                    step = weighed * (1.0 - sigmoid(middle @ context.vectors[j]))
                    center.add(i, step * context.vectors[j])
                    context.add(j, step * middle)
                    for _ in range(self.o["negatives"]):
                        item = self.noise.draw(rng)
                        if item == half.contexts[place]:
                            continue
                        drawn = Side([self.rows("context", item)], self.o["dim"])
                        step = -weighed * sigmoid(middle @ drawn.vectors[0])
                        center.add(i, step * drawn.vectors[0])
                        drawn.add(0, step * middle)
                        drawn.scatter()

    # --- all of it ------------------------------------------------------------

    def run(self) -> Reference:
        o, count = self.o, self.planner.count
        total = count * o["epochs"]
        stretch = total
        if self.tables["center_ngrams"] is not None and len(self.tables["center_ngrams"]):
            stretch = max(1, o["stretch"] * count // len(self.items))
            if o["stretch"] == 0:
                stretch = count
        for begin in range(0, total, stretch):
            end = min(begin + stretch, total)
            self.mean, self.blocks = np.zeros(o["dim"]), 0  # of a worker, for its stretch
            for block in self.planner.blocks_of(begin, end):
                first, last = o["learning_rate"], o["min_learning_rate"]
                self.train(block, float(np.float32(first + block.slice / total * (last - first))))
            self.pass_down(end == total)
        self.pairs = self.planner.units // o["window"]
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
