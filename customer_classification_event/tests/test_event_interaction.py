from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from odoo.addons.customer_classification.tests.common import ClassificationCase


@tagged("post_install", "-at_install")
class TestEventInteraction(ClassificationCase):
    """An event that a customer attended is an interaction."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.today()
        cls.customer = cls._regular("Guests Ltd", 100, is_company=True)
        cls.clerk = cls._customer("Clerk", parent_id=cls.customer.id)
        begin = fields.Datetime.now() - timedelta(days=20)
        cls.event = cls.env["event.event"].create(
            {
                "name": "Open day",
                "company_id": cls.company.id,
                "date_begin": begin,
                "date_end": begin + timedelta(hours=2),
            }
        )
        cls._recompute()

    def _registration(self, state="done", **values):
        return self.env["event.registration"].create(
            {
                "event_id": self.event.id,
                "partner_id": self.clerk.id,
                "state": state,
                "date_closed": fields.Datetime.now() - timedelta(days=12),
                **values,
            }
        )

    def test_who_came(self):
        self._registration()
        for state in ("draft", "open", "cancel"):
            self._registration(state)
        self._registration(active=False)
        self._registration(partner_id=False, name="Unknown")
        self.env.flush_all()
        profile = self._profile(self.customer)
        self.assertEqual(profile.interaction_received_count, 1)
        # The mails that confirm registrations are of today.
        self.assertEqual(profile.last_interaction_date, self.today)

    def test_on_the_timeline(self):
        self._registration()
        self.env.flush_all()
        context = self.customer.action_open_customer_timeline()["context"]
        lines = self.env["customer.timeline"].with_context(**context)
        [line] = lines.search([("detail", "=", "event")])
        self.assertEqual(line.text, "Open day")
        self.assertEqual(line.date, self.today - timedelta(days=12))
