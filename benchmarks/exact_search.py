"""Exact search beside faiss-cpu IndexFlatIP and blocked NumPy: all items among themselves.

    python benchmarks/exact_search.py [--items 105000] [--queries N] [--rounds 3] [--threads 2]
        [--model MODEL --catalogue FILE]

Vectors are made up, or those that a model composes for a catalogue (center vectors, not blended).
Runs alternate, so that a machine that is busy with something else is busy for all; the ratio of a
round is what to look at, and, where others share the cores, the ratio of CPU seconds. NumPy is
timed on a twentieth of the queries. Ids are compared with a float64 reference on a sample.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np

import likewise as lw
import likewise._core as _core
from likewise import kernels


def clustered(n: int, dim: int, seed: int = 0) -> np.ndarray:
    """Vectors that gather as products do: many kinds, some spread."""
    rng = np.random.default_rng(seed)
    kinds = rng.standard_normal((max(2, n // 50), dim))
    spread = 0.7 * rng.standard_normal((n, dim))
    return (kinds[rng.integers(0, len(kinds), n)] + spread).astype(np.float32)


def numpy_top_k(queries: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    found = np.empty((len(queries), k), np.int64)
    for start in range(0, len(queries), 1024):
        scores = queries[start : start + 1024] @ rows.T
        best = np.argpartition(scores, -k, axis=1)[:, -k:]
        order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1)
        found[start : start + 1024] = np.take_along_axis(best, order, 1)
    return found


def different_ids(rows: np.ndarray, found: np.ndarray, sample: np.ndarray, k: int) -> int:
    """Count ids that a float64 reference does not have in that place, true ties aside."""
    wrong = 0
    exact = rows.astype(np.float64)
    for query in sample:
        scores = exact @ exact[query]
        best = np.lexsort((np.arange(len(scores)), -scores))[:k]
        other = np.flatnonzero(best != found[query])
        wrong += int(
            (np.float32(scores[best[other]]) != np.float32(scores[found[query][other]])).sum()
        )
    return wrong


class Clock:
    """Seconds of the wall and of the CPU, of all threads; ``share`` of the work was timed."""

    def __init__(self, share: float = 1.0) -> None:
        self._share = share

    def __enter__(self) -> Clock:
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = (time.perf_counter() - self._began[0]) * self._share
        self.cpu = (time.process_time() - self._began[1]) * self._share

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.cpu:.1f} s of CPU)"

    def __truediv__(self, other: Clock) -> str:
        return f"{self.wall / other.wall:.2f} times as long ({self.cpu / other.cpu:.2f} of CPU)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, value in (("items", 105_000), ("queries", 0), ("dim", 100), ("k", 20)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--model", help="a model's folder; items and dim are then its")
    parser.add_argument("--catalogue", help="the items that it composes")
    asked = parser.parse_args()
    import faiss

    faiss.omp_set_num_threads(asked.threads)
    if asked.model:
        made = lw.load(asked.model).encode(lw.Catalogue.read(asked.catalogue))
        made = made[made.any(axis=1)]
        asked.items, asked.dim = made.shape
    else:
        made = clustered(asked.items, asked.dim)
    rows, _ = _core.unit_rows(made)
    flat = np.ascontiguousarray(rows)
    queries = rows[: asked.queries or asked.items]
    index = faiss.IndexFlatIP(asked.dim)
    index.add(flat)
    print(
        f"{asked.items:,} items, {len(queries):,} queries, dim {asked.dim}, k {asked.k}, "
        f"{asked.threads} threads, kernels {kernels()}, BLAS threads "
        f"{os.environ.get('OPENBLAS_NUM_THREADS', 'all')}"
    )
    few = max(1, len(queries) // 20)
    for _ in range(asked.rounds):
        with Clock() as ours:
            positions, _ = _core.top_k(rows, queries, asked.k, threads=asked.threads)
        with Clock() as faiss_time:
            _, theirs = index.search(flat[: len(queries)], asked.k)
        with Clock(len(queries) / few) as numpy_time:
            numpy_top_k(flat[:few], flat, asked.k)
        print(f"likewise {ours}; faiss {faiss_time}, {faiss_time / ours}", flush=True)
        print(f"    NumPy about {numpy_time}, {numpy_time / ours}", flush=True)
    found = positions.reshape(-1, asked.k)
    sample = np.random.default_rng(1).choice(len(queries), min(1000, len(queries)), replace=False)
    print(f"same ids as faiss: {(found == theirs).mean():.6f}")
    print(
        f"ids unlike float64's, of {len(sample) * asked.k:,}: "
        f"{different_ids(flat, found, sample, asked.k)}"
    )


if __name__ == "__main__":
    main()
