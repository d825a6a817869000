"""Tables for a terminal: columns aligned by what a character really takes up on the screen.

Wide characters (Chinese, emoji) count two cells, combining marks none. Knows nothing about items.
"""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Sequence

__all__ = ["cut", "pad", "table", "terminal_width", "width_of"]

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


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[int] = (),
    flexible: Sequence[int] = (),
    width: int | None = None,
    indent: str = "",
) -> str:
    """Lay out rows under a header, two spaces between columns, within ``width`` cells.

    Parameters
    ----------
    header, rows : sequences of str
        The cells.
    right : sequence of int
        Columns set to the right, for numbers.
    flexible : sequence of int
        Columns that give way, the widest first, when a line would be too long; the others keep
        their width.
    width : int, optional
        Cells a line may take; the terminal's without it.
    indent : str
        What every line begins with.
    """
    available = (terminal_width() if width is None else width) - width_of(indent)
    lines = [[cut(cell, 1_000) for cell in row] for row in (header, *rows)]
    widths = [max(width_of(line[i]) for line in lines) for i in range(len(header))]
    too_long = sum(widths) + 2 * (len(widths) - 1) - available
    smallest = {i: min(widths[i], max(8, width_of(header[i]))) for i in flexible}
    while too_long > 0 and (room := [i for i in flexible if widths[i] > smallest[i]]):
        widths[max(room, key=lambda i: widths[i])] -= 1
        too_long -= 1
    return "\n".join(
        indent
        + "  ".join(
            pad(cut(cell, widths[i]), widths[i], right=i in right) for i, cell in enumerate(line)
        ).rstrip()
        for line in lines
    )


def _cells(character: str) -> int:
    if unicodedata.category(character) in _NO_CELL:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
