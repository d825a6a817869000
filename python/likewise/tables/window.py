"""A stretch of time that events are read from.

Owns how a date is compared with a column of numbers, times or dates.
"""

from __future__ import annotations

import math
from datetime import date, datetime, timezone
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from likewise.errors import InputError

__all__ = ["Window"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Window:
    """Events from ``since`` on and before ``until``; either may be None.

    Parameters
    ----------
    since, until : number, str, datetime.date, datetime.datetime or None
        As in ``Sessions.read``.

    Raises
    ------
    InputError
        When one of them is none of these, or ``since`` is not before ``until``.
    """

    def __init__(self, since: Any, until: Any) -> None:
        self._bounds = _read("since", since), _read("until", until)
        first: Any = self._bounds[0]
        last: Any = self._bounds[1]
        if first is not None and isinstance(last, type(first)) and first >= last:
            raise InputError(f"since must be before until, got {since!r} and {until!r}")

    @property
    def given(self) -> str:
        """The argument that was given, for messages; empty when every event is wanted."""
        names = ("since", "until")
        return next((n for n, b in zip(names, self._bounds, strict=True) if b is not None), "")

    def inside(self, times: npt.NDArray[Any], ticks: int, kind: pa.DataType) -> Any:
        """Tell which times are inside.

        Parameters
        ----------
        times : int64 or float64 (n,)
        ticks : int
            Ticks of a second, where the column holds times.
        kind : pyarrow.DataType
            Type of the column.
        """
        chosen = np.ones(len(times), bool)
        for bound, name in zip(self._bounds, ("since", "until"), strict=True):
            if bound is None:
                continue
            if isinstance(bound, datetime):
                since_epoch = bound - _EPOCH
                whole = (since_epoch.days * 86_400 + since_epoch.seconds) * ticks
                edge: float = whole + math.ceil(since_epoch.microseconds * ticks / 1_000_000)
            elif _holds_times(kind):
                raise InputError(
                    f"{name} must be a date, as the column holds times ({kind}); got {bound!r}"
                )
            else:
                edge = bound
            chosen &= times >= edge if name == "since" else times < edge
        return chosen


def _holds_times(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _read(name: str, value: Any) -> float | datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().removesuffix("Z"))
        except ValueError:
            raise InputError(f"{name} must be a date such as '2024-05-31', got {value!r}") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)
    number = isinstance(value, (int, float, np.integer, np.floating))
    if isinstance(value, (bool, np.bool_)) or not number:
        raise InputError(f"{name} must be a number, a date or text, got {type(value).__name__}")
    if not math.isfinite(value):
        raise InputError(f"{name} must be finite, got {value}")
    return value if isinstance(value, int) else float(value)
