"""Reading as a guest in its process: Ctrl-C, threads, temporary folders, no network, no output."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pyarrow as pa
import pytest

from likewise.reading.duck import connect
from likewise.tables import ordering as _ordering
from likewise.tables.sessions import Sessions
from likewise.work.machine import usable_cores
from likewise.work.waiting import interruptible


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def ctrl_c():
    """Press Ctrl-C after a while; gives the moment it was pressed."""
    pressed = []
    timers = []

    def press():
        pressed.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    def start(seconds):
        timers.append(threading.Timer(seconds, press))
        timers[-1].start()
        return pressed

    yield start
    for timer in timers:
        timer.cancel()
        timer.join()


def endless_events(rows=50_000):
    columns = {"session_id": ["s"] * rows, "item_id": ["a", "b"] * (rows // 2)}
    batch = pa.RecordBatch.from_pydict({**columns, "timestamp": [1] * rows})

    def batches():
        while True:
            yield batch

    return pa.RecordBatchReader.from_batches(batch.schema, batches())


def test_ctrl_c_stops_an_endless_stream(ctrl_c):
    pressed = ctrl_c(0.2)
    with pytest.raises(KeyboardInterrupt):
        Sessions.read(endless_events())
    assert time.perf_counter() - pressed[0] < 1.0


def test_ctrl_c_stops_events_on_their_way_to_the_disk(ctrl_c, scratch):
    pressed = ctrl_c(0.5)
    with pytest.raises(KeyboardInterrupt):
        Sessions.read(endless_events(), memory_limit="100 KB")
    assert time.perf_counter() - pressed[0] < 2.0
    assert list(scratch.iterdir()) == []


def test_ctrl_c_stops_a_long_query_and_leaves_the_connection_usable(ctrl_c, scratch):
    before = threading.active_count()
    with connect() as (connection, _):
        pressed = ctrl_c(0.2)
        query = "SELECT sum(a.range * b.range) FROM range(10_000_000) a, range(1_000_000) b"
        with pytest.raises(KeyboardInterrupt):
            interruptible(connection, lambda: connection.execute(query).fetchall())
        assert time.perf_counter() - pressed[0] < 1.0
        assert connection.execute("SELECT 42").fetchall() == [(42,)]
    assert threading.active_count() <= before + 1  # the timer may be ending
    assert list(scratch.iterdir()) == []


def test_settings_of_the_connection(scratch):
    with connect(100 << 20) as (connection, folder):
        rows = connection.execute("SELECT name, value FROM duckdb_settings()").fetchall()
        settings = dict(rows)
        assert folder.parent == scratch
        assert settings["temp_directory"].startswith(str(folder))
    assert int(settings["threads"]) == usable_cores()
    assert settings["memory_limit"] == "100.0 MiB"
    for name in ("autoinstall_known_extensions", "autoload_known_extensions"):
        assert settings[name] == "false"
    assert settings["enable_progress_bar"] == "false"
    assert list(scratch.iterdir()) == []


def test_reading_text_needs_no_network_and_prints_nothing(tmp_path, monkeypatch, capfd):
    def refuse(*arguments, **more):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    path = tmp_path / "events.csv"
    path.write_text("session_id,item_id,timestamp\n" + "s,a,1\ns,b,2\n" * 20_000)
    lines = tmp_path / "events.jsonl"
    lines.write_text('{"session_id":1,"item_id":2}\n{"session_id":1,"item_id":3}\n')
    assert len(Sessions.read(path, memory_limit="10 KB")) == 1
    assert len(Sessions.read(lines)) == 1
    assert capfd.readouterr() == ("", "")


def test_home_and_working_folder_are_left_alone(tmp_path):
    script = (
        "from likewise.tables.sessions import Sessions\n"
        "open('e.csv', 'w').write('session_id,item_id,timestamp\\n' + 's,a,1\\ns,b,2\\n' * 5000)\n"
        "assert len(Sessions.read('e.csv', memory_limit='1 KB')) == 1\n"
    )
    home = tmp_path / "home"
    work = tmp_path / "work"
    home.mkdir()
    work.mkdir()
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], cwd=work, env=environment, check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "work"]
    assert list(home.rglob("*")) == []
    assert [path.name for path in work.iterdir()] == ["e.csv"]


def test_the_share_of_memory_is_a_part_of_what_there_is():
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < _ordering.memory_share() < total
