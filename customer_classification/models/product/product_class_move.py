from odoo import models


class ProductClassMove(models.Model):
    """A move of a product that a run found and did not make."""

    _name = "product.class.move"
    _inherit = ["classification.rehearsed.move.mixin", "product.class.move.mixin"]
    _description = "Rehearsed Move of a Product"
    _log_access = False
    _order = "run_id desc, id desc"
