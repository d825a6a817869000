"""How tables are read: the options that catalogues and sessions share, and those of categories.

Owns their defaults and what they mean; checks.py checks them.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TICKS", "USUALLY_MISSING", "PathOptions", "ReadOptions", "Usual"]

#: How missing values are spelled: by Hive and MySQL, by SQL, by pandas and R, by Python.
USUALLY_MISSING = (
    "\\N", "NULL", "null", "Null", "(null)", "<null>", "NA", "N/A", "n/a", "#N/A", "<NA>",
    "NaN", "nan", "NAN", "NaT", "None",
)  # fmt: skip


#: Ticks of a second by the name of a unit of time.
TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


class Usual(str):
    """What a column is usually called: nobody asked for it, so it may be absent."""

    __slots__ = ()


@dataclass(frozen=True)
class ReadOptions:
    """What is said about a source beside the names of its columns.

    Attributes
    ----------
    missing : tuple of str or None
        Texts that stand for a missing value, in every column that is read. None takes the usual
        spellings, in ids and times alone.
    encoding : str or None
        Of the characters of text files. None is UTF-8, or what a byte order mark says.
    delimiter : str or None
        What separates fields of CSV: one character. None takes what the header shows.
    quote : str or None
        What encloses fields; empty for nothing. None is ``"``, but where a TSV file shows that
        quotes are ordinary characters there.
    escape : str or None
        What makes a quote inside quotes an ordinary character: a backslash, or the quote itself.
        None takes what the file shows.
    partitions : bool or None
        Whether folders called ``key=value`` on the way to a file are columns. None reads none, and
        refuses files that lack a column which their folders have.
    """

    missing: tuple[str, ...] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    partitions: bool | None = None


@dataclass(frozen=True)
class PathOptions:
    """What is said about the texts of a catalogue's categories.

    Attributes
    ----------
    category_separator : str or None
        What separates the levels of a path. None is `>`.
    path_separator : str or None
        What separates the paths of an item, beside line ends.
    """

    category_separator: str | None = None
    path_separator: str | None = None
