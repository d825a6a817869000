"""Markup: pages that are one file, need no network and cannot be broken by what they show.

Owns escaping, the frame of a page, its policy against every request, and Plotly inside it. Text
becomes part of a page through `tag`, which escapes it, or as JSON through `data_block`. Knows
nothing about items.
"""

from __future__ import annotations

import html
import json
import unicodedata
from importlib import resources
from typing import Any

__all__ = ["Html", "data_block", "join", "page", "part", "plain", "plotly", "tag", "text"]

#: Marks that turn the direction of what follows: a name must not turn the page around it.
_TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_LONGEST = 160
_VOID = {"input", "meta", "br", "hr"}


class Html(str):
    """Markup that is escaped already."""

    __slots__ = ()


def plain(value: object, limit: int = _LONGEST) -> str:
    """Return a text fit to be shown: one line, no control characters, at most `limit` long."""
    given = str(value)
    # Nothing is kept of what is far beyond the limit; runs of spaces may shrink it.
    given = given[: 4 * limit]
    shown = "".join(
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") else c
        for c in given
        if c not in _TURNING
    )
    shown = " ".join(shown.split())
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"


def tag(element: str, /, *children: object, **attributes: object) -> Html:
    """Return an element; children and attributes are escaped unless they are `Html`.

    An attribute's trailing ``_`` goes and other ``_`` become ``-``: ``class_``, ``aria_label``.
    True is an attribute without a value; None and False are none.
    """
    inside = "".join(c if isinstance(c, Html) else html.escape(str(c)) for c in children)
    spelled = ""
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        spelling = key.rstrip("_").replace("_", "-")
        spelled += f" {spelling}" if value is True else f' {spelling}="{html.escape(str(value))}"'
    closing = "" if element in _VOID else f"{inside}</{element}>"
    return Html(f"<{element}{spelled}>{closing}")


def text(value: object, limit: int = _LONGEST) -> Html:
    """Return a text of the catalogue, kept apart from the direction of the text around it."""
    return tag("bdi", plain(value, limit))


def join(*pieces: Html) -> Html:
    """Put pieces of markup one after the other."""
    return Html("\n".join(pieces))


def data_block(name: str, value: Any) -> Html:
    """Return data for a script: JSON that no browser can take for markup."""
    spelled = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        spelled = spelled.replace(character, f"\\u{ord(character):04x}")
    return Html(f'<script type="application/json" id="{html.escape(name)}">{spelled}</script>')


def part(name: str) -> Html:
    """Return a file of page_parts: a script or a style of our own."""
    found = resources.files("likewise.pages") / "parts" / name
    return Html(found.read_text(encoding="utf-8"))


def plotly() -> Html:
    """Return Plotly's script, from the Python package."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise ImportError("a page needs plotly: pip install 'likewise[viz]'") from error
    return Html(get_plotlyjs())


def page(
    title: str,
    body: Html,
    *,
    scripts: list[Html],
    later: Html | None = None,
    evaluates: bool = False,
) -> str:
    """Return a whole page.

    Parameters
    ----------
    title : str
        Escaped here.
    body : Html
        What stands in it.
    scripts : list of Html
        Sources, run in this order after the body.
    later : Html, optional
        A large source, kept as text until a script wants it run: reading it takes a browser longer
        than all the rest.
    evaluates : bool
        Allow scripts to make functions of text, which Plotly's WebGL drawing does.
    """
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
        "script-src 'unsafe-inline'" + (" 'unsafe-eval'" if evaluates else "")
    )
    blocks = "\n".join(f"<script>{source}</script>" for source in scripts)
    if later is not None:
        blocks += f'\n<script type="text/plain" id="later">{later}</script>'
    head = join(
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", plain(title)),
        Html(f"<style>{part('page.css')}</style>"),
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n'
        f"<body>\n{body}\n{blocks}\n</body>\n</html>\n"
    )
