"""The command line: standard streams, exit codes, Ctrl-C, files that are whole or not there."""

from __future__ import annotations

import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

import likewise as lw
from helpers.cli_helpers import QUICK, command, environment, files_below, run
from likewise.commands import errors as _cli_output
from likewise.commands import questions as cli
from likewise.commands.main import main
from likewise.work import replacing as _whole_file
from likewise.work.progress import TrainingProgress
from likewise.work.replacing import whole_file

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return lw.simulate(300, 2000, seed=3, new_items=0.1).write(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def model(data: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models") / "model"
    main(["train", *map(str, data), "-o", str(place), *QUICK, "--json"], standalone_mode=False)
    return place


def test_progress_lines_where_there_is_no_terminal(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = {
        "epoch": 1, "epochs": 4, "events_done": 50, "events_total": 200, "pairs_done": 3_000_000,
        "loss_per_pair": 1.25, "learning_rate": 0.01, "seconds": 2.0,
    }  # fmt: skip
    monkeypatch.setattr(TrainingProgress, "_LINE_SECONDS", 0.0)
    with TrainingProgress() as progress:
        progress(record)
    assert capfd.readouterr().err == (
        "training:  25%, epoch 2/4, 1.5 M pairs/s, loss 1.250, 6 s left\n"
    )
    with TrainingProgress(quiet=True) as progress:
        progress(record)
    assert capfd.readouterr() == ("", "")


def test_usage_errors_are_one_line_and_2(capfd: Capture) -> None:
    for words, said in [
        (["train", "a"], "Missing option '--output' / '-o'"),
        (["train", "a", "b", "-o", "x", "--dim", "0"], "--dim must be between 1 and 4096, got 0"),
        (["train", "a", "b", "-o", "x", "--context", "both"], "'both' is not one of"),
        (["train", "a", "b", "-o", "x", "--gap", "soon"], "a number, or one with s, m, h or d"),
        (["similar", "m"], "ask by --id, or by --name and --category"),
        (["similar", "m", "--id", "a", "--name", "b"], "ask by --id, or by --name and --category"),
        (["frobnicate"], "No such command 'frobnicate'"),
    ]:
        ran = run(capfd, *words)
        assert ran.code == 2, words
        assert ran.out == ""
        assert ran.err.startswith(f"Error: {said}") or f": {said}" in ran.err
        assert len(ran.err.splitlines()) == 1
        assert "--help" in ran.err


def test_ctrl_c_is_130_and_leaves_nothing(data: tuple[Path, Path], tmp_path: Path) -> None:
    place = tmp_path / "out" / "model"
    place.parent.mkdir()
    with subprocess.Popen(
        command("train", *data, "-o", place, "--epochs", 1_000_000, "--threads", 2),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("sessions"):
                break
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "interrupted"
    assert "Traceback" not in errors
    assert time.monotonic() - sent < 5
    assert files_below(tmp_path / "out") == set()


def test_a_closed_pipe_is_no_error(model: Path) -> None:
    words = command("similar", model, "--id", "P0000001", "-k", 300, "--json")
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_standard_output_is_told(model: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            command("info", model), stdout=full, stderr=subprocess.PIPE, text=True,
            env=environment(), check=False,
        )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == "Error: No space left on device\n"


def test_python_m_likewise() -> None:
    ended = subprocess.run(
        command("--version"), capture_output=True, text=True, env=environment(), check=True
    )
    assert ended.stdout == f"likewise {lw.__version__}\n"


def test_what_nobody_expected_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(cli, "load", broken)
    with pytest.raises(ValueError, match="a bug"):
        main(["info", "x"])


def fail_halfway(place: Path) -> None:
    with whole_file(place) as draft:
        draft.write_text("half")
        raise RuntimeError("stop")


def fill_the_disk(place: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with whole_file(place) as draft:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 12, before[1]))
        try:
            draft.write_bytes(bytes(1 << 16))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    place = tmp_path / "out.txt"
    place.write_text("old")
    with pytest.raises(RuntimeError, match="stop"):
        fail_halfway(place)
    with pytest.raises(lw.StorageError, match=r"cannot write .*out.txt: File too large"):
        fill_the_disk(place)
    assert (place.read_text(), files_below(tmp_path)) == ("old", {"out.txt"})
    link = tmp_path / "link.txt"
    link.symlink_to(place)
    with whole_file(link) as draft:
        draft.write_text("new")
    assert link.is_symlink()
    assert place.read_text() == "new"


def test_drafts_of_killed_writers_go_and_those_in_use_stay(tmp_path: Path) -> None:
    place = tmp_path / "out.txt"
    (tmp_path / ".out.txt.writing-000000000000").write_text("half")
    (tmp_path / ".out.txt.writing-111111111111").touch()  # killed before a byte was written
    with whole_file(place) as one, whole_file(place) as two:
        assert files_below(tmp_path) == {one.name, two.name}
        one.write_text("one")
        two.write_text("two")
    assert (place.read_text(), files_below(tmp_path)) == ("one", {"out.txt"})


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_draft_taken_for_a_leftover_is_made_anew(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Path] = []
    real = _whole_file._lock

    def lock(path: Path) -> int:
        handle = real(path) if when == "after" or taken else -1
        if not taken:
            taken.append(path)
            path.unlink()
        return real(path) if handle < 0 else handle

    monkeypatch.setattr(_whole_file, "_lock", lock)
    with whole_file(tmp_path / "out.txt") as draft:
        assert draft not in taken
        draft.write_text("new")
    assert files_below(tmp_path) == {"out.txt"}
    assert taken


def test_a_device_is_never_replaced() -> None:
    with pytest.raises(lw.StorageError, match="is not a file"), whole_file(Path("/dev/null")):
        pass
    assert Path("/dev/null").is_char_device()


def test_messages_speak_of_options() -> None:
    text = "events: e.csv has no column 'item_id' (item_id=); its columns are: a, b"
    assert _cli_output.said(text).startswith(
        "events: e.csv has no column 'item_id' (--item-id-column); its"
    )
