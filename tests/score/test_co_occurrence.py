"""The company of items: the table by the letter, and its first singular vectors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import likewise as lw
from helpers.tiny_shop import N_ITEMS, options, sessions
from likewise.score import co_occurrence
from likewise.score.co_occurrence import (
    CO_OCCURRENCE_DIM,
    LONGEST,
    CoOccurrence,
    find_co_occurrence,
    shortened,
)
from oracles import blend as reference_blend
from oracles import co_occurrence as co_occurrence_oracle


def expected(data: lw.Sessions, dim: int = CO_OCCURRENCE_DIM) -> np.ndarray:
    """Inner products of the company of all items, by a whole singular value decomposition."""
    left, values, _ = np.linalg.svd(reference_blend.company_table(data), full_matrices=False)
    whole = (left * values)[:, :dim]
    return products(np.array([reference_blend.shorten(row) for row in whole]))


def found_in(data: lw.Sessions, threads: int = 0) -> np.ndarray:
    """Company of every item, float32 (n_items, CO_OCCURRENCE_DIM)."""
    return part(find_co_occurrence(data, threads)).of(np.arange(len(data.catalogue)))


def part(arrays: dict[str, Any], **trained: Any) -> CoOccurrence:
    """The part of these arrays, and of what training learned besides."""
    return CoOccurrence(SimpleNamespace(recipe="any", **trained), arrays)


def products(vectors: np.ndarray) -> np.ndarray:
    return vectors.astype(np.float64) @ vectors.T.astype(np.float64)


def test_few_items_have_the_whole_table() -> None:
    found = found_in(sessions())
    assert found.dtype == np.float32
    assert found.shape == (N_ITEMS, CO_OCCURRENCE_DIM)
    np.testing.assert_allclose(products(found), expected(sessions()), atol=1e-6)
    assert not found[N_ITEMS - 1].any()  # never seen
    lengths = np.linalg.norm(found, axis=1)
    assert lengths.max() == pytest.approx(LONGEST**0.5)


def test_many_items_are_as_near_as_so_few_floats_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the best there is: the sum of the squares that are left (Eckart and Young 1936)."""
    monkeypatch.setattr(co_occurrence, "LONGEST", 1.0)  # as they are found: no row is as long
    shop = lw.simulate(400, 4000, seed=3)
    data = lw.Sessions.read(shop.events, lw.Catalogue.read(shop.catalogue))
    table = reference_blend.company_table(data)
    whole = table @ table.T
    best = float((np.linalg.eigvalsh(whole)[:-CO_OCCURRENCE_DIM] ** 2).sum())
    left = float(((products(found_in(data)) - whole) ** 2).sum())
    assert best < left < 1.1 * best


@pytest.mark.parametrize(("events", "most"), [(7, 3), (160, 5), (1, 1 << 18)])
def test_runs_do_not_change_it(monkeypatch: pytest.MonkeyPatch, events: int, most: int) -> None:
    whole = products(found_in(sessions(), threads=2))
    monkeypatch.setattr(co_occurrence, "_EVENTS", events)
    monkeypatch.setattr(co_occurrence, "_SESSIONS", most)
    np.testing.assert_allclose(products(found_in(sessions(), threads=1)), whole, atol=1e-6)


def test_items_with_few_events_are_left_out_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(co_occurrence, "_MOST_ITEMS", 9)
    data = sessions()
    best = np.argsort(-data.counts, kind="stable")[:9]
    found = found_in(data)
    assert sorted(np.flatnonzero(found.any(axis=1))) == sorted(best)
    table = reference_blend.company_table(data)[best]
    whole = products(np.array([reference_blend.shorten(row) for row in table]))
    close = np.array([reference_blend.shorten(row) for row in found[best]])
    away = ~np.eye(9, dtype=bool)
    assert np.corrcoef(products(close)[away], whole[away])[0, 1] > 0.99


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
def test_of_many_events_some_tell_evenly(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    data = lw.Sessions.from_arrays(
        np.arange(6000, dtype=np.int32), np.arange(0, 6001, 2), lw.Catalogue.from_arrays(
            [f"i{at}" for at in range(6000)]
        )
    )  # fmt: skip
    monkeypatch.setattr(co_occurrence, "_EVENTS", 50)
    monkeypatch.setattr(co_occurrence, "_MOST_EVENTS", int(6000 * share))
    runs = co_occurrence._runs(data.offsets)
    seen = np.concatenate([np.arange(2 * first, 2 * last) for first, last in runs])
    assert len(seen) == pytest.approx(6000 * share, rel=0.02)
    assert len(set(seen.tolist())) == len(seen)
    assert max(np.diff(np.sort(seen))) <= 50 / share
    assert seen.min() < 100
    assert seen.max() > 5900 - 50 / share


@pytest.mark.parametrize("n_items", [3, 15, 17, 70, 170, 400])
def test_as_near_as_the_slow_way(monkeypatch: pytest.MonkeyPatch, n_items: int) -> None:
    """Against the oracle, where fewer items than columns, or than all blocks, are there as well."""
    monkeypatch.setattr(co_occurrence, "LONGEST", 1.0)
    rng = np.random.default_rng(n_items)
    popular = rng.zipf(1.5, size=6000) % n_items
    lengths = rng.integers(1, 9, 1500)
    offsets = np.append(0, np.minimum(np.cumsum(lengths), len(popular)))
    data = lw.Sessions.from_arrays(
        popular[: offsets[-1]].astype(np.int32), offsets,
        lw.Catalogue.from_arrays([f"i{at}" for at in range(n_items)]),
    )  # fmt: skip
    table = reference_blend.company_table(data)
    whole = table @ table.T
    slow = co_occurrence_oracle.first_vectors(table, CO_OCCURRENCE_DIM)
    left, least = (((products(rows) - whole) ** 2).sum() for rows in (found_in(data), slow))
    assert left <= 1.02 * least + 1e-9


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_do_not_change_a_bit(threads: int) -> None:
    shop = lw.simulate(900, 9000, seed=5)
    data = lw.Sessions.read(shop.events, lw.Catalogue.read(shop.catalogue))
    np.testing.assert_array_equal(found_in(data, threads), found_in(data, 1))


def test_the_same_seed_finds_the_same() -> None:
    one, other = (lw.train(sessions(), options=options()).company for _ in range(2))
    np.testing.assert_array_equal(one.items, other.items)
    np.testing.assert_array_equal(one.rows, other.rows)


def test_items_without_an_own_row_have_none_of_their_own() -> None:
    data = sessions()
    rare = lw.train(data, options=options(min_count=4))
    np.testing.assert_array_equal(rare.company.items, np.flatnonzero(data.counts >= 4))
    assert rare.company.rows.any(axis=1).all()
    alone = lw.train(data, options=options(own_row=False, context="content"))
    assert len(alone.company.items) == 0


def test_no_sessions_no_company() -> None:
    empty = lw.Sessions.from_arrays(
        np.zeros(0, np.int32), np.zeros(4, np.int64), sessions().catalogue
    )
    assert len(part(find_co_occurrence(empty)).items) == 0


def test_nothing_to_map_from() -> None:
    center = np.ones((5, 8), np.float32)
    rows = np.ones((5, CO_OCCURRENCE_DIM), np.float32)
    found = {"company_items": np.arange(5, dtype=np.int32), "company": rows}
    events = np.ones(5, np.int64)
    assert part({}, center=center, counts=events).map is None
    assert part(found, center=center, counts=0 * events).map is None
    assert part(found, center=center, counts=events).map is not None


@pytest.mark.parametrize("items", [[0, 5], [-1, 2], [2, 2], [3, 1]])
def test_company_of_items_that_are_not_there_is_refused(items: list[int]) -> None:
    rows = np.ones((2, CO_OCCURRENCE_DIM), np.float32)
    found = {"company_items": np.array(items, np.int32), "company": rows}
    with pytest.raises(ValueError, match="company_items must ascend within the 5 items"):
        CoOccurrence.check(found, 5)
    with pytest.raises(ValueError, match="company must be float32"):
        CoOccurrence.check(found | {"company": rows[:, 1:]}, 9)


def test_items_without_company_have_zeros() -> None:
    rows = np.ones((2, CO_OCCURRENCE_DIM), np.float32)
    found = part({"company_items": np.array([1, 4], np.int32), "company": rows})
    wanted = np.array([4, 0, -1, 1, 7])
    np.testing.assert_array_equal(found.of(wanted)[:, 0], [1, 0, 0, 1, 0])
    assert part({}).of(wanted).shape == (5, CO_OCCURRENCE_DIM)


def test_what_is_too_long_is_shortened() -> None:
    rows = np.array([[3.0, 4.0], [0.1, 0.0], [0.0, 0.0]], np.float32)
    found = shortened(rows)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], rows[0] * LONGEST**0.5 / 5, rtol=1e-6)
    np.testing.assert_array_equal(found[1:], rows[1:])


def test_what_shares_sessions_is_nearer_with_it() -> None:
    """Two items at the ends of long sessions: no window reaches from one to the other."""
    rng = np.random.default_rng(0)
    rows = [["a", *rng.permutation(list("cdefghijklmnop")), "b"] for _ in range(60)]
    rows += [[*rng.permutation(list("cdefghijklmnop")), "z"] for _ in range(60)]
    items = lw.Catalogue.read(
        [{"item_id": letter, "category": None, "name": f"thing {letter * 3}"}
         for letter in "abcdefghijklmnopz"]
    )  # fmt: skip
    model = lw.train(lw.Sessions.read(rows, items), options=options(window=2))
    alike = products(model.company.of(np.arange(len(items))))
    a, b, z = (model.catalogue.position(letter) for letter in "abz")
    assert alike[a, b] > 100 * abs(alike[a, z])
