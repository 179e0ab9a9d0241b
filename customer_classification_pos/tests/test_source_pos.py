from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.customer_classification.tests.common import AS_OF

from .common import DAY, PosCase


@tagged("post_install", "-at_install")
class TestSourcePos(PosCase):
    """Value, customer and day of a counter sale."""

    def test_states(self):
        for state, numbers in {
            "draft": (0, 0),
            "cancel": (0, 0),
            "paid": (100, 1),
            "done": (100, 1),
        }.items():
            with self.subTest(state), self.env.cr.savepoint() as savepoint:
                self._counter(self.customer, DAY, 100, state=state)
                self.assertEqual(self._numbers(), numbers)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_without_tax(self):
        line = {"price_unit": 120, "price_subtotal": 100, "price_subtotal_incl": 120}
        self._counter(self.customer, DAY, 0, lines=[line], amount_tax=20)
        self.assertEqual(self._numbers(), (100, 1))

    def test_discount_line_lowers_a_sale_and_its_refund(self):
        lines = [{"price_unit": 100}, {"price_unit": -10}]
        order = self._counter(self.customer, DAY, 0, lines=lines)
        self.assertEqual(self._numbers(), (90, 1))
        self._take_back(order, AS_OF, signed=False)
        self.assertEqual(self._numbers(), (0, 1))

    def test_exchange_counts_what_was_bought_and_takes_back(self):
        order = self._counter(self.customer, DAY, 100)
        lines = [
            {"price_unit": 130},
            {"qty": -1, "price_unit": 100, "refunded_orderline_id": order.lines.id},
        ]
        self._counter(self.customer, AS_OF, 0, lines=lines)
        self.assertEqual(self._numbers(), (130, 2))

    def test_contact_and_employee_of_the_own_company(self):
        contact = self._customer("Contact", parent_id=self.customer.id)
        self._counter(contact, DAY, 100)
        own = self.company.partner_id
        employee = self._customer("Employee", parent_id=own.id)
        self._counter(employee, DAY, 1000)
        self.assertEqual(self._numbers(), (100, 1))
        self.assertFalse(self._profile(own) | self._profile(employee))

    def test_without_a_customer_and_with_one_later(self):
        order = self._counter(None, DAY, 100)
        self.assertEqual(self._numbers(), (0, 0))
        order.partner_id = self.customer
        self.assertEqual(self._numbers(), (100, 1))

    def test_day_is_that_of_the_time_zone(self):
        self._counter(self.customer, datetime(2025, 6, 1, 22, 30), 100)
        for tz, day in {"UTC": 1, "Europe/Brussels": 2}.items():
            rules = self._policy(self.company, tz=tz)
            self._recompute(policy=rules)
            found = self._profile(self.customer).last_purchase_date
            self.assertEqual(found.day, day, tz)

    def test_after_the_day(self):
        self._counter(self.customer, AS_OF + timedelta(1), 100)
        self.assertEqual(self._numbers(), (0, 0))

    def test_currency_at_the_rate_of_the_day(self):
        dollar = self._rate("USD", DAY - timedelta(1), 2)
        self._rate("USD", DAY + timedelta(1), 4)
        journal = self.env["account.journal"].create(
            {
                "name": "Till in dollars",
                "code": "TILL",
                "type": "sale",
                "currency_id": dollar.id,
            }
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "Dollars", "currency_id": dollar.id}
        )
        till = self._till(
            "Dollars",
            journal_id=journal.id,
            invoice_journal_id=journal.id,
            use_pricelist=True,
            pricelist_id=pricelist.id,
            available_pricelist_ids=[(6, 0, pricelist.ids)],
        )
        self.assertEqual(till.currency_id, dollar)
        self._counter(self.customer, DAY, 100, till=till)
        self.assertEqual(self._numbers(), (50, 1))

    def test_margin_where_each_cost_is_known(self):
        lines = [
            {"price_unit": 100, "total_cost": 60, "is_total_cost_computed": True},
            {"price_unit": 10, "total_cost": 4, "is_total_cost_computed": True},
        ]
        order = self._counter(self.customer, DAY, 0, lines=lines)
        self._recompute()
        profile = self._profile(self.customer)
        self.assertTrue(profile.has_margin)
        self.assertEqual(profile.margin, 46)
        order.lines[1].is_total_cost_computed = False
        self._recompute()
        self.assertFalse(self._profile(self.customer).has_margin)

    def test_margin_of_a_refund(self):
        line = {"price_unit": 100, "total_cost": 60, "is_total_cost_computed": True}
        order = self._counter(self.customer, DAY, 0, lines=[line])
        refund = self._take_back(order, AS_OF, signed=False)
        refund.lines.write({"total_cost": -60, "is_total_cost_computed": True})
        self._recompute()
        self.assertEqual(self._profile(self.customer).margin, 0)

    def test_document_and_list(self):
        order = self._counter(self.customer, DAY, 100)
        self._recompute()
        profile = self._profile(self.customer)
        self.assertEqual(profile.last_document, order)
        self.assertEqual(profile.document_count, 1)

    def test_no_number_is_told(self):
        order = self._counter(self.customer, DAY, 100)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE pos_order_line SET price_subtotal = 'NaN' WHERE order_id = %s",
            [order.id],
        )
        self._recompute()
        self.assertEqual(self._problem(), "not_a_number")

    def test_bad_date_is_told(self):
        self._counter(self.customer, datetime(1900, 1, 1), 100)
        self._recompute()
        self.assertEqual(self._problem(), "bad_date")

    def _problem(self):
        problems = self.env["classification.problem"]
        return problems.search([("partner_id", "=", self.customer.id)]).reason

    def test_origin(self):
        self._counter(self.customer, DAY, 100)
        self._counter(self._customer("Draft"), DAY, 100, state="draft")
        self.assertEqual(self.customer.customer_origin, "offline")
        found = self.env["res.partner"].search([("customer_origin", "=", "offline")])
        self.assertIn(self.customer, found)
        self.assertNotIn("Draft", found.mapped("name"))

    def test_orders_and_lines_are_scanned_once(self):
        """Each big table once; what is left out is found by its partial indexes."""
        scope = self.env["classification.facts"]._scope(self.policy, AS_OF)
        source = self.env["classification.source.pos"]
        for name in ("sale", "invoice"):
            rules = self._policy(self.company, revenue_source=name)
            query = scope.with_rates(source._order_query(rules, scope))
            scans = self._scans(query)
            for table, alias in (("pos_order", "o"), ("pos_order_line", "l")):
                whole = [one for one in scans if one == ("Seq Scan", table, alias)]
                self.assertLessEqual(len(whole), 1, scans)

    def _scans(self, query):
        """Return ``[(kind, table, alias)]`` of the scans of a statement.

        As if all tables were big.
        """
        self.env.flush_all()
        found = []

        def walk(node):
            if "Relation Name" in node:
                found.append((node["Node Type"], node["Relation Name"], node["Alias"]))
            for child in node.get("Plans", ()):
                walk(child)

        with self.env.cr.savepoint(flush=False) as savepoint:
            self.env.cr.execute(
                "UPDATE pg_class SET reltuples = 1000000, relpages = 30000"
                " WHERE relname IN ('pos_order', 'pos_order_line')"
            )
            self.env.cr.execute(SQL("EXPLAIN (FORMAT JSON) %s", query))
            [[[plan]]] = self.env.cr.fetchall()
            savepoint.rollback()
        walk(plan["Plan"])
        return found


@tagged("post_install", "-at_install")
class TestChangedCounterSales(PosCase):
    """An hourly run finds what changed, and ends as a run over all."""

    def _hourly(self):
        """Revenue after a run over what changed, which a run over all confirms."""
        self.assertEqual(self._refresh().scope, "changed")
        found = self._profile(self.customer).revenue
        self._recompute()
        self._age()
        self.assertEqual(self._profile(self.customer).revenue, found)
        return found

    def setUp(self):
        super().setUp()
        self.order = self._counter(self.customer, DAY, 100)
        self._recompute()
        self._age()
        policies = type(self.env["classification.policy"])
        self.startPatcher(patch.object(policies, "_today", lambda __: AS_OF))

    def test_new_order(self):
        self._counter(self.customer, AS_OF, 20)
        self.assertEqual(self._hourly(), 120)

    def test_other_customer(self):
        other = self._customer("Other")
        self.order.partner_id = other
        self.assertEqual(self._hourly(), 0)
        self.assertEqual(self._profile(other).revenue, 100)

    def test_no_customer_any_more(self):
        self.order.partner_id = False
        self.assertEqual(self._hourly(), 0)

    def test_taken_back(self):
        self._take_back(self.order, AS_OF)
        self.assertEqual(self._hourly(), 0)

    def test_original_gets_its_customer_later(self):
        other = self._counter(None, DAY, 40)
        self._take_back(other, AS_OF, partner_id=self.customer.id)
        self.assertEqual(self._hourly(), 100)
        other.partner_id = self._customer("Companion")
        self.assertEqual(self._hourly(), 60)

    def test_invoiced_and_cancelled(self):
        rules = self._policy(self.company, revenue_source="invoice")
        self._recompute(policy=rules)
        self._age()
        move = self._invoice_counter(self.order, AS_OF)
        self._refresh(rules)
        profile = self._profile(self.customer)
        self.assertEqual((profile.revenue, profile.last_purchase_date), (100, AS_OF))
        self._cancel(move)
        self._refresh(rules)
        self.assertEqual((profile.revenue, profile.last_purchase_date), (100, DAY))

    def test_credited_by_accounting(self):
        move = self._invoice_counter(self.order, DAY)
        self.assertEqual(self._hourly(), 100)
        self._credit(move, AS_OF)
        self.assertEqual(self._hourly(), 0)

    def test_sales_order_cancelled(self):
        if not self.has_sales:
            self.skipTest("pos_sale is not installed")
        sale = self._order(self.customer, DAY, 50)
        self._settle(sale, DAY)
        self.assertEqual(self._hourly(), 150)
        sale._action_cancel()
        self.assertEqual(self._hourly(), 150)
