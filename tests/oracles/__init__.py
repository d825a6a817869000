"""Slow and obvious twins of what the library does fast; tests compare the two."""
