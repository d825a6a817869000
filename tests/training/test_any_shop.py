"""Shops at random, most of them with less than everything: what can be trained answers every verb.

LIKEWISE_DRAWS says how many are drawn.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import likewise as lw
from helpers.every_verb import OTHER, ask_commands, ask_everything, ask_for_pages


@dataclass(frozen=True)
class Shop:
    """A catalogue, or none, and sessions of some of its items and maybe of others."""

    items: list[dict[str, Any]] | None
    visits: list[list[Any]]
    kind: str  # how sessions are given
    options: dict[str, Any]
    beside: str  # what is asked for besides the verbs of the model


TEXTS: dict[str, st.SearchStrategy[Any]] = {
    "blank": st.sampled_from([None, "", " ", "-", "…"]),
    "letters": st.sampled_from(["a", "b", "ß", "1", "É", "犬"]),
    "emoji": st.sampled_from(["🎻", "🎺🥁", "👩‍👩‍👧", "❤️", "🇫🇷"]),
    "words": st.sampled_from(["red ball", "blue ball", "drum", "a drum of tin", "2x500ml", "ЁЖ"]),
    "any": st.none() | st.text(max_size=12),
}
PATHS: dict[str, st.SearchStrategy[Any]] = {
    "blank": st.sampled_from([None, "", " ", ">", " > > "]),
    "letters": st.sampled_from(["a", "b", "ß", "犬"]),
    "paths": st.sampled_from(["Toys", "Toys > Dogs", "Kitchen > Pans > Small", "🎻", "a"]),
    "any": st.none() | st.text("ab >🎻-", max_size=8),
}
#: Beside the verbs of a model; the first of them in most draws.
BESIDE = ["nothing"] * 24 + ["last", "cold", "transfer"] * 3 + ["clusters"] * 4
BESIDE += ["command line", "maps", *OTHER]


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
    kinds = ["sequences", "sequences", "events", "timed events"] + ["arrays"] * (items is not None)
    kind = draw(st.sampled_from(kinds))
    return Shop(items, visits, kind, draw(options()), draw(st.sampled_from(BESIDE)))


@st.composite
def options(draw: st.DrawFn) -> dict[str, Any]:
    min_n = draw(st.sampled_from([0, 1, 3]))
    content = draw(st.sampled_from([True, True, True, False]))
    return {
        "dim": draw(st.integers(1, 9)),
        "window": draw(st.sampled_from([5, 1, 40])),
        "negatives": draw(st.sampled_from([5, 1, 20])),
        "noise_exponent": draw(st.sampled_from([0.25, 0.0, -0.5, 1.0])),
        "epochs": draw(st.integers(1, 2)),
        "subsample": draw(st.sampled_from([0.0, 0.0, 0.01])),
        "threads": draw(st.sampled_from([1, 1, 1, 2])),
        "content": content,
        "own_row": not content or draw(st.sampled_from([True, True, False])),
        "id_dropout": draw(st.sampled_from([0.5, 0.0, 0.999])),
        "context": draw(st.sampled_from(["item", "content"])) if content else "item",
        "buckets": draw(st.sampled_from([0, 0, 1, 64])),
        "min_n": min_n,
        "max_n": min_n and draw(st.integers(min_n, 6)),
        "word_ngrams": draw(st.integers(1, 3)),
        "min_count": draw(st.sampled_from([1, 1, 2, 5, 1000])),
        "stretch": draw(st.sampled_from([0, 0, 1, 7])),
        "shared_negatives": draw(st.booleans()),
    }


def catalogue_of(items: list[dict[str, Any]] | None) -> lw.Catalogue | None:
    if items is None:
        return None
    if len(items[0]) == 1:
        return lw.Catalogue.from_ids([item["item_id"] for item in items])
    return lw.Catalogue.read(items)


def sessions_of(shop: Shop) -> lw.Sessions:
    catalogue = catalogue_of(shop.items)
    if shop.kind == "sequences":
        return lw.Sessions.read(shop.visits, catalogue)
    seen = [(n, item) for n, visit in enumerate(shop.visits) for item in visit]
    if shop.kind == "arrays":  # as they are: single events and repeats as well
        assert catalogue is not None
        known = [catalogue.positions(list(visit)) for visit in shop.visits]
        known = [at[at >= 0] for at in known]
        offsets = np.cumsum([0, *map(len, known)], dtype=np.int64)
        return lw.Sessions.from_arrays(np.concatenate(known), offsets, catalogue)
    table: dict[str, Any] = {"session_id": [n for n, _ in seen], "item_id": [i for _, i in seen]}
    if shop.kind == "timed events":
        table["timestamp"] = list(range(len(seen)))[::-1]
    return lw.Sessions.read(table, catalogue)


@settings(
    max_examples=int(os.environ.get("LIKEWISE_DRAWS", "40")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(shops())
def test_every_verb_of_whatever_could_be_trained(shop: Shop) -> None:
    began: list[Any] = []
    try:
        sessions = sessions_of(shop)
        model = lw.train(sessions, progress=began.append, **shop.options)
    except lw.InputError:
        assert not began
        event("refused before training")
        return
    event("trained")
    assert np.isfinite(model.center).all()
    assert np.isfinite(model.context).all()
    ask_everything(model)
    event(ask_beside(shop, sessions, model))


def ask_beside(shop: Shop, sessions: lw.Sessions, model: lw.Model) -> str:
    """Ask for what takes longer, in some draws; tell what it was."""
    if shop.beside == "command line":
        return ask_commands(shop.items, shop.visits, shop.options)
    if shop.beside in ("last", "cold", "transfer"):
        held = None
        if shop.beside == "transfer":
            held = np.arange(len(sessions.catalogue)) % 2 == 1
        with suppress(lw.InputError):  # there may be nothing to hold out, or nothing left
            found = lw.evaluate(
                sessions, options=lw.Options(**shop.options), split=shop.beside, k=3, share=0.3,
                held=held, samples=5,
            )  # fmt: skip
            assert str(found)
            return f"evaluated: {shop.beside}"
    elif shop.beside != "nothing":
        ask_for_pages(model, sessions, shop.beside)
    return shop.beside
