"""Standard streams that are closed, broken or not there: work goes on, files are whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import likewise as lw
from helpers.cli_helpers import QUICK, command, environment, files_below
from likewise.commands.main import main
from likewise.work.progress import Steps, TrainingProgress, WorkProgress

VIZ = all(find_spec(name) is not None for name in ("openTSNE", "plotly", "sklearn"))
ITEM = "P0000001"


class Bare:
    """Only what a stream must have."""

    def write(self, text: str) -> int:
        return len(text)


class Broken(Bare):
    """A pipe whose reader is gone."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    def flush(self) -> None:
        raise BrokenPipeError(32, "Broken pipe")


class Shut(Broken):
    """A file that was closed."""

    def isatty(self) -> bool:
        raise ValueError("I/O operation on closed file")

    def write(self, text: str) -> int:
        raise ValueError("I/O operation on closed file")

    flush = isatty  # type: ignore[assignment]


class Terminal(Broken):
    """A terminal that was taken away."""

    def isatty(self) -> bool:
        return True


STREAMS: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "bare": Bare,
    "broken": Broken,
    "shut": Shut,
    "terminal": Terminal,
}


def put_in_place(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a stream in the place of standard error: in the test itself, pytest brings its own."""
    for shown in (TrainingProgress, WorkProgress, Steps):
        monkeypatch.setattr(shown, "_LINE_SECONDS", 0.0)
    monkeypatch.setattr(sys, "stderr", STREAMS[kind]())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return lw.simulate(100, 500, seed=3).write(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def model(data: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    catalogue = lw.Catalogue.read(str(data[1]))
    made = lw.train(str(data[0]), catalogue, dim=16, epochs=2, threads=1)
    return made.save(tmp_path_factory.mktemp("models") / "model")


def words_of_all(data: tuple[Path, Path], model: Path, place: Path) -> list[list[Any]]:
    """Return the words of every command that writes to a stream or a file."""
    pages: list[list[Any]] = [
        ["clusters", model, "-n", "3", "-o", place / "clusters.parquet"],
        ["map", model, "-o", place / "map.parquet"],
        ["report", model, "-o", place / "page.html"],
    ]
    tunes = ["tune", *data, "--trials", "1", "--sample", "300", "-o", place / "best.json", *QUICK]
    return [
        ["train", *data, "-o", place / "model", *QUICK],
        ["info", model],
        ["similar", model, "--id", ITEM, "--json"],
        ["complements", model, "--id", ITEM],
        ["recommend", model, "-o", place / "all.parquet", "-k", "5"],
        ["encode", model, data[1], "-o", place / "encoded.parquet"],
        ["export", model, "-o", place / "v.txt", "--format", "word2vec"],
        ["evaluate", *data, "--limit", "50", "--no-baselines", *QUICK],
        *([tunes] if find_spec("optuna") is not None else []),
        *(pages if VIZ else []),
    ]


def code_of(words: list[Any]) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words], prog_name="likewise")
    code = ended.value.code
    assert isinstance(code, int)
    return code


@pytest.mark.parametrize("kind", STREAMS)
def test_commands_need_no_standard_error(
    kind: str,
    data: tuple[Path, Path],
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put_in_place(kind, monkeypatch)
    for words in words_of_all(data, model, tmp_path):
        if kind not in ("none", "broken") and words[0] in ("map", "report"):
            continue  # they take longest, and show progress as others do
        assert code_of(words) == 0, words
    assert len(lw.load(tmp_path / "model")) == 100
    assert pq.read_table(tmp_path / "all.parquet").num_rows == 500
    assert code_of(["similar", model, "--id", "nobody"]) == 1
    assert code_of(["frobnicate"]) == 2
    assert capsys.readouterr().out


def test_commands_need_no_standard_output(
    data: tuple[Path, Path], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    for words in words_of_all(data, model, tmp_path):
        assert code_of(words) == 0, words
    assert pq.read_table(tmp_path / "all.parquet").num_rows == 500


@pytest.mark.parametrize("kind", STREAMS)
def test_the_library_needs_no_streams(
    kind: str, data: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_place(kind, monkeypatch)
    monkeypatch.setattr(sys, "stdout", None)
    sessions = lw.Sessions.read(str(data[0]), lw.Catalogue.read(str(data[1])))
    model = lw.train(sessions, dim=8, epochs=2, threads=1, verbose=True)
    assert model.recommend_all(tmp_path / "all.parquet", k=3).queries == 100
    chosen = lw.Options(dim=8, epochs=2, threads=1)
    assert lw.evaluate(sessions, options=chosen, limit=50, baselines=False, samples=10).rows
    if find_spec("optuna") is not None:
        assert lw.tune(sessions, options=chosen, trials=1, sample=300, verbose=True)
    if VIZ:
        lw.maps.categories(model).write(tmp_path / "map.html")
        lw.write_report(model, tmp_path / "page.html", sessions=sessions)
    assert files_below(tmp_path) >= {"all.parquet"}


@pytest.mark.skipif(find_spec("optuna") is None, reason="Optuna is not here")
@pytest.mark.parametrize("kind", ["bare", "broken", "shut"])
def test_tuning_goes_on_when_nobody_reads(
    kind: str, data: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = lw.Sessions.read(str(data[0]), lw.Catalogue.read(str(data[1])))
    monkeypatch.setattr(sys, "stdout", STREAMS[kind]())
    chosen = lw.Options(dim=8, epochs=2, threads=1)
    assert lw.tune(sessions, options=chosen, trials=1, sample=300, verbose=True)


def test_progress_that_nobody_reads_is_no_error_of_a_file(model: Path, tmp_path: Path) -> None:
    def gone(*_: int) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        lw.load(model).recommend_all(tmp_path / "all.parquet", progress=gone)
    assert files_below(tmp_path) == set()


# --- descriptors that are closed ------------------------------------------------------------------

LIBRARY = """
import sys
import likewise as lw
events, items, place = sys.argv[1:]
model = lw.train(events, lw.Catalogue.read(items), dim=16, epochs=2, threads=1, verbose=True)
model.save(place + "/model")
model.recommend_all(place + "/all.parquet", k=5)
"""


def shell(words: list[Any], redirections: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run words in a shell that closes streams first."""
    return subprocess.run(
        ["/bin/sh", "-c", f'"$@" {redirections}', "sh", *map(str, words)],
        capture_output=True, text=True, env=environment(), check=False, **options,
    )  # fmt: skip


def test_closed_descriptors(data: tuple[Path, Path], model: Path, tmp_path: Path) -> None:
    ran = shell(command("train", *data, "-o", tmp_path / "model", *QUICK), "<&- >&- 2>&-")
    assert ran.returncode == 0
    assert lw.load(tmp_path / "model").catalogue.ids == lw.load(model).catalogue.ids
    missing = shell(command("similar", model, "--id", "nobody"), ">&-")
    assert missing.returncode == 1
    assert missing.stderr.startswith("Error: item 'nobody' is not among")
    assert len(missing.stderr.splitlines()) == 1


def test_closed_descriptors_of_the_library(data: tuple[Path, Path], tmp_path: Path) -> None:
    ran = shell([sys.executable, "-c", LIBRARY, *data, tmp_path], "<&- >&- 2>&-")
    assert ran.returncode == 0
    model = lw.load(tmp_path / "model")
    again = model.recommend_all(k=5).table
    assert pq.read_table(tmp_path / "all.parquet").select(again.column_names).equals(again)


def test_output_in_an_encoding_of_few_letters(model: Path) -> None:
    ran = subprocess.run(
        command("similar", model, "--name", "ЁЖ 🎻", "-k", 2), capture_output=True,
        env=environment(PYTHONIOENCODING="latin-1"), check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert rb"\u0401\u0416 \U0001f3bb" in ran.stdout
