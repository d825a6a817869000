"""Tables: whatever people have of items and events, as catalogues and sessions in flat arrays.

Owns files and their formats, what an id, a text or a time may be, the order of events, and the
messages about what cannot be read. Hands out `Catalogue` (which keeps the contract of items.py,
below all rooms), `Sessions`, their reports, and `connect`, a private DuckDB.

Rows go one way: files -> reading -> columns -> catalogue; and on through events and ordering ->
sessions.
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "catalogue": "Catalogue CatalogueReport",
    "sessions": "Sessions SessionsReport",
})  # fmt: skip
