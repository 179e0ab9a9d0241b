"""Distribution of tier values, exact where a limit may be put.

Small enough to be sent to a browser.

A *step* is a value at which a limit may be put. Counts at a step are counts of
customers, not estimates: with at most ``MAX_STEPS`` different values every value is a
step, else those that round top shares single out. Beside each step stands the
roundest number that, as a tier's limit, lets in exactly those at or above the step:

- ``limit`` for fixed limits: a value that reaches the limit is in (``>=``), so any
  number above the next lower value and up to the step's own does it;
- ``percent`` for top shares: of so many buyers as the type-7 quantile leaves above it,
  those with equal values at its place are all out, or all in, as the rules say; any
  share that so ends between the two values does it.

Either is None where no number of two decimals, which is what a policy can hold,
separates the two values.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING

from ..common.columns import code
from ..common.lazy import np
from .columns import TIER_REASONS, read_facts
from .scores import quantile
from .tiers import compared, share_count, tier_values

if TYPE_CHECKING:
    import pandas as pd

    from .classify import Classification
    from .parameters import Parameters

MAX_STEPS = 400
MAX_BARS = 40
LIMIT_DECIMALS = 2
STEP = (
    *("value", "below", "limit", "percent", "buyers", "next_buyers"),
    *("customers", "revenue", "margin"),
)
# Values spread over more than this ratio are drawn on a logarithmic scale.
_WIDE_SPREAD = 20
# These get no tier, whatever the limits.
_NEVER_RATED = tuple(
    code(TIER_REASONS, name) for name in ("no_purchase", "too_new", "no_value")
)


def histogram(
    facts: pd.DataFrame, result: Classification, parameters: Parameters
) -> dict:
    """Return the spread of the values of a full run, as JSON takes it.

    :param facts: frame of facts, with the rows of ``result.frame``
    :returns: ``metric``; ``steps``: lists of one length, best value first, each with
        ``value``, ``below`` (the next lower value of anybody, None for the lowest),
        ``limit``, ``percent``, and of the customers at or above it ``buyers`` (of whom
        top shares are taken; ``next_buyers`` are those at or above ``below``),
        ``customers`` (the buyers who are rated), their ``revenue`` and, where costs are
        known, ``margin``; ``bars``: see :func:`_bars`; ``buyers``: how many are
        compared, ``top`` of them with the highest value; ``ties``: whether equal values
        at a limit are in; ``lapsed``: rated and not compared, who fall into the lowest
        tier; ``nothing``: those of them, and of the others, that the rules put into a
        tier below it; ``unrated``; ``total`` of all. Archived customers are left out
        where they do not count.
    """
    frame = result.frame
    if (
        not parameters.count_archived
        and "active" in facts
        and not facts["active"].all()
    ):
        facts, frame = facts[facts["active"]], frame[facts["active"].to_numpy()]
    known, __ = read_facts(facts, parameters.currency_digits)
    scored = SimpleNamespace(value=frame["value_score"].to_numpy())
    values = np.asarray(tier_values(known, scored, parameters), "float64")
    bought = frame["tenure_days"].to_numpy() >= 0
    groups = _groups(values, bought & (known.order_count > 0), frame, parameters)
    limits = list(result.edges.tier_limits.values())
    return {
        "metric": parameters.value_metric,
        "steps": _steps(values, groups, known, limits, parameters),
        "bars": _bars(values[groups.rated], parameters.value_metric),
        "buyers": int(groups.buyers.sum()),
        "top": _count_top(values[groups.buyers]),
        "ties": parameters.tier_ties,
        "lapsed": _sums(groups.lapsed, known),
        "nothing": _sums(groups.nothing, known),
        "unrated": _sums(groups.unrated, known),
        "total": _sums(np.full(len(values), True), known),
    }


def _groups(values, is_buyer, frame, parameters):
    """Return masks of buyers, rated, lapsed, nothing and unrated.

    ``buyers`` are compared, ``rated`` are those of them with a value. The last four
    together are everybody.
    """
    refused = np.isin(frame["tier_reason"].to_numpy(), _NEVER_RATED)
    has_value = is_buyer & ~np.isnan(values)
    compares = compared(values, is_buyer, parameters)
    has_tier = (has_value | ~is_buyer) & ~refused
    nothing = np.full(len(values), False)
    if parameters.has_no_value_tier:
        nothing = has_tier & (~is_buyer | (values <= 0))
    rated = compares & has_tier & ~nothing
    return SimpleNamespace(
        buyers=compares,
        rated=rated,
        lapsed=has_tier & ~rated & ~nothing,
        nothing=nothing,
        unrated=~has_tier,
    )


def _count_top(values):
    """Return how many customers have the highest value."""
    return int((values == values.max()).sum()) if len(values) else 0


def _sums(mask, facts):
    """Return number, revenue and margin of the customers of a mask.

    No margin where costs are known nowhere.
    """
    margin = facts.margin[mask]
    known = ~np.isnan(margin)
    return {
        "customers": int(mask.sum()),
        "revenue": _money(facts.revenue[mask].sum()),
        "margin": _money(margin[known].sum()) if known.any() else None,
    }


def _money(amount):
    """A sum without the dust of binary fractions."""
    return round(float(amount), 6) + 0.0


def _steps(values, groups, facts, limits, parameters):
    members = np.flatnonzero(groups.buyers)
    members = members[np.argsort(values[members])]
    ordered = values[members]
    if not len(ordered):
        return {name: [] for name in STEP}
    distinct = ordered[np.append(True, ordered[1:] > ordered[:-1])]
    places = _step_places(ordered, distinct, limits, parameters)
    chosen = distinct[places]
    below = np.where(places > 0, distinct[places - 1], -np.inf)
    buyers = _count_above(ordered, chosen)
    next_buyers = np.where(places > 0, _count_above(ordered, below), len(ordered))
    return {
        "value": chosen.tolist(),
        "below": [value if math.isfinite(value) else None for value in below.tolist()],
        "limit": _round_limits(below, chosen),
        "percent": _round_shares(
            len(ordered), *_let_in(ordered, chosen, buyers, next_buyers, parameters)
        ),
        "buyers": buyers.tolist(),
        "next_buyers": next_buyers.tolist(),
        **_totals_above(members, groups.rated[members], facts, len(ordered) - buyers),
    }


def _count_above(ordered, values):
    """Return the number of customers at or above each value."""
    return len(ordered) - np.searchsorted(ordered, values, "left")


def _step_places(ordered, distinct, limits, parameters):
    """Return the indexes of the steps in ``distinct``, the best first.

    All of them, or where round shares and the limits in force are, and the lowest
    value.
    """
    if len(distinct) <= MAX_STEPS:
        return np.arange(len(distinct))[::-1]
    found = [quantile(ordered, 100 - share, 100) for share in _round_grid()]
    above = np.searchsorted(distinct, found, "right")
    side = "right" if parameters.is_ranked else "left"
    in_force = np.searchsorted(distinct, limits[: MAX_STEPS - len(found) - 1], side)
    places = np.unique(np.concatenate([[0], above, in_force]))
    return places[places < len(distinct)][::-1].astype("int64")


def _round_grid():
    """Top shares in percent: the smaller, the closer to each other."""
    parts = ((0, 100, 5), (100, 1000, 10), (1000, 5000, 25), (5000, 10000, 50))
    return [
        hundredths / 100
        for start, stop, step in parts
        for hundredths in range(start + step, stop + 1, step)
    ]


def _totals_above(members, rated, facts, start):
    """Rated customers from each place on, with their money.

    :param members: rows of the buyers by rising value, ``rated`` of them
    """
    margin = facts.margin[members]
    known = rated & ~np.isnan(margin)
    customers = _sums_from(rated.astype("int64"), start)
    revenue = _sums_from(np.where(rated, facts.revenue[members], 0.0), start)
    margins = _sums_from(np.where(known, margin, 0.0), start) if known.any() else ()
    return {
        "customers": customers.tolist(),
        "revenue": [_money(amount) for amount in revenue],
        "margin": [_money(amount) for amount in margins],
    }


def _sums_from(numbers, start):
    """Sum of the numbers from each place to the end."""
    return np.cumsum(numbers[::-1])[::-1][start]


def _round_limits(below, chosen):
    """The roundest numbers above ``below`` and up to ``chosen``."""
    # Nothing is below the lowest value: some number close to it will do.
    low = np.where(np.isfinite(below), below, chosen - np.maximum(np.abs(chosen), 1))
    found = np.full(len(chosen), np.nan)
    for unit in _round_units(max(np.abs(chosen).max(), 1)):
        candidate = np.round(np.floor(chosen / unit) * unit, LIMIT_DECIMALS)
        fits = np.isnan(found) & (candidate > low) & (candidate <= chosen)
        found[fits] = candidate[fits]
    return [None if math.isnan(value) else value + 0.0 for value in found.tolist()]


def _let_in(ordered, chosen, buyers, next_buyers, parameters):
    """Return the least and most buyers whose share ends at each step.

    A share of so many lets in exactly the customers at or above the step. Equal values
    at its end are out, or in.
    """
    if parameters.tier_ties == "in":
        return len(ordered) - np.searchsorted(ordered, chosen, "right") + 1, buyers
    return buyers, next_buyers - 1


def _round_shares(count, least, most):
    """Return the roundest top shares in percent of a number of buyers.

    Below 100, which is the last tier's. Found by arithmetic, then checked with the
    engine itself.
    """
    if count < 2:
        return [None] * len(least)
    low, high = (number * 100 / (count - 1) for number in (least - 1, most))
    found = np.full(len(least), np.nan)
    for unit in _round_units(10):
        candidate = np.round((np.floor(low / unit + 1e-9) + 1) * unit, LIMIT_DECIMALS)
        fits = np.isnan(found) & (candidate <= high + 1e-9) & (candidate < 100)
        found[fits] = candidate[fits]
    return [
        share
        if not math.isnan(share) and low <= share_count(count, share) <= high
        else None
        for share, low, high in zip(found.tolist(), least, most, strict=True)
    ]


def _round_units(largest):
    """1000, 500, 200, 100, 50 ... down to the last decimal of a limit."""
    exponent = math.ceil(math.log10(largest))
    while exponent >= -LIMIT_DECIMALS:
        for factor in (1, 0.5, 0.2):
            unit = factor * 10.0**exponent
            if unit >= 10.0**-LIMIT_DECIMALS * 0.999:
                yield unit
        exponent -= 1


def _bars(values, metric):
    """Return bars of equal width for drawing.

    ``customers`` from ``low`` to ``high`` on a scale, ``linear`` in the value or
    ``log``: asinh(value / ``unit``), which is logarithmic above the unit, takes zero
    and negative values, and leaves room for the many small customers beside the few
    large ones.
    """
    if not len(values):
        return dict(scale="linear", unit=1.0, low=0.0, high=1.0, customers=[])
    scale, unit = _scale(values, metric)
    drawn = np.arcsinh(values / unit) if scale == "log" else values
    low, high = float(drawn.min()), float(drawn.max())
    if metric == "score":
        low, high = 0.0, 100.0
    elif low == high:
        low, high = low - 1, high + 1
    count = min(MAX_BARS, max(10, 2 * math.isqrt(len(values))))
    customers, __ = np.histogram(drawn, count, (low, high))
    return {
        "scale": scale,
        "unit": unit,
        "low": low,
        "high": high,
        "customers": customers.tolist(),
    }


def _scale(values, metric):
    positive = values[values > 0]
    if metric == "score" or not len(positive):
        return "linear", 1.0
    few, many = np.quantile(positive, (0.05, 0.999))
    if many <= _WIDE_SPREAD * few:
        return "linear", 1.0
    return "log", float(few)
