from datetime import timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL

from ...models.source.classification_source import Since
from ..complaint.common import ComplaintCase


@tagged("post_install", "-at_install")
class TestInteraction(ComplaintCase):
    """Interactions with a customer, by every source, worked out by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.today()
        cls.loud = cls._regular(
            "Loud Ltd", 100, every=30, until=cls.today, is_company=True
        )
        cls.clerk = cls._customer(
            "Clerk", parent_id=cls.loud.id, email="c@loud.example"
        )
        cls.quiet = cls._regular("Quiet Ltd", 100, is_company=True)
        cls._recompute(cls.today)

    def _seen(self, partner=None):
        profile = self._profile(partner or self.loud)
        profile.invalidate_recordset()
        return profile

    def _ago(self, days):
        return fields.Datetime.now() - timedelta(days=days)

    def _mail(self, author, days=0, **values):
        return self.env["mail.message"].create(
            {
                "model": "res.partner",
                "res_id": self.loud.id,
                "message_type": "email",
                "author_id": author.id,
                "date": self._ago(days),
                **values,
            }
        )

    def _sent(self, to, days=0):
        mail = self._mail(self.seller.partner_id, days, message_type="comment")
        self.env["mail.notification"].create(
            {
                "mail_message_id": mail.id,
                "res_partner_id": to.id,
                "notification_type": "email",
            }
        )

    def _done(self, kind, record):
        activity = record.activity_schedule(
            f"mail.mail_activity_data_{kind}", user_id=self.env.uid
        )
        activity.action_feedback()

    def test_nothing(self):
        profile = self._seen(self.quiet)
        self.assertEqual(profile.interaction_count, 0)
        self.assertFalse(profile.last_interaction_date)
        self.assertEqual(profile.interaction_text, "No interaction is known.")
        self.assertEqual(profile.silence_ratio, 0)

    def test_mails(self):
        self._mail(self.clerk, 10)
        self._mail(self.loud, 20)
        self._mail(self.clerk, 5, message_type="notification")
        self._sent(self.clerk, 3)
        self._mail(self.clerk, 500)
        self._mail(self.seller.partner_id)
        profile = self._seen()
        self.assertEqual(profile.interaction_count, 3)
        self.assertEqual(profile.interaction_received_count, 2)
        self.assertEqual(profile.interaction_count_before, 1)
        self.assertEqual(profile.interaction_days, 3)
        self.assertEqual(profile.last_interaction_date, self.today - timedelta(days=3))
        self.assertIn(
            "Interactions: 3, begun by the customer 2", profile.interaction_text
        )

    def test_calls_and_visits(self):
        self._done("call", self.clerk)
        self._done("meeting", self._opportunity(self.loud))
        self._done("todo", self.loud)
        self.clerk.activity_schedule(
            "mail.mail_activity_data_call", user_id=self.env.uid
        )
        # The call, the visit, and the enquiry itself.
        self.assertEqual(self._seen().interaction_count, 3)
        self.assertEqual(self._seen().interaction_received_count, 1)

    def test_meetings_that_took_place(self):
        attendees = [(6, 0, (self.clerk | self.seller.partner_id).ids)]
        for days, state in ((3, "accepted"), (4, "declined"), (-4, "accepted")):
            event = self.env["calendar.event"].create(
                {
                    "name": "Talk",
                    # Whatever the hour is: the day counts on which it ended.
                    "start": self._ago(days) - timedelta(hours=1),
                    "stop": self._ago(days),
                    "partner_ids": attendees,
                }
            )
            event.attendee_ids.state = state
        self.assertEqual(self._seen().interaction_count, 1)
        self.assertEqual(self._seen().interaction_days, 3)

    def test_enquiries_and_quotations(self):
        self._opportunity(self.clerk)
        self._order(self.loud, self.today, 5)
        self._order(self.clerk, self.today, 5, confirm=False)
        self._order(self.loud, self.today, 5, confirm=False).action_cancel()
        self.assertEqual(self._seen().interaction_count, 3)
        self.assertEqual(self._seen().interaction_received_count, 3)

    def _form(self, address, **values):
        """An enquiry as the contact form of a website makes it."""
        return self.env["crm.lead"].create(
            {"name": "Question", "email_from": address, **values}
        )

    def test_enquiries_of_a_form(self):
        """Enquiries without a contact are of the oldest one with the address."""
        self._customer("Namesake", email="c@loud.example")
        self._form("The Clerk <C@Loud.example>")
        self._form("nobody@else.example")
        self._form(self.seller.partner_id.email or "seller@ours.example")
        self.assertEqual(self._seen().interaction_count, 1)
        self.assertEqual(self._seen().interaction_received_count, 1)
        lead = self._form("c@loud.example", partner_id=self.quiet.id)
        self.assertEqual(self._seen().interaction_count, 1)
        self.assertEqual(self._seen(self.quiet).interaction_count, 1)
        source = self.env["classification.interaction.source"]
        rows = self.env.execute_query(source._form_query("UTC", self.clerk.ids))
        self.assertNotIn(lead.id, [row[-1] for row in rows])

    def test_hourly_runs_look_at_forms(self):
        source = self.env["classification.interaction.source"]
        self._form("c@loud.example")
        self.env.flush_all()
        known = {}
        for hours in (-1, 1):
            moment = fields.Datetime.now() + timedelta(hours=hours)
            queries = source._changed_queries(Since(moment, self.today))
            rows = self.env.execute_query(SQL(" UNION ").join(queries))
            known[hours] = (self.clerk.id,) in rows
        self.assertEqual(known, {-1: True, 1: False})

    def test_other_companies_apart(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        self._opportunity(self.loud, company_id=other.id)
        self.assertEqual(self._seen().interaction_count, 0)

    def _bought_until(self, days):
        """Take back the purchases of the last days."""
        self.env["customer.purchase"].search(
            [
                ("partner_id", "=", self.loud.id),
                ("date", ">", self.today - timedelta(days=days)),
            ]
        ).unlink()
        self._recompute(self.today)

    def test_silent(self):
        """Twice the own rhythm of thirty days, without a purchase since."""
        self._bought_until(90)
        self._mail(self.clerk, 75)
        profile = self._seen()
        self.assertAlmostEqual(
            profile.silence_ratio, 75 / profile.expected_gap_days, places=4
        )
        company = ("company_id", "=", self.company.id)
        search = self.env["customer.profile"].search
        self.assertEqual(search([company, ("silence_ratio", ">=", 2)]), profile)
        self._mail(self.clerk, 5)
        self.assertFalse(search([company, ("silence_ratio", ">=", 2)]))

    def test_the_multiple_is_found_as_it_is_shown(self):
        self._bought_until(90)
        self._mail(self.clerk, 70)
        profile = self._seen()
        self.assertEqual(profile.silence_ratio, 2.3)
        for operator, value in (("=", 2.3), ("<=", 2.3), (">", 2.2), ("in", [2.3])):
            condition = ("silence_ratio", operator, value)
            self.assertIn(profile, profile.search([condition]))

    def test_searched(self):
        self._mail(self.clerk, 5)
        company = ("company_id", "=", self.company.id)
        for condition in (
            ("interaction_count", "=", 1),
            ("interaction_received_count", ">", 0),
            ("last_interaction_date", ">=", str(self.today - timedelta(days=6))),
            ("interaction_days", "=", 5),
        ):
            found = self.env["customer.profile"].search([company, condition])
            with self.subTest(condition):
                self.assertEqual(found.partner_id, self.loud)
        found = self.env["customer.profile"].search(
            [company], order="interaction_count desc"
        )
        self.assertEqual(found[0].partner_id, self.loud)

    def test_bodies_are_not_read(self):
        """Messages are counted by their heads: no select names a body or subject."""
        source = self.env["classification.interaction.source"]
        text = SQL(" ").join(source._queries("UTC")).code
        for word in ("body", "subject", "note", "feedback"):
            self.assertNotIn(word, text)

    def test_readers_without_rights_see_numbers(self):
        self._mail(self.clerk, 5, subject="Secret", is_internal=True)
        reader = self._user("interaction-reader", "base.group_user")
        profile = self._seen().with_user(reader)
        self.assertEqual(profile.interaction_count, 1)
        self.assertNotIn("Secret", profile.interaction_text)

    def test_queries(self):
        profiles = self._seen() | self._seen(self.quiet)
        self.env.flush_all()
        self.env.invalidate_all()
        profiles.mapped("partner_id.name")
        with self.assertQueryCount(5):
            profiles.mapped("interaction_count")
            profiles.mapped("last_interaction_date")
