"""The lists of some queries, each complete as far as the candidates go.

Owns how lists that rules have left short are completed: by looking at more candidates, or at every
category for itself. Used by neighbours/recommend.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from likewise.arrays import Float32, Int32, Mask
from likewise.items import Embedded, Items
from likewise.neighbours.choose import Rules, choose, diversify
from likewise.score.blend import Blend, blend_of
from likewise.score.evidence import evidence_in
from likewise.score.pairs import Table, listed, rows_of
from likewise.search.filters import Found, Listed
from likewise.search.index import Index
from likewise.search.partitioned import PartitionedIndex

if TYPE_CHECKING:
    from likewise.state import State

__all__ = ["Job", "Source"]

Int64 = npt.NDArray[np.int64]
Pair = tuple[npt.NDArray[Any], npt.NDArray[Any]]

# Numbers that a step of the completion may hold in memory at once.
_NUMBERS = 1 << 24
# Categories up to which each is searched for itself.
_GROUPS = 5000
# Candidates to look at before that: cheaper than every category, and mostly enough.
_GROUPED_WIDTH = 2000


class Source(Embedded, Protocol):
    """Where the vectors of queries come from: a model, or vectors of another one."""

    def encode(
        self, catalogue: Any, side: str = "center", *, own_rows: bool | None = None
    ) -> Float32:
        """Make vectors of other items."""


@dataclass(eq=False)
class Job:
    """Everything that a piece of the work needs.

    Attributes
    ----------
    itself : int32 array (n_queries,)
        Where each query is among the candidates; -1 where it is not.
    popularity : float
        Weight of the answers' popularity, where the index is one of the blend.
    grouped : bool
        The first of the rules' caps is one of categories, all codes from 0.
    """

    model: Source
    index: Index
    asked: Items
    own_rows: bool | None
    allowed: Mask | None
    itself: Int32
    same: tuple[Int32, Int32] | None
    different: list[tuple[Int32, Int32]]
    rules: Rules
    popularity: float
    grouped: bool

    def vectors(self, rows: Int64) -> Float32:
        """Return what some queries would be found by, or their center vectors where these ask.

        Float32 (len(rows), dim of the index).
        """
        known = self.asked is self.model.catalogue
        if self.index.side != "similar":
            if known:
                return self.model.center[rows]
            return self.model.encode(self.asked.take(rows), own_rows=self.own_rows)
        blend = self._blend
        if self.asked is self.index.catalogue:
            return self.index.vectors_at(rows)
        if self.asked is self.model.catalogue:
            return blend.trained_vectors(rows, blend.domain_in(self.index))
        at = self._trained_at(rows)
        return blend.item_vectors(
            self.asked.take(rows), None if (at < 0).all() else at, blend.domain_in(self.index)
        )

    def _trained_at(self, rows: Int64) -> Int64:
        """Return where some queries are in training, -1 for those composed from their content."""
        if self.asked is self.model.catalogue:
            return rows
        encoder = cast("State", self.model).encoder
        at = encoder.positions(self.asked.take(rows), self.own_rows)
        return np.full(len(rows), -1) if at is None else np.asarray(at, np.int64)

    def asked_with(self, vectors: Float32) -> Float32:
        """Return what queries ask with, of their vectors."""
        if self.index.side != "similar":
            return vectors
        return self._blend.query_vectors(vectors, self.popularity)

    def _listed(self, vectors: Float32, rows: Int64) -> Listed | None:
        """Return what pairs of items seen together say of the answers to some queries."""
        if self.index.side != "similar":
            return None
        evidence = evidence_in(self._blend, self.index)
        if evidence is None:
            return None
        some, first, place = np.unique(rows, return_index=True, return_inverse=True)
        at = self._trained_at(some)
        new = some[at < 0]
        found = evidence.of(at, vectors[first], (self.asked.take(new), np.arange(len(new))))
        if len(some) == len(rows):  # both ascend
            return found
        table = rows_of(Table(found.offsets, found.positions, found.weights), place)
        return listed(table)

    @property
    def _blend(self) -> Blend:
        return blend_of(cast("State", self.model))  # an index of the blend is one of a model

    def lists(self, vectors: Float32, rows: Int64) -> Found:
        """Return the lists of some queries: ``rows`` are their numbers, ``vectors`` theirs."""
        rules = self.rules.of(rows)
        width = min(rules.pool, max(1, len(self.index)))
        found, short = choose(self._search(vectors, rows, width), rules)
        waiting = np.flatnonzero(short)
        waiting = waiting[_lengths(found)[waiting] < self._attainable[rows[waiting]]]
        by_group = self.grouped and self._groups <= _GROUPS
        most = min(_GROUPED_WIDTH, len(self.index)) if by_group else len(self.index)
        waiting = self._complete(found, vectors, rows, waiting, width, most)
        if by_group:
            self._complete_by_group(found, vectors, rows, waiting)
        return self._diversified(found, rules) if rules.diversity else found

    def tune(self, index: PartitionedIndex, recall: float, rows: Int64) -> float:
        """Make a partitioned index find a share of the best of some queries; return its recall."""
        return index.tune(
            recall, self.rules.k, self.asked_with(self.vectors(rows)), self.itself[rows],
            self.allowed, **self._columns(rows),
        )  # fmt: skip

    def _columns(self, rows: Int64) -> dict[str, Any]:
        """Return the columns that queries and answers are compared in."""
        return {
            "same": None if self.same is None else (self.same[0][rows], self.same[1]),
            "different": [(asked[rows], found) for asked, found in self.different],
        }

    def _search(self, vectors: Float32, rows: Int64, k: int, same: Pair | None = None) -> Found:
        columns = self._columns(rows)
        if same is not None:
            columns["same"] = same
        return self.index.search(
            self.asked_with(vectors), k, self.allowed, self.itself[rows],
            listed=self._listed(vectors, rows), **columns,
        )  # fmt: skip

    @cached_property
    def _attainable(self) -> Int64:
        """The most that the caps let each list have, int64 (n_queries,)."""
        most = np.full(len(self.asked), self.rules.k, dtype=np.int64)
        for cap in self.rules.caps:
            codes = cap.codes if self.allowed is None else cap.codes[self.allowed]
            sizes = np.bincount(codes[codes >= 0], minlength=1)
            bound = int((codes < 0).sum() + np.minimum(sizes, cap.most).sum())
            bounds = np.full(len(most), bound, dtype=np.int64)
            if cap.of_queries is not None and cap.most == 1:
                theirs = cap.of_queries
                there = (theirs >= 0) & (theirs < len(sizes))
                bounds[there] -= sizes[theirs[there]] > 0
            most = np.minimum(most, bounds)
        return most

    # --- completion -------------------------------------------------------------------------------

    def _complete(
        self,
        found: Found,
        vectors: Float32,
        rows: Int64,
        waiting: Int64,
        width: int,
        most: int,
    ) -> Int64:
        """Look at more and more candidates of the lists that wait; return those that still do."""
        while len(waiting) and width < most:
            width = min(8 * width, most)
            step = max(1, _NUMBERS // width)
            left = []
            for at in range(0, len(waiting), step):
                some = waiting[at : at + step]
                more, short = choose(
                    self._search(vectors[some], rows[some], width), self.rules.of(rows[some])
                )
                _put(found, some, more)
                left.append(some[short & (_lengths(more) < self._attainable[rows[some]])])
            waiting = np.concatenate(left)
        return waiting

    @property
    def _groups(self) -> int:
        return int(self.rules.caps[0].codes.max(initial=-1)) + 1

    def _complete_by_group(
        self, found: Found, vectors: Float32, rows: Int64, waiting: Int64
    ) -> None:
        """Search every category for itself: its cap is all that a list can take of it.

        Where another rule drops some of them, more of each category are looked at, until every
        category has given what it may or has no more.
        """
        cap, groups = self.rules.caps[0], self._groups
        each = cap.most if len(self.rules.caps) == 1 else 4 * cap.most
        while len(waiting):
            each = min(each, len(self.index))
            step = max(1, _NUMBERS // (groups * max(each, self.index.dim)))
            left = []
            for at in range(0, len(waiting), step):
                some = waiting[at : at + step]
                merged, full = self._best_by_group(vectors[some], rows[some], each)
                more, _ = choose(merged, self.rules.of(rows[some]))
                _put(found, some, more)
                given = np.zeros((len(some), groups), dtype=np.int64)
                at_rows, at_columns = np.nonzero(more.positions >= 0)
                codes = cap.codes[more.positions[at_rows, at_columns]]
                np.add.at(given, (at_rows, codes), 1)
                open_ = (full & (given < cap.most)).any(axis=1)
                left.append(some[open_ & (_lengths(more) < self._attainable[rows[some]])])
            waiting = np.concatenate(left)
            if each == len(self.index):
                return
            each *= 4

    def _best_by_group(
        self, vectors: Float32, rows: Int64, each: int
    ) -> tuple[Found, npt.NDArray[np.bool_]]:
        """Return the best of all categories, best first, and which categories may have more."""
        codes, groups = self.rules.caps[0].codes, self._groups
        asked = np.zeros(len(rows), np.int64)
        found = np.zeros(len(codes), np.int64)
        if self.same is not None:
            asked, found = self.same[0][rows].astype(np.int64), self.same[1].astype(np.int64)
        mine = np.where(asked[:, None] < 0, -1, asked[:, None] * groups + np.arange(groups))
        theirs = np.where(found < 0, -1, found * groups + codes)
        answer = self._search(
            np.repeat(vectors, groups, axis=0),
            np.repeat(rows, groups),
            each,
            same=(mine.reshape(-1), theirs),
        )
        full = (answer.positions[:, -1] >= 0).reshape(len(rows), groups)
        positions = answer.positions.reshape(len(rows), -1)
        scores = answer.scores.reshape(len(rows), -1)
        last = np.where(positions < 0, np.iinfo(np.int32).max, positions)
        order = np.lexsort((last, -scores), axis=-1)
        merged = Found(
            np.take_along_axis(positions, order, axis=1), np.take_along_axis(scores, order, axis=1)
        )
        return merged, full

    def _diversified(self, found: Found, rules: Rules) -> Found:
        m, dim = found.positions.shape[1], self.index.dim
        step = max(1, _NUMBERS // (m * (m + dim)))
        parts = []
        for at in range(0, len(found.positions), step):
            part = Found(found.positions[at : at + step], found.scores[at : at + step])
            near = self.index.vectors_at(np.maximum(part.positions, 0).reshape(-1))
            if self.index.side == "similar":
                near = self._blend.likeness_vectors(near)
            parts.append(diversify(part, near.reshape(len(part.positions), m, -1), rules))
        return Found(
            np.concatenate([part.positions for part in parts]),
            np.concatenate([part.scores for part in parts]),
        )


def _lengths(found: Found) -> Int64:
    lengths: Int64 = (found.positions >= 0).sum(axis=1)
    return lengths


def _put(found: Found, rows: Int64, more: Found) -> None:
    """Replace some lists by longer ones, as wide as there is room."""
    width = min(found.positions.shape[1], more.positions.shape[1])
    found.positions[rows], found.scores[rows] = -1, -np.inf
    found.positions[rows, :width] = more.positions[:, :width]
    found.scores[rows, :width] = more.scores[:, :width]
