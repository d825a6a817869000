"""How files are read: the same options in Python and on the command line, with the same effect."""

from __future__ import annotations

import inspect
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest

import likewise as lw
from helpers.cli_helpers import QUICK, run
from likewise.commands.main import main

#: Arguments that are spelled otherwise on the command line: there, both tables are read at once.
COLUMNS = {"session_id": "session_id_column", "item_id": "item_id_column",
           "timestamp": "timestamp_column", "category": "category_column",
           "name": "name_column"}  # fmt: skip
#: Arguments of Python that commands take by other ways: time splits, and the training option.
ELSEWHERE = {"since", "until", "min_count"}
READ = {"sessions": lw.Sessions.read, "catalogue": lw.Catalogue.read}


def options_of(command: str) -> dict[str, click.Option]:
    found = main.commands[command].params
    return {p.name: p for p in found if isinstance(p, click.Option) and p.name is not None}


def keywords(read: Any) -> dict[str, Any]:
    found = inspect.signature(read).parameters.values()
    return {p.name: p.default for p in found if p.kind is inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize(
    ("command", "kinds"),
    [("train", ["sessions", "catalogue"]), ("evaluate", ["sessions", "catalogue"]),
     ("tune", ["sessions", "catalogue"]), ("report", ["sessions", "catalogue"]),
     ("recommend", ["catalogue"]), ("encode", ["catalogue"]), ("similar", ["catalogue"]),
     ("complements", ["catalogue"]), ("clusters", ["catalogue"])],
)  # fmt: skip
def test_one_spelling_and_one_default(command: str, kinds: list[str]) -> None:
    options = options_of(command)
    for kind in kinds:
        for name, default in keywords(READ[kind]).items():
            if name in ELSEWHERE:
                continue
            spelled = COLUMNS.get(name, name)
            assert spelled in options, f"{command} lacks {name}"
            option = options[spelled]
            assert option.opts[0] == "--" + spelled.replace("_", "-")
            given = option.default
            if name == "missing":  # may be given several times, and is nothing when it is not
                assert option.multiple
                continue
            assert (None if type(given).__name__ == "Sentinel" else given) == default


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


EVENTS = [
    ("s1", "a", "01/02/24 10:00"), ("s1", "b", "01/02/24 10:05"), ("?", "c", "01/02/24 10:06"),
    ("s1", "c", "02/02/24 09:00"), ("s1", "a", "02/02/24 09:01"), ("s2", "b", "03/02/24 08:00"),
    ("s2", "c", "03/02/24 08:00"), ("s2", "a", "?"),
]  # fmt: skip
ITEMS = [("a", "Küche|Töpfe", "Topf 12\\\" rot"), ("b", "Küche|Pfannen", "Pfanne"),
         ("c", "Küche|Deckel", "Deckel")]  # fmt: skip


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    place = tmp_path / "item_kind=pots"
    place.mkdir()
    events = ["visit;product;time", *(";".join(row) for row in EVENTS), ""]
    items = ["product;kind;title", *(f'{i};{c};"{n}"' for i, c, n in ITEMS), ""]
    return (
        write(tmp_path / "events.csv", "\n".join(events), "latin-1"),
        write(tmp_path / "items.csv", "\n".join(items), "latin-1"),
    )


SHARED = {"encoding": "latin-1", "delimiter": ";", "escape": "\\", "missing": ["?"]}


def test_the_same_effect(
    tables: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    catalogue = lw.Catalogue.read(
        tables[1], item_id="product", category="kind", name="title", **SHARED
    )
    assert catalogue.names[0].as_py() == 'Topf 12" rot'
    sessions = lw.Sessions.read(
        tables[0], catalogue, session_id="visit", item_id="product", timestamp="time",
        date_format="%d/%m/%y %H:%M", gap=timedelta(hours=1), **SHARED,
    )  # fmt: skip
    assert [session.tolist() for session in sessions] == [[0, 1], [2, 0], [1, 2]]
    ran = run(
        capfd, "train", tables[0], tables[1], "-o", tmp_path / "model", *QUICK, "--json", "-q",
        "--session-id-column", "visit", "--item-id-column", "product", "--timestamp-column", "time",
        "--category-column", "kind", "--name-column", "title",
        "--date-format", "%d/%m/%y %H:%M", "--gap", "1h", "--encoding", "latin-1",
        "--delimiter", ";", "--escape", "\\", "--missing", "?",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert told["sessions"] == vars(sessions.report)
    assert told["catalogue"] == vars(catalogue.report)
    model = lw.load(tmp_path / "model")
    assert list(model.catalogue) == list(catalogue)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--delimiter", "::"], "Error: --delimiter must be one ASCII character, got '::'"),
        (["--encoding", "klingon"], "--encoding must be the name of a character encoding"),
        (["--date-format", "dd"], "--date-format must be a format of strptime"),
        (["--time-unit", "hours"], "'hours' is not one of 's', 'ms', 'us', 'ns'"),
        (["--partitions", "--name-column", "title"], "no column 'title' (--name-column)"),
        (["--gap", "30m"], "--time-unit says whether they are s, ms, us or ns"),
    ],
)
def test_what_cannot_be_meant(
    words: list[str], message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    events = write(tmp_path / "e.csv", "session_id,item_id,timestamp\ns,a,1\ns,b,2\n")
    items = write(tmp_path / "i.csv", "item_id,name\na,cup\nb,jug\n")
    ran = run(capfd, "train", events, items, "-o", tmp_path / "model", *QUICK, *words)
    assert ran.code == 2 or ran.code == 1
    assert message in ran.err
    assert not (tmp_path / "model").exists()
