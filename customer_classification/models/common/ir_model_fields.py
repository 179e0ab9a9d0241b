from collections import defaultdict

from odoo import models
from odoo.tools import SQL

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG

from ...schema import is_of_addons, run_later


class IrModelFields(models.Model):
    """Uninstalling drops columns of Odoo's tables after its transaction."""

    _inherit = "ir.model.fields"

    def _drop_column(self):
        """Postpone our columns; those of tables that go are dropped with them."""
        if not self.env.context.get(MODULE_UNINSTALL_FLAG):
            return super()._drop_column()
        ours = self.filtered(lambda field: field._is_of_addons())
        leaving = self.env["ir.module.module"]._leaving_names()
        columns = defaultdict(list)
        for field in ours.filtered("store"):
            model = self.env[field.model]
            if (
                model._original_module not in leaving
                and model._fields[field.name].column_type
            ):
                columns[model._table].append(field.name)
        run_later(
            self.env.cr, [_drop(table, names) for table, names in columns.items()]
        )
        return super(IrModelFields, self - ours)._drop_column()

    def _is_of_addons(self):
        model = self.env.get(self.model)
        field = model is not None and model._fields.get(self.name)
        return (
            bool(field)
            and not model._abstract
            and (is_of_addons(field._module) or is_of_addons(model._original_module))
        )


def _drop(table, names):
    dropped = [
        SQL("DROP COLUMN IF EXISTS %s CASCADE", SQL.identifier(n)) for n in names
    ]
    return SQL(
        "ALTER TABLE IF EXISTS %s %s", SQL.identifier(table), SQL(", ").join(dropped)
    )
