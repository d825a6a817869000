"""Every item's neighbours against brute force, rule by rule; the file and its summary."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import likewise as lw
from helpers.pairs import without_pairs
from helpers.tiny_shop import options, sessions
from likewise.neighbours.choose import name_keys
from likewise.score.blend import blend_of
from likewise.score.popularity import POPULARITY


@pytest.fixture(scope="module")
def model() -> lw.Model:
    return without_pairs(lw.train(sessions(), options=options(context="content")))


@pytest.fixture(scope="module")
def attributes(model: lw.Model) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    return [
        {
            "item_id": item_id,
            "brand": None if rng.random() < 0.1 else str(rng.choice(["ann", "bob", "cyd"])),
            "stock": int(rng.integers(0, 5)),
        }
        for item_id in model.catalogue.ids.to_pylist()[:-3]
    ]


def same_words(name: str | None) -> frozenset[str] | None:
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", name or "").casefold())
    return frozenset([w for w in words if not re.search(r"\d", w)] or words) or None


def brute_force(
    model: lw.Model, attributes: list[dict[str, Any]], k: int, **asked: Any
) -> dict[str, list[str]]:
    """What the documentation promises, item by item, without any cleverness."""
    items = list(model.catalogue)
    facts = {row["item_id"]: row for row in attributes}
    query, unit = sides(model, asked.get("side", "similar"))
    lists: dict[str, list[str]] = {}
    for i, (item_id, _, name) in enumerate(items):
        scored = []
        for j, (other, _, _) in enumerate(items):
            if i == j or query[i] is None or unit[j] is None:
                continue
            if asked.get("where") and not facts.get(other, {}).get("stock", 0) > 1:
                continue
            value = {"brand": lambda x: facts.get(x, {}).get("brand"),
                     "category_1": lambda x: top(model, x)}  # fmt: skip
            same, different = asked.get("same"), asked.get("different")
            mine, theirs = (None, None) if not same else map(value[same], (item_id, other))
            if same and (mine is None or mine != theirs):
                continue
            mine, theirs = (
                (None, None) if not different else map(value[different], (item_id, other))
            )
            if mine is not None and mine == theirs:
                continue
            score = np.float32(query[i] @ unit[j])
            if score >= asked.get("threshold", -2):
                scored.append((-score, j))
        taken: list[int] = []
        for _, j in sorted(scored):
            if asked.get("per_category"):
                alike = [t for t in taken if items[t][1] == items[j][1]]
                if len(alike) >= asked["per_category"]:
                    continue
            key = same_words(items[j][2])
            called = [same_words(name), *(same_words(items[t][2]) for t in taken)]
            if asked.get("distinct") and key is not None and key in called:
                continue
            taken.append(j)
        lists[item_id] = [items[j][0] for j in taken[:k]]
    return lists


def sides(model: lw.Model, side: str) -> tuple[list[Any], list[Any]]:
    """Vectors that items ask with and are found by; None where there is none."""
    if side == "similar":  # its formula is the business of score/test_blend.py
        blend = blend_of(model)
        answers = blend.trained_vectors()
        asked = blend.query_vectors(answers, POPULARITY)
        both = [asked.astype(np.float64), answers.astype(np.float64)]
        return tuple([v if v.any() else None for v in one] for one in both)  # type: ignore[return-value]
    both = [model.center, model.center if side == "center" else model.context]
    return tuple(
        [v / np.linalg.norm(v) if v.any() else None for v in one.astype(np.float64)] for one in both
    )  # type: ignore[return-value]


def top(model: lw.Model, item_id: str) -> str | None:
    path = model.catalogue.categories[model.catalogue.position(item_id)].as_py()
    return None if path is None else path.split(" > ")[0]


def lists_of(table: Any, model: lw.Model) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {item_id: [] for item_id in model.catalogue.ids.to_pylist()}
    for row in table.to_pylist():
        found[row["item_id"]].append(row["neighbor_id"])
        assert row["rank"] == len(found[row["item_id"]])
    return found


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_lists_are_those_of_brute_force(
    model: lw.Model, attributes: list[dict[str, Any]], data: st.DataObject
) -> None:
    asked: dict[str, Any] = {}
    for name, values in [
        ("side", ["complements", "center"]), ("where", ["stock > 1"]),
        ("same", ["brand", "category_1"]),
        ("different", ["brand", "category_1"]), ("per_category", [1, 2, 9]), ("distinct", [True]),
        ("threshold", [0.0, 0.1, 0.4]),
    ]:  # fmt: skip
        if data.draw(st.booleans(), label=name):
            asked[name] = data.draw(st.sampled_from(values), label=name)
    k = data.draw(st.integers(1, 45), label="k")
    exact = data.draw(st.sampled_from([True, None, False]), label="exact")
    with pytest.MonkeyPatch.context() as patch:
        for name, values in [("_GROUPED_WIDTH", [0, 2000]), ("_GROUPS", [0, 5000])]:
            value = data.draw(st.sampled_from(values), label=name)
            patch.setattr(f"likewise.neighbours.lists.{name}", value)
        done = model.recommend_all(k=k, attributes=attributes, exact=exact, **asked)
    found = lists_of(done.table, model)
    expected = brute_force(model, attributes, k, **asked)
    if exact is False:  # the same number of answers, and as good but for a rare miss
        assert {i: len(x) for i, x in found.items()} == {i: len(x) for i, x in expected.items()}
    else:
        assert found == expected
    for item_id, neighbours in found.items():
        assert item_id not in neighbours
        assert len(set(neighbours)) == len(neighbours)
    lengths = [len(x) for x in found.values()]
    assert done.full == sum(n == k for n in lengths)
    assert done.empty == sum(n == 0 for n in lengths)
    assert done.short == sum(0 < n < k for n in lengths)
    assert done.rows == sum(lengths)


@pytest.mark.parametrize("side", ["similar", "complements", "center"])
def test_diverse_lists_are_full_and_greedy(model: lw.Model, side: str) -> None:
    plain = lists_of(model.recommend_all(k=15, side=side).table, model)
    done = model.recommend_all(k=5, side=side, diversity=0.6)
    found = lists_of(done.table, model)
    query, answers = sides(model, side)
    # How alike answers are: the score without popularity, or the cosine.
    rows = np.array([np.zeros_like(answers[5]) if v is None else v for v in answers])
    near = rows
    if side == "similar":
        near = blend_of(model).likeness_vectors(rows.astype(np.float32))
    for item_id, neighbours in found.items():
        pool = plain[item_id]
        assert len(neighbours) == min(5, len(pool))
        if not pool:
            continue
        vectors = {o: near[model.catalogue.position(o)] for o in pool}
        asked = query[model.catalogue.position(item_id)]
        score = {o: float(rows[model.catalogue.position(o)] @ asked) for o in pool}
        picked = [pool[0]]
        while len(picked) < len(neighbours):
            worth = {
                o: 0.4 * score[o] - 0.6 * max(float(vectors[o] @ vectors[p]) for p in picked)
                for o in pool
                if o not in picked
            }
            best = max(worth.values())
            choice = neighbours[len(picked)]
            assert worth[choice] >= best - 1e-5
            picked.append(choice)


def test_the_file_is_the_table_and_says_what_it_is(model: lw.Model, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    done = model.recommend_all(
        tmp_path / "out.parquet", 4, names=True, progress=lambda *at: steps.append(at)
    )
    table = pq.read_table(tmp_path / "out.parquet")
    assert [str(field.type) for field in table.schema] == [
        "large_string", "int32", "large_string", "float", "large_string", "large_string",
    ]  # fmt: skip
    assert table.schema.metadata[b"likewise.fingerprint"].decode() == model.fingerprint
    again = model.recommend_all(k=4, names=True).table
    assert table.equals(again)
    names = dict(
        zip(model.catalogue.ids.to_pylist(), model.catalogue.names.to_pylist(), strict=True)
    )
    for row in table.to_pylist():
        assert row["neighbor_name"] == names[row["neighbor_id"]]
        assert row["item_name"] == names[row["item_id"]]
    assert steps[-1] == (40, 40)
    assert list(tmp_path.iterdir()) == [tmp_path / "out.parquet"]
    assert "rows for 40 items, 40 candidates, exact search" in str(done)
    assert done.coverage == len({row["neighbor_id"] for row in table.to_pylist()}) / 40


def test_it_says_what_share_of_the_places_new_items_have(model: lw.Model) -> None:
    seen = dict(zip(model.catalogue.ids.to_pylist(), model.counts.tolist(), strict=True))
    done = model.recommend_all(k=4)
    rows = done.table.to_pylist()
    assert done.new_candidates == sum(n == 0 for n in seen.values()) / 40
    assert done.new_places == sum(seen[row["neighbor_id"]] == 0 for row in rows) / len(rows)
    known = [{"item_id": i, "name": "red ball"} for i, n in seen.items() if n][:3]
    other = [*known, {"item_id": "new", "name": "red ball"}]
    mixed = model.recommend_all(k=3, catalogue=other)
    assert (mixed.new_candidates, mixed.new_places) == (0.25, 0.25)
    assert "25.0% of the candidates have no history, and have 25.0% of the places" in str(mixed)
    assert "history" not in str(model.recommend_all(k=3, catalogue=other[-1:]))


def test_pieces_do_not_change_the_answer(model: lw.Model, tmp_path: Path, monkeypatch: Any) -> None:
    whole = model.recommend_all(k=6, per_category=1, distinct=True).table
    monkeypatch.setattr("likewise.neighbours.recommend._CHUNK", 7)
    monkeypatch.setattr("likewise.neighbours.recommend._LEAST_CHUNK", 1)
    monkeypatch.setattr("likewise.neighbours.table._ROWS_WRITTEN", 50)
    written = tmp_path / "lists.parquet"
    model.recommend_all(written, k=6, per_category=1, distinct=True)
    assert pq.read_table(written).equals(whole)
    assert pq.ParquetFile(written).num_row_groups > 2
    monkeypatch.setattr("likewise.neighbours.lists._NUMBERS", 50)
    assert model.recommend_all(k=6, per_category=1, distinct=True).table.equals(whole)
    monkeypatch.setattr("likewise.neighbours.lists._GROUPED_WIDTH", 0)
    assert model.recommend_all(k=6, per_category=1, distinct=True).table.equals(whole)
    monkeypatch.setattr("likewise.neighbours.lists._GROUPS", 0)
    assert model.recommend_all(k=6, per_category=1, distinct=True).table.equals(whole)


def test_another_catalogue_within_itself_and_towards_ours(model: lw.Model) -> None:
    other = [
        {"item_id": "n1", "category": "Toys > Dogs", "name": "red ball"},
        {"item_id": "n2", "category": "Kitchen", "name": "steel pan"},
        {"item_id": "n3", "category": "Kitchen", "name": "large steel pan"},
        {"item_id": "n4", "category": None, "name": "qqqq zzzz"},
        {"item_id": "item3", "category": None, "name": None},
    ]
    inside = model.recommend_all(k=3, catalogue=other)
    rows = inside.table.to_pylist()
    assert {row["neighbor_id"] for row in rows} <= {"n1", "n2", "n3", "n4"}
    assert next(r["neighbor_id"] for r in rows if r["item_id"] == "n2") == "n3"
    trust = inside.trust["queries"]
    assert (trust.items, trust.unknown_items, trust.empty_items) == (5, 1, 1)
    assert set(trust.examples) == {"n4", "item3"}
    assert 0 < trust.known_share < 1
    assert "of the words were seen in training" in str(inside)
    ours = model.recommend_all(k=3, queries=other, side="complements")
    assert {row["neighbor_id"] for row in ours.table.to_pylist()} <= set(
        model.catalogue.ids.to_pylist()
    )
    assert ours.queries == 5
    theirs = model.recommend_all(k=3, queries=model.catalogue, catalogue=other)
    assert list(theirs.trust) == ["candidates"]
    assert not any(r["item_id"] == r["neighbor_id"] for r in theirs.table.to_pylist())


def test_columns_are_found_whatever_the_table_is(model: lw.Model, tmp_path: Path) -> None:
    rows = {
        "sku": ["item3", "item4", "item3", "nobody", None],
        "Name": ["x"] * 5,  # not the catalogue's name, and SQL does not tell them apart
        "stock": [1, 2, 3, 4, 5],
    }
    (tmp_path / "t.csv").write_text("sku,Name,stock\nitem3,x,1\nitem4,x,2\nitem3,x,3\nnobody,x,4\n")
    sources: list[Any] = [
        tmp_path / "t.csv", rows, pa.table(rows), pd.DataFrame(rows), pl.DataFrame(rows),
        [dict(zip(rows, row, strict=True)) for row in zip(*rows.values(), strict=True)],
    ]  # fmt: skip
    for source in sources:
        asked: dict[str, Any] = {"attributes": source, "item_id": "sku"}
        done = model.recommend_all(k=2, where="stock = 1 AND name IS NOT NULL", **asked)
        assert (done.candidates, set(done.table["neighbor_id"].to_pylist())) == (1, {"item3"})
        done = model.recommend_all(k=2, where="category_2 = 'Kitchen > Pans' OR stock > 1", **asked)
        assert done.candidates == len(kitchen(model) | {"item4"})


def kitchen(model: lw.Model) -> set[str]:
    return {i for i, path, _ in model.catalogue if path == "Kitchen > Pans"}


def test_near_duplicate_names() -> None:
    names = [
        "Blue mug 0.3 l",
        "mug BLUE 0,5 L",
        "blue mug",
        None,
        "",
        "501",
        "502",
        "ＢＬＵＥ mug l",
    ]
    assert name_keys(names).tolist() == [0, 0, 1, -1, -1, 2, 3, 0]


def test_bad_arguments_say_what_was_wanted(model: lw.Model, tmp_path: Path) -> None:
    cases: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (ValueError, "k must be at least 1, got 0", {"k": 0}),
        (
            ValueError,
            "side must be 'similar', 'complements' or 'center', got 'both'",
            {"side": "both"},
        ),
        (ValueError, "per_category must be a whole number of at least 1", {"per_category": 0}),
        (ValueError, "diversity must be at least 0 and below 1, got 1.0", {"diversity": 1.0}),
        (TypeError, "diversity must be a number", {"diversity": "much"}),
        (ValueError, "popularity must be a finite number of at least 0", {"popularity": -0.5}),
        (TypeError, "popularity must be a number, got True", {"popularity": True}),
        (
            ValueError,
            "popularity must be left out where context vectors are compared, got 1",
            {"side": "complements", "popularity": 1},
        ),
        (ValueError, "threshold must be a number", {"threshold": float("nan")}),
        (lw.InputError, "same: there is no column 'brand', but item_id, cat", {"same": "brand"}),
        (lw.InputError, "where must be a condition on item_id", {"where": "stock >"}),
        (lw.InputError, "where must be a condition on item_id", {"where": "1=1; SELECT 1"}),
        (lw.InputError, "where must be a condition", {"where": "name IN (FROM '/etc/passwd')"}),
        (lw.UnknownItemError, "item 'nobody' is not", {"where": ["nobody"]}),
        (lw.InputError, "attributes have no column 'item_id'", {"attributes": {"sku": ["a"]}}),
        (lw.InputError, "attributes must be a path, a DataFrame", {"attributes": 7}),
        (lw.StorageError, "its name must end in .parquet", {"output": tmp_path / "out.csv"}),
        (lw.StorageError, "does not exist", {"output": tmp_path / "no" / "out.parquet"}),
    ]
    for error, message, arguments in cases:
        with pytest.raises(error, match=message) as caught:
            model.recommend_all(**arguments)
        assert "\n" not in str(caught.value)


def test_a_failed_run_leaves_the_last_file(model: lw.Model, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    model.recommend_all(path, 3)
    before = path.read_bytes()

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.recommend_all(path, 5, progress=stop)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
