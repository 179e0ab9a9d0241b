from odoo import fields, models

from ..common.called_records import check_one


class ProductServiceType(models.Model):
    """Kind of work of a service: installation, training, consulting …"""

    _name = "product.service.type"
    _inherit = "classification.bounds.mixin"
    _description = "Service Type"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    description = fields.Char(translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    product_count = fields.Integer(string="Services", compute="_compute_product_count")

    def _compute_product_count(self):
        """Services of each type: one query."""
        counts = dict(
            self.env["product.template"]._read_group(
                [("product_service_type_id", "in", self.ids)],
                ["product_service_type_id"],
                ["__count"],
            )
        )
        for kind in self:
            kind.product_count = counts.get(kind, 0)

    def action_open_products(self):
        """Open the services of this type."""
        check_one(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "product.template",
            "view_mode": "list,kanban,form",
            "domain": [("product_service_type_id", "=", self.id)],
            "context": {
                "default_type": "service",
                "default_product_service_type_id": self.id,
            },
        }
