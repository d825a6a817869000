"""Models with anything changed in them are refused with an error that names the file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import likewise as lw
from helpers.mutations import MUTATIONS, mutated
from helpers.tiny_shop import options, sessions


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("mutations")
    for name, seed in (("a", 1), ("b", 2)):
        lw.train(sessions(), options=options(seed=seed)).save(folder / name)
    return folder / "a", folder / "b"


def means_the_same(data: bytes, whole: bytes) -> bool:
    """Whether both are the same JSON, as model.json without its last line break is."""
    try:
        return bool(json.loads(data) == json.loads(whole))
    except ValueError:
        return False


def test_every_mutation_of_a_model_is_refused(places: tuple[Path, Path], tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(places[0], model)
    files = sorted(path.name for path in model.iterdir())
    rng = np.random.default_rng(0)
    done = 0
    for round_ in range(MUTATIONS):
        name = files[round_ % len(files)]
        whole = (places[0] / name).read_bytes()
        data = mutated(whole, (places[1] / name).read_bytes(), rng)
        if data == whole or means_the_same(data, whole):
            continue
        done += 1
        (model / name).write_bytes(data)
        with pytest.raises(lw.StorageError, match=r"model"):
            lw.load(model)
        (model / name).write_bytes(whole)
    assert done > 0.9 * MUTATIONS
    lw.load(model)


def test_a_file_of_another_model_is_refused(places: tuple[Path, Path], tmp_path: Path) -> None:
    model = tmp_path / "model"
    for name in ("vectors.safetensors", "weights.safetensors"):
        shutil.copytree(places[0], model)
        shutil.copy(places[1] / name, model / name)
        with pytest.raises(lw.StorageError, match=f"{name} is damaged"):
            lw.load(model)
        shutil.rmtree(model)
