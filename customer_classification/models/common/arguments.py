"""Checks of the arguments of public methods.

Any user can call a public method by RPC with any value. Each function returns the
value in the type that the method works with, or raises a sentence.
"""

import re
from datetime import date, datetime

from odoo.exceptions import UserError

# Range of an integer column.
BIGGEST_ID = 2**31 - 1
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def as_day(env, value, label):
    """Return a day given as a date or as ISO text; None for no value.

    :param label: name of the argument for people
    """
    if value is None or value is False:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value if _DAY.fullmatch(value) else "")
    except (TypeError, ValueError) as error:
        raise UserError(
            env._(
                "%(label)s: “%(value)s” is not a day. Write it as 2026-12-31.",
                label=label,
                value=_shown(value),
            )
        ) from error


def as_ids(env, model_name, value):
    """Return the ids of records that the caller may read: one query.

    :param value: an id, a list of ids, or records of the model
    """
    model = env[model_name]
    if isinstance(value, type(model)):
        value = value.ids
    ids = [value] if isinstance(value, int) else value
    if not isinstance(ids, list | tuple) or not all(map(_is_id, ids)):
        raise UserError(
            env._(
                "%(model)s: a list of record numbers is needed, not “%(value)s”.",
                model=_model_label(env, model_name),
                value=_shown(value),
            )
        )
    ids = list(dict.fromkeys(ids))
    found = model.with_context(active_test=False).search([("id", "in", ids)])
    if len(found) < len(ids):
        raise UserError(
            env._(
                "%s: some of these records are not there any more, or you may not "
                "read them.",
                _model_label(env, model_name),
            )
        )
    return ids


def as_choice(env, value, choices, label):
    """Return a value that is one of some texts.

    :param choices: the texts
    :param label: name of the argument for people
    """
    if isinstance(value, str) and value in choices:
        return value
    raise UserError(
        env._(
            "%(place)s: there is no choice “%(value)s”.",
            place=label,
            value=_shown(value),
        )
    )


def as_number(env, value, low, high, label, whole=False):
    """Return a number between two bounds, both included.

    :param low: a finite number, as ``high``
    :param label: name of the argument for people
    :param whole: refuse fractions
    """
    kinds = int if whole else int | float
    is_number = isinstance(value, kinds) and not isinstance(value, bool)
    if is_number and low <= value <= high:  # NaN is within no bounds
        return value
    raise UserError(
        env._(
            "%(label)s: a number from %(low)s to %(high)s is needed, not “%(value)s”.",
            label=label,
            low=low,
            high=high,
            value=_shown(value),
        )
    )


def _is_id(value):
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return is_number and 0 < value <= BIGGEST_ID


def _model_label(env, model_name):
    return env["ir.model"]._get(model_name).sudo().name


def _shown(value):
    """A value in a sentence, short enough to be read."""
    try:
        return str(value)[:80]
    except ValueError:  # Python refuses to write integers of thousands of digits
        return type(value).__name__
