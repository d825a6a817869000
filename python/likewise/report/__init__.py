"""Report: one page that shows a model: data, training, quality, map, clusters and real lists.

Owns which examples are shown, what is measured of a model's health, and how all of it looks. Hands
out `write_report` and `report_page`.
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "report": "write_report",
})  # fmt: skip
