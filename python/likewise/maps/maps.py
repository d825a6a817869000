"""Layouts of a model's categories and items in two dimensions.

Owns what becomes a point: its place on the center and the context side, its size, its top category,
its nearest others. How points are laid out is in maps/layout.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from likewise.errors import InputError
from likewise.maps.layout import Progress, chance_share, fitted_perplexity, parent_share, plane
from likewise.maps.map import NEIGHBOURS, Map
from likewise.maps.points import SIDES
from likewise.pages.category_tree import CategoryTree
from likewise.questions.categories import category_vectors
from likewise.search.indexes import make_index
from likewise.version import __version__

if TYPE_CHECKING:
    from likewise.state import State

__all__ = ["NO_CATEGORY", "categories", "items"]

NO_CATEGORY = "(no category)"
_NEAREST = 5
_NEAREST_ITEMS = 20_000  # items up to which each gets its nearest others

Float32 = npt.NDArray[np.float32]


def categories(
    model: State,
    *,
    seed: int = 1,
    perplexity: float | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Map:
    """Lay out every category level of a model's catalogue: t-SNE by cosine of category vectors.

    Parameters
    ----------
    model : Model
        Its `Model.category_vectors` are drawn, center and context each by themselves.
    seed : int
        Same model, same seed, same map.
    perplexity : float, optional
        Above 0; without it 30, or a third of the number of categories where that is less.
    threads : int, optional
        Those of the model's options without it; 0 takes the cores there are.
    progress : callable, optional
        Gets iterations done and in all, a few times a second.

    Returns
    -------
    Map
        Fewer than five categories are laid out by PCA.

    Raises
    ------
    InputError
        When the catalogue has no categories, or an argument is out of range.
    ImportError
        When openTSNE is missing; names the extra.

    Examples
    --------
    >>> lw.maps.categories(model).write("map.png")  # doctest: +SKIP
    """
    tree = CategoryTree(model.catalogue)
    if len(tree) == 0:
        raise InputError("model must have categories to draw, its catalogue has none")
    tables = {side: category_vectors(getattr(model, side), model.catalogue) for side in SIDES}
    vectors = {side: _vectors(table) for side, table in tables.items()}
    places, settings = _lay_out(vectors, seed, perplexity, _threads(model, threads), progress)
    quality = {}
    for side in SIDES:
        usable = np.any(vectors[side], axis=1)
        if usable.any():
            chance, best = chance_share(tree.parents, tree.levels, usable, NEIGHBOURS)
            quality[side] = {
                "plane": parent_share(places[side], tree.parents, tree.levels, NEIGHBOURS),
                "full": parent_share(
                    vectors[side], tree.parents, tree.levels, NEIGHBOURS, cosine=True
                ),
                "chance": chance,
                "best": best,
            }
    near = _nearest_categories(vectors["center"], tree)
    what = tables["center"].select(["category", "level", "items"])
    events = tree.totals(model.counts).astype(np.int64)
    tops = [tree.paths[top] for top in tree.tops]
    nearest = [[tree.paths[other] for other in row] for row in near]
    return _map("categories", what, events, tops, places, nearest, quality, settings)


def items(
    model: State,
    *,
    limit: int = 200_000,
    seed: int = 1,
    perplexity: float | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Map:
    """Lay out the items of a model's catalogue: t-SNE by cosine of item vectors.

    Parameters
    ----------
    model : Model
        Its items, cold ones included.
    limit : int
        Items drawn at most, at least 1; of more, a sample that depends on the seed alone. A few
        thousand items take seconds, 200,000 many minutes.
    seed, perplexity, threads, progress
        As in `categories`.

    Returns
    -------
    Map
        In the order of the catalogue. Up to 20,000 items know their nearest ones.

    Raises
    ------
    InputError
        When no item has a vector, or an argument is out of range.
    ImportError
        When openTSNE is missing; names the extra.

    Examples
    --------
    >>> lw.maps.items(model, limit=5000).write("items.html")  # doctest: +SKIP
    """
    if isinstance(limit, bool) or not isinstance(limit, int | np.integer) or limit < 1:
        raise InputError(f"limit must be a whole number of at least 1, got {limit!r}")
    known = np.flatnonzero(np.any(model.center, axis=1))
    if not len(known):
        raise InputError("model must have items with vectors to draw, got none")
    if len(known) > limit:
        known = np.sort(np.random.default_rng(seed).choice(known, limit, replace=False))
    part = model.catalogue.take(known)
    vectors = {side: getattr(model, side)[known] for side in SIDES}
    used = _threads(model, threads)
    places, settings = _lay_out(vectors, seed, perplexity, used, progress)
    near: list[list[str]] = [[] for _ in known]
    if 1 < len(known) <= _NEAREST_ITEMS:
        index = make_index(vectors["center"], part, exact=True, threads=used)
        found = index.search(vectors["center"], _NEAREST, exclude=np.arange(len(known)))
        ids = np.array(part.ids.to_pylist(), object)
        near = [ids[row[row >= 0]].tolist() for row in found.positions]
    tree = CategoryTree(part)
    tops = [NO_CATEGORY if leaf < 0 else tree.paths[tree.tops[leaf]] for leaf in tree.leaves]
    what = pa.table({"item_id": part.ids, "name": part.names, "category": part.categories})
    return _map("items", what, model.counts[known], tops, places, near, {}, settings)


def _threads(model: State, threads: int | None) -> int:
    if threads is None:
        return model.options.threads
    if threads < 0:
        raise InputError(f"threads must be at least 0, got {threads}")
    return threads


def _lay_out(
    vectors: dict[str, Float32],
    seed: int,
    perplexity: float | None,
    threads: int,
    progress: Callable[[int, int], None] | None,
) -> tuple[dict[str, Float32], dict[str, Any]]:
    """Lay out both sides; progress counts them as one work."""
    settings: dict[str, Any] = {"seed": seed}
    places = {}
    for number, side in enumerate(SIDES):

        def tell(done: int, total: int, before: int = number) -> None:
            if progress is not None:
                progress(before * total + done, len(SIDES) * total)

        used = int(np.any(vectors[side], axis=1).sum())
        settings[f"{side}_perplexity"] = perplexity or fitted_perplexity(used)
        try:
            places[side] = plane(
                vectors[side], seed=seed, threads=threads, perplexity=perplexity, progress=tell
            )
        except ValueError as error:
            raise InputError(str(error)) from None
    return places, settings


def _map(
    kind: str,
    what: pa.Table,
    events: npt.NDArray[np.int64],
    tops: list[str],
    places: dict[str, Float32],
    nearest: list[list[str]],
    quality: dict[str, dict[str, float]],
    settings: dict[str, Any],
) -> Map:
    """Put a map together: what its points are, then the columns that every map has."""
    about = {
        "likewise_version": __version__,
        "map": kind,
        **{k: str(v) for k, v in settings.items()},
    }
    shared = {
        "events": pa.array(events),
        "top": pa.array(tops, pa.large_string()),
        **_columns(places),
        "nearest": pa.array(nearest, pa.list_(pa.large_string())),
    }
    table = pa.table({**{name: what.column(name) for name in what.schema.names}, **shared})
    return Map(kind, table.replace_schema_metadata(about), quality, settings)


def _columns(places: dict[str, Float32]) -> dict[str, pa.Array]:
    return {
        f"{side}_{axis}": pa.array(places[side][:, at], from_pandas=True)
        for side in SIDES
        for at, axis in enumerate("xy")
    }


def _vectors(table: pa.Table) -> Float32:
    column = table.column("vector").combine_chunks()
    flat: Float32 = column.flatten().to_numpy()
    return flat.reshape(len(column), -1)


def _nearest_categories(vectors: Float32, tree: CategoryTree) -> list[list[int]]:
    """Return the nearest of each category by cosine, those above and below it left out."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.where(lengths > 0, lengths, 1)
    lineage = [_lineage(tree, row) for row in range(len(tree))]
    found: list[list[int]] = []
    for start in range(0, len(units), 512):
        scores = units[start : start + 512] @ units.T
        scores[:, lengths[:, 0] == 0] = -np.inf
        for offset, row in enumerate(scores):
            own = start + offset
            if lengths[own, 0] == 0:
                found.append([])
                continue
            best = np.argsort(-row, kind="stable")
            chosen: list[int] = []
            for other in best.tolist():
                if len(chosen) == _NEAREST or row[other] == -np.inf:
                    break
                if other not in lineage[own] and own not in lineage[other]:
                    chosen.append(other)
            found.append(chosen)
    return found


def _lineage(tree: CategoryTree, row: int) -> set[int]:
    above = set()
    while row >= 0:
        above.add(row)
        row = int(tree.parents[row])
    return above
