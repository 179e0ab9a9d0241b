"""Small builders of rules, facts and states for the tests."""

import datetime
import math
import random

import pandas as pd
from engine import (
    METRICS,
    RISKS,
    SIGNALS,
    STAGES,
    TIER_REASONS,
    Component,
    Parameters,
    Segment,
    TierLimit,
    classify,
    segment_of,
)
from engine.customers.segment_maps import TEMPLATES, read_cells
from reference import Document, facts_of, frame_of

VIP, HIGH, MEDIUM, LOW, UNRATED = 11, 12, 13, 14, 19
KEYS = (VIP, HIGH, MEDIUM, LOW)
TODAY = datetime.date(2024, 6, 30)
STATE = (
    "value_tier",
    "lifecycle_stage",
    "churn_risk",
    "tier_below_since",
    "won_back_count",
)
OWN_FACTS = (
    "lifetime_order_count",
    "lifetime_revenue",
    "first_purchase_date",
    "last_purchase_date",
    "open_opportunity_count",
    "open_quotation_count",
)
# Columns that must not differ from one day to the next without a review. Not among
# them: counts of days, which rise every night for everybody.
CLASSES = (
    "expected_gap_days",
    "expected_purchase_date",
    "dormant_date",
    "lost_date",
    "average_order",
    "growth",
    "score_recency",
    "score_frequency",
    "score_monetary",
    "value_score",
    "value_tier",
    "tier_reason",
    "held_back",
    "tier_below_since",
    "lifecycle_stage",
    "churn_risk",
    "churn_signals",
    "won_back_count",
)


def ranked(*shares, keeps=(), components=None, bins=5, fixed_edges=None, **values):
    """Rules with tiers by top shares in percent.

    :param keeps: keep limits, the best tier's first
    :param components: the components of the score, or, for the usual ones, their
        ``bins`` and the ``fixed_edges`` of some
    """
    shares = shares or (5, 20, 50, 100)
    keeps = (*keeps, *[None] * len(shares))
    tiers = tuple(map(TierLimit, KEYS, shares, keeps))
    return Parameters(
        policy=1,
        tiers=tiers,
        unrated_key=UNRATED,
        components=components or rfm(bins, fixed_edges),
        **values,
    )


def rfm(bins=5, fixed_edges=None, weights=(0.2, 0.3, 0.5)):
    """Return recency, frequency and monetary value as components.

    With a number of bins or fixed thresholds.
    """
    edges = fixed_edges or {}
    return tuple(
        Component(metric, weight, bins, edges.get(metric))
        for metric, weight in zip(METRICS, weights, strict=True)
    )


def limited(*limits, **values):
    """Rules with tiers by fixed limits."""
    limits = limits or (1000, 300, 100, -math.inf)
    return ranked(*limits, tier_method="limit", **values)


def template(name):
    """The segments of a template, and the word of each key."""
    keys = {line[0]: number for number, line in enumerate(TEMPLATES[name], 1)}
    segments = tuple(
        Segment(keys[code], read_cells(cells), activity, value, keys.get(other, 0))
        for code, cells, activity, value, other in TEMPLATES[name]
    )
    return segments, {key: code for code, key in keys.items()}


def segments_of(result, rules):
    """The keys of the customers' segments, by a classification."""
    scores = result.frame[[f"score_{metric}" for metric in METRICS]].to_numpy().T
    return segment_of(scores, result.frame, result.edges.bins, rules).tolist()


def ago(days, today=TODAY):
    return today - datetime.timedelta(days)


def row(**values):
    """Return the facts of one customer, with overrides.

    By default the customer bought 4 times in the last year, 100.00 each; facts that
    depend on each other are given together.
    """
    return {
        "first_purchase_date": ago(400),
        "last_purchase_date": ago(10),
        "previous_purchase_date": ago(110),
        "visit_count": 5,
        "order_count": 4,
        "lifetime_order_count": 5,
        "revenue": 400.0,
        "lifetime_revenue": 500.0,
        "refund_amount": 0.0,
        "margin": 100.0,
        "revenue_recent": 200.0,
        "revenue_previous": 200.0,
        "order_count_recent": 2,
        "order_count_previous": 2,
        "window_first_date": ago(310),
        "recent_first_date": ago(110),
        "open_opportunity_count": 0,
        "open_quotation_count": 0,
        "open_opportunity_revenue": 0.0,
        "open_quotation_amount": 0.0,
        **values,
    }


def never(**values):
    """Return facts of a customer without purchases."""
    return {**facts_of([], TODAY, 12), **values}


def facts(*rows):
    """A frame of rows; the customers are 1, 2, 3 ..."""
    return frame_of(dict(enumerate(rows, 1)))


def bought(*days, amount=100.0, today=TODAY, **values):
    """Return facts of a customer with purchases a number of days ago."""
    log = [Document(1, ago(day, today), round(amount * 100)) for day in days]
    return {**facts_of(log, today, 12), **values}


def state(frame, result, policy=1):
    """The previous state after a classification, as the next run reads it."""
    return pd.DataFrame(
        {
            **{name: result[name] for name in STATE},
            **{name: frame[name] for name in OWN_FACTS},
            "policy": policy,
        }
    )


def was(frame, policy=1, **values):
    """Return a previous state of all customers of a frame.

    With the same own facts.
    """
    state_values = {
        "value_tier": LOW,
        "lifecycle_stage": 0,
        "churn_risk": 0,
        "tier_below_since": pd.NaT,
        "won_back_count": 0,
        **values,
    }
    result = pd.DataFrame(state_values, index=frame.index)
    day = pd.to_datetime(result["tier_below_since"])
    result["tier_below_since"] = day.astype("datetime64[ns]")
    return state(frame, result, policy)


def one(fact, rules, before=None, edges=None, today=TODAY):
    """Return the classes of one customer in words.

    They are compared with others only by edges.
    """
    frame = facts(fact)
    previous = was(frame, **before) if before is not None else None
    return words(classify(frame, previous, rules, today, edges).frame, rules)[1]


def words(frame, rules):
    """Return ``{partner: {column: value}}`` in words.

    Words for codes, places for tiers, dates for days and None for missing values.
    """
    place = {tier.key: number for number, tier in enumerate(rules.tiers)}
    result = {}
    for partner, values in zip(frame.index, frame.to_dict("records"), strict=True):
        for name, value in values.items():
            if name.endswith("_date") or name == "tier_below_since":
                values[name] = None if pd.isna(value) else value.date()
        values["value_tier"] = place.get(values["value_tier"])
        for name, names in (
            ("tier_reason", TIER_REASONS),
            ("lifecycle_stage", STAGES),
            ("churn_risk", RISKS),
        ):
            values[name] = names[values[name] - 1] if values[name] else None
        bits = values["churn_signals"]
        values["churn_signals"] = {n for i, n in enumerate(SIGNALS) if bits >> i & 1}
        result[partner] = values
    return result


def random_log(seed, customers=40, start=datetime.date(2022, 1, 1), days=1000):
    """Return random purchases of customers with rhythms of their own.

    Also with purses of their own; with refunds, pauses, same-day orders, zero amounts
    and unknown margins among them.
    """
    dice = random.Random(seed)
    log = []
    for partner in range(1, customers + 1):
        gap = dice.choice((1, 3, 7, 20, 45, 90, 200))
        purse = dice.choice((500, 2000, 2000, 15000))
        day = dice.randrange(days)
        for __ in range(dice.choice((0, 1, 1, 2, 3, 8, 20))):
            log += _documents(dice, partner, start + datetime.timedelta(day), purse)
            pause = 8 if dice.random() < 0.15 else 1
            day += dice.randrange(2 * gap + 1) * pause
    return log


def _documents(dice, partner, day, purse):
    cents = dice.choice((purse, dice.randrange(1, 2 * purse), 0))
    margin = None if dice.random() < 0.02 else cents // 4
    yield Document(partner, day, cents, margin)
    if dice.random() < 0.15:
        back = -dice.choice((cents, cents // 3, 2 * cents))
        later = day + datetime.timedelta(dice.randrange(40))
        yield Document(partner, later, back, back // 4)
