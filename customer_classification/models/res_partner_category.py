from odoo import fields, models


class ResPartnerCategory(models.Model):
    """Tags of contacts, which Odoo keeps in a tree already."""

    _name = "res.partner.category"
    _inherit = ["res.partner.category", "classification.tag.mixin"]
    _order = "tag_sort_key, id"

    sequence = fields.Integer(default=10)
    tag_rule_ids = fields.One2many(
        "classification.tag.rule", "partner_tag_id", string="Rules"
    )
