"""Tuning: better options for a shop's own data, found by trying.

Owns which options are tried, how trials are judged in bounded time, and the check of the best.
Hands out `tune`, `search` and `Tuning`.
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "tuning": "tune",
})  # fmt: skip
