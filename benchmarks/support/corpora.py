"""The corpora of the benchmarks: what they are, and the files that all systems read.

`prepare` makes a folder with `products.parquet` and, for each split, `events.parquet` (read by
likewise), `positions.txt` and `slugs.txt` (a session a line: what gensim and fastText read) and
`pairs.npz` (what is asked afterwards). Systems train on the training part of a split, so that the
quality is that of the very run whose speed is told.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .machine import data_folder

LIMIT = 20000  # pairs that are scored, as likewise.evaluate samples them
FORMAT = 2  # of the prepared folders; older ones are made anew


@dataclass(frozen=True)
class Corpus:
    """A corpus by name, with its presets.

    events and items are sizes to simulate, or 0 for a real set. epochs and content_epochs: passes
    of the identity and of the content comparison when none are given.
    """

    name: str
    events: int = 0
    items: int = 0
    mean_length: float = 9.0  # of whole sessions; the training part of a split is shorter
    name_words: int = 0
    epochs: int = 1
    content_epochs: int = 1
    quality: bool = True

    @property
    def simulated(self) -> bool:
        return self.items > 0

    @property
    def label(self) -> str:
        if not self.simulated:
            return self.name
        return f"{self.name} ({self.events:,} events asked for, {self.items:,} items)"


CORPORA = {
    corpus.name: corpus
    for corpus in (
        Corpus("shop", events=10_400_000, items=100_000),
        Corpus("shop_long_names", events=1_000_000, items=50_000, mean_length=10.0, name_words=8),
        Corpus("amazon_beauty_toys", epochs=20, content_epochs=5),
        Corpus("amazon_office_industrial", epochs=20, content_epochs=5),
        Corpus("online_retail", epochs=20, content_epochs=5),
        Corpus("mtg_decks", epochs=1, content_epochs=1, quality=False),
    )
}


def sized(name: str, events: int | None, items: int | None, mean_length: float | None) -> Corpus:
    """Return the corpus of that name, in another size; real sets have the size they have."""
    corpus = CORPORA[name]
    if not corpus.simulated:
        return corpus
    changes: dict[str, Any] = {"events": events, "items": items, "mean_length": mean_length}
    return replace(corpus, **{key: value for key, value in changes.items() if value})


def simulated(corpus: Corpus, seed: int = 1) -> Any:
    """Return the simulated shop of a corpus: a likewise.simulate.Shop."""
    from likewise.simulation.shop import simulate

    return simulate(
        n_items=corpus.items,
        n_sessions=max(1, round(corpus.events / corpus.mean_length)),
        seed=seed,
        mean_length=corpus.mean_length,
        name_words=corpus.name_words,
    )


def real_files(name: str) -> tuple[Path, Path]:
    """Return events and products of a real set; FileNotFoundError says where they are wanted."""
    folder = data_folder()
    if folder is None or not (folder / name).is_dir():
        raise FileNotFoundError(
            f"{name} is not there; set LIKEWISE_DATA to the folder that has data/{name}"
        )
    return folder / name / "events.parquet", folder / name / "products.parquet"


def read_real(name: str, **arguments: Any) -> Any:
    """Return the likewise.Sessions of a real set; other arguments are those of Sessions.read."""
    import likewise as lw

    events, products = real_files(name)
    return lw.Sessions.read(events, lw.Catalogue.read(products), **arguments)


def sample(queries: Any, targets: Any, limit: int) -> tuple[Any, Any]:
    """Return as many pairs as that at most, the same ones each time."""
    if len(queries) <= limit:
        return queries, targets
    chosen = np.random.default_rng(0).choice(len(queries), limit, replace=False)
    return queries[chosen], targets[chosen]


def read_sessions(corpus: Corpus) -> Any:
    """Return the likewise.Sessions of a corpus with its catalogue."""
    import likewise as lw

    if not corpus.simulated:
        return read_real(corpus.name)
    shop = simulated(corpus)
    catalogue = lw.Catalogue.read(shop.catalogue)
    return lw.Sessions.read(
        pa.table(
            {
                "session_id": np.repeat(np.arange(len(shop.offsets) - 1), np.diff(shop.offsets)),
                "item_id": pc.take(catalogue.ids, pa.array(shop.items)),
            }
        ),
        catalogue,
    )


def slugs(catalogue: Any, of: str) -> list[str]:
    """Return one token an item, of its category and name or its name alone, for sub-word peers.

    Items of the same text share a token, as they would for anyone who feeds text to these peers.
    """
    made = []
    for item_id, category, name in zip(
        catalogue.ids.to_pylist(),
        catalogue.categories.to_pylist(),
        catalogue.names.to_pylist(),
        strict=True,
    ):
        parts = [category] if of == "category+name" and category else []
        parts += [name] if name else []
        text = re.sub(r"\s+", "_", "_".join(parts).replace(" > ", "_").strip()).lower()
        made.append(text or item_id)
    return made


def prepare(corpus: Corpus, splits: list[str], slug: str, work: Path) -> Path:
    """Make the files of a corpus once and return their folder; later calls find them."""
    import likewise as lw
    from likewise.evaluation.evaluation import cold_split, last_split

    size = f"-{corpus.events}-{corpus.items}-{corpus.mean_length:g}" if corpus.simulated else ""
    folder = work / f"{corpus.name}{size}-{slug.replace('+', '-')}"
    about = folder / "about.json"
    wanted = {"format": FORMAT, "corpus": asdict(corpus), "slug": slug}
    if about.exists():
        have = json.loads(about.read_text(encoding="utf-8"))
        if {key: have.get(key) for key in wanted} == wanted and set(splits) <= set(have["splits"]):
            return folder
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sessions = read_sessions(corpus)
    catalogue = sessions.catalogue
    pq.write_table(catalogue.table, folder / "products.parquet")
    words = pa.array(slugs(catalogue, slug))
    (folder / "slugs.json").write_text(json.dumps(words.to_pylist()), encoding="utf-8")
    facts: dict[str, Any] = {**wanted, "splits": {}, "items": len(catalogue)}
    facts["mean_slug_ngrams"] = float(
        np.mean([sum(max(0, len(w) + 3 - n) for n in range(3, 7)) for w in words.to_pylist()])
    )
    facts["mean_likewise_ngrams"] = _likewise_ngrams(catalogue)
    for split in splits:
        place = folder / split
        place.mkdir(exist_ok=True)
        if split == "last":
            last = last_split(sessions)
            train = last.train if corpus.quality else sessions
            pairs = {"warm": (last.queries, last.targets, None)}
        else:
            cold = cold_split(sessions)
            train = cold.train
            seen = np.bincount(train.items, minlength=len(catalogue)) > 0
            pairs = {
                "cold query": (cold.cold_queries, cold.warm_targets, seen),
                "cold target": (cold.warm_queries, cold.cold_targets, None),
            }
        _write_pairs(place / "pairs.npz", pairs if corpus.quality else {})
        _write_sessions(place, train, words)
        facts["splits"][split] = {
            "events": train.n_events,
            "sessions": len(train),
            "mean_length": train.n_events / max(1, len(train)),
            "items_seen": int((train.counts > 0).sum()),
        }
    facts["likewise"] = lw.__version__
    about.write_text(json.dumps(facts, indent=1), encoding="utf-8")
    return folder


def _likewise_ngrams(catalogue: Any) -> float:
    """Return n-grams that an item of the catalogue is made of in likewise: those of its name."""
    import likewise as lw
    from likewise.content.features import Kind

    features = lw.Features.encode(catalogue, lw.Recipe())
    if not features.n_items or not len(features.ngram_offsets):
        return 0.0
    lengths = np.diff(features.ngram_offsets)[features.item_tokens]
    return float(lengths[features.item_kinds == Kind.NAME_WORD].sum() / features.n_items)


def _write_pairs(path: Path, pairs: dict[str, tuple[Any, Any, Any]]) -> None:
    arrays = {}
    for kind, (queries, targets, allowed) in pairs.items():
        asked = sample(queries, targets, LIMIT)
        arrays[f"{kind}/queries"], arrays[f"{kind}/targets"] = asked
        if allowed is not None:
            arrays[f"{kind}/allowed"] = allowed
    np.savez(path, **arrays)


def _write_sessions(place: Path, train: Any, words: pa.Array) -> None:
    session = np.repeat(np.arange(len(train)), np.diff(train.offsets))
    items = pa.array(train.items)
    pq.write_table(
        pa.table(
            {
                "session_id": session,
                "item_id": pc.take(train.catalogue.ids, items),
                "timestamp": np.arange(train.n_events),
            }
        ),
        place / "events.parquet",
    )
    numbers = pc.cast(pa.array(np.arange(len(words))), pa.string())
    for name, texts in (("positions.txt", numbers), ("slugs.txt", words)):
        with (place / name).open("w", encoding="utf-8") as file:
            for begin in range(0, len(train), 100_000):
                part = train.offsets[begin : begin + 100_001]
                inside = train.items[part[0] : part[-1]]
                starts = pa.array(part - part[0], pa.int32())
                lists = pa.ListArray.from_arrays(starts, pc.take(texts, pa.array(inside)))
                file.writelines(f"{x}\n" for x in pc.binary_join(lists, " ").to_pylist())
