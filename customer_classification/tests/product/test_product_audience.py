from datetime import date

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import ProductCase

DAY = date(2025, 3, 10)


@tagged("post_install", "-at_install")
class TestProductAudience(ProductCase):
    """Target audience of a product, and its actual buyers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.jewel, cls.bread = cls._product("Jewel"), cls._product("Bread")
        cls.rich, cls.poor = cls._customer("Rich"), cls._customer("Poor")
        cls.buyer_of_rich = cls._customer("Her buyer", parent_id=cls.rich.id)
        cls.jewel.product_target_tier_ids = cls._tier("vip") + cls._tier("high")
        cls._order_of([(cls.jewel, 1, 9_000)], DAY, partner_id=cls.rich.id)
        cls._order_of([(cls.bread, 1, 3_000)], DAY, partner_id=cls.buyer_of_rich.id)
        cls._order_of(
            [(cls.jewel, 1, 1_000), (cls.bread, 1, 7_000)],
            DAY,
            partner_id=cls.poor.id,
        )
        cls._order_of([(cls.bread, 1, 9_000)], date(2020, 1, 1))
        cls._recompute()
        cls._classify()
        cls.env.flush_all()

    def _row(self, product, code, axis="value_tier"):
        return self.env["product.audience"].search(
            [
                ("product_tmpl_id", "=", product.id),
                ("company_id", "=", self.company.id),
                ("axis", "=", axis),
                ("tier_id", "=", self._tier(code).id),
            ]
        )

    def test_share_and_index(self):
        """The share and index compare a product's buyers with those of all.

        12,000 of 20,000 come from VIP customers, and 9,000 of the jewels' 10,000.
        """
        row = self._row(self.jewel, "vip")
        self.assertEqual((row.revenue, row.customer_count), (9_000, 1))
        self.assertAlmostEqual(row.share, 0.9, 4)
        self.assertAlmostEqual(row.usual_share, 0.6, 4)
        self.assertAlmostEqual(row.buying_index, 150, 0)
        self.assertTrue(row.is_target)
        self.assertEqual(row.gap, "reached")

    def test_meant_for_and_missed(self):
        row = self._row(self.jewel, "high")
        self.assertEqual((row.revenue, row.gap), (1_000, "missed"))

    def test_contacts_buy_for_their_company_and_old_orders_are_out(self):
        row = self._row(self.bread, "vip")
        self.assertEqual((row.revenue, row.is_target, row.gap), (3_000, False, False))

    def test_by_stage(self):
        rows = self.env["product.audience"].search(
            [("product_tmpl_id", "=", self.jewel.id), ("axis", "=", "lifecycle_stage")]
        )
        self.assertEqual(sum(rows.mapped("revenue")), 10_000)

    def test_open_the_customers(self):
        row = self._row(self.jewel, "vip")
        with self.assertQueryCount(6):
            action = row.action_open_customers()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found.partner_id, self.rich)

    def _tag_rows(self):
        rows = self.env["product.audience"].search(
            [("product_tmpl_id", "=", self.jewel.id), ("axis", "=", "tag")]
        )
        return {row.tag_id: row for row in rows}

    def test_by_tag(self):
        """Rows by tag: a tag, the one above it, and a target without members."""
        tags = self.env["res.partner.category"]
        trade = tags.create({"name": "Audience trade"})
        gold, silver, nobody = tags.create(
            [
                {"name": "Audience gold", "parent_id": trade.id},
                {"name": "Audience silver", "parent_id": trade.id},
                {"name": "Audience nobody"},
            ]
        )
        self.rich.category_id = gold
        self.poor.category_id = gold + silver
        self.jewel.product_target_tag_ids = silver + nobody
        self.env.flush_all()
        rows = self._tag_rows()
        self.assertEqual(set(rows), {trade, gold, silver, nobody})
        self.assertEqual(rows[gold].customer_count, 2)
        self.assertEqual((rows[gold].share, rows[gold].usual_share), (1, 1))
        self.assertEqual((rows[trade].revenue, rows[trade].share), (10_000, 1))
        self.assertAlmostEqual(rows[silver].share, 0.1, 4)
        self.assertAlmostEqual(rows[silver].usual_share, 0.4, 4)
        self.assertEqual(
            [rows[tag].gap for tag in (silver, nobody, gold)],
            ["missed", "missed", False],
        )
        action = rows[silver].action_open_customers()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found.partner_id, self.poor)

    def test_tag_that_is_reached(self):
        tag = self.env["res.partner.category"].create({"name": "Audience rich"})
        self.rich.category_id = tag
        self.jewel.product_target_tag_ids = tag
        self.env.flush_all()
        row = self._tag_rows()[tag]
        self.assertEqual((row.gap, row.is_target), ("reached", True))
        self.assertAlmostEqual(row.buying_index, 150, 0)

    def test_open_all_customers_of_a_product(self):
        action = self.jewel.action_open_product_customers()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found.partner_id, self.rich + self.poor)

    def test_open_from_the_product(self):
        action = self.jewel.action_open_product_audience()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found.product_tmpl_id, self.jewel)

    def test_documents_as_the_policy_filters_them(self):
        """Orders that the policy leaves out are nobody's purchase."""
        policy = self._policy(
            self.company, sale_domain=repr([("client_order_ref", "!=", "gift")])
        )
        for customer in (self.rich, self.poor):
            self._order_of(
                [(self.jewel, 1, 500)],
                DAY,
                partner_id=customer.id,
                client_order_ref="gift",
            )
        only = self._customer("Only a gift")
        category = self.env["product.category"].create({"name": "Gifts"})
        gift = self._product("Gift", categ_id=category.id)
        self._order_of([(gift, 1, 5)], DAY, partner_id=only.id, client_order_ref="gift")
        self._recompute(policy=policy)
        self._classify(policy=policy)
        self.env.flush_all()
        self.env.invalidate_all()
        profile = self._class_of(self.jewel)
        self.assertEqual(profile.revenue, 10_000)
        self.assertEqual(self._row(self.jewel, "vip").revenue, 9_000)
        self.assertFalse(only.with_company(self.company).customer_bought_categ_ids)
        action = gift.action_open_product_customers()
        self.assertFalse(self.env[action["res_model"]].search(action["domain"]))
        rows = self.env["customer.product"].with_context(
            customer_product_partner_id=self.rich.id,
            customer_product_company_id=self.company.id,
            allowed_company_ids=self.company.ids,
        )
        bought = rows.search([("product_tmpl_id", "=", self.jewel.id)])
        self.assertEqual((bought.revenue, bought.times_bought), (9_000, 1))

    def test_rights(self):
        user = self._user("audience_seller", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            self.env["product.audience"].with_user(user).search([])
