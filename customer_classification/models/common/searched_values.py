"""Conditions of domains that clients send, made into SQL.

A value that a field cannot have matches nobody; one that cannot be compared with it is
refused. Everything else is answered as ``filtered_domain`` answers it in memory.
"""

import math
from datetime import date

from odoo.fields import Domain
from odoo.tools import SQL

from .arguments import as_number
from .called_records import BIGGEST_ID

# Largest plausible number of days, orders or money.
BIGGEST_NUMBER = 10**15
COMPARISONS = ("<", "<=", ">", ">=")
NUMBERS = ("integer", "float", "monetary")


def searched_by_sql(model, name, operator, value):
    """Return the result of a search method of a field worked out by SQL.

    The model's ``_field_to_sql`` gives that SQL and refuses users who may not read the
    field: not here, because Odoo takes an error of a search method for "not supported".
    """
    field = model._fields[name]
    if operator in Domain.NEGATIVE_OPERATORS or not _is_answered(field, operator):
        return NotImplemented
    value = _asked_value(model.env, field, operator, value)

    def to_sql(model, alias, query):
        if value is None:
            model._check_field_access(field, "read")
            return SQL("FALSE")
        if field.type in NUMBERS:
            column = model._field_to_sql(alias, name, query)
            return _number_condition(column, field.falsy_value, operator, value)
        asked = value
        if isinstance(value, Domain):
            asked = value.optimize_full(model.env[field.comodel_name])
        return field.condition_to_sql(name, operator, asked, model, alias, query)

    def predicate(record):
        if value is None:
            return False
        return bool(record.filtered_domain(Domain(name, operator, value)))

    return Domain.custom(to_sql=to_sql, predicate=predicate)


def _is_answered(field, operator):
    """Return whether a field of this type knows an operator.

    The ORM turns others into these.
    """
    if operator in ("any", "any!"):
        return field.relational
    is_pattern = operator.endswith("like") and not field.relational
    return operator == "in" or operator in COMPARISONS or is_pattern


def _asked_value(env, field, operator, value):
    """Return a value comparable with the SQL of a field.

    None where nothing matches.
    """
    if operator == "in":
        none = [False] if asks_for_none(value) else []
        return [*values_among(field, value), *none] or None
    if operator in COMPARISONS:
        return compared_value(env, field, value)
    if operator.endswith("like"):
        return value if isinstance(value, str) and "\0" not in value else None
    return value


def _number_condition(column, falsy, operator, value):
    """Return the SQL of a condition on a number.

    An unknown number counts as the field's falsy value.
    """
    if falsy is not None:
        column = SQL("COALESCE(%s, %s)", column, falsy)
    if operator != "in":
        return SQL("(%s)::float8 %s %s::float8", column, SQL(operator), value)
    numbers = [one for one in value if one is not False]
    asks_none = len(numbers) < len(value)
    if asks_none and falsy is not None:
        numbers.append(falsy)
    found = SQL("(%s)::float8 = ANY(%s::float8[])", column, numbers)
    return SQL("(%s OR (%s) IS NULL)", found, column) if asks_none else found


def asks_for_none(values):
    """Return whether the searched values include no value."""
    return any(one is False or one is None for one in values)


def ids_among(values):
    """Return the ids among some values."""
    return [one for one in values if _is_whole(one) and 0 < one <= BIGGEST_ID]


def values_among(field, values):
    """Return the values that a field can have."""
    if field.relational:
        return ids_among(values)
    if field.type in NUMBERS:
        return [one for one in values if _is_number(one) and _can_be(field, one)]
    return [one for one in values if isinstance(one, date) or _is_text(one)]


def compared_value(env, field, value):
    """Return a value comparable by size with a field, or None.

    :raises UserError: it is not comparable
    """
    if field.type in NUMBERS:
        label = field._description_string(env)
        return as_number(env, value or 0, -BIGGEST_NUMBER, BIGGEST_NUMBER, label)
    if field.relational:
        return max(min(value, BIGGEST_ID), -BIGGEST_ID) if _is_whole(value) else None
    [known] = values_among(field, [value]) or [None]
    return known


def whole_bound(operator, number):
    """The whole number beside which an integer compares as beside a fraction."""
    return math.ceil(number) if operator in ("<", ">=") else math.floor(number)


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _can_be(field, number):
    """Return whether a field can have a number.

    An integer has no fraction.
    """
    return field.type != "integer" or number == int(number)


def _is_text(value):
    return isinstance(value, str) and "\0" not in value


def _is_number(value):
    is_number = _is_whole(value) or isinstance(value, float)
    return is_number and abs(value) <= BIGGEST_NUMBER
