from odoo import api, models
from odoo.tools import SQL


class ClassificationSource(models.AbstractModel):
    """Down payments at the counter are no sale on their invoice either."""

    _inherit = "classification.source"

    @api.model
    def _is_prepaid_move_line(self, line):
        is_prepaid = super()._is_prepaid_move_line(line)
        if "down_payment_product_id" not in self.env["pos.config"]._fields:
            return is_prepaid
        return SQL(
            "(%s OR %s.product_id IN (SELECT down_payment_product_id FROM pos_config"
            " WHERE down_payment_product_id IS NOT NULL))",
            is_prepaid,
            line,
        )
