from odoo import models
from odoo.tools import SQL
from odoo.tools.sql import TableKind, table_kind

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG

from ...schema import is_of_addons, run_later


class IrModel(models.Model):
    """Uninstalling drops our tables after Odoo's transaction.

    With a table go its foreign keys, for which Odoo's table is closed.
    """

    _inherit = "ir.model"

    def _drop_table(self):
        if not self.env.context.get(MODULE_UNINSTALL_FLAG):
            return super()._drop_table()
        ours = self.filtered(lambda model: model._is_table_of_addons())
        tables = [self.env[model.model]._table for model in ours]
        run_later(
            self.env.cr,
            [SQL("DROP TABLE IF EXISTS %s CASCADE", SQL.identifier(t)) for t in tables],
        )
        return super(IrModel, self - ours)._drop_table()

    def _is_table_of_addons(self):
        model = self.env.get(self.model)
        return (
            model is not None
            and is_of_addons(model._original_module)
            and table_kind(self.env.cr, model._table) == TableKind.Regular
        )
