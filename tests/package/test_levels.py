"""One rule for levels: a path is cut in the same places by training and by all rooms."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from likewise.content.features import Kind, tokens_of
from likewise.levels import ODD, canonical_paths, leaf_of, levels_of, whole_level

PATHS = st.text(st.sampled_from("aB7é玩.›/ >>>＞﹥\t\r\x00\xa0\u200b\u3000\ufeff"), max_size=14)
LINES = st.lists(PATHS, max_size=3).map("\n".join)


def category_tokens(path: str | None) -> list[str]:
    return [text for kind, text, _ in tokens_of(path, None) if kind == Kind.CATEGORY]


@given(PATHS)
@example("a>\u0338b")
@example("a \u226f b > c")
@example("a＞\u0338b")
def test_a_path_is_cut_where_training_cuts_it(path):
    levels = levels_of(path)
    assert len(category_tokens(path)) == len(levels)
    assert tokens_of(canonical_paths(path), None) == tokens_of(path, None)
    assert leaf_of(path) == (levels[-1] if levels else "")


def test_everything_that_folds_to_the_separator_separates():
    folding = [
        code
        for code in map(chr, range(0x110000))
        if unicodedata.normalize("NFKC", code).casefold() == ">"
    ]
    assert len(folding) == 3
    for code in folding:
        assert levels_of(f"a{code} b {code}{code}c ") == ["a", "b", "c"]
        assert category_tokens(f"a{code}b") == ["a", "a > b"]


@given(LINES)
def test_canonical_paths_stay_as_they_are(text):
    found = canonical_paths(text)
    if found is None:
        assert not any(map(levels_of, text.split("\n")))
        return
    assert canonical_paths(found) == found
    lines = [levels_of(line) for line in found.split("\n")]
    assert lines == list(map(list, dict.fromkeys(map(tuple, lines))))  # each once
    assert [line for line in map(levels_of, text.split("\n")) if line and line not in lines] == []
    if not re.search(ODD, text):
        assert found == text


@given(st.lists(st.text(st.sampled_from("a >＞\n|é")), max_size=4), st.sampled_from(["/", " :: "]))
def test_another_separator_leaves_the_usual_one_in_its_level(levels, separator):
    found = canonical_paths(separator.join(levels).replace("\n", " "), separator)
    wanted = [whole_level(level).strip() for level in levels]
    assert levels_of(found) == [level for level in wanted if level]


@pytest.mark.parametrize(
    ("text", "options", "paths"),
    [
        ("Toys/Dogs", {"separator": "/"}, ["Toys > Dogs"]),
        ("Toys\\Dogs", {"separator": "\\"}, ["Toys > Dogs"]),
        ("toys.dogs.", {"separator": "."}, ["toys > dogs"]),
        ("T-Shirts - Men", {"separator": " - "}, ["T-Shirts > Men"]),
        ("A > B, A > C", {"path_separator": ","}, ["A > B", "A > C"]),
        ("A/B|A/B| |C/>30", {"separator": "/", "path_separator": "|"}, ["A > B", "C > ›30"]),
        ("A\n > \nB > C\r\n", {}, ["A", "B > C"]),
    ],
)
def test_texts_of_several_paths(text, options, paths):
    assert canonical_paths(text, **options) == "\n".join(paths)
