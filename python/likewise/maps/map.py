"""Map: categories or items of a model in two dimensions, as a table, a picture or a page.

Owns the files it is written to. What a point is stands in maps/points.py, pages are made in
maps/page.py, pictures in maps/pictures.py.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from likewise.maps.page import map_page
from likewise.maps.pictures import draw
from likewise.maps.points import Points
from likewise.work.replacing import whole_file

__all__ = ["NEIGHBOURS", "SUFFIXES", "Map"]

SUFFIXES = (".parquet", ".png", ".svg", ".html")
NEIGHBOURS = 5  # of the quality of a map


@dataclass(frozen=True, eq=False)
class Map(Points):
    """Points in two dimensions; made by `categories` or `items`.

    Attributes
    ----------
    kind : {"categories", "items"}
        What a point is.
    table : pyarrow.Table
        One row for each point. Categories: ``category`` (path), ``level`` (1 is the top),
        ``items``; items: ``item_id``, ``name``, ``category``. Both: ``events`` (int64), ``top``
        (first level), ``center_x``, ``center_y``, ``context_x``, ``context_y`` (float32, no unit;
        null for a point without a vector), ``nearest`` (list of categories or item ids by cosine of
        center vectors, best first).
    quality : dict
        By side that has places, for categories: ``plane``, ``full``, ``chance`` and ``best``: the
        share of a category's 5 nearest of the same level that have the same parent, in two
        dimensions, in all dimensions by cosine, as expected of places at random, and at best: a
        parent may have few children.
    settings : dict
        ``seed``; ``center_perplexity`` and ``context_perplexity``.

    Examples
    --------
    ``lw.maps.categories(model).write("map.html")``
    """

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the map: coordinates to .parquet, a picture to .png or .svg, a page to .html.

        The file is written beside its place and renamed: it is there whole or not at all. A page
        holds everything it needs and makes no request.

        Raises
        ------
        StorageError
            When the name ends otherwise or the file cannot be written.
        ImportError
            When matplotlib (pictures) or plotly (pages) is missing; names the extra.
        """
        place = Path(path)
        with whole_file(place, SUFFIXES) as draft:
            suffix = place.suffix.lower()
            if suffix == ".parquet":
                pq.write_table(self.table, draft, compression="zstd")
            elif suffix == ".html":
                draft.write_text(map_page(self), encoding="utf-8")
            else:
                draw(self, draft, suffix[1:])
        return place

    def __repr__(self) -> str:
        lines = [f"map of {len(self):,} {self.kind}"]
        for side, found in self.quality.items():
            lines.append(
                f"  {side}: of the {NEIGHBOURS} nearest of the same level {found['plane']:.0%} "
                f"have the same parent; {found['full']:.0%} in full dimension, "
                f"{found['chance']:.0%} at random, {found['best']:.0%} at best"
            )
        return "\n".join(lines)
