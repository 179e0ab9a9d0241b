"""Watch how long tables are closed to writers while others work."""

import threading
import time
from contextlib import contextmanager

from odoo_commands import connect, query

PAUSE = 0.05  # seconds between two looks
# Granted locks that stop writers, on tables that were there before.
CLOSED = """
SELECT l.pid, c.relname
  FROM pg_locks l
  JOIN pg_class c ON c.oid = l.relation
 WHERE l.granted AND l.database = (
           SELECT oid FROM pg_database WHERE datname = current_database())
   AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
                  'AccessExclusiveLock')
   AND c.relkind = 'r' AND c.relname = ANY(%s)
"""
TABLES = """
SELECT relname FROM pg_class
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


class LockWatch(threading.Thread):
    """Looks again and again which tables are closed to writers.

    :ivar longest: ``{table: seconds}``, from the first to the last look in a row
    """

    def __init__(self, connection, tables):
        super().__init__(daemon=True)
        self.connection, self.tables = connection, tables
        self.longest = {}
        self.stopping = threading.Event()

    def run(self):
        since = {}
        while not self.stopping.wait(PAUSE):
            closed = query(self.connection, CLOSED, self.tables)
            now = time.monotonic()
            since = {lock: since.get(lock, now) for lock in closed}
            for (__, table), started in since.items():
                seconds = max(self.longest.get(table, 0), now - started)
                self.longest[table] = seconds


@contextmanager
def watched_locks(session, database, before=None):
    """Yield ``{table: seconds}`` for which tables were closed to writers.

    :param before: the snapshot whose tables count; those of now by default
    """
    connection = connect(session, database)
    tables = [name for (name,) in query(connection, TABLES)]
    if before is not None:
        tables = [name for name in tables if f"r {name}" in before["relation"]]
    watch = LockWatch(connection, tables)
    watch.start()
    try:
        yield watch.longest
    finally:
        watch.stopping.set()
        watch.join()
        connection.close()
