"""Arguments that any search has: how many answers, of which side, among which, items by their ids.

Owns how an id may be given: text and whole numbers, UTF-8 bytes and UUIDs, plain or as scalars and
arrays of NumPy and Arrow. `as_id` and `as_ids` turn all of them into what a catalogue looks up.
"""

from __future__ import annotations

import itertools
import numbers
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from likewise.arrays import Int32, Mask, check_positions
from likewise.errors import InputError

if TYPE_CHECKING:
    from likewise.items import Items


def check_k(k: Any, name: str = "k") -> int:
    """Check a number of answers; TypeError or ValueError name it."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer):
        raise TypeError(f"{name} must be a whole number, got {k!r}")
    if k < 1:
        raise ValueError(f"{name} must be at least 1, got {k}")
    return int(k)


def check_side(side: str, known: tuple[str, ...] = ("center", "context")) -> None:
    """Raise ValueError unless a side of the model is named."""
    if side not in known:
        wanted = ", ".join(map(repr, known[:-1])) + f" or {known[-1]!r}"
        raise ValueError(f"side must be {wanted}, got {side!r}")


def is_id(value: Any) -> bool:
    """Tell whether a value is one id, rather than several or none."""
    if isinstance(value, np.ndarray):
        return value.ndim == 0
    if isinstance(value, pa.Scalar):
        return not isinstance(value, pa.ListScalar | pa.LargeListScalar | pa.FixedSizeListScalar)
    one = str | bytes | bytearray | uuid.UUID | numbers.Integral | np.generic
    return isinstance(value, one) and not isinstance(value, bool | np.bool_)


def as_id(value: Any) -> Any:
    """Return an id as a catalogue looks it up: as text, or a number whose text it takes."""
    if type(value) is str:
        return value
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, pa.Scalar):
        value = value.as_py()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytes | bytearray):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise InputError(f"items must be UTF-8 where they are bytes, got {value!r}") from None
    return value


def as_ids(values: Any) -> Any:
    """Return several ids as what a catalogue looks up: a list, or an array as it is."""
    if hasattr(values, "to_arrow"):  # polars
        values = values.to_arrow()
    if isinstance(values, pa.Array | pa.ChunkedArray):
        kind = values.type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if not isinstance(kind, pa.BaseExtensionType) and "binary" not in str(kind):
            return values
        values = values.to_pylist()
    elif getattr(getattr(values, "dtype", None), "kind", "O") not in "OS":
        return values  # numbers or text of NumPy or pandas
    return [as_id(value) for value in values]


def known_positions(catalogue: Items, ids: Any) -> Int32:
    """Return the positions of items; an unknown id raises UnknownItemError with close ones."""
    ids = as_ids(ids)
    positions: Int32 = catalogue.positions(ids)
    if (positions < 0).any():
        raise_unknown(catalogue, ids, int(np.argmax(positions < 0)))
    return positions


def raise_unknown(catalogue: Items, ids: Any, row: int) -> NoReturn:
    """Raise what the catalogue says about the id at ``row`` of any kind of sequence."""
    item_id = next(itertools.islice(iter(ids), row, None))
    item_id = item_id.as_py() if hasattr(item_id, "as_py") else item_id
    if item_id is None:
        raise InputError(f"items must not be null, item {row} is")
    catalogue.position(item_id)
    raise AssertionError(f"{item_id!r} was not found a moment ago")


def allowed_mask(
    where: npt.ArrayLike | Sequence[str] | None, usable: Mask, catalogue: Items | None
) -> Mask | None:
    """Turn ``where`` (mask, positions or item ids) into one mask, without the zero vectors.

    Returns None where every vector may be an answer.
    """
    size = len(usable)
    if where is None:
        return None if usable.all() else usable
    if isinstance(where, list | tuple) and any(isinstance(one, pa.Scalar) for one in where):
        where = pa.array([one.as_py() if isinstance(one, pa.Scalar) else one for one in where])
    chosen = np.asarray(where)
    if chosen.dtype.kind in "UOTS" and chosen.size:
        if catalogue is None:
            raise TypeError("where names items, but this index has no catalogue to find them in")
        chosen = known_positions(catalogue, where)
    if chosen.ndim != 1:
        raise ValueError(f"where must have 1 dimension, got shape {chosen.shape}")
    if chosen.dtype.kind == "b":
        if len(chosen) != size:
            raise ValueError(
                f"where must have one value for each of {size:,} vectors, got {len(chosen):,}"
            )
        both: Mask = chosen & usable
        return both
    mask = np.zeros(size, dtype=np.bool_)
    if chosen.size:
        check_positions("where", chosen, 0, size)
        mask[chosen.astype(np.int64)] = True
    return mask & usable
