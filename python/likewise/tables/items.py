"""Items: what rooms further right may ask of a catalogue, and finding them by their ids."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NoReturn, Protocol

import numpy as np
import numpy.typing as npt

from likewise.errors import InputError

__all__ = ["Items", "known_positions", "raise_unknown"]


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

    def text_buffers(self) -> dict[str, npt.NDArray[Any]]:
        """Return categories and names as Arrow lays them out."""


def known_positions(catalogue: Items, ids: Any) -> npt.NDArray[np.int32]:
    """Return the positions of items; an unknown id raises UnknownItemError with close ones."""
    positions = catalogue.positions(ids)
    if (positions < 0).any():
        raise_unknown(catalogue, ids, int(np.argmax(positions < 0)))
    return positions


def raise_unknown(catalogue: Items, ids: Any, row: int) -> NoReturn:
    """Raise what the catalogue says about the id at ``row`` of any kind of sequence."""
    item_id = next(itertools.islice(iter(ids), row, None))
    item_id = item_id.as_py() if hasattr(item_id, "as_py") else item_id
    if item_id is None:
        raise InputError(f"items must not be null, item {row} is")
    catalogue.position(item_id)
    raise AssertionError(f"{item_id!r} was not found a moment ago")
