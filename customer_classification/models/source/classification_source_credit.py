from odoo import api, models
from odoo.tools import SQL


class ClassificationSourceCredit(models.AbstractModel):
    """Credit notes: each takes back only as much as counted before.

    What a credit note takes back is found line by line: the sales order of the line,
    else the invoice that is reversed, else what the origin names. A policy that counts
    orders asks whether that order counts, one that counts invoices whether that invoice
    does. Of a credit note that takes back nothing known, the policy says whether it
    counts. It counts on its own day, or on the day of what it takes back where that is
    later.

    *How it works*: each query begins with the credit notes, which are few among all
    documents and have an index of their own, and joins from there. Each step is worked
    out once (``MATERIALIZED``), however many rows PostgreSQL expects of the other ones.
    """

    _name = "classification.source.credit"
    _description = "Credit Notes"

    @api.model
    def _purchase_query(self, policy, scope):
        """SQL of the credit notes, as of ``classification.source._purchase_queries``;
        those that take back nothing that counted are left out."""
        invoice = self.env["classification.source.invoice"]
        return SQL(
            """
            SELECT m.partner_id, GREATEST(m.invoice_date, t.day) AS day,
                   %(amount)s AS amount, NULL::numeric AS margin
              FROM (SELECT t.move_id, max(t.day) AS day,
                           round(sum(l.balance * t.share), %(digits)s) AS balance,
                           sum(l.amount_currency * t.share) AS foreign_balance
                      FROM (%(taken)s) t
                      JOIN account_move_line l ON l.id = t.line_id
                     WHERE t.share > 0
                     GROUP BY t.move_id) t
              JOIN account_move m ON m.id = t.move_id
            """,
            amount=invoice._company_amount(
                scope, SQL("-t.balance"), SQL("-t.foreign_balance")
            ),
            digits=scope.digits,
            taken=self._taken_back(policy, scope),
        )

    @api.model
    def _taken_back(self, policy, scope):
        """SQL of ``(line_id, move_id, share, day)``: the lines of the credit notes of
        a scope, the share of each that counts, and the day from which what it takes
        back counts, NULL where nothing is known."""
        by_order = policy.revenue_source == "sale"
        return SQL(
            _BY_ORDER if by_order else _BY_INVOICE,
            credit=self._credit_query(policy, scope),
            order=self._counted_orders(policy, scope) if by_order else SQL(),
            invoice=SQL() if by_order else self._counted_invoices(policy, scope),
            is_sold=self.env["classification.source"]._is_invoiced(SQL("l")),
            unlinked=int(policy.subtract_unlinked_credit_notes),
            company=scope.company_id,
            as_of_date=scope.as_of_date,
        )

    @api.model
    def _credit_query(self, policy, scope):
        """The credit notes, with the invoice that each takes back: the one that it
        reverses, or else the one that its origin names."""
        invoice = self.env["classification.source.invoice"]
        return SQL(
            """
            SELECT m.id, m.invoice_origin,
                   COALESCE(m.reversed_entry_id, named.id) AS origin_id
              FROM account_move m
              LEFT JOIN account_move named
                ON m.reversed_entry_id IS NULL AND named.name = m.invoice_origin
               AND named.company_id = m.company_id AND named.state = 'posted'
               AND named.move_type IN ('out_invoice', 'out_receipt')
             WHERE m.move_type = 'out_refund' AND m.state = 'posted'
               AND m.company_id = %(company)s AND m.invoice_date <= %(as_of_date)s
               AND %(partners)s AND %(matching)s
            """,
            company=scope.company_id,
            as_of_date=scope.as_of_date,
            partners=scope.partners(SQL("m.partner_id")),
            matching=invoice._matching(policy, scope),
        )

    @api.model
    def _counted_orders(self, policy, scope):
        sale = self.env["classification.source.sale"]
        return SQL(
            """
            (SELECT o.id, %(day)s AS day
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
                AND m.invoice_date <= %(as_of_date)s AND %(matching)s)
            """,
            company=scope.company_id,
            as_of_date=scope.as_of_date,
            matching=invoice._matching(policy, scope),
        )

    @api.model
    def _counted_ids(self, policy, scope):
        """Ids of the credit notes that count: one query."""
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT t.move_id FROM (%s) t WHERE t.share > 0",
                self._taken_back(policy, scope),
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _changed_queries(self, scope, since):
        """Selects of the partners of credit notes of which something that they take
        back was written: the order, the invoice, or another invoice of the order."""
        return [
            SQL(query, company=scope.company_id, written=since.written)
            for query in (_OF_CHANGED_ORDER, _OF_CHANGED_INVOICE, _OF_INVOICED_AGAIN)
        ]


_BY_ORDER = """
    WITH credit AS MATERIALIZED (%(credit)s),
    line AS MATERIALIZED (
        -- A line with the sign of its order line takes back; one with the other sign
        -- invoices a negative line of an order, which has counted in it already.
        SELECT l.id, l.move_id, l.product_id, s.id AS order_line, o.day,
               o.id IS NOT NULL AND l.price_subtotal * s.price_subtotal >= 0 AS counts
          FROM credit c
          JOIN account_move_line l ON l.move_id = c.id AND %(is_sold)s
          LEFT JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = l.id
          LEFT JOIN sale_order_line s ON s.id = r.order_line_id
          LEFT JOIN %(order)s o ON o.id = s.order_id
    ),
    kept AS MATERIALIZED (
        -- An order counts with what it says now. What was invoiced beyond that, as
        -- after a correction or of an order made smaller, takes nothing back with it.
        SELECT s.id,
               CASE WHEN s.credited > 0
                    THEN GREATEST(0, 1 - GREATEST(0, s.invoiced - s.ordered)
                                         / s.credited)
                    ELSE 1 END AS share
          FROM (SELECT s.id, abs(s.price_subtotal) AS ordered,
                       sum(l.price_subtotal * sign(s.price_subtotal))
                           FILTER (WHERE m.move_type <> 'out_refund') AS invoiced,
                       sum(l.price_subtotal * sign(s.price_subtotal))
                           FILTER (WHERE m.move_type = 'out_refund') AS credited
                  FROM (SELECT DISTINCT order_line FROM line WHERE counts) d
                  JOIN sale_order_line s ON s.id = d.order_line
                  JOIN sale_order_line_invoice_rel r ON r.order_line_id = s.id
                  JOIN account_move_line l ON l.id = r.invoice_line_id
                  JOIN account_move m ON m.id = l.move_id AND m.state = 'posted'
                   AND m.move_type IN ('out_invoice', 'out_receipt', 'out_refund')
                   AND m.invoice_date <= %(as_of_date)s
                   AND m.currency_id = s.currency_id
                 GROUP BY s.id) s
    ),
    invoice AS MATERIALIZED (
        -- Of a credit note's line without an order: how much of its invoice counts.
        SELECT l.move_id, min(l.day) AS day,
               COALESCE(sum(l.price_subtotal) FILTER (WHERE l.day IS NOT NULL)
                        / NULLIF(sum(l.price_subtotal)
                                 FILTER (WHERE l.is_ordered), 0), 0) AS share,
               array_agg(COALESCE(l.product_id, 0)) FILTER (WHERE NOT l.is_ordered)
                   AS others
          FROM (SELECT l.id, l.move_id, l.product_id, l.price_subtotal,
                       count(s.id) > 0 AS is_ordered, min(o.day) AS day
                  FROM (SELECT DISTINCT c.origin_id
                          FROM line
                          JOIN credit c ON c.id = line.move_id
                         WHERE line.order_line IS NULL) d
                  JOIN account_move_line l ON l.move_id = d.origin_id AND %(is_sold)s
                  LEFT JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = l.id
                  LEFT JOIN sale_order_line s ON s.id = r.order_line_id
                  LEFT JOIN %(order)s o ON o.id = s.order_id
                 GROUP BY l.id) l
         GROUP BY l.move_id
    ),
    named AS MATERIALIZED (
        -- Orders that stand as text on a credit note which reverses no invoice.
        SELECT c.id, min(o.day) AS day,
               COALESCE(sum(s.amount_untaxed) FILTER (WHERE o.id IS NOT NULL)
                        / NULLIF(sum(s.amount_untaxed), 0), 0) AS share
          FROM credit c
         CROSS JOIN LATERAL regexp_split_to_table(c.invoice_origin, '\\s*[,;]\\s*') n
          JOIN sale_order s ON s.name = n AND s.company_id = %(company)s
          LEFT JOIN %(order)s o ON o.id = s.id
         WHERE c.origin_id IS NULL
         GROUP BY c.id
    )
    SELECT l.id AS line_id, l.move_id,
           avg(CASE WHEN l.counts THEN COALESCE(kept.share, 1) ELSE 0 END) AS share,
           min(l.day) FILTER (WHERE l.counts) AS day
      FROM line l
      LEFT JOIN kept ON kept.id = l.order_line
     WHERE l.order_line IS NOT NULL
     GROUP BY l.id, l.move_id
     UNION ALL
    SELECT l.id, l.move_id,
           CASE WHEN c.origin_id IS NULL THEN COALESCE(named.share, %(unlinked)s)
                WHEN COALESCE(l.product_id, 0) = ANY(invoice.others) THEN 0
                ELSE COALESCE(invoice.share, 0) END,
           COALESCE(invoice.day, named.day)
      FROM line l
      JOIN credit c ON c.id = l.move_id
      LEFT JOIN invoice ON invoice.move_id = c.origin_id
      LEFT JOIN named ON named.id = c.id
     WHERE l.order_line IS NULL
"""

_BY_INVOICE = """
    WITH credit AS MATERIALIZED (%(credit)s),
    line AS MATERIALIZED (
        SELECT l.id, l.move_id, c.origin_id, r.order_line_id AS order_line
          FROM credit c
          JOIN account_move_line l ON l.move_id = c.id AND %(is_sold)s
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
    named AS MATERIALIZED (
        -- Invoices of the orders that stand as text on such a credit note.
        SELECT c.id, min(i.day) AS day
          FROM credit c
         CROSS JOIN LATERAL regexp_split_to_table(c.invoice_origin, '\\s*[,;]\\s*') n
          JOIN sale_order o ON o.name = n AND o.company_id = %(company)s
          JOIN sale_order_line s ON s.order_id = o.id
          JOIN sale_order_line_invoice_rel r ON r.order_line_id = s.id
          JOIN account_move_line l ON l.id = r.invoice_line_id
          JOIN account_move m ON m.id = l.move_id AND m.state = 'posted'
           AND m.move_type IN ('out_invoice', 'out_receipt')
          LEFT JOIN %(invoice)s i ON i.id = m.id
         WHERE c.origin_id IS NULL
         GROUP BY c.id
    )
    SELECT l.id AS line_id, l.move_id,
           avg(CASE WHEN l.origin_id IS NOT NULL THEN (i.id IS NOT NULL)::integer
                    WHEN ordered.order_line IS NOT NULL
                    THEN (ordered.day IS NOT NULL)::integer
                    WHEN named.id IS NOT NULL THEN (named.day IS NOT NULL)::integer
                    ELSE %(unlinked)s END) AS share,
           min(COALESCE(i.day, ordered.day, named.day)) AS day
      FROM line l
      LEFT JOIN %(invoice)s i ON i.id = l.origin_id
      LEFT JOIN ordered ON l.origin_id IS NULL AND ordered.order_line = l.order_line
      LEFT JOIN named ON named.id = l.move_id
     GROUP BY l.id, l.move_id
"""

_OF_CHANGED_ORDER = """
    SELECT m.partner_id
      FROM sale_order o
      JOIN sale_order_line s ON s.order_id = o.id
      JOIN sale_order_line_invoice_rel r ON r.order_line_id = s.id
      JOIN account_move_line l ON l.id = r.invoice_line_id
      JOIN account_move m ON m.id = l.move_id AND m.move_type = 'out_refund'
     WHERE o.company_id = %(company)s AND o.write_date >= %(written)s
       AND m.partner_id IS NOT NULL
"""

_OF_CHANGED_INVOICE = """
    SELECT m.partner_id
      FROM account_move i
      JOIN account_move m ON m.reversed_entry_id = i.id AND m.move_type = 'out_refund'
     WHERE i.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
       AND i.company_id = %(company)s AND i.write_date >= %(written)s
       AND m.partner_id IS NOT NULL
"""

_OF_INVOICED_AGAIN = """
    SELECT m.partner_id
      FROM account_move i
      JOIN account_move_line il ON il.move_id = i.id
      JOIN sale_order_line_invoice_rel ir ON ir.invoice_line_id = il.id
      JOIN sale_order_line_invoice_rel r ON r.order_line_id = ir.order_line_id
      JOIN account_move_line l ON l.id = r.invoice_line_id
      JOIN account_move m ON m.id = l.move_id AND m.move_type = 'out_refund'
     WHERE i.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
       AND i.company_id = %(company)s AND i.write_date >= %(written)s
       AND m.partner_id IS NOT NULL
"""
