from unittest.mock import patch

from odoo.tests import TransactionCase, new_test_user, tagged

ADDON = "customer_classification"
SECTIONS = ("Customers", "Products", "Campaigns", "Tags", "Reporting", "Configuration")


@tagged("post_install", "-at_install")
class TestMenus(TransactionCase):
    """People find a screen only where the menus are few."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.salesperson = new_test_user(
            cls.env, "menus-seller", "sales_team.group_sale_salesman"
        )
        cls.administrator = cls.env.ref("base.user_admin")

    def _menus(self, user):
        """`{id: menu}` of the app, as the web client loads them."""
        loaded = self.env["ir.ui.menu"].with_user(user).load_menus(False)
        app = self.env.ref(f"{ADDON}.customer_classification_menu").id
        return {
            key: menu
            for key, menu in loaded.items()
            if key != "root" and menu["app_id"] == app
        }

    def _entries(self, user):
        """Names of what opens a screen: menus with nothing below."""
        menus = self._menus(user).values()
        return [menu["name"] for menu in menus if not menu["children"]]

    def _sections(self, user):
        menus = self._menus(user)
        app = menus[self.env.ref(f"{ADDON}.customer_classification_menu").id]
        return tuple(menus[key]["name"] for key in app["children"])

    def test_sections(self):
        self.assertEqual(self._sections(self.administrator), SECTIONS)
        self.assertEqual(self._sections(self.salesperson), SECTIONS[:-1])

    def test_few_entries(self):
        seen = self._entries(self.salesperson)
        self.assertTrue(5 <= len(seen) <= 10, seen)
        seen = self._entries(self.administrator)
        self.assertTrue(20 <= len(seen) <= 30, seen)

    def test_entries_have_different_names(self):
        seen = self._entries(self.administrator)
        self.assertEqual(len(seen), len(set(seen)), seen)

    def test_what_is_hidden_has_a_button(self):
        """Menus of developer mode alone have a button on a list."""
        menus = self.env["ir.ui.menu"].with_user(self.administrator)
        hidden = menus._visible_menu_ids(True) - menus._visible_menu_ids(False)
        app = self.env.ref(f"{ADDON}.customer_classification_menu")
        hidden = menus.search([("id", "in", list(hidden)), ("id", "child_of", app.id)])
        self.assertTrue(hidden)
        lists = self.env["ir.ui.view"].search(
            [("type", "=", "list"), ("name", "=like", "%.related")]
        )
        arches = "".join(lists.mapped("arch_db"))
        for menu in hidden:
            with self.subTest(menu=menu.name):
                self.assertIn(f'name="{menu.action.id}"', arches)

    def test_start(self):
        """A salesperson begins with her own customers, a manager with all."""
        start = self.env.ref(f"{ADDON}.customer_profile_action_open")
        company = self.env.company
        partner = self.env["res.partner"].create(
            {"name": "Bought here", "user_id": self.salesperson.id}
        )
        opened = start.with_user(self.salesperson).run()
        self.assertNotIn("my_customers", str(opened["context"]))
        self.env.cr.execute(
            "INSERT INTO customer_profile (partner_id, company_id, active,"
            " first_purchase_date) VALUES (%s, %s, TRUE, '2025-01-01')",
            [partner.id, company.id],
        )
        opened = start.with_user(self.salesperson).run()
        self.assertIn("my_customers", str(opened["context"]))
        opened = start.with_user(self.administrator).run()
        self.assertNotIn("my_customers", str(opened["context"]))


@tagged("post_install", "-at_install")
class TestPlainFields(TransactionCase):
    """Filters, exports and totals offer what means something to people."""

    OFFERED = ("searchable", "groupable", "sortable", "exportable")
    MEANINGLESS = {"content_hash", "own_hash", "churn_signals", "abc_share"}
    MODELS = (
        "customer.profile",
        "product.profile",
        "campaign.profile",
        "campaign.participant",
    )

    def _measures(self, model):
        return {
            name
            for name, field in self.env[model].fields_get().items()
            if field["type"] in ("integer", "float", "monetary")
            and field.get("aggregator")
        }

    def test_technical_fields(self):
        for model in self.MODELS:
            technical = self.env[model]._technical_fields
            self.assertLessEqual(
                self.MEANINGLESS & self.env[model]._fields.keys(), technical
            )
            fields = self.env[model].fields_get()
            for name in technical:
                with self.subTest(model=model, field=name):
                    self.assertFalse(any(fields[name].get(o) for o in self.OFFERED))
                    self.assertNotIn("aggregator", fields[name])

    def test_developers_find_them(self):
        user = self.env.ref("base.user_admin")
        with patch.object(type(user), "has_group", return_value=True):
            fields = self.env["customer.profile"].with_user(user).fields_get()
        self.assertTrue(fields["content_hash"]["searchable"])

    def test_measures(self):
        measures = self._measures("customer.profile")
        self.assertIn("revenue", measures)
        scores = {"score_recency", "score_frequency", "score_monetary"}
        self.assertFalse(measures & (scores | self.MEANINGLESS))
        self.assertFalse({name for name in measures if name.endswith("_color")})

    def test_what_is_kept_can_be_asked_for(self):
        """Programs and rules may name the fields that screens do not offer."""
        self.env["customer.profile"].search([("content_hash", "!=", 0)], limit=1)
        fields = self.env["customer.profile"].fields_get(["score_monetary"])
        self.assertTrue(fields["score_monetary"]["searchable"])
