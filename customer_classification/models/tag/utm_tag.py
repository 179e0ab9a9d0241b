from odoo import fields, models


class UtmTag(models.Model):
    """Tags of campaigns in a tree."""

    _name = "utm.tag"
    # The mixin first: its display names are paths, unlike Odoo's own.
    _inherit = ["classification.tag.mixin", "utm.tag"]
    _order = "tag_sort_key, id"
    _parent_store = True

    sequence = fields.Integer(default=10)
    parent_id = fields.Many2one(
        "utm.tag", string="Parent Tag", index=True, ondelete="restrict"
    )
    child_ids = fields.One2many("utm.tag", "parent_id", string="Child Tags")
    parent_path = fields.Char(index=True)
    active = fields.Boolean(default=True)
    # The columns are named as Odoo named them for the other side.
    campaign_ids = fields.Many2many(
        "utm.campaign",
        relation="utm_tag_rel",
        column1="campaign_id",
        column2="tag_id",
        string="Campaigns",
    )
    tag_rule_ids = fields.One2many(
        "classification.tag.rule", "campaign_tag_id", string="Rules"
    )

    # Odoo's own constraint allows a name once in the whole tree.
    _name_uniq = models.Constraint(
        "unique (parent_id, name)", "Tag name already exists!"
    )
