"""Start programs that end whenever `./dev` ends."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .console import DevError

_GRACE = 15  # seconds a program gets to stop by itself

# File descriptors that children keep open, so that a lock outlives a killed `./dev`.
inherited: set[int] = set()


def end_by_exception() -> None:
    """Turn SIGTERM and SIGHUP into an exception: `finally` blocks then run."""

    def stop(signum: int, _frame: object) -> None:
        raise SystemExit(128 + signum)

    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, stop)


@contextmanager
def child(argv: Sequence[str | Path], **options: object) -> Iterator[subprocess.Popen]:
    """Run a program for the length of a block; stop it at the block's end.

    It gets a process group of its own: Ctrl-C reaches only `./dev`, which then asks
    the program, and all that the program started, to stop.
    """
    command = [str(arg) for arg in argv]
    options = {"pass_fds": tuple(inherited), "start_new_session": True, **options}
    with _interrupts_heard():
        process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        _end(process)


@contextmanager
def _interrupts_heard() -> Iterator[None]:
    """Let a program that is started in the block hear SIGINT.

    A shell makes background programs of a script ignore it, and programs inherit that;
    but here SIGINT is how they are asked to stop.
    """
    before = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()
    if before is not signal.SIG_IGN or not is_main:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end(process: subprocess.Popen) -> None:
    """Ask politely first: Odoo finishes its transaction on SIGINT."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signum)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)


def run(
    argv: Sequence[str | Path],
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> int:
    """Run a program on the user's terminal and return its exit code."""
    command = [str(arg) for arg in argv]
    fds = tuple(inherited)
    process = subprocess.Popen(command, env=merged(env), cwd=cwd, pass_fds=fds)
    # Ctrl-C reaches the program as well and is its own affair: psql cancels a query.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        if process.poll() is None:
            process.terminate()
            process.wait()


def stream(
    argv: Sequence[str | Path],
    on_line: Callable[[str], None],
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    stdin: str | None = None,
    cwd: Path | None = None,
    silence: "Silence | None" = None,
) -> int:
    """Run a program and pass each line of its output to `on_line`.

    The lines are kept in `log`. A program that says nothing for too long is killed.
    """
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "cwd": cwd}
    options["stdin"] = subprocess.PIPE if stdin is not None else subprocess.DEVNULL
    with child(argv, env=merged(env), **options) as process:
        if process.stdin:
            process.stdin.write((stdin or "").encode())
            process.stdin.close()
        with open(log or os.devnull, "ab") as copy, _heard(process, silence) as heard:
            for line in process.stdout:
                heard()
                copy.write(line)
                on_line(line.decode(errors="replace").rstrip("\n"))
        return process.wait()


@dataclass
class Silence:
    """Limit of the time in which a program says nothing.

    It is killed then.

    :ivar seconds: without a line of output
    :ivar before: called with the program, which may still be asked where it hangs
    :ivar broken: whether the program was killed
    """

    seconds: float
    before: Callable[[subprocess.Popen], None] = lambda process: None
    broken: bool = False


@contextmanager
def _heard(
    process: subprocess.Popen, silence: Silence | None
) -> Iterator[Callable[[], None]]:
    """Give a function to call with each line; end a silent program."""
    if silence is None:
        yield lambda: None
        return
    last, over = [time.monotonic()], threading.Event()

    def watch() -> None:
        while (left := last[0] + silence.seconds - time.monotonic()) > 0:
            if over.wait(left):
                return
        silence.broken = True
        silence.before(process)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield lambda: last.__setitem__(0, time.monotonic())
    finally:
        over.set()
        watcher.join()


def output(
    argv: Sequence[str | Path], env: Mapping[str, str] | None = None, **options: object
) -> str:
    """Return the output of a short program; its complaint becomes a DevError."""
    options = {"capture_output": True, "text": True, **options}
    command = [str(arg) for arg in argv]
    try:
        done = subprocess.run(command, env=merged(env), **options)
    except FileNotFoundError as error:
        raise DevError(f"the program {argv[0]} is missing") from error
    if done.returncode:
        raise DevError(_complaint(done.stderr) or f"{Path(argv[0]).name} failed")
    return done.stdout


def _complaint(text: str) -> str:
    """Return the line of the error: the named error, else the last line."""
    lines = text.strip().splitlines()
    named = (line for line in lines if "error:" in line.lower() or "FATAL:" in line)
    return next(named, lines[-1] if lines else "")


def merged(env: Mapping[str, str] | None) -> dict[str, str]:
    """Return the environment of this process with these variables added."""
    return {**os.environ, **(env or {})}
