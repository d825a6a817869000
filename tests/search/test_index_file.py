"""Indexes as files: what is kept, and that nothing damaged or crafted is taken."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from helpers.indexes import SAVED, rows
from helpers.mutations import MUTATIONS, mutated
from helpers.store_helpers import catalogue_of
from likewise.errors import StorageError
from likewise.search import index_file as _index_file
from likewise.search.graph_check import _HEADER
from likewise.search.indexes import ApproximateIndex, ExactIndex, Index, load_index

START = 16 + 8 + 32


def saved(kind: type[Index], path: Path, n: int = 300) -> Index:
    vectors = rows(n)
    vectors[::50] = 0.0
    items = catalogue_of([(f"i{i}", "a > b", f"name {i}" if i % 7 else None) for i in range(n)])
    index = kind(vectors, items, side="center", fingerprint="f" * 32)
    index.save(path)
    return index


@SAVED
def test_what_is_saved_comes_back(kind: type[Index], tmp_path: Path) -> None:
    index = saved(kind, tmp_path / "index")
    back = load_index(tmp_path / "index")
    assert type(back) is kind
    assert (back.side, back.metric, back.fingerprint, back.dim, len(back)) == (
        "center", "cosine", "f" * 32, 12, 300,
    )  # fmt: skip
    assert back.catalogue is not None
    assert back.catalogue.table.equals(index.catalogue.table)  # type: ignore[union-attr]
    for where in (None, np.arange(0, 300, 2)):
        expected = index.search(rows(20, seed=4), 9, where)
        found = back.search(rows(20, seed=4), 9, where)
        np.testing.assert_array_equal(found.positions, expected.positions)
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-6)
    assert list(tmp_path.iterdir()) == [tmp_path / "index"]


def test_the_width_of_a_search_is_kept(tmp_path: Path) -> None:
    ApproximateIndex(rows(50), ef=123).save(tmp_path / "index")
    back = load_index(tmp_path / "index")
    assert isinstance(back, ApproximateIndex)
    assert back.ef == 123


def test_an_empty_index_can_be_kept(tmp_path: Path) -> None:
    for kind in (ExactIndex, ApproximateIndex):
        kind(np.zeros((3, 4))).save(tmp_path / "index")
        assert (load_index(tmp_path / "index").search(rows(1, 4), 2).positions == -1).all()


def test_no_index_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello, this is not an index")
    for path, message in [("none", "does not exist"), ("text", "not a likewise index")]:
        with pytest.raises(StorageError, match=message):
            load_index(tmp_path / path)
    with pytest.raises(StorageError, match="is not a file"):
        load_index(tmp_path)


@SAVED
def test_every_mutation_is_refused(kind: type[Index], tmp_path: Path) -> None:
    path = tmp_path / "index"
    saved(kind, path, 140)
    other = path.read_bytes()
    saved(kind, path, 120)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    done = 0
    for _ in range(MUTATIONS):
        data = mutated(whole, other, rng)
        if data == whole:
            continue
        done += 1
        path.write_bytes(data)
        with pytest.raises(StorageError):
            load_index(path)
    assert done > 0.9 * MUTATIONS


def rewritten(
    whole: bytes,
    change: dict[str, object],
    graph: bytes | None = None,
    changed: tuple[bytes, bytes] = (b"", b""),
) -> bytes:
    """A file whose checksums are right and whose contents are not."""
    length = int.from_bytes(whole[16:24], "little")
    about = json.loads(whole[START : START + length])
    parts, at = [], START + length
    for one in about["sections"]:
        part = whole[at : at + one["bytes"]]
        at += one["bytes"]
        if one["name"] == "graph" and graph is not None:
            part = graph
        if changed[0]:
            part = part.replace(*changed)
        one.update(bytes=len(part), sha256=hashlib.sha256(part).hexdigest())
        parts.append(part)
    header = json.dumps({**about, **change}).encode()
    start = whole[:16] + len(header).to_bytes(8, "little") + hashlib.sha256(header).digest()
    return start + header + b"".join(parts)


def graph_of(whole: bytes) -> bytes:
    length = int.from_bytes(whole[16:24], "little")
    about = json.loads(whole[START : START + length])
    at = START + length + about["sections"][0]["bytes"]
    return whole[at : at + about["sections"][1]["bytes"]]


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        (ExactIndex, {"format_version": 3}, "has format version 3, this likewise reads 1 to 2"),
        (ExactIndex, {"format_version": 0}, "has format version 0, this likewise reads 1 to 2"),
        (ExactIndex, {"format_version": 2}, "its sections are"),
        (ApproximateIndex, {"format_version": 2}, "its sections are"),
        (ExactIndex, {"dim": 13}, "do not fit"),
        (ExactIndex, {"dim": -1}, "dim is -1"),
        (ExactIndex, {"kind": "hnsw", "ef": 64}, "its sections are"),
        (ExactIndex, {"kind": "tree"}, "kind is 'tree'"),
        (ExactIndex, {"size": 119}, "items expected|do not fit"),
        (ApproximateIndex, {"dim": 11}, "not one of 11 dimensions"),
        (ApproximateIndex, {"ef": 0}, "ef is 0"),
        (ApproximateIndex, {"metric": "l2"}, "metric is 'l2'"),
    ],
)
def test_a_header_that_lies_is_refused(
    kind: type[Index], change: dict[str, object], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "index"
    saved(kind, path, 120)
    path.write_bytes(rewritten(path.read_bytes(), change))
    with pytest.raises(StorageError, match=message):
        load_index(path)


@SAVED
def test_vectors_that_are_not_finite_are_refused(kind: type[Index], tmp_path: Path) -> None:
    path, n = tmp_path / "index", 120
    index = kind(rows(n), side="center")
    index.save(path)
    whole, vector = path.read_bytes(), index.vectors_at([7])[0].tobytes()
    assert whole.count(vector) == 1
    for number in (np.nan, np.inf, -np.inf):
        other = np.float32(number).tobytes() + vector[4:]
        path.write_bytes(rewritten(whole, {}, changed=(vector, other)))
        with pytest.raises(StorageError, match=r"damaged: .*vectors .*finite"):
            load_index(path)


def test_a_header_too_deep_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "index"
    saved(ExactIndex, path, 120)
    header = b"[" * 100_000
    start = path.read_bytes()[:16] + len(header).to_bytes(8, "little")
    path.write_bytes(start + hashlib.sha256(header).digest() + header)
    with pytest.raises(StorageError, match="damaged"):
        load_index(path)


def test_a_crafted_graph_never_reaches_hnswlib(tmp_path: Path) -> None:
    path = tmp_path / "index"
    saved(ApproximateIndex, path, 120)
    whole = path.read_bytes()
    graph = graph_of(whole)
    path.write_bytes(rewritten(whole, {}))
    load_index(path)  # nothing changed, nothing refused
    rng = np.random.default_rng(1)
    for name, value in [
        ("count", 10**12), ("max_elements", 2**60), ("element", 8), ("label", 0), ("vector", 4),
        ("top", 99), ("top", -1), ("entry", 5000), ("links", 10**9), ("links0", 3), ("ef", 0),
        ("level0", 64), ("mult", float("nan")),
    ]:  # fmt: skip
        header = np.frombuffer(graph[: _HEADER.itemsize], _HEADER).copy()
        header[name] = value
        path.write_bytes(rewritten(whole, {}, header.tobytes() + graph[_HEADER.itemsize :]))
        with pytest.raises(StorageError, match=r"damaged: .*graph"):
            load_index(path)
    refused = 0
    for _ in range(400):
        data = bytearray(graph)
        for _ in range(int(rng.integers(1, 4))):
            data[int(rng.integers(len(data)))] = int(rng.integers(256))
        if rng.random() < 0.1:
            del data[int(rng.integers(len(data))) :]
        path.write_bytes(rewritten(whole, {}, bytes(data)))
        try:
            index = load_index(path)
        except StorageError:
            refused += 1
        else:  # another vector or another link that is there: harmless
            index.search(rows(5, seed=2), 10)
            assert index.search(rows(5, seed=2), 10, where=np.arange(30)).positions.max() < 30
    assert refused > 100


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "index"
    saved(ExactIndex, path)
    before = path.read_bytes()

    def broken(_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_index_file, "_catalogue_bytes", broken)
    with pytest.raises(OSError, match="No space"):
        saved(ExactIndex, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@SAVED
def test_all_paths_of_an_item_are_kept(kind: type[Index], tmp_path: Path) -> None:
    items = catalogue_of([("a", "x > y\nz", "one"), ("b", "x", None), ("c", None, None)])
    kind(rows(3), items, side="center").save(tmp_path / "index")
    back = load_index(tmp_path / "index").catalogue
    assert back is not None
    assert back.category_paths.equals(items.category_paths)
    assert back.table.equals(items.table)
