import ast
from datetime import date, datetime

from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.customer_classification.tests.campaign.common import CampaignCase
from odoo.addons.customer_classification.tests.common import AS_OF

DAY = date(2025, 5, 10)


@tagged("post_install", "-at_install")
class TestCampaignMailing(CampaignCase):
    """From the audience to a mailing, and from its traces to the campaign."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls._campaign("Spring")
        cls.customer = cls._customer("Reached", email="reached@example.com")

    def _mailing(self):
        return self.env["mailing.mailing"].create(
            {
                "subject": "Spring",
                "campaign_id": self.campaign.id,
                "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
            }
        )

    def _trace(self, record, status="sent", **values):
        return self.env["mailing.trace"].create(
            {
                "mass_mailing_id": self._mailing().id,
                "model": record._name,
                "res_id": record.id,
                "trace_status": status,
                "sent_datetime": datetime(2025, 5, 10, 12),
                **values,
            }
        )

    def _judged(self, partner):
        self.env.flush_all()
        self._judge(AS_OF)
        return self._part(self.campaign, partner)

    def test_a_mailing_to_the_audience_without_the_control_group(self):
        company = self._customer("Company", is_company=True)
        buyer = self._customer("Buyer", parent_id=company.id)
        left_out = self._customer("Left out")
        self._customer("Nobody")
        self._participant(self.campaign, buyer)
        self._participant(self.campaign, self.customer)
        self._participant(self.campaign, left_out, is_control=True)
        action = self.campaign.action_prepare_mailing()
        mailing = self.env["mailing.mailing"].browse(action["res_id"])
        self.assertEqual((mailing.campaign_id, mailing.state), (self.campaign, "draft"))
        self.assertEqual(mailing.mailing_model_real, "res.partner")
        domain = ast.literal_eval(mailing.mailing_domain)
        found = self.env["res.partner"].search(domain)
        self.assertEqual(found, buyer | self.customer)

    def test_no_mailing_to_nobody(self):
        with self.assertRaisesRegex(UserError, "audience"):
            self.campaign.action_prepare_mailing()

    def test_prepared_when_the_campaign_starts(self):
        wizards = self.env["campaign.start"].with_context(
            active_model="res.partner", active_ids=self.customer.ids
        )
        wizard = wizards.create({"title": "Autumn", "prepare_mailing": True})
        action = wizard.action_start()
        self.assertEqual(action["res_model"], "mailing.mailing")
        mailing = self.env["mailing.mailing"].browse(action["res_id"])
        self.assertEqual(mailing.campaign_id.title, "Autumn")

    def test_who_was_reached_was_addressed(self):
        self._trace(self.customer)
        part = self._judged(self.customer)
        self.assertEqual((part.addressed_date, part.answered_date), (DAY, False))
        self.assertEqual((part.source, part.is_entered), ("mailing", False))

    def test_who_clicked_or_replied_answered(self):
        self._trace(
            self.customer,
            "reply",
            links_click_datetime=datetime(2025, 5, 12, 12),
            reply_datetime=datetime(2025, 5, 14, 12),
        )
        part = self._judged(self.customer)
        self.assertEqual(part.answered_date, date(2025, 5, 12))

    def test_who_only_opened_did_not_answer(self):
        self._trace(self.customer, "open", open_datetime=datetime(2025, 5, 11, 12))
        self.assertFalse(self._judged(self.customer).answered_date)

    def test_what_came_back_reached_nobody(self):
        for status in ("bounce", "error", "cancel", "outgoing"):
            self._trace(self.customer, status)
        self._trace(self.customer, is_test_trace=True)
        self.assertFalse(self._judged(self.customer))

    def test_a_lead_and_an_address_of_a_mailing_list(self):
        lead_customer = self._customer("Of a lead")
        lead = self.env["crm.lead"].create(
            {"name": "Lead", "partner_id": lead_customer.id}
        )
        contact = self.env["mailing.contact"].create(
            {"name": "Reached", "email": "Reached@example.com"}
        )
        self._trace(lead)
        self._trace(contact, email="reached@example.com")
        self.assertEqual(self._judged(lead_customer).addressed_date, DAY)
        self.assertEqual(self._part(self.campaign, self.customer).addressed_date, DAY)

    def test_a_salesperson_without_mailings_opens_a_campaign(self):
        self._mailing()
        seller = new_test_user(
            self.env, "mail_seller", "sales_team.group_sale_salesman"
        )
        with Form(self.campaign.with_user(seller)) as form:
            self.assertEqual(form.title, "Spring")
