"""The jobs that job.py measures, each in a process of its own: files in, a file of neighbours out.

Ours is measured with whatever likewise the process has, so nothing here may need its newest parts.
The peers' jobs are gensim's Word2Vec or FastText and faiss-cpu's exact index of inner products.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from .machine import peak, skip_rebuild
from .stages import Stages
from .systems import BUCKETS, NGRAMS, gensim_sizes, gensim_train

K = 20
TRUTH = 2000  # queries whose lists are compared with float64's

Task = dict[str, Any]


def work(task: Task) -> dict[str, Any]:
    """Run one job: called in a process of its own by job.py."""
    skip_rebuild()
    stages = Stages(task["began"])
    notes = JOBS[task["job"]](task, stages)
    highest = notes.pop("peak_bytes", 0) or peak()
    return {"stages": stages.records, "peak_bytes": highest, "notes": notes}


# ---- likewise in Python


def _ours(task: Task, stages: Stages) -> dict[str, Any]:
    import pyarrow.parquet as pq

    import likewise as lw
    import likewise._core as _core

    stages.started()
    with stages("reading"):
        catalogue = lw.Catalogue.read(task["products"])
        sessions = lw.Sessions.read(task["events"], catalogue)
    with stages("train call"), stages.inside(_core, "train", "loop"):
        model = lw.train(sessions, catalogue, **task["options"])
    notes = {"likewise": lw.__version__, "kernels": lw.kernels(), "events": sessions.n_events}
    if stages.seconds("loop") is None:
        stages.add("loop", model.history[-1]["seconds"], 0.0, "train call")
    if task["output"]:
        with (
            stages("neighbours"),
            stages.inside(lw.Model, "index", "vectors and index"),
            stages.inside(pq.ParquetWriter, "write_table", "writing"),
            stages.inside(pq.ParquetWriter, "close", "writing"),
        ):
            notes |= _lists(model, task)
    return notes


def _lists(model: Any, task: Task, **arguments: Any) -> dict[str, Any]:
    done = model.recommend_all(task["output"], K, side=task["side"], **arguments)
    names = ("queries", "rows", "full", "short", "empty", "coverage", "search", "recall")
    return {name: getattr(done, name) for name in names}


def _neighbours(task: Task, stages: Stages) -> dict[str, Any]:
    """Every neighbour of a catalogue by a model that is there."""
    import pyarrow.parquet as pq

    import likewise as lw

    stages.started()
    with stages("reading"):
        model = lw.load(task["model"])
        catalogue = lw.Catalogue.read(task["products"])
    with (
        stages("neighbours"),
        stages.inside(lw.Model, "index", "vectors and index"),
        stages.inside(pq.ParquetWriter, "write_table", "writing"),
        stages.inside(pq.ParquetWriter, "close", "writing"),
    ):
        notes = _lists(model, task, catalogue=catalogue, exact=task["exact"])
    return {"likewise": lw.__version__, "kernels": lw.kernels(), **notes}


def _first_answer(task: Task, stages: Stages) -> dict[str, Any]:
    import likewise as lw

    stages.started()
    with stages("load"):
        model = lw.load(task["model"])
    with stages("first answer"):
        model.similar(task["item"], k=K)
    with stages("second answer"):
        model.similar(task["item"], k=K)
    return {"likewise": lw.__version__, "kernels": lw.kernels()}


def _save_model(task: Task, stages: Stages) -> dict[str, Any]:
    """Train the model that later processes load."""
    import likewise as lw

    catalogue = lw.Catalogue.read(task["products"])
    sessions = lw.Sessions.read(task["events"], catalogue)
    lw.train(sessions, catalogue, **task["options"]).save(task["model"])
    at = int(np.argmax(sessions.counts))
    return {"item": str(catalogue.ids[at]), "events": sessions.n_events}


def _truth(task: Task, stages: Stages) -> dict[str, Any]:
    """Return the true recall of files of lists: the same vectors and queries in float64.

    As likewise's own recall counts: an answer is good when it scores no less than the true last.
    """
    import likewise as lw
    from likewise.score.blend import blend_of
    from likewise.score.evidence import evidence_in

    from .lists import positions_of, true_recall

    model, catalogue = lw.load(task["model"]), lw.Catalogue.read(task["products"])
    index = model.index(catalogue, exact=True)
    chosen = np.sort(np.random.default_rng(3).permutation(len(catalogue))[:TRUTH])
    rows = index.vectors_at(np.arange(len(catalogue)))
    asked = index.as_asked(chosen, rows[chosen])
    recalls = {}
    lists = {
        name: positions_of(Path(path), catalogue.ids, K)[chosen]
        for name, path in task["outputs"].items()
    }
    evidence = evidence_in(blend_of(model), index)  # in the way of recommend_all(catalogue=...)
    new, texts = np.full(len(chosen), -1), (catalogue.take(chosen), np.arange(len(chosen)))
    listed = None if evidence is None else evidence.of(new, rows[chosen], texts)
    found = true_recall(asked, rows, chosen, list(lists.values()), listed)
    for name, recall in zip(lists, found, strict=True):
        recalls[name] = recall
    return {"dim": int(rows.shape[1]), "queries": len(chosen), "recalls": recalls}


# ---- likewise on the command line


def _command(stages: Stages, stage: str, *words: str) -> int:
    """Run a command of likewise as a stage; return the most memory that it took."""
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "likewise", *words], stdout=subprocess.DEVNULL, stderr=said
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            lines = said.read().strip().splitlines() or [f"ended with {process.returncode}"]
            raise RuntimeError(f"likewise {words[0]}: {lines[-1]}")
    stages.add(stage, seconds, usage.ru_utime + usage.ru_stime)
    return int(usage.ru_maxrss) * (1 if sys.platform == "darwin" else 1024)


def _ours_command(task: Task, stages: Stages) -> dict[str, Any]:
    options = [
        text
        for name, value in task["options"].items()
        for text in (
            (f"--{name}" if value else f"--no-{name}",)
            if isinstance(value, bool)
            else (f"--{name.replace('_', '-')}", str(value))
        )
    ]
    with tempfile.TemporaryDirectory() as place:
        model = f"{place}/model"
        events, products = task["events"], task["products"]
        highest = _command(
            stages, "train command", "train", events, products, "-o", model, "--quiet", *options
        )
        if task["output"]:
            words = ["-o", task["output"], "-k", str(K), "--side", task["side"], "--quiet"]
            highest = max(
                highest, _command(stages, "recommend command", "recommend", model, *words)
            )
    return {"peak_bytes": highest, "whole": "commands"}


def _first_answer_command(task: Task, stages: Stages) -> dict[str, Any]:
    words = [task["model"], "--id", task["item"], "-k", str(K)]
    highest = _command(stages, "similar command", "similar", *words)
    return {"peak_bytes": highest, "whole": "commands"}


# ---- gensim and faiss


def _gensim(task: Task, stages: Stages) -> dict[str, Any]:
    """Train on the file of sessions, compare every item with every other, write the same table."""
    import faiss
    import gensim
    import pyarrow as pa
    import pyarrow.parquet as pq
    from gensim.models import FastText, Word2Vec

    stages.started()
    content = task["compare"] == "content"
    with stages("reading"):  # what the tokens of the corpus stand for
        ids = pq.read_table(task["products"], columns=["item_id"])["item_id"].combine_chunks()
        words = json.loads(Path(task["slugs"]).read_text(encoding="utf-8")) if content else None
    kind = FastText if content else Word2Vec
    more = {**NGRAMS, "bucket": BUCKETS} if content else {}
    with (
        stages("train call"),
        stages.inside(kind, "build_vocab", "vocabulary"),
        stages.inside(kind, "train", "loop"),
    ):
        model = kind(**gensim_sizes(task["setting"]), **more)
        gensim_train(model, Path(task["corpus"]))
    notes = {"gensim": gensim.__version__, "faiss": faiss.__version__}
    if not task["output"]:
        return notes
    with stages("neighbours"):
        if words is None:
            at = np.array([int(word) for word in model.wv.index_to_key])
            vectors = model.wv.vectors
        else:  # items that were never seen have vectors, too: those of their n-grams
            at = np.arange(len(words))
            vectors = np.array([model.wv[word] for word in words], np.float32)
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        faiss.omp_set_num_threads(task["threads"])
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        scores, found = index.search(vectors, K + 1)
        others = found != np.arange(len(found))[:, None]
        others[others.all(axis=1), -1] = False  # pushed out by equal ones
    with stages("writing"):
        rows = np.repeat(at, K)
        table = pa.table(
            {
                "item_id": ids.take(pa.array(rows)),
                "rank": np.tile(np.arange(1, K + 1, dtype=np.int32), len(at)),
                "neighbor_id": ids.take(pa.array(at[found[others]])),
                "score": scores[others],
            }
        )
        pq.write_table(table, task["output"], compression="zstd")
    return {**notes, "queries": len(at), "rows": len(table), "search": "exact"}


JOBS = {
    "ours": _ours,
    "ours-command": _ours_command,
    "gensim": _gensim,
    "neighbours": _neighbours,
    "first-answer": _first_answer,
    "first-answer-command": _first_answer_command,
    "save-model": _save_model,
    "truth": _truth,
}
