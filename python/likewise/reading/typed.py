"""Columns of text as numbers, truths and times, where every value of the column is one.

Owns which types are tried. Nothing is sampled: one value that is none keeps the column text.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["typed"]

_TYPES = (pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("us"))
# A number that begins with a zero is a code: 00123 is not 123.
_CODE = r"^[-+]?0\d"


def typed(texts: Any) -> Any:
    """Return a text column (n,) in the first type that all its values have; nulls stay null.

    Examples
    --------
    >>> typed(pa.chunked_array([["7", None, "12"]])).type
    DataType(int64)
    >>> typed(pa.chunked_array([["007", "12"]])).type
    DataType(string)
    """
    if texts.null_count == len(texts) or pc.any(pc.match_substring_regex(texts, _CODE)).as_py():
        return texts
    for kind in _TYPES:
        try:
            return texts.cast(kind)
        except pa.ArrowException:
            continue
    return texts
