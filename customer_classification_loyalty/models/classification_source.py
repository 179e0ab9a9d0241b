from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

# Kinds of programs of which a reward pays.
PAYMENTS = ("gift_card", "ewallet", "loyalty")
# Order lines that pay with earlier purchases or points: gift cards, e-wallets and
# loyalty points. Discounts of promotions and coupons remain discounts.
PAYING = SQL(
    """
    SELECT l.id
      FROM loyalty_program g
      JOIN loyalty_reward w ON w.program_id = g.id
      JOIN sale_order_line l ON l.reward_id = w.id
     WHERE g.program_type IN ('gift_card', 'ewallet')
        OR g.program_type = 'loyalty' AND w.reward_type = 'discount'
    """
)
# Order lines that buy a gift card or fill an e-wallet: money paid in advance.
PREPAYING = SQL(
    """
    SELECT l.id
      FROM loyalty_program g
      JOIN loyalty_rule u ON u.program_id = g.id
      JOIN loyalty_rule_product_product_rel t ON t.loyalty_rule_id = u.id
      JOIN sale_order_line l ON l.product_id = t.product_product_id
     WHERE g.program_type IN ('gift_card', 'ewallet') AND l.reward_id IS NULL
    """
)
EITHER = SQL("%s UNION %s", PAYING, PREPAYING)


class ClassificationSource(models.AbstractModel):
    """Purchases paid with a gift card, an e-wallet or points count.

    The card itself is a prepayment; it counts when it is spent.
    """

    _inherit = "classification.source"

    @api.model
    def _is_prepaid_order_line(self, line):
        return SQL(
            "(%s OR %s.id IN (%s))", super()._is_prepaid_order_line(line), line, EITHER
        )

    @api.model
    def _is_prepaid_move_line(self, line):
        return SQL(
            "(%s OR %s.id IN (SELECT r.invoice_line_id"
            " FROM sale_order_line_invoice_rel r"
            " JOIN (%s) paid ON paid.id = r.order_line_id))",
            super()._is_prepaid_move_line(line),
            line,
            EITHER,
        )


class ClassificationSourceSale(models.AbstractModel):
    """The amount of an order without the lines that pay."""

    _inherit = "classification.source.sale"

    @api.model
    def _order_amount(self):
        return SQL("(%s - COALESCE(prepaid.amount, 0))", super()._order_amount())

    @api.model
    def _bought_orders(self):
        """Extend with orders paid in full by cards or points.

        Odoo values such orders at nothing.
        """
        paid = Domain("order_line.reward_id.program_id.program_type", "in", PAYMENTS)
        return super()._bought_orders() | paid

    @api.model
    def _order_joins(self):
        return SQL(
            """
            %s LEFT JOIN (WITH paid AS MATERIALIZED (
                              SELECT l.order_id, sum(l.price_subtotal) AS amount
                                FROM (%s) paid
                                JOIN sale_order_line l ON l.id = paid.id
                               GROUP BY l.order_id)
                          SELECT * FROM paid) prepaid ON prepaid.order_id = o.id
            """,
            super()._order_joins(),
            EITHER,
        )
