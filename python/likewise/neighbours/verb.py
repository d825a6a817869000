"""``Model.recommend_all``: its arguments and what they mean. Used by model.py and vectors.py."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from likewise.neighbours.recommend import Progress, Recommendations, recommend_all

if TYPE_CHECKING:
    from likewise.model.model import Model


class RecommendAll:
    """What a model can do for all items at once."""

    def recommend_all(
        self,
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
            True or False decides between an exact and an approximate search; without it the
            number of comparisons does. The answer says which it was.
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
        return recommend_all(
            cast("Model", self),
            output,
            k,
            side=side,
            popularity=popularity,
            queries=queries,
            catalogue=catalogue,
            where=where,
            same=same,
            different=different,
            per_category=per_category,
            distinct=distinct,
            diversity=diversity,
            threshold=threshold,
            names=names,
            attributes=attributes,
            item_id=item_id,
            own_rows=own_rows,
            exact=exact,
            progress=progress,
            building=building,
        )

    def to_gensim(self, side: str = "center") -> Any:
        """Return the items' vectors as gensim KeyedVectors; see likewise.interop for more."""
        from likewise.interop import to_gensim  # interop is to the right: it knows models

        return to_gensim(cast("Model", self), side)
