"""Words for messages: paths, errors of other libraries, and what a misspelt name may have meant.

Owns how each is spelled on one line; raises nothing.
"""

from __future__ import annotations

import difflib

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["counted", "did_you_mean", "one_line", "shown"]

# Where DuckDB's messages turn from what is wrong to its own options.
_ADVICE = ("Possible", "LINE 1:", "file =", "* ", "This type was either", "Try setting")
_MOST_NAMED = 3
_LENGTHS_APART = 3
_MOST_COMPARED = 500


def shown(path: object) -> str:
    """Return a path as messages show it: as it is, unless that would break the line."""
    text = str(path)
    return text if text.isprintable() else repr(text)


def one_line(error: BaseException) -> str:
    """Return the message of an error of another library on one line of bounded length."""
    lines = [line.strip() for line in str(error).splitlines()]
    advice = [i for i, line in enumerate(lines) if i and line.startswith(_ADVICE)]
    text = " ".join(" ".join(lines[: advice[0]] if advice else lines).split())
    return text if len(text) <= 300 else text[:297] + "..."


def counted(*found: tuple[int, str]) -> list[str]:
    """Return what was found, such as "3 cuts at gaps", without what there is none of."""
    return [f"{count:,} {text}" for count, text in found if count]


def did_you_mean(ids: pa.Array, text: str) -> str:
    """Return the end of a message about an unknown id: up to three close ones, or nothing."""
    close = _close_ids(ids, text)
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""


def _close_ids(ids: pa.Array, text: str) -> list[str]:
    """Return the ids most like `text`, the likeliest first.

    Comparing with each of a million ids would take seconds. So first come the ids that differ in
    case or outer blanks alone; then those that share the longest start or the longest end are
    compared by :mod:`difflib`.
    """
    plain = pc.utf8_lower(pc.utf8_trim_whitespace(ids))
    wanted = text.strip().lower()
    same: list[str] = ids.filter(pc.equal(plain, wanted)).to_pylist()
    if same:
        return same[:_MOST_NAMED]
    pool: dict[str, None] = {}
    for shares, from_start in ((pc.starts_with, True), (pc.ends_with, False)):
        low, high = 0, len(wanted)  # the longest part that some id shares, by bisection
        found = None
        while low < high:
            size = (low + high + 1) // 2
            part = wanted[:size] if from_start else wanted[-size:]
            matches = shares(plain, part)
            if pc.any(matches).as_py():
                low, found = size, matches
            else:
                high = size - 1
        if found is not None:
            near = plain.filter(found)
            apart = pc.abs(pc.subtract(pc.utf8_length(near), len(wanted)))
            near = near.filter(pc.less_equal(apart, _LENGTHS_APART))
            pool.update(dict.fromkeys(near[:_MOST_COMPARED].to_pylist()))
    close = difflib.get_close_matches(wanted, list(pool), n=_MOST_NAMED, cutoff=0.6)
    return [ids[pc.index(plain, other).as_py()].as_py() for other in close]
