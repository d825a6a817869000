"""Trainings that give ready vectors, for tests of what is asked of a model afterwards."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def fake_train(vectors: Any, seen: list[Any] | None = None) -> Any:
    """A training that gives ready vectors and remembers what it was asked for."""

    def train(sessions: Any, catalogue: Any, options: Any, *, progress: Any = None) -> Any:
        if seen is not None:
            seen.append((sessions, catalogue, options, progress))
        return SimpleNamespace(center=vectors[0], context=vectors[1])

    return train
