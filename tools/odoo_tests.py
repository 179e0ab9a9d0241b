"""Tests run by Odoo: their database, results and complaints."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import counts, databases, ports, processes
from .console import DevError, say, step
from .counts import Counts
from .odoo import Session, session
from .paths import (
    DEMO_APPS,
    LOGS,
    ROOT,
    TOOLS,
    core_modules,
    demo_modules,
    repository_modules,
)

# Apps that overlap with ours: names and rights on products, contacts and orders, other
# ways of payment, readers of tags.
ALL_APPS = (
    *("point_of_sale", "website_sale", "sale_loyalty", "survey", "project"),
    *("partnership", "sale_margin", "base_automation", "sale_timesheet"),
)
# The longest test takes three minutes beside two other jobs. One that waits for ever
# must not take all the time that CI has, and must say where it waits.
SILENCE = 600
_TAIL = 200  # lines of the log that are shown then
_STACKS = 10  # seconds in which Odoo writes where its threads are
_WAITING = """
    SELECT pid, state, coalesce(wait_event_type || ' ' || wait_event, ''),
           pg_blocking_pids(pid), regexp_replace(left(query, 300), '\\s+', ' ', 'g')
      FROM pg_stat_activity WHERE datname = {}
"""
# Python writes no stack while it waits for an answer of the database.
_CANCEL = """
    SELECT pg_cancel_backend(pid) FROM pg_stat_activity
     WHERE datname = {} AND state = 'active'
"""
_TEST_DATABASE = re.compile(r"test_[a-z_]+_(\d+)")


def tags_of(path: Path) -> list[str]:
    """Return the tag of one test file, or of the module for any other path."""
    inside = path.relative_to(ROOT)
    if path.suffix == ".py" and "tests" in inside.parts:
        return [f"/{inside}"]
    return [f"/{inside.parts[0]}"]


@contextmanager
def temporary_database(odoo: Session, kind: str) -> Iterator[str]:
    """Name a database of this process and drop it at the end.

    Those of dead processes are dropped, too.
    """
    _drop_left_over(odoo)
    name = f"test_{kind}_{os.getpid()}"
    try:
        yield name
    finally:
        databases.drop(odoo, name)


def _drop_left_over(odoo: Session) -> None:
    for (name,) in databases.sql(odoo, "SELECT datname FROM pg_database"):
        match = _TEST_DATABASE.fullmatch(name)
        if match and not Path("/proc", match[1]).exists():
            databases.drop(odoo, name)


def ours(kind: str, tags: Sequence[str], apps: Sequence[str] = ()) -> Counts:
    """Install our addons without demo data into a new database; test them.

    :param kind: begins with `odoo` for the core alone; else the glue addons come, too
    :param tags: the tests to run
    :param apps: other apps that are there before
    """
    is_core = kind.startswith("odoo")
    modules = core_modules() if is_core else repository_modules()
    if not modules:
        raise DevError("there is no addon to test")
    with session() as odoo, temporary_database(odoo, kind) as name:
        before = [*databases.foreign_dependencies(odoo, modules), *apps]
        databases.database_from_template(odoo, name, before)
        install = [*modules, *databases.helpers_needed(odoo)]
        args = ["-i", ",".join(install), f"--test-tags={','.join(tags)}"]
        title = "Odoo's tests" if is_core else "Odoo's tests, beside other apps"
        return watched(odoo, name, args, title)


def demo_data(odoo: Session, name: str) -> Counts:
    """Install our addons with demo data; counts as one test."""
    modules = demo_modules()
    foreign = databases.foreign_dependencies(odoo, [*modules, *DEMO_APPS])
    databases.database_from_template(odoo, name, foreign, demo=True)
    install = [*modules, *databases.helpers_needed(odoo)]
    args = ["-i", ",".join(install), "--with-demo", "--no-http"]
    result = watched(odoo, name, args, "Demo data", tests=False)
    return result if result.failed else Counts(passed=1)


def watched(
    odoo: Session,
    database: str,
    args: Sequence[str],
    title: str,
    tests: bool = True,
    allowed: Sequence[counts.Allowed] | None = None,
) -> Counts:
    """Run Odoo once, count its tests and its complaints.

    :param allowed: log entries that are not complaints, by default our list
    """
    if allowed is None:
        allowed = counts.read_allowed(TOOLS / "allowed_warnings.txt")
    reader = counts.OdooLog(allowed, tests)
    log = LOGS / f"{database.rpartition('_')[0]}.log"
    log.unlink(missing_ok=True)
    silence = processes.Silence(SILENCE, _tell_where(odoo, database))
    common = ["-d", database, "--stop-after-init", "--max-cron-threads=0"]
    with step(title) as progress, ports.own_port(8169) as port:

        def on_line(line: str) -> None:
            reader.read(line)
            if ": Starting " in line:
                progress.show(line.partition(": Starting ")[2])

        served = [f"--http-port={port}"] if tests else []
        code = odoo.stream(
            *common, *args, *served, on_line=on_line, log=log, silence=silence
        )
    if silence.broken:
        reader.hang(silence.seconds)
        say("\n".join(log.read_text(errors="replace").splitlines()[-_TAIL:]))
    return reader.close(code)


def _tell_where(odoo: Session, database: str) -> Callable[[subprocess.Popen], None]:
    """Write into the log where a program of Odoo and its sessions wait.

    Odoo answers SIGQUIT with the stacks of its threads.
    """

    def tell(process: subprocess.Popen) -> None:
        name = databases.literal(database)
        for row in databases.sql(odoo, _WAITING.format(name)):
            say("    session: " + " | ".join(row))
        process.send_signal(signal.SIGQUIT)
        databases.sql(odoo, _CANCEL.format(name))
        time.sleep(_STACKS)

    return tell
