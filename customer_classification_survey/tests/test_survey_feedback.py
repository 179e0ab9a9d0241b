from datetime import date, datetime, timedelta

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import SQL

from odoo.addons.customer_classification.models.source.classification_source import (
    Since,
)
from odoo.addons.customer_classification.tests.common import ClassificationCase


class SurveyCase(ClassificationCase):
    """A customer with two contacts, and a survey with questions of each type."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.today()
        cls.customer = cls._regular("Asked Ltd", 100, is_company=True)
        cls.clerk = cls._customer("Clerk", parent_id=cls.customer.id)
        cls.quiet = cls._regular("Quiet Ltd", 100, is_company=True)
        cls.survey = cls.env["survey.survey"].create({"title": "How are we doing?"})
        cls._recompute()

    @classmethod
    def _question(cls, question_type="scale", kind="satisfaction", **values):
        return cls.env["survey.question"].create(
            {
                "title": "How was it?",
                "survey_id": cls.survey.id,
                "question_type": question_type,
                "customer_feedback_kind": kind,
                **values,
            }
        )

    @classmethod
    def _choice(cls, *scores, **values):
        answers = [
            fields.Command.create({"value": f"Choice {score}", "answer_score": score})
            for score in scores
        ]
        return cls._question("simple_choice", suggested_answer_ids=answers, **values)

    @classmethod
    def _answer(cls, question, value, partner=None, days=0, **values):
        """A finished participation with one answer."""
        given = {
            "scale": {"answer_type": "scale", "value_scale": value},
            "numerical_box": {
                "answer_type": "numerical_box",
                "value_numerical_box": value,
            },
        }
        line = given.get(question.question_type)
        if line is None:
            chosen = question.suggested_answer_ids.filtered(
                lambda one: one.answer_score == value
            )
            line = {"answer_type": "suggestion", "suggested_answer_id": chosen.id}
        moment = fields.Datetime.now() - timedelta(days=days)
        return cls.env["survey.user_input"].create(
            {
                "survey_id": cls.survey.id,
                "partner_id": (partner or cls.clerk).id,
                "state": "done",
                "start_datetime": moment,
                "end_datetime": moment,
                "user_input_line_ids": [
                    fields.Command.create({"question_id": question.id, **line})
                ],
                **values,
            }
        )

    def _seen(self, partner=None):
        self.env.flush_all()
        profile = self._profile(partner or self.customer)
        profile.invalidate_recordset()
        return profile


@tagged("post_install", "-at_install")
class TestSurveyFeedback(SurveyCase):
    """Answers to chosen questions, worked out by hand."""

    def test_scale(self):
        question = self._question(scale_min=1, scale_max=5)
        self._answer(question, 4)
        self._answer(question, 1, self.customer, days=10)
        profile = self._seen()
        self.assertEqual(profile.satisfaction_count, 2)
        self.assertAlmostEqual(profile.satisfaction, (75 + 0) / 2)
        self.assertEqual(profile.last_feedback_date, self.today)
        self.assertFalse(self._seen(self.quiet).satisfaction_count)

    def test_number(self):
        question = self._question("numerical_box", customer_feedback_scale="100")
        self._answer(question, 33.5)
        for value in (101, -1):
            self._answer(question, value)
        profile = self._seen()
        self.assertEqual(profile.satisfaction_count, 1)
        self.assertAlmostEqual(profile.satisfaction, 33.5)

    def test_choice_by_its_scores(self):
        """2 of -1 to 3 is three quarters of the way."""
        question = self._choice(-1, 2, 3)
        self._answer(question, 2)
        self.assertAlmostEqual(self._seen().satisfaction, 75)

    def test_recommendation(self):
        """Three promoters and a detractor of six: 33 of 100."""
        question = self._question(kind="recommendation")
        for value in (10, 9, 9, 8, 7, 6):
            self._answer(question, value)
        profile = self._seen()
        self.assertEqual(profile.recommendation_count, 6)
        self.assertAlmostEqual(profile.recommendation_score, 100 * (3 - 1) / 6, 1)
        self.assertFalse(profile.satisfaction_count)

    def test_what_does_not_count(self):
        question = self._question()
        other = self._question(kind=False)
        seller = self._user("survey-seller", "sales_team.group_sale_salesman")
        seller.partner_id.parent_id = self.customer
        self._answer(other, 5)
        self._answer(question, 5, seller.partner_id)
        self._answer(question, 5, test_entry=True)
        self._answer(question, 5, state="in_progress")
        self._answer(question, 5, partner_id=False)
        skipped = self._answer(question, 5)
        skipped.user_input_line_ids.write({"skipped": True, "answer_type": False})
        profile = self._seen()
        self.assertFalse(profile.satisfaction_count)
        self._answer(question, 10)
        self.assertEqual(self._seen().satisfaction_count, 1)
        # Answered by our own person, in a test, without a contact; and the one.
        self.assertIn("1 of 4 answers count", question.customer_feedback_text)

    def test_comment_of_a_choice(self):
        question = self._choice(0, 1)
        answer = self._answer(question, 1)
        self.env["survey.user_input.line"].create(
            {
                "user_input_id": answer.id,
                "question_id": question.id,
                "answer_type": "char_box",
                "value_char_box": "Because",
            }
        )
        self.assertEqual(self._seen().satisfaction_count, 1)

    def test_the_choice_takes_effect_at_once(self):
        question = self._question(kind=False)
        self._answer(question, 5)
        self.assertFalse(self._seen().satisfaction_count)
        question.customer_feedback_kind = "satisfaction"
        self.assertAlmostEqual(self._seen().satisfaction, 50)
        question.write({"scale_max": 5})
        self.assertAlmostEqual(self._seen().satisfaction, 100)

    def test_deleted_and_archived_surveys(self):
        self._answer(self._question(), 5)
        self.survey.active = False
        self.assertEqual(self._seen().satisfaction_count, 1)
        self.survey.unlink()
        self.assertFalse(self._seen().satisfaction_count)

    def test_deleted_question(self):
        """Answers to another question count on, and runs go on."""
        question, other = self._question(), self._question()
        self._answer(question, 0)
        self._answer(other, 10, days=1)
        self.assertEqual(self._seen().satisfaction_count, 2)
        self._recompute(fields.Date.today())
        question.unlink()
        self.assertEqual(self._seen().satisfaction_count, 1)
        self.assertAlmostEqual(self._seen().satisfaction, 100)
        run = self._recompute(fields.Date.today())
        self.assertEqual((run.state, run.problem_count), ("done", 0))

    def test_windows(self):
        question = self._question()
        self._answer(question, 10, days=500)
        self._answer(question, 0, days=1)
        self.assertEqual(self._seen().satisfaction_count, 1)
        self.assertEqual(self._seen().satisfaction, 0)

    def test_merged_contacts(self):
        double = self._customer("Double")
        self._answer(self._question(), 10, double)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (double | self.clerk).ids, self.clerk
        )
        self.assertEqual(self._seen().satisfaction, 100)

    def test_objection(self):
        person = self._regular("Ada", 100)
        self._recompute()
        self._answer(self._question(), 10, person)
        self.assertEqual(self._seen(person).satisfaction, 100)
        person.customer_objects_profiling = True
        self.assertFalse(self._profile(person))
        ours = self._customer("Bob", parent_id=self.customer.id)
        self._answer(self._question(), 10, ours)
        self.assertEqual(self._seen().satisfaction_count, 1)
        ours.customer_objects_profiling = True
        self.assertFalse(self._seen().satisfaction_count)

    def test_companies(self):
        """For the company of the survey, else of the contact, else for each."""
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        self._answer(self._question(), 5)
        self.assertEqual(self._seen().satisfaction_count, 1)
        self.survey.customer_company_id = other
        self.assertFalse(self._seen().satisfaction_count)
        self.survey.customer_company_id = self.company
        self.assertEqual(self._seen().satisfaction_count, 1)

    def test_queries(self):
        """Surveys add no query to what is said of all customers."""
        self._answer(self._question(), 5)
        profiles = self._seen() | self._seen(self.quiet)
        self.env.flush_all()
        self.env.invalidate_all()
        profiles.mapped("partner_id.name")
        with self.assertQueryCount(5):
            profiles.mapped("satisfaction")


@tagged("post_install", "-at_install")
class TestSurveyQuestion(SurveyCase):
    """Choices on a question, and who may make them."""

    def test_refused(self):
        for values, sentence in (
            ({"question_type": "text_box"}, "only a scale"),
            ({"question_type": "multiple_choice"}, "only a scale"),
            ({"question_type": "numerical_box"}, "scale of the number"),
            ({"question_type": "simple_choice"}, "different scores"),
            ({"scale_max": 5, "kind": "recommendation"}, "0 to 10"),
            (
                {
                    "question_type": "numerical_box",
                    "kind": "recommendation",
                    "customer_feedback_scale": "5",
                },
                "0 to 10",
            ),
        ):
            with (
                self.subTest(values),
                self.assertRaisesRegex(ValidationError, sentence),
            ):
                self._question(**values)
        with self.assertRaisesRegex(ValidationError, "0 to 10"):
            self._choice(0, 11, kind="recommendation")
        self.assertTrue(self._choice(0, 9, 10, kind="recommendation"))

    def test_form(self):
        question = self._question("numerical_box", kind=False)
        with Form(question) as form:
            form.customer_feedback_kind = "satisfaction"
            form.customer_feedback_scale = "5"
        self._answer(question, 5)
        self.assertEqual(self._seen().satisfaction, 100)

    def test_readers_see_numbers_only(self):
        answer = self._answer(self._question(), 5)
        reader = self._user("survey-reader", "sales_team.group_sale_salesman")
        profile = self._seen().with_user(reader)
        self.assertEqual(profile.satisfaction_count, 1)
        with self.assertRaises(AccessError):
            answer.user_input_line_ids.with_user(reader).read(["value_scale"])

    def test_companies_of_others_are_refused(self):
        asker = self._user("survey-asker", "survey.group_survey_manager")
        other = self._company("Other Ltd")
        survey = self.survey.with_user(asker)
        with self.assertRaises(ValidationError):
            survey.customer_company_id = other
        survey.customer_company_id = self.company


@tagged("post_install", "-at_install")
class TestSurveyDays(SurveyCase):
    """In Shanghai, an answer of 20:30 UTC is one of the next day."""

    policy_values = {"tz": "Asia/Shanghai"}

    def test_day(self):
        self.survey.customer_company_id = self.company
        moment = datetime(2025, 6, 10, 20, 30)
        self._answer(self._question(scale_min=1, scale_max=5), 4, end_datetime=moment)
        self.env.flush_all()
        source = self.env["classification.feedback.source"].sudo()
        since = Since(datetime(2020, 1, 1), date(2020, 1, 1))
        for queries, place in (
            (source._queries(fields.Datetime.now(), self.clerk.ids), 2),
            (source._late_queries(self.company.id, since), 1),
        ):
            rows = self.env.execute_query(SQL(" UNION ALL ").join(queries))
            days = [row[place] for row in rows if row[0] == self.clerk.id]
            self.assertEqual(days, [date(2025, 6, 11)])
