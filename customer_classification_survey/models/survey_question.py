from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.customer_classification.models.feedback.customer_feedback import (
    SCALE_SELECTION,
)
from odoo.addons.customer_classification.models.feedback.customer_feedback_about_mixin import (  # noqa: E501
    SCALES,
)

COUNTED_TYPES = ("scale", "numerical_box", "simple_choice")


class SurveyQuestion(models.Model):
    """Lets the answers to a question count as feedback of customers."""

    _inherit = "survey.question"

    customer_feedback_kind = fields.Selection(
        [
            ("satisfaction", "Satisfaction"),
            ("recommendation", "Recommendation (NPS)"),
        ],
        string="Counts as Feedback",
        help="Answers of customers count on their pages, on the scale of the question; "
        "those of a choice by the scores of the choices. Recommendation is asked for "
        "from 0 to 10: promoters from 9, detractors up to 6.",
    )
    customer_feedback_scale = fields.Selection(
        SCALE_SELECTION, string="Scale of the Number"
    )
    customer_feedback_text = fields.Char(
        string="Counted Answers", compute="_compute_customer_feedback_text"
    )

    @api.constrains(
        *("customer_feedback_kind", "customer_feedback_scale", "question_type"),
        *("scale_min", "scale_max", "suggested_answer_ids"),
    )
    def _check_customer_feedback(self):
        for question in self.filtered("customer_feedback_kind"):
            problem = question._customer_feedback_problem()
            if problem:
                raise ValidationError(problem)

    def _customer_feedback_problem(self):
        """Return why answers to the question cannot be counted, or False."""
        if self.question_type not in COUNTED_TYPES:
            return self.env._(
                "%s: only a scale, a number or a choice of one answer counts as "
                "feedback.",
                self.title,
            )
        low, high = self._customer_feedback_ends()
        if low >= high:
            return self._missing_scale()
        if self.customer_feedback_kind != "recommendation":
            return False
        is_choice = self.question_type == "simple_choice"
        if (low, high) == (0, 10) or is_choice and low >= 0 and high <= 10:
            return False
        return self.env._(
            "%s: recommendation is asked for on the scale 0 to 10.", self.title
        )

    def _customer_feedback_ends(self):
        """Return the worst and the best answer."""
        if self.question_type == "scale":
            return self.scale_min, self.scale_max
        if self.question_type == "numerical_box":
            return SCALES.get(self.customer_feedback_scale, (0, 0))
        scores = self.suggested_answer_ids.mapped("answer_score")
        return min(scores, default=0), max(scores, default=0)

    def _missing_scale(self):
        if self.question_type == "numerical_box":
            return self.env._("%s: choose the scale of the number.", self.title)
        return self.env._(
            "%s: give the choices different scores, the best one the most.", self.title
        )

    @api.depends("customer_feedback_kind", "customer_feedback_scale")
    @api.depends_context("lang")
    def _compute_customer_feedback_text(self):
        """Say how many answers count, and how many do not: one query."""
        counts = self._customer_feedback_counts()
        for question in self:
            every, counted = counts.get(question._origin.id, (0, 0))
            question.customer_feedback_text = every and self.env._(
                "%(counted)s of %(all)s answers count. Answers without a contact, of "
                "our own people, in tests and out of the scale do not.",
                counted=counted,
                all=every,
            )

    def _customer_feedback_counts(self):
        """Return ``{question id: (answers, those that count)}``."""
        source = self.env["classification.feedback.source"].sudo()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.question_id, count(*),
                       count(v.res_id) FILTER (WHERE %(counts)s)
                  FROM survey_user_input_line l
                  JOIN survey_user_input i ON i.id = l.user_input_id
                  LEFT JOIN (%(counted)s) v
                         (partner_id, company_id, day, kind, score, is_open, is_overdue,
                          hours, res_model, res_id, product_tmpl_id)
                    ON v.res_id = l.id
                 WHERE l.question_id = ANY(%(ids)s) AND i.state = 'done'
                   AND l.skipped IS NOT TRUE
                   AND l.answer_type IN ('scale', 'numerical_box', 'suggestion')
                 GROUP BY l.question_id
                """,
                counts=source._counts(SQL("v.partner_id")),
                counted=source._survey_query(SQL("TRUE")),
                ids=self._origin.ids,
            )
        )
        return {question: numbers for question, *numbers in rows}
