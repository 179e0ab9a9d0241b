from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class ProductCategory(models.Model):
    """Accounting categories in a tree that people arrange.

    With an order, a description, and without the cascade by which deleting one deletes
    those below.

    Other screens keep Odoo's own order by name.
    """

    _inherit = "product.category"

    category_sequence = fields.Integer(
        string="Order",
        default=10,
        help="Among the categories beside it, lowest first.",
        aggregator=None,
    )
    category_description = fields.Text(
        string="Description",
        translate=True,
        help="What belongs into this category.",
    )
    category_sort_key = fields.Char(
        compute="_compute_category_sort_key", store=True, recursive=True, index=True
    )
    category_level = fields.Integer(compute="_compute_category_level")

    @api.depends("name", "category_sequence", "parent_id.category_sort_key")
    def _compute_category_sort_key(self):
        for category in self:
            place = max(category.category_sequence, 0)
            own = f"{place:06d} {(category.name or '').casefold()}"
            above = category.parent_id.category_sort_key
            category.category_sort_key = f"{above}\x1f{own}" if above else own

    @api.depends("parent_path")
    def _compute_category_level(self):
        for category in self:
            category.category_level = (category.parent_path or "").count("/") - 1

    @api.ondelete(at_uninstall=False)
    def _unlink_without_leaving_anything(self):
        """Refuse to delete categories with products or categories below.

        Odoo would delete those below, and leave products without category: two queries.
        """
        children = self.search(
            [("parent_id", "in", self.ids), ("id", "not in", self.ids)], limit=1
        )
        if children:
            raise UserError(
                self.env._(
                    "“%(category)s” has categories below it, such as “%(child)s”. Move "
                    "or delete those first.",
                    category=children.parent_id.complete_name,
                    child=children.name,
                )
            )
        products = self.env["product.template"].sudo().with_context(active_test=False)
        found = products._read_group(
            Domain("categ_id", "in", self.ids), ["categ_id"], ["__count"], limit=1
        )
        for category, count in found:
            raise UserError(
                self.env._(
                    "Products are in “%(category)s”: %(count)s, archived ones and "
                    "those of all companies counted. Give them another category first.",
                    category=category.complete_name,
                    count=count,
                )
            )
