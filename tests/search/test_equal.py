"""Many equal vectors: found fast, once in a graph, and all of them in answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import likewise as lw
from helpers.indexes import BOTH, rows
from helpers.places import TESTS
from likewise.errors import StorageError
from likewise.search import equal
from likewise.search import graph as graph_module
from likewise.search.equal import EqualVectors, first_equal
from likewise.search.filters import Filters
from likewise.search.indexes import ApproximateIndex, ExactIndex, Found, Index, load_index

N, FEWER = 3000, 2100


def many_alike(groups: int, seed: int = 0, dim: int = 12) -> np.ndarray:
    """Vectors of which 30 % are in a few groups of equal ones, here and there among the others."""
    rng = np.random.default_rng(seed)
    vectors = rows(N, dim, seed)
    vectors[rng.permutation(N)[: N - FEWER]] = rows(groups, dim, seed + 1)[
        rng.integers(0, groups, N - FEWER)
    ]
    return vectors


def copies(vectors: np.ndarray, at: int) -> list[int]:
    return np.flatnonzero((vectors == vectors[at]).all(axis=1)).tolist()


def assert_good(found: Found, true: Found, share: float = 0.99) -> None:
    """As many answers as there are, in the order of the contract, with good scores."""
    np.testing.assert_array_equal(found.positions >= 0, true.positions >= 0)
    for positions in found.positions:
        kept = positions[positions >= 0]
        assert len(set(kept.tolist())) == len(kept)
    there = found.positions >= 0
    falls = np.diff(np.where(there, found.scores, -9.0), axis=1)
    assert (falls <= 0).all()
    ties = (falls == 0) & there[:, 1:]
    assert (np.diff(found.positions, axis=1)[ties] > 0).all()
    near = np.abs(np.where(there, found.scores, 0) - np.where(there, true.scores, 0)) < 1e-5
    assert near.mean() >= share
    assert near.any(axis=1).all()


# --- the contract ---------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("groups", [1, 20])
@pytest.mark.parametrize("k", [1, 10, 100])
@pytest.mark.parametrize("metric", ["cosine", "dot"])
def test_equal_vectors_are_answers_each_for_itself(
    kind: type[Index], groups: int, k: int, metric: str
) -> None:
    vectors = many_alike(groups)
    asked = np.arange(0, N, 10)
    index, exact = kind(vectors, metric=metric), ExactIndex(vectors, metric=metric)
    for exclude in (None, asked):
        found = index.search(vectors[asked], k, exclude=exclude)
        assert_good(found, exact.search(vectors[asked], k, exclude=exclude), 0.97)
    if metric == "cosine":  # where nothing is nearer than what is equal
        for row, at in enumerate(asked):
            expected = [other for other in copies(vectors, int(at)) if other != at][:k]
            assert found.positions[row, : len(expected)].tolist() == expected


@BOTH
@pytest.mark.parametrize("groups", [1, 20])
def test_filters_hold_among_equal_vectors(kind: type[Index], groups: int) -> None:
    vectors = many_alike(groups)
    rng = np.random.default_rng(5)
    asked = np.arange(0, N, 25)
    brand, colour = rng.integers(-1, 3, N), rng.integers(-1, 4, N)
    mild, strict = rng.random(N) < 0.8, rng.random(N) < 0.02
    first = (
        np.arange(N)
        < copies(
            vectors, int(np.flatnonzero(np.isin(vectors, rows(groups, 12, 1)).all(axis=1))[0])
        )[-1]
    )  # all but the last of some equal ones
    index, exact = kind(vectors), ExactIndex(vectors)
    for arguments in (
        {"where": mild},
        {"where": strict},
        {"where": ~first},
        {"different": (brand[asked], brand)},
        {"different": [(brand[asked], brand), (colour[asked], colour)]},
        {"different": (brand[asked], brand), "where": mild},
        {"same": (brand[asked], brand)},
        {"exclude": [copies(vectors, int(at))[:7] for at in asked]},
    ):
        complete = {"exclude": asked, **arguments}
        for k in (1, 10, 60):
            found = index.search(vectors[asked], k, **complete)  # type: ignore[arg-type]
            assert_good(found, exact.search(vectors[asked], k, **complete))  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_a_graph_with_copies_answers_as_an_exact_search(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, distinct = int(rng.integers(100, 700)), int(rng.integers(80, 300))
    vectors = rows(distinct, 5, seed)[rng.integers(0, distinct, n)]
    vectors[rng.random(n) < rng.choice([0.0, 0.2])] = 0.0
    queries = vectors[rng.integers(0, n, 20)] + rng.choice([0.0, 0.1]) * rows(20, 5, seed + 1)
    arguments: dict[str, object] = {}
    if rng.random() < 0.5:
        arguments["where"] = rng.random(n) < rng.choice([0.1, 0.6, 0.95])
    if rng.random() < 0.5:
        arguments["exclude"] = rng.integers(-1, n, 20)
    if rng.random() < 0.5:
        arguments["different"] = [
            (rng.integers(-1, 5, 20), rng.integers(-1, 5, n)) for _ in range(rng.integers(1, 3))
        ]
    k = int(rng.integers(1, 25))
    # So wide a search of so few vectors finds all: what is left is how answers are put together.
    found = ApproximateIndex(vectors, ef=700, threads=1).search(queries, k, **arguments)  # type: ignore[arg-type]
    true = ExactIndex(vectors).search(queries, k, **arguments)  # type: ignore[arg-type]
    assert_good(found, true)
    right = found.positions == true.positions
    assert right.mean() > 0.98  # scores of a graph are rounded otherwise


def test_a_group_that_no_link_leads_to_is_found() -> None:
    # By inner products short vectors are nobody's neighbours, and nobody's links lead to them.
    vectors = rows(4000, 16) + 2.0
    vectors[1000:1700] = -0.05 * rows(1, 16, 3) ** 2
    index, exact = ApproximateIndex(vectors, metric="dot"), ExactIndex(vectors, metric="dot")
    asked = np.arange(1000, 1700, 7)
    assert_good(
        index.search(vectors[asked], 10, exclude=asked),
        exact.search(vectors[asked], 10, exclude=asked), 0.95,
    )  # fmt: skip
    found = index.search(vectors[asked] - 2, 10, exclude=asked)
    assert_good(found, exact.search(vectors[asked] - 2, 10, exclude=asked), 0.9)


def test_a_small_group_that_the_graph_misses_is_found_for_its_items(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vectors = np.repeat(rows(600), 2, axis=0)
    index = ApproximateIndex(vectors)
    asked = np.arange(1000, 1200)

    def far(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.argsort(queries @ vectors[:1000:2].T, axis=1)[:, :k] * 2
        unit = index.vectors_at(labels.reshape(-1)).reshape(*labels.shape, -1)
        return labels.astype(np.uint64), 1 - np.einsum("qd,qkd->qk", queries, unit)

    monkeypatch.setattr(index, "_ask", far)
    found = index.search(vectors[asked], 3, exclude=asked)
    assert (found.positions[:, 0] == asked + 1 - 2 * (asked % 2)).all()
    np.testing.assert_allclose(found.scores[:, 0], 1.0, atol=1e-5)


def test_a_large_group_is_not_expanded_beyond_the_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.concatenate([rows(500), np.repeat(rows(1, seed=8), 8000, axis=0)])
    index = ApproximateIndex(vectors)
    sizes: list[int] = []
    whole = equal._expanded

    def counted(*arguments: object) -> tuple[np.ndarray, ...]:
        answer = whole(*arguments)  # type: ignore[arg-type]
        sizes.append(len(answer[0]))
        return answer

    monkeypatch.setattr(equal, "_expanded", counted)
    brand = np.zeros(8500, np.int64)
    brand[-1] = 1
    queries = np.repeat(vectors[-1:], 50, axis=0)
    # Nor is a list left short, to be completed by comparing with everything.
    monkeypatch.setattr(index, "_exact_twin", lambda: pytest.fail("an exact search"))
    for arguments in ({}, {"exclude": np.arange(8450, 8500)}):
        found = index.search(queries, 10, **arguments)
        assert (found.positions == np.arange(500, 510)).all()
    found = index.search(queries, 1, different=(np.zeros(50, np.int64), brand))
    assert (found.positions == 8499).all()
    assert sum(sizes) < 3 * 50 * 25


def test_answers_do_not_depend_on_how_many_are_expanded_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vectors = many_alike(20)
    index = ApproximateIndex(vectors)
    brand = np.arange(N) % 3
    ask = {"exclude": np.arange(300), "different": (brand[:300], brand)}
    together = index.search(vectors[:300], 12, **ask)  # type: ignore[arg-type]
    monkeypatch.setattr(equal, "_NUMBERS", 100)
    found = index.search(vectors[:300], 12, **ask)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.positions, together.positions)
    np.testing.assert_array_equal(found.scores, together.scores)


def test_the_graph_has_each_vector_once_and_progress_counts_all() -> None:
    vectors = many_alike(20)
    vectors[::100] = 0.0
    steps: list[tuple[int, int]] = []
    index = ApproximateIndex(vectors, progress=lambda *at: steps.append(at))
    usable = vectors.any(axis=1)
    assert index._graph.get_current_count() == len(np.unique(vectors[usable], axis=0))
    assert steps[-1] == (usable.sum(), usable.sum())
    np.testing.assert_allclose(
        index.vectors_at(np.arange(N)), ExactIndex(vectors).vectors_at(np.arange(N)), atol=1e-6
    )


# --- recall ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "groups"), [(0.3, 1), (0.7, 1)])
def test_recall_is_what_users_get(share: float, groups: int) -> None:
    n, alike = 6000, int(6000 * share)
    rng = np.random.default_rng(0)
    items = [
        (f"i{i}", "A > Z", f"plain grey sock g{i % groups}xx")
        if i >= n - alike
        else (f"i{i}", f"A > B{i % 7}", f"thing w{i % 97}aa q{i % 53}bb r{i % 31}cc")
        for i in range(n)
    ]
    catalogue = lw.Catalogue.from_arrays(*map(list, zip(*items, strict=True)))
    visits = [
        [f"i{(base + int(rng.integers(12))) % 1000}" for _ in range(5)]
        for base in range(0, 1000, 2)
        for _ in range(3)
    ]
    model = lw.train(visits, catalogue, dim=24, epochs=3, threads=1)
    graph = model.index(exact=False)
    shares = {}
    for who, ids in {
        "with history": [f"i{i}" for i in range(0, 1000, 5)],
        "any": [f"i{i}" for i in rng.permutation(n)[:1000]],
    }.items():
        found, true = model.similar(ids, k=10, index=graph), model.similar(ids, k=10, exact=True)
        assert isinstance(found, lw.BatchMatches)
        assert isinstance(true, lw.BatchMatches)
        hits = found.scores >= true.scores[:, -1:] - 1e-6
        assert hits.any(axis=1).all()
        shares[who] = hits.mean()
    assert shares["with history"] >= 0.97
    assert abs(graph.recall() - shares["any"]) < 0.015
    for side in ("center", "context"):
        other = model.index(exact=False, side=side)
        queries = np.random.default_rng(0).choice(n, 1000, replace=False)
        as_asked = other.recall(queries=model.center[queries], exclude=queries)
        assert other.recall() == pytest.approx(as_asked, abs=0.01)


def test_queries_bring_what_they_exclude() -> None:
    index = ApproximateIndex(many_alike(1))
    asked = many_alike(1)[:200]
    with pytest.raises(ValueError, match="exclude must be left out without queries"):
        index.recall(exclude=np.arange(200))
    assert index.recall(k=1, queries=asked) == 1.0
    assert 0.9 < index.recall(k=1, queries=asked, exclude=np.arange(200)) <= 1.0


# --- files ----------------------------------------------------------------------------------------


def header_of(path: Path) -> bytes:
    data = path.read_bytes()
    return data[56 : 56 + int.from_bytes(data[16:24], "little")]


@pytest.mark.parametrize("groups", [1, 20])
def test_equal_vectors_are_saved_and_loaded(groups: int, tmp_path: Path) -> None:
    vectors = many_alike(groups)
    vectors[::100] = 0.0
    index = ApproximateIndex(vectors, threads=1)
    back = load_index(index.save(tmp_path / "index"), threads=1)
    assert b'"format_version": 2' in header_of(tmp_path / "index")
    asked = np.arange(0, N, 7)
    for where in (None, np.arange(0, N, 2)):
        for k in (1, 20):
            expected = index.search(vectors[asked], k, where, exclude=asked)
            found = back.search(vectors[asked], k, where, exclude=asked)
            np.testing.assert_array_equal(found.positions, expected.positions)
            np.testing.assert_array_equal(found.scores, expected.scores)
    back.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "index").read_bytes()


def test_files_without_equal_vectors_are_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = rows(400)
    vectors[::50] = 0.0
    new = ApproximateIndex(vectors, threads=1).save(tmp_path / "new")
    monkeypatch.setattr(graph_module, "first_equal", lambda *_: None)
    old = ApproximateIndex(vectors, threads=1).save(tmp_path / "old")
    assert b'"format_version": 1' in header_of(new)
    assert new.read_bytes() == old.read_bytes()


def test_equal_vectors_that_do_not_fit_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = many_alike(20)
    index = ApproximateIndex(vectors, threads=1)
    assert index._equal is not None
    first = index._equal.first
    copy = int(np.flatnonzero(first != np.arange(N))[-1])
    for at, value in [(0, -1), (0, 5), (copy, N), (copy, copy), (copy - 1, first[copy] + 1)]:
        index._equal.first = first.copy()
        index._equal.first[at] = value
        index.save(tmp_path / "index")
        with pytest.raises(StorageError, match=r"damaged: (its equal|the graph holds)"):
            load_index(tmp_path / "index")
    index._equal.first = first[:-1]
    index.save(tmp_path / "index")
    with pytest.raises(StorageError, match="damaged: its equal"):
        load_index(tmp_path / "index")


@pytest.mark.parametrize(("version", "kind"), [(1, "exact"), (1, "graph"), (2, "graph")])
def test_indexes_of_every_format_answer_as_they_did(version: int, kind: str) -> None:
    folder = TESTS / "formats" / f"index-v{version}"
    expected = np.load(folder / "expected.npz")
    index = load_index(folder / f"{kind}.index")
    assert isinstance(index, ExactIndex if kind == "exact" else ApproximateIndex)
    assert f'"format_version": {version}'.encode() in header_of(folder / f"{kind}.index")
    assert len(index) == len(expected["vectors"])
    asked = expected["asked"]
    found = index.search(expected["vectors"][asked], 5, exclude=asked)
    np.testing.assert_array_equal(found.positions, expected[f"{kind}_positions"])
    np.testing.assert_allclose(found.scores, expected[f"{kind}_scores"], atol=1e-5)
    assert index.catalogue is not None
    assert index.catalogue.ids[7].as_py() == "i7"


# --- finding them ---------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 100_000), bits=st.sampled_from([0, 3, 64]))
def test_equal_vectors_are_found(seed: int, bits: int) -> None:
    rng = np.random.default_rng(seed)
    n, dim = int(rng.integers(1, 200)), int(rng.integers(1, 50))
    vectors = rng.choice([-1.0, 0.0, -0.0, 1e-30, 2.5], (n, dim)).astype(np.float32)
    vectors = vectors[rng.integers(0, n, n)]
    vectors[:, int(rng.integers(dim)) :] = 1.0  # what differs may be anywhere
    usable = rng.random(n) < 0.9
    whole = equal._digests
    mask = np.uint64((1 << bits) - 1)
    with pytest.MonkeyPatch.context() as patch:  # digests that are equal by chance
        patch.setattr(equal, "_digests", lambda *arguments: whole(*arguments) & mask)
        found = first_equal(vectors, usable)
    known: dict[bytes, int] = {}
    expected = [
        known.setdefault(row.tobytes(), at) if usable[at] else at for at, row in enumerate(vectors)
    ]
    if found is None:
        assert expected == list(range(n))
    else:
        assert found.dtype == np.int32
        assert found.tolist() == expected
        groups = EqualVectors(found, usable)
        assert groups.distinct.tolist() == sorted(set(known.values()))
        assert groups.sizes.sum() == usable.sum()
        assert groups.classes(Filters()).share == 1.0
