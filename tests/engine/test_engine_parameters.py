"""Rules that contradict themselves are refused with a sentence; spans of days."""

import datetime
import json
import math

import pytest
from builders import KEYS, UNRATED, limited, ranked
from engine import Edges, Parameters, TierLimit

DAY = datetime.date


def test_defaults_are_the_documented_ones():
    rules = ranked()
    assert (rules.window_months, rules.bins, rules.customers_per_bin) == (12, 5, 10)
    assert rules.weights == (0.2, 0.3, 0.5)
    assert (rules.value_metric, rules.tier_method) == ("revenue", "top_percent")
    assert (rules.min_orders, rules.min_tenure_days, rules.min_customers) == (2, 30, 10)
    assert (rules.keep_margin, rules.grace_days, rules.one_step_down) == (
        0.1,
        30,
        False,
    )
    assert (rules.at_risk_ratio, rules.dormant_ratio, rules.lost_ratio) == (1.5, 3, 6)
    assert (rules.new_days, rules.loyal_orders, rules.loyal_tenure_days) == (30, 5, 180)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"window_months": 0}, "window needs at least one month"),
        ({"bins": 2}, "3 to 10 bins"),
        ({"bins": 11}, "3 to 10 bins"),
        ({"customers_per_bin": 0}, "at least one customer"),
        ({"weight_recency": -0.1}, "cannot be negative"),
        (
            {"weight_recency": 0, "weight_frequency": 0, "weight_monetary": 0},
            "At least one score needs a weight",
        ),
        ({"weight_monetary": math.nan}, "weight_monetary must be a finite number"),
        ({"lost_ratio": math.inf}, "lost_ratio must be a finite number"),
        ({"fixed_edges": {"age": (1,)}}, "no score of the name age"),
        ({"fixed_edges": {"recency": (2, 1)}}, "must rise"),
        ({"fixed_edges": {"recency": (1, 1)}}, "must rise"),
        ({"fixed_edges": {"monetary": (1, math.inf)}}, "finite"),
        ({"fixed_edges": {"monetary": range(10)}}, "too many bins"),
        ({"value_metric": "charm"}, "The value is one of"),
        ({"tier_method": "charm"}, "found by one of"),
        ({"keep_margin": 1.5}, "from 0 to 1"),
        ({"keep_margin": -0.1}, "from 0 to 1"),
        ({"grace_days": -1}, "grace_days cannot be negative"),
        ({"min_orders": -1}, "min_orders cannot be negative"),
        ({"shrinkage": -1}, "shrinkage cannot be negative"),
        ({"won_back_days": -1}, "won_back_days cannot be negative"),
        ({"min_gap_days": 0}, "above 0 days"),
        ({"at_risk_ratio": 0}, "at risk must be above 0"),
        ({"at_risk_ratio": 4}, "not above the one for dormant"),
        ({"lost_ratio": 2}, "cannot be lost before being dormant"),
        ({"dormant_min_days": 90}, "cannot be lost before being dormant"),
        ({"decline_growth": -2}, "from -1 to 1"),
        ({"refund_share": 0}, "above 0"),
        ({"growth_min_orders": 0}, "at least one order"),
        ({"risk_medium_from": 5}, "cannot begin below medium"),
        ({"currency_digits": 7}, "0 to 6 decimal digits"),
    ],
)
def test_contradictions_are_refused(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        ranked(**values)


@pytest.mark.parametrize(
    ("shares", "sentence"),
    [
        ((20, 5, 50, 100), "larger top shares"),
        ((5, 5, 50, 100), "larger top shares"),
        ((0, 20), "above 0 and at most 100"),
        ((5, 101), "above 0 and at most 100"),
        ((5, math.nan), "must be a number"),
    ],
)
def test_top_shares_must_grow(shares, sentence):
    with pytest.raises(ValueError, match=sentence):
        ranked(*shares)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ((100, 300), "Lower tiers need lower limits"),
        ((100, 100), "Lower tiers need lower limits"),
        ((math.inf, 100), "Only the lowest tier"),
        ((100, -math.inf, -math.inf), "Only the lowest tier"),
        ((100, math.inf), "Only the lowest tier"),
    ],
)
def test_limits_must_fall(limits, sentence):
    with pytest.raises(ValueError, match=sentence):
        limited(*limits)


@pytest.mark.parametrize(
    ("keys", "unrated", "sentence"),
    [
        ((), 9, "at least one value tier"),
        ((1, 1), 9, "listed twice"),
        ((1, 2), 2, "cannot have a limit"),
        ((0, 2), 9, "cannot be 0"),
        ((1, 2), 0, "cannot be 0"),
    ],
)
def test_keys_must_differ(keys, unrated, sentence):
    tiers = tuple(TierLimit(key, 10 * n) for n, key in enumerate(keys, 1))
    with pytest.raises(ValueError, match=sentence):
        Parameters(policy=1, tiers=tiers, unrated_key=unrated)


def test_one_tier_is_enough():
    rules = Parameters(policy=1, tiers=[TierLimit(3, 100)], unrated_key=UNRATED)
    assert rules.tiers == (TierLimit(3, 100),)


@pytest.mark.parametrize(
    ("as_of", "months", "start"),
    [
        (DAY(2024, 6, 30), 12, DAY(2023, 7, 1)),
        (DAY(2024, 2, 29), 12, DAY(2023, 3, 1)),
        (DAY(2023, 2, 28), 12, DAY(2022, 3, 1)),
        (DAY(2025, 2, 28), 12, DAY(2024, 2, 29)),
        (DAY(2024, 3, 31), 1, DAY(2024, 3, 1)),
        (DAY(2023, 3, 31), 1, DAY(2023, 3, 1)),
        (DAY(2023, 3, 30), 1, DAY(2023, 3, 1)),
        (DAY(2024, 1, 1), 1, DAY(2023, 12, 2)),
        (DAY(2024, 1, 15), 25, DAY(2021, 12, 16)),
    ],
)
def test_window_start(as_of, months, start):
    assert ranked(window_months=months).window_start(as_of) == start


@pytest.mark.parametrize(
    ("as_of", "months", "start"),
    [
        (DAY(2024, 6, 30), 12, DAY(2023, 12, 31)),
        (DAY(2024, 8, 29), 12, DAY(2024, 3, 1)),
        (DAY(2024, 8, 31), 12, DAY(2024, 3, 1)),
        (DAY(2024, 6, 30), 1, DAY(2024, 6, 16)),
        (DAY(2024, 6, 30), 3, DAY(2024, 5, 16)),
    ],
)
def test_half_start(as_of, months, start):
    assert ranked(window_months=months).half_start(as_of) == start


@pytest.mark.parametrize("months", [1, 2, 3, 5, 6, 12, 24])
def test_starts_never_go_back(months):
    rules = ranked(window_months=months)
    days = [DAY(2023, 12, 1) + datetime.timedelta(n) for n in range(500)]
    for start in (rules.window_start, rules.half_start):
        starts = [start(day) for day in days]
        assert starts == sorted(starts)
    for day in days:
        assert rules.window_start(day) <= rules.half_start(day) <= day


def test_edges_survive_json():
    edges = Edges(
        recency=(0.5, 12.25),
        frequency=(),
        monetary=(-3.1, 0.1 + 0.2, 1e12),
        population_gap_days=44,
        tier_limits={KEYS[0]: 0.1, KEYS[1]: -7.0, KEYS[2]: -math.inf},
        buyer_count=3,
    )
    text = json.dumps(edges.to_json(), allow_nan=False)
    assert Edges.from_json(json.loads(text)) == edges
    assert edges.bins == {"recency": 3, "frequency": 1, "monetary": 4}


def test_rules_and_edges_are_frozen():
    with pytest.raises(AttributeError):
        ranked().bins = 3
    with pytest.raises(AttributeError):
        Edges().buyer_count = 3
