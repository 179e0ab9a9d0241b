from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from .searched_values import asks_for_none, compared_value, values_among

COMPARISONS = ("<", "<=", ">", ">=")


class ResPartner(models.Model):
    """Fields that are worked out by SQL when they are searched, sorted or grouped.

    What follows from the day, the company or documents of others is not stored on
    ``res_partner``: a column of it would have to be rewritten for all contacts.
    """

    # One file for each idea of a contact.
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _customer_sql_fields(self):
        """``{name of a field: method(alias, query) that returns its SQL}``."""
        return {}

    def _field_to_sql(self, alias, field_expr, query=None):
        """Our worked out fields by their own SQL."""
        worked_out = self._customer_sql_fields().get(field_expr)
        if worked_out is None or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        return worked_out(alias, query)

    @api.model
    def _search_by_customer_sql(self, name, operator, value):
        """What the search method of such a field returns.

        Who may not read the field is refused when the SQL is made, as by
        ``_search_customer_profile_id``.
        """
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        if operator in COMPARISONS:
            compared = self._customer_comparison(name, operator, value)
            return Domain.custom(to_sql=compared)
        if operator == "in":
            return Domain.custom(
                to_sql=self._customer_finder(name, value),
                predicate=lambda record: record._customer_plain(name) in value,
            )
        if not self._fields[name].relational:
            return NotImplemented
        comodel = self.env[self._fields[name].comodel_name]
        if operator.endswith("like"):
            value = Domain("display_name", operator, value)
        elif operator not in ("any", "any!"):
            return NotImplemented
        found = comodel.sudo(operator == "any!" or self.env.su)._search(Domain(value))
        return Domain.custom(to_sql=self._customer_finder(name, found))

    def _customer_plain(self, name):
        """The value of a field as it stands in domains."""
        value = self[name]
        return value.id if isinstance(value, models.BaseModel) else value

    @api.model
    def _customer_guard(self, name):
        """A domain of everybody for who may read a field, and an error for others."""

        def to_sql(model, alias, query):
            model._check_field_access(model._fields[name], "read")
            return SQL("TRUE")

        return Domain.custom(to_sql=to_sql, predicate=lambda record: True)

    def _customer_comparison(self, name, operator, value):
        value = compared_value(self.env, self._fields[name], value)

        def to_sql(model, alias, query):
            column = model._field_to_sql(alias, name, query)
            return SQL("%s %s %s", column, SQL(operator), value)

        return to_sql

    def _customer_finder(self, name, values):
        """Find one of the values (or of the records of a query); False is none."""

        def to_sql(model, alias, query):
            column = model._field_to_sql(alias, name, query)
            if hasattr(values, "subselect"):
                return SQL("%s IN %s", column, values.subselect())
            known = values_among(model._fields[name], values)
            found = SQL("%s = ANY(%s)", column, known)
            if not asks_for_none(values):
                return found
            return SQL("(%s OR %s IS NULL)", found, column)

        return to_sql

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
