from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import ProductCase


@tagged("post_install", "-at_install")
class TestProductCategory(ProductCase):
    """The tree of the accounting categories: arranged by people, never by us."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        categories = cls.env["product.category"]
        cls.top = categories.create({"name": "Furniture", "category_sequence": 5})
        cls.chairs, cls.beds = categories.create(
            [
                {"name": "Chairs", "parent_id": cls.top.id, "category_sequence": 20},
                {"name": "Beds", "parent_id": cls.top.id, "category_sequence": 30},
            ]
        )
        cls.own = cls.top + cls.chairs + cls.beds

    def _in_order(self):
        return self.env["product.category"].search(
            [("id", "in", self.own.ids)], order="category_sort_key, id"
        )

    def test_in_the_order_of_the_tree(self):
        self.assertEqual(self._in_order(), self.top + self.chairs + self.beds)
        self.beds.category_sequence = 1
        self.assertEqual(self._in_order(), self.top + self.beds + self.chairs)
        self.assertEqual(self.beds.category_level - self.top.category_level, 1)

    def test_moved_with_all_below(self):
        other = self.env["product.category"].create({"name": "Zoo"})
        self.top.parent_id = other
        self.assertTrue(
            self.chairs.category_sort_key.startswith(other.category_sort_key)
        )

    def test_odoos_own_order_stays(self):
        self.assertEqual(self.env["product.category"]._order, "complete_name")

    def test_children_are_never_deleted_along(self):
        with self.assertRaisesRegex(UserError, "has categories below it"):
            self.top.unlink()
        self.assertTrue(self.chairs.exists())
        self.own.unlink()
        self.assertFalse(self.own.exists())

    def test_products_are_never_left_behind(self):
        chair = self._product("Chair", categ_id=self.chairs.id)
        chair.active = False
        with self.assertRaisesRegex(UserError, "Products are in .*Chairs.*: 1"):
            self.chairs.unlink()
        chair.categ_id = self.beds
        self.chairs.unlink()
        self.assertEqual(chair.categ_id, self.beds)

    def test_form(self):
        form = Form(self.beds)
        form.category_description = "To sleep in"
        form.save()
        self.assertEqual(self.beds.category_description, "To sleep in")

    def test_a_run_leaves_the_category_alone(self):
        chair = self._product("Chair", categ_id=self.chairs.id)
        self._sell(chair, fields.Date.to_date("2025-03-10"), 10)
        self._classify()
        self.assertEqual(chair.categ_id, self.chairs)


@tagged("post_install", "-at_install")
class TestProductTagLibrary(ProductCase):
    """Branches of product tags that one can start from."""

    def _branches(self):
        names = ("function", "price", "target", "delivery")
        tags = self.env["product.tag"].with_context(active_test=False)
        return tags.browse(
            self.env.ref(f"customer_classification.product_tag_group_{name}").id
            for name in names
        )

    def test_archived_until_somebody_takes_them_up(self):
        branches = self._branches()
        tags = branches + branches.child_ids
        self.assertEqual(len(tags), 20)
        self.assertFalse(tags.filtered("active"))
        self.assertFalse(tags.filtered("visible_to_customers"))

    def test_taken_up_by_hand(self):
        function = self._branches()[0]
        (function + function.child_ids).action_unarchive()
        product = self._product(product_tag_ids=function.child_ids[:2].ids)
        self.assertEqual(len(product.product_tag_ids), 2)

    def test_rules_of_price_and_delivery(self):
        rules = self.env["classification.tag.rule"].with_context(active_test=False)
        rules = rules.search([("product_tag_id.parent_id", "in", self._branches().ids)])
        self.assertEqual(len(rules), 7)
        self.assertEqual(set(rules.mapped("state")), {"draft"})
        cheap, dear = self._product("Cheap", 1), self._product("Dear", 100)
        for number in range(5):
            self._product(f"Other {number}", 50)
        visit = self._product("Visit", 50, type="service")
        visit.product_delivery_mode = "on_site"
        self._classify()
        rules.company_id = self.company
        rules.action_preview()
        rules.action_start()
        self.assertFalse(rules.filtered("error"))
        self.env.invalidate_all()
        self.assertEqual(cheap.product_tag_ids.name, "Entry Price")
        self.assertEqual(dear.product_tag_ids.name, "Premium Price")
        self.assertIn("At the Customer's", visit.product_tag_ids.mapped("name"))
