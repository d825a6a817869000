"""Indexes: the best k vectors for many query vectors, exactly or approximately.

Owns which index is made, and reading one back. All keep one contract (_index_base.py): vectors are
compared by cosine or inner product, answers are padded instead of failing, and a vector that is all
zero is never an answer. hnswlib stays behind _approximate.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from likewise import _index_file
from likewise._approximate import ApproximateIndex
from likewise._index_base import ExactIndex, Found, Index
from likewise._search_arguments import float_rows
from likewise.errors import StorageError

if TYPE_CHECKING:
    from likewise.catalogue import Catalogue

__all__ = ["ApproximateIndex", "ExactIndex", "Found", "Index", "load_index", "make_index"]

# Below this many vectors comparing one with all of them takes milliseconds, and building a graph
# longer than thousands of such questions.
EXACT_BELOW = 200_000


def make_index(
    vectors: npt.ArrayLike,
    catalogue: Catalogue | None = None,
    *,
    exact: bool | None = None,
    side: str | None = None,
    metric: str = "cosine",
    fingerprint: str | None = None,
    threads: int = 0,
    progress: Callable[[int, int], None] | None = None,
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
    progress : callable, optional
        Called with (vectors done, vectors in all) while a graph is built.
    """
    rows = float_rows("vectors", vectors)
    if exact is None:
        exact = len(rows) < EXACT_BELOW
    if exact:
        return ExactIndex(
            rows, catalogue, side=side, metric=metric, fingerprint=fingerprint, threads=threads
        )
    return ApproximateIndex(
        rows, catalogue, side=side, metric=metric, fingerprint=fingerprint, threads=threads,
        progress=progress,
    )  # fmt: skip


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
    place = _index_file.place(path)
    about, sections, catalogue = _index_file.read(place)
    index: Index
    if about["kind"] == "exact":
        vectors = _index_file.vectors_of(place, about, sections["vectors"])
        index = ExactIndex(
            vectors, side=about["side"], metric=about["metric"], fingerprint=about["fingerprint"]
        )
    else:
        usable = np.frombuffer(sections["usable"], dtype=np.uint8)
        if len(usable) != about["size"] or usable.max(initial=0) > 1:
            raise StorageError(f"{place} is damaged: its vectors do not fit its header")
        try:
            index = ApproximateIndex._restored(about, sections["graph"], usable.astype(np.bool_))
        except (ValueError, RuntimeError) as error:
            raise StorageError(f"{place} is damaged: {error}") from None
    index.catalogue = catalogue
    index.threads = threads
    return index
