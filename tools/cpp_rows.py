"""Values of a C++ table as lines of source; the programs that write tables share it."""

from __future__ import annotations


def rows(values: list[str], width: int = 100) -> str:
    """Return values, each with its comma, in lines of at most `width` characters."""
    lines, line = [], "   "
    for value in values:
        if len(line) + len(value) + 2 > width:
            lines.append(line)
            line = "   "
        line += f" {value},"
    return "\n".join([*lines, line])
