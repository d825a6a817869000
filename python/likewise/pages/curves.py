"""Small line charts as SVG: static, legible in light and dark, described for screen readers."""

from __future__ import annotations

from collections.abc import Sequence

from likewise.display.markup import Html, tag

__all__ = ["curve"]

_WIDTH, _HEIGHT = 360, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 10, 26


def _spelled(value: float) -> str:
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def curve(xs: Sequence[float], ys: Sequence[float], title: str, along: str) -> Html:
    """Draw one line.

    Parameters
    ----------
    xs, ys : sequences of float
        Equally long, finite, xs ascending.
    title, along : str
        What is drawn, and along what.
    """
    if len(xs) < 2:
        return tag("figure", tag("p", f"{title}: too short a training for a curve."))
    low, high = min(0.0, *ys), max(ys)
    if high <= low:
        high = low + 1
    wide, tall = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    span = (xs[-1] - xs[0]) or 1.0

    def x_at(value: float) -> float:
        return _LEFT + (value - xs[0]) / span * wide

    def y_at(value: float) -> float:
        return _TOP + (high - value) / (high - low) * tall

    points = " ".join(f"{x_at(x):.1f},{y_at(y):.1f}" for x, y in zip(xs, ys, strict=True))
    marks = []
    for value in (low, (low + high) / 2, high):
        y = f"{y_at(value):.1f}"
        marks.append(tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="axis"))
        marks.append(
            tag("text", _spelled(value), x=_LEFT - 6, y=f"{y_at(value) + 4:.1f}",
                text_anchor="end")
        )  # fmt: skip
    for value, anchor in ((xs[0], "start"), (xs[-1], "end")):
        marks.append(
            tag("text", _spelled(value), x=f"{x_at(value):.1f}", y=_HEIGHT - 8,
                text_anchor=anchor)
        )  # fmt: skip
    said = f"{title}: from {_spelled(ys[0])} to {_spelled(ys[-1])}"
    drawing = tag(
        "svg", *marks, tag("polyline", points=points, class_="line"),
        role="img", aria_label=said, viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
    )  # fmt: skip
    return tag("figure", drawing, tag("figcaption", f"{said}, along {along}"))
