from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL


class ClassificationSourceSale(models.AbstractModel):
    """Tells web orders from other ones, and carts from quotations."""

    _inherit = "classification.source.sale"

    @api.model
    def _order_channel(self):
        return SQL("CASE WHEN o.website_id IS NOT NULL THEN 'online' END")

    @api.model
    def _is_quotation(self):
        """Return the SQL of web orders that wait for their payment.

        Before that, a web order is a cart.
        """
        return SQL("(o.website_id IS NULL OR o.state = 'sent')")

    @api.model
    def _open_quotations(self):
        """Leave out carts."""
        is_cart = Domain("website_id", "!=", False) & Domain("state", "=", "draft")
        return super()._open_quotations() & ~is_cart
