"""Every way a saved model can be damaged or cannot be written: one line, naming the file.

Nothing is left behind, and a model that was there stays as it was.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from helpers.damage import (
    CATALOGUE,
    JSON,
    VECTORS,
    WEIGHTS,
    Damage,
    bad_utf8,
    columns,
    edit,
    flip,
    folder_instead,
    header,
    ids,
    remove,
    replace,
    rewritten,
    shortened,
    tensors,
    text,
    truncate,
)
from helpers.store_helpers import DIM, small_model
from likewise.errors import StorageError
from likewise.model.model import Model, load
from likewise.storage import model_json as _model_json
from likewise.storage import models as storage
from likewise.work import replacing as _replace_folder


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


@pytest.fixture(scope="module")
def original(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model.save(tmp_path_factory.mktemp("original") / "model")


@pytest.fixture
def saved(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "model"))


BAD_FOLDERS: list[tuple[str, Damage, str]] = [
    # model.json
    ("no json", remove(JSON), "is not a model: model.json is missing"),
    ("json is a folder", folder_instead(JSON), "is not a model: model.json is missing"),
    ("empty json", replace(JSON, b""), "model.json is damaged: not JSON"),
    ("json cut short", truncate(JSON, 0.7), "model.json is damaged: not JSON"),
    ("json not UTF-8", replace(JSON, b'{"a": "\xff"}'), "not UTF-8 at byte 7"),
    ("json too deep", replace(JSON, b"[" * 100_000), "model.json is damaged: not JSON"),
    ("json is a list", replace(JSON, b"[]"), "model.json does not describe a likewise model"),
    ("another json", replace(JSON, b'{"format": "x"}'), "does not describe a likewise model"),
    ("a changed word", flip(JSON, 0.5), "model.json is damaged"),
    ("future version", edit(format_version=4), "format version 4, this likewise reads up to 3"),
    ("version as text", edit(format_version="1"), "format_version is '1'"),
    ("version 0", edit(format_version=0), "format_version is 0"),
    ("version true", edit(format_version=True), "format_version is True"),
    ("no version", edit(format_version=...), "format_version is None"),
    ("no options", edit(options=...), "model.json is damaged: 'options' is missing"),
    ("options a list", edit(options=[]), "'options' is missing or of the wrong type"),
    ("unknown option", edit(options__colour="red"), "model.json cannot be used: unknown option"),
    ("absurd option", edit(options__window=-5), "model.json cannot be used: window must be"),
    ("option of wrong type", edit(options__epochs="ten"), "cannot be used: epochs must"),
    (
        "unknown recipe",
        edit(recipe__version=7),
        "cannot be used: recipe version must be 1 or 2",
    ),
    ("recipe cut", edit(recipe__min_n=...), "model.json cannot be used: recipe lacks min_n"),
    ("no recipe", edit(recipe=None), "does not fit its files: recipe and center_content"),
    ("another dim", edit(sizes__dim=8), "dim is 16 and 8"),
    ("another dim twice", edit(sizes__dim=8, options__dim=8), f"{VECTORS} is damaged: center must"),
    ("other buckets", edit(recipe__buckets=7), "model.json is damaged: buckets are 7 and "),
    ("another size", edit(sizes__items=11), f"{VECTORS} is damaged: center must"),
    ("negative size", edit(sizes__items=-1), "size 'items' is -1"),
    ("size of wrong type", edit(sizes__tokens=1.5), "size 'tokens' is 1.5"),
    ("bytes as text", edit(files={VECTORS: {"bytes": "9", "sha256": ""}}), "does not list"),
    ("no such order", edit(order="Time"), "does not fit its files: order must be 'time' or 'none'"),
    ("a list for an object", edit(pair_counting=[1]), "pair_counting must be an object, got"),
    ("order left to us", edit(order="auto"), "does not fit its files: order must be"),
    ("an absurd number", edit(unknown_weight=10**400), "does not fit its files|is damaged"),
    ("no size", edit(sizes__center_buckets=...), "size 'center_buckets' is None"),
    ("huge size", edit(sizes__items=10**30), f"{VECTORS} is damaged: center must be F32"),
    ("file not listed", edit(files={}), f"model.json is damaged: it does not list {VECTORS}"),
    ("file listed badly", edit(files__x=3, **{f"files__{CATALOGUE}": 3}), f"not list {CATALOGUE}"),
    # any file
    *[
        case
        for name in (VECTORS, WEIGHTS, CATALOGUE)
        for case in [
            (f"no {name}", remove(name), f"{name} is missing"),
            (f"{name} a folder", folder_instead(name), f"{name} is missing"),
            (f"{name} empty", truncate(name, 0), f"{name} is damaged: .* bytes expected, got 0"),
            (f"{name} cut", truncate(name, 0.9), f"{name} is damaged: .* bytes expected"),
            (f"{name} bit at the start", flip(name, 0), f"{name} is damaged: its checksum"),
            (f"{name} bit within", flip(name, 0.6), f"{name} is damaged: its checksum"),
            (f"{name} bit at the end", flip(name, 0.999), f"{name} is damaged: its checksum"),
            (f"{name} not one", rewritten(name, b"some text" * 9), f"{name} is damaged"),
            (f"{name} nothing", rewritten(name, b""), f"{name} is damaged"),
        ]
    ],
    # tensors that are well described and still wrong
    ("tensor missing", tensors(VECTORS, context=...), "tensors missing: context; unknown: none"),
    ("tensor more", tensors(VECTORS, extra=lambda _: np.ones(3)), "missing: none; unknown: extra"),
    ("tensor short", tensors(VECTORS, center=lambda a: a[:5]), r"center must be F32 \(12, 16\)"),
    ("tensor double", tensors(VECTORS, center=lambda a: a.astype("f8")), "got F64"),
    ("tensor flat", tensors(WEIGHTS, center__ngrams=lambda a: a.ravel()), "center.ngrams must be"),
    (
        "hashes not ascending",
        tensors(WEIGHTS, center__token_hashes=lambda a: a[::-1].copy()),
        f"{WEIGHTS} is damaged: center.token_hashes do not ascend",
    ),
    ("side missing", tensors(WEIGHTS, center__tokens=...), "tensors missing: center.tokens"),
    (
        "offsets past the end",
        rewritten(
            VECTORS,
            header({"center": {"dtype": "F32", "shape": [12, DIM], "data_offsets": [0, 10**9]}}),
        ),
        f"{VECTORS} is damaged",
    ),
    (
        "header longer than the file",
        rewritten(VECTORS, struct.pack("<Q", 1 << 40) + b"{}"),
        f"{VECTORS} is damaged",
    ),
    (
        "header not JSON",
        rewritten(VECTORS, struct.pack("<Q", 4) + b"\xff\xff}{"),
        f"{VECTORS} is dam",
    ),
    # the catalogue
    ("column missing", columns(name=...), f"{CATALOGUE} is damaged: columns item_id large_string"),
    ("column more", columns(price=text(*"abcdefghijkl")), "got .*price large_string"),
    ("ids numbers", columns(item_id=pa.array(range(12))), "got item_id int64"),
    ("rows missing", shortened, f"{CATALOGUE} is damaged: 12 items expected, got 5"),
    ("ids twice", columns(item_id=ids("a", "a")), f"{CATALOGUE} is damaged: .*'a'"),
    ("id null", columns(item_id=ids(None)), f"{CATALOGUE} is damaged"),
    ("count null", columns(count=pa.array([None] * 12, pa.int64())), f"{CATALOGUE} is damaged"),
    ("count text", columns(count=ids("3")), "got .*count large_string"),
    ("names not UTF-8", bad_utf8, f"{CATALOGUE} is damaged: .*UTF"),
]


@pytest.mark.parametrize(
    ("damage", "message"),
    [case[1:] for case in BAD_FOLDERS],
    ids=[case[0] for case in BAD_FOLDERS],
)
def test_a_damaged_model_is_refused(damage: Damage, message: str, saved: Path) -> None:
    damage(saved)
    with pytest.raises(StorageError, match=message) as caught:
        load(saved)
    assert str(saved) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


SILENT = ("bit", "a changed word")


@pytest.mark.parametrize(
    ("damage", "message"),
    [case[1:] for case in BAD_FOLDERS if not any(word in case[0] for word in SILENT)],
    ids=[case[0] for case in BAD_FOLDERS if not any(word in case[0] for word in SILENT)],
)
def test_without_checksums_all_but_changed_bits_are_found(
    damage: Damage, message: str, saved: Path
) -> None:
    damage(saved)
    with pytest.raises(StorageError, match=message):
        load(saved, verify=False)


def test_no_model_at_all(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, message in [
        ("nothing", "nothing does not exist"),
        ("file", "file is not a folder; a model is a folder with model.json"),
        ("empty", "empty is not a model: model.json is missing"),
        ("file/below", "below"),
        ("loop", "loop"),
        ("n" * 300, "nnn"),
    ]:
        with pytest.raises(StorageError, match=message) as caught:
            load(tmp_path / name)
        assert "\n" not in str(caught.value)


@contextlib.contextmanager
def another_user() -> Iterator[None]:
    """For root, whom no permission stops: be nobody for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can enter, unlike pytest's."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_unreadable_model(original: Path, open_folder: Path) -> None:
    for name in (JSON, VECTORS, CATALOGUE):
        saved = Path(shutil.copytree(original, open_folder / f"without-{name}"))
        (saved / name).chmod(0)
        with another_user(), pytest.raises(StorageError, match=f"{name}.*Permission denied"):
            load(saved)


# --- what cannot be written -----------------------------------------------------------------------


def assert_untouched(original: Path, saved: Path) -> None:
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]
    for path in original.iterdir():
        assert (saved / path.name).read_bytes() == path.read_bytes()


def test_unwritable_folder(original: Path, open_folder: Path) -> None:
    saved = Path(shutil.copytree(original, open_folder / "model"))
    open_folder.chmod(0o555)
    newer = small_model(seed=1)
    with another_user(), pytest.raises(StorageError, match="model: Permission denied"):
        newer.save(saved)
    with another_user(), pytest.raises(StorageError, match="new: Permission denied"):
        newer.save(open_folder / "new")
    assert_untouched(original, saved)


def test_no_folder_around(model: Model, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot save .*: the folder .*missing does not exist"):
        model.save(tmp_path / "missing" / "model")
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match=r"the folder .*file does not exist"):
        model.save(tmp_path / "file" / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def foreign(folder: Path, *names: str) -> None:
    folder.mkdir()
    for name in names:
        (folder / name).write_text("precious")


@pytest.mark.parametrize(
    "names",
    [("notes.txt",), (JSON, "notes.txt"), (JSON,), (VECTORS, WEIGHTS), (".hidden",)],
    ids=" ".join,
)
def test_other_folders_are_left_alone(names: tuple[str, ...], model: Model, tmp_path: Path) -> None:
    foreign(tmp_path / "target", *names)
    with pytest.raises(StorageError, match="holds something other than a likewise model") as caught:
        model.save(tmp_path / "target")
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert {p.name: p.read_text() for p in (tmp_path / "target").iterdir()} == dict.fromkeys(
        names, "precious"
    )


def test_somebody_elses_model_json_is_left_alone(model: Model, tmp_path: Path) -> None:
    foreign(tmp_path / "target", JSON, WEIGHTS)
    (tmp_path / "target" / JSON).write_text('{"format": "layers-model"}')
    with pytest.raises(StorageError, match="holds something other than a likewise model"):
        model.save(tmp_path / "target")


def test_a_model_with_a_note_in_it_is_left_alone(original: Path, saved: Path) -> None:
    (saved / "note.txt").write_text("mine")
    with pytest.raises(StorageError, match="holds something other"):
        small_model(seed=1).save(saved)
    (saved / "note.txt").unlink()
    assert_untouched(original, saved)


def test_a_file_is_left_alone(model: Model, tmp_path: Path) -> None:
    (tmp_path / "model").write_text("precious")
    with pytest.raises(StorageError, match="model: it is a file, and a model is a folder"):
        model.save(tmp_path / "model")
    assert (tmp_path / "model").read_text() == "precious"


def test_a_name_that_is_too_long(model: Model, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="File name too long"):
        model.save(tmp_path / ("n" * 300))
    assert list(tmp_path.iterdir()) == []


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [100, 1000, 3000, 6000])
def test_a_file_that_may_not_grow(size: int, original: Path, saved: Path) -> None:
    newer = small_model(seed=1)
    message = f"cannot save {saved}: .*File too large"
    with largest_file(size), pytest.raises(StorageError, match=message) as caught:
        newer.save(saved)
    assert "\n" not in str(caught.value)
    assert_untouched(original, saved)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)]
    try:
        made = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        made = False
    if not made:
        pytest.skip("a small file system to fill cannot be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("free", [0, 4096, 12288, 20480])
def test_a_full_disk(free: int, model: Model, tiny_disk: Path) -> None:
    saved = model.save(tiny_disk / "model")
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    filled = shutil.disk_usage(tiny_disk).free - free
    (tiny_disk / "filling").write_bytes(b"x" * max(0, filled))
    with pytest.raises(
        StorageError, match=f"cannot save {saved}: .*No space left on device"
    ) as caught:
        small_model(seed=1).save(saved)
    assert "\n" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before
    assert sorted(path.name for path in tiny_disk.iterdir()) == ["filling", "model"]


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (storage, "_write_tensors"),
        (storage, "checksums_of"),
        (_model_json, "write"),
        (_replace_folder, "_sync"),
        (_replace_folder, "_exchange"),
    ],
)
def test_no_space_at_any_step(
    module: Any, step: str, original: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, step, full)
    with pytest.raises(StorageError, match=f"cannot save {saved}: No space left on device"):
        small_model(seed=1).save(saved)
    assert_untouched(original, saved)
