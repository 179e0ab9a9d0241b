"""Differences between two classifications, and their causes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import CAUSES
from ..common.lazy import np, pd
from .columns import AXES, SIGNALS, read_facts, read_previous

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


class Shown(NamedTuple):
    """Classes as people see them.

    They differ from the computed ones where a person decided. Frames with the columns
    of ``AXES``, rows as the facts.
    """

    before: pd.DataFrame
    now: pd.DataFrame


def apply_overrides(classes: pd.DataFrame, decided: pd.DataFrame) -> pd.DataFrame:
    """Return the classes as people see them, of customers or products.

    :param classes: the computed classes, a column for each axis
    :param decided: the same columns, only of subjects with a manual decision; 0 on an
        axis keeps the computed class
    """
    rows = classes.index.get_indexer(decided.index)
    shown = {}
    for axis in classes:
        shown[axis] = classes[axis].to_numpy(copy=True)
        own = decided[axis].to_numpy()
        is_decided = (rows >= 0) & (own != 0)
        shown[axis][rows[is_decided]] = own[is_decided]
    return pd.DataFrame(shown, classes.index, copy=False)


def changes(
    previous: pd.DataFrame | None,
    facts: pd.DataFrame,
    result: pd.DataFrame,
    parameters: Parameters,
    shown: Shown | None = None,
    old_rules: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return one row per customer and axis that differs.

    ``axis`` is one of ``AXES``, ``from`` and ``to`` are tier keys or codes, 0 for
    never classified; ``cause`` is the first that holds of

    - *person*: a manual override applies, or applied until now;
    - *data*: there was no classification yet;
    - *rules*: another policy version classified before, and by its rules the class
      would be another one today (where that is not known: the own purchases are the
      same);
    - *data*: the customer's own purchases or open pipeline differ, or, for the churn
      risk and the stage, what was heard of the customer;
    - *time*: days went by, or the limits moved with the other customers.

    :param result: frame of :func:`classify` with the rows of ``facts``
    :param shown: the shown classes; by default the computed ones
    :param old_rules: frame of :func:`classify` by the rules that classified before,
        of some customers
    """
    now, __ = read_facts(facts, parameters.currency_digits)
    before = read_previous(previous, facts.index, parameters.currency_digits)
    numbers = pd.DataFrame({axis: getattr(before, axis) for axis in AXES}, facts.index)
    shown = shown or Shown(numbers, result)
    differs = _differs(now, before)
    parts = []
    for axis in AXES:
        seen = _seen(axis, shown, numbers, result)
        by_rules = _by_rules(axis, before, result, parameters, old_rules, differs)
        own = differs | _heard(axis, before, result)
        cause = _cause(seen, before, by_rules, own)
        parts.append(_moves(axis, shown, cause))
    return pd.concat(parts, ignore_index=True)


def _seen(axis, shown, numbers, result):
    """Mark differences between shown and computed classes, then or now."""
    now = shown.now[axis].to_numpy() != result[axis].to_numpy()
    return now | (shown.before[axis].to_numpy() != numbers[axis].to_numpy())


def _by_rules(axis, before, result, parameters, old_rules, differs):
    """Mark changes that the former rules do not explain.

    The class by the former rules would be another one today; where that is unknown,
    the customer's own purchases did not change.
    """
    other = before.policy != parameters.policy
    if old_rules is None:
        return other & ~differs
    by_old = old_rules[axis].reindex(result.index, fill_value=-1).to_numpy()
    return other & np.where(by_old < 0, ~differs, by_old != result[axis].to_numpy())


def _cause(seen, before, by_rules, differs):
    """Place in ``CAUSES`` for each customer."""
    data, rules, time, person = map(CAUSES.index, ("data", "rules", "time", "person"))
    return np.select(
        [seen, before.value_tier == 0, by_rules, differs],
        [person, data, rules, data],
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


def _heard(axis, before, result):
    """Mark customers of whom something new was heard that an axis goes by.

    Silence begins by time, and ends by an interaction or a purchase.
    """
    if axis == "lifecycle_stage":
        now = result["answered_enquiry_count"].to_numpy()
        return now > before.answered_enquiry_count
    if axis != "churn_risk":
        return np.zeros(len(result), bool)
    then = before.churn_signals.astype("int64")
    now = result["churn_signals"].to_numpy()
    begun = now & ~then & (_bit("complaints") | _bit("dissatisfied"))
    return (begun | (then & ~now & _bit("silent"))) != 0


def _bit(signal):
    return 1 << SIGNALS.index(signal)


def _moves(axis, shown, cause):
    old, new = shown.before[axis].to_numpy(), shown.now[axis].to_numpy()
    moved = np.flatnonzero(old != new)
    return pd.DataFrame(
        {
            "partner_id": shown.now.index.to_numpy()[moved],
            "axis": _words(np.full(len(moved), AXES.index(axis)), AXES),
            "from": old[moved].astype("int64"),
            "to": new[moved].astype("int64"),
            "cause": _words(cause[moved], CAUSES),
        }
    )


def _words(codes, words):
    return pd.Categorical.from_codes(codes, categories=list(words))
