"""Sessions with an order and without: what their times, the data and the caller say."""

from __future__ import annotations

import inspect
from typing import Any

import click
import numpy as np
import pyarrow as pa
import pytest

import likewise._core as _core
from likewise import Catalogue, Sessions
from likewise.commands.main import main
from likewise.errors import InputError
from likewise.evaluation.splits import cold_split, last_split, time_split, transfer_split
from likewise.order import ORDERS, are_sorted, neighbours_are_alike, order_of

Flat = tuple[np.ndarray, np.ndarray]


def flat(sessions: list[np.ndarray]) -> Flat:
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in sessions])]).astype(np.int64)
    return np.concatenate([*sessions, np.zeros(0)]).astype(np.int32), offsets


def walks(seed: int, n_items: int = 300, n: int = 900) -> Flat:
    """Each item with one that is near it on a circle, of any length."""
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, n_items, n)
    return flat([
        (start + np.cumsum(rng.integers(1, 4, rng.integers(1, 30)))) % n_items for start in starts
    ])  # fmt: skip


def themes(seed: int, n_items: int = 400, n: int = 1500) -> Flat:
    """A few events of one group, then a few of another: neighbours are alike, in no direction."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(n_items).reshape(-1, 10)
    return flat([
        np.concatenate([rng.choice(groups[rng.integers(len(groups))], 3) for _ in range(4)])
        for _ in range(n)
    ])  # fmt: skip


def few_items(seed: int) -> Flat:
    """So few that all pairs of them are neighbours often."""
    return walks(seed, n_items=12, n=2000)


def baskets(seed: int, n_items: int = 300, n: int = 3000) -> Flat:
    """Goods of a few themes that share most of a basket, and staples, shuffled."""
    rng = np.random.default_rng(seed)
    share = 1.0 / np.arange(1, n_items + 1)
    share /= share.sum()
    theme = rng.permutation(n_items)[: n_items // 2].reshape(-1, 10)
    sessions = []
    for _ in range(n):
        goods = rng.choice(n_items, rng.integers(1, 12), p=share)
        some = rng.choice(theme[rng.integers(len(theme))], 4)
        sessions.append(rng.permutation(np.unique(np.concatenate([goods, some]))))
    return flat(sessions)


def shuffled(sessions: Flat, seed: int = 0) -> Flat:
    rng = np.random.default_rng(seed)
    parts = np.split(sessions[0], sessions[1][1:-1])
    return flat([rng.permutation(part) for part in parts])


# --- what the data say ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("make", [walks, themes, few_items])
def test_sequences_have_an_order_and_lose_it_when_shuffled(make: Any, seed: int) -> None:
    sequences = make(seed)
    assert neighbours_are_alike(*sequences) is True
    assert neighbours_are_alike(*shuffled(sequences, seed)) is False
    assert neighbours_are_alike(*baskets(seed)) is False


def test_chance_is_taken_for_an_order_rarely() -> None:
    told = [
        neighbours_are_alike(*shuffled(make(seed, n=400), seed + 50))
        for make in (walks, themes, baskets)
        for seed in range(20)
    ]
    assert told.count(True) <= 2
    assert told.count(False) >= 50


def test_items_that_come_again_are_not_neighbours_of_themselves() -> None:
    """A shuffled basket may hold one item many times, side by side or not, collapsed or not."""
    rng = np.random.default_rng(3)
    sessions = [rng.permutation(np.repeat(rng.integers(0, 200, 5), 4)) for _ in range(2000)]
    assert neighbours_are_alike(*flat(sessions)) is False
    collapsed = [one[np.r_[True, one[1:] != one[:-1]]] for one in sessions]
    assert neighbours_are_alike(*flat(collapsed)) is False


@pytest.mark.parametrize(
    "sessions",
    [
        [], [np.arange(2)] * 900, [np.arange(200)], [np.zeros(50)] * 50, [np.arange(0)] * 9,
        list(np.random.default_rng(0).permutation(30_000).reshape(-1, 3)),
    ],
    ids=["none", "of two", "one", "of one item", "empty", "of items seen once"],
)  # fmt: skip
def test_too_little_says_nothing(sessions: list[np.ndarray]) -> None:
    assert neighbours_are_alike(*flat(sessions)) is None
    assert order_of(*flat(sessions)) == ("time", "")


def test_one_long_session_is_looked_at_in_part() -> None:
    rng = np.random.default_rng(0)
    one = np.cumsum(rng.integers(1, 3, 400_000)) % 1000
    assert neighbours_are_alike(*flat([one, one[:5], one[7:9]])) is None
    many = [one[i : i + 5000] for i in range(0, len(one), 5000)]
    assert neighbours_are_alike(*flat(many)) is True
    assert neighbours_are_alike(*shuffled(flat(many))) is False


# --- what is sorted -------------------------------------------------------------------------------


NAMES = {
    "as text": [f"i{i:03}" for i in range(300)],
    "as numbers": [str(i + 5) for i in range(300)],
    "in the catalogue": np.random.default_rng(0)
    .permutation([f"i{i}" for i in range(300)])
    .tolist(),
}


@pytest.mark.parametrize("way", [1, -1], ids=["upwards", "downwards"])
@pytest.mark.parametrize("kind", NAMES)
def test_sessions_that_are_sorted_by_item_have_no_order(kind: str, way: int) -> None:
    """Though neighbours are alike then: what has nearly the same number."""
    items, offsets = walks(6)
    parts = [way * np.unique(way * part) for part in np.split(items, offsets[1:-1])]
    catalogue = Catalogue.from_arrays(NAMES[kind])
    made = Sessions.from_arrays(*flat(parts), catalogue)
    assert neighbours_are_alike(made.items, made.offsets) is True
    assert made.order == "none"
    named = [[NAMES[kind][i] for i in part] for part in parts]
    read = Sessions.read(named, catalogue)
    assert str(read.report).endswith("no order: events of a session are sorted by item")
    if kind != "in the catalogue":
        assert Sessions.read(named).order == "none"
    # Where times differ it is they that say when events came.
    rows = table(flat(parts), np.arange(len(made.items)))
    assert Sessions.read(rows).order == "time"
    # Some of them are not: it happened to be so.
    for part in parts[::20]:
        part[:] = np.roll(part, 1)
    assert Sessions.from_arrays(*flat(parts), catalogue).order == "time"


def test_few_sorted_sessions_may_be_so_by_chance() -> None:
    parts = [np.arange(3), np.arange(4) * 7, np.array([4, 9, 11])] * 5
    assert not are_sorted(*flat(parts))
    assert are_sorted(*flat(parts * 2))
    assert not are_sorted(*flat([]))
    assert not are_sorted(*flat([np.arange(2)] * 90))


# --- what times say -------------------------------------------------------------------------------


def table(sessions: Flat, times: Any) -> pa.Table:
    items, offsets = sessions
    session = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return pa.table({"session_id": session, "item_id": items.astype(str), "timestamp": times})


def days(sessions: Flat) -> np.ndarray:
    """One time for each session."""
    offsets = sessions[1]
    return np.repeat(1_700_000_000 + 86_400 * np.arange(len(offsets) - 1), np.diff(offsets))


KINDS = {
    "numbers": lambda times: times,
    "fractions": lambda times: times + 0.25,
    "times": lambda times: pa.array(times, pa.timestamp("s")),
    "texts": lambda times: pa.array(times, pa.timestamp("s")).cast(pa.string()),
}


@pytest.mark.parametrize("limit", [None, 1], ids=["in memory", "on disk"])
@pytest.mark.parametrize("kind", KINDS)
def test_one_time_is_no_order_whatever_the_rows_say(kind: str, limit: int | None) -> None:
    sequences = walks(1, n=200)
    times = days(sequences)
    read = Sessions.read(table(sequences, KINDS[kind](times)), memory_limit=limit)
    assert read.order == read.report.order == "none"
    assert str(read.report).endswith("no order: events of a session have one time")
    times[sequences[1][1]] -= 1  # one event that came earlier than the rest of its session
    read = Sessions.read(table(sequences, KINDS[kind](times)), memory_limit=limit)
    assert read.order == read.report.order == "time"
    assert "order" not in str(read.report)


@pytest.mark.parametrize("limit", [None, 1], ids=["in memory", "on disk"])
def test_what_is_cut_at_gaps_may_have_one_time(limit: int | None) -> None:
    """Customers, whose purchases of a day are cut out of what they bought in a year."""
    sequences = walks(2, n=200)
    few = sequences[0], np.append(sequences[1][::20], sequences[1][-1])
    source = table(few, days(sequences))
    assert Sessions.read(source, memory_limit=limit).order == "time"
    assert Sessions.read(source, gap=3600, memory_limit=limit).order == "none"


def test_times_that_differ_leave_it_to_the_data() -> None:
    for sessions, order in ((walks(3), "time"), (shuffled(walks(3)), "none")):
        read = Sessions.read(table(sessions, np.arange(len(sessions[0]))))
        assert read.order == read.report.order == order
        told = "no order: neighbours in a session are no more alike than others"
        assert str(read.report).endswith(told) == (order == "none")


def test_sequences_and_arrays_leave_it_to_the_data() -> None:
    catalogue = Catalogue.from_arrays([str(i) for i in range(300)])
    for (items, offsets), order in ((walks(4), "time"), (shuffled(walks(4)), "none")):
        parts = [part.tolist() for part in np.split(items, offsets[1:-1])]
        read = Sessions.read(parts, catalogue)
        made = Sessions.from_arrays(items, offsets, catalogue)
        assert read.order == made.order == order
        assert repr(made).endswith(", no order>") == (order == "none")
    assert Sessions.read([["a", "b"], ["b", "c", "a"]]).order == "time"


# --- what is asked --------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["time", "none"])
def test_what_is_asked_for_is_done(order: str) -> None:
    catalogue = Catalogue.from_arrays([str(i) for i in range(300)])
    sequences, mixed = walks(5, n=100), shuffled(walks(5, n=100))
    for sessions in (sequences, mixed):
        read = Sessions.read(table(sessions, days(sessions)), catalogue, order=order)
        assert read.order == read.report.order == order
        assert str(read.report).endswith("; no order") == (order == "none")
        assert Sessions.from_arrays(*sessions, catalogue, order=order).order == order


@pytest.mark.parametrize("bad", ["Time", "", None, True, 1, ["none"]])
def test_anything_else_is_refused(bad: Any) -> None:
    said = "order must be 'auto', 'time' or 'none', got "
    catalogue = Catalogue.from_arrays(["a"])
    with pytest.raises(InputError, match=said):
        Sessions.read([["a", "b"]], order=bad)
    with pytest.raises(InputError, match=said):
        Sessions.from_arrays([0], [0, 1], catalogue, order=bad)


@pytest.mark.parametrize("order", ["time", "none"])
def test_parts_of_sessions_have_their_order(order: str) -> None:
    """Even where they are too few to tell."""
    rng = np.random.default_rng(0)
    items, offsets = rng.integers(0, 40, 400), np.arange(0, 401, 8)
    catalogue = Catalogue.from_arrays(
        [str(i) for i in range(40)], ["A" if i < 20 else "B" for i in range(40)]
    )
    sessions = Sessions.from_arrays(items, offsets, catalogue, order=order)
    other = Catalogue.from_arrays([str(i) for i in reversed(range(40))])
    moved = Sessions.from_arrays(items, offsets, other, order=order)
    splits = [last_split(sessions), cold_split(sessions), transfer_split(sessions, ["A"])]
    assert [split.train.order for split in splits] == [order] * 3
    assert time_split(moved, sessions).train.order == order


def test_one_spelling_everywhere() -> None:
    for read in (Sessions.read, Sessions.from_arrays):
        assert inspect.signature(read).parameters["order"].default == ORDERS[0] == "auto"
    for command in ("train", "evaluate", "tune", "report"):
        (option,) = (p for p in main.commands[command].params if p.name == "order")
        assert isinstance(option, click.Option)
        assert option.opts == ["--order"]
        assert option.default == "auto"
        assert isinstance(option.type, click.Choice)
        assert list(option.type.choices) == list(ORDERS)
    sessions = {
        "items": np.zeros(2, np.int32), "offsets": np.array([0, 2]), "counts": np.array([2]),
    }  # fmt: skip
    for order in ("auto", "", "Time"):
        with pytest.raises(ValueError, match='order must be "time" or "none", got '):
            _core.train(
                **sessions, features=None, buckets=0,
                options={**_core.option_defaults(), "content": False}, on_progress=None,
                order=order,
            )  # fmt: skip
