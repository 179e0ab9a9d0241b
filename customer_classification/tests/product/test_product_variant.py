from datetime import date

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from .common import ProductCase

DAY = date(2025, 3, 10)


@tagged("post_install", "-at_install")
class TestProductVariant(ProductCase):
    """Variants that differ from their product."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        attribute = cls.env["product.attribute"].create(
            {
                "name": "Size",
                "value_ids": [
                    fields.Command.create({"name": name}) for name in ("S", "M", "L")
                ],
            }
        )
        cls.shirt = cls._product(
            "Shirt",
            attribute_line_ids=[
                fields.Command.create(
                    {
                        "attribute_id": attribute.id,
                        "value_ids": attribute.value_ids.ids,
                    }
                )
            ],
        )
        cls.small, cls.medium, cls.large = cls.shirt.product_variant_ids
        cls.single = cls._product("Single")

    def _sell_variants(self, lines, day):
        commands = [
            fields.Command.create(
                {
                    "product_id": variant.id,
                    "product_uom_qty": 1,
                    "price_unit": amount,
                    "tax_ids": False,
                }
            )
            for variant, amount in lines
        ]
        return self._order(self.customer, day, 0, order_line=commands)

    def _variant(self, variant):
        return self.env["product.variant.class"].search(
            [("product_id", "=", variant.id), ("company_id", "=", self.company.id)]
        )

    def test_ranked_among_all_variants(self):
        single = self.single.product_variant_id
        self._sell_variants([(self.small, 800), (self.medium, 20), (single, 180)], DAY)
        self._classify()
        self.assertEqual(self._class_of(self.shirt).abc_class, "a")
        small, medium, large = map(self._variant, (self.small, self.medium, self.large))
        self.assertEqual(
            [one.abc_class for one in (small, medium, large)], ["a", "c", False]
        )
        self.assertEqual([one.differs for one in (small, medium, large)], [0, 1, 0])
        self.assertEqual((medium.revenue, medium.line_count), (20, 1))
        self.assertEqual(medium.product_abc_class, "a")
        self.assertFalse(self._variant(single))

    def test_regular_among_irregular(self):
        months = self._months()
        for day in months:
            self._sell_variants([(self.small, 10)], day)
        self._sell_variants([(self.medium, 10)], months[0])
        self._classify()
        small, medium = self._variant(self.small), self._variant(self.medium)
        self.assertEqual((small.xyz_class, medium.xyz_class), ("x", "z"))
        self.assertEqual(small.cv, 0)
        self.assertEqual(self._class_of(self.shirt).xyz_class, "x")
        self.assertEqual((small.differs, medium.differs), (False, True))

    def test_only_what_differs_is_written(self):
        self._sell_variants([(self.small, 800), (self.medium, 20)], DAY)
        self._classify()
        before = self._places()
        self.assertTrue(before)
        self._classify()
        self.assertEqual(self._places(), before)
        self._sell_variants([(self.medium, 1_000)], DAY)
        self._classify()
        self.assertEqual(self._variant(self.medium).abc_class, "a")
        after, large = self._places(), self.large.id
        self.assertNotEqual(after[self.medium.id], before[self.medium.id])
        self.assertEqual(after[large], before[large])

    def _places(self):
        """Return ``{variant: place of its row}``, which each update changes."""
        rows = self.env.execute_query(
            SQL("SELECT product_id, ctid FROM product_variant_class")
        )
        return dict(rows)

    def test_forgotten_with_the_variants(self):
        self._sell_variants([(self.small, 800)], DAY)
        self._classify()
        self.assertTrue(self._variant(self.large))
        (self.medium + self.large).unlink()
        self._classify()
        self.assertFalse(self._variant(self.small))

    def test_archived_variant_with_sales_counts(self):
        self._sell_variants([(self.small, 800), (self.medium, 20)], DAY)
        self.medium.active = False
        self._classify()
        self.assertEqual(self._variant(self.medium).abc_class, "c")

    def test_button_and_rights(self):
        self._sell_variants([(self.small, 800)], DAY)
        self._classify()
        action = self._class_of(self.shirt).action_open_variants()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(len(found), 3)
        seller = self._user("variant_seller", "sales_team.group_sale_salesman")
        self.assertEqual(found.with_user(seller)[0].abc_class, "a")
        with self.assertRaises(AccessError):
            found.with_user(seller).read(["revenue"])
