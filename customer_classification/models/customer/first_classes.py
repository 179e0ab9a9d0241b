"""First classes: one row a customer instead of one an axis.

A first run gives a million customers three classes each. Their rows of the history
agree in everything but the class, so ``classification.first.class`` keeps them as one,
with the three ids that the rows would have, and the numbers of the profile from which
the explanations are made when they are read. Readers of the history read
:func:`all_changes`, in which they are rows like any other.
"""

from odoo.tools import SQL

from ...copy_frames import float_or_null
from ..classified.profile_table import column_of, insert_rows, word_of
from .explanation import NUMBERS_OF_FIRSTS, explanation_of_first, value_column

FIRST_KINDS = {
    "partner_id": "int",
    "to": "int",
    "from": "int",
    "stage": "int",
    "risk": "int",
    "revenue": "float",
}
# {axis: (column with the id of its change, column with its class, field of changes)}
AXIS_COLUMNS = {
    "value_tier": ("id", "tier_id", "to_tier_id"),
    "lifecycle_stage": ("stage_change_id", "stage_id", "to_stage_id"),
    "churn_risk": ("risk_change_id", "risk", "to_risk"),
}
_SAME = (
    *("partner_id", "company_id", "run_id", "policy_id", "create_date"),
    *("valid_date", "revenue"),
)
_NO_ID, _NO_WORD = SQL("NULL::int4"), SQL("NULL::varchar")
_CONSTANT = {
    **dict.fromkeys(("from_tier_id", "from_stage_id"), _NO_ID),
    **dict.fromkeys(("to_tier_id", "to_stage_id"), _NO_ID),
    **dict.fromkeys(("from_risk", "to_risk"), _NO_WORD),
    "direction": SQL("'first'::varchar"),
    "cause": SQL("'data'::varchar"),
    "is_correction": SQL("FALSE"),
}


def all_changes(names, more=None):
    """Return the SQL of columns of all changes, first classes among them.

    A condition on it reaches the tables: PostgreSQL plans each part for itself.

    :param more: ``{name: SQL}`` of columns that first classes do not have
    """
    return SQL(
        "SELECT %s FROM classification_change UNION ALL %s",
        SQL(", ").join(map(SQL.identifier, names)),
        changes_of(SQL.identifier("classification_first_class"), names, more),
    )


def changes_of(firsts, names, more=None):
    """Return the SQL of the changes that rows of first classes represent.

    :param firsts: SQL of the rows
    """
    return SQL(" UNION ALL ").join(
        SQL(
            "SELECT %s FROM %s f WHERE %s IS NOT NULL",
            SQL(", ").join(
                SQL("%s AS %s", {**(more or {}), **values}[name], SQL.identifier(name))
                for name in names
            ),
            firsts,
            values[AXIS_COLUMNS[axis][2]],
        )
        for axis, values in ((axis, _values(axis)) for axis in AXIS_COLUMNS)
    )


def _values(axis):
    """Return ``{column of a change: SQL}`` of the change on an axis."""
    id_, class_, field = AXIS_COLUMNS[axis]
    return {
        **{name: SQL.identifier("f", name) for name in _SAME},
        **_CONSTANT,
        "id": SQL.identifier("f", id_),
        "axis": SQL("%s::varchar", axis),
        field: SQL.identifier("f", class_),
        "explanation": explanation_of_first(axis),
    }


def split(moves, back=()):
    """Return the customers with first classes, and the moves of all others.

    :param moves: the moves of a run, long
    :param back: customers with a history, whose new classes follow it
    :return: ``(frame by customer, moves)``; the frame has ``to`` (the tier),
        ``stage`` and ``risk``, 0 for none
    """
    import pandas as pd

    is_first = (moves["from"] == 0) & (moves["cause"] == "data")
    is_first &= ~moves["is_correction"]
    is_tier = moves["axis"] == "value_tier"
    customers = moves.loc[is_first & is_tier, "partner_id"]
    customers = customers[~customers.isin(moves.loc[~is_first, "partner_id"])]
    customers = customers[~customers.isin(back)]
    packed = moves["partner_id"].isin(customers)
    found = pd.DataFrame(index=pd.Index(customers, name="partner_id"))
    for name, axis in (
        ("to", "value_tier"),
        ("stage", "lifecycle_stage"),
        ("risk", "churn_risk"),
    ):
        own = moves[packed & (moves["axis"] == axis)]
        classes = pd.Series(own["to"].to_numpy(), own["partner_id"].to_numpy())
        found[name] = classes.reindex(found.index, fill_value=0)
    return found, moves[~packed]


def rows(facts, found, run):
    """Return the frame of :func:`split` with the columns of ``FIRST_KINDS``."""
    import numpy as np

    return found.assign(
        **{
            "partner_id": found.index,
            "from": 0,
            "stage": np.array(run._stage_ids())[found["stage"].to_numpy()],
            "revenue": facts["revenue"].reindex(found.index),
        }
    )


def insert_firsts(run, risks):
    """Return the SQL that adds the temporary table to the first classes.

    :param risks: the words for risks
    """
    next_id = SQL("nextval('classification_change_id_seq'::regclass)")
    revenue = float_or_null(column_of("revenue"))
    values = {
        "id": next_id,
        "stage_change_id": SQL("CASE WHEN t.stage > 0 THEN %s END", next_id),
        "risk_change_id": SQL("CASE WHEN t.risk > 0 THEN %s END", next_id),
        "tier_id": column_of("to"),
        "stage_id": SQL("NULLIF(t.stage, 0)"),
        "risk": word_of(risks, "risk"),
        "revenue": revenue,
        "valid_date": SQL("%s", run.as_of_date),
        "tier_value": value_column(run.policy_id),
        **{name: SQL.identifier("f", name) for name in NUMBERS_OF_FIRSTS},
    }
    # A profile has a contact, by its foreign key.
    profile = SQL(
        "JOIN customer_profile f ON f.partner_id = t.partner_id AND f.company_id = %s"
        # Ids rise with the revenue: lists sort by id, as not all may sort by revenue.
        " ORDER BY %s NULLS FIRST",
        run.company_id.id,
        revenue,
    )
    table = ("classification_first_class", "tmp_first_class")
    return insert_rows(run, *table, "partner_id", profile, values)
