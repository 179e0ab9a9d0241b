"""Shared fixtures: Odoo, one served database, its users.

Everything expensive is made once: one web server on one classified copy of the
database with demo data, used by the API, fault and browser tests alike.
"""

import contextlib
import os
import re
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from desk import SIZES, Counting  # noqa: E402
from json_client import Client  # noqa: E402
from odoo_commands import (  # noqa: E402
    foreign,
    modules,
    shell,
    temporary_name,
)

from tools import databases, odoo, ports  # noqa: E402
from tools.browser import MISSING  # noqa: E402
from tools.browser import find as find_browser  # noqa: E402
from tools.odoo import Session  # noqa: E402
from tools.paths import PYTHON  # noqa: E402

_TEMPORARY = re.compile(r"out_(\d+)_\w+")
# A user's statement that waits longer than this for a lock fails, whoever holds it:
# 100 ms on an idle machine, as the long load wants one; else other tests run beside.
LOCK_WAIT = "100ms" if "LOAD_SECONDS" in os.environ else "500ms"


@pytest.fixture(scope="session")
def session():
    """Odoo and PostgreSQL for all tests."""
    with odoo.session() as running:
        _drop_left_over(running)
        yield running


def _drop_left_over(running):
    """Drop the databases of dead test processes."""
    for (name,) in databases.sql(running, "SELECT datname FROM pg_database"):
        match = _TEMPORARY.fullmatch(name)
        if match and not Path("/proc", match[1]).exists():
            databases.drop(running, name)


@pytest.fixture(scope="session")
def demo_database(session):
    """Name of a database with demo data and our addons, not to be changed."""
    if name := os.environ.get("DEMO_DATABASE"):
        yield name
        return
    name = temporary_name("demo")
    databases.database_from_template(session, name, modules(session), demo=True)
    yield name
    databases.drop(session, name)


@pytest.fixture(scope="session")
def database(session, demo_database):
    """Name of the database that is served: a copy, which tests may change."""
    name = temporary_name("web")
    databases.drop(session, name)
    databases.copy(session, demo_database, name)
    yield name
    databases.drop(session, name)


@pytest.fixture(scope="session")
def prepared(session, database):
    """Return users with keys, and class counts.

    As `scripts/prepare_web.py` prints them.
    """
    return shell(session, database, "prepare_web.py")


@pytest.fixture(scope="module")
def first(client, prepared):
    """Find a record that a user sees in the main company.

    Called as `first(login, model)`. A record of another company would make Odoo change
    companies and load anew.
    """
    context = {"allowed_company_ids": [prepared["company"]]}

    def first_of(login, model, domain=()):
        found = client(login.removesuffix("_zh")).search_read(
            model, list(domain), "id", limit=1, context=context
        )
        return found[0]["id"] if found else False

    return first_of


@pytest.fixture(scope="session")
def server(session, database, prepared):
    """The web server that users work on; none of their statements may wait."""
    impatient = {**session.pg, "PGOPTIONS": f"-c lock_timeout={LOCK_WAIT}"}
    users = Session(session.odoo, impatient)
    port = ports.free_port(8269)
    with users.serve(database, "--max-cron-threads=0", port=port) as running:
        yield running


@pytest.fixture
def person(browser, server):
    """Seat somebody: `person("seller", "narrow")`."""
    contexts = []

    def person_of(login, size="wide"):
        contexts.append(browser.new_context(viewport=SIZES[size]))
        seated = Counting(contexts[-1].new_page(), server.url, login)
        seated.log_in()
        return seated

    yield person_of
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def client(server, database, prepared):
    """Return the JSON-2 client of a user: `client("seller")`."""

    def client_of(login):
        return Client(server.url, database, prepared["keys"][login])

    return client_of


@pytest.fixture(scope="session")
def second_server(session, database, server):
    """Start another web server on the same database, as a node of its own."""

    @contextlib.contextmanager
    def start():
        port = ports.free_port(8369)
        args = ("--max-cron-threads=0",)
        with session.serve(database, *args, port=port) as running:
            yield running

    return start


@pytest.fixture(scope="module")
def bare_database(session):
    """Yield the name of a database with the core's dependencies, no demo."""
    name = temporary_name("bare")
    databases.database_from_template(session, name, foreign(session))
    yield name
    databases.drop(session, name)


@pytest.fixture(scope="module")
def apps_database(session):
    """Yield the name of a database with the apps of all our addons, no demo."""
    name = temporary_name("apps")
    apps = foreign(session, glue=True)
    databases.database_from_template(session, name, apps)
    yield name
    databases.drop(session, name)


@pytest.fixture(scope="session")
def browser():
    path = find_browser()
    if not path:
        pytest.fail(MISSING.format(python=PYTHON))
    with sync_playwright() as playwright:
        # Chromium does not start with the clock of another day.
        env = {name: os.environ[name] for name in os.environ if name != "LD_PRELOAD"}
        options = {"executable_path": path, "args": ["--no-sandbox"], "env": env}
        running = playwright.chromium.launch(**options)
        yield running
        running.close()
