"""The index of first questions: answers of an exact one, before vectors are kept and after."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from likewise.search import streamed
from likewise.search.index import ExactIndex, Found
from likewise.search.streamed import StreamedIndex

N, DIM = 300, 12


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "_BLOCK", 64)
    monkeypatch.setattr(streamed, "_FEW", 5)


def rows_of(seed: int = 0) -> np.ndarray:
    """Rows, some all zero, many of them equal to others."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(-2, 3, (N, DIM)).astype(np.float32)
    rows[::3] = rows[rng.integers(0, 9, len(rows[::3]))]
    rows[::17] = 0.0
    return rows


class Counting:
    """Makes vectors, and tells how many it made."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows, self.made = rows, 0

    def __call__(self, first: int, last: int, out: np.ndarray) -> np.ndarray:
        self.made += last - first
        out[:] = self.rows[first:last]
        usable: np.ndarray = out.any(axis=1)
        return usable


def assert_equal(found: Found, wanted: Found) -> None:
    np.testing.assert_array_equal(found.positions, wanted.positions)
    np.testing.assert_array_equal(found.scores, wanted.scores)


QUESTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "one answer": {"k": 1},
    "more answers than a block": {"k": 100},
    "more answers than vectors": {"k": N + 5},
    "exclude": {"exclude": np.arange(20) * 13},
    "exclude none": {"exclude": np.full(20, -1)},
    "mask": {"where": np.arange(N) % 5 == 1},
    "positions": {"where": [3, 299, 64, 63]},
    "nothing": {"where": np.zeros(N, bool)},
    "lists to exclude": {"exclude": [[1, 70, 2]] * 20},
    "same": {"same": (np.arange(20) % 3, np.arange(N) % 3)},
    "different": {"different": (np.arange(20) % 3, np.arange(N) % 3)},
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_are_those_of_an_exact_index(question: str) -> None:
    rows, asked = rows_of(), np.random.default_rng(1).normal(size=(20, DIM))
    wanted = ExactIndex(rows, metric="dot").search(asked, **QUESTIONS[question])
    index = StreamedIndex(Counting(rows), N, DIM, metric="dot")
    for _ in range(3):
        assert_equal(index.search(asked, **QUESTIONS[question]), wanted)
    mixed = StreamedIndex(Counting(rows), N, DIM, metric="dot")
    mixed.search(asked[:1], 3)
    assert_equal(mixed.search(asked, **QUESTIONS[question]), wanted)


def test_vectors_are_made_once_for_the_first_and_once_for_all_others() -> None:
    make = Counting(rows_of())
    index = StreamedIndex(make, N, DIM, metric="dot")
    assert make.made == 0
    made = []
    for _ in range(4):
        index.search(rows_of()[:2])
        made.append(make.made)
    assert made == [N, 2 * N, 2 * N, 2 * N]


def test_many_queries_are_no_first_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "_FEW_QUERIES", 2)
    make, asked = Counting(rows_of()), rows_of()[:3]
    index = StreamedIndex(make, N, DIM, metric="dot")
    assert_equal(index.search(asked), ExactIndex(rows_of(), metric="dot").search(asked))
    index.search(asked)
    assert make.made == N


def test_a_few_vectors_are_made_alone() -> None:
    make = Counting(rows_of())
    index = StreamedIndex(make, N, DIM, metric="dot")
    np.testing.assert_array_equal(index.vectors_at([7, 299, 7, -1]), rows_of()[[7, 299, 7, -1]])
    assert make.made == 4
    with pytest.raises(IndexError):
        index.vectors_at([N])
    np.testing.assert_array_equal(index.vectors_at(np.arange(N)), rows_of())
    assert make.made == 4 + N
    index.search(rows_of()[:2])
    assert make.made == 4 + N


def test_cosines_and_an_empty_index() -> None:
    rows = rows_of()
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units = rows / np.where(lengths > 0, lengths, 1)
    asked = 7.5 * rows[:9]
    index = StreamedIndex(Counting(units), N, DIM)
    wanted = ExactIndex(rows).search(asked, 5)
    for _ in range(2):
        found = index.search(asked, 5)
        np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-6)
    nothing = StreamedIndex(Counting(units[:0]), 0, DIM)
    assert (nothing.search(asked, 5).positions == -1).all()
    assert nothing.exact
