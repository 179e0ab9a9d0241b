from ast import literal_eval
from datetime import date, datetime, timedelta

from lxml import etree

from odoo import fields
from odoo.tests import tagged

from ..complaint.common import ComplaintCase


@tagged("post_install", "-at_install")
class TestVoice(ComplaintCase):
    """Feedback on the profile, in two windows of twelve months."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.today()
        cls.loud = cls._regular("Loud Ltd", 100, is_company=True)
        cls.clerk = cls._customer("Clerk", parent_id=cls.loud.id)
        cls.quiet = cls._regular("Quiet Ltd", 100, is_company=True)
        cls._recompute()

    def _say(self, answer, days=0, **values):
        return self.env["customer.feedback"].create(
            {
                "partner_id": self.loud.id,
                "company_id": self.company.id,
                "date": self.today - timedelta(days=days),
                "original_score": answer,
                **values,
            }
        )

    def _complain(self, days=0, **values):
        moment = fields.Datetime.now() - timedelta(days=days)
        return self._complaint(partner_id=self.loud.id, open_date=moment, **values)

    def _found(self, *domain):
        found = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id), *domain]
        )
        return found.partner_id

    def test_satisfaction(self):
        self._say(5, days=10)
        self._say(2, days=20, partner_id=self.clerk.id)
        self._say(3, days=500)
        self._say(1, kind="complaint")
        profile = self._profile(self.loud)
        self.assertEqual(profile.satisfaction_count, 2)
        self.assertAlmostEqual(profile.satisfaction, (100 + 25) / 2)
        self.assertEqual(profile.last_feedback_date, self.today - timedelta(days=10))
        self.assertIn("62 of 100, the mean of 2 answers", profile.voice_text)
        quiet = self._profile(self.quiet)
        self.assertEqual(quiet.satisfaction_count, 0)
        self.assertIn("Too little is known", quiet.voice_text)

    def test_one_answer(self):
        self._say(2)
        self.assertIn("one answer only", self._profile(self.loud).voice_text)

    def test_recommendation(self):
        for answer, word in ((10, "Recommends"), (8, "Neither"), (1, "Does not")):
            self.env["customer.feedback"].search([]).unlink()
            self._say(answer, kind="recommendation", scale="10")
            profile = self._profile(self.loud)
            profile.invalidate_recordset()
            self.assertEqual(profile.recommendation_count, 1)
            self.assertEqual(
                profile.recommendation_score, {10: 100, 8: 0, 1: -100}[answer]
            )
            self.assertIn(word, profile.voice_text)
            self.assertFalse(profile.satisfaction_count)

    def test_means_are_found_as_they_are_shown(self):
        for answer in (1, 1, 2):
            self._say(answer)
        profile = self._profile(self.loud)
        self.assertEqual(profile.satisfaction, 8.3)
        for operator, value in (("=", 8.3), ("<=", 8.3), ("in", [8.3]), (">", 8.2)):
            condition = ("satisfaction", operator, value)
            self.assertIn(profile, profile.search([condition]), condition)
        self.assertNotIn(profile, profile.search([("satisfaction", ">", 8.3)]))

    def test_day_of_a_complaint(self):
        """It is that of the time zone of the rules, on both ends of the window."""
        self._policy(self.company, tz="Asia/Shanghai")
        profile = self._profile(self.loud)
        for moment, now, before in (
            (datetime(2024, 7, 9, 16), 1, 0),  # the first moment of the window
            (datetime(2024, 7, 9, 15, 59), 0, 1),
            (datetime(2023, 7, 9, 16), 0, 1),
            (datetime(2023, 7, 9, 15, 59), 0, 0),
        ):
            with self._on(date(2025, 7, 9)):
                complaint = self._complaint(partner_id=self.loud.id, open_date=moment)
                profile.invalidate_recordset()
                counts = (profile.complaint_count, profile.complaint_count_before)
                self.assertEqual(counts, (now, before), moment)
                complaint.unlink()

    def test_complaints(self):
        self._complain(days=500)
        late = self._complain(days=40)
        self._solved(self._complain(days=1))
        profile = self._profile(self.loud)
        self.assertEqual(profile.complaint_count, 2)
        self.assertEqual(profile.complaint_count_before, 1)
        self.assertEqual(profile.open_complaint_count, 2)
        self.assertEqual(profile.overdue_complaint_count, 2)
        self.assertEqual(profile.complaint_change, 1)
        self.assertIn("Complaints: 2, in the time before 1", profile.voice_text)
        solved = self.env["customer.complaint"].search(
            [("partner_id", "=", self.loud.id), ("is_solved", "=", True)]
        )
        self.assertAlmostEqual(profile.complaint_hours, solved.solution_hours)
        self._solved(late)
        profile.invalidate_recordset()
        self.assertEqual(profile.open_complaint_count, 1)

    def test_filters(self):
        """Rising are at least two complaints, and more than before."""
        view = self.env.ref(
            "customer_classification.customer_profile_view_search_feedback"
        )
        filters = {
            node.get("name"): literal_eval(node.get("domain"))
            for node in etree.fromstring(view.arch).iter("filter")
            if node.get("domain")
        }
        self._complain()
        self._say(1)
        self.assertFalse(self._found(*filters["complains_more"]))
        self.assertEqual(self._found(*filters["unhappy"]), self.loud)
        self.assertFalse(self._found(*filters["satisfied"]))
        self._complain(days=1)
        self.assertEqual(self._found(*filters["complains_more"]), self.loud)
        self.assertEqual(self._found(*filters["open_complaints"]), self.loud)
        self._complain(days=500)
        self._complain(days=501)
        self.assertFalse(self._found(*filters["complains_more"]))

    def test_searched(self):
        self._say(1)
        self._complain(days=40)
        self._complain()
        self.assertEqual(
            self._found(("satisfaction_count", ">", 0), ("satisfaction", "<", 50)),
            self.loud,
        )
        for condition in (
            ("complaint_count", "=", 2),
            ("open_complaint_count", ">", 0),
            ("overdue_complaint_count", ">", 0),
            ("complaint_change", ">", 1),
            ("last_feedback_date", "=", self.today),
        ):
            with self.subTest(condition):
                self.assertEqual(self._found(condition), self.loud)
        self.assertEqual(self._found(("complaint_count", "=", 0)), self.quiet)
        self.assertEqual(
            self.env["customer.profile"]
            .search([("company_id", "=", self.company.id)], order="complaint_count")
            .partner_id,
            self.quiet + self.loud,
        )
        groups = self.env["customer.profile"]._read_group(
            [("company_id", "=", self.company.id)],
            ["last_feedback_date:year"],
            ["__count"],
        )
        self.assertEqual(len(groups), 2)

    def test_in_a_smart_tag(self):
        self._say(1)
        tag = self.env["res.partner.category"].create({"name": "Unhappy"})
        rule = self.env["classification.tag.rule"].create(
            {
                "kind": "partner",
                "partner_tag_id": tag.id,
                "company_id": self.company.id,
                "domain": "[('customer_profile_id.satisfaction_count', '>', 0),"
                " ('customer_profile_id.satisfaction', '<', 50)]",
            }
        )
        rule.action_start()
        self.assertEqual(self.loud.category_id & tag, tag)
        self.assertFalse(self.quiet.category_id & tag)

    def test_other_companies_apart(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        self._say(1, company_id=other.id)
        self.assertFalse(self._profile(self.loud).satisfaction_count)

    def test_objection(self):
        person = self._regular("Ada", 100)
        self._recompute()
        self._say(1, partner_id=person.id)
        person.customer_objects_profiling = True
        self.assertFalse(self._profile(person))
        self.assertFalse(self._found(("satisfaction_count", ">", 0)))

    def test_buttons(self):
        self._say(4)
        self._complain()
        profile = self._profile(self.loud)
        for action in (
            profile.action_open_complaints(),
            profile.action_open_feedback(),
        ):
            self.assertEqual(
                self.env[action["res_model"]].search_count(action["domain"]), 1
            )

    def test_queries(self):
        """One for all fields of all profiles, and one for the rules of a company."""
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        self.env.flush_all()
        self.env.invalidate_all()
        profiles.mapped("partner_id.name")
        self.company.resource_calendar_id.read(["tz"])
        with self.assertQueryCount(5):
            profiles.mapped("satisfaction")
            profiles.mapped("complaint_count")
