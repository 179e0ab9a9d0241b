from odoo import api, models
from odoo.tools import SQL

from odoo.addons.customer_classification.models.common.zones import day_by_rules
from odoo.addons.project.models.project_task import CLOSED_STATES


class ClassificationFeedbackSource(models.AbstractModel):
    """Tasks of chosen projects as complaints.

    Subtasks are part of their task, and templates nobody's. An archived task counts
    where it was closed before.
    """

    _inherit = "classification.feedback.source"

    @api.model
    def _queries(self, now, contact_ids=None):
        among = SQL("t.partner_id IS NOT NULL")
        if contact_ids is not None:
            among = SQL("t.partner_id = ANY(%s)", contact_ids)
        return [*super()._queries(now, contact_ids), self._task_query(now, among)]

    @api.model
    def _task_query(self, now, among):
        """Return the select of tasks.

        The hours to the solution are Odoo's: on the calendar of the project, known
        where the task reached a folded stage. What was cancelled was not solved.
        """
        self.env["project.project"].flush_model()
        self.env["project.task"].flush_model()
        self.env["project.task.type"].flush_model(["fold"])
        return SQL(
            _TASKS,
            closed=list(CLOSED_STATES),
            now=now,
            among=among,
            day=day_by_rules(
                SQL("t.create_date"), SQL("COALESCE(t.company_id, j.company_id)")
            ),
        )

    @api.model
    def _changed_queries(self, since):
        """Add contacts whose tasks, or the project of these, were written since."""
        changed = SQL(
            """
            SELECT t.partner_id FROM project_task t
              JOIN project_project j ON j.id = t.project_id
             WHERE t.partner_id IS NOT NULL
               AND (t.write_date >= %(written)s OR j.write_date >= %(written)s)
            """,
            written=since.written,
        )
        return [*super()._changed_queries(since), changed]


_TASKS = """
    SELECT t.partner_id, t.company_id, t.day, 'complaint', NULL::float8,
           NOT t.is_closed, NOT t.is_closed AND t.is_late,
           CASE WHEN t.is_closed AND t.state <> '1_canceled'
                 AND t.date_end IS NOT NULL
                THEN t.working_hours_close::float8 END,
           'project.task', t.id, NULL::integer
      FROM (SELECT t.id, t.partner_id, t.state, t.date_end, t.active,
                   t.working_hours_close, %(day)s AS day,
                   COALESCE(t.company_id, j.company_id) AS company_id,
                   t.state = ANY(%(closed)s) OR s.fold IS TRUE AS is_closed,
                   COALESCE(t.date_deadline < %(now)s, FALSE) AS is_late
              FROM project_task t
              JOIN project_project j ON j.id = t.project_id
              LEFT JOIN project_task_type s ON s.id = t.stage_id
             WHERE j.customer_has_complaints AND t.parent_id IS NULL
               AND t.is_template IS NOT TRUE AND j.is_template IS NOT TRUE
               AND %(among)s) t
     WHERE t.active OR t.is_closed
"""
