from odoo import api, fields, models
from odoo.tools import SQL

from ..run.classification_to_fix import STEP


class ClassificationToFix(models.Model):
    _inherit = "classification.to.fix"

    kind = fields.Selection(selection_add=[("event", "Change to Pass On")])

    @api.model
    def _queries(self):
        return [*super()._queries(), self._event_query(7)]

    @api.model
    def _event_query(self, place):
        """Return the changes that could not be passed on."""
        return SQL(
            """
            SELECT e.id * %(step)s + %(place)s AS id, 'event' AS kind,
                   'classification.event' AS res_model, e.id AS res_id, e.partner_id,
                   e.product_tmpl_id, e.campaign_id, e.company_id,
                   NULL::integer AS user_id,
                   NULL::varchar AS reason_code, e.error_reason,
                   NULL::integer AS document_count, e.create_date AS since
              FROM classification_event e
             WHERE e.error_reason IS NOT NULL
            """,
            step=STEP,
            place=place,
        )
