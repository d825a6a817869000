"""Bad input of every kind through the command line: one line that names it, nothing left behind.

The table of the project. What reading data and loading models refuse in detail is in
tables/test_bad_inputs.py and storage/test_damaged_models.py.
"""

from __future__ import annotations

import gzip
import json
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import likewise as lw
from helpers import damage
from helpers.bad_places import EVENTS, ITEMS, Place, cut, many_events, occupied, two_formats
from helpers.cli_helpers import QUICK, files_below, run

Capture = pytest.CaptureFixture[str]
Arguments = list[Any]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    catalogue = lw.Catalogue.read(ITEMS)
    sessions = lw.Sessions.read(EVENTS, catalogue)
    made = {}
    for name, content in (("model", True), ("ids", False)):
        model = lw.train(sessions, catalogue, dim=4, epochs=1, threads=1, content=content)
        made[name] = model.save(folder / name)
    return made


@pytest.fixture
def place(tmp_path: Path, models: dict[str, Path]) -> Place:
    model = Path(shutil.copytree(models["model"], tmp_path / "model"))
    shutil.copytree(models["ids"], tmp_path / "ids")
    place = Place(tmp_path, tmp_path / "events.parquet", tmp_path / "items.parquet", model)
    place.parquet(EVENTS, "events.parquet")
    place.parquet(ITEMS, "items.parquet")
    return place


def train(
    p: Place, *more: Any, events: Any = None, items: Any = None, out: Any = None
) -> Arguments:
    return ["train", events or p.events, items or p.items, "-o", out or p.out, *QUICK, *more]


def encode(p: Place, *more: Any, out: Any = None) -> Arguments:
    return ["encode", p.model, p.items, "-o", out or p.folder / "out.parquet", *more]


def damaged(p: Place, how: damage.Damage, *words: Any) -> Arguments:
    how(p.model)
    return list(words) or ["info", p.model]


def future(folder: Path) -> None:
    path = folder / damage.JSON
    path.write_text(json.dumps({**json.loads(path.read_text()), "format_version": 9}))


def swapped(folder: Path) -> None:
    (folder / damage.VECTORS).rename(folder / "aside")
    (folder / damage.WEIGHTS).rename(folder / damage.VECTORS)
    (folder / "aside").rename(folder / damage.WEIGHTS)


CSV = "session_id,item_id,timestamp\n"
MISSING = Path("nowhere") / "events.parquet"

# What it is, what is typed, the exit code, and parts of the one line that is said.
TABLE: list[tuple[str, Callable[[Place], Arguments], int, tuple[str, ...]]] = [
    # --- files
    ("events missing", lambda p: train(p, events=MISSING), 1, ("events.parquet", "no file")),
    ("catalogue missing", lambda p: train(p, items=MISSING), 1, ("catalogue", "no file")),
    ("glob of nothing", lambda p: train(p, events=p.folder / "*.csv"), 1, ("no file matches",)),
    ("a folder", lambda p: train(p, events=p.folder), 1, ("is a directory", "glob")),
    ("empty file", lambda p: train(p, events=p.file("", "e.csv")), 1, ("e.csv is empty",)),
    ("cut short", lambda p: train(p, events=cut(p.events)), 1, ("events.parquet as Parquet",)),
    (
        "no Parquet at all",
        lambda p: train(p, events=p.file("hello, this is text", "e.parquet")),
        1, ("e.parquet as Parquet",),
    ),
    ("unknown kind", lambda p: train(p, events=p.file("x", "e.xlsx")), 1, ("must end in",)),
    ("two kinds", lambda p: train(p, events=two_formats(p)), 1, ("one format",)),
    ("remote", lambda p: train(p, events="s3://bucket/e.parquet"), 1, ("local path",)),
    (
        "cut gzip",
        lambda p: train(
            p, events=p.file(gzip.compress((CSV + "s,a,1\n" * 99_999).encode())[:-200], "e.csv.gz")
        ),
        1, ("e.csv.gz",),
    ),
    (
        "broken JSON lines",
        lambda p: train(p, events=p.file('{"session_id": 1, "item_', "e.jsonl")),
        1, ("e.jsonl", "JSON lines"),
    ),
    (
        "invalid UTF-8",
        lambda p: train(p, items=p.file(b"item_id,name\na,b\xff\xfe ball\n", "i.csv")),
        1, ("i.csv",),
    ),
    # --- tables
    (
        "wrong column of events",
        lambda p: train(p, events=p.parquet({"session_id": [1], "product": ["a"]})),
        1, ("no column 'item_id' (--item-id-column)", "session_id, product"),
    ),
    (
        "wrong columns of items",
        lambda p: train(p, items=p.parquet({"item_id": ["a"], "title": ["x"]})),
        1, ("neither a column 'category' (--category-column) nor 'name' (--name-column)",),
    ),
    (
        "one column for two",
        lambda p: train(p, "--name-column", "item_id"),
        1, ("columns must differ",),
    ),
    (
        "fractional ids",
        lambda p: train(p, items=p.parquet({"item_id": [1.5, 2.0], "name": ["x", "y"]})),
        1, ("'item_id'", "1.5"),
    ),
    (
        "lists for names",
        lambda p: train(p, items=p.parquet({**ITEMS, "name": [["a"], ["b"], ["c"], ["d"]]})),
        1, ("'name'", "list"),
    ),
    (
        "times that are none",
        lambda p: train(p, events=p.parquet({**EVENTS, "timestamp": [True] * 6})),
        1, ("'timestamp'", "bool"),
    ),
    (
        "null ids",
        lambda p: train(p, items=p.parquet({**ITEMS, "item_id": pa.nulls(4, pa.string())})),
        1, ("'item_id'", "null"),
    ),
    (
        "empty catalogue",
        lambda p: train(p, items=p.parquet({k: pa.array([], pa.string()) for k in ITEMS})),
        1, ("has no rows",),
    ),
    ("events of a header", lambda p: train(p, events=p.file(CSV, "e.csv")), 1, ("no rows",)),
    (
        "nothing known",
        lambda p: train(p, events=p.parquet({**EVENTS, "item_id": list("uvwxyz")})),
        1, ("bad.parquet has no usable event", "6 an item that is not in the catalogue"),
    ),
    (
        "visits of one event",
        lambda p: train(p, events=p.parquet({**EVENTS, "session_id": list("uvwxyz")})),
        1, ("sessions must hold at least one session of two events",),
    ),
    (
        "nothing to hold out",
        lambda p: [
            "evaluate",
            p.parquet({"session_id": ["s", "s"], "item_id": ["a", "b"], "timestamp": [1, 2]}),
            p.items,
        ],
        1, ("hold out",),
    ),
    # --- options
    ("no dimensions", lambda p: train(p, "--dim", 0), 2, ("--dim must be between 1 and 4096",)),
    ("too many epochs", lambda p: train(p, "--epochs", 10**30), 2, ("--epochs",)),
    ("no step", lambda p: train(p, "--learning-rate", "nan"), 2, ("--learning-rate must be",)),
    ("a word for a number", lambda p: train(p, "--window", "wide"), 2, ("--window", "'wide'")),
    ("n-grams reversed", lambda p: train(p, "--min-n", 7), 2, ("--min-n must be at most max_n",)),
    ("all dropped", lambda p: train(p, "--id-dropout", 1), 2, ("--id-dropout must be",)),
    ("fewer than no threads", lambda p: train(p, "--threads", -1), 2, ("--threads must be",)),
    ("nothing of items", lambda p: train(p, "--no-content", "--no-own-row"), 2, ("--own-row",)),
    ("no context", lambda p: train(p, "--context", "none"), 2, ("--context", "'none'")),
    ("a negative gap", lambda p: train(p, "--gap", "-5"), 2, ("--gap", "-5")),
    ("unknown option", lambda p: train(p, "--dimension", 5), 2, ("--dimension",)),
    ("no length", lambda p: train(p, "--min-length", 0), 2, ("--min-length",)),
    ("memory of a kind", lambda p: train(p, "--memory-limit", "lots"), 1, ("'lots'",)),
    (
        "more than the machine has",
        lambda p: train(p, "--dim", 4096, "--buckets", 1 << 30),
        1, ("GB", "dim or buckets"),
    ),
    (
        "steps to infinity",
        lambda p: train(p, "--learning-rate", 1e37, events=p.parquet(many_events())),
        1, ("epoch", "learning rate"),
    ),
    # --- output
    ("no such folder", lambda p: train(p, out=p.out / "x"), 1, ("cannot save", "does not exist")),
    ("a file in the way", lambda p: train(p, out=p.events), 1, ("it is a file",)),
    ("a folder of photos", lambda p: train(p, out=occupied(p)), 1, ("something other than",)),
    ("nowhere to write", lambda p: train(p, out="/proc/model"), 1, ("cannot save /proc/model",)),
    ("below a file", lambda p: train(p, out=p.events / "model"), 1, ("does not exist",)),
    ("vectors nowhere", lambda p: encode(p, out="/proc/v.parquet"), 1, ("cannot write /proc/v",)),
    ("vectors as a folder", lambda p: encode(p, out=occupied(p)), 1, ("must end in .parquet",)),
    ("vectors as text", lambda p: encode(p, out=p.folder / "v.csv"), 1, ("must end in .parquet",)),
    ("vectors below a file", lambda p: encode(p, out=p.items / "v.pq"), 1, ("does not exist",)),
    ("a demonstration on photos", lambda p: ["demo", "-o", occupied(p)], 1, ("another --output",)),
    ("a demonstration nowhere", lambda p: ["demo", "-o", "/proc/demo"], 1, ("/proc/demo",)),
    # --- models
    ("no model", lambda p: ["info", p.folder / "none"], 1, ("none does not exist",)),
    ("a file for a model", lambda p: ["info", p.events], 1, ("is not a folder",)),
    ("a folder without one", lambda p: ["info", p.folder], 1, ("model.json is missing",)),
    ("no vectors", lambda p: damaged(p, damage.remove(damage.VECTORS)), 1, ("vectors.safe",)),
    ("no weights", lambda p: damaged(p, damage.remove(damage.WEIGHTS)), 1, ("weights.safe",)),
    ("no items", lambda p: damaged(p, damage.remove(damage.CATALOGUE)), 1, ("catalogue.par",)),
    (
        "cut vectors",
        lambda p: damaged(p, damage.truncate(damage.VECTORS, 0.5), "similar", p.model, "--id", "a"),
        1, ("vectors.safetensors is damaged", "bytes expected"),
    ),
    (
        "a flipped bit",
        lambda p: damaged(p, damage.flip(damage.WEIGHTS, 0.9), *encode(p)),
        1, ("weights.safetensors is damaged", "checksum"),
    ),
    ("a flipped item", lambda p: damaged(p, damage.flip(damage.CATALOGUE, 0.3)), 1, ("catalogue",)),
    ("swapped files", lambda p: damaged(p, swapped), 1, ("is damaged",)),
    (
        "half a description",
        lambda p: damaged(p, damage.truncate(damage.JSON, 0.5)),
        1, ("model.json is damaged: not JSON",),
    ),
    (
        "no text",
        lambda p: damaged(p, damage.replace(damage.JSON, b'{"\xff": 1}')),
        1, ("model.json is damaged: not UTF-8",),
    ),
    ("of the future", lambda p: damaged(p, future), 1, ("format version 9", "reads up to 3")),
    # --- questions
    ("unknown id", lambda p: ["similar", p.model, "--id", "e"], 1, ("'e' is not among",)),
    ("no question", lambda p: ["similar", p.model], 2, ("ask by --id",)),
    ("two questions", lambda p: ["similar", p.model, "--id", "a", "--name", "b"], 2, ("ask by",)),
    ("no answers", lambda p: ["similar", p.model, "--id", "a", "-k", 0], 2, ("-k",)),
    (
        "text for ids alone",
        lambda p: ["similar", p.folder / "ids", "--name", "ball"],
        1, ("content=False",),
    ),
]  # fmt: skip


def check_one_line(ran: Any, code: int, parts: tuple[str, ...]) -> None:
    assert ran.code == code, ran
    lines = ran.err.splitlines()
    assert len(lines) == 1, ran.err
    assert lines[0].startswith("Error: ")
    assert len(lines[0]) < 600
    for part in parts:
        assert part in lines[0], lines[0]


@pytest.mark.parametrize(
    ("arguments", "code", "parts"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_bad_input_is_one_line_and_leaves_nothing(
    arguments: Callable[[Place], Arguments],
    code: int,
    parts: tuple[str, ...],
    place: Place,
    capfd: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(place.folder)
    words = arguments(place)
    before = files_below(place.folder)
    check_one_line(run(capfd, *words), code, parts)
    assert files_below(place.folder) == before


def test_the_table_is_long_enough() -> None:
    names = [row[0] for row in TABLE]
    assert len(set(names)) == len(names) >= 30


# --- full disk ------------------------------------------------------------------------------------

LIMIT = 2_000  # bytes of a file, less than any of the outputs has


@pytest.mark.parametrize("verb", ["train", "train over a model", "encode", "demo"])
def test_a_full_disk_leaves_what_was_there(verb: str, place: Place, capfd: Capture) -> None:
    words = {
        "train": train(place, "--dim", "256"),
        "train over a model": train(place, "--dim", "256", out=place.model),
        "encode": [*encode(place), "--own-rows"],
        "demo": ["demo", "-o", place.out, "--items", "200", "--sessions", "1000", "--quiet"],
    }[verb]
    if verb == "encode":  # enough items for the file to be larger than the limit
        ids = [str(number) for number in range(1000)]
        place.parquet({"item_id": ids, "name": [f"ball {item_id}" for item_id in ids]},
                      "items.parquet")  # fmt: skip
    before = {name: content(place.folder / name) for name in files_below(place.folder)}
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, allowed[1]))
    try:
        ran = run(capfd, *words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
    check_one_line(ran, 1, ("File too large",))
    assert {name: content(place.folder / name) for name in files_below(place.folder)} == before


def content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def test_an_unknown_kernel_set_is_told(
    place: Place, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIKEWISE_KERNELS", "abacus")
    ran = run(capfd, *train(place))
    check_one_line(ran, 1, ("LIKEWISE_KERNELS must be one of", "abacus"))


# --- the same through the API ---------------------------------------------------------------------


def sessions() -> lw.Sessions:
    return lw.Sessions.read(EVENTS, lw.Catalogue.read(ITEMS))


API: list[tuple[str, Callable[[lw.Model], object], type[Exception], str]] = [
    ("no such option", lambda m: lw.train(sessions(), dims=3), ValueError, "'dims'"),
    ("options of another type", lambda m: lw.train(sessions(), options={}), TypeError, "options"),  # type: ignore[arg-type]
    ("a float of dimensions", lambda m: lw.Options(dim=1.5), TypeError, "dim"),  # type: ignore[arg-type]
    ("a word of threads", lambda m: lw.Options(threads="two"), TypeError, "threads"),  # type: ignore[arg-type]
    ("no steps", lambda m: lw.Options(learning_rate=0), ValueError, "learning_rate"),
    ("no catalogue", lambda m: lw.Catalogue.read(7), lw.InputError, "got int"),
    ("one-shot sequences", lambda m: lw.Sessions.read(iter([["a"]])), lw.InputError, "list"),
    ("sessions of nothing", lambda m: lw.train([]), lw.InputError, "no rows"),
    ("another catalogue", lambda m: lw.train(sessions(), ITEMS | {"item_id": list("wxyz")}),
     lw.InputError, "'a' is missing"),
    ("no question", lambda m: m.similar(), ValueError, "none of them"),
    ("two questions", lambda m: m.similar("a", name="b"), ValueError, "2 of them"),
    ("a short vector", lambda m: m.similar(vector=[1.0, 2.0]), ValueError, "(n, 4)"),
    ("no answers", lambda m: m.similar("a", k=0), ValueError, "k must be"),
    ("unknown id", lambda m: m.similar("aa"), lw.UnknownItemError, "'aa'"),
    ("another side", lambda m: m.encode(ITEMS, side="left"), ValueError, "side"),
    ("no model", lambda m: lw.load("no/model"), lw.StorageError, "does not exist"),
    ("no folder", lambda m: m.save("no/folder/model"), lw.StorageError, "does not exist"),
    ("another split", lambda m: lw.evaluate(sessions(), split="warm"), lw.InputError, "'warm'"),
    ("a shop of one", lambda m: lw.simulate(1), lw.InputError, "n_items"),
    ("languages", lambda m: lw.simulate(languages=["xx"]), lw.InputError, "'xx'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "kind", "part"), [row[1:] for row in API], ids=[row[0] for row in API]
)
def test_bad_calls_say_what_is_wrong(
    call: Callable[[lw.Model], object], kind: type[Exception], part: str, models: dict[str, Path]
) -> None:
    with pytest.raises(kind) as caught:
        call(lw.load(models["model"]))
    message = str(caught.value)
    assert part in message
    assert "\n" not in message
