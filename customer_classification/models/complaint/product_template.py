from odoo import api, fields, models

from ..common.access_groups import INSIGHT_GROUP
from ..common.called_records import check_one


class ProductTemplate(models.Model):
    """Counts the complaints about a product."""

    _name = "product.template"
    _inherit = ["product.template"]

    product_complaint_count = fields.Integer(
        string="Complaints",
        compute="_compute_product_complaint_count",
        groups=INSIGHT_GROUP,
        aggregator=None,
    )

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_product_complaint_count(self):
        """Complaints about each product that the reader may see: one query."""
        counts = self.env["customer.complaint"]._read_group(
            [("product_tmpl_id", "in", self.ids)], ["product_tmpl_id"], ["__count"]
        )
        by_product = {product.id: count for product, count in counts}
        for product in self:
            product.product_complaint_count = by_product.get(product._origin.id, 0)

    def action_open_product_complaints(self):
        """Open the complaints about the product, by cause."""
        check_one(self)
        action = self.env["ir.actions.actions"]._for_xml_id(
            "customer_classification.customer_complaint_action"
        )
        return {
            **action,
            "domain": [("product_tmpl_id", "=", self.id)],
            "context": {
                "default_product_tmpl_id": self.id,
                "search_default_group_by_cause": 1,
            },
        }
