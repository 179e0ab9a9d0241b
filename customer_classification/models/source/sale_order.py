from odoo import models


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["sale.order", "classification.document.mixin"]

    # Used by the hourly runs over changed records.
    _customer_write_date_index = models.Index("(write_date)")
    # Open quotations are few among all orders, and expire.
    _customer_validity_index = models.Index(
        "(company_id, validity_date) WHERE state IN ('draft', 'sent')"
    )

    def _naming_partners(self):
        return self._partners_naming(self.sudo().mapped("name"))
