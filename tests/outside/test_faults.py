"""A run is killed, two meet, and users go on working meanwhile.

The run is brought to a halt in the midst of its writing by a lock on the history
table, which it fills after the profiles: nothing in the addon knows of the test.
"""

import contextlib
import os
import signal
import threading
import time

import pytest
from json_client import Client, Refused
from odoo_commands import connect, query

CRON = "customer_classification.ir_cron_recompute"
# So few that the run need not wait for an approval.
CUSTOMERS = 30
AMOUNT = 777.25
_WAITING = """
    SELECT a.pid FROM pg_stat_activity a
     WHERE a.datname = current_database() AND a.wait_event_type = 'Lock'
       AND a.query ~* 'INSERT INTO "?classification_(change|first_class)'
"""


@pytest.fixture(scope="module")
def connection(session, database, server):
    connection = connect(session, database)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def company(prepared):
    return prepared["company"]


@contextlib.contextmanager
def history_locked(session, database):
    """Lock the history against appending in a block; reading goes on."""
    blocker = connect(session, database)
    blocker.autocommit = False
    history = "classification_change, classification_first_class"
    query(blocker, f"LOCK TABLE {history} IN SHARE MODE")
    try:
        yield
    finally:
        blocker.rollback()
        blocker.close()


def wait_until(condition, what, seconds=600):
    """Return the first true value of a condition."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.1)
    pytest.fail(f"waited {seconds} seconds in vain: {what}")


def profiles(connection, company):
    """Return `{customer: all values that a run writes}`."""
    rows = query(
        connection,
        "SELECT partner_id, p::text FROM customer_profile p WHERE company_id = %s",
        company,
    )
    return dict(rows)


def revenues(connection, company, customers):
    rows = query(
        connection,
        "SELECT partner_id, lifetime_revenue FROM customer_profile"
        " WHERE company_id = %s AND partner_id = ANY(%s)",
        company,
        customers,
    )
    return {customer: float(revenue) for customer, revenue in rows}


def buy(client, connection, company):
    """Create purchases of today by many dormant customers.

    So that the next run has classes to change; return the customers.
    """
    rows = query(
        connection,
        "SELECT p.partner_id FROM customer_profile p"
        "  JOIN customer_lifecycle_stage s ON s.id = p.lifecycle_stage_id"
        " WHERE p.company_id = %s AND p.active AND s.code IN ('dormant', 'lost')"
        " ORDER BY p.partner_id LIMIT %s",
        company,
        CUSTOMERS,
    )
    [(currency, today)] = query(
        connection,
        "SELECT c.currency_id, (SELECT max(as_of_date) FROM classification_run)"
        "  FROM res_company c WHERE c.id = %s",
        company,
    )
    customers = [customer for (customer,) in rows]
    values = {"date": str(today), "amount": AMOUNT, "currency_id": currency}
    values["company_id"] = company
    client("admin").call(
        "customer.purchase",
        "create",
        vals_list=[{**values, "partner_id": customer} for customer in customers],
    )
    return customers


def queue(client, prepared):
    client("admin").call(
        "classification.policy", "action_recompute", ids=[prepared["policy"]]
    )


def cron_id(client):
    module, name = CRON.split(".")
    domain = [("module", "=", module), ("name", "=", name)]
    [found] = client("admin").search_read("ir.model.data", domain, "res_id")
    return found["res_id"]


def run_cron(client, job):
    client("admin").call("ir.cron", "method_direct_trigger", ids=[job], timeout=600)


@contextlib.contextmanager
def running_in_background(target):
    """Run something in a thread; its failure is the caller's to expect."""
    failures = []

    def work():
        try:
            target()
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield failures
    thread.join(timeout=600)
    assert not thread.is_alive()


def test_killed_run_leaves_each_customer_old_and_the_next_one_finishes(
    client, connection, session, database, second_server, prepared, company
):
    customers = buy(client, connection, company)
    assert len(customers) >= 20, "the demo data have too few dormant customers"
    before = profiles(connection, company)
    money = revenues(connection, company, customers)
    queue(client, prepared)
    job = cron_id(client)
    key = prepared["keys"]["admin"]
    with second_server() as victim, history_locked(session, database):
        node = Client(victim.url, database, key)
        with running_in_background(
            lambda: node.call("ir.cron", "method_direct_trigger", ids=[job])
        ) as failures:
            [(backend,)] = wait_until(
                lambda: query(connection, _WAITING), "the run to write"
            )
            os.killpg(victim.process.pid, signal.SIGKILL)
            victim.process.wait(300)
        assert failures, "the killed server answered"
    alive = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
    wait_until(lambda: not query(connection, alive, backend), "the backend to notice")

    assert profiles(connection, company) == before
    last = (
        "SELECT state FROM classification_run WHERE kind = 'production'"
        " ORDER BY id DESC LIMIT 2"
    )
    assert query(connection, last)[:1] == [("running",)]

    queue(client, prepared)
    run_cron(client, job)
    assert query(connection, last) == [("done",), ("interrupted",)]
    after = revenues(connection, company, customers)
    wanted = {customer: money[customer] + AMOUNT for customer in customers}
    assert after == pytest.approx(wanted)


def test_second_run_is_refused_and_users_do_not_wait(
    client, connection, session, database, second_server, prepared, company
):
    """The server that the users work on gives up on a lock after LOCK_WAIT."""
    customers = buy(client, connection, company)
    before = profiles(connection, company)
    arguments = {"ids": [prepared["policy"]], "timeout": 600}
    with second_server() as other:
        node = Client(other.url, database, prepared["keys"]["officer"])
        with (
            running_in_background(
                lambda: node.call("classification.policy", "recompute", **arguments)
            ) as failures,
            history_locked(session, database),
        ):
            wait_until(lambda: query(connection, _WAITING), "the run to write")
            _second_run_is_refused(client, prepared, customers)
            _users_work_on(client, customers)
            assert profiles(connection, company) == before
    assert failures == []
    assert profiles(connection, company) != before


def _second_run_is_refused(client, prepared, customers):
    for login, arguments in (
        ("officer", {}),
        ("seller", {"partner_ids": customers[:1]}),
    ):
        with pytest.raises(Refused, match="are being recomputed right now"):
            client(login).call(
                "classification.policy",
                "recompute",
                ids=[prepared["policy"]],
                **arguments,
            )


def _users_work_on(client, customers):
    """Edit and read customers, sell to them, while their profiles are written."""
    admin = client("admin")
    for number, customer in enumerate(customers[:10]):
        vals = {"name": f"Renamed {number}", "phone": "+1 555 0100", "comment": "x"}
        admin.call("res.partner", "write", ids=[customer], vals=vals)
    admin.call("res.partner", "create", vals_list=[{"name": "In between"}])
    admin.call("res.partner", "write", ids=customers[:1], vals={"active": False})
    admin.call("res.partner", "write", ids=customers[:1], vals={"active": True})
    fields = ["customer_value_tier_id", "customer_lifecycle_stage_id"]
    assert len(admin.read("res.partner", customers, *fields)) == len(customers)
    orders = admin.call(
        "sale.order", "create", vals_list=[{"partner_id": customers[0]}]
    )
    [product] = admin.search_read(
        "product.product", [("sale_ok", "=", True)], "name", limit=1
    )
    line = {"product_id": product["id"], "price_unit": 5, "order_id": orders[0]}
    admin.call("sale.order.line", "create", vals_list=[line])
    admin.call("sale.order", "action_confirm", ids=orders)
    [order] = admin.read("sale.order", orders, "state")
    assert order["state"] == "sale"


def test_users_would_notice_a_lock(client, connection, session, database):
    """The check works: a held lock makes a user's write fail."""
    blocker = connect(session, database)
    blocker.autocommit = False
    [customer] = client("admin").search_read("res.partner", [], "name", limit=1)
    try:
        query(
            blocker,
            "SELECT 1 FROM res_partner WHERE id = %s FOR UPDATE",
            customer["id"],
        )
        with pytest.raises(Refused):
            client("admin").call(
                "res.partner", "write", ids=[customer["id"]], vals={"comment": "y"}
            )
    finally:
        blocker.rollback()
        blocker.close()
