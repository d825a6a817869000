"""Columns of any origin as text or as times: the rules for what an id, a name or a time may be.

Owns the conversion of one Arrow array or one list of Python objects. Text comes out as
``large_string``, or as a dictionary of it where the input repeats itself. Knows nothing of
files, tables and events.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from likewise.arrays import EXACT, from_numpy
from likewise.errors import InputError
from likewise.reading.messages import one_line
from likewise.tables._ingest import MISSING_ID, IdTable

__all__ = [
    "encode",
    "first_rows",
    "is_text",
    "table_texts",
    "text_array",
    "text_column",
    "text_views",
]


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
            if not is_text(kind.value_type):
                return text_column(array.dictionary_decode(), what)
            array.validate(full=True)
            values = text_column(array.dictionary, what)
            return pa.DictionaryArray.from_arrays(array.indices, values)
        if is_text(kind):
            array = array.cast(pa.large_string())
            array.validate(full=True)
            return array
        if str(kind) == "extension<arrow.uuid>":
            values = [None if v is None else str(v) for v in array.to_pylist()]
            return pa.array(values, pa.large_string())
        if isinstance(kind, pa.BaseExtensionType) or pa.types.is_run_end_encoded(kind):
            plain = isinstance(kind, pa.BaseExtensionType)
            inner = array.storage if plain else pc.run_end_decode(array)
            if not pa.types.is_nested(inner.type):
                return text_column(inner, what)
        if pa.types.is_null(kind):
            return array.cast(pa.large_string())
        if pa.types.is_floating(kind):
            array = _whole_floats(array, what)
        elif pa.types.is_decimal(kind):
            array = _whole_decimals(array, what)
        elif not pa.types.is_integer(kind):
            raise InputError(f"{what} must hold text or whole numbers, got {kind}")
        repeated = array.dictionary_encode()
        values = repeated.dictionary.cast(pa.large_string())
        return pa.DictionaryArray.from_arrays(repeated.indices, values)
    except pa.ArrowException as error:
        message = one_line(error)
        if "utf8" in message.lower().replace("-", ""):
            message = "it is not valid UTF-8; for text files encoding= says what it is"
        raise InputError(f"{what} cannot be read as text ({kind}): {message}") from None


def is_text(kind: pa.DataType) -> bool:
    """Tell whether a type is one of texts, or of bytes that may be texts."""
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or str(kind) in ("string_view", "binary_view")
    )


def _whole_floats(array: pa.Array, what: str) -> pa.Array:
    array = array.cast(pa.float64())
    array = pc.if_else(pc.is_nan(array), pa.scalar(None, pa.float64()), array)
    wrong = pc.or_(
        pc.not_equal(array, pc.floor(array)), pc.greater(pc.abs(array), float(EXACT))
    ).fill_null(False)
    if pc.any(wrong).as_py():
        first = array.filter(wrong)[0].as_py()
        raise InputError(f"{what} must hold text or whole numbers, got {first!r}")
    return array.cast(pa.int64())


def _whole_decimals(array: pa.Array, what: str) -> pa.Array:
    wide = pa.decimal256(76, array.type.scale)
    array = array.cast(wide)
    whole = pc.equal(array, pc.floor(array)).fill_null(True)
    if not pc.all(whole).as_py():
        first = array.filter(pc.invert(whole))[0].as_py()
        raise InputError(f"{what} must hold text or whole numbers, got {first}")
    return array.cast(pa.decimal128(38, 0))


def text_array(array: pa.Array, what: str) -> pa.Array:
    """Return a text column as one plain ``large_string`` array, its nulls without bytes."""
    array = text_column(array, what)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    # No Python value in Arrow's hands: with the first one it imports pandas, where there is one.
    if array.null_count and pc.max(pc.binary_length(_unmasked(array))).as_py():
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
