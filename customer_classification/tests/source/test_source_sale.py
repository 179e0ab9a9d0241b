from datetime import date, datetime, timedelta

from odoo.fields import Command
from odoo.tests import tagged

from ..common import AS_OF, AccountingCase, ClassificationCase


@tagged("post_install", "-at_install")
class TestSourceSale(ClassificationCase):
    """The value, customer and day of a confirmed sales order."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Buyer")

    def _classified(self, customer=None, **values):
        self._recompute(**values)
        return self._profile(customer or self.customer)

    def _pricelist(self, currency, company=None):
        return self.env["product.pricelist"].create(
            {
                "name": "Abroad",
                "currency_id": currency.id,
                "company_id": (company or self.company).id,
            }
        )

    def test_order_counts_on_the_day_of_its_order_date(self):
        day = AS_OF - timedelta(10)
        self._order(self.customer, day, 100)
        profile = self._classified()
        self.assertEqual(profile.revenue, 100)
        self.assertEqual(profile.order_count, 1)
        self.assertEqual(profile.first_purchase_date, day)
        self.assertEqual(profile.last_purchase_date, day)
        self.assertEqual(profile.recency_days, 10)

    def test_locked_order_counts(self):
        self._order(self.customer, AS_OF, 100).action_lock()
        self.assertEqual(self._classified().revenue, 100)

    def test_quotations_and_cancelled_orders_do_not_count(self):
        self._order(self.customer, AS_OF, 100, confirm=False)
        self._order(self.customer, AS_OF, 100, confirm=False).action_quotation_sent()
        self._order(self.customer, AS_OF, 100)._action_cancel()
        self._purchase(self.customer, AS_OF, 1)
        profile = self._classified()
        self.assertEqual(profile.revenue, 1)
        self.assertEqual(profile.order_count, 1)

    def test_cancelling_an_order_takes_it_away_again(self):
        order = self._order(self.customer, AS_OF, 100)
        self.assertEqual(self._classified().revenue, 100)
        order._action_cancel()
        profile = self._classified()
        self.assertEqual(profile.revenue, 0)
        self.assertEqual(profile.order_count, 0)
        self.assertFalse(profile.last_purchase_date)

    def test_orders_count_up_to_the_as_of_day(self):
        self._order(self.customer, AS_OF, 100)
        self._order(self.customer, AS_OF + timedelta(1), 1_000)
        profile = self._classified()
        self.assertEqual(profile.revenue, 100)
        self.assertEqual(profile.lifetime_revenue, 100)
        self.assertEqual(profile.last_purchase_date, AS_OF)
        profile = self._classified(as_of_date=AS_OF + timedelta(1))
        self.assertEqual(profile.revenue, 1_100)

    def test_contacts_and_addresses_count_for_their_company(self):
        company = self._customer("Firm", is_company=True)
        buyer = self._customer("Buyer", parent_id=company.id)
        address = self._customer("Dock", parent_id=buyer.id, type="delivery")
        for number, partner in enumerate(company + buyer + address):
            self._order(partner, AS_OF - timedelta(number), 10 ** (number + 1))
        profile = self._classified(company)
        self.assertEqual(profile.revenue, 1_110)
        self.assertEqual(profile.order_count, 3)
        self.assertFalse(self._profile(buyer))
        self.assertFalse(self._profile(address))

    def test_company_below_a_company_is_a_customer_of_its_own(self):
        parent = self._customer("Group", is_company=True)
        branch = self._customer("Branch", is_company=True, parent_id=parent.id)
        self._order(branch, AS_OF, 100)
        self.assertEqual(self._classified(branch).revenue, 100)
        self.assertFalse(self._profile(parent))

    def test_archived_customers_and_contacts_count(self):
        company = self._customer("Firm", is_company=True)
        gone = self._customer("Former Buyer", parent_id=company.id)
        self._order(gone, AS_OF, 100)
        self._order(self.customer, AS_OF, 10)
        (gone + self.customer).active = False
        profile = self._classified(company)
        self.assertTrue(profile.active)
        self.assertEqual(profile.revenue, 100)
        self.assertFalse(self._profile(self.customer).active)
        self.assertEqual(self._profile(self.customer).revenue, 10)

    def test_foreign_order_counts_at_its_own_rate(self):
        dollar = self._rate("USD", date(2025, 3, 1), 2)
        self._rate("USD", date(2025, 6, 1), 4)
        pricelist = self._pricelist(dollar)
        for day in (date(2025, 3, 10), date(2025, 6, 10)):
            order = self._order(self.customer, day, 100, pricelist_id=pricelist.id)
            self.assertEqual(order.currency_id, dollar)
        self.assertEqual(self._classified().revenue, 50 + 25)

    def test_rate_of_another_day_does_not_change_a_past_order(self):
        dollar = self._rate("USD", date(2025, 3, 1), 2)
        pricelist = self._pricelist(dollar)
        day = date(2025, 3, 10)
        order = self._order(self.customer, day, 100, pricelist_id=pricelist.id)
        self.assertEqual(order.currency_rate, 2)
        self._rate("USD", date(2025, 3, 11), 8)
        self.assertEqual(self._classified().revenue, 50)

    def test_each_foreign_order_is_rounded_to_cents(self):
        dollar = self._rate("USD", date(2025, 1, 1), 3)
        pricelist = self._pricelist(dollar)
        for number in range(3):
            day = AS_OF - timedelta(number)
            self._order(self.customer, day, 10, pricelist_id=pricelist.id)
        self.assertEqual(self._classified().revenue, 9.99)

    def test_company_without_decimals_rounds_to_whole_amounts(self):
        japan = self._company("Kabushiki", "JPY")
        policy = self._policy(japan)
        dollar = self._rate("USD", date(2025, 1, 1), 0.0064, japan)
        pricelist = self._pricelist(dollar, japan)
        order = self._order(
            self.customer, AS_OF, 1, pricelist_id=pricelist.id, company_id=japan.id
        )
        self.assertEqual(order.currency_rate, 0.0064)
        self._recompute(policy=policy)
        self.assertEqual(self._profile(self.customer, japan).revenue, 156)  # 156.25

    def test_sections_and_notes_add_nothing(self):
        order = self._order(self.customer, AS_OF, 100)
        order.order_line = [
            Command.create({"display_type": "line_section", "name": "Part 1"}),
            Command.create({"display_type": "line_note", "name": "By truck"}),
        ]
        profile = self._classified()
        self.assertEqual(profile.revenue, 100)
        self.assertEqual(profile.order_count, 1)

    def test_order_of_nothing_is_no_order(self):
        self._order(self.customer, AS_OF - timedelta(20), 100)
        self._order(self.customer, AS_OF, 0)
        profile = self._classified()
        self.assertEqual(profile.order_count, 1)
        self.assertEqual(profile.visit_count, 1)
        self.assertEqual(profile.last_purchase_date, AS_OF - timedelta(20))

    def test_sample_alone_is_no_purchase(self):
        self._order(self.customer, AS_OF, 0)
        profile = self._classified()
        self.assertFalse(profile.last_purchase_date)
        self.assertEqual(profile.lifecycle_stage_id.code, "prospect")
        self.assertEqual(profile.value_tier_id, self._tier("unrated"))

    def test_negative_order_lowers_revenue_and_is_no_visit(self):
        self._order(self.customer, AS_OF - timedelta(20), 100)
        self._order(self.customer, AS_OF, -30)
        profile = self._classified()
        self.assertEqual(profile.revenue, 70)
        self.assertEqual(profile.refund_amount, 30)
        self.assertEqual(profile.order_count, 1)
        self.assertEqual(profile.visit_count, 1)
        self.assertEqual(profile.last_purchase_date, AS_OF - timedelta(20))

    def test_negative_order_alone_is_no_customer_who_bought(self):
        self._order(self.customer, AS_OF, -30)
        profile = self._classified()
        self.assertEqual(profile.revenue, -30)
        self.assertFalse(profile.last_purchase_date)
        self.assertEqual(profile.lifecycle_stage_id.code, "prospect")

    def test_deleted_order_is_forgotten(self):
        order = self._order(self.customer, AS_OF, 100)
        self._order(self.customer, AS_OF, 10)
        self.assertEqual(self._classified().revenue, 110)
        order._action_cancel()
        order.unlink()
        self.assertEqual(self._classified().revenue, 10)

    def test_midnight_in_shanghai(self):
        """Eight hours ahead: the evening in UTC is the next morning there."""
        self._policy(self.company, tz="Asia/Shanghai")
        policy = self.company._get_customer_policy()
        self._order(self.customer, datetime(2025, 6, 29, 23, 30), 1)
        self._order(self.customer, datetime(2025, 6, 30, 15, 59, 59), 10)
        self._order(self.customer, datetime(2025, 6, 30, 16), 100)
        self._order(self.customer, datetime(2025, 6, 30, 23, 30), 1_000)
        profile = self._classified(policy=policy)
        self.assertEqual(profile.revenue, 11)
        self.assertEqual(profile.first_purchase_date, date(2025, 6, 30))
        self.assertEqual(profile.visit_count, 1)
        profile = self._classified(policy=policy, as_of_date=date(2025, 7, 1))
        self.assertEqual(profile.revenue, 1_111)
        self.assertEqual(profile.visit_count, 2)

    def test_midnight_in_los_angeles(self):
        """Behind UTC, by seven hours in summer and eight in winter."""
        self._policy(self.company, tz="America/Los_Angeles")
        policy = self.company._get_customer_policy()
        self._order(self.customer, datetime(2025, 1, 2, 7, 30), 1)
        self._order(self.customer, datetime(2025, 6, 30, 23, 30), 10)
        self._order(self.customer, datetime(2025, 7, 1, 6, 59, 59), 100)
        self._order(self.customer, datetime(2025, 7, 1, 7), 1_000)
        profile = self._classified(policy=policy)
        self.assertEqual(profile.revenue, 111)
        self.assertEqual(profile.first_purchase_date, date(2025, 1, 1))
        self.assertEqual(profile.last_purchase_date, date(2025, 6, 30))

    def test_midnight_in_utc(self):
        self._order(self.customer, datetime(2025, 6, 30, 23, 59, 59), 10)
        self._order(self.customer, datetime(2025, 7, 1), 100)
        self.assertEqual(self._classified().revenue, 10)


@tagged("post_install", "-at_install")
class TestSourceSaleCreditNotes(AccountingCase):
    """Counting orders, returns are found in the credit notes.

    Here also in those that name no order.
    """

    policy_values = {"subtract_unlinked_credit_notes": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Buyer")
        cls._order(cls.customer, AS_OF - timedelta(40), 100)

    def test_credit_note_lowers_the_revenue_on_its_own_day(self):
        self._invoice(self.customer, AS_OF, 30, move_type="out_refund")
        self._recompute(as_of_date=AS_OF - timedelta(1))
        self.assertEqual(self._profile(self.customer).revenue, 100)
        self._recompute()
        profile = self._profile(self.customer)
        self.assertEqual(profile.revenue, 70)
        self.assertEqual(profile.refund_amount, 30)
        self.assertEqual(profile.order_count, 1)
        self.assertEqual(profile.visit_count, 1)
        self.assertEqual(profile.last_purchase_date, AS_OF - timedelta(40))

    def test_policy_may_leave_credit_notes_out(self):
        self._invoice(self.customer, AS_OF, 30, move_type="out_refund")
        policy = self._policy(self.company, subtract_credit_notes=False)
        self._recompute(policy=policy)
        profile = self._profile(self.customer)
        self.assertEqual(profile.revenue, 100)
        self.assertEqual(profile.refund_amount, 0)

    def test_draft_credit_note_takes_nothing(self):
        self._invoice(self.customer, AS_OF, 30, move_type="out_refund", post=False)
        self._recompute()
        self.assertEqual(self._profile(self.customer).revenue, 100)

    def test_credit_note_above_the_purchases_makes_the_revenue_negative(self):
        self._invoice(self.customer, AS_OF, 130, move_type="out_refund")
        self._recompute()
        profile = self._profile(self.customer)
        self.assertEqual(profile.revenue, -30)
        self.assertEqual(profile.average_order, -30)
        self.assertEqual(profile.value_tier_id, self._tier("low"))

    def test_credit_note_to_who_never_ordered(self):
        stranger = self._customer("Stranger")
        self._invoice(stranger, AS_OF, 30, move_type="out_refund")
        self._recompute()
        profile = self._profile(stranger)
        self.assertEqual(profile.revenue, -30)
        self.assertEqual(profile.value_tier_id, self._tier("unrated"))
        self.assertEqual(profile.lifecycle_stage_id, self._stage("prospect"))

    def test_credit_note_of_an_order_before_the_window(self):
        self._purchase(self.customer, AS_OF - timedelta(800), 500)
        self._invoice(self.customer, AS_OF, 400, move_type="out_refund")
        self._recompute()
        profile = self._profile(self.customer)
        self.assertEqual(profile.revenue, 100 - 400)
        self.assertEqual(profile.lifetime_revenue, 200)
