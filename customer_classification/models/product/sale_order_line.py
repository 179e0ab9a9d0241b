from odoo import api, models

from ..common.analytic_index import has_analytic_index

# Fields that decide if a line counts, for which product, and how much.
COUNTED = frozenset(
    (
        *("product_id", "product_uom_qty", "product_uom_id", "price_unit", "discount"),
        *("is_downpayment", "display_type", "purchase_price", "order_id"),
    )
)


class SaleOrderLine(models.Model):
    """Lines mark the products of which another quantity is sold.

    The order itself is not written where its amount stays.
    """

    _name = "sale.order.line"
    _inherit = ["sale.order.line"]

    def init(self):
        """Leave the table open where its index is there."""
        if has_analytic_index(self):
            return None
        return super().init()

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.filtered(lambda line: line.state == "sale")._mark_products_dirty()
        return lines

    def write(self, vals):
        counted = COUNTED & set(vals)
        if not counted:
            return super().write(vals)
        if "product_id" in counted:
            self._mark_products_dirty()
        result = super().write(vals)
        self.filtered(lambda line: line.state == "sale")._mark_products_dirty()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_marks_products(self):
        self._mark_products_dirty()

    def _mark_products_dirty(self):
        """One query, where the lines have products."""
        self.env["product.class.dirty"].sudo()._mark(self.sudo().product_id)
