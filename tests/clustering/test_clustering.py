"""Clusters: groups, numbers, names, files, other catalogues, yesterday; the command."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import likewise as lw
from helpers import hostile
from helpers.cli_helpers import files_below, run
from likewise.clustering import grouping as clustering
from likewise.clustering.hdbscan import tight_groups
from likewise.clustering.kmeans import choose_number, k_means, silhouette
from likewise.clustering.names import name_groups
from likewise.commands.pages import clusters as command
from likewise.errors import InputError, StorageError

pytest.importorskip("sklearn")

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def shop() -> lw.Shop:
    return lw.simulate(1000, 8000, seed=3)


@pytest.fixture(scope="module")
def model(shop: lw.Shop) -> lw.Model:
    items = lw.Catalogue.read(shop.catalogue)
    options = lw.Options(dim=16, epochs=5, threads=1)
    return lw.train(lw.Sessions.read(shop.events, items), items, options)


@pytest.fixture(scope="module")
def found(model: lw.Model) -> lw.Clusters:
    return lw.clusters(model, 12)


def blobs(groups: int, each: int = 40, dim: int = 12, noise: float = 0.15) -> np.ndarray:
    rng = np.random.default_rng(2)
    points = np.repeat(np.eye(dim)[:groups], each, axis=0)
    points = points + noise * rng.normal(size=points.shape)
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


# --- k-means --------------------------------------------------------------------------------------


def test_groups_are_found_and_every_point_is_with_the_nearest_middle() -> None:
    points = blobs(5)
    labels, centroids = k_means(points, 5, 1)
    truth = np.repeat(np.arange(5), 40)
    assert all(len(set(labels[truth == g])) == 1 for g in range(5))
    assert len(set(labels)) == 5
    assert np.allclose(np.linalg.norm(centroids, axis=1), 1, atol=1e-6)
    assert np.array_equal(labels, np.argmax(points @ centroids.T, axis=1))


def test_silhouette_by_hand() -> None:
    points = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    centroids = np.array([[1, 0], [0, 1]], np.float32)
    # Distances of the third: .4 to the first middle, .2 to its own.
    assert silhouette(points, np.array([0, 1, 1], np.int32), centroids) == pytest.approx(
        (1 + 1 + 0.2 / 0.4) / 3, abs=1e-6
    )
    assert silhouette(points, np.zeros(3, np.int32), centroids[:1]) == 0


def test_the_number_is_that_of_the_groups() -> None:
    for groups in (4, 8):
        n, silhouettes = choose_number(blobs(groups), 1)
        assert n == groups
        assert silhouettes[n] == max(silhouettes.values())
    assert choose_number(blobs(2, each=1), 1)[0] == 2


def test_fewer_distinct_points_than_clusters() -> None:
    points = np.repeat(np.eye(3, dtype=np.float32), 5, axis=0)
    labels, centroids = k_means(points, 6, 1)
    assert len(centroids) == 3
    assert sorted(np.bincount(labels)) == [5, 5, 5]


# --- clusters -------------------------------------------------------------------------------------


def test_clusters_of_a_model(model: lw.Model, shop: lw.Shop, found: lw.Clusters) -> None:
    assert len(found) == 12
    rows = found.table.to_pylist()
    sizes = [row["items"] for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes == np.bincount(found.labels).tolist()
    assert sum(row["events"] for row in rows) == model.counts.sum()
    units = model.center / np.linalg.norm(model.center, axis=1, keepdims=True)
    ids = model.catalogue.ids.to_pylist()
    for row in rows:
        inside = np.flatnonzero(found.labels == row["cluster"])
        cosines = units[inside] @ found.centroids[row["cluster"]]
        assert row["cohesion"] == pytest.approx(cosines.mean(), abs=1e-4)
        assert np.allclose(found.similarity[inside], cosines, atol=1e-5)
        assert row["central"][0] == ids[inside[np.argmax(cosines)]]
        assert len(set(row["nearest"]) - {row["cluster"]}) == 3
    assert len({row["name"] for row in rows}) == 12
    # What is alike by the simulation's truth is in one cluster far more often than by chance.
    same = shop.truth.intent[:, None] == shop.truth.intent[None, :]
    together = found.labels[:, None] == found.labels[None, :]
    np.fill_diagonal(same, False)
    assert together[same].mean() > 3 * together.mean()
    assert "12 clusters of 1,000 items" in repr(found)


def test_the_same_model_has_the_same_clusters(
    model: lw.Model, found: lw.Clusters, tmp_path: Path
) -> None:
    model.save(tmp_path / "model")
    again = lw.clusters(lw.load(tmp_path / "model"), 12)
    assert np.array_equal(again.labels, found.labels)
    assert again.table.equals(found.table)
    other = lw.clusters(model, 12, seed=2)
    assert not np.array_equal(other.labels, found.labels)


def test_a_catalogue_without_history(model: lw.Model, shop: lw.Shop) -> None:
    rows = shop.catalogue.slice(0, 400).to_pylist()
    rows = [{**row, "item_id": f"new-{row['item_id']}"} for row in rows]
    rows.append({"item_id": "void", "name": "", "category": ""})
    found = lw.clusters(model, 8, catalogue=rows)
    assert found.labels[-1] == -1
    assert found.items.to_pylist()[-1] == {
        "item_id": "void", "cluster": None, "cluster_name": None, "similarity": None,
    }  # fmt: skip
    assert found.table.column("events").to_pylist() == [0] * 8
    intent = shop.truth.intent[:400]
    same = intent[:, None] == intent[None, :]
    np.fill_diagonal(same, False)
    together = found.labels[:400, None] == found.labels[None, :400]
    assert together[same].mean() > 3 * together.mean()


def test_without_content() -> None:
    sessions = [["a", "b", "c"], ["d", "e", "f"]] * 20
    model = lw.train(sessions, options=lw.Options(dim=8, epochs=3, content=False, threads=1))
    found = lw.clusters(model, 2)
    assert found.table.column("name").to_pylist() == ["no name", "no name (2)"]
    assert found.table.column("category").to_pylist() == [None, None]


@pytest.mark.parametrize("n", [0, -1, 2.5, True, "3"])
def test_a_bad_number(model: lw.Model, n: object) -> None:
    with pytest.raises(InputError, match="n must be a whole number of at least 1, got"):
        lw.clusters(model, n)  # type: ignore[arg-type]


def test_too_many(model: lw.Model) -> None:
    with pytest.raises(InputError, match="n must be at most 1,000, the items with vectors, got"):
        lw.clusters(model, 1001)
    with pytest.raises(InputError, match="catalogue must have items with vectors"):
        lw.clusters(model, catalogue=[{"item_id": "void", "name": "", "category": ""}])


# --- HDBSCAN --------------------------------------------------------------------------------------


def test_tight_groups_leave_out_what_has_no_company() -> None:
    alone = np.random.default_rng(4).normal(size=(30, 12))
    alone = (alone / np.linalg.norm(alone, axis=1, keepdims=True)).astype(np.float32)
    points = np.concatenate([blobs(3, noise=0.03), alone])
    labels, centroids = tight_groups(points, 10)
    assert [len(set(labels[g * 40 : g * 40 + 40]) - {-1}) for g in range(3)] == [1, 1, 1]
    assert (labels[:120] >= 0).mean() > 0.8
    assert (labels[120:] == -1).mean() > 0.3 > (labels[:120] == -1).mean()
    assert len(centroids) == labels.max() + 1
    assert np.allclose(np.linalg.norm(centroids, axis=1), 1, atol=1e-6)
    for number, middle in enumerate(centroids):
        mean = points[labels == number].mean(axis=0)
        assert np.allclose(middle, mean / np.linalg.norm(mean), atol=1e-5)


def test_tight_clusters_of_a_model(model: lw.Model, shop: lw.Shop, tmp_path: Path) -> None:
    found = lw.clusters(model, method="hdbscan", min_size=4)
    sizes = found.table.column("items").to_pylist()
    assert sizes == sorted(sizes, reverse=True)
    assert min(sizes) >= 4
    inside = found.labels >= 0
    assert sum(sizes) == inside.sum()
    assert found.settings["outside"] == 1000 - inside.sum() > 0
    assert np.array_equal(np.isnan(found.similarity), ~inside)
    assert found.items.column("cluster").null_count == (~inside).sum()
    assert found.items.column("cluster_name").null_count == (~inside).sum()
    assert f"{len(found)} clusters of {inside.sum():,} items, {(~inside).sum():,} are in none" in (
        repr(found)
    )
    names = found.table.column("name").to_pylist()
    assert len(set(names)) == len(names)
    # Tighter than a partition into as many groups.
    coarse = lw.clusters(model, len(found))
    assert np.nanmean(found.similarity) > np.nanmean(coarse.similarity)
    again = lw.clusters(model, method="hdbscan", min_size=4, seed=9)
    assert again.table.equals(found.table)
    same = again.match(found.write(tmp_path / "items.parquet"))
    assert same.column("earlier").to_pylist() == found.ids.tolist()
    assert same.column("overlap").to_pylist() == [1.0] * len(found)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "dbscan"}, "method must be 'kmeans' or 'hdbscan', got 'dbscan'"),
        ({"method": None}, "method must be 'kmeans' or 'hdbscan', got None"),
        ({"method": "hdbscan", "n": 3}, "n goes with method 'kmeans', got it with 'hdbscan'"),
        ({"min_size": 3}, "min_size goes with method 'hdbscan', got it with 'kmeans'"),
        ({"method": "hdbscan", "min_size": 1}, "min_size must be a whole number of at least 2"),
        ({"method": "hdbscan", "min_size": 2.5}, "min_size must be a whole number of at least 2"),
        ({"method": "hdbscan", "min_size": True}, "min_size must be a whole number of at least 2"),
        ({"method": "hdbscan", "min_size": 1001}, "min_size must be at most 1,000, the items with"),
        ({"method": "hdbscan", "min_size": 900}, "found no cluster of at least 900 items among"),
    ],
)
def test_bad_arguments(model: lw.Model, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        lw.clusters(model, **arguments)


def test_too_many_for_tight_groups(model: lw.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clustering, "MOST_ITEMS", 999)
    with pytest.raises(
        InputError, match="'hdbscan' is for up to 999 items, got 1,000 with vectors"
    ):
        lw.clusters(model, method="hdbscan")


# --- names ----------------------------------------------------------------------------------------


def test_names_are_the_best_category_and_the_distinctive_words() -> None:
    names = [
        "red ball",
        "blue ball",
        "old ball",
        "red pan",
        "big pan",
        "my pan",
        "red x7",
        "red 12",
    ]
    paths = ["Toys > Dogs"] * 3 + ["Kitchen > Pans", "Kitchen > Pans", "Kitchen", None, None]
    items = lw.Catalogue.from_arrays(list("abcdefgh"), paths, names)
    groups = np.array([0, 0, 0, 1, 1, 1, 2, -1])
    first, second, third = name_groups(items, groups, 3)
    assert (first.category, first.category_share) == ("Toys > Dogs", 1)
    assert first.name.startswith("Dogs: ball")
    assert second.category == "Kitchen"
    assert second.category_share == 1
    assert second.name.startswith("Kitchen: pan")
    assert third.category is None
    assert "12" not in third.words  # a number says nothing, and the item is in no group


def test_short_words_and_numbers_say_nothing() -> None:
    names = ["oz 12 in tea by", "oz 12 in tea by", "cup", "cup", "緑 cup", "緑 cup"]
    items = lw.Catalogue.from_arrays(list("abcdef"), None, names)
    first, second, third = name_groups(items, np.array([0, 0, 1, 1, 2, 2]), 3)
    assert first.words == ("tea",)
    assert second.words == ("cup",)
    assert set(third.words) == {"緑", "cup"}


def test_a_word_of_the_category_is_not_said_twice() -> None:
    items = lw.Catalogue.from_arrays(list("abcd"), ["Pans"] * 2 + ["Pots"] * 2, ["pans"] * 4)
    named = name_groups(items, np.array([0, 0, 1, 1]), 2)
    assert [group.name for group in named] == ["Pans", "Pots"]


def test_hostile_texts_make_plain_names() -> None:
    found = lw.clusters(hostile.model(), 5)
    for name in found.table.column("name").to_pylist():
        assert len(name) < 160
        assert name.isprintable()
        assert not re.search("[\u202a-\u202e]", name)


# --- from one day to the next ---------------------------------------------------------------------


def test_matching_is_by_what_is_in_both(model: lw.Model, found: lw.Clusters) -> None:
    same = found.match(found)
    assert same.column("earlier").to_pylist() == list(range(12))
    assert same.column("overlap").to_pylist() == [1.0] * 12
    # Yesterday the clusters had other numbers, one was spread over all, and items were others.
    turned = (found.labels + 100).astype(np.int32)
    turned[found.labels == 3] = -1
    ids = [*model.catalogue.ids.to_pylist(), "gone"]
    labels = [None if label < 0 else int(label) for label in turned] + [100]
    yesterday = pa.table({"item_id": ids, "cluster": pa.array(labels, pa.int32())})
    pairs = found.match(yesterday).to_pylist()
    for row in pairs:
        assert row["earlier"] == (None if row["cluster"] == 3 else row["cluster"] + 100)
    now = found.numbered_as(yesterday)
    assert now.ids[3] == 112  # above all of yesterday's
    assert now.ids[0] == 100
    assert np.array_equal(now.labels >= 0, found.labels >= 0)
    assert (now.labels[found.labels == 0] == 100).all()
    assert now.table.column("cluster").to_pylist() == now.ids.tolist()
    assert set(now.table.column("nearest")[0].as_py()) <= set(now.ids.tolist())
    assert set(now.items.column("cluster_name").to_pylist()) == set(
        found.table.column("name").to_pylist()
    )


def test_tomorrows_model_keeps_most_numbers(shop: lw.Shop, model: lw.Model) -> None:
    items = model.catalogue
    options = lw.Options(dim=16, epochs=5, threads=1, seed=9)
    tomorrow = lw.train(lw.Sessions.read(shop.events, items), items, options)
    before = lw.clusters(model, 8)
    after = lw.clusters(tomorrow, 8).numbered_as(before)
    kept = set(after.ids.tolist()) & set(before.ids.tolist())
    assert len(kept) >= 6
    both = np.isin(after.labels, list(kept))
    assert (after.labels == before.labels)[both].mean() > 0.5


def test_a_bad_earlier_day(found: lw.Clusters, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="earlier must have the columns item_id and cluster"):
        found.match(pa.table({"item_id": ["a"]}))
    with pytest.raises(InputError, match=r"earlier: cannot read .*no-such.parquet"):
        found.match(tmp_path / "no-such.parquet")


# --- files and the command ------------------------------------------------------------------------


def test_files(found: lw.Clusters, tmp_path: Path) -> None:
    items = pq.read_table(found.write(tmp_path / "items.parquet"))
    assert items.equals(found.items)
    about = pq.read_table(found.write(tmp_path / "clusters.parquet", "clusters"))
    assert about.equals(found.table)
    with pytest.raises(ValueError, match="what must be 'items' or 'clusters', got 'all'"):
        found.write(tmp_path / "x.parquet", "all")
    with pytest.raises(StorageError, match=r"must end in .parquet or .pq"):
        found.write(tmp_path / "x.csv")
    assert files_below(tmp_path) == {"items.parquet", "clusters.parquet"}


def test_the_command(model: lw.Model, tmp_path: Path, capfd: Capture) -> None:
    model.save(tmp_path / "model")
    out, about = tmp_path / "items.parquet", tmp_path / "about.parquet"
    ran = run(capfd, "clusters", tmp_path / "model", "-n", 5, "-o", out, "--about", about, "-q")
    assert (ran.code, ran.err) == (0, "")
    assert "5 clusters of 1,000 items" in ran.out
    assert pq.read_table(out).num_rows == 1000
    assert pq.read_table(about).num_rows == 5
    ran = run(
        capfd, "clusters", tmp_path / "model", "-n", 6, "--earlier", out, "--json", "--quiet"
    )  # fmt: skip
    said = json.loads(ran.out)
    assert (said["items"], said["without_vector"], len(said["clusters"])) == (1000, 0, 6)
    kept = [row["earlier"] for row in said["matches"] if row["earlier"] is not None]
    assert len(kept) >= 3
    assert all(
        row["cluster"] == row["earlier"] for row in said["matches"] if row["earlier"] in kept
    )
    ran = run(capfd, "clusters", tmp_path / "model", "--method", "hdbscan", "--json", "-q")
    said = json.loads(ran.out)
    assert said["settings"]["min_size"] == 10
    assert (said["items"] + said["outside"], said["without_vector"]) == (1000, 0)
    ran = run(capfd, "clusters", tmp_path / "model", "--method", "hdbscan", "-n", 3)
    assert ran.code == 1
    assert "n goes with method 'kmeans', got it with 'hdbscan'" in ran.err
    ran = run(capfd, "clusters", tmp_path / "model", "--method", "dbscan")
    assert ran.code == 2
    assert "'kmeans', 'hdbscan'" in ran.err
    ran = run(capfd, "clusters", tmp_path / "model", "-n", 5000)
    assert ran.code == 1
    assert "n must be at most 1,000" in ran.err


def test_the_command_has_the_defaults_of_the_function() -> None:
    ours = inspect.signature(lw.clusters).parameters
    given = command.make_context("clusters", ["model"]).params
    for name in ("n", "method", "min_size", "catalogue", "seed"):
        assert given[name] == ours[name].default, name
    choices = next(option for option in command.params if option.name == "method").type
    assert list(choices.choices) == list(clustering.METHODS)
