"""Report: one page that shows a model: its data, training, quality, map, clusters and real lists.

Owns what is gathered for the page and in which order it stands. What is measured is in
report/health.py and report/lists.py, how it looks in report/sections.py.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.clustering.grouping import Clusters, clusters
from likewise.display.markup import join, tag
from likewise.errors import InputError
from likewise.evaluation.results import Evaluation
from likewise.maps.map import Map
from likewise.maps.maps import categories
from likewise.maps.page import map_data
from likewise.maps.still import DENSE
from likewise.model.describe import info
from likewise.pages.page import page, part, plotly
from likewise.report.health import measure
from likewise.report.lists import example_lists
from likewise.report.sections import (
    clusters_section,
    contents,
    data_section,
    evaluation_section,
    header,
    health_section,
    lists_section,
    map_section,
    options_section,
    training_section,
)
from likewise.tables.catalogue import Catalogue, as_catalogue
from likewise.work.replacing import whole_file

if TYPE_CHECKING:
    from likewise.state import State
    from likewise.tables.sessions import Sessions

__all__ = ["report_page", "write_report"]

_STEPS = ("map", "clusters", "lists", "warnings", "page")
_SECTIONS = [
    ("warnings", "Warnings"),
    ("data", "Data"),
    ("options", "Options"),
    ("training", "Training"),
    ("evaluation", "Evaluation"),
    ("map", "Category map"),
    ("clusters", "Clusters"),
    ("lists", "Example lists"),
]


def write_report(
    model: State,
    path: str | os.PathLike[str],
    *,
    sessions: Sessions | None = None,
    evaluations: Sequence[Evaluation | dict[str, Any]] = (),
    other: Catalogue | Any | None = None,
    title: str = "Similar products",
    n_clusters: int | None = None,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a report about a model: one HTML file that needs no network.

    Parameters
    ----------
    model : Model
        What the report is about.
    path : path
        Must end in .html. Written beside its place and renamed.
    sessions : Sessions, optional
        What it was trained on, for what came in and was dropped.
    evaluations : sequence of Evaluation, or of dicts as their ``to_json()`` has them, optional
        Shown with their intervals.
    other : Catalogue or what Catalogue.read takes, optional
        Another catalogue: lists of answers from it, and its unknown words.
    title : str
        Of the page.
    n_clusters : int, optional
        As ``n`` of :func:`likewise.clusters`.
    seed : int
        Of the map, the clusters and the choice of examples.
    progress : callable, optional
        Gets steps done and in all.

    Raises
    ------
    InputError
        When an evaluation or the catalogue is not what it should be, or ``other`` is given and
        the model knows items by their ids alone.
    StorageError
        When the file cannot be written.
    ImportError
        When a package of the extra ``viz`` is missing; names it.

    Examples
    --------
    >>> lw.write_report(model, "report.html", sessions=sessions)  # doctest: +SKIP
    """
    with whole_file(Path(path), (".html",)) as draft:
        found = report_page(
            model, sessions=sessions, evaluations=evaluations, other=other, title=title,
            n_clusters=n_clusters, seed=seed, progress=progress,
        )  # fmt: skip
        draft.write_text(found, encoding="utf-8")
    return Path(path)


def report_page(
    model: State,
    *,
    sessions: Sessions | None = None,
    evaluations: Sequence[Evaluation | dict[str, Any]] = (),
    other: Catalogue | Any | None = None,
    title: str = "Similar products",
    n_clusters: int | None = None,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """Return the page that `write_report` writes."""
    results = [_plain_evaluation(found) for found in evaluations]
    if other is not None:
        other = as_catalogue(other)
        if model.recipe is None:
            raise InputError(
                "other must be left out where items are known by their ids alone: nothing of "
                f"another catalogue is known, got one of {len(other):,} items"
            )
    script = plotly()  # first: what is missing is known before the work

    def done(steps: int) -> None:
        if progress is not None:
            progress(steps, len(_STEPS))

    done(0)
    picture = _map(model, seed)
    done(1)
    groups = _clusters(model, n_clusters, seed)
    done(2)
    examples = example_lists(model, other, seed=seed)
    done(3)
    report = None if sessions is None else sessions.report
    health = measure(model, sessions=report, other=other, seed=seed)
    done(4)
    data = {} if picture is None else map_data(picture)
    catalogue = model.catalogue if sessions is None else sessions.catalogue
    body = join(
        header(info(model), title),
        contents(_SECTIONS),
        tag(
            "main",
            health_section(health),
            data_section(catalogue.report, report),
            options_section(model.options),
            training_section(model.history),
            evaluation_section(results),
            map_section(picture, data),
            clusters_section(groups),
            lists_section(examples),
        ),
    )
    scripts = [part("theme.js"), part("report.js")]
    if picture is not None:
        scripts.append(part("map.js"))
    many = picture is not None and len(picture) > DENSE
    made = page(
        title, body, scripts=scripts, later=None if picture is None else script, evaluates=many
    )
    done(5)
    return made


def _map(model: State, seed: int) -> Map | None:
    if model.catalogue.report.null_categories == len(model.catalogue):
        return None
    try:
        return categories(model, seed=seed)
    except InputError:
        return None  # categories that are all blank


def _clusters(model: State, n: int | None, seed: int) -> Clusters | None:
    known = int(np.any(model.center, axis=1).sum())
    if known == 0:
        return None
    return clusters(model, None if n is None else min(n, known), seed=seed)


def _plain_evaluation(found: Evaluation | dict[str, Any]) -> dict[str, Any]:
    values = json.loads(found.to_json()) if isinstance(found, Evaluation) else found
    if not isinstance(values, dict) or not {"split", "k", "rows"} <= set(values):
        raise InputError(
            "evaluations must be those of likewise.evaluate, or dicts with split, k and rows as "
            "likewise evaluate --json prints them"
        )
    for row in values["rows"]:
        if not isinstance(row, dict) or not {"system", "kind", "hr", "n"} <= set(row):
            raise InputError("evaluations must have rows with system, kind, hr and n")
    return values
