from datetime import timedelta

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.customer_classification.tests.common import AS_OF, AccountingCase

BEFORE = AS_OF - timedelta(30)


class LoyaltyCase(AccountingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Buyer")
        cls.card_product = cls.env["product.product"].create(
            {
                "name": "Gift Card",
                "type": "service",
                "list_price": 50,
                "taxes_id": False,
            }
        )
        cls.env["loyalty.program"].search([]).active = False

    def _program(self, program_type, **reward):
        values = {
            "name": program_type,
            "program_type": program_type,
            "company_id": self.company.id,
            "currency_id": self.company.currency_id.id,
            "portal_visible": True,
            "applies_on": "both" if program_type == "loyalty" else "future",
            "trigger": "auto",
            "rule_ids": [Command.create({"product_ids": self.card_product.ids})],
            "reward_ids": [
                Command.create(
                    {
                        "reward_type": "discount",
                        "discount_mode": "per_point",
                        "discount": 1,
                        "discount_applicability": "order",
                        "required_points": 1,
                        **reward,
                    }
                )
            ],
        }
        if program_type in ("promotion", "promo_code"):
            values |= {
                "applies_on": "current",
                "rule_ids": [Command.create({"minimum_amount": 1})],
            }
        return self.env["loyalty.program"].create(values)

    def _pay(self, order, program, points):
        """Pay a part of an order with a card of a program."""
        card = self.env["loyalty.card"].create(
            {
                "program_id": program.id,
                "partner_id": self.customer.id,
                "points": points,
            }
        )
        if program.program_type == "gift_card":
            order._try_apply_code(card.code)
        order._update_programs_and_rewards()
        order._apply_program_reward(program.reward_ids, card)
        return order

    def _paid_order(self, program, points, amount=100, confirm=True):
        order = self._order(self.customer, BEFORE, amount, confirm=False)
        self._pay(order, program, points)
        if confirm:
            order.action_confirm()
            order.date_order = self._moment(BEFORE)
        return order

    def _numbers(self, **values):
        self._recompute(**values)
        profile = self._profile(self.customer)
        return profile.revenue, profile.order_count


@tagged("post_install", "-at_install")
class TestLoyaltyByOrder(LoyaltyCase):
    """Purchases paid with cards or points count; discounts are discounts."""

    def test_paid_with_a_card(self):
        for program_type in ("gift_card", "ewallet", "loyalty"):
            with self.subTest(program_type), self.env.cr.savepoint() as savepoint:
                order = self._paid_order(self._program(program_type), 500)
                self.assertEqual(order.amount_untaxed, 0)
                self.assertEqual(self._numbers(), (100, 1))
                self.assertEqual(self._profile(self.customer).last_document, order)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_paid_in_part(self):
        order = self._paid_order(self._program("gift_card"), 30)
        self.assertEqual(order.amount_untaxed, 70)
        self.assertEqual(self._numbers(), (100, 1))

    def test_tax_is_no_part_of_what_was_bought(self):
        tax = self.env["account.tax"].create(
            {"name": "20 %", "amount": 20, "company_id": self.company.id}
        )
        order = self._order(self.customer, BEFORE, 100, confirm=False)
        order.order_line.tax_ids = tax
        self._pay(order, self._program("gift_card"), 500)
        order.action_confirm()
        order.date_order = self._moment(BEFORE)
        self.assertEqual(order.amount_total, 0)
        self.assertEqual(self._numbers(), (100, 1))

    def test_promotion_is_a_discount(self):
        program = self._program("promotion", discount_mode="percent", discount=10)
        order = self._order(self.customer, BEFORE, 100, confirm=False)
        order._update_programs_and_rewards()
        coupons = order._get_claimable_rewards()
        [(coupon, reward)] = coupons.items()
        self.assertEqual(reward, program.reward_ids)
        order._apply_program_reward(reward, coupon)
        order.action_confirm()
        order.date_order = self._moment(BEFORE)
        self.assertEqual(order.amount_untaxed, 90)
        self.assertEqual(self._numbers(), (90, 1))

    def test_card_bought_and_used_counts_once(self):
        program = self._program("gift_card")
        self._order(
            self.customer,
            BEFORE - timedelta(5),
            0,
            order_line=[
                Command.create(
                    {
                        "product_id": self.card_product.id,
                        "price_unit": 50,
                        "tax_ids": False,
                    }
                )
            ],
        )
        self.assertEqual(self._numbers(), (0, 0))
        self._paid_order(program, 50)
        self.assertEqual(self._numbers(), (100, 1))

    def test_given_back(self):
        order = self._paid_order(self._program("gift_card"), 30)
        self._credit(self._invoice_of(order, BEFORE), AS_OF)
        self.assertEqual(self._numbers(), (0, 1))

    def test_quotation_and_product(self):
        program = self._program("gift_card")
        self._created(self._paid_order(program, 500, confirm=False), BEFORE)
        self._paid_order(program, 500, amount=40)
        self._recompute()
        profile = self._profile(self.customer)
        self.assertEqual(profile.open_quotation_amount, 100)
        self.policy.recompute_products(as_of_date=AS_OF)
        profiles = self.env["product.profile"].search(
            [("company_id", "=", self.company.id), ("revenue", "!=", 0)]
        )
        self.assertEqual(
            {one.product_tmpl_id: one.revenue for one in profiles},
            {self.product.product_tmpl_id: 40},
        )


@tagged("post_install", "-at_install")
class TestLoyaltyByInvoice(LoyaltyCase):
    """The same where invoices count."""

    policy_values = {"revenue_source": "invoice"}

    def test_paid_in_part_and_given_back(self):
        order = self._paid_order(self._program("gift_card"), 30)
        invoice = self._invoice_of(order, BEFORE)
        self.assertEqual(invoice.amount_untaxed, 70)
        self.assertEqual(self._numbers(), (100, 1))
        self._credit(invoice, AS_OF)
        self.assertEqual(self._numbers(), (0, 1))
