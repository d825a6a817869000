"""kill -9 at random moments of recommend, save and index writing: whole files or the old ones."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import likewise as lw
from helpers.cli_helpers import environment
from helpers.places import TESTS
from helpers.tiny_shop import options, sessions

KILLS = int(os.environ.get("LIKEWISE_KILLS", "6"))
WRITER = TESTS / "helpers" / "kill_writers.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("kill")
    lw.train(sessions(), options=options()).save(place / "a")
    lw.train(sessions(), options=options(seed=8)).save(place / "b")
    ran(place, "4")
    return place


def ran(place: Path, *rounds: str) -> None:
    subprocess.run([sys.executable, WRITER, place, *rounds], check=True, env=environment())


def test_whatever_is_there_is_whole(folder: Path) -> None:
    models = [lw.load(folder / "a"), lw.load(folder / "b")]
    lists = [model.recommend_all(k=3 + i).table for i, model in enumerate(models)]
    prints = [model.fingerprint for model in models]
    index_prints = [model.index(exact=True).fingerprint for model in models]
    chance = random.Random(1)
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, WRITER, folder], stdout=subprocess.PIPE, env=environment()
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(chance.random() * 0.4)
            writer.kill()
        assert any(pq.read_table(folder / "lists.parquet").equals(table) for table in lists)
        assert lw.load(folder / "model").fingerprint in prints
        index = lw.load_index(folder / "index")
        assert index.fingerprint in index_prints
        assert index.search(index.vectors_at([3, 4, 5]), 5).positions.shape == (3, 5)
    # What the killed left behind is gone after the next run that ends by itself.
    ran(folder, "4")
    names = {path.name for path in folder.iterdir()}
    assert names == {"a", "b", "model", "index", "lists.parquet"}
