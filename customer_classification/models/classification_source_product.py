from odoo import api, models
from odoo.tools import SQL

from ..copy_frames import TOO_LARGE, is_usable, usable_float

# Units with what they are of their reference; NaN where that cannot be reckoned with.
UNITS = SQL(
    "(SELECT id, CASE WHEN factor > 0 AND factor <= %s THEN factor::float8"
    " ELSE 'NaN' END AS factor FROM uom_uom)",
    TOO_LARGE,
)


class ClassificationSource(models.AbstractModel):
    """The lines of the documents, to see which products were sold."""

    # pylint: disable-next=consider-merging-classes-inherited
    _inherit = "classification.source"

    @api.model
    def _sold_queries(self, policy, scope, period):
        """Return a list of :class:`SQL` selects of ``(product_id integer, day date,
        period integer, amount float8, quantity float8, cost float8)``, one row a line
        with a product.

        ``amount`` is as in :meth:`_purchase_queries`; ``quantity`` is in the reference
        unit of the line's own unit; both are negative for what is given back, and NaN
        where they are no numbers to reckon with. ``cost``
        is NULL where the document does not know it. Notes, sections and down payments
        are left out.

        :param period: function from the SQL of a day to that of its period; to be
            called where it is cheap, once a document
        """
        return []


class ClassificationSourceSale(models.AbstractModel):
    """The lines of orders, and of the credit notes that take away from them."""

    # pylint: disable-next=consider-merging-classes-inherited
    _inherit = "classification.source.sale"

    @api.model
    def _sold_queries(self, policy, scope, period):
        if policy.revenue_source != "sale":
            return []
        queries = [self._order_line_query(policy, scope, period)]
        if policy.subtract_credit_notes:
            invoice = self.env["classification.source.invoice"]
            queries.append(
                invoice._move_line_query(policy, scope, period, ["out_refund"])
            )
        return queries

    @api.model
    def _order_line_query(self, policy, scope, period):
        """``OFFSET 0`` has the days worked out once an order, before the join."""
        day = scope.day(SQL("o.date_order"))
        return SQL(
            """
            SELECT l.product_id, o.day, o.period,
                   CASE WHEN o.is_bad THEN 'NaN' ELSE %(amount)s END AS amount,
                   %(quantity)s * COALESCE(u.factor, 1) AS quantity,
                   %(cost)s AS cost
              FROM (SELECT o.id, o.currency_rate, %(day)s AS day, %(period)s AS period,
                           %(is_bad)s AS is_bad
                      FROM sale_order o
                     WHERE o.state = 'sale' AND o.company_id = %(company)s
                       AND %(until)s AND %(matching)s
                    OFFSET 0) o
              JOIN sale_order_line l ON l.order_id = o.id
              LEFT JOIN %(units)s u ON u.id = l.product_uom_id
             WHERE l.display_type IS NULL AND l.is_downpayment IS NOT TRUE
               AND l.product_id IS NOT NULL
            """,
            amount=usable_float(self._company_amount(SQL("l.price_subtotal"), scope)),
            quantity=SQL("(%s)", usable_float(SQL("l.product_uom_qty"))),
            cost=self._line_cost(scope),
            is_bad=_any(self._rate_problems(policy, scope)),
            day=day,
            period=period(day),
            company=scope.company_id,
            until=scope.until(SQL("o.date_order")),
            matching=self._matching(policy, scope),
            units=UNITS,
        )

    @api.model
    def _line_cost(self, scope):
        """SQL of a line's cost, NULL where it is no number; no cost is known before
        ``sale_margin``."""
        if "margin" not in self.env["sale.order.line"]._fields:
            return SQL("NULL::float8")
        cost = self._company_amount(
            SQL("(l.price_subtotal - l.margin::numeric)"), scope
        )
        return SQL("CASE WHEN %s THEN (%s)::float8 END", is_usable(cost), cost)


class ClassificationSourceInvoice(models.AbstractModel):
    """The lines of invoices and credit notes."""

    # pylint: disable-next=consider-merging-classes-inherited
    _inherit = "classification.source.invoice"

    @api.model
    def _sold_queries(self, policy, scope, period):
        if policy.revenue_source != "invoice":
            return []
        types = self._counted_types(policy)
        return [self._move_line_query(policy, scope, period, types)]

    @api.model
    def _move_line_query(self, policy, scope, period, move_types):
        """``balance`` is in company currency, negative for what is sold."""
        return SQL(
            """
            SELECT l.product_id, m.day, m.period,
                   CASE WHEN m.is_bad THEN 'NaN' ELSE -%(amount)s END AS amount,
                   %(quantity)s * COALESCE(u.factor, 1) * m.sign AS quantity,
                   NULL::float8 AS cost
              FROM (SELECT m.id, m.invoice_date AS day, %(period)s AS period,
                           %(is_bad)s AS is_bad,
                           CASE m.move_type WHEN 'out_refund' THEN -1 ELSE 1 END AS sign
                      FROM account_move m
                     WHERE m.move_type = ANY(%(move_types)s) AND m.state = 'posted'
                       AND m.company_id = %(company)s
                       AND m.invoice_date <= %(as_of_date)s AND %(matching)s
                    OFFSET 0) m
              JOIN account_move_line l ON l.move_id = m.id
              LEFT JOIN %(units)s u ON u.id = l.product_uom_id
             WHERE l.display_type = 'product' AND l.is_downpayment IS NOT TRUE
               AND l.product_id IS NOT NULL
            """,
            amount=SQL("(%s)", usable_float(SQL("l.balance"))),
            quantity=SQL("(%s)", usable_float(SQL("l.quantity"))),
            is_bad=_any(self._rate_problems(policy, scope)),
            period=period(SQL("m.invoice_date")),
            move_types=move_types,
            company=scope.company_id,
            as_of_date=scope.as_of_date,
            matching=self._matching(policy, scope),
            units=UNITS,
        )


def _any(conditions):
    """SQL of whether one of ``{reason: SQL}`` holds."""
    parts = [SQL("COALESCE(%s, FALSE)", condition) for condition in conditions.values()]
    return SQL(" OR ").join(parts)
