"""Clustering: items in groups of alike ones, with names that say what they are.

Owns k-means, HDBSCAN, names of groups, and the numbers that groups keep from day to day. Hands out
`clusters` and `Clusters`.
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "grouping": "Clusters clusters",
})  # fmt: skip
