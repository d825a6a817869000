"""Fields inside of fields: dotted names in structures, and arrays whose elements are rows.

Owns both for Arrow data; duck.py does the same for JSON lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from likewise.errors import InputError

__all__ = ["base_of", "dug", "has_field", "is_list", "without_views"]


def base_of(name: str, columns: Sequence[Any]) -> str:
    """Return the column that a name is in: itself, or what stands before its first dot."""
    return name if name in columns else name.split(".", 1)[0]


def has_field(name: str, kind: pa.DataType) -> bool:
    """Tell whether a column of a type has the field that a dotted name says."""
    for field in name.split(".")[1:]:
        if is_list(kind):
            kind = kind.value_type
        if not pa.types.is_struct(kind) or kind.get_field_index(field) < 0:
            return False
        kind = kind.field(field).type
    return True


def dug(columns: dict[str, Any], names: Sequence[str], label: str, unit: str) -> dict[str, Any]:
    """Return the columns `names` of a batch whose columns may be structures and lists.

    Where the column that `unit` is in holds lists, each of their elements is a row.

    Parameters
    ----------
    columns : dict of str to pyarrow.Array
        By the names that `base_of` returns.
    names : sequence of str
    unit : str
        One of them; empty where lists are values.

    Raises
    ------
    InputError
        When lists in one row differ in length.
    """
    lists = [base for base, array in columns.items() if is_list(array.type)]
    if base_of(unit, list(columns)) not in lists:
        lists = []
    if not lists and all(name in columns for name in names):
        return {name: columns[name] for name in names}
    taken = dict(columns)
    if lists:
        lengths = [_lengths(columns[base]) for base in lists]
        for base, other in zip(lists[1:], lengths[1:], strict=True):
            if not np.array_equal(other, lengths[0]):
                raise InputError(
                    f"{label}: lists of one row must be equally long, {lists[0]!r} and {base!r} "
                    "differ"
                )
        rows = pa.array(np.repeat(np.arange(len(lengths[0])), lengths[0]))
        for base, array in columns.items():
            taken[base] = array.flatten() if base in lists else without_views(array).take(rows)
    found = {}
    for name in names:
        array = taken[base_of(name, list(taken))]
        fields = () if name in taken else name.split(".")[1:]
        for field in fields:
            if not pa.types.is_struct(array.type):
                raise InputError(
                    f"{label}: {name!r} must be a field of structures, got {array.type}"
                )
            array = pc.struct_field(array, field)
        found[name] = array
    return found


def is_list(kind: pa.DataType) -> bool:
    """Tell whether a type is one of lists."""
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def without_views(array: Any) -> Any:
    """Return string views, which pyarrow cannot take from, as large strings."""
    return array.cast(pa.large_string()) if str(array.type) == "string_view" else array


def _lengths(array: Any) -> Any:
    return pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
