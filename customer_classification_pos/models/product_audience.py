from odoo import models
from odoo.tools import SQL

from odoo.addons.customer_classification.models.common.exchange_rates import (
    at_rate_of_company,
)

from .classification_source_pos import COUNTED_STATES, LINE_AMOUNT


class ProductAudience(models.Model):
    """Buyers of a product at the counter, beside those who ordered it."""

    _inherit = "product.audience"

    def _line_queries(self):
        return [*super()._line_queries(), self._counter_lines()]

    def _counter_lines(self):
        """Return the SQL of the lines of counter sales.

        Without what settles a sales order, and without orders that have an invoice
        where invoices count. A refund counts with its sign.
        """
        return SQL(
            """
            SELECT l.product_id, o.company_id, o.partner_id, %(amount)s AS amount,
                   l.qty AS quantity,
                   (o.date_order AT TIME ZONE 'UTC' AT TIME ZONE w.tz)::date AS day
              FROM pos_order_line l
              JOIN pos_order o ON o.id = l.order_id
              JOIN pos_config g ON g.id = o.config_id
              JOIN res_company company ON company.id = o.company_id
              JOIN (%(windows)s) w ON w.company_id = o.company_id
             WHERE w.count_point_of_sale AND o.state = ANY(%(states)s)
               AND o.partner_id IS NOT NULL
               AND o.date_order >= w.first_day AND o.date_order < w.last_day + 1
               AND (w.revenue_source = 'sale' OR NOT EXISTS (
                    SELECT FROM account_move m
                     WHERE m.id = o.account_move AND m.state = 'posted'))
               AND %(is_own)s
            """,
            amount=at_rate_of_company(
                LINE_AMOUNT,
                LINE_AMOUNT,
                SQL("g.currency_id"),
                SQL("o.date_order::date"),
            ),
            states=list(COUNTED_STATES),
            windows=self._windows(),
            is_own=self._is_counter_sale(),
        )

    def _is_counter_sale(self):
        """SQL that keeps the lines ``l`` that are no part of a sales order."""
        if "sale_order_origin_id" not in self.env["pos.order.line"]._fields:
            return SQL("TRUE")
        source = self.env["classification.source.pos"]
        return SQL(
            "(l.sale_order_origin_id IS NULL OR l.refunded_orderline_id IS NOT NULL"
            " OR w.revenue_source = 'invoice') AND NOT %s",
            source._is_down_payment(SQL("l")),
        )
