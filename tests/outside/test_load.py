"""Eight people work while runs follow one another: nothing is lost.

And nothing fails. `LOAD_SECONDS=120 ./dev test tests/outside/test_load.py` is the long
version; without it the load takes as long as fits into all tests.
"""

import itertools
import os
import threading
import time
from collections import Counter

import pytest
from json_client import Client, Refused
from odoo_commands import connect, query

SECONDS = float(os.environ.get("LOAD_SECONDS", 20))
# The long version is for an idle machine; other tests run beside the short one.
LONGEST_WAIT = "100 milliseconds" if "LOAD_SECONDS" in os.environ else "1 second"
# A run that meets a contact being merged waits until that is saved: nobody waits then.
LONGEST_WAIT_OF_RUN = "2 seconds"
_WAITS = f"""
    SELECT now() - l.waitstart, a.query FROM pg_locks l
      JOIN pg_stat_activity a USING (pid)
     WHERE NOT l.granted AND a.datname = current_database()
       AND now() - l.waitstart > CASE WHEN a.application_name = %s
               THEN interval '{LONGEST_WAIT_OF_RUN}' ELSE interval '{LONGEST_WAIT}' END
"""
# Results of a run from the documents alone; ids, dates of writing and remembered
# earlier days are left out.
_FACTS = """
    SELECT partner_id, order_count, lifetime_order_count, visit_count, revenue,
           lifetime_revenue, refund_amount, first_purchase_date, last_purchase_date,
           open_quotation_count, open_opportunity_count
      FROM customer_profile WHERE company_id = %s ORDER BY partner_id
"""
_CLASSES = """
    SELECT partner_id, value_tier_id, lifecycle_stage_id, churn_risk, rfm_code
      FROM customer_profile WHERE company_id = %s ORDER BY partner_id
"""


class Person(threading.Thread):
    """Repeats one kind of work until the end, and notes how each call went."""

    def __init__(self, node, stage, end):
        super().__init__(daemon=True)
        self.node, self.stage, self.end = node, stage, end
        self.outcomes = Counter()
        self.errors, self.refusals = [], Counter()
        self.expected = {}

    def run(self):
        for number in itertools.count():
            if time.monotonic() > self.end:
                return
            try:
                self.work(number)
            except Refused as error:
                self._note(error)
            except Exception as error:  # the thread's own end would hide it
                self.errors.append(repr(error))

    def work(self, number):
        raise NotImplementedError

    def call(self, model, method, **arguments):
        """Call, and count that it went well."""
        result = self.node.call(model, method, **arguments)
        self.outcomes["well"] += 1
        return result

    def create(self, model, **values):
        """Create one record and return its id."""
        return self.call(model, "create", vals_list=[values])[0]

    def _note(self, error):
        if error.status >= 500:
            self.errors.append(str(error))
        else:
            self.outcomes["refused"] += 1
            self.refusals[error.message[:100]] += 1


class Editor(Person):
    """Edits contacts of which a colleague edits another field."""

    field = "comment"

    def work(self, number):
        partner = self.stage["customers"][number % 5]
        value = f"<p>{type(self).__name__} {number}</p>"
        self.call("res.partner", "write", ids=[partner], vals={self.field: value})
        self.expected[partner, self.field] = value


class Colleague(Editor):
    """Edits the phone numbers of the same contacts."""

    field = "website"

    def work(self, number):
        partner = self.stage["customers"][number % 5]
        value = f"http://colleague-{number}.example.com"
        self.call("res.partner", "write", ids=[partner], vals={self.field: value})
        self.expected[partner, self.field] = value


class Seller(Person):
    """Writes quotations, confirms them, and cancels some."""

    def work(self, number):
        partner = self.stage["customers"][5 + number % 20]
        order = self.create("sale.order", partner_id=partner)
        self.create(
            "sale.order.line",
            order_id=order,
            product_id=self.stage["product"],
            price_unit=50 + number,
        )
        self.call("sale.order", "action_confirm", ids=[order])
        if number % 4 == 3:
            self.call("sale.order", "action_cancel", ids=[order])


class Importer(Person):
    """Imports purchases and refunds."""

    def work(self, number):
        rows = [
            [
                self.stage["names"][at],
                self.stage["today"],
                str(amount),
                f"L-{number}-{at}",
            ]
            for at, amount in enumerate((20 + number, -5, 11.5))
        ]
        found = self.call(
            "customer.purchase",
            "load",
            fields=["partner_id", "date", "amount", "reference"],
            data=rows,
        )
        assert found["ids"], found["messages"]


class Merger(Person):
    """Makes double contacts with a purchase each, and merges them."""

    def work(self, number):
        pair = [self.create("res.partner", name=f"Double {number}") for __ in "ab"]
        for partner in pair:
            self.create(
                "customer.purchase",
                partner_id=partner,
                date=self.stage["today"],
                amount=100,
                currency_id=self.stage["currency"],
                company_id=self.stage["company"],
            )
        wizard = self.create(
            "base.partner.merge.automatic.wizard",
            partner_ids=[[6, 0, pair]],
            dst_partner_id=pair[0],
            state="selection",
        )
        self.call("base.partner.merge.automatic.wizard", "action_merge", ids=[wizard])


class Archiver(Person):
    """Archives contacts and takes them back."""

    def work(self, number):
        partner = self.stage["customers"][30 + number % 5]
        method = ("action_archive", "action_unarchive")[number // 5 % 2]
        self.call("res.partner", method, ids=[partner])


class Tagger(Person):
    """Gives tags to many and takes them away."""

    def work(self, number):
        partners = self.stage["customers"][40:60]
        chosen = {"active_model": "res.partner", "active_ids": partners}
        values = {
            "mode": ("add", "remove")[number % 2],
            "partner_tag_ids": [[6, 0, [self.stage["tag"]]]],
        }
        model = "classification.tag.wizard"
        wizards = self.call(model, "create", vals_list=[values], context=chosen)
        self.call(model, "action_apply", ids=wizards, context=chosen)


class Decider(Person):
    """Decides about classes and ends the decisions."""

    def work(self, number):
        decision = self.create(
            "classification.override",
            partner_id=self.stage["customers"][60 + number % 20],
            company_id=self.stage["company"],
            axis="value_tier",
            tier_id=self.stage["tier"],
            reason=f"Known better, {number}",
        )
        self.call("classification.override", "action_end", ids=[decision])


class Runner(Person):
    """Recompute all customers and the changed ones, in turn."""

    def work(self, number):
        method = ("recompute", "refresh")[number % 2]
        [run] = self.call(
            "classification.policy", method, ids=[self.stage["policy"]], timeout=300
        )
        [found] = self.node.read("classification.run", [run], "state", "error")
        self.outcomes[f"run {found['state']}"] += 1
        time.sleep(0.3)  # a decision is refused in words while its customers are run
        if found["state"] == "failed":
            self.errors.append(found["error"])


PEOPLE = (Editor, Colleague, Seller, Importer, Merger, Archiver, Tagger, Decider)


@pytest.fixture(scope="module")
def connection(session, database, server):
    connection = connect(session, database)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def stage(client, prepared):
    """Return ids of the records that people work on."""
    admin = client("admin")
    customers = admin.search_read(
        "customer.profile",
        [("company_id", "=", prepared["company"]), ("order_count", ">", 0)],
        *("partner_id",),
        limit=80,
        order="partner_id",
    )
    [company] = admin.read("res.company", [prepared["company"]], "currency_id")
    [run] = admin.search_read("classification.run", [], "as_of_date", limit=1)
    tags = admin.call("res.partner.category", "create", vals_list=[{"name": "Loaded"}])
    names = [
        admin.call("res.partner", "create", vals_list=[{"name": f"Import {n}"}])
        for n in range(3)
    ]
    return {
        "company": prepared["company"],
        "policy": prepared["policy"],
        "currency": company["currency_id"][0],
        "customers": [row["partner_id"][0] for row in customers],
        "names": [f"Import {n}" for n in range(len(names))],
        "product": admin.search_read(
            "product.product", [("sale_ok", "=", True)], "name", limit=1
        )[0]["id"],
        "tag": tags[0],
        "tier": admin.search_read(
            "customer.value.tier", [("code", "=", "vip")], "name"
        )[0]["id"],
        "today": str(run["as_of_date"]),
    }


def test_eight_people_work_while_runs_follow_one_another(
    connection, database, second_server, prepared, client, stage
):
    key = prepared["keys"]["admin"]
    with second_server() as first, second_server() as second:
        nodes = [Client(first.url, database, key) for __ in PEOPLE]
        nodes.append(Client(second.url, database, key))
        for node in (nodes[0], nodes[-1]):  # a server's first answer takes long
            node.read("res.partner", stage["customers"], "name")
        end = time.monotonic() + SECONDS
        work = [
            kind(node, stage, end)
            for kind, node in zip((*PEOPLE, Runner), nodes, strict=True)
        ]
        for one in work:
            one.start()
        waits = _sampled_waits(connection, end, f"odoo-{second.process.pid}")
        for one in work:
            one.join(timeout=300)
            assert not one.is_alive(), type(one).__name__
    _report(work, waits)
    assert not [error for one in work for error in one.errors]
    assert not [type(one).__name__ for one in work if not one.outcomes["well"]]
    assert not waits
    _nothing_is_lost(client("admin"), work)
    _classes_are_those_from_nothing(client("admin"), connection, stage)


def _sampled_waits(connection, end, runs):
    """Look at the locks that somebody waits for, twenty times a second.

    ``runs`` is the name under which the server of the runs is connected.
    """
    waits = []
    while time.monotonic() < end:
        waits += query(connection, _WAITS, runs)
        time.sleep(0.05)
    return waits


def _report(work, waits):
    for one in work:
        print(
            type(one).__name__, dict(one.outcomes), dict(one.refusals), one.errors[:3]
        )
    print("waits:", len(waits), waits[:3])


def _nothing_is_lost(admin, work):
    """Check that the last text that each person wrote is stored."""
    for one in work:
        for (partner, field), value in one.expected.items():
            [found] = admin.read("res.partner", [partner], field)
            assert found[field] == value, (partner, field)


def _classes_are_those_from_nothing(admin, connection, stage):
    """Check that the classes equal those of runs from nothing.

    A run that finds no profile makes the same facts; one that compares everything
    anew moves nobody.
    """
    company = stage["company"]

    def run(method):
        [found] = admin.call("classification.policy", method, ids=[stage["policy"]])
        [run] = admin.read("classification.run", [found], "state", "error")
        assert run["state"] == "done", run

    run("refresh")
    facts = query(connection, _FACTS, company)
    classes = query(connection, _CLASSES, company)
    query(
        connection,
        "UPDATE customer_profile SET content_hash = 0 WHERE company_id = %s",
        company,
    )
    run("recompute")
    assert query(connection, _FACTS, company) == facts
    assert query(connection, _CLASSES, company) == classes
    query(connection, "DELETE FROM customer_profile WHERE company_id = %s", company)
    run("recompute")
    assert query(connection, _FACTS, company) == facts
