"""Tables for notebooks: escaped cells, numbers to the right. Knows nothing about items."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

__all__ = ["html_table"]


def html_table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", after: str = ""
) -> str:
    """Return a table with a title above and a line below it; every text is escaped.

    Columns whose filled cells are all numbers stand to the right.
    """
    right = [
        all(_is_number(row[i]) for row in rows if row[i]) and any(row[i] for row in rows)
        for i in range(len(headers))
    ]
    aligned = ["text-align: right" if one else "text-align: left" for one in right]

    def line(tag: str, cells: Sequence[str]) -> str:
        inside = "".join(
            f'<{tag} style="{style}">{escape(cell)}</{tag}>'
            for cell, style in zip(cells, aligned, strict=True)
        )
        return f"<tr>{inside}</tr>"

    body = "".join(line("td", row) for row in rows)
    caption = f"<p>{escape(title)}</p>" if title else ""
    tail = f"<p>{escape(after)}</p>" if after else ""
    head = line("th", headers)
    return f"<div>{caption}<table><thead>{head}</thead><tbody>{body}</tbody></table>{tail}</div>"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
