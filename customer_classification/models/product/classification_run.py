from odoo import api, fields, models

from .pipeline import ProductPipeline


class ClassificationRun(models.Model):
    """Runs over products and services: production and preview.

    *Query budget*: 40 for any number of products.
    """

    _name = "classification.run"
    _inherit = "classification.run"

    kind = fields.Selection(
        selection_add=[
            ("product", "Products"),
            ("product_preview", "Preview of Products"),
        ],
        ondelete={"product": "cascade", "product_preview": "cascade"},
    )
    product_change_count = fields.Integer(
        string="Product Changes", readonly=True, aggregator=None
    )
    product_change_ids = fields.One2many(
        "product.class.change", "run_id", readonly=True
    )
    product_move_ids = fields.One2many("product.class.move", "run_id", readonly=True)

    @api.model
    def _pipelines(self):
        return {
            **super()._pipelines(),
            "product": ProductPipeline,
            "product_preview": ProductPipeline,
        }
