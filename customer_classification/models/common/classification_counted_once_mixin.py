from odoo import api, models
from odoo.tools import SQL

_FUNCTIONS = {"sum": SQL("sum"), "avg": SQL("avg")}


class ClassificationCountedOnceMixin(models.AbstractModel):
    """Totals that are true of each group and of all groups together.

    A number that several rows share is counted once: a customer with two tags is in
    both groups with all the revenue, and once in the sum of all. A number that adds up
    within a campaign, a run or a unit has no sum over several of them. An unknown
    value is not 0 in an average, and the total of a ratio is the ratio of the totals.
    """

    _name = "classification.counted.once.mixin"
    _description = "Report Whose Totals Count Once"

    # Fields of a number's owner, and the numbers that belong to it.
    _counted_by = ()
    _counted_once = frozenset()
    # ``{number: field}``: it adds up where that field has one value.
    _added_within = {}
    # ``{number: boolean field}`` that tells whether the number is known.
    _known_by = {}
    # Numbers that are unknown if 0.
    _unknown_if_zero = frozenset()
    # ``{number: (number, number to divide by, factor, number to add)}``
    _ratios = {}
    # ``{average: count}`` of what it is the average of.
    _weighted_by = {}

    @api.model
    def _read_group_select(self, aggregate_spec, query):
        found = super()._read_group_select(aggregate_spec, query)
        name, __, function = aggregate_spec.partition(":")
        is_converted = function == "sum_currency"
        if is_converted:
            # Odoo asks for it in place of an average, too, where currencies differ.
            function = self._fields[name].aggregator
        if function not in _FUNCTIONS or not self._has_own_total(name):
            return found
        if function == "avg" and name in self._ratios:
            return self._total_ratio(name, is_converted, query)
        if function == "avg" and name in self._weighted_by:
            return self._weighted_average(name, query)
        value = self._counted_value(name, is_converted, query)
        total = self._total(name, _FUNCTIONS[function], value, query)
        if name not in self._added_within:
            return total
        key = self._field_to_sql(self._table, self._added_within[name], query)
        return SQL("CASE WHEN min(%s) = max(%s) THEN %s END", key, key, total)

    @api.model
    def _has_own_total(self, name):
        """Check if Odoo's own total of a number would differ."""
        field = self._fields.get(name)
        is_average = field and field.type == "monetary" and field.aggregator == "avg"
        return is_average or any(
            name in numbers
            for numbers in (
                *(self._counted_once, self._added_within, self._known_by),
                *(self._unknown_if_zero, self._ratios, self._weighted_by),
            )
        )

    @api.model
    def _counted_value(self, name, is_converted, query):
        """SQL of the number of a row, NULL where it is not known."""
        value = self._field_to_sql(self._table, name, query)
        if name in self._known_by:
            known = self._field_to_sql(self._table, self._known_by[name], query)
            value = SQL("CASE WHEN %s THEN %s END", known, value)
        if name in self._unknown_if_zero:
            value = SQL("NULLIF(%s, 0)", value)
        return self._in_one_currency(name, value, query) if is_converted else value

    @api.model
    def _in_one_currency(self, name, value, query):
        """Return SQL of an amount in the company's currency.

        It uses the join that Odoo has made for its own sum.
        """
        currency = self._fields[name].get_currency_field(self)
        rates = query.make_alias(self._table, f"{currency}__rates")
        return SQL("%s / COALESCE(%s, 1.0)", value, SQL.identifier(rates, "rate"))

    @api.model
    def _total(self, name, function, value, query):
        """Return SQL over all rows, or over one row per owner of the number."""
        if name not in self._counted_once:
            return SQL("%s(%s)", function, value)
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
            function=function,
            # Ids are joined to one text: unnest() takes no arrays of arrays apart.
            key=SQL("concat_ws('-', %s)", SQL(", ").join(keys))
            if len(keys) > 1
            else keys[0],
            value=value,
        )

    @api.model
    def _total_ratio(self, name, is_converted, query):
        """SQL of the ratio of two totals, of the rows of which both are known."""
        over, under, factor, added = self._ratios[name]
        under = self._field_to_sql(self._table, under, query)
        over = self._field_to_sql(self._table, over, query)
        if is_converted:
            over = self._in_one_currency(name, over, query)
        both = SQL("%s IS NOT NULL AND %s IS NOT NULL", over, under)
        return SQL(
            "%(added)s + %(factor)s * (sum(%(over)s) FILTER (WHERE %(both)s))::float8"
            " / NULLIF(sum(%(under)s) FILTER (WHERE %(both)s), 0)::float8",
            **{"added": added, "factor": factor, "over": over},
            **{"under": under, "both": both},
        )

    @api.model
    def _weighted_average(self, name, query):
        """Return SQL of the average weighted by the rows' counts."""
        value = self._field_to_sql(self._table, name, query)
        weight = self._field_to_sql(self._table, self._weighted_by[name], query)
        return SQL(
            "sum(%(value)s * %(weight)s)"
            " / NULLIF(sum(%(weight)s) FILTER (WHERE %(value)s IS NOT NULL), 0)",
            value=value,
            weight=weight,
        )
