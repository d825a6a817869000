"""Values as Arrow arrays: lists, NumPy arrays and pandas columns in, one array out.

Owns the conversion of Python objects, each by itself where their types are mixed.
"""

from __future__ import annotations

import numbers
import uuid
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from likewise.arrays import EXACT, combined
from likewise.errors import InputError
from likewise.reading.messages import one_line

__all__ = ["id_text", "to_arrow"]


def id_text(value: Any, what: str) -> str | None:
    """Return the text of an id given as a Python object, None for a missing one."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InputError(f"{what} must be valid Unicode, got {value!r}") from None
        return str(value)
    if isinstance(value, pa.Scalar):
        value = value.as_py()
    if value is None:
        return None
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise InputError(f"{what} must be valid UTF-8, got {value!r}") from None
    if isinstance(value, str):  # of a scalar
        return value
    if isinstance(value, Decimal) and value == value and value == value.to_integral_value():
        return str(int(value))
    truth = isinstance(value, (bool, np.bool_))
    if isinstance(value, numbers.Integral) and not truth:
        return str(int(value))
    if isinstance(value, numbers.Real) and not truth:
        number = float(value)
        if number != number:
            return None
        if number.is_integer() and abs(number) <= EXACT:
            return str(int(number))
    elif isinstance(value, uuid.UUID):
        return str(value)
    elif type(value).__name__ in ("NAType", "NaTType"):  # how pandas spells a missing value
        return None
    shown = value if isinstance(value, (numbers.Number, bytes)) else type(value).__name__
    raise InputError(f"{what} must hold text or whole numbers, got {shown!r}")


def to_arrow(values: Any, what: str, *, text: bool) -> pa.Array:
    """Return a list, a NumPy array or a pandas column as one Arrow array.

    Values of mixed types are accepted for text columns alone: each is converted by itself.
    """
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        if not text:
            raise InputError(f"{what} cannot be read: {one_line(error)}") from None
        return _one_by_one(values, what)
    return combined(array)


_LISTS = (list, tuple, np.ndarray)


def _one_by_one(values: Any, what: str) -> pa.Array:
    """Return texts, or lists of texts where no value is anything else."""
    if not all(isinstance(value, _LISTS) or _is_missing(value) for value in values):
        return pa.array([id_text(value, what) for value in values], pa.large_string())
    try:
        return pa.array([_nested(value, what) for value in values])
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InputError(f"{what} cannot be read as lists: {one_line(error)}") from None


def _is_missing(value: Any) -> bool:
    return value is None or value != value or type(value).__name__ in ("NAType", "NaTType")


def _nested(value: Any, what: str) -> Any:
    if isinstance(value, _LISTS):
        return [_nested(one, what) for one in value]
    return id_text(value, what)
