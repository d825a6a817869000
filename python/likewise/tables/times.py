"""Times of any origin as numbers: timestamps, dates, numbers since 1970, and texts of them.

Owns what a time may be, and which unit numbers are in: the one that is said, else the one that
their magnitude tells, never one that is assumed. Knows nothing of events.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

import likewise._core as _core
from likewise.arrays import EXACT
from likewise.doors import later
from likewise.errors import InputError
from likewise.reading.messages import one_line
from likewise.reading.options import TICKS, USUALLY_MISSING
from likewise.tables.columns import is_text, text_column, text_views

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = later("duckdb")

__all__ = ["Clock", "Times", "as_floats", "finer"]

# Seconds since 1970 from 1973 to 2286 have nine or ten digits; each finer unit has three more.
_FIRST, _LAST = 10**8, 10**10
_NUMBER = r" *[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)? *"


class Times(NamedTuple):
    """Times of a batch.

    Attributes
    ----------
    values : int64 or float64 array (n,)
    missing : bool array (n,) or None
        Which there are not; None where all are.
    ticks : int
        Ticks of a second since 1970; 0 for numbers, of which the column does not say.
    """

    values: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_] | None
    ticks: int


class Clock:
    """Reads a column of times, batch by batch.

    Parameters
    ----------
    date_format : str or None
        How dates are written as text, in the codes of ``strptime``.
    time_unit : str or None
        Unit of numbers; None to infer it.
    missing : tuple of str or None
        Texts that stand for no time; None takes the usual spellings.

    Raises
    ------
    InputError
        When an option cannot be meant.
    """

    def __init__(
        self, date_format: Any, time_unit: Any, missing: tuple[str, ...] | None = None
    ) -> None:
        if time_unit is not None and time_unit not in TICKS:
            raise InputError(f"time_unit must be one of {', '.join(TICKS)}, got {time_unit!r}")
        if date_format is not None and (not isinstance(date_format, str) or "%" not in date_format):
            raise InputError(
                "date_format must be a format of strptime such as '%d/%m/%Y %H:%M', got "
                f"{date_format!r}"
            )
        self.date_format = date_format
        self.time_unit = time_unit
        self._spelled = pa.array(USUALLY_MISSING if missing is None else missing, pa.large_string())
        self._least: float | None = None
        self._most: float | None = None
        self._duck: duckdb.DuckDBPyConnection | None = None

    # --- reading ----------------------------------------------------------------------------------

    def read(self, array: pa.Array, what: str) -> Times:
        """Return a batch of times. Null, NaN and infinite times are missing.

        Raises
        ------
        InputError
            When the column holds no times; `what` begins the message.
        """
        kind = array.type
        try:
            if isinstance(kind, pa.BaseExtensionType):
                return self.read(array.storage, what)
            if pa.types.is_dictionary(kind):
                return self._of_dictionary(array, what)
            if is_text(kind):
                return self._of_text(text_column(array, what), what)
            if self.date_format is not None and pa.types.is_integer(kind):
                return self._of_text(array.cast(pa.large_string()), what)
            return _of_values(array, what)
        except pa.ArrowException as error:
            raise InputError(
                f"{what} cannot be read as times ({kind}): {one_line(error)}"
            ) from None

    def _of_dictionary(self, array: pa.DictionaryArray, what: str) -> Times:
        if len(array.dictionary) > len(array):
            return self.read(array.dictionary_decode(), what)
        # Texts that no row has are not looked at: they may be of other parts of a file.
        used = array.indices.dictionary_encode()
        distinct = self.read(array.dictionary.take(used.dictionary), what)
        at = used.indices.fill_null(0).to_numpy(zero_copy_only=False)
        if not len(distinct.values):
            return Times(np.zeros(len(array), np.int64), np.ones(len(array), bool), 0)
        missing = None if distinct.missing is None else distinct.missing[at]
        if array.null_count:
            nulls = array.is_null().to_numpy(zero_copy_only=False)
            missing = nulls if missing is None else missing | nulls
        return Times(distinct.values[at], missing, distinct.ticks)

    def _of_text(self, texts: pa.Array, what: str) -> Times:
        if pa.types.is_dictionary(texts.type):
            texts = texts.dictionary_decode()
        if texts.null_count < len(texts) and len(self._spelled):
            try:
                return self._of_given(texts, what)
            except InputError:
                # Only now, since it takes time, and few files have any.
                nothing = pc.is_in(pc.utf8_trim_whitespace(texts), self._spelled)
                blank = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(texts)), 0)
                nothing = pc.or_kleene(nothing, blank)
                if not pc.any(nothing).as_py():
                    raise
                texts = pc.if_else(nothing, pa.scalar(None, pa.large_string()), texts)
        return self._of_given(texts, what)

    def _of_given(self, texts: pa.Array, what: str) -> Times:
        if texts.null_count == len(texts):
            return Times(np.zeros(len(texts), np.int64), np.ones(len(texts), bool), 0)
        if self.date_format is not None:
            return self._by_format(texts, what)
        first = texts[pc.index(texts.is_valid(), True).as_py()].as_py()
        if re.fullmatch(_NUMBER, first):
            for kind in (pa.int64(), pa.float64()):
                try:
                    return _of_values(texts.cast(kind), what)
                except pa.ArrowInvalid:
                    continue
        missing = texts.is_null().to_numpy(zero_copy_only=False)
        offsets, data = text_views(texts)
        for ticks in (TICKS["us"], TICKS["ns"]):
            values, bad, finer = _core.read_moments(offsets, data, missing, ticks)
            if bad >= 0:
                self._refuse(_odd_one(texts, bad), what)
            if not finer:
                break
        return Times(values, missing if missing.any() else None, ticks)

    def _refuse(self, text: str, what: str) -> NoReturn:
        """Raise the error of a text that is no time beside the others of its column."""
        shown = text if len(text) <= 40 else text[:37] + "..."
        one = np.array([0, len(text.encode())])
        data = np.frombuffer(text.encode(), np.uint8)
        if _core.read_moments(one, data, np.zeros(1, bool), 1)[1] < 0:
            raise InputError(
                f"{what} holds numbers in one place and dates in another, such as {shown!r}"
            )
        raise InputError(
            f"{what} must hold numbers, timestamps or dates such as '2024-05-31 12:00', got "
            f"{shown!r}; date_format= says how other dates are written, such as '%d/%m/%Y %H:%M'"
        )

    def _by_format(self, texts: pa.Array, what: str) -> Times:
        if self._duck is None:
            self._duck = duckdb.connect()
        table = pa.table({"text": texts})
        self._duck.register("times", table)
        try:
            moments = self._duck.execute(
                "SELECT epoch_us(try_strptime(trim(text), $1)) AS moment FROM times",
                [self.date_format],
            ).fetchnumpy()["moment"]
        except duckdb.Error as error:
            raise InputError(
                "date_format must be a format of strptime such as '%d/%m/%Y %H:%M', got "
                f"{self.date_format!r}: {one_line(error)}"
            ) from None
        finally:
            self._duck.unregister("times")
        missing = texts.is_null().to_numpy(zero_copy_only=False)
        values = np.asarray(np.ma.filled(moments, 0), np.int64)
        bad = np.flatnonzero(np.ma.getmaskarray(moments) & ~missing)
        if len(bad):
            raise InputError(
                f"{what} must hold times in the format date_format={self.date_format!r}, got "
                f"{texts[int(bad[0])].as_py()!r}"
            )
        return Times(values, missing if missing.any() else None, TICKS["us"])

    # --- the unit of numbers ----------------------------------------------------------------------

    def watch(self, values: npt.NDArray[Any]) -> None:
        """Take note of numbers that are kept, since their magnitude tells the unit."""
        if len(values):
            least, most = values.min().item(), values.max().item()
            self._least = least if self._least is None else min(self._least, least)
            self._most = most if self._most is None else max(self._most, most)

    def unit(self) -> str | None:
        """Return the unit of the numbers watched so far: s, ms, us, ns, or None for unknown."""
        if self.time_unit is not None:
            return str(self.time_unit)
        if self._least is None or self._most is None:
            return None
        for unit, ticks in TICKS.items():
            if _FIRST * ticks <= self._least and self._most < _LAST * ticks:
                return unit
        return None

    def ticks_for(self, argument: str, label: str) -> int:
        """Return ticks of a second for an argument that needs them.

        Raises
        ------
        InputError
            When the unit is neither said nor told by the magnitude.
        """
        unit = self.unit()
        if unit is None:
            raise InputError(
                f"{argument} needs the unit of the times, which are numbers from {self._least} to "
                f"{self._most} in {label}: time_unit= says whether they are s, ms, us or ns"
            )
        return TICKS[unit]


def _odd_one(texts: Any, bad: int) -> str:
    """Return the text that is no time: among numbers the first that is none."""
    number = pc.match_substring_regex(texts, f"^{_NUMBER}$").fill_null(True)
    if number[bad].as_py():
        bad = pc.index(number, False).as_py()
    text: str = texts[bad].as_py()
    return text


def _of_values(array: pa.Array, what: str) -> Times:
    kind = array.type
    ticks = 0
    if pa.types.is_timestamp(kind):
        ticks = TICKS[kind.unit]
        array = array.cast(pa.int64())
    elif pa.types.is_date32(kind):
        ticks = TICKS["s"]
        array = array.cast(pa.timestamp("s")).cast(pa.int64())
    elif pa.types.is_date64(kind):
        ticks = TICKS["ms"]
        array = array.cast(pa.timestamp("ms")).cast(pa.int64())
    elif (
        pa.types.is_integer(kind)
        or pa.types.is_null(kind)
        or (pa.types.is_decimal(kind) and kind.scale == 0)
    ):
        array = array.cast(pa.int64())
    elif pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        array = array.cast(pa.float64())
    else:
        raise InputError(f"{what} must hold numbers, timestamps or dates, got {kind}")
    missing = None
    if array.null_count:
        missing = array.is_null().to_numpy(zero_copy_only=False)
        array = array.fill_null(0)
    values = array.to_numpy(zero_copy_only=False)
    if values.dtype == np.float64 and not np.isfinite(values).all():
        bad = ~np.isfinite(values)
        missing = bad if missing is None else missing | bad
    return Times(values, missing, ticks)


def finer(values: npt.NDArray[np.int64], factor: int, what: str) -> npt.NDArray[np.int64]:
    """Return times in ticks that are so many times as fine; InputError where they do not fit."""
    if len(values) and max(-int(values.min()), int(values.max())) * factor >= 2**63:
        raise InputError(
            f"{what} holds times of two resolutions, of which the finer one does not reach as far "
            "as the other"
        )
    return values * factor


def as_floats(values: npt.NDArray[Any], what: str) -> npt.NDArray[np.float64]:
    """Return whole numbers as float64; InputError where one is not exact there."""
    if len(values) and max(-int(values.min()), int(values.max())) > EXACT:
        raise InputError(f"{what} holds fractions in one place and too large numbers in another")
    return values.astype(np.float64)
