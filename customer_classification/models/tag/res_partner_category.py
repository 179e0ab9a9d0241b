from odoo import fields, models


class ResPartnerCategory(models.Model):
    """Tags of contacts, which Odoo keeps in a tree already."""

    _name = "res.partner.category"
    # The mixin first: its display names are paths, unlike Odoo's own.
    _inherit = ["classification.tag.mixin", "res.partner.category"]
    _order = "tag_sort_key, id"

    sequence = fields.Integer(default=10)
    tag_rule_ids = fields.One2many(
        "classification.tag.rule", "partner_tag_id", string="Rules"
    )
