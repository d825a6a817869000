"""Text on a terminal: how many cells it takes up on the screen, cut and filled up to a width.

Wide characters (Chinese, emoji) count two cells, combining marks none. Knows nothing about items.
"""

from __future__ import annotations

import shutil
import unicodedata

__all__ = ["cut", "pad", "terminal_width", "width_of"]

_NO_CELL = {"Mn", "Me", "Cf"}
_SPACES = {"Cc", "Zl", "Zp", "Cs", "Co"}


def terminal_width(fallback: int = 100) -> int:
    """Return the columns of the terminal (or of ``COLUMNS``), at least 40."""
    return max(40, shutil.get_terminal_size((fallback, 24)).columns)


def width_of(text: str) -> int:
    """Return how many cells ``text`` takes up."""
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def cut(text: str, width: int) -> str:
    """Cut ``text`` to ``width`` cells, ending in "…" where something is missing; one line."""
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(c) in _SPACES else c for c in text)
    if width_of(text) <= width:
        return text
    kept, used = [], 0
    for character in text:
        cells = _cells(character)
        if used + cells > width - 1:
            break
        kept.append(character)
        used += cells
    return "".join(kept).rstrip() + "…"


def pad(text: str, width: int, right: bool = False) -> str:
    """Fill ``text`` up with spaces to ``width`` cells, on the left side when ``right``."""
    fill = " " * max(0, width - width_of(text))
    return fill + text if right else text + fill


def _cells(character: str) -> int:
    if unicodedata.category(character) in _NO_CELL:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
