from odoo import api, models
from odoo.tools import SQL

# Selected column of a credit note.
_PARTNER = SQL("m.partner_id")
_CREDITED = ("c", "partner_id")


class ClassificationSourceCredit(models.AbstractModel):
    """Credit notes: each takes back only as much as counted before.

    The document that a credit note takes back is found line by line: the sales order of
    the line, else the reversed invoice, else the document named by the origin. A policy
    that counts orders checks if that order counts, one that counts invoices if that
    invoice does. The policy decides if a credit note that takes back nothing known
    counts. It counts on its own day, or on the day of the document that it takes back
    if that is later.

    Where orders count, it is taken from the customer of the order, also where another
    one was invoiced.

    An invoice that reverses a credit note is not a sale: from its day on, the credit
    note takes back that much less. A credit note that reverses such an invoice takes
    back the same as the first one, and so on along the whole chain of reversals.

    *How it works*: each query begins with the credit notes, which are few among all
    documents and have an index of their own, and joins from there. Each step is worked
    out once (``MATERIALIZED``), however many rows PostgreSQL expects of the other ones.
    """

    _name = "classification.source.credit"
    _description = "Credit Notes"

    @api.model
    def _purchase_query(self, policy, scope):
        """Return SQL of the credit notes that take back a counted purchase.

        The columns are those of ``classification.source._purchase_queries``. Other
        credit notes are left out.
        """
        invoice = self.env["classification.source.invoice"]
        return SQL(
            """
            SELECT m.partner_id, GREATEST(m.invoice_date, m.day) AS day,
                   %(amount)s AS amount, NULL::numeric AS margin
              FROM (SELECT t.partner_id, t.invoice_date, t.currency_id,
                           max(t.day) AS day,
                           round(sum(t.balance * t.share), %(digits)s) AS balance,
                           sum(t.amount_currency * t.share) AS foreign_balance
                      FROM (%(taken)s) t
                     WHERE t.share > 0 AND %(partners)s
                     GROUP BY t.move_id, t.partner_id, t.invoice_date, t.currency_id) m
            """,
            amount=invoice._company_amount(
                scope, SQL("-m.balance"), SQL("-m.foreign_balance")
            ),
            digits=scope.digits,
            partners=scope.partners(SQL("t.partner_id")),
            taken=self._taken_back(policy, scope),
        )

    @api.model
    def _taken_back(self, policy, scope):
        """Return the SQL of the lines of the credit notes of a scope.

        Its columns are ``line_id``, ``move_id``, the ``share`` of the line that counts,
        and the ``day`` from which the document that it takes back counts, NULL if
        unknown; of the line ``balance`` and ``amount_currency``; of the credit note
        ``invoice_date`` and ``currency_id``; and ``partner_id``, from whom it is taken,
        who need not be one of the scope. A line that belongs to several order lines has
        a row for each of them.
        """
        by_order = policy.revenue_source == "sale"
        named = "s" if by_order else "o"  # the orders that are named by text
        return SQL(
            _BY_ORDER if by_order else _BY_INVOICE,
            credit=self._credit_query(policy, scope),
            order=self._counted_orders(policy, scope) if by_order else SQL(),
            invoice=SQL() if by_order else self._counted_invoices(policy, scope),
            undone=self._undone(scope),
            is_orderer=_is_same_customer(_CREDITED, (named, "partner_id")),
            is_payer=_is_same_customer(_CREDITED, (named, "partner_invoice_id")),
            is_sold=self.env["classification.source"]._is_invoiced(SQL("l")),
            unlinked=int(policy.subtract_unlinked_credit_notes),
            company=scope.company_id,
            as_of_date=scope.as_of_date,
        )

    @api.model
    def _undone(self, scope):
        """The common table expressions of how much of each credit note is undone."""
        return SQL(
            _UNDONE,
            is_sold=self.env["classification.source"]._is_invoiced(SQL("l")),
            as_of_date=scope.as_of_date,
        )

    @api.model
    def _undoes(self, move):
        """SQL that keeps the invoices that reverse a credit note.

        :param move: SQL of the alias of the invoice
        """
        return SQL(
            "EXISTS (SELECT FROM account_move undone WHERE undone.id ="
            " %s.reversed_entry_id AND undone.move_type = 'out_refund'"
            " AND undone.state = 'posted')",
            move,
        )

    @api.model
    def _credit_query(self, policy, scope):
        """Return SQL of the credit notes with the invoice each takes back.

        The invoice is the one at the end of the chain of reversals, or else the one of
        the same customer that the credit note's origin names.

        An invoice that reverses a credit note leads on to the document that the credit
        note took back.
        """
        invoice = self.env["classification.source.invoice"]
        return SQL(
            """
            SELECT c.move_id, c.partner_id, c.invoice_date, c.currency_id,
                   c.invoice_origin, COALESCE(c.reversed_id, named.id) AS origin_id
              FROM (WITH RECURSIVE step AS (
                        SELECT m.id AS move_id, m.company_id, m.partner_id,
                               m.invoice_date, m.currency_id, m.invoice_origin,
                               m.reversed_entry_id AS reversed_id, 0 AS number
                          FROM account_move m
                         WHERE m.move_type = 'out_refund' AND m.state = 'posted'
                           AND m.company_id = %(company)s
                           AND m.invoice_date <= %(as_of_date)s AND %(recorded)s
                           AND %(of_scope)s AND %(matching)s
                         UNION ALL
                        SELECT s.move_id, s.company_id, s.partner_id, s.invoice_date,
                               s.currency_id, f.invoice_origin, f.reversed_entry_id,
                               s.number + 1
                          FROM step s
                          JOIN account_move i ON i.id = s.reversed_id
                          JOIN account_move f ON f.id = i.reversed_entry_id
                           AND f.move_type = 'out_refund' AND f.state = 'posted'
                         WHERE s.number < %(longest)s)
                    SELECT DISTINCT ON (move_id) *
                      FROM step ORDER BY move_id, number DESC) c
              LEFT JOIN account_move named
                ON c.reversed_id IS NULL AND named.name = c.invoice_origin
               AND named.company_id = c.company_id AND named.state = 'posted'
               AND named.move_type IN ('out_invoice', 'out_receipt')
               AND %(is_own)s
            """,
            is_own=_is_same_customer(_CREDITED, ("named", "partner_id")),
            company=scope.company_id,
            as_of_date=scope.as_of_date,
            recorded=scope.recorded(SQL("m.create_date")),
            of_scope=self._of_scope(policy, scope),
            matching=invoice._matching(policy, scope),
            longest=_LONGEST_CHAIN,
        )

    @api.model
    def _of_scope(self, policy, scope):
        """Return the SQL that keeps the credit notes ``m`` of a scope.

        Where orders count also those of its orders, whoever was invoiced: each way has
        an index.
        """
        own = scope.partners(SQL("m.partner_id"))
        if policy.revenue_source != "sale" or scope.customer_ids is None:
            return own
        orders = SQL(
            "sale_order o WHERE o.company_id = %s AND %s",
            scope.company_id,
            scope.partners(SQL("o.partner_id")),
        )
        return SQL(_OF_ORDERS, orders=orders, own=own)

    @api.model
    def _counted_orders(self, policy, scope):
        sale = self.env["classification.source.sale"]
        return SQL(
            """
            (SELECT o.id, o.partner_id, o.partner_invoice_id, %(day)s AS day
               FROM sale_order o
              WHERE o.state = 'sale' AND o.company_id = %(company)s
                AND %(until)s AND %(matching)s)
            """,
            day=scope.day(SQL("o.date_order")),
            company=scope.company_id,
            until=scope.until(SQL("o.date_order")),
            matching=sale._matching(policy, scope),
        )

    @api.model
    def _counted_invoices(self, policy, scope):
        invoice = self.env["classification.source.invoice"]
        return SQL(
            """
            (SELECT m.id, m.invoice_date AS day
               FROM account_move m
              WHERE m.move_type IN ('out_invoice', 'out_receipt')
                AND m.state = 'posted' AND m.company_id = %(company)s
                AND m.invoice_date <= %(as_of_date)s AND NOT %(undoes)s
                AND %(matching)s)
            """,
            company=scope.company_id,
            as_of_date=scope.as_of_date,
            undoes=self._undoes(SQL("m")),
            matching=invoice._matching(policy, scope),
        )

    @api.model
    def _counted_ids(self, policy, scope):
        """Ids of the credit notes that count: one query."""
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT t.move_id FROM (%s) t WHERE t.share > 0 AND %s",
                self._taken_back(policy, scope),
                scope.partners(SQL("t.partner_id")),
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _changed_queries(self, scope, since, wanted=_PARTNER):
        """Return selects of credit notes whose original document changed.

        The order, the invoice, or another invoice of the order, by whichever way they
        are linked, was written or came into force; or the document that undoes them.

        :param wanted: SQL of the column selected from each credit note ``m``: its
            partner
        """
        queries = (
            *(_OF_CHANGED_ORDER, _OF_CHANGED_INVOICE, _OF_UNDOING_INVOICE),
            *(_OF_INVOICED_AGAIN, _OF_NAMES),
        )
        if wanted is _PARTNER:
            queries += (_CUSTOMERS_WHO_ORDERED,)
        order, invoice = self._changed_documents(scope, since)
        values = {
            "company": scope.company_id,
            "order": order,
            "invoice": invoice,
            "names": SQL(_CHANGED_NAMES, order=order, invoice=invoice),
            "wanted": wanted,
        }
        return [SQL(query, **values) for query in queries]

    @api.model
    def _late_order_queries(self, policy, scope, reason):
        """Return selects of who ordered what late documents take back, by day.

        :param reason: SQL that keeps the late ones among the moves ``m``
        """
        if policy.revenue_source != "sale" or not policy.subtract_credit_notes:
            return []
        late = SQL(
            """
            (SELECT m.id, m.reversed_entry_id, m.invoice_date AS day
               FROM account_move m
              WHERE (m.move_type = 'out_refund' OR %(undoes)s)
                AND m.company_id = %(company)s AND m.state = 'posted' AND %(reason)s)
            """,
            undoes=self._undoes(SQL("m")),
            company=scope.company_id,
            reason=reason,
        )
        return [SQL(_WHO_ORDERED, invoice=late)]

    @api.model
    def _changed_documents(self, scope, since):
        """Return selects of ``(id, name, reversed_entry_id, day)`` that changed.

        Orders and invoices that were written since a moment, or came into force by
        their date since a day.
        """
        orders = [
            SQL(
                "SELECT id, name, NULL::integer AS reversed_entry_id,"
                " NULL::date AS day FROM sale_order"
                " WHERE company_id = %s AND %s",
                scope.company_id,
                reason,
            )
            for reason in (
                SQL("write_date >= %s", since.written),
                scope.came_after(SQL("date_order"), since.day),
            )
        ]
        invoices = [
            SQL(
                "SELECT id, name, reversed_entry_id, invoice_date AS day"
                " FROM account_move"
                " WHERE move_type IN ('out_invoice', 'out_refund', 'out_receipt')"
                " AND company_id = %s AND %s",
                scope.company_id,
                reason,
            )
            for reason in (
                SQL("write_date >= %s", since.written),
                SQL(
                    "invoice_date > %s AND invoice_date <= %s",
                    since.day,
                    scope.as_of_date,
                ),
            )
        ]
        union = SQL(" UNION ALL ")
        return SQL("(%s)", union.join(orders)), SQL("(%s)", union.join(invoices))

    @api.model
    def _naming_partner_ids(self, names):
        """Return the ids of partners of credit notes with an origin among names.

        One query.
        """
        return [row[0] for row in self.env.execute_query(self._naming_query(names))]

    @api.model
    def _naming_query(self, names, wanted=_PARTNER):
        """Return a select of the credit notes that name documents as origin.

        :param wanted: as in :meth:`_changed_queries`
        """
        names = SQL("SELECT unnest(%s)", list(names))
        return SQL(_OF_NAMES, names=names, company=SQL("m.company_id"), wanted=wanted)


def _is_same_customer(first, second):
    """Return SQL of whether two contacts are of one customer.

    By scalar selects, which PostgreSQL does not make a join over all contacts of.
    """
    return SQL(
        "(SELECT commercial_partner_id FROM res_partner WHERE id = %s)"
        " = (SELECT commercial_partner_id FROM res_partner WHERE id = %s)",
        SQL.identifier(*first),
        SQL.identifier(*second),
    )


# Longest chain of reversals that is followed, so that a circle ends.
_LONGEST_CHAIN = 100

# Credit notes of customers, and those that may take back something of their orders.
_OF_ORDERS = """
    m.id IN (
        SELECT m.id FROM account_move m WHERE m.move_type = 'out_refund' AND %(own)s
         UNION
        SELECT m.id FROM account_move m
         WHERE m.move_type = 'out_refund'
           AND m.partner_id IN (SELECT o.partner_invoice_id FROM %(orders)s)
         UNION
        SELECT l.move_id
          FROM (SELECT o.id FROM %(orders)s) o
          JOIN sale_order_line s ON s.order_id = o.id
          JOIN sale_order_line_invoice_rel r ON r.order_line_id = s.id
          JOIN account_move_line l ON l.id = r.invoice_line_id)
"""

_UNDONE = """
    again AS MATERIALIZED (
        -- Invoices that reverse a credit note.
        SELECT i.id, c.move_id AS credit_id
          FROM credit c
          JOIN account_move i ON i.reversed_entry_id = c.move_id
           AND i.state = 'posted'
           AND i.move_type IN ('out_invoice', 'out_receipt')
           AND i.invoice_date <= %(as_of_date)s AND i.currency_id = c.currency_id
    ),
    undone AS MATERIALIZED (
        -- How much of a credit note they take back again: of its lines of each order
        -- line, and of its lines without one.
        SELECT c.move_id, c.order_line,
               LEAST(1, GREATEST(0, COALESCE(i.amount / NULLIF(c.amount, 0), 0)))
                   AS share
          FROM (SELECT l.move_id, COALESCE(r.order_line_id, 0) AS order_line,
                       sum(l.price_subtotal) AS amount
                  FROM (SELECT DISTINCT credit_id FROM again) a
                  JOIN account_move_line l ON l.move_id = a.credit_id AND %(is_sold)s
                  LEFT JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = l.id
                 GROUP BY l.move_id, r.order_line_id) c
          JOIN (SELECT a.credit_id AS move_id,
                       COALESCE(r.order_line_id, 0) AS order_line,
                       sum(l.price_subtotal) AS amount
                  FROM again a
                  JOIN account_move_line l ON l.move_id = a.id AND %(is_sold)s
                  LEFT JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = l.id
                 GROUP BY a.credit_id, r.order_line_id) i USING (move_id, order_line)
    )
"""

_BY_ORDER = """
    WITH credit AS MATERIALIZED (%(credit)s),
    %(undone)s,
    line AS MATERIALIZED (
        -- A line with the sign of its order line takes back; one with the other sign
        -- invoices a negative line of an order, which has counted in it already.
        SELECT c.*, l.id AS line_id, l.product_id, l.balance, l.amount_currency,
               s.id AS order_line, s.price_subtotal AS ordered,
               s.currency_id AS order_currency, o.partner_id AS customer_id, o.day,
               o.id IS NOT NULL AND l.price_subtotal * s.price_subtotal >= 0 AS counts
          FROM credit c
          JOIN account_move_line l ON l.move_id = c.move_id AND %(is_sold)s
          LEFT JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = l.id
          LEFT JOIN sale_order_line s ON s.id = r.order_line_id
          LEFT JOIN %(order)s o ON o.id = s.order_id
    ),
    several AS MATERIALIZED (
        -- Lines that belong to several order lines count in equal parts.
        SELECT line_id, count(*) AS parts, min(day) FILTER (WHERE counts) AS day
          FROM line
         GROUP BY line_id
        HAVING count(*) > 1
    ),
    kept AS MATERIALIZED (
        -- What was invoiced and given back of each order line.
        SELECT r.order_line_id AS id, m.currency_id,
               sum(l.price_subtotal)
                   FILTER (WHERE m.move_type <> 'out_refund' AND again.id IS NULL)
                   AS invoiced,
               -- What an invoice reverses is not credited any more.
               sum(CASE WHEN again.id IS NULL THEN l.price_subtotal
                        ELSE -l.price_subtotal END)
                   FILTER (WHERE m.move_type = 'out_refund' OR again.id IS NOT NULL)
                   AS credited
          FROM (SELECT DISTINCT order_line FROM line WHERE counts) d
          JOIN sale_order_line_invoice_rel r ON r.order_line_id = d.order_line
          JOIN account_move_line l ON l.id = r.invoice_line_id
          JOIN account_move m ON m.id = l.move_id AND m.state = 'posted'
           AND m.move_type IN ('out_invoice', 'out_receipt', 'out_refund')
           AND m.invoice_date <= %(as_of_date)s
          LEFT JOIN again ON again.id = m.id
         GROUP BY r.order_line_id, m.currency_id
    ),
    invoice AS MATERIALIZED (
        -- Of a credit note's line without an order: how much of its invoice counts.
        SELECT l.move_id, min(l.day) AS day,
               CASE WHEN min(l.customer_id) = max(l.customer_id)
                    THEN min(l.customer_id) END AS customer_id,
               min(l.payer_id) AS payer_id,
               COALESCE(sum(l.price_subtotal) FILTER (WHERE l.day IS NOT NULL)
                        / NULLIF(sum(l.price_subtotal)
                                 FILTER (WHERE l.is_ordered), 0), 0) AS share,
               array_agg(COALESCE(l.product_id, 0)) FILTER (WHERE NOT l.is_ordered)
                   AS others
          FROM (SELECT l.id, l.move_id, l.product_id, l.price_subtotal,
                       count(s.id) > 0 AS is_ordered, min(o.day) AS day,
                       min(o.partner_id) AS customer_id,
                       min(o.partner_invoice_id) AS payer_id
                  FROM (SELECT DISTINCT origin_id FROM line
                         WHERE order_line IS NULL) d
                  JOIN account_move_line l ON l.move_id = d.origin_id AND %(is_sold)s
                  LEFT JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = l.id
                  LEFT JOIN sale_order_line s ON s.id = r.order_line_id
                  LEFT JOIN %(order)s o ON o.id = s.order_id
                 GROUP BY l.id) l
         GROUP BY l.move_id
    ),
    named AS MATERIALIZED (
        -- Orders that stand as text on a credit note which reverses no invoice. Text
        -- may be anything: an order of somebody else is not taken back.
        SELECT c.move_id, min(o.day) AS day,
               CASE WHEN min(o.partner_id) = max(o.partner_id)
                     AND bool_and(o.partner_invoice_id = c.partner_id)
                    THEN min(o.partner_id) END AS customer_id,
               COALESCE(sum(s.amount_untaxed) FILTER (WHERE o.id IS NOT NULL)
                        / NULLIF(sum(s.amount_untaxed), 0), 0) AS share
          FROM credit c
         CROSS JOIN LATERAL regexp_split_to_table(c.invoice_origin, '\\s*[,;]\\s*') n
          JOIN sale_order s ON s.name = n AND s.company_id = %(company)s
          LEFT JOIN %(order)s o ON o.id = s.id
         WHERE c.origin_id IS NULL AND c.invoice_origin IS NOT NULL
           AND (%(is_orderer)s OR %(is_payer)s)
         GROUP BY c.move_id
    )
    SELECT l.line_id, l.move_id,
           -- Without a line of an order, of whoever is invoiced for one.
           CASE WHEN l.order_line IS NOT NULL
                THEN COALESCE(l.customer_id, l.partner_id)
                WHEN invoice.payer_id = l.partner_id
                THEN COALESCE(invoice.customer_id, l.partner_id)
                ELSE COALESCE(named.customer_id, l.partner_id) END AS partner_id,
           l.invoice_date, l.currency_id, l.balance, l.amount_currency,
           -- An order counts with what it says now. What was invoiced beyond that, as
           -- after a correction or of an order made smaller, takes nothing back.
           CASE WHEN l.counts AND sign(l.ordered) * kept.credited > 0
                     AND sign(l.ordered) * kept.invoiced > abs(l.ordered)
                THEN GREATEST(0, 1 - (sign(l.ordered) * kept.invoiced - abs(l.ordered))
                                     / (sign(l.ordered) * kept.credited))
                WHEN l.counts THEN 1
                WHEN l.order_line IS NOT NULL THEN 0
                WHEN l.origin_id IS NULL THEN COALESCE(named.share, %(unlinked)s)
                WHEN COALESCE(l.product_id, 0) = ANY(invoice.others) THEN 0
                ELSE COALESCE(invoice.share, 0) END
               * (1 - COALESCE(undone.share, 0))
               / COALESCE(several.parts, 1) AS share,
           CASE WHEN l.order_line IS NULL THEN COALESCE(invoice.day, named.day)
                ELSE COALESCE(several.day, l.day) END AS day
      FROM line l
      LEFT JOIN several ON several.line_id = l.line_id
      LEFT JOIN kept ON kept.id = l.order_line AND kept.currency_id = l.order_currency
      LEFT JOIN invoice ON invoice.move_id = l.origin_id
      LEFT JOIN named ON named.move_id = l.move_id
      LEFT JOIN undone ON undone.move_id = l.move_id
            AND undone.order_line = COALESCE(l.order_line, 0)
"""

_BY_INVOICE = """
    WITH credit AS MATERIALIZED (%(credit)s),
    %(undone)s,
    line AS MATERIALIZED (
        SELECT c.*, l.id AS line_id, l.balance, l.amount_currency,
               r.order_line_id AS order_line
          FROM credit c
          JOIN account_move_line l ON l.move_id = c.move_id AND %(is_sold)s
          LEFT JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = l.id
    ),
    ordered AS MATERIALIZED (
        -- Invoices of the order of a credit note that reverses none.
        SELECT d.order_line, min(i.day) AS day
          FROM (SELECT DISTINCT order_line FROM line
                 WHERE origin_id IS NULL AND order_line IS NOT NULL) d
          JOIN sale_order_line_invoice_rel r ON r.order_line_id = d.order_line
          JOIN account_move_line l ON l.id = r.invoice_line_id
          JOIN account_move m ON m.id = l.move_id AND m.state = 'posted'
           AND m.move_type IN ('out_invoice', 'out_receipt')
          LEFT JOIN %(invoice)s i ON i.id = m.id
         GROUP BY d.order_line
    ),
    several AS MATERIALIZED (
        -- Lines that belong to several order lines count in equal parts.
        SELECT line.line_id, count(*) AS parts, min(ordered.day) AS day
          FROM line
          LEFT JOIN ordered USING (order_line)
         GROUP BY line.line_id
        HAVING count(*) > 1
    ),
    named AS MATERIALIZED (
        -- Invoices of the orders that stand as text on such a credit note.
        SELECT c.move_id, min(i.day) AS day
          FROM credit c
         CROSS JOIN LATERAL regexp_split_to_table(c.invoice_origin, '\\s*[,;]\\s*') n
          JOIN sale_order o ON o.name = n AND o.company_id = %(company)s
          JOIN sale_order_line s ON s.order_id = o.id
          JOIN sale_order_line_invoice_rel r ON r.order_line_id = s.id
          JOIN account_move_line l ON l.id = r.invoice_line_id
          JOIN account_move m ON m.id = l.move_id AND m.state = 'posted'
           AND m.move_type IN ('out_invoice', 'out_receipt')
          LEFT JOIN %(invoice)s i ON i.id = m.id
         WHERE c.origin_id IS NULL AND c.invoice_origin IS NOT NULL
           AND (%(is_orderer)s OR %(is_payer)s)
         GROUP BY c.move_id
    )
    SELECT l.line_id, l.move_id, l.partner_id, l.invoice_date, l.currency_id,
           l.balance, l.amount_currency,
           CASE WHEN l.origin_id IS NOT NULL THEN (i.id IS NOT NULL)::integer
                WHEN ordered.order_line IS NOT NULL
                THEN (ordered.day IS NOT NULL)::integer
                WHEN named.move_id IS NOT NULL THEN (named.day IS NOT NULL)::integer
                ELSE %(unlinked)s END
               * (1 - COALESCE(undone.share, 0))
               / COALESCE(several.parts, 1) AS share,
           COALESCE(i.day, several.day, ordered.day, named.day) AS day
      FROM line l
      LEFT JOIN several ON several.line_id = l.line_id
      LEFT JOIN %(invoice)s i ON i.id = l.origin_id
      LEFT JOIN ordered ON l.origin_id IS NULL AND ordered.order_line = l.order_line
      LEFT JOIN named ON named.move_id = l.move_id
      LEFT JOIN undone ON undone.move_id = l.move_id
            AND undone.order_line = COALESCE(l.order_line, 0)
"""

_OF_CHANGED_ORDER = """
    SELECT %(wanted)s
      FROM %(order)s o
      JOIN sale_order_line s ON s.order_id = o.id
      JOIN sale_order_line_invoice_rel r ON r.order_line_id = s.id
      JOIN account_move_line l ON l.id = r.invoice_line_id
      JOIN account_move m ON m.id = l.move_id AND m.move_type = 'out_refund'
     WHERE m.partner_id IS NOT NULL
"""

# Credit notes that lead back to a changed invoice or credit note by reversals.
_OF_CHANGED_INVOICE = """
    SELECT %(wanted)s
      FROM (WITH RECURSIVE step AS (
                SELECT m.id, m.partner_id, m.move_type
                  FROM %(invoice)s i
                  JOIN account_move m ON m.reversed_entry_id = i.id
                 UNION
                SELECT m.id, m.partner_id, m.move_type
                  FROM step s
                  JOIN account_move m ON m.reversed_entry_id = s.id)
            SELECT id, partner_id
              FROM step
             WHERE move_type = 'out_refund' AND partner_id IS NOT NULL) m
"""

_OF_UNDOING_INVOICE = """
    SELECT %(wanted)s
      FROM %(invoice)s i
      JOIN account_move m ON m.id = i.reversed_entry_id AND m.move_type = 'out_refund'
     WHERE m.partner_id IS NOT NULL
"""

_OF_INVOICED_AGAIN = """
    SELECT %(wanted)s
      FROM %(invoice)s i
      JOIN account_move_line il ON il.move_id = i.id
      JOIN sale_order_line_invoice_rel ir ON ir.invoice_line_id = il.id
      JOIN sale_order_line_invoice_rel r ON r.order_line_id = ir.order_line_id
      JOIN account_move_line l ON l.id = r.invoice_line_id
      JOIN account_move m ON m.id = l.move_id AND m.move_type = 'out_refund'
     WHERE m.partner_id IS NOT NULL
"""

# Customers of the orders behind changed moves and what these reverse: somebody else
# may have been invoiced. Orders have no index on their names: they are looked at only
# where a credit note that reverses nothing has one as text.
_WHO_ORDERED = """
    (WITH RECURSIVE step AS (
        SELECT i.id, i.reversed_entry_id, i.day FROM %(invoice)s i
         UNION
        SELECT m.id, m.reversed_entry_id, s.day
          FROM step s
          JOIN account_move m ON m.id = s.reversed_entry_id
    ), named AS MATERIALIZED (
        SELECT n.name, m.company_id, s.day
          FROM step s
          JOIN account_move m ON m.id = s.id AND m.move_type = 'out_refund'
           AND m.reversed_entry_id IS NULL AND m.invoice_origin IS NOT NULL
         CROSS JOIN LATERAL regexp_split_to_table(
                            m.invoice_origin, '\\s*[,;]\\s*') n (name)
    )
    SELECT o.partner_id, i.day
      FROM step i
      JOIN account_move_line l ON l.move_id = i.id
      JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = l.id
      JOIN sale_order_line s ON s.id = r.order_line_id
      JOIN sale_order o ON o.id = s.order_id
     WHERE o.partner_id IS NOT NULL
     UNION
    SELECT o.partner_id, n.day
      FROM named n
      JOIN sale_order o ON o.name = n.name AND o.company_id = n.company_id
     WHERE o.partner_id IS NOT NULL AND (SELECT EXISTS (SELECT FROM named)))
"""

_CUSTOMERS_WHO_ORDERED = f"SELECT w.partner_id FROM ({_WHO_ORDERED}) w"

_CHANGED_NAMES = """
    SELECT o.name FROM %(order)s o
     UNION
    SELECT i.name FROM %(invoice)s i
     UNION
    SELECT o.name
      FROM %(invoice)s i
      JOIN account_move_line l ON l.move_id = i.id
      JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = l.id
      JOIN sale_order_line s ON s.id = r.order_line_id
      JOIN sale_order o ON o.id = s.order_id
"""

# Credit notes that reverse no move but name a document as origin, of any customer.
_OF_NAMES = """
    SELECT %(wanted)s
      FROM account_move m
     WHERE m.move_type = 'out_refund' AND m.reversed_entry_id IS NULL
       AND m.company_id = %(company)s AND m.partner_id IS NOT NULL
       AND m.invoice_origin IS NOT NULL
       AND EXISTS (SELECT FROM regexp_split_to_table(m.invoice_origin,
                                                     '\\s*[,;]\\s*') n
                    WHERE n IN (%(names)s))
"""
