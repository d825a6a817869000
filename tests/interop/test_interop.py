"""Vectors to other tools and back: the numbers stay, the order stays, nonsense is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import likewise as lw
from helpers.cli_helpers import run
from helpers.tiny_shop import options, sessions
from likewise import interop


@pytest.fixture(scope="module")
def model() -> lw.Model:
    return lw.train(sessions(), options=options(context="content"))


def usable(model: lw.Model, side: str = "center") -> dict[str, np.ndarray]:
    rows = getattr(model, side)
    ids = model.catalogue.ids.to_pylist()
    return {item: row for item, row in zip(ids, rows, strict=True) if row.any()}


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("side", ["center", "context"])
def test_word2vec_files_come_back(model: lw.Model, tmp_path: Path, binary: bool, side: str) -> None:
    path = interop.to_word2vec(model, tmp_path / "w2v", side, binary=binary)
    back = interop.read_word2vec(path, binary=binary)
    expected = usable(model, side)
    assert back.catalogue.ids.to_pylist() == list(expected)
    np.testing.assert_array_equal(back.center, np.array(list(expected.values())))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("binary", [False, True])
def test_gensim_reads_word2vec_files(model: lw.Model, tmp_path: Path, binary: bool) -> None:
    gensim = pytest.importorskip("gensim.models", reason="gensim is not installed")
    path = interop.to_word2vec(model, tmp_path / "w2v", binary=binary)
    read = gensim.KeyedVectors.load_word2vec_format(str(path), binary=binary)
    for item, row in usable(model).items():
        np.testing.assert_array_equal(read[item], row)


def test_gensim_answers_alike(model: lw.Model) -> None:
    pytest.importorskip("gensim", reason="gensim is not installed")
    vectors = model.to_gensim()
    for item in ("item5", "item12", "item30"):
        ours = model.similar(item, k=8, side="center")
        theirs = vectors.most_similar(item, topn=8)
        assert [word for word, _ in theirs] == ours.ids
        np.testing.assert_allclose([score for _, score in theirs], ours.scores, atol=1e-5)


def test_ids_with_spaces_need_a_decision(tmp_path: Path) -> None:
    vectors = lw.Vectors(["a b", "c"], [[1, 2], [3, 4]])
    with pytest.raises(lw.InputError, match="id 'a b' has white space"):
        interop.to_word2vec(vectors, tmp_path / "out")
    interop.to_word2vec(vectors, tmp_path / "out", spaces="_")
    assert (tmp_path / "out").read_text() == "2 2\na_b 1 2\nc 3 4\n"
    with pytest.raises(lw.InputError, match="ids must stay different"):
        interop.to_word2vec(lw.Vectors(["a b", "a_b"], np.eye(2)), tmp_path / "out", spaces="_")


@pytest.mark.parametrize(
    ("data", "binary", "message"),
    [
        (b"", False, "no two numbers"),
        (b"hello world\n", False, "no two numbers"),
        (b"2 2\na 1 2\n", False, "2 vectors promised, 1 found|cut off"),
        (b"1 2\na 1 2\nb 1 2\n", False, "more than the 1 vectors"),
        (b"1 2\na 1 2 3\n", False, "line 2 must be a word and 2 numbers"),
        (b"1 2\na 1 x\n", False, "line 2 must be a word and 2 numbers"),
        (b"2 2\na 1 2\n\nb 3 4\n", False, "line 3|more than"),
        (b"99999999999 999999\n", True, "is cut off"),
        (b"1 2\n" + b"abcdefgh" * 3, True, "cut off in vector 1"),
        (b"1 1\n\xff\xfe " + b"abcd", True, "not UTF-8"),
    ],
)
def test_damaged_word2vec_files_are_refused(
    tmp_path: Path, data: bytes, binary: bool, message: str
) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(lw.InputError, match=message):
        interop.read_word2vec(tmp_path / "file", binary=binary)
    with pytest.raises(lw.InputError, match="cannot be read"):
        interop.read_word2vec(tmp_path / "nothing", binary=binary)


def test_projector_files_hold_what_the_projector_wants(model: lw.Model, tmp_path: Path) -> None:
    items = lw.Catalogue.from_arrays(["a", "b"], ["x\ty", None], ["two\nlines", None])
    folder = interop.to_projector(lw.Vectors(items, [[1, 0.5], [0, 2]]), tmp_path / "p")
    assert (folder / "vectors.tsv").read_text() == "1\t0.5\n0\t2\n"
    assert (folder / "metadata.tsv").read_text() == "id\tname\tcategory\na\ttwo lines\tx y\nb\t\t\n"
    assert 'tensor_path: "vectors.tsv"' in (folder / "projector_config.pbtxt").read_text()
    interop.to_projector(model, folder)  # another takes its place
    lines = (folder / "metadata.tsv").read_text().splitlines()
    assert len(lines) == 1 + len(usable(model))
    (folder / "mine.txt").write_text("keep me")
    with pytest.raises(lw.StorageError, match="left as it is"):
        interop.to_projector(model, folder)


def test_parquet_arrow_pandas_and_polars_come_back(model: lw.Model, tmp_path: Path) -> None:
    path = interop.write_parquet(model, tmp_path / "v.parquet")
    assert pq.read_schema(path).field("vector").type == pa.list_(pa.float32(), 16)
    table = interop.vectors_table(model)
    frames: list[Any] = [
        path, str(path), table, table.to_pandas(), pl.from_arrow(table),
        pa.table({"item_id": table["item_id"], "vector": table["vector"].to_pylist()}),
    ]  # fmt: skip
    for source in frames:
        back = interop.read_parquet(source)
        assert back.catalogue.ids.equals(model.catalogue.ids)
        np.testing.assert_array_equal(back.center, model.center)


def test_bad_tables_of_vectors_are_refused(tmp_path: Path) -> None:
    for source, message in [
        ({"item_id": ["a"], "vec": [[1.0]]}, "no column 'vector'"),
        ({"item_id": ["a", "b"], "vector": [[1.0], [1.0, 2.0]]}, "one length"),
        ({"item_id": ["a", "b"], "vector": [[1.0], None]}, "without nulls"),
        ({"item_id": ["a"], "vector": ["text"]}, "lists of numbers"),
        ({"item_id": ["a"], "vector": [[float("nan")]]}, "row 0 is not"),
    ]:
        with pytest.raises(lw.InputError, match=message):
            interop.read_parquet(pa.table(source))
    with pytest.raises(lw.InputError, match="source must be a path or a table, got int"):
        interop.read_parquet(7)
    with pytest.raises(lw.InputError, match="cannot be read"):
        interop.read_parquet(tmp_path / "none.parquet")


def test_vectors_have_the_verbs_of_a_model(model: lw.Model) -> None:
    vectors = lw.Vectors(model.catalogue, model.center)
    one, many = vectors.similar("item5", k=4), vectors.similar(["item5", "item9"], k=4)
    ours = model.similar("item5", k=4, side="center")
    assert isinstance(one, lw.Matches)
    assert one.ids == ours.ids  # type: ignore[union-attr]
    assert repr(one) == repr(ours)
    np.testing.assert_array_equal(many.scores[0], one.scores)
    assert vectors.analogy("item5", ["item9"], k=3).ids == model.analogy("item5", ["item9"], 3).ids
    table = vectors.recommend_all(k=5, distinct=True, same="category_1").table
    rules = {"distinct": True, "same": "category_1"}
    assert table.equals(model.recommend_all(k=5, side="center", **rules).table)
    with pytest.raises(ValueError, match="popularity must be left out where center vectors"):
        vectors.recommend_all(popularity=1)
    assert vectors.similar(vector=vectors.center[5], k=1).ids == ["item5"]  # type: ignore[union-attr]
    assert repr(vectors) == "<Vectors of 40 items, 16 dimensions>"
    for call, message in [
        (lambda: vectors.similar("nobody"), "item 'nobody' is not"),
        (lambda: vectors.index(side="context"), "have one side"),
        (lambda: vectors.recommend_all(catalogue=[{"item_id": "x", "name": "y"}]), "composed"),
        (lambda: lw.Vectors(["a"], np.eye(2)), "matrix must have one row for each item"),
        (lambda: lw.Vectors(["a"], [[np.inf]]), "matrix must be finite, row 0 is not"),
        (lambda: lw.Vectors(["a", "a"], np.eye(2)), "ids must be unique"),
    ]:
        with pytest.raises((ValueError, lw.UnknownItemError), match=message):
            call()


def test_an_index_of_other_vectors_is_not_taken(model: lw.Model) -> None:
    other = lw.Vectors(model.catalogue, model.center[::-1].copy())
    with pytest.raises(ValueError, match="index must hold vectors of this model"):
        model.similar("item5", index=other.index())


def test_notebooks_get_escaped_tables(model: lw.Model) -> None:
    items = lw.Catalogue.from_arrays(["a", "b"], None, ["<b>bold</b>", "x & y"])
    vectors = lw.Vectors(items, [[1, 0], [1, 0.1]])
    html = vectors.similar("a")._repr_html_()
    assert "x &amp; y" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert vectors.similar(["a", "b"])._repr_html_().count("<tr>") == 3
    assert "nothing found" in vectors.similar("a", where=[])._repr_html_()
    assert pd.DataFrame is not None


def test_export_writes_every_format(
    model: lw.Model, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model.save(tmp_path / "model")
    for form, name in [
        ("word2vec", "v.txt"), ("word2vec-binary", "v.bin"), ("projector", "p"),
        ("parquet", "v.parquet"),
    ]:  # fmt: skip
        ran = run(capfd, "export", tmp_path / "model", "-o", tmp_path / name, "--format", form,
                  "--json")  # fmt: skip
        assert ran.code == 0, ran.err
        count = 40 if form == "parquet" else len(usable(model))
        assert json.loads(ran.out)["vectors"] == count
        assert (tmp_path / name).exists()
    ran = run(capfd, "export", tmp_path / "model", "-o", tmp_path / "v.txt", "--format", "parquet")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
