"""tiny_shop.py: a shop small enough for the slow reference, with every odd case in it."""

from __future__ import annotations

from typing import Any

import numpy as np

import likewise._core as _core
from likewise import Catalogue, Model, Options, Sessions, train
from likewise.training import fit as training

N_ITEMS = 40
LONG_SESSION = 150
KINDS = ["Toys > Dogs", "Toys > Cats", "Kitchen", "Kitchen > Pans", "Büro > Papier"]
WORDS = ["red", "ball", "large", "pan", "steel", "papier", "weiß", "rope", "mouse", "2x500ml"]


def catalogue() -> Catalogue:
    """Items without a name, without a category, without either, and with the same name."""
    rng = np.random.default_rng(5)
    categories = [KINDS[i % len(KINDS)] for i in range(N_ITEMS)]
    names = [" ".join(rng.choice(WORDS, size=1 + i % 4)) for i in range(N_ITEMS)]
    categories[0] = names[0] = None
    names[1] = None
    categories[2] = None
    categories[4], names[4] = categories[3], names[3]
    return Catalogue.from_arrays([f"item{i}" for i in range(N_ITEMS)], categories, names)


def sessions(seed: int = 8, n: int = 90, order: str = "time") -> Sessions:
    """Sessions of 0, 1, 2 and more events, one far longer than a block; items seen once, never."""
    rng = np.random.default_rng(seed)
    lengths = [3, 0, 1, 2, LONG_SESSION, *rng.integers(1, 11, size=n)]
    share = 1.0 / np.arange(1, N_ITEMS) ** 1.2
    items = rng.choice(N_ITEMS - 1, size=sum(lengths), p=share / share.sum())  # the last: never
    items[:3] = [N_ITEMS - 2, 0, 0]  # an item right beside itself
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Sessions.from_arrays(
        items.astype(np.int32), offsets.astype(np.int64), catalogue(), order=order
    )


def options(**changes: Any) -> Options:
    """A short training on one thread."""
    base: dict[str, Any] = {
        "dim": 16, "epochs": 2, "window": 3, "buckets": 64, "max_n": 4, "threads": 1, "seed": 7,
    }  # fmt: skip
    return Options(**{**base, **changes})


class Spy:
    """Stands in for _core.train for a while: keeps what it was given and what it gave back."""

    def __init__(self, monkeypatch: Any) -> None:
        self.arguments: dict[str, Any] = {}
        self.tables: dict[str, Any] = {}

        def spied(**arguments: Any) -> dict[str, Any]:
            self.arguments = arguments
            self.tables = original(**arguments)
            return self.tables

        original = _core.train
        monkeypatch.setattr(training._core, "train", spied)

    def reference_arguments(self) -> dict[str, Any]:
        return {name: v for name, v in self.arguments.items() if name != "on_progress"}


def trained(monkeypatch: Any, chosen: Options, data: Sessions | None = None) -> tuple[Model, Spy]:
    spy = Spy(monkeypatch)
    return train(sessions() if data is None else data, options=chosen), spy
