import ast

from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.customer_classification.tests.campaign.common import CampaignCase


@tagged("post_install", "-at_install")
class TestCampaignSms(CampaignCase):
    """From the audience of a campaign to text messages."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls._campaign("Spring")
        cls.customer = cls._customer("Reached", phone="+33 1 23 45 67 89")

    def test_messages_to_the_audience_without_the_control_group(self):
        self._participant(self.campaign, self.customer)
        left_out = self._customer("Left out")
        self._participant(self.campaign, left_out, is_control=True)
        action = self.campaign.action_prepare_sms()
        mailing = self.env["mailing.mailing"].browse(action["res_id"])
        self.assertEqual((mailing.mailing_type, mailing.state), ("sms", "draft"))
        self.assertEqual(mailing.sms_subject, "Spring")
        domain = ast.literal_eval(mailing.mailing_domain)
        self.assertEqual(self.env["res.partner"].search(domain), self.customer)

    def test_no_message_to_nobody(self):
        with self.assertRaisesRegex(UserError, "audience"):
            self.campaign.action_prepare_sms()

    def test_a_salesperson_without_mailings_opens_a_campaign(self):
        seller = new_test_user(self.env, "sms_seller", "sales_team.group_sale_salesman")
        with Form(self.campaign.with_user(seller)) as form:
            self.assertEqual(form.title, "Spring")
