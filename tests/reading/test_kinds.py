"""Types that ids come in, and objects that stand for a table: read as what they are, or refused."""

from __future__ import annotations

import uuid
from collections import namedtuple
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from likewise.errors import InputError
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

IDS = ["a", "b", "a", "c"]
NUMBERS = [1, 2, 1, 3]
SESSIONS = ["s", "s", "t", "t"]
TEXTS = pa.array(IDS)
UUIDS = [uuid.UUID(int=number) for number in NUMBERS]


def ids_of(sessions):
    return [[sessions.catalogue.ids[int(i)].as_py() for i in session] for session in sessions]


def paired(values):
    return [list(map(str, values[:2])), list(map(str, values[2:]))]


def decimals(scale, kind):
    return pa.array([Decimal(number).scaleb(-scale).scaleb(scale) for number in NUMBERS], kind)


ARRAYS = {
    "dictionary": TEXTS.dictionary_encode(),
    "large": TEXTS.cast(pa.large_string()),
    "bytes": TEXTS.cast(pa.binary()),
    "run ends": pc.run_end_encode(TEXTS),
    "chunks": pa.chunked_array([IDS[:1], IDS[1:]]),
    "dictionaries of chunks": pa.chunked_array([IDS[:1], IDS[1:]]).dictionary_encode(),
    "numbers": pa.array(NUMBERS),
    "dictionary of numbers": pa.array(NUMBERS).dictionary_encode(),
    "unsigned": pa.array(NUMBERS, pa.uint64()),
    "floats": pa.array(NUMBERS, pa.float64()),
    "half floats": pa.array(np.array(NUMBERS, np.float16)),
    "decimals": decimals(0, pa.decimal128(10, 0)),
    "decimals with a scale": decimals(2, pa.decimal128(10, 2)),
    "long decimals": decimals(2, pa.decimal256(50, 2)),
}
if hasattr(pa, "string_view"):
    ARRAYS["views"] = TEXTS.cast(pa.string_view())
    ARRAYS["views of bytes"] = TEXTS.cast(pa.binary()).cast(pa.binary_view())
if hasattr(pa, "uuid"):
    ARRAYS["UUIDs"] = pa.array([one.bytes for one in UUIDS], pa.uuid())


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS.keys())
def test_ids_of_every_type(array):
    wanted = {"s": IDS, "n": NUMBERS, "u": UUIDS}
    first = array[0].as_py()
    kind = "n" if isinstance(first, (int, float, Decimal, np.floating)) else (
        "u" if isinstance(first, uuid.UUID) else "s"
    )  # fmt: skip
    table = pa.table({"session_id": SESSIONS, "item_id": array})
    assert ids_of(Sessions.read(table)) == paired(wanted[kind])
    assert ids_of(Sessions.read({"session_id": SESSIONS, "item_id": array})) == paired(wanted[kind])
    names = pa.table({"item_id": array, "name": ["x"] * 4})
    assert Catalogue.read(names).ids.to_pylist() == list(dict.fromkeys(map(str, wanted[kind])))
    assert Catalogue.from_arrays(["other"]).positions(array).tolist() == [-1] * 4


class OfExtension(pa.ExtensionType):
    def __init__(self):
        super().__init__(pa.string(), "likewise.test")

    def __arrow_ext_serialize__(self):
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage, serialized):
        return cls()


def test_an_extension_type_is_what_it_is_stored_as():
    array = pa.ExtensionArray.from_storage(OfExtension(), TEXTS)
    table = pa.table({"session_id": SESSIONS, "item_id": array})
    assert ids_of(Sessions.read(table)) == paired(IDS)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (pa.array([Decimal("1.50")] * 4), r"must hold text or whole numbers, got 1\.50"),
        (pa.array([True] * 4), "must hold text or whole numbers, got bool"),
        (pa.array([{"a": 1}] * 4), "must hold text or whole numbers, got struct"),
        (pa.array([b"1234"] * 4, pa.binary(4)), "must hold text or whole numbers, got fixed"),
    ],
)
def test_types_that_are_no_ids(array, message):
    with pytest.raises(InputError, match=message):
        Sessions.read(pa.table({"session_id": SESSIONS, "item_id": array}))


TABLE = pa.table({"session_id": SESSIONS, "item_id": IDS})
COLUMNS = {"session_id": SESSIONS, "item_id": IDS}
Row = namedtuple("Row", ["session_id", "item_id"])


class Stream:
    """What any library hands out that speaks Arrow's PyCapsule interface."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


class Batch:
    def __init__(self, batch):
        self.batch = batch

    def __arrow_c_array__(self, requested_schema=None):
        return self.batch.__arrow_c_array__(requested_schema)


def relation():
    return pytest.importorskip("duckdb").connect().from_arrow(TABLE)


def polars(make):
    return make(pytest.importorskip("polars"), pytest.importorskip("polars").DataFrame(COLUMNS))


SOURCES = {
    "capsule of a stream": lambda: Stream(TABLE),
    "capsule of a batch": lambda: Batch(TABLE.to_batches()[0]),
    "batch": lambda: TABLE.to_batches()[0],
    "reader": lambda: TABLE.to_reader(),
    "dataset": lambda: pytest.importorskip("pyarrow.dataset").dataset(TABLE),
    "scanner": lambda: pytest.importorskip("pyarrow.dataset").dataset(TABLE).scanner(),
    "structured array": lambda: np.array(
        list(zip(SESSIONS, IDS, strict=True)), [("session_id", "U1"), ("item_id", "U1")]
    ),
    "named tuples": lambda: [Row(*row) for row in zip(SESSIONS, IDS, strict=True)],
    "rows of a frame": lambda: list(
        pytest.importorskip("pandas").DataFrame(COLUMNS).itertuples(index=False)
    ),
    "tuple of dicts": lambda: tuple(
        dict(zip(COLUMNS, row, strict=True)) for row in zip(SESSIONS, IDS, strict=True)
    ),
    "relation of DuckDB": relation,
    "lazy frame": lambda: polars(lambda pl, frame: frame.lazy()),
    "categories of polars": lambda: polars(
        lambda pl, frame: frame.with_columns(pl.col("item_id").cast(pl.Categorical))
    ),
    "columns of series": lambda: polars(lambda pl, frame: frame.to_dict()),
    "categories of pandas": lambda: (
        pytest.importorskip("pandas").DataFrame(COLUMNS).astype("category")
    ),
    "strings of pandas": lambda: pytest.importorskip("pandas").DataFrame(COLUMNS).astype("string"),
}


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())
def test_what_stands_for_a_table(make):
    assert ids_of(Sessions.read(make())) == paired(IDS)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([b"a", "caf\u00e9".encode()], ["a", "caf\u00e9"]),
        ([pa.scalar("a"), pa.scalar(7)], ["a", "7"]),
        ([np.str_("a"), np.int64(7)], ["a", "7"]),
        ([Decimal(5), Decimal("6.0")], ["5", "6"]),
        (UUIDS[:2], list(map(str, UUIDS[:2]))),
        ([101.0, 102.0], ["101", "102"]),
    ],
)
def test_ids_as_python_objects(values, texts):
    assert ids_of(Sessions.read([values], collapse_repeats=False)) == [texts]
    assert Catalogue.from_arrays(texts).positions(values).tolist() == [0, 1]


@pytest.mark.parametrize("value", [b"\xff", Decimal("1.5"), pa.scalar(True), object(), 1.5])
def test_python_objects_that_are_no_ids(value):
    with pytest.raises(InputError, match=r"sessions\[0\] must (hold text|be valid UTF-8)"):
        Sessions.read([["a", value]])
