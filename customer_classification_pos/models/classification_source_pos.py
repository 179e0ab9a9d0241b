from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.customer_classification.copy_frames import is_usable, usable_float
from odoo.addons.customer_classification.models.product.classification_source import (
    UNITS,
)
from odoo.addons.customer_classification.models.source.classification_source import (
    DocumentKind,
)

COUNTED_STATES = ("paid", "done")
# As for sales orders: the day by which Odoo works out the rate that it stores.
_RATE_DAY = SQL("o.date_order::date")
# The till of Odoo 19 stores the lines of a refund without a sign, its server with one.
LINE_AMOUNT = SQL(
    "CASE WHEN (l.qty < 0) <> (l.price_unit < 0) THEN -abs(l.price_subtotal)"
    " ELSE abs(l.price_subtotal) END"
)
# Lines of the till that pay with a gift card, an e-wallet or points, lines that buy a
# card or fill a wallet, and lines that take either back.
_PREPAID = SQL(
    """
    WITH prepaid AS MATERIALIZED (
    SELECT l.id
      FROM loyalty_program g
      JOIN loyalty_reward w ON w.program_id = g.id
      JOIN pos_order_line l ON l.reward_id = w.id
     WHERE g.program_type IN ('gift_card', 'ewallet')
        OR g.program_type = 'loyalty' AND w.reward_type = 'discount'
     UNION
    SELECT l.id
      FROM loyalty_program g
      JOIN loyalty_rule u ON u.program_id = g.id
      JOIN loyalty_rule_product_product_rel t ON t.loyalty_rule_id = u.id
      JOIN pos_order_line l ON l.product_id = t.product_product_id
     WHERE g.program_type IN ('gift_card', 'ewallet') AND l.reward_id IS NULL)
    SELECT id FROM prepaid
     UNION ALL
    SELECT l.id FROM pos_order_line l
      JOIN prepaid p ON p.id = l.refunded_orderline_id
    """
)


class ClassificationSourcePos(models.AbstractModel):
    """Paid orders of the point of sale, each sale once.

    Beside sales orders, a line that settles one of them adds nothing: the sales order
    has counted. Beside invoices, an order whose invoice counts adds nothing. Down
    payments are never a sale. Gift cards, e-wallets and points of loyalty pay: what was
    bought with them counts, and the card that was bought does not.

    A refund takes back what counted: of lines of an order without a customer it takes
    nothing. Of what was given back without its order nobody knows whether it counted;
    the policy says so of credit notes and of refunds alike.

    *How it works*: the few lines that do not count are found by the partial indexes on
    refunded lines and on those of sales orders; orders and lines are scanned once.
    """

    _name = "classification.source.pos"
    _inherit = "classification.source"
    _description = "Purchases from the Point of Sale"
    _channel = "counter"

    @api.model
    def _purchase_queries(self, policy, scope):
        if not policy.count_point_of_sale:
            return []
        return [
            self._order_query(policy, scope),
            *self._credit_note_queries(policy, scope),
        ]

    @api.model
    def _order_query(self, policy, scope):
        """Return the select of orders, by one scan of them and of their lines.

        Orders of which no line counts are left out.
        """
        return SQL(
            """
            SELECT o.partner_id, o.day, %(amount)s AS amount,
                   CASE WHEN o.is_costed THEN %(margin)s END AS margin
              FROM (SELECT o.partner_id, o.day, o.rate,
                           sum(%(line_amount)s) AS amount,
                           sum(l.total_cost) AS cost,
                           bool_and(l.is_total_cost_computed IS TRUE) AS is_costed
                      FROM (%(orders)s) o
                      JOIN pos_order_line l ON l.order_id = o.id
                      LEFT JOIN (%(left_out)s) x ON x.id = l.id
                     WHERE x.id IS NULL AND %(is_known)s
                     GROUP BY o.id, o.partner_id, o.day, o.rate) o
            """,
            amount=_at_rate(SQL("o.amount"), scope),
            margin=_at_rate(
                SQL("round(o.amount - o.cost::numeric, %s)", scope.digits), scope
            ),
            line_amount=LINE_AMOUNT,
            is_known=self._is_known(policy),
            orders=self._orders(policy, scope),
            left_out=self._left_out(policy, scope),
        )

    @api.model
    def _orders(self, policy, scope, more=None):
        """Return the select of the orders that count, with ``day`` and ``rate``.

        ``OFFSET 0`` has both computed once an order.

        :param more: SQL of columns beside these
        """
        return SQL(
            """
            SELECT o.id, o.partner_id, %(day)s AS day, %(rate)s AS rate %(more)s
              FROM pos_order o
              JOIN pos_config g ON g.id = o.config_id
             WHERE %(counted)s AND %(until)s AND %(recorded)s AND %(partners)s
            OFFSET 0
            """,
            day=_day(scope),
            rate=scope.foreign_factor(SQL("g.currency_id"), _RATE_DAY),
            more=SQL(", %s", more) if more else SQL(),
            counted=self._is_counted(policy, scope),
            until=_until(scope),
            recorded=scope.recorded(SQL("o.create_date")),
            partners=scope.partners(SQL("o.partner_id")),
        )

    @api.model
    def _is_counted(self, policy, scope):
        """SQL that keeps the orders ``o`` that count, whoever bought and whenever."""
        return SQL(
            "o.state = ANY(%s) AND o.company_id = %s AND NOT %s",
            list(COUNTED_STATES),
            scope.company_id,
            self._has_counted(policy, scope, SQL("o.account_move")),
        )

    @api.model
    def _has_counted(self, policy, scope, move):
        """SQL of whether an order counts by its invoice.

        A credit note that reverses no invoice takes back nothing known: by the lines of
        the order, what it takes back is found.

        :param move: SQL of the id of the invoice
        """
        if policy.revenue_source != "invoice":
            return SQL("FALSE")
        return SQL(
            "EXISTS (SELECT FROM account_move invoice WHERE invoice.id = %s"
            " AND invoice.state = 'posted' AND invoice.invoice_date <= %s"
            " AND (invoice.move_type <> 'out_refund'"
            " OR invoice.reversed_entry_id IS NOT NULL))",
            move,
            scope.as_of_date,
        )

    @api.model
    def _left_out(self, policy, scope):
        """Select of the ids of the lines that do not count, of whomever."""
        queries = self._settled_lines(policy, scope)
        if "reward_id" in self.env["pos.order.line"]._fields:
            queries.append(_PREPAID)
        queries.append(
            SQL(
                """
                SELECT l.id FROM pos_order_line l
                  JOIN pos_order_line taken ON taken.id = l.refunded_orderline_id
                  JOIN pos_order o ON o.id = taken.order_id
                 WHERE l.refunded_orderline_id IS NOT NULL
                   AND l.company_id = %s
                   AND (o.partner_id IS NULL OR o.state <> ALL(%s))
                """,
                scope.company_id,
                list(COUNTED_STATES),
            )
        )
        return SQL(
            "WITH line AS MATERIALIZED (%s) SELECT id FROM line",
            SQL(" UNION ").join(SQL("(%s)", query) for query in queries),
        )

    @api.model
    def _settled_lines(self, policy, scope):
        """Return the selects of lines of a sales order that do not count.

        Down payments and what takes them back, and, where sales orders count, the lines
        that settle one of them.

        A sales order that was cancelled does not count: what was paid for it does.
        """
        if "sale_order_origin_id" not in self.env["pos.order.line"]._fields:
            return []
        values = {
            "is_down_payment": self._is_down_payment(SQL("l")),
            "company": scope.company_id,
        }
        own = SQL(
            """
            SELECT l.id FROM pos_order_line l
              LEFT JOIN sale_order s ON s.id = l.sale_order_origin_id
             WHERE l.sale_order_origin_id IS NOT NULL AND l.company_id = %(company)s
               AND (%(is_down_payment)s OR l.refunded_orderline_id IS NULL
                    AND s.state = 'sale' AND s.company_id = l.company_id AND %(by)s)
            """,
            by=policy.revenue_source == "sale",
            **values,
        )
        taken = SQL(
            """
            SELECT l.id FROM pos_order_line l
             WHERE l.refunded_orderline_id IS NOT NULL AND l.company_id = %(company)s
               AND %(is_down_payment)s
            """,
            **values,
        )
        return [own, taken]

    @api.model
    def _is_down_payment(self, line):
        """SQL of whether a line is a down payment, or deducts one."""
        return SQL(
            "(%(line)s.product_id IN (SELECT down_payment_product_id FROM pos_config"
            " WHERE down_payment_product_id IS NOT NULL)"
            " OR %(line)s.sale_order_line_id IN ("
            " SELECT id FROM sale_order_line WHERE is_downpayment))",
            line=line,
        )

    @api.model
    def _is_known(self, policy):
        """Return the SQL of lines ``l`` of which the policy knows the status.

        Refunds of unknown orders are left out, unless they count all the same.
        """
        if policy.subtract_unlinked_credit_notes:
            return SQL("TRUE")
        is_settled = SQL("FALSE")
        if "sale_order_origin_id" in self.env["pos.order.line"]._fields:
            is_settled = SQL("l.sale_order_origin_id IS NOT NULL")
        return SQL(
            "(l.qty >= 0 OR l.price_unit <= 0 OR l.refunded_orderline_id IS NOT NULL"
            " OR %s)",
            is_settled,
        )

    @api.model
    def _reference_queries(self, policy, scope):
        """Return the names of orders, and the numbers of receipt and invoice."""
        if not policy.count_point_of_sale:
            return []
        return [
            SQL(
                "SELECT o.partner_id, %s AS reference FROM pos_order o"
                " LEFT JOIN account_move m ON m.id = o.account_move"
                " WHERE %s AND %s AND %s",
                reference,
                self._is_counted(policy, scope),
                _until(scope),
                scope.partners(SQL("o.partner_id")),
            )
            for reference in (SQL("o.name"), SQL("o.pos_reference"), SQL("m.name"))
        ]

    # What accountants give back of an invoice of the point of sale

    @api.model
    def _credit_note_queries(self, policy, scope):
        """Return posted credit notes of invoiced counter sales.

        Beside sales orders only, and without those of a refund at the counter, which
        has counted. Beside invoices they count with these.
        """
        if not self._counts_credit_notes(policy):
            return []
        invoice = self.env["classification.source.invoice"]
        return [
            SQL(
                """
                SELECT m.partner_id, GREATEST(m.invoice_date, %(sold)s) AS day,
                       %(amount)s AS amount, NULL::numeric AS margin
                  FROM account_move m
                  JOIN (%(orders)s) o ON o.account_move = m.reversed_entry_id
                 WHERE %(is_credit_note)s AND m.invoice_date <= %(as_of_date)s
                   AND %(partners)s
                """,
                sold=_day(scope),
                amount=invoice._company_amount(
                    scope,
                    SQL("m.amount_untaxed_signed"),
                    SQL("m.amount_untaxed_in_currency_signed"),
                ),
                orders=self._invoiced_orders(scope),
                is_credit_note=self._is_credit_note(scope),
                as_of_date=scope.as_of_date,
                partners=scope.partners(SQL("m.partner_id")),
            )
        ]

    @api.model
    def _counts_credit_notes(self, policy):
        return (
            policy.count_point_of_sale
            and policy.revenue_source == "sale"
            and policy.subtract_credit_notes
        )

    @api.model
    def _invoiced_orders(self, scope):
        """Select of invoices with the first moment of what was sold by them."""
        return SQL(
            "SELECT account_move, min(date_order) AS date_order FROM pos_order"
            " WHERE account_move IS NOT NULL AND partner_id IS NOT NULL"
            " AND state = ANY(%s) AND company_id = %s GROUP BY account_move",
            list(COUNTED_STATES),
            scope.company_id,
        )

    @api.model
    def _is_credit_note(self, scope):
        """Return the SQL of credit notes ``m`` without a counter refund."""
        return SQL(
            "m.move_type = 'out_refund' AND m.state = 'posted' AND m.company_id = %s"
            " AND NOT EXISTS (SELECT FROM pos_order own WHERE own.account_move = m.id)",
            scope.company_id,
        )

    # Who changed

    @api.model
    def _changed_queries(self, policy, scope, since):
        if not policy.count_point_of_sale:
            return []
        orders = [
            SQL(
                "SELECT o.partner_id FROM pos_order o JOIN pos_config g"
                " ON g.id = o.config_id WHERE o.company_id = %s"
                " AND o.partner_id IS NOT NULL AND %s",
                scope.company_id,
                reason,
            )
            for reason in self._reasons(scope, since)
        ]
        return [*orders, *self._changed_elsewhere(scope, since, SQL("o.partner_id"))]

    @api.model
    def _reasons(self, scope, since):
        """Return the reasons to look at an order ``o`` of a shop ``g`` again."""
        return (
            SQL("o.write_date >= %s", since.written),
            scope.came_after(SQL("o.date_order"), since.day),
            scope.rate_changed(SQL("g.currency_id"), _RATE_DAY, since),
        )

    @api.model
    def _changed_elsewhere(self, scope, since, wanted):
        """Return selects of orders that another changed document decides.

        The order that is taken back, the invoice, a credit note of it, the sales order.

        :param wanted: SQL of what is asked of each order ``o`` and line ``l``
        """
        values = {
            "wanted": wanted,
            "company": scope.company_id,
            "written": since.written,
        }
        statements = [_OF_CHANGED_ORIGINAL, _OF_CHANGED_INVOICE, _OF_CHANGED_CREDIT]
        if "sale_order_origin_id" in self.env["pos.order.line"]._fields:
            statements.append(_OF_CHANGED_SALE)
        return [SQL(statement, **values) for statement in statements]

    @api.model
    def _late_queries(self, policy, scope, since):
        if not policy.count_point_of_sale:
            return []
        day = _day(scope)
        late = [
            SQL(
                "SELECT o.partner_id, %s AS day FROM pos_order o JOIN pos_config g"
                " ON g.id = o.config_id WHERE %s AND o.partner_id IS NOT NULL AND %s",
                day,
                self._is_counted(policy, scope),
                reason,
            )
            for reason in (
                SQL("o.write_date >= %s", since.written),
                scope.rate_changed(SQL("g.currency_id"), _RATE_DAY, since),
            )
        ]
        if self._counts_credit_notes(policy):
            late.append(
                SQL(
                    "SELECT m.partner_id, m.invoice_date FROM account_move m"
                    " JOIN (%s) o ON o.account_move = m.reversed_entry_id"
                    " WHERE %s AND m.write_date >= %s",
                    self._invoiced_orders(scope),
                    self._is_credit_note(scope),
                    since.written,
                )
            )
        return late

    # What cannot be counted

    @api.model
    def _problem_queries(self, policy, scope):
        if not policy.count_point_of_sale:
            return []
        return [
            SQL(
                """
                SELECT o.partner_id, %(reason)s AS reason
                  FROM pos_order o
                  JOIN pos_config g ON g.id = o.config_id
                  LEFT JOIN (SELECT order_id, sum(%(line_amount)s) AS amount
                               FROM pos_order_line l GROUP BY order_id) l
                    ON l.order_id = o.id
                 WHERE %(counted)s AND %(partners)s
                """,
                reason=scope.reason(
                    {
                        **scope.rate_problems(SQL("g.currency_id"), _RATE_DAY),
                        "not_a_number": scope.not_a_number(SQL("l.amount")),
                    }
                ),
                line_amount=LINE_AMOUNT,
                counted=self._is_counted(policy, scope),
                partners=scope.partners(SQL("o.partner_id")),
            )
        ]

    @api.model
    def _misdated_queries(self, policy, scope):
        if not policy.count_point_of_sale:
            return []
        return [
            SQL(
                """
                SELECT o.partner_id, %(reason)s AS reason
                  FROM pos_order o
                 WHERE %(counted)s AND (o.date_order IS NULL OR %(implausible)s)
                   AND %(partners)s
                """,
                reason=scope.reason(
                    {
                        "no_date": SQL("o.date_order IS NULL"),
                        "bad_date": SQL("TRUE"),
                    }
                ),
                counted=self._is_counted(policy, scope),
                implausible=scope.implausible(SQL("o.date_order")),
                partners=scope.partners(SQL("o.partner_id")),
            )
        ]

    # As people open them

    @api.model
    def _document_queries(self, policy, scope, before):
        """Without credit notes, which are no purchases."""
        if not policy.count_point_of_sale:
            return []
        return [
            SQL(
                """
                SELECT NULL::varchar AS channel, %(day)s AS day
                  FROM pos_order o
                 WHERE %(counted)s AND o.amount_total > 0
                   AND %(period)s AND %(partners)s
                """,
                day=_day(scope),
                counted=self._is_counted(policy, scope),
                period=scope.came_after(SQL("o.date_order"), before),
                partners=scope.partners(SQL("o.partner_id")),
            )
        ]

    @api.model
    def _document_kinds(self, policy):
        if not policy.count_point_of_sale:
            return []
        own = Domain("state", "in", COUNTED_STATES)
        own &= Domain("company_id", "=", policy.company_id.id)
        if policy.revenue_source == "invoice":
            own &= Domain("account_move.state", "!=", "posted")
        return [
            DocumentKind(
                model="pos.order",
                name=self.env._("Orders of the Point of Sale"),
                domain=own,
                day="date_order",
                bought=Domain("amount_total", ">", 0),
                view="point_of_sale.view_pos_order_tree",
            )
        ]

    # Lines, for products

    @api.model
    def _sold_queries(self, policy, scope, period):
        if not policy.count_point_of_sale:
            return []
        queries = [self._line_query(policy, scope, period)]
        if self._counts_credit_notes(policy):
            queries.append(self._credit_line_query(scope, period))
        return queries

    @api.model
    def _line_query(self, policy, scope, period):
        """Lines of orders, also of those without a customer: products were sold."""
        day = _day(scope)
        return SQL(
            """
            SELECT l.product_id, o.day, o.period, %(amount)s AS amount,
                   %(quantity)s * COALESCE(u.factor, 1) AS quantity,
                   %(cost)s AS cost, o.partner_id
              FROM (SELECT o.id, o.partner_id, %(day)s AS day, %(rate)s AS rate,
                           %(period)s AS period
                      FROM pos_order o
                      JOIN pos_config g ON g.id = o.config_id
                     WHERE %(counted)s AND %(until)s AND %(holding)s AND %(buyers)s
                    OFFSET 0) o
              JOIN pos_order_line l ON l.order_id = o.id
              LEFT JOIN (%(left_out)s) x ON x.id = l.id
              JOIN product_product p ON p.id = l.product_id
              JOIN product_template t ON t.id = p.product_tmpl_id
              LEFT JOIN %(units)s u ON u.id = t.uom_id
             WHERE x.id IS NULL AND %(is_known)s AND %(variants)s
            """,
            amount=usable_float(_at_rate(LINE_AMOUNT, scope)),
            quantity=SQL("(%s)", usable_float(SQL("l.qty"))),
            cost=_line_cost(scope),
            day=day,
            rate=scope.foreign_factor(SQL("g.currency_id"), _RATE_DAY),
            period=period(day),
            counted=self._is_counted(policy, scope),
            until=_until(scope),
            holding=scope.holding(SQL("o.id"), "pos_order_line", "order_id"),
            buyers=scope.buyers(SQL("o.partner_id")),
            left_out=self._left_out(policy, scope),
            units=UNITS,
            is_known=self._is_known(policy),
            variants=scope.variants(SQL("l.product_id")),
        )

    @api.model
    def _credit_line_query(self, scope, period):
        """Lines of credit notes as of :meth:`_credit_note_queries`."""
        invoice = self.env["classification.source.invoice"]
        return SQL(
            """
            SELECT l.product_id, m.day, %(period)s AS period, -%(amount)s AS amount,
                   -%(quantity)s * COALESCE(u.factor, 1) AS quantity,
                   NULL::float8 AS cost, m.partner_id
              FROM (SELECT m.id, m.partner_id, %(rate)s AS rate,
                           GREATEST(m.invoice_date, %(sold)s) AS day
                      FROM account_move m
                      JOIN (%(orders)s) o ON o.account_move = m.reversed_entry_id
                     WHERE %(is_credit_note)s AND m.invoice_date <= %(as_of_date)s
                       AND %(buyers)s
                    OFFSET 0) m
              JOIN account_move_line l ON l.move_id = m.id
              LEFT JOIN %(units)s u ON u.id = l.product_uom_id
             WHERE %(is_invoiced)s AND l.product_id IS NOT NULL AND %(variants)s
            """,
            period=period(SQL("m.day")),
            amount=SQL("(%s)", usable_float(invoice._line_amount(scope, SQL("m")))),
            quantity=SQL("(%s)", usable_float(SQL("l.quantity"))),
            rate=scope.foreign_factor(SQL("m.currency_id"), SQL("m.invoice_date")),
            sold=_day(scope),
            orders=self._invoiced_orders(scope),
            is_credit_note=self._is_credit_note(scope),
            buyers=scope.buyers(SQL("m.partner_id")),
            as_of_date=scope.as_of_date,
            units=UNITS,
            is_invoiced=self._is_invoiced(SQL("l")),
            variants=scope.variants(SQL("l.product_id")),
        )

    @api.model
    def _sold_changed_queries(self, policy, scope, since):
        if not policy.count_point_of_sale:
            return []
        orders = [
            SQL(
                "SELECT l.product_id FROM pos_order o"
                " JOIN pos_config g ON g.id = o.config_id"
                " JOIN pos_order_line l ON l.order_id = o.id"
                " WHERE o.company_id = %s AND %s",
                scope.company_id,
                reason,
            )
            for reason in self._reasons(scope, since)
        ]
        return [*orders, *self._changed_elsewhere(scope, since, SQL("l.product_id"))]


def _day(scope):
    """Return SQL of the day of an order ``o``."""
    return scope.day(SQL("o.date_order"))


def _until(scope):
    """Return SQL that keeps orders ``o`` up to the end of the as-of day."""
    return scope.until(SQL("o.date_order"))


def _line_cost(scope):
    """Return SQL of the cost of a line ``l``, NULL for an unknown one."""
    cost = _at_rate(SQL("l.total_cost::numeric"), scope)
    return SQL(
        "CASE WHEN l.is_total_cost_computed AND %s THEN (%s)::float8 END",
        is_usable(cost),
        cost,
    )


def _at_rate(amount, scope):
    """SQL of an amount of an order by the order's ``rate``, NULL for none."""
    return SQL(
        "CASE WHEN o.rate IS NULL THEN %s ELSE %s END",
        amount,
        scope.converted(amount, SQL("o.rate")),
    )


_OF_CHANGED_ORIGINAL = """
    SELECT %(wanted)s
      FROM pos_order original
      JOIN pos_order_line taken ON taken.order_id = original.id
      JOIN pos_order_line l ON l.refunded_orderline_id = taken.id
      JOIN pos_order o ON o.id = l.order_id
     WHERE original.company_id = %(company)s AND original.write_date >= %(written)s
       AND o.partner_id IS NOT NULL
"""

_OF_CHANGED_INVOICE = """
    SELECT %(wanted)s
      FROM account_move m
      JOIN pos_order o ON o.account_move = m.id
      JOIN pos_order_line l ON l.order_id = o.id
     WHERE m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
       AND m.company_id = %(company)s AND m.write_date >= %(written)s
       AND o.partner_id IS NOT NULL
"""

_OF_CHANGED_CREDIT = """
    SELECT %(wanted)s
      FROM account_move m
      JOIN pos_order o ON o.account_move = m.reversed_entry_id
      JOIN pos_order_line l ON l.order_id = o.id
     WHERE m.move_type = 'out_refund' AND m.company_id = %(company)s
       AND m.write_date >= %(written)s AND o.partner_id IS NOT NULL
"""

_OF_CHANGED_SALE = """
    SELECT %(wanted)s
      FROM sale_order s
      JOIN pos_order_line l ON l.sale_order_origin_id = s.id
      JOIN pos_order o ON o.id = l.order_id
     WHERE s.company_id = %(company)s AND s.write_date >= %(written)s
       AND o.partner_id IS NOT NULL
"""
