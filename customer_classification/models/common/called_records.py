"""Checks of the records on which a public method is called.

Any user can call it by RPC, and ``self`` then has any ids.
"""

from odoo.exceptions import UserError
from odoo.tools.misc import clean_context

# Ids of rows of views are wider than those of tables.
BIGGEST_ID = 2**63 - 1


def one_id(records):
    """Return the id of the one record, whether or not the caller may read it."""
    if len(records._ids) != 1:
        raise UserError(records.env._("%s: choose one record.", _model_label(records)))
    _check_ids(records)
    return records._ids[0]


def check_one(records):
    """Refuse all but one record, which the caller may read."""
    one_id(records)
    records.check_access("read")


def check_records(records):
    """Refuse invalid ids, and records that the caller may not read."""
    _check_ids(records)
    records.check_access("read")


def without_defaults(records):
    """Return records without the default values of the caller's context.

    For models that only the program writes.
    """
    return records.with_env(records.env(context=clean_context(records.env.context)))


def _check_ids(records):
    if not all(type(one) is int and 0 < one <= BIGGEST_ID for one in records._ids):
        raise UserError(
            records.env._(
                "%s: a list of record numbers is needed.", _model_label(records)
            )
        )


def _model_label(records):
    return records.env["ir.model"]._get(records._name).sudo().name
