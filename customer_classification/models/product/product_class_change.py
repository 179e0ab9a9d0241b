from odoo import models


class ProductClassChange(models.Model):
    """One move of one product from a class to another, and why.

    A table of its own beside ``classification.change``: that one is asked by customer
    and date, in SQL that knows no products.
    """

    _name = "product.class.change"
    _inherit = ["classification.class.change.mixin", "product.class.move.mixin"]
    _description = "Product Class Change"
    _log_access = False
    _order = "valid_date desc, id desc"
