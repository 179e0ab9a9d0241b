from odoo import models

from .product_template import COUNTED_ONCE


class ProductProduct(models.Model):
    """Variants show the numbers of their product, and totals have them once."""

    _name = "product.product"
    _inherit = ["product.product", "classification.counted.once.mixin"]
    _counted_by = ("product_tmpl_id",)
    _counted_once = COUNTED_ONCE
    _added_within = {"product_quantity_sold": "uom_id"}
