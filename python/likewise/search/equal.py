"""Vectors that are equal: found once, and expanded in answers.

Owns which vectors of an index have the same floats, and how an answer of different vectors becomes
one of items. Thousands of equal vectors (placeholders, the sizes of a shirt) would fill the links
of a graph with copies of one another, and the rest of it could not be reached any more.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from likewise.arrays import Float32, Int32, Int64, Mask, UInt64
from likewise.search.filters import Filters

__all__ = ["Classes", "EqualVectors", "first_equal"]

# Groups, the largest ones, that are compared with every query: what a graph compares with each
# is several times as much.
_LARGE = 256
# Columns that tell most vectors apart; rows hashed at once, so that they stay in a cache; and
# answers that are expanded at once.
_COLUMNS = 16
_BLOCK = 2048
_NUMBERS = 1 << 22


class Classes(NamedTuple):
    """Vectors that may be answers, parted into classes which a query takes or leaves whole.

    Attributes
    ----------
    of_group : int64 array (groups + 1,)
        Offsets: the classes of a group of equal vectors are ``of_group[g]`` to ``of_group[g + 1]``.
    starts : int64 array (classes + 1,)
        Offsets: likewise the members of a class.
    members : int32 array
        Positions, ascending in a class.
    """

    of_group: Int64
    starts: Int64
    members: Int32

    @property
    def share(self) -> float:
        """Share of the groups that have any member that may be an answer."""
        return float((np.diff(self.of_group) > 0).mean()) if len(self.of_group) > 1 else 0.0


class EqualVectors:
    """Groups of equal vectors, each of which an index holds once: at its first position.

    Parameters
    ----------
    first : int32 array (n,)
        Of each vector, the position of the first equal one.
    usable : bool array (n,)
        Which vectors an index holds.

    Attributes
    ----------
    first : int32 array (n,)
        As given.
    distinct : int64 array (groups,)
        The first positions of the groups, ascending.
    sizes : int64 array (groups,)
        How many vectors are equal.
    large : int64 array
        The first positions of the largest groups, few enough to be compared with every query: so
        many items may not hang on whether a graph leads to one of its elements.

    Raises
    ------
    ValueError
        When they do not fit together.
    """

    def __init__(self, first: Int32, usable: Mask) -> None:
        everything = np.arange(len(usable))
        if len(first) != len(usable) or (first < 0).any() or (first > everything).any():
            raise ValueError("its equal vectors are out of range")
        if (first[first] != first).any() or (usable[first] != usable).any():
            raise ValueError("its equal vectors do not fit together")
        self.first = first
        is_first = usable & (first == everything)
        self.distinct = np.flatnonzero(is_first)
        # Of a first position its group, -1 of others.
        self._group = np.where(is_first, np.cumsum(is_first) - 1, -1)
        at = np.flatnonzero(usable).astype(np.int32)
        self._members = at[np.argsort(first[at], kind="stable")]
        self.sizes = np.bincount(self._group[first[at]], minlength=len(self.distinct))
        self.large = self.distinct[np.argsort(-self.sizes, kind="stable")[:_LARGE]]
        self._is_large = np.isin(self.distinct, self.large)

    def without_large(self, labels: Int64, scores: Float32) -> Float32:
        """Return the scores of first positions, minus infinity for those of large groups."""
        return np.where(self._is_large[self._group[labels]], np.float32(-np.inf), scores)

    def large_in(self, classes: Classes) -> Mask:
        """Tell which large groups have any member that may be an answer."""
        there: Mask = np.diff(classes.of_group)[self._group[self.large]] > 0
        return there

    def missing(self, positions: Int32, labels: Int64) -> Mask:
        """Tell of which queries a position, (n_queries,), has equals that are not among labels.

        The labels, (n_queries, m), are first positions; those of large groups do not count as
        missing, and -1 has no equals.
        """
        first = self.first[positions]
        group = self._group[first]
        several = (positions >= 0) & (group >= 0) & (self.sizes[group] > 1)
        found: Mask = several & ~self._is_large[group] & (labels != first[:, None]).all(axis=1)
        return found

    def classes(self, filters: Filters) -> Classes:
        """Return what may be an answer, parted by what ``filters.different`` tells apart."""
        if filters.allowed is None and not filters.different:
            return self._all_classes
        members = self._members
        group = np.repeat(np.arange(len(self.sizes)), self.sizes)
        if filters.allowed is not None:
            kept = filters.allowed[members]
            members, group = members[kept], group[kept]
        columns: list[npt.NDArray[Any]] = [there[members] for _, there in filters.different]
        if columns:
            order = np.lexsort((*columns, group))
            members, group = members[order], group[order]
            columns = [column[order] for column in columns]
        new = np.ones(len(members), np.bool_)
        new[1:] = group[1:] != group[:-1]
        for column in columns:
            new[1:] |= column[1:] != column[:-1]
        begins = np.flatnonzero(new)
        of_group = _offsets(np.bincount(group[begins], minlength=len(self.sizes)))
        return Classes(of_group, np.append(begins, len(members)), members)

    @cached_property
    def _all_classes(self) -> Classes:
        return Classes(np.arange(len(self.sizes) + 1), _offsets(self.sizes), self._members)

    def expand(
        self, labels: npt.NDArray[Any], scores: Float32, k: int, classes: Classes, filters: Filters
    ) -> tuple[Int32, Float32]:
        """Make the best ``k`` vectors of the best groups; short answers padded.

        Parameters
        ----------
        labels : int array (n_queries, m)
            First positions of groups, in any order.
        scores : float32 array (n_queries, m)
            Minus infinity for what is no answer.
        classes : Classes
            Of these filters, or of those of more queries.
        filters : Filters
            Without ``same`` and ``excluded``.

        Returns
        -------
        int32 and float32 arrays (n_queries, k)
            Positions and scores, best first, equal scores by position.
        """
        positions = np.full((len(labels), k), -1, np.int32)
        best = np.full((len(labels), k), -np.inf, np.float32)
        order = np.argsort(-scores, axis=1, kind="stable")
        groups = self._group[np.take_along_axis(labels, order, axis=1)]
        scores = np.take_along_axis(scores, order, axis=1)
        totals = np.diff(classes.of_group)[groups].sum(axis=1) + 2 * k
        for rows in np.split(np.arange(len(labels)), _cuts(totals)):
            row, at, score = _expanded(groups[rows], scores[rows], k, classes, filters.of(rows))
            rank = np.arange(len(row)) - _offsets(np.bincount(row, minlength=len(rows)))[row]
            kept = rank < k
            place = rows[row[kept]], rank[kept]
            positions[place], best[place] = at[kept], score[kept]
        return positions, best


def first_equal(rows: Float32, usable: Mask) -> Int32 | None:
    """Return for each vector the position of the first one with the same bits.

    Parameters
    ----------
    rows : float32 array (n, dim)
    usable : bool array (n,)
        Which of them count; the others are equal to none.

    Returns
    -------
    int32 array (n,), or None where no two are equal.

    Examples
    --------
    >>> first_equal(np.float32([[1, 2], [3, 4], [1, 2], [5, 6]]), np.ones(4, np.bool_))
    array([0, 1, 0, 3], dtype=int32)
    """
    at = np.flatnonzero(usable)
    # By some columns first: where all vectors differ, most of them need not be read whole.
    step = -(-rows.shape[1] // _COLUMNS)
    at = at[_repeated(_digests(rows[:, ::step], at))]
    digests = _digests(rows, at)
    again = _repeated(digests)
    at, digests = at[again], digests[again]
    order = np.argsort(digests, kind="stable")
    at, digests = at[order].astype(np.int32), digests[order]
    first = np.arange(len(rows), dtype=np.int32)
    begins = np.flatnonzero(np.diff(digests, prepend=~digests[:1]))
    heads = np.repeat(at[begins], np.diff(begins, append=len(at)))
    alike = _equal_rows(rows, at, heads)
    first[at[alike]] = heads[alike]
    # Digests may be equal by chance: what differs from the first of its own is looked at again.
    others = np.zeros(len(rows), np.bool_)
    others[at[~alike]] = True
    if others.any():
        more = _by_bytes(rows, np.flatnonzero(others))
        first[others] = more
    return None if (first == np.arange(len(rows))).all() else first


def _digests(rows: Float32, at: Int64) -> UInt64:
    """Return a number of the bits of some rows, uint64 (len(at),)."""
    drawn = np.random.default_rng(0).integers(0, 1 << 64, rows.shape[1], np.uint64)
    odd = drawn | np.uint64(1)
    found = np.empty(len(at), np.uint64)
    for start in range(0, len(at), _BLOCK):
        some = np.ascontiguousarray(rows[at[start : start + _BLOCK]])
        mixed = some.view(np.uint32) * odd
        mixed ^= mixed >> np.uint64(32)
        mixed *= odd
        found[start : start + _BLOCK] = mixed.sum(axis=1)
    return found


def _repeated(digests: UInt64) -> Mask:
    """Tell which numbers are there more than once."""
    found = np.zeros(len(digests), np.bool_)
    ordered = np.sort(digests)
    if (ordered[1:] == ordered[:-1]).any():
        order = np.argsort(digests)
        same = digests[order[1:]] == digests[order[:-1]]
        found[order[1:][same]] = found[order[:-1][same]] = True
    return found


def _equal_rows(rows: Float32, some: npt.NDArray[Any], others: npt.NDArray[Any]) -> Mask:
    equal = np.empty(len(some), np.bool_)
    for start in range(0, len(some), _BLOCK):
        block = slice(start, start + _BLOCK)
        pair = (np.ascontiguousarray(rows[at[block]]).view(np.uint32) for at in (some, others))
        equal[block] = (next(pair) == next(pair)).all(axis=1)
    return equal


def _by_bytes(rows: Float32, at: Int64) -> Int64:
    known: dict[bytes, int] = {}
    return np.array([known.setdefault(rows[i].tobytes(), int(i)) for i in at], np.int64)


# --- expanding ------------------------------------------------------------------------------------


def _expanded(
    groups: Int64, scores: Float32, k: int, classes: Classes, filters: Filters
) -> tuple[Int64, Int32, Float32]:
    """Return the best members of groups: queries, positions and scores, in the order of answers.

    Of every query at least the ``k`` best, and not many more: no group is expanded beyond that.
    """
    counts = np.diff(classes.of_group)[groups]
    row = np.repeat(np.arange(len(groups)), counts.sum(axis=1))
    of_row = _offsets(counts.sum(axis=1))
    counts = counts.reshape(-1)
    one = _ranges(classes.of_group[groups.reshape(-1)], counts)
    score = np.repeat(scores.reshape(-1), counts)
    size = np.diff(classes.starts)[one]
    size[np.isneginf(score)] = 0
    if filters.different:
        size[~filters.differs(row, classes.members[classes.starts[one]])] = 0
    # One more where a query may be among its own answers.
    limit = k + (filters.exclude is not None)
    before = _offsets(size)
    needed = before[:-1] - before[of_row[row]] < limit
    # What has the score of the last one comes with it: positions decide between them.
    last = of_row[:-1] + np.bincount(row[needed], minlength=len(groups)) - 1
    needed |= score == score[last[row]]
    taken = np.where(needed, np.minimum(size, limit), 0)
    at = classes.members[_ranges(classes.starts[one], taken)]
    row, score = np.repeat(row, taken), np.repeat(score, taken)
    if filters.exclude is not None:
        kept = at != filters.exclude[row]
        row, at, score = row[kept], at[kept], score[kept]
    order = np.lexsort((at, -score, row))
    return row[order], at[order], score[order]


def _offsets(counts: npt.NDArray[Any]) -> Int64:
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def _ranges(starts: Int64, counts: Int64) -> Int64:
    """Return ``starts[i], starts[i] + 1, ...``, ``counts[i]`` of them, one after the other."""
    begins = _offsets(counts)
    found: Int64 = np.repeat(starts - begins[:-1], counts) + np.arange(begins[-1])
    return found


def _cuts(totals: Int64) -> Int64:
    """Return where to cut rows so that each piece has about ``_NUMBERS`` numbers."""
    piece = np.cumsum(totals) // _NUMBERS
    return np.flatnonzero(np.diff(piece)) + 1
