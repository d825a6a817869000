"""Clusters: the items of a catalogue in groups of alike ones, with names that say what they are.

Owns which items are grouped and how, the numbers that clusters keep from one day to the next, and
their files. The methods are in kmeans.py and hdbscan.py, names in names.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from likewise.arrays import unit_rows
from likewise.clustering.hdbscan import MOST_ITEMS, tight_groups
from likewise.clustering.kmeans import choose_number, k_means
from likewise.clustering.names import GroupName, name_groups
from likewise.display.tables import table as text_table
from likewise.display.terminal import terminal_width
from likewise.errors import InputError
from likewise.items import Items
from likewise.tables.catalogue import Catalogue, as_catalogue
from likewise.work.replacing import whole_file

if TYPE_CHECKING:
    from likewise.state import State

__all__ = ["METHODS", "Clusters", "clusters"]

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]

METHODS = ("kmeans", "hdbscan")
_MIN_SIZE = 10
_NEAREST, _CENTRAL = 3, 5
_SHOWN = 40
_SMALLEST_OVERLAP = 0.1  # Jaccard below which a cluster of today is no cluster of yesterday


@dataclass(frozen=True, eq=False)
class Clusters:
    """Items in groups; made by :func:`likewise.clusters`.

    Attributes
    ----------
    catalogue : Catalogue
        The items.
    labels : int32 array (n_items,)
        The number of each item's cluster; -1 for an item without a vector, and with HDBSCAN for
        one that is in no cluster.
    similarity : float32 array (n_items,)
        Cosine of each item to the middle of its cluster; not a number without one.
    ids : int32 array (n,)
        The numbers of the clusters, beside the rows of ``table``.
    centroids : float32 array (n, dim)
        Unit vectors: the middle of each.
    table : pyarrow.Table
        One row for each cluster, the largest first: ``cluster`` (its number), ``name``, ``items``,
        ``events`` (int64), ``cohesion`` (mean cosine of its items to its middle), ``category``
        (the path that fits best), ``category_share`` (share of its items in it), ``words``,
        ``nearest`` (numbers of the nearest clusters), ``central`` (ids of the items nearest to its
        middle).
    settings : dict
        ``method``, ``n``, ``seed``; ``silhouettes`` by number of clusters where the number was
        chosen; ``min_size`` and ``outside``, the items with vectors in no cluster, with HDBSCAN.

    Examples
    --------
    ``print(lw.clusters(model, n=20))``
    """

    catalogue: Items
    labels: Int32
    similarity: Float32
    ids: Int32
    centroids: Float32
    table: pa.Table
    settings: dict[str, Any]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def items(self) -> pa.Table:
        """The items: ``item_id``, ``cluster`` (int32), ``cluster_name``, ``similarity``.

        In the order of the catalogue; null where an item is in no cluster.
        """
        names = dict(zip(self.ids.tolist(), self.table.column("name").to_pylist(), strict=True))
        outside = self.labels < 0
        return pa.table(
            {
                "item_id": self.catalogue.ids,
                "cluster": pa.array(self.labels, mask=outside),
                "cluster_name": pa.array(
                    [names.get(label) for label in self.labels.tolist()], pa.large_string()
                ),
                "similarity": pa.array(self.similarity, mask=outside),
            }
        )

    def write(self, path: str | os.PathLike[str], what: str = "items") -> Path:
        """Write a Parquet file of the ``items`` or of the ``clusters`` (``table``).

        Raises
        ------
        StorageError
            When it cannot be written; nothing is left behind then.
        """
        if what not in ("items", "clusters"):
            raise ValueError(f"what must be 'items' or 'clusters', got {what!r}")
        with whole_file(Path(path), (".parquet", ".pq")) as draft:
            rows = self.items if what == "items" else self.table
            pq.write_table(rows, draft, compression="zstd")
        return Path(path)

    def match(self, earlier: Clusters | pa.Table | str | os.PathLike[str]) -> pa.Table:
        """Tell which clusters are those of an earlier day.

        Pairs are chosen so that all of them together share the most: the sum of their Jaccard
        overlaps over the items that both days have is the highest there is.

        Parameters
        ----------
        earlier : Clusters, or the table or file of its ``items``
            Columns ``item_id`` and ``cluster``.

        Returns
        -------
        pyarrow.Table
            ``cluster`` (of today), ``earlier`` (int32, null when it is a new one), ``shared``
            (int64, items in both), ``overlap`` (float32, Jaccard: items in both among those in
            either). A pair of less than 0.1 overlap is none.
        """
        from scipy.optimize import linear_sum_assignment

        before = _numbers(earlier)
        at = self.catalogue.positions(before.column("item_id"))
        numbers = before.column("cluster").to_numpy(zero_copy_only=False).astype(np.float64)
        known = (at >= 0) & (numbers == numbers) & (numbers >= 0)
        both = known.copy()
        both[known] = self.labels[at[known]] >= 0
        old_ids, old = np.unique(numbers[both].astype(np.int32), return_inverse=True)
        row_of = {number: row for row, number in enumerate(self.ids.tolist())}
        new = np.array([row_of[label] for label in self.labels[at[both]].tolist()], np.int64)
        shared = np.zeros((len(self), len(old_ids)), np.int64)
        np.add.at(shared, (new, old), 1)
        either = shared.sum(axis=1)[:, None] + shared.sum(axis=0)[None, :] - shared
        overlap = shared / np.maximum(1, either)
        partner = np.full(len(self), -1)
        rows, columns = linear_sum_assignment(-overlap)
        good = overlap[rows, columns] >= _SMALLEST_OVERLAP
        partner[rows[good]] = columns[good]
        found = partner >= 0
        at_best = (np.arange(len(self))[found], partner[found])
        earlier_ids, in_both = np.full(len(self), -1, np.int32), np.zeros(len(self), np.int64)
        shares = np.zeros(len(self), np.float32)
        earlier_ids[found] = old_ids[partner[found]]
        in_both[found], shares[found] = shared[at_best], overlap[at_best]
        return pa.table(
            {
                "cluster": pa.array(self.ids),
                "earlier": pa.array(earlier_ids, mask=~found),
                "shared": pa.array(in_both),
                "overlap": pa.array(shares),
            }
        )

    def numbered_as(self, earlier: Clusters | pa.Table | str | os.PathLike[str]) -> Clusters:
        """Return the same clusters with the numbers of an earlier day where they match.

        What is new gets numbers that the earlier day did not have.
        """
        before = _numbers(earlier)
        pairs = self.match(before).column("earlier").to_pylist()
        highest = max([-1, *(n for n in before.column("cluster").to_pylist() if n is not None)])
        fresh = iter(range(highest + 1, highest + 1 + len(self)))
        ids = np.array([next(fresh) if n is None else n for n in pairs], np.int32)
        renumber = dict(zip(self.ids.tolist(), ids.tolist(), strict=True))
        labels = np.array([renumber.get(label, -1) for label in self.labels.tolist()], np.int32)
        nearest = [[renumber[o] for o in row] for row in self.table.column("nearest").to_pylist()]
        table = self.table.set_column(0, "cluster", pa.array(ids))
        place = table.schema.get_field_index("nearest")
        table = table.set_column(place, "nearest", pa.array(nearest, pa.list_(pa.int32())))
        return replace(self, ids=ids, labels=labels, table=table)

    def __repr__(self) -> str:
        rows = [
            [str(r["cluster"]), f"{r['items']:,}", f"{r['cohesion']:.2f}", r["name"]]
            for r in self.table.slice(0, _SHOWN).to_pylist()
        ]
        head = f"{len(self):,} clusters of {int((self.labels >= 0).sum()):,} items"
        if outside := self.settings.get("outside"):
            head += f", {outside:,} are in none"
        lines = text_table(
            ["", "items", "cohesion", "name"], rows, right=(0, 1, 2), flexible=(3,),
            width=terminal_width(),
        )  # fmt: skip
        more = len(self) - _SHOWN
        return "\n".join([head, lines] + ([f"… and {more:,} more"] if more > 0 else []))


def clusters(
    model: State,
    n: int | None = None,
    *,
    method: str = "kmeans",
    min_size: int | None = None,
    catalogue: Catalogue | Any | None = None,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Clusters:
    """Group items by their center vectors, taken to length 1, and name what they share.

    Parameters
    ----------
    model : Model
        Whose vectors are used.
    n : int, optional
        Clusters, at least 1 and at most as many as there are items with vectors. Without it the
        fewest, of some from 4 to 256, whose mean simplified silhouette (Vendramin et al. 2010) is
        at least nine tenths of the highest: how much nearer, on average, an item is to the middle
        of its own cluster than to the next. Looked for on a sample of up to 10,000 items.
        HDBSCAN finds the number itself and takes no n.
    method : {"kmeans", "hdbscan"}
        k-means puts every item into a cluster: a partition, to browse a catalogue or to put items
        on pages. HDBSCAN (Campello et al. 2013) finds tight groups only, near duplicates and
        series, and leaves out what lies alone, often most of a catalogue: its cluster is null. It
        is for up to 30,000 items; its time grows with their square.
    min_size : int, optional
        Items of the smallest cluster of HDBSCAN, at least 2; 10 without it.
    catalogue : Catalogue or what Catalogue.read takes, optional
        Other items than those of training; no events are needed.
    seed : int
        Same model, same seed, same clusters with the same numbers. HDBSCAN has no chance in it.
    progress : callable, optional
        Gets fits done and in all.

    Returns
    -------
    Clusters
        Numbered by size, 0 is the largest.

    Raises
    ------
    InputError
        When an argument is out of range or goes with the other method, no item has a vector, there
        are too many items for HDBSCAN, or it finds no cluster.
    ImportError
        When scikit-learn is missing; names the extra.

    Examples
    --------
    >>> print(lw.clusters(model, n=20))  # doctest: +SKIP
    >>> series = lw.clusters(model, method="hdbscan", min_size=5)  # doctest: +SKIP
    """
    _check(method, n, min_size)
    if catalogue is None:
        items, vectors, counts = model.catalogue, model.center, model.counts
    else:
        items = as_catalogue(catalogue)
        vectors = model.encoder.encode(items, trained=model.encoder.positions(items, None))
        counts = np.zeros(len(items), np.int64)
    units, usable = unit_rows(vectors)
    known = np.flatnonzero(usable)
    if not len(known):
        raise InputError("catalogue must have items with vectors to cluster, got none")
    if n is not None and n > len(known):
        raise InputError(f"n must be at most {len(known):,}, the items with vectors, got {n:,}")
    points = np.ascontiguousarray(units[known])
    settings: dict[str, Any] = {"method": method, "seed": seed}
    if method == "hdbscan":
        settings["min_size"] = int(min_size or _MIN_SIZE)
        found, centroids = _tight(points, settings["min_size"])
    else:
        if n is None:
            n, settings["silhouettes"] = choose_number(points, seed, progress)
        found, centroids = k_means(points, int(n), seed)
    inside = np.flatnonzero(found >= 0)
    if len(inside) < len(known):
        settings["outside"] = len(known) - len(inside)
    known, found, points = known[inside], found[inside], points[inside]
    # The largest first; of equally large ones that whose first item comes first.
    sizes = np.bincount(found, minlength=len(centroids))
    first = np.full(len(centroids), len(known))
    np.minimum.at(first, found, np.arange(len(known)))
    order = np.lexsort((first, -sizes))[: int((sizes > 0).sum())]
    number = np.empty(len(centroids), np.int32)
    number[order] = np.arange(len(order))
    labels = np.full(len(items), -1, np.int32)
    labels[known] = number[found]
    centroids = centroids[order]
    similarity = np.full(len(items), np.nan, np.float32)
    similarity[known] = np.einsum("ij,ij->i", points, centroids[labels[known]])
    settings["n"] = len(order)
    names = name_groups(items, labels, len(order), model.options.threads)
    table = _table(items, counts, labels, similarity, centroids, names)
    ids = np.arange(len(order), dtype=np.int32)
    return Clusters(items, labels, similarity, ids, centroids, table, settings)


def _check(method: str, n: int | None, min_size: int | None) -> None:
    if method not in METHODS:
        raise InputError(f"method must be 'kmeans' or 'hdbscan', got {method!r}")
    for name, value, least, goes_with in (
        ("n", n, 1, "kmeans"),
        ("min_size", min_size, 2, "hdbscan"),
    ):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise InputError(f"{name} must be a whole number of at least {least}, got {value!r}")
        if method != goes_with:
            raise InputError(f"{name} goes with method {goes_with!r}, got it with {method!r}")


def _tight(points: Float32, min_size: int) -> tuple[Int32, Float32]:
    if len(points) > MOST_ITEMS:
        raise InputError(
            f"method 'hdbscan' is for up to {MOST_ITEMS:,} items, got {len(points):,} with "
            f"vectors: use 'kmeans', or give a part as catalogue"
        )
    if min_size > len(points):
        raise InputError(
            f"min_size must be at most {len(points):,}, the items with vectors, got {min_size:,}"
        )
    found, centroids = tight_groups(points, min_size)
    if not len(centroids):
        raise InputError(
            f"method 'hdbscan' found no cluster of at least {min_size} items among "
            f"{len(points):,}: take a smaller min_size, or 'kmeans'"
        )
    return found, centroids


def _table(
    items: Items,
    counts: npt.NDArray[Any],
    labels: Int32,
    similarity: Float32,
    centroids: Float32,
    names: list[GroupName],
) -> pa.Table:
    n = len(centroids)
    inside = labels >= 0
    sizes = np.bincount(labels[inside], minlength=n)
    cosines = centroids @ centroids.T
    np.fill_diagonal(cosines, -np.inf)
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, : min(_NEAREST, n - 1)]
    order = np.lexsort((-similarity, labels))
    starts = np.searchsorted(labels[order], np.arange(n))
    central = [order[s : s + min(_CENTRAL, size)] for s, size in zip(starts, sizes, strict=True)]
    sums = np.bincount(labels[inside], similarity[inside].astype(np.float64), minlength=n)
    return pa.table(
        {
            "cluster": pa.array(np.arange(n, dtype=np.int32)),
            "name": pa.array([name.name for name in names], pa.large_string()),
            "items": pa.array(sizes.astype(np.int64)),
            "events": pa.array(
                np.bincount(labels[inside], counts[inside], minlength=n).astype(np.int64)
            ),
            "cohesion": pa.array((sums / sizes).astype(np.float32)),
            "category": pa.array([name.category for name in names], pa.large_string()),
            "category_share": pa.array([name.category_share for name in names], pa.float32()),
            "words": pa.array([list(name.words) for name in names], pa.list_(pa.large_string())),
            "nearest": pa.array(nearest.tolist(), pa.list_(pa.int32())),
            "central": pa.array(
                [items.ids.take(pa.array(rows)).to_pylist() for rows in central],
                pa.list_(pa.large_string()),
            ),
        }
    )


def _numbers(earlier: Clusters | pa.Table | str | os.PathLike[str]) -> pa.Table:
    """Return the columns item_id and cluster of an earlier day."""
    if isinstance(earlier, Clusters):
        return earlier.items
    if not isinstance(earlier, pa.Table):
        try:
            earlier = pq.read_table(os.fspath(earlier))
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"earlier: cannot read {earlier} as Parquet: {error}") from None
    missing = {"item_id", "cluster"} - set(earlier.schema.names)
    if missing:
        raise InputError(
            f"earlier must have the columns item_id and cluster, has no {sorted(missing)[0]}"
        )
    return earlier
