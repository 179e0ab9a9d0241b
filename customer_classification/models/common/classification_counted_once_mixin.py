from odoo import api, models
from odoo.tools import SQL


class ClassificationCountedOnceMixin(models.AbstractModel):
    """Reports in which the same customer stands in several rows.

    Numbers of the customer are counted once in each group and in each total: a customer
    with two tags is in both groups with all the revenue, and once in the sum of all.
    """

    _name = "classification.counted.once.mixin"
    _description = "Report Whose Totals Count Once"

    # Fields that tell whose number it is, and the fields that are such numbers.
    _counted_by = ()
    _counted_once = frozenset()

    @api.model
    def _read_group_select(self, aggregate_spec, query):
        found = super()._read_group_select(aggregate_spec, query)
        name, __, function = aggregate_spec.partition(":")
        if name not in self._counted_once or function not in _FUNCTIONS:
            return found
        value = self._field_to_sql(self._table, name, query)
        if function == "sum_currency":
            currency = self._fields[name].get_currency_field(self)
            rates = query.make_alias(self._table, f"{currency}__rates")
            rate = SQL.identifier(rates, "rate")
            value = SQL("%s / COALESCE(%s, 1.0)", value, rate)
        keys = [
            SQL("COALESCE(%s, 0)", self._field_to_sql(self._table, key, query))
            for key in self._counted_by
        ]
        return SQL(
            """(SELECT %(function)s(value)
                  FROM (SELECT DISTINCT ON (key) value
                          FROM unnest(array_agg(%(key)s), array_agg(%(value)s))
                               AS rows(key, value)
                         ORDER BY key, value DESC NULLS LAST) each)""",
            function=_FUNCTIONS[function],
            # Ids are joined to one text: unnest() takes no arrays of arrays apart.
            key=SQL("concat_ws('-', %s)", SQL(", ").join(keys)),
            value=value,
        )


_FUNCTIONS = {"sum": SQL("sum"), "sum_currency": SQL("sum"), "avg": SQL("avg")}
