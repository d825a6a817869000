"""Wording: texts of a catalogue compared exactly, word by word and letter by letter.

Owns what a text is made of here, how much of it counts, and an inverted index of it. The text part
of an item vector (text.py) adds random directions up, whose chance products are as large as many a
true likeness; that is enough beside what sessions tell. Among items that sessions know nothing of
texts are most of what there is, and are compared as they stand: the cosine of words, character
n-grams and category paths by inverse document frequency (Salton and Buckley 1988), each item with
those of the others that share anything with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

import likewise._core as _core
from likewise.arrays import Float32, Int32, Int64, UInt64
from likewise.content.features import Features, Kind, Recipe

if TYPE_CHECKING:
    from likewise.items import Items

__all__ = ["MOST", "Near", "Wording"]

#: Items with the greatest cosines that are told of each: with 100 or 200 as many are found.
MOST = 50
#: What the squares of an item's words, category paths and n-grams come to, where it has all three.
_SHARES = (1.0, 0.5, 1.0)
_WORDS, _PATHS, _NGRAMS = range(len(_SHARES))
# Of the kinds of tokens; words of the category are in its paths.
_PART_OF = {Kind.NAME_WORD: _WORDS, Kind.NAME_NGRAM: _WORDS, Kind.CATEGORY: _PATHS}
# Rows that n-grams are hashed to: so many that hardly any two share one.
_ROWS = 1 << 21
# Items up to which n-grams take part: they are ten times as many as words, 8 bytes each. Those that
# more items have than this share say little and cost most.
_WITH_NGRAMS, _COMMON, _FEW = 1 << 17, 0.02, 20
# What most items have is most of the work of a query, and tells them apart least: it is left out
# where asking with all of them would take more than so many sums, or so many of each.
_SUMS, _SUMS_EACH = 1 << 29, 1 << 10
_ITEMS = 1 << 14  # read at once


class Near(NamedTuple):
    """The items nearest to some others: those of item i stand in [offsets[i], offsets[i + 1])."""

    offsets: Int64  # (n + 1,)
    positions: Int32
    cosines: Float32  # above 0, the greatest first


class _Entries(NamedTuple):
    items: Int64  # ascending
    keys: UInt64  # what tells a word, path or n-gram from all others
    parts: npt.NDArray[np.int8]


class Wording:
    """The texts of the items of a catalogue, to be compared exactly.

    Parameters
    ----------
    items : Items
        n of them.
    recipe : Recipe
        How text becomes tokens.
    threads : int
        Workers; 0 takes the cores there are.
    """

    def __init__(self, items: Items, recipe: Recipe, threads: int = 0) -> None:
        self._recipe = replace(recipe, buckets=_ROWS)
        self._threads, self._n = threads, len(items)
        self._with_ngrams = len(items) <= _WITH_NGRAMS
        pieces = [self._entries(items.take([]))]  # there may be no items at all
        for place, piece in items.pieces(_ITEMS):
            entries = self._entries(piece)
            pieces.append(entries._replace(items=entries.items + place.start))
        whole = _together(pieces)
        keys, columns, uses = np.unique(whole.keys, return_inverse=True, return_counts=True)
        self._keys = keys  # ascending
        common = (keys < _ROWS) & (uses > max(_FEW, _COMMON * self._n))
        common |= uses > _most_uses(uses[~common], max(_SUMS, _SUMS_EACH * self._n))
        self._weights = np.where(common, np.float32(0.0), _rarity(uses, self._n))
        if common.any():
            kept = ~common[columns]
            whole = _Entries(whole.items[kept], whole.keys[kept], whole.parts[kept])
            columns, uses = columns[kept], np.where(common, 0, uses)
        weights = _unit(whole, self._weights[columns], self._n)
        # From here on by what they are, not by whose.
        order = np.argsort(columns, kind="stable")
        self._offsets = np.zeros(len(uses) + 1, np.int64)
        np.cumsum(uses, out=self._offsets[1:])
        self._items = whole.items[order].astype(np.int32)
        self._shares = weights[order]

    def near(self, items: Items) -> Near:
        """Return which items of the catalogue are nearest to others, and the cosines.

        Parameters
        ----------
        items : Items
            n of any; those of the catalogue find themselves, too.

        Returns
        -------
        Near
            Up to `MOST` of each, the lower position first where cosines are equal.
        """
        entries = self._entries(items)
        columns = np.searchsorted(self._keys, entries.keys)
        columns[columns == len(self._keys)] = 0
        known = np.zeros(len(columns), np.bool_)
        if len(self._keys):
            known = self._keys[columns] == entries.keys
        rarest = _rarity(np.zeros(1, np.int64), self._n)[0]
        rarity = np.full(len(columns), rarest, np.float32)
        rarity[known] = self._weights[columns[known]]
        weights = _unit(entries, rarity, len(items))[known]
        lengths = np.bincount(entries.items[known], minlength=len(items))
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        return Near(
            *_core.best_products(
                (offsets, columns[known].astype(np.int32), weights),
                (self._offsets, self._items, self._shares),
                self._n, MOST, self._threads,
            )
        )  # fmt: skip

    def told(
        self, at: Int64, trained: Items, others: tuple[Items, Int64] | None, equal: float
    ) -> tuple[Int64, Int32, Float32]:
        """Return which items are near to queries, and ``exp(equal cosine) - 1``.

        Parameters
        ----------
        at : int64 array (n,)
            Where each query is among the ``trained`` items, -1 for others.
        trained : Items
        others : Items and int64 array, optional
            Those that are at -1, and where each of them is there. Without it nothing is near them.
        equal : float
            Above 0.

        Returns
        -------
        offsets, positions, weights : int64 (n + 1,), int32 and float32 arrays
        """
        which, place = np.unique(at[at >= 0], return_inverse=True)
        groups = [(trained.take(which), at >= 0, place)]
        if others is not None:
            groups.append((others[0], at < 0, others[1]))
        first, lengths = np.zeros((2, len(at)), np.int64)
        positions, cosines = [], []
        before = 0
        for items, asks, place in groups:
            near = self.near(items)
            first[asks] = before + near.offsets[place]
            lengths[asks] = np.diff(near.offsets)[place]
            before += len(near.positions)
            positions.append(near.positions)
            cosines.append(near.cosines)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        flat = np.repeat(first - offsets[:-1], lengths) + np.arange(offsets[-1])
        weights = np.expm1(equal * np.minimum(np.concatenate(cosines)[flat], 1.0))
        return offsets, np.concatenate(positions)[flat], weights.astype(np.float32)

    def _entries(self, items: Items) -> _Entries:
        """Return what some items have, each once."""
        features = Features.encode(items, self._recipe, threads=self._threads)
        owners = np.repeat(np.arange(len(items)), np.diff(features.item_offsets))
        parts = np.full(len(Kind), -1, np.int8)
        for kind, part in _PART_OF.items():
            parts[kind] = part
        parts = parts[features.item_kinds]
        kept = parts >= 0
        owners, parts, tokens = owners[kept], parts[kept], features.item_tokens[kept]
        keys = features.token_hashes[tokens]
        if not self._with_ngrams or not len(features.ngram_rows):
            return _Entries(owners, keys, parts)
        # Words of names alone: letters of a category are in many items of it.
        words = tokens[parts == _WORDS]
        lengths = np.diff(features.ngram_offsets)[words]
        first = np.repeat(features.ngram_offsets[words] - np.cumsum(lengths) + lengths, lengths)
        rows = features.ngram_rows[first + np.arange(len(first))]
        both = np.repeat(owners[parts == _WORDS], lengths) * np.int64(_ROWS) + rows
        both.sort()  # np.unique, which hashes, takes 20 times as long
        both = both[np.diff(both, prepend=-1) > 0]
        owners = np.concatenate([owners, both // _ROWS])
        keys = np.concatenate([keys, (both % _ROWS).astype(np.uint64)])
        parts = np.concatenate([parts, np.full(len(both), _NGRAMS, np.int8)])
        order = np.argsort(owners, kind="stable")
        return _Entries(owners[order], keys[order], parts[order])


def _most_uses(uses: Int64, sums: int) -> int:
    """Return the most items that one may have, so that the sum of the squares is within bounds."""
    ascending = np.sort(uses)
    fits = int(np.searchsorted(np.cumsum(ascending.astype(np.float64) ** 2), sums, side="right"))
    if fits == len(ascending):
        return int(ascending[-1]) if fits else 0
    return int(ascending[fits]) - 1


def _together(pieces: list[_Entries]) -> _Entries:
    return _Entries(
        np.concatenate([one.items for one in pieces]),
        np.concatenate([one.keys for one in pieces]),
        np.concatenate([one.parts for one in pieces]),
    )


def _rarity(uses: Int64, n: int) -> Float32:
    """Return the inverse document frequency of what so many of n items have."""
    found: Float32 = (np.log((1.0 + n) / (1.0 + uses)) + 1.0).astype(np.float32)
    return found


def _unit(entries: _Entries, rarity: Float32, n: int) -> Float32:
    """Return weights, float32 (n_entries,): squares sum to 1 in an item, by parts in shares."""
    place = entries.items * len(_SHARES) + entries.parts
    squares = np.bincount(place, rarity.astype(np.float64) ** 2, n * len(_SHARES))
    shares = np.where(squares.reshape(n, len(_SHARES)) > 0, _SHARES, 0.0)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
    scale = np.sqrt(shares.ravel() / np.maximum(squares, 1e-12))
    weights: Float32 = (rarity * scale[place]).astype(np.float32)
    return weights


def mixed(
    rows: tuple[Int64, Int32, Float32], more: tuple[Int64, Int32, Float32], lifts: Float32,
    sharpness: float,
) -> tuple[Int64, Int32, Float32]:  # fmt: skip
    """Return what queries list with more weights beside, each answer once for a query.

    Parameters
    ----------
    rows : offsets int64 (n + 1,), positions int32 and weights float32
        As `likewise.search.filters.Listed` has them: weights above 0 are summed, those below are
        what is added to the score that the weights of ``more`` are to be mixed with.
    more : the same
        With weights above 0 alone.
    lifts : float32 array
        What each of ``more`` would add to the score of vectors alone.
    sharpness : float
        Of the mixture.
    """
    listed, named = (
        np.repeat(np.arange(len(offsets) - 1), np.diff(offsets)) * np.int64(1 << 32) + positions
        for offsets, positions, _ in (rows, more)
    )
    keys = np.union1d(listed, named)
    weights, added, mixture, lift = np.zeros((4, len(keys)))
    at, there = np.searchsorted(keys, listed), np.searchsorted(keys, named)
    weights[at], added[at] = np.maximum(rows[2], 0.0), np.maximum(-rows[2], 0.0)
    mixture[there], lift[there] = more[2], lifts
    # log(exp(b (s + a)) + w) / b - s, where log(exp(b s) + w) / b - s is known.
    besides = np.log1p(np.expm1(sharpness * lift) * np.exp(-sharpness * added)) / sharpness
    whole = np.where(added > 0, -(added + besides), weights + mixture)
    offsets = np.searchsorted(keys, np.arange(len(rows[0])) << 32)
    return offsets.astype(np.int64), (keys & 0xFFFFFFFF).astype(np.int32), whole.astype(np.float32)
