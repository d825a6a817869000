"""Files of neighbours, read back: how good the lists are that stand in them, and whether two agree.

Whoever wrote a file, it has ``item_id``, ``rank`` (from 1) and ``neighbor_id``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def _column(table: pa.Table, name: str, ids: pa.Array) -> Any:
    """Return the positions of a column's ids, int64."""
    texts = pc.cast(table[name], ids.type)
    found = pc.index_in(texts, value_set=ids)
    if found.null_count:
        raise ValueError(f"{name} has {found.null_count:,} ids that are not in the catalogue")
    return found.to_numpy().astype(np.int64)


def positions_of(path: Path, ids: pa.Array, k: int) -> Any:
    """Return the lists of all items as positions, int64 (len(ids), k), -1 where there is none."""
    table = pq.read_table(path, columns=["item_id", "rank", "neighbor_id"])
    lists = np.full((len(ids), k), -1, dtype=np.int64)
    ranks = table["rank"].to_numpy()
    inside = ranks <= k
    queries, answers = _column(table, "item_id", ids), _column(table, "neighbor_id", ids)
    lists[queries[inside], ranks[inside] - 1] = answers[inside]
    return lists


def hit_rate(lists: Any, queries: Any, targets: Any) -> float:
    """Return the share of held-out pairs whose target is in the query's list."""
    if not len(queries):
        return float("nan")
    return float((lists[queries] == np.asarray(targets)[:, None]).any(axis=1).mean())


def different_rows(one: Path, other: Path) -> int:
    """Count the rows of two files that have another item or neighbour in the same place."""
    columns = ["item_id", "rank", "neighbor_id"]
    tables = [pq.read_table(path, columns=columns) for path in (one, other)]
    rows = min(map(len, tables))
    wrong = np.zeros(rows, dtype=np.bool_)
    for name in columns:
        pair = [table[name].slice(0, rows).combine_chunks() for table in tables]
        if pair[0].type != pair[1].type:
            pair = [pc.cast(column, pa.large_string()) for column in pair]
        wrong |= pc.not_equal(*pair).to_numpy(zero_copy_only=False)
    return int(wrong.sum()) + max(map(len, tables)) - rows


def _rows_of(offsets: Any) -> Any:
    """Return the row of each entry."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def true_recall(
    asked: Any, rows: Any, itself: Any, lists: list[Any], listed: Any = None
) -> list[float]:
    """Return for several sets of lists how many of the true best they have, by float64.

    asked: (n, dim) of the queries, whose positions among the rows (m, dim) are ``itself``. lists:
    positions (n, k) each. listed: what queries list besides (likewise's Listed). An answer that
    scores no less than the true k-th is a good one.
    """
    k = lists[0].shape[1]
    exact = asked.astype(np.float64)
    query = np.zeros(0, np.int64) if listed is None else _rows_of(listed.offsets)
    best = np.full((len(exact), k), -np.inf)
    step = 1 << 14
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        scores = exact @ part.T.astype(np.float64)
        if listed is not None:
            here = (listed.positions >= start) & (listed.positions < start + step)
            place = query[here], listed.positions[here] - start
            scores[place] = listed.joined(scores[place], listed.weights[here])
        scores[:, ~part.any(axis=1)] = -np.inf  # what nothing is known of is no answer
        mine = np.flatnonzero((itself >= start) & (itself < start + step))
        scores[mine, itself[mine] - start] = -np.inf
        both = np.concatenate([best, scores], axis=1)
        best = np.partition(both, -k, axis=1)[:, -k:]
    last = np.where(np.isfinite(best), best, np.inf).min(axis=1, keepdims=True)
    good = last - 1e-6 * np.maximum(1.0, np.abs(last))
    recalls = []
    for found in lists:
        near = rows[np.maximum(found, 0)].astype(np.float64)
        scores = np.einsum("nkd,nd->nk", near, exact)
        if listed is not None and len(query):
            keys = query * len(rows) + listed.positions
            order = np.argsort(keys)
            wanted = np.arange(len(found))[:, None] * len(rows) + found
            there = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
            weights = np.where(keys[there] == wanted, listed.weights[there], 0.0)
            scores = listed.joined(scores, weights)
        scores = np.where(found >= 0, scores, -np.inf)
        recalls.append(float((scores >= good).sum() / max(1, np.isfinite(best).sum())))
    return recalls
