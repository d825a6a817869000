"""Order: whether the place of an event in its session says anything.

Owns the words of the option ``order`` and what "auto" comes to. Goods of one basket have no order:
that all of them have one time shows it, or that they are sorted by item, or that items which are
neighbours in one session are neighbours in another no more often than chance has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.errors import InputError

__all__ = [
    "ORDERS",
    "are_sorted",
    "checked_order",
    "neighbours_are_alike",
    "order_of",
]

#: The values of the option.
ORDERS = ("auto", "time", "none")
# Events that are looked at, of how many of a session side by side, of sessions how long at least.
_EVENTS, _STRETCH, _SHORTEST = 1 << 17, 64, 3
# How often each session is shuffled to learn what chance does.
_SHUFFLES = 16
# Beyond chance: so many standard errors more, and so many times as often. And how many repeats
# chance must give at least for their absence to say anything.
_ERRORS, _TIMES, _REPEATS = 3.0, 1.1, 5.0
# Sorted sessions: the events that tell, the least sessions there must be, and the share of others.
_LOOKED_AT, _FEWEST, _UNSORTED = 1 << 14, 20, 0.01


def checked_order(order: Any) -> str:
    """Return a value of the option; InputError says which there are."""
    if not isinstance(order, str) or order not in ORDERS:
        raise InputError(f"order must be 'auto', 'time' or 'none', got {order!r}")
    return order


def order_of(
    items: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int64],
    ids: Any = None,
    tied: bool | None = None,
) -> tuple[str, str]:
    """Return what the order "auto" of sessions comes to, "time" or "none", and why it is none.

    Parameters
    ----------
    items : int32 array (n_events,)
    offsets : int64 array (n_sessions + 1,)
    ids : pyarrow.LargeStringArray (n_items,), optional
        The ids of items.
    tied : bool, optional
        Whether the events of each session have one time; None where they have none at all. Only
        those may be sorted by item: where times differ it is they that say when events came.
    """
    if tied:
        return "none", "events of a session have one time"
    if tied is None and are_sorted(items, offsets, ids):
        return "none", "events of a session are sorted by item"
    if neighbours_are_alike(items, offsets) is False:
        return "none", "neighbours in a session are no more alike than others"
    return "time", ""


def are_sorted(
    items: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64], ids: Any = None
) -> bool:
    """Tell whether events stand in the order of their items, as tables often list what they hold.

    By place in the catalogue or by id, as text or as numbers; upwards or downwards. Arguments are
    those of :func:`order_of`.

    Examples
    --------
    >>> are_sorted(np.tile(np.array([2, 5, 7, 9], np.int32), 50), np.arange(0, 201, 4))
    True
    """
    some, session = _some(items, offsets, np.random.default_rng(0), _LOOKED_AT)
    if not len(some) or session[-1] < _FEWEST:
        return False
    inside = session[1:] == session[:-1]
    for ranks in _ranks(some, ids):
        steps = np.sign(np.diff(ranks))[inside]
        for way in (1, -1):
            unsorted = np.unique(session[1:][inside][steps == -way])
            if len(unsorted) <= _UNSORTED * len(np.unique(session)):
                return True
    return False


def _ranks(some: npt.NDArray[np.int64], ids: Any) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the ranks of items by each order that a table may have."""
    yield some
    if ids is None:
        return
    used, place = np.unique(some, return_inverse=True)
    texts = ids.take(used).to_pylist()
    keys: list[Callable[[str], Any]] = [str.encode]
    if all(text.isdecimal() for text in texts):
        keys.append(int)
    for key in keys:
        order = sorted(range(len(used)), key=[key(text) for text in texts].__getitem__)
        rank = np.empty(len(used), np.int64)
        rank[order] = np.arange(len(used))
        yield rank[place]


def neighbours_are_alike(
    items: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64]
) -> bool | None:
    """Tell whether items that are neighbours in one session are so in others, beyond chance.

    Chance is what shuffling each session gives: where there is no order, sessions are as good as
    shuffled, and any count of neighbours is one of those. Two are compared: neighbours that were
    there before, which no single pair decides; and pairs of sessions that have the same neighbours,
    which still tells where items are few and all pairs of them are there.

    Parameters
    ----------
    items : int32 array (n_events,)
    offsets : int64 array (n_sessions + 1,)

    Returns
    -------
    bool or None
        None where events are too few to tell. Looks at some 130,000 events, evenly spread; always
        the same ones.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> walks = (rng.integers(0, 50, (500, 1)) + np.arange(6)).astype(np.int32)
    >>> offsets = np.arange(0, 3001, 6)
    >>> neighbours_are_alike(walks.ravel(), offsets)
    True
    >>> neighbours_are_alike(rng.permuted(walks, axis=1).ravel(), offsets)
    False
    """
    rng = np.random.default_rng(0)
    some, session = _some(items, offsets, rng, _EVENTS)
    if not len(some):
        return None
    inside = session[1:] == session[:-1]
    seen = _repeats(some, inside)
    shuffled = [some[np.argsort(session + rng.random(len(some)))] for _ in range(_SHUFFLES)]
    chance = np.array([_repeats(one, inside) for one in shuffled])
    mean = chance.mean(axis=0)
    # Of sixteen the spread is not known well; it is no less than that of rare events.
    error = np.maximum(chance.std(axis=0, ddof=1), np.sqrt(np.maximum(mean, 1.0)))
    if ((seen >= mean + _ERRORS * error) & (seen >= _TIMES * mean)).any():
        return True
    return False if mean[0] >= _REPEATS else None


def _some(
    items: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int64],
    rng: np.random.Generator,
    events: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return items of stretches of some sessions, each once a session, and whose they are.

    Some ``events`` of them, of sessions that are evenly spread.
    """
    lengths = np.diff(offsets)
    long = np.flatnonzero(lengths >= _SHORTEST)
    nothing = np.zeros(0, np.int64)
    if not len(long):
        return nothing, nothing
    most = int(events / np.minimum(lengths[long], _STRETCH).mean()) + 1
    long = long[np.linspace(0, len(long) - 1, min(len(long), most)).astype(np.int64)]
    taken = np.minimum(lengths[long], _STRETCH)
    first = offsets[long] + (rng.random(len(long)) * (lengths[long] - taken + 1)).astype(np.int64)
    session = np.repeat(np.arange(len(long)), taken)
    at = np.repeat(first - (np.cumsum(taken) - taken), taken) + np.arange(len(session))
    some = items[at].astype(np.int64)
    # Of an item that a session has twice, either of its places with the same chance.
    mixed = rng.permutation(len(some))
    _, once = np.unique((session * (int(some.max()) + 1) + some)[mixed], return_index=True)
    kept = np.sort(mixed[once])
    some, session = some[kept], session[kept]
    enough = (np.bincount(session) >= _SHORTEST)[session]
    return some[enough], session[enough]


def _repeats(items: npt.NDArray[np.int64], inside: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return how many neighbours were there before, and how many pairs of equal ones there are."""
    one, other = items[:-1][inside], items[1:][inside]
    pairs = np.sort(np.minimum(one, other) * (int(items.max()) + 1) + np.maximum(one, other))
    edges = np.flatnonzero(np.diff(pairs, prepend=-1, append=-1))
    times = np.diff(edges).astype(np.float64)
    return len(pairs) - len(times), float((times * (times - 1)).sum() / 2)
