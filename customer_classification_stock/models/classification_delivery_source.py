from odoo import api, fields, models
from odoo.tools import SQL

# Whose goods went to a customer, or came back from one. Days are those of the company.
_MOVES = """
    SELECT o.partner_id, o.company_id, o.id AS order_id, m.sale_line_id AS line_id,
           %(due)s AS due,
           CASE WHEN m.state = 'done' THEN %(done)s END AS done,
           s.usage = 'customer' AS is_return, m.picking_id
      FROM sale_order o
      JOIN sale_order_line l ON l.order_id = o.id
      JOIN stock_move m ON m.sale_line_id = l.id
      JOIN stock_location s ON s.id = m.location_id
      JOIN stock_location d ON d.id = m.location_dest_id
      LEFT JOIN classification_policy z
        ON z.company_id = o.company_id AND z.state = 'published'
     WHERE (s.usage = 'customer') <> (d.usage = 'customer')
       AND m.state NOT IN ('draft', 'cancel')
       AND (m.state <> 'done' OR m.quantity > 0) AND %(among)s
"""
# The first day on which an order was late, by customer and company.
_LATE = """
    SELECT v.partner_id, v.company_id, min(v.due) + 1 AS day, v.order_id
      FROM (%(moves)s) v
     WHERE NOT v.is_return AND v.due < COALESCE(v.done, %(today)s)
     GROUP BY v.partner_id, v.company_id, v.order_id
"""


class ClassificationDeliverySource(models.AbstractModel):
    """Goods that go to customers and come back, by lines of their orders.

    A delivery is promised for the deadline of its transfer: the delivery date of the
    order, else what Odoo finds by the lead times. A promise that is moved before the
    goods leave is the new promise; one that is moved afterwards changes nothing.
    """

    _name = "classification.delivery.source"
    _description = "Source of Deliveries and Returns"

    @api.model
    def _moves(self, contact_ids=None):
        """Return the select of moves, one row each.

        ``(partner_id, company_id, order_id, line_id, due date, done date, is_return
        boolean, picking_id)``; ``done`` is NULL until the goods moved,
        ``due`` where nothing was promised. Cancelled moves are left out.

        :param contact_ids: ids of the contacts on the orders, or None for all
        """
        for name in (
            *("sale.order", "sale.order.line", "stock.move", "stock.location"),
            "classification.policy",
        ):
            self.env[name].flush_model()
        among = SQL("TRUE")
        if contact_ids is not None:
            among = SQL("o.partner_id = ANY(%s)", contact_ids)
        return SQL(
            _MOVES,
            due=_day("COALESCE(m.date_deadline, o.commitment_date)"),
            done=_day("m.date"),
            among=among,
        )

    @api.model
    def _late_query(self, contact_ids):
        """Return the select of late orders: contact, company, day and order."""
        today = fields.Date.context_today(self)
        return SQL(_LATE, moves=self._moves(contact_ids), today=today)

    @api.model
    def _return_query(self, contact_ids):
        """Return the select of returns: contact, company, day and transfer."""
        return SQL(
            "SELECT v.partner_id, v.company_id, v.done AS day, v.picking_id"
            " FROM (%s) v WHERE v.is_return AND v.done IS NOT NULL"
            " AND v.picking_id IS NOT NULL",
            self._moves(contact_ids),
        )


def _day(moment):
    """Return SQL of the day of a moment, by the time zone of the rules."""
    return SQL(
        "timezone(COALESCE(z.tz, 'UTC'), timezone(INTERVAL '0', %s))::date", SQL(moment)
    )
