from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.customer_classification.tests.common import AS_OF

from .common import DAY, PosCase


@tagged("post_install", "-at_install")
class TestPosProducts(PosCase):
    """Products that are sold at the counter, also to nobody known."""

    def _sold(self, policy=None, changed=False):
        if changed:
            self._refresh(policy, "product")
        else:
            (policy or self.policy).recompute_products(as_of_date=AS_OF)
        profile = self.env["product.profile"].search(
            [
                ("product_tmpl_id", "=", self.product.product_tmpl_id.id),
                ("company_id", "=", self.company.id),
            ]
        )
        return profile.revenue, profile.quantity

    def test_lines_count_once(self):
        self._counter(self.customer, DAY, 100)
        self._counter(None, DAY, 20)
        order = self._counter(self.customer, DAY, 7)
        self._invoice_counter(order, DAY)
        for source in ("sale", "invoice"):
            rules = self._policy(self.company, revenue_source=source)
            self.assertEqual(self._sold(rules), (127, 3), source)
        rules = self._policy(self.company, count_point_of_sale=False)
        self.assertEqual(self._sold(rules), (0, 0))

    def test_taken_back(self):
        order = self._counter(self.customer, DAY, 100)
        self._take_back(order, AS_OF, signed=False)
        self.assertEqual(self._sold(), (0, 0))

    def test_credited_by_accounting(self):
        order = self._counter(self.customer, DAY, 100)
        self._counter(self.customer, DAY, 5)
        self._credit(self._invoice_counter(order, DAY), AS_OF)
        for source in ("sale", "invoice"):
            rules = self._policy(self.company, revenue_source=source)
            self.assertEqual(self._sold(rules), (5, 1), source)

    def test_settled_line_counts_by_its_order(self):
        if not self.has_sales:
            self.skipTest("pos_sale is not installed")
        order = self._order(self.customer, DAY, 100)
        self._prepay(order, DAY, 30)
        self._settle(order, DAY)
        for source in ("sale", "invoice"):
            rules = self._policy(self.company, revenue_source=source)
            self.assertEqual(self._sold(rules), (100, 1), source)

    def test_hourly_run_finds_them(self):
        self._counter(self.customer, DAY, 100)
        self._sold()
        self._age()
        with self._on(AS_OF):
            order = self._counter(self.customer, AS_OF - timedelta(1), 50)
            self.assertEqual(self._sold(changed=True), (150, 2))
            self._take_back(order, AS_OF)
            self.assertEqual(self._sold(changed=True), (100, 1))

    def test_who_buys_it(self):
        self._counter(self.customer, DAY, 100)
        self._recompute()
        self.policy.recompute_products(as_of_date=AS_OF)
        rows = self.env["product.audience"].search(
            [("product_tmpl_id", "=", self.product.product_tmpl_id.id)]
        )
        self.assertTrue(rows)
        self.assertEqual(self.customer.customer_bought_categ_ids, self.product.categ_id)
