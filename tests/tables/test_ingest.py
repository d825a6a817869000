"""The loops: ids to positions, and the passes from events to sessions."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.errors import InputError
from likewise.reading.sources import open_files
from likewise.tables import _arrange
from likewise.tables._ingest import MISSING_ID, UNKNOWN_ID, IdTable, encode_sequences
from likewise.tables.catalogue import ids_of
from likewise.tables.columns import encode, table_texts, text_array, text_column, text_views

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def never(value, number):
    raise AssertionError(value)


@given(st.lists(st.one_of(st.none(), texts, st.sampled_from(["a", "b", "aaaaaaaa", "aaaaaaaab"]))))
def test_id_table_is_a_dict_of_first_appearances(values):
    table = IdTable()
    expected: dict[str, int] = {}
    for value in values:
        if value:
            expected.setdefault(value, len(expected))
    array = pa.array(values, pa.large_string())
    codes = encode(table, array, insert=True)
    assert codes.tolist() == [expected[v] if v else MISSING_ID for v in values]
    assert table_texts(table).to_pylist() == list(expected)
    assert [table.position(text) for text in expected] == list(range(len(expected)))
    # The same through a dictionary, and through slices that begin anywhere.
    for start in (0, 1, len(values) // 2):
        part = array.slice(start)
        assert encode(table, part, insert=False).tolist() == codes[start:].tolist()
        repeated = part.dictionary_encode()
        assert encode(table, repeated, insert=False).tolist() == codes[start:].tolist()


def test_id_table_grows_to_many_ids_and_keeps_all():
    table = IdTable()
    ids = pa.array([f"item-{i}" for i in range(100_000)], pa.large_string())
    assert np.array_equal(encode(table, ids, insert=True), np.arange(100_000))
    assert np.array_equal(
        encode(table, ids.take(pa.array([5, 99_999, 0])), insert=False), [5, 99_999, 0]
    )
    assert table.position("item-100000") == UNKNOWN_ID
    assert len(table) == 100_000


def test_an_id_is_found_whatever_its_hash_leaves_for_the_slot():
    # Slots keep less of the hash the more ids there are; every size on the way is asked for all.
    table = IdTable()
    ids = [f"{i:x}" for i in range(3000)]
    for number, text in enumerate(ids):
        assert table.position(text) == UNKNOWN_ID
        assert encode(table, pa.array([text], pa.large_string()), insert=True)[0] == number
        if number & (number + 1) == 0:
            assert [table.position(other) for other in ids[: number + 1]] == list(range(number + 1))
    assert encode(table, pa.array(ids, pa.large_string()), insert=False).tolist() == list(
        range(3000)
    )


def test_runs_in_a_dictionary_are_looked_up_once_each():
    # More entries in the dictionary than runs: the way of sorted events.
    dictionary = pa.array([f"s{i}" for i in range(100)], pa.large_string())
    indices = pa.array([7] * 4 + [None] * 2 + [3] * 3 + [None] + [7], pa.int32())
    column = pa.DictionaryArray.from_arrays(indices, dictionary)
    table = IdTable()
    n = MISSING_ID
    assert encode(table, column, insert=True).tolist() == [0] * 4 + [n, n, 1, 1, 1, n, 0]
    assert table_texts(table).to_pylist() == ["s7", "s3"]
    assert encode(table, column.slice(0, 0), insert=True).tolist() == []


def test_sequences_walk_every_kind_of_iterable():
    table = IdTable()
    sequences = [["a", "b"], ("b", 7), np.array([7, 8]), {"c": 1}.keys(), iter(["a"]), []]
    codes, offsets = encode_sequences(sequences, table, True, lambda value, number: str(value))
    assert codes.tolist() == [0, 1, 1, 2, 2, 3, 4, 0]
    assert offsets.tolist() == [0, 2, 4, 6, 7, 8, 8]
    assert codes.dtype == np.int32
    assert offsets.dtype == np.int64
    again, _ = encode_sequences([["b", "z", ""]], table, False, never)
    assert again.tolist() == [1, UNKNOWN_ID, MISSING_ID]


@pytest.mark.parametrize("sequence", ["abc", b"abc", 5, None, {"a": 1}])
def test_sequences_of_no_sequence_are_refused_with_their_place(sequence):
    with pytest.raises(TypeError, match=r"^\[1\] must be a sequence of item ids, got "):
        encode_sequences([["a"], sequence], IdTable(), True, never)


def test_errors_of_the_walked_object_come_through():
    def broken():
        yield "a"
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError, match="the database went away"):
        encode_sequences([broken()], IdTable(), True, never)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=40))
def test_group_runs_is_a_stable_sort(runs):
    ranks = np.array([rank for rank, _ in runs], np.int64)
    starts = np.concatenate([[0], np.cumsum([length for _, length in runs])]).astype(np.int64)
    items = np.arange(starts[-1], dtype=np.int32)
    times = np.arange(starts[-1], dtype=np.int64) * 10
    owner = np.repeat(ranks, np.diff(starts))
    order = np.argsort(owner, kind="stable")
    got, moved, offsets = _arrange.group_runs(items, times, ranks, starts, 5)
    assert np.array_equal(got, order)
    assert np.array_equal(moved, order * 10)
    assert np.array_equal(np.diff(offsets), np.bincount(owner, minlength=5)[np.unique(owner)])


@pytest.mark.parametrize("kind", [np.int64, np.float64])
@given(times=st.lists(st.sampled_from([-(2**62), -1, 0, 1, 2, 2**62]), min_size=1))
def test_sort_by_time_is_stable_and_counts(kind, times):
    items = np.arange(len(times), dtype=np.int32)
    stamps = np.array(times, kind)
    expected = np.argsort(stamps, kind="stable")
    changed = _arrange.sort_by_time(items, stamps, np.array([0, len(times)], np.int64))
    assert np.array_equal(items, expected)
    assert np.array_equal(stamps, np.sort(np.array(times, kind)))
    assert changed == (not np.array_equal(expected, np.arange(len(times))))


@given(st.lists(st.integers(0, 9), max_size=40))
def test_items_are_counted(items):
    counts = _arrange.count_items(np.array(items, np.int32), 10)
    assert counts.dtype == np.int64
    assert counts.tolist() == [items.count(item) for item in range(10)]


def test_minus_zero_and_zero_are_one_time():
    items = np.arange(3, dtype=np.int32)
    _arrange.sort_by_time(items, np.array([0.0, -0.0, -1.0]), np.array([0, 3], np.int64))
    assert items.tolist() == [2, 0, 1]


@pytest.mark.parametrize(("distinct", "kept"), [(100, True), (20_000, False)])
def test_a_dictionary_of_parquet_is_read_as_one_where_its_writer_kept_it(tmp_path, distinct, kept):
    ids = [f"item-{i * 7919 % distinct:05d}" for i in range(20_000)]
    path = tmp_path / "events.parquet"
    pq.write_table(pa.table({"item_id": ids}), path, dictionary_pagesize_limit=4096)
    batches = list(open_files([path], "sessions").read(["item_id"], ["item_id"]))
    assert {pa.types.is_dictionary(batch.column(0).type) for batch in batches} == {kept}
    assert [value for batch in batches for value in batch.column(0).to_pylist()] == ids


def test_gaps_of_times_too_far_apart_for_a_difference():
    low, high = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    offsets = np.array([0, 3], np.int64)
    cut = _arrange.cut_at_gaps(np.array([low, high, high]), offsets, 10)
    assert cut.tolist() == [0, 1, 3]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([1, None, 2**63 - 1]), ["1", None, "9223372036854775807"]),
        (pa.array([1.0, None, float("nan"), -0.0]), ["1", None, None, "0"]),
        (pa.array([b"x", None]), ["x", None]),
        (pa.array(["x", None]).dictionary_encode(), ["x", None]),
        (pa.array([5, None, 5]).dictionary_encode(), ["5", None, "5"]),
        (pa.array(["x"]).cast(pa.string_view()), ["x"]),
        (pa.nulls(2), [None, None]),
        (pa.array([12, 7]).cast(pa.decimal128(30, 2)), ["12", "7"]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
    ],
)
def test_text_columns(array, expected):
    column = text_column(array, "ids")
    assert column.to_pylist() == expected
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    assert column.type == pa.large_string()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (pa.array([True]), "ids must hold text or whole numbers, got bool"),
        (pa.array([1.5, 2.0]), "ids must hold text or whole numbers, got 1.5"),
        (pa.array([1e300]), "ids must hold text or whole numbers, got 1e+300"),
        (pa.array([["a"]]), "ids must hold text or whole numbers, got list"),
        (pa.array([b"\xff"]), "ids cannot be read as text (binary): it is not valid UTF-8"),
    ],
)
def test_columns_that_are_no_ids(array, message):
    with pytest.raises(InputError) as caught:
        text_column(array, "ids")
    assert str(caught.value).startswith(message)


def test_bytes_under_a_null_do_not_reach_the_buffers():
    offsets = pa.py_buffer(np.array([0, 1, 3, 4], np.int64))
    buffers = [pa.py_buffer(b"\x05"), offsets, pa.py_buffer(b"abbc")]
    array = pa.Array.from_buffers(pa.large_string(), 3, buffers)
    assert array.to_pylist() == ["a", None, "c"]
    clean = text_array(array, "names")
    assert clean.to_pylist() == ["a", None, "c"]
    ends, data = text_views(clean)
    assert np.diff(ends).tolist() == [1, 0, 1]
    assert data.tobytes() == b"ac"
    assert text_array(array.slice(1), "names").to_pylist() == [None, "c"]


def test_ids_of_mixed_python_objects():
    pandas = pytest.importorskip("pandas")
    values = ["a", 7, 7.0, np.int64(8), None, float("nan"), pandas.NA]
    assert ids_of(values, "ids").to_pylist() == ["a", "7", "7", "8", None, None, None]
    with pytest.raises(InputError, match=r"^ids must hold text or whole numbers, got 'list'$"):
        ids_of(["a", []], "ids")
    with pytest.raises(InputError, match="valid Unicode"):
        ids_of(["a", "\ud800"], "ids")
