"""A second back-test of the default policy, in plain pandas.

Nothing of the engine is imported. See :mod:`pandas_reference` for the classes
themselves.
"""

import pandas as pd

from .. import pandas_reference


def back_test(purchases, as_of, days):
    """Return ``(classes, warnings)``: dicts of measures.

    By (axis, class) and by warning; a class None is everybody who had bought.
    """
    customers = _customers(purchases, pd.Timestamp(as_of), days)
    classes = {}
    by_spend = _by_spend(customers)
    for axis in ("value_tier", "lifecycle_stage", "churn_risk"):
        for name, rows in customers.groupby(customers[axis].fillna("none")):
            classes[axis, name] = _measures(rows, customers)
            if axis == "value_tier":
                classes[axis, name]["spend_share"] = by_spend[name]
        classes[axis, None] = _measures(customers, customers)
    return classes, _warnings(customers[customers["churn_risk"].notna()])


def _customers(purchases, as_of, days):
    """Return the customers with purchases by the day, and their later ones."""
    frame = pandas_reference.classify(purchases, as_of)
    frame = frame[frame["lifetime_order_count"] > 0].copy()
    end = as_of + pd.Timedelta(days=days)
    later = purchases[(purchases["date"] > as_of) & (purchases["date"] <= end)]
    frame["next_revenue"] = later.groupby("customer")["amount"].sum().round(2)
    frame["next_revenue"] = frame["next_revenue"].fillna(0)
    bought = later.loc[later["amount"] > 0, "customer"].unique()
    frame["lost"] = ~frame.index.isin(bought)
    return frame


def _measures(rows, everybody):
    total = everybody["next_revenue"].sum()
    return {
        "customers": len(rows),
        "buyers": int((~rows["lost"]).sum()),
        "revenue": rows["next_revenue"].sum(),
        "purchase_rate": 1 - rows["lost"].mean(),
        "loss_rate": rows["lost"].mean(),
        "revenue_share": rows["next_revenue"].sum() / total,
        "revenue_lift": rows["next_revenue"].mean() / everybody["next_revenue"].mean(),
        "loss_lift": rows["lost"].mean() / everybody["lost"].mean(),
    }


def _by_spend(customers):
    """Return the revenue share of as many top spenders as each tier has.

    Ranked by last year's spend; equal spenders share their purchases.
    """
    ranked = customers.sort_values("revenue", ascending=False)
    bought = ranked.groupby("revenue")["next_revenue"].transform("mean")
    shares, start = {}, 0
    for tier in ("vip", "high", "medium", "low", "unrated"):
        end = start + (customers["value_tier"] == tier).sum()
        shares[tier] = bought.iloc[start:end].sum() / bought.sum()
        start = end
    return shares


def _warnings(customers):
    """Precision, recall and F1 of each warning."""
    number = customers["churn_risk"].isin(["medium", "high"]).sum()
    ranked = customers.sort_values("revenue")
    chance = ranked.groupby("revenue")["lost"].transform("mean")
    return {
        "medium": _warning(customers, customers["churn_risk"].isin(["medium", "high"])),
        "high": _warning(customers, customers["churn_risk"] == "high"),
        "fixed_days": _warning(customers, customers["recency_days"] > 90),
        "low_spend": _rates(number, chance.iloc[:number].sum(), customers),
    }


def _warning(customers, warned):
    return _rates(warned.sum(), (warned & customers["lost"]).sum(), customers)


def _rates(warned, hits, customers):
    lost = customers["lost"].sum()
    precision, recall = hits / warned, hits / lost
    return {
        "customers": len(customers),
        "lost": lost,
        "warned": warned,
        "hits": hits,
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall),
        "loss_lift": precision / (lost / len(customers)),
    }
