"""The default policy once more, in plain pandas and plain Python.

Independent of the engine on purpose: nothing of it is imported, quantiles are those of
pandas, and a customer is classified by one ``if`` after the other. Read it as the
definition of the classes (``docs/architecture.md`` §5), and compare.
"""

import math

import pandas as pd

WINDOW_MONTHS = 12
BINS = (0.2, 0.4, 0.6, 0.8)
WEIGHTS = {"score_recency": 0.2, "score_frequency": 0.3, "score_monetary": 0.5}
# Best tier first: customers above this quantile of the buyers' revenue.
TIERS = {"vip": 0.95, "high": 0.80, "medium": 0.50}
DAY = pd.Timedelta(days=1)


def classify(purchases, as_of, gap_before=None):
    """Return the classes on a day, without any earlier classification.

    :param purchases: frame with ``customer``, ``date`` and ``amount`` (net, in cents
        precision, one row a document; refunds negative)
    :param gap_before: the usual gap of an earlier day, which stands while that of this
        day is within a tenth of it
    :returns: frame indexed by customer, columns named as those of ``customer.profile``;
        tier, stage and risk by code; ``usual_gap`` and ``tier_limits`` in its ``attrs``
    """
    as_of = pd.Timestamp(as_of)
    known = purchases[purchases["date"] <= as_of]
    frame = _history(known, as_of)
    frame = frame.join(_window(known, as_of))
    frame = frame.fillna({"order_count": 0, "revenue": 0, "refund_amount": 0})
    frame = frame.join(_rhythm(known))
    usual_gap = _usual_gap(frame, gap_before)
    frame["expected_gap_days"] = _expected_gap(frame, usual_gap)
    frame = frame.join(_scores(frame))
    limits = _tier_limits(frame)
    customers = list(frame.itertuples())
    frame["value_tier"] = [_tier(c, limits) for c in customers]
    frame["lifecycle_stage"] = [_stage(c, usual_gap) for c in customers]
    frame["growth"] = _growth(known, as_of).reindex(frame.index)
    frame["churn_risk"] = [_risk(customer) for customer in frame.itertuples()]
    frame["expected_gap_days"] = frame["expected_gap_days"].round(2)
    frame.attrs.update(usual_gap=usual_gap, tier_limits=limits)
    return frame


def _sum(amounts):
    return amounts.sum().round(2) + 0.0


def _history(known, as_of):
    """Numbers over all time."""
    bought = known[known["amount"] > 0].groupby("customer")
    frame = pd.DataFrame(
        {"lifetime_revenue": _sum(known.groupby("customer")["amount"])}
    )
    frame["first_purchase_date"] = bought["date"].min()
    frame["last_purchase_date"] = bought["date"].max()
    frame["recency_days"] = (as_of - frame["last_purchase_date"]) / DAY
    frame["tenure_days"] = (as_of - frame["first_purchase_date"]) / DAY
    frame["lifetime_order_count"] = bought.size()
    frame["visit_count"] = bought["date"].nunique()
    counts = ["lifetime_order_count", "visit_count"]
    frame[counts] = frame[counts].fillna(0)
    return frame


def _window(known, as_of):
    """Numbers over the last twelve months, the as-of day included."""
    inside = known[known["date"] > as_of - pd.DateOffset(months=WINDOW_MONTHS)]
    frame = pd.DataFrame({"revenue": _sum(inside.groupby("customer")["amount"])})
    bought = inside[inside["amount"] > 0].groupby("customer")
    refunded = inside[inside["amount"] < 0].groupby("customer")
    frame["order_count"] = bought.size()
    frame["refund_amount"] = -_sum(refunded["amount"])
    return frame


def _rhythm(known):
    """Return number and sum of the gaps between purchase days, and the last.

    Without the last gap, they are those before the last purchase.
    """
    days = known.loc[known["amount"] > 0, ["customer", "date"]]
    days = days.drop_duplicates().sort_values(["customer", "date"])
    days["gap"] = days.groupby("customer")["date"].diff() / DAY
    gaps = days.groupby("customer")["gap"]
    frame = pd.DataFrame({"gap_count": gaps.count(), "gap_sum": gaps.sum()})
    frame["last_gap"] = gaps.last()
    return frame


def _usual_gap(frame, before=None):
    """Median of the customers' own mean gaps, in whole days."""
    repeated = frame[frame["gap_count"] > 0]
    median = (repeated["gap_sum"] / repeated["gap_count"]).median()
    if before and abs(median - before) <= before / 10:
        return before
    return max(1, math.floor(median + 0.5))


def _expected_gap(frame, usual_gap):
    gap = (frame["gap_sum"] + 2 * usual_gap) / (frame["gap_count"] + 2)
    return gap.clip(lower=1).round(10)  # a third of 3 is 1


def _scores(frame):
    """Return R, F, M from 1 to 5 of buyers in the window, and the score."""
    buyers = frame[frame["order_count"] > 0]
    scores = pd.DataFrame(index=frame.index)
    scores["score_recency"] = 6 - _fifth(buyers["recency_days"])
    scores["score_frequency"] = _fifth(buyers["order_count"])
    scores["score_monetary"] = _fifth(buyers["revenue"])
    value = sum(
        (scores[name] - 1) / 4 * 100 * weight for name, weight in WEIGHTS.items()
    )
    value = value.round(1)
    value[value.isna() & (frame["lifetime_order_count"] > 0)] = 0
    scores["value_score"] = value
    return scores


def _fifth(values):
    """Return 1 + the number of four quantiles strictly below the value."""
    quantiles = values.quantile(list(BINS)).round(6)
    return 1 + sum((values > quantile).astype(int) for quantile in quantiles)


def _tier_limits(frame):
    revenue = frame.loc[frame["order_count"] > 0, "revenue"]
    return {code: round(revenue.quantile(q), 6) for code, q in TIERS.items()}


def _tier(customer, limits):
    if not customer.lifetime_order_count:
        return "unrated"
    if customer.lifetime_order_count < 2 and customer.tenure_days < 30:
        return "unrated"
    if not customer.order_count:
        return "low"
    for code, limit in limits.items():
        if customer.revenue > limit:
            return code
    return "low"


def _stage(customer, usual_gap):
    if not customer.lifetime_order_count:
        return "prospect"
    gap, recency = customer.expected_gap_days, customer.recency_days
    if recency >= max(round(6 * gap, 6), 60):
        return "lost"
    if recency >= max(round(3 * gap, 6), 30):
        return "dormant"
    if _came_back(customer, usual_gap) and recency <= 90:
        return "won_back"
    single = customer.visit_count == 1 and customer.tenure_days <= gap
    if single or customer.tenure_days <= 30:
        return "new"
    if customer.lifetime_order_count >= 5 and customer.tenure_days >= 180:
        return "loyal"
    return "active"


def _came_back(customer, usual_gap):
    """Check if the customer was dormant before the last purchase day.

    On the day before it.
    """
    if customer.visit_count < 2:
        return False
    gaps_before = customer.gap_sum - customer.last_gap
    expected = (gaps_before + 2 * usual_gap) / (customer.gap_count - 1 + 2)
    return customer.last_gap >= max(round(3 * max(expected, 1), 6), 30)


def _growth(known, as_of):
    """Return the growth of the last six months against the six before.

    Of customers with three orders in one of them.
    """
    halves = {
        "before": (as_of - pd.DateOffset(months=12), as_of - pd.DateOffset(months=6)),
        "recent": (as_of - pd.DateOffset(months=6), as_of),
    }
    revenue, orders = {}, {}
    for half, (start, end) in halves.items():
        inside = known[(known["date"] > start) & (known["date"] <= end)]
        revenue[half] = inside.groupby("customer")["amount"].sum().round(2)
        bought = inside[inside["amount"] > 0]
        orders[half] = bought.groupby("customer").size()
    revenue, orders = pd.DataFrame(revenue).fillna(0), pd.DataFrame(orders)
    size = revenue.abs().sum(axis=1)
    growth = (revenue["recent"] - revenue["before"]) / size
    enough = orders.max(axis=1).reindex(growth.index) >= 3
    return growth[enough & (size > 0)].round(4)


def _risk(customer):
    """Return points for signals; none for prospects and lost customers."""
    if customer.lifecycle_stage in ("prospect", "lost"):
        return None
    points, gap = 0, customer.expected_gap_days
    if customer.recency_days >= round(3 * gap, 6):
        points += 4
    elif customer.recency_days >= round(1.5 * gap, 6):
        points += 2
    if customer.growth <= -0.33:
        points += 2
    sold = customer.revenue + customer.refund_amount
    if customer.refund_amount > 0 and customer.refund_amount >= round(0.2 * sold, 6):
        points += 1
    return "high" if points >= 4 else "medium" if points >= 2 else "low"
