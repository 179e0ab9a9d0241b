from markupsafe import Markup

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_next_product import NextProductCase

INLINE = "Order again: {{ object.customer_next_product_text ||| our novelties}}"
QWEB = Markup(
    '<p>Try <t t-out="object.customer_next_product_text">our novelties</t>!</p>'
)


@tagged("post_install", "-at_install")
class TestNextProductMail(NextProductCase):
    """Next products as a placeholder in templates and in written e-mails."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.coffee = cls._product("Coffee")
        cls.tea = cls._product("Tea")
        cls.coffee.with_context(lang="fr_FR").name = "Café"
        cls.tea.with_context(lang="fr_FR").name = "Thé"
        cls.seller = cls._user("mail_seller", "sales_team.group_sale_salesman")
        cls.regular = cls._customer("Regular", email="regular@buys.example")
        cls.regular.user_id = cls.seller
        cls.clerk = cls._customer(
            "Commis", parent_id=cls.regular.id, lang="fr_FR", email="c@buys.example"
        )
        cls.nothing = cls._customer(
            "New", email="new@buys.example", user_id=cls.seller.id
        )
        cls._bought(cls.regular, cls.coffee, 100, 70, 40, 10)
        cls._bought(cls.regular, cls.tea, 95, 65, 35, 5)
        cls._work_out()

    def _template(self):
        return self.env["mail.template"].create(
            {
                "name": "Again",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "subject": INLINE,
                "body_html": QWEB,
                "lang": "{{ object.lang }}",
                "partner_to": "{{ object.id }}",
            }
        )

    def _rendered(self, partner, user=None):
        self.env.invalidate_all()
        template = self._template().with_user(user or self.seller)
        values = template._generate_template(partner.ids, ("subject", "body_html"))
        return values[partner.id]["subject"], str(values[partner.id]["body_html"])

    def test_in_subject_and_text(self):
        subject, body = self._rendered(self.regular)
        self.assertEqual(subject, "Order again: Tea and Coffee")
        self.assertIn("<p>Try Tea and Coffee!</p>", body)

    def test_in_the_language_of_the_contact(self):
        """Whoever writes, and whatever the language of the template is."""
        subject, body = self._rendered(self.clerk)
        self.assertEqual(subject, "Order again: Thé et Café")
        self.assertIn("<p>Try Thé et Café!</p>", body)
        self.assertEqual(self.clerk.customer_next_product_text, "Thé et Café")
        self.assertEqual(self.regular.customer_next_product_text, "Tea and Coffee")

    def test_without_next_products(self):
        subject, body = self._rendered(self.nothing)
        self.assertEqual(subject, "Order again: our novelties")
        self.assertIn("<p>Try our novelties!</p>", body)

    def test_what_is_not_for_sale_is_not_named(self):
        self.tea.sale_ok = False
        self.assertEqual(self._rendered(self.regular)[0], "Order again: Coffee")
        self.coffee.active = False
        self.assertEqual(self._rendered(self.regular)[0], "Order again: our novelties")

    def test_of_the_current_company(self):
        other = self._company("Other Ltd")
        partner = self.regular.with_company(other)
        self.assertFalse(partner.customer_next_product_text)

    def test_no_amounts(self):
        """Name what is bought, and no price, quantity or revenue."""
        text = self.regular.with_user(self.seller).customer_next_product_text
        self.assertFalse(any(sign.isdigit() for sign in text))

    def test_names_are_no_code(self):
        self.coffee.name = "<b>{{ 7 * 7 }}</b>"
        subject, body = self._rendered(self.regular)
        self.assertIn("<b>{{ 7 * 7 }}</b>", subject)
        self.assertIn("&lt;b&gt;{{ 7 * 7 }}&lt;/b&gt;", body)

    # The window in which people write

    def _compose(self, partner, user, mode="comment", **values):
        composer = (
            self.env["mail.compose.message"]
            .with_user(user)
            .with_context(active_ids=partner.ids, active_model="res.partner")
            .create(
                {
                    "model": "res.partner",
                    "res_ids": str(partner.ids),
                    "composition_mode": mode,
                    **values,
                }
            )
        )
        self.env.invalidate_all()
        return composer

    def test_a_salesperson_writes_to_customers(self):
        both = self.regular | self.nothing
        composer = self._compose(
            both, self.seller, "mass_mail", subject=INLINE, body=QWEB
        )
        composer._action_send_mail()
        mails = self.env["mail.mail"].search([("res_id", "in", both.ids)])
        found = {mail.res_id: (mail.subject, str(mail.body_html)) for mail in mails}
        self.assertEqual(found[self.regular.id][0], "Order again: Tea and Coffee")
        self.assertIn("Try Tea and Coffee!", found[self.regular.id][1])
        self.assertEqual(found[self.nothing.id][0], "Order again: our novelties")

    def test_a_restricted_writer(self):
        """May use this placeholder, and no code beside it."""
        self.assertFalse(self.seller.has_group("mail.group_mail_template_editor"))
        composer = self._compose(self.regular, self.seller, "mass_mail", body=QWEB)
        body = composer._render_field("body", self.regular.ids)[self.regular.id]
        self.assertIn("Try Tea and Coffee!", body)
        composer.body = Markup('<t t-out="object.customer_next_product_ids"/>')
        with mute_logger("odoo.addons.mail.models.mail_render_mixin"):
            with self.assertRaises(AccessError):
                composer._render_field("body", self.regular.ids)

    def test_who_may_not_see_next_products(self):
        """Where the field is closed, the placeholder is a sentence, no leak."""
        reader = self._user("mail_reader", "base.group_user")
        with mute_logger("odoo.addons.mail.models.mail_render_mixin"):
            with self.assertRaises(UserError):
                self._rendered(self.regular, reader)
        fields_of = self.env["res.partner"].with_user(reader).fields_get()
        self.assertNotIn("customer_next_product_text", fields_of)
