"""One contract for both indexes, and what each adds."""

from __future__ import annotations

import signal
import time

import hnswlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.indexes import BOTH, rows
from helpers.store_helpers import catalogue_of
from likewise.errors import UnknownItemError
from likewise.search.indexes import EXACT_BELOW, ApproximateIndex, ExactIndex, Index, make_index


def brute_force(vectors: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    asked = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    scores = asked @ unit.T
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(scores, order, axis=1)


@BOTH
def test_finds_what_comparing_with_all_finds(kind: type[Index]) -> None:
    vectors, queries = rows(500), rows(40, seed=1) * 7.0
    found = kind(vectors).search(queries, k=10)
    positions, scores = brute_force(vectors, queries, 10)
    assert found.positions.dtype == np.int32
    assert found.scores.dtype == np.float32
    assert np.mean(found.positions == positions) > 0.99
    np.testing.assert_allclose(
        found.scores, scores, atol=2e-3 if kind is ApproximateIndex else 1e-6
    )


@BOTH
def test_finds_itself_first(kind: type[Index]) -> None:
    vectors = rows(300)
    found = kind(vectors).search(vectors, k=1)
    assert (found.positions[:, 0] == np.arange(300)).all()
    np.testing.assert_allclose(found.scores, 1.0, atol=1e-5)


@BOTH
def test_scores_fall_and_equal_scores_come_by_position(kind: type[Index]) -> None:
    vectors = np.repeat(rows(50), 4, axis=0)
    found = kind(vectors).search(vectors, k=8)
    assert (np.diff(found.scores, axis=1) <= 0).all()
    same = np.diff(found.scores, axis=1) == 0
    assert (np.diff(found.positions, axis=1)[same] > 0).all()
    right = (found.positions[:, :4] == np.arange(200)[:, None] // 4 * 4 + np.arange(4)).all(axis=1)
    # A graph may miss one of several equal vectors.
    assert right.all() if kind is ExactIndex else right.mean() > 0.9


@BOTH
@pytest.mark.parametrize("n", [0, 1, 3])
def test_more_wanted_than_there_are_is_padded(kind: type[Index], n: int) -> None:
    found = kind(rows(n)).search(rows(2, seed=1), k=5)
    assert found.positions.shape == found.scores.shape == (2, 5)
    assert (found.positions[:, n:] == -1).all()
    assert np.isneginf(found.scores[:, n:]).all()
    assert (np.sort(found.positions[:, :n], axis=1) == np.arange(n)).all()


@BOTH
def test_zero_vectors_are_never_answers_and_have_none(kind: type[Index]) -> None:
    vectors = rows(60)
    vectors[::3] = 0.0
    index = kind(vectors)
    found = index.search(np.vstack([rows(5, seed=2), np.zeros((2, 12))]), k=60)
    assert (found.positions[:5, :40] % 3 != 0).all()
    assert (found.positions[:5, 40:] == -1).all()
    assert (found.positions[5:] == -1).all()
    assert np.isneginf(found.scores[5:]).all()


@BOTH
def test_an_excluded_position_is_not_an_answer(kind: type[Index]) -> None:
    vectors = rows(400)
    exclude = np.arange(400)
    exclude[::2] = -1
    found = kind(vectors).search(vectors, k=5, exclude=exclude)
    assert (found.positions[::2, 0] == np.arange(0, 400, 2)).all()
    assert (found.positions[1::2] != np.arange(1, 400, 2)[:, None]).all()
    expected, _ = brute_force(vectors, vectors[1::2], 6)
    assert np.mean(found.positions[1::2] == expected[:, 1:]) > 0.99


@BOTH
def test_filters_hold_in_every_form(kind: type[Index]) -> None:
    items = [(f"i{n}", None, None) for n in range(300)]
    vectors, queries = rows(300), rows(9, seed=3)
    index = kind(vectors, catalogue_of(items))
    chosen = np.arange(5, 300, 11)
    mask = np.zeros(300, dtype=bool)
    mask[chosen] = True
    by_mask = index.search(queries, k=6, where=mask)
    assert np.isin(by_mask.positions, chosen).all()
    expected, scores = brute_force(vectors[chosen], queries, 6)
    np.testing.assert_array_equal(by_mask.positions, chosen[expected])
    np.testing.assert_allclose(by_mask.scores, scores, atol=1e-6)
    for where in (chosen, list(chosen), [f"i{n}" for n in chosen], chosen.astype(np.uint16)):
        np.testing.assert_array_equal(index.search(queries, 6, where).positions, by_mask.positions)
    assert (index.search(queries, k=3, where=[]).positions == -1).all()
    assert (index.search(queries, k=3, where=np.array([7]))[0] == [7, -1, -1]).all()


@BOTH
def test_input_types_are_taken_and_left_alone(kind: type[Index]) -> None:
    vectors = rows(64)
    expected = kind(vectors).search(vectors, k=3).positions
    for form in (vectors.astype(np.float64), np.asfortranarray(vectors), vectors.tolist()):
        np.testing.assert_array_equal(kind(form).search(form, k=3).positions, expected)
    read_only = vectors.copy()
    read_only.flags.writeable = False
    kind(read_only).search(read_only, k=3)
    np.testing.assert_array_equal(read_only, vectors)


@BOTH
def test_bad_arguments_say_what_was_wanted_and_what_came(kind: type[Index]) -> None:
    index = kind(rows(20), side="center")
    query = rows(2, seed=1)
    nan = query.copy()
    nan[1, 3] = np.nan
    cases: list[tuple[type[Exception], str, dict[str, object]]] = [
        (ValueError, "k must be at least 1, got 0", {"k": 0}),
        (TypeError, "k must be a whole number, got 2.5", {"k": 2.5}),
        (TypeError, "k must be a whole number, got True", {"k": True}),
        (ValueError, r"vectors must have shape \(n, 12\), got \(2, 5\)", {"vectors": query[:, :5]}),
        (ValueError, r"vectors must have shape \(n, 12\), got \(12,\)", {"vectors": query[0]}),
        (TypeError, "vectors must be numbers, got <U1 values", {"vectors": [["a"] * 12]}),
        (ValueError, "vectors must be finite, row 1 is not", {"vectors": nan}),
        (ValueError, "where must have one value for each of 20 vectors", {"where": [True] * 3}),
        (ValueError, "where must hold positions from 0 to 19, got 3 to 20", {"where": [3, 20]}),
        (ValueError, "where must hold positions from 0 to 19, got -1 to 3", {"where": [-1, 3]}),
        (TypeError, "where must hold positions", {"where": [0.5]}),
        (TypeError, "this index has no catalogue", {"where": ["a"]}),
        (ValueError, "where must have 1 dimension", {"where": np.ones((20, 1), bool)}),
        (ValueError, "exclude must have one position for each of 2", {"exclude": [1]}),
        (ValueError, "exclude must hold positions from -1 to 19", {"exclude": [1, 20]}),
        (TypeError, "exclude must hold positions", {"exclude": [0.5, 1.0]}),
    ]
    for error, message, arguments in cases:
        with pytest.raises(error, match=message) as caught:
            index.search(**({"vectors": query} | arguments))  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="vectors must be finite, row 1 is not"):
        kind(nan)
    with pytest.raises(ValueError, match="at least 1 column"):
        kind(np.zeros((3, 0)))
    with pytest.raises(ValueError, match="one item for each vector: 3 vectors, 1 items"):
        kind(rows(3), catalogue_of([("a", None, None)]))


@BOTH
def test_where_with_an_unknown_id_suggests_close_ones(kind: type[Index]) -> None:
    index = kind(
        rows(3), catalogue_of([("ball-1", None, None), ("b", None, None), ("c", None, "x")])
    )
    with pytest.raises(UnknownItemError, match="ball-1"):
        index.search(rows(1), where=["b", "ball-2"])


@BOTH
def test_says_what_it_is(kind: type[Index]) -> None:
    index = kind(rows(1200), side="context")
    assert len(index) == 1200
    assert index.dim == 12
    assert repr(index) == f"{kind.__name__}(1,200 vectors, 12 dimensions, context side)"
    at = np.array([7, 3])
    expected = rows(1200)[at] / np.linalg.norm(rows(1200)[at], axis=1, keepdims=True)
    np.testing.assert_allclose(index.vectors_at(at), expected, atol=1e-6)


@BOTH
def test_recall_is_high(kind: type[Index]) -> None:
    recall = kind(rows(2000)).recall(sample=200, k=10)
    assert recall == 1.0 if kind is ExactIndex else recall > 0.95


def test_recall_takes_equal_scores_for_equally_good() -> None:
    index = ApproximateIndex(np.repeat(rows(40), 50, axis=0))
    assert index.recall(sample=200, k=20) > 0.99


def test_a_graph_is_widened_until_it_finds_enough() -> None:
    index, asked = ApproximateIndex(rows(6000, 40), ef=1), rows(200, 40, seed=9)
    before = index.recall(k=3, queries=asked)
    reached = index.widen(0.95, k=3, queries=asked)
    assert before < 0.8 < 0.95 <= reached
    assert index.ef > 1
    assert index.recall(k=3, queries=asked) == reached


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_exact_is_the_stable_sort_of_all_scores(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 90))
    dim = data.draw(st.integers(1, 20))
    # Few distinct values, so that equal scores and zero vectors are common.
    numbers = st.integers(-1, 1)
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    vectors = rng.choice([-1.0, 0.0, 1.0], size=(n, dim)).astype(np.float32)
    query = np.array(data.draw(st.lists(numbers, min_size=dim, max_size=dim)), np.float32)
    k = data.draw(st.integers(1, 100))
    mask = rng.random(n) < 0.7
    index = ExactIndex(vectors)
    found = index.search(query[None, :], k, where=mask)
    usable = mask & vectors.any(axis=1) & query.any()
    possible = min(k, int(usable.sum()))
    assert (found.positions[0, possible:] == -1).all()
    kept = found.positions[0, :possible]
    assert usable[kept].all()
    assert len(set(kept.tolist())) == possible
    pairs = list(zip((-found.scores[0, :possible]).tolist(), kept.tolist(), strict=True))
    assert pairs == sorted(pairs)
    if possible:
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        scores = unit @ (query / np.linalg.norm(query))
        np.testing.assert_allclose(found.scores[0, :possible], scores[kept], atol=1e-5)
        left = np.setdiff1d(np.flatnonzero(usable), kept)
        assert len(left) == 0 or scores[left].max() <= found.scores[0, possible - 1] + 1e-5


def test_exact_gives_equal_bits_alone_and_in_company() -> None:
    index = ExactIndex(rows(3000, 50))
    queries = rows(37, 50, seed=5)
    together = index.search(queries, k=9)
    for q in (0, 17, 36):
        alone = index.search(queries[q : q + 1], k=9)
        np.testing.assert_array_equal(alone.positions[0], together.positions[q])
        np.testing.assert_array_equal(alone.scores[0], together.scores[q])


def test_a_long_search_can_be_interrupted() -> None:
    index = ExactIndex(rows(40_000, 100))
    began = 0.0

    def interrupt(*_: object) -> None:
        nonlocal began
        began = time.monotonic()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            index.search(index.vectors_at(np.arange(40_000)), k=10)
        assert time.monotonic() - began < 0.5  # an idle machine needs less than 0.05
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(index.search(rows(2, 100), k=3).positions) == 2


def test_a_graph_that_reaches_too_few_is_completed_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    index = ApproximateIndex(rows(500))
    asked: list[int] = []

    class Unreachable:
        def set_ef(self, ef: int) -> None:
            asked.append(ef)

        def get_current_count(self) -> int:
            return 500

        def get_items(self, labels: np.ndarray) -> np.ndarray:
            return rows(500)[labels]

        def knn_query(self, *_: object, **__: object) -> None:
            raise RuntimeError(
                "Cannot return the results in a contiguous 2D array. Probably ef or M is too small"
            )

    monkeypatch.setattr(index, "_graph", Unreachable())
    found = index.search(rows(4, seed=1), k=50)
    expected, _ = brute_force(rows(500), rows(4, seed=1), 50)
    np.testing.assert_array_equal(found.positions, expected)
    assert asked == [100, 400]


def test_other_errors_of_the_graph_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    index = ApproximateIndex(rows(500))

    class Broken(hnswlib.Index):
        def knn_query(self, *_: object, **__: object) -> None:
            raise RuntimeError("something else")

    monkeypatch.setattr(index, "_graph", Broken(space="ip", dim=12))
    monkeypatch.setattr(index._graph, "get_current_count", lambda: 500, raising=False)
    with pytest.raises(RuntimeError, match="something else"):
        index._ask(rows(1), 3)


def test_isolated_duplicates_do_not_break_the_graph() -> None:
    # Many equal vectors use up the links of the graph, so that parts of it may be unreachable.
    vectors = np.repeat(rows(3), 400, axis=0)
    found = ApproximateIndex(vectors).search(rows(3), k=200)
    assert (found.positions >= 0).all()


def test_the_width_of_a_search_and_progress_reach_the_graph() -> None:
    steps: list[tuple[int, int]] = []
    index = make_index(rows(9000), exact=False, ef=77, progress=lambda *at: steps.append(at))
    assert isinstance(index, ApproximateIndex)
    assert index.ef == 77
    assert steps == [(8192, 9000), (9000, 9000)]
    for ef, error, message in [
        (0, ValueError, "ef must be at least 1, got 0"),
        (True, TypeError, "ef must be a whole number, got True"),
        (1.5, TypeError, "ef must be a whole number, got 1.5"),
    ]:
        for exact in (True, False):
            with pytest.raises(error, match=message):
                make_index(rows(3), exact=exact, ef=ef)  # type: ignore[arg-type]


def test_make_index_chooses_by_size() -> None:
    assert isinstance(make_index(rows(100)), ExactIndex)
    assert isinstance(make_index(rows(100), exact=False), ApproximateIndex)
    many = np.zeros((EXACT_BELOW, 2), np.float32)
    assert isinstance(make_index(many), ApproximateIndex)
    assert isinstance(make_index(many, exact=True), ExactIndex)
