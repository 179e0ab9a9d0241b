"""What changed between two classifications, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .columns import AXES, CAUSES, read_facts, read_previous
from .lazy import np, pd

if TYPE_CHECKING:
    from .parameters import Parameters

# A change of one of these is the customer's own doing.
_OWN_COUNTS = (
    "lifetime_order_count",
    "lifetime_revenue",
    "open_opportunity_count",
    "open_quotation_count",
)
_OWN_DAYS = ("first_purchase_date", "last_purchase_date")


def changes(
    previous: pd.DataFrame | None,
    facts: pd.DataFrame,
    result: pd.DataFrame,
    parameters: Parameters,
) -> pd.DataFrame:
    """One row per customer and axis that differs.

    ``axis`` is one of ``AXES``, ``from`` and ``to`` are tier keys or codes, 0 for
    never classified; ``cause`` is *data* when the customer's own purchases or open
    pipeline differ or there was no classification, else *rules* when another policy
    version classified, else *time* (days went by, or the limits moved with the other
    customers).

    :param result: frame of :func:`classify` with the rows of ``facts``
    """
    now, __ = read_facts(facts, parameters.currency_digits)
    before = read_previous(previous, facts.index, parameters.currency_digits)
    cause = _cause(now, before, parameters)
    parts = [_moves(axis, before, result, cause) for axis in AXES]
    return pd.concat(parts, ignore_index=True)


def _cause(now, before, parameters):
    """Place in ``CAUSES`` for each customer."""
    data, rules, time = (CAUSES.index(cause) for cause in ("data", "rules", "time"))
    return np.select(
        [
            (before.value_tier == 0) | _differs(now, before),
            before.policy != parameters.policy,
        ],
        [data, rules],
        time,
    )


def _differs(now, before):
    differs = np.zeros(len(before.policy), bool)
    for name in _OWN_COUNTS:
        differs |= getattr(now, name) != getattr(before, name)
    for name in _OWN_DAYS:
        new, old = getattr(now, name), getattr(before, name)
        differs |= (new != old) & ~(np.isnan(new) & np.isnan(old))
    return differs


def _moves(axis, before, result, cause):
    old, new = getattr(before, axis), result[axis].to_numpy()
    moved = np.flatnonzero(old != new)
    return pd.DataFrame(
        {
            "partner_id": result.index.to_numpy()[moved],
            "axis": _words(np.full(len(moved), AXES.index(axis)), AXES),
            "from": old[moved].astype("int64"),
            "to": new[moved].astype("int64"),
            "cause": _words(cause[moved], CAUSES),
        }
    )


def _words(codes, words):
    return pd.Categorical.from_codes(codes, categories=list(words))
