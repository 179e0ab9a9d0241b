from odoo import api, models

from ..common.analytic_index import has_analytic_index

# Fields that decide if a line counts, for which product, and how much.
COUNTED = frozenset(
    (
        *("product_id", "quantity", "product_uom_id", "price_unit", "discount"),
        *("is_downpayment", "display_type"),
    )
)


class AccountMoveLine(models.Model):
    """Lines of invoices mark the products of which another quantity is sold."""

    _name = "account.move.line"
    _inherit = ["account.move.line"]

    def init(self):
        """Leave the table open where its index is there."""
        if has_analytic_index(self):
            return None
        return super().init()

    def write(self, vals):
        counted = COUNTED & set(vals)
        if not counted:
            return super().write(vals)
        if "product_id" in counted:
            self._mark_products_dirty()
        result = super().write(vals)
        posted = self.filtered(lambda line: line.parent_state == "posted")
        posted._mark_products_dirty()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_marks_products(self):
        self._mark_products_dirty()

    def _mark_products_dirty(self):
        """One query, where these are lines of products on sales documents."""
        lines = self.sudo().filtered(
            lambda line: line.product_id and line.move_id.is_sale_document(True)
        )
        self.env["product.class.dirty"].sudo()._mark(lines.product_id)
