from datetime import date, timedelta
from unittest.mock import patch

from odoo.tests import tagged

from ...models.customer import classification_facts
from ..common import AS_OF, AccountingCase


@tagged("post_install", "-at_install")
class TestReplay(AccountingCase):
    """Replayed facts of a past day equal those of a run of that day.

    The replay takes the purchases themselves, the run reads the database.
    """

    policy_values = {"subtract_unlinked_credit_notes": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.regular = cls._regular("Regular", 100, every=17, times=30)
        cls.company_partner = cls._customer("Company", is_company=True)
        contact = cls._customer("Contact", parent_id=cls.company_partner.id)
        for age, amount in ((400, 50), (364, 70.35), (200, 0.1), (200, 0.2), (3, 9)):
            cls._order(contact, AS_OF - timedelta(age), amount)
        cls._purchase(cls.company_partner, AS_OF - timedelta(30), -12.5)
        cls._purchase(
            cls.company_partner, AS_OF - timedelta(90), 80, margin=20, has_margin=True
        )
        cls.returned = cls._customer("Only refunds")
        cls._purchase(cls.returned, AS_OF - timedelta(100), -40)
        cls._invoice(cls.regular, AS_OF - timedelta(40), 30, move_type="out_refund")
        cls.customers = cls.regular + cls.company_partner + cls.returned

    def _assert_replayed(self, policy, days):
        import pandas as pd

        from ...engine import FACTS, facts_at

        facts_model = self.env["classification.facts"]
        parameters = policy._parameters()
        today = facts_model._scope(policy, max(days), self.customers.ids)
        purchases = facts_model._read_purchases(policy, today)
        points = pd.DataFrame(
            [(customer.id, day) for day in days for customer in self.customers],
            columns=["partner_id", "day"],
        )
        found = facts_at(purchases, points, parameters)
        for day in days:
            scope = facts_model._scope(policy, day, self.customers.ids)
            expected, __ = facts_model._read(policy, parameters, scope)
            asked = points[points["day"] == day]
            rows = found.loc[asked.index].set_index(asked["partner_id"])
            rows = rows.loc[expected.index]
            expected = expected[list(FACTS)].astype(rows.dtypes)
            # Sums of the database are exact and come as floats: rounded as a run does.
            pd.testing.assert_frame_equal(
                rows.round(2),
                expected.round(2),
                check_index_type=False,
                check_names=False,
                obj=str(day),
            )

    def test_past_days(self):
        days = [AS_OF - timedelta(age) for age in (0, 1, 29, 95, 199, 200, 363, 401)]
        self._assert_replayed(self.policy, [*days, date(2024, 2, 29)])

    def test_invoices_and_a_window_of_odd_months(self):
        self._invoice(self.regular, AS_OF - timedelta(50), 500)
        self._invoice(self.company_partner, AS_OF - timedelta(300), 20)
        other = self._policy(
            self.company, revenue_source="invoice", window_months=7, name="Invoices"
        )
        days = [AS_OF - timedelta(age) for age in (0, 45, 50, 51, 212, 213, 350)]
        self._assert_replayed(other, days)

    def test_customers_in_parts(self):
        facts_model = self.env["classification.facts"]
        scope = facts_model._scope(self.policy, AS_OF, self.customers.ids)
        parameters = self.policy._parameters()
        whole, __ = facts_model._read(self.policy, parameters, scope)
        with patch.object(classification_facts, "PART_ROWS", 12):
            parts, __ = facts_model._read(self.policy, parameters, scope)
        self.assertTrue(parts.equals(whole))

    def test_no_query_beside_the_copies(self):
        facts_model = self.env["classification.facts"]
        scope = facts_model._scope(self.policy, AS_OF, self.customers.ids)
        facts_model._read_purchases(self.policy, scope)
        # Odoo does not count a COPY: nothing else may be asked beside them.
        with self.assertQueryCount(0):
            purchases = facts_model._read_purchases(self.policy, scope)
        self.assertEqual(len(purchases), 39)
        self.assertEqual(set(purchases["partner_id"]), set(self.customers.ids))
