"""Search: the best k of many vectors, exactly, by clusters or through a graph.

Owns the indexes (index.py: `Index`, `ExactIndex`, `Found`; streamed.py: the exact one of first
questions; partitioned.py, with the clusters of partition.py; graph.py: `ApproximateIndex`, the only
file that knows hnswlib; indexes.py: `make_index`, `load_index`), what may be an answer to which
query (filters.py), what many equal vectors are in a graph (equal.py), index files (index_file.py)
and how answers look (matches.py: `Matches`, `BatchMatches`). Knows vectors and items, nothing of
models.
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "graph": "ApproximateIndex",
    "index": "ExactIndex Found Index",
    "indexes": "load_index make_index",
    "matches": "BatchMatches Matches",
})  # fmt: skip
