"""Tuning: finds what is better, on events it was not judged by; stops in time; says what it did."""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import likewise as lw
from helpers.cli_helpers import QUICK, run
from likewise.errors import InputError, TrainingError
from likewise.options import Options
from likewise.tuning import job as _tuning_job
from likewise.tuning import tuning
from likewise.tuning.job import Job, _against
from likewise.tuning.tuning import SPACE, HeldOut, Trial, _train, search, tune

pytest.importorskip("optuna", reason="Optuna is not installed")

#: Far too short a training: whatever trains longer is better.
POOR = Options(dim=16, epochs=5, learning_rate=0.0005, threads=1)


@pytest.fixture(scope="module")
def shop() -> lw.Shop:
    return lw.simulate(n_items=400, n_sessions=3000, seed=6)


@pytest.fixture(scope="module")
def sessions(shop: lw.Shop) -> lw.Sessions:
    return lw.Sessions.from_arrays(shop.items, shop.offsets, lw.Catalogue.read(shop.catalogue))


def test_finds_what_is_better(sessions):
    said: list[str] = []
    found = search(sessions, options=POOR, seconds=600, trials=6, notify=said.append)
    assert found.start is POOR
    assert found.options != POOR
    assert found.changed.keys() <= SPACE.keys()
    assert found.options.learning_rate > 0.01
    assert {check.kind for check in found.checks} == {"warm", "cold query", "cold target"}
    assert all(check.low <= check.difference <= check.high for check in found.checks)
    warm = found.checks[0]
    assert warm.low > 0
    assert warm.best - warm.start == pytest.approx(warm.difference)
    assert found.trials[0].value == 1.0
    assert found.trials[0].changed["learning_rate"] == POOR.learning_rate
    assert len(found.trials) == 6
    assert [line.split(":")[0] for line in said[:2]] == ["trial 0", "trial 1"]
    text = str(found)
    assert "not tuned on" in text
    assert f"learning_rate {found.options.learning_rate:.4g}" in text
    values = json.loads(found.to_json())
    assert values["changed"] == found.changed
    assert values["options"] == found.options.to_dict()


def test_what_trials_see_and_what_the_check_sees(sessions):
    job = Job(
        _train, HeldOut, sessions, POOR, None, 20, 1, time.monotonic(), 60.0, lambda text: None
    )
    # the items of the check are in none of the trials' events, as query, target or history
    gone = set(range(len(sessions.catalogue))) - set(job.check.train.items.tolist())
    for _, queries, targets, _ in job.inner.kinds:
        assert not gone & set(queries.tolist())
        assert not gone & set(targets.tolist())
    assert len(job.inner.train.items) < len(job.check.train.items) < len(sessions.items)
    assert {kind for kind, *_ in job.check.kinds} == {"warm", "cold query", "cold target"}


def test_a_loss_counts_more_than_a_gain():
    before = {"warm": 0.2, "cold query": 0.1}
    assert _against(before, before) == 1.0
    assert _against({"warm": 0.22, "cold query": 0.1}, before) > 1.0
    assert _against({"warm": 0.24, "cold query": 0.1}, before) > _against(
        {"warm": 0.22, "cold query": 0.1}, before
    )
    # a tenth more of one is not worth a tenth less of the other
    assert _against({"warm": 0.22, "cold query": 0.09}, before) < 1.0


def test_the_best_are_judged_again_by_other_items(sessions):
    said: list[str] = []
    job = Job(_train, HeldOut, sessions, POOR, None, 20, 1, time.monotonic(), 300.0, said.append)
    rates = [POOR.learning_rate, 0.01, 0.05]
    job.trials = [
        Trial(n, {"learning_rate": rate}, 1.0 + n, 0.1, "done") for n, rate in enumerate(rates)
    ]
    first, *others = (
        set(held.train.items.tolist())
        for held in (job.inner, *(HeldOut(job.check.train, 3 + turn, 5000) for turn in range(2)))
    )
    assert all(first != other for other in others)
    best = job._best()
    assert best is job.trials[2] or best is job.trials[1]
    # both by the first further items, and both by the next, being no more than four
    again = [line.split(" on other items")[0] for line in said]
    assert again[:2] == ["trial 2", "trial 1"]
    assert len(again) == 2 * 3
    assert set(job.reference) == {2, 3, 4}


def test_luck_with_the_first_items_is_not_enough(sessions):
    job = Job(
        _train, HeldOut, sessions, POOR, None, 20, 1, time.monotonic(), 300.0, lambda text: None
    )
    worse = {"learning_rate": POOR.learning_rate / 5}  # said to be twice as good
    job.trials = [Trial(0, {}, 1.0, 0.1, "done"), Trial(1, worse, 2.0, 0.1, "done")]
    assert job._best() is job.trials[0]
    found = job.finish()
    assert found.options is POOR
    assert found.checks == ()


def test_one_seed_one_answer(sessions):
    one, other = (
        search(sessions, options=POOR, seconds=300, trials=3, sample=500) for _ in range(2)
    )
    assert one.options == other.options
    assert [t.changed for t in one.trials] == [t.changed for t in other.trials]
    assert [t.value for t in one.trials] == pytest.approx(
        [t.value for t in other.trials], nan_ok=True
    )


def test_only_what_is_asked_for_is_tried(sessions):
    found = search(sessions, options=POOR, trials=3, tuned=["learning_rate"], sample=500)
    assert all(trial.changed.keys() == {"learning_rate"} for trial in found.trials)
    assert found.changed.keys() <= {"learning_rate"}


def test_a_poor_trial_is_stopped_on_a_part_of_the_sessions(sessions, monkeypatch):
    trained: list[tuple[float, int]] = []
    real = tuning._train

    def spy(given: Any, options: Options, progress: Any) -> Any:
        trained.append((options.learning_rate, len(given)))
        return real(given, options, progress)

    monkeypatch.setattr(tuning, "_train", spy)
    found = search(sessions, options=POOR, trials=10, tuned=["learning_rate"], sample=1500)
    stopped = [trial for trial in found.trials if trial.state == "stopped"]
    assert stopped
    largest = max(size for _, size in trained)
    for trial in stopped:
        assert math.isnan(trial.value)
        sizes = [size for rate, size in trained if rate == trial.changed["learning_rate"]]
        assert max(sizes) < 0.3 * largest


def test_ends_in_time(sessions, monkeypatch):
    clock = SimpleNamespace(now=0.0)
    clock.monotonic = lambda: clock.now
    real = tuning._train

    def slow(given: Any, options: Options, progress: Any) -> Any:
        clock.now += 1.0
        return real(given, options, progress)

    monkeypatch.setattr(tuning, "_train", slow)
    for module in (tuning, _tuning_job):
        monkeypatch.setattr(module, "time", clock)
    found = search(sessions, options=POOR, seconds=30, sample=500)
    assert 15 < clock.now <= 33  # the check at the end is foreseen, but not to the training
    assert len(found.trials) > 1


def test_a_sample_is_a_sample(sessions, monkeypatch):
    assert search(sessions, options=POOR, trials=1, sample=500).sessions == 500
    # with little time the sample is chosen by what the start takes
    monkeypatch.setattr(_tuning_job, "_FEWEST", 600)
    job = Job(
        _train, HeldOut, sessions, POOR, None, 20, 1, time.monotonic(), 1e-3, lambda text: None
    )
    job.fit_sample(automatic=True)
    assert job.sample == 600
    job = Job(
        _train, HeldOut, sessions, POOR, None, 20, 1, time.monotonic(), 1e6, lambda text: None
    )
    job.fit_sample(automatic=True)
    assert job.sample == len(sessions)


def test_nothing_better_leaves_the_start(sessions):
    found = search(sessions, options=POOR, trials=1)
    assert found.options == POOR
    assert found.checks == ()
    assert found.changed == {}
    assert "nothing better than the start was found" in str(found)


def test_what_the_check_does_not_confirm_is_not_taken(sessions, monkeypatch):
    real = tuning.HeldOut.hits

    def hits(self: Any, model: Any, k: int) -> Any:
        found = real(self, model, k)
        if self.train is checked[0].train and model.options != POOR:
            found = {kind: np.zeros_like(hit) for kind, hit in found.items()}
        return found

    checked: list[Any] = []
    real_hold = Job._hold_out

    def hold_out(self: Any, sample: int) -> None:
        real_hold(self, sample)
        checked[:] = [self.check]

    monkeypatch.setattr(Job, "_hold_out", hold_out)
    monkeypatch.setattr(tuning.HeldOut, "hits", hits)
    found = search(sessions, options=POOR, trials=4)
    assert found.checks
    assert found.options == POOR


def test_a_trial_that_diverges_is_not_the_end(sessions, monkeypatch):
    real = tuning._train

    def train(given: Any, options: Options, progress: Any) -> Any:
        if options != POOR:
            raise TrainingError("too fast")
        return real(given, options, progress)

    monkeypatch.setattr(tuning, "_train", train)
    found = search(sessions, options=POOR, trials=3)
    assert [trial.state for trial in found.trials] == ["done", "failed", "failed"]
    assert found.options == POOR


def test_tune_returns_options_and_prints(sessions, capsys):
    best = tune(sessions, options=POOR, trials=2, tuned=["learning_rate"], verbose=True)
    assert isinstance(best, Options)
    out = capsys.readouterr().out
    assert "trial 0: 1.000" in out
    assert "2 trials on 3,000 sessions" in out
    assert tune(sessions, options=POOR, trials=1) == POOR
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seconds": 0}, "seconds must be above 0, got 0"),
        ({"seconds": math.nan}, "seconds must be above 0, got nan"),
        ({"trials": 0}, "trials must be at least 1, got 0"),
        ({"sample": 0}, "sample must be at least 1, got 0"),
        ({"k": 0}, "k must be at least 1, got 0"),
        ({"tuned": ["dim"]}, r"tuned must be of epochs, .*, got 'dim'"),
        ({"tuned": []}, r"tuned must name an option of epochs, .*, got none"),
    ],
)
def test_bad_arguments(sessions, arguments, message):
    with pytest.raises(InputError, match=message):
        search(sessions, **arguments)


def test_too_little_to_hold_out():
    with pytest.raises(InputError):
        search(lw.Sessions.read([["a", "b"]] * 3))


def test_without_optuna(sessions, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r"tune needs Optuna: pip install 'likewise\[tune\]'"):
        search(sessions)


def test_the_command(shop, tmp_path: Path, capfd, monkeypatch):
    monkeypatch.setitem(tuning.SPACE, "epochs", (5, 6, "log whole"))
    data = shop.write(tmp_path)
    out = tmp_path / "options.json"
    words = ["tune", *data, "--trials", 3, "--sample", 1500, "-o", out, *QUICK]
    ran = run(capfd, *words)
    assert ran.code == 0, ran.err
    assert "trial 2:" in ran.err
    assert "learning_rate" not in ran.err  # given, so it stays
    assert "3 trials on 1,500 sessions" in ran.out
    options = Options.from_dict(json.loads(out.read_text()))
    assert (options.dim, options.epochs, options.learning_rate) == (16, 2, 0.01)
    values = json.loads(run(capfd, *words, "--json", "--quiet").out)
    assert values["sessions"] == 1500
    assert len(values["trials"]) == 3
    ran = run(capfd, "tune", *data, "-o", tmp_path / "options.txt", *QUICK)
    assert ran.code == 1
    assert ".json" in ran.err
