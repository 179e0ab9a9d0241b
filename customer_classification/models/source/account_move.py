from odoo import models


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "classification.document.mixin"]

    # Used by the hourly runs over changed records.
    _customer_write_date_index = models.Index(
        "(write_date) WHERE move_type IN ('out_invoice', 'out_refund', 'out_receipt')"
    )
    # Credit notes are few among all moves; used to find the documents they take back.
    _customer_credit_note_index = models.Index(
        "(company_id, invoice_date) WHERE move_type = 'out_refund'"
    )

    def _naming_partners(self):
        return self._partners_naming(self.sudo().mapped("name"))
