"""What a saved model keeps so that first answers are quick, and the checksums of its files.

All of it may be missing, as it is in models of before; damaged it is refused like any other file.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import likewise._core as _core
from helpers.damage import (
    PREPARED,
    Damage,
    edit,
    flip,
    folder_instead,
    remove,
    rewritten,
    tensors,
    truncate,
)
from helpers.store_helpers import small_model
from likewise.errors import StorageError
from likewise.model.model import Model, load
from likewise.storage import checksums, model_json

DAMAGES: list[tuple[str, Damage, str]] = [
    ("none", remove(PREPARED), f"{PREPARED} is missing"),
    ("a folder", folder_instead(PREPARED), f"{PREPARED} is missing"),
    ("cut", truncate(PREPARED, 0.9), f"{PREPARED} is damaged: .* bytes expected"),
    ("a bit within", flip(PREPARED, 0.6), f"{PREPARED} is damaged: its checksum"),
    ("not one", rewritten(PREPARED, b"some text" * 9), f"{PREPARED} is damaged"),
    ("prepared text missing", tensors(PREPARED, item_kinds=...), "tensors missing: item_kinds"),
    ("map of float32", tensors(PREPARED, context_map=lambda a: a.astype("f4")), "got F32"),
    ("map of nothing", tensors(PREPARED, context_map=lambda a: a * np.nan), "context_map must be"),
    (
        "token too large",
        tensors(PREPARED, item_tokens=lambda a: a + 99),
        "item_tokens must be from",
    ),
    ("token below 0", tensors(PREPARED, item_tokens=lambda a: a - 1), "item_tokens must be from 0"),
    ("kind too large", tensors(PREPARED, item_kinds=lambda a: a + 4), "item_kinds must be from 0"),
    ("offsets fall", tensors(PREPARED, item_offsets=lambda a: a[::-1].copy()), "must ascend from"),
    ("another number of tokens", edit(sizes__item_tokens=3), f"{PREPARED} is damaged: item_tokens"),
]


@pytest.mark.parametrize(
    ("damage", "message"), [case[1:] for case in DAMAGES], ids=[case[0] for case in DAMAGES]
)
def test_damage_is_refused(damage: Damage, message: str, tmp_path: Path) -> None:
    folder = small_model().save(tmp_path / "model")
    damage(folder)
    with pytest.raises(StorageError, match=message) as caught:
        load(folder)
    assert str(folder) in str(caught.value)


def quick(data: bytes) -> str:
    """Hash every megabyte, and the hashes."""
    pieces = [_core.hash64(data[start : start + (1 << 20)], 0) for start in
              range(0, len(data), 1 << 20)]  # fmt: skip
    return f"{_core.hash64(b''.join(one.to_bytes(8, 'little') for one in pieces), 0):016x}"


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_500_000])
def test_the_quick_checksum_sees_every_byte(size: int, tmp_path: Path) -> None:
    data = np.random.default_rng(size).bytes(size)
    path = tmp_path / "file"
    path.write_bytes(data)
    known = checksums.checksums_of(path)
    assert known == {"sha256": hashlib.sha256(data).hexdigest(), "xxh64": quick(data)}
    for at in {0, size // 2, size - 1} if size else set():
        changed = bytearray(data)
        changed[at] ^= 1
        path.write_bytes(changed)
        assert not checksums.agrees(path, known)
        assert not checksums.agrees(path, {"sha256": known["sha256"]})
    path.write_bytes(data)
    assert checksums.agrees(path, known)
    assert checksums.agrees(path, {"sha256": known["sha256"]})
    assert not checksums.agrees(path, {})


@pytest.mark.parametrize("kind", [{}, {"context": "content"}])
def test_what_first_answers_need_may_be_missing(kind: dict[str, Any], tmp_path: Path) -> None:
    """As it is in models of before; one that is not listed is not read."""
    model = small_model(**kind)
    whole = load(model.save(tmp_path / "m"))
    assert set(whole.prepared) >= {"item_offsets", "item_tokens", "item_kinds"}
    about = json.loads((tmp_path / "m" / "model.json").read_text(encoding="utf-8"))
    del about["files"]["prepared.safetensors"]
    for size in ("item_tokens", "context_map", "company_map"):
        about["sizes"].pop(size, None)
    about.pop("sha256")
    model_json.write(tmp_path / "m" / "model.json", about)
    for there in (True, False):
        loaded = load(tmp_path / "m")
        assert loaded.prepared == {}
        for item in model.catalogue.ids.to_pylist():
            for ask in ("similar", "complements"):
                one, other = getattr(whole, ask)(item), getattr(loaded, ask)(item)
                assert one.ids == other.ids
                np.testing.assert_allclose(one.scores, other.scores, atol=1e-6)
        if there:
            (tmp_path / "m" / "prepared.safetensors").unlink()
    again = load(load(tmp_path / "m").save(tmp_path / "again"))
    assert set(again.prepared) == set(whole.prepared)


def test_texts_that_training_did_not_know_are_not_prepared(tmp_path: Path) -> None:
    model = small_model()
    parts = {name: getattr(model, name) for name in Model.__dataclass_fields__}
    content = model.center_content
    assert content is not None
    fewer = replace(content, token_hashes=content.token_hashes[1:], tokens=content.tokens[1:])
    odd = Model(**{**parts, "center_content": fewer, "token_weights": model.token_weights[1:]})
    loaded = load(odd.save(tmp_path / "m"))
    assert "item_tokens" not in loaded.prepared
    for item in model.catalogue.ids.to_pylist():
        assert loaded.similar(item).ids == odd.similar(item).ids
