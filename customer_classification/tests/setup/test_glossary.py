import re

from lxml import html

from odoo.models import MAGIC_COLUMNS
from odoo.tests import HttpCase, new_test_user, tagged

from ...models.setup.customer_glossary import NO_FACTS, NUMBERS, PROFILES

PAGE = "/customer_classification/glossary"


@tagged("post_install", "-at_install")
class TestGlossary(HttpCase):
    def _numbers(self):
        """Yield model and field of each number of our profiles."""
        for model in PROFILES:
            for name, field in self.env[model]._fields.items():
                is_fact = name not in MAGIC_COLUMNS and not name.endswith(NO_FACTS)
                if field.type in NUMBERS and is_fact:
                    yield model, field

    def test_every_number_has_a_definition(self):
        """Each number of a profile says what it is, in a sentence."""
        for model, field in self._numbers():
            with self.subTest(f"{model}.{field.name}"):
                self.assertRegex(field.help or "", r"^[A-Z0-9].{8,}\.$")

    def test_page_has_every_number(self):
        self.authenticate("admin", "admin")
        page = html.fromstring(self.url_open(PAGE).text)
        anchors = {element.get("id") for element in page.iter() if element.get("id")}
        for model, field in self._numbers():
            with self.subTest(f"{model}.{field.name}"):
                self.assertIn(f"{PROFILES[model]}.{field.name}", anchors)

    def test_links_of_the_forms_resolve(self):
        self.authenticate("admin", "admin")
        page = self.url_open(PAGE).text
        for model, anchor in PROFILES.items():
            arch = self.env[model].get_view(view_type="form")["arch"]
            with self.subTest(model):
                self.assertEqual(re.findall(rf"{PAGE}#(\w+)", arch), [anchor])
                self.assertIn(f'id="{anchor}"', page)

    def test_amounts_are_for_who_sees_them(self):
        seller = new_test_user(
            self.env, "glossary-seller", "sales_team.group_sale_salesman"
        )
        chapters = self.env["customer.glossary"].with_user(seller)._chapters()
        names = {entry[0] for __, __, entries in chapters for entry in entries}
        self.assertIn("order_count", names)
        self.assertNotIn("lifetime_revenue", names)

    def test_portal_users_see_nothing(self):
        new_test_user(self.env, "glossary-portal", "base.group_portal")
        self.authenticate("glossary-portal", "glossary-portal")
        self.assertEqual(self.url_open(PAGE).status_code, 404)
