"""Less than everything: ids alone, categories alone, names without n-grams; every verb follows."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import likewise as lw
from helpers.cli_helpers import run

IDS_ALONE = "no item has a name or a category: items are known by their ids alone"
NO_GRAMS = "no word has character n-grams: unknown words are compared as they stand"
SMALL = {"dim": 6, "epochs": 2, "threads": 1}
SONGS = ["aria", "fugue", "gigue", "largo", "polka", "rondo", "tango", "waltz"]
EVENINGS = [[SONGS[(n + step) % 8] for step in (0, 1, 2, 4)] for n in range(8)] * 4
NEW = [
    {"item_id": "new", "name": "slow waltz in e", "category": "Dance > Slow"},
    {"item_id": "newer", "name": "q", "category": None},
    {"item_id": "aria", "name": None, "category": "Dance"},
]


def songs(**columns: Any) -> lw.Catalogue:
    return lw.Catalogue.from_arrays(SONGS, **columns)


def ask_everything(model: lw.Model, k: int = 3) -> None:
    """Ask a model every verb; what it cannot do it says as documented."""
    ids = model.catalogue.ids.to_pylist()
    one, two = ids[0], ids[-1]
    graph, exact = model.index(exact=False), model.index(exact=True)
    for index in (graph, exact, None):
        assert one not in model.similar(one, k=k, index=index).ids
    assert len(model.similar(ids[:3], k=k)) == len(ids[:3])
    model.complements(one, k=k)
    model.complements(ids[:2], k=k, index=model.index(side="context"))
    model.similar(one, k=k, side="center")
    model.similar(vector=model.center[0] + 1, k=k)
    model.analogy([one], [two] if two != one else [], k=k)
    for side in ("similar", "complements", "center"):
        if one != two:
            explained(model, one, two, side)
    made = model.recommend_all(k=k)
    assert made.queries == len(ids)
    assert np.isfinite(made.table.column("score").to_numpy()).all()
    model.recommend_all(k=k, side="complements", per_category=1, distinct=True, diversity=0.3)
    assert str(model.recommend_all(k=k, catalogue=NEW))
    model.recommend_all(k=k, queries=NEW)
    model.recommend_all(k=k, catalogue=NEW, queries=model.catalogue)
    ask_by_text(model, k)
    assert model.category_vectors().num_rows >= 0
    assert model.all_contexts().shape == model.center.shape
    assert np.isfinite(model.encode(NEW, own_rows=True)).all()
    assert model.encode(model.catalogue).shape == model.center.shape
    json.dumps(model.info())
    assert repr(model).startswith("likewise model")
    with tempfile.TemporaryDirectory() as folder:
        again = lw.load(model.save(Path(folder) / "model"))
        assert again.fingerprint == model.fingerprint
        assert again.info() == model.info()
        assert again.similar(one, k=k).ids == model.similar(one, k=k).ids


def ask_by_text(model: lw.Model, k: int) -> None:
    asked = (
        lambda: model.similar(name="slow waltz", k=k),
        lambda: model.similar(category="Dance > Slow", k=k),
        lambda: model.similar(name="🎺", category="Dance", k=k, index=model.index(NEW)),
        lambda: model.complements(name="waltz", k=k),
        lambda: model.encode(NEW, own_rows=False),
        lambda: model.encode(NEW, "context", own_rows=False),
    )
    for ask in asked:
        if model.recipe is not None:
            ask()
        else:
            with pytest.raises(ValueError, match="items are known by their ids alone"):
                ask()


def explained(model: lw.Model, one: str, two: str, side: str) -> None:
    try:
        assert str(model.explain(one, two, side))
    except ValueError as error:  # an item of which nothing is known has no score to explain
        if "vector" not in str(error):
            raise


def trained(catalogue: lw.Catalogue | None = None, **options: Any) -> lw.Model:
    model = lw.train(EVENINGS, catalogue, **{**SMALL, **options})
    ask_everything(model)
    return model


# --- one test a kind -----------------------------------------------------------------------------


def test_sequences_alone_are_item2vec() -> None:
    model = trained()
    assert model.info()["missing"] == [IDS_ALONE]
    assert IDS_ALONE in repr(model)
    assert model.recipe is None
    asked = trained(content=False)
    np.testing.assert_array_equal(model.center, asked.center)
    np.testing.assert_array_equal(model.context, asked.context)
    assert model.options == asked.options
    assert model.fingerprint == asked.fingerprint


def test_events_alone() -> None:
    events = {
        "session_id": [n for n, evening in enumerate(EVENINGS) for _ in evening],
        "item_id": [song for evening in EVENINGS for song in evening],
    }
    model = lw.train(events, **SMALL)
    ask_everything(model)
    np.testing.assert_array_equal(np.sort(model.catalogue.ids.to_pylist()), SONGS)
    assert model.info()["missing"] == [IDS_ALONE]


@pytest.mark.parametrize(
    "source",
    [
        lw.Catalogue.from_ids([*SONGS, "never played"]),
        [{"item_id": song, "name": None, "category": None} for song in SONGS],
        {"item_id": SONGS, "category": [""] * 8},
    ],
)
def test_a_catalogue_of_ids_alone(source: Any) -> None:
    catalogue = source if isinstance(source, lw.Catalogue) else lw.Catalogue.read(source)
    model = trained(catalogue, context="content")
    assert model.options.context == "item"
    assert model.info()["missing"] == [IDS_ALONE]
    cold = model.counts == 0
    assert not model.center[cold].any()


@pytest.mark.parametrize("blank", ["", "   ", "\u2028", "--", "!? ..."])
def test_names_that_say_nothing(blank: str) -> None:
    assert trained(songs(names=[blank] * 8)).info()["missing"] == [IDS_ALONE]


def test_own_rows_are_needed_where_there_is_nothing_else() -> None:
    with pytest.raises(lw.InputError, match="own_row must be true where no item has a name"):
        lw.train(EVENINGS, own_row=False, progress=pytest.fail, **SMALL)


def test_nothing_often_enough_is_said() -> None:
    model = trained(min_count=1000)
    assert "no item has 1,000 events (min_count): none has a vector" in model.info()["missing"]


@pytest.mark.parametrize("context", ["item", "content"])
@pytest.mark.parametrize("stretch", [0, 1])
def test_categories_alone(context: str, stretch: int) -> None:
    kinds = ["Sung > Opera", "Played", "Dance", "Played > Slow"] * 2
    model = trained(songs(categories=kinds), context=context, stretch=stretch)
    assert model.info()["missing"] == ["no item has a name", NO_GRAMS]
    assert model.info()["ngram_rows"] == 0
    # A word that is unknown adds nothing to a vector.
    known, more = model.encode(
        [
            {"item_id": "p", "name": None, "category": "Dance"},
            {"item_id": "q", "name": "unheard", "category": "Dance"},
        ]
    )
    assert known.any()
    cosine = known @ more / np.linalg.norm(known) / np.linalg.norm(more)
    assert cosine == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    "names", [list("xyzwxyzw"), ["🎻", "🎺", "🥁", "🪕"] * 2, list("12345678")]
)
def test_names_without_ngrams(names: list[str]) -> None:
    model = trained(songs(names=names), min_n=3, max_n=6)
    missing = model.info()["missing"]
    assert "no item has a category" in missing
    assert (NO_GRAMS in missing) == (model.info()["ngram_rows"] == 0)
    best = model.similar(name=names[0], k=2)
    assert {SONGS.index(song) % 4 for song in best.ids} == {0} or len(set(names)) == 8


def test_names_alone() -> None:
    model = trained(songs(names=[f"a {song} of old" for song in SONGS]))
    assert model.info()["missing"] == ["no item has a category"]
    assert model.similar(name="polkas", k=1).ids == ["polka"]


def test_one_item() -> None:
    with pytest.raises(lw.InputError, match="at least one session of two events"):
        lw.train([["solo", "solo", "solo"]], **SMALL)  # an item again is no other event
    for texts in (None, ["Solo"]):
        catalogue = lw.Catalogue.from_arrays(["solo"], texts, texts)
        again = np.zeros(3, np.int32), np.array([0, 3], np.int64)
        model = lw.train(lw.Sessions.from_arrays(*again, catalogue), **SMALL)
        ask_everything(model)
        assert len(model.similar("solo")) == 0


def test_items_that_only_events_know() -> None:
    known = [{"item_id": song, "name": f"the {song}"} for song in SONGS[:3]]
    model = lw.train(EVENINGS, known, **SMALL)
    ask_everything(model)


def test_evaluation_of_ids_alone() -> None:
    sessions = lw.Sessions.read(EVENINGS)
    chosen = lw.Options(**SMALL)
    for split in ("last", "cold"):
        found = lw.evaluate(sessions, options=chosen, split=split, share=0.3, samples=20)
        assert found.to_dicts()[0]["system"].startswith("likewise")
    half = np.arange(8) < 4
    assert lw.evaluate(sessions, options=chosen, split="transfer", held=half, samples=20).rows


def test_evaluation_of_what_is_held_when_the_rest_has_no_content() -> None:
    kinds = [None] * 4 + ["Dance"] * 4
    sessions = lw.Sessions.read(EVENINGS, songs(categories=kinds))
    found = lw.evaluate(
        sessions, options=lw.Options(**SMALL), split="transfer", held=["Dance"], samples=20
    )
    assert found.rows


def test_the_command_line_and_pages(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    events, items, place = tmp_path / "e.csv", tmp_path / "i.csv", tmp_path / "model"
    rows = [f"{n},{song}" for n, evening in enumerate(EVENINGS) for song in evening]
    events.write_text("\n".join(["session_id,item_id", *rows, ""]))
    items.write_text("\n".join(["item_id,category", *(f"{song},Dance" for song in SONGS), ""]))
    quick = ("--epochs", "1", "--threads", "1", "--dim", "6", "-q")
    there = all(find_spec(name) is not None for name in ("openTSNE", "plotly", "sklearn"))
    pages = [["report", place, "-o", tmp_path / "page.html"]] if there else []  # the extra viz
    for files, said in (([events], IDS_ALONE), ([events, items], "no item has a name")):
        ran = run(capfd, "train", *files, "-o", place, *quick)
        assert ran.code == 0, ran.err
        assert said in " ".join(ran.out.split())
        for words in (
            ["similar", place, "--id", "aria"], ["info", place],
            ["recommend", place, "-o", tmp_path / "all.parquet"], *pages,
        ):  # fmt: skip
            ran = run(capfd, *words)
            assert ran.code == 0, (words, ran.err)
        assert run(capfd, "evaluate", *files, *quick).code == 0
        ran = run(capfd, "train", *files, "-o", place, *quick, "--json")
        assert said in json.loads(ran.out)["missing"]


# --- all of it at random -------------------------------------------------------------------------


@dataclass(frozen=True)
class Shop:
    """A catalogue, or none, and sessions of some of its items and maybe of others."""

    items: list[dict[str, Any]] | None
    visits: list[list[Any]]
    options: dict[str, Any]
    split: str | None


TEXTS: dict[str, st.SearchStrategy[Any]] = {
    "blank": st.sampled_from([None, "", " ", "-", "…"]),
    "letters": st.sampled_from(["a", "b", "ß", "1", "É", "犬"]),
    "emoji": st.sampled_from(["🎻", "🎺🥁", "👩‍👩‍👧", "❤️", "🇫🇷"]),
    "words": st.sampled_from(["red ball", "blue ball", "drum", "a drum of tin", "2x500ml", "ЁЖ"]),
    "any": st.none() | st.text(max_size=12),
}
PATHS: dict[str, st.SearchStrategy[Any]] = {
    "blank": st.sampled_from([None, "", " ", ">", " > > "]),
    "paths": st.sampled_from(["Toys", "Toys > Dogs", "Kitchen > Pans > Small", "🎻", "a"]),
    "any": st.none() | st.text("ab >🎻-", max_size=8),
}


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    n = draw(st.integers(1, 12))
    number = draw(st.booleans())
    ids: list[Any] = [7 * at if number else f"i{at}" for at in range(n)]
    items = None
    if draw(st.integers(0, 4)):
        names = TEXTS[draw(st.sampled_from(sorted(TEXTS)))]
        paths = PATHS[draw(st.sampled_from(sorted(PATHS)))]
        columns = draw(st.sampled_from([("name",), ("category",), ("name", "category"), ()]))
        told = ids[: draw(st.integers(1, n))] if draw(st.booleans()) else ids
        drawn = {"name": names, "category": paths}
        items = [{"item_id": one, **{c: draw(drawn[c]) for c in columns}} for one in told]
    seen = ids[: draw(st.integers(1, n))] if draw(st.booleans()) else ids
    visit = st.lists(st.sampled_from(seen), min_size=1, max_size=5)
    visits = draw(st.lists(visit, min_size=1, max_size=12))
    min_n = draw(st.sampled_from([0, 1, 3]))
    content = draw(st.sampled_from([True, True, True, False]))
    options = {
        "dim": draw(st.integers(2, 8)),
        "epochs": 1,
        "threads": 1,
        "content": content,
        "own_row": not content or draw(st.sampled_from([True, True, False])),
        "context": draw(st.sampled_from(["item", "content"])) if content else "item",
        "min_n": min_n,
        "max_n": min_n and draw(st.integers(min_n, 6)),
        "word_ngrams": draw(st.integers(1, 3)),
        "min_count": draw(st.sampled_from([1, 1, 2, 5])),
        "stretch": draw(st.sampled_from([0, 0, 1])),
        "shared_negatives": draw(st.booleans()),
    }
    split = draw(st.sampled_from([None, None, None, "last", "cold", "transfer"]))
    return Shop(items, visits, options, split)


def catalogue_of(items: list[dict[str, Any]]) -> lw.Catalogue:
    if len(items[0]) == 1:
        return lw.Catalogue.from_ids([item["item_id"] for item in items])
    return lw.Catalogue.read(items)


@settings(
    max_examples=int(os.environ.get("LIKEWISE_DRAWS", "40")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(shops())
def test_every_verb_of_whatever_could_be_trained(shop: Shop) -> None:
    began: list[Any] = []
    try:
        catalogue = None if shop.items is None else catalogue_of(shop.items)
        sessions = lw.Sessions.read(shop.visits, catalogue)
        model = lw.train(sessions, progress=began.append, **shop.options)
    except lw.InputError:
        assert not began
        return
    assert np.isfinite(model.center).all()
    ask_everything(model)
    if shop.split is None:
        return
    held = None
    if shop.split == "transfer":
        held = np.arange(len(sessions.catalogue)) % 2 == 1
    with suppress(lw.InputError):
        found = lw.evaluate(
            sessions, options=lw.Options(**shop.options), split=shop.split, k=3, share=0.3,
            held=held, samples=5,
        )  # fmt: skip
        assert str(found)
