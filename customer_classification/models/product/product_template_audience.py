from odoo import api, fields, models

from ..common.called_records import check_one, check_records


class ProductTemplate(models.Model):
    """For whom a product is meant."""

    # One file for each idea of a product.
    _inherit = "product.template"  # pylint: disable=consider-merging-classes-inherited

    product_target_tier_ids = fields.Many2many(
        "customer.value.tier",
        "product_target_tier_rel",
        "product_tmpl_id",
        "tier_id",
        string="Meant for Value Tiers",
        help="Nothing chosen: for everybody.",
    )
    product_target_stage_ids = fields.Many2many(
        "customer.lifecycle.stage",
        "product_target_stage_rel",
        "product_tmpl_id",
        "stage_id",
        string="Meant for Lifecycle Stages",
        help="Nothing chosen: for everybody.",
    )

    product_target_tag_ids = fields.Many2many(
        "res.partner.category",
        "product_target_tag_rel",
        "product_tmpl_id",
        "tag_id",
        string="Meant for Tags",
        help="Tags of customers; a customer with a tag below one of them counts too. "
        "Nothing chosen: for everybody.",
    )

    def action_open_product_customers(self):
        """Open the customers who bought this product in the window."""
        check_one(self)
        return self.env["product.audience"]._open_buyers(self)

    def action_open_product_audience(self):
        """Open who really buys these products."""
        check_records(self)
        action = self._audience_action()
        action["domain"] = [("product_tmpl_id", "in", self.ids)]
        return action

    @api.model
    def _audience_action(self):
        return self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.product_audience_action"
        )
