"""Tuning: better options for a shop's own data, found by trying.

Owns which options are tried, the search, which is Optuna's, and what is held out. How options are
judged in bounded time is in tuning/job.py, what comes of it in tuning/records.py.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.errors import InputError
from likewise.evaluation.measures import pair_measures
from likewise.evaluation.ranking import sides_of
from likewise.evaluation.splits import cold_split, last_split, same_catalogue
from likewise.options import Options
from likewise.state import State
from likewise.tables.sessions import Sessions
from likewise.training.fit import fit
from likewise.tuning.job import Job
from likewise.tuning.records import Check, Trial, Tuning
from likewise.work.progress import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from likewise.tables.catalogue import Catalogue

    Ints = NDArray[np.int32]
    Mask = NDArray[np.bool_]

__all__ = ["SPACE", "Check", "Trial", "Tuning", "search", "tune"]

#: What is tried, by option: lowest, highest and how steps are taken.
SPACE: dict[str, tuple[float, float, str]] = {
    "epochs": (5, 60, "log whole"),
    "learning_rate": (0.02, 0.15, "log"),
    "window": (1, 10, "whole"),
    "negatives": (3, 15, "whole"),
    "noise_exponent": (-0.5, 1.0, "even"),
    "id_dropout": (0.1, 0.9, "even"),
    "subsample": (1e-4, 0.1, "log"),
    "word_ngrams": (1, 2, "whole"),
}


def tune(
    sessions: Sessions,
    catalogue: Catalogue | None = None,
    options: Options | None = None,
    *,
    seconds: float = 600.0,
    verbose: bool = False,
    **arguments: Any,
) -> Options:
    """Find options that serve these sessions better than the ones given.

    Takes the arguments of `search` and returns the options of what that returns. With ``verbose``
    trials and the result are printed.

    Examples
    --------
    >>> best = tune(sessions, seconds=60, verbose=True)  # doctest: +SKIP
    >>> model = train(sessions, options=best)  # doctest: +SKIP
    """

    def tell(text: str) -> None:
        if sys.stdout is not None:
            say(text, stream=sys.stdout)

    if verbose:
        arguments.setdefault("notify", tell)
    found = search(sessions, catalogue, options, seconds=seconds, **arguments)
    if verbose:
        tell(str(found))
    return found.options


def search(
    sessions: Sessions,
    catalogue: Catalogue | None = None,
    options: Options | None = None,
    *,
    seconds: float = 600.0,
    trials: int | None = None,
    sample: int | None = None,
    tuned: Sequence[str] = tuple(SPACE),
    k: int = 20,
    seed: int = 1,
    notify: Callable[[str], None] | None = None,
) -> Tuning:
    """Try options for a while, and check the best on events that no trial was judged by.

    From a sample of the sessions a tenth of the items and the last event of each session are set
    aside for the check. From what is left, the same again is set aside for the trials: each is
    trained on the rest and judged by how often an answer of `Model.similar` is right, for items
    with history, for cold queries and for cold targets, each against the start. A trial is first
    trained on a quarter of the sessions, and stopped when it does worse than the median of the
    others there. A loss of one kind counts three times what a gain of another does. The best eight
    are judged again by other held-out items, the best of those by others again, before one is
    chosen: of many trials the best is the one that its own items favour most.

    Parameters
    ----------
    sessions : Sessions
    catalogue : Catalogue, optional
        That of the sessions by default.
    options : Options, optional
        Where to start; the defaults when left out. What is not tuned stays as it is here.
    seconds : float
        Time it may take, > 0. The check at its end is part of it, as far as can be foreseen.
    trials : int, optional
        At most this many, the start among them.
    sample : int, optional
        Sessions to work with; by default as many as leave time for some 30 trials.
    tuned : sequence of str
        Which of `SPACE` to try.
    k : int
        Length of the lists, at least 1.
    seed : int
        Of sample, splits and search.
    notify : callable, optional
        Told each trial in a line.

    Returns
    -------
    Tuning

    Raises
    ------
    InputError
        When an argument is out of range or too little can be held out.
    ImportError
        When Optuna is not installed.

    Notes
    -----
    Akiba et al. 2019, *Optuna*; the search is the tree-structured Parzen estimator of Bergstra et
    al. 2011. What is best for a sample is not always best for all: few sessions want more epochs.

    Examples
    --------
    >>> print(search(sessions, seconds=60))  # doctest: +SKIP
    """
    optuna = _optuna()
    for name, value in (("trials", trials), ("sample", sample), ("k", k)):
        if value is not None and value < 1:
            raise InputError(f"{name} must be at least 1, got {value}")
    if not seconds > 0:
        raise InputError(f"seconds must be above 0, got {seconds}")
    names = [tuned] if isinstance(tuned, str) else list(tuned)
    for name in names:
        if name not in SPACE:
            raise InputError(f"tuned must be of {', '.join(SPACE)}, got {name!r}")
    if not names:
        raise InputError(f"tuned must name an option of {', '.join(SPACE)}, got none")
    start = Options() if options is None else options
    began = time.monotonic()
    sessions = same_catalogue(sessions, catalogue)
    say = notify or (lambda text: None)
    job = Job(_train, HeldOut, sessions, start, sample, k, seed, began, seconds, say)
    job.fit_sample(automatic=sample is None)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=8),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4),
    )
    study.enqueue_trial({name: _inside(name, getattr(start, name)) for name in names})
    while (trials is None or len(job.trials) < trials) and (not job.trials or job.time_left()):
        asked = study.ask()
        changed = {name: _suggest(asked, name) for name in names}
        if not job.trials:  # the start as it is, even where it is outside of what is tried
            changed = {name: getattr(start, name) for name in names}
        reached = job.run(changed, asked)
        if math.isnan(reached):
            study.tell(asked, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(asked, reached)
    return job.finish()


class HeldOut:
    """One set of held-out pairs: what to train on, and what to ask."""

    def __init__(self, sessions: Sessions, seed: int, limit: int) -> None:
        cold = cold_split(sessions, 0.1, seed)
        last = last_split(cold.train)
        self.train = last.train
        with_history = self.train.counts > 0
        self.kinds: list[tuple[str, Ints, Ints, Mask | None]] = []
        for kind, queries, targets, allowed in (
            ("warm", last.queries, last.targets, None),
            ("cold query", cold.cold_queries, cold.warm_targets, with_history),
            ("cold target", cold.warm_queries, cold.cold_targets, None),
        ):
            if len(queries) > limit:
                chosen = np.random.default_rng(seed).choice(len(queries), limit, replace=False)
                queries, targets = queries[chosen], targets[chosen]
            if len(queries):
                self.kinds.append((kind, queries, targets, allowed))

    def hits(self, model: Any, k: int) -> dict[str, NDArray[np.float64]]:
        """Return whether each pair of each kind was found."""
        system = sides_of(model, "")[0]  # similar
        found = {}
        for kind, queries, targets, allowed in self.kinds:
            answer = system.ranks(queries, targets, allowed)
            ranks = answer[0] if isinstance(answer, tuple) else answer
            found[kind] = pair_measures(ranks, k)[:, 0]
        return found


def _train(sessions: Sessions, options: Options, progress: Any) -> State:
    return fit(sessions, options=options, made=State, progress=progress)


def _suggest(asked: Any, name: str) -> Any:
    low, high, steps = SPACE[name]
    if "whole" in steps:
        return asked.suggest_int(name, int(low), int(high), log="log" in steps)
    return asked.suggest_float(name, low, high, log="log" in steps)


def _inside(name: str, value: Any) -> Any:
    """Return the nearest value that is tried: where the search looks the start up."""
    low, high, steps = SPACE[name]
    if name == "subsample" and value == 0:
        value = high  # that of an item with a tenth of all events: next to nothing is skipped
    kept = min(max(value, low), high)
    return int(kept) if "whole" in steps else float(kept)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise ImportError("tune needs Optuna: pip install 'likewise[tune]'") from error
    return optuna
