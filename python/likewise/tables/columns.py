"""Columns of any origin as text or as times: the rules for what an id, a name or a time may be.

Owns the conversion of one Arrow array or one list of Python objects. Text comes out as
``large_string``, or as a dictionary of it where the input repeats itself. Knows nothing of
files, tables and events.
"""

from __future__ import annotations

import numbers
import uuid
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from likewise.errors import InputError
from likewise.tables._ingest import MISSING_ID, IdTable
from likewise.tables.messages import one_line

__all__ = [
    "encode",
    "first_rows",
    "from_numpy",
    "id_text",
    "table_texts",
    "text_array",
    "text_column",
    "text_views",
    "time_column",
    "to_arrow",
]

_EXACT = 2**53  # every whole float up to here is the only integer that rounds to it


def id_text(value: Any, what: str) -> str | None:
    """Return the text of an id given as a Python object, None for a missing one."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InputError(f"{what} must be valid Unicode, got {value!r}") from None
        return str(value)
    if value is None:
        return None
    truth = isinstance(value, (bool, np.bool_))
    if isinstance(value, numbers.Integral) and not truth:
        return str(int(value))
    if isinstance(value, numbers.Real) and not truth:
        number = float(value)
        if number != number:
            return None
        if number.is_integer() and abs(number) <= _EXACT:
            return str(int(number))
    elif isinstance(value, uuid.UUID):
        return str(value)
    elif type(value).__name__ in ("NAType", "NaTType"):  # how pandas spells a missing value
        return None
    shown = value if isinstance(value, (numbers.Number, bytes)) else type(value).__name__
    raise InputError(f"{what} must hold text or whole numbers, got {shown!r}")


def from_numpy(values: npt.NDArray[Any]) -> pa.Array:
    """Return a vector of numbers as Arrow, without a copy."""
    values = np.ascontiguousarray(values)
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def to_arrow(values: Any, what: str, *, text: bool) -> pa.Array:
    """Return a list, a NumPy array or a pandas column as one Arrow array.

    Values of mixed types are accepted for text columns alone: each is converted by itself.
    """
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        if not text:
            raise InputError(f"{what} cannot be read: {one_line(error)}") from None
        return pa.array([id_text(value, what) for value in values], pa.large_string())
    return combined(array)


def combined(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return one array of an array in chunks."""
    if not isinstance(array, pa.ChunkedArray):
        return array
    if array.num_chunks == 1:
        return array.chunk(0)
    if pa.types.is_string(array.type):
        array = array.cast(pa.large_string())  # more than 2 GB of text fit one array
    made = array.combine_chunks()
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made


def text_column(array: pa.Array, what: str) -> pa.Array:
    """Return ids or names as ``large_string`` or as a dictionary of it; nulls stay null.

    Whole numbers become decimal text, and so do floats that are whole: pandas holds integers
    with gaps as floats. Bytes must be UTF-8.

    Raises
    ------
    InputError
        For any other type, a fraction, bytes that are not UTF-8. `what` begins the message.
    """
    kind = array.type
    try:
        if pa.types.is_dictionary(kind):
            if not _is_text(kind.value_type):
                return text_column(array.dictionary_decode(), what)
            array.validate(full=True)
            values = text_column(array.dictionary, what)
            return pa.DictionaryArray.from_arrays(array.indices, values)
        if _is_text(kind) or _is_bytes(kind):
            array = array.cast(pa.large_string())
            array.validate(full=True)
            return array
        if str(kind) == "extension<arrow.uuid>":
            values = [None if v is None else str(v) for v in array.to_pylist()]
            return pa.array(values, pa.large_string())
        if pa.types.is_null(kind):
            return array.cast(pa.large_string())
        if pa.types.is_floating(kind):
            array = _whole_floats(array, what)
        elif pa.types.is_decimal(kind) and kind.scale > 0:
            array = array.cast(pa.decimal128(38, 0))
        elif not (pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
            raise InputError(f"{what} must hold text or whole numbers, got {kind}")
        repeated = array.dictionary_encode()
        values = repeated.dictionary.cast(pa.large_string())
        return pa.DictionaryArray.from_arrays(repeated.indices, values)
    except pa.ArrowException as error:
        message = one_line(error)
        if "utf8" in message.lower().replace("-", ""):
            message = "it is not valid UTF-8"
        raise InputError(f"{what} cannot be read as text ({kind}): {message}") from None


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view"
    )


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or str(kind) == "binary_view"
    )


def _whole_floats(array: pa.Array, what: str) -> pa.Array:
    array = array.cast(pa.float64())
    array = pc.if_else(pc.is_nan(array), pa.scalar(None, pa.float64()), array)
    wrong = pc.or_(
        pc.not_equal(array, pc.floor(array)), pc.greater(pc.abs(array), float(_EXACT))
    ).fill_null(False)
    if pc.any(wrong).as_py():
        first = array.filter(wrong)[0].as_py()
        raise InputError(f"{what} must hold text or whole numbers, got {first!r}")
    return array.cast(pa.int64())


def text_array(array: pa.Array, what: str) -> pa.Array:
    """Return a text column as one plain ``large_string`` array, its nulls without bytes."""
    array = text_column(array, what)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if array.null_count and pc.any(pc.greater(pc.binary_length(_unmasked(array)), 0)).as_py():
        filled = array.fill_null("")
        _, offsets, data = filled.buffers()
        _, valid = pc.and_(array.is_valid(), True).buffers()  # truths as bits are a validity map
        array = pa.Array.from_buffers(
            pa.large_string(), len(array), [valid, offsets, data], array.null_count, filled.offset
        )
    return array


def _unmasked(array: pa.Array) -> pa.Array:
    """Return the bytes that lie under the nulls of a ``large_binary``-like array."""
    nulls = array.is_null()
    _, offsets, data = array.buffers()
    bare = pa.Array.from_buffers(
        pa.large_binary(), len(array), [None, offsets, data], offset=array.offset
    )
    return bare.filter(nulls)


def text_views(array: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Return offsets int64 (n + 1,) and bytes uint8 of a ``large_string`` array, without a copy."""
    _, offsets, data = array.buffers()
    ends = np.zeros(1, np.int64)
    if len(array):
        ends = np.frombuffer(offsets, np.int64, len(array) + 1, 8 * array.offset)
    return ends, np.frombuffer(data if data is not None else b"", np.uint8)


def encode(table: IdTable, column: pa.Array, *, insert: bool) -> npt.NDArray[np.int32]:
    """Return the positions of a text column in a table of ids.

    Parameters
    ----------
    table : IdTable
    column : large_string array or dictionary of it
        What :func:`text_column` returns.
    insert : bool
        Whether ids that are not in the table are added; otherwise they are ``UNKNOWN_ID``.

    Returns
    -------
    int32 (n,)
        ``MISSING_ID`` for a null or an empty text.
    """
    if pa.types.is_dictionary(column.type):
        if len(column.dictionary) <= len(column):
            return _encode_repeated(table, column, insert)
        column = column.dictionary_decode()  # most of the dictionary is not used here
    offsets, data = text_views(column)
    nulls = None
    if column.null_count:
        nulls = column.is_null().to_numpy(zero_copy_only=False).view(np.uint8)
    return table.encode(offsets, data, nulls, insert)


def _encode_repeated(table: IdTable, column: pa.Array, insert: bool) -> npt.NDArray[np.int32]:
    """Look each text of a dictionary up once."""
    indices = column.indices
    if indices.null_count:
        indices = indices.cast(pa.int64()).fill_null(-1)
    numbers = indices.to_numpy(zero_copy_only=False)
    # Events of one session come together: fewer texts to look up than the dictionary has.
    starts = np.flatnonzero(numbers[1:] != numbers[:-1]) + 1
    if 2 * len(starts) < len(column.dictionary):
        starts = np.concatenate([np.zeros(min(len(numbers), 1), np.int64), starts])
        firsts = column.dictionary.take(column.indices.take(from_numpy(starts)))
        codes = encode(table, firsts, insert=insert)
        return np.repeat(codes, np.diff(starts, append=len(numbers)))
    # The last place stands for null, whose index is -1.
    codes = np.append(encode(table, column.dictionary, insert=insert), np.int32(MISSING_ID))
    taken: npt.NDArray[np.int32] = codes.take(numbers)
    return taken


def first_rows(positions: npt.NDArray[np.int32], start: int, end: int) -> npt.NDArray[np.int64]:
    """Return the row where each of the positions start, ..., end - 1 comes first."""
    rows = np.full(end - start, len(positions), np.int64)
    fresh = np.flatnonzero(positions >= start)
    # Written backwards, the first row of a position is written last and stays.
    rows[positions[fresh[::-1]] - start] = fresh[::-1]
    return rows


def table_texts(table: IdTable) -> pa.Array:
    """Return the ids of a table in order of insertion as a ``large_string`` array.

    Without a copy: the array keeps the table alive, and the table takes no more ids.
    """
    buffers = [None, *(pa.foreign_buffer(*part, base=table) for part in table.lend())]
    return pa.Array.from_buffers(pa.large_string(), len(table), buffers)


_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def time_column(
    array: pa.Array, what: str
) -> tuple[npt.NDArray[np.int64] | npt.NDArray[np.float64], npt.NDArray[np.bool_] | None, int]:
    """Return times as numbers, which of them are missing, and ticks per unit of a gap.

    Integers stay int64 and floats float64, both taken to be seconds (1 tick). Timestamps and
    dates become int64 ticks of their own resolution. Null, NaN and infinite times are missing.
    """
    kind = array.type
    ticks = 1
    try:
        if pa.types.is_dictionary(kind):
            return time_column(array.dictionary_decode(), what)
        if pa.types.is_timestamp(kind):
            ticks = _TICKS[kind.unit]
            array = array.cast(pa.int64())
        elif pa.types.is_date32(kind):
            ticks = _TICKS["s"]
            array = array.cast(pa.timestamp("s")).cast(pa.int64())
        elif pa.types.is_date64(kind):
            ticks = _TICKS["ms"]
            array = array.cast(pa.timestamp("ms")).cast(pa.int64())
        elif pa.types.is_integer(kind) or pa.types.is_null(kind):
            array = array.cast(pa.int64())
        elif pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            array = array.cast(pa.float64())
        else:
            raise InputError(f"{what} must hold numbers, timestamps or dates, got {kind}")
    except pa.ArrowException as error:
        raise InputError(f"{what} cannot be read as times ({kind}): {one_line(error)}") from None
    missing = None
    if array.null_count:
        missing = array.is_null().to_numpy(zero_copy_only=False)
        array = array.fill_null(0)
    values = array.to_numpy(zero_copy_only=False)
    if values.dtype == np.float64 and not np.isfinite(values).all():
        bad = ~np.isfinite(values)
        missing = bad if missing is None else missing | bad
    return values, missing, ticks


def ids_of(values: Any, what: str) -> pa.Array:
    """Return ids given as any array or sequence of Python objects as a text column."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return text_column(combined(values), what)
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise InputError(f"{what} must be a sequence of ids, got {type(values).__name__}")
    if hasattr(values, "to_arrow"):
        return text_column(combined(values.to_arrow()), what)
    if not hasattr(values, "__array__"):
        values = list(values)
    return text_column(to_arrow(values, what, text=True), what)
