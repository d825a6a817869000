"""Saving and loading: equal answers, memory-mapped, replaced in one step, never half there."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import safetensors.numpy

from helpers.places import TESTS
from helpers.store_helpers import DIM, ITEMS, catalogue_of, small_model
from likewise.errors import StorageError
from likewise.model.model import Model, load, save, train
from likewise.questions.answers import own_index
from likewise.score.blend import blend_of
from likewise.score.evidence import evidence_in
from likewise.score.popularity import POPULARITY
from likewise.storage import models as storage
from likewise.storage.models import FORMAT_VERSION
from likewise.tables.sessions import Sessions
from likewise.work import replacing as _replace_folder
from oracles import blend as reference_blend
from oracles import pairs as reference_pairs

FILES = [
    "catalogue.parquet", "model.json", "prepared.safetensors", "vectors.safetensors",
    "weights.safetensors",
]  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


@pytest.fixture
def saved(model: Model, tmp_path: Path) -> Path:
    return model.save(tmp_path / "model")


def assert_same(first: Model, second: Model) -> None:
    assert first.options == second.options
    assert first.recipe == second.recipe
    assert list(first.catalogue) == list(second.catalogue)
    for name in ("counts", "center", "context", "token_weights", "kind_weights"):
        one, other = getattr(first, name), getattr(second, name)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    for name in ("center_content", "context_content"):
        one, other = getattr(first, name), getattr(second, name)
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one.token_hashes, other.token_hashes)
            np.testing.assert_array_equal(one.tokens, other.tokens)
            np.testing.assert_array_equal(one.ngrams, other.ngrams)
    assert first.unknown_weight == second.unknown_weight
    assert (first.created, first.version) == (second.created, second.version)
    assert (first.order, first.pair_counting) == (second.order, second.pair_counting)


@pytest.mark.parametrize(
    "kind", [{}, {"context": "content"}, {"content": False}, {"items": ITEMS[:1]}]
)
def test_loading_gives_the_same_model(kind: dict[str, Any], tmp_path: Path) -> None:
    model = small_model(**kind)
    assert model.save(tmp_path / "m") == tmp_path / "m"
    loaded = load(tmp_path / "m")
    assert_same(model, loaded)
    assert loaded.history == [{"epoch": 1, "loss_per_pair": pytest.approx(0.7), "pairs_done": 12}]
    for item in model.catalogue.ids.to_pylist():
        for ask in ("similar", "complements"):
            one, other = getattr(model, ask)(item), getattr(loaded, ask)(item)
            assert one.ids == other.ids
            np.testing.assert_array_equal(one.scores, other.scores)
    if model.recipe is not None:
        text = {"name": "unseen rubber thing", "category": "Pets"}
        assert list(model.similar(**text)) == list(loaded.similar(**text))
    assert_same(model, load(tmp_path / "m", verify=False))


def test_how_pairs_were_counted_is_kept(tmp_path: Path) -> None:
    data = Sessions.read([["B1", "B2", "B3"], ["B2", "B9"]], catalogue_of(ITEMS))
    model = train(data, dim=DIM, epochs=1, threads=1)
    loaded = load(model.save(tmp_path / "m"))
    assert {"window", "decay", "backwards", "length_power", "weight"} == set(model.pair_counting)
    assert loaded.pair_counting == loaded.info()["pair_counting"] == model.pair_counting
    assert loaded.info()["pairs"] == 8
    assert "8 seen together, counted by " in str(loaded)


@pytest.mark.parametrize("order", ["time", "none"])
def test_whether_there_was_an_order_is_kept(order: str, tmp_path: Path) -> None:
    data = Sessions.read([["B1", "B2", "B3"], ["B2", "B9"]], catalogue_of(ITEMS), order=order)
    loaded = load(train(data, dim=DIM, epochs=1, threads=1).save(tmp_path / "m"))
    assert loaded.order == loaded.info()["order"] == order


@pytest.mark.parametrize(
    ("context", "content"), [("item", True), ("content", True), ("item", False)]
)
def test_trained_models_are_kept(context: str, content: bool, tmp_path: Path) -> None:
    sessions = [["B1", "B2", "B3"], ["B2", "B1", "B9"], ["B6", "B7", "B6"]] * 5
    trained = train(
        Sessions.read(sessions, catalogue_of(ITEMS)),
        dim=DIM,
        epochs=2,
        threads=1,
        context=context,
        content=content,
    )
    loaded = load(trained.save(tmp_path / "m"))
    assert_same(trained, loaded)
    assert trained.history == loaded.history
    assert loaded.similar("B1", k=2).ids == trained.similar("B1", k=2).ids


def test_a_model_saved_again_is_the_same(saved: Path, tmp_path: Path) -> None:
    again = load(saved).save(tmp_path / "again")
    for name in FILES:
        assert (saved / name).read_bytes() == (again / name).read_bytes()


def test_a_model_can_be_saved_over_itself(model: Model, saved: Path) -> None:
    loaded = load(saved)
    loaded.save(saved)
    assert_same(model, loaded)  # still mapped from the files that were replaced
    assert_same(model, load(saved))


def test_an_empty_model_is_kept_too(tmp_path: Path) -> None:
    model = small_model(items=[("a", None, None)])
    assert_same(model, load(model.save(tmp_path / "m")))


def test_arrays_are_mapped_and_read_only(saved: Path) -> None:
    loaded = load(saved)
    assert loaded.center_content is not None
    for array in (loaded.center, loaded.context, loaded.center_content.tokens):
        assert type(array) is np.ndarray
        assert not array.flags.writeable
        assert not array.flags.owndata
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
        base = array
        while isinstance(base.base, np.ndarray):
            base = base.base
        assert isinstance(base, np.memmap)


def test_the_folder_is_what_the_page_says(model: Model, saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == FILES
    about = json.loads((saved / "model.json").read_text(encoding="utf-8"))
    assert about["format"] == "likewise model"
    assert about["format_version"] == FORMAT_VERSION == 3
    assert about["options"] == model.options.to_dict()
    assert about["summary"] == {"warm_items": 6, "events": 42}
    for name in FILES[:1] + FILES[2:]:
        data = (saved / name).read_bytes()
        assert about["files"][name]["bytes"] == len(data)
        assert about["files"][name]["sha256"] == hashlib.sha256(data).hexdigest()
    vectors = safetensors.numpy.load_file(saved / "vectors.safetensors")
    np.testing.assert_array_equal(vectors["center"], model.center)
    table = pq.read_table(saved / "catalogue.parquet")
    assert table.column_names == ["item_id", "category", "name", "count"]
    assert table["item_id"].to_pylist() == [item for item, _, _ in ITEMS]
    assert table["name"].to_pylist()[7] is None
    assert table["count"].to_pylist() == [7] * 6 + [0] * 6


def test_files_are_as_readable_as_any_other(saved: Path) -> None:
    other = saved.parent / "other"
    other.write_text("x")
    wanted = stat.S_IMODE(other.stat().st_mode)
    assert {stat.S_IMODE(path.stat().st_mode) for path in saved.iterdir()} == {wanted}


def test_history_that_json_cannot_hold_becomes_null(tmp_path: Path) -> None:
    history = [{"loss": float("nan"), "rate": np.float64("inf"), "steps": (np.int32(3), "x")}]
    loaded = load(small_model(changes={"history": history}).save(tmp_path / "m"))
    assert loaded.history == [{"loss": None, "rate": None, "steps": [3, "x"]}]


def test_paths_may_be_text_and_relative(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model.save("mödel [1]*")
    model.save("mödel [1]*/")
    assert_same(model, load("mödel [1]*"))
    assert [path.name for path in tmp_path.iterdir()] == ["mödel [1]*"]


# --- replacing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("exchange", [True, False])
def test_a_model_is_replaced(exchange: bool, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not exchange:
        monkeypatch.setattr(_replace_folder, "_exchange", lambda *_: False)
    newer = small_model(seed=1)
    newer.save(saved)
    assert_same(newer, load(saved))
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


def test_an_empty_folder_and_a_damaged_model_are_replaced(model: Model, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert_same(model, load(model.save(tmp_path / "empty")))
    damaged = model.save(tmp_path / "damaged")
    (damaged / "model.json").write_text("{")
    (damaged / "weights.safetensors").unlink()
    assert_same(model, load(model.save(damaged)))


def test_a_link_to_a_model_stays_a_link(model: Model, saved: Path) -> None:
    link = saved.parent / "today"
    link.symlink_to(saved, target_is_directory=True)
    newer = small_model(seed=2)
    newer.save(link)
    assert link.is_symlink()
    assert_same(newer, load(saved))


def test_a_reader_during_a_replacement_gets_one_of_both(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = small_model(seed=3)
    check = storage._check_files
    calls = []

    def replaced_meanwhile(*arguments: Any) -> None:
        if not calls:
            calls.append(1)
            newer.save(saved)
        check(*arguments)

    monkeypatch.setattr(storage, "_check_files", replaced_meanwhile)
    assert_same(newer, load(saved))


def test_when_the_second_rename_fails_the_old_model_is_put_back(
    model: Model, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_replace_folder, "_exchange", lambda *_: False)
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if ".writing-" in path.name:
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(StorageError, match="Input/output error"):
        small_model(seed=4).save(saved)
    monkeypatch.undo()
    assert [path.name for path in saved.parent.iterdir()] == ["model"]
    assert_same(model, load(saved))


def test_an_old_model_left_aside_comes_back(model: Model, saved: Path) -> None:
    # What remains when the process is killed between the two renames.
    aside = saved.rename(saved.parent / ".model.replaced-123")
    with pytest.raises(StorageError, match=r"left the old model behind in .*replaced-123"):
        load(saved)
    with (
        pytest.raises(KeyboardInterrupt),
        _replace_folder.new_folder(saved, is_model=storage.is_model),
    ):
        raise KeyboardInterrupt  # even a save that fails brings it back
    assert not aside.exists()
    assert_same(model, load(saved))


# --- killed ---------------------------------------------------------------------------------------

STEPS = ["_write_tensors", "_describe", "_sync", "_put_in_place"]

# One child for each step, which kills itself there; one process, since starting it takes longest.
KILLED = """
    import os, signal, sys
    sys.path.insert(0, sys.argv[1])
    from helpers.store_helpers import small_model
    from likewise.work import replacing as _replace_folder
    from likewise.storage import models as storage

    newer = small_model(seed=9)
    for step in sys.argv[3:]:
        if child := os.fork():
            _, status = os.waitpid(child, 0)
            assert os.WTERMSIG(status) == signal.SIGKILL, (step, status)
            continue
        module = storage if hasattr(storage, step) else _replace_folder
        setattr(module, step, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
        newer.save(os.path.join(sys.argv[2], step, "model"))
"""


def test_killed_while_saving_the_old_model_stays(model: Model, tmp_path: Path) -> None:
    for step in STEPS:
        (tmp_path / step).mkdir()
        model.save(tmp_path / step / "model")
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(TESTS), str(tmp_path), *STEPS]
    killed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert killed.returncode == 0, killed.stderr
    newer = small_model(seed=1)
    for step in STEPS:
        folder = tmp_path / step
        assert_same(model, load(folder / "model"))
        assert len(list(folder.iterdir())) == 2, step
        # The next save clears away what was left.
        newer.save(folder / "model")
        assert [path.name for path in folder.iterdir()] == ["model"]
        assert_same(newer, load(folder / "model"))


def test_a_save_does_not_clear_away_what_another_is_writing(model: Model, saved: Path) -> None:
    with _replace_folder.new_folder(saved, is_model=storage.is_model) as other:
        small_model(seed=1).save(saved)
        assert other.is_dir()
        assert list(other.iterdir()) == []
        for name in FILES:
            (other / name).write_bytes((saved / name).read_bytes())
    assert_same(small_model(seed=1), load(saved))


def test_the_exchange_is_one_step_here(tmp_path: Path) -> None:
    if not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "renameat2"):
        pytest.skip("only Linux can exchange two folders in one step")
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    (one / "1").touch()
    if not _replace_folder._exchange(one, other):
        pytest.skip("this file system cannot exchange two folders in one step")
    assert (other / "1").exists()
    assert not (one / "1").exists()


def test_interrupted_saving_leaves_nothing(
    model: Model, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> dict[str, Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr(storage, "_describe", interrupted)
    with pytest.raises(KeyboardInterrupt):
        small_model(seed=1).save(saved)
    assert [path.name for path in saved.parent.iterdir()] == ["model"]
    assert_same(model, load(saved))


# --- the format, kept for ever --------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2, 3])
def test_models_of_every_format_can_be_read(version: int) -> None:
    folder = TESTS / "formats" / f"v{version}"
    loaded = load(folder / "model")
    assert len(loaded.company.items) == (0 if version == 1 else (loaded.counts > 0).sum())
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    assert loaded.info()["items"] == expected["items"]
    for question, answers in expected["similar"].items():
        found = loaded.similar(question, k=3, side="center")
        assert found.ids == [item for item, _ in answers]
        np.testing.assert_allclose(found.scores, [score for _, score in answers], atol=1e-5)
    scores = reference_blend.scores(
        loaded, loaded.catalogue, loaded.center, loaded.context, loaded.counts, POPULARITY
    )
    blend, at = blend_of(loaded), np.arange(len(loaded.counts))
    evidence = evidence_in(blend, own_index(loaded, "similar", exact=True))
    assert (evidence is None) == (version < 3)
    vectors = blend.trained_vectors()
    lists = reference_pairs.Lists(loaded, vectors, at, 0.0 if evidence is None else evidence.gain)
    for question in expected["similar"]:
        blended = loaded.similar(question, k=20)
        query = loaded.catalogue.position(question)
        for place, weight in lists.of(query, vectors[query]).items():
            scores[query, place] = reference_pairs.joined(float(scores[query, place]), weight)
        theirs = scores[query, blended.positions]
        np.testing.assert_allclose(blended.scores, theirs, atol=1e-5)
    for text, vector in expected["encode"].items():
        catalogue = catalogue_of([("new", "Pets > Dogs", text)])
        np.testing.assert_allclose(loaded.encode(catalogue)[0], vector, atol=1e-5)


def test_save_is_a_function_too(model: Model, tmp_path: Path) -> None:
    assert os.fspath(save(model, str(tmp_path / "m"))) == str(tmp_path / "m")
    assert_same(model, load(tmp_path / "m"))
