"""Counts at a step equal those of a limit at that value."""

import dataclasses
import datetime
import json

import numpy as np
import pandas as pd
import pytest
from builders import KEYS, TODAY, UNRATED, facts, limited, never, ranked, row
from engine import Parameters, TierLimit, classify
from engine.customers.histogram import MAX_STEPS, histogram
from hypothesis import given, settings
from hypothesis import strategies as st

money = st.one_of(
    st.integers(-300, 3000).map(float),
    st.floats(0.01, 1e6).map(lambda amount: round(amount, 2)),
    st.sampled_from([0.0, 100.0, 100.01, 99.99, 250.0]),
)
populations = st.lists(money, min_size=1, max_size=60)


def spread(frame, rules):
    return histogram(frame, classify(frame, None, rules, TODAY), rules)


def many(amounts):
    """Return facts of customers who differ in revenue alone."""
    frame = facts(row())
    frame = frame.loc[np.ones(len(amounts), int)].reset_index(drop=True)
    frame.index += 1
    return frame.assign(revenue=np.asarray(amounts, "float64"))


def with_limit(method, limit):
    """Rules of two tiers, the better one from a limit."""
    last = 100 if method == "top_percent" else -np.inf
    return Parameters(
        policy=1,
        tiers=(TierLimit(KEYS[0], limit), TierLimit(KEYS[1], last)),
        unrated_key=UNRATED,
        tier_method=method,
        min_customers=1,
    )


def in_best_tier(frame, method, limit):
    found = classify(frame, None, with_limit(method, limit), TODAY).frame
    return found["value_tier"] == KEYS[0]


def assert_exact(frame, method, found, steps):
    """Assert that limits at the steps let in the counts and money shown."""
    name = "percent" if method == "top_percent" else "limit"
    for step in steps:
        limit = found["steps"][name][step]
        if limit is None:
            continue
        best = in_best_tier(frame, method, limit)
        assert found["steps"]["customers"][step] == best.sum()
        revenue = frame.loc[best, "revenue"].sum()
        assert found["steps"]["revenue"][step] == pytest.approx(revenue)
        margin = frame.loc[best, "margin"].sum()
        assert found["steps"]["margin"][step] == pytest.approx(margin)


@settings(max_examples=30)
@given(populations, st.sampled_from(["top_percent", "limit"]))
def test_counts_at_a_step_are_those_of_a_limit_there(amounts, method):
    frame = many(amounts)
    found = spread(frame, limited())
    steps = range(len(found["steps"]["value"]))
    assert_exact(frame, method, found, list(steps)[:: max(1, len(steps) // 8)])


@given(populations)
def test_each_value_is_a_step_and_has_a_limit(amounts):
    frame = many(amounts)
    found = spread(frame, limited())
    values = found["steps"]["value"]
    assert values == sorted({round(amount, 2) for amount in amounts}, reverse=True)
    assert None not in found["steps"]["limit"]
    counted = [int((frame["revenue"] >= value - 1e-9).sum()) for value in values]
    assert found["steps"]["customers"] == found["steps"]["buyers"] == counted


@given(populations)
def test_every_cut_but_the_lowest_can_be_a_share(amounts):
    shares = spread(many(amounts), limited())["steps"]["percent"]
    assert None not in shares[:-1] and shares[-1] is None
    assert shares[:-1] == sorted(set(shares[:-1])) and all(
        0 < share < 100 for share in shares[:-1]
    )


@pytest.mark.parametrize("method", ["top_percent", "limit"])
@pytest.mark.parametrize("seed", [1, 2])
def test_many_values_are_few_steps_and_still_exact(method, seed):
    dice = np.random.default_rng(seed)
    frame = many(np.round(dice.lognormal(5, 1.5, 20_000), 2))
    rules = ranked() if method == "top_percent" else limited(3333.33, 300, 100, -9)
    found = spread(frame, rules)
    count = len(found["steps"]["value"])
    assert 300 < count <= MAX_STEPS
    assert_exact(frame, method, found, range(0, count, 40))


@pytest.mark.parametrize(
    "rules", [ranked(3.33, 17.17, 61.61, 100), limited(3333.33, 287.11, 77.7, 0)]
)
def test_limits_in_force_are_steps(rules):
    frame = many(np.random.default_rng(3).lognormal(5, 1.5, 5_000).round(2))
    result = classify(frame, None, rules, TODAY)
    found = histogram(frame, result, rules)
    tiers = result.frame["value_tier"].value_counts()
    for place in (1, 2, 3):
        customers = int(tiers.loc[list(KEYS[:place])].sum())
        assert customers in found["steps"]["customers"]


def test_steps_and_groups_add_up_to_everybody():
    frame = facts(
        row(revenue=500.0),
        row(revenue=100.0, margin=np.nan),
        row(order_count=0, revenue=-50.0, margin=np.nan),  # lapsed, sent back
        row(  # too new: counts for shares, is not rated
            first_purchase_date=TODAY - datetime.timedelta(5),
            lifetime_order_count=1,
            revenue=70.0,
        ),
        never(),
    )
    found = spread(frame, limited())
    assert found["steps"]["value"] == [500, 100, 70]
    assert found["steps"]["buyers"] == [1, 2, 3]
    assert found["steps"]["customers"] == [1, 2, 2]
    assert found["steps"]["revenue"] == [500, 600, 600]
    assert found["steps"]["margin"] == [100, 100, 100]
    assert found["buyers"] == 3
    assert found["lapsed"] == {"customers": 1, "revenue": -50, "margin": None}
    assert found["unrated"] == {"customers": 2, "revenue": 70, "margin": 100}
    assert found["total"] == {"customers": 5, "revenue": 620, "margin": 200}
    assert sum(found["bars"]["customers"]) == 2


def test_limits_and_shares_are_as_round_as_can_be():
    found = spread(many([5234.56, 987.65, 987.65, 12.3, 0, -4.2]), limited())
    assert found["steps"]["limit"] == [5000, 500, 10, 0, -5]
    assert found["steps"]["percent"] == [10, 50, 70, 90, None]


def test_values_closer_than_a_limit_can_tell_have_none():
    frame = many([0.004, 0.003])
    found = spread(frame, limited(currency_digits=3))
    assert found["steps"]["limit"] == [None, 0]


@pytest.mark.parametrize("metric", ["revenue", "margin", "score"])
def test_nobody_and_unknown_values(metric):
    rules = limited(value_metric=metric)
    for frame in (facts(never()), facts(row(margin=np.nan, order_count=0))):
        found = spread(frame, rules)
        assert found["steps"]["value"] == [] and found["buyers"] == 0
        assert found["total"]["customers"] == 1
        assert json.loads(json.dumps(found)) == found


def test_too_few_for_shares_can_still_try_fixed_limits():
    found = spread(many([100.0, 200.0]), ranked(min_customers=10))
    assert found["steps"]["customers"] == [1, 2]


@pytest.mark.parametrize(
    ("amounts", "scale"),
    [
        (np.linspace(100, 200, 50), "linear"),
        (np.geomspace(1, 100_000, 50), "log"),
        (np.full(50, 0.0), "linear"),
        (np.full(50, -3.0), "linear"),
    ],
)
def test_the_drawing_covers_all_on_a_fitting_scale(amounts, scale):
    bars = spread(many(np.round(amounts, 2)), limited())["bars"]
    assert bars["scale"] == scale
    assert sum(bars["customers"]) == 50
    assert bars["low"] < bars["high"]


def test_a_score_is_drawn_from_0_to_100():
    dice = np.random.default_rng(4)
    frame = many(dice.lognormal(5, 1.5, 200).round(2))
    found = spread(frame, ranked(value_metric="score"))
    assert (found["bars"]["low"], found["bars"]["high"]) == (0, 100)
    assert sum(found["bars"]["customers"]) == 200


def test_small_enough_for_a_page_and_quick():
    dice = np.random.default_rng(5)
    frame = many(dice.lognormal(5, 1.5, 200_000).round(2))
    found = spread(frame, ranked())
    assert len(json.dumps(found)) < 60_000


def test_facts_may_be_in_any_order():
    frame = many(np.random.default_rng(6).lognormal(5, 1.5, 300).round(2))
    shuffled = frame.sample(frac=1, random_state=1)
    assert spread(frame, ranked()) == spread(shuffled, ranked())
    pd.testing.assert_index_equal(frame.index, shuffled.sort_index().index)


@settings(max_examples=30)
@given(populations)
def test_shares_let_in_all_with_the_value_at_their_end(amounts):
    """Each share lets in exactly the values of its step.

    Where equal values are all let in.
    """
    rules = dataclasses.replace(ranked(min_customers=1), tier_ties="in")
    frame = many(amounts)
    found = spread(frame, rules)
    assert found["ties"] == "in"
    assert found["top"] == (frame["revenue"] == frame["revenue"].max()).sum()
    steps = found["steps"]
    for step in range(0, len(steps["value"]), max(1, len(steps["value"]) // 8)):
        if steps["percent"][step] is None:
            continue
        limits = with_limit("top_percent", steps["percent"][step])
        limits = dataclasses.replace(limits, tier_ties="in")
        best = classify(frame, None, limits, TODAY).frame["value_tier"] == KEYS[0]
        assert best.sum() == steps["customers"][step]


def test_archived_customers_and_those_worth_nothing_are_not_drawn():
    frame = many([-5, 0, *range(1, 31)])
    frame["active"] = np.arange(32) != 31
    own = dict(no_value_rule="own", no_value_key=88)
    found = spread(frame, dataclasses.replace(ranked(), **own))
    assert found["total"]["customers"] == found["buyers"] == 31
    assert found["steps"]["customers"][-1] == 29
    assert found["nothing"]["customers"] == 2 and not found["lapsed"]["customers"]
    positive = spread(frame, ranked(share_of="positive"))
    assert (positive["buyers"], positive["lapsed"]["customers"]) == (29, 2)
