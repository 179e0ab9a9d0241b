from odoo import fields, models


class ProductTemplate(models.Model):
    """What a product belongs together with, seen from both sides."""

    # One file for each idea of a product.
    _inherit = "product.template"  # pylint: disable=consider-merging-classes-inherited

    product_association_ids = fields.One2many(
        "product.association",
        "product_tmpl_id",
        string="Belongs Together With",
        copy=True,
    )
    product_associated_ids = fields.One2many(
        "product.association", "other_tmpl_id", string="Belongs To"
    )
