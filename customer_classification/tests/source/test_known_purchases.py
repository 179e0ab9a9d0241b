from datetime import timedelta

from odoo.tests import tagged

from ..common import AS_OF, AccountingCase

DAY = AS_OF - timedelta(30)


@tagged("post_install", "-at_install")
class TestKnownPurchases(AccountingCase):
    """A purchase with the reference of a counting document is one sale."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Buyer")
        cls.order = cls._order(cls.customer, DAY, 100)

    def _numbers(self, policy=None):
        self._recompute(policy=policy)
        profile = self._profile(self.customer)
        return profile.revenue, profile.order_count

    def test_reference_of_an_order(self):
        self._purchase(self.customer, DAY, 100, reference=self.order.name)
        self.assertEqual(self._numbers(), (100, 1))
        self.order._action_cancel()
        self.assertEqual(self._numbers(), (100, 1))

    def test_reference_of_its_invoice(self):
        move = self._invoice_of(self.order, DAY)
        self._purchase(self.customer, DAY, 100, reference=move.name)
        self._purchase(
            self.customer, DAY, 100, reference=self.order.name, channel="Shop"
        )
        self.assertEqual(self._numbers(), (100, 1))
        rules = self._policy(self.company, revenue_source="invoice")
        self.assertEqual(self._numbers(rules), (100, 1))

    def test_of_a_contact(self):
        contact = self._customer("Contact", parent_id=self.customer.id)
        self._purchase(contact, DAY, 100, reference=self.order.name)
        self.assertEqual(self._numbers(), (100, 1))

    def test_of_another_customer_or_another_reference(self):
        other = self._customer("Other")
        self._purchase(other, DAY, 7, reference=self.order.name)
        self._purchase(self.customer, DAY, 20, reference="Elsewhere 1")
        self._purchase(self.customer, DAY, 3)
        self.assertEqual(self._numbers(), (123, 3))
        self.assertEqual(self._profile(other).revenue, 7)

    def test_what_was_given_back_counts(self):
        self._purchase(self.customer, AS_OF, -40, reference=self.order.name)
        self.assertEqual(self._numbers(), (60, 1))

    def test_order_after_the_day(self):
        self._purchase(self.customer, DAY, 100, reference=self.order.name)
        self.order.date_order = self._moment(AS_OF + timedelta(1))
        self.assertEqual(self._numbers(), (100, 1))
        self.assertEqual(self._profile(self.customer).last_purchase_date, DAY)
