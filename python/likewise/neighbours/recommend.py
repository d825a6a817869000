"""Every item's neighbours, as one table: the nightly job.

Owns the arguments, and which search is made. How a list is found is in lists.py, which rules it
keeps to in choose.py, the table and its file in table.py; conditions are in attributes.py.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from likewise.arrays import Int32, Int64, Mask
from likewise.neighbours.attributes import Attributes
from likewise.neighbours.choose import Cap, Rules, name_keys
from likewise.neighbours.lists import Job, Source
from likewise.neighbours.summary import Recommendations
from likewise.neighbours.table import Counts, Rows, schema_of
from likewise.neighbours.trust import Trust, trust_report
from likewise.score.popularity import check_popularity
from likewise.search.arguments import check_k
from likewise.search.filters import Found, coded
from likewise.search.index import ExactIndex
from likewise.search.indexes import ApproximateIndex
from likewise.search.partition import pairs_of
from likewise.search.partitioned import PartitionedIndex
from likewise.state import State
from likewise.tables.catalogue import as_catalogue
from likewise.work.replacing import check_file_place, whole_file

if TYPE_CHECKING:
    from likewise.items import Items
    from likewise.search.index import Index

__all__ = ["Recommendations", "recommend_all"]

# Queries answered at once: so many that near ones, and those of equal columns, come together, as
# far as their vectors and answers take no more than so many numbers.
_CHUNK, _LEAST_CHUNK, _FLOATS, _ANSWERS = 1 << 15, 1 << 10, 1 << 24, 1 << 22
# Comparisons (queries x candidates) from which clusters are passed over that are unlikely to
# matter, and the share of the true best that is to be found then.
_EXACT, _RECALL = 1_000_000_000, 0.995
# Queries that tell what such a search, or one of a graph, needs.
_SAMPLE, _SAMPLE_OF_GRAPHS = 500, 1000
Progress = Callable[[int, int], None]
_SUFFIXES = (".parquet", ".pq")
_SIDES = {"similar": "similar", "complements": "context", "center": "center"}


class Indexed(Source, Protocol):
    """What lists are made of: a model, or vectors of another one."""

    @property
    def fingerprint(self) -> str:
        """What tells it from others."""

    def index(
        self,
        catalogue: Any = None,
        side: str = "similar",
        exact: bool | None = None,
        *,
        own_rows: bool | None = None,
        progress: Progress | None = None,
    ) -> Index:
        """Make an index of a catalogue's vectors."""


def recommend_all(
    model: Indexed,
    output: str | os.PathLike[str] | None = None,
    k: int = 20,
    *,
    side: str = "similar",
    popularity: float | None = None,
    queries: Any = None,
    catalogue: Any = None,
    where: Any = None,
    same: str | Sequence[str] | None = None,
    different: str | Sequence[str] | None = None,
    per_category: int | None = None,
    distinct: bool = False,
    diversity: float = 0.0,
    threshold: float | None = None,
    names: bool = False,
    attributes: Any = None,
    item_id: str = "item_id",
    own_rows: bool | None = None,
    exact: bool | None = None,
    recall: float | None = None,
    progress: Progress | None = None,
    building: Progress | None = None,
) -> Recommendations:
    """Find the neighbours of every item and write them as one Parquet table.

    Every list has ``k`` items whenever so many candidates pass the filters and the rules; it
    never has the item itself, nor an item twice.

    Parameters
    ----------
    output : path, optional
        A Parquet file, written beside its place and renamed when it is complete: ``item_id``,
        ``rank`` (int32, from 1), ``neighbor_id``, ``score`` (float32), ordered by the queries
        and rank. Without it the table is part of the answer.
    k : int
        Items of a list.
    side : {"similar", "complements", "center"}
        As :meth:`similar` or as :meth:`complements` would answer; or by the cosine of center
        vectors alone, as ``similar(side="center")``.
    popularity : float, optional
        As in :meth:`similar`: weight of a candidate's popularity, .3 without it, 0 for none.
    queries, catalogue : Catalogue or what Catalogue.read takes, optional
        The items asked about, and the candidates. Candidates are the items of training
        without it, queries the candidates. Neither needs events.
    where : str, bool array, positions or item ids, optional
        Only these candidates. A text is an SQL condition on the columns of the candidates:
        ``"in_stock AND category_1 <> 'Gift cards'"``.
    same, different : column or list of columns, optional
        An answer has the query's value in all of these columns; or in none of them. Unknown
        values are never the same and always different.
    per_category : int, optional
        At most so many items of one category in a list.
    distinct : bool
        Of items with nearly the same name only the best stands in a list, and none that is
        called like the query: same words, whatever their order, case and numbers.
    diversity : float
        From 0, the best scores, to below 1: how much an item's likeness to those above it in
        the list counts against it (maximal marginal relevance), popularity aside. Scores of a
        list need not fall then.
    threshold : float, optional
        Lowest score, from -1 to 1. In an approximate search a list may then lack an answer
        that scores more, as it may have a worse one in its place without a threshold.
    names : bool
        Also write ``item_name`` and ``neighbor_name``.
    attributes : path, glob, DataFrame, Arrow table, list of dicts or dict, optional
        A table with more columns for ``where``, ``same`` and ``different``. There are always
        ``item_id``, ``category``, ``name``, and ``category_1``, ``category_2``, ...: the
        path down to that level.
    item_id : str
        What the column of ids is called in ``attributes``.
    own_rows : bool, optional
        As in :meth:`encode`, for other catalogues.
    exact : bool, optional
        True compares every query with every candidate that could matter, False asks a graph by
        hnswlib. Without it many comparisons are made by partitions: candidates in clusters, of
        which each query meets the nearest. The answer says which it was.
    recall : float, optional
        Share of the true best that a search by partitions must find, measured on 500 of the
        queries before it begins, above 0 to 1. Given, it asks for partitions whatever the number
        of comparisons, and 1 for an exact search; .995 without it.
    progress : callable, optional
        Called with (queries done, queries in all).
    building : callable, optional
        Called with (vectors done, vectors in all) while a graph is built, before that.

    Returns
    -------
    Recommendations
        A summary: how many rows, full, short and empty lists, coverage, time; for other
        catalogues how far the model can be trusted with them.

    Raises
    ------
    ValueError, TypeError
        For arguments that make no sense.
    InputError
        When a column is missing or a condition cannot be read.
    StorageError
        When the file cannot be written; what was there before stays.

    Examples
    --------
    ``model.recommend_all("neighbours.parquet", 20, where="in_stock", attributes="stock.csv")``;
    ``model.recommend_all(catalogue="new-shop.csv", same="category_1", distinct=True).table``
    """
    began = time.monotonic()
    wanted = check_k(k)
    _check(side, per_category, diversity, threshold)
    weight = check_popularity(popularity)
    wanted_recall = _check_recall(recall, exact)
    if output is not None:
        check_file_place(Path(output), _SUFFIXES)  # now, and not after the work
    trust: dict[str, Trust] = {}
    candidates = model.catalogue if catalogue is None else as_catalogue(catalogue)
    asked = candidates if queries is None else as_catalogue(queries)
    for label, items in (("queries", asked), ("candidates", candidates)):
        if items is not model.catalogue and (label == "queries" or items is not asked):
            report = trust_report(model.encoder, items) if isinstance(model, State) else None
            if report is not None:
                trust[label] = report
    there = Attributes(candidates, attributes, item_id)
    here = there if asked is candidates else Attributes(asked, attributes, item_id)
    allowed = there.where(where)

    equal = _pair(here, there, _names(same), "same")
    index = model.index(
        None if candidates is model.catalogue else candidates,
        side=_SIDES[side],
        exact=exact is not False,
        own_rows=own_rows,
        progress=building,
    )
    if popularity is not None and index.side != "similar":
        raise ValueError(
            f"popularity must be left out where {index.side} vectors are compared, got "
            f"{popularity!r}"
        )
    job = Job(
        model=model,
        index=index,
        asked=asked,
        own_rows=own_rows,
        allowed=allowed,
        itself=index.catalogue.positions(asked.ids),  # type: ignore[union-attr]
        same=equal,
        different=[
            _coded(here, there, name, "different") for name in _names(different)
        ],
        rules=Rules(
            wanted,
            tuple(_caps(here, there, per_category, distinct)),
            -np.inf if threshold is None else float(threshold),
            float(diversity),
        ),
        popularity=weight,
        grouped=per_category is not None,
    )  # fmt: skip
    reached = None
    sample = np.random.default_rng(0).permutation(len(asked))
    if isinstance(index, ApproximateIndex):
        chosen = np.sort(sample[:_SAMPLE_OF_GRAPHS])
        sampled = job.asked_with(job.vectors(chosen))
        reached = index.widen(k=wanted, queries=sampled, exclude=job.itself[chosen])
    elif isinstance(index, ExactIndex) and exact is None and wanted_recall < 1.0:
        usable = len(candidates) if allowed is None else int(allowed.sum())
        comparisons = len(asked) * usable if equal is None else pairs_of(equal)
        if recall is not None or comparisons >= _EXACT:
            job.index = partitioned = PartitionedIndex.of(index)
            reached = job.tune(partitioned, wanted_recall, np.sort(sample[:_SAMPLE]))
    about = {"side": side, "k": str(wanted), "fingerprint": model.fingerprint}
    if index.side == "similar":
        about["popularity"] = str(weight)
    schema = schema_of(names, about)
    counts = Counts(len(candidates), wanted)
    lists = _lists(job, counts, progress)
    rows = Rows(asked, candidates, names, schema)
    table = None
    if output is None:
        table = pa.Table.from_batches(
            [b for one in lists for b in rows.of(*one).to_batches()], schema
        )
    else:
        with whole_file(Path(output), _SUFFIXES) as draft:
            rows.write(draft, lists)
    usable = int(allowed.sum()) if allowed is not None else len(candidates)
    return Recommendations(
        queries=len(asked),
        candidates=usable,
        rows=counts.rows,
        full=counts.full,
        short=len(asked) - counts.full - counts.empty,
        empty=counts.empty,
        coverage=float(np.count_nonzero(counts.times)) / max(1, usable),
        **_new(model, candidates, allowed, counts.times),
        search=job.index.kind,
        recall=reached,
        seconds=time.monotonic() - began,
        output=None if output is None else str(output),
        trust=trust,
        table=table,
    )


def _new(
    model: Source, candidates: Items, allowed: Mask | None, times: Int64
) -> dict[str, float | None]:
    """Return which shares of the candidates and of all places items without history have."""
    if not isinstance(model, State):
        return {"new_candidates": None, "new_places": None}
    if candidates is model.catalogue:
        at = np.arange(len(candidates))
    else:
        at = np.asarray(model.catalogue.positions(candidates.ids), np.int64)
    new = (at < 0) | (model.counts[np.maximum(at, 0)] == 0)
    there = new if allowed is None else new[allowed]
    return {
        "new_candidates": float(there.mean()) if len(there) else 0.0,
        "new_places": float(times[new].sum()) / max(1, int(times.sum())),
    }


# --- arguments ------------------------------------------------------------------------------------


def _check(side: Any, per_category: Any, diversity: Any, threshold: Any) -> None:
    if side not in _SIDES:
        raise ValueError(f"side must be 'similar', 'complements' or 'center', got {side!r}")
    if per_category is not None and (
        isinstance(per_category, bool) or not isinstance(per_category, int) or per_category < 1
    ):
        raise ValueError(f"per_category must be a whole number of at least 1, got {per_category!r}")
    if isinstance(diversity, bool) or not isinstance(diversity, int | float):
        raise TypeError(f"diversity must be a number, got {diversity!r}")
    if not 0.0 <= diversity < 1.0:
        raise ValueError(f"diversity must be at least 0 and below 1, got {diversity!r}")
    if threshold is not None and not (
        isinstance(threshold, int | float) and threshold == threshold
    ):
        raise ValueError(f"threshold must be a number, got {threshold!r}")


def _check_recall(recall: Any, exact: bool | None) -> float:
    if recall is None:
        return _RECALL
    if isinstance(recall, bool) or not isinstance(recall, int | float):
        raise TypeError(f"recall must be a number, got {recall!r}")
    if not 0.0 < recall <= 1.0:
        raise ValueError(f"recall must be above 0 and at most 1, got {recall!r}")
    if exact is not None:
        raise ValueError(f"recall must be left out where exact is given, got {recall!r}")
    return float(recall)


def _names(columns: str | Sequence[str] | None) -> list[str]:
    if columns is None:
        return []
    return [columns] if isinstance(columns, str) else list(columns)


def _coded(here: Attributes, there: Attributes, name: str, argument: str) -> tuple[Int32, Int32]:
    columns = (here.column(name, argument), there.column(name, argument))
    return coded(argument, columns, len(here.catalogue), len(there.catalogue))


def _pair(
    here: Attributes, there: Attributes, names: list[str], argument: str
) -> tuple[Int32, Int32] | None:
    """Make one column of codes of several: equal where all of them are."""
    if not names:
        return None
    asked, found = _coded(here, there, names[0], argument)
    for name in names[1:]:
        more_asked, more_found = _coded(here, there, name, argument)
        width = int(max(more_asked.max(initial=0), more_found.max(initial=0))) + 1
        both = [
            np.where((one < 0) | (two < 0), -1, one.astype(np.int64) * width + two)
            for one, two in ((asked, more_asked), (found, more_found))
        ]
        asked, found = coded(argument, (both[0], both[1]), len(asked), len(found))
    return asked, found


def _caps(
    here: Attributes, there: Attributes, per_category: int | None, distinct: bool
) -> Iterator[Cap]:
    if per_category is not None:
        codes = _coded(there, there, "category", "per_category")[1]
        # Items without a category are a group like any other.
        yield Cap(np.where(codes < 0, codes.max(initial=-1) + 1, codes), per_category)
    if distinct:
        known: dict[str, int] = {}
        found = name_keys(there.catalogue.names.to_pylist(), known)
        asked = found if here is there else name_keys(here.catalogue.names.to_pylist(), known)
        yield Cap(found, 1, asked)


def _lists(job: Job, counts: Counts, progress: Progress | None) -> Iterator[tuple[int, Found]]:
    """Yield the lists of some queries, in order, and the number of the first of them."""
    total = len(job.asked)
    size = min(_CHUNK, _FLOATS // job.index.dim, _ANSWERS // job.rules.pool)
    size = max(_LEAST_CHUNK, size)
    for start in range(0, total, size):
        stop = min(start + size, total)
        found = job.lists(job.vectors(np.arange(start, stop)), np.arange(start, stop))
        counts.add(found.positions)
        yield start, found
        if progress is not None:
            progress(stop, total)
