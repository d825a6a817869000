"""Maps: categories or items of a model in two dimensions, as tables, pictures and pages.

Owns layouts (t-SNE), what a point shows, and the files of a map. Hands out `categories` and
`items`, which make a `Map`; SUFFIXES of the files it writes, and NO_CATEGORY.
"""

from likewise.maps.map import SUFFIXES, Map
from likewise.maps.maps import NO_CATEGORY, categories, items

__all__ = ["NO_CATEGORY", "SUFFIXES", "Map", "categories", "items"]
