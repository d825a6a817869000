"""The map before any script has run: dots, names and a legend, drawn by the browser alone.

Owns the frame in which points lie, which map.js draws in as well: nothing moves when it takes over.
On paper and without scripts this is the map.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.display.markup import Html, tag, text

__all__ = ["COLOURS", "DENSE", "frame", "map_element"]

DENSE = 4000  # points above which only a script draws, with WebGL
COLOURS = 12  # --c0 to --c11 of page.css; others are grey
_MARGIN = 0.06  # of the extent, on every side
_LEGEND = 24


def frame(places: npt.NDArray[Any]) -> list[list[float]]:
    """Return the lowest and highest x, and y, that a drawing shows; places (n, 2) may be missing.

    Some room is left around the points, also where they have no extent.
    """
    there = places[np.isfinite(places).all(axis=1)].astype(np.float64)
    if not len(there):
        return [[0.0, 1.0], [0.0, 1.0]]
    low, high = there.min(axis=0), there.max(axis=0)
    room = np.maximum(_MARGIN * (high - low), 0.01)
    return [
        [round(float(v), 3) for v in pair] for pair in zip(low - room, high + room, strict=True)
    ]


def map_element(data: dict[str, Any]) -> Html:
    """Return the element that map.js takes over; `data` is what `map_data` made of the map."""
    figures = [
        tag(
            "figure",
            tag("div", *_still(data, side), class_="plot", role="img", aria_label=side["title"]),
            tag("figcaption", side["title"]),
        )
        for side in data["sides"]
    ]
    names = [
        tag("li", tag("span", class_=f"dot {_class(top)}"), text(name))
        for top, name in enumerate(data["tops"][:_LEGEND])
    ]
    return tag(
        "div",
        tag("ul", *names, class_="legend", aria_label="Top categories"),
        tag("div", *figures, class_="sides"),
        class_="map",
        data_map="map-data",
    )


def _class(top: int) -> str:
    return f"c{top}" if top < COLOURS else "other"


def _still(data: dict[str, Any], side: dict[str, Any]) -> list[Html]:
    if len(data["labels"]) > DENSE:
        return [tag("p", "Drawn when the page's script runs.", class_="quiet")]
    (left, right), (bottom, top) = side["frame"]
    most = max(1, *data["events"]) if data["events"] else 1
    small, spread = data["size"]
    dots = []
    # A line of no length with round ends: a dot that stays round in whatever shape the figure has.
    for i in data["drawn"][side["name"]]:
        width = small + spread * (data["events"][i] / most) ** 0.5
        dots.append(
            f'<path class="{_class(data["top"][i])}" stroke-width="{width:.1f}" '
            f'd="M{side["x"][i] - left:.3f} {top - side["y"][i]:.3f}h0"/>'
        )
    drawing = tag(
        "svg", Html("".join(dots)), class_="still",
        viewBox=f"0 0 {right - left:.3f} {top - bottom:.3f}", preserveAspectRatio="none",
    )  # fmt: skip
    names = []
    for i in data["named"][side["name"]]:
        x = (side["x"][i] - left) / (right - left)
        y = (top - side["y"][i]) / (top - bottom)
        # Those near an edge lean inwards.
        lean = "start" if x < 0.15 else "end" if x > 0.85 else None
        place = f"left:{100 * x:.2f}%;top:{100 * y:.2f}%"
        names.append(tag("span", text(data["labels"][i], 28), class_=lean, style=place))
    return [tag("div", drawing, *names, class_="still", aria_hidden="true")]
