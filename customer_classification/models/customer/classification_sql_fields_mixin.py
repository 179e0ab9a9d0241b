from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL


class ClassificationSqlFieldsMixin(models.AbstractModel):
    """Fields computed in SQL when they are searched, sorted or grouped.

    Values that depend on the day, the company or documents of others are not stored on
    ``res_partner``: a column would have to be rewritten for all contacts.
    """

    _name = "classification.sql.fields.mixin"
    _description = "Fields by SQL"

    @api.model
    def _customer_sql_fields(self):
        """``{name of a field: method(alias, query) that returns its SQL}``."""
        return {}

    def _field_to_sql(self, alias, field_expr, query=None):
        """Our worked out fields by their own SQL."""
        field = self._fields.get(field_expr)
        if query is None or field is None or field.store:
            return super()._field_to_sql(alias, field_expr, query)
        worked_out = self._customer_sql_fields().get(field_expr)
        if worked_out is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(field, "read")
        return worked_out(alias, query)

    @api.model
    def _customer_guard(self, name):
        """Return a domain of everybody that checks access to a field.

        For users without access it raises.
        """

        def to_sql(model, alias, query):
            model._check_field_access(model._fields[name], "read")
            return SQL("TRUE")

        return Domain.custom(to_sql=to_sql, predicate=lambda record: True)

    @api.model
    def _customer_commercial_join(self, alias, query):
        """Join the commercial partner to a query on partners, once; its alias."""
        joined = query.make_alias(alias, "customer_commercial")
        query.add_join(
            "LEFT JOIN",
            joined,
            "res_partner",
            SQL(
                "%s = %s",
                SQL.identifier(joined, "id"),
                self._field_to_sql(alias, "commercial_partner_id", query),
            ),
        )
        return joined
