"""Install, upgrade and uninstall the addon where there is much data.

    ./dev bench installing [--customers N]

Takes a database with Odoo's apps and purchases, and one without purchases. While Odoo
installs, upgrades and uninstalls the addon in the first one, writers change one row of
each of Odoo's large tables again and again, each in its own connection. Prints the
seconds of each step beside those in the empty database, and the longest time that a
writer had to wait.
"""

import argparse
import threading
import time

from psycopg2 import OperationalError

from odoo.sql_db import db_connect
from odoo.tools import SQL

from benchmarks._database import ADDON, load, prepare_plain, release
from benchmarks._figures import Figure, add_argument, keep
from tools import databases, odoo
from tools.console import DevError, say, step

NAME = "bench_installing"
TABLES = (
    *("res_partner", "sale_order", "sale_order_line", "account_move", "crm_lead"),
    *("product_template", "utm_campaign"),
)
PAUSE = 0.02  # seconds between two writes of a table
MOST_SECONDS, MOST_WAIT = 30, 1.0


class Writer(threading.Thread):
    """Writes one row of a table until it is stopped.

    :ivar longest: seconds of the longest write
    """

    def __init__(self, database, table):
        super().__init__(daemon=True)
        self.database, self.table = database, SQL.identifier(table)
        self.longest, self.writes = 0.0, 0
        self.stopping = threading.Event()

    def run(self):
        with db_connect(self.database).cursor() as cr:
            cr.execute(SQL("SELECT max(id) FROM %s", self.table))
            row = cr.fetchone()[0]
            cr.commit()
            while row and not self.stopping.wait(PAUSE):
                self._write(cr, row)

    def _write(self, cr, row):
        started = time.monotonic()
        try:
            cr.execute(
                SQL(
                    "UPDATE %s SET write_date = now() AT TIME ZONE 'UTC' WHERE id = %s",
                    self.table,
                    row,
                ),
                log_exceptions=False,
            )
            cr.commit()
            self.writes += 1
        except OperationalError:  # Odoo wrote the same row at the same time
            cr.rollback()
        self.longest = max(self.longest, time.monotonic() - started)


def watched(database, function):
    """Return the seconds of a function, and ``{table: longest wait}``."""
    writers = {table: Writer(database, table) for table in TABLES}
    for writer in writers.values():
        writer.start()
    started = time.monotonic()
    try:
        function()
    finally:
        seconds = time.monotonic() - started
        for writer in writers.values():
            writer.stopping.set()
            writer.join()
    release(database)
    waits = {name: writer.longest for name, writer in writers.items() if writer.writes}
    return seconds, waits


def measure(session, source):
    """Return ``{step: (seconds, waits)}`` in a copy of a database."""
    databases.drop(session, NAME)
    databases.copy(session, source, NAME)
    found = {}
    for label, function in (
        ("install", lambda: _update(session, install=[ADDON])),
        ("upgrade", lambda: _update(session, upgrade=[ADDON])),
        ("uninstall", lambda: _uninstall(session)),
    ):
        with step(f"{source}: {label}"):
            found[label] = watched(NAME, function)
    databases.drop(session, NAME)
    return found


class _Silence:
    """Progress that shows nothing: the step is measured as a whole."""

    def show(self, text):
        pass


def _update(session, **modules):
    session.update(NAME, _Silence(), **modules)


def _uninstall(session):
    args = ("module", "uninstall", "-d", NAME, ADDON)
    lines = []
    if session.stream(*args, on_line=lines.append):
        reason = "\n".join(lines[-3:])
        raise DevError(f"{ADDON} could not be uninstalled:\n{reason}")


def report(empty, filled):
    """Print the seconds and the waits, and return the figures."""
    say(f"{'':10}{'s':>9}{'empty':>9}{'more':>9}{'longest wait':>14}")
    for label, (seconds, waits) in filled.items():
        more = seconds - empty[label][0]
        table = max(waits, key=waits.get)
        say(
            f"{label:10}{seconds:9.1f}{empty[label][0]:9.1f}{more:9.1f}"
            f"{waits[table]:12.2f} s  {table}"
        )
        say("  " + ", ".join(f"{name} {wait:.2f}" for name, wait in waits.items()))
    more = filled["install"][0] - empty["install"][0]
    longest = max(max(waits.values()) for __, waits in filled.values())
    found = [
        Figure("installing: seconds more than empty", MOST_SECONDS, more),
        Figure("installing: seconds that a writer waits", MOST_WAIT, longest),
    ]
    for what, limit, ours in found:
        say(
            f"{'PASS' if ours <= limit else 'MISS'}  {what} {ours:.2f}, {limit} allowed"
        )
    return found


def main():
    parser = argparse.ArgumentParser(prog="./dev bench installing")
    parser.add_argument("--customers", type=int, default=50_000, metavar="N")
    add_argument(parser)
    args = parser.parse_args()
    with odoo.session() as session:
        empty, filled = (prepare_plain(session, n) for n in (0, args.customers))
        load(empty)  # sets the connection of the writers
        release(empty)
        found = report(measure(session, empty), measure(session, filled))
        keep(args.figures, found)


if __name__ == "__main__":
    main()
