"""Simulation: a shop that does not exist, its catalogue and its visitors' events.

Owns the words its products are named by, the process by which visitors choose, and the truth behind
both. Hands out `simulate` and `Shop`.
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "shop": "Shop simulate",
})  # fmt: skip
