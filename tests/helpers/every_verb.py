"""every_verb.py: asks a model, and the command line, everything that there is to ask.

What a model cannot do it must say as documented; anything else fails the test that asks.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import likewise as lw
from likewise import interop
from likewise.commands.main import main

NEW = [
    {"item_id": "new", "name": "slow waltz in e", "category": "Dance > Slow"},
    {"item_id": "newer", "name": "q", "category": None},
    {"item_id": "aria", "name": None, "category": "Dance"},
]
VIZ = all(find_spec(name) is not None for name in ("matplotlib", "openTSNE", "plotly", "sklearn"))
GENSIM = find_spec("gensim") is not None


def ask_everything(model: lw.Model, k: int = 3) -> None:
    """Ask a model every verb; what it cannot do it says as documented."""
    ids = model.catalogue.ids.to_pylist()
    one, two = ids[0], ids[-1]
    graph, exact = model.index(exact=False), model.index(exact=True)
    for index in (graph, exact, None):
        found = model.similar(one, k=k, index=index)
        assert one not in found.ids
        shown(found)
    many = model.similar(ids[:3], k=k, popularity=0, where=ids[1:])
    assert len(many) == len(ids[:3])
    shown(many)
    model.complements(one, k=k)
    model.complements(ids[:2], k=k, index=model.index(side="context"))
    model.similar(one, k=k, side="center")
    model.similar(vector=model.center[0] + 1, k=k)
    shown(model.analogy([one], [two] if two != one else [], k=k))
    for side in ("similar", "complements", "center"):
        if one != two:
            explained(model, one, two, side)
    ask_lists(model, k)
    ask_by_text(model, k)
    ask_as_gensim(model, one, two)
    ask_about_vectors(model)
    json.dumps(model.info())
    json.dumps(model.history)
    assert repr(model).startswith("likewise model")
    with tempfile.TemporaryDirectory() as name:
        ask_files(model, graph, one, Path(name), k)


def shown(found: lw.Matches | lw.BatchMatches) -> None:
    """Print answers in every way there is."""
    assert repr(found)
    assert found._repr_html_()
    assert found.to_arrow().num_rows == len(found.to_dicts()) == len(found.to_pandas())
    list(found)


def ask_lists(model: lw.Model, k: int) -> None:
    made = model.recommend_all(k=k)
    assert made.queries == len(model)
    assert np.isfinite(made.table.column("score").to_numpy()).all()
    model.recommend_all(
        k=k, side="complements", per_category=1, distinct=True, diversity=0.3, names=True
    )
    model.recommend_all(k=k, side="center", same="category_1", threshold=0.0)
    model.recommend_all(k=k, different="name", where="category IS NOT NULL OR name <> 'a'")
    model.recommend_all(k=k, exact=False, popularity=0)
    assert str(model.recommend_all(k=k, catalogue=NEW))
    model.recommend_all(k=k, queries=NEW)
    model.recommend_all(k=k, catalogue=NEW, queries=model.catalogue, side="complements")


def ask_by_text(model: lw.Model, k: int) -> None:
    asked = (
        lambda: model.similar(name="slow waltz", k=k),
        lambda: model.similar(category="Dance > Slow", k=k),
        lambda: model.similar(name="🎺", category="Dance", k=k, index=model.index(NEW)),
        lambda: model.similar(name=["", None, "a"], category=[None, " > ", "Toys"], k=k),
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
        why = model.explain(one, two, side)
    except ValueError as error:  # an item of which nothing is known has no score to explain
        if "vector" not in str(error):
            raise
        return
    assert repr(why)
    assert why._repr_html_()
    for shares in (why.of_item, why.of_neighbor):
        assert sum(share.share for share in shares) == pytest.approx(why.score, abs=1e-3)


def ask_as_gensim(model: lw.Model, one: str, two: str) -> None:
    assert one in model
    assert "nobody" not in model
    assert list(model) == model.catalogue.ids.to_pylist()
    assert model[one].shape == model.center[0].shape
    assert model[[one, two]].shape == (2, model.options.dim)
    assert -1.001 <= model.similarity(one, two) <= 1.001
    model.most_similar(one, topn=2)
    model.most_similar(positive=[one, model.center[0]], negative=[two], topn=2)


def ask_about_vectors(model: lw.Model) -> None:
    for side in ("center", "context"):
        assert model.category_vectors(side).num_rows >= 0
        assert interop.vectors_table(model, side).num_rows == len(model)
    assert model.all_contexts().shape == model.center.shape
    assert np.isfinite(model.all_contexts()).all()
    assert len(model.company.items) == len(model.company.rows)
    assert np.isfinite(model.encode(NEW, own_rows=True)).all()
    assert model.encode(model.catalogue).shape == model.center.shape
    assert model.encode(model.catalogue, "context", own_rows=True).shape == model.center.shape
    if GENSIM:
        kept = int(model.center.any(axis=1).sum())
        assert len(model.to_gensim()) == kept
    alone = lw.Vectors(model.catalogue, model.center, threads=1)
    shown(alone.similar(list(alone)[:2], k=2))
    alone.recommend_all(k=2)
    alone.analogy([next(iter(alone))], k=2)


def ask_files(model: lw.Model, graph: lw.ApproximateIndex, one: str, place: Path, k: int) -> None:
    again = lw.load(model.save(place / "model"))
    assert again.fingerprint == model.fingerprint
    assert again.info() == model.info()
    assert again.similar(one, k=k).ids == model.similar(one, k=k).ids
    kept = lw.load_index(graph.save(place / "index"))
    assert again.similar(one, k=k, index=kept).ids == model.similar(one, k=k, index=graph).ids
    interop.read_word2vec(interop.to_word2vec(model, place / "v.txt"))
    interop.to_word2vec(model, place / "v.bin", "context", binary=True)
    interop.read_parquet(interop.write_parquet(model, place / "v.parquet"))
    interop.to_projector(model, place / "projector")
    model.recommend_all(place / "all.parquet", k=k, names=True)


# --- pages, which take longer ---------------------------------------------------------------------


def ask_for_pages(model: lw.Model, sessions: lw.Sessions, asked: str) -> None:
    """Make clusters, maps or the report of a model; refused only where there is nothing to show."""
    if not VIZ:
        return
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        if asked == "clusters":
            with refused(not model.center.any(), "no item has a vector|items with vectors"):
                found = lw.clusters(model)
                assert repr(found)
                found.write(place / "items.parquet")
                found.write(place / "clusters.parquet", "clusters")
                found.match(found)
            with contextlib.suppress(lw.InputError):  # no groups, or too few items for one
                assert repr(lw.clusters(model, method="hdbscan", min_size=2))
            if model.recipe is not None:
                with contextlib.suppress(lw.InputError):  # nothing of the new items is known
                    lw.clusters(model, 1, catalogue=NEW)
        elif asked == "maps":
            with contextlib.suppress(lw.InputError):  # there may be no category
                picture = lw.maps.categories(model)
                picture.write(place / "map.html")
            with refused(not model.center.any(), "items with vectors"):
                picture = lw.maps.items(model)
                assert repr(picture)
                for suffix in (".parquet", ".html", ".png"):
                    picture.write(place / f"map{suffix}")
        else:
            other = OTHER[asked]
            with refused(other is not None and model.recipe is None, "other must be left out"):
                lw.write_report(model, place / "page.html", sessions=sessions, other=other)


OTHER: dict[str, Any] = {"report": None, "report of another": NEW}


@contextlib.contextmanager
def refused(may: bool, said: str) -> Iterator[None]:
    """Let the block be refused where it may be, and must be."""
    if may:
        with pytest.raises(lw.InputError, match=said):
            yield
    else:
        yield


# --- the command line -----------------------------------------------------------------------------


def command_line(*words: Any) -> tuple[int, str, str]:
    """Run ``likewise`` here: its exit code and what it said; what it raises fails the test."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(word) for word in words], prog_name="likewise")
        except SystemExit as ended:
            code = int(ended.code or 0)
    if code:
        lines = err.getvalue().splitlines()
        assert len(lines) == 1, (words, lines)
        assert lines[0].startswith("Error: "), (words, lines)
    return code, out.getvalue(), err.getvalue()


def ask_commands(
    items: list[dict[str, Any]] | None, visits: list[list[Any]], options: dict[str, Any]
) -> str:
    """Give the command line a shop as files: train, then every command; tell what training did."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        events, table, model = place / "e.csv", place / "i.csv", place / "model"
        seen = [(n, item) for n, visit in enumerate(visits) for item in visit]
        write_csv(events, ["session_id", "item_id"], seen)
        files = [events]
        if items is not None:
            write_csv(table, list(items[0]), [list(item.values()) for item in items])
            files.append(table)
        flags = [word for option in options.items() for word in as_flag(*option)]
        if command_line("train", *files, "-o", model, "-q", *flags)[0]:
            return "refused by the command"
        first = str(seen[0][1])
        must = [
            ["info", model, "--json"],
            ["info", model],
            ["recommend", model, "-o", place / "all.parquet", "-k", 2, "--names"],
            ["export", model, "-o", place / "v.parquet", "--format", "parquet"],
            ["export", model, "-o", place / "v.txt", "--format", "word2vec"],
        ]
        may = [
            ["similar", model, "--id", first, "-k", 2],
            ["complements", model, "--id", first, "--json"],
            ["similar", model, "--name", "a drum", "--category", "Toys"],
            ["encode", model, files[-1], "-o", place / "encoded.parquet"],
            ["evaluate", *files, "--split", "last", "-q", *flags],
        ]
        if VIZ:
            may += [["clusters", model], ["map", model, "-o", place / "map.parquet", "-q"]]
        for words in must:
            code, _, err = command_line(*words)
            assert code == 0, (words, err)
        for words in may:
            command_line(*words)
        return "commands"


def write_csv(path: Path, header: list[str], rows: list[Any]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def as_flag(name: str, value: Any) -> list[str]:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    return [f"--{flag}={value}"]
