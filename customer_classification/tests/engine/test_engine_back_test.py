"""Outcomes of the classes: hand-computed tables, and invariants."""

import datetime

import numpy as np
import pandas as pd
import pytest
from builders import HIGH, KEYS, LOW, MEDIUM, TODAY, UNRATED, VIP, ago
from engine import RISKS, STAGES
from engine.customers.back_test import (
    back_test,
    differ,
    in_rank_order,
    warning_measures,
)
from hypothesis import given
from hypothesis import strategies as st

TIERS = (*KEYS, UNRATED)


def tables(*rows):
    """Return the facts, classes and outcome of customers.

    They are given as ``(tier, stage, risk, silent days, revenue of last year, revenue
    afterwards, orders afterwards)``; silent days are None without a purchase.
    """
    data = pd.DataFrame(
        rows,
        columns=["tier", "stage", "risk", "silent", "spend", "revenue", "orders"],
        index=pd.RangeIndex(1, len(rows) + 1, name="partner_id"),
    )
    days = [None if pd.isna(n) else ago(int(n)) for n in data["silent"]]
    facts = pd.DataFrame(
        {
            "last_purchase_date": pd.to_datetime(pd.Series(days, data.index)),
            "lifetime_order_count": data["silent"].notna().astype(int),
        }
    )
    classes = pd.DataFrame(
        {
            "value_tier": data["tier"],
            "lifecycle_stage": [_code(STAGES, s) for s in data["stage"]],
            "churn_risk": [_code(RISKS, r) for r in data["risk"]],
        }
    )
    outcome = pd.DataFrame(
        {
            "next_revenue": data["revenue"].astype(float),
            "next_order_count": data["orders"],
            "last_year_revenue": data["spend"].astype(float),
            "had_bought": data["silent"].notna(),
        }
    )
    return facts, classes, outcome


def _code(words, word):
    return words.index(word) + 1 if word else 0


def run(*rows):
    return back_test(*tables(*rows), TIERS, TODAY)


def lines(found, axis):
    return {line["key"]: line for line in found.lines if line["axis"] == axis}


def warning(found, name):
    [one] = [one for one in found.warnings if one["warning"] == name]
    return one


# Ten customers who bought, and two who had not: (... silent, spend, revenue, orders)
EXAMPLE = (
    (VIP, "loyal", "low", 5, 900, 1000, 4),
    (VIP, "loyal", "medium", 40, 800, 0, 0),
    (HIGH, "active", "low", 10, 500, 300, 2),
    (HIGH, "active", "high", 95, 600, 100, 1),
    (MEDIUM, "active", "low", 20, 200, 200, 1),
    (MEDIUM, "dormant", "high", 120, 150, 0, 0),
    (MEDIUM, "dormant", "medium", 100, 90, 0, 0),
    (LOW, "new", "low", 3, 50, 400, 2),
    (LOW, "won_back", "low", 8, 60, 0, 0),
    (LOW, "lost", None, 400, 0, -50, 0),  # only gave something back
    (UNRATED, "prospect", None, None, 0, 250, 1),
    (UNRATED, "prospect", None, None, 0, 0, 0),
)


class TestExample:
    found = run(*EXAMPLE)

    def test_everybody_is_who_had_bought(self):
        whole = lines(self.found, "value_tier")[None]
        assert whole["customers"] == 10
        assert whole["buyers"] == 5
        assert whole["revenue"] == 1950
        assert whole["mean_revenue"] == 195
        assert whole["purchase_rate"] == whole["loss_rate"] == 0.5
        assert whole["revenue_share"] == whole["revenue_lift"] == 1
        assert whole["loss_lift"] == whole["spend_share"] == 1

    def test_tiers(self):
        tiers = lines(self.found, "value_tier")
        vip, low = tiers[VIP], tiers[LOW]
        assert (vip["customers"], vip["buyers"], vip["revenue"]) == (2, 1, 1000)
        assert vip["mean_revenue"] == 500
        assert vip["revenue_share"] == pytest.approx(1000 / 1950)
        assert vip["revenue_lift"] == pytest.approx(500 / 195)
        assert (vip["purchase_rate"], vip["loss_lift"]) == (0.5, 1)
        assert low["revenue"] == 350
        assert low["loss_rate"] == pytest.approx(2 / 3)
        assert low["loss_lift"] == pytest.approx(4 / 3)
        assert list(tiers) == [*TIERS, None]

    def test_as_many_customers_by_last_years_spend(self):
        """Customers ranked by spend: 900 800 | 600 500 | 200 150 90 | 60 50 0."""
        tiers = lines(self.found, "value_tier")
        shares = {key: line["spend_share"] for key, line in tiers.items()}
        assert shares[VIP] == pytest.approx(1000 / 1950)
        assert shares[HIGH] == pytest.approx(400 / 1950)
        assert shares[MEDIUM] == pytest.approx(200 / 1950)
        assert shares[LOW] == pytest.approx(350 / 1950)
        assert shares[UNRATED] == 0

    def test_class_without_customers(self):
        nobody = lines(self.found, "value_tier")[UNRATED]
        assert nobody["customers"] == nobody["revenue"] == nobody["revenue_share"] == 0
        for name in ("mean_revenue", "purchase_rate", "loss_rate"):
            assert nobody[name] is None
        assert nobody["revenue_lift"] is nobody["loss_lift"] is None

    def test_stages_and_risks(self):
        stages, risks = (
            lines(self.found, axis) for axis in ("lifecycle_stage", "churn_risk")
        )
        assert stages[_code(STAGES, "dormant")]["loss_rate"] == 1
        assert stages[_code(STAGES, "lost")]["revenue"] == -50
        assert _code(STAGES, "prospect") not in stages
        assert [risks[n]["customers"] for n in (1, 2, 3, 0)] == [5, 2, 2, 1]
        assert risks[_code(RISKS, "high")]["purchase_rate"] == 0.5

    def test_warnings(self):
        """Four of nine customers that can be warned of were lost.

        The lost one cannot be warned of; the four are rows 2, 6, 7 and 9.
        """
        medium = warning(self.found, "medium")  # rows 2, 4, 6, 7
        assert (medium["customers"], medium["lost"]) == (9, 4)
        assert (medium["warned"], medium["hits"]) == (4, 3)
        assert medium["precision"] == medium["recall"] == medium["f1"] == 0.75
        assert medium["loss_lift"] == pytest.approx(0.75 * 9 / 4)
        high = warning(self.found, "high")  # rows 4, 6
        assert (high["warned"], high["hits"], high["precision"]) == (2, 1, 0.5)
        assert high["recall"] == 0.25
        assert high["f1"] == pytest.approx(2 / 6)
        fixed = warning(self.found, "fixed_days")  # rows 4, 6, 7
        assert (fixed["warned"], fixed["hits"]) == (3, 2)
        spend = warning(self.found, "low_spend")  # 50, 60, 90, 150: rows 8, 9, 7, 6
        assert (spend["warned"], spend["hits"]) == (4, 3)

    def test_newcomers(self):
        assert self.found.newcomers == {
            "customers": 1,
            "revenue": 250,
            "share": 250 / 2200,
        }


def test_newcomer_who_was_no_customer_of_the_day():
    facts, classes, outcome = tables(*EXAMPLE)
    known = facts["lifetime_order_count"] > 0
    found = back_test(facts[known], classes[known], outcome, TIERS, TODAY)
    assert found == TestExample.found


def test_customer_without_outcome_bought_nothing():
    facts, classes, outcome = tables(*EXAMPLE)
    bought = (outcome["next_revenue"] != 0) | (outcome["next_order_count"] > 0)
    found = back_test(
        facts, classes, outcome[bought | (facts.index > 10)], TIERS, TODAY
    )
    low = lines(found, "value_tier")[LOW]
    assert (low["customers"], low["buyers"], low["revenue"]) == (3, 1, 350)


def test_exactly_ninety_days_of_silence_are_no_warning():
    found = run(*((LOW, "active", "low", days, 1, 0, 0) for days in (90, 91)))
    assert warning(found, "fixed_days")["warned"] == 1


def test_equal_spend_counts_by_its_mean():
    """Customers of equal spend count by their mean.

    Two of four equal customers are warned of, whichever they are: one of the two
    lost among them counts.
    """
    rows = [(LOW, "active", risk, 9, 70, 0, 0) for risk in ("high", "high")]
    rows += [(LOW, "active", "low", 9, 70, 5, 1) for __ in range(2)]
    spend = warning(run(*rows), "low_spend")
    assert (spend["warned"], spend["hits"], spend["precision"]) == (2, 1, 0.5)


def test_nobody():
    found = run()
    whole = lines(found, "value_tier")[None]
    assert whole["customers"] == 0
    assert whole["mean_revenue"] is whole["revenue_share"] is None
    assert whole["spend_share"] is None
    for one in found.warnings:
        assert (one["warned"], one["hits"]) == (0, 0)
        assert one["precision"] is one["recall"] is one["f1"] is None
    assert found.newcomers == {"customers": 0, "revenue": 0, "share": None}


def test_only_prospects():
    found = run((UNRATED, "prospect", None, None, 0, 30, 1))
    assert lines(found, "value_tier")[None]["customers"] == 0
    assert found.newcomers["share"] == 1


def test_one_customer():
    found = run((VIP, "new", "low", 3, 10, 20, 1))
    vip = lines(found, "value_tier")[VIP]
    assert vip["revenue_share"] == vip["revenue_lift"] == vip["spend_share"] == 1
    assert (vip["purchase_rate"], vip["loss_rate"], vip["loss_lift"]) == (1, 0, None)
    assert warning(found, "medium")["recall"] is None


def test_all_lost():
    found = run(*((LOW, "dormant", "high", 100, n, 0, 0) for n in range(4)))
    low = lines(found, "value_tier")[LOW]
    assert (low["loss_rate"], low["loss_lift"]) == (1, 1)
    assert low["revenue_lift"] is low["revenue_share"] is None
    high = warning(found, "high")
    assert high["precision"] == high["recall"] == high["f1"] == 1


def test_more_given_back_than_bought():
    found = run(
        (VIP, "active", "low", 1, 9, -30, 0), (LOW, "active", "low", 1, 9, 10, 1)
    )
    vip = lines(found, "value_tier")[VIP]
    assert vip["revenue"] == -30
    assert vip["revenue_share"] is vip["revenue_lift"] is vip["spend_share"] is None


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ((60, 100), (40, 100), 1),  # z = 2.83
        ((40, 100), (60, 100), -1),
        ((55, 100), (45, 100), 0),  # z = 1.41
        ((6, 10), (4, 10), 0),
        ((5, 5), (0, 5), 1),
        ((3, 3), (9, 9), 0),
        ((0, 0), (9, 9), 0),
        ((1, 2), (0, 0), 0),
    ],
)
def test_differ(ours, theirs, expected):
    assert differ(*ours, *theirs) == expected


# Invariants

money = st.integers(-5_000, 200_000).map(lambda cents: cents / 100)
customer = st.one_of(
    st.tuples(
        st.sampled_from(TIERS),
        st.sampled_from(["new", "active", "loyal", "dormant", "won_back"]),
        st.sampled_from(RISKS),
        st.integers(0, 400),
        st.sampled_from([0, 10, 10, 20, 500]),
        money,
        st.integers(0, 2),
    ),
    st.tuples(
        st.sampled_from(TIERS),
        st.just("lost"),
        st.none(),
        st.integers(60, 900),
        money,
        money,
        st.integers(0, 1),
    ),
    st.tuples(
        st.just(UNRATED),
        st.sampled_from(["prospect", "interested"]),
        st.none(),
        st.none(),
        st.just(0),
        money,
        st.integers(0, 1),
    ),
)
customers = st.lists(customer, min_size=1, max_size=25)


@given(customers)
def test_the_classes_together_are_everybody(rows):
    found = run(*rows)
    for axis in ("value_tier", "lifecycle_stage", "churn_risk"):
        *classes, whole = lines(found, axis).values()
        for name in ("customers", "buyers"):
            assert sum(line[name] for line in classes) == whole[name]
        assert sum(line["revenue"] for line in classes) == pytest.approx(
            whole["revenue"]
        )
        if whole["revenue_share"] is not None:
            shares = [line["revenue_share"] for line in classes]
            assert sum(shares) == pytest.approx(1)
            lifts = [
                line["revenue_lift"] * line["customers"]
                for line in classes
                if line["customers"]
            ]
            assert sum(lifts) == pytest.approx(whole["customers"])
    *tiers, whole = lines(found, "value_tier").values()
    if whole["spend_share"] is not None:
        assert sum(line["spend_share"] for line in tiers) == pytest.approx(1)


@given(customers)
def test_rates(rows):
    for line in run(*rows).lines:
        if line["customers"]:
            assert line["purchase_rate"] + line["loss_rate"] == pytest.approx(1)
            assert line["purchase_rate"] * line["customers"] == pytest.approx(
                line["buyers"]
            )


@given(customers)
def test_warnings_hold_together(rows):
    found = run(*rows)
    for one in found.warnings:
        assert 0 <= one["hits"] <= min(one["warned"], one["lost"]) + 1e-9
        assert one["lost"] <= one["customers"]
        if one["warned"]:
            assert one["precision"] * one["warned"] == pytest.approx(one["hits"])
        if one["lost"]:
            assert one["recall"] * one["lost"] == pytest.approx(one["hits"])
        if one["precision"] and one["recall"]:
            harmonic = 2 / (1 / one["precision"] + 1 / one["recall"])
            assert one["f1"] == pytest.approx(harmonic)
    assert warning(found, "high")["warned"] <= warning(found, "medium")["warned"]
    assert warning(found, "low_spend")["warned"] == warning(found, "medium")["warned"]


@given(customers, st.randoms(use_true_random=False))
def test_the_order_of_the_customers_decides_nothing(rows, dice):
    facts, classes, outcome = tables(*rows)
    order = list(range(len(rows)))
    dice.shuffle(order)
    found = back_test(facts, classes, outcome, TIERS, TODAY)
    shuffled = back_test(
        facts.iloc[order], classes.iloc[order], outcome.iloc[order], TIERS, TODAY
    )
    for left, right in zip(
        (*found.lines, *found.warnings, found.newcomers),
        (*shuffled.lines, *shuffled.warnings, shuffled.newcomers),
        strict=True,
    ):
        assert left == pytest.approx(right)


@given(
    st.lists(st.tuples(st.integers(0, 3), money), min_size=1, max_size=20),
    st.integers(0, 20),
)
def test_in_rank_order_gives_the_expectation_over_all_orders_of_equals(rows, count):
    """Each customer of the tie at the edge counts by the chance to be taken."""
    count = min(count, len(rows))
    order, values = (np.array(column, float) for column in zip(*rows, strict=True))
    first, second = in_rank_order(order, values, [count, len(rows) - count])
    expected, left = 0.0, count
    for level in np.unique(order):
        group = values[order == level]
        taken = min(left, len(group))
        expected += group.sum() * taken / len(group)
        left -= taken
    assert first == pytest.approx(expected, abs=1e-6)
    assert first + second == pytest.approx(values.sum(), abs=1e-6)


def test_a_perfect_warning_is_better_than_any():
    assert warning_measures(3, 3, 3, 10) == {
        "customers": 10,
        "lost": 3,
        "warned": 3,
        "hits": 3,
        "precision": 1,
        "recall": 1,
        "f1": 1,
        "loss_lift": pytest.approx(10 / 3),
    }


def test_day_of_the_last_purchase_is_compared_with_the_given_day():
    facts, classes, outcome = tables((LOW, "active", "low", 80, 1, 0, 0))
    later = TODAY + datetime.timedelta(days=11)
    found = back_test(facts, classes, outcome, TIERS, later)
    assert warning(found, "fixed_days")["warned"] == 1
