"""How far a model can be trusted with a catalogue that it was not trained on.

Owns the counting of known words and of items that consist of unknown ones. Used by recommend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.content.features import Features

if TYPE_CHECKING:
    from likewise.content.encoder import Encoder
    from likewise.items import Items

__all__ = ["Trust", "trust_report"]

_ITEMS = 1 << 17


@dataclass(frozen=True)
class Trust:
    """What a model knows of a catalogue.

    Attributes
    ----------
    items : int
        Items of the catalogue.
    words, known_words : int
        Distinct tokens (words, category paths) of it, and those that training has seen.
    known_share : float
        Share of the tokens of all items that training has seen, each use counted; 0 to 1.
    unknown_items : int
        Items of which no token was seen: character n-grams, and the text as it stands, must do.
    empty_items : int
        Items without any token: no vector, no neighbours.
    untrained_ngrams : int
        Rows of n-grams that the unknown words are made of and that nothing was learned for.
    examples : tuple of str
        Ids of up to five items that are unknown or empty.
    """

    items: int
    words: int
    known_words: int
    known_share: float
    unknown_items: int
    empty_items: int
    untrained_ngrams: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return one sentence."""
        text = (
            f"{self.known_share:.0%} of the words were seen in training "
            f"({self.known_words:,} of {self.words:,} distinct)"
        )
        for count, what in [
            (self.unknown_items, "items have unknown words only, which are compared as they stand"),
            (self.empty_items, "items say nothing and have no neighbours"),
            (self.untrained_ngrams, "n-gram rows were never trained"),
        ]:
            if count:
                text += f"; {count:,} {what}"
        return text


def trust_report(encoder: Encoder, catalogue: Items) -> Trust | None:
    """Count what a model knows of a catalogue; None for a model without content."""
    content = encoder.center_content
    if content is None or encoder.recipe is None:
        return None
    never = np.asarray(~content.ngrams.any(axis=1)).reshape(-1)
    untrained: set[int] = set()
    distinct: dict[int, bool] = {}
    uses = known_uses = unknown_items = empty_items = 0
    examples: list[str] = []
    for _, part in catalogue.pieces(_ITEMS):
        features = Features.encode(part, encoder.recipe, threads=encoder.threads)
        known = np.isin(features.token_hashes, content.token_hashes)
        distinct.update(zip(features.token_hashes.tolist(), known.tolist(), strict=True))
        lengths = np.diff(features.item_offsets)
        hits = np.zeros(len(part), dtype=np.int64)
        np.add.at(hits, np.repeat(np.arange(len(part)), lengths), known[features.item_tokens])
        uses += int(lengths.sum())
        known_uses += int(hits.sum())
        empty_items += int((lengths == 0).sum())
        unknown_items += int(((lengths > 0) & (hits == 0)).sum())
        examples += _ids(part, np.flatnonzero(hits == 0)[: 5 - len(examples)])
        if len(never):
            spans = np.diff(features.ngram_offsets)
            rows = np.unique(features.ngram_rows[np.repeat(~known, spans)])
            untrained.update(rows[never[rows]].tolist())
    return Trust(
        items=len(catalogue),
        words=len(distinct),
        known_words=sum(distinct.values()),
        known_share=known_uses / max(1, uses),
        unknown_items=unknown_items,
        empty_items=empty_items,
        untrained_ngrams=len(untrained),
        examples=tuple(examples),
    )


def _ids(catalogue: Items, positions: Any) -> list[str]:
    return [catalogue.ids[int(at)].as_py() for at in positions]
