"""Rows of any model of these addons, written past the ORM.

With the values that they need.
"""

from itertools import count

from odoo import fields
from odoo.tools import SQL

from ..models.common.ir_rule import ADDONS
from .common import AS_OF, ClassificationCase

NUMBERS = count(1)


class RowCase(ClassificationCase):
    """Make rows of models that no person can create, for all-model tests."""

    def _models(self):
        """The models of these addons that have rows."""
        return [
            self.env[name]
            for name in sorted(self.env.registry)
            if (self.env[name]._original_module or "").startswith(ADDONS)
            and not self.env[name]._abstract
        ]

    def _row(self, model, values):
        """Return a record of a model.

        With these values, the company of the test, and anything for other required
        fields.
        """
        values = {"company_id": self.company.id, "active": True, **values}
        stored = {
            name: field
            for name, field in model._fields.items()
            if field.store and field.column_type and name != "id"
        }
        row = {
            name: field.convert_to_column_insert(
                values.get(name) or self._any_value(model, field), model
            )
            for name, field in stored.items()
            if name in values or field.required
        }
        self.env.flush_all()
        [(number,)] = self.env.execute_query(
            SQL(
                "INSERT INTO %s (%s) VALUES (%s) RETURNING id",
                SQL.identifier(model._table),
                SQL(", ").join(map(SQL.identifier, row)),
                SQL(", ").join(SQL("%s", value) for value in row.values()),
            )
        )
        return model.browse(number)

    def _any_value(self, model, field):
        if field.type == "many2one":
            found = self.env[field.comodel_name].search([], limit=1)
            return (found or self._row(self.env[field.comodel_name], {})).id
        if field.type == "selection":
            return field.get_values(self.env)[0]
        return {
            "char": f"Row {next(NUMBERS)}",
            "text": "Row",
            "binary": b"e30=",
            "date": AS_OF,
            "datetime": fields.Datetime.now(),
        }.get(field.type, 1)
