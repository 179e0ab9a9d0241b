from odoo import fields, models


class ProductTag(models.Model):
    """Tags of products in a tree: a product has several places in it."""

    _name = "product.tag"
    # The mixin first: its display names are paths, unlike Odoo's own.
    _inherit = ["classification.tag.mixin", "product.tag"]
    _order = "tag_sort_key, id"
    _parent_store = True

    parent_id = fields.Many2one(
        "product.tag", string="Parent Tag", index=True, ondelete="restrict"
    )
    child_ids = fields.One2many("product.tag", "parent_id", string="Child Tags")
    parent_path = fields.Char(index=True)
    active = fields.Boolean(default=True)
    tag_rule_ids = fields.One2many(
        "classification.tag.rule", "product_tag_id", string="Rules"
    )

    # Odoo's own constraint allows a name once in the whole tree.
    _name_uniq = models.Constraint(
        "unique (parent_id, name)", "Tag name already exists!"
    )
