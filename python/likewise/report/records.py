"""What a report shows besides the model: example lists, and how healthy it is.

Owns the records alone: they are filled in by lists.py and health.py and drawn by sections.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Answer", "Example", "Health"]


@dataclass(frozen=True)
class Answer:
    """One line of a list; ``reasons`` are feature and share, ``rest`` the share of all others."""

    item_id: str
    name: str | None
    category: str | None
    events: int
    score: float
    reasons: tuple[tuple[str, float], ...]
    rest: float


@dataclass(frozen=True)
class Example:
    """A query and its answers."""

    group: str
    item_id: str
    name: str | None
    category: str | None
    events: int
    answers: tuple[Answer, ...]


@dataclass
class Health:
    """Figures as (what, value as text, what it means), and warnings as sentences."""

    figures: list[tuple[str, str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, what: str, value: str, meaning: str, warning: str = "") -> None:
        """Add a figure, and a warning unless it is empty."""
        self.figures.append((what, value, meaning))
        if warning:
            self.warnings.append(warning)
