from odoo import api, models
from odoo.tools import SQL

from .classification_source_pos import COUNTED_STATES


class ResPartner(models.Model):
    """A purchase at the counter is a contact, too, and offline."""

    _inherit = "res.partner"

    @api.model
    def _customer_acquisition_queries(self):
        self.env["pos.order"].flush_model(
            ["partner_id", "company_id", "date_order", "state"]
        )
        return [
            *super()._customer_acquisition_queries(),
            SQL(
                """
                SELECT partner_id, NULL::integer, NULL::integer, 'offline',
                       LEAST(create_date, date_order), 3, id
                  FROM pos_order
                 WHERE partner_id IS NOT NULL AND company_id = %s AND state = ANY(%s)
                """,
                self.env.company.id,
                list(COUNTED_STATES),
            ),
        ]
