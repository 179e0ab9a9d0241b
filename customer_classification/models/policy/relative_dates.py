"""Dates that conditions give relative to a day: “today -30d”, “=1d”."""

import re

from dateutil.relativedelta import relativedelta

from odoo.fields import Domain

from ..common.classification_condition_mixin import ANY, field_of

_WEEKDAYS = (
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
)
_UNITS = {"d": "days", "w": "weeks", "m": "months", "y": "years"}
_TERM = re.compile(r"([+=-])(?:(\d+)([dwmy])|(week_start|[a-z]+day))")


def with_fixed_dates(domain, model, day):
    """The domain with relative dates counted from a day, not from the clock."""

    def fix(condition):
        field, value = field_of(condition, model), condition.value
        if condition.operator in ANY:
            comodel = model.env[field.comodel_name]
            value = with_fixed_dates(Domain(value), comodel, day)
        elif field.type in ("date", "datetime"):
            if isinstance(value, str):
                value = _fixed_date(value, day)
            elif isinstance(value, (list, tuple, set)):
                value = [_fixed_date(item, day) for item in value]
        return Domain(condition.field_expr, condition.operator, value)

    return domain.map_conditions(fix)


def texts_of(value):
    """The texts in the value of a condition."""
    items = value if isinstance(value, (list, tuple, set)) else [value]
    return [item for item in items if isinstance(item, str)]


def is_relative(text):
    """Check if a text is a date relative to another day."""
    return bool(re.match(r"(today|now|[+=-](\d+[a-zA-Z]|[a-z_]+))(\s|$)", text))


def _fixed_date(value, day):
    """Return a relative date as a date, counted from a day.

    Other values are returned as they are. Examples: “today -30d”, “=1d”, “-1m =monday”.

    :raises ValueError: it counts in parts of a day, or is unknown
    """
    if not isinstance(value, str) or not is_relative(value):
        return value
    terms = value.split()
    for term in terms[1:] if terms[0] in ("today", "now") else terms:
        match = _TERM.fullmatch(term)
        if not match:
            raise ValueError(f"{term} in {value}")
        day = _step(day, *match.groups())
    return day


def _step(day, sign, number, unit, weekday):
    """A day moved by a term of a relative date; weeks begin on Monday."""
    if weekday:
        place = 0 if weekday == "week_start" else _WEEKDAYS.index(weekday)
        offset = place - day.weekday()
        if sign == "+" and offset < 0:
            offset += 7
        elif sign == "-" and offset > 0:
            offset -= 7
        return day + relativedelta(days=offset)
    if sign == "=":
        return day + relativedelta(**{_UNITS[unit].removesuffix("s"): int(number)})
    return day + relativedelta(**{_UNITS[unit]: int(sign + number)})
