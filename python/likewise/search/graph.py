"""The approximate index: a navigable small-world graph by hnswlib, completed exactly.

The only file that imports hnswlib. Owns how a graph is built, asked and read back; what a graph
file must look like before hnswlib may see it is in search/graph_check.py. Used through index.py.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from likewise.arrays import Float32, Int32, Int64, unit_rows
from likewise.search.equal import Classes, EqualVectors, first_equal
from likewise.search.filters import Filters, Found, share_found
from likewise.search.graph_check import check_graph
from likewise.search.index import ExactIndex, Index
from likewise.work.machine import usable_cores

if TYPE_CHECKING:
    from likewise.items import Items

# Rows handed to hnswlib at once, so that Ctrl-C is answered between two blocks.
_BLOCK = 8192
# A filter is answered by asking for more and dropping what it forbids, up to this many.
_WIDEST = 1000
_M = 16
_EF = 64


class ApproximateIndex(Index):
    """A navigable small-world graph (Malkov and Yashunin 2018) by hnswlib: fast, nearly right.

    ``M=16``, ``ef_construction=200``. A filter that leaves much is answered by the graph, and
    lists that come out short are completed by an exact search; one that leaves little, and a
    search that wants much of the graph, are exact altogether. With more than one thread two builds
    may differ a little. Equal vectors are in the graph once, however many there are, and answers
    have all of them.

    Parameters
    ----------
    vectors : array_like, (n, dim)
        Vectors of any length. Copied.
    catalogue : Catalogue, optional
        The items they belong to.
    side : str, optional
        Which side of a model they are.
    metric : {"cosine", "dot"}
        What a score is.
    fingerprint : str, optional
        Which model they come from.
    threads : int
        Workers of the build and of a search; 0 takes the cores there are.
    ef : int, optional
        Width of a search, at least 1: the wider, the more is found and the longer it takes; 64
        without it, and never less than twice the answers wanted. Kept in files.
    progress : callable, optional
        Called with (vectors done, vectors in all) while the graph is built.

    Raises
    ------
    ValueError, TypeError
        For vectors that are not finite numbers or another argument that makes no sense.

    Examples
    --------
    >>> ApproximateIndex([[3.0, 4.0], [4.0, 3.0]], ef=100).search([[1.0, 0.0]], k=1).positions
    array([[1]], dtype=int32)
    """

    kind = "hnsw"
    _twin: ExactIndex | None = None
    _large: ExactIndex | None = None
    _equal: EqualVectors | None = None  # None where the graph holds every usable vector

    def __init__(
        self,
        vectors: npt.ArrayLike,
        catalogue: Items | None = None,
        *,
        side: str | None = None,
        metric: str = "cosine",
        fingerprint: str | None = None,
        threads: int = 0,
        ef: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.ef = check_ef(ef)
        self._progress = progress
        super().__init__(
            vectors,
            catalogue,
            side=side,
            metric=metric,
            fingerprint=fingerprint,
            threads=threads,
        )

    def _build(self, rows: Float32) -> None:
        import hnswlib

        prepared, self._usable = unit_rows(rows, self.metric == "cosine")
        first = first_equal(prepared, self._usable)
        if first is None:
            labels, most = np.flatnonzero(self._usable), len(rows)
            done = np.arange(1, len(labels) + 1)
        else:
            self._equal = EqualVectors(first, self._usable)
            labels, most = self._equal.distinct, len(self._equal.distinct)
            done = np.cumsum(self._equal.sizes)
        self._graph = hnswlib.Index(space="ip", dim=self.dim)
        self._graph.init_index(
            max_elements=max(1, most), M=_M, ef_construction=200, random_seed=100
        )
        for start in range(0, len(labels), _BLOCK):
            block = labels[start : start + _BLOCK]
            self._graph.add_items(prepared[block], block, num_threads=self._workers())
            if self._progress is not None:
                self._progress(int(done[start + len(block) - 1]), int(done[-1]))

    def _workers(self) -> int:
        cores = usable_cores()  # a model may come from a machine that has more
        return min(self.threads or cores, cores)

    def _find(self, queries: Float32, k: int, filters: Filters) -> Found:
        if filters.same is not None or filters.excluded is not None:
            return self._exact_twin()._find(queries, k, filters)  # a scan knows equal columns
        usable = int(self._graph.get_current_count())
        equal, classes, share = self._equal, None, 1.0
        if equal is not None:
            classes = equal.classes(filters)
            share = classes.share
        elif filters.allowed is not None:
            share = float(filters.allowed.sum()) / max(1, usable)
        # One more where a query leaves one out; half as many again as a filter lets through.
        wide = k + (filters.exclude is not None) + (8 if filters.different else 0)
        if share < 1.0:
            wide = int(min(1.5 * wide / max(share, 1e-9), 1e9)) + 1
        # Asking for most of a graph is slower than a scan.
        if wide * 4 >= usable or (wide > _WIDEST and wide > 2 * k):
            return self._exact_twin()._find(queries, k, filters)
        positions = np.empty((len(queries), k), dtype=np.int32)
        scores = np.empty((len(queries), k), dtype=np.float32)
        for start in range(0, len(queries), _BLOCK):
            block = slice(start, start + _BLOCK)
            theirs = filters.of(block)
            asked = self._ask(queries[block], wide)
            if asked is None:
                found = self._exact_twin()._find(queries[block], k, theirs)
            else:
                if equal is None or classes is None:
                    found = _best_first(*asked, k, theirs)
                else:
                    groups = self._with_groups(equal, classes, queries[block], *asked, theirs)
                    found = Found(*equal.expand(*groups, k, classes, theirs))
                short = np.flatnonzero(found.positions[:, -1] < 0)
                if len(short):
                    more = self._exact_twin()._find(queries[block][short], k, theirs.of(short))
                    found.positions[short], found.scores[short] = more
            positions[block], scores[block] = found
        return Found(positions, scores)

    def _ask(self, queries: Float32, k: int) -> tuple[npt.NDArray[np.uint64], Float32] | None:
        """Ask the graph for labels and distances; None when it cannot reach ``k`` items."""
        width = max(self.ef, 2 * k)
        for ef in (width, 4 * width):
            self._graph.set_ef(ef)
            try:
                labels, distances = self._graph.knn_query(queries, k=k, num_threads=self._workers())
            except RuntimeError as error:
                # "Cannot return the results in a contiguous 2D array": fewer than k were reached.
                if "contiguous" not in str(error):
                    raise
            else:
                return labels, distances
        return None

    def _with_groups(
        self,
        equal: EqualVectors,
        classes: Classes,
        queries: Float32,
        labels: npt.NDArray[np.uint64],
        distances: Float32,
        filters: Filters,
    ) -> tuple[Int64, Float32]:
        """Add large groups, and that of an item that asks, to the labels that the graph has found.

        A group far from everything else is one element that perhaps no link leads to, and many
        items. Returns labels and scores, minus infinity where there is none. Those that score
        less than all that the graph has found are none: it may not have looked so far, and a list
        that filters leave short is to be seen as such.
        """
        near, found = labels.astype(np.int64), np.float32(1.0) - distances
        lowest = found.min(axis=1, keepdims=True)
        lowest -= np.float32(1e-6) * np.maximum(1.0, np.abs(lowest))
        if self._large is None:
            vectors = self.vectors_at(equal.large)
            self._large = ExactIndex(vectors, metric="dot", threads=self.threads)
        k = len(equal.large) if filters.different else min(near.shape[1], len(equal.large))
        large = self._large._find(queries, k, Filters(allowed=equal.large_in(classes)))
        groups = [near, equal.large[large.positions]]
        scores = [equal.without_large(near, found), large.scores]
        if filters.exclude is not None:
            rows = np.flatnonzero(equal.missing(filters.exclude, near))
            own, score = near[:, :1].copy(), np.full((len(near), 1), -np.inf, np.float32)
            own[rows, 0] = equal.first[filters.exclude[rows]]
            score[rows, 0] = (queries[rows] * self.vectors_at(own[rows, 0])).sum(axis=1)
            groups.append(own)
            scores.append(score)
        both = np.concatenate(scores, axis=1)
        both[both < lowest] = -np.inf
        return np.concatenate(groups, axis=1), both

    def widen(
        self,
        recall: float = 0.98,
        k: int = 10,
        queries: npt.ArrayLike | None = None,
        exclude: npt.ArrayLike | None = None,
    ) -> float:
        """Double ``ef``, up to 2048, until a search finds this share of the true ``k`` best.

        Returns the share that was reached, measured as :meth:`recall` does with 1000 items of the
        index or with these ``queries``. The width stays, and is saved with the index.
        """
        if not self._usable.any():
            return 1.0
        asked, chosen = self._sample(1000, 0, queries, exclude)
        true = self._exact_twin().search(asked, k, exclude=chosen)
        while True:
            reached = share_found(self.search(asked, k, exclude=chosen), true)
            if reached >= recall or self.ef >= 2048:
                return reached
            self.ef = min(2048, 2 * max(self.ef, 2 * k))

    def vectors_at(self, positions: npt.ArrayLike) -> Float32:
        """Return vectors as the graph holds them; see `Index.vectors_at`."""
        at = np.asarray(positions, dtype=np.int64)
        if self._equal is not None:
            at = self._equal.first[at].astype(np.int64)
            distinct, place = np.unique(at, return_inverse=True)
            if len(distinct) < len(at):  # each of them is read once
                return self.vectors_at(distinct)[place]
        vectors = np.zeros((len(at), self.dim), dtype=np.float32)
        there = np.flatnonzero(self._usable[at])
        # In blocks: hnswlib makes a Python number of every float on the way.
        for start in range(0, len(there), _BLOCK):
            block = there[start : start + _BLOCK]
            vectors[block] = self._graph.get_items(at[block])
        return vectors

    def _exact_twin(self) -> ExactIndex:
        """Build the exact index over the same vectors when first asked for."""
        if self._twin is None:
            self._twin = ExactIndex(
                self.vectors_at(np.arange(self._size)),
                self.catalogue,
                side=self.side,
                metric=self.metric,
                fingerprint=self.fingerprint,
                threads=self.threads,
            )
        return self._twin

    # --- files ------------------------------------------------------------------------------------

    def _sections(self) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="likewise-") as folder:
            path = Path(folder) / "graph"
            self._graph.save_index(str(path))
            graph = path.read_bytes()
        sections: dict[str, Any] = {"usable": self._usable.view(np.uint8)}
        if self._equal is not None:
            sections["first"] = self._equal.first
        return {**sections, "graph": graph}

    @classmethod
    def _restored(
        cls, about: dict[str, Any], sections: dict[str, Any], **described: Any
    ) -> ApproximateIndex:
        import hnswlib

        usable = np.frombuffer(sections["usable"], dtype=np.uint8)
        if len(usable) != about["size"] or usable.max(initial=0) > 1:
            raise ValueError("its vectors do not fit its header")
        graph, dim = sections["graph"], about["dim"]
        index = cls.__new__(cls)
        index._describe(**described)
        index._size, index.dim, index.ef = about["size"], dim, about["ef"]
        index._usable = usable.astype(np.bool_)
        labels = np.flatnonzero(usable)
        if "first" in sections:
            first = np.frombuffer(sections["first"], dtype="<i4")
            index._equal = EqualVectors(first, index._usable)
            labels = index._equal.distinct
        check_graph(graph, dim=dim, labels=labels, size=len(usable))
        index._graph = hnswlib.Index(space="ip", dim=dim)
        with tempfile.TemporaryDirectory(prefix="likewise-") as folder:
            path = Path(folder) / "graph"
            path.write_bytes(graph)
            index._graph.load_index(str(path))
        return index


def check_ef(ef: Any) -> int:
    """Return the width of a search: the default for None. Raises TypeError or ValueError."""
    if ef is None:
        return _EF
    if isinstance(ef, bool) or not isinstance(ef, int | np.integer):
        raise TypeError(f"ef must be a whole number, got {ef!r}")
    if ef < 1:
        raise ValueError(f"ef must be at least 1, got {ef}")
    return int(ef)


def _best_first(
    labels: npt.NDArray[np.uint64], distances: Float32, k: int, filters: Filters
) -> Found:
    """Bring hnswlib's answer into the order of the contract, without what is filtered out."""
    positions: Int32 = labels.astype(np.int32)
    scores = np.float32(1.0) - distances
    dropped = ~filters.passes(positions)
    positions[dropped] = np.iinfo(np.int32).max
    scores[dropped] = -np.inf
    order = np.lexsort((positions, -scores), axis=-1)[:, :k]
    positions = np.take_along_axis(positions, order, axis=1)
    scores = np.take_along_axis(scores, order, axis=1)
    positions[np.isneginf(scores)] = -1
    return Found(positions, scores)
