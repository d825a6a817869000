"""Maps: places, sizes, nearest and quality of points; files; the command; hostile texts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import likewise as lw
from helpers import hostile
from helpers.cli_helpers import files_below, run
from helpers.without import hide
from likewise import maps
from likewise.errors import InputError, StorageError
from likewise.maps.layout import chance_share, fitted_perplexity, parent_share, plane
from likewise.maps.page import map_data, named_points
from likewise.pages.category_tree import CategoryTree, levels_of

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def model() -> lw.Model:
    shop = lw.simulate(1500, 8000, seed=3)
    items = lw.Catalogue.read(shop.catalogue)
    options = lw.Options(dim=16, epochs=3, threads=1)
    return lw.train(lw.Sessions.read(shop.events, items), items, options)


def small(categories: list[str | None]) -> lw.Model:
    """A model whose items are seen in a circle."""
    names = [f"thing {i}" for i in range(len(categories))]
    ids = [str(i) for i in range(len(categories))]
    items = lw.Catalogue.from_arrays(ids, categories, names)
    sessions = lw.Sessions.read(
        [[a, b] for a, b in zip(ids, ids[1:] + ids[:1], strict=True)], items
    )
    return lw.train(sessions, items, lw.Options(dim=8, epochs=1, threads=1))


# --- the tree -------------------------------------------------------------------------------------


def test_levels_are_those_of_the_category_vectors(model: lw.Model) -> None:
    tree = CategoryTree(model.catalogue)
    vectors = model.category_vectors()
    assert tree.paths == vectors.column("category").to_pylist()
    assert tree.levels.tolist() == vectors.column("level").to_pylist()
    ones = np.ones(len(model.catalogue))
    assert tree.totals(ones).tolist() == vectors.column("items").to_pylist()


def test_parents_tops_and_totals() -> None:
    items = lw.Catalogue.from_arrays(list("abcde"), ["A > B > C", "A>B", " A ", None, "D > > E"])
    tree = CategoryTree(items)
    assert tree.paths == ["A", "A > B", "A > B > C", "D", "D > E"]
    assert tree.parents.tolist() == [-1, 0, 1, -1, 3]
    assert tree.tops.tolist() == [0, 0, 0, 3, 3]
    assert tree.leaves.tolist() == [2, 1, 0, -1, 4]
    assert tree.totals(np.array([1, 10, 100, 1000, 5])).tolist() == [111, 11, 1, 5, 5]
    assert levels_of(None) == levels_of(" > ") == []


# --- layouts --------------------------------------------------------------------------------------


def test_perplexity_fits_the_points() -> None:
    assert fitted_perplexity(1000) == 30
    assert fitted_perplexity(31) == 10
    assert fitted_perplexity(2) == 1


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
def test_few_points_are_laid_out_by_principal_components(n: int) -> None:
    vectors = np.eye(6, dtype=np.float32)[:n]
    found = plane(np.vstack([vectors, np.zeros((1, 6), np.float32)]))
    assert found.shape == (n + 1, 2)
    assert np.isnan(found[-1]).all()
    assert np.isfinite(found[:-1]).all()
    if n > 1:
        assert np.linalg.norm(found[0] - found[1]) > 0.1


def test_layout_is_the_same_for_the_same_seed_and_keeps_groups_apart() -> None:
    pytest.importorskip("openTSNE")
    rng = np.random.default_rng(0)
    group = np.arange(60) % 3
    vectors = (np.eye(8)[group] + 0.1 * rng.normal(size=(60, 8))).astype(np.float32)
    first, again, other = (plane(vectors, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    levels = np.full(60, 2, np.int32)
    assert parent_share(first, group.astype(np.int32), levels) > 0.95
    # Length says nothing: the layout is by cosine.
    lengths = rng.uniform(0.5, 9, (60, 1)).astype(np.float32)
    assert parent_share(plane(vectors * lengths), group.astype(np.int32), levels) > 0.95


def test_perplexity_is_checked() -> None:
    with pytest.raises(ValueError, match=r"perplexity must be above 0 and below .* \(9\), got 9"):
        plane(np.eye(9, dtype=np.float32), perplexity=9)


def test_shares_by_hand() -> None:
    # Two families side by side on a line; the top level has no parent and is not asked.
    points = np.array([[0, 0], [1, 0], [2, 0], [10, 0], [11, 0], [5, 5]], float)
    parents = np.array([5, 5, 5, 6, 6, -1], np.int32)
    levels = np.array([2, 2, 2, 2, 2, 1], np.int32)
    assert parent_share(points, parents, levels, 1) == 1
    assert parent_share(points, parents, levels, 2) == pytest.approx((1 + 1 + 1 + 0.5 + 0.5) / 5)
    chance, best = chance_share(parents, levels, np.ones(6, bool), 2)
    assert best == pytest.approx((1 + 1 + 1 + 0.5 + 0.5) / 5)
    assert chance == pytest.approx((3 * 2 / 4 + 2 * 1 / 4) / 5)
    rng = np.random.default_rng(0)
    drawn = [parent_share(rng.random((6, 2)), parents, levels, 2) for _ in range(2000)]
    assert np.mean(drawn) == pytest.approx(chance, abs=0.02)
    assert np.isnan(parent_share(points[:1], parents[:1], levels[:1]))


# --- maps -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def picture(model: lw.Model) -> maps.Map:
    pytest.importorskip("openTSNE")
    return maps.categories(model)


def test_a_map_of_categories(model: lw.Model, picture: maps.Map) -> None:
    table = picture.table
    tree = CategoryTree(model.catalogue)
    assert table.column("category").to_pylist() == tree.paths
    rows = {row["category"]: row for row in table.to_pylist()}
    tops = [row for row in rows.values() if row["level"] == 1]
    assert sum(row["events"] for row in tops) == model.counts[tree.leaves >= 0].sum()
    for path, row in rows.items():
        assert row["top"] == path.split(" > ")[0]
        assert 0 < len(row["nearest"]) <= 5
        related = [o for o in row["nearest"] if f"{o} > ".startswith(f"{path} > ")]
        related += [o for o in row["nearest"] if f"{path} > ".startswith(f"{o} > ")]
        assert not related
    for side in ("center", "context"):
        quality = picture.quality[side]
        assert 0 < quality["chance"] < quality["plane"] <= quality["best"] <= 1, side
        assert quality["full"] <= quality["best"]
    # Most of these categories have one sibling: it is the one nearest.
    assert parent_share(picture.places("center"), tree.parents, tree.levels, 1) > 0.8
    assert picture.sides == ("center", "context")
    assert "have the same parent" in repr(picture)


def test_nearest_are_by_cosine(model: lw.Model, picture: maps.Map) -> None:
    vectors = np.stack(model.category_vectors().column("vector").to_pylist())
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    paths = picture.table.column("category").to_pylist()
    for row in (0, 5, len(paths) - 1):
        own = f"{paths[row]} > "
        others = [i for i, p in enumerate(paths) if not own.startswith(f"{p} > ")]
        others = [i for i in others if not f"{paths[i]} > ".startswith(own)]
        best = sorted(others, key=lambda i: -float(units[i] @ units[row]))[:5]
        assert picture.table.column("nearest")[row].as_py() == [paths[i] for i in best]


def test_progress_only_grows(model: lw.Model) -> None:
    pytest.importorskip("openTSNE")
    seen: list[tuple[int, int]] = []
    maps.categories(model, progress=lambda done, total: seen.append((done, total)))
    done = [d for d, _ in seen]
    assert done == sorted(done)
    assert seen[-1][0] == seen[-1][1]
    assert len(done) > 20


def test_a_map_of_items(model: lw.Model) -> None:
    pytest.importorskip("openTSNE")
    picture = maps.items(model, limit=50)
    assert len(picture) == 50
    rows = picture.table.to_pylist()
    at = model.catalogue.positions([row["item_id"] for row in rows])
    assert (np.diff(at) > 0).all()
    assert [row["events"] for row in rows] == model.counts[at].tolist()
    ids = {row["item_id"] for row in rows}
    for row in rows:
        assert len(row["nearest"]) == 5
        assert set(row["nearest"]) <= ids - {row["item_id"]}
    # A cold item has no context vector here, so no place there.
    cold = model.counts[at] == 0
    assert np.isnan(picture.places("context")[cold]).all()
    assert np.isfinite(picture.places("center")).all()


@pytest.mark.parametrize("categories", [["A"], ["A", "B"], ["A > B", "C"], ["A", None, "B"]])
def test_tiny_catalogues(categories: list[str | None], tmp_path: Path) -> None:
    model = small([*categories, categories[0]])
    picture = maps.categories(model)
    assert np.isfinite(picture.places("center")).all()
    picture.write(tmp_path / "map.parquet")
    if "A > B" in categories:
        assert picture.quality["center"]["plane"] != picture.quality["center"]["plane"]


def test_what_cannot_be_drawn(model: lw.Model, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="model must have categories to draw"):
        maps.categories(small([None, None, None]))
    with pytest.raises(InputError, match="limit must be a whole number of at least 1, got 0"):
        maps.items(model, limit=0)
    with pytest.raises(InputError, match="perplexity must be above 0"):
        maps.categories(model, perplexity=10_000)
    with pytest.raises(InputError, match="threads must be at least 0, got -1"):
        maps.categories(model, threads=-1)
    picture = maps.categories(small(["A", "B"]))
    with pytest.raises(StorageError, match=r"must end in .parquet or .png or .svg or .html"):
        picture.write(tmp_path / "map.gif")
    with pytest.raises(ValueError, match="side must be 'center' or 'context', got 'left'"):
        picture.places("left")
    assert not files_below(tmp_path)


@pytest.mark.parametrize(
    ("module", "suffix"), [("matplotlib", "png"), ("plotly", "html"), ("openTSNE", "")]
)
def test_what_is_missing_is_named(
    module: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = maps.categories(small(["A", "B", "A"]))
    hide(monkeypatch, module)
    place = tmp_path / f"map.{suffix}"
    wanted = rf"needs {module}: pip install 'likewise\[viz\]'"
    with pytest.raises(ImportError, match=wanted):
        picture.write(place) if suffix else plane(np.eye(6, dtype=np.float32))
    assert not files_below(tmp_path)


# --- files ----------------------------------------------------------------------------------------


def test_coordinates_come_back(picture: maps.Map, tmp_path: Path) -> None:
    read = pq.read_table(picture.write(tmp_path / "map.parquet"))
    assert read.equals(picture.table)
    assert read.schema.metadata[b"map"] == b"categories"
    assert read.schema.metadata[b"seed"] == b"1"


def test_pictures(picture: maps.Map, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    png = picture.write(tmp_path / "map.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(png) > 20_000
    svg = picture.write(tmp_path / "map.svg").read_text(encoding="utf-8")
    biggest = max(picture.table.to_pylist(), key=lambda row: row["events"])
    assert biggest["category"].split(" > ")[-1].replace("&", "&amp;") in svg
    assert picture.write(tmp_path / "again.png").read_bytes() == png
    assert picture.write(tmp_path / "again.svg").read_text(encoding="utf-8") == svg


def test_names_on_a_map_keep_apart() -> None:
    places = np.array([[0, 0], [0, 0.001], [1, 1], [np.nan, np.nan], [0.5, 0.5]])
    events = np.array([10, 9, 8, 99, 0])
    assert named_points(places, events, ["first", "hidden", "far", "nowhere", ""]) == [0, 2]


def test_hostile_texts_in_files(tmp_path: Path) -> None:
    pytest.importorskip("openTSNE")
    pytest.importorskip("plotly")
    pytest.importorskip("matplotlib")
    model = hostile.model()
    for picture in (maps.categories(model), maps.items(model)):
        page = picture.write(tmp_path / "map.html").read_text(encoding="utf-8")
        assert "window.broken=1</script>" not in page
        assert "<img src=x" not in page
        data = re.findall(r'<script type="application/json" id="map-data">(.*?)</script>', page)
        assert len(data) == 1
        assert json.loads(data[0]) == map_data(picture)
        assert max(map(len, json.loads(data[0])["labels"])) <= 160
        assert "\u202e" not in page
        svg = picture.write(tmp_path / "map.svg").read_text(encoding="utf-8")
        assert "<script" not in svg
        picture.write(tmp_path / "map.png")


# --- the command ----------------------------------------------------------------------------------


def test_the_command(model: lw.Model, tmp_path: Path, capfd: Capture) -> None:
    pytest.importorskip("openTSNE")
    model.save(tmp_path / "model")
    out = tmp_path / "map.parquet"
    ran = run(capfd, "map", tmp_path / "model", "-o", out, "--json", "--quiet")
    assert (ran.code, ran.err) == (0, "")
    said = json.loads(ran.out)
    assert said["points"] == pq.read_table(out).num_rows
    assert said["quality"]["center"]["plane"] > said["quality"]["center"]["chance"]
    ran = run(capfd, "map", tmp_path / "model", "--items", "--limit", "30", "-o", out, "-q")
    assert ran.code == 0
    assert "map of 30 items" in ran.out
    assert pq.read_table(out).num_rows == 30


def test_the_command_refuses_before_the_work(tmp_path: Path, capfd: Capture) -> None:
    ran = run(capfd, "map", tmp_path / "no-model", "-o", tmp_path / "map.gif")
    assert ran.code == 1
    assert "must end in .parquet or .png or .svg or .html" in ran.err
    assert run(capfd, "map", tmp_path / "no-model").code == 2
    ran = run(capfd, "map", tmp_path / "no-model", "-o", tmp_path / "map.html")
    assert ran.code == 1
    assert "no-model" in ran.err
    assert not files_below(tmp_path)
