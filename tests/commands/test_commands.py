"""The command line: spelling, help, what each command prints and writes, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

import likewise as lw
from helpers.cli_helpers import QUICK, files_below, run
from likewise.commands import vectors as cli
from likewise.commands.main import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def shop() -> lw.Shop:
    return lw.simulate(300, 2000, seed=3, new_items=0.1)


@pytest.fixture(scope="module")
def data(shop: lw.Shop, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return shop.write(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def model(data: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models") / "model"
    arguments = ["train", *map(str, data), "-o", str(place), *QUICK]
    assert main(arguments, standalone_mode=False) is None
    return place


# --- train ----------------------------------------------------------------------------------------


def test_train_says_what_it_read_and_where_the_model_is(
    data: tuple[Path, Path], tmp_path: Path, capfd: Capture
) -> None:
    place = tmp_path / "model"
    ran = run(capfd, "train", *data, "-o", place, *QUICK)
    assert ran.code == 0
    assert ran.err == ""
    labels = [line.split()[0] for line in ran.out.splitlines() if not line.startswith(" ")]
    assert labels == ["catalogue", "sessions", "trained", "model"]
    assert "300 items from 300 rows" in ran.out
    assert "M pairs/s" in ran.out
    assert str(place) in ran.out.replace("\n           ", "")
    loaded = lw.load(place)
    assert (loaded.options.dim, loaded.options.epochs, loaded.options.threads) == (16, 2, 1)


def test_train_is_the_api(data: tuple[Path, Path], model: Path) -> None:
    catalogue = lw.Catalogue.read(data[1])
    sessions = lw.Sessions.read(data[0], catalogue)
    same = lw.train(sessions, catalogue, dim=16, epochs=2, threads=1, learning_rate=0.01)
    np.testing.assert_array_equal(lw.load(model).center, same.center)


def test_train_json(data: tuple[Path, Path], tmp_path: Path, capfd: Capture) -> None:
    place = tmp_path / "model"
    ran = run(capfd, "train", *data, "-o", place, "--json", *QUICK)
    assert ran.code == 0
    about = json.loads(ran.out)
    assert about["model"] == str(place)
    assert about["catalogue"]["items"] == about["items"] == 300
    assert about["sessions"]["events_read"] == pq.read_metadata(data[0]).num_rows
    assert about["options"]["dim"] == 16
    assert about["pairs_per_second"] > 0
    assert about["kernels"] == lw.kernels()


def test_the_order_of_sessions(data: tuple[Path, Path], tmp_path: Path, capfd: Capture) -> None:
    told = {}
    for order in ("auto", "none"):
        place = tmp_path / order
        ran = run(capfd, "train", *data, "-o", place, "--order", order, *QUICK)
        assert ran.code == 0
        assert ("; no order" in ran.out) == (order == "none")
        told[order] = json.loads(run(capfd, "info", place, "--json").out)["order"]
    assert told == {"auto": "time", "none": "none"}
    ran = run(capfd, "train", *data, "-o", tmp_path / "no", "--order", "size", *QUICK)
    assert ran.code == 2
    assert "'size' is not one of 'auto', 'time', 'none'" in ran.err


def test_other_column_names_globs_and_csv(shop: lw.Shop, tmp_path: Path, capfd: Capture) -> None:
    events = shop.events.rename_columns(["visit", "product", "at", "what"])
    half = len(events) // 2
    pc.write_csv(events.slice(0, half), tmp_path / "events-1.csv")
    pc.write_csv(events.slice(half), tmp_path / "events-2.csv")
    items = shop.catalogue.rename_columns(["sku", "path", "title"])
    pq.write_table(items, tmp_path / "items.parquet")
    ran = run(
        capfd, "train", tmp_path / "events-*.csv", tmp_path / "items.parquet",
        "-o", tmp_path / "model", "--gap", "30m", "--min-length", "3", *QUICK,
        "--session-id-column", "visit", "--event-item-id-column", "product",
        "--timestamp-column", "at", "--item-id-column", "sku", "--category-column", "path",
        "--name-column", "title", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    about = json.loads(ran.out)
    assert about["sessions"]["events_read"] == len(events)
    assert about["sessions"]["short_sessions"] > 0
    assert about["sessions"]["timed"]
    assert lw.load(tmp_path / "model").catalogue.names.equals(
        lw.Catalogue.read(shop.catalogue).names
    )


def test_identity_alone_needs_no_catalogue(
    data: tuple[Path, Path], tmp_path: Path, capfd: Capture
) -> None:
    place = tmp_path / "model"
    assert run(capfd, "train", data[0], "-o", place, "--no-content", *QUICK).code == 0
    assert lw.load(place).recipe is None
    ran = run(capfd, "train", data[0], "-o", place, *QUICK)
    assert ran.code == 0, ran.err
    assert "no item has a name or a category: items are known by their ids alone" in ran.out
    assert lw.load(place).recipe is None


def test_a_model_is_replaced_and_anything_else_is_not(
    data: tuple[Path, Path], tmp_path: Path, capfd: Capture
) -> None:
    place = tmp_path / "model"
    assert run(capfd, "train", *data, "-o", place, *QUICK).code == 0
    before = lw.load(place).options.seed
    assert run(capfd, "train", *data, "-o", place, *QUICK, "--seed", 5).code == 0
    assert (before, lw.load(place).options.seed) == (1, 5)
    (place / "notes.txt").write_text("mine")
    ran = run(capfd, "train", *data, "-o", place, *QUICK)
    assert ran.code == 1
    assert ran.out == ""  # found out before any work
    assert (place / "notes.txt").read_text() == "mine"


# --- questions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["similar", "complements"])
def test_questions_by_id(verb: str, model: Path, capfd: Capture) -> None:
    loaded = lw.load(model)
    wanted = loaded.catalogue.ids[:2].to_pylist()
    asked = [getattr(loaded, verb)(item_id, 5) for item_id in wanted]
    ran = run(capfd, verb, model, "--id", wanted[0], "--id", wanted[1], "-k", 5)
    assert ran.code == 0
    assert ran.out == "\n\n".join(map(repr, asked)) + "\n"
    ran = run(capfd, verb, model, "--id", wanted[0], "--id", wanted[1], "-k", 5, "--json")
    answers = json.loads(ran.out)
    assert [answer["query"] for answer in answers] == [{"id": item_id} for item_id in wanted]
    for answer, matches in zip(answers, asked, strict=True):
        assert [match["item_id"] for match in answer["matches"]] == matches.ids
        assert [match["rank"] for match in answer["matches"]] == [1, 2, 3, 4, 5]
        np.testing.assert_allclose(
            [match["score"] for match in answer["matches"]], matches.scores, rtol=1e-6
        )


def test_questions_by_text(model: Path, capfd: Capture) -> None:
    loaded = lw.load(model)
    category = loaded.catalogue.categories[0].as_py()
    asked = loaded.similar(name="red ball", category=category, k=3)
    ran = run(
        capfd, "similar", model, "--name", "red ball", "--category", category, "-k", 3, "--json"
    )
    (answer,) = json.loads(ran.out)
    assert answer["query"] == {"name": "red ball", "category": category}
    assert [match["item_id"] for match in answer["matches"]] == asked.ids
    assert run(capfd, "similar", model, "--category", category).code == 0


def test_what_similar_items_are_scored_by(model: Path, tmp_path: Path, capfd: Capture) -> None:
    loaded = lw.load(model)
    item = loaded.catalogue.ids[0].as_py()
    for more, asked in (
        (["--popularity", "0"], {"popularity": 0.0}),
        (["--side", "center"], {"side": "center"}),
    ):
        ran = run(capfd, "similar", model, "--id", item, "-k", 5, *more)
        assert ran.out == repr(loaded.similar(item, 5, **asked)) + "\n"
        out = tmp_path / "out.parquet"
        assert run(capfd, "recommend", model, "-o", out, "-k", 5, "-q", *more).code == 0
        assert pq.read_table(out).equals(loaded.recommend_all(k=5, **asked).table)
    ran = run(capfd, "similar", model, "--id", item, "--side", "center", "--popularity", "1")
    assert (ran.code, ran.out) == (1, "")
    assert "popularity must be left out" in ran.err
    assert run(capfd, "similar", model, "--id", item, "--popularity", "-1").code == 2
    assert run(capfd, "complements", model, "--id", item, "--popularity", "1").code == 2


def test_answers_from_another_catalogue(model: Path, tmp_path: Path, capfd: Capture) -> None:
    names = lw.load(model).catalogue.names
    other = pa.table({"sku": ["new-1", "new-2"], "name": [names[0].as_py(), names[7].as_py()]})
    pq.write_table(other, tmp_path / "other.parquet")
    ran = run(
        capfd, "similar", model, "--id", lw.load(model).catalogue.ids[0], "--catalogue",
        tmp_path / "other.parquet", "--item-id-column", "sku", "--json",
    )  # fmt: skip
    (answer,) = json.loads(ran.out)
    assert {match["item_id"] for match in answer["matches"]} == {"new-1", "new-2"}


def test_unknown_ids_suggest_close_ones(model: Path, capfd: Capture) -> None:
    ran = run(capfd, "similar", model, "--id", "P000001")
    assert ran.code == 1
    assert ran.err.startswith("Error: item 'P000001' is not among the 300 items")
    assert "did you mean" in ran.err


# --- encode, evaluate, info -----------------------------------------------------------------------


def test_encode(
    model: Path,
    data: tuple[Path, Path],
    tmp_path: Path,
    capfd: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli, "_ROW_GROUP", 128)
    out = tmp_path / "vectors.parquet"
    ran = run(capfd, "encode", model, data[1], "-o", out)
    assert ran.code == 0, ran.err
    assert "300 center vectors of 16 dimensions" in " ".join(ran.out.split())
    assert pq.read_metadata(out).num_row_groups == 3
    table = pq.read_table(out)
    loaded = lw.load(model)
    assert table["item_id"].combine_chunks().equals(loaded.catalogue.ids)
    assert table["vector"].type.list_size == 16
    assert table["vector"].type.value_type == pa.float32()
    vectors = table["vector"].combine_chunks().flatten().to_numpy().reshape(-1, 16)
    np.testing.assert_array_equal(vectors, loaded.encode(data[1]))
    assert run(capfd, "encode", model, data[1], "-o", out, "--own-rows", "--json").code == 0
    vectors = pq.read_table(out)["vector"].combine_chunks().flatten().to_numpy()
    np.testing.assert_array_equal(vectors.reshape(-1, 16), loaded.center)
    assert files_below(tmp_path) == {"vectors.parquet"}


def test_evaluate(data: tuple[Path, Path], capfd: Capture) -> None:
    ran = run(
        capfd, "evaluate", *data, "--split", "last", "--split", "cold", "-k", 10, "--json", *QUICK
    )
    assert ran.code == 0, ran.err
    last, cold = json.loads(ran.out)
    assert (last["split"], cold["split"], last["k"]) == ("last", "cold", 10)
    assert {row["kind"] for row in cold["rows"]} == {"cold query", "cold target"}
    assert {"popularity", "item-kNN"} < {row["system"] for row in last["rows"]}
    assert all(0 <= row["hr"] <= 1 for row in last["rows"])
    ran = run(capfd, "evaluate", *data, "--baseline", "rules", "--pairs", "complements", *QUICK)
    assert ran.code == 0, ran.err
    assert "warm complements: " in ran.out
    assert "\nrules (" in ran.out
    ran = run(capfd, "evaluate", *data, "--no-baselines", *QUICK)
    assert "HR@20" in ran.out
    assert "item-kNN" not in ran.out
    ran = run(capfd, "evaluate", *data, "--baseline", "pair-counts", "--json", *QUICK)
    systems = [row["system"] for row in json.loads(ran.out)[0]["rows"]]
    assert systems == [
        "likewise similar", "likewise center-center", "likewise center-context", "pair counts",
    ]  # fmt: skip
    assert not ran.err


def test_evaluate_by_time_and_by_category(
    data: tuple[Path, Path], shop: lw.Shop, tmp_path: Path, capfd: Capture
) -> None:
    moments = shop.events["timestamp"].to_numpy()
    middle = str(np.median(moments.astype("datetime64[s]").astype(np.int64)).astype(np.int64))
    if not np.issubdtype(moments.dtype, np.integer):
        middle = str(np.datetime64(int(middle), "s"))
    department = shop.catalogue["category"][0].as_py().split(" > ")[0]
    ran = run(
        capfd, "evaluate", *data, "--split", "time", "--date", middle,
        "--split", "transfer", "--held", department, "--json", *QUICK,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    by_time, transfer = json.loads(ran.out)
    assert {"warm", "cold query"} <= {row["kind"] for row in by_time["rows"]}
    assert by_time["train_events"] < 0.7 * shop.events.num_rows
    assert {row["kind"] for row in transfer["rows"]} == {"transfer"}
    for words, message in (
        (["--split", "time"], "--date and --split time belong together"),
        (["--held", "x"], "--held and --split transfer belong together"),
        (["--share", "0.3"], "--share needs --split cold or shop"),
        (["--split", "shop", "--share", "1"], "'--share': 1.0 is not in the range"),
        (["--vectors", "x"], "--vectors must be NAME=FILE"),
    ):
        ran = run(capfd, "evaluate", *data, *words, *QUICK)
        assert ran.code == 2
        assert message in ran.err
    ran = run(capfd, "evaluate", *data, "--split", "time", "--date", "soon", *QUICK)
    assert ran.code == 1
    assert "a date such as '2024-05-31', got 'soon'" in ran.err


def test_evaluate_in_a_shop_without_history(data: tuple[Path, Path], capfd: Capture) -> None:
    asked = ["evaluate", *data, "--split", "shop", "--baseline", "pair-counts", *QUICK]
    halves, thirds = run(capfd, *asked, "--json"), run(capfd, *asked, "--json", "--share", "0.3")
    assert halves.code == thirds.code == 0, halves.err + thirds.err
    (half,), (third,) = json.loads(halves.out), json.loads(thirds.out)
    assert half["split"] == "shop"
    assert [(row["kind"], row["system"]) for row in half["rows"] if "pair" in row["system"]] == [
        ("last of shop", "pair counts, with history")
    ]
    assert {row["kind"] for row in half["rows"]} == {"shop", "last of shop"}
    assert half["rows"][0]["pairs"] > 1.5 * third["rows"][0]["pairs"] > 0
    assert half["train_events"] < third["train_events"]


def test_evaluate_scores_other_vectors(
    model: Path, data: tuple[Path, Path], tmp_path: Path, capfd: Capture
) -> None:
    out = tmp_path / "vectors.parquet"
    assert run(capfd, "encode", model, data[1], "-o", out).code == 0
    asked = ["evaluate", *data, "--no-baselines", "--json", *QUICK]
    ran = run(capfd, *asked, "--vectors", f"content={out}")
    rows = {row["system"]: row for row in json.loads(ran.out)[0]["rows"]}
    assert rows["content"]["hr"] > 0
    pq.write_table(pa.table({"item_id": ["a"], "vector": [[None]]}), out)
    for path in (data[1], tmp_path / "none.parquet", out):
        ran = run(capfd, *asked, "--vectors", f"content={path}")
        assert ran.code == 1
        assert "vectors content" in ran.err or "systems['content']" in ran.err


def test_info(model: Path, capfd: Capture) -> None:
    ran = run(capfd, "info", model)
    assert ran.code == 0
    assert "16 dimensions" in ran.out
    assert "dim 16, epochs 2" in ran.out
    about = json.loads(run(capfd, "info", model, "--json").out)
    assert about["model"] == str(model)
    assert about["options"] == lw.load(model).options.to_dict()
