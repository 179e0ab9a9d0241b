from odoo import api, models
from odoo.tools import SQL

# Products that stand for a payment, and those that are paid in advance.
_PREPAID_PRODUCTS = SQL(
    """
    SELECT w.discount_line_product_id
      FROM loyalty_program g
      JOIN loyalty_reward w ON w.program_id = g.id
     WHERE w.discount_line_product_id IS NOT NULL
       AND (g.program_type IN ('gift_card', 'ewallet')
            OR g.program_type = 'loyalty' AND w.reward_type = 'discount')
     UNION
    SELECT t.product_product_id
      FROM loyalty_program g
      JOIN loyalty_rule u ON u.program_id = g.id
      JOIN loyalty_rule_product_product_rel t ON t.loyalty_rule_id = u.id
     WHERE g.program_type IN ('gift_card', 'ewallet')
    """
)


class ClassificationSource(models.AbstractModel):
    """Down payments and gift cards of the counter are no sale on invoices.

    Lines of such an invoice name the product alone.
    """

    _inherit = "classification.source"

    @api.model
    def _is_prepaid_move_line(self, line):
        is_prepaid = super()._is_prepaid_move_line(line)
        if "reward_id" in self.env["pos.order.line"]._fields:
            is_prepaid = SQL(
                "(%s OR %s.product_id IN (%s) AND %s.move_id IN ("
                "SELECT account_move FROM pos_order WHERE account_move IS NOT NULL))",
                *(is_prepaid, line, _PREPAID_PRODUCTS, line),
            )
        if "down_payment_product_id" not in self.env["pos.config"]._fields:
            return is_prepaid
        return SQL(
            "(%s OR %s.product_id IN (SELECT down_payment_product_id FROM pos_config"
            " WHERE down_payment_product_id IS NOT NULL))",
            is_prepaid,
            line,
        )
