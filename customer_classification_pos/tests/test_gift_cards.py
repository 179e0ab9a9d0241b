from datetime import timedelta
from unittest import SkipTest

from odoo.fields import Command
from odoo.tests import tagged

from .common import DAY, PosCase


@tagged("post_install", "-at_install")
class TestGiftCards(PosCase):
    """Gift cards, wallets and points pay at the counter; what they buy counts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "reward_id" not in cls.env["pos.order.line"]._fields:
            raise SkipTest("the point of sale has no loyalty programs here")

    def _program(self, kind, **reward):
        """Return the program of a kind with a product that buys it."""
        product = self.env["product.product"].create(
            {"name": f"Card of {kind}", "type": "service", "taxes_id": False}
        )
        return self.env["loyalty.program"].create(
            {
                "name": kind,
                "program_type": kind,
                "company_id": self.company.id,
                "rule_ids": [
                    Command.clear(),
                    Command.create({"product_ids": [Command.set(product.ids)]}),
                ],
                "reward_ids": [
                    Command.clear(),
                    Command.create(
                        {"reward_type": "discount", "discount_mode": "per_point"}
                        | reward
                    ),
                ],
            }
        )

    def _pay(self, program, amount):
        """Return the line by which a program pays."""
        reward = program.reward_ids[0]
        return {
            "price_unit": -amount,
            "product_id": reward.discount_line_product_id.id,
            "is_reward_line": True,
            "reward_id": reward.id,
        }

    def _revenue(self, **values):
        self._recompute(**values)
        profile = self._profile(self.customer)
        return profile.revenue, profile.lifetime_order_count

    def test_what_a_card_buys_counts(self):
        for kind in ("gift_card", "ewallet", "loyalty"):
            with self.subTest(kind), self.env.cr.savepoint() as savepoint:
                lines = [{"price_unit": 100}, self._pay(self._program(kind), 100)]
                self._counter(self.customer, DAY, 0, lines=lines)
                self.assertEqual(self._revenue(), (100, 1))
                self.assertEqual(self._profile(self.customer).counter_revenue, 100)
                savepoint.rollback()
                self.env.invalidate_all(flush=False)

    def test_taken_back(self):
        """Goods bought with a card are given back, and so is its money."""
        lines = [{"price_unit": 100}, self._pay(self._program("gift_card"), 60)]
        order = self._counter(self.customer, DAY, 0, lines=lines)
        self._counter(self.customer, DAY, 500)
        self._take_back(order, DAY + timedelta(days=2))
        self.assertEqual(self._revenue(), (500, 2))
        self.assertEqual(self._profile(self.customer).refund_amount, 100)

    def test_the_card_itself_is_no_sale(self):
        program = self._program("gift_card")
        card = program.rule_ids.product_ids
        lines = [{"price_unit": 50, "product_id": card.id}, {"price_unit": 30}]
        self._counter(self.customer, DAY, 0, lines=lines)
        self.assertEqual(self._revenue(), (30, 1))

    def test_promotions_stay_discounts(self):
        program = self._program(
            "promotion", discount_mode="percent", discount=10, required_points=1
        )
        lines = [{"price_unit": 100}, self._pay(program, 10)]
        self._counter(self.customer, DAY, 0, lines=lines)
        self.assertEqual(self._revenue(), (90, 1))

    def test_free_products_of_loyalty_stay_free(self):
        program = self._program("loyalty")
        program.reward_ids.write(
            {"reward_type": "product", "reward_product_id": self.product.id}
        )
        free = {**self._pay(program, 20), "product_id": self.product.id}
        lines = [{"price_unit": 100}, free]
        self._counter(self.customer, DAY, 0, lines=lines)
        self.assertEqual(self._revenue(), (80, 1))

    def test_the_invoice_of_the_counter_counts_the_same(self):
        program = self._program("gift_card")
        lines = [{"price_unit": 100}, self._pay(program, 40)]
        order = self._counter(self.customer, DAY, 0, lines=lines)
        self._invoice_counter(order, DAY)
        policy = self._policy(self.company, revenue_source="invoice")
        self.assertEqual(self._revenue(policy=policy), (100, 1))
