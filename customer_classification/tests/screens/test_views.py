import ast
import re

from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, new_test_user, tagged

ADDON = "customer_classification"
USED = re.compile(r"\brecord\.(\w+)|\brecord\[['\"](\w+)['\"]\]")
ROLES = {
    "user": f"{ADDON}.group_user",
    "officer": f"{ADDON}.group_officer",
    "manager": f"{ADDON}.group_manager,base.group_multi_company",
}
# Names that the web client itself adds to the fields of a card.
ALWAYS_THERE = {"id"}


@tagged("post_install", "-at_install")
class TestCards(TransactionCase):
    """A card that uses a field which is not loaded breaks the whole screen."""

    def test_cards_load_the_fields_that_they_use(self):
        for role, groups in ROLES.items():
            user = new_test_user(self.env, f"cards-{role}", f"base.group_user,{groups}")
            cards = [
                (view.xml_id, kanban)
                for view in self._our_views()
                for kanban in self._kanbans(view, user)
            ]
            self.assertGreater(len(cards), 10)
            for name, kanban in cards:
                with self.subTest(role=role, view=name):
                    self.assertFalse(self._used(kanban) - self._loaded(kanban))

    def test_a_card_that_does_not_is_found(self):
        kanban = etree.fromstring(
            """<kanban><field name="a"/><templates><t t-name="card">
                <t t-if="record.a.raw_value and record.b.raw_value"/>
                <img t-att-src="kanban_image('x', 'c', record['d'].raw_value)"/>
                <span class="{{record.e.value}}"/><field name="f"/>
                <t t-out="record.f.value + record.id.value"/>
                <field name="g"><list><field name="e"/></list></field>
            </t></templates></kanban>"""
        )
        self.assertEqual(self._used(kanban), {"a", "b", "d", "e", "f"})
        self.assertEqual(self._used(kanban) - self._loaded(kanban), {"b", "d", "e"})

    def _our_views(self):
        """Views that this addon and its glue make or extend, each by its root."""
        data = self.env["ir.model.data"].search(
            [("model", "=", "ir.ui.view"), ("module", "=like", f"{ADDON}%")]
        )
        views = self.env["ir.ui.view"].browse(data.mapped("res_id")).exists()
        while extending := views.filtered(lambda view: view.mode == "extension"):
            views = (views - extending) | extending.inherit_id
        return views.filtered(lambda view: view.type in ("form", "kanban"))

    def _kanbans(self, view, user):
        """Return the cards of a view as a user gets it, also inside of forms."""
        try:
            model = self.env[view.model].with_user(user)
            arch = model.get_view(view.id, view.type)["arch"]
        except AccessError:
            return []
        return etree.fromstring(arch).xpath("descendant-or-self::kanban")

    def _used(self, kanban):
        """Fields of the record in the expressions of the templates."""
        texts = [
            text
            for node in kanban.xpath(".//templates//*")
            for name, text in node.attrib.items()
            if name.startswith("t-") or "{{" in text
        ]
        found = {a or b for text in texts for a, b in USED.findall(text)}
        return found - ALWAYS_THERE

    def _loaded(self, kanban):
        """Return the card's fields, without those of a view inside of it."""
        depth = len(kanban.xpath("ancestor::field"))
        return {
            field.get("name")
            for field in kanban.iter("field")
            if len(field.xpath("ancestor::field")) == depth
        }


@tagged("post_install", "-at_install")
class TestNumbers(TransactionCase):
    """Numbers have no more digits than a reader needs."""

    def test_percents_and_days_have_one_digit(self):
        """Odoo shows a percent with the digits of its column: four make −66.34 %."""
        found = [
            (view.model, field)
            for view in self._our_views()
            for field in etree.fromstring(view.arch).iter("field")
            if self._has_needless_digits(view.model, field)
        ]
        self.assertGreater(len(found), 15)
        for model, field in found:
            with self.subTest(model, field=field.get("name")):
                options = ast.literal_eval(field.get("options", "{}"))
                self.assertEqual(options.get("digits"), [16, 1])

    def _our_views(self):
        data = self.env["ir.model.data"].search(
            [("model", "=", "ir.ui.view"), ("module", "=like", f"{ADDON}%")]
        )
        return self.env["ir.ui.view"].browse(data.mapped("res_id")).exists()

    def _has_needless_digits(self, model, node):
        """Check if a field is a percent, or days with more than one digit."""
        if node.get("invisible") == "1" or node.get("column_invisible") == "True":
            return False
        known = self.env[model]._fields.get(node.get("name")) if model else None
        digits = known and known.type == "float" and known.get_digits(self.env)
        is_days = bool(digits) and known.name.endswith("_days") and digits[1] > 1
        # A rule is shown as it was entered.
        is_rule = bool(known) and known.model_name.endswith(".rules")
        return node.get("widget") == "percentage" or (is_days and not is_rule)


@tagged("post_install", "-at_install")
class TestOpenedFromNowhere(TransactionCase):
    """A wizard by its address, without the records that it is about."""

    def test_wizards_open_or_say_what_they_need(self):
        """Whoever opens one meets its fields or a sentence, and no other error."""
        manager = new_test_user(
            self.env, "wizards", f"base.group_user,{ADDON}.group_manager"
        )
        wizards = [
            name
            for name, model in self.env.registry.items()
            if model._transient and model._original_module == ADDON
        ]
        self.assertGreater(len(wizards), 8)
        for name in wizards:
            with self.subTest(name):
                model = self.env[name].with_user(manager)
                try:
                    model.onchange({}, [], dict.fromkeys(model._fields, {}))
                except UserError as error:
                    self.assertTrue(str(error).endswith("."))


@tagged("post_install", "-at_install")
class TestCalendars(TransactionCase):
    def test_a_case_is_on_one_day(self):
        """Cases are on the day of their next activity: bars fill whole months."""
        view = self.env.ref(f"{ADDON}.customer_playbook_case_view_calendar")
        calendar = etree.fromstring(view.arch)
        self.assertEqual(calendar.get("date_start"), "activity_date_deadline")
        self.assertIsNone(calendar.get("date_stop"))
