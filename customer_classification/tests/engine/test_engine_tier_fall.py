"""The set-based day of falling a tier is that of the projection."""

import datetime

import numpy as np
import pandas as pd
import pytest
from builders import HIGH, LOW, MEDIUM, TODAY, VIP, limited, ranked, state
from engine import (
    Edges,
    Window,
    classify,
    decided_falls,
    facts_at,
    project,
    tier_fall_dates,
)
from hypothesis import given, settings
from hypothesis import strategies as st

EDGES = Edges((5.0, 20.0), (1.0, 2.0), (50.0, 200.0), 9)
SMALL = {"window_months": 2, "min_tenure_days": 10, "growth_min_orders": 1}
LIMITS = (900, 300, 100, 0)
RULES = {
    "limited": limited(*LIMITS, grace_days=6, **SMALL),
    "no_grace": limited(*LIMITS, grace_days=0, **SMALL),
    "long_grace": limited(*LIMITS, grace_days=45, **SMALL),
    "steps": limited(*LIMITS, grace_days=0, one_step_down=True, **SMALL),
    "keeps": limited(*LIMITS, keeps=(400, 290), grace_days=3, **SMALL),
    "yen": limited(*LIMITS, grace_days=6, currency_digits=0, **SMALL),
    "dinar": limited(*LIMITS, grace_days=6, currency_digits=3, **SMALL),
    "margin": limited(90, 30, 10, 0, value_metric="margin", grace_days=3, **SMALL),
    "margin_refused": limited(
        *(90, 30, 10, 0),
        **{"value_metric": "margin", "no_value_rule": "unrated", **SMALL},
    ),
    "unrated": limited(*LIMITS, grace_days=9, no_value_rule="unrated", **SMALL),
    "last": limited(*LIMITS, grace_days=2, no_value_rule="last", **SMALL),
    "ranked": ranked(grace_days=5, **SMALL),
    "half_month": ranked(grace_days=5, **{**SMALL, "window_months": 1}),
    "tied": ranked(grace_days=1, tier_ties="in", **SMALL),
}
RANKED = (900.0, 300.0, 100.0)
PARTNERS = [1, 2, 3, 4]


def edges_of(rules):
    """Edges with the limits of these rules, as a full run found them."""
    limits = RANKED if rules.is_ranked else [tier.limit for tier in rules.tiers]
    keys = [tier.key for tier in rules.tiers]
    return EDGES.replace(tier_limits=dict(zip(keys, limits, strict=False)))


def purchases_of(documents, as_of):
    """A frame of (partner, days ago, amount, whether the margin is known)."""
    frame = pd.DataFrame(
        documents, columns=["partner_id", "age", "amount", "is_known"]
    ).astype({"partner_id": "int64", "age": "int64", "amount": "float64"})
    ages = pd.to_timedelta(frame["age"], unit="D")
    margin = (frame["amount"] / 10).where(frame["is_known"].astype(bool))
    return pd.DataFrame(
        {
            "partner_id": frame["partner_id"],
            "day": (pd.Timestamp(as_of) - ages).astype("datetime64[ns]"),
            "amount": frame["amount"],
            "margin": margin.astype("float64"),
        }
    )


def classes_of(purchases, rules, as_of, before):
    """Facts and classes on a day, after runs on some days before it."""
    previous, edges = None, edges_of(rules)
    for age in (*sorted(before, reverse=True), 0):
        day = as_of - datetime.timedelta(age)
        points = pd.DataFrame({"partner_id": PARTNERS, "day": pd.Timestamp(day)})
        points.index = pd.Index(PARTNERS, name="partner_id")
        facts = facts_at(purchases, points, rules)
        result = classify(facts, previous, rules, day, edges).frame
        previous = state(facts, result)
    return facts, result, previous


def as_read(purchases):
    """Purchases as a run reads them: days are numbers."""
    days = purchases["day"].to_numpy().astype("datetime64[D]").astype("int32")
    return purchases.assign(day=days)


def falls_of(purchases, rules, as_of, result, parts=1):
    window, rows = Window(rules, as_of), as_read(purchases)
    for part in range(parts):
        window.add(rows[rows["partner_id"] % parts == part])
    found = tier_fall_dates(window, result, edges_of(rules))
    return pd.Series(found, result.index)


amounts = st.sampled_from(
    [20.0, 60.0, 150.0, 300.0, 400.0, 950.0, 0.0, -30.0, -150.0, -400.0]
)
logs = st.lists(
    st.tuples(st.sampled_from(PARTNERS), st.integers(0, 90), amounts, st.booleans()),
    max_size=16,
)


@settings(max_examples=120)
@given(
    logs,
    st.sampled_from(sorted(RULES)),
    st.integers(0, 366),
    st.sets(st.integers(1, 60), max_size=3),
    st.integers(1, 2),
)
def test_it_is_that_of_the_projection(documents, name, shift, before, parts):
    rules, as_of = RULES[name], TODAY + datetime.timedelta(shift)
    purchases = purchases_of(documents, as_of)
    facts, result, previous = classes_of(purchases, rules, as_of, before)
    told = project(facts, purchases, previous, rules, edges_of(rules), as_of)
    places = {key: place for place, key in enumerate(rules.tier_keys)}
    lower = told["next_tier"].map(places) > previous["value_tier"].map(places)
    expected = told["tier_date"].where(lower)
    found = falls_of(purchases, rules, as_of, result, parts)
    pd.testing.assert_series_equal(found, expected, check_names=False)


def days_of(*documents, name="limited", before=()):
    """Days until customer 1 falls; None for never."""
    purchases = purchases_of([(1, *one, True) for one in documents], TODAY)
    __, result, __ = classes_of(purchases, RULES[name], TODAY, before)
    [day, *__] = falls_of(purchases, RULES[name], TODAY, result)
    return None if pd.isna(day) else (day - pd.Timestamp(TODAY)).days


def test_the_window_rolls_off_and_grace_follows():
    """600 bought 40 days ago leave the window after two months less 40 days."""
    leaves = (TODAY - datetime.date(2024, 4, 30)).days - 40
    documents = [(40, 600.0), (10, 200.0)]
    assert days_of(*documents) == leaves + 6
    assert days_of(*documents, name="no_grace") == leaves


def test_days_of_grace_that_are_over_count():
    assert days_of((64, 600.0), (10, 200.0), before=[10, 2, 1]) == 4


def test_a_refund_that_leaves_the_window_comes_before():
    assert days_of((50, -500.0), (20, 600.0), (15, 100.0)) is None


def test_the_last_tier_has_nothing_to_fall_to():
    assert days_of((10, 5.0), (30, 5.0)) is None


def test_a_score_is_not_followed():
    rules = limited(80, 70, 20, 0, value_metric="score", **SMALL)
    purchases = purchases_of([(1, 5, 900.0, True)], TODAY)
    __, result, __ = classes_of(purchases, rules, TODAY, [])
    assert falls_of(purchases, rules, TODAY, result).isna().all()


@pytest.mark.parametrize("tier", [VIP, HIGH, MEDIUM, LOW])
def test_who_bought_nothing_falls_when_the_grace_ends(tier):
    rules = RULES["limited"]
    result = pd.DataFrame(
        {"value_tier": [tier], "tier_below_since": [pd.Timestamp(2024, 6, 28)]}, [7]
    )
    window = Window(rules, TODAY)
    [day] = tier_fall_dates(window, result, edges_of(rules))
    expected = np.datetime64("NaT" if tier == LOW else "2024-07-04")
    assert day == expected or np.isnat(day) and np.isnat(expected)


@pytest.mark.parametrize(
    ("numbers", "decided", "fall", "until", "expected"),
    [
        (HIGH, HIGH, 30, None, 30),
        (HIGH, HIGH, None, None, None),
        (HIGH, HIGH, None, 10, None),
        (HIGH, HIGH, 30, 10, 30),
        (HIGH, HIGH, 30, 29, 30),
        (HIGH, HIGH, 30, 40, 41),
        (HIGH, VIP, 30, 10, 11),
        (HIGH, VIP, None, 10, 11),
        (HIGH, VIP, 5, 10, 11),
        (HIGH, LOW, 30, 10, 30),
        (HIGH, LOW, 30, 40, None),
        (HIGH, LOW, None, 10, None),
        (0, VIP, None, 10, None),
        (HIGH, 0, 30, 40, None),
    ],
)
def test_decided_tiers_fall_when_the_decision_ends(
    numbers, decided, fall, until, expected
):
    def day(count):
        if count is None:
            return np.datetime64("NaT", "ns")
        return np.datetime64(TODAY + datetime.timedelta(count), "ns")

    window = Window(RULES["limited"], TODAY)
    keys = (np.array([numbers]), np.array([decided]))
    [found] = decided_falls(
        np.array([day(fall)]), window, *keys, np.array([day(until)])
    )
    assert found == day(expected) or np.isnat(found) and expected is None
