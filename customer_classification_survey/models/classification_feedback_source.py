from odoo import api, models
from odoo.tools import SQL

from odoo.addons.customer_classification.models.common.zones import day_by_rules
from odoo.addons.customer_classification.models.feedback.customer_feedback_about_mixin import (  # noqa: E501
    SCALES,
)

_ANSWERED = SQL("COALESCE(i.end_datetime, i.create_date)")
_COMPANY = SQL("COALESCE(s.customer_company_id, p.company_id)")


class ClassificationFeedbackSource(models.AbstractModel):
    """Answers of finished surveys as feedback.

    The question says whether its answers count, and on which scale. Tests, skipped
    questions, answers without a contact and those out of the scale are left out.
    """

    _inherit = "classification.feedback.source"

    @api.model
    def _queries(self, now, contact_ids=None):
        among = SQL("i.partner_id IS NOT NULL")
        if contact_ids is not None:
            among = SQL("i.partner_id = ANY(%s)", contact_ids)
        return [*super()._queries(now, contact_ids), self._survey_query(among)]

    @api.model
    def _survey_query(self, among):
        """Return the select of the answers, by one scan of the chosen questions."""
        for name in ("survey.user_input", "survey.user_input.line", "survey.survey"):
            self.env[name].flush_model()
        self.env["res.partner"].flush_model(["company_id"])
        return SQL(
            """
            SELECT i.partner_id, %(company)s, %(day)s,
                   q.kind::varchar, 100.0 * (%(value)s - q.low) / (q.high - q.low),
                   FALSE, FALSE, NULL::float8, 'survey.user_input.line', l.id,
                   NULL::integer
              FROM (%(questions)s) q
              JOIN survey_user_input_line l ON l.question_id = q.id
              JOIN survey_user_input i ON i.id = l.user_input_id
              JOIN survey_survey s ON s.id = i.survey_id
              JOIN res_partner p ON p.id = i.partner_id
              LEFT JOIN survey_question_answer a ON a.id = l.suggested_answer_id
             WHERE i.state = 'done' AND i.test_entry IS NOT TRUE
               AND l.skipped IS NOT TRUE AND %(among)s
               AND q.low < q.high AND %(value)s BETWEEN q.low AND q.high
            """,
            questions=self._survey_questions(),
            value=SQL(
                "(CASE q.question_type WHEN 'scale' THEN l.value_scale"
                " WHEN 'numerical_box' THEN l.value_numerical_box"
                " ELSE a.answer_score END)::float8"
            ),
            among=among,
            company=_COMPANY,
            day=day_by_rules(_ANSWERED, _COMPANY),
        )

    @api.model
    def _changed_queries(self, since):
        """Add contacts who answered since, or whose survey was changed."""
        changed = SQL(
            """
            SELECT i.partner_id FROM survey_user_input i
              JOIN survey_survey s ON s.id = i.survey_id
             WHERE i.partner_id IS NOT NULL
               AND (i.write_date >= %(written)s OR s.write_date >= %(written)s
                    OR i.survey_id IN (SELECT q.survey_id FROM survey_question q
                                        WHERE q.write_date >= %(written)s))
            """,
            written=since.written,
        )
        return [*super()._changed_queries(since), changed]

    @api.model
    def _late_queries(self, company_id, since):
        """Add answers that were recorded since, of any company."""
        late = SQL(
            "SELECT i.partner_id, %s FROM survey_user_input i"
            " WHERE i.partner_id IS NOT NULL AND i.create_date >= %s",
            day_by_rules(_ANSWERED, SQL("%s", company_id)),
            since.written,
        )
        return [*super()._late_queries(company_id, since), late]

    @api.model
    def _survey_questions(self):
        """Return the select of the chosen questions with the ends of their scales."""
        self.env["survey.question"].flush_model()
        self.env["survey.question.answer"].flush_model()
        return SQL(
            """
            SELECT q.id, q.question_type, q.customer_feedback_kind AS kind,
                   (CASE WHEN q.customer_feedback_kind = 'recommendation' THEN 0
                         WHEN q.question_type = 'scale' THEN q.scale_min
                         WHEN q.question_type = 'numerical_box' THEN n.low
                         ELSE a.low END)::float8 AS low,
                   (CASE WHEN q.customer_feedback_kind = 'recommendation' THEN 10
                         WHEN q.question_type = 'scale' THEN q.scale_max
                         WHEN q.question_type = 'numerical_box' THEN n.high
                         ELSE a.high END)::float8 AS high
              FROM survey_question q
              LEFT JOIN (VALUES %(numbers)s) n(scale, low, high)
                ON n.scale = q.customer_feedback_scale
              LEFT JOIN LATERAL (
                    SELECT min(a.answer_score) AS low, max(a.answer_score) AS high
                      FROM survey_question_answer a
                     WHERE a.question_id = q.id) a ON TRUE
             WHERE q.customer_feedback_kind IS NOT NULL
            """,
            numbers=SQL(", ").join(
                SQL("(%s, %s, %s)", scale, *ends) for scale, ends in SCALES.items()
            ),
        )
