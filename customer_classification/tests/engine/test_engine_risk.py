"""Growth, the signals of churn and their sum."""

import numpy as np
import pandas as pd
import pytest
from builders import TODAY, bought, facts, limited, never, one, row
from engine import SIGNALS, Edges, RuleError, by_prediction, classify
from engine.customers.risk import BY_PREDICTION
from hypothesis import given
from hypothesis import strategies as st


def growth(recent, previous, orders=(3, 3), **values):
    fact = row(
        revenue_recent=float(recent),
        revenue_previous=float(previous),
        order_count_recent=orders[0],
        order_count_previous=orders[1],
    )
    return one(fact, limited(**values))["growth"]


@pytest.mark.parametrize(
    ("recent", "previous", "expected"),
    [
        (300, 100, 0.5),
        (100, 300, -0.5),
        (100, 100, 0),
        (100, 0, 1),
        (0, 100, -1),
        (1, 2, -0.3333),
        (-50, 100, -1),  # refunds above purchases
        (100, -50, 1),
        (-100, -300, 0.5),
    ],
)
def test_growth(recent, previous, expected):
    assert growth(recent, previous) == expected


def test_growth_of_nothing():
    assert np.isnan(growth(0, 0))


@pytest.mark.parametrize(
    ("orders", "told"),
    [((3, 0), True), ((0, 3), True), ((2, 2), False), ((0, 0), False)],
)
def test_growth_needs_orders_in_one_of_the_halves(orders, told):
    assert np.isnan(growth(100, 300, orders)) != told
    assert not np.isnan(growth(100, 300, orders, growth_min_orders=1)) == (
        orders != (0, 0)
    )


money = st.integers(-(10**7), 10**7).map(lambda n: n / 100)


@given(money, money)
def test_growth_is_between_minus_one_and_one_and_turns_with_time(recent, previous):
    found = growth(recent, previous)
    if recent == previous == 0:
        assert np.isnan(found)
    else:
        assert -1 <= found <= 1
        assert growth(previous, recent) == -found


@given(money, money)
def test_growth_does_not_depend_on_the_currency(recent, previous):
    found = growth(recent * 100, previous * 100)
    assert np.array_equal(found, growth(recent, previous), equal_nan=True)


CALM = row(last_purchase_date=TODAY)


def risk(gap=20, rules=None, **values):
    fact = {**CALM, **values}
    rules = rules or limited(shrinkage=1e9)
    found = one(fact, rules, edges=Edges(population_gap_days=gap))
    return found["churn_risk"], found["churn_signals"]


def test_no_signal_is_low_risk():
    assert risk() == ("low", set())


# The gap is 20 days: overdue after 30, far overdue after 60, lost after 120.
@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (29, ("low", set())),
        (30, ("medium", {"overdue"})),
        (59, ("medium", {"overdue"})),
        (60, ("high", {"far_overdue"})),
        (119, ("high", {"far_overdue"})),
        (120, (None, set())),
    ],
)
def test_overdue(age, expected):
    fact = bought(age, age + 20, age + 40)
    rules = limited(shrinkage=1e9)
    found = one(fact, rules, edges=Edges(population_gap_days=20))
    assert (found["churn_risk"], found["churn_signals"]) == expected


DECLINING = {
    "revenue_recent": 33.5,
    "revenue_previous": 66.5,
    "order_count_previous": 3,
}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (DECLINING, ("medium", {"declining"})),
        ({**DECLINING, "revenue_recent": 33.51}, ("low", set())),
        ({**DECLINING, "order_count_previous": 2}, ("low", set())),
        (
            {**DECLINING, "refund_amount": 100.0},
            ("medium", {"declining", "refunds"}),
        ),
        (
            {**DECLINING, "refund_amount": 0.0, "visit_count": 0},
            ("medium", {"declining"}),
        ),
    ],
)
def test_declining(values, expected):
    assert risk(**values) == expected


@pytest.mark.parametrize(
    ("revenue", "refunds", "shown"),
    [
        (400, 100, True),  # a fifth of 500
        (400.01, 100, False),
        (400, 99.99, False),
        (0.8, 0.2, True),
        (-50, 100, True),
        (-100, 100, True),  # refunds of older sales only
        (-150, 100, True),
        (0, 0, False),
        (-5, 0, False),
        (1000, 0, False),
    ],
)
def test_many_refunds(revenue, refunds, shown):
    level, signals = risk(revenue=float(revenue), refund_amount=float(refunds))
    assert signals == ({"refunds"} if shown else set())
    assert level == "low", "alone, refunds are no more than that"


def test_signals_add_up():
    values = {**DECLINING, "last_purchase_date": row()["last_purchase_date"]}
    assert risk(gap=6, **values) == ("high", {"overdue", "declining"})
    light = limited(shrinkage=1e9, risk_overdue=1, risk_declining=0.5)
    assert risk(6, light, **values) == ("low", {"overdue", "declining"})
    sharp = limited(shrinkage=1e9, risk_refunds=4)
    assert risk(20, sharp, refund_amount=900.0) == ("high", {"refunds"})


@pytest.mark.parametrize(
    "fact", [never(), never(open_quotation_count=1), bought(4000, refund_amount=9.0)]
)
def test_no_risk_for_who_never_bought_and_for_who_is_lost(fact):
    found = one(fact, limited())
    assert (found["churn_risk"], found["churn_signals"]) == (None, set())


def test_bits_of_the_signals():
    fact = {**bought(100, 160), **DECLINING, "refund_amount": 100.0}
    result = classify(
        facts(fact), None, limited(), TODAY, Edges(population_gap_days=20)
    )
    bits = 1 << SIGNALS.index("declining") | 1 << SIGNALS.index("refunds")
    bits |= 1 << SIGNALS.index("far_overdue")
    assert result.frame["churn_signals"][1] == bits == 14


def predicted(chances, stages=None, **rules):
    """Return risks and signals of customers with certain probabilities."""
    count = len(chances)
    classes = pd.DataFrame(
        {
            "churn_risk": np.full(count, 1, "int8") if stages is None else stages,
            "churn_signals": np.arange(count).astype("int16") % 16,
        },
        index=range(10, 10 + count),
    )
    chance = pd.Series(chances, index=classes.index, dtype="float64")
    return classes, by_prediction(classes, chance, limited(**rules))


@pytest.mark.parametrize(
    ("chance", "risk"),
    [(0, 3), (0.3999, 3), (0.4, 2), (0.6999, 2), (0.7, 1), (1, 1)],
)
def test_risk_by_prediction(chance, risk):
    before, found = predicted([chance])
    assert found["churn_risk"].tolist() == [risk]
    assert found["churn_signals"].tolist() == [BY_PREDICTION]


def test_own_limits_and_none():
    rules = {"risk_high_below": 0, "risk_medium_below": 0.1}
    assert predicted([0, 0.1], **rules)[1]["churn_risk"].tolist() == [2, 1]
    rules = {"risk_high_below": 0.5, "risk_medium_below": 0.5}
    assert predicted([0.49, 0.5], **rules)[1]["churn_risk"].tolist() == [3, 1]


def test_without_probability_signals_decide():
    before, found = predicted([np.nan, 0.1])
    assert found["churn_risk"].tolist() == [1, 3]
    assert found["churn_signals"].tolist() == [0, 1 | BY_PREDICTION]
    missing = by_prediction(before, pd.Series(dtype="float64"), limited())
    pd.testing.assert_frame_equal(missing, before)


def test_no_risk_stays_none():
    """Prospects and lost customers have no risk, whatever a prediction says."""
    before, found = predicted([0.1, 0.9], np.array([0, 2], "int8"))
    assert found["churn_risk"].tolist() == [0, 1]
    assert found["churn_signals"].tolist() == [0, 1 | BY_PREDICTION]


@given(st.lists(st.floats(0, 1) | st.just(np.nan), max_size=30))
def test_risk_falls_with_the_probability(chances):
    __, found = predicted(chances)
    known = sorted(
        (chance, -risk)
        for chance, risk in zip(chances, found["churn_risk"], strict=True)
        if chance == chance
    )
    assert [risk for __, risk in known] == sorted(risk for __, risk in known)
    assert found["churn_risk"].dtype == "int8"


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"risk_high_below": 0.71}, "above_other"),
        ({"risk_high_below": -0.1}, "out_of_range"),
        ({"risk_medium_below": 1.1}, "out_of_range"),
        ({"risk_medium_below": np.nan}, "not_finite"),
    ],
)
def test_limits_of_predictions_are_checked(rules, code):
    with pytest.raises(RuleError) as refused:
        limited(**rules)
    assert refused.value.code == code
