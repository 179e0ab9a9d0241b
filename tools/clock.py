"""`./dev test --day DAY`: the tests with the clock of another day.

By libfaketime: the command starts itself again with libfaketime in its environment, so
that all that it starts (Odoo, PostgreSQL, pytest; not Chromium, which does not bear it)
has one clock that runs on from that day.
The products of such a run are in a folder of its own, its PostgreSQL server included:
a server that was started today would go on with the clock of today.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from . import browser, environment
from .console import DevError
from .get_odoo import find_odoo
from .locks import open_lock, take_alone
from .paths import DAY_VARIABLE, ROOT, TOOLS

# The variant for programs with threads, where each system puts it.
_PLACES = (
    "usr/lib/*-linux-gnu*/faketime",
    "usr/lib/faketime",
    "usr/lib64/faketime",
    "usr/local/lib/faketime",
)
_LIBRARY = "libfaketimeMT.so.1"
_USUAL_HOUR = 10
_PYTHON = TOOLS / "faketime"


def start_again(day: str, command: Sequence[str]) -> None:
    """Replace this process by `./dev COMMAND` with the clock of a day."""
    environment_of_day = variables(moment(day), library())
    _refuse_foreign_server()
    # Packages are fetched with today's clock: certificates are not valid on any day.
    environment.need("addon", "test", "postgres")
    find_odoo()
    with suppress(DevError):  # named in the test's output
        browser.need()
    handle = open_lock("day")
    if not take_alone(handle):
        raise DevError("another run with a clock of its own is going on: wait for it")
    os.set_inheritable(handle, True)  # held by the command that takes over
    argv = [sys.executable, str(ROOT / "dev"), *command]
    os.execve(sys.executable, argv, {**os.environ, **environment_of_day})


def moment(text: str) -> datetime:
    """Return the time at which the clock starts, by default at ten o'clock."""
    try:
        start = datetime.fromisoformat(text)
    except ValueError as error:
        raise DevError(f"{text} is no day: write it like 2028-02-29") from error
    return start if len(text) > len("2028-02-29") else start.replace(hour=_USUAL_HOUR)


def library(root: Path = Path("/")) -> Path:
    """Return libfaketime, or raise with the way to get it."""
    found = [path / _LIBRARY for place in _PLACES for path in sorted(root.glob(place))]
    for path in found:
        if path.exists():
            return path
    raise DevError(
        "--day needs libfaketime: install it (Debian, Ubuntu: "
        "apt-get install libfaketime) and run the command again"
    )


def variables(start: datetime, path: Path) -> dict[str, str]:
    """Return environment variables that shift the clock of a program.

    All that the program starts gets the same clock: a distance from the true time, so
    that all programs agree, whenever each of them starts. Clocks that only measure and
    the times of files stay as they are, so that waiting takes as long as ever and
    Python's compiled files remain valid.
    """
    python_path = [str(_PYTHON), os.environ.get("PYTHONPATH", "")]
    return {
        "LD_PRELOAD": str(path),
        "FAKETIME": f"{round((start - datetime.now()).total_seconds()):+d}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, python_path)),
        DAY_VARIABLE: start.date().isoformat(),
    }


def _refuse_foreign_server() -> None:
    if any(os.environ.get(name) for name in ("PGHOST", "PGPORT", "PGUSER")):
        raise DevError(
            "--day needs the embedded PostgreSQL server, whose clock can be set: "
            "unset PGHOST, PGPORT and PGUSER"
        )
