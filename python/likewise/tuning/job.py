"""The work of tuning: trials in bounded time, the check of the best.

Owns by which held-out pairs options are judged, and how long that may take. Which options are tried
is tuning.py's affair; it also gives what trains and what holds out.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from likewise.errors import InputError, TrainingError
from likewise.evaluation.measures import Resampler, interval
from likewise.options import Options
from likewise.tables.sessions import Sessions
from likewise.tuning.records import Check, Trial, Tuning, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Mask = NDArray[np.bool_]

__all__ = ["Held", "Job"]

_FIRST_RUNG = 0.25  # share of the sessions that a trial has to do well on before it gets the rest
_TRIAL_SHARE = 1 / 40  # of the time, that the start may take: decides the sample
_FEWEST = 5000  # sessions that a sample has at least, however little time there is
# Best trials that are judged once more by other held-out items, and how many of them by further
# ones after that: the best of many trials is the one that its own items favour most.
_AGAIN = (8, 4, 2)
_AGAIN_SHARE = 1 / 3  # of the time, that this may take
_LOSS = 3.0  # what a loss in one kind of pairs counts beside a gain in another
_LIMIT = 5000  # pairs of each kind that a trial is judged by
_CHECK_LIMIT = 20000
_SAMPLES = 1000


class Held(Protocol):
    """One set of held-out pairs: what to train on, and what to ask."""

    train: Sessions
    kinds: list[tuple[str, Ints, Ints, Mask | None]]  # kind, queries, targets, answers allowed

    def hits(self, model: Any, k: int) -> dict[str, NDArray[np.float64]]:
        """Return whether each pair of each kind was found."""


class _StoppedError(Exception):
    """Training would not end in time."""


class Job:
    """Trials, what they are judged by, and the time they took.

    Parameters
    ----------
    train : callable
        ``train(sessions, options, progress)`` returns a model with a ``history``.
    hold_out : callable
        ``hold_out(sessions, seed, limit)`` sets pairs aside, at most `limit` of each kind.
    sessions, start, sample, k, seed, notify
        As in `search`.
    began, seconds : float
        When it began, and the time it may take.
    """

    def __init__(
        self, train: Callable[..., Any], hold_out: Callable[[Sessions, int, int], Held],
        sessions: Sessions, start: Options, sample: int | None, k: int, seed: int,
        began: float, seconds: float, notify: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._train, self._held_of = train, hold_out
        self.all, self.start, self.k, self.seed = sessions, start, k, seed
        self.deadline, self.began, self.notify = began + seconds, began, notify
        self.seconds = seconds
        self.trials: list[Trial] = []
        self.reference: dict[int, dict[str, float]] = {}  # hit rates of the start; see _value
        self.loop_seconds = 0.0  # what the last training took
        self.full_seconds = 0.0  # what a whole trial of the start took
        self._hold_out(len(sessions) if sample is None else min(sample, len(sessions)))

    def _hold_out(self, sample: int) -> None:
        self.sample = sample
        chosen = _sampled(self.all, sample, self.seed)
        self.check = self._held_of(chosen, self.seed, _CHECK_LIMIT)
        self.inner = self._held_of(self.check.train, self.seed + 1, _LIMIT)
        if not self.inner.kinds or not self.check.kinds or not len(self.inner.train):
            raise InputError(
                f"sessions must be enough to hold out events twice, got {len(chosen):,} sessions"
            )

    def fit_sample(self, automatic: bool) -> None:
        """Take fewer sessions when the start alone would use up the time."""
        while automatic and self.sample > _FEWEST:
            began = time.monotonic()
            self._value(self.start, self._first_part(), 0)
            # Reading features and ranking take what they take; training grows with the sessions.
            fixed = max(0.0, time.monotonic() - began - self.loop_seconds)
            training = self.loop_seconds / _FIRST_RUNG
            wanted = self.seconds * _TRIAL_SHARE
            share = max(wanted - fixed, wanted / 2) / max(training, 1e-9)
            if share >= 0.7:
                return
            self.reference.clear()
            self._hold_out(max(_FEWEST, int(self.sample * share)))
            automatic = self.time_left()

    def _first_part(self) -> Sessions:
        """Return the sessions of the first rung."""
        sessions = self.inner.train
        return _sampled(sessions, max(1, int(_FIRST_RUNG * len(sessions))), self.seed)

    def time_left(self) -> bool:
        """Tell whether another trial, judging the best again and the check fit into the time."""
        again = min((sum(_AGAIN) + len(_AGAIN)) * self.full_seconds, self.seconds * _AGAIN_SHARE)
        kept_back = min(again + 3 * self.full_seconds, self.seconds / 2)
        return time.monotonic() + kept_back < self.deadline

    def _value(
        self, options: Options, sessions: Sessions, rung: int, held: Held | None = None
    ) -> float:
        """Train, and judge beside the start, whose training was the first of the rung.

        Rungs: 0 and 1 of trials, further ones for each further set of held-out pairs.
        """
        model = self._train(sessions, options, self._in_time)
        self.loop_seconds = model.history[-1]["seconds"]
        found = (held or self.inner).hits(model, self.k)
        rates = {kind: float(hit.mean()) for kind, hit in found.items()}
        return _against(rates, self.reference.setdefault(rung, rates))

    def _changed(self, changed: dict[str, Any]) -> Options:
        return Options.from_dict({**self.start.to_dict(), **changed})

    def _in_time(self, record: dict[str, Any]) -> None:
        done = record["events_done"] / max(1, record["events_total"])
        if self.trials and done > 0.05 and record["seconds"] > 1:
            left = record["seconds"] * (1 - done) / done
            if time.monotonic() + left > self.deadline - 2 * self.full_seconds:
                raise _StoppedError

    def run(self, changed: dict[str, Any], asked: Any) -> float:
        """Train and judge one set of options; not a number when it was stopped or failed."""
        began = time.monotonic()
        value, state = math.nan, "stopped"
        try:
            options = self._changed(changed)
            first = self._value(options, self._first_part(), 0)
            asked.report(first, 0)
            if not self.trials or not asked.should_prune():
                value, state = self._value(options, self.inner.train, 1), "done"
        except _StoppedError:
            pass
        except TrainingError:
            state = "failed"
        spent = time.monotonic() - began
        trial = Trial(len(self.trials), changed, value, spent, state)
        if not self.trials:
            self.full_seconds = spent
        self.trials.append(trial)
        found = f"{value:.3f}" if state == "done" else state
        self.notify(f"trial {trial.number}: {found} in {spent:.1f} s; {shown(changed)}")
        return value

    def _best(self) -> Trial | None:
        """Return the trial that further held-out items like best; the start, if none is better."""
        done = sorted((t for t in self.trials if t.state == "done"), key=lambda t: -t.value)
        start = next((trial for trial in done if trial.number == 0), None)
        left = [trial for trial in done if trial.number > 0]
        if start is None or not left or left[0].value <= 1.0:
            return start
        values: dict[int, list[float]] = {trial.number: [] for trial in left}
        until = time.monotonic() + self.seconds * _AGAIN_SHARE
        for turn, n in enumerate(_AGAIN):
            # The first turn is due; the others are for those who have the time.
            if turn > 0 and (time.monotonic() > until or len(left) < 2):
                break
            held = self._held_of(self.check.train, self.seed + 2 + turn, _LIMIT)
            seed = self.start.seed + 1 + turn
            rung = 2 + turn
            try:
                self._value(self._changed({"seed": seed}), held.train, rung, held)
            except (_StoppedError, TrainingError):
                break
            for trial in left[:n]:
                options = self._changed({**trial.changed, "seed": seed})
                try:
                    again = self._value(options, held.train, rung, held)
                except (_StoppedError, TrainingError):
                    continue
                values[trial.number].append(again)
                self.notify(f"trial {trial.number} on other items: {again:.3f}")
            judged = [trial for trial in left[:n] if len(values[trial.number]) > turn]
            judged.sort(key=lambda trial: -float(np.mean(values[trial.number])))
            left = judged or left
        best = left[0]
        return best if np.mean(values[best.number] or [best.value]) > 1.0 else start

    def finish(self) -> Tuning:
        """Train the start and the best on what the trials had, and ask what was set aside."""
        best = self._best()
        options, checks = self.start, []
        if best is not None and best.number > 0:
            candidate = self._changed(best.changed)
            self.notify("check on events that were not tuned on")
            found = [
                self.check.hits(self._train(self.check.train, each, None), self.k)
                for each in (self.start, candidate)
            ]
            for kind, queries, targets, _ in self.check.kinds:
                groups = {"cold query": queries, "cold target": targets}
                one, other = found[0][kind], found[1][kind]
                resampler = Resampler(groups.get(kind, np.arange(len(one))), _SAMPLES)
                low, high = interval(resampler.means((other - one)[:, None])[:, 0])
                before, after = float(one.mean()), float(other.mean())
                checks.append(Check(kind, len(one), before, after, after - before, low, high))
            after_all = {check.kind: check.best for check in checks}
            before_all = {check.kind: check.start for check in checks}
            if _against(after_all, before_all) > 1:
                options = candidate
        return Tuning(
            options, self.start, tuple(self.trials), tuple(checks), self.sample, self.k,
            time.monotonic() - self.began,
        )  # fmt: skip


def _against(rates: dict[str, float], before: dict[str, float]) -> float:
    """Return how good hit rates are beside those of the start: 1 for as good.

    The mean over the kinds of pairs of rate / rate before; a loss counts more than a gain, so that
    no kind of shopper pays for another.
    """
    # One hit more or less where there are hardly any must not decide.
    gains = [(rates[kind] + 0.002) / (before[kind] + 0.002) - 1 for kind in rates]
    return 1 + float(np.mean([gain if gain > 0 else _LOSS * gain for gain in gains]))


def _sampled(sessions: Sessions, n: int, seed: int) -> Sessions:
    """Return some of the sessions, in their order."""
    if n >= len(sessions):
        return sessions
    chosen = np.zeros(len(sessions), bool)
    chosen[np.random.default_rng(seed).choice(len(sessions), n, replace=False)] = True
    lengths = np.diff(sessions.offsets)
    offsets = np.concatenate([[0], np.cumsum(lengths[chosen])]).astype(np.int64)
    return Sessions.from_arrays(
        sessions.items[np.repeat(chosen, lengths)], offsets, sessions.catalogue,
        order=sessions.order,
    )  # fmt: skip
