"""Levels of category paths: where a path is cut, and how paths are spelled once they are read.

Owns the rule, which is that of text recipes: HTML is resolved first, then `>` separates levels, and
so does what folds to it. Blanks around levels do not count, and empty levels are none. Knows
nothing of tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import likewise._core as _core

__all__ = [
    "INNER", "JOIN", "ODD", "UNEVEN", "canonical_paths", "leaf_of", "levels_of", "whole_level",
]  # fmt: skip

#: What joins levels in a canonical path.
JOIN = " > "
#: What stands for a `>` that does not separate, since there is another separator.
INNER = "\u203a"

_CUTS = ">\uff1e\ufe65"  # all that NFKC folds to > : full-width and small
_WHOLE = str.maketrans({**dict.fromkeys(_CUTS, INNER), "\n": " "})
_OVERLAY = "\u0338"  # makes another character of a > before it: not greater than
_CUT = re.compile(f"[{_CUTS}](?!{_OVERLAY})")
# Blanks, controls and what cannot be seen: text recipes make blanks of them, or nothing.
_RANGES = (
    (0, 0x20), (0x7F, 0xA0), (0xAD, 0xAD), (0x61C, 0x61C), (0x1680, 0x1680), (0x180E, 0x180E),
    (0x2000, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
)  # fmt: skip
_BLANKS = "".join(chr(code) for first, last in _RANGES for code in range(first, last + 1))
_MARKUP = "&[#A-Za-z]|<[A-Za-z/!]"
#: What a level of a list matches unless it is spelled as one level.
UNEVEN = f"[{_CUTS}\n]|{_MARKUP}"
#: What a path matches unless it is canonical; some that are do, too. As Python and Arrow read it.
ODD = f"[\uff1e\ufe65{_OVERLAY}{_BLANKS.replace(' ', '')}]|^ | $|^>|>$|[^ ]>|>[^ ]|  >|>  |> >|^$"
ODD += f"|{_MARKUP}"


def levels_of(path: str | None) -> list[str]:
    """Return the levels of a path, the top first.

    Examples
    --------
    >>> levels_of("Toys>Dogs > > Balls")
    ['Toys', 'Dogs', 'Balls']
    >>> levels_of(None)
    []
    """
    return _trimmed(_CUT.split(path or ""))


def leaf_of(path: str | None) -> str:
    """Return the last level of a path, empty where it has none."""
    levels = levels_of(path)
    return levels[-1] if levels else ""


def whole_level(text: str) -> str:
    """Return a text so that it is one level: a `>` in it is spelled ``›``, a line end is a blank.

    HTML in it is resolved.

    Examples
    --------
    >>> whole_level("Screens > 30 inch")
    'Screens › 30 inch'
    """
    return _plain(text).translate(_WHOLE)


def _plain(text: str) -> str:
    """Return a text without the HTML that it is written in."""
    return _core.without_markup(text) if "&" in text or "<" in text else text


def canonical_paths(
    text: str, separator: str | None = None, path_separator: str | None = None
) -> str | None:
    r"""Return the paths of a text, one a line, each once, levels joined by `` > ``; None for none.

    Parameters
    ----------
    text : str
        One path a line; HTML in it is resolved.
    separator : str, optional
        What levels are separated by instead of `>`, which is an ordinary character then.
    path_separator : str, optional
        What paths are separated by, beside line ends.

    Examples
    --------
    >>> canonical_paths("Toys>Dogs, Gifts", path_separator=",")
    'Toys > Dogs\nGifts'
    >>> canonical_paths("Screens/>30 inch", separator="/")
    'Screens > ›30 inch'
    """
    text = _plain(text)
    parts = [text] if path_separator is None else text.split(path_separator)
    paths = []
    for line in (line for part in parts for line in part.split("\n")):
        if separator is None:
            levels = levels_of(line)
        else:
            levels = _trimmed(map(whole_level, line.split(separator)))
        paths.append(JOIN.join(levels))
    return "\n".join(path for path in dict.fromkeys(paths) if path) or None


def _trimmed(levels: Iterable[str]) -> list[str]:
    return [level for level in (level.strip(_BLANKS) for level in levels) if level]
