from odoo import api, models
from odoo.tools import SQL

from ...copy_frames import TOO_LARGE, is_usable, usable_float

# Units with their factor to the reference unit; NaN for unusable ones.
UNITS = SQL(
    "(SELECT id, CASE WHEN factor > 0 AND factor <= %s THEN factor::float8"
    " ELSE 'NaN' END AS factor FROM uom_uom)",
    TOO_LARGE,
)


class ClassificationSource(models.AbstractModel):
    """The lines of the documents, to see which products were sold."""

    _name = "classification.source"
    _inherit = ["classification.source"]

    @api.model
    def _sold_queries(self, policy, scope, period):
        """Return the selects of sold lines, one row a line with a product.

        A list of :class:`SQL` of ``(product_id integer, day date, period integer,
        amount float8, quantity float8, cost float8, partner_id integer)``.

        ``amount`` is as in :meth:`_purchase_queries`; ``quantity`` is in the reference
        unit of the line's own unit; both are negative for returns, and NaN for unusable
        numbers. ``cost`` is NULL if the document lacks it. Notes, sections and down
        payments are left out.

        :param period: function from the SQL of a day to that of its period; to be
            called where it is cheap, once a document
        """
        return []

    @api.model
    def _sold_changed_queries(self, policy, scope, since):
        """Return the selects of ``product_id`` on changed documents.

        Variants on documents that were written since a moment, or came into force by
        their date since a day.

        :param since: a :class:`Since`
        """
        return []


class ClassificationSourceSale(models.AbstractModel):
    """The lines of orders, and of the credit notes that take away from them."""

    _name = "classification.source.sale"
    _inherit = ["classification.source.sale"]

    @api.model
    def _sold_queries(self, policy, scope, period):
        if policy.revenue_source != "sale":
            return []
        queries = [self._order_line_query(policy, scope, period)]
        if policy.subtract_credit_notes:
            credit = self.env["classification.source.credit"]
            queries.append(credit._line_query(policy, scope, period))
        return queries

    @api.model
    def _sold_changed_queries(self, policy, scope, since):
        if policy.revenue_source != "sale":
            return []
        reasons = (
            SQL("o.write_date >= %s", since.written),
            scope.came_after(SQL("o.date_order"), since.day),
            scope.rate_changed(SQL("o.currency_id"), SQL("o.date_order::date"), since),
        )
        queries = [
            SQL(
                "SELECT l.product_id FROM sale_order o"
                " JOIN sale_order_line l ON l.order_id = o.id"
                " WHERE o.company_id = %s AND %s",
                scope.company_id,
                reason,
            )
            for reason in reasons
        ]
        invoice = self.env["classification.source.invoice"]
        return queries + invoice._changed_line_queries(policy, scope, since)

    @api.model
    def _order_line_query(self, policy, scope, period):
        """Return SQL of the order lines.

        Of all products, ``OFFSET 0`` has the days worked out once an order, before the
        join; of some, their lines lead to the orders.
        """
        day = scope.day(SQL("o.date_order"))
        return SQL(
            """
            SELECT l.product_id, o.day, o.period,
                   %(amount)s AS amount,
                   %(quantity)s * COALESCE(u.factor, 1) AS quantity,
                   %(cost)s AS cost, o.partner_id
              FROM (SELECT o.id, o.partner_id, %(day)s AS day, %(period)s AS period,
                           %(rate)s AS rate
                      FROM sale_order o
                     WHERE o.state = 'sale' AND o.company_id = %(company)s
                       AND %(until)s AND %(matching)s AND %(buyers)s
                    %(before_join)s) o
              JOIN sale_order_line l ON l.order_id = o.id
              LEFT JOIN %(units)s u ON u.id = l.product_uom_id
             WHERE %(is_sold)s AND l.product_id IS NOT NULL AND %(variants)s
            """,
            amount=usable_float(_at_rate(SQL("l.price_subtotal"), scope)),
            is_sold=self._is_sold(SQL("l")),
            rate=scope.foreign_factor(SQL("o.currency_id"), SQL("o.date_order::date")),
            quantity=SQL("(%s)", usable_float(SQL("l.product_uom_qty"))),
            cost=self._line_cost(scope),
            day=day,
            period=period(day),
            company=scope.company_id,
            until=scope.until(SQL("o.date_order")),
            matching=self._matching(policy, scope),
            buyers=scope.buyers(SQL("o.partner_id")),
            before_join=_before_join(scope),
            variants=scope.variants(SQL("l.product_id")),
            units=UNITS,
        )

    @api.model
    def _line_cost(self, scope):
        """Return the SQL of a line's cost, NULL for an unusable one.

        No cost is known without ``sale_margin``.
        """
        if "margin" not in self.env["sale.order.line"]._fields:
            return SQL("NULL::float8")
        cost = _at_rate(SQL("(l.price_subtotal - l.margin::numeric)"), scope)
        return SQL("CASE WHEN %s THEN (%s)::float8 END", is_usable(cost), cost)


class ClassificationSourceInvoice(models.AbstractModel):
    """The lines of invoices and credit notes."""

    _name = "classification.source.invoice"
    _inherit = ["classification.source.invoice"]

    @api.model
    def _sold_queries(self, policy, scope, period):
        if policy.revenue_source != "invoice":
            return []
        credit = self.env["classification.source.credit"]
        return [
            self._move_line_query(policy, scope, period),
            credit._line_query(policy, scope, period),
        ]

    @api.model
    def _sold_changed_queries(self, policy, scope, since):
        if policy.revenue_source != "invoice":
            return []
        return self._changed_line_queries(policy, scope, since)

    @api.model
    def _changed_line_queries(self, policy, scope, since):
        """Return the selects of variants on changed invoices and credit notes.

        Also on credit notes whose original document changed.
        """
        if not self._counted_types(policy):
            return []
        reasons = (
            SQL("m.write_date >= %s", since.written),
            SQL(
                "m.invoice_date > %s AND m.invoice_date <= %s",
                since.day,
                scope.as_of_date,
            ),
            scope.rate_changed(SQL("m.currency_id"), SQL("m.invoice_date"), since),
        )
        moves = [
            SQL(
                "SELECT m.id FROM account_move m WHERE m.company_id = %s AND %s"
                " AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')",
                scope.company_id,
                reason,
            )
            for reason in reasons
        ]
        credit = self.env["classification.source.credit"]
        moves += credit._changed_queries(scope, since, SQL("m.id"))
        return [
            SQL(
                "SELECT l.product_id FROM account_move_line l WHERE l.move_id IN (%s)",
                query,
            )
            for query in moves
        ]

    @api.model
    def _move_line_query(self, policy, scope, period):
        """Return SQL of the move lines.

        ``balance`` is in company currency, negative for sales.
        """
        return SQL(
            """
            SELECT l.product_id, m.day, m.period, -%(amount)s AS amount,
                   %(quantity)s * COALESCE(u.factor, 1) AS quantity,
                   NULL::float8 AS cost, m.partner_id
              FROM (SELECT m.id, m.partner_id, m.invoice_date AS day,
                           %(period)s AS period, %(rate)s AS rate
                      FROM account_move m
                     WHERE m.move_type IN ('out_invoice', 'out_receipt')
                       AND m.state = 'posted' AND m.company_id = %(company)s
                       AND m.invoice_date <= %(as_of_date)s
                       AND NOT %(undoes)s AND %(matching)s AND %(buyers)s
                    %(before_join)s) m
              JOIN account_move_line l ON l.move_id = m.id
              LEFT JOIN %(units)s u ON u.id = l.product_uom_id
             WHERE %(is_invoiced)s AND l.product_id IS NOT NULL AND %(variants)s
            """,
            amount=SQL("(%s)", usable_float(self._line_amount(scope, SQL("m")))),
            quantity=SQL("(%s)", usable_float(SQL("l.quantity"))),
            is_invoiced=self._is_invoiced(SQL("l")),
            rate=scope.foreign_factor(SQL("m.currency_id"), SQL("m.invoice_date")),
            period=period(SQL("m.invoice_date")),
            company=scope.company_id,
            as_of_date=scope.as_of_date,
            undoes=self.env["classification.source.credit"]._undoes(SQL("m")),
            matching=self._matching(policy, scope),
            buyers=scope.buyers(SQL("m.partner_id")),
            before_join=_before_join(scope),
            variants=scope.variants(SQL("l.product_id")),
            units=UNITS,
        )

    @api.model
    def _line_amount(self, scope, document):
        """Return SQL of a line's balance: as booked, or at its document's rate.

        :param document: SQL of the alias of the record with the rate
        """
        return SQL(
            "CASE WHEN %(document)s.rate IS NULL THEN l.balance ELSE %(foreign)s END",
            document=document,
            foreign=scope.converted(SQL("l.amount_currency"), SQL("%s.rate", document)),
        )


class ClassificationSourceCredit(models.AbstractModel):
    """Lines of credit notes, as far as they take back counted sales."""

    _name = "classification.source.credit"
    _inherit = ["classification.source.credit"]

    @api.model
    def _line_query(self, policy, scope, period):
        """``OFFSET 0`` has the rates looked up once a line, not once a use."""
        invoice = self.env["classification.source.invoice"]
        return SQL(
            """
            SELECT l.product_id, t.day, %(period)s AS period, -%(amount)s * t.share,
                   -%(quantity)s * COALESCE(u.factor, 1) * t.share,
                   NULL::float8 AS cost, t.partner_id
              FROM (SELECT t.line_id, t.partner_id, t.share::float8 AS share,
                           %(rate)s AS rate,
                           GREATEST(m.invoice_date, t.day) AS day
                      FROM (%(taken)s) t
                      JOIN account_move m ON m.id = t.move_id
                     WHERE t.share > 0 AND %(buyers)s
                    OFFSET 0) t
              JOIN account_move_line l ON l.id = t.line_id
              LEFT JOIN %(units)s u ON u.id = l.product_uom_id
             WHERE l.product_id IS NOT NULL AND %(variants)s
            """,
            variants=scope.variants(SQL("l.product_id")),
            buyers=scope.buyers(SQL("t.partner_id")),
            amount=SQL("(%s)", usable_float(invoice._line_amount(scope, SQL("t")))),
            quantity=SQL("(%s)", usable_float(SQL("l.quantity"))),
            rate=scope.foreign_factor(SQL("m.currency_id"), SQL("m.invoice_date")),
            period=period(SQL("t.day")),
            taken=self._taken_back(policy, scope),
            units=UNITS,
        )


def _before_join(scope):
    """Return SQL that has documents worked out before their lines are joined."""
    return SQL("OFFSET 0") if scope.variant_ids is None else SQL()


def _at_rate(amount, scope):
    """Return SQL of an order's amount by its ``rate``, NULL without one."""
    return SQL(
        "CASE WHEN o.rate IS NULL THEN %s ELSE %s END",
        amount,
        scope.converted(amount, SQL("o.rate")),
    )
