"""Evaluation: what a model finds for held-out events, beside baselines.

Owns the ranking rule and the table of results, and gives out the splits of ``_splits``. All of it
works on flat arrays, in blocks; a loop runs over blocks of queries, never over sessions.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from likewise._splits import ColdSplit, LastSplit, cold_split, last_split
from likewise.baselines import ItemKNN, Popularity
from likewise.errors import InputError
from likewise.options import Options
from likewise.sessions import Sessions
from likewise.training import train as train_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from likewise.catalogue import Catalogue

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = [
    "ColdSplit",
    "Evaluation",
    "LastSplit",
    "Result",
    "cold_split",
    "cosine_ranks",
    "evaluate",
    "last_split",
]

_SCORES = 1 << 25  # scores held at a time: 128 MiB of float32
_SAME = np.float32(1e-6)  # cosines nearer than this are a tie: they differ by rounding


@dataclass(frozen=True)
class Result:
    """One line of an evaluation.

    Attributes
    ----------
    system : str
        What was asked, such as ``"likewise center-center"``.
    kind : {"warm", "cold query", "cold target"}
        Which pairs it was asked for.
    hr, mrr : float
        Share of targets among the best k, and mean of 1 / rank, counted 0 beyond k. Not a number
        when there is no pair.
    n : int
        Pairs scored.
    pairs : int
        Pairs there are; when more than ``limit``, the ``n`` scored are a sample of them.
    tied : float
        Share of the pairs that count as found only because a tie does: as many as ``k`` items
        scored the same or better. Large when vectors collapse or items have equal content.
    """

    system: str
    kind: str
    hr: float
    mrr: float
    n: int
    pairs: int
    tied: float


@dataclass(frozen=True)
class Evaluation:
    """Results of all systems on one split.

    Attributes
    ----------
    rows : tuple of Result
        One for each system and kind of pair.
    split : str
        ``"last"`` or ``"cold"``.
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
        """Return a table: a line for each system and kind of pair."""
        width = max([len(row.system) for row in self.rows] + [6])
        lines = [
            f"split {self.split}: trained on {self.train_events:,} events of "
            f"{self.train_sessions:,} sessions in {self.seconds:.1f} s",
            f"{'system':<{width}}  {'pairs':<11}  {f'HR@{self.k}':>7}  {f'MRR@{self.k}':>7}  "
            f"{'n':>9}",
        ]
        for row in self.rows:
            of_all = f" of {row.pairs:,}" if row.n < row.pairs else ""
            lines.append(
                f"{row.system:<{width}}  {row.kind:<11}  {row.hr:>7.4f}  {row.mrr:>7.4f}  "
                f"{row.n:>9,}{of_all}"
            )
        lines += [
            f"note: {row.system}, {row.kind}: {row.tied:.1%} of the pairs are found by a tie alone"
            for row in self.rows
            if row.tied >= 0.005
        ]
        return "\n".join(lines)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one dict for each row."""
        return [asdict(row) for row in self.rows]

    def to_json(self) -> str:
        """Return one JSON object; what is not a number becomes null."""
        values = asdict(self)
        for row in values["rows"]:
            row.update({key: None for key in ("hr", "mrr", "tied") if np.isnan(row[key])})
        return json.dumps(values)

    def to_pandas(self) -> Any:
        """Return the rows as a ``pandas.DataFrame``."""
        import pandas as pd

        return pd.DataFrame(self.to_dicts())


def cosine_ranks(
    queries: NDArray[np.float32],
    candidates: NDArray[np.float32],
    query_items: Ints,
    target_items: Ints,
    allowed: Mask | None = None,
) -> tuple[Longs, Longs]:
    """Rank of each target among all items by cosine to its query: 0 is the best.

    The rank is the number of items with a higher score; the query itself does not count. A query
    or a target without a vector (all zeros) is not found: its rank is ``n_items``.

    Parameters
    ----------
    queries, candidates : float32 (n_items, dim)
        Vectors of items as queries and as answers.
    query_items, target_items : int32 (n,)
        The pairs.
    allowed : bool (n_items,), optional
        Items that may be answers; all by default.

    Returns
    -------
    ranks : int64 (n,)
    lowest : int64 (n,)
        The ranks if every item of the same score came first.
    """
    units = _unit(candidates)
    answers = np.any(units, axis=1)
    ranks = np.full(len(query_items), len(units), np.int64)
    lowest = ranks.copy()
    for begin, end in _blocks(len(query_items), len(units)):
        asked, wanted = query_items[begin:end], target_items[begin:end]
        vectors = _unit(queries[asked])
        scores = vectors @ units.T
        if allowed is not None:
            scores[:, ~allowed] = -9
        row = np.arange(len(asked))
        scores[row, asked] = -9
        reached = scores[row, wanted][:, None]
        found = np.any(vectors, axis=1) & answers[wanted]
        ranks[begin:end][found] = np.count_nonzero(scores > reached, axis=1)[found]
        level = np.count_nonzero(scores > reached - _SAME, axis=1) - 1  # the target is one of them
        lowest[begin:end][found] = level[found]
    return ranks, lowest


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    vectors = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def _blocks(n: int, width: int) -> Iterator[tuple[int, int]]:
    rows = max(1, min(512, _SCORES // max(1, width)))
    for begin in range(0, n, rows):
        yield begin, min(n, begin + rows)


@dataclass(frozen=True)
class _Pairs:
    """Held-out pairs of one kind, a sample of them when there are more than a limit."""

    kind: str
    queries: Ints
    targets: Ints
    total: int
    allowed: Mask | None = None

    @classmethod
    def sample(
        cls, kind: str, queries: Ints, targets: Ints, limit: int, allowed: Mask | None = None
    ) -> _Pairs:
        total = len(queries)
        if total > limit:
            chosen = np.random.default_rng(0).choice(total, limit, replace=False)
            queries, targets = queries[chosen], targets[chosen]
        return cls(kind, queries, targets, total, allowed)

    def result(self, system: str, ranks: Longs, lowest: Longs, k: int) -> Result:
        n, found = len(ranks), ranks < k
        if n == 0:
            nothing = float("nan")
            return Result(system, self.kind, nothing, nothing, 0, self.total, nothing)
        hr, mrr = found.sum() / n, (1 / (ranks[found] + 1)).sum() / n
        tied = (found & (lowest >= k)).sum() / n
        return Result(system, self.kind, float(hr), float(mrr), n, self.total, float(tied))


def evaluate(
    sessions: Sessions,
    catalogue: Catalogue | None = None,
    options: Options | None = None,
    split: str = "last",
    k: int = 20,
    *,
    seed: int = 4,
    share: float = 0.1,
    limit: int = 20000,
    baselines: bool = True,
    progress: Any = None,
    train: Callable[..., Any] | None = None,
) -> Evaluation:
    """Hold out events, train on the rest, and look for what was held out.

    Parameters
    ----------
    sessions : Sessions
        History.
    catalogue : Catalogue, optional
        Items with their content; that of the sessions by default. Must have every item that
        occurs in the sessions.
    options : Options, optional
        How to train.
    split : {"last", "cold"}
        `last_split`: the next item, known from history. `cold_split`: items without history, as
        queries (answers are the items with history) and as targets (answers are all items).
    k : int
        Length of the lists that targets are looked for in, at least 1.
    seed : int
        Which items vanish in a cold split.
    share : float
        How many items vanish in a cold split.
    limit : int
        Pairs scored of each kind, at least 1. More than these are sampled, the same ones for
        every system.
    baselines : bool
        Score popularity and item-kNN as well.
    progress : callable, optional
        Passed on to training.
    train : callable, optional
        Takes the arguments of `likewise.train` and returns what has ``center`` and ``context``
        vectors of all items; `likewise.train` by default.

    Returns
    -------
    Evaluation

    Raises
    ------
    InputError
        When an argument is out of range or nothing can be held out.

    Notes
    -----
    A target counts as found when fewer than ``k`` items score higher than it does, so ties count
    for it (`Result.tied` says how often that decides). A model does not answer with the query
    itself, and an item without a vector neither asks nor answers. Popularity gives one list to
    every query.

    Examples
    --------
    >>> print(evaluate(sessions, options=Options(epochs=5), split="cold"))  # doctest: +SKIP
    """
    if split not in ("last", "cold"):
        raise InputError(f"split must be 'last' or 'cold', got {split!r}")
    for name, value in (("k", k), ("limit", limit)):
        if value < 1:
            raise InputError(f"{name} must be at least 1, got {value}")
    sessions = _on_catalogue(sessions, catalogue)
    options = Options() if options is None else options
    history, pairs = _hold_out(sessions, split, seed, share, limit)
    if not any(len(kind.queries) for kind in pairs):
        raise InputError(f"sessions must have events to hold out for split {split!r}, got none")
    train = train_model if train is None else train
    began = time.perf_counter()
    model = train(history, sessions.catalogue, options, progress=progress)
    seconds = time.perf_counter() - began

    rows: list[Result] = []
    rivals = (Popularity(history), ItemKNN(history)) if baselines else ()
    for kind in pairs:
        for side in ("center", "context"):
            ranks, lowest = cosine_ranks(
                model.center, getattr(model, side), kind.queries, kind.targets, kind.allowed
            )
            rows.append(kind.result(f"likewise center-{side}", ranks, lowest, k))
        for rival in rivals:
            ranks = rival.ranks(kind.queries, kind.targets, kind.allowed)
            rows.append(kind.result(rival.name, ranks, ranks, k))
    return Evaluation(
        rows=tuple(rows),
        split=split,
        k=k,
        train_sessions=len(history),
        train_events=len(history.items),
        seconds=seconds,
        options=options.to_dict(),
    )


def _hold_out(
    sessions: Sessions, split: str, seed: int, share: float, limit: int
) -> tuple[Sessions, list[_Pairs]]:
    if split == "last":
        last = last_split(sessions)
        return last.train, [_Pairs.sample("warm", last.queries, last.targets, limit)]
    cold = cold_split(sessions, share, seed)
    with_history = np.bincount(cold.train.items, minlength=len(sessions.catalogue)) > 0
    return cold.train, [
        _Pairs.sample("cold query", cold.cold_queries, cold.warm_targets, limit, with_history),
        _Pairs.sample("cold target", cold.warm_queries, cold.cold_targets, limit),
    ]


def _on_catalogue(sessions: Sessions, catalogue: Catalogue | None) -> Sessions:
    """Put the sessions on another catalogue's positions, when it is another one."""
    if catalogue is None or catalogue is sessions.catalogue:
        return sessions
    if catalogue.ids.equals(sessions.catalogue.ids):
        return Sessions.from_arrays(sessions.items, sessions.offsets, catalogue)
    positions = np.asarray(catalogue.positions(sessions.catalogue.ids), np.int32)
    items = positions[sessions.items]
    if len(items) and items.min() < 0:
        missing = sessions.catalogue.ids[int(sessions.items[np.argmin(items)])].as_py()
        raise InputError(
            f"catalogue must have every item of the sessions, got none with item_id {missing!r}"
        )
    return Sessions.from_arrays(items, sessions.offsets, catalogue)
