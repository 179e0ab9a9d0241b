from odoo import api, models
from odoo.tools import SQL


class ClassificationSourceCredit(models.AbstractModel):
    """Leave out credit notes of refunds that the point of sale counts.

    By the lines that they take back.
    """

    _inherit = "classification.source.credit"

    @api.model
    def _credit_query(self, policy, scope):
        query = super()._credit_query(policy, scope)
        if not policy.count_point_of_sale:
            return query
        counted = SQL("TRUE")
        if policy.revenue_source == "invoice":
            counted = SQL(
                "c.move_id IN (SELECT id FROM account_move"
                " WHERE reversed_entry_id IS NULL)"
            )
        return SQL(
            "SELECT c.* FROM (%s) c WHERE NOT (%s AND EXISTS ("
            "SELECT FROM pos_order own WHERE own.account_move = c.move_id))",
            query,
            counted,
        )
