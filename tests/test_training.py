"""Training against the slow reference, table by table, for every kernel set of this machine."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import tiny_shop
from reference import CONSTANTS, NoiseSampler, Reference, Rng

import likewise
from likewise import _core

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
    "window 64": {"window": 64, "learning_rate": 0.003},
    "window beyond any session": {"window": 1000, "learning_rate": 0.001},
    "dim 1": {"dim": 1},
    "dim 7": {"dim": 7},
    "dim 100": {"dim": 100},
    "dim 130": {"dim": 130},
    "exponent -1": {"noise_exponent": -1.0},
    "exponent 0": {"noise_exponent": 0.0},
    "exponent 1": {"noise_exponent": 1.0},
    "exponent 10": {"noise_exponent": 10.0, "learning_rate": 0.005},
    "1 negative": {"negatives": 1},
    "40 negatives": {"negatives": 40, "learning_rate": 0.005},
    "rate": {"learning_rate": 0.03, "min_learning_rate": 0.03},
    "stretch": {"stretch": 100, "epochs": 3},
    "independent": {"shared_negatives": False},
    "independent identity": {"shared_negatives": False, "content": False},
    "independent content": {"shared_negatives": False, "context": "content", "subsample": 0.02},
}


@lru_cache(maxsize=None)
def reference(case: str) -> tuple[dict[str, Any], Reference]:
    """What the core is given for a case, and what the reference makes of it."""
    with pytest.MonkeyPatch.context() as patch:
        _, spy = tiny_shop.trained(patch, tiny_shop.options(**CASES[case]))
    return spy.arguments, Reference(**spy.reference_arguments()).run()


@pytest.mark.parametrize("kernels", _core.supported_kernels())
@pytest.mark.parametrize("case", CASES)
def test_tables_agree_with_the_reference(case, kernels, monkeypatch):
    arguments, expected = reference(case)
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
        np.testing.assert_allclose(actual, wanted, rtol=0, atol=2e-5 * np.abs(wanted).max())
