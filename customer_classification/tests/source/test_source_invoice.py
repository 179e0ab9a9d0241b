from datetime import date, timedelta

from odoo.fields import Command
from odoo.tests import tagged

from ..common import AS_OF, AccountingCase


@tagged("post_install", "-at_install")
class TestSourceInvoice(AccountingCase):
    """The value of a posted invoice; a sale never counts twice."""

    policy_values = {
        "revenue_source": "invoice",
        "subtract_unlinked_credit_notes": True,
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Buyer")

    def _classified(self, customer=None, **values):
        self._recompute(**values)
        return self._profile(customer or self.customer)

    def test_posted_invoice_counts_on_its_day(self):
        day = AS_OF - timedelta(10)
        self._invoice(self.customer, day, 100)
        profile = self._classified()
        self.assertEqual(profile.revenue, 100)
        self.assertEqual(profile.order_count, 1)
        self.assertEqual(profile.last_purchase_date, day)
        self.assertFalse(profile.has_margin)

    def test_receipt_counts(self):
        self._invoice(self.customer, AS_OF, 100, move_type="out_receipt")
        profile = self._classified()
        self.assertEqual(profile.revenue, 100)
        self.assertEqual(profile.order_count, 1)

    def test_refund_lowers_the_revenue_on_its_own_day(self):
        self._invoice(self.customer, AS_OF - timedelta(20), 100)
        self._invoice(self.customer, AS_OF, 30, move_type="out_refund")
        profile = self._classified(as_of_date=AS_OF - timedelta(1))
        self.assertEqual(profile.revenue, 100)
        profile = self._classified()
        self.assertEqual(profile.revenue, 70)
        self.assertEqual(profile.refund_amount, 30)
        self.assertEqual(profile.order_count, 1)
        self.assertEqual(profile.last_purchase_date, AS_OF - timedelta(20))

    def test_full_refund_leaves_nothing(self):
        invoice = self._invoice(self.customer, AS_OF - timedelta(20), 100)
        invoice._reverse_moves([{"invoice_date": AS_OF}], cancel=True)
        profile = self._classified()
        self.assertEqual(profile.revenue, 0)
        self.assertEqual(profile.refund_amount, 100)
        self.assertEqual(profile.order_count, 1)

    def test_drafts_and_cancelled_invoices_do_not_count(self):
        self._invoice(self.customer, AS_OF, 100, post=False)
        cancelled = self._invoice(self.customer, AS_OF, 100)
        cancelled.button_draft()
        cancelled.button_cancel()
        self._purchase(self.customer, AS_OF, 1)
        profile = self._classified()
        self.assertEqual(profile.revenue, 1)
        self.assertEqual(profile.order_count, 1)

    def test_what_is_bought_from_a_supplier_does_not_count(self):
        for move_type in ("in_invoice", "in_refund", "in_receipt"):
            self._invoice(self.customer, AS_OF, 100, move_type=move_type)
        self._purchase(self.customer, AS_OF, 1)
        self.assertEqual(self._classified().revenue, 1)

    def test_invoices_count_up_to_the_as_of_day(self):
        self._invoice(self.customer, AS_OF, 100)
        self._invoice(self.customer, AS_OF + timedelta(1), 1_000)
        self.assertEqual(self._classified().revenue, 100)

    def test_day_of_an_invoice_does_not_move_with_the_time_zone(self):
        self._invoice(self.customer, AS_OF, 100)
        self._invoice(self.customer, AS_OF + timedelta(1), 1_000)
        for tz in ("Asia/Shanghai", "America/Los_Angeles"):
            profile = self._classified(policy=self._policy(self.company, tz=tz))
            self.assertEqual(profile.revenue, 100)
            self.assertEqual(profile.last_purchase_date, AS_OF)

    def test_contacts_count_for_their_company(self):
        company = self._customer("Firm", is_company=True)
        contact = self._customer("Bookkeeping", parent_id=company.id, type="invoice")
        self._invoice(contact, AS_OF, 100)
        self.assertEqual(self._classified(company).revenue, 100)
        self.assertFalse(self._profile(contact))

    def test_contact_that_moves_takes_the_invoices_along(self):
        """The commercial partner of today, not the one kept on the invoice."""
        old, new = (
            self._customer(name, is_company=True) for name in ("Old Firm", "New Firm")
        )
        contact = self._customer("Buyer", parent_id=old.id)
        self._invoice(contact, AS_OF, 100)
        contact.parent_id = new
        self.assertEqual(self._classified(new).revenue, 100)

    def test_taxes_do_not_count(self):
        tax = self.env["account.tax"].create(
            {"name": "15 %", "amount": 15, "company_id": self.company.id}
        )
        invoice = self._invoice(self.customer, AS_OF, 100, post=False)
        invoice.invoice_line_ids.tax_ids = tax
        invoice.action_post()
        self.assertEqual(invoice.amount_total, 115)
        self.assertEqual(self._classified().revenue, 100)

    def test_foreign_invoice_counts_at_the_rate_of_its_day(self):
        dollar = self._rate("USD", date(2025, 3, 1), 2)
        self._rate("USD", date(2025, 6, 1), 4)
        for day in (date(2025, 3, 10), date(2025, 6, 10)):
            self._invoice(self.customer, day, 100, currency_id=dollar.id)
        self.assertEqual(self._classified().revenue, 50 + 25)

    def test_foreign_refund_counts_at_the_rate_of_its_day(self):
        dollar = self._rate("USD", date(2025, 3, 1), 2)
        self._rate("USD", date(2025, 6, 1), 4)
        self._invoice(self.customer, date(2025, 3, 10), 100, currency_id=dollar.id)
        self._invoice(
            self.customer,
            date(2025, 6, 10),
            100,
            currency_id=dollar.id,
            move_type="out_refund",
        )
        profile = self._classified()
        self.assertEqual(profile.revenue, 50 - 25)
        self.assertEqual(profile.refund_amount, 25)

    def test_order_without_invoice_does_not_count(self):
        self._order(self.customer, AS_OF, 100)
        self._purchase(self.customer, AS_OF - timedelta(5), 1)
        profile = self._classified()
        self.assertEqual(profile.revenue, 1)
        self.assertEqual(profile.last_purchase_date, AS_OF - timedelta(5))
        self.assertEqual(profile.open_quotation_count, 0)

    def test_order_and_its_invoice_count_once(self):
        order = self._order(self.customer, AS_OF - timedelta(10), 100)
        self._invoice_of(order, AS_OF)
        profile = self._classified()
        self.assertEqual((profile.revenue, profile.order_count), (100, 1))
        self.assertEqual(profile.last_purchase_date, AS_OF)
        by_order = self._policy(self.company, revenue_source="sale")
        profile = self._classified(policy=by_order)
        self.assertEqual((profile.revenue, profile.order_count), (100, 1))
        self.assertEqual(profile.last_purchase_date, AS_OF - timedelta(10))

    def test_down_payment_counts_once_on_the_final_invoice(self):
        order = self._order(self.customer, AS_OF - timedelta(30), 1_000)
        down = self._invoice_of(order, AS_OF - timedelta(20), down_payment=300)
        self.assertEqual(down.amount_untaxed, 300)
        profile = self._classified(as_of_date=AS_OF - timedelta(1))
        self.assertEqual(profile.revenue, 0)
        final = self._invoice_of(order, AS_OF)
        self.assertEqual(final.amount_untaxed, 700)
        profile = self._classified()
        self.assertEqual((profile.revenue, profile.order_count), (1_000, 1))
        self.assertEqual(profile.last_purchase_date, AS_OF)

    def test_down_payment_does_not_count_with_orders(self):
        policy = self._policy(self.company, revenue_source="sale")
        order = self._order(self.customer, AS_OF - timedelta(30), 1_000)
        for down_payment in (300, None):
            self._invoice_of(order, AS_OF, down_payment)
            profile = self._classified(policy=policy)
            self.assertEqual((profile.revenue, profile.order_count), (1_000, 1))
            self.assertEqual(profile.last_purchase_date, AS_OF - timedelta(30))

    def test_returned_down_payment_takes_nothing_away(self):
        """The down payment added nothing, so giving it back takes nothing."""
        policy = self._policy(self.company, revenue_source="sale")
        order = self._order(self.customer, AS_OF - timedelta(30), 1_000)
        down = self._invoice_of(order, AS_OF - timedelta(20), down_payment=300)
        down._reverse_moves([{"invoice_date": AS_OF}], cancel=True)
        profile = self._classified(policy=policy)
        self.assertEqual(profile.revenue, 1_000)
        self.assertEqual(profile.refund_amount, 0)

    def test_foreign_down_payment_counts_once(self):
        dollar = self._rate("USD", date(2025, 1, 1), 2)
        pricelist = self.env["product.pricelist"].create(
            {
                "name": "Abroad",
                "currency_id": dollar.id,
                "company_id": self.company.id,
            }
        )
        order = self._order(
            self.customer, AS_OF - timedelta(30), 1_000, pricelist_id=pricelist.id
        )
        self._invoice_of(order, AS_OF - timedelta(20), down_payment=300)
        self._invoice_of(order, AS_OF)
        profile = self._classified()
        self.assertEqual((profile.revenue, profile.order_count), (500, 1))

    def test_sections_and_notes_add_nothing(self):
        invoice = self._invoice(self.customer, AS_OF, 100, post=False)
        invoice.invoice_line_ids = [
            Command.create({"display_type": "line_section", "name": "Part 1"}),
            Command.create({"display_type": "line_note", "name": "By truck"}),
        ]
        invoice.action_post()
        profile = self._classified()
        self.assertEqual((profile.revenue, profile.order_count), (100, 1))

    def test_imported_purchases_are_added_to_either_source(self):
        self._order(self.customer, AS_OF, 1)
        self._invoice(self.customer, AS_OF, 10)
        self._purchase(self.customer, AS_OF, 100)
        self.assertEqual(self._classified().revenue, 110)
        by_order = self._policy(self.company, revenue_source="sale")
        self.assertEqual(self._classified(policy=by_order).revenue, 101)

    def test_invoice_without_a_partner_is_nobodys(self):
        receipt = self._invoice(self.customer, AS_OF, 100, move_type="out_receipt")
        receipt.flush_recordset()
        self.env.cr.execute(
            "UPDATE account_move SET partner_id = NULL WHERE id = %s", receipt.ids
        )
        receipt.invalidate_recordset()
        self.assertEqual(self._recompute().looked_at_count, 0)
