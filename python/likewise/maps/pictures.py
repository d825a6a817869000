"""Pictures of a map, PNG and SVG: center and context side by side, for slides.

Owns how they are drawn with matplotlib. No window, no global state; the same map gives the same
bytes on the same machine.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from likewise.display.markup import plain
from likewise.maps.points import SIDE_TITLES, Points, labels_of, named_points, ordered_tops

__all__ = ["draw"]

#: Those of map.js, for light pages.
_COLOURS = ["#2f6fbf", "#c2571a", "#2c8a57", "#b3344f", "#7a55b5", "#8a6a16", "#1f8a99",
            "#b83a8e", "#5c7a1f", "#4b5fd1", "#96482a", "#2b6b6b"]  # fmt: skip
_OTHER = "#6b747d"
_INCHES, _DPI = (16.0, 9.0), 120


def draw(picture: Points, path: Path, suffix: str) -> None:
    """Draw a map into a file of the format that `suffix` names: png or svg."""
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.lines import Line2D
    except ImportError as error:
        raise ImportError("a picture needs matplotlib: pip install 'likewise[viz]'") from error
    tops = ordered_tops(picture)
    colour_of = {t: _COLOURS[i] if i < len(_COLOURS) else _OTHER for i, t in enumerate(tops)}
    colours = np.array([colour_of[top] for top in picture.table.column("top").to_pylist()])
    events = picture.table.column("events").to_numpy()
    labels = labels_of(picture)
    many = len(picture) > 4000
    areas = (3 if many else 14) + (60 if many else 700) * events / max(1, events.max())
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": "likewise", "text.parse_math": False}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # letters that the font lacks become boxes
        figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
        FigureCanvasAgg(figure)
        sides = picture.sides
        for axes, side in zip(figure.subplots(1, len(sides), squeeze=False)[0], sides, strict=True):
            places = picture.places(side)
            order = np.argsort(-events, kind="stable")
            order = order[np.isfinite(places[order]).all(axis=1)]
            axes.scatter(
                *places[order].T, s=areas[order], c=colours[order], alpha=0.72,
                linewidths=0 if many else 0.4, edgecolors="white", rasterized=many,
            )  # fmt: skip
            named = [] if picture.kind == "items" else named_points(places, events, labels)
            for row in named:
                axes.annotate(
                    plain(labels[row], 28), places[row], ha="center", va="bottom", fontsize=8.5,
                    xytext=(0, 3), textcoords="offset points", parse_math=False,
                )  # fmt: skip
            axes.set_title(SIDE_TITLES[side], fontsize=12)
            axes.set_axis_off()
            axes.margins(0.06)
        marks = [
            Line2D([], [], marker="o", linestyle="", color=colour_of[t], label=plain(t, 28))
            for t in tops[: len(_COLOURS)]
        ]
        if len(tops) > len(_COLOURS):
            others = f"{len(tops) - len(_COLOURS):,} others"
            marks += [Line2D([], [], marker="o", linestyle="", color=_OTHER, label=others)]
        figure.legend(handles=marks, loc="outside lower center", ncols=7, frameon=False, fontsize=9)
        about = {"Date": None} if suffix == "svg" else {"Software": None}
        figure.savefig(path, format=suffix, metadata=about)
