from odoo import api, models
from odoo.tools import SQL


class ClassificationDocumentMixin(models.AbstractModel):
    """Documents mark their products when deleted, renamed or moved.

    Moved to another company.
    """

    _name = "classification.document.mixin"
    _inherit = ["classification.document.mixin"]

    def write(self, vals):
        if {"company_id", "name"} & set(vals):
            self._mark_products_dirty()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_marks_products(self):
        self._mark_products_dirty()

    def _mark_products_dirty(self):
        """At most three queries: of the lines, of credit notes, and to mark."""
        variants = self.sudo()._sold_variants()
        names = [name for name in self._names_for_credit_notes() if name]
        if names:
            variants |= self._credited_variants(names)
        self.env["product.class.dirty"].sudo()._mark(variants)

    def _sold_variants(self):
        """Return the variants on the lines of these documents."""
        return self.env["product.product"]

    def _names_for_credit_notes(self):
        """Return the names by which credit notes may refer to these documents."""
        return []

    @api.model
    def _credited_variants(self, names):
        """Return the variants on credit notes that name documents: one query."""
        self.env["account.move"].sudo().flush_model(["invoice_origin"])
        credit = self.env["classification.source.credit"]
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT l.product_id FROM account_move_line l"
                " WHERE l.product_id IS NOT NULL AND l.move_id IN (%s)",
                credit._naming_query(names, SQL("m.id")),
            )
        )
        return self.env["product.product"].browse([row[0] for row in rows])
