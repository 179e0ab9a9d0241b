from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..common.searched_values import ids_among

SEPARATOR = " / "


class ResPartnerIndustry(models.Model):
    """Industries within industries: Odoo's are flat."""

    _inherit = "res.partner.industry"
    _parent_store = True

    parent_id = fields.Many2one(
        "res.partner.industry",
        string="Part of",
        index=True,
        ondelete="restrict",
        help="Who looks for the industry above finds the customers of this one too.",
    )
    child_ids = fields.One2many(
        "res.partner.industry", "parent_id", string="Industries Within"
    )
    parent_path = fields.Char(index=True)
    customer_code_letters = fields.Char(
        string="Letters in Codes",
        help="What stands for this industry in customer codes; else the first letters "
        "of its name.",
    )

    def write(self, vals):
        """A cycle is refused with a sentence before Odoo refuses it without one."""
        above = self.browse(ids_among([vals.get("parent_id")]))
        if above and self & self.with_context(active_test=False).search(
            [("id", "parent_of", above.ids)]
        ):
            raise ValidationError(
                self.env._(
                    "An industry cannot be part of itself, nor of one within it."
                )
            )
        return super().write(vals)

    @api.depends("name", "parent_id.name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        """The path, in the user's language: a query for each level at most."""
        for industry in self:
            path = above = industry
            # A circle, which only the database can have, is told once.
            while above := above.parent_id - path:
                path += above
            names = (one.name or "" for one in reversed(path))
            industry.display_name = SEPARATOR.join(names)

    @api.model
    def _search_display_name(self, operator, value):
        """Search by name, sub-industries included by their path."""
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        if not operator.endswith("like") or not isinstance(value, str):
            return super()._search_display_name(operator, value)
        name = value.rsplit(SEPARATOR.strip(), 1)[-1].strip()
        domain = super()._search_display_name(operator, name)
        return Domain("id", "child_of", tuple(self._search(domain)))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_parents(self):
        """Industries within are never deleted along: one query."""
        children = self.with_context(active_test=False).search(
            [("parent_id", "in", self.ids), ("id", "not in", self.ids)], limit=1
        )
        if children:
            raise UserError(
                self.env._(
                    "%(industry)s has industries within it, such as %(child)s. Move or "
                    "delete them first.",
                    industry=children.parent_id.display_name,
                    child=children.name,
                )
            )
