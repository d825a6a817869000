"""The page of a map: its points as data for map.js, and what stands around them.

Owns the shape of the data. Used by maps and report.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from likewise.display.markup import Html, data_block, join, plain, tag
from likewise.maps.points import SIDE_TITLES, Points, labels_of, named_points, ordered_tops
from likewise.maps.still import DENSE, frame, map_element
from likewise.pages.page import page, part, plotly

__all__ = ["map_data", "map_page", "quality_sentences", "theme_button"]


def map_data(picture: Points) -> dict[str, Any]:
    """Return what map.js reads; all text is plain and short."""
    table = picture.table
    longest = 120 if len(picture) <= DENSE else 48
    tops = ordered_tops(picture)
    number_of = {name: number for number, name in enumerate(tops)}
    events = table.column("events").to_numpy()
    labels = labels_of(picture)
    by_items = picture.kind == "items"
    keys = table.column("item_id" if by_items else "category").to_pylist()
    row_of = {key: row for row, key in enumerate(keys)}
    sides, drawn, named = [], {}, {}
    for side in picture.sides:
        places = picture.places(side)
        there = np.asarray(np.isfinite(places).all(axis=1))
        # Large ones first, so that small ones lie on top of them.
        order = np.argsort(-events, kind="stable")
        drawn[side] = order[there[order]].tolist()
        named[side] = [] if by_items else named_points(places, events, labels)
        xs, ys = (
            [
                round(v, 3) if ok else None
                for v, ok in zip(places[:, axis].tolist(), there.tolist(), strict=True)
            ]
            for axis in (0, 1)
        )
        sides.append(
            {"name": side, "title": SIDE_TITLES[side], "x": xs, "y": ys, "frame": frame(places)}
        )
    return {
        "dense": len(picture) > DENSE,
        "size": [3, 8] if len(picture) > DENSE else [4, 14] if len(picture) > 1000 else [6, 26],
        "labels": [plain(label, longest) for label in labels],
        "paths": [plain(path or "", longest) for path in table.column("category").to_pylist()],
        "items": [] if by_items else table.column("items").to_pylist(),
        "facts": [f"{plain(item_id, 40)}, " for item_id in keys] if by_items else None,
        "events": events.tolist(),
        "top": [number_of[top] for top in table.column("top").to_pylist()],
        "tops": [plain(top, 60) for top in tops],
        "nearest": [
            [row_of[other] for other in row] for row in table.column("nearest").to_pylist()
        ],
        "sides": sides,
        "drawn": drawn,
        "named": named,
    }


def theme_button() -> Html:
    """Return the button that changes between light and dark."""
    return tag("button", "Light / dark", id="theme", type="button", class_="no-print")


def quality_sentences(picture: Points) -> list[str]:
    """Say how well the plane keeps what belongs together."""
    return [
        f"{side.capitalize()}: of each category's 5 nearest of the same level, "
        f"{found['plane']:.0%} have the same parent on the map, {found['full']:.0%} by the full "
        f"vectors, {found['chance']:.0%} when placed at random, {found['best']:.0%} at best."
        for side, found in picture.quality.items()
        if found["chance"] == found["chance"]
    ]


def map_page(picture: Points) -> str:
    """Return the page of a map, whole."""
    size = "events of a category" if picture.kind == "categories" else "events of an item"
    title = f"Map of {len(picture):,} {picture.kind}"
    data = map_data(picture)
    body = join(
        tag(
            "header",
            tag("div", tag("h1", title), class_="title"),
            theme_button(),
            class_="top",
        ),
        tag(
            "p",
            f"Size: {size}. Colour: top category. Point at something to see what it is; wheel or "
            f"pinch to zoom, drag to move.",
            class_="quiet",
        ),
        tag("main", map_element(data)),
        *[tag("p", sentence, class_="quiet") for sentence in quality_sentences(picture)],
        tag(
            "p",
            "t-SNE by cosine: who is near whom means something, distances across the map and the "
            "axes do not.",
            class_="quiet",
        ),
        data_block("map-data", data),
    )
    scripts = [part("theme.js"), part("map.js")]
    return page(title, body, scripts=scripts, later=plotly(), evaluates=len(picture) > DENSE)
