"""A second, slow implementation of the definitions, in plain Python.

One customer at a time. Written from the definitions, not from the engine: nothing is
imported from it.
"""

import datetime
import math
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

NEVER = float("nan")


class Document(NamedTuple):
    """A sale (positive) or refund (negative).

    ``moment``: a date, or an aware datetime that belongs to its day in the company's
    time zone.
    """

    partner: int
    moment: object
    cents: int
    margin_cents: int | None = None


def day_of(moment, tz):
    if isinstance(moment, datetime.datetime):
        return moment.astimezone(ZoneInfo(tz)).date()
    return moment


def months_back(day, months):
    year, month = day.year, day.month - months
    while month < 1:
        year, month = year - 1, month + 12
    for last in (day.day, 30, 29, 28):
        try:
            return datetime.date(year, month, min(last, day.day))
        except ValueError:
            continue


def window_start(as_of, months):
    return months_back(as_of, months) + datetime.timedelta(days=1)


def half_start(as_of, months):
    start = months_back(as_of, months // 2) + datetime.timedelta(days=1)
    return start - datetime.timedelta(days=15) if months % 2 else start


# Facts


def facts_of(documents, as_of, window_months, pipeline=(0, 0), tz="UTC"):
    """Facts of one customer from its documents, as a dict."""
    dated = [(day_of(item.moment, tz), item) for item in documents]
    dated = [(day, item) for day, item in dated if day <= as_of]
    start, half = window_start(as_of, window_months), half_start(as_of, window_months)
    window = [(day, item) for day, item in dated if day >= start]
    recent = [(day, item) for day, item in window if day >= half]
    before = [(day, item) for day, item in window if day < half]
    visits = sorted({day for day, item in dated if item.cents > 0})
    margins = [item.margin_cents for __, item in window]
    return {
        "first_purchase_date": visits[0] if visits else None,
        "last_purchase_date": visits[-1] if visits else None,
        "previous_purchase_date": visits[-2] if len(visits) > 1 else None,
        "visit_count": len(visits),
        "order_count": _sales(window),
        "lifetime_order_count": _sales(dated),
        "revenue": _net(window),
        "lifetime_revenue": _net(dated),
        "refund_amount": -sum(i.cents for __, i in window if i.cents < 0) / 100,
        "margin": NEVER if None in margins else sum(margins) / 100,
        "revenue_recent": _net(recent),
        "revenue_previous": _net(before),
        "order_count_recent": _sales(recent),
        "order_count_previous": _sales(before),
        "window_first_date": min((day for day, __ in window), default=None),
        "recent_first_date": min((day for day, __ in recent), default=None),
        "open_opportunity_count": pipeline[0],
        "open_quotation_count": pipeline[1],
        "open_opportunity_revenue": 100.0 * pipeline[0],
        "open_quotation_amount": 100.0 * pipeline[1],
    }


def _sales(dated):
    return sum(item.cents > 0 for __, item in dated)


def _net(dated):
    return sum(item.cents for __, item in dated) / 100


def facts_frame(log, as_of, window_months=12, partners=(), pipeline=None, tz="UTC"):
    """Return facts of all customers of a log, as the engine's frame."""
    by_partner = {partner: [] for partner in partners}
    for item in log:
        by_partner.setdefault(item.partner, []).append(item)
    rows = {
        partner: facts_of(
            documents, as_of, window_months, (pipeline or {}).get(partner, (0, 0)), tz
        )
        for partner, documents in sorted(by_partner.items())
    }
    return frame_of(rows)


def frame_of(rows):
    """A DataFrame of dicts by partner, days as datetime64."""
    columns = {}
    for name in facts_of([], datetime.date(2000, 1, 1), 12):
        values = [fact[name] for fact in rows.values()]
        if name.endswith("_date"):
            columns[name] = np.array(values, "datetime64[D]").astype("datetime64[ns]")
        else:
            whole = name.endswith("_count") or "_count_" in name
            columns[name] = np.array(values, "int64" if whole else "float64")
    index = pd.Index(list(rows), dtype="int64", name="partner_id")
    return pd.DataFrame(columns, index=index)


# Limits


def quantile(values, share):
    """Type 7 in exact arithmetic; ``share`` is a Fraction."""
    ordered = sorted(Fraction(value) for value in values)
    place = (len(ordered) - 1) * share
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    value = ordered[low] + (ordered[high] - ordered[low]) * (place - low)
    return round(float(value), 6)


def find_limits(customers, rules, as_of):
    """Population gap, thresholds and tier limits from all customers' facts."""
    own = [
        (fact["last_purchase_date"] - fact["first_purchase_date"]).days
        / (fact["visit_count"] - 1)
        for fact in customers
        if fact["visit_count"] >= 2
    ]
    limits = {"gap": 30}
    if own:
        middle = sorted(own)[(len(own) - 1) // 2 : len(own) // 2 + 1]
        limits["gap"] = max(1, math.floor(sum(middle) / len(middle) + 0.5))
    buyers = [fact for fact in customers if fact["order_count"] > 0]
    for component in rules.components:
        limits[component.metric] = _thresholds(component, buyers, rules, as_of)
    limits["tiers"] = _tier_limits(buyers, limits, rules, as_of)
    limits["keeps"] = _keep_limits(buyers, limits, rules, as_of)
    return limits


def _thresholds(component, buyers, rules, as_of):
    if component.edges is not None:
        return list(component.edges)
    values = [_metric(fact, component.metric, rules, as_of) for fact in buyers]
    values = [value for value in values if not math.isnan(value)]
    bins = max(1, min(component.bins, len(values) // rules.customers_per_bin))
    return [
        quantile(values, Fraction(part, bins))
        for part in range(1, bins if len(set(values)) > 1 else 1)
    ]


def _metric(fact, metric, rules, as_of):
    orders = fact["order_count"]
    return {
        "recency": (as_of - fact["last_purchase_date"]).days,
        "frequency": orders,
        "monetary": fact["revenue"],
        "margin": fact["margin"],
        "growth": growth_of(fact, rules),
        "average_order": round(fact["revenue"] / orders, 6) if orders else NEVER,
        "tenure": (as_of - fact["first_purchase_date"]).days,
    }[metric]


def _tier_limits(buyers, limits, rules, as_of):
    """Return limits of the tiers, best first; None for too few customers."""
    if rules.tier_method == "limit":
        return [tier.limit for tier in rules.tiers]
    values = _known_values(buyers, limits, rules, as_of)
    if len(values) < max(1, rules.min_customers):
        return None
    return [of_share(values, tier.limit) for tier in rules.tiers]


def of_share(values, percent):
    """Return the value above which this share of the values lies."""
    return quantile(values, 1 - Fraction(str(percent)) / 100)


def _known_values(buyers, limits, rules, as_of):
    values = [value_of(fact, limits, rules, as_of) for fact in buyers]
    return [value for value in values if not math.isnan(value)]


def _keep_limits(buyers, limits, rules, as_of):
    """Value down to which each tier is kept, best first."""
    if limits["tiers"] is None:
        return None
    values = _known_values(buyers, limits, rules, as_of)
    keeps = []
    for tier, limit in zip(rules.tiers, limits["tiers"], strict=True):
        if limit == -math.inf:
            keeps.append(limit)
        elif tier.keep_limit is None:
            # In exact numbers: 10 % under 300 is 270.
            margin = Decimal(str(rules.keep_margin)) * abs(Decimal(str(limit)))
            keeps.append(float(round(Decimal(str(limit)) - margin, 6)))
        elif rules.tier_method == "limit":
            keeps.append(tier.keep_limit)
        else:
            keeps.append(of_share(values, tier.keep_limit))
    return keeps


# One customer


def scores_of(fact, limits, rules, as_of):
    """Return ``{metric: score}``, 0 without purchases or for unknown values."""
    scores = {}
    for component in rules.components:
        metric, edges = component.metric, limits[component.metric]
        value = _metric(fact, metric, rules, as_of) if fact["order_count"] else NEVER
        above = sum(value > edge for edge in edges)
        score = len(edges) + 1 - above if metric == "recency" else above + 1
        scores[metric] = 0 if math.isnan(value) else score
    return scores


def value_score_of(fact, limits, rules, as_of):
    if fact["first_purchase_date"] is None:
        return NEVER
    if not fact["order_count"]:
        return 0.0
    total = weights = Fraction(0)
    scores = scores_of(fact, limits, rules, as_of)
    for component in rules.components:
        edges, score = limits[component.metric], scores[component.metric]
        if edges and score:
            weight = Fraction(str(component.weight))
            total += weight * Fraction((score - 1) * 100, len(edges))
            weights += weight
    return float(round(total / weights, 1)) if weights else NEVER


def value_of(fact, limits, rules, as_of):
    if rules.value_metric == "score":
        return value_score_of(fact, limits, rules, as_of)
    return fact[rules.value_metric]


def gap_of(span, gaps, population_gap, rules):
    if gaps <= 0:
        gaps, span = 0, 0
    if gaps + rules.shrinkage == 0:
        gap = Fraction(str(population_gap))
    else:
        shrinkage = Fraction(str(rules.shrinkage))
        total = int(span) + shrinkage * Fraction(str(population_gap))
        gap = total / (int(gaps) + shrinkage)
    return max(gap, Fraction(str(rules.min_gap_days)))


def due(gap, ratio, least=0):
    """Whole days after which ratio × gap, and the least, have passed."""
    return math.ceil(max(gap * Fraction(str(ratio)), least))


def stage_of(fact, before, limits, rules, as_of):
    found = _stage_by_numbers(fact, limits, rules, as_of)
    was = before.get("lifecycle_stage")
    started_over = (
        fact["lifetime_order_count"] < before.get("lifetime_order_count", 0)
        or fact["first_purchase_date"]
        and before.get("first_purchase_date")
        and fact["first_purchase_date"] > before["first_purchase_date"]
    )
    known = ("active", "loyal", "dormant", "lost", "won_back")
    if was in known and found not in known and not started_over:
        return was
    return found


def _stage_by_numbers(fact, limits, rules, as_of):
    first, last = fact["first_purchase_date"], fact["last_purchase_date"]
    if first is None:
        pipeline = fact["open_opportunity_count"] + fact["open_quotation_count"]
        return "interested" if pipeline else "prospect"
    visits, tenure, recency = fact["visit_count"], (as_of - first), (as_of - last).days
    gap = gap_of((last - first).days, visits - 1, limits["gap"], rules)
    tenure = tenure.days
    if recency >= due(gap, rules.lost_ratio, rules.lost_min_days):
        return "lost"
    if recency >= due(gap, rules.dormant_ratio, rules.dormant_min_days):
        return "dormant"
    if recency <= rules.won_back_days and came_back(fact, limits, rules):
        return "won_back"
    if tenure <= rules.new_days or (visits == 1 and tenure <= gap):
        return "new"
    if (
        fact["lifetime_order_count"] >= rules.loyal_orders
        and tenure >= rules.loyal_tenure_days
    ):
        return "loyal"
    return "active"


def came_back(fact, limits, rules):
    before = fact["previous_purchase_date"]
    if before is None:
        return False
    span = (before - fact["first_purchase_date"]).days
    gap = gap_of(span, fact["visit_count"] - 2, limits["gap"], rules)
    pause = (fact["last_purchase_date"] - before).days
    return pause >= due(gap, rules.dormant_ratio, rules.dormant_min_days)


def growth_of(fact, rules):
    recent, before = fact["revenue_recent"], fact["revenue_previous"]
    most = max(fact["order_count_recent"], fact["order_count_previous"])
    if most < rules.growth_min_orders or not (recent or before):
        return NEVER
    return round((recent - before) / (abs(recent) + abs(before)) * 10000) / 10000


def signals_of(fact, stage, gap, rules, as_of):
    if stage in ("prospect", "interested", "lost"):
        return set()
    recency = (as_of - fact["last_purchase_date"]).days
    shown = set()
    if recency >= due(gap, rules.dormant_ratio):
        shown.add("far_overdue")
    elif recency >= due(gap, rules.at_risk_ratio):
        shown.add("overdue")
    if growth_of(fact, rules) <= rules.decline_growth:
        shown.add("declining")
    refunds = Decimal(str(fact["refund_amount"]))
    sales = refunds + Decimal(str(fact["revenue"]))
    if refunds > 0 and refunds >= Decimal(str(rules.refund_share)) * sales:
        shown.add("refunds")
    return shown


def risk_of(stage, shown, rules):
    if stage in ("prospect", "interested", "lost"):
        return None
    points = sum(getattr(rules, f"risk_{name}") for name in shown)
    if points >= rules.risk_high_from:
        return "high"
    return "medium" if points >= rules.risk_medium_from else "low"


def tier_of(fact, before, limits, rules, as_of):
    """Return (tier's place or None, reason, below since, held back)."""
    reason = _why_unrated(fact, limits, rules, as_of)
    if reason:
        return None, reason, None, False
    lowest = len(rules.tiers) - 1
    lapsed = not fact["order_count"]
    value = -math.inf if lapsed else value_of(fact, limits, rules, as_of)
    if rules.no_value_rule != "limits" and value <= 0:
        value = -math.inf
    by_numbers = _best_entered(value, limits["tiers"], rules)
    held = before.get("value_tier") if before.get("policy") == rules.policy else None
    if held is None or by_numbers <= held:
        reason = "lapsed" if lapsed and by_numbers == lowest else "limit"
        return by_numbers, reason, None, False
    kept = _best_kept(value, limits["keeps"])
    if kept <= held:
        return held, "kept", None, True
    since = before.get("tier_below_since") or as_of
    grace = max(rules.grace_days, 1) if rules.one_step_down else rules.grace_days
    if (as_of - since).days < grace:
        return held, "grace", since, True
    place = held + 1 if rules.one_step_down else kept
    if place < kept:
        return place, "grace", as_of, True
    if place < by_numbers:
        return place, "kept", None, True
    return place, "lapsed" if lapsed and place == lowest else "limit", None, False


def _why_unrated(fact, limits, rules, as_of):
    if fact["first_purchase_date"] is None:
        return "no_purchase"
    tenure = (as_of - fact["first_purchase_date"]).days
    if (
        fact["lifetime_order_count"] < rules.min_orders
        and tenure < rules.min_tenure_days
    ):
        return "too_new"
    if limits["tiers"] is None:
        return "few_customers"
    if fact["order_count"] and math.isnan(value_of(fact, limits, rules, as_of)):
        told = [c for c in rules.components if c.weight and limits[c.metric]]
        if rules.value_metric == "margin":
            return "no_margin"
        return "no_score" if told else "few_customers"
    if rules.no_value_rule == "unrated" and not _is_worth(fact, limits, rules, as_of):
        return "no_value"
    return None


def _is_worth(fact, limits, rules, as_of):
    return fact["order_count"] and value_of(fact, limits, rules, as_of) > 0


def _best_entered(value, limits, rules):
    for place, limit in enumerate(limits[:-1]):
        if value > limit or (rules.tier_method == "limit" and value == limit):
            return place
    return len(limits) - 1


def _best_kept(value, keeps):
    for place, keep in enumerate(keeps[:-1]):
        if value >= keep:
            return place
    return len(keeps) - 1


def classify_one(fact, before, limits, rules, as_of):
    """All classes of one customer as a dict of words, days and numbers."""
    scores = scores_of(fact, limits, rules, as_of)
    stage = stage_of(fact, before, limits, rules, as_of)
    place, reason, since, held = tier_of(fact, before, limits, rules, as_of)
    first, last = fact["first_purchase_date"], fact["last_purchase_date"]
    gap = NEVER
    if last:
        gap = gap_of((last - first).days, fact["visit_count"] - 1, limits["gap"], rules)
    shown = signals_of(fact, stage, gap, rules, as_of)
    won = before.get("won_back_count", 0)
    if stage == "won_back" and (
        before.get("lifecycle_stage") != "won_back"
        or before.get("last_purchase_date") != last
    ):
        won += 1
    return {
        "recency_days": (as_of - last).days if last else -1,
        "tenure_days": (as_of - first).days if first else -1,
        "expected_gap_days": float(round(gap, 2)) if last else NEVER,
        "overdue_ratio": float((as_of - last).days / gap) if last else NEVER,
        "expected_purchase_date": last and last + datetime.timedelta(math.ceil(gap)),
        **_silent_days(last, gap, rules),
        "average_order": (
            fact["revenue"] / fact["order_count"] if fact["order_count"] else NEVER
        ),
        "growth": growth_of(fact, rules),
        **{f"score_{m}": scores[m] for m in ("recency", "frequency", "monetary")},
        "value_score": value_score_of(fact, limits, rules, as_of),
        "value_tier": place,
        "tier_reason": reason,
        "tier_below_since": since,
        "held_back": held,
        "lifecycle_stage": stage,
        "churn_risk": risk_of(stage, shown, rules),
        "churn_signals": shown,
        "won_back_count": won,
    }


def _silent_days(last, gap, rules):
    """Days on which a customer who buys nothing is dormant, and lost."""
    if not last:
        return {"dormant_date": None, "lost_date": None}
    dormant = due(gap, rules.dormant_ratio, rules.dormant_min_days)
    lost = due(gap, rules.lost_ratio, rules.lost_min_days)
    after = datetime.timedelta
    return {
        "dormant_date": last + after(dormant) if dormant < lost else None,
        "lost_date": last + after(lost),
    }


def classify_all(facts, before, rules, as_of):
    """Return ``{partner: classes}``.

    Arguments are ``{partner: facts}`` and ``{partner: before}``.
    """
    limits = find_limits(list(facts.values()), rules, as_of)
    return {
        partner: classify_one(fact, before.get(partner, {}), limits, rules, as_of)
        for partner, fact in facts.items()
    }
