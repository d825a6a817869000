"""Splits of history: what a model may learn from, and the pairs it is asked for afterwards.

Owns the held-out splits. Flat arrays in and out; no loop over sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.errors import InputError
from likewise.items import that_may_be_cut, without_last
from likewise.levels import JOIN, levels_of
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Mask = NDArray[np.bool_]

__all__ = [
    "ColdSplit", "LastSplit", "ShopSplit", "TimeSplit", "TransferSplit", "cold_split",
    "last_split", "same_catalogue", "shop_split", "time_split", "transfer_split",
]  # fmt: skip


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


@dataclass(frozen=True)
class TimeSplit:
    """History, and the pairs that happened after it.

    Attributes
    ----------
    train : Sessions
        What a model may learn from.
    with_history : bool (n_items,)
        Items that occur in ``train``.
    queries, targets : int32 (n,)
        Items next to each other in a later session, in its order.
    """

    train: Sessions
    with_history: Mask
    queries: Ints
    targets: Ints


@dataclass(frozen=True)
class TransferSplit:
    """History of some items, and pairs of others that a model never saw.

    Attributes
    ----------
    train : Sessions
        What a model may learn from: no event of a held item.
    held : bool (n_items,)
        The items of the other half.
    queries, targets : int32 (n,)
        The last two items of sessions of held items.
    seen : Sessions
        For comparison: all sessions, those of held items without their last event.
    """

    train: Sessions
    held: Mask
    queries: Ints
    targets: Ints
    seen: Sessions


@dataclass(frozen=True)
class ShopSplit:
    """History of some items, and pairs of others, which are a shop without history.

    Attributes
    ----------
    train : Sessions
        What a model may learn from: no event of an item of the shop.
    held : bool (n_items,)
        The items of the shop.
    queries, targets : int32 (n,)
        Items of the shop next to each other in a session.
    own : LastSplit
        Of sessions of the shop's items alone: what counting with its own history may learn from,
        and is asked for.
    """

    train: Sessions
    held: Mask
    queries: Ints
    targets: Ints
    own: LastSplit


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
    cut = that_may_be_cut(sessions)
    train = Sessions.from_arrays(
        *without_last(sessions, cut), sessions.catalogue, order=sessions.order
    )
    last = sessions.offsets[cut + 1] - 1
    return LastSplit(train, sessions.items[last - 1], sessions.items[last])


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
    _check_share(share)
    items = sessions.items
    n_items = len(sessions.catalogue)
    seen = np.flatnonzero(np.bincount(items, minlength=n_items)).astype(np.int32)
    count = int(share * len(seen))
    if count < 1:
        raise InputError(f"share {share:g} of {len(seen)} items seen leaves none to vanish")
    cold = np.zeros(n_items, bool)
    cold[np.random.default_rng(seed).choice(seen, count, replace=False)] = True
    vanishes = cold[items]
    same_session = _same_session(sessions)
    before, after = items[:-1], items[1:]
    to_warm = same_session & vanishes[:-1] & ~vanishes[1:]
    to_cold = same_session & ~vanishes[:-1] & vanishes[1:]
    stays, train_offsets = _closed_up(sessions, ~vanishes)
    train = Sessions.from_arrays(
        items[stays], train_offsets, sessions.catalogue, order=sessions.order
    )
    return ColdSplit(train, cold, before[to_warm], after[to_warm], before[to_cold], after[to_cold])


def time_split(history: Sessions, later: Sessions) -> TimeSplit:
    """Take sessions before a date as history and the pairs of those after it as questions.

    Parameters
    ----------
    history : Sessions
        Events before the date: ``Sessions.read(events, catalogue, until=date)``.
    later : Sessions
        Events from it on: ``Sessions.read(events, catalogue, since=date)``.

    Returns
    -------
    TimeSplit
        On the catalogue of ``history``.

    Raises
    ------
    InputError
        When an item of ``later`` is not in the catalogue of ``history``.

    Examples
    --------
    >>> split = time_split(before, after)  # doctest: +SKIP
    """
    later = same_catalogue(later, history.catalogue)
    inside = _same_session(later)
    return TimeSplit(history, history.counts > 0, later.items[:-1][inside], later.items[1:][inside])


def transfer_split(sessions: Sessions, held: Sequence[str] | NDArray[Any]) -> TransferSplit:
    """Hold out whole categories: nothing is learned about their items, all is asked.

    Sessions are closed up over held items and dropped when fewer than two events are left. The
    questions are the last two items of each session of three or more held items.

    Parameters
    ----------
    sessions : Sessions
    held : sequence of str, or bool array (n_items,)
        Category paths, whose items and those below them are held, or the items themselves.

    Returns
    -------
    TransferSplit

    Raises
    ------
    InputError
        When nothing or everything is held.

    Examples
    --------
    >>> split = transfer_split(sessions, ["Toys & Games"])  # doctest: +SKIP
    """
    mask = _held_items(sessions.catalogue, held)
    if mask.all() or not mask.any():
        raise InputError(
            f"held must leave items on both sides, got {int(mask.sum()):,} of {len(mask):,} held"
        )
    train = _only(sessions, ~mask)
    other = last_split(_only(sessions, mask))
    offsets = np.concatenate([train.offsets, train.offsets[-1] + other.train.offsets[1:]])
    seen = Sessions.from_arrays(
        np.concatenate([train.items, other.train.items]), offsets, sessions.catalogue,
        order=sessions.order,
    )  # fmt: skip
    return TransferSplit(train, mask, other.queries, other.targets, seen)


def shop_split(sessions: Sessions, share: float = 0.5, seed: int = 4) -> ShopSplit:
    """Make a share of the items a shop without history, to be asked about among themselves.

    Items are drawn from the whole catalogue. Sessions, those trained on and the shop's own, are
    closed up over the other items and dropped when fewer than two events are left. The pairs asked
    for are neighbours in the sessions as they were; an item beside itself is none.

    Parameters
    ----------
    sessions : Sessions
    share : float
        Share of the items of the catalogue, in (0, 1).
    seed : int
        Which items.

    Returns
    -------
    ShopSplit

    Raises
    ------
    InputError
        When ``share`` is out of range or leaves no two items to ask among, or none to learn from.
    """
    _check_share(share)
    n_items = len(sessions.catalogue)
    count = int(share * n_items)
    if count < 2:
        raise InputError(f"share {share:g} of {n_items} items leaves no two to ask among")
    held = np.zeros(n_items, bool)
    held[np.random.default_rng(seed).choice(n_items, count, replace=False)] = True
    train = _only(sessions, ~held)
    if not len(train):
        raise InputError(f"share {share:g} leaves no session of two other items to learn from")
    before, after = sessions.items[:-1], sessions.items[1:]
    asked = _same_session(sessions) & held[before] & held[after] & (before != after)
    return ShopSplit(train, held, before[asked], after[asked], last_split(_only(sessions, held)))


def same_catalogue(sessions: Sessions, catalogue: Catalogue | None) -> Sessions:
    """Put the sessions on another catalogue's positions, when it is another one.

    Raises
    ------
    InputError
        When an item that occurs is not in it.
    """
    if catalogue is None or catalogue is sessions.catalogue:
        return sessions
    if catalogue.ids.equals(sessions.catalogue.ids):
        return Sessions.from_arrays(
            sessions.items, sessions.offsets, catalogue, order=sessions.order
        )
    positions = np.asarray(catalogue.positions(sessions.catalogue.ids), np.int32)
    items = positions[sessions.items]
    if len(items) and items.min() < 0:
        missing = sessions.catalogue.ids[int(sessions.items[np.argmin(items)])].as_py()
        raise InputError(
            f"catalogue must have every item of the sessions, got none with item_id {missing!r}"
        )
    return Sessions.from_arrays(items, sessions.offsets, catalogue, order=sessions.order)


def _check_share(share: float) -> None:
    known = isinstance(share, (int, float, np.number)) and not isinstance(share, bool)
    if not (known and 0 < share < 1):
        raise InputError(f"share must be between 0 and 1, got {share!r}")


def _same_session(sessions: Sessions) -> Mask:
    """Whether each event but the last is followed by one of the same session."""
    inside = np.ones(len(sessions.items) + 1, bool)
    inside[sessions.offsets] = False
    return inside[1:-1]


def _only(sessions: Sessions, wanted: Mask) -> Sessions:
    """Sessions of wanted items alone; those of fewer than two events are dropped."""
    stays, offsets = _closed_up(sessions, wanted[sessions.items])
    return Sessions.from_arrays(
        sessions.items[stays], offsets, sessions.catalogue, order=sessions.order
    )


def _closed_up(sessions: Sessions, wanted: Mask) -> tuple[Mask, NDArray[np.int64]]:
    """Which events stay, and the sessions they make, when only wanted events do."""
    kept = np.zeros(len(wanted) + 1, np.int64)
    np.cumsum(wanted, out=kept[1:])
    lengths = np.diff(kept[sessions.offsets])
    long_enough = lengths >= 2
    stays = wanted & np.repeat(long_enough, np.diff(sessions.offsets))
    offsets = np.zeros(int(long_enough.sum()) + 1, np.int64)
    np.cumsum(lengths[long_enough], out=offsets[1:])
    return stays, offsets


def _held_items(catalogue: Catalogue, held: Sequence[str] | NDArray[Any]) -> Mask:
    if isinstance(held, str):
        held = [held]
    if isinstance(held, np.ndarray) and held.dtype == np.bool_:
        if held.shape != (len(catalogue),):
            raise InputError(
                f"held must have one value for each of {len(catalogue):,} items, got {held.shape}"
            )
        return np.asarray(held, np.bool_)
    paths = [JOIN.join(levels_of(str(path))) for path in held]
    texts = catalogue.coded_categories
    below = np.zeros(len(texts.dictionary) + 1, bool)
    for path in paths:
        found = [
            text == path or text.startswith(path + JOIN) for text in texts.dictionary.to_pylist()
        ]
        if not any(found):
            raise InputError(f"held must name categories of the catalogue, got {path!r}")
        below[:-1] |= found
    codes = texts.indices.fill_null(len(texts.dictionary)).to_numpy(zero_copy_only=False)
    mask: Mask = below[codes]
    return mask
