from odoo import api, models


class ClassificationDocumentMixin(models.AbstractModel):
    """A document of a customer that can be deleted or given to another one: what a
    look at the documents alone would not tell the next run."""

    _name = "classification.document.mixin"
    _description = "Document that Classifies"

    def write(self, vals):
        if {"partner_id", "company_id"} & set(vals):
            self._mark_customers_dirty()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_marks_customers(self):
        self._mark_customers_dirty()

    def _mark_customers_dirty(self):
        """One query, and one to flush what it reads."""
        partners = self.sudo().partner_id
        if partners:
            partners.flush_recordset(["commercial_partner_id"])
            self.env["classification.dirty"].sudo()._mark(partners)
