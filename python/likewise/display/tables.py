"""One idea of a table, a header and rows of cells, for a terminal, a notebook and a page.

Numbers stand to the right. In markup every text is escaped. Knows nothing about items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from likewise.display.markup import Html, tag
from likewise.display.terminal import cut, pad, terminal_width, width_of

__all__ = ["grid", "html_table", "table"]


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


def html_table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", after: str = ""
) -> str:
    """Return a table for a notebook with a title above and a line below it.

    Columns whose filled cells are all numbers stand to the right.
    """
    numbers = {i for i in range(len(headers)) if _are_numbers([row[i] for row in rows if row[i]])}

    def style(place: int) -> dict[str, Any]:
        return {"style": f"text-align: {'right' if place in numbers else 'left'}"}

    caption = tag("p", title) if title else ""
    tail = tag("p", after) if after else ""
    return tag("div", caption, tag("table", *_markup(headers, rows, style, style)), tail)


def grid(
    caption: str,
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    numbers: Sequence[int] = (),
    *,
    stacked: bool = False,
) -> Html:
    """Return a table for a page; columns in `numbers` are flush right. Cells may be `Html`.

    `stacked`: on a phone each row becomes a block of lines, as its texts are too long for columns.
    """

    def kind(place: int) -> dict[str, Any]:
        return {"class_": "number" if place in numbers else "text"}

    def heading(place: int) -> dict[str, Any]:
        return {"scope": "col", **kind(place)}

    def cell(place: int) -> dict[str, Any]:
        return {**kind(place), "data_head": (stacked and header[place]) or None}

    inside = tag(
        "table", tag("caption", caption), *_markup(header, rows, heading, cell),
        class_="stacked" if stacked else None,
    )  # fmt: skip
    return tag("div", inside, class_="wide", tabindex="0", role="region", aria_label=caption)


def _markup(
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    heading: Callable[[int], dict[str, Any]],
    cell: Callable[[int], dict[str, Any]],
) -> tuple[Html, Html]:
    """Return head and body; `heading` and `cell` tell the attributes of a column's elements."""
    head = tag("tr", *[tag("th", text, **heading(i)) for i, text in enumerate(header)])
    body = [
        tag("tr", *[
            value if isinstance(value, Html) and value.startswith("<td")
            else tag("td", value, **cell(i))
            for i, value in enumerate(row)
        ])
        for row in rows
    ]  # fmt: skip
    return tag("thead", head), tag("tbody", *body)


def _are_numbers(texts: Sequence[str]) -> bool:
    try:
        return [float(text) for text in texts] != []
    except ValueError:
        return False
