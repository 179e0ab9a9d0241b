import re
from collections import Counter
from datetime import datetime, time, timedelta
from unittest import SkipTest

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.customer_classification.models.source.classification_source import (
    Since,
)
from odoo.addons.customer_classification.tests.playbook_common import DAY, PlaybookCase

# Models by which the other apps are known; `./dev test glue` has all of them.
NEEDED = ("project.task", "rating.rating", "mailing.trace", "event.event", "website")
CHANGED = (
    *("customer_complaint", "mail_message", "survey_user_input", "rating_rating"),
    *("project_task", "mailing_trace", "event_registration"),
)
COMPLAINTS = "2 complaints in the last 12 months, 0 in the 12 months before"


@tagged("post_install", "-at_install")
class TestOneCustomer(PlaybookCase):
    """One customer, heard of in each app, with values worked out by hand."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if missing := [name for name in NEEDED if name not in cls.env]:
            raise SkipTest(f"the story needs more apps: {missing}")
        cls.today = fields.Date.today()
        # Bought for 100 each 30 days, the last time 15 days ago.
        cls.ada = cls._regular(
            "Ada & Sons",
            100,
            until=cls.today - 15 * DAY,
            is_company=True,
            email="office@ada.example",
        )
        cls.clerk = cls._customer(
            "Clerk", parent_id=cls.ada.id, email="clerk@ada.example"
        )
        cls._says()
        cls._complains()
        cls._is_in_touch()

    @classmethod
    def _ago(cls, days):
        return datetime.combine(cls.today - timedelta(days=days), time(12))

    # What happens

    @classmethod
    def _says(cls):
        """75, 20 and 25 of 100: 40 on average; and a 6 of 10: a detractor."""
        cls.env["customer.feedback"].create(
            {
                "partner_id": cls.ada.id,
                "company_id": cls.company.id,
                "date": cls.today - 30 * DAY,
                "original_score": 4,
            }
        )
        survey = cls.env["survey.survey"].create({"title": "How are we doing?"})
        cls._answers(survey, "satisfaction", 2)
        cls._answers(survey, "recommendation", 6)
        rating = cls.env["rating.rating"].create(
            {
                "res_model_id": cls.env["ir.model"]._get_id("product.template"),
                "res_id": cls.product.product_tmpl_id.id,
                "partner_id": cls.clerk.id,
                "rating": 2,
                "consumed": True,
            }
        )
        rating.flush_recordset()
        rating.rated_on = cls._ago(8)

    @classmethod
    def _answers(cls, survey, kind, value):
        question = cls.env["survey.question"].create(
            {
                "title": "How was it?",
                "survey_id": survey.id,
                "question_type": "scale",
                "customer_feedback_kind": kind,
            }
        )
        line = {
            "question_id": question.id,
            "answer_type": "scale",
            "value_scale": value,
        }
        cls.env["survey.user_input"].create(
            {
                "survey_id": survey.id,
                "partner_id": cls.clerk.id,
                "state": "done",
                "start_datetime": cls._ago(9),
                "end_datetime": cls._ago(9),
                "user_input_line_ids": [fields.Command.create(line)],
            }
        )

    @classmethod
    def _complains(cls):
        """A complaint about quality that is solved, and a task that is late."""
        complaint = cls.env["customer.complaint"].create(
            {
                "name": "Loose screw",
                "partner_id": cls.ada.id,
                "company_id": cls.company.id,
                "open_date": cls._ago(20),
                "category_id": cls.env.ref(
                    "customer_classification.customer_complaint_category_quality"
                ).id,
                "result": "solved",
            }
        )
        complaint.action_solve()
        complaint.solved_date = cls._ago(18)
        project = cls.env["project.project"].create(
            {
                "name": "Support",
                "company_id": cls.company.id,
                "customer_has_complaints": True,
            }
        )
        task = cls.env["project.task"].create(
            {
                "name": "Broken",
                "project_id": project.id,
                "partner_id": cls.clerk.id,
                "date_deadline": cls._ago(2),
            }
        )
        cls._created(task, cls.today - 10 * DAY)

    @classmethod
    def _is_in_touch(cls):
        """An e-mail, a mailing, an event; a web order to be paid, and a cart."""
        cls._mail(cls.today - 40 * DAY)
        mailing = cls.env["mailing.mailing"].create(
            {
                "subject": "Spring",
                "mailing_model_id": cls.env["ir.model"]._get_id("res.partner"),
            }
        )
        cls.env["mailing.trace"].create(
            {
                "mass_mailing_id": mailing.id,
                "model": "res.partner",
                "res_id": cls.clerk.id,
                "trace_status": "open",
                "open_datetime": cls._ago(8),
                "links_click_datetime": cls._ago(7),
            }
        )
        cls._attends()
        website = cls.env["website"].create(
            {"name": "Shop", "company_id": cls.company.id}
        )
        shop = {"website_id": website.id, "confirm": False}
        order, cart = (cls._order(cls.clerk, cls._ago(5), 50, **shop) for __ in "ab")
        order.state = "sent"
        cls._created(order | cart, cls.today - 5 * DAY)

    @classmethod
    def _mail(cls, day):
        cls.env["mail.message"].create(
            {
                "model": "res.partner",
                "res_id": cls.ada.id,
                "message_type": "email",
                "author_id": cls.clerk.id,
                "date": datetime.combine(day, time(12)),
            }
        )

    @classmethod
    def _attends(cls):
        event = cls.env["event.event"].create(
            {
                "name": "Open day",
                "company_id": cls.company.id,
                "date_begin": cls._ago(12),
                "date_end": cls._ago(12) + timedelta(hours=2),
                "event_mail_ids": [fields.Command.clear()],
            }
        )
        cls.env["event.registration"].create(
            {
                "event_id": event.id,
                "partner_id": cls.clerk.id,
                "state": "done",
                "date_closed": cls._ago(12),
            }
        )

    # What is seen of it

    def setUp(self):
        super().setUp()
        self._classify()

    def _classify(self):
        self.env.flush_all()
        self._recompute(self.today)
        self.profile = self._profile(self.ada)
        self.env.invalidate_all()

    def _timeline(self):
        context = self.ada.action_open_customer_timeline()["context"]
        return self.env["customer.timeline"].with_context(**context).search([])

    def _tagged(self, *names):
        """Return the names of the rules of the library that tag the customer."""
        rules = self.env["classification.tag.rule"].browse(
            self.env.ref(f"customer_classification.tag_rule_{name}").id
            for name in names
        )
        rules.company_id = self.company
        rules.action_start()
        self.assertFalse(rules.filtered("error"), rules.mapped("error"))
        self.env.invalidate_all()
        return {
            name
            for name, rule in zip(names, rules, strict=True)
            if rule.partner_tag_id in self.ada.category_id
        }

    def test_facts(self):
        seen = self.profile.read()[0]
        expected = {
            "satisfaction_count": 3,
            "satisfaction": 40,
            "recommendation_count": 1,
            "recommendation_score": -100,
            "last_feedback_date": self.today - 8 * DAY,
            "complaint_count": 2,
            "complaint_count_before": 0,
            "open_complaint_count": 1,
            "overdue_complaint_count": 1,
            "interaction_count": 4,
            "interaction_received_count": 4,
            "interaction_count_before": 0,
            "last_interaction_date": self.today - 5 * DAY,
            "interaction_days": 5,
            "open_quotation_count": 1,
            "abandoned_cart_count": 1,
        }
        self.assertEqual({name: seen[name] for name in expected}, expected)
        # 5 days of silence where 30 are usual, to one decimal.
        self.assertEqual(seen["silence_ratio"], 0.2)

    def test_sentences(self):
        self.assertRegex(
            self.profile.voice_text,
            "^Satisfaction 40 of 100, the mean of 3 answers, the last on .*"
            "Does not recommend us. Complaints: 2, in the time before 0; open 1, "
            "overdue 1.$",
        )
        self.assertIn("Interactions: 4, begun by", self.profile.interaction_text)

    def test_risk(self):
        self.assertEqual(self.profile.churn_risk, "high")
        self.assertEqual(
            self.profile.risk_explanation,
            f"Signals: {COMPLAINTS}; satisfaction 40 of 100, the mean of 3 answers.",
        )

    def test_smart_tags(self):
        found = self._tagged(
            *("is_unhappy", "is_satisfied", "promoter", "detractor", "need_quality"),
            *("need_delivery", "intent_strong", "intent_weak", "high_activity"),
        )
        self.assertEqual(
            found, {"is_unhappy", "detractor", "need_quality", "intent_strong"}
        )

    def test_timeline(self):
        lines = self._timeline()
        counts = Counter(
            lines.filtered(lambda one: one.what != "change").mapped("detail")
        )
        self.assertEqual(
            counts,
            {
                "order": 12,
                "satisfaction": 2,
                "recommendation": 1,
                "rating": 1,
                "complaint": 2,
                "mail": 1,
                "mailing_clicked": 1,
                "event": 1,
                "quotation": 1,
            },
        )
        days = lines.mapped("date")
        self.assertEqual(days, sorted(days, reverse=True))

    def test_report(self):
        domain = [("partner_id", "=", self.ada.id), ("answer_count", ">", 0)]
        rows = self.env["customer.satisfaction"].search(domain)
        self.assertEqual(sorted(rows.mapped("satisfaction")), [0, 20, 25, 75])
        self.assertEqual(
            Counter(rows.mapped("kind")),
            {"satisfaction": 2, "rating": 1, "recommendation": 1},
        )

    def test_playbooks_and_a_better_answer(self):
        """Asked after the complaint, the customer answers 5 of 5: 55 on average."""
        asks = self._playbook(
            axis="complaint",
            tier_ids=False,
            steps=[
                {"name": "Ask", "kind": "feedback", "feedback_kind": "satisfaction"}
            ],
        )
        calls = self._playbook(axis="answer", tier_ids=False, score_below=50)
        self._work(self.today)
        self.assertEqual(self._case(self.ada, asks).entered_date, self._ago(18).date())
        self.assertEqual(self._case(self.ada, asks).task_ids.state, "done")
        self.assertEqual(self._case(self.ada, calls).entered_date, self._ago(8).date())
        asked = self.env["customer.feedback.request"].search(
            [("partner_id", "=", self.ada.id)]
        )
        self.assertEqual(asked.complaint_id.name, "Loose screw")
        self.assertEqual(self._tagged("is_unhappy"), {"is_unhappy"})
        asked._answer(5, "Now it holds")
        self._classify()
        self.assertEqual(self.profile.satisfaction, 55)
        self.assertEqual(self.profile.churn_risk, "medium")
        self.assertEqual(self.profile.risk_explanation, f"Signals: {COMPLAINTS}.")
        self.assertFalse(self._tagged("is_unhappy"))
        self._work(self.today + DAY)
        self.assertEqual(self._case(self.ada, calls).status, "stopped")

    def test_silence(self):
        """Heard of 5 days ago, by a rhythm of 30 days silent in 55 days."""
        calls = self._playbook(axis="silence", tier_ids=False, silence_ratio=2)
        told = "no interaction or purchase for 60 days, 2.0 times the own rhythm of 30"
        for days, words in ((54, False), (55, f"{told} days")):
            day = self.today + days * DAY
            with self._on(day):
                self._recompute(day)
                self.env.invalidate_all()
                self._work(day)
            text = self.profile.risk_explanation
            with self.subTest(days):
                self.assertIn(words or "Signals", text)
                self.assertEqual("no interaction" in text, bool(words))
                self.assertEqual(bool(self._case(self.ada, calls)), bool(words))
        case = self._case(self.ada, calls)
        self.assertEqual(case.entered_date, self.today + 55 * DAY)
        self._mail(self.today + 56 * DAY)
        self._work(self.today + 57 * DAY)
        self.assertEqual(case.status, "stopped")

    def test_hourly_runs_look_at_each_app(self):
        """Each app tells whom it heard of since a moment, and nobody later."""
        now = fields.Datetime.now()
        for table in CHANGED:
            self.assertTrue(self._is_known(table, now - timedelta(hours=1)), table)
            self.assertFalse(self._is_known(table, now + timedelta(hours=1)), table)

    def _is_known(self, table, moment):
        since = Since(moment, self.today)
        queries = [
            query
            for name in ("feedback", "interaction")
            for query in self.env[f"classification.{name}.source"]
            .sudo()
            ._changed_queries(since)
            if re.search(rf"\b{table}\b", query.code)
        ]
        self.assertTrue(queries, table)
        rows = self.env.execute_query(SQL(" UNION ").join(queries))
        return any(row[0] in (self.ada | self.clerk).ids for row in rows)
