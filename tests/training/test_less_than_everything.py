"""Less than everything: ids alone, categories alone, names without n-grams; every verb follows."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import likewise as lw
from helpers.cli_helpers import run
from helpers.every_verb import ask_everything

IDS_ALONE = "no item has a name or a category: items are known by their ids alone"
NO_GRAMS = "no word has character n-grams: unknown words are compared as they stand"
SMALL = {"dim": 6, "epochs": 2, "threads": 1}
SONGS = ["aria", "fugue", "gigue", "largo", "polka", "rondo", "tango", "waltz"]
EVENINGS = [[SONGS[(n + step) % 8] for step in (0, 1, 2, 4)] for n in range(8)] * 4


def songs(**columns: Any) -> lw.Catalogue:
    return lw.Catalogue.from_arrays(SONGS, **columns)


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
    assert "polka" in model.similar(name="polkas", k=3).ids
    assert model.similar(name="polkas", k=1, index=model.index(side="center")).ids == ["polka"]


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


def test_a_report_of_ids_alone_knows_no_other_catalogue(tmp_path: Path) -> None:
    if find_spec("plotly") is None:
        pytest.skip("Plotly is not here")
    model = lw.train(EVENINGS, **SMALL)
    with pytest.raises(lw.InputError, match="other must be left out where items are known by"):
        lw.write_report(model, tmp_path / "page.html", other=songs(names=SONGS))
    assert not list(tmp_path.iterdir())


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
