"""Bins, thresholds and the value score."""

from fractions import Fraction

import numpy as np
import pytest
from builders import TODAY, ago, bought, facts, limited, never, ranked, rfm, row
from engine import (
    METRICS,
    TIER_REASONS,
    Component,
    Edges,
    classify,
)
from engine.customers.scores import (
    bin_above,
    bin_below,
    find_thresholds,
    quantile,
    value_score,
)
from hypothesis import given
from hypothesis import strategies as st
from reference import quantile as exact_quantile

numbers = st.one_of(
    st.integers(-20, 20).map(float), st.integers(-(10**9), 10**9).map(lambda n: n / 100)
)


# Type 7: R's default and numpy's "linear".
@given(st.lists(numbers, min_size=1, max_size=50), st.integers(0, 20))
def test_quantile_is_type_7(values, part):
    found = quantile(np.sort(np.array(values)), part, 20)
    assert found == pytest.approx(np.quantile(values, part / 20), abs=1e-5)
    assert found == pytest.approx(exact_quantile(values, Fraction(part, 20)), abs=1e-5)


@pytest.mark.parametrize("bins", range(3, 11))
def test_a_threshold_that_is_a_customer_is_exactly_this_customer(bins):
    """A threshold equal to a customer's value is exactly that value.

    0.6 × 5 in binary is beside 3; the customer there must not be above itself.
    """
    for size in range(1, 40 * bins + 2, bins):  # the places are whole numbers
        values = np.arange(size) / 10
        thresholds = find_thresholds(values, bins)
        step = (size - 1) // bins
        assert np.allclose(thresholds, values[step::step][: bins - 1] if step else 0)
        if step:
            assert (bin_above(values, thresholds)[[step, step + 1]] == [1, 2]).all()


def test_bins_by_strict_comparison():
    values = np.array([1, 3, 4, 7, 8])
    assert bin_above(values, (3, 4, 7)).tolist() == [1, 1, 2, 3, 4]
    assert bin_below(values, (3, 4, 7)).tolist() == [4, 4, 3, 2, 1]
    assert bin_above(values, ()).tolist() == bin_below(values, ()).tolist() == [1] * 5


def test_equal_thresholds_leave_a_bin_empty():
    """Equal thresholds leave a bin empty.

    Half of CDNOW bought once: its frequency has no second bin, and that is right.
    """
    values = np.array([1] * 50 + [2] * 17 + [3] * 16 + [4] * 17)
    thresholds = find_thresholds(values, 5)
    assert thresholds[:2] == (1, 1)
    assert set(bin_above(values, thresholds)) == {1, 3, 4, 5}


@given(st.lists(numbers, min_size=1, max_size=60), st.integers(2, 10))
def test_bins_rise_with_the_value_and_equal_values_share_one(values, bins):
    values = np.sort(np.array(values))
    thresholds = find_thresholds(values, bins)
    above = bin_above(values, thresholds)
    assert (np.diff(above) >= 0).all()
    assert above.min() == 1 and above.max() <= bins
    assert (np.diff(above)[np.diff(values) == 0] == 0).all()
    assert (above + bin_below(values, thresholds) == bins + 1).all()


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=60))
def test_bins_do_not_depend_on_the_currency(cents):
    values = np.array(cents) / 100
    bins = bin_above(values, find_thresholds(values, 5))
    for rate in (0.01, 8, 100):
        money = np.round(values * rate, 4)
        assert (bin_above(money, find_thresholds(money, 5)) == bins).all()


def crowd(count, **values):
    """Return customers who differ in all three metrics, the best one last."""
    return [
        bought(*range(count - n, 300, 300 // (n + 1)), amount=10.0 + n, **values)
        for n in range(count)
    ]


def test_scores_of_a_crowd():
    frame = facts(*crowd(50), never(), bought(400))
    result = classify(frame, None, ranked(), TODAY)
    scores = result.frame
    for metric in METRICS:
        assert np.bincount(scores[f"score_{metric}"]).tolist()[0] == 2
        assert np.bincount(scores[f"score_{metric}"]).max() <= 13
    assert scores.loc[50, "value_score"] == 100
    assert scores.loc[1, "value_score"] == 0
    assert np.isnan(scores.loc[51, "value_score"])
    assert scores.loc[52, "value_score"] == 0
    assert result.notes == []


@pytest.mark.parametrize(("count", "bins"), [(50, 5), (49, 4), (25, 2), (19, 1)])
def test_fewer_customers_make_fewer_bins(count, bins):
    result = classify(facts(*crowd(count)), None, ranked(), TODAY)
    assert result.edges.bins == dict.fromkeys(METRICS, bins)
    expected = [
        {
            "code": "few_customers_for_bins",
            "metric": metric,
            "bins": bins,
            "wanted": 5,
            "buyers": count,
        }
        for metric in METRICS
    ]
    assert result.notes == ([] if bins == 5 else expected)


def test_alike_customers_have_no_spread():
    result = classify(facts(*[bought(10, 50)] * 60), None, ranked(), TODAY)
    assert [(n["code"], n["metric"]) for n in result.notes] == [
        ("no_spread", metric) for metric in METRICS
    ]
    assert (result.frame["score_monetary"] == 1).all()
    assert result.frame["value_score"].isna().all()
    assert (result.frame["value_tier"] == 14).all(), "nobody is above the others"


def test_one_metric_without_spread_leaves_its_weight_to_the_others():
    rows = [bought(n + 1, amount=5.0 + n) for n in range(60)]  # all bought once
    result = classify(facts(*rows), None, ranked(), TODAY)
    assert [(n["code"], n["metric"]) for n in result.notes[1:]] == [
        ("no_spread", "frequency")
    ]
    assert result.notes[0]["code"] == "no_gaps"
    # The most recent spent least: recency .2 of .7.
    assert result.frame["value_score"][1] == pytest.approx(100 * 0.2 / 0.7, abs=0.05)


def test_fixed_edges_stand_whatever_the_population():
    edges = {"recency": (30, 90), "monetary": (100.5,)}
    rules = ranked(fixed_edges=edges)
    result = classify(facts(*crowd(3), row(revenue=100.5)), None, rules, TODAY)
    assert result.edges.recency == (30.0, 90.0)
    assert result.edges.bins == {"recency": 3, "frequency": 1, "monetary": 2}
    assert [n["metric"] for n in result.notes if "bins" in n["code"]] == ["frequency"]
    assert result.frame["score_recency"].tolist() == [3] * 4
    assert result.frame["score_monetary"].tolist() == [1, 1, 1, 1]


def test_bins_of_each_metric_are_its_own():
    components = (
        Component("recency", 0, edges=(30, 90)),
        Component("frequency", 0, 4),
        Component("monetary", 1, 10),
        Component("tenure", 1, 3),
    )
    result = classify(facts(*crowd(100)), None, ranked(components=components), TODAY)
    assert result.edges.bins == {
        "recency": 3,
        "frequency": 4,
        "monetary": 10,
        "tenure": 3,
    }
    assert set(result.frame["score_monetary"]) == set(range(1, 11))
    assert result.notes == []


def margin_and_money(**values):
    components = (*rfm(weights=(0, 0, 0.5)), Component("margin", 0.5, 3))
    return ranked(components=components, customers_per_bin=1, **values)


def test_an_unknown_margin_leaves_its_weight_for_this_customer_only():
    rows = [row(revenue=float(n), margin=10.0 - n) for n in range(1, 6)]
    frame = facts(*rows, row(revenue=6.0, margin=np.nan), bought(400))
    result = classify(frame, None, margin_and_money(), TODAY)
    value = result.frame["value_score"]
    assert value[1] == 50, "lowest revenue and highest margin"
    assert value[5] == 37.5, "fourth of five by revenue, lowest margin"
    assert value[6] == 100, "the revenue alone tells"
    assert value[7] == 0, "bought nothing in the window"
    assert result.edges.extras["margin"] == pytest.approx((6 + 1 / 3, 7 + 2 / 3))


def test_a_metric_known_of_nobody_or_of_few_says_so():
    frame = facts(*(row(revenue=float(n), margin=np.nan) for n in range(60)))
    result = classify(frame, None, margin_and_money(), TODAY)
    note = {"code": "nothing_known", "metric": "margin", "buyers": 0}
    assert note in result.notes
    assert result.edges.extras == {"margin": ()}
    assert result.frame["value_score"].max() == 100

    frame.loc[[1, 2], "margin"] = 5.0, 7.0
    note = {
        "code": "few_known_for_bins",
        "metric": "margin",
        "buyers": 2,
        "bins": 2,
        "wanted": 3,
    }
    assert note in classify(frame, None, margin_and_money(), TODAY).notes


def test_who_lacks_all_that_the_score_weighs_is_not_rated():
    components = (*rfm(weights=(0, 0, 0)), Component("margin", 1, 3))
    rules = limited(
        80, 50, 20, 0, components=components, value_metric="score", customers_per_bin=1
    )
    rows = [row(margin=float(n)) for n in range(3)]
    frame = facts(*rows, row(margin=np.nan))
    found = classify(frame, None, rules, TODAY).frame
    assert TIER_REASONS[found["tier_reason"][4] - 1] == "no_score"
    assert found["value_tier"][3] == 11


def test_the_longer_known_and_the_faster_growing_score_higher():
    components = (
        *rfm(weights=(0, 0, 0)),
        Component("tenure", 1, edges=(100,)),
        Component("growth", 3, edges=(0,)),
    )
    rules = limited(components=components)
    grown = {"revenue_recent": 300.0, "revenue_previous": 100.0}
    grown |= {"order_count_recent": 3, "order_count_previous": 1}
    young = {"first_purchase_date": ago(90)}
    frame = facts(row(), row(**young), row(**grown), row(**grown, **young))
    assert classify(frame, None, rules, TODAY).frame["value_score"].tolist() == [
        100,  # fewer than three orders in both halves: growth is not known
        0,
        100,
        75,
    ]


def test_the_published_scores_of_r():
    """Scores equal the published ones of R.

    R package rfm, rfm_data_orders at 2006-12-31. The published thresholds are the
    quantile + 1 (docs/science.md §3), so that ours are one less.
    """
    edges = {
        "recency": (114, 180, 296.4, 481),
        "frequency": (3, 4, 5, 7),
        "monetary": (254.8, 381, 505.4, 665),
    }
    customers = {
        "Abbey O'Reilly": (205, 6, 472, "343"),
        "Add Senger": (140, 3, 340, "412"),
        "Aden Lesch": (194, 4, 405, "323"),
        "Admiral Senger": (132, 5, 448, "433"),
        "Agness O'Keefe": (90, 9, 843, "555"),
        "Ailene Hermann": (281, 8, 699, "355"),
    }
    rows = [
        bought(days, order_count=orders, revenue=float(money))
        for days, orders, money, __ in customers.values()
    ]
    frame = classify(facts(*rows), None, ranked(fixed_edges=edges), TODAY).frame
    codes = frame[["score_recency", "score_frequency", "score_monetary"]]
    found = ["".join(map(str, scores)) for scores in codes.to_numpy()]
    assert found == [score for *__, score in customers.values()]


def test_negative_net_is_in_the_lowest_bin():
    rows = [*crowd(60), bought(5, 20, revenue=-500.0), bought(5, 20, revenue=0.0)]
    frame = classify(facts(*rows), None, ranked(), TODAY).frame
    assert frame["score_monetary"].tolist()[-2:] == [1, 1]
    assert frame["average_order"].tolist()[-2:] == [-250, 0]


def test_who_only_returned_is_no_buyer():
    refunds = never(revenue=-50.0, refund_amount=50.0, lifetime_revenue=-50.0)
    result = classify(facts(*crowd(50), refunds), None, ranked(), TODAY)
    assert result.edges.buyer_count == 50
    last = result.frame.loc[51]
    assert last["score_monetary"] == 0 and last["lifecycle_stage"] == 1
    assert np.isnan(last["average_order"])


@pytest.mark.parametrize(
    ("scores", "bins", "weights", "value"),
    [
        ((5, 5, 5), (5, 5, 5), (0.2, 0.3, 0.5), 100),
        ((1, 1, 1), (5, 5, 5), (0.2, 0.3, 0.5), 0),
        ((5, 1, 1), (5, 5, 5), (0.2, 0.3, 0.5), 20),
        ((1, 5, 1), (5, 5, 5), (0.2, 0.3, 0.5), 30),
        ((3, 3, 3), (5, 5, 5), (0.2, 0.3, 0.5), 50),
        ((2, 1, 1), (4, 5, 5), (0.2, 0.3, 0.5), 6.7),
        ((3, 1, 1), (3, 1, 1), (0.2, 0.3, 0.5), 100),
        ((1, 2, 1), (1, 3, 5), (0.2, 0.3, 0.5), 18.8),
        ((5, 1, 1), (5, 5, 5), (20, 30, 50), 20),
        ((5, 1, 1, 3), (5, 5, 5, 3), (20, 30, 50, 100), 60),
        ((5, 1, 1, 0), (5, 5, 5, 3), (20, 30, 50, 100), 20),
    ],
)
def test_value_score(scores, bins, weights, value):
    arrays = [np.array([score], "int8") for score in scores]
    assert value_score(arrays, bins, weights)[0] == pytest.approx(value)


def test_no_metric_no_value_score():
    ones = [np.ones(2, "int8")] * 3
    assert np.isnan(value_score(ones, (1, 1, 1), (0.2, 0.3, 0.5))).all()
    assert np.isnan(value_score(ones, (5, 5, 1), (0, 0, 1))).all()


def test_edges_of_an_earlier_run_are_used_and_returned():
    edges = Edges((10.0,), (1.0,), (50.0,), 7, {}, 3)
    frame = facts(*crowd(50))
    result = classify(frame, None, limited(), TODAY, edges)
    assert result.edges == edges and result.notes == []
    assert set(result.frame["score_recency"]) == {1, 2}
