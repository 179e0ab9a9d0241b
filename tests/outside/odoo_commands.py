"""Odoo's commands and SQL for the tests from outside."""

import json
import os
from pathlib import Path

import psycopg2

from tools import counts, databases, ports
from tools.odoo import Session
from tools.paths import (
    DEMO_APPS,
    LOGS,
    ROOT,
    TOOLS,
    core_modules,
    demo_modules,
    repository_modules,
)

ADDON = "customer_classification"
SCRIPTS = ROOT / "tests" / "outside" / "scripts"
_QUIET = ("--stop-after-init", "--max-cron-threads=0", "--no-http")


def temporary_name(purpose: str) -> str:
    """Return a database name with the id of its process."""
    return f"out_{os.getpid()}_{purpose}"


def foreign(session: Session, glue: bool = False) -> list[str]:
    """Return the modules of Odoo itself on which our addons depend.

    With the glue addons, those of the apps that they are made for, too.
    """
    ours = repository_modules() if glue else core_modules()
    return databases.foreign_dependencies(session, ours)


def modules(session: Session) -> list[str]:
    """Return our addons and the modules that Odoo needs for a browser."""
    return [*demo_modules(), *DEMO_APPS, *databases.helpers_needed(session)]


def complaints(session: Session, database: str, *args: str) -> list[str]:
    """Run Odoo and return each unexpected warning, error or bad exit code."""
    return _watched(session, database, "-d", database, *_QUIET, *args)


def odoo_tests(session: Session, database: str, tests: str, *args: str):
    """Run some of Odoo's own tests; return the passed count and failures."""
    allowed = counts.read_allowed(TOOLS / "allowed_warnings.txt")
    reader = counts.OdooLog(allowed)
    # With tests Odoo serves all the same, and a demo may have its usual port.
    port = f"--http-port={ports.free_port(8469)}"
    args = ("-d", database, *_QUIET, port, *args, "--test-tags", tests)
    code = session.stream(*args, on_line=reader.read, log=_log(database))
    return reader.close(code)


def uninstall(session: Session, database: str, *names: str) -> list[str]:
    """Uninstall modules by Odoo's own command; return Odoo's complaints."""
    args = ("module", "uninstall", "-d", database, *names)
    return _watched(session, database, *args)


def shell(session: Session, database: str, script: str | Path, *args: str) -> dict:
    """Run a script in `odoo shell` and return its output after RESULT.

    One of `scripts/` by its name.
    """
    found: list[str] = []
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        if line.startswith("RESULT "):
            found.append(line.removeprefix("RESULT "))

    args = ("shell", "-d", database, "--no-http", *args)
    source = (SCRIPTS / script).read_text()
    code = session.stream(*args, on_line=on_line, stdin=source, log=_log(database))
    assert found and not code, "\n".join([f"{script} failed:", *lines[-30:]])
    return json.loads(found[0])


def connect(session: Session, database: str):
    """Return a connection of psycopg2 that commits each statement."""
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user"}
    names["PGPASSWORD"] = "password"
    given = {names[name]: value for name, value in session.pg.items() if name in names}
    connection = psycopg2.connect(dbname=database, **given)
    connection.autocommit = True
    return connection


def query(connection, statement: str, *params: object) -> list[tuple]:
    """Return the rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)
        return cursor.fetchall() if cursor.description else []


def _watched(session: Session, database: str, *args: str) -> list[str]:
    allowed = counts.read_allowed(TOOLS / "allowed_warnings.txt")
    reader = counts.OdooLog(allowed, tests=False)
    code = session.stream(*args, on_line=reader.read, log=_log(database))
    return reader.close(code).failures


def _log(database: str) -> Path:
    """Return the log for a purpose, the same for every process."""
    LOGS.mkdir(parents=True, exist_ok=True)
    return LOGS / f"outside_{database.rpartition('_')[2]}.log"
