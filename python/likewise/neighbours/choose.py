"""Which of the best candidates make a list: caps, near-duplicates, a threshold, diversity.

Owns the rules for a list as a whole; what may be on it at all is the business of a search's
filters. Rules are followed from the best candidate down, for many lists at once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from likewise.arrays import Float32, Int32, Mask
from likewise.search.filters import Found

__all__ = ["Cap", "Rules", "choose", "name_keys"]

_WORD = re.compile(r"\w+")
_LISTS = 64  # diversified at once: their vectors stay in the processor's cache


class Cap(NamedTuple):
    """At most ``most`` items of a list have the same code; those of the queries count as there."""

    codes: Int32  # (n_candidates,); negative has no limit
    most: int
    of_queries: Int32 | None = None  # (n_queries,)


@dataclass(frozen=True, eq=False)
class Rules:
    """What a list must keep to.

    Attributes
    ----------
    k : int
        Items of a list.
    caps : tuple of Cap
        Groups of which a list may have so many only.
    threshold : float
        Lowest score.
    diversity : float
        0 takes the best; above, an item is worth (1 - diversity) of its score less diversity times
        its highest score with what is on the list already (Carbonell and Goldstein 1998).
    """

    k: int
    caps: tuple[Cap, ...] = ()
    threshold: float = -np.inf
    diversity: float = 0.0

    @property
    def plain(self) -> bool:
        """Whether the best k are the list, less what is below the threshold."""
        return not self.caps and self.diversity == 0.0

    @property
    def pool(self) -> int:
        """Candidates to look at first."""
        if self.plain:
            return self.k
        return max(4 * self.k, 40)

    def of(self, rows: npt.NDArray[np.int64] | slice) -> Rules:
        """Return the rules for some of the queries."""
        caps = tuple(
            cap if cap.of_queries is None else cap._replace(of_queries=cap.of_queries[rows])
            for cap in self.caps
        )
        return Rules(self.k, caps, self.threshold, self.diversity)


def choose(found: Found, rules: Rules) -> tuple[Found, Mask]:
    """Walk down each list and take what the rules let through.

    Returns what was taken, up to 3 k with diversity and up to k without, padded; and which lists
    are short although there may be more candidates than were looked at.
    """
    positions, scores = found
    wanted = min(positions.shape[1], 3 * rules.k if rules.diversity else rules.k)
    good = (positions >= 0) & (scores >= rules.threshold)
    taken = good.copy()
    codes = [cap.codes[positions] for cap in rules.caps]
    if rules.caps:
        taken[:] = False
        for column in range(positions.shape[1]):
            fits = good[:, column].copy()
            for cap, groups in zip(rules.caps, codes, strict=True):
                mine = groups[:, column]
                already = ((groups[:, :column] == mine[:, None]) & taken[:, :column]).sum(axis=1)
                if cap.of_queries is not None:
                    already = already + (cap.of_queries == mine)
                fits &= (mine < 0) | (already < cap.most)
            taken[:, column] = fits
    enough = taken.sum(axis=1)
    looked_at_all = ~good[:, -1]  # the search, or the threshold, came to an end
    order = np.argsort(~taken, axis=1, kind="stable")[:, :wanted]
    kept = np.take_along_axis(taken, order, axis=1)
    chosen = Found(
        np.where(kept, np.take_along_axis(positions, order, axis=1), np.int32(-1)),
        np.where(kept, np.take_along_axis(scores, order, axis=1), np.float32(-np.inf)),
    )
    return chosen, (enough < rules.k) & ~looked_at_all


def diversify(found: Found, vectors: Float32, rules: Rules) -> Found:
    """Pick k of each list by maximal marginal relevance, in the order of picking.

    ``vectors`` are those of the found positions, float32 ``(n, m, dim)``; their inner products, at
    most 1, say how alike answers are.
    """
    n, m = found.positions.shape
    picks = min(rules.k, m)
    out = Found(
        np.full((n, picks), -1, dtype=np.int32), np.full((n, picks), -np.inf, dtype=np.float32)
    )
    for start in range(0, n, _LISTS):
        some = slice(start, start + _LISTS)
        theirs = Found(found.positions[some], found.scores[some])
        _pick(theirs, vectors[some], rules.diversity, Found(out.positions[some], out.scores[some]))
    return out


def _pick(found: Found, vectors: Float32, diversity: float, out: Found) -> None:
    """Put what is picked of some lists into ``out``, as many as it has room for."""
    positions, scores = found
    worth = (1.0 - diversity) * scores
    closest = np.full(positions.shape, -np.inf, dtype=np.float32)
    open_ = positions >= 0
    rows = np.arange(len(positions))
    for pick in range(out.positions.shape[1]):
        with np.errstate(invalid="ignore"):
            value = worth - (diversity * closest if pick else 0.0)
        best = np.where(open_, value, -np.inf).argmax(axis=1)
        there = open_[rows, best]
        out.positions[there, pick] = positions[rows, best][there]
        out.scores[there, pick] = scores[rows, best][there]
        open_[rows, best] = False
        # Not by BLAS: for thousands of small products its threads wait longer than they work.
        alike = np.einsum("nmd,nd->nm", vectors, vectors[rows, best])
        np.maximum(closest, alike, out=closest)


def name_keys(names: Iterable[str | None], known: dict[str, int] | None = None) -> Int32:
    """Give near-duplicate names equal codes, int32 (n,); -1 where there is no name.

    Names are nearly the same when they have the same words, in any order and number, whatever
    case, apart from words with digits (sizes, counts, article numbers): "Blue mug 0.3 l" and "mug
    blue 0,5 L". ``known`` codes are used and added to.
    """
    codes: dict[str, int] = {} if known is None else known
    found = []
    for name in names:
        words = _WORD.findall(unicodedata.normalize("NFKC", name).casefold()) if name else []
        telling = [word for word in words if not any(c.isdigit() for c in word)] or words
        key = " ".join(sorted(set(telling)))
        found.append(codes.setdefault(key, len(codes)) if key else -1)
    return np.array(found, dtype=np.int32)
