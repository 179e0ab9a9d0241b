from odoo import api, fields, models
from odoo.tools import SQL

from ..run.classification_to_fix import STEP


class ClassificationToFix(models.Model):
    _name = "classification.to.fix"
    _inherit = ["classification.to.fix"]

    kind = fields.Selection(
        selection_add=[("playbook", "Playbook"), ("task", "Step of a Case")]
    )

    @api.model
    def _queries(self):
        return [
            *super()._queries(),
            self._error_query(8, "playbook", "customer.playbook"),
            self._task_query(9),
        ]

    @api.model
    def _task_query(self, place):
        """Return SQL of the steps that failed, which lead to their cases."""
        return SQL(
            """
            SELECT t.id * %(step)s + %(place)s AS id, 'task' AS kind,
                   'customer.playbook.case' AS res_model, t.case_id AS res_id,
                   t.partner_id, NULL::integer AS product_tmpl_id,
                   NULL::integer AS campaign_id, t.company_id, k.responsible_id
                   AS user_id, NULL::varchar AS reason_code, t.error_reason,
                   NULL::integer AS document_count, t.write_date AS since
              FROM customer_playbook_task t
              JOIN customer_playbook k ON k.id = t.playbook_id
             WHERE t.state = 'failed'
            """,
            step=STEP,
            place=place,
        )
