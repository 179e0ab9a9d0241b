from datetime import timedelta
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.tests import tagged
from odoo.tools import SQL

from ..common import AS_OF, ClassificationCase

DAY = timedelta(days=1)


@tagged("post_install", "-at_install")
class TestHeardQuotations(ClassificationCase):
    """Days of quotations that come with the purchases, and by a scan."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.firm = cls._customer("Firm", is_company=True)
        cls.clerk = cls._customer("Clerk", parent_id=cls.firm.id)
        cls.shop = cls._customer("Shop", is_company=True)
        cls.asks = cls._customer("Asks", is_company=True)
        cls.later = cls._customer("Later", is_company=True)
        cls.old = cls._customer("Old", is_company=True)
        cls.facts = cls.env["classification.facts"]

    def _asked(self, partner, created, ordered=None, **values):
        """Create an order that was asked for on a day, and confirmed on another."""
        order = self._order(
            partner, ordered or created, 100, confirm=bool(ordered), **values
        )
        return self._created(order, created)

    def _days(self, day=AS_OF, **values):
        """Return ``{customer: day of the last interaction}``, read in both ways."""
        policy = self.policy.copy(values) if values else self.policy
        scope = self.facts._scope(policy, day)
        found = []
        original = type(self.facts)._asks_purchases
        for asks in (original, lambda *__: False):
            with patch.object(type(self.facts), "_asks_purchases", asks):
                facts, __ = self.facts._read(policy, policy._parameters(), scope)
            days = facts["last_interaction_date"].dropna()
            found.append({key: value.date() for key, value in days.items()})
        self.assertEqual(*found)
        names = {one.id: one.name for one in self.env["res.partner"].search([])}
        return {names[key]: value for key, value in found[0].items()}

    def _fill(self):
        self._asked(self.clerk, AS_OF - 40 * DAY, AS_OF - 30 * DAY)
        self._asked(self.firm, AS_OF - 60 * DAY, AS_OF - 10 * DAY)
        self._asked(self.shop, AS_OF - 20 * DAY, AS_OF - 20 * DAY)
        self._asked(self.shop, AS_OF - 5 * DAY)
        self._asked(self.asks, AS_OF - 7 * DAY)
        self._asked(self.later, AS_OF - 3 * DAY, AS_OF + 3 * DAY)
        self._asked(self.old, AS_OF + 90 * DAY, AS_OF - 50 * DAY)
        self._purchase(self.asks, AS_OF, 100)

    def test_days(self):
        self._fill()
        self.assertTrue(self.facts._asks_purchases(*self._rules()))
        self.assertEqual(
            self._days(),
            {
                "Firm": AS_OF - 40 * DAY,
                "Shop": AS_OF - 5 * DAY,
                "Asks": AS_OF - 7 * DAY,
                "Later": AS_OF - 3 * DAY,
                "Old": AS_OF - 50 * DAY,
            },
        )

    def _rules(self):
        return self.policy, self.policy._parameters()

    def test_of_an_earlier_day(self):
        self._fill()
        self.assertEqual(
            self._days(AS_OF - 15 * DAY),
            {
                "Firm": AS_OF - 40 * DAY,
                "Shop": AS_OF - 20 * DAY,
                "Old": AS_OF - 50 * DAY,
            },
        )

    def test_of_some_customers(self):
        self._fill()
        scope = self.facts._scope(self.policy, AS_OF, self.firm.ids)
        facts, __ = self.facts._read(*self._rules(), scope)
        [day] = facts["last_interaction_date"]
        self.assertEqual(day.date(), AS_OF - 40 * DAY)

    def test_cancelled(self):
        order = self._asked(self.shop, AS_OF - 9 * DAY, AS_OF - 9 * DAY)
        order._action_cancel()
        self.assertEqual(self._days(), {})

    def test_a_filter_hides_no_quotation(self):
        """Orders that are no purchases by the rules were asked for all the same."""
        self._fill()
        domain = f"[('partner_id', '=', {self.shop.id})]"
        policy = self.policy.copy({"sale_domain": domain})
        self.assertFalse(self.facts._asks_purchases(policy, policy._parameters()))
        days = self._days()
        # Those who bought nothing else and asked for nothing more are not known.
        self.assertEqual(
            self._days(sale_domain=domain),
            {name: days[name] for name in ("Shop", "Asks", "Later")},
        )

    def test_of_invoices(self):
        self._fill()
        days = self._days()
        found = self._days(revenue_source="invoice")
        self.assertEqual(
            found, {name: days[name] for name in ("Shop", "Asks", "Later")}
        )

    def test_no_quotation(self):
        """Orders of a web shop were no quotations before."""
        self._fill()
        source = type(self.env["classification.source.sale"])
        small = SQL("o.partner_id <> %s", self.shop.id)
        with patch.object(source, "_is_quotation", lambda __: small):
            self.assertNotIn("Shop", self._days())

    def test_clients_cannot_hide_quotations(self):
        self._fill()
        env = api.Environment(
            self.env.cr, SUPERUSER_ID, {**self.env.context, "orders_known": True}
        )
        [query] = [
            one
            for one in env["classification.interaction.source"]._queries("UTC")
            if "sale_order o" in one.code and "quotation" in one.code
        ]
        self.assertNotIn("OR NOT", query.code)
