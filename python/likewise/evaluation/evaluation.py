"""Evaluation: what a model finds for held-out events, beside baselines.

Owns who is asked for what, and gives out the splits of splits.py and the records of results.py.
What an answer is worth is in measures.py, how systems are asked in systems.py and ranking.py. A
loop runs over systems and blocks of queries, never over sessions.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.errors import InputError
from likewise.evaluation.baselines import baselines_beside, check_baselines, chosen_baselines
from likewise.evaluation.measures import (
    Resampler,
    band_of_items,
    by_band,
    interval,
    list_measures,
    pair_measures,
)
from likewise.evaluation.ranking import sides_of, systems_elsewhere, systems_of
from likewise.evaluation.results import Band, Evaluation, Result
from likewise.evaluation.splits import (
    ColdSplit,
    LastSplit,
    ShopSplit,
    TimeSplit,
    TransferSplit,
    cold_split,
    last_split,
    same_catalogue,
    shop_split,
    time_split,
    transfer_split,
)
from likewise.evaluation.systems import OtherCategories, WithHistory, cosine_ranks
from likewise.options import Options
from likewise.state import State
from likewise.tables.sessions import Sessions
from likewise.training.fit import fit
from likewise.work.machine import blas_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from likewise.tables.catalogue import Catalogue

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = [
    "PAIRS",
    "SPLITS",
    "Band",
    "ColdSplit",
    "Evaluation",
    "LastSplit",
    "Result",
    "ShopSplit",
    "TimeSplit",
    "TransferSplit",
    "cold_split",
    "cosine_ranks",
    "evaluate",
    "last_split",
    "shop_split",
    "time_split",
    "transfer_split",
]

SPLITS = ("last", "time", "cold", "shop", "transfer")
SHARES = {"cold": 0.1, "shop": 0.5}  # of the items that are held out, where no share is given
PAIRS = ("all", "complements")
_NOTHING = float("nan")
_FIGURES = [name for name, kind in Result.__annotations__.items() if kind == "float"]


@dataclass
class _Pairs:
    """Held-out pairs of one kind, a sample of them when there are more than a limit."""

    kind: str
    queries: Ints
    targets: Ints
    total: int
    allowed: Mask | None
    resampler: Resampler
    band: Ints | None  # (n,) of each pair
    reference: tuple[float, NDArray[np.float64]] | None = None  # HR of the first, and resampled

    @property
    def n(self) -> int:
        return len(self.queries)


class _Questions:
    """What may be learned from, and the pairs that are asked for."""

    def __init__(self, history: Sessions, pairs: str, limit: int, samples: int) -> None:
        self.history, self.limit, self.samples = history, limit, samples
        self.apart = pairs == "complements"
        self.kinds: list[_Pairs] = []
        self.bands = band_of_items(history.counts)
        self.held: Mask | None = None
        self.seen: Sessions | None = None
        self.own: Sessions | None = None
        self.counts = history.counts
        categories = history.catalogue.coded_categories.indices.fill_null(-1)
        self.categories: Longs = categories.to_numpy(zero_copy_only=False).astype(np.int64)

    def add(self, kind: str, queries: Ints, targets: Ints, allowed: Mask | None = None) -> None:
        if self.apart:
            own, other = self.categories[queries], self.categories[targets]
            apart = (own >= 0) & (other >= 0) & (own != other)
            queries, targets = queries[apart], targets[apart]
        total = len(queries)
        if total > self.limit:
            chosen = np.random.default_rng(0).choice(total, self.limit, replace=False)
            queries, targets = queries[chosen], targets[chosen]
        # Pairs about the same cold item are alike; other pairs are of different sessions.
        groups = {"cold target": targets}
        groups |= dict.fromkeys(("cold query", "both cold", "shop", "last of shop"), queries)
        resampler = Resampler(groups.get(kind, np.arange(len(queries))), self.samples)
        banded = {"warm": targets, "cold query": targets, "cold target": queries}.get(kind)
        band = None if banded is None else self.bands[banded]
        shown = f"{kind} complements" if self.apart else kind
        self.kinds.append(_Pairs(shown, queries, targets, total, allowed, resampler, band))


def evaluate(
    sessions: Sessions,
    catalogue: Catalogue | None = None,
    options: Options | None = None,
    split: str = "last",
    k: int = 20,
    *,
    pairs: str = "all",
    seed: int = 4,
    share: float | None = None,
    later: Sessions | None = None,
    held: Sequence[str] | NDArray[Any] | None = None,
    limit: int = 20000,
    samples: int = 1000,
    baselines: bool | Sequence[str] = True,
    systems: Mapping[str, Any] | None = None,
    progress: Any = None,
    notify: Callable[[str], None] | None = None,
    train: Callable[..., Any] | None = None,
) -> Evaluation:
    """Hold out events, train on the rest, and look for what was held out.

    Parameters
    ----------
    sessions : Sessions
    catalogue : Catalogue, optional
        Items with their content; that of the sessions by default. Must have every item that
        occurs in the sessions.
    options : Options, optional
        How to train.
    split : {"last", "time", "cold", "shop", "transfer"}
        `last_split`: the next item, known from history. `cold_split`: items without history, as
        queries (answers are those with history) and as targets (answers are all items).
        `time_split`: train on ``sessions``, ask for what happened ``later``; items that are new by
        then are cold. `shop_split`: a share of the items is a shop without history, not learned
        from and asked about among themselves, as ``recommend_all(catalogue=shop)`` answers; the
        pairs ``last of shop`` are for comparison with baselines that have the shop's own history.
        `transfer_split`: learn nothing of the ``held`` categories and answer among them; beside a
        model that saw them.
    k : int
        Length of the lists, at least 1.
    pairs : {"all", "complements"}
        With ``"complements"`` only pairs of items of two categories are asked for, and every system
        may answer only with items of other categories than the query's: what `complements` is for.
        Items without a category are left out.
    seed : int
        Which items vanish in a cold split, or are the shop.
    share : float, optional
        How many of them: of the items that occur in sessions .1 without it in a cold split, of the
        items of the catalogue .5 in one by shop.
    later : Sessions
        What happened after ``sessions``, for the split by time.
    held : sequence of str, or bool array (n_items,)
        Category paths, or items, that are not trained on in a transfer split.
    limit : int
        Pairs scored of each kind, at least 1. More than these are sampled, the same ones for
        every system.
    samples : int
        Resamples for the intervals; 0 leaves them out.
    baselines : bool or sequence of str
        Which of `likewise.evaluation.baselines.BASELINES` to score as well; True for those that are
        quick and installed. Settings are chosen by events held out of training. Of a shop, True
        is for TF-IDF of its items and gensim's FastText, where installed, and item-kNN and pair
        counts, which have its history.
    systems : mapping of str to object, optional
        What else to score, by the name it has in the table: float vectors (n_items, dim); an
        object with ``vectors``, and ``ids`` when it has its own; with ``recommend(ids, k)``, which
        returns a sequence of ids for each; or another model.
    progress, notify : callable, optional
        Passed on to training; told in a few words what is done next.
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
    ImportError
        When a baseline needs a library that is not installed.

    Notes
    -----
    A target counts as found when fewer than ``k`` items score higher than it does, so ties count
    for it (`Result.tied` says how often that decides). A model does not answer with the query
    itself, and an item without a vector neither asks nor answers. Popularity gives one list to
    every query. Intervals are those of the pairs (of the cold items, where there are some), not of
    the training: another seed moves figures as well.

    Systems other than likewise see all names and categories, held ones too, except in a shop.

    Examples
    --------
    >>> print(evaluate(sessions, options=Options(epochs=5), split="cold"))  # doctest: +SKIP
    >>> evaluate(before, split="time", later=after).to_pandas()  # doctest: +SKIP
    >>> evaluate(sessions, systems={"images": Vectors(ids, matrix)})  # doctest: +SKIP
    """
    if split not in SPLITS:
        raise InputError(f"split must be {', '.join(SPLITS[:-1])} or {SPLITS[-1]}, got {split!r}")
    if pairs not in PAIRS:
        raise InputError(f"pairs must be {' or '.join(PAIRS)}, got {pairs!r}")
    for name, value, least in (("k", k, 1), ("limit", limit, 1), ("samples", samples, 0)):
        if value < least:
            raise InputError(f"{name} must be at least {least}, got {value}")
    for name, given, wanted in (("later", later, "time"), ("held", held, "transfer")):
        if (given is None) is (split == wanted):
            raise InputError(f"{name} must be given for split {wanted!r} and no other")
    sessions = same_catalogue(sessions, catalogue)
    names = chosen_baselines(baselines, sessions, split)
    options = Options() if options is None else options
    given_systems = [
        system
        for name, given in (systems or {}).items()
        for system in systems_of(name, given, sessions.catalogue, k)
    ]
    ask = partial(_Questions, pairs=pairs, limit=limit, samples=samples)
    share = SHARES.get(split) if share is None else share
    questions = _hold_out(sessions, split, seed, share, later, held, ask)
    if not any(kind.n for kind in questions.kinds):
        apart = "pairs of items of two categories" if questions.apart else "events"
        raise InputError(f"sessions must have {apart} to hold out for split {split!r}, got none")
    check_baselines(names, questions.own or questions.history)
    tell = notify or (lambda text: None)
    began = time.perf_counter()
    tell("training")
    ours = _trained(questions, options, train, progress)
    seconds = time.perf_counter() - began

    found: dict[str, list[Result]] = {kind.kind: [] for kind in questions.kinds}

    def others() -> Iterator[Any]:
        if questions.seen is not None and train is None and names:
            tell("training on what was held, for comparison")
            seen = fit(questions.seen, options=options, made=State, progress=progress)
            yield from sides_of(seen, "likewise that saw them,")[:1]
        tell("baselines")
        yield from baselines_beside(
            names, questions.history, questions.own, questions.held,
            threads=options.threads, seed=options.seed, k=k,
        )  # fmt: skip
        yield from given_systems

    with blas_threads(options.threads):
        for system in chain(ours, others()):
            for kind in questions.kinds:
                # What has the shop's history was counted with the events of the others.
                if kind.kind.startswith("last of shop") or not isinstance(system, WithHistory):
                    tell(f"{system.name}: {kind.kind}")
                    found[kind.kind].append(_score(system, kind, questions, k))
    return Evaluation(
        rows=tuple(row for rows in found.values() for row in rows),
        split=split,
        k=k,
        train_sessions=len(questions.history),
        train_events=len(questions.history.items),
        seconds=seconds,
        options=options.to_dict(),
    )


def _hold_out(
    sessions: Sessions,
    split: str,
    seed: int,
    share: Any,
    later: Sessions | None,
    held: Sequence[str] | NDArray[Any] | None,
    ask: Callable[[Sessions], _Questions],
) -> _Questions:
    if split == "last":
        last = last_split(sessions)
        questions = ask(last.train)
        questions.add("warm", last.queries, last.targets)
    elif split == "cold":
        cold = cold_split(sessions, share, seed)
        questions = ask(cold.train)
        with_history = cold.train.counts > 0
        questions.add("cold query", cold.cold_queries, cold.warm_targets, with_history)
        questions.add("cold target", cold.warm_queries, cold.cold_targets)
    elif split == "time":
        assert later is not None
        after = time_split(sessions, later)
        questions = ask(after.train)
        known = after.with_history[after.queries], after.with_history[after.targets]
        for kind, chosen, allowed in (
            ("warm", known[0] & known[1], None),
            ("cold query", ~known[0] & known[1], after.with_history),
            ("cold target", known[0] & ~known[1], None),
            ("both cold", ~known[0] & ~known[1], None),
        ):
            questions.add(kind, after.queries[chosen], after.targets[chosen], allowed)
    elif split == "shop":
        shop = shop_split(sessions, share, seed)
        questions = ask(shop.train)
        questions.held, questions.own, questions.counts = shop.held, shop.own.train, sessions.counts
        questions.add("shop", shop.queries, shop.targets, shop.held)
        questions.add("last of shop", shop.own.queries, shop.own.targets, shop.held)
    else:
        assert held is not None
        other = transfer_split(sessions, held)
        questions = ask(other.train)
        questions.held, questions.seen = other.held, other.seen
        questions.add("transfer", other.queries, other.targets, other.held)
    return questions


def _trained(
    questions: _Questions, options: Options, train: Callable[..., Any] | None, progress: Any
) -> list[Any]:
    """Train on the history; systems of what was trained."""
    history, catalogue = questions.history, questions.history.catalogue
    if questions.held is None or train is not None:
        train = partial(fit, made=State) if train is None else train
        model = train(history, catalogue, options, progress=progress)
        return list(sides_of(model, "likewise"))
    # The other half is unknown in training, its words and how rare they are included.
    known = same_catalogue(history, catalogue.take(np.flatnonzero(~questions.held)))
    model = fit(known, known.catalogue, options, made=State, progress=progress)
    return list(systems_elsewhere("likewise", model, catalogue, questions.held))


def _score(system: Any, pairs: _Pairs, questions: _Questions, k: int) -> Result:
    figures = dict.fromkeys(_FIGURES, _NOTHING)
    bands: tuple[Band, ...] = ()
    if questions.apart:
        system = OtherCategories(system, questions.categories)
    if pairs.n:
        answer = system.ranks(pairs.queries, pairs.targets, pairs.allowed)
        ranks, lowest = answer if isinstance(answer, tuple) else (answer, answer)
        values = pair_measures(ranks, k)
        means = pairs.resampler.means(values)
        hits = means[:, 0]
        for column, name in enumerate(("hr", "mrr", "ndcg")):
            figures[name] = float(values[:, column].mean())
            figures[f"{name}_low"], figures[f"{name}_high"] = interval(means[:, column])
        if pairs.reference is None:
            pairs.reference = figures["hr"], hits
        figures["difference"] = figures["hr"] - pairs.reference[0]
        low_high = interval(hits - pairs.reference[1])
        figures["difference_low"], figures["difference_high"] = low_high
        figures["tied"] = float(((ranks < k) & (lowest >= k)).mean())
        asked = np.unique(pairs.queries)
        shown = list_measures(
            system.lists(asked, k, pairs.allowed),
            asked,
            questions.counts,
            questions.categories,
            pairs.allowed,
        )
        figures["coverage"], figures["popularity"], figures["same_category"] = shown
        if pairs.band is not None:
            bands = tuple(Band(*each) for each in by_band(values, pairs.band, questions.bands))
    return Result(
        system=system.name, kind=pairs.kind, n=pairs.n, pairs=pairs.total, bands=bands, **figures
    )
