"""The summary of the nightly job.

Owns what is told of it: lists, coverage, how it was searched, time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from likewise.neighbours.trust import Trust

__all__ = ["Recommendations"]


@dataclass(frozen=True)
class Recommendations:
    """What :meth:`Model.recommend_all` did.

    Attributes
    ----------
    queries, candidates : int
        Items asked about, and items that may be answers.
    rows : int
        Pairs written.
    full, short, empty : int
        Lists of k items, of fewer, of none.
    coverage : float
        Share of the candidates that are in some list, 0 to 1.
    new_candidates, new_places : float or None
        Shares of items without history: among the candidates, and of all places in lists. None for
        vectors of another model.
    search : str
        ``"exact"``, ``"partitioned"`` or ``"hnsw"``.
    recall : float or None
        Share of the true best that an approximate search finds, on a sample; None when exact.
    seconds : float
        Time it took, model and catalogues being there.
    output : str or None
        The file.
    trust : dict of str to Trust
        What the model knows of catalogues it was not trained on: "queries", "candidates".
    table : pyarrow.Table or None
        The rows, where no output was named.
    """

    queries: int
    candidates: int
    rows: int
    full: int
    short: int
    empty: int
    coverage: float
    new_candidates: float | None
    new_places: float | None
    search: str
    recall: float | None
    seconds: float
    output: str | None
    trust: dict[str, Trust] = field(default_factory=dict)
    table: Any = field(default=None, repr=False)

    def __str__(self) -> str:
        """Return a few lines for people."""
        approximate = "" if self.recall is None else f", recall {self.recall:.3f} on a sample"
        lines = [
            f"{self.rows:,} rows for {self.queries:,} items, {self.candidates:,} candidates, "
            f"{self.search} search{approximate}, {self.seconds:,.1f} s",
            f"{self.full:,} full lists, {self.short:,} short, {self.empty:,} empty; "
            f"{self.coverage:.1%} of the candidates are in some list",
        ]
        if self.new_candidates and self.new_candidates < 1.0:
            lines.append(
                f"{self.new_candidates:.1%} of the candidates have no history, and have "
                f"{self.new_places:.1%} of the places"
            )
        lines += [f"{which}: {trust}" for which, trust in self.trust.items()]
        return "\n".join(lines)
