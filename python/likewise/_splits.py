"""Splits of history: what a model may learn from, and the pairs it is asked for afterwards.

Owns the two held-out splits. Flat arrays in and out; no loop over sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from likewise.errors import InputError
from likewise.sessions import Sessions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Mask = NDArray[np.bool_]

__all__ = ["ColdSplit", "LastSplit", "cold_split", "last_split"]


@dataclass(frozen=True)
class LastSplit:
    """Sessions without their last event, and the pairs that were cut apart.

    Attributes
    ----------
    train : Sessions
        What a model may learn from.
    queries, targets : int32 (n,)
        The last item but one of a session, and the last one, to be found from it.
    """

    train: Sessions
    queries: Ints
    targets: Ints


@dataclass(frozen=True)
class ColdSplit:
    """Sessions without some of the items, and pairs of a vanished item and one that stayed.

    Attributes
    ----------
    train : Sessions
        What a model may learn from.
    cold : bool (n_items,)
        The items that vanished.
    cold_queries, warm_targets : int32 (n_cold_query,)
        A vanished item and the one that followed it.
    warm_queries, cold_targets : int32 (n_cold_target,)
        An item that stayed and the vanished one that followed it.
    """

    train: Sessions
    cold: Mask
    cold_queries: Ints
    warm_targets: Ints
    warm_queries: Ints
    cold_targets: Ints


def last_split(sessions: Sessions) -> LastSplit:
    """Hold out the last event of each session of three or more.

    The query is the event before it. Sessions that are shorter, or that end with the same item
    twice, are left whole.

    Parameters
    ----------
    sessions : Sessions

    Returns
    -------
    LastSplit

    Examples
    --------
    >>> split = last_split(sessions)  # doctest: +SKIP
    >>> model = train(split.train)  # doctest: +SKIP
    """
    items, offsets = sessions.items, sessions.offsets
    last = offsets[1:] - 1
    held = np.diff(offsets) >= 3
    held[held] = items[last[held]] != items[last[held] - 1]
    cut = last[held]
    stays = np.ones(len(items), bool)
    stays[cut] = False
    shorter = offsets.copy()
    shorter[1:] -= np.cumsum(held)
    train = Sessions.from_arrays(items[stays], shorter, sessions.catalogue)
    return LastSplit(train, items[cut - 1], items[cut])


def cold_split(sessions: Sessions, share: float = 0.1, seed: int = 4) -> ColdSplit:
    """Make a share of the items vanish from history.

    Pairs are neighbours in a session of which one item vanished and the other stayed. Sessions
    are closed up over vanished items and dropped when fewer than two events are left.

    Parameters
    ----------
    sessions : Sessions
    share : float
        Share of the items that occur in sessions, in (0, 1).
    seed : int
        Which items vanish.

    Returns
    -------
    ColdSplit

    Raises
    ------
    InputError
        When ``share`` is out of range or leaves no item to vanish.
    """
    if not 0 < share < 1:
        raise InputError(f"share must be between 0 and 1, got {share!r}")
    items, offsets = sessions.items, sessions.offsets
    n_items = len(sessions.catalogue)
    seen = np.flatnonzero(np.bincount(items, minlength=n_items)).astype(np.int32)
    count = int(share * len(seen))
    if count < 1:
        raise InputError(f"share {share:g} of {len(seen)} items seen leaves none to vanish")
    cold = np.zeros(n_items, bool)
    cold[np.random.default_rng(seed).choice(seen, count, replace=False)] = True
    vanishes = cold[items]
    same_session = np.ones(len(items) + 1, bool)
    same_session[offsets] = False
    same_session = same_session[1:-1]
    before, after = items[:-1], items[1:]
    to_warm = same_session & vanishes[:-1] & ~vanishes[1:]
    to_cold = same_session & ~vanishes[:-1] & vanishes[1:]
    kept = np.zeros(len(items) + 1, np.int64)
    np.cumsum(~vanishes, out=kept[1:])
    lengths = np.diff(kept[offsets])
    long_enough = lengths >= 2
    stays = ~vanishes & np.repeat(long_enough, np.diff(offsets))
    train_offsets = np.zeros(int(long_enough.sum()) + 1, np.int64)
    np.cumsum(lengths[long_enough], out=train_offsets[1:])
    train = Sessions.from_arrays(items[stays], train_offsets, sessions.catalogue)
    return ColdSplit(train, cold, before[to_warm], after[to_warm], before[to_cold], after[to_cold])
