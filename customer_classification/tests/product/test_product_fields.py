from datetime import date

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import ProductCase

DAY = date(2025, 3, 10)


@tagged("post_install", "-at_install")
class TestProductFields(ProductCase):
    """Profile fields on the product: read, searched, sorted, grouped."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.best, cls.rest, cls.unknown = (
            cls._product(name) for name in ("Best", "Rest", "Unknown")
        )
        cls._order_of([(cls.best, 1, 990), (cls.rest, 1, 10)], DAY)
        cls.unknown.sale_ok = False
        cls._classify()
        cls.products = cls.best + cls.rest + cls.unknown
        cls.env.invalidate_all()

    def _search(self, *domain, order=None):
        return self.env["product.template"].search(
            [("id", "in", self.products.ids), *domain], order=order
        )

    def test_read(self):
        self.assertEqual(self.products.mapped("product_abc_class"), ["a", "c", False])
        self.assertEqual(self.best.product_revenue, 990)
        self.assertEqual(self.best.product_variant_id.product_abc_class, "a")

    def test_read_queries(self):
        with self.assertQueryCount(3):
            self.products.mapped("product_abc_class")

    def test_search(self):
        self.assertEqual(self._search(("product_abc_class", "=", "a")), self.best)
        self.assertEqual(self._search(("product_abc_class", "=", False)), self.unknown)
        self.assertEqual(
            self._search(("product_revenue", ">", 0)), self.best + self.rest
        )
        self.assertEqual(
            self._search(("product_revenue", "<", 100), order="id"),
            self.rest + self.unknown,
        )
        variants = self.env["product.product"].search(
            [("product_abc_class", "=", "a"), ("product_tmpl_id", "=", self.best.id)]
        )
        self.assertEqual(variants, self.best.product_variant_id)

    def test_sort_and_group(self):
        found = self._search(order="product_revenue desc nulls last, id")
        self.assertEqual(found, self.products)
        groups = self.env["product.template"]._read_group(
            [("id", "in", self.products.ids)],
            ["product_abc_class"],
            ["__count"],
        )
        self.assertEqual(dict(groups), {"a": 1, "c": 1, False: 1})

    def test_money_is_for_who_may_see_it(self):
        user = self._user("product_reader", "sales_team.group_sale_salesman")
        product = self.best.with_user(user)
        self.assertEqual(product.product_abc_class, "a")
        with self.assertRaises(AccessError):
            product.read(["product_revenue"])

    def test_form_and_actions(self):
        with Form(self.best) as form:
            self.assertEqual(form.product_abc_class, "a")
        action = self.best.action_open_product_profile()
        profile = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(profile, self._class_of(self.best))
        self.assertEqual(profile.display_name, "Best")
        changes = self.best.action_open_product_changes()
        found = self.env[changes["res_model"]].search(changes["domain"])
        self.assertEqual(found, profile.change_ids)
        self.assertIn("→", found[0].display_name)

    def test_group_profiles_by_category(self):
        groups = self.env["product.profile"]._read_group(
            [("company_id", "=", self.company.id)], ["categ_id"], ["__count"]
        )
        self.assertEqual(sum(count for __, count in groups), 2)
