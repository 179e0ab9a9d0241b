from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from ..common import PATIENCE, ClassificationCase


@tagged("post_install", "-at_install")
class TestTours(ClassificationCase, HttpCase):
    """A person rehearses a draft in a browser, with a thousand customers."""

    customers = 1_000

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._user(
            "rehearser",
            "customer_classification.group_manager,"
            "sales_team.group_sale_salesman_all_leads",
        )
        cls._many_customers()
        cls.policy.recompute()

    @classmethod
    def _many_customers(cls):
        """Customers with two purchases each, the best a thousand times the least."""
        partners = cls.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(cls.customers)]
        )
        today = fields.Date.today()
        cls.env["customer.purchase"].create(
            [
                {
                    "partner_id": partner.id,
                    "company_id": cls.company.id,
                    "currency_id": cls.company.currency_id.id,
                    "date": today - timedelta(days),
                    "amount": round(10 * 1.007**number, 2),
                }
                for number, partner in enumerate(partners)
                for days in (10, 40)
            ]
        )

    def _rehearse(self, **values):
        draft = self.policy.copy({"name": "Draft"})
        draft.write(values)
        before = draft.tier_ids.sorted("tier_sequence").mapped("limit")
        # Nothing to draw yet, neither of this draft nor of the policy in force.
        self.policy.run_ids.histogram = False
        url = f"/odoo/customer-rules/{draft.customer_rules_id.id}"
        self.start_tour(
            url, "classification_rehearsal", login="rehearser", timeout=PATIENCE
        )
        after = draft.tier_ids.sorted("tier_sequence").mapped("limit")
        self.assertNotEqual(after[0], before[0])
        self.assertEqual(after[1:], before[1:])

    def test_rehearse_fixed_limits(self):
        self._rehearse()

    def test_rehearse_best_shares(self):
        limits = {"vip": 5, "high": 40, "medium": 60, "low": 100}
        self._rehearse(
            tier_method="top_percent",
            tier_ids=[fields.Command.clear(), *self._limit_commands(limits)],
        )
