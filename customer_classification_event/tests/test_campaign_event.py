from datetime import date, datetime

from odoo.tests import tagged

from odoo.addons.customer_classification.tests.campaign.common import CampaignCase
from odoo.addons.customer_classification.tests.common import AS_OF


@tagged("post_install", "-at_install")
class TestCampaignEvent(CampaignCase):
    """Registrations make participants."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls._campaign("Open day")
        cls.event = cls.env["event.event"].create(
            {
                "name": "Open day",
                "company_id": cls.company.id,
                "customer_campaign_id": cls.campaign.id,
                "date_begin": datetime(2025, 5, 20, 8),
                "date_end": datetime(2025, 5, 20, 18),
            }
        )
        cls.customer = cls._customer("Guest", email="guest@example.com")

    def _registration(self, **values):
        registration = self.env["event.registration"].create(
            {"event_id": self.event.id, "partner_id": self.customer.id, **values}
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE event_registration SET create_date = '2025-05-10 12:00'"
            " WHERE id = %s",
            [registration.id],
        )
        self.env.invalidate_all()
        return registration

    def _judged(self, partner=None, campaign=None):
        self.env.flush_all()
        self._judge(AS_OF)
        return self._part(campaign or self.campaign, partner or self.customer)

    def test_who_registered_answered(self):
        self._registration()
        part = self._judged()
        self.assertEqual(
            (part.answered_date, part.joined_date), (date(2025, 5, 10), False)
        )
        self.assertEqual(part.source, "event")

    def test_who_came_took_part(self):
        self._registration(state="done", date_closed=datetime(2025, 5, 20, 9))
        part = self._judged()
        self.assertEqual(part.joined_date, date(2025, 5, 20))

    def test_two_of_one_company_are_one_participant(self):
        company = self._customer("Company", is_company=True)
        for name in ("One", "Two"):
            contact = self._customer(name, parent_id=company.id)
            self._registration(partner_id=contact.id)
        self.assertEqual(len(self._judged(company)), 1)

    def test_cancelled_is_no_answer(self):
        self._registration().state = "cancel"
        self.assertFalse(self._judged())

    def test_known_by_the_address(self):
        self._registration(partner_id=False, name="Guest", email=" Guest@example.com ")
        self.assertTrue(self._judged().answered_date)

    def test_a_campaign_of_its_own(self):
        own = self._campaign("Friends")
        self._registration(utm_campaign_id=own.id)
        self.assertFalse(self._judged())
        self.assertTrue(self._part(own, self.customer))

    def test_events_on_the_campaign(self):
        self.assertEqual(self.campaign.campaign_event_count, 1)
        action = self.campaign.action_open_campaign_events()
        found = self.env["event.event"].search(action["domain"])
        self.assertEqual(found, self.event)
