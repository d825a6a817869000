"""Training against the slow reference, table by table, for every kernel set of this machine."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import likewise
import likewise._core as _core
from helpers import tiny_shop
from oracles.random_numbers import NoiseSampler, Rng
from oracles.training import CONSTANTS, Reference

TABLES = ["center", "context", "center_tokens", "center_ngrams", "context_tokens", "context_ngrams"]

CASES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "identity only": {"content": False},
    "identity, min_count": {"content": False, "min_count": 3},
    "content only": {"own_row": False},
    "no dropout": {"id_dropout": 0.0},
    "much dropout": {"id_dropout": 0.9},
    "min_count": {"min_count": 3},
    "context content": {"context": "content"},
    "context content, no own row": {"context": "content", "own_row": False},
    "no n-grams": {"min_n": 0, "max_n": 0},
    "word n-grams": {"word_ngrams": 3},
    "subsample": {"subsample": 0.01},
    "window 1": {"window": 1},
    "window 64": {"window": 64, "learning_rate": 0.01},
    "window beyond any session": {"window": 1000, "learning_rate": 0.002},
    "dim 1": {"dim": 1},
    "dim 7": {"dim": 7},
    "dim 100": {"dim": 100},
    "dim 130": {"dim": 130},
    "exponent -1": {"noise_exponent": -1.0},
    "exponent 0": {"noise_exponent": 0.0},
    "exponent 1": {"noise_exponent": 1.0},
    "exponent 10": {"noise_exponent": 10.0, "learning_rate": 0.01},
    "1 negative": {"negatives": 1},
    "40 negatives": {"negatives": 40, "learning_rate": 0.01},
    "rate": {"learning_rate": 0.04, "min_learning_rate": 0.04},
    "stretch": {"stretch": 100, "epochs": 3},
    "n-grams in every block": {"stretch": 1},
    "n-grams in every block, context content": {"stretch": 1, "context": "content"},
    "independent": {"shared_negatives": False},
    "independent identity": {"shared_negatives": False, "content": False},
    "independent, n-grams in every block": {
        "shared_negatives": False,
        "stretch": 1,
        "context": "content",
        "epochs": 1,
    },
    "independent content": {"shared_negatives": False, "context": "content", "subsample": 0.02},
}


#: What a table may differ from the reference by, in shares of its largest number: at most, and in
#: the mean of squares. Products of bfloat16 have 8 bits.
TOLERANCES = {"avx512bf16": (0.015, 0.002)}


#: Of sessions without an order.
UNORDERED = ["defaults", "context content", "subsample", "independent", "window beyond any session"]


@cache
def reference(case: str, order: str = "time") -> tuple[dict[str, Any], Reference]:
    """What the core is given for a case, and what the reference makes of it.

    At a learning rate at which rounding does not grow from block to block.
    """
    chosen = tiny_shop.options(**{"learning_rate": 0.03, **CASES[case]})
    with pytest.MonkeyPatch.context() as patch:
        _, spy = tiny_shop.trained(patch, chosen, tiny_shop.sessions(order=order))
    assert spy.arguments["order"] == order
    return spy.arguments, Reference(**spy.reference_arguments()).run()


@pytest.mark.parametrize("kernels", _core.supported_kernels())
@pytest.mark.parametrize(
    ("case", "order"),
    [*((case, "time") for case in CASES), *((case, "none") for case in UNORDERED)],
)
def test_tables_agree_with_the_reference(case, order, kernels, monkeypatch):
    arguments, expected = reference(case, order)
    monkeypatch.setenv("LIKEWISE_KERNELS", kernels)
    records: list[dict[str, Any]] = []
    tables = _core.train(**{**arguments, "on_progress": records.append})
    assert records[-1]["pairs_done"] == expected.pairs
    for name in TABLES:
        actual, wanted = tables[name], expected.tables[name]
        if actual is None:
            assert wanted is None or wanted.size == 0
            continue
        assert actual.dtype == np.float32
        assert actual.shape == wanted.shape
        untouched = name == "center_ngrams" and case == "no n-grams"
        assert (np.abs(wanted).max() > 1e-3) != untouched  # something was learned at all
        largest = np.abs(wanted).max()
        most, mean = TOLERANCES.get(kernels, (5e-5, 5e-5))
        np.testing.assert_allclose(actual, wanted, rtol=0, atol=most * largest)
        assert np.sqrt(np.mean((actual - wanted) ** 2)) <= mean * largest


@pytest.mark.parametrize("case", ["defaults", "context content", "identity only"])
def test_model_holds_the_tables(case, monkeypatch):
    model, spy = tiny_shop.trained(monkeypatch, tiny_shop.options(**CASES[case]))
    np.testing.assert_array_equal(model.center, spy.tables["center"])
    np.testing.assert_array_equal(model.context, spy.tables["context"])
    for side in ("center", "context"):
        content = getattr(model, f"{side}_content")
        if spy.tables[f"{side}_tokens"] is None:
            assert content is None
            continue
        order = np.argsort(spy.arguments["features"]["token_hashes"])
        np.testing.assert_array_equal(
            content.token_hashes, spy.arguments["features"]["token_hashes"][order]
        )
        np.testing.assert_array_equal(content.tokens, spy.tables[f"{side}_tokens"][order])
        np.testing.assert_array_equal(content.ngrams, spy.tables[f"{side}_ngrams"])


@pytest.mark.parametrize("changes", [{}, {"stretch": 1}, {"stretch": 1, "context": "content"}])
def test_vectors_of_content_are_composed_as_they_were_trained(changes, monkeypatch):
    """What encodes catalogues without history gives back the vectors of this one."""
    chosen = tiny_shop.options(own_row=False, **changes)
    model, spy = tiny_shop.trained(monkeypatch, chosen)
    np.testing.assert_allclose(model.encode(model.catalogue), spy.tables["center"], atol=1e-5)


def test_items_that_training_never_touches_have_no_vector_of_their_own(monkeypatch):
    model, _ = tiny_shop.trained(monkeypatch, tiny_shop.options(content=False, min_count=3))
    rare = model.counts < 3
    assert rare.any()
    assert not model.center[rare].any()
    assert np.abs(model.center[~rare]).min(axis=1).max() > 0


@pytest.mark.parametrize("length", [2, 31, 32, 33, 64, 65, 100_000])
def test_no_pair_of_a_long_session_is_lost(length, monkeypatch):
    data = likewise.Sessions.from_arrays(
        (np.arange(length) % 30).astype(np.int32), np.array([0, length]), tiny_shop.catalogue()
    )
    chosen = tiny_shop.options(window=1, epochs=1, content=False, dim=4)
    model, _ = tiny_shop.trained(monkeypatch, chosen, data)
    assert model.history[-1]["pairs_done"] == 2 * (length - 1)


def test_pairs_count_by_the_share_of_windows_that_reach_them(monkeypatch):
    """Distance d counts (w - d + 1) / w: w + 1 pairs an event, but for what hangs over the ends."""
    length, window = 20_000, 5
    data = likewise.Sessions.from_arrays(
        (np.arange(length) % 30).astype(np.int32), np.array([0, length]), tiny_shop.catalogue()
    )
    chosen = tiny_shop.options(window=window, epochs=1, content=False, dim=4, learning_rate=0.01)
    model, _ = tiny_shop.trained(monkeypatch, chosen, data)
    hanging = sum(2 * d * (window - d + 1) for d in range(1, window + 1))
    expected = ((window + 1) * window * length - hanging) // window
    assert model.history[-1]["pairs_done"] == expected


def test_reference_sampler_draws_by_count():
    """The reference's own alias table, against the shares it stands for."""
    counts = np.array([0, 1, 2, 400, 0, 30])
    for exponent in (-1.0, 0.0, 0.75):
        sampler = NoiseSampler(counts, exponent)
        slots = len(sampler.items)
        shares = np.zeros(len(counts))
        for item, alias, keep in zip(sampler.items, sampler.alias, sampler.keep, strict=True):
            shares[item] += keep / 2**32 / slots
            shares[alias] += (1 - keep / 2**32) / slots
        wanted = np.where(counts > 0, np.maximum(counts, 1.0) ** exponent, 0.0)
        np.testing.assert_allclose(shares, wanted / wanted.sum(), atol=1e-9)
        np.testing.assert_allclose(sampler.probabilities, wanted / wanted.sum(), atol=1e-12)


def test_reference_generator_is_the_published_one():
    """xoroshiro128+ from the state (1, 2): the first numbers of the authors' C code."""
    rng = Rng(0)
    rng.s0, rng.s1 = 1, 2
    assert [rng.next() for _ in range(3)] == [3, 412333834243, 2360170716294286339]


def test_constants_are_what_the_reference_expects():
    assert (
        CONSTANTS["half_centers"] + CONSTANTS["half_slack"] < tiny_shop.LONG_SESSION
    )  # a session is cut into blocks
    data = tiny_shop.sessions()
    assert data.n_events > 2 * CONSTANTS["least_slice"]  # there are slices to shuffle
    assert 0 in data.counts
    assert (np.diff(data.offsets) < 2).any()


def _without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


def _changed(array: np.ndarray, place: int, value: int) -> np.ndarray:
    array = array.copy()
    array[place] = value
    return array


BAD: dict[str, tuple[type[Exception], str, Any]] = {
    "items dtype": (TypeError, "items must be int32, got int64",
                    lambda a: {"items": a["items"].astype(np.int64)}),
    "items shape": (ValueError, "items must have 1 dimension",
                    lambda a: {"items": a["items"][None]}),
    "items stride": (ValueError, "items must be contiguous", lambda a: {"items": a["items"][::2]}),
    "items unknown": (ValueError, "items of the catalogue",
                      lambda a: {"items": _changed(a["items"], 5, tiny_shop.N_ITEMS)}),
    "items negative": (ValueError, "items of the catalogue",
                       lambda a: {"items": _changed(a["items"], 5, -1)}),
    "offsets dtype": (TypeError, "offsets must be int64",
                      lambda a: {"offsets": a["offsets"].astype(np.int32)}),
    "offsets empty": (ValueError, "offsets must rise", lambda a: {"offsets": a["offsets"][:0]}),
    "offsets start": (ValueError, "offsets must rise",
                      lambda a: {"offsets": _changed(a["offsets"], 0, 1)}),
    "offsets end": (ValueError, "offsets must rise", lambda a: {"offsets": a["offsets"][:-1]}),
    "offsets fall": (ValueError, "offsets must rise",
                     lambda a: {"offsets": _changed(a["offsets"], 3, 10**9)}),
    "counts dtype": (TypeError, "counts must be int64",
                     lambda a: {"counts": a["counts"].astype(float)}),
    "counts short": (ValueError, "items of the catalogue", lambda a: {"counts": a["counts"][:9]}),
    "counts zero": (ValueError, "counts must hold an item", lambda a: {"counts": a["counts"] * 0}),
    "no features": (ValueError, "features must be given", lambda a: {"features": None}),
    "no items": (ValueError, "features lacks item_tokens",
                 lambda a: {"features": _without(a["features"], "item_tokens")}),
    "few buckets": (ValueError, "ngram_rows must be", lambda a: {"buckets": 3}),
    "no option": (ValueError, "option missing: dim",
                  lambda a: {"options": _without(a["options"], "dim")}),
    "option": (ValueError, "window must be", lambda a: {"options": {**a["options"], "window": 0}}),
}  # fmt: skip

BAD_FEATURES: dict[str, tuple[type[Exception], str, Any]] = {
    "item_offsets": (ValueError, "item_offsets must rise", lambda v: v[:-1]),
    "item_tokens": (ValueError, "item_tokens must be", lambda v: _changed(v, 0, 10**6)),
    "item_weights": (ValueError, "item_weights must have", lambda v: v[:-1]),
    "token_hashes": (ValueError, "item_tokens must be", lambda v: v[:-1]),
    "ngram_offsets": (ValueError, "ngram_offsets must rise", lambda v: _changed(v, 1, -1)),
    "ngram_rows": (TypeError, "ngram_rows must be a NumPy array, got list", lambda v: v.tolist()),
}


@pytest.mark.parametrize("case", BAD)
def test_arguments_that_do_not_fit_are_named(case):
    arguments, _ = reference("defaults")
    error, text, change = BAD[case]
    with pytest.raises(error, match=text) as caught:
        _core.train(**{**arguments, "on_progress": None, **change(arguments)})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", BAD_FEATURES)
def test_features_that_do_not_fit_are_named(name):
    arguments, _ = reference("defaults")
    error, text, change = BAD_FEATURES[name]
    features = {**arguments["features"], name: change(arguments["features"][name])}
    with pytest.raises(error, match=text):
        _core.train(**{**arguments, "on_progress": None, "features": features})
