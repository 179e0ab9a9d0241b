from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.customer_classification.tests.common import AS_OF

from .common import DAY, PosCase

SOURCES = ("sale", "invoice")


@tagged("post_install", "-at_install")
class TestEverySaleOnce(PosCase):
    """One sale of 100 in all documents of Odoo, by each source."""

    def _expected(self, expected, make, **policy):
        """Return the value of a sale after a run, by each source.

        :param expected: ``{source: (revenue, purchases)}``
        """
        for source, numbers in expected.items():
            with (
                self.subTest(make.__name__, source=source),
                self.env.cr.savepoint() as savepoint,
            ):
                rules = self._policy(self.company, revenue_source=source, **policy)
                make()
                self.assertEqual(self._numbers(policy=rules), numbers)
                savepoint.rollback()
            self.env.invalidate_all()

    def _both(self, revenue, purchases=1):
        return dict.fromkeys(SOURCES, (revenue, purchases))

    def _only(self, source, revenue):
        return {one: (revenue, 1) if one == source else (0, 0) for one in SOURCES}

    # One kind of document

    def test_order(self):
        def order():
            self._order(self.customer, DAY, 100)

        self._expected(self._only("sale", 100), order)

    def test_invoice(self):
        def invoice():
            self._invoice(self.customer, DAY, 100)

        self._expected(self._only("invoice", 100), invoice)

    def test_counter(self):
        def counter():
            self._counter(self.customer, DAY, 100)

        self._expected(self._both(100), counter)
        self._expected(self._both(0, 0), counter, count_point_of_sale=False)

    def test_invoiced_order(self):
        def invoiced_order():
            self._invoice_of(self._order(self.customer, DAY, 100), DAY)

        self._expected(self._both(100), invoiced_order)

    # The counter, invoiced

    def test_counter_invoiced(self):
        def counter_invoiced():
            self._invoice_counter(self._counter(self.customer, DAY, 100), DAY)

        self._expected(self._both(100), counter_invoiced)

    def test_counter_of_which_the_invoice_was_cancelled(self):
        def cancelled():
            move = self._invoice_counter(self._counter(self.customer, DAY, 100), DAY)
            self._cancel(move)

        self._expected(self._both(100), cancelled)

    def test_counter_invoiced_later_counts_before_and_after(self):
        order = self._counter(self.customer, DAY, 100)
        self._invoice_counter(order, DAY + timedelta(20))
        rules = self._policy(self.company, revenue_source="invoice")
        for day in (DAY, DAY + timedelta(19), DAY + timedelta(20), AS_OF):
            with self.subTest(day=day):
                found = self._numbers(policy=rules, as_of_date=day)
                self.assertEqual(found, (100, 1))

    # The counter, of a sales order

    def test_settled(self):
        self._skip_without_sales()

        def settled():
            self._settle(self._order(self.customer, DAY, 100), DAY)

        self._expected(self._both(100), settled)

    def test_settled_and_invoiced(self):
        self._skip_without_sales()

        def settled_and_invoiced():
            order = self._order(self.customer, DAY, 100)
            self._invoice_counter(self._settle(order, DAY), DAY)

        self._expected(self._both(100), settled_and_invoiced)

    def test_down_payment_alone(self):
        self._skip_without_sales()

        def prepaid():
            self._prepay(self._order(self.customer, DAY, 100), DAY, 30)

        self._expected({"sale": (100, 1), "invoice": (0, 0)}, prepaid)

    def test_down_payment_invoiced(self):
        self._skip_without_sales()

        def prepaid():
            order = self._order(self.customer, DAY, 100)
            self._invoice_counter(self._prepay(order, DAY, 30), DAY)

        # An invoice over a down payment is no purchase, in amount nor in number.
        self._expected({"sale": (100, 1), "invoice": (0, 0)}, prepaid)

    def test_down_payment_and_settled(self):
        self._skip_without_sales()

        def settled():
            order = self._order(self.customer, DAY, 100)
            self._prepay(order, DAY, 30)
            sale = self._settle(order, DAY)
            sale.lines = [
                self._deduction(order, 30),
            ]

        self._expected(self._both(100), settled)

    def _deduction(self, order, amount):
        line = self._counter_line(
            {
                "qty": -1,
                "price_unit": amount,
                "product_id": self.till.down_payment_product_id.id,
                "sale_order_origin_id": order.id,
            }
        )
        return (0, 0, line)

    def test_settled_and_bought_more(self):
        self._skip_without_sales()

        def more():
            sale = self._settle(self._order(self.customer, DAY, 100), DAY)
            sale.lines = [(0, 0, self._counter_line({"price_unit": 7}))]

        self._expected({"sale": (107, 2), "invoice": (107, 1)}, more)

    def test_sales_order_cancelled_though_paid_at_the_counter(self):
        self._skip_without_sales()

        def cancelled():
            order = self._order(self.customer, DAY, 100)
            self._settle(order, DAY)
            order._action_cancel()

        self._expected(self._both(100), cancelled)

    def _skip_without_sales(self):
        if not self.has_sales:
            self.skipTest("pos_sale is not installed")

    # Given back

    def test_taken_back_at_the_counter(self):
        def taken_back():
            self._take_back(self._counter(self.customer, DAY, 100), AS_OF)

        def by_the_till():
            order = self._counter(self.customer, DAY, 100)
            self._take_back(order, AS_OF, signed=False)

        self._expected(self._both(0), taken_back)
        self._expected(self._both(0), by_the_till)

    def test_taken_back_and_both_invoiced(self):
        def taken_back():
            order = self._counter(self.customer, DAY, 100)
            self._invoice_counter(order, DAY)
            self._invoice_counter(self._take_back(order, AS_OF), AS_OF)

        self._expected(self._both(0), taken_back)

    def test_taken_back_and_only_the_refund_invoiced(self):
        def taken_back():
            order = self._counter(self.customer, DAY, 100)
            self._invoice_counter(self._take_back(order, AS_OF), AS_OF)

        self._expected(self._both(0), taken_back)

    def test_taken_back_and_only_the_sale_invoiced(self):
        def taken_back():
            order = self._counter(self.customer, DAY, 100)
            self._invoice_counter(order, DAY)
            self._take_back(order, AS_OF)

        self._expected(self._both(0), taken_back)

    def test_credited_by_accounting(self):
        def credited():
            order = self._counter(self.customer, DAY, 100)
            self._credit(self._invoice_counter(order, DAY), AS_OF)

        self._expected(self._both(0), credited)
        kept = {"sale": (100, 1)}
        self._expected(kept, credited, subtract_credit_notes=False)

    def test_settled_and_taken_back(self):
        self._skip_without_sales()

        def taken_back():
            sale = self._settle(self._order(self.customer, DAY, 100), DAY)
            self._take_back(sale, AS_OF)

        self._expected(self._both(0), taken_back)

    def test_down_payment_taken_back(self):
        self._skip_without_sales()

        def taken_back():
            order = self._order(self.customer, DAY, 100)
            self._take_back(self._prepay(order, DAY, 30), AS_OF)

        self._expected({"sale": (100, 1), "invoice": (0, 0)}, taken_back)

    def test_of_a_sale_without_a_customer(self):
        def taken_back():
            self._counter(self.customer, DAY, 50)
            order = self._counter(None, DAY, 100)
            self._take_back(order, AS_OF, partner_id=self.customer.id)

        self._expected(self._both(50), taken_back)

    def test_of_no_known_sale(self):
        def given_back():
            self._counter(self.customer, DAY, 100)
            lines = [{"qty": -1, "price_unit": 30}]
            self._counter(self.customer, AS_OF, 0, lines=lines, is_refund=True)

        def invoiced():
            self._counter(self.customer, DAY, 100)
            lines = [{"qty": -1, "price_unit": 30}]
            refund = self._counter(self.customer, AS_OF, 0, lines=lines, is_refund=True)
            self._invoice_counter(refund, AS_OF)

        for make in (given_back, invoiced):
            self._expected(self._both(100), make)
            self._expected(self._both(70), make, subtract_unlinked_credit_notes=True)
