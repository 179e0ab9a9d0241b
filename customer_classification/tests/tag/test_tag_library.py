import importlib.util
from datetime import date, timedelta
from pathlib import Path

from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import tagged

from .common import TagCase

LIBRARY = "customer_classification.tag_rule_"
ADDON = Path(__file__).parents[2]
LIBRARY_FILE = ADDON / "data/classification_tag_library.xml"
MIGRATION = ADDON / "migrations/19.0.1.5.0/post-tag_library.py"


@tagged("post_install", "-at_install")
class TestBought(TagCase):
    """Rules about purchases of customers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = date.today()
        categories = cls.env["product.category"]
        cls.tools = categories.create({"name": "Tools"})
        cls.saws = categories.create({"name": "Saws", "parent_id": cls.tools.id})
        cls.toys = categories.create({"name": "Toys"})
        cls.saw = cls._product("Saw", cls.saws)
        cls.toy = cls._product("Toy", cls.toys)
        cls.builder = cls._customer("Builder", is_company=True)
        cls.contact = cls._customer("Builder's hand", parent_id=cls.builder.id)
        cls._sold(cls.contact, cls.saw, 300)
        cls._sold(cls.builder, cls.toy, 100)
        cls.parent = cls._customer("Parent")
        cls._sold(cls.parent, cls.toy, 100, discount=50)
        cls._sold(cls.parent, cls.toy, 100)
        cls.nobody = cls._customer("Nobody")
        cls.all = cls.builder | cls.contact | cls.parent | cls.nobody

    @classmethod
    def _product(cls, name, category):
        return cls.env["product.product"].create(
            {"name": name, "categ_id": category.id, "taxes_id": False}
        )

    @classmethod
    def _sold(cls, partner, product, amount, days=10, discount=0):
        order = cls._order(partner, cls.today - timedelta(days), amount)
        order.order_line.write({"product_id": product.id})
        order.order_line.write({"price_unit": amount, "discount": discount})
        return order

    def _found(self, *condition):
        return self.env["res.partner"].search(
            Domain(*condition) & Domain("id", "in", self.all.ids)
        )

    def test_bought_categories_with_those_above(self):
        field = "customer_bought_categ_ids"
        self.assertEqual(self.builder[field], self.saws | self.toys)
        self.assertEqual(
            self._found(field, "child_of", self.tools.ids), self.builder | self.contact
        )
        self.assertEqual(
            self._found(field, "in", self.toys.ids), self.all - self.nobody
        )
        self.assertEqual(self._found(field, "=", False), self.nobody)
        self.assertEqual(
            self._found(field, "not in", self.saws.ids), self.parent | self.nobody
        )

    def test_favourite_category_is_where_most_is_spent(self):
        field = "customer_favourite_categ_id"
        self.assertEqual(self.contact[field], self.saws)
        self.assertEqual(self.parent[field], self.toys)
        self.assertFalse(self.nobody[field])
        self.assertEqual(self._found(field, "=", self.toys.id), self.parent)

    def test_discount_over_all_that_was_bought(self):
        field = "customer_discount_percent"
        self.assertEqual((self.parent[field], self.builder[field]), (25, 0))
        self.assertEqual(self._found(field, ">=", 25), self.parent)
        # Without purchases there is no purchase at a discount.
        without = self.builder | self.contact | self.nobody
        self.assertEqual(self._found(field, "<", 1), without)

    def test_outside_the_window_and_other_companies(self):
        self._sold(self.nobody, self.saw, 10, days=500)
        self.assertFalse(
            self._found("customer_favourite_categ_id", "=", self.saws.id) & self.nobody
        )
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        elsewhere = self.parent.with_company(other)
        self.assertFalse(elsewhere.customer_bought_categ_ids)

    def test_queries_for_any_number(self):
        self.env.invalidate_all()
        self.all.mapped("commercial_partner_id")
        with self.assertQueryCount(8):
            self.all.mapped("customer_favourite_categ_id")

    def test_portal_users_learn_nothing_by_searching(self):
        portal = self._user("bought-portal", "base.group_portal")
        with self.assertRaises(AccessError):
            self.env["res.partner"].with_user(portal).search_count(
                [("customer_bought_categ_ids", "in", self.toys.ids)]
            )


@tagged("post_install", "-at_install")
class TestTagLibrary(TagCase):
    """The rules that come with the addon: resting, and ready."""

    def _library(self):
        rules = self.rules.with_context(active_test=False).search([])
        names = rules.get_external_id()
        return rules.filtered(lambda rule: names[rule.id].startswith(LIBRARY))

    def test_nothing_runs_before_it_is_switched_on(self):
        library = self._library()
        self.assertGreaterEqual(len(library), 13)
        self.assertFalse(library.filtered("active"))
        self.assertEqual(set(library.mapped("state")), {"draft"})
        tags = library.partner_tag_id.with_context(active_test=False)
        self.assertFalse(tags.filtered("active"))
        self.assertEqual(set(library.mapped(lambda rule: bool(rule.note))), {True})

    def test_every_rule_can_be_previewed_and_switched_on(self):
        library = self._library()
        library.action_preview()
        library.action_start()
        self.assertFalse(library.filtered("error"))
        self.assertTrue(all(library.mapped("last_run_date")))
        self.assertTrue(all(library.partner_tag_id.mapped("active")))
        self.assertTrue(all(library.partner_tag_id.parent_id.mapped("active")))

    def test_who_asks_for_offers_and_spends(self):
        """From orders to a tag that asks for two others."""
        today = date.today()
        self.product.list_price = 1_000
        spender = self._customer("Spender")
        for days in (5, 60, 120):
            order = self._order(spender, today - timedelta(days), 5_000)
            order.order_line.discount = 20
        for number in range(60):
            other = self._customer(f"Other {number}")
            self._order(other, today - timedelta(number), 10 + number)
        self.policy.recompute()
        library = self._library()
        library.company_id = self.company
        library.action_start()
        self.env.invalidate_all()
        names = set(spender.category_id.mapped("name"))
        self.assertLessEqual(
            {
                "Big Spender",
                "Buys at a Discount",
                "Big Spender on Offers",
                "Bought Recently",
            },
            names,
        )
        self.assertNotIn("Pays Full Price", names)

    def test_rules_are_about_customers(self):
        """A vendor and the company itself get no tag of the library."""
        today = date.today()
        about = {
            "country_id": self.env.ref("base.de").id,
            "industry_id": self.env.ref("base.res_partner_industry_C").id,
            "customer_employee_count": 5,
        }
        self.company.partner_id.write(about)
        vendor = self._customer("Vendor", is_company=True, supplier_rank=1, **about)
        buyer = self._customer("Buyer", is_company=True, **about)
        self._order(buyer, today - timedelta(5), 100)
        self.policy.recompute()
        library = self._library()
        library.company_id = self.company
        library.action_start()
        self.env.invalidate_all()
        self.assertFalse((vendor | self.company.partner_id).category_id)
        self.assertIn("Manufacturer", buyer.category_id.mapped("name"))


@tagged("post_install", "-at_install")
class TestTagLibraryMigration(TagCase):
    """An update renames and restricts what nobody edited, and nothing else."""

    def _migrate(self):
        self.env.flush_all()
        spec = importlib.util.spec_from_file_location("tag_library", MIGRATION)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        script.migrate(self.env.cr, "19.0.1.4.0")
        self.env.invalidate_all()

    def _record(self, name):
        return self.env.ref(f"customer_classification.{name}").with_context(lang=None)

    def test_what_nobody_edited(self):
        tag = self._record("tag_satisfied")
        rule = self._record("tag_rule_manufacturer")
        now = rule.domain
        tag.name = "Satisfied"
        self.env.cr.execute(
            "UPDATE classification_tag_rule SET domain = replace(domain, %s, '')"
            " WHERE id = %s",
            ["('customer_profile_id', '!=', False), ", rule.id],
        )
        self._migrate()
        self.assertEqual(tag.name, "Loyal without Returns")
        self.assertEqual(rule.domain, now)
        self._migrate()
        self.assertEqual(rule.domain, now, "a second time changes nothing")

    def test_what_somebody_edited(self):
        tag = self._record("tag_satisfied")
        rule = self._record("tag_rule_market_local")
        tag.name = "Happy"
        own = (
            "[('parent_id', '=', False), ('customer_market', '=', 'local'),"
            " ('ref', '!=', 'x')]"
        )
        self.env.cr.execute(
            "UPDATE classification_tag_rule SET domain = %s WHERE id = %s",
            [own, rule.id],
        )
        self._migrate()
        self.assertEqual((tag.name, rule.domain), ("Happy", own))

    def test_names_of_now_are_the_shipped_ones(self):
        spec = importlib.util.spec_from_file_location("tag_library", MIGRATION)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        for name, names in script.NAMES.items():
            with self.subTest(tag=name):
                self.assertIn(names["en_US"][1], self.shipped)

    @property
    def shipped(self):
        return LIBRARY_FILE.read_text()
