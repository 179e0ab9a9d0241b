"""A worker that passes changes on is killed, again and again.

Many customers move in one run, 20,000 by default and as many as `EVENT_MOVERS` says
(the requirement is 50,000 with 20 kills, which takes ten minutes); an automation and
the conversations of the contacts are told. Odoo's own prefork server delivers; its
worker of scheduled actions gets SIGKILL at random moments, and the server starts
another one.
"""

import os
import random
import signal
import time
from pathlib import Path

import pytest
from odoo_commands import ADDON, connect, foreign, query, shell, temporary_name

from tools import databases, processes
from tools.paths import LOGS

GLUE = f"{ADDON}_base_automation"
MOVERS = int(os.environ.get("EVENT_MOVERS", "20000"))
WHOLE = 50_000
KILLS = 20 if MOVERS >= WHOLE else 3
# Share of a run that it may take longer when nobody listens.
ALLOWED = 0.05
PATIENCE = 1800
WAITING = "SELECT count(*) FROM classification_event"
# The connections that have locked a batch.
PASSING_ON = """
    SELECT DISTINCT pid FROM pg_locks
     WHERE relation = 'classification_event'::regclass AND mode = 'RowShareLock'
"""
# As Odoo itself wakes a scheduled action, whose row is locked while it runs; the
# channel is in the database that all servers know.
NOTIFY = "SELECT pg_notify('cron_trigger', %s)"
WAKE = """
    INSERT INTO ir_cron_trigger (cron_id, call_at)
    SELECT id, now() AT TIME ZONE 'UTC' FROM ir_cron
     WHERE cron_name LIKE '%%pass changes on'
"""


@pytest.fixture(scope="module")
def moved_database(session):
    """Yield the name of a database with automations and our glue, no demo."""
    name = temporary_name("events")
    databases.database_from_template(
        session, name, [*foreign(session), "base_automation", ADDON, GLUE]
    )
    yield name
    databases.drop(session, name)


@pytest.fixture(scope="module")
def runs(session, moved_database):
    """Return seconds and moves of the runs, of `scripts/move_many.py`."""
    return shell(session, moved_database, "move_many.py")


@pytest.fixture(scope="module")
def connection(session, moved_database):
    connection = connect(session, moved_database)
    yield connection
    connection.close()


class Bell:
    """Wakes the scheduled action of events, and looks how far it is."""

    def __init__(self, connection, channel, database):
        self._connection, self._channel = connection, channel
        self._database = database

    def ask(self, statement, *params):
        return query(self._connection, statement, *params)

    def waiting(self):
        """Return how many events wait."""
        [(count,)] = self.ask(WAITING)
        return count

    def ring(self):
        self.ask(WAKE)
        query(self._channel, NOTIFY, self._database)

    def wait_until(self, condition, what):
        """Return the first true value; ring now and then.

        After three kills in a row without a whole batch, Odoo puts an action off.
        """
        end = time.monotonic() + PATIENCE
        turn = 0
        while time.monotonic() < end:
            if value := condition():
                return value
            time.sleep(0.05)
            turn += 1
            if turn % 100 == 0:
                self.ring()
        pytest.fail(f"waited {PATIENCE} seconds in vain: {what}")


@pytest.fixture
def bell(session, connection, moved_database):
    channel = connect(session, "postgres")
    yield Bell(connection, channel, moved_database)
    channel.close()


@pytest.fixture
def deliverer(session, moved_database):
    """A server with one worker of scheduled actions, and no web."""
    log = LOGS / f"{moved_database}-deliverer.log"
    argv = session.command("-d", moved_database, "--no-http", f"--logfile={log}")
    # Odoo's own watchdog would kill, too, on a busy machine.
    argv += ["--workers=1", "--max-cron-threads=1", "--limit-time-real-cron=0"]
    env = processes.merged(session.env)
    with (
        open(log, "ab") as out,
        processes.child(argv, env=env, stderr=out) as process,
    ):
        yield process


@pytest.mark.skipif(MOVERS < WHOLE, reason="5 % of a short run are noise")
def test_a_run_is_not_slower_when_nobody_listens(runs):
    silent = runs["silent"]
    assert silent["moves"] >= WHOLE
    assert runs["unheard"] == 0
    assert silent["noting"] <= ALLOWED * silent["seconds"], runs


def test_killed_workers_tell_each_customer_once(runs, connection, bell, deliverer):
    """None is lost and none doubled, however often the worker is killed."""
    begun = bell.waiting()
    assert begun >= MOVERS
    chance, longest = random.Random(20), 2 * _seconds_of_a_batch(bell)
    connections, left = set(), []
    while len(left) < KILLS:
        connections |= _new_connection(bell, connections)
        # Anywhere in this batch or the next one.
        time.sleep(chance.uniform(0, longest))
        bell.ring()
        os.kill(_worker(deliverer), signal.SIGKILL)
        left.append(bell.waiting())
    print(f"left after each kill, batches of {longest / 2:.1f} s:", left)
    assert left[-1], "all were passed on before the last kill"
    bell.wait_until(lambda: not bell.waiting(), "the rest")
    moved = "SELECT DISTINCT partner_id FROM classification_change WHERE run_id = %s"
    _told_once(connection, begun, moved)


def _told_once(connection, customers, moved):
    """Check the rows of the automation and the messages against the history."""
    [(run,)] = query(connection, "SELECT max(id) FROM classification_run")
    stages = query(
        connection,
        f"SELECT partner_id FROM ({moved} AND axis = 'lifecycle_stage') c ORDER BY 1",
        run,
    )
    assert query(connection, "SELECT partner_id FROM told ORDER BY 1") == stages
    everybody = query(connection, f"{moved} ORDER BY 1", run)
    assert len(everybody) == customers
    messages = (
        "SELECT res_id FROM mail_message WHERE model = 'res.partner'"
        " AND body LIKE '%%→%%' ORDER BY 1"
    )
    assert query(connection, messages) == everybody


def _seconds_of_a_batch(bell):
    """Return how long the second batch takes: on a busy machine much longer."""
    moments = []
    for __ in range(2):
        before = bell.waiting()
        bell.wait_until(lambda b=before: bell.waiting() < b, "a batch")
        moments.append(time.monotonic())
    return moments[1] - moments[0]


def _new_connection(bell, known):
    """Return the connection of a worker that has begun to pass a batch on."""

    def find():
        assert bell.waiting(), "all were passed on before the last kill"
        return {pid for (pid,) in bell.ask(PASSING_ON)} - known

    return bell.wait_until(find, "a worker to begin")


def _worker(deliverer):
    """Return the process that works for a server, which starts one at a time."""
    children = Path(f"/proc/{deliverer.pid}/task/{deliverer.pid}/children")
    [worker] = children.read_text().split()
    return int(worker)
