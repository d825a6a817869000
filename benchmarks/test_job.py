"""What job.py counts is right, and its jobs run: in small, whatever `--full` says."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import split_of
from support.catalogues import repeated
from support.corpora import Corpus
from support.job_report import flat, summarise
from support.lists import different_rows, hit_rate, positions_of, true_recall
from support.stages import Stages

JOB = Path(__file__).parent / "job.py"
SMALL = ["--events", "4000", "--items", "150", "--runs", "1", "--threads", "1"]


def written(path: Path, lists: list[tuple[str, list[str]]]) -> Path:
    rows = [(item, rank, n) for item, near in lists for rank, n in enumerate(near, 1)]
    item, rank, neighbour = (list(column) for column in zip(*rows, strict=True))
    pq.write_table(pa.table({"item_id": item, "rank": rank, "neighbor_id": neighbour}), path)
    return path


def test_a_pair_is_found_where_the_target_stands_in_the_written_list(tmp_path: Path) -> None:
    path = written(tmp_path / "lists.parquet", [("c", ["a"]), ("a", ["b", "c"])])
    lists = positions_of(path, pa.array(["a", "b", "c"], pa.large_string()), 2)
    assert lists.tolist() == [[1, 2], [-1, -1], [0, -1]]
    assert hit_rate(lists, np.array([0, 1, 2, 2]), np.array([2, 0, 0, 1])) == 0.5
    with pytest.raises(ValueError, match="not in the catalogue"):
        positions_of(path, pa.array(["a", "b"], pa.large_string()), 2)


def test_lists_as_written_are_as_good_as_evaluation_says(tmp_path: Path) -> None:
    import likewise as lw
    from likewise.evaluation.ranking import sides_of

    split = split_of(Corpus("shop", 6000, 300))
    model = lw.train(split.train, epochs=2, threads=1)
    model.recommend_all(tmp_path / "lists.parquet", 20)
    lists = positions_of(tmp_path / "lists.parquet", model.catalogue.ids, 20)
    ranks, _ = sides_of(model, "")[0].ranks(split.queries, split.targets, None)
    share = (ranks < 20).mean()
    assert 0.1 < share < 1
    assert hit_rate(lists, split.queries, split.targets) == pytest.approx(share, abs=0.005)


def test_rows_that_differ_are_counted_missing_ones_too(tmp_path: Path) -> None:
    one = written(tmp_path / "one.parquet", [("a", ["b", "c"]), ("b", ["a"])])
    other = written(tmp_path / "other.parquet", [("a", ["c", "b"])])
    assert different_rows(one, one) == 0
    assert different_rows(one, other) == different_rows(other, one) == 3


@pytest.mark.parametrize("lost", [0, 1, 7])
def test_true_recall_is_the_share_of_the_best_that_is_there(lost: int) -> None:
    rows = np.random.default_rng(0).standard_normal((200, 8)).astype(np.float32)
    rows[5] = 0
    itself = np.array([3, 70, 150])
    scores = rows[itself].astype(np.float64) @ rows.T.astype(np.float64)
    scores[np.arange(3), itself] = scores[:, 5] = -np.inf
    order = np.argsort(-scores, axis=1)
    lists = order[:, :10].copy()
    lists[1, 10 - lost :] = order[1, 20 : 20 + lost]
    found = true_recall(rows[itself], rows, itself, [order[:, :10], lists])
    assert found == pytest.approx([1, 1 - lost / 30])


def test_a_repeated_catalogue_has_other_ids_and_longer_names() -> None:
    table = pa.table({"item_id": ["1", "2"], "category": ["x", None], "name": ["red cup", None]})
    rows = repeated(table, 5).to_pylist()
    assert [row["item_id"] for row in rows] == ["1", "2", "1-copy1", "2-copy1", "1-copy2"]
    assert [row["category"] for row in rows] == ["x", None, "x", None, "x"]
    before, *middle, after = rows[2]["name"].split()
    assert middle == ["red", "cup"]
    assert {before, after} <= {"red", "cup"}


def test_stages_have_the_time_of_what_runs_within_them() -> None:
    stages = Stages(time.time())
    owner = SimpleNamespace(work=lambda: time.sleep(0.01))
    stages.started()
    with stages("neighbours"), stages.inside(owner, "work", "writing"):
        owner.work()
        owner.work()
    with stages("train call"), stages.inside(owner, "work", "loop"):
        owner.work()
        time.sleep(0.01)
    owner.work()  # no longer watched
    names = [(record["stage"], record["within"]) for record in stages.records]
    assert names == [
        ("start", None), ("neighbours", None), ("writing", "neighbours"), ("train call", None),
        ("loop", "train call"),
    ]  # fmt: skip
    outside = {"seconds": 60.0, "cpu_seconds": 60.0}
    rows = flat({"stages": stages.records, "outside": outside, "notes": {}})
    walls = {name: wall for name, (wall, _) in rows.items()}
    assert walls["writing"] >= 0.02
    assert walls["neighbours"] + walls["writing"] == pytest.approx(stages.records[1]["seconds"])
    assert walls["- loop"] + walls["- call less loop"] == pytest.approx(walls["train call"])
    outer = [wall for name, wall in walls.items() if name != "whole" and name[0] != "-"]
    assert sum(outer) == pytest.approx(60)


def test_ratios_are_those_of_paired_runs() -> None:
    runs = [
        {
            "system": system, "run": run, "peak_bytes": 10, "notes": {}, "stages": [],
            "outside": {"seconds": seconds, "cpu_seconds": 1.0},
        }
        for run in range(3)
        for system, seconds in (("ours", (1 + run) * 1.0), ("gensim", (1 + run) * 4.0))
    ]  # fmt: skip
    found = summarise(runs[:-1], ["ours", "gensim"])  # the last run of the peer is not there
    assert found["systems"]["ours"]["stages"]["whole"][0] == 2.0
    [ratio] = found["ratios"]
    assert (ratio["pairs"], ratio["stages"]["whole"]) == (2, [0.25, 1.0])


def run(tmp_path: Path, *words: str) -> dict[str, Any]:
    command = [sys.executable, JOB, *SMALL, "--work", tmp_path / "work", "--output", tmp_path]
    subprocess.run([*map(str, command), *words], check=True, capture_output=True)
    [made] = tmp_path.glob("job-*.json")
    assert made.with_suffix(".md").read_text(encoding="utf-8").count("| whole |") == 1
    return json.loads(made.read_text(encoding="utf-8"))


def test_the_whole_job(tmp_path: Path) -> None:
    result = run(tmp_path, "--job", "content", "--systems", "ours", "ours-old", "gensim")
    assert "--python" in result["skipped"]["ours-old"]
    assert result["failures"] == []
    for row in result["summary"]["systems"].values():
        stages = {name for name in row["stages"] if row["stages"][name][1] > 0}
        assert {"start", "reading", "train call", "- loop", "writing", "whole"} <= stages
        assert row["hr@20"] > 0.2  # 20 of 150 items at random: .13
        assert row["peak_bytes"] > 50e6
    assert not {"ours", "gensim"} - {*result["skipped"], *result["summary"]["systems"]}


def test_an_interpreter_beside_ours_finds_the_same(tmp_path: Path) -> None:
    words = ("--neighbours", "simulated", "--repeat", "200", "--exact", "--compare-ids")
    result = run(tmp_path, *words, "--python", sys.executable)
    systems = result["summary"]["systems"]
    assert {name: row["true_recall"] for name, row in systems.items()} == {"ours": 1, "ours-old": 1}
    assert result["remarks"][-1] == "rows of ours and ours-old with other ids: 0."
    assert systems["ours"]["notes"]["queries"] == 200


def test_a_first_answer(tmp_path: Path) -> None:
    stages = {
        name: set(row["stages"])
        for name, row in run(tmp_path, "--first-answer")["summary"]["systems"].items()
    }
    assert {"start", "load", "first answer", "whole"} <= stages["ours"]
    assert stages["ours-command"] == {"similar command", "whole"}
