"""Text without its HTML once more, slowly, from html.unescape and regular expressions.

Written from csrc/core/text/markup.h, not from the C++ code.
"""

from __future__ import annotations

import html
import re
from html.entities import html5

VANISHING = (
    "a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd mark nobr q s samp small "
    "span strike strong sub sup tt u var wbr"
)
SEPARATING = (
    "address article aside blockquote body br center dd div dl dt figcaption figure footer h1 h2 "
    "h3 h4 h5 h6 head header hr html iframe img li nav ol p pre section table tbody td tfoot th "
    "thead tr ul"
)
LONGEST = 1000  # bytes of a tag or comment

REFERENCE = re.compile("&(?:#([0-9]+)|#[xX]([0-9a-fA-F]+)|([a-zA-Z0-9]+));")
COMMENT = rb"(?P<comment><!--.*?-->)"
CLOSING = rb"</(?P<closing>[a-zA-Z][a-zA-Z0-9]*)[ \t\n\v\f\r/]*>"
# Attributes, if any, begin behind blanks or slashes and have a "=" somewhere.
OPENING = rb"<(?P<opening>[a-zA-Z][a-zA-Z0-9]*)(?:[ \t\n\v\f\r/]+(?:[^<>]*=[^<>]*)?)?>"
TAG = re.compile(b"|".join((COMMENT, CLOSING, OPENING)), re.DOTALL)


def without_tags(text: bytes) -> bytes:
    kept, at = b"", 0
    while at < len(text):
        found = TAG.match(text, at)
        left = None if found is None or len(found[0]) > LONGEST else left_by(found)
        if found is None or left is None:
            kept, at = kept + text[at : at + 1], at + 1
        else:
            kept, at = kept + left, found.end()
    return kept


def left_by(found: re.Match[bytes]) -> bytes | None:
    """Return what stands where a tag stood; None when it is none."""
    name = (found["closing"] or found["opening"] or b"").decode().lower()
    if found["comment"] or name in VANISHING.split():
        return b""
    return b" " if name in SEPARATING.split() else None


def resolved(text: str) -> str:
    def character(found: re.Match[str]) -> str:
        decimal, hexadecimal, name = found.groups()
        if name is not None:
            known = f"{name};" in html5
            return html.unescape(found[0]).translate({9: 32, 10: 32}) if known else found[0]
        code = int(decimal) if hexadecimal is None else int(hexadecimal, 16)
        if 0x80 <= code < 0xA0:
            return bytes([code]).decode("cp1252", "replace").replace("\ufffd", " ")
        if code < 0x20 or code == 0x7F or 0xD800 <= code < 0xE000 or code > 0x10FFFF:
            return " "
        return chr(code)

    return REFERENCE.sub(character, text)


def plain(text: str) -> str:
    """Return the text as it reads. It may have no surrogates."""
    once = without_tags(text.encode()).decode()
    return without_tags(resolved(resolved(once)).encode()).decode()
