"""Back-test: classes and warnings of a past day against the outcome.

Each class and each warning is compared with later purchases, beside two simple
rules that anybody could have used instead.

*Population*: customers with purchases by the day; prospects would only make every class
look good. Warnings are judged among those of them who had a churn risk: a customer who
is lost already is not warned of any more, so no rule gets credit for them.

*Terms*: a customer is lost when nothing was bought in the horizon. Precision: share of
the warned who were lost; recall: share of the lost who had been warned of; F1: their
harmonic mean (van Rijsbergen 1979). Lift: rate or mean of a class divided by that of
everybody.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import code, day_number, to_days
from ..common.lazy import np, pd
from .columns import RISKS, STAGES

if TYPE_CHECKING:
    import datetime

    from numpy.typing import NDArray

# Days of silence after more than which a fixed rule warns.
FIXED_DAYS = 90
# Two rates differ when their difference exceeds this many standard errors: 5 % of
# equal ones would.
CRITICAL_Z = 1.96
# Columns read beside the facts of the day, by customer.
OUTCOME = (
    "next_revenue",  # net money in the horizon
    "next_order_count",  # purchases in the horizon
    "last_year_revenue",  # net money in the 12 months up to the day
    "had_bought",  # whether there was a purchase up to the day
)
WARNINGS = ("medium", "high", "fixed_days", "low_spend")


class BackTest(NamedTuple):
    """Result of a back-test.

    ``lines``: dicts of :func:`class_measures` with ``axis`` and ``key``, None for
    everybody; ``warnings``: dicts of :func:`warning_measures` with ``warning``;
    ``newcomers``: customers, revenue and share of first purchases in the horizon.
    """

    lines: list[dict]
    warnings: list[dict]
    newcomers: dict


def back_test(
    facts: pd.DataFrame,
    classes: pd.DataFrame,
    outcome: pd.DataFrame,
    tier_keys: tuple[int, ...],
    as_of: datetime.date,
) -> BackTest:
    """Compare the classes of a day with the outcome.

    :param facts: facts up to the day, columns of ``FACTS``, by customer
    :param classes: the engine's result of that day, columns of ``RESULT``, same rows
    :param outcome: columns of ``OUTCOME``, by customer; absent customers bought
        nothing, and customers who are not among the facts may be included
    :param tier_keys: all tiers, best first, the unrated one last
    :param as_of: the day
    """
    known = (facts["lifetime_order_count"] > 0).to_numpy()
    own = outcome.reindex(facts.index, fill_value=0)
    table = _table(facts, classes, own, as_of)[known]
    return BackTest(
        lines=_tier_lines(table, tier_keys)
        + _axis_lines(table, "lifecycle_stage", _known_stages())
        + _axis_lines(table, "churn_risk", (*range(1, len(RISKS) + 1), 0)),
        warnings=_warnings(table[table["churn_risk"] > 0]),
        newcomers=_newcomers(outcome),
    )


def _table(facts, classes, outcome, as_of):
    """Return the compared values, one row a customer."""
    return pd.DataFrame(
        {
            "value_tier": classes["value_tier"],
            "lifecycle_stage": classes["lifecycle_stage"],
            "churn_risk": classes["churn_risk"],
            "silent_days": day_number(as_of) - to_days(facts["last_purchase_date"]),
            "next_revenue": outcome["next_revenue"],
            "last_year_revenue": outcome["last_year_revenue"],
            "lost": outcome["next_order_count"] <= 0,
        }
    )


def _known_stages():
    """Return codes of the stages that customers with purchases can have."""
    return tuple(
        number
        for number, stage in enumerate(STAGES, 1)
        if stage not in ("prospect", "interested")
    )


# Classes


def _tier_lines(table, keys):
    """The tiers, each beside as many customers by last year's spend."""
    lines = _axis_lines(table, "value_tier", keys)
    counts = [line["customers"] for line in lines[:-1]]
    order = -table["last_year_revenue"].to_numpy("float64")
    revenue = in_rank_order(order, table["next_revenue"].to_numpy("float64"), counts)
    total = lines[-1]["revenue"]
    for line, amount in zip(lines, (*revenue, sum(revenue)), strict=True):
        line["spend_share"] = ratio(amount, total) if total > 0 else None
    return lines


def _axis_lines(table, axis, keys):
    """Return a line for each class, also empty ones, and one for all."""
    whole = class_measures(table, None)
    groups = dict(iter(table.groupby(axis)))
    nobody = table.iloc[:0]
    return [
        {"axis": axis, "key": key, **class_measures(groups.get(key, nobody), whole)}
        for key in keys
    ] + [{"axis": axis, "key": None, **class_measures(table, whole)}]


def class_measures(rows: pd.DataFrame, whole: dict | None) -> dict:
    """Return the later purchases of a class; None where undefined.

    :param rows: columns ``next_revenue`` and ``lost``
    :param whole: the measures of everybody, None for everybody themselves
    """
    customers, lost = len(rows), int(rows["lost"].sum())
    # The exact sum does not depend on the order of the rows.
    revenue = math.fsum(rows["next_revenue"])
    measures = {
        "customers": customers,
        "buyers": customers - lost,
        "revenue": revenue,
        "mean_revenue": ratio(revenue, customers),
        "purchase_rate": ratio(customers - lost, customers),
        "loss_rate": ratio(lost, customers),
    }
    whole = whole or measures
    sold = whole["revenue"] > 0
    return {
        **measures,
        "revenue_share": ratio(revenue, whole["revenue"]) if sold else None,
        "revenue_lift": (
            ratio(measures["mean_revenue"], whole["mean_revenue"]) if sold else None
        ),
        "loss_lift": ratio(measures["loss_rate"], whole["loss_rate"]),
    }


def lost_stay_more(lines: list[dict]) -> bool:
    """Return whether lost customers left less often than dormant ones.

    The names of the two stages promise the opposite: where it is so, it must be said.

    :param lines: as of :class:`BackTest`
    """
    rates = {
        line["key"]: line["loss_rate"]
        for line in lines
        if line["axis"] == "lifecycle_stage"
    }
    lost, dormant = (rates.get(code(STAGES, name)) for name in ("lost", "dormant"))
    return lost is not None and dormant is not None and lost < dormant


# Warnings


def _warnings(table):
    """Return our warnings by risk and those of the two simple rules.

    In the order of ``WARNINGS``.

    Last year's spend warns of as many customers as ours do from medium risk on.
    """
    lost, risk = table["lost"].to_numpy(), table["churn_risk"].to_numpy()
    warned = {
        "medium": risk >= code(RISKS, "medium"),
        "high": risk >= code(RISKS, "high"),
        "fixed_days": table["silent_days"].to_numpy() > FIXED_DAYS,
    }
    found = {name: (int(w.sum()), int((w & lost).sum())) for name, w in warned.items()}
    number = found["medium"][0]
    spend = table["last_year_revenue"].to_numpy("float64")
    [hits] = in_rank_order(spend, lost.astype("float64"), [number])
    found["low_spend"] = (number, hits)
    return [
        {"warning": name, **warning_measures(*found[name], int(lost.sum()), len(lost))}
        for name in WARNINGS
    ]


def warning_measures(warned: int, hits: float, lost: int, customers: int) -> dict:
    """Return the quality of a warning; None where undefined.

    :param warned: customers warned of
    :param hits: how many of them were lost; a fraction where customers of equal rank
        are at the edge of those warned of
    :param lost: customers lost, warned of or not
    :param customers: customers that could have been warned of
    """
    precision, base = ratio(hits, warned), ratio(lost, customers)
    return {
        "customers": customers,
        "lost": lost,
        "warned": warned,
        "hits": hits,
        "precision": precision,
        "recall": ratio(hits, lost),
        "f1": ratio(2 * hits, warned + lost),
        "loss_lift": ratio(precision, base),
    }


def differ(hits: float, size: float, other_hits: float, other_size: float) -> int:
    """Compare two rates: 1 higher, -1 lower, 0 explained by chance.

    0 also if one of them is over nobody.

    Two-proportion z test with the pooled rate. Customers in both groups make the true
    error smaller: the result is 0 rather too often.
    """
    if not size or not other_size:
        return 0
    pooled = (hits + other_hits) / (size + other_size)
    error = math.sqrt(max(pooled * (1 - pooled), 0) * (1 / size + 1 / other_size))
    difference = hits / size - other_hits / other_size
    if abs(difference) <= CRITICAL_Z * error:
        return 0
    return 1 if difference > 0 else -1


# Tools


def ratio(part, whole):
    """Return the quotient, None with a missing part or over zero."""
    return None if part is None or not whole else part / whole


def in_rank_order(order: NDArray, values: NDArray, counts: list[int]) -> list[float]:
    """Return sums of values of consecutive ranks.

    The first ``counts[0]`` rows by ``order``, ascending, the next ``counts[1]``, and so
    on.

    Rows of equal order that an edge parts count by their mean value, so that the
    order of the rows in the table decides nothing.
    """
    __, group = np.unique(order, return_inverse=True)
    size = np.bincount(group)
    edges = np.concatenate([[0], np.cumsum(size)])
    sums = np.concatenate([[0.0], np.cumsum(np.bincount(group, values))])
    reached = np.interp(np.cumsum([0, *counts]), edges, sums)
    return np.diff(reached).tolist()


def _newcomers(outcome):
    bought = ~outcome["had_bought"] & (outcome["next_order_count"] > 0)
    revenue = math.fsum(outcome["next_revenue"][bought])
    total = math.fsum(outcome["next_revenue"])
    return {
        "customers": int(bought.sum()),
        "revenue": revenue,
        "share": ratio(revenue, total) if total > 0 else None,
    }
