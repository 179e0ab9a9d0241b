"""The population stability index: values by hand, and invariants."""

import json
import math

import numpy as np
import pytest
from builders import TODAY, bought, facts, limited, never
from engine import classify
from engine.customers.drift import (
    DRY_MINIMUM,
    chance_limit,
    distribution,
    dried_up,
    drift,
    jumped,
    octave,
    psi,
    total,
)
from hypothesis import given
from hypothesis import strategies as st


def test_psi_by_hand():
    """0.1 · ln(0.6/0.5) + (−0.1) · ln(0.4/0.5) = 0.018232 + 0.022314."""
    assert psi({"a": 50, "b": 50}, {"a": 60, "b": 40}) == pytest.approx(
        0.040547, abs=1e-6
    )


def test_psi_of_ten_classes_by_hand():
    """Ten equal classes, of which one takes half of another's customers.

    2 terms: 0.05 · ln 1.5 − 0.05 · ln 0.5.
    """
    expected = {str(n): 1000 for n in range(10)}
    actual = {**expected, "0": 1500, "1": 500}
    assert psi(expected, actual) == pytest.approx(0.05 * math.log(3))


def test_psi_with_an_empty_class_by_hand():
    """100 and 0 against 90 and 10, half a customer more in each class.

    100.5/101, 0.5/101 against 90.5/101, 10.5/101.
    """
    by_hand = -10 / 101 * math.log(90.5 / 100.5) + 10 / 101 * math.log(21)
    assert psi({"a": 100}, {"a": 90, "b": 10}) == pytest.approx(by_hand)
    assert psi({"a": 500}, {"a": 90, "b": 10}) == pytest.approx(by_hand)


@pytest.mark.parametrize(("one", "other"), [({}, {"a": 3}), ({"a": 3}, {}), ({}, {})])
def test_psi_of_nobody(one, other):
    assert psi(one, other) is None


def test_psi_of_one_class():
    assert psi({"a": 7}, {"a": 900}) == 0


counts = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 500), min_size=1)


@given(counts, counts)
def test_psi_is_symmetric_and_not_negative(one, other):
    found = psi(one, other)
    if sum(one.values()) and sum(other.values()):
        assert found >= -1e-12
        assert psi(other, one) == pytest.approx(found, abs=1e-12)
    else:
        assert found is None


@given(counts, st.integers(1, 9))
def test_psi_of_the_same_shares_is_nothing(one, times):
    if sum(one.values()):
        more = {name: number * times for name, number in one.items()}
        assert psi(one, more) == pytest.approx(0, abs=1e-12)


@given(counts, counts)
def test_a_class_that_is_empty_on_both_sides_counts_nothing(one, other):
    assert psi({**one, "z": 0}, {**other, "z": 0}) == psi(one, other)


def test_chance_limit():
    """The limit follows the 95 % points of chi-squared.

    3.841, 7.815 and 14.067 for 1, 3 and 7 degrees.
    """
    assert chance_limit(2, 100, 100) == pytest.approx(3.841 / 50, rel=0.03)
    assert chance_limit(4, 100, 100) == pytest.approx(7.815 / 50, rel=0.01)
    assert chance_limit(8, 50, 200) == pytest.approx(14.067 * 0.025, rel=0.01)
    assert chance_limit(1, 100, 100) == 0


def test_chance_limit_is_what_samples_exceed_once_in_twenty():
    dice = np.random.default_rng(1)
    shares = [0.1, 0.2, 0.3, 0.4]
    found = [
        psi(
            *(dict(enumerate(dice.multinomial(n, shares).tolist())) for n in (300, 600))
        )
        for __ in range(4000)
    ]
    beyond = np.mean(np.array(found) > chance_limit(4, 300, 600))
    assert 0.04 < beyond < 0.06


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-3, 0),
        (0, 0),
        (0.01, 1),
        (1, 1),
        (1.99, 1),
        (2, 2),
        (3.99, 2),
        (4, 3),
        (1023, 10),
        (1024, 11),
    ],
)
def test_octave(value, expected):
    assert octave([value])[0] == expected


def test_distribution():
    frame = facts(
        bought(1, 40, 80, amount=100),
        bought(5, amount=1),
        bought(300, amount=3000),
        never(),
        never(open_quotation_count=1),
    )
    rules = limited()
    found = distribution(frame, classify(frame, None, rules, TODAY).frame)
    assert found["revenue"] == {"1": 1, "9": 1, "12": 1}
    assert found["order_count"] == {"1": 2, "2": 1}
    assert found["recency_days"] == {"1": 1, "3": 1, "9": 1}
    assert sum(found["lifecycle_stage"].values()) == 5
    assert found["lifecycle_stage"]["interested"] == 1
    assert sum(found["value_tier"].values()) == sum(found["churn_risk"].values()) == 3
    assert json.loads(json.dumps(found)) == found


def test_distribution_of_nobody():
    frame = facts(never()).iloc[:0]
    found = distribution(frame, classify(frame, None, limited(), TODAY).frame)
    assert set(map(len, found.values())) == {0}
    assert drift([found], found) == {}


def test_drift_against_the_sum_of_the_runs_before():
    before = [{"tier": {"a": 90, "b": 10}}, {"tier": {"a": 110, "b": 90}}]
    assert total(before) == {"tier": {"a": 200, "b": 100}}
    found = drift(before, {"tier": {"a": 30, "b": 120}})["tier"]
    assert found["psi"] == pytest.approx(psi({"a": 200, "b": 100}, {"a": 30, "b": 120}))
    # b: 0.467 · ln 2.4 = 0.409; a: 0.467 · ln 3.33 = 0.562
    assert found["class"] == "a"
    assert found["share_before"] == pytest.approx(2 / 3)
    assert found["share_now"] == pytest.approx(0.2)
    assert found["chance"] == pytest.approx(chance_limit(2, 150, 150))
    assert jumped({"tier": found}, 0.25) == ["tier"]


def test_first_run_compares_with_nothing():
    assert drift([], {"tier": {"a": 9}}) == {}


def test_measure_that_earlier_runs_did_not_have():
    assert drift([{"tier": {"a": 9}}], {"tier": {"a": 9}, "new": {"b": 9}}).keys() == {
        "tier"
    }


def test_few_customers_do_not_jump_by_chance():
    """6 and 4 of ten customers become 3 and 7: an index of 0.38, but no news."""
    found = drift([{"tier": {"a": 6, "b": 4}}], {"tier": {"a": 3, "b": 7}})
    assert found["tier"]["psi"] > 0.25
    assert jumped(found, 0.25) == []


def test_limit_is_exceeded_not_reached():
    found = drift([{"t": {"a": 5000, "b": 5000}}], {"t": {"a": 7000, "b": 3000}})
    exactly = found["t"]["psi"]
    assert jumped(found, exactly) == []
    assert jumped(found, exactly - 1e-9) == ["t"]


@pytest.mark.parametrize(
    ("recent", "before", "expected"),
    [
        (0, 6 * DRY_MINIMUM, True),
        (1, 6 * DRY_MINIMUM, True),
        (2, 6 * DRY_MINIMUM, False),  # just 20 %
        (0, 6 * DRY_MINIMUM - 1, False),  # too few to tell
        (19, 600, True),
        (20, 600, False),
        (0, 0, False),
    ],
)
def test_dried_up(recent, before, expected):
    assert dried_up(recent, before) == expected
