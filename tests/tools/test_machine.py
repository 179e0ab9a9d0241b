"""Ports, locks, child processes, the embedded server's lock."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from tools import environment, locks, ports, postgres, processes
from tools.console import DevError


@pytest.fixture
def state(monkeypatch, tmp_path):
    """Give locks a folder of their own."""
    monkeypatch.setattr(locks, "STATE", tmp_path)
    return tmp_path


def test_next_free_port():
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port < ports.free_port(port) <= port + 100


def test_no_free_port(monkeypatch):
    monkeypatch.setattr(ports, "_is_free", lambda port: False)
    with pytest.raises(DevError, match="8069 to 8168 are all taken"):
        ports.free_port(8069)


def test_port_is_kept_before_anybody_listens(state):
    with ports.own_port(18069) as first, ports.own_port(18069) as second:
        assert first < second
    with ports.own_port(18069) as again:
        assert again == first


@pytest.mark.parametrize("text", ["many", "80", "-8069", "70000", "8069.5"])
def test_wanted_port_that_is_none(monkeypatch, text):
    monkeypatch.setenv("DEV_PORT", text)
    with pytest.raises(DevError, match=f"DEV_PORT={text} is no port"):
        ports.wanted_port()


def test_wanted_port(monkeypatch):
    monkeypatch.delenv("DEV_PORT", raising=False)
    assert ports.wanted_port() == 8069
    monkeypatch.setenv("DEV_PORT", "9000")
    assert ports.wanted_port() == 9000


def test_waiting_ends_when_the_server_died():
    assert not ports.wait_for_http(ports.free_port(18069), lambda: False)


def test_last_user_of_a_lock_is_alone(state):
    first, second = locks.open_lock("pg"), locks.open_lock("pg")
    locks.share(first)
    locks.share(second)
    assert not locks.take_alone(first)
    os.close(first)
    assert locks.take_alone(second)
    os.close(second)


def test_killed_command_leaves_no_lock(state):
    code = (
        "import fcntl, sys, time; fcntl.flock(sys.stdin, fcntl.LOCK_SH);"
        "print(1, flush=True); time.sleep(999)"
    )
    with open(state / "pg.lock", "w") as file:
        holder = subprocess.Popen(
            [sys.executable, "-c", code], stdin=file, stdout=subprocess.PIPE
        )
        file.close()
        holder.stdout.readline()
        handle = locks.open_lock("pg")
        assert not locks.take_alone(handle)
        holder.kill()
        holder.wait()
        assert locks.take_alone(handle)
        os.close(handle)


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN])
def test_leaving_the_block_ends_the_program(handler):
    """Leaving the block ends the program, even if SIGINT is ignored.

    It is ignored in the background of a script.
    """
    code = "import time; print('started', flush=True); time.sleep(999)"
    before = signal.signal(signal.SIGINT, handler)
    try:
        with processes.child(
            [sys.executable, "-c", code], stdout=subprocess.PIPE
        ) as child:
            child.stdout.readline()
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert child.returncode == -signal.SIGINT


def test_stream_gives_each_line(tmp_path):
    lines = []
    argv = [sys.executable, "-c", "print(input()); print('two')"]
    log = tmp_path / "log"
    assert processes.stream(argv, lines.append, log=log, stdin="one\n") == 0
    assert lines == ["one", "two"]
    assert log.read_text() == "one\ntwo\n"


def test_silent_program_is_ended():
    asked, lines = [], []
    code = "import time; print('one', flush=True); time.sleep(999)"
    silence = processes.Silence(0.5, asked.append)
    argv = [sys.executable, "-c", code]
    assert processes.stream(argv, lines.append, silence=silence) == -signal.SIGKILL
    assert (silence.broken, len(asked), lines) == (True, 1, ["one"])


def test_slow_program_is_not_ended():
    code = "import time\nfor n in range(4): print(n, flush=True); time.sleep(0.2)"
    silence, lines = processes.Silence(0.6), []
    assert not processes.stream(
        [sys.executable, "-c", code], lines.append, silence=silence
    )
    assert (silence.broken, lines) == (False, ["0", "1", "2", "3"])


def test_output_explains_failures():
    with pytest.raises(DevError, match="boom"):
        processes.output([sys.executable, "-c", "raise SystemExit('boom')"])
    with pytest.raises(DevError, match="^psql: error: no server$"):
        text = "psql: error: no server\\n\\tIs it running?"
        processes.output([sys.executable, "-c", f"raise SystemExit('{text}')"])
    with pytest.raises(DevError, match="nonsense is missing"):
        processes.output(["nonsense"])


def test_server_of_the_user_that_does_not_answer(monkeypatch, tmp_path):
    monkeypatch.setenv("PGHOST", str(tmp_path))
    with pytest.raises(DevError, match="PGHOST, PGPORT, PGUSER does not answer"):
        with postgres.server():
            pass


def test_socket_path_stays_short(monkeypatch, tmp_path):
    monkeypatch.setattr(postgres, "STATE", tmp_path / ("deep" * 40))
    assert len(str(postgres._socket_folder())) < 60
    monkeypatch.setattr(postgres, "STATE", tmp_path)
    assert postgres._socket_folder() == tmp_path / "run"


def test_packages_without_network(monkeypatch, tmp_path):
    def no_network(argv, on_line, log=None):
        on_line("ERROR: No matching distribution found for psycopg2-binary")
        return 1

    monkeypatch.setattr(environment, "stream", no_network)
    monkeypatch.setattr(environment, "LOGS", tmp_path)
    with pytest.raises(DevError, match="PIP_FIND_LINKS") as caught:
        environment._install("odoo")
    assert "psycopg2-binary" in str(caught.value)
    assert "tools/requirements-odoo.txt" in str(caught.value)


def test_waiting_for_another_command_is_told(state, capsys):
    code = (
        "import fcntl, sys, time; fcntl.flock(sys.stdin, fcntl.LOCK_EX);"
        "print(1, flush=True); time.sleep(0.5)"
    )
    with open(state / "x.lock", "w") as file:
        argv = [sys.executable, "-c", code]
        holder = subprocess.Popen(argv, stdin=file, stdout=subprocess.PIPE)
    holder.stdout.readline()
    with locks.exclusive("x"):
        assert holder.wait() == 0
    assert "Waiting for another ./dev command (x)" in capsys.readouterr().out
