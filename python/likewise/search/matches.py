"""Matches: what a query finds, as positions and scores; ids and names when they are asked for.

Owns the result records and how they look in a terminal. Strings are taken from the catalogue's
Arrow columns in one go; Python objects are made only by what returns them.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from likewise.arrays import from_numpy
from likewise.display.tables import html_table, table
from likewise.display.terminal import cut, terminal_width

if TYPE_CHECKING:
    from likewise.items import Items

__all__ = ["BatchMatches", "Matches"]

Int32 = npt.NDArray[np.int32]
Float32 = npt.NDArray[np.float32]

_SHOWN_ROWS = 20
_SHOWN_QUERIES = 5
_SHOWN_PER_QUERY = 3
_SHOWN_COLUMNS = ("item_id", "name", "category")


class _Answers(ABC):
    """What answers to one query and to many have in common: rows of a table."""

    @abstractmethod
    def to_arrow(self) -> pa.Table:
        """Return one row for each answer."""

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one dict for each row of :meth:`to_arrow`."""
        rows: list[dict[str, Any]] = self.to_arrow().to_pylist()
        return rows

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame with the columns of :meth:`to_arrow`."""
        try:
            import pandas as pd  # noqa: F401  (pyarrow imports it; here for the message)
        except ImportError as error:
            raise ImportError("to_pandas needs pandas: pip install pandas") from error
        return self.to_arrow().to_pandas()


class Matches(_Answers):
    """The answers to one query, best first; as many as there are, which may be fewer than asked.

    Attributes
    ----------
    positions : int32 array (n,)
        Positions in ``catalogue``.
    scores : float32 array (n,)
        Cosines, highest first.
    catalogue : Items
        Where the answers come from.
    title : str
        What was asked, for people.

    Examples
    --------
    ``for item_id, score, name in model.similar("B000X"): ...``
    """

    def __init__(
        self, positions: Int32, scores: Float32, catalogue: Items, title: str = ""
    ) -> None:
        found = positions >= 0
        self.positions = positions[found]
        self.scores = scores[found]
        self.catalogue = catalogue
        self.title = title

    @cached_property
    def ids(self) -> list[str]:
        """The item ids, best first."""
        ids: list[str] = self.catalogue.ids.take(from_numpy(self.positions)).to_pylist()
        return ids

    @cached_property
    def names(self) -> list[str | None]:
        """The names, None where an item has none."""
        names: list[str | None] = self.catalogue.names.take(from_numpy(self.positions)).to_pylist()
        return names

    @cached_property
    def categories(self) -> list[str | None]:
        """The category paths, None where an item has none."""
        categories: list[str | None] = self.catalogue.categories_of(self.positions).to_pylist()
        return categories

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[tuple[str, float, str | None]]:
        """Iterate over ``(id, score, name)``, best first."""
        return zip(self.ids, self.scores.tolist(), self.names, strict=True)

    def to_arrow(self) -> pa.Table:
        """Return a table with the columns rank, item_id, score, category, name."""
        at = pa.array(self.positions)
        return pa.table(
            {
                "rank": pa.array(np.arange(1, len(self) + 1, dtype=np.int32)),
                "item_id": self.catalogue.ids.take(at),
                "score": pa.array(self.scores),
                "category": self.catalogue.categories_of(self.positions),
                "name": self.catalogue.names.take(at),
            }
        )

    def _repr_html_(self) -> str:
        rows = [
            [str(row["rank"]), f"{row['score']:.3f}", *(row[c] or "" for c in _SHOWN_COLUMNS)]
            for row in self.to_dicts()[:_SHOWN_ROWS]
        ]
        more = len(self) - len(rows)
        after = "nothing found" if not rows else f"… and {more:,} more" if more else ""
        return html_table(["", "score", "id", "name", "category"], rows, self.title, after)

    def __repr__(self) -> str:
        width = terminal_width()
        title = cut(self.title, width)
        if not len(self):
            return f"{title or 'Matches'}: nothing found" if width > 60 else "nothing found"
        shown = Matches(
            self.positions[:_SHOWN_ROWS], self.scores[:_SHOWN_ROWS], self.catalogue, self.title
        )
        rows = [
            [str(rank), f"{score:.3f}", item_id, name or "", category or ""]
            for rank, (item_id, score, name), category in zip(
                range(1, len(shown) + 1), shown, shown.categories, strict=True
            )
        ]
        lines = table(
            ["", "score", "id", "name", "category"],
            rows,
            right=(0, 1),
            flexible=(2, 3, 4),
            width=width,
        )
        more = len(self) - len(shown)
        parts = [title, lines, f"… and {more:,} more" if more else ""]
        return "\n".join(part for part in parts if part)


class BatchMatches(_Answers):
    """The answers to many queries, one row for each, padded where there are fewer than ``k``.

    Attributes
    ----------
    positions : int32 array (n, k)
        Positions in ``catalogue``, best first; -1 where there is no answer.
    scores : float32 array (n, k)
        Cosines; minus infinity where there is no answer.
    catalogue : Items
        Where the answers come from.
    query_ids : pyarrow.LargeStringArray or None
        Which items were asked about; None when vectors or new items were.
    titles : list of str or None
        What new items were asked by, for people.
    """

    def __init__(
        self,
        positions: Int32,
        scores: Float32,
        catalogue: Items,
        query_ids: pa.LargeStringArray | None = None,
        verb: str = "similar to",
        titles: list[str] | None = None,
    ) -> None:
        if query_ids is not None and len(query_ids) != len(positions):
            raise ValueError(
                f"query_ids must have one id for each of {len(positions):,} queries, "
                f"got {len(query_ids):,}"
            )
        self.positions = positions
        self.scores = scores
        self.catalogue = catalogue
        self.query_ids = query_ids
        self.titles = titles
        self._verb = verb

    @property
    def k(self) -> int:
        """Answers asked for each query."""
        return int(self.positions.shape[1])

    @cached_property
    def ids(self) -> npt.NDArray[np.object_]:
        """Item ids, an object array ``(n, k)`` of str; None where there is no answer."""
        return self._taken(self.catalogue.ids)

    @cached_property
    def names(self) -> npt.NDArray[np.object_]:
        """Names, an object array ``(n, k)``; None where there is no answer or no name."""
        return self._taken(self.catalogue.names)

    def _taken(self, column: pa.LargeStringArray) -> npt.NDArray[np.object_]:
        flat = self.positions.reshape(-1)
        taken = column.take(pa.array(flat, mask=flat < 0))
        objects: npt.NDArray[np.object_] = taken.to_numpy(zero_copy_only=False)
        return objects.reshape(self.positions.shape)

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, query: int) -> Matches:
        """Return the answers to one query."""
        row = operator.index(query)
        if not -len(self) <= row < len(self):
            raise IndexError(f"query must be from 0 to {len(self) - 1}, got {row}")
        row %= len(self)
        title = f"{self._verb} {self._query_name(row)}"
        return Matches(self.positions[row], self.scores[row], self.catalogue, title)

    def __iter__(self) -> Iterator[Matches]:
        """Iterate over the answers to each query."""
        return (self[row] for row in range(len(self)))

    def _query_name(self, row: int) -> str:
        if self.titles is not None:
            return self.titles[row]
        return f"query {row}" if self.query_ids is None else str(self.query_ids[row])

    def to_arrow(self) -> pa.Table:
        """Return one row for each answer: query_id, rank, item_id, score, category, name.

        Ordered by query and rank; queries without answers have no rows. ``query_id`` is the
        item's id, or the number of the query where vectors or new items were asked about.
        """
        rows, columns = np.nonzero(self.positions >= 0)
        at = pa.array(self.positions[rows, columns])
        numbers = pa.array(rows)
        return pa.table(
            {
                "query_id": numbers if self.query_ids is None else self.query_ids.take(numbers),
                "rank": pa.array((columns + 1).astype(np.int32)),
                "item_id": self.catalogue.ids.take(at),
                "score": pa.array(self.scores[rows, columns]),
                "category": self.catalogue.categories_of(self.positions[rows, columns]),
                "name": self.catalogue.names.take(at),
            }
        )

    def _repr_html_(self) -> str:
        rows: list[list[str]] = []
        for query in range(min(len(self), _SHOWN_QUERIES)):
            best = self[query].to_dicts()[:_SHOWN_PER_QUERY]
            label = self._query_name(query)
            for row in best:
                cells = [row[column] or "" for column in _SHOWN_COLUMNS]
                rows.append([label, f"{row['score']:.3f}", *cells])
            if not best:
                rows.append([label, "", "nothing found", "", ""])
        more = len(self) - _SHOWN_QUERIES
        return html_table(
            ["query", "score", "id", "name", "category"],
            rows,
            f"{len(self):,} queries, up to {self.k} items {self._verb} each",
            f"… and {more:,} more queries" if more > 0 else "",
        )

    def __repr__(self) -> str:
        width = terminal_width()
        rows: list[list[str]] = []
        for query in range(min(len(self), _SHOWN_QUERIES)):
            found = self[query]
            label = self._query_name(query)
            best = list(zip(found, found.categories, strict=True))[:_SHOWN_PER_QUERY]
            for (item_id, score, name), category in best:
                rows.append([label, f"{score:.3f}", item_id, name or "", category or ""])
                label = ""
            if not best:
                rows.append([label, "", "nothing found", "", ""])
        head = f"{len(self):,} queries, up to {self.k} items {self._verb} each"
        if not rows:
            return head
        lines = table(
            ["query", "score", "id", "name", "category"],
            rows,
            right=(1,),
            flexible=(0, 2, 3, 4),
            width=width,
        )
        more = len(self) - _SHOWN_QUERIES
        tail = [f"… and {more:,} more queries"] if more > 0 else []
        return "\n".join([head, lines, *tail])
