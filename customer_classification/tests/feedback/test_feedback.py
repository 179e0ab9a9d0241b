from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..complaint.common import FRIDAY, ComplaintCase


@tagged("post_install", "-at_install")
class TestFeedback(ComplaintCase):
    """Feedback on any scale."""

    def _feedback(self, user=None, **values):
        model = self.env["customer.feedback"]
        if user:
            model = model.with_user(user)
        return model.create(
            {"partner_id": self.customer.id, "original_score": 3, **values}
        )

    def test_scales(self):
        for scale, answer, score in (
            ("5", 1, 0),
            ("5", 4, 75),
            ("5", 5, 100),
            ("10", 0, 0),
            ("10", 7, 70),
            ("100", 33.5, 33.5),
            ("3", 2, 50),
        ):
            found = self._feedback(scale=scale, original_score=answer)
            self.assertAlmostEqual(found.score, score, msg=(scale, answer))
            self.assertEqual(found.original_score, answer)

    def test_out_of_scale(self):
        for scale, answer in (
            ("5", 0),
            ("5", 6),
            ("10", 11),
            ("100", 101),
            ("3", 4),
            ("5", -1),
            ("10", float("nan")),
            ("10", "many"),
        ):
            with self.subTest(scale, answer=answer), self.assertRaises(ValidationError):
                self._feedback(scale=scale, original_score=answer)
        with self.assertRaises(ValidationError):
            self._feedback().original_score = 9
        with self.assertRaises(ValidationError):
            self._feedback(scale="7")

    def test_recommendation(self):
        answers = {0: "detractor", 6: "detractor", 7: "passive", 8: "passive"}
        answers |= {9: "promoter", 10: "promoter"}
        given = self.env["customer.feedback"]
        for answer, word in answers.items():
            one = self._feedback(
                kind="recommendation", scale="10", original_score=answer
            )
            self.assertEqual(one.recommendation, word, answer)
            given |= one
        given |= self._feedback()
        with self.assertRaises(ValidationError):
            self._feedback(kind="recommendation", scale="5")
        promoters = given.filtered(lambda one: one.recommendation == "promoter")
        domain = [("id", "in", (given - promoters[0]).ids)]
        [[points]] = self.env["customer.feedback"]._read_group(
            domain, [], ["recommendation_points:avg"]
        )
        self.assertAlmostEqual(points, 100 * (1 - 2) / 5)

    def test_mean(self):
        for answer in (1, 4, 5):
            self._feedback(original_score=answer)
        [[number, mean]] = self.env["customer.feedback"]._read_group(
            [("partner_id", "=", self.customer.id)], [], ["__count", "score:avg"]
        )
        self.assertEqual(number, 3)
        self.assertAlmostEqual(mean, (0 + 75 + 100) / 3)

    def test_contacts_stand_for_their_company(self):
        feedback = self._feedback(partner_id=self.contact.id)
        self.assertEqual(feedback.partner_id, self.customer)
        self.assertEqual(feedback.contact_id, self.contact)

    def test_people_of_ours_are_not_counted(self):
        own = self._customer("Works here", parent_id=self.company.partner_id.id)
        for partner in (self.seller.partner_id, self.company.partner_id, own):
            with self.assertRaisesRegex(UserError, "belongs to us"):
                self._feedback(partner_id=partner.id)
        portal = self._user("feedback-portal", "base.group_portal")
        self.assertTrue(self._feedback(partner_id=portal.partner_id.id))

    def test_objection(self):
        person = self._customer("Ada")
        feedback = self._feedback(partner_id=person.id)
        person.customer_objects_profiling = True
        self.assertFalse(feedback.exists())
        with self.assertRaisesRegex(UserError, "objects"):
            self._feedback(partner_id=person.id)
        person.customer_objects_profiling = False
        self.assertTrue(feedback.exists())

    def test_bad_values(self):
        tomorrow = fields.Date.today() + timedelta(days=2)
        stranger = self._customer("Stranger")
        complaint = self._complaint(partner_id=stranger.id)
        for values in (
            {"date": tomorrow},
            {"contact_id": stranger.id},
            {"complaint_id": complaint.id},
            {"order_id": self._order(stranger, FRIDAY, 5).id},
            {"text": "x" * 10_001},
            {"partner_id": "nobody"},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self._feedback(**values)

    @mute_logger("odoo.sql_db")
    def test_import(self):
        """Odoo's own import takes answers with their scales."""
        model = self.env["customer.feedback"].with_user(self.officer)
        found = model.load(
            ["partner_id", "date", "kind", "scale", "original_score", "text"],
            [
                ["Complains Ltd", "2025-01-02", "Satisfaction", "1 to 5", "4", "Good"],
                ["Complains Ltd", "2025-01-03", "recommendation", "10", "2", ""],
            ],
        )
        self.assertFalse(found["messages"])
        imported = model.browse(found["ids"])
        self.assertEqual(imported.mapped("score"), [75, 20])
        self.assertEqual(imported[1].recommendation, "detractor")
        for row in (
            ["Complains Ltd", "2025-01-03", "Satisfaction", "1 to 5", "9", ""],
            ["Nobody of this name", "2025-01-03", "Satisfaction", "1 to 5", "4", ""],
        ):
            found = model.load(
                ["partner_id", "date", "kind", "scale", "original_score", "text"], [row]
            )
            self.assertFalse(found["ids"])
            self.assertTrue(found["messages"])

    def test_two_clicks_from_the_customer(self):
        action = self.contact.action_note_feedback()
        model = self.env["customer.feedback"].with_user(self.seller)
        with Form(model.with_context(**action["context"])) as form:
            form.original_score = 5
        feedback = form.record
        self.assertEqual(feedback.partner_id, self.customer)
        self.assertEqual(feedback.contact_id, self.contact)
        self.assertEqual(feedback.user_id, self.seller)
        self.assertEqual(feedback.score, 100)
        self.assertEqual(self.contact.customer_feedback_count, 1)
        action = self.customer.action_open_customer_feedback()
        self.assertEqual(model.search(action["domain"]), feedback)

    def test_form_of_a_recommendation(self):
        with Form(self.env["customer.feedback"]) as form:
            form.partner_id = self.customer
            form.kind = "recommendation"
            form.original_score = 10
        self.assertEqual(form.record.scale, "10")

    def test_satisfaction_after_a_complaint(self):
        complaint = self._complaint()
        self.assertFalse(complaint.has_satisfaction)
        about = {"complaint_id": complaint.id}
        self._feedback(original_score=5, date="2025-01-02", **about)
        self._feedback(original_score=2, date="2025-01-03", **about)
        self._feedback(original_score=3, date="2025-01-04", kind="complaint", **about)
        self.assertEqual(complaint.satisfaction, 25)
        [[mean]] = self.env["customer.complaint"]._read_group(
            [("id", "in", (complaint | self._complaint()).ids)],
            [],
            ["satisfaction:avg"],
        )
        self.assertEqual(mean, 25)

    def test_names(self):
        self.assertEqual(self._feedback().display_name, "Complains Ltd: 50 of 100")

    # Rights

    def test_salespeople_see_their_customers(self):
        feedback = self._feedback()
        self.customer.user_id = self.other
        model = self.env["customer.feedback"]
        self.assertNotIn(feedback, model.with_user(self.seller).search([]))
        self.assertIn(feedback, model.with_user(self.other).search([]))
        self.assertIn(feedback, model.with_user(self.officer).search([]))
        self.customer.user_id = False
        self.assertIn(feedback, model.with_user(self.seller).search([]))
        with self.assertRaises(AccessError):
            feedback.with_user(self.seller).unlink()

    def test_what_only_the_program_writes(self):
        feedback = self._feedback(self.seller)
        for values in ({"score": 100}, {"user_id": self.other.id}, {"request_id": 1}):
            with self.assertRaises(AccessError):
                feedback.with_user(self.seller).write(values)

    def test_other_companies_never(self):
        elsewhere = self._company("Elsewhere Ltd")
        self.env.user.company_ids |= elsewhere
        there = self._feedback(company_id=elsewhere.id)
        model = self.env["customer.feedback"].with_user(self.officer)
        self.assertNotIn(there, model.search([]))
        with self.assertRaises(AccessError):
            self._feedback(self.officer, company_id=elsewhere.id)

    def test_queries(self):
        """Two hundred rows cost no more queries than twenty."""
        costs = []
        for number in (20, 200):
            rows = [
                {"partner_id": self.customer.id, "original_score": 1 + n % 5}
                for n in range(number)
            ]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["customer.feedback"].create(rows)
            self.env.flush_all()
            costs.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(costs[1], costs[0] + 2)
