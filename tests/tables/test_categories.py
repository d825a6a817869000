"""Categories as shops have them: lists of levels, other separators, numbers, several paths."""

from __future__ import annotations

import copy
import json
import pickle
import random
import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import likewise as lw
from helpers.tiny_shop import options
from likewise.content.features import Recipe, tokens_of
from likewise.errors import InputError
from likewise.levels import levels_of
from likewise.tables.catalogue import Catalogue

PATHS = [["Toys", "Dogs"], None, ["Toys"], [], ["Screens", "> 30 inch"], ["Toys", "Dogs"]]
CANONICAL = ["Toys > Dogs", None, "Toys", None, "Screens > › 30 inch", "Toys > Dogs"]
SEVERAL = [[["A", "B"], ["C"]], [["A"]], None, [[], ["D", "E"]], [], [["F"], ["F"]]]
LINES = ["A > B\nC", "A", None, "D > E", None, "F"]


def sources(values, kind, folder):
    ids = [f"i{n}" for n in range(len(values))]
    columns = {"item_id": ids, "category": values}
    if kind == "columns":
        return columns
    rows = [{"item_id": i, "category": value} for i, value in zip(ids, values, strict=True)]
    if kind == "rows":
        return rows
    if kind == "pandas":
        return pd.DataFrame(columns)
    if kind == "polars":
        return pl.DataFrame(columns)
    if kind == "parquet":
        pq.write_table(pa.table(columns), folder / "t.parquet")
        return folder / "t.parquet"
    if kind == "pandas of parquet":
        pq.write_table(pa.table(columns), folder / "t.parquet")
        return pd.read_parquet(folder / "t.parquet")
    path = folder / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


KINDS = ["columns", "rows", "pandas", "polars", "parquet", "pandas of parquet", "jsonl"]


@pytest.mark.parametrize("kind", KINDS)
def test_lists_are_paths_whatever_holds_them(kind, tmp_path):
    catalogue = Catalogue.read(sources(PATHS, kind, tmp_path))
    assert catalogue.categories.to_pylist() == CANONICAL
    assert not catalogue.has_several_paths
    several = Catalogue.read(sources(SEVERAL, kind, tmp_path))
    assert several.has_several_paths
    assert several.category_paths.to_pylist() == LINES
    assert several.categories.to_pylist() == [line and line.split("\n")[0] for line in LINES]


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_text(kind, tmp_path):
    assert Catalogue.read(sources([12, 7, None], kind, tmp_path)).categories.to_pylist() == [
        "12",
        "7",
        None,
    ]
    listed = Catalogue.read(sources([[3, 17], [3]], kind, tmp_path))
    assert listed.categories.to_pylist() == ["3 > 17", "3"]


def test_lists_of_other_types():
    text, views = pa.large_string(), pa.string_view()
    for kind in (pa.large_list(text), pa.list_(text, 2), pa.large_list(views), pa.list_(views)):
        values = pa.array([["a", "b"], None, ["c", None], ["x", ">"]], kind)[1:]
        found = Catalogue.read({"item_id": [1, 2, 3], "category": values})
        assert found.categories.to_pylist() == [None, "c", "x > ›"]
        assert Catalogue.from_arrays([1, 2, 3], values).categories.equals(found.categories)
    coded = pl.DataFrame({"item_id": [1], "category": [["a", "b"]]})
    coded = coded.with_columns(pl.col("category").cast(pl.List(pl.Categorical)))
    assert Catalogue.read(coded).categories.to_pylist() == ["a > b"]
    assert Catalogue.read([{"item_id": 1, "category": ("a", 7)}]).categories[0].as_py() == "a > 7"
    twice = {"item_id": ["x", "x", "y"], "category": [["a"], ["b"], ["c"]]}
    assert Catalogue.read(twice).categories.to_pylist() == ["a", "c"]
    assert Catalogue.read(twice, missing="c").categories.to_pylist() == ["a", None]


@pytest.mark.parametrize("kind", ["rows", "jsonl"])
@pytest.mark.parametrize("values", [["a", ["b"]], [["a"], "b"], [{"a": 1}], [[[["a"]]]], [[True]]])
def test_other_values_are_refused(values, kind, tmp_path):
    with pytest.raises(InputError, match="category"):
        Catalogue.read(sources(values, kind, tmp_path))


LEVELS = st.lists(st.text(st.sampled_from("ab ç>＞"), max_size=3), max_size=3)


@settings(max_examples=40, deadline=None)
@given(st.lists(LEVELS, min_size=1, max_size=40), st.sampled_from(["/", " | ", "\\", "."]))
def test_lists_separators_and_canonical_texts_agree(paths, separator):
    ids = list(range(len(paths)))
    listed = Catalogue.read({"item_id": ids, "category": paths})
    texts = {"item_id": ids, "category": [separator.join(path) for path in paths]}
    cut = Catalogue.read(texts, category_separator=separator)
    again = Catalogue.read({"item_id": ids, "category": listed.categories})
    array = Catalogue.from_arrays(ids, listed.categories)
    for other in (cut, again, array):
        assert other.coded_categories.equals(listed.coded_categories)
        assert other.report == listed.report
    for path, found in zip(paths, listed.categories.to_pylist(), strict=True):
        assert len(levels_of(found)) == sum(bool(level.strip()) for level in path)


def test_bits_of_training_do_not_depend_on_the_spelling():
    rng = random.Random(3)
    paths = [["Toys", f"t{n % 5}", f"u{n % 11}"] for n in range(60)]
    events = [[f"{rng.randrange(60)}" for _ in range(5)] for _ in range(100)]
    marks = {" > ": None, "＞": None, " >": None, "/": "/", "|": "|"}
    made = [paths, *([mark.join(path) for path in paths] for mark in marks)]
    models = []
    for texts, separator in zip(made, [None, *marks.values()], strict=True):
        source = {"item_id": list(range(60)), "category": texts}
        items = Catalogue.read(source, category_separator=separator)
        models.append(lw.train(events, items, options(epochs=1)))
    for model in models[1:]:
        assert model.center.tobytes() == models[0].center.tobytes()
        assert model.catalogue.categories.equals(models[0].catalogue.categories)


def test_paths_go_where_their_items_go():
    ids = [f"i{n}" for n in range(50)]
    texts = [f"A > B{n % 3}\nC{n % 4}" if n % 5 else f"A > B{n % 3}" for n in range(50)]
    whole = Catalogue.from_arrays(ids, texts)
    assert whole.category_paths.to_pylist() == texts
    assert whole.coded_categories.dictionary.to_pylist() == ["A > B0", "A > B1", "A > B2"]
    buffers = whole.text_buffers()
    assert buffers["category_bytes"].tobytes().decode() == "".join(texts)
    assert np.diff(buffers["category_offsets"]).tolist() == list(map(len, texts))
    for other in (pickle.loads(pickle.dumps(whole)), copy.copy(whole)):
        assert other.category_paths.equals(whole.category_paths)
    assert whole.take([7, 0]).category_paths.to_pylist() == [texts[7], texts[0]]
    assert not whole.take([0, 5]).has_several_paths
    for place, piece in whole.pieces(20):
        assert piece.category_paths.to_pylist() == texts[place]
    assert whole.table.column_names == ["item_id", "category", "name"]
    assert "\n" not in "".join(whole.table["category"].to_pylist())


def test_paths_in_one_text():
    shops = {"item_id": [1, 2], "category": ["Clothing > Shirts, Clothing > Sale", "Sale"]}
    found = Catalogue.read(shops, path_separator=",")
    assert found.category_paths.to_pylist() == ["Clothing > Shirts\nClothing > Sale", "Sale"]
    assert found.categories.to_pylist() == ["Clothing > Shirts", "Sale"]
    assert not Catalogue.read(shops).has_several_paths


@pytest.mark.parametrize("mark", ["/", "|", " › ", "»"])
def test_the_report_tells_of_another_separator(mark):
    paths = [f"Toys{mark}Kind {n}" for n in range(30)]
    source = {"item_id": list(range(60)), "category": paths * 2}
    found = Catalogue.read(source)
    assert found.categories.to_pylist() == paths * 2  # nothing is guessed
    assert f"category_separator={mark.strip()!r}" in str(found.report)
    assert repr(paths[0]) in str(found.report)
    n = list(range(30))
    for quiet in (
        Catalogue.read(source, category_separator=mark),
        Catalogue.read({"item_id": n, "category": [*paths[:29], "Toys > Dogs"]}),
        Catalogue.read({"item_id": n[:19], "category": paths[:19]}),
        Catalogue.read({"item_id": n, "category": [*paths[:15], *"abcdefghijklmno"]}),
        Catalogue.read({"item_id": n, "category": [[path] for path in paths]}),
    ):
        assert "category_separator" not in str(quiet.report)


@pytest.mark.parametrize(
    "bad",
    [
        {"category_separator": ""},
        {"category_separator": 7},
        {"category_separator": "\n"},
        {"path_separator": ""},
        {"path_separator": ["|"]},
        {"path_separator": ">"},
        {"path_separator": "/", "category_separator": "//"},
    ],
)
def test_options_that_cannot_be_meant(bad):
    name, value = next(iter(bad.items()))
    with pytest.raises(InputError, match=f"^{name} must .*got {re.escape(repr(value))}$"):
        Catalogue.read({"item_id": [1], "category": ["a"]}, **bad)


MARKUP = [
    ("Toys &gt; Dogs", "Toys > Dogs"),
    ("Home &amp; Garden > Pots", "Home & Garden > Pots"),
    ("<b>Caf&eacute;</b> &amp;gt; Cups", "Café > Cups"),
    ("R&D > a < b", "R&D > a < b"),
]


@pytest.mark.parametrize(("written", "plain"), MARKUP)
def test_html_is_resolved_where_levels_are_cut(written, plain):
    catalogue = Catalogue.read([{"item_id": 1, "category": written}])
    assert catalogue.categories.to_pylist() == [plain]
    tokens = [text for _, text, _ in tokens_of(written, None, Recipe(version=2))]
    assert tokens == [text for _, text, _ in tokens_of(plain, None, Recipe(version=2))]
    listed = Catalogue.read([{"item_id": 1, "category": [written]}])
    assert listed.categories.to_pylist() == [plain.replace(">", "›")]
    assert Catalogue.from_arrays([1], [written]).categories.to_pylist() == [plain]
