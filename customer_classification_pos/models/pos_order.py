from odoo import models

from .classification_source_pos import COUNTED_STATES


class PosOrder(models.Model):
    """Marks the customer and products of a counter sale that moves.

    They are looked at again where it goes to another customer.
    """

    _name = "pos.order"
    _inherit = ["pos.order", "classification.document.mixin"]

    # Runs that look only at what changed ask for it every hour.
    _customer_write_date_index = models.Index("(write_date)")

    def _mark_customers_dirty(self, partners=None):
        """Mark the customers, except of orders that are under way.

        Those have not counted, and tables of a restaurant are saved again and again.
        """
        orders = self.filtered(lambda order: order.state in COUNTED_STATES)
        return super(PosOrder, orders)._mark_customers_dirty(partners)

    def _sold_variants(self):
        return self.lines.product_id
