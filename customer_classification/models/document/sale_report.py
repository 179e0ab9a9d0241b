from odoo import models


class SaleReport(models.Model):
    _name = "sale.report"
    _inherit = ["sale.report", "customer.classes.then.mixin", "product.classes.mixin"]
    _customer_field = "commercial_partner_id"
    _customer_is_commercial = True
