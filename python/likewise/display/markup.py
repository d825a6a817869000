"""Markup that cannot be broken by what it shows.

Owns escaping: text becomes part of a page through `tag`, which escapes it, or as JSON through
`data_block`. Knows nothing about items.
"""

from __future__ import annotations

import html
import json
import unicodedata
from typing import Any

__all__ = ["Html", "data_block", "join", "plain", "tag", "text"]

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
