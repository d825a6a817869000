"""Checks of the options of reading: what callers pass in, and what is made of it.

Owns the messages about options that cannot be meant.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from typing import Any

from likewise.errors import InputError
from likewise.levels import JOIN
from likewise.reading.options import PathOptions, ReadOptions

__all__ = ["path_options", "read_options"]


def read_options(
    missing: Any = None,
    encoding: Any = None,
    delimiter: Any = None,
    quote: Any = None,
    escape: Any = None,
    partitions: Any = None,
) -> ReadOptions:
    """Check the options of reading.

    Raises
    ------
    InputError
        Naming the option, what was wanted and what came.
    """
    if partitions is not None and not isinstance(partitions, bool):
        raise InputError(f"partitions must be true or false, got {partitions!r}")
    if encoding is not None:
        encoding = _codec(encoding)
    if delimiter is not None:
        delimiter = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter) if delimiter else delimiter
        _character("delimiter", delimiter)
        if delimiter in "\r\n\"'\\":
            raise InputError(
                f"delimiter must be no quote, backslash or line end, got {delimiter!r}"
            )
    for name, value in (("quote", quote), ("escape", escape)):
        if value is None or value == "":
            continue
        _character(name, value)
        if value in "\r\n" or value == delimiter:
            raise InputError(f"{name} must be neither the delimiter nor a line end, got {value!r}")
    return ReadOptions(_spellings(missing), encoding, delimiter, quote, escape, partitions)


def path_options(category_separator: Any = None, path_separator: Any = None) -> PathOptions:
    """Check the options of categories.

    Raises
    ------
    InputError
        Naming the option, what was wanted and what came.
    """
    given = {"category_separator": category_separator, "path_separator": path_separator}
    for name, value in given.items():
        if value is not None and (not isinstance(value, str) or not value):
            raise InputError(f"{name} must be a text such as '/', got {value!r}")
        if value is not None and "\n" in value:
            raise InputError(f"{name} must have no line end, which separates paths, got {value!r}")
    if category_separator == ">":
        category_separator = None
    if path_separator is not None and path_separator in (category_separator or JOIN):
        raise InputError(
            "path_separator must be no part of what separates levels, "
            f"{category_separator or '>'!r}, got {path_separator!r}"
        )
    return PathOptions(category_separator, path_separator)


def _codec(encoding: Any) -> str:
    try:
        found = codecs.lookup(encoding)
        if not found._is_text_encoding:
            raise LookupError
    except (LookupError, TypeError, ValueError, UnicodeError):
        raise InputError(
            "encoding must be the name of a character encoding such as 'utf-8', 'latin-1', "
            f"'cp1252', 'shift_jis' or 'utf-16', got {encoding!r}"
        ) from None
    return found.name


def _character(name: str, value: Any) -> None:
    if not isinstance(value, str) or len(value) != 1 or not value.isascii():
        raise InputError(f"{name} must be one ASCII character, got {value!r}")


def _spellings(missing: Any) -> tuple[str, ...] | None:
    if missing is None:
        return None
    if isinstance(missing, str):
        return (missing,)
    if isinstance(missing, bytes) or not isinstance(missing, Iterable):
        raise InputError(f"missing must be texts such as 'NULL', got {missing!r}")
    texts = tuple(missing)
    for text in texts:
        if not isinstance(text, str):
            raise InputError(f"missing must be texts such as 'NULL', got {text!r}")
    return texts
