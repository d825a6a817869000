"""Neighbours: every item's list, as one table.

Owns the nightly job (recommend.py: `recommend_all`; summary.py: `Recommendations`), how a list is
completed (lists.py), which rules it keeps to (choose.py), columns and conditions (attributes.py),
and how far a model can be trusted with other catalogues (trust.py).
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "recommend": "recommend_all",
    "summary": "Recommendations",
    "trust": "Trust",
})  # fmt: skip
