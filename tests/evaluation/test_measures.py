"""Measures against their definitions, and intervals against the truth."""

from __future__ import annotations

import numpy as np
import pytest

from likewise.evaluation.measures import (
    Resampler,
    band_of_items,
    interval,
    list_measures,
    pair_measures,
)


def test_pair_measures():
    values = pair_measures(np.array([0, 1, 6, 7, 99]), 7)
    assert values[:, 0].tolist() == [1, 1, 1, 0, 0]
    assert values[:, 1].tolist() == [1, 1 / 2, 1 / 7, 0, 0]
    assert values[:, 2] == pytest.approx([1, 1 / np.log2(3), 1 / 3, 0, 0])


def test_intervals_hold_what_they_promise():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        drawn = (rng.random((400, 1)) < 0.2).astype(float)
        low, high = interval(Resampler(np.arange(400), 300).means(drawn)[:, 0])
        assert 0.05 < high - low < 0.11
        covered += low <= 0.2 <= high
    assert 0.9 < covered / 200 < 0.99


def test_pairs_of_one_item_stand_or_fall_together():
    values = np.repeat((np.arange(20) % 2)[:, None].astype(float), 50, axis=0)
    alone = interval(Resampler(np.arange(1000), 500).means(values)[:, 0])
    together = interval(Resampler(np.repeat(np.arange(20), 50), 500).means(values)[:, 0])
    assert together[1] - together[0] > 4 * (alone[1] - alone[0])


def test_resamples_are_the_same_for_all_systems(monkeypatch):
    rng = np.random.default_rng(0)
    one = rng.random((300, 3))
    resampler = Resampler(np.arange(300), 100)
    first = resampler.means(one)
    assert np.allclose(resampler.means(one + 0.25) - first, 0.25)
    assert first.shape == (100, 3)
    monkeypatch.setattr("likewise.evaluation.measures._KEPT", 0)
    assert np.array_equal(Resampler(np.arange(300), 100).means(one), first)
    assert np.isnan(interval(Resampler(np.arange(300), 0).means(one)[:, 0])).all()


def test_bands_have_a_third_of_the_events_each():
    counts = np.array([0, 50, 1, 1, 50, 25, 25, 48, 0])
    assert band_of_items(counts).tolist() == [-1, 0, 2, 2, 0, 2, 2, 1, -1]
    many = np.random.default_rng(1).zipf(1.5, 5000) % 5000
    bands = band_of_items(many)
    shares = [many[bands == b].sum() / many.sum() for b in range(3)]
    assert shares == pytest.approx([1 / 3] * 3, abs=0.02)
    assert (np.diff([np.count_nonzero(bands == b) for b in range(3)]) > 0).all()


def test_list_measures():
    counts = np.array([10, 5, 5, 0, 1])
    categories = np.array([0, 0, 1, 0, -1])
    lists = np.array([[1, 2], [0, -1], [3, 4]], np.int32)
    coverage, popularity, same = list_measures(
        lists, np.array([0, 1, 2], np.int32), counts, categories, None
    )
    assert coverage == 1.0
    # 5 is above two of five and level with two (itself one of them), and so on
    assert popularity == pytest.approx(np.mean([3.0, 3.0, 4.5, 0.5, 1.5]) / 5)
    assert same == pytest.approx(2 / 4)  # 1 of 0, 0 of 1; 2 and 3 not; 4 has none
    allowed = counts > 0
    assert list_measures(lists[:1], np.array([0]), counts, categories, allowed)[0] == 2 / 4
    nothing = list_measures(np.full((1, 2), -1), np.array([0]), counts, categories, None)
    assert nothing[0] == 0
    assert np.isnan(nothing[1:]).all()


def test_chance_has_popularity_one_half():
    rng = np.random.default_rng(0)
    counts = rng.zipf(1.3, 1000) % 1000
    lists = rng.integers(0, 1000, (500, 20)).astype(np.int32)
    shown = list_measures(lists, np.arange(500), counts, np.full(1000, -1), None)
    assert shown[1] == pytest.approx(0.5, abs=0.01)
    assert np.isnan(shown[2])
