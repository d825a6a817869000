"""Runs of training as a whole: seeds, threads, interruption, divergence, progress."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from helpers import tiny_shop
from helpers.places import TESTS
from likewise import InputError, Model, Options, Sessions, TrainingError, train
from likewise.training import progress
from oracles.random_numbers import NoiseSampler

TABLES = ("center", "context")

# Nats a pair before training: every score is near 0.
CHANCE = (1 + Options().negatives) * np.log(2)


def larger_shop() -> Sessions:
    """Sessions that stay within one of four groups of items: there is something to learn."""
    rng = np.random.default_rng(11)
    n, length = 3000, 6
    groups = rng.integers(0, 4, n)
    items = (rng.integers(0, 10, (n, length)) * 4 + groups[:, None]) % (tiny_shop.N_ITEMS - 1)
    offsets = np.arange(0, n * length + 1, length)
    return Sessions.from_arrays(
        items.astype(np.int32).ravel(), offsets, tiny_shop.sessions().catalogue
    )


def loss(model: Model, sessions: Sessions) -> float:
    """Nats a pair, negatives in expectation: neighbours against all items by their noise share."""
    noise = NoiseSampler(sessions.counts, model.options.noise_exponent).probabilities
    scores = model.center.astype(float) @ model.context.astype(float).T
    far = np.logaddexp(0, scores) @ noise * model.options.negatives
    items = sessions.items.reshape(len(sessions), -1)
    left, right = items[:, :-1].ravel(), items[:, 1:].ravel()
    return float((np.logaddexp(0, -scores[left, right]) + far[left]).mean())


# --- seeds and threads -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"content": False},
        {"context": "content", "subsample": 0.01},
        {"shared_negatives": False},
    ],
)
@pytest.mark.parametrize("order", ["time", "none"])
def test_one_thread_and_one_seed_are_bit_equal(changes, order):
    models = [
        train(tiny_shop.sessions(order=order), options=tiny_shop.options(**changes))
        for _ in range(2)
    ]
    for name in TABLES:
        assert getattr(models[0], name).tobytes() == getattr(models[1], name).tobytes()
    first, second = (model.center_content for model in models)
    if first is not None:
        assert first.tokens.tobytes() == second.tokens.tobytes()
        assert first.ngrams.tobytes() == second.ngrams.tobytes()
    records = [model.history[-1] for model in models]
    assert records[0]["loss_per_pair"] == records[1]["loss_per_pair"]


def test_without_an_order_the_order_says_nothing():
    """Items that are looked at alternately, seldom side by side: near and far are alike.

    Read in their order the two of a pair, ten events apart, are never trained on.
    """
    rng = np.random.default_rng(3)
    pairs = np.arange(40).reshape(20, 2)
    first = np.array([rng.permutation(20)[:10] for _ in range(400)])
    sides = rng.integers(0, 2, first.shape)
    there = [pairs[first, sides], pairs[first, 1 - sides]]
    items = np.concatenate(there, axis=1).astype(np.int32)
    alike = {}
    for order in ("time", "none"):
        data = Sessions.from_arrays(
            items.ravel(), np.arange(0, items.size + 1, 20), tiny_shop.catalogue(), order=order
        )
        model = train(data, content=False, window=2, dim=16, epochs=30, threads=1)
        assert model.order == model.info()["order"] == order
        assert str(model).count("in no order") == (order == "none")
        both = np.einsum("ij,ij->i", model.center[::2], model.context[1::2])
        others = (model.center @ model.context.T).mean(axis=1)[::2]
        alike[order] = float((both > others).mean())
    assert alike["none"] > 0.9 > 0.7 > alike["time"]


@pytest.mark.parametrize("content", [True, False])
def test_another_seed_is_another_model(content):
    first, second = (
        train(tiny_shop.sessions(), options=tiny_shop.options(seed=seed, content=content))
        for seed in (1, 2)
    )
    assert not np.allclose(first.center, second.center, atol=1e-3)
    assert first.history[-1]["pairs_done"] == second.history[-1]["pairs_done"]  # none is drawn


@pytest.mark.parametrize("content", [True, False])
def test_two_threads_learn_as_well_as_one(content):
    """The best of three: a thread that the system sets aside brings back a large early step."""
    sessions = larger_shop()

    def best(threads: int) -> float:
        chosen = [
            tiny_shop.options(epochs=20, threads=threads, content=content, seed=seed)
            for seed in (1, 2, 3)
        ]
        return min(loss(train(sessions, options=options), sessions) for options in chosen)

    assert best(1) < 0.5 * CHANCE
    assert best(2) == pytest.approx(best(1), rel=0.15)


def test_independent_negatives_learn_the_same():
    sessions = larger_shop()
    shared, independent = (
        loss(train(sessions, options=tiny_shop.options(epochs=4, shared_negatives=kind)), sessions)
        for kind in (True, False)
    )
    assert shared == pytest.approx(independent, rel=0.25)  # their steps are damped differently


# --- stopping ----------------------------------------------------------------------------------


def test_ctrl_c_stops_training_at_once_and_leaves_it_usable():
    script = TESTS / "helpers" / "interrupt_training.py"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout[done.stdout.index("{") :])
    # A tenth of a second on a quiet machine; the rest is room for busy ones.
    assert max(told["seconds"].values()) < 1.0, told
    assert told["threads_left"] == 0
    assert told["finite_after"]


def test_what_the_progress_callback_raises_comes_out():
    class Enough(Exception):
        pass

    def stop(record: dict[str, Any]) -> None:
        raise Enough(f"after {record['events_done']} events")

    begun = time.monotonic()
    with pytest.raises(Enough, match="after"):
        train(larger_shop(), options=tiny_shop.options(epochs=100_000, threads=2), progress=stop)
    assert time.monotonic() - begun < 5
    train(tiny_shop.sessions(), options=tiny_shop.options())


@pytest.mark.parametrize("rate", [1e38, 1e300])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("changes", [{}, {"content": False}, {"shared_negatives": False}])
def test_an_absurd_learning_rate_is_told(rate, threads, changes):
    chosen = tiny_shop.options(learning_rate=rate, threads=threads, **changes)
    with pytest.raises(
        TrainingError, match=r"diverged in epoch \d of 2 at learning rate"
    ) as caught:
        train(tiny_shop.sessions(), options=chosen)
    assert "\n" not in str(caught.value)
    assert "lower learning_rate" in str(caught.value)
    assert isinstance(caught.value, ArithmeticError)


@pytest.mark.parametrize(
    ("context", "window"),
    [
        ("item", 5),
        ("item", 20),
        ("item", 100),
        ("content", 5),
        ("content", 20),
        ("content", 100),
    ],
)
def test_the_default_rate_is_stable(context, window):
    """Long sessions of few kinds of items, where rows of content gather many steps at once."""
    # One seed in some twenty diverges at a window of 20, as one did before events were held out.
    chosen = tiny_shop.options(window=window, context=context, epochs=10, seed=2)
    for sessions in (tiny_shop.sessions(), larger_shop()):
        model = train(sessions, options=chosen)
        assert np.abs(model.center).max() < 1000  # slow growth is one thing, an explosion another
        assert np.abs(model.context).max() < 1000
    assert loss(model, sessions) < CHANCE


# --- progress ----------------------------------------------------------------------------------


def test_progress_is_sane_and_exact_at_the_end():
    sessions, chosen = larger_shop(), tiny_shop.options(epochs=30, threads=2)
    records: list[dict[str, Any]] = []
    model = train(sessions, options=chosen, progress=records.append)
    for history in (records, model.history):
        assert history
        for record in history:
            assert set(record) == {
                "epoch", "epochs", "events_done", "events_total", "pairs_done", "loss_per_pair",
                "learning_rate", "seconds",
            }  # fmt: skip
            assert record["epochs"] == 30
            assert 0 <= record["epoch"] < 30
            # Some of the last events are held out (training/held_out.py).
            assert 0 <= record["events_done"] <= record["events_total"]
            assert 0.98 < record["events_total"] / (30 * sessions.n_events) < 1
            assert 0.9999e-4 < record["learning_rate"] <= chosen.learning_rate
            assert np.isfinite(record["loss_per_pair"])
        for earlier, later in pairwise(history):
            assert earlier["events_done"] <= later["events_done"]
            assert earlier["pairs_done"] <= later["pairs_done"]
            assert earlier["seconds"] <= later["seconds"]
        last = history[-1]
        assert last["events_done"] == last["events_total"]
        assert last["epoch"] == 29
        assert last["learning_rate"] == pytest.approx(chosen.min_learning_rate)
        assert sum(r["events_done"] == r["events_total"] for r in history) == 1
    assert records[-1]["pairs_done"] == model.history[-1]["pairs_done"]


def test_history_is_thinned_out_and_keeps_its_ends():
    watch = progress.Watch(None, verbose=False)
    for done in range(1, 2001):
        watch._keep({"events_done": done}, now=0.0)
        assert len(watch.history) <= progress._HISTORY_RECORDS
        assert watch.history[-1]["events_done"] == done
    kept = [record["events_done"] for record in watch.history]
    assert kept[0] == 1
    assert kept == sorted(set(kept))


def test_the_bar_names_pairs_and_loss(capsys):
    train(tiny_shop.sessions(), options=tiny_shop.options(), verbose=True)
    told = capsys.readouterr()
    assert told.out == ""
    for word in ("pairs/s", "loss", "epoch 2/2", "100%"):
        assert word in told.err


# --- what train() refuses ----------------------------------------------------------------------


def test_nothing_to_train_on():
    catalogue = tiny_shop.catalogue()
    none = Sessions.from_arrays(np.zeros(0, np.int32), np.zeros(1, np.int64), catalogue)
    with pytest.raises(InputError, match="at least one session of two events"):
        train(none)
    single = Sessions.from_arrays(np.zeros(2, np.int32), np.arange(3), catalogue)
    with pytest.raises(InputError, match="single ones only"):
        train(single)


def test_options_are_options():
    with pytest.raises(TypeError, match=r"options must be likewise\.Options, got dict"):
        train(tiny_shop.sessions(), options={"dim": 5})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown option 'dims'"):
        train(tiny_shop.sessions(), dims=5)
    model = train(tiny_shop.sessions(), options=tiny_shop.options(), dim=4, epochs=1)
    assert model.options == Options(**{**tiny_shop.options().to_dict(), "dim": 4, "epochs": 1})


def test_tables_too_large_for_the_machine_are_refused_with_their_size():
    chosen = tiny_shop.options(dim=4096, buckets=1 << 30)
    with pytest.raises(MemoryError, match=r"GB, .* GB are free; lower dim or buckets"):
        train(tiny_shop.sessions(), options=chosen)
