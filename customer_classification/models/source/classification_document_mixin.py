from odoo import api, models


class ClassificationDocumentMixin(models.AbstractModel):
    """Documents of customers that can be deleted or change their customer.

    The remaining documents would not show that to the next run.
    """

    _name = "classification.document.mixin"
    _description = "Document that Classifies"

    def write(self, vals):
        if {"partner_id", "company_id"} & set(vals):
            self._mark_customers_dirty()
        if "name" in vals:
            self._mark_customers_dirty(self._naming_partners())
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_marks_customers(self):
        self._mark_customers_dirty(self.sudo().partner_id | self._naming_partners())

    def _naming_partners(self):
        """Return the partners of credit notes with these documents as origin.

        Empty for documents that credit notes never name.
        """
        return self.env["res.partner"]

    def _partners_naming(self, names):
        """Return the partners of credit notes that name documents.

        One query, if the documents have names.
        """
        names = [name for name in names if name and name != "/"]
        if not names:
            return self.env["res.partner"]
        self.env["account.move"].sudo().flush_model(["invoice_origin", "partner_id"])
        credit = self.env["classification.source.credit"]
        ids = credit._naming_partner_ids(names)
        return self.env["res.partner"].browse(ids)

    def _mark_customers_dirty(self, partners=None):
        """Mark the customers of documents to be looked at again.

        One query, and one to flush what it reads.

        :param partners: by default those of these documents
        """
        partners = self.sudo().partner_id if partners is None else partners.sudo()
        if partners:
            partners.flush_recordset(["commercial_partner_id"])
            self.env["classification.dirty"].sudo()._mark(partners)
