from odoo import models


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "customer.classes.mixin"]
    _customer_field = "commercial_partner_id"
    _customer_is_commercial = True
