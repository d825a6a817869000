"""Indexes: the best k vectors for many query vectors, exactly or approximately.

Owns which index is made, and reading one back. All keep one contract (search/index.py): vectors are
compared by cosine or inner product, answers are padded instead of failing, and a vector that is all
zero is never an answer. hnswlib stays behind search/graph.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
import pyarrow as pa

from likewise.arrays import Mask, float_rows
from likewise.errors import StorageError
from likewise.search import index_file
from likewise.search.filters import Found
from likewise.search.graph import ApproximateIndex, check_ef
from likewise.search.index import ExactIndex, Index
from likewise.tables.catalogue import Catalogue

if TYPE_CHECKING:
    from likewise.items import Items

__all__ = ["ApproximateIndex", "ExactIndex", "Found", "Index", "load_index", "make_index"]

# Below this many vectors comparing one with all of them takes milliseconds, and building a graph
# longer than thousands of such questions.
EXACT_BELOW = 200_000
# Comparisons (queries x items) up to which an exact search is quicker than building a graph first.
EXACT_COMPARISONS = 200_000_000_000


def make_index(
    vectors: npt.ArrayLike,
    catalogue: Items | None = None,
    *,
    exact: bool | None = None,
    side: str | None = None,
    metric: str = "cosine",
    fingerprint: str | None = None,
    threads: int = 0,
    ef: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    usable: Mask | None = None,
) -> Index:
    """Make the index that suits the vectors: exact below 200,000 of them.

    Parameters
    ----------
    vectors : array_like, (n, dim)
        Vectors of any length.
    catalogue : Catalogue, optional
        The items they belong to, in the same order.
    exact : bool, optional
        True or False decides instead of the number of vectors.
    side : str, optional
        Which side of a model they are.
    metric : {"cosine", "dot"}
        What a score is.
    fingerprint : str, optional
        Which model they come from.
    threads : int
        Workers; 0 takes the cores there are.
    ef : int, optional
        Width of a search in a graph, as in :class:`ApproximateIndex`; an exact index has none.
    progress : callable, optional
        Called with (vectors done, vectors in all) while a graph is built.
    usable : bool array (n,), optional
        Which vectors are not all zero, where that is known; an exact index then keeps the array
        of vectors itself, as :class:`ExactIndex` says.

    Raises
    ------
    ValueError, TypeError
        For vectors that are not finite numbers, a catalogue of another length, or another argument
        that makes no sense.

    Examples
    --------
    >>> make_index([[1.0, 0.0], [0.0, 1.0]], exact=False, ef=200).ef
    200
    """
    rows = float_rows("vectors", vectors)
    if exact is None:
        exact = len(rows) < EXACT_BELOW
    width = check_ef(ef)
    described: dict[str, Any] = {
        "side": side, "metric": metric, "fingerprint": fingerprint, "threads": threads,
    }  # fmt: skip
    if exact:
        return ExactIndex(rows, catalogue, usable=usable, **described)
    return ApproximateIndex(rows, catalogue, ef=width, progress=progress, **described)


def load_index(path: str | os.PathLike[str], threads: int = 0) -> Index:
    """Read an index that :meth:`Index.save` wrote, its catalogue and width of search with it.

    Version, kind, dimensions, sizes and checksums are compared, and the links of a graph followed,
    before hnswlib sees a byte. That it belongs to a model is checked where a model uses it.

    Parameters
    ----------
    path : path
        The file.
    threads : int
        Workers; 0 takes the cores there are.

    Raises
    ------
    StorageError
        When there is no index, it is damaged, or a later version wrote it.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> path = ExactIndex([[1.0, 0.0], [0.0, 1.0]]).save(f"{folder}/index")
    >>> load_index(path)
    ExactIndex(2 vectors, 2 dimensions)
    """
    place = index_file.place(path)
    about, sections, columns = index_file.read(place)
    catalogue = None
    if columns is not None:
        try:
            catalogue = Catalogue.from_arrays(*columns, canonical=True)
        except (pa.ArrowException, ValueError) as error:
            raise index_file.damaged_catalogue(place, error) from None
        size = about["size"]
        if len(catalogue) != size:
            raise StorageError(
                f"{place} is damaged: {size:,} items expected, got {len(catalogue):,}"
            )
    kind: type[Index] = ExactIndex if about["kind"] == "exact" else ApproximateIndex
    try:
        return kind._restored(
            about, sections, catalogue=catalogue, threads=threads,
            **{name: about[name] for name in ("side", "metric", "fingerprint")},
        )  # fmt: skip
    except (ValueError, RuntimeError) as error:
        raise StorageError(f"{place} is damaged: {error}") from None
