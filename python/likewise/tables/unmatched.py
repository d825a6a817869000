"""Ids of events that the catalogue does not have: examples, and what would make them match.

Owns the ways in which ids are commonly spelled in two places: ``101`` and ``101.0``, leading zeros,
padding, case, composed and decomposed letters. Nothing is joined here, it is only said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Unmatched"]

_SHOWN = 40


def _without_fraction(ids: Any) -> Any:
    return pc.replace_substring_regex(ids, r"^(-?\d+)\.0+$", r"\1")


def _without_zeros(ids: Any) -> Any:
    return pc.replace_substring_regex(ids, r"^0+(.)", r"\1")


def _composed(ids: Any) -> Any:
    return pc.utf8_normalize(ids, form="NFKC")


_WAYS: tuple[tuple[Callable[[Any], Any], str], ...] = (
    (_without_fraction, "without '.0' at the end"),
    (pc.utf8_trim_whitespace, "without blanks around them"),
    (_without_zeros, "without leading zeros"),
    (pc.utf8_lower, "in one case, upper or lower"),
    (_composed, "in one Unicode normal form (NFKC)"),
)


class Unmatched:
    """Collects ids that are not in a catalogue."""

    MOST = 200  #: Distinct ids that are looked at.

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}

    def add(self, texts: Any) -> None:
        """Take ids, a text column; the first few hundred distinct ones are kept."""
        if len(self._seen) < self.MOST:
            distinct = pc.unique(texts.slice(0, 50 * self.MOST))
            if pa.types.is_dictionary(distinct.type):
                distinct = distinct.dictionary_decode()
            self._seen.update(dict.fromkeys(distinct.slice(0, self.MOST).to_pylist()))

    def example(self) -> str:
        """Return the first of them."""
        return next(iter(self._seen), "")

    def advice(self, ids: Any) -> str:
        """Return what would make them match the ids of a catalogue; empty where nothing does."""
        mine = pa.array(self._seen, pa.large_string())
        best: tuple[int, str] = (0, "")
        for way, words in _WAYS:
            asked = way(mine)
            theirs = way(ids)
            at = pc.index_in(asked, theirs).drop_null()
            if len(at) > best[0]:
                found = pc.is_in(asked, theirs)
                pairs = zip(
                    mine.filter(found)[:2].to_pylist(), ids.take(at[:2]).to_pylist(), strict=True
                )
                ours, others = zip(*pairs, strict=True)
                best = (
                    len(at),
                    (
                        f"{len(at):,} of {len(mine):,} such ids would match {words}: "
                        f"the events have {_both(ours)} where the catalogue has {_both(others)}"
                    ),
                )
        return best[1]


def _both(texts: tuple[str, ...]) -> str:
    cut = [text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..." for text in texts]
    return " and ".join(map(repr, cut))
