from datetime import date

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..common import AS_OF
from .common import ProductCase

DAY = date(2025, 3, 10)


@tagged("post_install", "-at_install")
class TestCustomerProduct(ProductCase):
    """Purchases, favourites and gaps of a customer.

    Gaps are products that the peers buy and the customer does not.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.screws, cls.drills = (
            cls.env["product.category"].create({"name": name})
            for name in ("Screws", "Drills")
        )
        cls.screw = cls._product("Screw", categ_id=cls.screws.id)
        cls.drill = cls._product("Drill", categ_id=cls.drills.id)
        cls.bit = cls._product("Bit", categ_id=cls.drills.id)
        cls.rare = cls._product("Rare")
        cls.industry = cls.env["res.partner.industry"].create({"name": "Building"})
        cls.me = cls._customer("Me", industry_id=cls.industry.id)
        cls.peers = [
            cls._customer(f"Peer {number}", industry_id=cls.industry.id)
            for number in range(10)
        ]
        cls.stranger = cls._customer("Stranger")
        cls._order_of(
            [(cls.screw, 5, 100), (cls.screw, 1, 20), (cls.drill, 1, 900)],
            DAY,
            partner_id=cls.me.id,
        )
        for number, peer in enumerate(cls.peers):
            lines = [(cls.screw, 1, 1_000)]
            lines += [(cls.bit, 1, 20)] * (number < 4)
            lines += [(cls.rare, 1, 20)] * (number < 1)
            cls._order_of(lines, DAY, partner_id=peer.id)
        cls._order_of([(cls.rare, 1, 1_000)], DAY, partner_id=cls.stranger.id)
        cls._recompute()
        cls._classify()
        cls.env.flush_all()
        cls.profile = cls._profile(cls.me)

    def _rows(self):
        action = self.profile.action_open_customer_products()
        model = self.env[action["res_model"]].with_context(**action["context"])
        return {row.product_tmpl_id: row for row in model.search([])}

    def test_bought_and_missing(self):
        rows = self._rows()
        self.assertEqual(set(rows), {self.screw, self.drill, self.bit})
        row = rows[self.screw]
        self.assertEqual((row.times_bought, row.revenue), (2, 120))
        self.assertEqual((row.peer_count, row.peer_share), (10, 1))
        row = rows[self.bit]
        self.assertEqual((row.times_bought, row.is_missing), (0, True))
        self.assertAlmostEqual(row.peer_share, 0.4)

    def test_in_its_company_whatever_the_current_one_is(self):
        """Records open in their own company, whatever the current one.

        The browser sends its own companies with an action's result.
        """
        action = self.profile.action_open_customer_products()
        self.assertEqual(action["display_name"], "What Me Buys")
        main = self.env.ref("base.main_company")
        model = self.env[action["res_model"]]
        for companies, count in ((main + self.company, 3), (main, 0)):
            asked = model.with_context(
                **action["context"], allowed_company_ids=companies.ids
            )
            self.assertEqual(asked.search_count([]), count, companies)

    def test_favourite_categories(self):
        self.assertEqual(self.profile.frequent_categ_id, self.screws)
        self.assertEqual(self.profile.favourite_categ_id, self.drills)
        nobody = self._profile(self.stranger)
        self.assertEqual(nobody.frequent_categ_id, self.rare.categ_id)
        self.assertFalse(self._profile(self.customer).frequent_categ_id)

    def test_contact_profile_and_rules_agree(self):
        self.assertEqual(self.me.customer_frequent_categ_id, self.screws)
        self.assertEqual(self.me.customer_favourite_categ_id, self.drills)
        partners = self.env["res.partner"]
        for name, category in (
            ("customer_frequent_categ_id", self.screws),
            ("customer_favourite_categ_id", self.drills),
        ):
            found = partners.search([(name, "=", category.id)])
            self.assertIn(self.me, found)
            others = partners.search([(name, "!=", category.id)])
            self.assertNotIn(self.me, others)

    def test_what_came_back_is_no_favourite(self):
        self._order_of([(self.drill, -1, -900)], DAY, partner_id=self.me.id)
        self.env.invalidate_all()
        self.assertEqual(self.profile.favourite_categ_id, self.screws)

    def test_bought_often_and_last_day(self):
        row = self._rows()[self.screw]
        self.assertEqual((row.is_frequent, row.last_purchase_date), (False, DAY))
        later = date(2025, 5, 2)
        self._order_of([(self.screw, 1, 10)], later, partner_id=self.me.id)
        self._order_of([(self.screw, -1, -10)], AS_OF, partner_id=self.me.id)
        self.env.invalidate_all()
        row = self._rows()[self.screw]
        self.assertEqual((row.is_frequent, row.last_purchase_date), (True, later))
        self.assertFalse(self._rows()[self.bit].last_purchase_date)

    def test_nothing_without_a_customer(self):
        self.assertFalse(self.env["customer.product"].search([]))

    def test_queries(self):
        profiles = self.profile + self._profile(self.peers[0])
        self.env.invalidate_all()
        with self.assertQueryCount(7):
            profiles.mapped("favourite_categ_id.id")

    def test_rights(self):
        user = self._user("product_of_customer", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            self.env["customer.product"].with_user(user).search([])
