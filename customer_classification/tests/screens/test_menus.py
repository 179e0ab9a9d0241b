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
        """What developers alone have as a menu, others open from a list."""
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
        start = self.env.ref(f"{ADDON}.customer_start_action")
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
