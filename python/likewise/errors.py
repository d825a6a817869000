"""The exceptions likewise raises of its own, all of them subclasses of a built-in one.

Messages are one line: the argument, what was wanted, what came.
"""

from __future__ import annotations

__all__ = ["InputError", "StorageError", "TrainingError", "UnknownItemError"]


class InputError(ValueError):
    """Data given by the caller cannot be used: a column is missing, a file is truncated."""


class UnknownItemError(KeyError):
    """An item id that is not in the catalogue; the message suggests close ones."""

    __str__ = LookupError.__str__  # a KeyError would show the message in quotes


class StorageError(OSError):
    """A saved model cannot be read or written: damaged, of another version, no space."""


class TrainingError(ArithmeticError):
    """Training went wrong numerically; the message names the epoch and the learning rate."""
