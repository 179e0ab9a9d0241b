from dataclasses import replace

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from .classification_source import DocumentKind


class ClassificationSourceInvoice(models.AbstractModel):
    """Posted customer invoices and receipts on their invoice day.

    With the credit notes that take back something of them.

    Down payments are left out on the invoice that asks for them and on the one
    that deducts them, so that a sale counts once, when it is invoiced. Amounts follow
    the rate of the invoice's day; booked amounts keep their value when the rate is
    corrected, or was typed by hand.
    """

    _name = "classification.source.invoice"
    _inherit = "classification.source"
    _description = "Purchases from Customer Invoices"
    _channel = "invoice"

    @api.model
    def _purchase_queries(self, policy, scope):
        if policy.revenue_source != "invoice":
            return []
        credit = self.env["classification.source.credit"]
        return [
            self._move_query(policy, scope),
            credit._purchase_query(policy, scope),
        ]

    @api.model
    def _channel_queries(self, policy, scope):
        if policy.revenue_source != "invoice":
            return []
        moves, credit = super()._channel_queries(policy, scope)
        return [moves, self._with_channel(credit, "credit")]

    @api.model
    def _move_query(self, policy, scope):
        """Invoices and receipts."""
        return SQL(
            """
            SELECT m.partner_id, m.invoice_date AS day,
                   %(amount)s AS amount,
                   NULL::numeric AS margin
              FROM account_move m
              LEFT JOIN (
                    SELECT l.move_id, sum(l.balance) AS balance,
                           sum(l.amount_currency) AS amount_currency
                      FROM account_move_line l
                     WHERE %(is_prepaid)s AND l.display_type = 'product'
                       AND l.parent_state = 'posted' AND l.company_id = %(company)s
                     GROUP BY l.move_id
                   ) down ON down.move_id = m.id
             WHERE m.move_type IN ('out_invoice', 'out_receipt')
               AND m.state = 'posted'
               AND m.company_id = %(company)s
               AND m.invoice_date <= %(as_of_date)s AND %(recorded)s
               AND NOT %(undoes)s AND %(partners)s AND %(matching)s
            """,
            recorded=scope.recorded(SQL("m.create_date")),
            undoes=self.env["classification.source.credit"]._undoes(SQL("m")),
            amount=self._company_amount(
                scope,
                SQL("m.amount_untaxed_signed + COALESCE(down.balance, 0)"),
                SQL(
                    "m.amount_untaxed_in_currency_signed"
                    " + COALESCE(down.amount_currency, 0)"
                ),
            ),
            is_prepaid=self._is_prepaid_move_line(SQL("l")),
            company=scope.company_id,
            as_of_date=scope.as_of_date,
            partners=scope.partners(SQL("m.partner_id")),
            matching=self._matching(policy, scope),
        )

    @api.model
    def _reference_queries(self, policy, scope):
        """Invoices are known by their own number and by that of their order."""
        if policy.revenue_source != "invoice":
            return []
        return [
            SQL(
                """
                SELECT m.partner_id, %(reference)s AS reference FROM account_move m
                 WHERE m.move_type IN ('out_invoice', 'out_receipt')
                   AND m.state = 'posted' AND m.company_id = %(company)s
                   AND m.invoice_date <= %(as_of_date)s
                   AND %(partners)s AND %(matching)s
                """,
                reference=reference,
                company=scope.company_id,
                as_of_date=scope.as_of_date,
                partners=scope.partners(SQL("m.partner_id")),
                matching=self._matching(policy, scope),
            )
            for reference in (SQL("m.name"), SQL("m.invoice_origin"))
        ]

    @api.model
    def _company_amount(self, scope, amount, foreign_amount):
        """SQL of a move's amount in company currency at the rate of its day.

        :param amount: SQL of the amount as booked in company currency
        :param foreign_amount: SQL of the amount in the currency of the move
        """
        return scope.in_company_currency(
            amount, SQL("m.currency_id"), SQL("m.invoice_date"), foreign_amount
        )

    @api.model
    def _rate_problems(self, scope):
        """Return ``{reason: SQL}`` of moves without a company amount."""
        return scope.rate_problems(SQL("m.currency_id"), SQL("m.invoice_date"))

    @api.model
    def _matching(self, policy, scope):
        """SQL that keeps the moves that the policy's filter matches."""
        return policy._matching("invoice_domain", SQL("m.id"), scope.as_of_date)

    @api.model
    def _changed_queries(self, policy, scope, since):
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
        credit = self.env["classification.source.credit"]
        return credit._changed_queries(scope, since) + [
            SQL(
                """
                SELECT m.partner_id FROM account_move m
                 WHERE m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
                   AND m.company_id = %s AND m.partner_id IS NOT NULL AND %s
                """,
                scope.company_id,
                reason,
            )
            for reason in reasons
        ]

    @api.model
    def _counted_types(self, policy):
        """Return the types of the moves that count.

        All types, or credit notes alone where orders count as purchases.
        """
        if policy.revenue_source == "invoice":
            return ["out_invoice", "out_refund", "out_receipt"]
        return ["out_refund"] if policy.subtract_credit_notes else []

    @api.model
    def _undoes_what_counts(self, policy):
        """Return SQL that keeps invoices that reverse a counted credit note."""
        if not self._counted_types(policy):
            return SQL("FALSE")
        return self.env["classification.source.credit"]._undoes(SQL("m"))

    @api.model
    def _late_queries(self, policy, scope, since):
        credit = self.env["classification.source.credit"]
        queries = []
        for reason in (
            SQL("m.write_date >= %s", since.written),
            scope.rate_changed(SQL("m.currency_id"), SQL("m.invoice_date"), since),
        ):
            queries += credit._late_order_queries(policy, scope, reason)
            queries.append(self._late_query(policy, scope, reason))
        return queries

    @api.model
    def _late_query(self, policy, scope, reason):
        return SQL(
            """
            SELECT m.partner_id, m.invoice_date AS day FROM account_move m
             WHERE m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
               AND (m.move_type = ANY(%(types)s) OR %(undoes)s)
               AND m.company_id = %(company)s AND m.state = 'posted'
               AND %(reason)s AND %(matching)s
            """,
            types=self._counted_types(policy),
            undoes=self._undoes_what_counts(policy),
            company=scope.company_id,
            reason=reason,
            matching=self._matching(policy, scope),
        )

    @api.model
    def _problem_queries(self, policy, scope):
        return [
            SQL(
                """
                SELECT m.partner_id, %(reason)s AS reason
                  FROM account_move m
                 WHERE m.move_type = ANY(%(types)s) AND m.state = 'posted'
                   AND m.company_id = %(company)s
                   AND %(partners)s AND %(matching)s
                """,
                reason=scope.reason(
                    {
                        **self._rate_problems(scope),
                        "not_a_number": scope.not_a_number(
                            SQL("m.amount_untaxed_signed")
                        ),
                    }
                ),
                types=self._counted_types(policy),
                company=scope.company_id,
                partners=scope.partners(SQL("m.partner_id")),
                matching=self._matching(policy, scope),
            )
        ]

    @api.model
    def _misdated_queries(self, policy, scope):
        return [
            SQL(
                """
                SELECT m.partner_id, %(reason)s AS reason
                  FROM account_move m
                 WHERE m.move_type = ANY(%(types)s) AND m.state = 'posted'
                   AND m.company_id = %(company)s
                   AND (m.invoice_date IS NULL OR %(implausible)s)
                   AND %(partners)s AND %(matching)s
                """,
                reason=scope.reason(
                    {
                        "no_date": SQL("m.invoice_date IS NULL"),
                        "bad_date": SQL("TRUE"),
                    }
                ),
                implausible=scope.implausible(SQL("m.invoice_date")),
                types=self._counted_types(policy),
                company=scope.company_id,
                partners=scope.partners(SQL("m.partner_id")),
                matching=self._matching(policy, scope),
            )
        ]

    @api.model
    def _document_queries(self, policy, scope, before):
        """Leave out credit notes: they are not purchases."""
        if policy.revenue_source != "invoice":
            return []
        return [
            SQL(
                "SELECT NULL::varchar AS channel, d.day FROM (%s) d"
                " WHERE d.amount > 0 AND d.day > %s",
                self._move_query(policy, scope),
                before,
            )
        ]

    @api.model
    def _document_kinds(self, policy):
        if policy.revenue_source != "invoice":
            return []
        types = ["out_invoice", "out_refund", "out_receipt"]
        kind = self._move_kind(policy, self.env._("Invoices"), types)
        undoes = Domain("reversed_entry_id.move_type", "=", "out_refund") & Domain(
            "reversed_entry_id.state", "=", "posted"
        )
        return [replace(kind, domain=kind.domain & ~undoes)]

    @api.model
    def _move_kind(self, policy, name, move_types):
        return DocumentKind(
            model="account.move",
            name=name,
            domain=Domain("move_type", "in", move_types)
            & Domain("state", "=", "posted")
            & Domain("company_id", "=", policy.company_id.id)
            & policy._filter_or_nothing("invoice_domain"),
            day="invoice_date",
            bought=Domain("amount_untaxed_signed", ">", 0),
            view="account.view_out_invoice_tree",
        )
