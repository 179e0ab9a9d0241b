from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from .classification_source import DocumentKind


class ClassificationSourceInvoice(models.AbstractModel):
    """Posted customer invoices, receipts and credit notes on their invoice day.

    Down payments are left out on the invoice that asks for them and on the one
    that deducts them, so that a sale counts once, when it is invoiced.
    """

    _name = "classification.source.invoice"
    _inherit = "classification.source"
    _description = "Purchases from Customer Invoices"

    @api.model
    def _purchase_queries(self, policy, scope):
        if policy.revenue_source != "invoice":
            return []
        return [self._move_query(policy, scope, self._counted_types(policy))]

    @api.model
    def _move_query(self, policy, scope, move_types):
        """``amount_untaxed_signed`` is in company currency, refunds negative."""
        return SQL(
            """
            SELECT m.partner_id, m.invoice_date AS day,
                   %(amount)s AS amount,
                   NULL::numeric AS margin
              FROM account_move m
              LEFT JOIN (
                    SELECT move_id, sum(balance) AS balance
                      FROM account_move_line
                     WHERE is_downpayment AND display_type = 'product'
                       AND parent_state = 'posted' AND company_id = %(company)s
                     GROUP BY move_id
                   ) down ON down.move_id = m.id
             WHERE m.move_type = ANY(%(move_types)s)
               AND m.state = 'posted'
               AND m.company_id = %(company)s
               AND m.invoice_date <= %(as_of_date)s
               AND %(partners)s AND %(matching)s
            """,
            amount=scope.countable(
                SQL("m.amount_untaxed_signed + COALESCE(down.balance, 0)"),
                self._rate_problems(policy, scope).values(),
            ),
            move_types=move_types,
            company=scope.company_id,
            as_of_date=scope.as_of_date,
            partners=scope.partners(SQL("m.partner_id")),
            matching=self._matching(policy, scope),
        )

    @api.model
    def _rate_problems(self, policy, scope):
        """``{reason: SQL}`` of the moves whose amount in company currency is none."""
        own_currency = policy.company_id.currency_id.id
        return {
            "no_rate": scope.without_rate(SQL("m.currency_id"), own_currency),
            "bad_rate": scope.without_usable_rate(SQL("m.invoice_currency_rate")),
        }

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
        )
        return [
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
        """Types of the moves that count: all, or credit notes alone where orders are
        what counts."""
        if policy.revenue_source == "invoice":
            return ["out_invoice", "out_refund", "out_receipt"]
        return ["out_refund"] if policy.subtract_credit_notes else []

    @api.model
    def _late_queries(self, policy, scope, since):
        return [
            SQL(
                """
                SELECT m.partner_id, m.invoice_date AS day FROM account_move m
                 WHERE m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
                   AND m.move_type = ANY(%(types)s)
                   AND m.company_id = %(company)s AND m.state = 'posted'
                   AND m.write_date >= %(written)s AND %(matching)s
                """,
                types=self._counted_types(policy),
                company=scope.company_id,
                written=since.written,
                matching=self._matching(policy, scope),
            )
        ]

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
                        **self._rate_problems(policy, scope),
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
    def _document_kinds(self, policy):
        if policy.revenue_source != "invoice":
            return []
        types = ["out_invoice", "out_refund", "out_receipt"]
        return [self._move_kind(policy, self.env._("Invoices"), types)]

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
            amount="amount_untaxed_signed",
            view="account.view_out_invoice_tree",
        )
