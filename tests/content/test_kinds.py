"""Features without the kinds of tokens that do not count, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import likewise as lw
import likewise._core as _core

ARRAYS = ("item_offsets", "item_tokens", "item_kinds", "token_hashes", "token_namespaces",
          "ngram_offsets", "ngram_rows")  # fmt: skip


def features_of(n_items: int) -> dict[str, np.ndarray]:
    shop = lw.simulate(n_items, 10, seed=n_items)
    features = lw.Features.encode(lw.Catalogue.read(shop.catalogue), lw.Recipe(word_ngrams=2))
    return {name: getattr(features, name) for name in ARRAYS}


def expected(features: dict[str, np.ndarray], kinds: set[int]) -> dict[str, np.ndarray]:
    keep = np.isin(features["item_kinds"], sorted(kinds))
    tokens = features["item_tokens"][keep]
    used = np.unique(tokens)
    lengths = np.diff(features["ngram_offsets"])
    there = np.isin(np.arange(len(lengths)), used)
    return {
        "item_offsets": np.append(0, np.cumsum(keep))[features["item_offsets"]],
        "item_tokens": np.searchsorted(used, tokens).astype(np.int32),
        "item_kinds": features["item_kinds"][keep],
        "token_hashes": features["token_hashes"][used],
        "token_namespaces": features["token_namespaces"][used],
        "ngram_offsets": np.append(0, np.cumsum(lengths[used])),
        "ngram_rows": features["ngram_rows"][np.repeat(there, lengths)],
    }


@pytest.mark.parametrize("kinds", [set(), {0}, {1}, {3}, {0, 1, 2}, {1, 3}, {0, 1, 2, 3}])
def test_what_is_left_is_numbered_anew_in_the_same_order(kinds: set[int]) -> None:
    features = features_of(300)
    found = _core.keep_kinds(**features, kinds=sum(1 << kind for kind in kinds))
    for name, array in expected(features, kinds).items():
        assert found[name].dtype == features[name].dtype
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_nothing_of_nothing() -> None:
    empty = {name: array[:0] for name, array in features_of(20).items()}
    zero = np.zeros(1, np.int64)
    found = _core.keep_kinds(**{**empty, "item_offsets": zero, "ngram_offsets": zero}, kinds=3)
    assert [len(found[name]) for name in ARRAYS] == [1, 0, 0, 0, 0, 1, 0]


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_that_do_not_fit_together_are_refused(name: str) -> None:
    features = features_of(20)
    with pytest.raises(ValueError, match="must"):
        _core.keep_kinds(**{**features, name: features[name][:-1]}, kinds=3)
    for bad in (-1, len(features["token_hashes"])):
        tokens = features["item_tokens"].copy()
        tokens[3] = bad
        with pytest.raises(ValueError, match="item_tokens must be numbers of tokens"):
            _core.keep_kinds(**{**features, "item_tokens": tokens}, kinds=3)
