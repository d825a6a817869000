"""Pairs seen together: counts against dicts, the mixture, what files may hold, and explanations."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import likewise as lw
from likewise.score import pairs as counting
from likewise.score.blend import blend_of
from likewise.score.pairs import KERNELS, MOST, Kernel, Pairs, Table, count_pairs, listed, rows_of
from oracles import pairs as reference

N = 9
SESSIONS = st.lists(st.lists(st.integers(0, N - 1), max_size=14), max_size=12)


def sessions_of(events: list[list[int]], n_items: int = N) -> lw.Sessions:
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in events])]).astype(np.int64)
    items = np.array(list(itertools.chain(*events)), np.int32)
    return lw.Sessions.from_arrays(
        items, offsets, lw.Catalogue.from_arrays([str(i) for i in range(n_items)])
    )


def assert_counted(events: list[list[int]], kernel: Kernel, table: Table, times: Any) -> None:
    """Every pair that was seen, and no other; the best of an item first."""
    wanted = reference.counted(events, kernel)
    assert table.items.dtype == times.dtype == np.int32
    assert table.weights.dtype == np.float32
    row = np.repeat(np.arange(len(table.offsets) - 1), np.diff(table.offsets))
    found = list(zip(row.tolist(), table.items.tolist(), strict=True))
    assert len(set(found)) == len(found)
    assert set(found) == set(wanted)
    np.testing.assert_allclose(table.weights, [wanted[pair][0] for pair in found], rtol=1e-5)
    assert times.tolist() == [wanted[pair][1] for pair in found]
    for (one, weight, item), (other, less, later) in itertools.pairwise(
        zip(row, table.weights, table.items, strict=True)
    ):
        assert one < other or (-weight, item) < (-less, later)


@pytest.mark.parametrize("kernel", [*KERNELS, Kernel(2, False, 0.5, 0.3), Kernel(1, True, 1.0, 1)])
@settings(max_examples=40)
@given(events=SESSIONS)
def test_pairs_are_counted_as_dicts_count_them(kernel: Kernel, events: list[list[int]]) -> None:
    table, times = count_pairs(sessions_of(events), kernel, threads=1)
    assert_counted(events, kernel, table, times)


@pytest.mark.parametrize("kernel", KERNELS)
def test_an_item_keeps_its_best(kernel: Kernel) -> None:
    rng = np.random.default_rng(4)
    events = [rng.integers(0, 200, rng.integers(0, 40)).tolist() for _ in range(120)]
    table, times = count_pairs(sessions_of(events, 200), kernel)
    wanted = reference.counted(events, kernel)
    cut = 0
    for item in range(200):
        mine = {pair[1]: weight for pair, (weight, _) in wanted.items() if pair[0] == item}
        place = slice(*table.offsets[item : item + 2])
        there = table.items[place].tolist()
        assert len(there) == len(set(there)) == min(MOST, len(mine))
        np.testing.assert_allclose(table.weights[place], [mine[i] for i in there], rtol=1e-5)
        assert times[place].tolist() == [wanted[item, i][1] for i in there]
        left = [weight for i, weight in mine.items() if i not in there]
        if left:
            cut += 1
            assert max(left) <= table.weights[place][-1] * (1 + 1e-5)
    assert cut > 100


@pytest.mark.parametrize("kernel", KERNELS)
def test_threads_and_rows_change_nothing(kernel: Kernel) -> None:
    rng = np.random.default_rng(5)
    events = [rng.integers(0, 300, rng.integers(0, 20)).tolist() for _ in range(900)]
    sessions = sessions_of(events, 300)
    whole, times = count_pairs(sessions, kernel, 1)
    for threads in (2, 5):
        table, seen = count_pairs(sessions, kernel, threads)
        for one, other in zip((*table, seen), (*whole, times), strict=True):
            np.testing.assert_array_equal(one, other)
    some = np.array([0, 7, 8, 299], np.int32)
    table, _ = count_pairs(sessions, kernel, 1, some)
    for one, other in zip(table, rows_of(whole, some), strict=True):
        np.testing.assert_array_equal(one, other)


@settings(max_examples=60)
@given(
    counts=st.lists(st.integers(0, 5000), max_size=30),
    few=st.integers(1, 20_000),
    epochs=st.integers(1, 20),
)
def test_so_many_events_are_looked_at_that_all_are_no_more_than_wanted(
    counts: list[int], few: int, epochs: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "_EVENTS", few)
        told = counting._looked_at(np.array(counts, np.int64), epochs)
    least = counting._LEAST_EVENTS
    most = max(few, epochs * sum(counts) // 8)

    def in_all(cap: int) -> int:
        return sum(min(count, cap) for count in counts)

    assert told >= least
    assert told == least or in_all(told) <= most  # no fewer than the least, whatever it comes to
    assert told >= max(counts, default=0) or in_all(told + 1) > most  # one more is too many


def test_events_that_are_not_looked_at_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the 64 sessions of an item every second is, its own pairs are half of the other's."""
    monkeypatch.setattr(counting, "_EVENTS", 1)
    events = [[0, 1 + i] for i in range(64)]
    table, _ = count_pairs(sessions_of(events, 65), KERNELS[-1])
    assert table.items[: table.offsets[1]].tolist() == [2 + 2 * i for i in range(32)]
    assert np.diff(table.offsets)[1:].tolist() == [1] * 64


# --- the mixture ----------------------------------------------------------------------------------

SCORES = st.floats(-1, 1, width=32)
WEIGHTS = st.floats(0, 2.0**20, width=32)


@given(score=SCORES, weight=WEIGHTS, more=WEIGHTS)
def test_a_whole_score_is_that_of_a_mixture(score: float, weight: float, more: float) -> None:
    lists = listed(Table(np.array([0, 0]), np.zeros(0, np.int32), np.zeros(0, np.float32)))
    whole, higher, plain = lists.joined(np.full(3, score), np.array([weight, weight + more, 0.0]))
    assert whole == pytest.approx(reference.joined(score, weight), abs=1e-6)
    assert plain == np.float32(score)
    assert np.float32(score) <= whole <= higher <= 1.0


@given(score=st.floats(-1, 3, width=32), added=WEIGHTS)
def test_a_weight_below_zero_is_added(score: float, added: float) -> None:
    lists = listed(Table(np.array([0, 0]), np.zeros(0, np.int32), np.zeros(0, np.float32)))
    whole = lists.joined(np.array([score]), np.array([-added]))[0]
    assert whole == pytest.approx(max(score, min(score + added, 1.0)), abs=1e-6)


def test_what_is_above_one_or_nothing_stays() -> None:
    lists = listed(Table(np.array([0, 0]), np.zeros(0, np.int32), np.zeros(0, np.float32)))
    scores = np.array([2.5, 2.5, 2.5, -np.inf, 1.0])
    whole = lists.joined(scores, np.array([0.0, 7.0, -7.0, 0.0, 1e9]))
    assert whole.tolist() == [2.5, 2.5, 2.5, -np.inf, 1.0]


# --- the part -------------------------------------------------------------------------------------


def arrays(**changes: Any) -> dict[str, np.ndarray]:
    """Pairs of three items as a file holds them."""
    return {
        "pair_offsets": np.array([0, 2, 2, 3], np.int64),
        "pair_items": np.array([1, 2, 0], np.int32),
        "pair_weights": np.array([3.0, 1.0, 2.0], np.float32),
        "pair_times": np.array([4, 2, 50], np.int32),
        **changes,
    }


BAD = {
    "offsets of int32": {"pair_offsets": np.array([0, 2, 2, 3], np.int32)},
    "an offset too many": {"pair_offsets": np.array([0, 2, 2, 2, 3], np.int64)},
    "offsets not from 0": {"pair_offsets": np.array([1, 2, 2, 3], np.int64)},
    "offsets not to the end": {"pair_offsets": np.array([0, 2, 2, 2], np.int64)},
    "offsets fall": {"pair_offsets": np.array([0, 3, 2, 3], np.int64)},
    "items of int64": {"pair_items": np.array([1, 2, 0])},
    "an item too large": {"pair_items": np.array([1, 3, 0], np.int32)},
    "an item below 0": {"pair_items": np.array([1, -1, 0], np.int32)},
    "weights of float64": {"pair_weights": np.array([3.0, 1.0, 2.0])},
    "a weight too few": {"pair_weights": np.array([3.0, 1.0], np.float32)},
    "a weight of 0": {"pair_weights": np.array([3.0, 0.0, 2.0], np.float32)},
    "a weight below 0": {"pair_weights": np.array([3.0, 1.0, -2.0], np.float32)},
    "no number": {"pair_weights": np.array([3.0, np.nan, 2.0], np.float32)},
    "infinity": {"pair_weights": np.array([np.inf, 1.0, 2.0], np.float32)},
    "times of int64": {"pair_times": np.array([4, 2, 50])},
    "times too few": {"pair_times": np.array([4, 2], np.int32)},
}


@pytest.mark.parametrize("bad", BAD)
def test_pairs_that_do_not_fit_are_refused(bad: str) -> None:
    Pairs.check(arrays(), 3)
    Pairs.check({}, 3)  # of a model of before
    (name,) = BAD[bad]
    with pytest.raises(ValueError, match=name):
        Pairs.check(arrays(**BAD[bad]), 3)


class Trained:
    counts = np.array([9, 9, 9])


def test_pairs_are_told_by_query_and_answer() -> None:
    part = Pairs(Trained(), arrays())  # type: ignore[arg-type]
    assert part.any
    assert part.sizes() == {"pairs": 3}
    assert part.of(0, 2) == (1.0, 2)
    assert part.of(2, 0) == (2.0, 50)
    assert part.of(0, 0) == part.of(1, 0) == (0.0, 0)
    assert set(part.tensors()) == set(Pairs.shapes(part.sizes() | {"items": 3}, 3))
    assert Pairs.shapes({"items": 3}, 2) == {}
    nothing = Pairs(Trained(), {})  # type: ignore[arg-type]
    assert not nothing.any
    assert nothing.of(0, 1) == (0.0, 0)
    assert nothing.sample(np.array([0])) == b""
    assert part.sample(np.array([0])) != part.sample(np.array([2])) != b""


def test_shares_sum_to_what_they_are_to_where_seen_often() -> None:
    part = Pairs(Trained(), arrays())  # type: ignore[arg-type]
    shares = part.shares(np.arange(3), 500.0, 50.0)
    np.testing.assert_array_equal(shares.offsets, [0, 3, 3, 5])
    # The item itself stands first, as good as its best pair; the others are what they were.
    assert shares.items[[0, 3]].tolist() == [0, 2]
    np.testing.assert_array_equal(shares.weights[[0, 3]], shares.weights[[1, 4]])
    pairs = np.array([1, 2, 4])
    np.testing.assert_array_equal(shares.items[pairs], part.table.items)
    sums = np.add.reduceat(shares.weights[pairs], [0, 2])
    np.testing.assert_allclose(sums, [500.0 * 6 / 56, 250.0], rtol=1e-6)  # 50 times: half
    assert shares.weights[1] == pytest.approx(3 * shares.weights[2])


@given(at=st.lists(st.integers(-1, 2), max_size=8))
def test_some_rows_of_a_table(at: list[int]) -> None:
    table = Pairs(Trained(), arrays()).table  # type: ignore[arg-type]
    whole, some = reference.rows(table), rows_of(table, np.array(at, np.int64))
    assert len(some.offsets) == len(at) + 1
    assert reference.rows(some) == [whole[one] if one >= 0 else {} for one in at]


# --- explanations ---------------------------------------------------------------------------------


def test_shares_sum_to_the_score_of_a_thousand_pairs(shop_model: lw.Model) -> None:
    ids = shop_model.catalogue.ids.to_pylist()[::15]
    answers = shop_model.similar(ids, k=60)
    assert isinstance(answers, lw.BatchMatches)
    told, by_pairs, seen = 0, 0, 0
    for row, item in enumerate(ids):
        for other, score, _ in list(answers[row])[::6]:
            why = shop_model.explain(item, other)
            assert why.score == pytest.approx(score, abs=1e-5)
            for shares in (why.of_item, why.of_neighbor):
                assert sum(share.share for share in shares) == pytest.approx(score, abs=1e-5)
            together = [s for s in why.of_item if "seen together" in s.feature]
            assert together == [s for s in why.of_neighbor if "seen together" in s.feature]
            assert all(s.kind == "history" and s.share >= 0 for s in together)
            at, to = (shop_model.catalogue.position(one) for one in (item, other))
            times = blend_of(shop_model).part(Pairs).of(at, to)[1]
            if times:
                assert together[0].feature.startswith(f"seen together {times:,} time")
            told, by_pairs, seen = told + 1, by_pairs + len(together), seen + (times > 0)
    assert told >= 1000
    assert told > by_pairs > seen > 100  # some by no pairs, some by those of items like them
