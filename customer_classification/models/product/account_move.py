from odoo import models


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move"]

    def _sold_variants(self):
        return self._sales_documents().invoice_line_ids.product_id

    def _names_for_credit_notes(self):
        names = self.sudo()._sales_documents().mapped("name")
        return [name for name in names if name != "/"]

    def _sales_documents(self):
        return self.filtered(lambda move: move.is_sale_document(include_receipts=True))
