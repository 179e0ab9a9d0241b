"""Contradictory rules are refused with a sentence; spans of days."""

import datetime
import json
import math

import pytest
from builders import HIGH, KEYS, MEDIUM, UNRATED, VIP, limited, ranked, rfm
from engine import Component, Edges, Parameters, RuleError, TierLimit

DAY = datetime.date


def test_defaults_are_the_documented_ones():
    rules = ranked()
    assert (rules.window_months, rules.customers_per_bin) == (12, 10)
    assert {item.bins for item in rules.components} == {5}
    assert rules.weights == {"recency": 0.2, "frequency": 0.3, "monetary": 0.5}
    assert (rules.value_metric, rules.tier_method) == ("revenue", "top_percent")
    assert (rules.min_orders, rules.min_tenure_days, rules.min_customers) == (2, 30, 10)
    assert (rules.keep_margin, rules.grace_days, rules.one_step_down) == (
        0.1,
        30,
        False,
    )
    assert (rules.at_risk_ratio, rules.dormant_ratio, rules.lost_ratio) == (1.5, 3, 6)
    assert (rules.new_days, rules.loyal_orders, rules.loyal_tenure_days) == (30, 5, 180)


def refused(make, *args, **values):
    """``{"code": ..., values}`` of the error that these rules raise."""
    with pytest.raises(RuleError) as caught:
        make(*args, **values)
    error = caught.value
    assert error.code in str(error)
    return {"code": error.code, **error.values}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"window_months": 0}, "below_one"),
        ({"customers_per_bin": 0}, "below_one"),
        ({"growth_min_orders": 0}, "below_one"),
        ({"lost_ratio": math.inf}, "not_finite"),
        ({"keep_margin": math.nan}, "not_finite"),
        ({"value_metric": "charm"}, "unknown_choice"),
        ({"tier_method": "charm"}, "unknown_choice"),
        ({"keep_margin": 1.5}, "out_of_range"),
        ({"keep_margin": -0.1}, "out_of_range"),
        ({"decline_growth": -2}, "out_of_range"),
        ({"currency_digits": 7}, "out_of_range"),
        ({"grace_days": -1}, "negative"),
        ({"min_orders": -1}, "negative"),
        ({"shrinkage": -1}, "negative"),
        ({"won_back_days": -1}, "negative"),
        ({"lost_min_days": -1}, "negative"),
        ({"risk_refunds": -1}, "negative"),
        ({"min_gap_days": 0}, "not_positive"),
        ({"at_risk_ratio": 0}, "not_positive"),
        ({"refund_share": 0}, "not_positive"),
        ({"risk_medium_from": 0}, "not_positive"),
    ],
)
def test_a_number_out_of_its_range_is_refused(values, code):
    found = refused(ranked, **values)
    assert found["code"] == code
    assert found["field"] == next(iter(values))


@pytest.mark.parametrize(
    ("values", "field", "other"),
    [
        ({"at_risk_ratio": 4}, "at_risk_ratio", "dormant_ratio"),
        ({"lost_ratio": 2}, "dormant_ratio", "lost_ratio"),
        ({"dormant_min_days": 90}, "dormant_min_days", "lost_min_days"),
        ({"risk_medium_from": 5}, "risk_medium_from", "risk_high_from"),
    ],
)
def test_what_comes_later_has_the_higher_number(values, field, other):
    found = refused(ranked, **values)
    assert (found["code"], found["field"], found["other"]) == (
        "above_other",
        field,
        other,
    )
    assert found["value"] > found["other_value"]


def with_component(*args, **values):
    """Return rules with a component beside, or instead of, the usual ones."""
    component = Component(*args, **values)
    usual = [item for item in rfm() if item.metric != component.metric]
    return ranked(components=(component, *usual))


@pytest.mark.parametrize(
    ("component", "error"),
    [
        (("monetary", 1, 2), {"code": "bins_out_of_range", "bins": 2}),
        (("margin", 1, 11), {"code": "bins_out_of_range", "low": 3, "high": 10}),
        (("recency", -0.1), {"code": "weight_negative"}),
        (("growth", math.nan), {"code": "weight_unknown"}),
        (("tenure", math.inf), {"code": "weight_unknown"}),
        (("age", 1, 5), {"code": "unknown_metric"}),
        (("margin", 1, 5, ()), {"code": "edges_missing"}),
        (("recency", 1, 5, (2, 1)), {"code": "edges_not_rising", "low": 2, "high": 1}),
        (("recency", 1, 5, (1, 1)), {"code": "edges_not_rising"}),
        (("monetary", 1, 5, (1, math.inf)), {"code": "edge_unknown"}),
        (("monetary", 1, 5, (math.nan,)), {"code": "edge_unknown"}),
        (("monetary", 1, 5, range(10)), {"code": "edges_too_many", "most": 9}),
    ],
)
def test_a_wrong_component_is_refused_by_its_name(component, error):
    found = refused(with_component, *component)
    assert found["metric"] == component[0]
    assert found.items() >= error.items()


def test_recency_frequency_and_monetary_value_stand_once_and_weigh_something():
    no_recency = rfm()[1:]
    assert refused(ranked, components=no_recency) == {
        "code": "metric_missing",
        "metric": "recency",
    }
    twice = (*rfm(), Component("monetary", 1))
    assert refused(ranked, components=twice)["code"] == "metric_twice"
    assert refused(ranked, components=rfm(weights=(0, 0, 0))) == {"code": "no_weight"}
    margin_only = (*rfm(weights=(0, 0, 0)), Component("margin", 1))
    assert ranked(components=margin_only).weights["margin"] == 1


def test_the_order_of_components_does_not_matter():
    extra = Component("tenure", 0.1)
    assert ranked(components=(extra, *rfm()[::-1])) == ranked(
        components=(*rfm(), extra)
    )


@pytest.mark.parametrize(
    ("shares", "error"),
    [
        (
            (20, 5, 50, 100),
            {
                "code": "share_not_larger",
                "tier": HIGH,
                "limit": 5,
                "above": VIP,
                "above_limit": 20,
            },
        ),
        ((5, 5, 50, 100), {"code": "share_not_larger", "tier": HIGH}),
        ((0, 20), {"code": "share_out_of_range", "tier": VIP, "limit": 0}),
        ((5, 101), {"code": "share_out_of_range", "tier": HIGH}),
        ((5, math.nan), {"code": "limit_unknown", "tier": HIGH}),
        ((5, 20, 80), {"code": "share_leaves_gap", "tier": MEDIUM, "limit": 80}),
    ],
)
def test_top_shares_must_grow_to_all(shares, error):
    assert refused(ranked, *shares).items() >= error.items()


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (
            (100, 300),
            {
                "code": "limit_not_lower",
                "tier": HIGH,
                "limit": 300,
                "above": VIP,
                "above_limit": 100,
            },
        ),
        ((100, 100), {"code": "limit_not_lower", "tier": HIGH}),
        ((math.inf, 100), {"code": "limit_infinite", "tier": VIP}),
        ((100, -math.inf, -math.inf), {"code": "limit_infinite", "tier": HIGH}),
        ((100, math.inf), {"code": "limit_infinite", "tier": HIGH}),
        ((300, 100), {"code": "limit_leaves_gap", "tier": HIGH, "limit": 100}),
    ],
)
def test_limits_must_fall_to_zero_or_below(limits, error):
    assert refused(limited, *limits).items() >= error.items()


@pytest.mark.parametrize(
    ("keeps", "error"),
    [
        ((1001,), {"code": "keep_above_limit", "keep": 1001, "limit": 1000}),
        ((math.nan,), {"code": "keep_unknown", "tier": VIP}),
        ((-math.inf,), {"code": "keep_unknown", "tier": VIP}),
        (
            (280, 290),
            {"code": "keep_crosses", "tier": HIGH, "above": VIP, "above_keep": 280},
        ),
        # The tolerance of the lower tier counts too: 10 % under 300.
        ((269,), {"code": "keep_crosses", "tier": HIGH, "keep": 270}),
    ],
)
def test_a_keep_limit_is_at_most_the_limit(keeps, error):
    found = refused(limited, keeps=keeps)
    assert found.items() >= error.items()


@pytest.mark.parametrize(
    ("keeps", "code"),
    [
        ((4.9,), "keep_share_smaller"),
        ((101,), "keep_share_out_of_range"),
        ((30, 25), "keep_share_crosses"),
        ((30, None, 50), None),
        ((5, 20, 50, 100), None),
        ((40, 40), None),
    ],
)
def test_a_keep_share_is_at_least_the_share(keeps, code):
    if code:
        assert refused(ranked, keeps=keeps)["code"] == code
    else:
        assert ranked(keeps=keeps).tiers[0].keep_limit == keeps[0]


@pytest.mark.parametrize(
    ("keys", "unrated", "code"),
    [
        ((), 9, "no_tier"),
        ((1, 1), 9, "tier_twice"),
        ((1, 2), 2, "tier_unrated"),
        ((0, 2), 9, "key_zero"),
        ((1, 2), 0, "key_zero"),
    ],
)
def test_keys_must_differ(keys, unrated, code):
    tiers = tuple(TierLimit(key, 50 * n) for n, key in enumerate(keys, 1))
    values = {"policy": 1, "tiers": tiers, "unrated_key": unrated}
    assert refused(Parameters, **values)["code"] == code


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
        extras={"margin": (1.5,), "tenure": ()},
        keep_limits={KEYS[0]: 0.09, KEYS[2]: -math.inf},
        limits_found={KEYS[0]: ("2024-06-30", 40)},
    )
    text = json.dumps(edges.to_json(), allow_nan=False)
    read = Edges.from_json(json.loads(text))
    assert read == edges and read.limits_found == edges.limits_found
    assert edges.bins == {
        "recency": 3,
        "frequency": 1,
        "monetary": 4,
        "margin": 2,
        "tenure": 1,
    }
    assert edges.thresholds("margin") == (1.5,)
    assert edges.thresholds("growth") == (), "nothing is known of it"


def test_edges_of_before_there_were_extras_and_keep_limits_are_read():
    old = {
        "recency": [10.0],
        "frequency": [1.0],
        "monetary": [50.0],
        "bins": {"recency": 2, "frequency": 2, "monetary": 2},
        "population_gap_days": 7,
        "tier_limits": {"11": 900.0, "14": None},
        "buyer_count": 3,
    }
    edges = Edges.from_json(old)
    assert edges == Edges((10.0,), (1.0,), (50.0,), 7, {11: 900.0, 14: -math.inf}, 3)


def test_rules_and_edges_are_frozen():
    with pytest.raises(AttributeError):
        ranked().components = ()
    with pytest.raises(AttributeError):
        Edges().buyer_count = 3
