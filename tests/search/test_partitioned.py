"""Searches by clusters: exact ones are exact whatever is filtered, others find their share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import likewise._core as _core
from helpers.indexes import ClusteredIndex, rows
from likewise.search.index import ExactIndex
from likewise.search.indexes import load_index
from likewise.search.partition import Clusters, pairs_of
from likewise.search.partitioned import PartitionedIndex


def gathered(n: int, dim: int = 16, seed: int = 0) -> np.ndarray:
    """Return vectors that gather as products do."""
    rng = np.random.default_rng(seed)
    kinds = rng.standard_normal((max(1, n // 30), dim))
    found = kinds[rng.integers(0, len(kinds), n)] + 0.5 * rng.standard_normal((n, dim))
    return found.astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 400),
    dim=st.integers(1, 40),
    k=st.integers(1, 30),
    copies=st.floats(0, 1),
    metric=st.sampled_from(["dot", "cosine"]),
    seed=st.integers(0, 2**16),
)
def test_clusters_change_no_answer(
    n: int, dim: int, k: int, copies: float, metric: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    vectors = gathered(n, dim, seed)
    vectors[rng.random(n) < copies] = vectors[0]
    vectors[rng.random(n) < 0.05] = 0.0
    vectors *= rng.choice([1e-6, 1.0, 1e6])
    queries = np.concatenate([vectors[: min(n, 50)], gathered(20, dim, seed + 1)])
    filters = {
        "where": rng.random(n) < 0.7,
        "exclude": rng.integers(-1, n, len(queries)),
        "same": (rng.integers(-1, 3, len(queries)), rng.integers(-1, 3, n)),
        "different": (rng.integers(-1, 2, len(queries)), rng.integers(-1, 2, n)),
    }
    chosen = {name: value for name, value in filters.items() if rng.random() < 0.5}
    plain, clustered = ExactIndex(vectors, metric=metric), ClusteredIndex(vectors, metric=metric)
    true, found = (index.search(queries, k, **chosen) for index in (plain, clustered))
    np.testing.assert_array_equal(found.positions, true.positions)
    np.testing.assert_array_equal(found.scores, true.scores)


def test_many_queries_are_answered_by_clusters_and_few_are_not() -> None:
    vectors = gathered(Clusters.least_vectors)
    clusters = ExactIndex(vectors)._clusters
    assert not clusters.pay(1, 10, None, None)
    assert clusters.pay(Clusters.least_queries, 10, None, None)
    assert not clusters.pay(Clusters.least_queries, len(vectors) // 2, None, None)
    few = np.zeros(len(vectors), np.bool_)
    few[:100] = True
    assert not clusters.pay(Clusters.least_queries, 10, few, None)
    labels = np.arange(len(vectors), dtype=np.int32)
    assert not clusters.pay(len(vectors), 10, None, (labels, labels))
    clusters.partition(None)
    assert clusters.pay(1, 10, None, None)  # they are there


def test_clusters_are_kept_for_the_last_filter() -> None:
    clusters = ClusteredIndex(gathered(500))._clusters
    some = np.arange(500) % 3 == 0
    assert clusters.partition(some) is clusters.partition(some.copy())
    assert clusters.partition(None) is clusters.partition(np.ones(500, np.bool_))
    assert clusters.partition(some) is not clusters.partition(~some)


def test_pairs_of_equal_labels() -> None:
    asked, there = np.array([0, 0, 2, -1, 5], np.int32), np.array([0, 2, 2, -1, 1], np.int32)
    assert pairs_of((asked, there)) == 2 * 1 + 1 * 2


@pytest.mark.parametrize("recall", [0.8, 0.95, 0.99])
def test_a_search_finds_the_share_that_is_asked_for(recall: float) -> None:
    vectors = gathered(6000, 24)
    index = PartitionedIndex.of(ExactIndex(vectors))
    assert index.exact
    told = index.tune(recall, 20, vectors[:1000], np.arange(1000))
    assert told >= recall
    assert not index.exact
    everything = np.arange(len(vectors))
    true = ExactIndex(vectors).search(vectors, 20, None, everything)
    found = index.search(vectors, 20, None, everything)
    assert (found.positions >= 0).all()
    assert (found.positions != everything[:, None]).all()
    share = (found.scores >= true.scores[:, -1:]).mean()
    assert share >= recall - 0.01
    assert abs(index.recall(500, 20) - share) < 0.05


def test_what_a_filter_leaves_is_found_in_full() -> None:
    vectors = gathered(8000, 24)
    rng = np.random.default_rng(1)
    where, group = rng.random(8000) < 0.6, rng.integers(0, 3, 8000)
    index = PartitionedIndex.of(ExactIndex(vectors))
    filters = {"same": (group[:500], group), "where": where}
    assert index.tune(0.9, 10, vectors[:500], np.arange(500), **filters) >= 0.9
    found = index.search(vectors[:500], 10, exclude=np.arange(500), **filters)
    assert (found.positions >= 0).all()
    assert where[found.positions].all()
    assert (group[found.positions] == group[:500, None]).all()
    # Three vectors alone pass: the third of them is as far away as any, and is found.
    rare = np.zeros(8000, np.bool_)
    rare[[3, 4000, 7999]] = True
    assert (np.sort(index.search(vectors[:20], 5, rare).positions[:, :3]) == [3, 4000, 7999]).all()


def test_a_recall_of_one_is_an_exact_search() -> None:
    index = PartitionedIndex.of(ExactIndex(gathered(5000)))
    assert index.tune(1.0, 10, rows(50, 16)) == 1.0
    assert index.exact


def test_it_is_saved_as_the_exact_index_that_it_is_of(tmp_path: Path) -> None:
    vectors = gathered(5000)
    index = PartitionedIndex.of(ExactIndex(vectors))
    index.tune(0.9, 10, vectors[:300])
    back = load_index(index.save(tmp_path / "index"))
    assert type(back) is ExactIndex
    np.testing.assert_allclose(back.vectors_at(np.arange(5000)), index._rows, atol=1e-6)


def test_the_core_refuses_what_does_not_fit() -> None:
    vectors = gathered(100)
    partition = _core.Partition(vectors, None, 10)
    with pytest.raises(ValueError, match="queries must have 16 columns"):
        partition.search(rows(3, 5), 4)
    with pytest.raises(ValueError, match="k must be at least 1"):
        partition.search(vectors, 0)
    with pytest.raises(ValueError, match="usable must have 100 values, got 3"):
        _core.Partition(vectors, np.ones(3, np.uint8), 10)
    with pytest.raises(ValueError, match="allowed must have 100 values, got 7"):
        partition.subset(np.ones(7, np.uint8))
