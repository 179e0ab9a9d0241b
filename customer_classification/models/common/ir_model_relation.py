from odoo import models
from odoo.tools import SQL

from ...schema import is_of_addons, run_later


class IrModelRelation(models.Model):
    """Uninstalling drops our tables of relations after Odoo's transaction."""

    _inherit = "ir.model.relation"

    def _module_data_uninstall(self):
        ours = self.filtered(lambda relation: is_of_addons(relation.module.name))
        names = set(ours.mapped("name"))
        result = super(IrModelRelation, self - ours)._module_data_uninstall()
        ours.unlink()
        shared = self.sudo().search([("name", "in", list(names))]).mapped("name")
        run_later(
            self.env.cr,
            [
                SQL("DROP TABLE IF EXISTS %s CASCADE", SQL.identifier(name))
                for name in sorted(names.difference(shared))
            ],
        )
        return result
