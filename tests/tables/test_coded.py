"""Category paths that are held once each: sizes, parts, and the same texts as before."""

from __future__ import annotations

import copy
import itertools
import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.tables.catalogue import Catalogue
from likewise.tables.coded import coded_chunks, decoded, is_coded


def test_paths_that_repeat_are_held_once():
    paths = [
        None if i % 11 == 3 else "x" if i % 11 == 5 else f"Home > Ev {i % 40}" for i in range(9000)
    ]
    ids = [f"{i}" for i in range(9000)]
    catalogue = Catalogue.from_arrays(ids, paths)
    coded = catalogue.coded_categories
    held = coded.indices.get_total_buffer_size() + coded.dictionary.get_total_buffer_size()
    assert held < 4.5 * len(paths)
    assert catalogue.categories.nbytes > 2 * held
    assert catalogue.categories.type == pa.large_string()
    assert catalogue.categories.to_pylist() == coded.to_pylist() == paths
    assert coded.dictionary.to_pylist() == list(
        dict.fromkeys(path for path in paths if path is not None)
    )
    assert catalogue.report.null_categories == paths.count(None)
    assert [path for _, path, _ in catalogue] == paths
    assert catalogue.table["category"].to_pylist() == paths
    assert catalogue.categories_of(np.array([8, 3, 8])).to_pylist() == [paths[8], None, paths[8]]
    sent = pickle.dumps(catalogue)
    assert pickle.loads(sent).categories.equals(catalogue.categories)
    assert copy.copy(catalogue).coded_categories.equals(coded)
    offsets = catalogue.text_buffers()["category_offsets"]
    assert np.diff(offsets).tolist() == [len((path or "").encode()) for path in paths]


def test_a_part_has_the_paths_of_its_items_alone():
    paths = [None if i % 7 == 0 else f"a > {i % 40}" for i in range(200)]
    whole = Catalogue.from_arrays([f"{i}" for i in range(200)], paths)
    part = whole.take([6, 0, 46, 5])
    assert part.coded_categories.dictionary.to_pylist() == ["a > 6", "a > 5"]
    assert [path for _, path, _ in part] == ["a > 6", None, "a > 6", "a > 5"]
    for place, piece in whole.pieces(30):
        assert piece.categories.to_pylist() == paths[place]
        expected = pa.array(paths[place], pa.large_string()).dictionary_encode()
        assert piece.coded_categories.equals(expected)


@pytest.mark.parametrize("order", ["sorted", "shuffled"])
@pytest.mark.parametrize("times", [1, 2, 10])
def test_paths_are_held_in_the_smaller_way(times, order):
    paths = [f"Home > {i // times:05d}" for i in range(20_000)]
    if order == "shuffled":
        np.random.default_rng(0).shuffle(paths)
    catalogue = Catalogue.from_arrays([f"{i}" for i in range(len(paths))], paths)
    assert catalogue.categories.to_pylist() == catalogue.coded_categories.to_pylist() == paths
    assert (catalogue.categories is catalogue.categories) == (times == 1)  # held as it is


@given(
    parts=st.lists(
        st.lists(
            st.one_of(st.none(), st.sampled_from([" a ", "a", "b > c", "é", "d", "b>c"])),
            min_size=1,
        ),
        min_size=1,
        max_size=4,
    ),
    data=st.data(),
)
def test_dictionaries_of_any_kind_give_the_same_paths(parts, data):
    """Texts that come twice, are null or not used, in other orders and with other codes."""
    count = itertools.count()
    batches, flat = [], []
    for part in parts:
        texts = data.draw(st.permutations([*part, "unused", None, *part]))
        at = [texts.index(path) for path in part]
        kind = data.draw(st.sampled_from([pa.int8(), pa.uint16(), pa.int64()]))
        paths = pa.DictionaryArray.from_arrays(pa.array(at, kind), pa.array(texts, pa.string()))
        if data.draw(st.booleans()):
            paths = paths.cast(pa.string())
        flat += part
        batches.append(pa.table({"item_id": [next(count) for _ in part], "category": paths}))
    flat = [path and {" a ": "a", "b>c": "b > c"}.get(path, path) for path in flat]
    expected = pa.array(flat, pa.large_string())
    sources = [Catalogue.read(batch) for batch in batches]
    assert [path for source in sources for path in source.categories.to_pylist()] == flat
    whole = coded_chunks([source._categories for source in sources])
    assert whole.type == pa.dictionary(pa.int32(), pa.large_string()) or whole.type == expected.type
    assert decoded(whole).to_pylist() == flat
    if is_coded(whole):
        assert whole.equals(expected.dictionary_encode())
