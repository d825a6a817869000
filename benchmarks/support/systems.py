"""The systems that versus.py compares: each trains on a prepared corpus, in a process of its own.

`likewise-direct` is our own direct method: n-gram rows take part in every block (``stretch=1``);
`likewise-new` has content alone (``own_row=False``), every item as if it were new.
A system returns how long it took, what memory it took, and vectors of all items. Everything that a
system reads comes from the folder that support.corpora.prepare made.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .machine import core_time, forget_peak, peak

NGRAMS = {"min_n": 3, "max_n": 6}
BUCKETS = 2_000_000  # gensim's and fastText's default

# A setting is what one run is asked for: dim, window, negatives, noise_exponent, epochs, threads,
# seed, share (of the sessions), options (of likewise alone).
Setting = dict[str, Any]


@dataclass
class Trained:
    """What a system gives back: vectors of all items, or a model of ours.

    seconds: of the training loop alone, set-up excluded. setup_seconds: of what the same call does
    before and after it; for peers, of building the vocabulary.
    """

    seconds: float
    setup_seconds: float
    center: Any = None
    context: Any = None
    highest: int = 0  # bytes at most until training ended, where known better than by `peak`
    notes: dict[str, Any] = field(default_factory=dict)
    ended: float = field(default_factory=time.time)  # before vectors were fetched for scoring
    model: Any = None  # of ours, in place of vectors


@dataclass(frozen=True)
class System:
    """A system by name: what it compares in, how it runs, why it may be missing."""

    name: str
    compares: str  # "identity" or "content"
    run: Callable[[Path, Path, Setting], Trained]
    missing: Callable[[], str]  # why it cannot run here, or nothing
    ours: bool = False


def _have(package: str, hint: str) -> Callable[[], str]:
    return lambda: (
        "" if importlib.util.find_spec(package) else f"{package} is not installed ({hint})"
    )


# ---- likewise


def _likewise(content: bool, **always: Any) -> Callable[[Path, Path, Setting], Trained]:
    def run(folder: Path, split: Path, setting: Setting) -> Trained:
        import likewise as lw

        catalogue = lw.Catalogue.read(folder / "products.parquet")
        sessions = lw.Sessions.read(split / "events.parquet", catalogue, collapse_repeats=False)
        if setting["share"] < 1:
            sessions = _part(sessions, setting["share"], setting["seed"])
        options = lw.Options(
            **{
                "content": content,
                **{name: setting[name] for name in ("dim", "window", "negatives")},
                **{name: setting[name] for name in ("noise_exponent", "epochs", "threads", "seed")},
                **(NGRAMS if content else {}),
                **setting["options"],
                **always,
            }
        )
        reading = peak()
        forget_peak()
        start = time.perf_counter()
        with core_time() as inside:
            model = lw.train(sessions, catalogue, options)
        whole = time.perf_counter() - start
        return Trained(
            seconds=inside[0],
            setup_seconds=whole - inside[0],
            model=model,
            highest=max(reading, peak()),
            notes={
                "reading_peak_bytes": reading,
                "events": sessions.n_events,
                "pairs": model.history[-1]["pairs_done"],
                "buckets": 0 if model.recipe is None else model.recipe.buckets,
            },
        )

    return run


def _part(sessions: Any, share: float, seed: int) -> Any:
    """A share of the sessions, chosen at random."""
    from likewise import Sessions

    lengths = np.diff(sessions.offsets)
    keep = np.random.default_rng(seed).random(len(lengths)) < share
    offsets = np.concatenate([[0], np.cumsum(lengths[keep])])
    return Sessions.from_arrays(
        sessions.items[np.repeat(keep, lengths)], offsets, sessions.catalogue
    )


# ---- gensim


def gensim_sizes(setting: Setting) -> dict[str, Any]:
    """Return gensim's arguments of a setting."""
    return {
        "vector_size": setting["dim"],
        "window": setting["window"],
        "negative": setting["negatives"],
        "ns_exponent": setting["noise_exponent"],
        "epochs": setting["epochs"],
        "workers": setting["threads"],
        "seed": setting["seed"],
        "sg": 1,
        "hs": 0,
        "sample": 0,
        "min_count": 1,
    }


def gensim_train(model: Any, corpus: Path) -> tuple[float, float]:
    """Train on a file of sessions; return the seconds of training and of the vocabulary."""
    start = time.perf_counter()
    model.build_vocab(corpus_file=str(corpus))
    ready = time.perf_counter()
    model.train(
        corpus_file=str(corpus),
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
        epochs=model.epochs,
    )
    return time.perf_counter() - ready, ready - start


def _word2vec(folder: Path, split: Path, setting: Setting) -> Trained:
    from gensim.models import Word2Vec

    forget_peak()
    model = Word2Vec(**gensim_sizes(setting))
    seconds, setup = gensim_train(model, split / "positions.txt")
    n_items = len(json.loads((folder / "slugs.json").read_text(encoding="utf-8")))
    known = np.array([int(word) for word in model.wv.index_to_key])
    return Trained(
        seconds,
        setup,
        _rows(n_items, known, model.wv.vectors),
        _rows(n_items, known, model.syn1neg),
    )


def _gensim_fasttext(folder: Path, split: Path, setting: Setting) -> Trained:
    from gensim.models import FastText

    words = json.loads((folder / "slugs.json").read_text(encoding="utf-8"))
    forget_peak()
    model = FastText(**gensim_sizes(setting), **NGRAMS, bucket=BUCKETS)
    seconds, setup = gensim_train(model, split / "slugs.txt")
    highest, ended = peak(), time.time()
    center = np.array([model.wv[word] for word in words], np.float32)
    known = {word: i for i, word in enumerate(model.wv.index_to_key)}
    rows = np.array([known.get(word, -1) for word in words])
    context = np.zeros_like(center)
    context[rows >= 0] = model.syn1neg[rows[rows >= 0]]
    return Trained(seconds, setup, center, context, highest=highest, ended=ended)


def _rows(n_items: int, known: Any, vectors: Any) -> Any:
    table = np.zeros((n_items, vectors.shape[1]), np.float32)
    table[known] = vectors
    return table


# ---- fastText: its own program on PATH, or its Python package


def _no_fasttext() -> str:
    if shutil.which("fasttext") or importlib.util.find_spec("fasttext"):
        return ""
    return "neither a program `fasttext` on PATH nor a package (pip install fasttext)"


def _fasttext(folder: Path, split: Path, setting: Setting) -> Trained:
    """Train skip-gram; its own meter (words/sec/thread) tells the time without the dictionary.

    fastText counts the end of each line as a word, so its meter is brought to events. Its noise
    exponent is fixed at 0.5.
    """
    words = json.loads((folder / "slugs.json").read_text(encoding="utf-8"))
    content = setting["compare"] == "content"
    corpus = split / ("slugs.txt" if content else "positions.txt")
    tokens = [*words] if content else [str(i) for i in range(len(words))]
    sizes = {
        "dim": setting["dim"],
        "ws": setting["window"],
        "neg": setting["negatives"],
        "epoch": setting["epochs"],
        "minCount": 1,
        "lr": 0.05,
        "t": 1.0,
        "thread": setting["threads"],
        "minn": NGRAMS["min_n"] if content else 0,
        "maxn": NGRAMS["max_n"] if content else 0,
        "bucket": BUCKETS if content else 1,
    }
    program = shutil.which("fasttext")
    ran = _fasttext_program if program else _fasttext_package
    forget_peak()
    start = time.time()
    center, said, highest, ended = ran(program or "", corpus, sizes, tokens)
    whole = ended - start
    speeds = re.findall(r"words/sec/thread:\s*(\d+)", said)
    with corpus.open("rb") as file:
        lines = sum(1 for _ in file)
    counted = (setting["corpus_events"] + lines) * setting["epochs"]
    seconds = counted / (float(speeds[-1]) * setting["threads"]) if speeds else whole
    notes = {"of": "program" if program else "Python package", "metered": bool(speeds)}
    return Trained(
        seconds, max(0.0, whole - seconds), center, highest=highest, notes=notes, ended=ended
    )


def _fasttext_program(
    program: str, corpus: Path, sizes: dict[str, Any], tokens: list[str]
) -> tuple[Any, str, int, float]:
    import resource

    with tempfile.TemporaryDirectory() as place:
        model = f"{place}/model"
        flags = [text for name, value in sizes.items() for text in (f"-{name}", str(value))]
        command = [program, "skipgram", "-input", str(corpus), "-output", model, *flags]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        ended = time.time()
        highest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        asked = subprocess.run(
            [program, "print-word-vectors", f"{model}.bin"],
            input="\n".join(tokens) + "\n",
            capture_output=True,
            text=True,
            check=True,
        )
    lines = asked.stdout.splitlines()
    rows = [np.array(line.split()[-sizes["dim"] :], np.float32) for line in lines]
    return np.array(rows), ran.stdout + ran.stderr, highest, ended


def _fasttext_package(
    _: str, corpus: Path, sizes: dict[str, Any], tokens: list[str]
) -> tuple[Any, str, int, float]:
    import fasttext

    with tempfile.TemporaryFile() as said, _errors_to(said.fileno()):
        model = fasttext.train_unsupervised(str(corpus), model="skipgram", verbose=2, **sizes)
        highest, ended = peak(), time.time()
        said.seek(0)
        text = said.read().decode(errors="replace")
    vectors = np.array([model.get_word_vector(token) for token in tokens], np.float32)
    return vectors, text, highest, ended


@contextlib.contextmanager
def _errors_to(target: int) -> Any:
    """Send standard error of this process, C++ included, to another file for a while."""
    sys.stderr.flush()
    kept = os.dup(2)
    os.dup2(target, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


# ---- Spark ML: hierarchical softmax, no negative sampling; speed for orientation


def _spark(folder: Path, split: Path, setting: Setting) -> Trained:
    from pyspark.ml.feature import Word2Vec
    from pyspark.sql import SparkSession, functions

    master = f"local[{setting['threads']}]"
    spark = SparkSession.builder.master(master).config("spark.driver.memory", "8g").getOrCreate()
    lines = spark.read.text(str(split / "positions.txt"))
    rows = lines.select(functions.split("value", " ").alias("items")).cache()
    rows.count()
    estimator = Word2Vec(
        vectorSize=setting["dim"],
        windowSize=setting["window"],
        maxIter=setting["epochs"],
        numPartitions=setting["threads"],
        minCount=1,
        seed=setting["seed"],
        inputCol="items",
        outputCol="vector",
    )
    start = time.perf_counter()
    found = estimator.fit(rows).getVectors().collect()
    seconds = time.perf_counter() - start
    n_items = len(json.loads((folder / "slugs.json").read_text(encoding="utf-8")))
    known = np.array([int(row["word"]) for row in found])
    vectors = np.array([row["vector"].toArray() for row in found], np.float32)
    spark.stop()
    return Trained(seconds, 0.0, _rows(n_items, known, vectors), notes={"memory": "not measured"})


def _nothing() -> str:
    return ""


SYSTEMS = {
    system.name: system
    for system in (
        System("gensim-word2vec", "identity", _word2vec, _have("gensim", "pip install '.[bench]'")),
        System("fasttext-words", "identity", _fasttext, _no_fasttext),
        System("spark", "identity", _spark, _have("pyspark", "pip install pyspark, needs Java")),
        System("likewise", "identity", _likewise(False), _nothing, ours=True),
        System("gensim-fasttext", "content", _gensim_fasttext, _have("gensim", "'.[bench]'")),
        System("fasttext", "content", _fasttext, _no_fasttext),
        System("likewise-direct", "content", _likewise(True, stretch=1), _nothing, ours=True),
        System("likewise-content", "content", _likewise(True), _nothing, ours=True),
        System("likewise-new", "content", _likewise(True, own_row=False), _nothing, ours=True),
    )
}
