"""What rooms may ask of a catalogue, of sessions, and of items with vectors, whose ever they are.

Owns which last events of sessions may be held out, and sessions without some events: splits,
baselines and training all do it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Embedded", "History", "Items", "that_may_be_cut", "without", "without_last"]


class Items(Protocol):
    """A table of items; `likewise.Catalogue` is one."""

    @property
    def ids(self) -> Any:
        """Item ids, a pyarrow.LargeStringArray (n,)."""

    @property
    def names(self) -> Any:
        """Names, a pyarrow.LargeStringArray (n,), null where there is none."""

    @property
    def categories(self) -> Any:
        """Category paths, a pyarrow.LargeStringArray (n,), null where there is none."""

    @property
    def coded_categories(self) -> Any:
        """The same as a pyarrow.DictionaryArray: each path once."""

    @property
    def category_paths(self) -> Any:
        """All paths of items that have several, one a line, a pyarrow.LargeStringArray (n,)."""

    @property
    def has_several_paths(self) -> bool:
        """Whether any item has several."""

    @property
    def table(self) -> Any:
        """A pyarrow.Table with columns item_id, category and name."""

    @property
    def report(self) -> Any:
        """What reading them kept and dropped, a `CatalogueReport`."""

    def __len__(self) -> int:
        """Items."""

    def __iter__(self) -> Iterator[tuple[str, str | None, str | None]]:
        """Iterate over (id, category, name)."""

    def position(self, item_id: str | int) -> int:
        """Return the position of an item; UnknownItemError names close ones."""

    def positions(self, ids: Any) -> npt.NDArray[np.int32]:
        """Return positions of many ids, int32 (n,), -1 where unknown or null."""

    def categories_of(self, positions: npt.NDArray[np.integer[Any]]) -> Any:
        """Return the category paths at positions, a pyarrow.LargeStringArray (n,)."""

    def take(self, positions: Any) -> Items:
        """Return the items at unique positions, in that order."""

    def pieces(self, most: int) -> Iterator[tuple[slice, Items]]:
        """Yield where some consecutive items stand and what they are, at most so many each."""

    def text_buffers(self, *, first_path: bool = False) -> dict[str, npt.NDArray[Any]]:
        """Return categories and names as Arrow lays them out."""


class History(Protocol):
    """Sessions of items; `likewise.Sessions` is one."""

    @property
    def items(self) -> npt.NDArray[np.int32]:
        """Positions in the catalogue, int32 (n_events,)."""

    @property
    def offsets(self) -> npt.NDArray[np.int64]:
        """Where each session begins in `items`, int64 (n_sessions + 1,)."""

    @property
    def catalogue(self) -> Items:
        """The items."""

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Events of each item of the catalogue, int64 (n_items,)."""

    @property
    def n_events(self) -> int:
        """Events of all sessions together."""

    @property
    def order(self) -> str:
        """Whether the order of a session's events says something: "time" or "none"."""

    def __len__(self) -> int:
        """Sessions."""

    def __iter__(self) -> Iterator[npt.NDArray[np.int32]]:
        """Iterate over sessions, int32 (length,) each."""


class Embedded(Protocol):
    """Items and their vectors: a model, or vectors of another one."""

    @property
    def catalogue(self) -> Items:
        """The items."""

    @property
    def center(self) -> npt.NDArray[np.float32]:
        """Their vectors, float32 (n_items, dim)."""

    @property
    def context(self) -> npt.NDArray[np.float32]:
        """Those of the other side."""


def that_may_be_cut(sessions: History) -> npt.NDArray[np.int64]:
    """Return sessions of three events and more that do not end with one item twice, int64 (n,)."""
    items, offsets = sessions.items, sessions.offsets
    long = np.flatnonzero(np.diff(offsets) >= 3)
    last = offsets[long + 1] - 1
    chosen: npt.NDArray[np.int64] = long[items[last] != items[last - 1]]
    return chosen


def without_last(
    sessions: History, cut: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return items and offsets of sessions, those in ``cut`` (ascending) without their last event.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> two = SimpleNamespace(items=np.array([4, 5, 6, 7]), offsets=np.array([0, 3, 4]))
    >>> without_last(two, np.array([0]))
    (array([4, 5, 7]), array([0, 2, 3]))
    """
    return without(sessions, sessions.offsets[cut + 1] - 1)


def without(
    sessions: History, events: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return items and offsets of sessions without some events, given by place (ascending)."""
    stays = np.ones(len(sessions.items), np.bool_)
    stays[events] = False
    return sessions.items[stays], sessions.offsets - np.searchsorted(events, sessions.offsets)
