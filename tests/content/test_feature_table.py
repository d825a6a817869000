"""The table of features: threads, buckets, long names, buffers that make no sense, real data."""

from __future__ import annotations

import time

import numpy as np
import pytest

import likewise._core as _core
from helpers.places import SHARED
from helpers.text_catalogue import Strings, many
from likewise.content.features import Features, Recipe, tokens_of
from oracles import text as reference


def words(text):
    return [word for _, word, _ in tokens_of("", text)]


def same(a, b):
    return a.recipe == b.recipe and all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in Features.__dataclass_fields__
        if name != "recipe"
    )


def test_threads_leave_no_trace():
    catalogue = many(9000)
    one = Features.encode(catalogue, threads=1)
    for threads in (2, 3, 8):
        assert same(one, Features.encode(catalogue, threads=threads))
    first = {}
    for token in one.item_tokens.tolist():
        first.setdefault(token, len(first))
    assert one.n_tokens == len(first)


def test_buckets_are_chosen_by_the_catalogue():
    features = Features.encode(many(9000))
    distinct = {
        h
        for text in {w for raw in many(9000).raw for n in raw for w in words(n.decode())}
        for _, h in reference.character_ngrams(text, 3, 6)
    }
    assert features.recipe.buckets == max(1024, 1 << ((len(distinct) + 1) // 2 - 1).bit_length())
    assert features.ngram_rows.max() < features.recipe.buckets
    assert Features.encode(many(10)).recipe.buckets == 1024
    assert Features.encode(many(10), Recipe(buckets=77)).recipe.buckets == 77


def test_no_character_ngrams_when_not_wanted():
    features = Features.encode(many(10), Recipe(min_n=0, max_n=0))
    assert len(features.ngram_rows) == 0
    assert features.ngram_offsets.tolist() == [0] * (features.n_tokens + 1)


def test_nothing_gives_nothing():
    empty = Features.encode(Strings([], []))
    assert (empty.n_items, empty.n_tokens, empty.item_offsets.tolist()) == (0, 0, [0])
    blank = Features.encode(Strings([None, " > "], ["", "!!!"]))
    assert blank.item_offsets.tolist() == [0, 0, 0]
    assert "2 items" in repr(blank)
    assert blank.nbytes == 3 * 8 + 8


def test_dtypes_are_those_of_the_docstring():
    features = Features.encode(many(10))
    kinds = {name: str(getattr(features, name).dtype) for name in Features.__dataclass_fields__
             if name != "recipe"}  # fmt: skip
    assert kinds == {
        "item_offsets": "int64", "item_tokens": "int32", "item_kinds": "uint8",
        "token_hashes": "uint64", "token_namespaces": "uint8", "ngram_offsets": "int64",
        "ngram_rows": "int32",
    }  # fmt: skip


def test_very_long_names_take_no_unreasonable_time():
    started = time.perf_counter()
    names = [
        "a" * (1 << 20),
        "ab " * (1 << 18),
        "\u0301\u0323" * (1 << 18),
        "手" * (1 << 18),
        "ก" * (1 << 18),
        "1." * (1 << 19),
        "a'" * (1 << 19),
    ]
    deep = " > ".join(["level"] * 100_000)
    features = Features.encode(Strings([deep] + [""] * 6, names), Recipe(word_ngrams=2))
    assert np.diff(features.item_offsets).tolist() == [18, 2, 0, 2, 1, 1, 1]
    assert time.perf_counter() - started < 5
    long_word = int(features.item_tokens[16])
    assert np.diff(features.ngram_offsets)[long_word] == len(
        reference.character_ngrams("a" * 100, 3, 6)
    )


@pytest.mark.parametrize(
    "bad",
    ["ff", "c3", "e282", "f09f98", "c0af", "eda080", "f4908080", "8080", "f888808080"],
)
def test_bytes_that_are_not_utf8_separate_words(bad):
    bad = bytes.fromhex(bad)
    name = b"red" + bad + b"ball"
    features = Features.encode(Strings([b"a " + bad + b" b"], [name]))
    listed = features.token_text(Strings([b"a " + bad + b" b"], [name]), 0)
    assert [text for _, text in listed] == ["a b", "red", "ball", "a", "b"]


def test_token_text_matches_the_entries():
    catalogue = many(50)
    features = Features.encode(catalogue)
    for item in (0, 17, 49):
        listed = features.token_text(catalogue, item)
        part = slice(*features.item_offsets[item : item + 2])
        assert [kind for kind, _ in listed] == features.item_kinds[part].tolist()
        spaces = [1 if kind == 3 else int(kind) for kind, _ in listed]
        hashes = [_core.hash64(t.encode(), s) for (_, t), s in zip(listed, spaces, strict=True)]
        assert hashes == features.token_hashes[features.item_tokens[part]].tolist()
    with pytest.raises(IndexError, match="item must be between 0 and 49, got 50"):
        features.token_text(catalogue, 50)
    with pytest.raises(ValueError, match="the encoded one of 50 items, got 49"):
        features.token_text(many(49), 0)


def test_offsets_may_start_anywhere():
    whole = many(20).text_buffers()

    class Part:
        def text_buffers(self):
            return {k: v[5:] if k.endswith("offsets") else v for k, v in whole.items()}

    part = Features.encode(Part())
    full = Features.encode(many(20))
    tail = full.token_hashes[full.item_tokens[full.item_offsets[5] :]]
    assert np.array_equal(part.token_hashes[part.item_tokens], tail)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"name_offsets": np.zeros(4, np.int32)}, TypeError, "name_offsets must be int64"),
        ({"name_bytes": np.zeros(4, np.int8)}, TypeError, "name_bytes must be uint8, got int8"),
        ({"name_offsets": np.zeros(0, np.int64)}, ValueError, "name_offsets must have at least 1"),
        (
            {"name_offsets": np.array([0, 2, 1, 3])},
            ValueError,
            "not decrease .* got 1 after 2",
        ),
        ({"name_offsets": np.array([0, 1, 2, 999])}, ValueError, "nor exceed the .* got 999"),
        ({"name_offsets": np.array([-1, 1, 2, 3])}, ValueError, "got -1 after 0"),
        ({"name_offsets": np.array([0, 1])}, ValueError, "category_offsets must have as many"),
    ],
)
def test_bad_buffers_are_refused_by_name(change, error, message):
    buffers = {**many(3).text_buffers(), **change}
    with pytest.raises(error, match=message):
        _core.build_features(**buffers, recipe=Recipe().to_dict(), threads=1)


# --- real catalogues ----------------------------------------------------------


@pytest.mark.parametrize("name", ["hepsiburada_market", "instacart_products"])
def test_real_catalogues_agree_with_the_oracle(name):
    path = SHARED / "data" / "catalogues" / f"{name}.products.parquet"
    if not path.exists():
        pytest.skip(f"real data not found: {path}")
    import pyarrow.parquet as pq

    table = pq.read_table(path).slice(0, 10_000).take(list(range(0, 10_000, 20)))
    categories, names = (table[c].to_pylist() for c in ("category", "name"))
    features = Features.encode(Strings(categories, names))
    for i, (category, item_name) in enumerate(zip(categories, names, strict=True)):
        part = slice(*features.item_offsets[i : i + 2])
        expected = [h for _, _, h in reference.tokens_of(category or "", item_name or "")]
        assert features.token_hashes[features.item_tokens[part]].tolist() == expected
