"""Models as systems of the evaluation: ours, those of other makers, and bare vectors.

Owns what may be put beside a model and what is asked of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.errors import InputError
from likewise.evaluation.systems import ListSystem, System, VectorSystem, Within, ranks_by
from likewise.score.blend import Blend, blend_of
from likewise.score.evidence import evidence_in
from likewise.score.popularity import POPULARITY
from likewise.search.index import ExactIndex
from likewise.state import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from likewise.items import Items
    from likewise.score.part import Domain
    from likewise.search.filters import Listed

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]

__all__ = [
    "SimilarSystem",
    "model_systems",
    "sides_of",
    "systems_elsewhere",
    "systems_of",
    "vectors_of",
]


class SimilarSystem:
    """Items as `Model.similar` scores them: by the blend, at the usual weight of popularity.

    Parameters
    ----------
    name : str
    answers : float32 (n_items, width)
        What all items of the catalogue are found by, all zero where nothing is known.
    blend : Blend
        That of the model.
    catalogue : Items
    at : int array (n_items,), optional
        Where they are in training, -1 elsewhere; the catalogue is that of training without it.
    """

    def __init__(
        self, name: str, answers: Floats, blend: Blend, catalogue: Items, at: Longs | None = None
    ) -> None:
        self.name = name
        self.blend = blend
        self._index = ExactIndex(answers, catalogue, side="similar", metric="dot")
        self._index.trained_at = at
        self._at = np.arange(len(answers)) if at is None else at

    def _found_by(self, items: Ints) -> Floats:
        return self._index.vectors_at(items)

    def _asked(self, items: Ints) -> Floats:
        return self.blend.query_vectors(self._found_by(items), POPULARITY)

    def _listed(self, items: Ints) -> Listed | None:
        evidence = evidence_in(self.blend, self._index)
        if evidence is None:
            return None
        assert self._index.catalogue is not None
        at = np.asarray(self._at[items])
        others, place = np.unique(items[at < 0], return_inverse=True)
        asked = (self._index.catalogue.take(others), place)
        return evidence.of(at, self._found_by(items), asked)

    def ranks(
        self, queries: Ints, targets: Ints, allowed: Mask | None = None
    ) -> tuple[Longs, Longs]:
        """Rank of each target; see `cosine_ranks`."""
        rows = self._found_by(np.arange(len(self._at), dtype=np.int32))
        return ranks_by(self._asked, rows, queries, targets, allowed, self._listed)

    def lists(self, queries: Ints, k: int, allowed: Mask | None = None) -> Ints:
        """Positions of the best answers, by the exact search of the core."""
        found = self._index.search(
            self._asked(queries), k, allowed, queries, listed=self._listed(queries)
        )
        return found.positions


def model_systems(
    name: str,
    blend: Blend,
    vectors: Sequence[Floats],
    catalogue: Items,
    at: Longs | None = None,
) -> list[System]:
    """Make the systems of a model of ours: `similar`, center vectors alone, `complements`.

    ``vectors`` are what the items of the catalogue are found by, their center and their context
    vectors; ``at`` is as in `SimilarSystem`.
    """
    answers, center, context = vectors
    similar = SimilarSystem(f"{name} similar", answers, blend, catalogue, at)
    return [similar, *_vector_systems(name, center, context)]


def _vector_systems(name: str, center: Floats, context: Floats) -> list[System]:
    return [
        VectorSystem(f"{name} center-center", center),
        VectorSystem(f"{name} center-context", center, context),
    ]


def vectors_of(state: State, domain: Domain | None = None) -> list[Floats]:
    """Return what items of training are found by, their center and their context vectors."""
    context = state.encoder.contexts(state.center, state.context)
    return [blend_of(state).trained_vectors(domain=domain), state.center, context]


def sides_of(model: Any, name: str) -> list[System]:
    """Make the systems of a trained model, or of what has ``center`` and ``context`` vectors."""
    if isinstance(model, State):
        return model_systems(name, blend_of(model), vectors_of(model), model.catalogue)
    return _vector_systems(name, model.center, model.context)


def systems_elsewhere(name: str, model: State, catalogue: Items, held: Mask) -> list[System]:
    """Make the systems of a model in a shop that it never saw: ``held`` items of a catalogue.

    They answer as ``recommend_all(catalogue=shop)`` of the model does, in positions of the whole
    catalogue.
    """
    positions = np.flatnonzero(held)
    others = catalogue.take(positions)
    blend = blend_of(model)
    domain = blend.domain_of(others)
    if model.recipe is None:  # identities know nothing of others
        vectors = [np.zeros((len(others), width), np.float32) for width in (blend.width(), 1, 1)]
    else:
        vectors = [
            blend.item_vectors(others, domain=domain),
            *(model.encoder.encode(others, side) for side in ("center", "context")),
        ]
    made = model_systems(name, blend, vectors, others, np.full(len(others), -1))
    return [Within(system, positions, len(catalogue)) for system in made]


def systems_of(name: str, given: Any, catalogue: Items, k: int) -> list[System]:
    """Make systems of what a caller puts beside the model.

    Parameters
    ----------
    name : str
        How the table calls it.
    given : object
        In the order of looking: a system; what has ``center`` and ``context`` vectors of the
        catalogue's items; what has ``vectors`` (or a ``matrix``), with ``ids`` or ``index_to_key``
        when they are not those of the catalogue in its order; what has ``recommend(ids, k)``; a
        float array (n_items, dim).
    catalogue : Items
    k : int
        Length of the lists.

    Raises
    ------
    InputError
        When it is none of these, or its vectors do not fit the catalogue.
    """
    if callable(getattr(given, "ranks", None)) and callable(getattr(given, "lists", None)):
        given.name = name
        return [given]
    if hasattr(given, "center") and hasattr(given, "context"):
        own = getattr(given, "catalogue", catalogue)
        ids = None if own is catalogue else own.ids
        sides = [given.center, given.context]
        if isinstance(given, State):
            sides = vectors_of(given)
        placed = [_aligned(name, side, ids, catalogue) for side in sides]
        if isinstance(given, State):
            at = None if ids is None else np.asarray(own.positions(catalogue.ids), np.int64)
            there = catalogue if ids is not None else own
            return model_systems(name, blend_of(given), placed, there, at)
        return _vector_systems(name, *placed)
    vectors = getattr(given, "vectors", getattr(given, "matrix", None))
    if vectors is not None and not callable(vectors):
        ids = getattr(given, "ids", getattr(given, "index_to_key", None))
        return [VectorSystem(name, _aligned(name, vectors, ids, catalogue))]
    if callable(getattr(given, "recommend", None)):
        return [ListSystem(name, given.recommend, catalogue, k)]
    if isinstance(given, np.ndarray):
        return [VectorSystem(name, _aligned(name, given, None, catalogue))]
    raise InputError(
        f"systems[{name!r}] must be a float array (n_items, dim) or have vectors, or "
        f"recommend(ids, k); got {type(given).__name__}"
    )


def _aligned(name: str, vectors: Any, ids: Sequence[Any] | None, catalogue: Items) -> Floats:
    """Put vectors in the order of the catalogue; an item without one gets zeros."""
    rows = np.asarray(vectors)
    if rows.ndim != 2 or rows.dtype.kind not in "fiu":
        raise InputError(
            f"systems[{name!r}] must have vectors of shape (n, dim), got {rows.dtype} {rows.shape}"
        )
    if ids is None:
        if len(rows) != len(catalogue):
            raise InputError(
                f"systems[{name!r}] must have a vector for each of {len(catalogue):,} items, or "
                f"ids to tell whose they are; got {len(rows):,}"
            )
        return np.asarray(rows, np.float32)
    if len(ids) != len(rows):
        raise InputError(
            f"systems[{name!r}] must have an id for each vector, got {len(ids):,} ids and "
            f"{len(rows):,} vectors"
        )
    at = np.asarray(catalogue.positions(ids))
    if not (at >= 0).any():
        raise InputError(f"systems[{name!r}] must have ids of the catalogue, got none of them")
    placed = np.zeros((len(catalogue), rows.shape[1]), np.float32)
    placed[at[at >= 0]] = rows[at >= 0]
    return placed
