from functools import partial

from odoo import models
from odoo.tools import SQL

from ...schema import add_foreign_keys, is_of_addons


class IrModelConstraint(models.Model):
    """Foreign keys from or to tables of Odoo are added after its commit."""

    _inherit = "ir.model.constraint"

    def _reflect_constraints(self, model_names):
        """Postpone foreign keys, which models have announced when this is called."""
        result = super()._reflect_constraints(model_names)
        self.pool.post_init(self._postpone_foreign_keys)
        return result

    def _postpone_foreign_keys(self):
        """Take keys that would close a table of Odoo: one query.

        A table that is referred to is closed until the transaction ends. While our
        addons are installed, so would be the tables of a key of others that Odoo makes
        anew: two of its models declare that of the groups of a rule, each with another
        end, of which that holds whose model was extended last.
        """
        expected, cr = self.pool._foreign_keys, self.env.cr
        existing = self._existing_keys({table for table, __ in expected})
        ours = {key for key in expected if _is_ours(*expected[key][3:])}
        new = self._closing_keys(expected).intersection(ours).difference(existing)
        if is_of_addons(self.env.context.get("module")):
            new |= {
                key
                for key in expected.keys() & existing.keys() - ours
                if existing[key][1] != expected[key][2]
            }
        keys = []
        for key in sorted(new):
            other, column, ondelete, model, module = expected.pop(key)
            replaced = existing.get(key, (None,))[0]
            key = (*key, other, column, ondelete, replaced, model._name, module)
            keys.append(key)
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
        """Return ``{(table, column): (name, what on deleting)}``."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.relname, a.attname, k.conname,
                       CASE k.confdeltype WHEN 'a' THEN 'no action'
                            WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade'
                            WHEN 'n' THEN 'set null' ELSE 'set default' END
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
        return {(table, column): key for table, column, *key in rows}


def _is_ours(model, module):
    return is_of_addons(model._original_module) or is_of_addons(module)
