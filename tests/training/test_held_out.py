"""Held-out events: which they are, and what they say of how pairs are counted and weigh."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import likewise as lw
from helpers.tiny_shop import Spy
from likewise.score.blend import Blend, blend_of
from likewise.score.pairs import KERNELS, SHARPNESS, Pairs, Table, count_pairs
from likewise.score.popularity import POPULARITY
from likewise.training import held_out
from likewise.training.held_out import (
    USUAL_WEIGHT,
    WEIGHT_OF_FEW,
    Weighing,
    hold_out,
    pair_arrays,
    ways_of,
    weigh,
)  # fmt: skip
from oracles import pairs as reference

N = 400


def sessions_of(events: list[list[int]], n_items: int = N, order: str = "time") -> lw.Sessions:
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in events])]).astype(np.int64)
    items = np.concatenate([*events, []]).astype(np.int32)
    return lw.Sessions.from_arrays(
        items, offsets, lw.Catalogue.from_arrays([f"i{i}" for i in range(n_items)]), order=order
    )


def options(**changes: Any) -> lw.Options:
    base: dict[str, Any] = {"dim": 4, "epochs": 3, "threads": 1, "content": False}
    return lw.Options(**{**base, **changes})


def random_sessions(seed: int, n: int = 3000, order: str = "time") -> lw.Sessions:
    """Events that say nothing of each other, of some items far more than of others."""
    rng = np.random.default_rng(seed)
    share = 1.0 / np.arange(1, N + 1)
    share /= share.sum()
    events = [rng.choice(N, rng.integers(0, 9), p=share).tolist() for _ in range(n)]
    return sessions_of(events, order=order)


def pairwise_sessions(seed: int, n: int = 3000) -> lw.Sessions:
    """Any items, each with one of its three partners after it: nothing that so few floats hold."""
    rng = np.random.default_rng(seed)
    partners = rng.integers(0, N, (N, 3))
    first = rng.integers(0, N, (n, 3))
    then = partners[first, rng.integers(0, 3, (n, 3))]
    return sessions_of(np.stack([first, then], axis=2).reshape(n, 6).tolist())


def listed(sessions: lw.Sessions) -> list[list[int]]:
    return [part.tolist() for part in np.split(sessions.items, sessions.offsets[1:-1])]


# --- which events ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_last_events_of_some_sessions_are_held_out(seed: int) -> None:
    sessions = random_sessions(seed)
    held = hold_out(sessions, options())
    assert held is not None
    told = []
    for whole, kept in zip(listed(sessions), listed(held.kept), strict=True):
        if whole == kept:
            continue
        assert len(whole) >= 3
        assert kept == whole[:-1]
        assert whole[-1] != whole[-2]
        told.append((whole[-2], whole[-1]))
    assert told == list(zip(held.queries.tolist(), held.targets.tolist(), strict=True))
    assert 100 <= len(told) <= 500
    assert held.kept.catalogue is sessions.catalogue


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_events_of_sessions_without_order_are_held_out(seed: int) -> None:
    """From any place, asked for by any other: the last of a list that is sorted says little."""
    sessions = random_sessions(seed, order="none")
    held = hold_out(sessions, options())
    assert held is not None
    assert held.kept.order == "none"
    places, asked, at = [], [], 0
    for whole, kept in zip(listed(sessions), listed(held.kept), strict=True):
        if whole == kept:
            continue
        assert len(whole) >= 3
        query, target = held.queries[at], held.targets[at]
        gone = [i for i in range(len(whole)) if whole[:i] + whole[i + 1 :] == kept]
        assert target in {whole[i] for i in gone}
        assert query in kept
        assert query != target
        if whole.count(query) == whole.count(target) == 1:
            places.append(gone[0] / (len(whole) - 1))
            asked.append(whole.index(query) - gone[0])
        at += 1
    assert at == len(held.queries) == len(held.targets)
    assert 100 <= at <= 500
    # As many early as late ones, asked for by what stands before as by what stands after.
    assert abs(np.mean(places) - 0.5) < 5 * np.std(places) / np.sqrt(len(places))
    assert abs(np.mean(np.sign(asked))) < 5 / np.sqrt(len(asked))
    before, after = sessions.counts, held.kept.counts
    np.testing.assert_array_equal(before - after, np.bincount(held.targets, minlength=N))
    assert (4 * after >= 3 * before).all()


@pytest.mark.parametrize("min_count", [1, 5])
def test_items_keep_three_quarters_of_their_events(min_count: int) -> None:
    """Some are a target far oftener than that."""
    rng = np.random.default_rng(0)
    events = [[*rng.integers(20, N, 3), rng.integers(0, 20)] for _ in range(2500)]
    events += [[*rng.integers(20, N, 2), 19] for _ in range(200)]
    sessions = sessions_of(events)
    held = hold_out(sessions, options(min_count=min_count))
    assert held is not None
    before, after = sessions.counts, held.kept.counts
    assert (4 * after >= 3 * before).all()
    assert (after[before < 4 * min_count] == before[before < 4 * min_count]).all()
    np.testing.assert_array_equal(before - after, np.bincount(held.targets, minlength=N))


def test_an_item_that_all_sessions_end_with_gives_a_quarter() -> None:
    rng = np.random.default_rng(0)
    sessions = sessions_of([[*rng.integers(1, N, 2), 0] for _ in range(4000)])
    held = hold_out(sessions, options())
    assert held is not None
    assert (held.targets == 0).all()
    assert len(held.targets) <= 1000
    once = sessions_of([[*rng.integers(2000, 2100, 2), i] for i in range(2000)], 2100)
    assert hold_out(once, options()) is None  # no end can be lost


def test_few_sessions_and_no_own_rows_hold_nothing_out() -> None:
    many = random_sessions(1)
    assert hold_out(many, options()) is not None
    assert hold_out(many, options(own_row=False, content=True)) is None
    assert hold_out(random_sessions(1, 300), options()) is None
    rng = np.random.default_rng(0)
    assert hold_out(sessions_of(rng.integers(0, N, (5000, 2)).tolist()), options()) is None
    twice = [[i % 50, i % N, i % N] for i in range(5000)]
    assert hold_out(sessions_of(twice), options()) is None
    assert hold_out(sessions_of([]), options()) is None


def test_the_more_items_the_fewer_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no more are compared than that."""
    monkeypatch.setattr(held_out, "_COMPARISONS", 120 * N)
    held = hold_out(random_sessions(1), options())
    assert held is not None
    assert len(held.targets) <= 120
    monkeypatch.setattr(held_out, "_COMPARISONS", 99 * N)
    assert hold_out(random_sessions(1), options()) is None


def test_the_seed_decides() -> None:
    sessions = random_sessions(1)
    one, same, other = (hold_out(sessions, options(seed=seed)) for seed in (5, 5, 6))
    assert one is not None
    assert same is not None
    assert other is not None
    np.testing.assert_array_equal(one.kept.items, same.kept.items)
    np.testing.assert_array_equal(one.targets, same.targets)
    assert one.targets.tolist() != other.targets.tolist()


def test_vectors_are_trained_without_them_and_pairs_are_counted_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spy, sessions = Spy(monkeypatch), pairwise_sessions(1)
    held = hold_out(sessions, options())
    assert held is not None
    model = lw.train(sessions, options=options())
    np.testing.assert_array_equal(spy.arguments["items"], held.kept.items)
    np.testing.assert_array_equal(spy.arguments["counts"], held.kept.counts)
    np.testing.assert_array_equal(model.counts, sessions.counts)
    part: Pairs = blend_of(model).part(Pairs)
    tables = [count_pairs(sessions, kernel)[0] for kernel in KERNELS]
    assert any(np.array_equal(part.table.items, table.items) for table in tables)


# --- what they say --------------------------------------------------------------------------------


def weighed(sessions: lw.Sessions, **changes: Any) -> Weighing:
    chosen = options(**changes)
    held = hold_out(sessions, chosen)
    assert held is not None
    model = lw.train(held.kept, options=chosen)
    learned = {name: a for name, a in model.learned.items() if not name.startswith("pair_")}
    return weigh(held, Blend(model.encoder, learned), 1)


def test_pairs_that_vectors_cannot_hold_weigh_much_and_chance_little() -> None:
    seen = [weighed(pairwise_sessions(seed)) for seed in range(3)]
    assert all(one.weight > USUAL_WEIGHT for one in seen)
    assert all(one.kernel.backwards == 0.0 for one in seen)  # partners come after
    chance = [weighed(random_sessions(seed)).weight for seed in range(3)]
    assert np.median(chance) <= USUAL_WEIGHT


def test_nothing_held_out_is_weighed_as_usual() -> None:
    model = lw.train(random_sessions(1, 200), options=options())
    assert weigh(None, blend_of(model), 1) == (KERNELS[0], WEIGHT_OF_FEW)
    way, weight = weigh(None, blend_of(model), 1, ways_of("none"))
    assert way.window == 0
    assert weight == WEIGHT_OF_FEW


@pytest.mark.parametrize("n", [300, 3000], ids=["none held out", "some held out"])
def test_pairs_of_sessions_without_order_are_counted_whatever_it_is(n: int) -> None:
    """Even where partners stand side by side, and it would do better to look there."""
    plain = pairwise_sessions(1, n)
    sessions = lw.Sessions.from_arrays(plain.items, plain.offsets, plain.catalogue, order="none")
    part: Pairs = blend_of(lw.train(sessions, options=options())).part(Pairs)
    assert part.any
    tables = [count_pairs(sessions, way)[0] for way in KERNELS if way.window == 0]
    assert 0 < len(tables) < len(KERNELS)
    assert any(np.array_equal(part.table.items, table.items) for table in tables)
    assert set(ways_of("time")) == set(KERNELS) > set(ways_of("none"))


def test_new_items_are_no_rivals_and_those_never_sold_are() -> None:
    few = np.array([3, 0, 1, 2, 5, 9])
    most = np.array([3, 0, 0, 0, 5, 0])
    assert held_out._rivals(few).tolist() == [0, 2, 3, 4, 5]
    assert held_out._rivals(most).tolist() == list(range(6))


def test_how_new_items_score_does_not_tell_what_pairs_weigh() -> None:
    """A name that all buy, on new items too: they stand above any that was bought."""
    events = [list(one) for one in pairwise_sessions(2, 1500)]
    names = [f"thing {i % 40}" for i in range(N)] + [f"thing {i % 40}" for i in range(N // 4)]
    catalogue = lw.Catalogue.from_arrays([f"i{i}" for i in range(len(names))], names=names)
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in events])])
    sessions = lw.Sessions.from_arrays(np.concatenate(events), offsets, catalogue)
    held = hold_out(sessions, options(content=True))
    assert held is not None
    model = lw.train(held.kept, options=options(content=True))
    blend = Blend(model.encoder, {**model.learned, **Pairs.none(len(catalogue))})
    ranks = held_out._Trial(held, blend, 1).ranks(_any(held.queries))(0.0)
    vectors = blend.trained_vectors()
    scores = (blend.query_vectors(vectors, POPULARITY)[held.queries] @ vectors.T)[:, :N]
    rows = np.arange(len(scores))
    own = scores[rows, held.targets][:, None]
    scores[rows, held.queries] = -np.inf
    surely, at_most = (scores > own + 1e-6).sum(axis=1), (scores >= own - 1e-6).sum(axis=1) - 1
    near = surely < 20
    assert near.sum() > 50
    assert ((surely <= ranks) & (ranks <= at_most))[near].all()


def _any(queries: np.ndarray) -> Table:
    """Lists of one item, for each query."""
    asked = np.unique(queries)
    others = ((asked + 1) % N).astype(np.int32)
    return Table(np.arange(len(asked) + 1), others, np.ones(len(asked), np.float32))


@pytest.mark.parametrize("kernel", KERNELS)
def test_ranks_are_those_among_all_whole_scores(kernel: Any) -> None:
    sessions = pairwise_sessions(2)
    held = hold_out(sessions, options())
    assert held is not None
    model = lw.train(held.kept, options=options())
    blend = Blend(model.encoder, {
        name: a for name, a in model.learned.items() if not name.startswith("pair_")
    })  # fmt: skip
    trial = held_out._Trial(held, blend, 1)
    ranks_with = trial.ranks(count_pairs(held.kept, kernel, 1, trial.asked)[0])
    rows = reference.rows(count_pairs(held.kept, kernel)[0])
    vectors = blend.trained_vectors()
    asked = blend.query_vectors(vectors, POPULARITY).astype(np.float64)
    hits = 0
    for weight in (0.0, 3.0, 300.0, 1e6):  # with the last all that is listed comes to 1
        ranks = ranks_with(weight)
        for query, target, told in zip(held.queries, held.targets, ranks, strict=True):
            scores = vectors.astype(np.float64) @ asked[query]
            for item, count in rows[query].items():
                scores[item] = reference.joined(float(scores[item]), weight * count)
            scores[query] = -np.inf
            surely = int((scores > scores[target] + 1e-6).sum())
            at_most = int((scores >= scores[target] - 1e-6).sum()) - 1
            if surely < 20:
                assert surely <= told <= at_most
                hits += 1
            else:
                assert told >= 20
    assert hits > 100


# --- what files hold ------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("weight", [1.0, 30.0, 1e9])
def test_counts_are_weighed_up_to_the_best_score(kernel: Any, weight: float) -> None:
    sessions = random_sessions(4, 500)
    table, times = count_pairs(sessions, kernel)
    arrays = pair_arrays(sessions, Weighing(kernel, weight), 1)
    Pairs.check(arrays, N)
    np.testing.assert_array_equal(arrays["pair_items"], table.items)
    np.testing.assert_array_equal(arrays["pair_offsets"], table.offsets)
    np.testing.assert_array_equal(arrays["pair_times"], times)
    most = np.exp(SHARPNESS)
    assert arrays["pair_weights"].max() <= most * (1 + 1e-6)
    factor = min(weight, most / table.weights.max())
    np.testing.assert_allclose(arrays["pair_weights"], table.weights * factor, rtol=1e-5)


def test_without_weight_or_pairs_nothing_is_kept() -> None:
    nothing = pair_arrays(random_sessions(4, 500), Weighing(KERNELS[0], 0.0), 1)
    alone = pair_arrays(sessions_of([[1], [2], [3, 3]]), Weighing(KERNELS[0], 3.0), 1)
    for arrays in (nothing, alone):
        Pairs.check(arrays, N)
        assert arrays["pair_offsets"].tolist() == [0] * (N + 1)
        assert all(len(arrays[f"pair_{name}"]) == 0 for name in ("items", "weights", "times"))
