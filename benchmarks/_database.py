"""The benchmark's own database, made once per size, with Odoo on it."""

import hashlib
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.sql_db import Cursor, close_db
from odoo.tools import SQL, config

from benchmarks import _purchases
from tools import databases, odoo
from tools.console import say, step
from tools.paths import ROOT

ADDON = "customer_classification"


@dataclass
class Measure:
    """Measurements of one call.

    ``waited`` is the part of the seconds spent in queries. ``cpu`` are the seconds that
    processors worked for the call, in this process and in the PostgreSQL process of its
    connection (not in parallel workers): where others use the machine, they tell more
    than the seconds on the clock.
    """

    seconds: float = 0.0
    cpu: float = 0.0
    queries: int = 0
    waited: float = 0.0
    written: int = 0  # profiles
    wal: float = 0.0  # MiB of write-ahead log, of the whole server


def prepare(name, customers):
    """Make the database of purchases if it is missing.

    The addon in it is the current one.
    """
    prepare_filled(
        name,
        _purchases.signature(customers, _digest(Path(_purchases.__file__))),
        f"Purchases of {customers:,} customers",
        lambda registry: _purchases.fill(registry, customers),
    )


def prepare_filled(name, signature, title, fill):
    """Make a database unless it is there, and bring the addon up to date.

    :param signature: text that identifies its contents
    :param title: title of the step that fills it
    :param fill: function that fills it, by ``_purchases.fill`` among others; takes the
        registry
    """
    addon = _addon_digest()  # of now: filling takes minutes
    with odoo.session() as session:
        if not _is_filled(session, name, signature):
            databases.database_from_template(session, name, [ADDON])
            with step(title):
                fill(load(name))
            _remember(session, name, "DATABASE", name, signature)
        elif _remembered(session, name) != addon:
            with step(f"Database {name}: upgrade") as progress:
                session.update(name, progress, upgrade=[ADDON])
        _remember(session, name, "SCHEMA", "bench", addon)
    say(f"Database {name} is ready.")


def prepare_plain(session, customers):
    """Make a database of purchases without the addon and return its name.

    With its dependencies; zero customers for an empty one.
    """
    name = f"bench_plain_{customers}"
    signature = _purchases.signature(customers, _digest(Path(_purchases.__file__)))
    if not _is_filled(session, name, signature):
        modules = databases.foreign_dependencies(session, [ADDON])
        databases.database_from_template(session, name, modules)
        if customers:
            with step(f"Purchases of {customers:,} customers, without the addon"):
                _purchases.fill(load(name), customers)
                release(name)
        _remember(session, name, "DATABASE", name, signature)
    return name


def release(name):
    """Close the connections to a database, which others copy or drop."""
    Registry.delete(name)
    close_db(name)


def _is_filled(session, name, signature):
    query = (
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
        f" WHERE datname = {databases.literal(name)}"
    )
    return databases.sql(session, query) == [[signature]]


def _remember(session, name, kind, place, text):
    statement = f"COMMENT ON {kind} {databases.quoted(place)}"
    databases.sql(session, f"{statement} IS {databases.literal(text)}", name)


def _remembered(session, name):
    query = "SELECT obj_description('bench'::regnamespace)"
    return databases.sql(session, query, name)[0][0]


def _addon_digest():
    files = sorted((ROOT / ADDON).rglob("*"))
    return _digest(*(path for path in files if path.suffix in (".py", ".xml", ".csv")))


def _digest(*paths):
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def load(name):
    """Odoo's registry of the database, as a server would have it.

    With pandas, which a server imports once in its life.
    """
    import_module("pandas")
    options = ["--no-http", "--max-cron-threads=0", "--log-level=error"]
    config.parse_config(["-d", name, *options], setup_logging=True)
    _watch_copies()
    return Registry(name)


def _watch_copies():
    """Count COPY among Odoo's statements.

    Odoo counts those that go through ``execute``.
    """

    def copy_expert(cursor, *args):
        started = time.perf_counter()
        cursor._obj.copy_expert(*args)
        thread = threading.current_thread()
        if hasattr(thread, "query_count"):
            thread.query_count += 1
            thread.query_time += time.perf_counter() - started

    Cursor.copy_expert = copy_expert


@contextmanager
def measured(registry, measure):
    """A new transaction, timed with its commit; yields the environment."""
    thread = threading.current_thread()
    thread.query_count, thread.query_time = 0, 0.0
    started = time.perf_counter()
    with registry.cursor() as cr:
        pids = os.getpid(), cr._cnx.get_backend_pid()
        worked, logged = _cpu_seconds(*pids), _wal_bytes(cr)
        env = api.Environment(cr, SUPERUSER_ID, {})
        yield env
        env.flush_all()
        cr.commit()
        measure.cpu = _cpu_seconds(*pids) - worked
        measure.wal = (_wal_bytes(cr) - logged) / 2**20
    measure.seconds = time.perf_counter() - started
    measure.queries, measure.waited = thread.query_count, thread.query_time


def _wal_bytes(cr):
    """Return the bytes logged by the server so far.

    Odoo does not count the query.
    """
    cr._obj.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")
    return int(cr._obj.fetchone()[0])


def _cpu_seconds(*pids):
    """User and system time of processes; see proc(5), /proc/pid/stat."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def copy_out(cr, query):
    """Have PostgreSQL send all rows of a select, and drop them."""
    statement = SQL("COPY (%s) TO STDOUT (FORMAT binary)", query)
    text = cr.mogrify(statement.code, statement.params).decode()
    with open("/dev/null", "wb") as sink:
        cr.copy_expert(text, sink)
