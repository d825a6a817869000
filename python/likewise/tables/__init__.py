"""Tables: whatever people have of items and events, as catalogues and sessions in flat arrays.

Owns what an id, a text or a time may be, the order of events, and the count of what is dropped.
Hands out `Catalogue` (which keeps the contract of items.py, below all rooms), `Sessions` and their
reports.

Rows go one way: the room reading -> columns and times -> rows -> catalogue; and on through events
and ordering -> sessions.
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "catalogue": "Catalogue",
    "reports": "CatalogueReport SessionsReport",
    "sessions": "Sessions",
})  # fmt: skip
