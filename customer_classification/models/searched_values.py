"""Values of domains that clients send, checked before SQL is made of them.

What a field cannot have matches nobody; what cannot be compared with it is refused.
"""

from .arguments import as_number
from .called_records import BIGGEST_ID

# Beyond it, a number is no number of days, orders or money.
BIGGEST_NUMBER = 10**15


def asks_for_none(values):
    """Whether no value at all is among those that are looked for."""
    return any(one is False or one is None for one in values)


def ids_among(values):
    """Those of some values that are ids."""
    return [one for one in values if _is_whole(one) and 0 < one <= BIGGEST_ID]


def values_among(field, values):
    """Those of some values that a field can have."""
    if field.relational:
        return ids_among(values)
    if field.type in ("integer", "float", "monetary"):
        return [one for one in values if _is_number(one)]
    return [one for one in values if isinstance(one, str) and "\0" not in one]


def compared_value(env, field, value):
    """Return a value with which a field can be compared by size.

    :raises UserError: it cannot
    """
    if field.type in ("integer", "float", "monetary"):
        label = field._description_string(env)
        return as_number(env, value, -BIGGEST_NUMBER, BIGGEST_NUMBER, label)
    [known] = values_among(field, [value]) or [None]
    return known


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value):
    is_number = _is_whole(value) or isinstance(value, float)
    return is_number and abs(value) <= BIGGEST_NUMBER
