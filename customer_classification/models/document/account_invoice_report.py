from odoo import models


class AccountInvoiceReport(models.Model):
    _name = "account.invoice.report"
    _inherit = [
        "account.invoice.report",
        "customer.classes.then.mixin",
        "product.classes.mixin",
    ]
    _customer_field = "commercial_partner_id"
    _customer_is_commercial = True
    _customer_day_field = "invoice_date"
