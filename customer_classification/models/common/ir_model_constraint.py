from functools import partial

from odoo import models
from odoo.tools import SQL

from ...schema import add_foreign_keys, is_of_addons


class IrModelConstraint(models.Model):
    """New foreign keys between our tables and Odoo's are added after Odoo's commit."""

    _inherit = "ir.model.constraint"

    def _reflect_constraints(self, model_names):
        """Postpone foreign keys, which models have announced when this is called."""
        super()._reflect_constraints(model_names)
        self.pool.post_init(self._postpone_foreign_keys)

    def _postpone_foreign_keys(self):
        """Take keys that would close a table of Odoo: one query.

        A table that is referred to is closed until the transaction ends. While our
        addons are installed, keys of others that are there stay as they are: two models
        of Odoo declare that of the groups of a rule, each with another end, and
        whichever an addon extends would make it anew.
        """
        expected, cr = self.pool._foreign_keys, self.env.cr
        existing = self._existing_keys({table for table, __ in expected})
        ours = {key for key in expected if _is_ours(*expected[key][3:])}
        if is_of_addons(self.env.context.get("module")):
            for key in expected.keys() & existing - ours:
                del expected[key]
        new = self._closing_keys(expected).intersection(ours) - existing
        keys = [(*key, *expected.pop(key)[:3]) for key in sorted(new)]
        if keys:
            cr.postcommit.add(partial(add_foreign_keys, cr.dbname, keys))

    def _closing_keys(self, expected):
        owners = {model._table: model._original_module for model in self.pool.values()}
        return {
            (table, column)
            for (table, column), (other, __, __, __, module) in expected.items()
            if not (
                is_of_addons(owners.get(table, module))
                and is_of_addons(owners.get(other))
            )
        }

    def _existing_keys(self, tables):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.relname, a.attname
                  FROM pg_constraint k
                  JOIN pg_class r ON r.oid = k.conrelid
                  JOIN pg_attribute a
                    ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
                 WHERE k.contype = 'f' AND r.relname = ANY(%s)
                   AND r.relnamespace = current_schema::regnamespace
                """,
                list(tables),
            )
        )
        return set(rows)


def _is_ours(model, module):
    return is_of_addons(model._original_module) or is_of_addons(module)
