"""Maps: categories or items of a model in two dimensions."""

from likewise.maps.maps import NO_CATEGORY, SUFFIXES, Map, categories, items

__all__ = ["NO_CATEGORY", "SUFFIXES", "Map", "categories", "items"]
