from markupsafe import Markup

from odoo.tests import tagged

from odoo.addons.customer_classification.tests.product.test_next_product import (
    NextProductCase,
)

TEXT = Markup(
    '<p>Try <t t-out="object.customer_next_product_text">our novelties</t>!</p>'
)


@tagged("post_install", "-at_install")
class TestMailingNextProducts(NextProductCase):
    """Next products in mailings, as Odoo's queue and as people send them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.coffee = cls._product("Coffee")
        cls.regular = cls._customer("Regular", email="regular@buys.example")
        cls.other = cls._customer("Other", email="other@buys.example")
        cls._bought(cls.regular, cls.coffee, 100, 70, 40, 10)
        cls._work_out()
        cls.marketer = cls._user(
            "next_marketer",
            "mass_mailing.group_mass_mailing_user,sales_team.group_sale_salesman",
        )

    def _mailing(self, user, **values):
        partners = self.regular | self.other
        return (
            self.env["mailing.mailing"]
            .with_user(user)
            .create(
                {
                    "subject": "{{ object.customer_next_product_text ||| News}}",
                    "body_html": TEXT,
                    "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
                    "mailing_domain": [("id", "in", partners.ids)],
                    "keep_archives": True,
                    "user_id": user.id,
                    "email_from": "shop@example.com",
                    **values,
                }
            )
        )

    def _sent(self, mailing):
        mails = self.env["mail.mail"].search([("mailing_id", "=", mailing.id)])
        return {mail.res_id: (mail.subject, str(mail.body_html)) for mail in mails}

    def _assert_named(self, mailing):
        found = self._sent(mailing)
        subject, body = found[self.regular.id]
        self.assertEqual(subject, "Coffee")
        self.assertIn("Try Coffee!", body)
        subject, body = found[self.other.id]
        self.assertEqual(subject, "News")
        self.assertIn("Try our novelties!", body)

    def test_sent_by_a_person(self):
        mailing = self._mailing(self.marketer)
        mailing._action_send_mail()
        self._assert_named(mailing.sudo())

    def test_sent_by_the_queue(self):
        """Odoo's own user belongs to another company."""
        mailing = self._mailing(self.marketer).sudo()
        root = self.env.ref("base.user_root")
        queue = mailing.with_user(root).with_context(allowed_company_ids=None)
        self.assertNotEqual(queue.env.company, self.company)
        self.assertEqual(
            set(queue._get_remaining_recipients()), {self.regular.id, self.other.id}
        )
        queue._action_send_mail()
        self._assert_named(mailing)

    def test_audience_by_class_in_the_queue(self):
        """The audience has the classes of the company that sends."""
        root = self.env.ref("base.user_root")
        tier = self.regular.customer_value_tier_id
        self.assertTrue(tier)
        domain = [
            ("id", "=", self.regular.id),
            ("customer_value_tier_id", "=", tier.id),
        ]
        mailing = self._mailing(self.marketer, mailing_domain=domain)
        queue = mailing.with_user(root).with_context(allowed_company_ids=None)
        self.assertEqual(queue._get_remaining_recipients(), self.regular.ids)
