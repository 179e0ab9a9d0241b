import random
from datetime import date, timedelta

from odoo.fields import Command
from odoo.tests import tagged

from ...models.source.classification_source import Since
from ..common import AS_OF, AccountingCase

BEFORE = AS_OF - timedelta(30)


class CreditNoteCase(AccountingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Buyer")

    def _numbers(self, **values):
        """``(revenue, refunds, orders)`` by a run over the customer."""
        self._recompute(**values)
        profile = self._profile(self.customer)
        return profile.revenue, profile.refund_amount, profile.order_count

    def _line(self, amount, **values):
        return Command.create(
            {
                "product_id": self.product.id,
                "price_unit": amount,
                "tax_ids": False,
                **values,
            }
        )

    def _chains(self, root, takes_back):
        """Reverse documents at random, each a part of an earlier one, and count.

        :param root: the invoice, or the credit note without an invoice
        :param takes_back: whether the credit notes that lead back to it count
        """
        chance = random.Random(20_261_130)
        amounts, above = {root: root.amount_untaxed}, {}
        for __ in range(9):
            # Mostly the newest one, so that chains are long.
            move = chance.choice([*amounts][-2:])
            left = amounts[move] - sum(
                amounts[one] for one, other in above.items() if other == move
            )
            if left < 2:
                continue
            part = chance.choice((left, left // 2))
            below = self._credit(move, AS_OF, [part])
            amounts[below], above[below] = part, move
        refunds = {
            move: amounts[move]
            - sum(amounts[one] for one, other in above.items() if other == move)
            for move in amounts
            if move.move_type == "out_refund"
        }
        lengths = [self._length(move, above) for move in amounts]
        self.assertGreaterEqual(max(lengths), 5)
        return sum(refunds.values()) if takes_back else 0

    def _length(self, move, above):
        return 1 + self._length(above[move], above) if move in above else 0

    def _credit_as_one_line(self, invoice, day, orders):
        """Credit 50 by a line that belongs to the lines of several orders."""
        credit = invoice._reverse_moves([{"invoice_date": day}])
        credit.invoice_line_ids.unlink()
        of_orders = [Command.set(orders.order_line.ids)]
        credit.invoice_line_ids = [self._line(50, sale_line_ids=of_orders)]
        credit.action_post()
        return credit


@tagged("post_install", "-at_install")
class TestCreditNotesByOrder(CreditNoteCase):
    """Counting orders, a credit note takes back only a counted order."""

    def test_of_an_order(self):
        order = self._order(self.customer, BEFORE, 1_000)
        self._credit(self._invoice_of(order, BEFORE), AS_OF)
        self.assertEqual(self._numbers(as_of_date=AS_OF - timedelta(1)), (1_000, 0, 1))
        self.assertEqual(self._numbers(), (0, 1_000, 1))

    def test_part_of_an_order(self):
        order = self._order(self.customer, BEFORE, 1_000)
        self._credit(self._invoice_of(order, BEFORE), AS_OF, [300])
        self.assertEqual(self._numbers(), (700, 300, 1))

    def test_of_an_invoice_without_an_order(self):
        self._order(self.customer, BEFORE, 1_000)
        self._credit(self._invoice(self.customer, BEFORE, 100), AS_OF)
        self.assertEqual(self._numbers(), (1_000, 0, 1))

    def test_of_who_never_bought(self):
        self._credit(self._invoice(self.customer, BEFORE, 100), AS_OF)
        self._recompute()
        self.assertFalse(self._profile(self.customer).revenue)

    def test_of_an_order_that_is_cancelled(self):
        order = self._order(self.customer, BEFORE, 100)
        self._credit(self._invoice_of(order, BEFORE), AS_OF)
        order._action_cancel()
        self.assertEqual(self._numbers(), (0, 0, 0))

    def test_of_an_order_that_the_filter_leaves_out(self):
        policy = self._policy(
            self.company, sale_domain="[('amount_untaxed', '>', 500)]"
        )
        self._order(self.customer, BEFORE, 1_000)
        small = self._order(self.customer, BEFORE, 100)
        self._credit(self._invoice_of(small, BEFORE), AS_OF)
        self.assertEqual(self._numbers(policy=policy), (1_000, 0, 1))

    def test_order_made_smaller(self):
        """An order made smaller counts with its new amount, taken back once."""
        order = self._order(self.customer, BEFORE, 1_000)
        self._credit(self._invoice_of(order, BEFORE), AS_OF, [200])
        order.order_line.price_unit = 800
        self.assertEqual(self._numbers(), (800, 0, 1))

    def test_credited_and_invoiced_again(self):
        order = self._order(self.customer, BEFORE, 1_000)
        self._credit(self._invoice_of(order, BEFORE), AS_OF - timedelta(9))
        self.assertEqual(self._numbers(), (0, 1_000, 1))
        self._invoice_of(order, AS_OF - timedelta(8))
        self.assertEqual(self._numbers(), (1_000, 0, 1))

    def test_credit_note_undone(self):
        """An invoice that reverses a credit note undoes it from its day on."""
        order = self._order(self.customer, BEFORE, 1_000)
        credit = self._credit(self._invoice_of(order, BEFORE), AS_OF - timedelta(9))
        self._credit(credit, AS_OF - timedelta(2))
        self.assertEqual(self._numbers(as_of_date=AS_OF - timedelta(3)), (0, 1_000, 1))
        self.assertEqual(self._numbers(), (1_000, 0, 1))

    def test_credit_note_undone_in_part(self):
        order = self._order(self.customer, BEFORE, 1_000)
        credit = self._credit(self._invoice_of(order, BEFORE), BEFORE, [300])
        self._credit(credit, AS_OF, [100])
        self.assertEqual(self._numbers(), (800, 200, 1))

    def test_credit_note_undone_and_given_again(self):
        """An undone credit note is gone; the second counts on its own day."""
        order = self._order(self.customer, BEFORE, 1_000)
        invoice = self._invoice_of(order, BEFORE)
        credit = self._credit(invoice, AS_OF - timedelta(400), [300])
        undoing = self._credit(credit, AS_OF - timedelta(9))
        self.assertEqual(self._numbers(), (1_000, 0, 1))
        second = self._credit(undoing, AS_OF)
        self.assertEqual(self._numbers(), (700, 300, 1))
        self._credit(second, AS_OF)
        self.assertEqual(self._numbers(), (1_000, 0, 1))

    def test_one_of_two_credit_notes_undone(self):
        """The credit note that is not undone takes back its whole amount."""
        order = self._order(self.customer, BEFORE, 1_000)
        invoice = self._invoice_of(order, BEFORE)
        first = self._credit(invoice, BEFORE, [300])
        self._credit(invoice, AS_OF, [500])
        self._credit(first, BEFORE)
        self.assertEqual(self._numbers(as_of_date=BEFORE), (1_000, 0, 1))
        self.assertEqual(self._numbers(), (500, 500, 1))

    def test_undone_without_a_line_of_an_order(self):
        """Credit notes without order lines are undone as well.

        With an origin, with nothing known, of the invoice as a whole.
        """
        order = self._order(self.customer, BEFORE, 1_000)
        invoice = self._invoice_of(order, BEFORE)
        policy = self._policy(self.company, subtract_unlinked_credit_notes=True)
        for values in (
            {"invoice_origin": order.name},
            {"invoice_origin": invoice.name},
            {},
            {"reversed_entry_id": invoice.id},
        ):
            with self.subTest(values), self.env.cr.savepoint() as savepoint:
                credit = self._invoice(
                    *(self.customer, BEFORE, 60), move_type="out_refund", **values
                )
                self.assertEqual(self._numbers(policy=policy), (940, 60, 1))
                undoing = self._credit(credit, AS_OF)
                self.assertEqual(undoing.move_type, "out_invoice")
                self.assertEqual(self._numbers(policy=policy), (1_000, 0, 1))
                self._credit(undoing, AS_OF, [40])
                self.assertEqual(self._numbers(policy=policy), (960, 40, 1))
                savepoint.rollback()
            self.env.invalidate_all()

    def test_chains_without_lines_of_orders(self):
        """The end of a chain of reversals counts, however long."""
        order = self._order(self.customer, BEFORE, 1_000)
        invoice = self._invoice_of(order, BEFORE)
        for values, takes_back in (
            ({"invoice_origin": order.name}, True),
            ({"reversed_entry_id": invoice.id}, True),
            ({"invoice_origin": "Return 7"}, False),
        ):
            with self.subTest(values), self.env.cr.savepoint() as savepoint:
                first = self._invoice(
                    *(self.customer, BEFORE, 64), move_type="out_refund", **values
                )
                taken = self._chains(first, takes_back)
                self.assertEqual(self._numbers(), (1_000 - taken, taken, 1))
                savepoint.rollback()
            self.env.invalidate_all()

    def test_undone_draft_does_not_count(self):
        order = self._order(self.customer, BEFORE, 1_000)
        credit = self._credit(self._invoice_of(order, BEFORE), AS_OF, [300])
        credit._reverse_moves([{"invoice_date": AS_OF}])
        self.assertEqual(self._numbers(), (700, 300, 1))

    def test_products_of_what_is_undone(self):
        order = self._order(self.customer, BEFORE, 1_000)
        credit = self._credit(self._invoice_of(order, BEFORE), AS_OF, [300])
        self._credit(credit, AS_OF)
        self.policy.recompute_products(as_of_date=AS_OF)
        self.assertEqual(self._product_revenue(), 1_000)
        self.assertEqual(self._bought_products(), 1_000)

    def test_products_of_a_chain(self):
        """The products bought follow the whole chain of reversals."""
        order = self._order(self.customer, BEFORE, 1_000)
        credit = self._credit(self._invoice_of(order, BEFORE), BEFORE, [300])
        undoing = self._credit(credit, BEFORE, [100])
        for expected, reversed_move in ((800, undoing), (700, None)):
            self.policy.recompute_products(as_of_date=AS_OF)
            self.env.invalidate_all()
            self.assertEqual(self._product_revenue(), expected)
            self.assertEqual(self._bought_products(), expected)
            if reversed_move:
                self._credit(reversed_move, AS_OF)

    def _product_revenue(self):
        profile = self.env["product.profile"].search(
            [
                ("product_tmpl_id", "=", self.product.product_tmpl_id.id),
                ("company_id", "=", self.company.id),
            ]
        )
        return profile.revenue

    def _bought_products(self):
        """Return the customer's bought products, as its list has them."""
        self._recompute()
        rows = self.env["customer.product"].with_context(
            customer_product_partner_id=self.customer.id
        )
        return sum(rows.search([]).mapped("revenue"))

    def test_two_credit_notes_of_an_order(self):
        order = self._order(self.customer, BEFORE, 1_000)
        invoice = self._invoice_of(order, BEFORE)
        self._credit(invoice, AS_OF - timedelta(9), [300])
        self._credit(invoice, AS_OF, [500])
        self.assertEqual(self._numbers(), (200, 800, 1))

    def test_several_orders_on_one_invoice(self):
        """A credit note takes back only the part of the order that counts."""
        orders = self._order(self.customer, BEFORE, 1_000) + self._order(
            self.customer, BEFORE, 400
        )
        invoice = self._invoice_of(orders, BEFORE)
        self.assertEqual(invoice.amount_untaxed, 1_400)
        credit = self._credit(invoice, AS_OF)
        self.assertEqual(credit.amount_untaxed, 1_400)
        orders[1]._action_cancel()
        self.assertEqual(self._numbers(), (0, 1_000, 1))

    def test_line_of_several_orders(self):
        """A line of several orders is shared equally by those that count."""
        orders = self._order(self.customer, BEFORE, 600) + self._order(
            self.customer, BEFORE, 400
        )
        invoice = self._invoice_of(orders, BEFORE)
        credit = self._credit_as_one_line(invoice, AS_OF, orders)
        self.assertEqual(self._numbers(), (950, 50, 2))
        orders[1]._action_cancel()
        self.assertEqual(self._numbers(), (575, 25, 1))
        self._credit(credit, AS_OF)
        self.assertEqual(self._numbers(), (600, 0, 1))

    def test_line_without_an_order_takes_back_a_part_of_the_invoice(self):
        """A line without an order takes back a part of the invoice.

        A discount granted afterwards, as one sum over two orders, one of them gone.
        """
        orders = self._order(self.customer, BEFORE, 600) + self._order(
            self.customer, BEFORE, 400
        )
        credit = self._invoice_of(orders, BEFORE)._reverse_moves(
            [{"invoice_date": AS_OF}]
        )
        credit.invoice_line_ids.unlink()
        credit.invoice_line_ids = [self._line(50, name="Let off", product_id=False)]
        credit.action_post()
        self.assertEqual(self._numbers(), (950, 50, 2))
        orders[1]._action_cancel()
        self.assertEqual(self._numbers(), (570, 30, 1))

    def test_fee_on_the_invoice_of_an_order(self):
        """A fee on an order's invoice is never taken back from the order.

        It was no part of the order, credited alone or with the rest.
        """
        fee = self.product.copy({"name": "Fee"})
        for credited, expected in (([0, 100], 1_000), ([300, 100], 700)):
            with self.subTest(credited), self.env.cr.savepoint() as savepoint:
                order = self._order(self.customer, BEFORE, 1_000)
                wizard = self.env["sale.advance.payment.inv"].with_context(
                    active_model="sale.order", active_ids=order.ids
                )
                wizard.create({"advance_payment_method": "delivered"}).create_invoices()
                invoice = order.invoice_ids
                invoice.invoice_date = BEFORE
                invoice.invoice_line_ids = [self._line(100, product_id=fee.id)]
                invoice.action_post()
                self._credit(invoice, AS_OF, credited)
                self.assertEqual(self._numbers()[0], expected)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_order_named_by_the_origin(self):
        order = self._order(self.customer, BEFORE, 1_000)
        gone = self._order(self.customer, BEFORE, 1_000)
        gone._action_cancel()
        for origin, expected in (
            (order.name, 940),
            (gone.name, 1_000),
            (f"{order.name}, {gone.name}", 970),
            ("Return 7", 1_000),
        ):
            with self.subTest(origin):
                credit = self._invoice(
                    self.customer,
                    AS_OF,
                    60,
                    move_type="out_refund",
                    invoice_origin=origin,
                )
                self.assertEqual(self._numbers()[0], expected)
                credit.button_draft()

    def test_order_of_somebody_else_named_by_the_origin(self):
        """Text that names another customer's order or invoice takes nothing back."""
        stranger = self._customer("Stranger", is_company=True)
        theirs = self._order(stranger, BEFORE, 500)
        invoice = self._invoice_of(self._order(stranger, BEFORE, 100), BEFORE)
        own = self._order(self.customer, BEFORE, 1_000)
        for origin, expected in (
            (theirs.name, 1_000),
            (invoice.name, 1_000),
            (f"{theirs.name}, {own.name}", 940),
            (own.name, 940),
        ):
            with self.subTest(origin):
                credit = self._invoice(
                    self.customer,
                    AS_OF,
                    60,
                    move_type="out_refund",
                    invoice_origin=origin,
                )
                self.assertEqual(self._numbers()[0], expected)
                self.assertEqual(self._profile(stranger).revenue, 600)
                credit.button_draft()

    def test_orders_of_one_name(self):
        """The customer's own order is the one that is named."""
        stranger = self._customer("Stranger", is_company=True)
        clerk = self._customer("Clerk", parent_id=self.customer.id)
        theirs = self._order(stranger, BEFORE, 500)
        own = self._order(self.customer, BEFORE, 1_000)
        (theirs | own).write({"name": "WEB-1"})
        self._invoice(clerk, AS_OF, 60, move_type="out_refund", invoice_origin="WEB-1")
        self.assertEqual(self._numbers()[0], 940)
        self.assertEqual(self._profile(stranger).revenue, 500)

    def test_a_named_order_of_somebody_else_as_the_policy_says(self):
        """It is a credit note that names nothing: it counts where these count."""
        stranger = self._customer("Stranger", is_company=True)
        theirs = self._order(stranger, BEFORE, 500)
        self._order(self.customer, BEFORE, 1_000)
        self._invoice(
            *(self.customer, AS_OF, 60),
            move_type="out_refund",
            invoice_origin=theirs.name,
        )
        policy = self._policy(self.company, subtract_unlinked_credit_notes=True)
        self.assertEqual(self._numbers(policy=policy)[0], 940)

    def test_invoice_named_by_the_origin(self):
        order = self._order(self.customer, BEFORE, 1_000)
        invoices = (
            self._invoice_of(order, BEFORE),
            self._invoice(self.customer, BEFORE, 100),
        )
        for invoice, expected in zip(invoices, (940, 1_000), strict=True):
            with self.subTest(invoice.name):
                credit = self._invoice(
                    self.customer,
                    AS_OF,
                    60,
                    move_type="out_refund",
                    invoice_origin=invoice.name,
                )
                self.assertEqual(self._numbers()[0], expected)
                credit.button_draft()

    def test_without_origin_as_the_policy_says(self):
        self._order(self.customer, BEFORE, 1_000)
        self._invoice(self.customer, AS_OF, 60, move_type="out_refund")
        self.assertEqual(self._numbers(), (1_000, 0, 1))
        policy = self._policy(self.company, subtract_unlinked_credit_notes=True)
        self.assertEqual(self._numbers(policy=policy), (940, 60, 1))

    def test_return_order_is_no_second_return(self):
        """A negative order counts as it is; its credit note is its invoice."""
        self._order(self.customer, BEFORE, 1_000)
        back = self._order(self.customer, BEFORE, -30)
        wizard = self.env["sale.advance.payment.inv"].with_context(
            active_model="sale.order", active_ids=back.ids
        )
        wizard.create({"advance_payment_method": "delivered"}).create_invoices()
        credit = back.invoice_ids
        self.assertEqual(credit.move_type, "out_refund")
        credit.invoice_date = AS_OF
        credit.action_post()
        self.assertEqual(self._numbers(), (970, 30, 1))

    def test_discount_line_is_given_back_with_its_order(self):
        order = self._order(
            self.customer,
            BEFORE,
            0,
            order_line=[
                self._line(100, product_uom_qty=1),
                self._line(-10, product_uom_qty=1),
            ],
        )
        self._credit(self._invoice_of(order, BEFORE), AS_OF)
        self.assertEqual(self._numbers(), (0, 90, 1))

    def test_before_the_order(self):
        """A credit note counts on its own day, or on a later day of its order."""
        order = self._order(self.customer, BEFORE, 1_000)
        self._credit(self._invoice_of(order, BEFORE), BEFORE, [300])
        order.date_order = self._moment(AS_OF - timedelta(5))
        self.assertEqual(self._numbers(as_of_date=BEFORE), (0, 0, 0))
        self.assertEqual(self._numbers(), (700, 300, 1))

    def test_of_an_order_before_the_window(self):
        """The window has the return alone, the lifetime the order, too."""
        old = AS_OF - timedelta(500)
        order = self._order(self.customer, old, 1_000)
        self._credit(self._invoice_of(order, old), AS_OF, [300])
        self.assertEqual(self._numbers(), (-300, 300, 0))
        self.assertEqual(self._profile(self.customer).lifetime_revenue, 700)

    def test_down_payment_given_back(self):
        order = self._order(self.customer, BEFORE, 1_000)
        self._credit(self._invoice_of(order, BEFORE, down_payment=300), AS_OF)
        self.assertEqual(self._numbers(), (1_000, 0, 1))

    def test_final_invoice_given_back(self):
        """A returned final invoice gives the order back whole.

        With a down payment before.
        """
        order = self._order(self.customer, BEFORE, 1_000)
        self._invoice_of(order, BEFORE, down_payment=300)
        self._credit(self._invoice_of(order, BEFORE), AS_OF)
        self.assertEqual(self._numbers(), (0, 1_000, 1))

    def test_foreign_credit_note_follows_the_rate(self):
        dollar = self._rate("USD", date(2025, 1, 1), 2)
        pricelist = self.env["product.pricelist"].create(
            {"name": "$", "currency_id": dollar.id, "company_id": self.company.id}
        )
        order = self._order(self.customer, BEFORE, 1_000, pricelist_id=pricelist.id)
        self._credit(self._invoice_of(order, BEFORE), AS_OF, [300])
        self.assertEqual(self._numbers(), (350, 150, 1))
        dollar.rate_ids.rate = 4
        self.assertEqual(self._numbers(), (175, 75, 1))

    def test_products(self):
        """A product's revenue equals its customers' orders and credit notes."""
        order = self._order(self.customer, BEFORE, 1_000)
        self._credit(self._invoice_of(order, BEFORE), AS_OF, [300])
        self._credit(self._invoice(self.customer, BEFORE, 100), AS_OF)
        self.policy.recompute_products(as_of_date=AS_OF)
        self.assertEqual(self._product_revenue(), 700)

    def test_documents_that_count_are_opened(self):
        order = self._order(self.customer, BEFORE, 1_000)
        counts = self._credit(self._invoice_of(order, BEFORE), AS_OF, [300])
        self._credit(self._invoice(self.customer, BEFORE, 100), AS_OF)
        self._recompute()
        found = {
            kind.model: self.env[kind.model].search(domain)
            for kind, domain in self._profile(self.customer)._documents()
        }
        self.assertEqual(found["account.move"], counts)


@tagged("post_install", "-at_install")
class TestCreditNotesOfPayers(CreditNoteCase):
    """Orders of a customer for which another company is invoiced."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.payer = cls._customer("Holding", is_company=True)
        cls.order = cls._order(
            cls.customer, BEFORE, 1_000, partner_invoice_id=cls.payer.id
        )
        cls.invoice = cls._invoice_of(cls.order, BEFORE)

    def _assert_taken(self, amount):
        """The customer gave it back, whoever is looked at."""
        expected = (1_000 - amount, amount, 1)
        self.assertEqual(self.invoice.partner_id, self.payer)
        for partners in (None, self.customer, self.payer, self.customer + self.payer):
            values = {"partner_ids": partners.ids} if partners else {}
            with self.subTest(partners=partners):
                self.assertEqual(self._numbers(**values), expected)
                payer = self._profile(self.payer)
                self.assertEqual((payer.revenue, payer.refund_amount), (0, 0))

    def test_of_its_lines(self):
        self._credit(self.invoice, AS_OF, [300])
        self._assert_taken(300)

    def test_of_the_invoice_as_a_whole(self):
        credit = self.invoice._reverse_moves([{"invoice_date": AS_OF}])
        credit.invoice_line_ids.unlink()
        credit.invoice_line_ids = [self._line(50, name="Let off", product_id=False)]
        credit.action_post()
        self._assert_taken(50)

    def test_named_by_the_origin(self):
        self._invoice(
            *(self.payer, AS_OF, 60),
            move_type="out_refund",
            invoice_origin=self.order.name,
        )
        self._assert_taken(60)

    def test_undone_in_part(self):
        credit = self._credit(self.invoice, BEFORE, [300])
        self._credit(credit, AS_OF, [100])
        self._assert_taken(200)

    def test_products_and_documents(self):
        credit = self._credit(self.invoice, AS_OF, [300])
        self._recompute()
        self.policy.recompute_products(as_of_date=AS_OF)
        rows = self.env["customer.product"]
        bought = {
            one: sum(
                rows.with_context(customer_product_partner_id=one.id)
                .search([])
                .mapped("revenue")
            )
            for one in (self.customer, self.payer)
        }
        self.assertEqual(bought, {self.customer: 700, self.payer: 0})
        found = {
            kind.model: self.env[kind.model].search(domain)
            for kind, domain in self._profile(self.customer)._documents()
        }
        self.assertEqual(found["account.move"], credit)

    def test_a_late_one_corrects_who_ordered(self):
        """The past of the customer is corrected from the day of the credit note."""
        day = AS_OF - timedelta(5)
        credit = self._credit(self.invoice, day, [300])
        scope = self.env["classification.facts"]._scope(self.policy, AS_OF)
        queries = self.env["classification.source.invoice"]._late_queries(
            self.policy, scope, Since(credit.write_date, AS_OF)
        )
        found = {row for query in queries for row in self.env.execute_query(query)}
        self.assertIn((self.customer.id, day), found)

    def test_counting_invoices_it_is_of_who_was_invoiced(self):
        self._credit(self.invoice, AS_OF, [300])
        self._recompute(policy=self._policy(self.company, revenue_source="invoice"))
        payer = self._profile(self.payer)
        self.assertEqual((payer.revenue, payer.refund_amount), (700, 300))
        self.assertFalse(self._profile(self.customer).revenue)

    def test_names_of_another_company(self):
        """An order of the same number elsewhere is not what is taken back."""
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        elsewhere = self._order(
            self.customer, BEFORE, 70, company_id=other.id, name="S-ELSEWHERE"
        )
        self._invoice(
            *(self.customer, AS_OF, 60),
            move_type="out_refund",
            invoice_origin=elsewhere.name,
        )
        self._assert_taken(0)

    def test_one_name_in_two_companies(self):
        """The order of the credit note's own company is the one that is meant."""
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        self._order(
            *(self.customer, BEFORE, 70), company_id=other.id, name=self.order.name
        )
        self._invoice(
            *(self.payer, AS_OF, 60),
            move_type="out_refund",
            invoice_origin=self.order.name,
        )
        self._assert_taken(60)
        policy = self._policy(other)
        self._recompute(policy=policy)
        profile = self.env["customer.profile"].search(
            [("partner_id", "=", self.customer.id), ("company_id", "=", other.id)]
        )
        self.assertEqual((profile.revenue, profile.refund_amount), (70, 0))


@tagged("post_install", "-at_install")
class TestCreditNotesByInvoice(CreditNoteCase):
    """Counting invoices, a credit note takes back only a counted invoice."""

    policy_values = {"revenue_source": "invoice"}

    def test_of_an_invoice(self):
        invoice = self._invoice(self.customer, BEFORE, 1_000)
        self._credit(invoice, AS_OF, [300])
        self.assertEqual(self._numbers(as_of_date=AS_OF - timedelta(1)), (1_000, 0, 1))
        self.assertEqual(self._numbers(), (700, 300, 1))

    def test_of_an_invoice_that_the_filter_leaves_out(self):
        policy = self._policy(self.company, invoice_domain="[('ref', '!=', 'deposit')]")
        self._invoice(self.customer, BEFORE, 1_000)
        deposit = self._invoice(self.customer, BEFORE, 100, ref="deposit")
        credit = self._credit(deposit, AS_OF)
        self.assertNotEqual(credit.ref, "deposit")
        self.assertEqual(self._numbers(policy=policy), (1_000, 0, 1))

    def test_of_an_invoice_that_is_a_draft_again(self):
        self._invoice(self.customer, BEFORE, 1_000)
        wrong = self._invoice(self.customer, BEFORE, 100)
        self._credit(wrong, AS_OF)
        self.assertEqual(self._numbers(), (1_000, 100, 2))
        wrong.button_draft()
        self.assertEqual(self._numbers(), (1_000, 0, 1))

    def test_without_origin_as_the_policy_says(self):
        self._invoice(self.customer, BEFORE, 1_000)
        self._invoice(self.customer, AS_OF, 60, move_type="out_refund")
        self.assertEqual(self._numbers(), (1_000, 0, 1))
        policy = self._policy(
            self.company,
            revenue_source="invoice",
            subtract_unlinked_credit_notes=True,
        )
        self.assertEqual(self._numbers(policy=policy), (940, 60, 1))

    def test_of_the_order_of_an_invoice(self):
        """A credit note made from the order reverses no invoice.

        As for goods that came back.
        """
        order = self._order(self.customer, BEFORE, 1_000)
        invoice = self._invoice_of(order, BEFORE)
        credit = self._credit(invoice, AS_OF, [300])
        credit.reversed_entry_id = False
        self.assertEqual(self._numbers(), (700, 300, 1))
        invoice.button_draft()
        self.assertEqual(self._numbers(), (0, 0, 0))

    def test_line_of_several_orders(self):
        """A line of several orders is shared equally by invoiced orders."""
        orders = self._order(self.customer, BEFORE, 600) + self._order(
            self.customer, BEFORE, 400
        )
        first = self._invoice_of(orders[0], AS_OF - timedelta(9))
        self._invoice_of(orders[1], AS_OF)
        credit = self._credit_as_one_line(first, BEFORE, orders)
        credit.reversed_entry_id = False
        self.assertEqual(self._numbers(as_of_date=AS_OF - timedelta(1)), (575, 25, 1))
        self.assertEqual(self._numbers(), (950, 50, 2))

    def test_invoice_or_order_named_by_the_origin(self):
        order = self._order(self.customer, BEFORE, 1_000)
        invoice = self._invoice_of(order, BEFORE)
        for origin in (invoice.name, order.name, "Return 7"):
            with self.subTest(origin):
                credit = self._invoice(
                    self.customer,
                    AS_OF,
                    60,
                    move_type="out_refund",
                    invoice_origin=origin,
                )
                expected = 1_000 if origin == "Return 7" else 940
                self.assertEqual(self._numbers()[0], expected)
                credit.button_draft()

    def test_document_of_somebody_else_named_by_the_origin(self):
        stranger = self._customer("Stranger", is_company=True)
        order = self._order(stranger, BEFORE, 500)
        invoice = self._invoice_of(order, BEFORE)
        self._invoice(self.customer, BEFORE, 1_000)
        for origin in (invoice.name, order.name):
            with self.subTest(origin):
                credit = self._invoice(
                    self.customer,
                    AS_OF,
                    60,
                    move_type="out_refund",
                    invoice_origin=origin,
                )
                self.assertEqual(self._numbers()[0], 1_000)
                self.assertEqual(self._profile(stranger).revenue, 500)
                credit.button_draft()

    def test_before_the_invoice(self):
        invoice = self._invoice(self.customer, AS_OF, 1_000)
        self._credit(invoice, BEFORE, [300])
        self.assertEqual(self._numbers(as_of_date=BEFORE), (0, 0, 0))
        self.assertEqual(self._numbers(), (700, 300, 1))

    def test_credit_note_undone(self):
        """The invoice that undoes a credit note is not a second purchase."""
        invoice = self._invoice(self.customer, BEFORE, 1_000)
        credit = self._credit(invoice, AS_OF - timedelta(9), [300])
        undoing = self._credit(credit, AS_OF - timedelta(2))
        self.assertEqual(self._numbers(as_of_date=AS_OF - timedelta(3)), (700, 300, 1))
        self.assertEqual(self._numbers(), (1_000, 0, 1))
        self._credit(undoing, AS_OF, [100])
        self.assertEqual(self._numbers(), (900, 100, 1))

    def test_chains(self):
        """The end of a chain of reversals counts, however long."""
        self._invoice(self.customer, BEFORE, 1_000)
        counted = self._invoice(self.customer, BEFORE, 64)
        taken = self._chains(counted, True)
        self.assertEqual(self._numbers(), (1_064 - taken, taken, 2))
        counted.button_draft()
        self.assertEqual(self._numbers(), (1_000, 0, 1))

    def test_a_chain_of_another_customer_is_looked_at(self):
        """The hourly run finds the customer of the last credit note of a chain."""
        first = self._invoice(self._customer("Other"), BEFORE, 64)
        move = first
        for __ in range(3):
            move = self._credit(move, AS_OF)
        move.button_draft()
        move.partner_id = self.customer
        move.action_post()
        facts = self.env["classification.facts"]
        scope = facts._scope(self.policy, AS_OF)
        queries = self.env["classification.source.credit"]._changed_queries(
            scope, Since(first.write_date, AS_OF)
        )
        found = {row[0] for query in queries for row in self.env.execute_query(query)}
        self.assertIn(self.customer.id, found)

    def test_credit_note_of_nothing_undone(self):
        """Undoing a credit note of nothing gives nothing back."""
        self._invoice(self.customer, BEFORE, 1_000)
        credit = self._invoice(self.customer, BEFORE, 60, move_type="out_refund")
        undoing = self._credit(credit, AS_OF)
        self.assertEqual(self._numbers(), (1_000, 0, 1))
        found = self._profile(self.customer)._documents()
        counted = self.env["account.move"].search(found[0][1])
        self.assertNotIn(undoing, counted)
        self.policy.recompute_products(as_of_date=AS_OF)
        profile = self.env["product.profile"].search(
            [("company_id", "=", self.company.id), ("line_count", ">", 0)]
        )
        self.assertEqual(profile.revenue, 1_000)

    def test_down_payment_and_final_invoice_given_back(self):
        order = self._order(self.customer, BEFORE, 1_000)
        down = self._invoice_of(order, BEFORE, down_payment=300)
        final = self._invoice_of(order, BEFORE)
        self.assertEqual(self._numbers(), (1_000, 0, 1))
        self._credit(down, AS_OF)
        self.assertEqual(self._numbers(), (1_000, 0, 1))
        self._credit(final, AS_OF)
        self.assertEqual(self._numbers(), (0, 1_000, 1))
