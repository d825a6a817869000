"""Sections of a report: plain values to markup. Everything is escaped by `tag`.

Owns tables, curves, lists and what stands above them; measures nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from itertools import pairwise
from typing import Any

from likewise.clustering.grouping import Clusters
from likewise.display.markup import Html, data_block, join, tag, text
from likewise.display.tables import grid
from likewise.levels import leaf_of
from likewise.maps.page import quality_sentences, theme_button
from likewise.maps.points import Points
from likewise.maps.still import map_element
from likewise.options import Options
from likewise.pages.curves import curve
from likewise.report.records import Example, Health

__all__ = [
    "clusters_section", "contents", "data_section", "evaluation_section", "header",
    "health_section", "lists_section", "map_section", "options_section", "section",
    "training_section",
]  # fmt: skip

_CLUSTERS = 40
_OPEN = 12  # of them at once


def section(name: str, title: str, *children: Html) -> Html:
    """Return a section with a heading that the table of contents leads to."""
    return tag("section", tag("h2", title), *children, id=name, aria_label=title)


def _whole(values: Any) -> list[tuple[str, Any]]:
    return [(field.name, getattr(values, field.name)) for field in fields(values)]


def data_section(catalogue: Any, sessions: Any | None) -> Html:
    """Say what came in and what was dropped: the reports of reading."""
    parts = []
    for what, report in (("Catalogue", catalogue), ("Sessions", sessions)):
        if report is None:
            continue
        rows = [
            (name.replace("_", " "), f"{value:,}" if not isinstance(value, bool) else str(value))
            for name, value in _whole(report)
            if isinstance(value, int)  # texts are in the sentence
        ]
        parts.append(tag("h3", what))
        parts.append(tag("p", f"{report}."))
        counts = grid(f"{what}, counted", ["", "count"], rows, numbers=[1])
        parts.append(tag("details", tag("summary", f"All counts of the {what.lower()}"), counts))
    if sessions is None:
        note = "How the events were read was not given to this report."
        parts.append(tag("p", note, class_="quiet"))
    return section("data", "Data", *parts)


def options_section(options: Options) -> Html:
    """List the options, those that are not the default first."""
    defaults = Options()
    rows = [(n, v, getattr(defaults, n)) for n, v in options.to_dict().items()]
    changed = [row for row in rows if row[1] != row[2]]
    said = ", ".join(f"{n} {v}" for n, v, _ in changed) or "all are the default"
    return section(
        "options", "Options", tag("p", f"Changed: {said}."),
        tag("details", tag("summary", "All options"),
            grid("Options of training", ["option", "value", "default"], rows, numbers=[1, 2])),
    )  # fmt: skip


def training_section(history: list[dict[str, Any]]) -> Html:
    """Loss, speed and learning rate along the pairs."""
    if not history:
        return section("training", "Training", tag("p", "This model has no record of training."))
    last = history[-1]
    pairs = [float(record["pairs_done"]) for record in history]
    speeds, places = [], []
    for before, after in pairwise(history):
        seconds = after["seconds"] - before["seconds"]
        if seconds > 0:
            places.append(float(after["pairs_done"]))
            speeds.append((after["pairs_done"] - before["pairs_done"]) / seconds)
    overall = last["pairs_done"] / max(last["seconds"], 1e-9)
    return section(
        "training", "Training",
        tag("p", f"{last['pairs_done']:,} pairs in {last['seconds']:,.1f} s, "
                 f"{overall / 1e6:,.2f} million a second; loss {last['loss_per_pair']:.3f} per "
                 "pair."),
        tag("div",
            curve(pairs, [r["loss_per_pair"] for r in history], "Loss per pair", "pairs"),
            curve(places, speeds, "Pairs per second", "pairs"),
            curve(pairs, [r["learning_rate"] for r in history], "Learning rate", "pairs"),
            class_="figures"),
    )  # fmt: skip


def evaluation_section(evaluations: Sequence[dict[str, Any]]) -> Html:
    """Show quality beside that of the baselines, with the intervals that the evaluation found."""
    if not evaluations:
        note = (
            "No evaluation was given to this report: likewise evaluate --json makes one, "
            "likewise report --evaluation shows it."
        )
        return section("evaluation", "Evaluation", tag("p", note, class_="quiet"))
    parts = []
    for found in evaluations:
        k = found["k"]
        header = ["system", "pairs", f"HR@{k}", "vs first", f"MRR@{k}", f"NDCG@{k}", "n"]
        trained = (
            f"Split {found['split']}: trained on {found.get('train_events', 0):,} events of "
            f"{found.get('train_sessions', 0):,} sessions, without what is looked for."
        )
        parts.append(tag("h3", f"Split {found['split']}"))
        parts.append(tag("p", trained))
        rows = _quality_rows(found["rows"])
        parts.append(grid(f"Quality, split {found['split']}", header, rows, range(2, 7)))
    parts.append(
        tag("p", "HR: how often what was held out is among the best answers; MRR and NDCG count "
                 "more what stands further up. Below each its 95 % interval, by bootstrap. vs "
                 "first: HR less that of the first system on the same pairs, and the interval of "
                 "that difference; * where it excludes 0.", class_="quiet")
    )  # fmt: skip
    return section("evaluation", "Evaluation", *parts)


def _quality_rows(results: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    shown = [row for row in results if _figures(row, "hr")]
    most = max((row["hr"] for row in shown), default=0) or 1
    compared: set[str] = set()  # kinds whose first system was met
    rows: list[tuple[Any, ...]] = []
    for row in shown:
        bar = f"background-size: {100 * row['hr'] / most:.0f}% 4px"
        hit = tag("td", _measured(row, "hr"), class_="number bar", style=bar)
        less = _measured(row, "difference", "+") if row["kind"] in compared else ""
        compared.add(row["kind"])
        others = [_measured(row, measure) for measure in ("mrr", "ndcg")]
        rows.append((row["system"], row["kind"], hit, less, *others, f"{row['n']:,}"))
    return rows


def _measured(row: dict[str, Any], name: str, sign: str = "") -> Html:
    """Return a figure and, below it, its interval where there is one."""
    found = "".join(f"{v:{sign}.3f}" for v in _figures(row, name))
    interval = _figures(row, f"{name}_low", f"{name}_high")
    if not found or not interval:
        return Html(found)
    low, high = interval
    star = "*" if sign and (low > 0 or high < 0) else ""
    between = tag("small", f"{low:{sign}.3f} to {high:{sign}.3f}", class_="quiet")
    return Html(f"{found}{star} {between}")


def _figures(row: dict[str, Any], *names: str) -> list[float]:
    """Return figures of a row; none of them unless all are there and are numbers."""
    values = [row.get(name) for name in names]
    return [v for v in values if v is not None] if all(map(_is_number, values)) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def map_section(picture: Points | None, data: dict[str, Any]) -> Html:
    """Place the map of categories, and beside it what map.js reads: `data` by `map_data`."""
    if picture is None:
        return section("map", "Category map", tag("p", "The catalogue has no categories."))
    rows = sorted(picture.table.to_pylist(), key=lambda row: -row["events"])[:100]
    table = grid(
        "Categories with most events, and what is near them",
        ["category", "items", "events", "nearest"],
        [
            (text(r["category"]), f"{r['items']:,}", f"{r['events']:,}", _leaves(r["nearest"]))
            for r in rows
        ],
        numbers=[1, 2],
        stacked=True,
    )
    return section(
        "map", "Category map",
        tag("p", "Size: events of a category. Colour: top category. Near means alike; distances "
                 "across the map and the axes mean nothing.", class_="quiet"),
        *[tag("p", sentence, class_="quiet") for sentence in quality_sentences(picture)],
        map_element(data),
        tag("details", tag("summary", "The map as a table"), table),
        data_block("map-data", data),
    )  # fmt: skip


def _leaves(paths: Sequence[str]) -> Html:
    pieces: list[Html] = []
    for path in paths:
        pieces += [Html(", ")] if pieces else []
        pieces.append(text(leaf_of(path), 60))
    return Html("".join(pieces))


def clusters_section(found: Clusters | None) -> Html:
    """List the clusters: names, sizes, how tight they are, what is at their middle."""
    if found is None:
        return section("clusters", "Clusters", tag("p", "There is nothing to cluster."))
    names = dict(zip(found.ids.tolist(), found.table.column("name").to_pylist(), strict=True))
    titles = dict(
        zip(found.catalogue.ids.to_pylist(), found.catalogue.names.to_pylist(), strict=True)
    )
    rows = []
    for row in found.table.slice(0, _CLUSTERS).to_pylist():
        central = Html("; ".join(text(titles[i] or i, 60) for i in row["central"][:3]))
        near = Html("; ".join(text(names[other], 50) for other in row["nearest"][:2]))
        rows.append(
            (text(row["name"], 90), f"{row['items']:,}", f"{row['events']:,}",
             f"{row['cohesion']:.2f}", central, near)
        )  # fmt: skip
    more = len(found) - _CLUSTERS
    head = ["name", "items", "events", "cohesion", "at the middle", "nearest"]
    tables = [grid("Clusters, the largest first", head, rows[:_OPEN], [1, 2, 3], stacked=True)]
    if len(rows) > _OPEN:
        rest = grid("Clusters, further ones", head, rows[_OPEN:], [1, 2, 3], stacked=True)
        tables.append(tag("details", tag("summary", f"{len(rows) - _OPEN} more"), rest))
    return section(
        "clusters", "Clusters",
        tag("p", f"{len(found):,} groups of alike items by k-means on unit vectors"
                 + (f"; the {_CLUSTERS} largest are shown." if more > 0 else ".")
                 + " Cohesion is the mean cosine of the items to the middle of their group.",
            class_="quiet"),
        *tables,
    )  # fmt: skip


def lists_section(examples: Sequence[Example]) -> Html:
    """Show the example lists; each opens to its answers and the features that explain them."""
    parts: list[Html] = [
        tag("p", "Every score is a sum: what each feature of the item asked about adds to it. The "
                 "weightiest three are named, “rest” is the sum of all others; what speaks against "
                 "an answer is negative. "
                 "“own row” is what visits say beyond name and category.", class_="quiet"),
        tag("p", tag("button", "Open all", type="button", data_open="lists"),
            " ", tag("button", "Close all", type="button", data_close="lists"), class_="no-print"),
    ]  # fmt: skip
    group = ""
    for example in examples:
        if example.group != group:
            group = example.group
            parts.append(tag("h3", group))
        parts.append(_list(example))
    if not examples:
        parts.append(tag("p", "No item has any answer."))
    return section("lists", "Example lists", *parts)


def _list(example: Example) -> Html:
    known = any(answer.events for answer in example.answers)
    rows = []
    for rank, answer in enumerate(example.answers, 1):
        reasons: list[Html] = []
        for label, share in answer.reasons:
            reasons += [text(label, 50), Html(f" {share:.2f} · ")]
        reasons.append(Html(f"rest {answer.rest:.2f}"))
        row = [
            rank, f"{answer.score:.3f}", text(answer.name or answer.item_id),
            text(answer.category or ""), Html("".join(reasons)),
        ]  # fmt: skip
        if known:
            row.insert(4, f"{answer.events:,}")
        rows.append(row)
    header = ["", "score", "name", "category", "because"]
    if known:
        header.insert(4, "events")
    name = text(example.name or example.item_id)
    about = f"{example.events:,} events" if example.events else "no events"
    numbers = [0, 1, 4] if known else [0, 1]
    table = grid("Answers, best first", header, rows, numbers, stacked=True)
    return tag(
        "details",
        tag("summary", name, " ", tag("span", text(example.category or "no category"),
            f" · {about}", class_="quiet")),
        table,
    )  # fmt: skip


def health_section(health: Health) -> Html:
    """Warnings, then the figures they come from."""
    warnings = [tag("p", sentence, class_="warning") for sentence in health.warnings]
    if not warnings:
        warnings = [tag("p", "No warnings.")]
    return section(
        "warnings", "Warnings", *warnings,
        tag("details", tag("summary", "The figures behind them"),
            grid("Figures", ["what", "value", "meaning"], health.figures, numbers=[1])),
    )  # fmt: skip


def contents(sections: Sequence[tuple[str, str]]) -> Html:
    """Return the table of contents."""
    links = [tag("li", tag("a", title, href=f"#{name}")) for name, title in sections]
    return tag("nav", tag("ul", *links), aria_label="Contents")


def header(about: dict[str, Any], title: str) -> Html:
    """Return the top of the page: what the model is, of which `about` is `Model.info`."""
    cold = about["items"] - about["warm_items"]
    line = (
        f"{about['items']:,} items ({about['warm_items']:,} with history, {cold:,} new), "
        f"{about['events']:,} events, {about['dim']} dimensions, {about['bytes'] / 1e6:,.1f} MB; "
        f"trained {_moment(about['created'])} by likewise {about['version']}"
    )
    lines = [line, *(f"{what[0].upper()}{what[1:]}." for what in about["missing"])]
    inside = tag("div", tag("h1", text(title)), *(tag("p", one, class_="quiet") for one in lines))
    return join(tag("header", inside, theme_button(), class_="top"))


def _moment(spelled: str) -> str:
    """Return an ISO time of UTC as people write it; others as they are."""
    if not spelled.endswith("+00:00"):
        return spelled
    return f"{spelled[:10]} {spelled[11:16]} UTC"
