from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from odoo.tests import tagged
from odoo.tools import SQL

from ..common import AS_OF
from ..playbook_common import PlaybookCase

DAY = timedelta(days=1)
ZONES = ("Asia/Shanghai", "America/Los_Angeles")


@tagged("post_install", "-at_install")
class TestInteractionDays(PlaybookCase):
    """Days of interactions are those of the rules, around midnight."""

    policy_values = {"risk_silent": 2, "silent_ratio": 1}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.firm = cls._regular("Firm", 100, until=AS_OF - 40 * DAY, is_company=True)
        cls.clerk = cls._customer("Clerk", parent_id=cls.firm.id)

    def setUp(self):
        super().setUp()
        self.enterContext(self._on(AS_OF))

    def _by(self, zone):
        self._policy(self.company, tz=zone, **self.policy_values)

    def _moment_of(self, zone, day, hour):
        """The moment in UTC of half past an hour of a day in a zone."""
        local = datetime(day.year, day.month, day.day, hour, 30, tzinfo=ZoneInfo(zone))
        return local.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)

    def _around_midnight(self):
        """Yield zones, moments and the day on which people there say these are."""
        day = AS_OF - 35 * DAY
        for zone in ZONES:
            self._by(zone)
            for at, hour in ((day, 23), (day + DAY, 0)):
                yield zone, self._moment_of(zone, at, hour), at

    def _mail(self, moment, **values):
        return self.env["mail.message"].create(
            {
                "model": "res.partner",
                "res_id": self.firm.id,
                "message_type": "email",
                "author_id": self.clerk.id,
                "date": moment,
                **values,
            }
        )

    def _sent(self, moment):
        mail = self._mail(
            moment, message_type="comment", author_id=self.env.user.partner_id.id
        )
        self.env["mail.notification"].create(
            {
                "mail_message_id": mail.id,
                "res_partner_id": self.clerk.id,
                "notification_type": "email",
            }
        )
        return mail

    def _meeting(self, moment):
        return self.env["calendar.event"].create(
            {
                "name": "Talk",
                "start": moment - timedelta(hours=1),
                "stop": moment,
                "partner_ids": [(6, 0, self.clerk.ids)],
            }
        )

    def _lead(self, moment, **values):
        lead = self._opportunity(self.clerk)
        lead.write(values)
        return self._created(lead, moment)

    def _quotation(self, moment):
        return self._created(self._order(self.clerk, moment, 5, confirm=False), moment)

    def _day_of(self, zone, record):
        self.env.flush_all()
        source = self.env["classification.interaction.source"].sudo()
        rows = SQL(" UNION ALL ").join(source._queries(zone, self.clerk.ids))
        found = {row[-2:]: row[2] for row in self.env.execute_query(rows)}
        return found[record._name, record.id]

    def test_each_source(self):
        makers = (
            *(self._mail, self._sent, self._meeting, self._lead, self._quotation),
        )
        for zone, moment, day in self._around_midnight():
            for make in makers:
                found = self._day_of(zone, make(moment))
                self.assertEqual(found, day, make.__name__)

    def test_meetings_of_whole_days(self):
        """They are on their own day in every zone."""
        event = self.env["calendar.event"].create(
            {
                "name": "Fair",
                "allday": True,
                "start_date": AS_OF - 21 * DAY,
                "stop_date": AS_OF - 20 * DAY,
                "partner_ids": [(6, 0, self.clerk.ids)],
            }
        )
        for zone in (*ZONES, "Pacific/Kiritimati", "UTC"):
            self.assertEqual(self._day_of(zone, event), AS_OF - 20 * DAY, zone)

    def test_enquiries_of_a_form(self):
        self.clerk.email = "clerk@firm.example"
        for zone, moment, day in self._around_midnight():
            lead = self.env["crm.lead"].create(
                {"name": "Question", "email_from": "clerk@firm.example"}
            )
            lead.partner_id = False
            self._created(lead, moment)
            self.assertEqual(self._day_of(zone, lead), day)

    def test_answered_enquiries(self):
        source = self.env["classification.interaction.source"].sudo()
        for zone, moment, day in self._around_midnight():
            lead = self._lead(moment)
            self._mail(
                moment,
                model="crm.lead",
                res_id=lead.id,
                author_id=self.env.user.partner_id.id,
            )
            self.env.flush_all()
            query = source._answered_enquiry_query(zone, self.clerk.ids)
            rows = self.env.execute_query(query)
            self.assertEqual({row[2:4] for row in rows}, {(day, day)})
            lead.unlink()

    def test_profile_run_and_playbook(self):
        """Last day, days since, the signal with its sentence, and who is called."""
        self._recompute(AS_OF - 10 * DAY)
        playbook = self._playbook(axis="silence", tier_ids=False, silence_ratio=0.5)
        playbook.since_date = AS_OF - 10 * DAY
        for __, moment, day in self._around_midnight():
            savepoint = self.env.cr.savepoint()
            self._mail(moment)
            self.env.flush_all()
            self.env.invalidate_all()
            self.assertEqual(self._profile(self.firm).last_interaction_date, day)
            self.assertEqual(
                self._profile(self.firm).interaction_days, (AS_OF - day).days
            )
            silent = dict(self.env.execute_query(playbook._heard_silence()))
            self.assertEqual(silent[self.firm.id], day + 15 * DAY)
            policy = self.company._get_customer_policy()
            for passed, is_silent in ((29, False), (30, True)):
                self._recompute(day + passed * DAY, policy)
                since = self._profile(self.firm).signal_interaction_date
                self.assertEqual(since, is_silent and day)
            savepoint.close(rollback=True)
            self.env.invalidate_all()

    def test_timeline(self):
        """Interactions, and the orders that count."""
        for __, moment, day in self._around_midnight():
            mail = self._mail(moment)
            order = self._order(self.clerk, moment, 70)
            self.env.flush_all()
            self.assertEqual(self._lines(mail).date, day)
            self.assertEqual(self._lines(order).date, day)

    def _lines(self, record):
        context = self.firm.action_open_customer_timeline()["context"]
        timeline = self.env["customer.timeline"].with_company(self.company)
        timeline.invalidate_model()
        lines = timeline.with_context(**context).search([])
        return lines.filtered(
            lambda one: (one.res_model, one.res_id) == (record._name, record.id)
        )

    def test_timeline_of_two_zones(self):
        """Each line has the day of its company, or of the current one."""
        other = self._company("Far Ltd")
        self.env.user.company_ids |= other
        self._by("Asia/Shanghai")
        self._policy(other, tz="America/Los_Angeles")
        evening = datetime(2025, 5, 5, 20)  # already the sixth in Shanghai
        leads = [
            self._lead(evening, company_id=one.id) for one in (other, self.company)
        ]
        meeting = self._meeting(evening)
        self.env.flush_all()
        self.env = self.env(
            context={
                **self.env.context,
                "allowed_company_ids": [self.company.id, other.id],
            }
        )
        days = [self._lines(record).date.day for record in (*leads, meeting)]
        self.assertEqual(days, [5, 6, 6])

    def test_profiles_of_two_zones(self):
        """Lines of no company have for each company the day of its rules."""
        other = self._company("Far Ltd")
        self.env.user.company_ids |= other
        self._by("Asia/Shanghai")
        self._policy(other, tz="America/Los_Angeles")
        self._purchase(self.firm, AS_OF - 40 * DAY, 10, company_id=other.id)
        for company in (self.company, other):
            company._get_customer_policy().recompute(AS_OF)
        self._meeting(datetime(2025, 6, 5, 20))
        self.env.flush_all()
        profiles = self.env["customer.profile"].search(
            [("partner_id", "=", self.firm.id)]
        )
        profiles.invalidate_recordset()
        days = {one.company_id: one.last_interaction_date.day for one in profiles}
        self.assertEqual(days, {self.company: 6, other: 5})
        both = profiles.with_context(allowed_company_ids=(self.company | other).ids)
        for company, day in days.items():
            condition = [
                ("partner_id", "=", self.firm.id),
                ("last_interaction_date", "=", f"2025-06-0{day}"),
            ]
            self.assertEqual(both.search(condition).company_id, company)

    def test_months_of_effort(self):
        """A mail at half past eleven on the last day of May is of May."""
        self._recompute(AS_OF)
        for zone in ZONES:
            self._by(zone)
            mail = self._sent(self._moment_of(zone, AS_OF.replace(month=5, day=31), 23))
            self.env.flush_all()
            effort = self.env["customer.effort"].with_context(history_date=str(AS_OF))
            rows = effort.search(
                [("partner_id", "=", self.firm.id), ("mail_count", ">", 0)]
            )
            self.assertEqual([row.month.month for row in rows], [5], zone)
            mail.unlink()

    def test_effect_of_a_tier(self):
        """A mail half an hour before the end of the day of a move is before it."""
        effect = self.env["customer.tier.effect"]
        for zone, moment, day in self._around_midnight():
            self._sent(moment)
            self.env.flush_all()
            policy = self.company._get_customer_policy()
            query = effect._heard_query(self.company, policy, 5)
            move = SQL("SELECT %s AS partner_id, %s::date AS day", self.firm.id, day)
            found = self.env.execute_query(SQL("WITH move AS (%s) %s", move, query))
            self.assertEqual(found[0][1:], (1, 0), zone)
            self.env["mail.message"].search([("res_id", "=", self.firm.id)]).unlink()

    # Purchases count as contact

    def test_a_purchase_ends_silence(self):
        """Bought 40 days ago, last heard of long before: 40 days."""
        self._mail(self._moment(AS_OF - 90 * DAY))
        self._recompute(AS_OF)
        profile = self._profile(self.firm)
        self.assertEqual(profile.signal_interaction_date, AS_OF - 40 * DAY)
        self.assertIn(
            "no interaction or purchase for 40 days", profile.risk_explanation
        )
        self.assertEqual(profile.interaction_days, 90)
        self.assertEqual(profile.silence_ratio, 1.3)
        for value, is_found in ((1.3, True), (1.4, False)):
            condition = [("silence_ratio", ">=", value), ("id", "=", profile.id)]
            self.assertEqual(bool(profile.search(condition)), is_found)

    def test_playbook_counts_purchases(self):
        self._mail(self._moment(AS_OF - 90 * DAY))
        self._recompute(AS_OF)
        playbook = self._playbook(axis="silence", tier_ids=False, silence_ratio=1)
        silent = dict(self.env.execute_query(playbook._heard_silence()))
        gap = self._profile(self.firm).expected_gap_days
        self.assertEqual(silent[self.firm.id], AS_OF - 40 * DAY + gap * DAY)
        playbook.silence_ratio = 1.5
        silent = dict(self.env.execute_query(playbook._heard_silence()))
        self.assertNotIn(self.firm.id, silent)

    def test_silence_needs_an_interaction(self):
        self._recompute(AS_OF)
        self.assertFalse(self._profile(self.firm).signal_interaction_date)
        self.assertEqual(self._profile(self.firm).silence_ratio, 0)
