"""Results of an evaluation: records, and how they look as a table, JSON and pandas.

Owns no figures: those come from evaluation.py.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any

from likewise.display.tables import table
from likewise.display.terminal import terminal_width, width_of
from likewise.evaluation.measures import BANDS

__all__ = ["Band", "Evaluation", "Result"]

_WIDTH = 130  # of a terminal whose width nobody knows


@dataclass(frozen=True)
class Band:
    """Part of a `Result`: the pairs whose item with history belongs to one band of popularity.

    Attributes
    ----------
    band : {"head", "middle", "tail"}
        Each has about a third of the events of history; the head is few items, the tail many.
    items : int
        Items in the band.
    n : int
        Pairs scored.
    hr, mrr, ndcg : float
        As in `Result`.
    """

    band: str
    items: int
    n: int
    hr: float
    mrr: float
    ndcg: float


@dataclass(frozen=True)
class Result:
    """One line of an evaluation.

    Attributes
    ----------
    system : str
        What was asked, such as ``"likewise center-center"``.
    kind : {"warm", "cold query", "cold target", "both cold", "shop", "last of shop", "transfer"}
        Which pairs it was asked for; with `` complements`` after it, those of two categories.
    hr, mrr, ndcg : float
        Share of targets among the best k; mean of 1 / rank; mean of 1 / log2(rank + 1), which with
        a single target is the normalised discounted cumulative gain. Ranks begin at 1, and all is 0
        beyond k. Not a number when there is no pair.
    n : int
        Pairs scored.
    pairs : int
        Pairs there are; when more than ``limit``, the ``n`` scored are a sample of them.
    tied : float
        Share of the pairs that count as found only because a tie does: as many as ``k`` items
        scored the same or better. Large when vectors collapse or items have equal content.
    coverage : float
        Share of the items that may be answers which are among the best k of some query.
    popularity : float
        Of what is recommended: the mean share of items that have fewer events than an answer. 0.5
        is that of items drawn by chance, 1 that of the most popular. Events are those of history;
        in a split by shop those that nobody was told.
    same_category : float
        Share of answers in the very category of the query.
    hr_low, hr_high, mrr_low, mrr_high, ndcg_low, ndcg_high : float
        95 % intervals, by bootstrap.
    difference, difference_low, difference_high : float
        ``hr`` less that of the first system on the same pairs, with its 95 % interval.
    bands : tuple of Band
        The same by popularity of the target (of the query, when the target is cold).
    """

    system: str
    kind: str
    hr: float
    mrr: float
    ndcg: float
    n: int
    pairs: int
    tied: float
    coverage: float
    popularity: float
    same_category: float
    hr_low: float
    hr_high: float
    mrr_low: float
    mrr_high: float
    ndcg_low: float
    ndcg_high: float
    difference: float
    difference_low: float
    difference_high: float
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """Results of all systems on one split.

    Attributes
    ----------
    rows : tuple of Result
        One for each system and kind of pair.
    split : {"last", "time", "cold", "shop", "transfer"}
    k : int
        Length of the lists that targets are looked for in.
    train_sessions, train_events : int
        What was learned from.
    seconds : float
        Time of training.
    options : dict
        The options of training.
    """

    rows: tuple[Result, ...]
    split: str
    k: int
    train_sessions: int
    train_events: int
    seconds: float
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return tables: for each kind of pair a line for each system, then bands of popularity."""
        lines = [
            f"split {self.split}: trained on {self.train_events:,} events of "
            f"{self.train_sessions:,} sessions in {self.seconds:.1f} s"
        ]
        compared = False
        for kind in dict.fromkeys(row.kind for row in self.rows):
            rows = [row for row in self.rows if row.kind == kind]
            lines += ["", *self._kind_lines(kind, rows)]
            compared = compared or any(not math.isnan(row.difference) for row in rows[1:])
        if compared:
            lines += [
                "",
                "±: 95 % interval. vs first: HR less that of the first line, * where its interval "
                "excludes 0.",
                "coverage: share of items in some list. popular: share of items less popular than "
                "an answer.",
                "category: share of answers in the query's category. head, middle, tail: HR by "
                "popularity.",
            ]
        if any(row.system.endswith(", with history") for row in self.rows):
            lines.append(
                "with history: counted in the shop's own sessions less the events asked for, of "
                "which no other line knows anything."
            )
        lines += [
            f"note: {row.system}, {row.kind}: {row.tied:.1%} of the pairs are found by a tie alone"
            for row in self.rows
            if row.tied >= 0.005
        ]
        return "\n".join(lines)

    def _kind_lines(self, kind: str, rows: list[Result]) -> list[str]:
        first = rows[0]
        of_all = f" of {first.pairs:,}" if first.n < first.pairs else ""
        bands = [name for name in BANDS if any(b.band == name for row in rows for b in row.bands)]
        header = [
            "system", f"HR@{self.k}", "±", f"MRR@{self.k}", f"NDCG@{self.k}", "vs first",
            "coverage", "popular", "category", *bands,
        ]  # fmt: skip
        body = []
        for row in rows:
            by_band = {band.band: band.hr for band in row.bands}
            body.append(
                [
                    row.system, _figure(row.hr), _figure((row.hr_high - row.hr_low) / 2),
                    _figure(row.mrr), _figure(row.ndcg), "" if row is first else _compared(row),
                    _figure(row.coverage, 3), _figure(row.popularity, 3),
                    _figure(row.same_category, 3),
                    *(_figure(by_band.get(name, math.nan), 3) for name in bands),
                ]
            )  # fmt: skip
        text = table(header, body, right=range(1, len(header)), width=_WIDTH)
        if bands and width_of(text.partition("\n")[0]) > terminal_width(_WIDTH):
            fewer = len(header) - len(bands)  # they are in to_dicts() and to_pandas()
            header, body = header[:fewer], [line[:fewer] for line in body]
            text = table(header, body, right=range(1, fewer), width=_WIDTH)
        return [f"{kind}: {first.n:,}{of_all} pairs", *text.splitlines()]

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one dict for each row."""
        return [asdict(row) for row in self.rows]

    def to_json(self) -> str:
        """Return one JSON object; what is not a number becomes null."""
        return json.dumps(_finite(asdict(self)), allow_nan=False)

    def to_pandas(self) -> Any:
        """Return the rows as a ``pandas.DataFrame``; bands become columns such as ``hr_head``.

        Raises
        ------
        ImportError
            When pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_pandas needs pandas: pip install pandas") from error
        rows = []
        for row in self.to_dicts():
            bands = row.pop("bands")
            for band in bands:
                row.update({f"{name}_{band['band']}": band[name] for name in ("hr", "mrr", "n")})
            rows.append(row)
        return pd.DataFrame(rows)


def _figure(value: float, digits: int = 4) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"


def _compared(row: Result) -> str:
    if math.isnan(row.difference):
        return ""
    sure = row.difference_low > 0 or row.difference_high < 0
    return f"{row.difference:+.4f}{'*' if sure else ' '}"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
