"""State: what training learned, as a record of arrays; no verbs.

Owns which arrays there are and that they fit together. It is what training returns, what files hold
and what questions are asked of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from likewise.arrays import Float32, Int64
from likewise.content.composition import SideWeights, check_shape
from likewise.content.encoder import Encoder
from likewise.content.features import Recipe
from likewise.options import Options
from likewise.order import ORDERS

if TYPE_CHECKING:
    from likewise.items import Items

__all__ = ["State"]

T = TypeVar("T")


@dataclass(kw_only=True, eq=False, repr=False)
class State:
    """What training learned.

    Attributes
    ----------
    options : Options
        What it was trained with.
    recipe : Recipe or None
        How text becomes features; None where content plays no part.
    catalogue : Catalogue
        The items of training.
    counts : int64 array (n_items,)
        Events of each item in training; 0 for a cold item.
    center, context : float32 arrays (n_items, dim)
        Vectors of the items, own rows included. An item with neither content nor events is all
        zero: it is never an answer and has none.
    learned : dict of str to array
        What parts of the score learned besides (score/), by the names that files give them.
    center_content, context_content : SideWeights or None
        What composes the vectors of other items.
    token_weights : float32 array (m,)
        How much each token of ``center_content`` counts.
    kind_weights : float32 array (4,)
        How much each kind of token counts (content/features.py lists the kinds).
    unknown_weight : float
        How much a token counts that training never saw.
    history : list of dict
        Progress records of training.
    created : str
        When it was trained, ISO 8601.
    version : str
        The likewise that trained it.
    order : str
        Of the sessions it learned from: "time", or "none" where it said nothing.
    pair_counting : dict
        How pairs were counted, and what a count weighs beside vectors, as held-out events have it
        (score/pairs.py, `Kernel`, and ``weight``); empty where none were.
    prepared : dict of str to array
        What follows from the others and a file held all the same, so that first answers need not
        wait for it: see `Encoder.prepared`; and ``company_map``, for score/co_occurrence.py.
    """

    options: Options
    recipe: Recipe | None
    catalogue: Items
    counts: Int64
    center: Float32
    context: Float32
    learned: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    center_content: SideWeights | None
    context_content: SideWeights | None
    token_weights: Float32
    kind_weights: Float32
    unknown_weight: float
    history: list[dict[str, Any]]
    created: str
    version: str
    order: str = "time"
    pair_counting: dict[str, Any] = field(default_factory=dict)
    prepared: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that the arrays fit together; InputError names the one that does not."""
        self._made: dict[Any, Any] = {}
        items = (len(self.catalogue), self.options.dim)
        check_shape("counts", self.counts, np.int64, items[:1])
        check_shape("center", self.center, np.float32, items)
        check_shape("context", self.context, np.float32, items)
        if self.order not in ORDERS[1:]:
            raise ValueError(f"order must be 'time' or 'none', got {self.order!r}")
        if not isinstance(self.pair_counting, dict):
            raise ValueError(f"pair_counting must be an object, got {self.pair_counting!r}")
        if (self.recipe is None) != (self.center_content is None):
            raise ValueError("recipe and center_content must be given together or not at all")
        tokens = len(self.token_weights)
        for side in ("center", "context"):
            content: SideWeights | None = getattr(self, f"{side}_content")
            if content is not None:
                content.check(side, tokens, self.options.dim)
        check_shape("token_weights", self.token_weights, np.float32, (tokens,))
        check_shape("kind_weights", self.kind_weights, np.float32, (4,))

    @cached_property
    def encoder(self) -> Encoder:
        """What makes vectors of any items."""
        return Encoder(
            catalogue=self.catalogue,
            counts=self.counts,
            center=self.center,
            context=self.context,
            recipe=self.recipe,
            center_content=self.center_content,
            context_content=self.context_content,
            token_weights=self.token_weights,
            kind_weights=self.kind_weights,
            unknown_weight=self.unknown_weight,
            threads=self.options.threads,
            prepared=self.prepared,
        )

    def once(self, key: Any, make: Callable[[], T]) -> T:
        """Return what was made under a key, made when it is first asked for."""
        if key not in self._made:
            self._made[key] = make()
        return cast(T, self._made[key])

    @property
    def nbytes(self) -> int:
        """Bytes of all vectors and weights."""
        arrays: list[npt.NDArray[Any]] = [self.center, self.context, self.counts]
        arrays += [self.token_weights, self.kind_weights, *self.learned.values()]
        sides = (self.center_content, self.context_content)
        return sum(array.nbytes for array in arrays) + sum(side.nbytes for side in sides if side)
