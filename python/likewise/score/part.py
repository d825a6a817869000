"""A part of the score: the contract that every file of this room keeps.

The score of a query and an answer by their vectors is a sum of parts, each an inner product of some
columns: concatenated they are one vector of an item. (Pairs have no columns; they come on top of
the sum.) A new part is a file with one class, one line in the list of blend.py, and its columns in
compose.py and in the core, which makes all parts at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy.typing as npt

from likewise.arrays import Float32, Float64, Int32, Int64, UInt64
from likewise.content.composition import Contribution
from likewise.content.features import Features, Recipe

if TYPE_CHECKING:
    from likewise.items import Items
    from likewise.options import Options

__all__ = ["Arrays", "Batch", "Domain", "Part", "Sequences", "Trained", "forgotten", "scaled"]

#: The power that 1 - u is raised to in an out-of-domain catalogue, where what training learned
#: of an item says little.
FORGETTING = 8
#: Arrays by the name that files give them.
Arrays = Mapping[str, npt.NDArray[Any]]
#: Dtype (in the words of safetensors) and shape of arrays in a file.
Shapes = dict[str, tuple[str, tuple[int, ...]]]


class Sequences(Protocol):
    """Sessions as flat arrays."""

    items: Int32  # (n_events,) positions in the catalogue
    offsets: Int64  # (n_sessions + 1,)

    @property
    def counts(self) -> Int64:
        """Events of each item, int64 (n_items,)."""

    @property
    def n_events(self) -> int:
        """Events in all."""


class Trained(Protocol):
    """What training learned of items, as the encoder (content/encoder.py) hands it to parts."""

    @property
    def catalogue(self) -> Items:
        """The items of training."""

    @property
    def counts(self) -> Int64:
        """Their events, int64 (n_items,)."""

    @property
    def center(self) -> Float32:
        """Their center vectors, float32 (n_items, dim)."""

    @property
    def recipe(self) -> Recipe | None:
        """How text becomes features; None where content plays no part."""

    @property
    def kind_weights(self) -> Float32:
        """How much each kind of token counts, float32 (4,)."""

    @property
    def dim(self) -> int:
        """Floats of a center vector."""

    @property
    def threads(self) -> int:
        """Workers."""

    @property
    def known_tokens(self) -> UInt64:
        """Hashes of the tokens of training, ascending."""

    def features(self, items: Items) -> Features | None:
        """Read the features of items."""

    def weights(self, features: Features) -> Float32:
        """Return how much each token of each item counts."""

    def compose(self, features: Features) -> Float32:
        """Compose center vectors."""

    def contributions(self, at: int, side: str = "center") -> list[Contribution]:
        """Take a vector of an item of training apart."""

    def through(self, matrix: Float64, at: int) -> list[Contribution]:
        """Take what a linear map makes of an item's unit center vector apart."""


@dataclass(frozen=True, eq=False)
class Domain:
    """How much tokens count in an out-of-domain catalogue, one of mostly unknown words.

    Attributes
    ----------
    hashes : uint64 array (n_tokens,)
        The tokens of the catalogue, ascending.
    weights : float32 array (n_tokens,)
        How much each counts. One that the catalogue lacks counts nothing: it cannot be found.
    kind_weights : float32 array (4,)
        How much each kind of token counts.
    """

    hashes: UInt64
    weights: Float32
    kind_weights: Float32


@dataclass(frozen=True, eq=False)
class Batch:
    """Some items, as parts are told of them.

    Attributes
    ----------
    items : Items
        Ids, names and categories, n of them.
    at : int array (n,)
        Where each is among the items of training; -1 for one that is composed from its content.
    center, context : float32 arrays (n, dim)
        Trained, composed or mapped; all zero where nothing is known.
    popularity : float32 array (n,)
        0 to 1.
    features : Features or None
        Their tokens; None where content plays no part.
    weights : float32 array (n_entries,)
        How much each token of each item counts.
    domain : Domain or None
        Given where they are found in, or asked of, an out-of-domain catalogue.
    """

    items: Items
    at: npt.NDArray[Any]
    center: Float32
    context: Float32
    popularity: Float32
    features: Features | None
    weights: Float32
    domain: Domain | None


class Part(ABC):
    """Some columns of an item vector: made of what training learned and of its own arrays.

    A class is constructed as ``Kind(trained, arrays)``, ``trained`` as `Trained` says and
    ``arrays`` those that `learn` returned or a file held.
    """

    #: It speaks of the answer alone: items of which nothing else is known stay without a vector,
    #: it is no reason for two items to be alike, and what a query holds is a weight.
    of_answer_alone: ClassVar[bool] = False
    #: What tells its formula from others in fingerprints; those of the parts that were released
    #: first stand in blend.py, in the order in which they were released.
    numbers: ClassVar[tuple[float, ...]] = ()

    def __init__(self, trained: Trained, arrays: Arrays) -> None:
        self.trained = trained

    # --- training and files -----------------------------------------------------------------------

    @classmethod
    def learn(cls, sessions: Sequences, options: Options) -> dict[str, npt.NDArray[Any]]:
        """Learn from sessions, before items and words are trained; return arrays to keep."""
        return {}

    def tensors(self) -> dict[str, npt.NDArray[Any]]:
        """Return what a file keeps."""
        return {}

    def sizes(self) -> dict[str, int]:
        """Return what model.json says of the sizes of those."""
        return {}

    @classmethod
    def shapes(cls, sizes: Mapping[str, Any], version: int) -> Shapes:
        """Return what a file of a format version holds of this part, by what `sizes` returned.

        Raises KeyError for a size that is missing.
        """
        return {}

    @classmethod  # noqa: B027, no need to check anything
    def check(cls, arrays: Arrays, n_items: int) -> None:
        """Raise ValueError when arrays do not fit together and so many items."""

    def sample(self, at: Int64) -> bytes:
        """Return bytes of the items at these positions that tell models apart."""
        return b""

    # --- scoring ----------------------------------------------------------------------------------

    @abstractmethod
    def width(self, out_of_domain: bool) -> int:
        """Return the columns it has."""

    @abstractmethod
    def most(self, popularity: float) -> float:
        """Return the most that it can add to a score, at this weight of popularity."""

    def unknown(self, columns: Float32) -> Float32 | None:
        """Return how little is known of items, 0 to 1, (n, 1), where its columns tell it."""
        return None

    @abstractmethod
    def ask(
        self, columns: Float32, unknown: Float32, out_of_domain: bool, popularity: float
    ) -> None:
        """Turn columns (n, width) of items into those that they ask with, in place.

        ``unknown`` (n, 1) is how little is known of each.
        """

    @abstractmethod
    def contributions(self, batch: Batch) -> list[Contribution]:
        """Take the columns of the one item of training in a batch apart, by feature.

        The vectors, float64 (width,), add up to its item vector.
        """


def scaled(parts: list[Contribution], scale: float) -> list[Contribution]:
    """Return contributions with their vectors times a number."""
    return [part._replace(vector=part.vector * scale) for part in parts]


def forgotten(unknown: Float32, out_of_domain: bool) -> Float32:
    """Return how much of what training learned an item asks with, of how little is known of it."""
    kept: Float32 = (1 - unknown) ** (FORGETTING if out_of_domain else 1)
    return kept
