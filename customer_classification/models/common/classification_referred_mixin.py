from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .keyless_many2one import KeylessMany2one


class ClassificationReferredMixin(models.AbstractModel):
    """Records to which rows without a foreign key refer.

    When they are deleted, ``ondelete`` of each :class:`KeylessMany2one` is carried out
    in SQL: a query for each field, as the keys of the database would.
    """

    _name = "classification.referred.mixin"
    _description = "Record That Rows of Runs Refer To"

    @api.ondelete(at_uninstall=True)
    def _unlink_references(self):
        """Refuse, delete or empty the rows that refer to these records."""
        self.env.flush_all()
        by_rule = {"restrict": [], "cascade": [], "set null": []}
        for field in self._keyless_fields():
            by_rule[field.ondelete].append(field)
        # Rows that are deleted refer to nothing any more.
        for field in by_rule["cascade"]:
            self._delete_referring(field)
        for field in by_rule["restrict"]:
            self._refuse_where_referred(field)
        for field in by_rule["set null"]:
            self._empty_referring(field)

    @api.model
    def _keyless_fields(self):
        """Return the stored fields without a key that refer to this model."""
        return [
            field
            for model in self.env.registry.values()
            if model._auto and not model._abstract
            for field in model._fields.values()
            if isinstance(field, KeylessMany2one)
            and field.store
            and field.comodel_name == self._name
        ]

    def _referring(self, field):
        """Return the SQL of table and condition of the rows that refer to these."""
        table = SQL.identifier(self.env[field.model_name]._table)
        return table, SQL("%s = ANY(%s)", SQL.identifier(field.name), self.ids)

    def _refuse_where_referred(self, field):
        table, condition = self._referring(field)
        query = SQL(
            "SELECT %s FROM %s WHERE %s LIMIT 1",
            SQL.identifier(field.name),
            table,
            condition,
        )
        for (id_,) in self.env.execute_query(query):
            raise UserError(
                self.env._(
                    "%(record)s cannot be deleted: it is used in “%(model)s”. If "
                    "possible, archive it instead.",
                    record=self.browse(id_).display_name,
                    model=self.env["ir.model"]._get(field.model_name).name,
                )
            )

    def _delete_referring(self, field):
        self.env.cr.execute(SQL("DELETE FROM %s WHERE %s", *self._referring(field)))
        self.env[field.model_name].invalidate_model(flush=False)

    def _empty_referring(self, field):
        table, condition = self._referring(field)
        column = SQL.identifier(field.name)
        query = SQL("UPDATE %s SET %s = NULL WHERE %s", table, column, condition)
        self.env.cr.execute(query)
        self.env[field.model_name].invalidate_model([field.name], flush=False)
