from odoo import api, models
from odoo.tools import SQL


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
        return [self._move_query(scope, ["out_invoice", "out_refund", "out_receipt"])]

    @api.model
    def _move_query(self, scope, move_types):
        """``amount_untaxed_signed`` is in company currency, refunds negative."""
        return SQL(
            """
            SELECT m.partner_id, m.invoice_date AS day,
                   m.amount_untaxed_signed + COALESCE(down.balance, 0) AS amount,
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
               AND %(partners)s
            """,
            move_types=move_types,
            company=scope.company_id,
            as_of_date=scope.as_of_date,
            partners=scope.partners(SQL("m.partner_id")),
        )
