from odoo import api, fields, models
from odoo.tools import SQL

from ..run.classification_to_fix import STEP

OCCASION_PLACE, CARE_PLACE = 12, 13


class ClassificationToFix(models.Model):
    _name = "classification.to.fix"
    _inherit = ["classification.to.fix"]

    kind = fields.Selection(
        selection_add=[("occasion", "Occasion of Care"), ("care", "Care")]
    )

    @api.model
    def _queries(self):
        return [
            *super()._queries(),
            self._error_query(OCCASION_PLACE, "occasion", "customer.care.occasion"),
            self._care_query(CARE_PLACE),
        ]

    @api.model
    def _care_query(self, place):
        """Return SQL of what could not be done for a customer."""
        return SQL(
            """
            SELECT k.id * %(step)s + %(place)s AS id, 'care' AS kind,
                   'customer.care' AS res_model, k.id AS res_id, k.partner_id,
                   NULL::integer AS product_tmpl_id, NULL::integer AS campaign_id,
                   k.company_id, o.responsible_id AS user_id,
                   NULL::varchar AS reason_code, k.error_reason,
                   NULL::integer AS document_count, k.write_date AS since
              FROM customer_care k JOIN customer_care_occasion o
                ON o.id = k.occasion_id
             WHERE k.state = 'failed'
            """,
            step=STEP,
            place=place,
        )
