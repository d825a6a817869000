"""Rules, BM25 and EASE against slow loops, and the settings they choose by held-out events."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.session_lists import sessions_of
from likewise.errors import InputError
from likewise.evaluation import rules as _rules
from likewise.evaluation import sums as _sums
from likewise.evaluation.rules import BM25, EASE, RULES, Rules, RuleSettings, invert
from likewise.evaluation.sums import HeldOut
from likewise.tables.sessions import Sessions

N_ITEMS = 9
session_lists = st.lists(
    st.lists(st.integers(0, N_ITEMS - 1), min_size=1, max_size=9), min_size=1, max_size=12
)
masks = st.lists(st.booleans(), min_size=N_ITEMS, max_size=N_ITEMS)
rule_settings = st.builds(
    RuleSettings,
    st.sampled_from([1, 2, 5, None]),
    st.booleans(),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from([0.0, 0.5, 0.75, 1.0]),
)
block_sizes = st.sampled_from([1, 7, 1 << 20])


def make(lists: list[list[int]]) -> Sessions:
    return sessions_of(lists, N_ITEMS)


def counted(lists: list[list[int]], how: RuleSettings) -> np.ndarray:
    """The definition of the rules: every two events of every session."""
    scores = np.zeros((N_ITEMS, N_ITEMS))
    for s in lists:
        for i, query in enumerate(s):
            for j, item in enumerate(s):
                distance = abs(i - j)
                if query == item or (how.window is not None and distance > how.window):
                    continue
                weight = len(s) ** -how.exponent / (distance if how.by_distance else 1)
                scores[query, item] += weight if j > i else how.backwards * weight
    return scores


def bm25(lists: list[list[int]], k1: float, b: float) -> np.ndarray:
    """The definition of BM25: a dense table of items and sessions."""
    table = np.zeros((N_ITEMS, len(lists)))
    for column, s in enumerate(lists):
        table[s, column] = 1
    known = (table.sum(axis=1) > 0).sum()
    counts = table.sum(axis=1)
    norm = 1 - b + b * counts / counts[counts > 0].mean()
    rarity = np.log(known) - np.log1p(table.sum(axis=0))
    rows = table * (k1 + 1) / (k1 * norm[:, None] + table + (table == 0)) * rarity
    scores = rows @ rows.T
    np.fill_diagonal(scores, 0)
    return scores


def ease(lists: list[list[int]], exponent: float, strength: float) -> np.ndarray:
    """The definition of EASE^R: a dense table and a plain inverse; -inf is no answer."""
    table = np.zeros((len(lists), N_ITEMS))
    for row, s in enumerate(lists):
        table[row, s] = len(set(s)) ** (-exponent / 2)
    known = np.flatnonzero(table.any(axis=0))
    gram = table[:, known].T @ table[:, known]
    inverse = np.linalg.inv(gram + strength * gram.diagonal().mean() * np.eye(len(known)))
    scores = np.full((N_ITEMS, N_ITEMS), -np.inf)
    scores[np.ix_(known, known)] = -inverse / inverse.diagonal()
    np.fill_diagonal(scores, -np.inf)
    return scores


def in_blocks(size: int, work):
    before = _sums._EVENTS
    _sums._EVENTS = size
    try:
        return work()
    finally:
        _sums._EVENTS = before


def agree(system, scores: np.ndarray, allowed: np.ndarray, nothing: float = 0) -> None:
    """Lists and ranks of every two items are those of the scores; ties may stand in any order."""
    everyone = np.arange(N_ITEMS, dtype=np.int32)
    scores = np.where(allowed, scores, nothing)
    near = 1e-5 * max(1e-3, np.abs(scores[np.isfinite(scores)]).max(initial=0))
    lists = system.lists(everyone, 5, allowed)
    queries, targets = (side.ravel().astype(np.int32) for side in np.mgrid[:N_ITEMS, :N_ITEMS])
    ranks = system.ranks(queries, targets, allowed).reshape(N_ITEMS, N_ITEMS)
    for query in everyone:
        mine = scores[query]
        best = np.sort(mine[mine > nothing])[::-1][:5]
        filled = lists[query][: len(best)]
        assert (lists[query][len(best) :] == -1).all()
        assert len(set(filled.tolist())) == len(filled)
        assert np.allclose(mine[filled], best, rtol=0, atol=near)
        for target in everyone:
            if mine[target] <= nothing:
                assert ranks[query, target] == N_ITEMS
            else:
                better = (mine > mine[target] + near).sum()
                level = (mine >= mine[target] - near).sum()
                assert better <= ranks[query, target] < level


@settings(max_examples=80, deadline=None)
@given(session_lists, rule_settings, masks, block_sizes)
def test_rules_are_sums_over_pairs_of_events(lists, how, allowed, size):
    def check() -> None:
        agree(Rules(make(lists), how), counted(lists, how), np.array(allowed))

    in_blocks(size, check)


@settings(max_examples=60, deadline=None)
@given(
    session_lists, st.sampled_from([0.0, 1.2, 100.0]), st.sampled_from([0, 0.5, 1]), masks,
    block_sizes,
)  # fmt: skip
def test_bm25_is_a_product_of_weighted_rows(lists, k1, b, allowed, size):
    def check() -> None:
        agree(BM25(make(lists), k1, b), bm25(lists, k1, b), np.array(allowed))

    in_blocks(size, check)


@settings(max_examples=60, deadline=None)
@given(
    session_lists, st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.1, 1, 10]), masks,
    block_sizes,
)  # fmt: skip
def test_ease_is_the_inverse_of_sessions_in_common(lists, exponent, strength, allowed, size):
    def check() -> None:
        system = EASE(make(lists), exponent, strength)
        agree(system, ease(lists, exponent, strength), np.array(allowed), -np.inf)

    in_blocks(size, check)


@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 8, 13])
def test_a_matrix_is_inverted_in_place(n):
    rows = np.random.default_rng(n).normal(size=(2 * n, n))
    matrix = rows.T @ rows + np.eye(n)
    expected = np.linalg.inv(matrix) if n else matrix.copy()
    invert(matrix, size=4)
    assert np.allclose(matrix, expected, rtol=1e-9, atol=1e-12)


def test_equal_scores_are_put_in_random_order():
    lists = [[0, 1], [0, 2], [0, 3], [0, 4], [0, 5]]
    queries, targets = np.zeros(4000, np.int32), np.full(4000, 3, np.int32)
    for system in (Rules(make(lists)), BM25(make(lists)), EASE(make(lists))):
        ranks = system.ranks(queries, targets)
        assert (np.bincount(ranks, minlength=5) > 650).all()
        assert np.array_equal(ranks, system.ranks(queries, targets))


# --- settings ------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(session_lists, st.sampled_from([2, 3000]))
def test_last_events_are_held_out(lists, most):
    before = _sums._PAIRS
    _sums._PAIRS = most
    try:
        held = HeldOut(make(lists), seed=3)
    finally:
        _sums._PAIRS = before
    kept = [
        held.items[begin:end].tolist()
        for begin, end in zip(held.offsets[:-1], held.offsets[1:], strict=True)
    ]
    pairs = list(zip(held.queries.tolist(), held.targets.tolist(), strict=True))
    expected = []
    for s, rest in zip(lists, kept, strict=True):
        if rest != s:
            assert len(s) >= 3
            assert rest == s[:-1]
            expected.append((s[-2], s[-1]))
    assert pairs == expected
    usable = sum(len(s) >= 3 and s[-1] != s[-2] for s in lists)
    assert len(pairs) == min(usable, most)


def hit_rate(scores: np.ndarray, held: HeldOut, k: int) -> float:
    """The share of targets among the best k, each item of a tie being as likely first."""
    hits = 0.0
    for query, target in zip(held.queries, held.targets, strict=True):
        mine = scores[query]
        if mine[target] > 0:
            near = 1e-6 * mine[target]
            better = (mine > mine[target] + near).sum()
            equal = (np.abs(mine - mine[target]) <= near).sum()
            hits += min(1, max(0, (k - better) / equal))
    return hits / len(held.queries)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [40, 1 << 20])
def test_the_best_settings_are_chosen(monkeypatch, seed, size):
    rng = np.random.default_rng(seed)
    lists = [rng.integers(0, N_ITEMS, rng.integers(2, 15)).tolist() for _ in range(25)]
    seen = []

    def remembered(held, *arguments):
        seen.append((held, true_rates(held, *arguments)))
        return seen[-1][1]

    true_rates = HeldOut.hit_rates
    monkeypatch.setattr(HeldOut, "hit_rates", remembered)
    monkeypatch.setattr(_sums, "_EVENTS", size)
    rules, weighted = Rules.tuned(make(lists), k=2), BM25.tuned(make(lists), k=2)
    (held, rates), (_, others) = seen
    kept = [s.tolist() for s in np.split(held.items, held.offsets[1:-1])]
    expected = [hit_rate(counted(kept, how), held, 2) for how in RULES]
    assert rates == pytest.approx(expected, abs=1e-9)
    assert rules.settings == RULES[int(np.argmax(rates))]
    assert rules.name == f"rules ({rules.settings})"
    expected = [hit_rate(bm25(kept, k1, b), held, 2) for k1, b in _rules._BM25]
    assert others == pytest.approx(expected, abs=1e-9)
    k1, b = _rules._BM25[int(np.argmax(others))]
    agree(weighted, bm25(lists, k1, b), np.ones(N_ITEMS, bool))  # made of all events


def test_what_follows_is_told_from_what_came_before():
    rng = np.random.default_rng(0)
    begins = rng.integers(0, N_ITEMS, 400)
    lists = [[(begin + step) % N_ITEMS for step in range(5)] for begin in begins.tolist()]
    rules = Rules.tuned(make(lists), k=1)
    following = np.arange(N_ITEMS, dtype=np.int32)
    ranks = rules.ranks(following, (following + 1) % N_ITEMS)
    assert (ranks == 0).all()
    assert rules.settings.by_distance
    assert rules.settings.backwards < 1
    assert (Rules(make(lists), RuleSettings(None, False, 0, 1)).ranks(following, ranks) > 0).any()


def test_ease_takes_the_strength_that_finds_most():
    rng = np.random.default_rng(5)
    lists = [rng.integers(0, N_ITEMS, rng.integers(2, 9)).tolist() for _ in range(40)]
    tuned = EASE.tuned(make(lists), k=2)
    held = HeldOut(make(lists), k=2)
    rates = {each: held.hit_rate(EASE(held, 0.5, each)) for each in _rules._EASE}
    strength = max(rates, key=rates.get)
    rates = {each: held.hit_rate(EASE(held, each, strength)) for each in (0.5, 0.0, 1.0)}
    assert tuned.name == EASE(make(lists), max(rates, key=rates.get), strength).name
    assert tuned.name.startswith("EASE (lambda ")


def test_where_nothing_can_be_held_out():
    sessions = make([[0, 1], [1, 2], [3]])
    assert Rules.tuned(sessions).settings == RULES[0]
    assert BM25.tuned(sessions).name == BM25(sessions).name
    assert EASE.tuned(sessions).name == EASE(sessions).name
    empty = make([])
    asked = np.array([0, 4], np.int32)
    for kind in (Rules, BM25, EASE):
        system = kind.tuned(empty)
        assert system.ranks(asked, asked[::-1]).tolist() == [N_ITEMS, N_ITEMS]
        assert system.lists(asked, 3).tolist() == [[-1] * 3] * 2


@pytest.mark.parametrize(
    ("how", "name"),
    [
        (RuleSettings(), "rules (10, 1/d, p .5, back .75)"),
        (RuleSettings(None, False, 0, 1), "rules (session, p 0, back 1)"),
    ],
)
def test_names_tell_the_settings(how, name):
    assert Rules(make([[0, 1]]), how).name == name


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: Rules(s, RuleSettings(window=0)), "window must be at least 1 or None, got 0"),
        (lambda s: Rules(s, RuleSettings(backwards=-1)), "backwards must be at least 0, got -1"),
        (lambda s: BM25(s, -1), "k1 must be at least 0 and b between 0 and 1, got -1 and 0.75"),
        (lambda s: BM25(s, 1, 1.5), "b between 0 and 1, got 1 and 1.5"),
        (lambda s: EASE(s, strength=0), "strength must be above 0, got 0"),
        (lambda s: EASE(s).lists(np.array([0]), 0), "k must be at least 1, got 0"),
        (lambda s: Rules(s).lists(np.array([0]), 0), "k must be at least 1, got 0"),
    ],
)
def test_bad_settings(call, message):
    with pytest.raises(InputError, match=message):
        call(make([[0, 1]]))


def test_ease_refuses_too_many_items(monkeypatch):
    monkeypatch.setattr(_rules, "EASE_ITEMS", 2)
    EASE(make([[0, 1], [1, 0]]))
    with pytest.raises(InputError, match="ease must have at most 2 items with events, got 3"):
        EASE(make([[0, 1], [1, 2]]))
