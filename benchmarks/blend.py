"""What similar items should be scored with: parts of a blend, on real sets.

    python benchmarks/blend.py amazon_beauty_toys online_retail --seeds 1 2 3

Owns the study of notes/scoring.md, section 1: trains on the splits `last` and `cold`, gives items
without history a context vector by a linear map, and prints HR@20 for each score, with what
`likewise.evaluate` finds for `Model.similar` last (section 2 there). Vectors are trained once a
seed; scores are sums of blocks of products, so many of them cost little more than one.
"""

from __future__ import annotations

import time

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from likewise import Catalogue, Model, Options, train
from likewise.content.weights import Content
from likewise.evaluation.evaluation import cold_split, last_split
from likewise.evaluation.ranking import sides_of
from support.corpora import read_real, sample
from support.runs import parser_of_sets

K = 20
_PRODUCT = "similar, as it is"
Floats = NDArray[np.float32]

#: Weights of the parts: cc, co, oc and oo (center and context of the query against those of the
#: answer), tt (a random projection of TF-IDF), pop (popularity, an item without history counts as
#: one at the third quartile).
SCORES: dict[str, dict[str, float]] = {
    "cc": {"cc": 1},
    "co": {"co": 1},
    "cc + co": {"cc": 1, "co": 1},
    "cc + co + oc": {"cc": 1, "co": 1, "oc": 1},
    "all four": {"cc": 1, "co": 1, "oc": 1, "oo": 1},
    "all four + .5 tt": {"cc": 1, "co": 1, "oc": 1, "oo": 1, "tt": 0.5},
    "all four + .6 pop": {"cc": 1, "co": 1, "oc": 1, "oo": 1, "pop": 0.6},
    "all four + .5 tt + .6 pop": {"cc": 1, "co": 1, "oc": 1, "oo": 1, "tt": 0.5, "pop": 0.6},
}


def unit(vectors: Floats) -> Floats:
    """Rows of length 1; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def mapped_context(model: Model) -> Floats:
    """Unit context vectors; those of items without history by least squares from center vectors."""
    center, context, counts = unit(model.center), unit(model.context), model.counts
    warm = counts > 0
    known = np.c_[center, np.ones(len(center), np.float32)]
    weights = np.sqrt(counts[warm])[:, None].astype(np.float32)
    left, right = known[warm] * weights, context[warm] * weights
    matrix = np.linalg.solve(left.T @ left + np.eye(left.shape[1]), left.T @ right)
    cold = ~warm & center.any(axis=1)
    context[cold] = unit((known[cold] @ matrix).astype(np.float32))
    return context


def text_vectors(catalogue: Catalogue, dim: int) -> Floats:
    """Unit vectors of words and categories by inverse frequency, at random directions."""
    content = Content.encode(catalogue, Options(min_n=0, max_n=0))
    features = content.features
    item = np.repeat(np.arange(features.n_items), np.diff(features.item_offsets))
    shape = features.n_items, features.n_tokens
    table = sp.csr_matrix((content.weights, (item, features.item_tokens)), shape)
    directions = np.random.default_rng(0).normal(size=(features.n_tokens, dim))
    return unit(table @ directions.astype(np.float32))


def popularity(counts: NDArray[np.int64]) -> Floats:
    """Logarithm of the events of each item, 1 for the most popular."""
    found = np.log1p(counts).astype(np.float32)
    found /= found.max()
    found[counts == 0] = np.quantile(found[counts > 0], 0.75)
    return found


def hit_rates(
    model: Model, text: Floats, queries: NDArray, targets: NDArray, allowed: NDArray | None,
    limit: int,
) -> dict[str, float]:  # fmt: skip
    """HR@20 of each score on the pairs, ranked as `likewise.evaluate` does."""
    queries, targets = sample(queries, targets, limit)
    center, context, popular = unit(model.center), mapped_context(model), popularity(model.counts)
    hits = dict.fromkeys(SCORES, 0)
    for begin in range(0, len(queries), 512):
        asked, wanted = queries[begin : begin + 512], targets[begin : begin + 512]
        parts = {
            "cc": center[asked] @ center.T,
            "co": center[asked] @ context.T,
            "oc": context[asked] @ center.T,
            "oo": context[asked] @ context.T,
            "tt": text[asked] @ text.T,
            "pop": np.broadcast_to(popular, (len(asked), len(popular))),
        }
        row = np.arange(len(asked))
        for name, weights in SCORES.items():
            scores = np.zeros_like(parts["cc"])
            for part, weight in weights.items():
                scores += np.float32(weight) * parts[part]
            if allowed is not None:
                scores[:, ~allowed] = -99
            scores[row, asked] = -99
            better = np.count_nonzero(scores > scores[row, wanted][:, None], axis=1)
            hits[name] += int((better < K).sum())
    found = {name: hit / len(queries) for name, hit in hits.items()}
    ranks, _ = sides_of(model, "")[0].ranks(queries, targets, allowed)  # type: ignore[misc]
    return {**found, _PRODUCT: float((ranks < K).mean())}


def study(name: str, seeds: list[int], limit: int, dim: int, threads: int) -> None:
    """Print a table for one set."""
    sessions = read_real(name, min_length=1)
    text = text_vectors(sessions.catalogue, dim)
    last, cold = last_split(sessions), cold_split(sessions)
    found: dict[str, list[list[float]]] = {score: [] for score in [*SCORES, _PRODUCT]}
    for seed in seeds:
        options = Options(seed=seed, threads=threads)
        warm_model = train(last.train, options=options)
        cold_model = train(cold.train, options=options)
        cells = [
            hit_rates(warm_model, text, last.queries, last.targets, None, limit),
            hit_rates(cold_model, text, cold.cold_queries, cold.warm_targets,
                      cold_model.counts > 0, limit),
            hit_rates(cold_model, text, cold.warm_queries, cold.cold_targets, None, limit),
        ]  # fmt: skip
        for score in found:
            found[score].append([cell[score] for cell in cells])
    print(f"\n{name}: HR@{K}, means of seeds {seeds} and their spread")
    print(f"{'score':<28}{'warm':>16}{'cold query':>16}{'cold target':>16}")
    for score, values in found.items():
        mean, spread = np.mean(values, axis=0), np.std(values, axis=0)
        line = "".join(f"{m:>9.4f} ±{s:.4f}" for m, s in zip(mean, spread, strict=True))
        print(f"{score:<28}{line}")


def main() -> None:
    """Read the arguments and study each set."""
    parser = parser_of_sets(__doc__, seeds=[1, 2])
    parser.add_argument("--limit", type=int, default=20000, help="pairs of each kind")
    parser.add_argument("--text-dim", type=int, default=256)
    arguments = parser.parse_args()
    try:
        for name in arguments.sets:
            began = time.monotonic()
            study(name, arguments.seeds, arguments.limit, arguments.text_dim, arguments.threads)
            print(f"{time.monotonic() - began:.0f} s", flush=True)
    except FileNotFoundError as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
