"""The amounts named are enough, and a unit of the currency less is not."""

import dataclasses

import numpy as np
import pytest
from builders import HIGH, LOW, MEDIUM, TODAY, UNRATED, VIP, facts, limited, ranked, row
from builders import was as state_before
from engine import Edges, classify
from engine.customers.tiers import (
    lowest_entering,
    rounded_down,
    rounded_up,
    share_count,
)
from hypothesis import given, settings
from hypothesis import strategies as st

OWN = 15
# Smallest units of a currency without, with two and with three decimals.
amounts = st.lists(
    st.one_of(st.integers(-50, 500), st.integers(-(10**7), 10**9)),
    min_size=2,
    max_size=40,
)
shares = st.lists(
    st.integers(1, 9_999).map(lambda number: number / 100),
    min_size=3,
    max_size=3,
    unique=True,
).map(lambda found: (*sorted(found), 100))


def customers(units, digits, **values):
    """Return customers who differ in value, in the smallest unit."""
    frame = facts(row(**values))
    frame = frame.loc[np.ones(len(units), int)].reset_index(drop=True)
    frame.index += 1
    money = np.array(units, "float64") / 10**digits
    return frame.assign(revenue=money, margin=money)


def rules_of(digits, shares=(5, 20, 50, 100), **values):
    return ranked(
        *shares, min_customers=1, currency_digits=digits, customers_per_bin=1, **values
    )


def told(edges, rules):
    """``{tier: lowest value that enters}`` as the sentences have it."""
    digits = rules.value_digits
    return {
        key: lowest_entering(limit, rules.is_ranked, digits)
        for key, limit in edges.tier_limits.items()
    }


def place(frame, rules):
    order = {key: number for number, key in enumerate(rules.tier_keys)}
    return frame["value_tier"].map(order)


def alone(value, rules, edges, before=None):
    """Place of one customer of a value, by given limits."""
    frame = customers([round(value * 10**rules.currency_digits)], rules.currency_digits)
    previous = state_before(frame, value_tier=before) if before else None
    found = classify(frame, previous, rules, TODAY, edges).frame
    return place(found, rules).iloc[0]


@settings(max_examples=60)
@given(amounts, shares, st.sampled_from([0, 2, 3]), st.sampled_from(["out", "in"]))
def test_what_is_told_of_a_share_is_enough_and_not_a_unit_too_much(
    units, shares, digits, ties
):
    rules = rules_of(digits, shares, tier_ties=ties)
    edges = classify(customers(units, digits), None, rules, TODAY).edges
    step = 10.0**-digits
    for number, (key, enough) in enumerate(told(edges, rules).items()):
        assert round(enough * 10**digits) == pytest.approx(enough * 10**digits)
        assert alone(enough, rules, edges) <= number
        assert alone(enough - step, rules, edges) > number, key


@settings(max_examples=60)
@given(amounts, shares, st.sampled_from([0, 2, 3]), st.floats(0, 1))
def test_what_is_told_to_keep_a_tier_keeps_it(units, shares, digits, margin):
    rules = rules_of(digits, shares, keep_margin=margin, grace_days=0)
    edges = classify(customers(units, digits), None, rules, TODAY).edges
    lowest = np.inf
    for number, key in enumerate((VIP, HIGH, MEDIUM)):
        lowest = min(lowest, edges.keep_limits[key])
        assert lowest == rounded_up(lowest, digits)
        assert alone(lowest, rules, edges, key) <= number
        assert alone(lowest - 10.0**-digits, rules, edges, key) > number


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 10**8), min_size=3, max_size=3, unique=True),
    st.sampled_from([0, 2, 3]),
)
def test_fixed_limits_are_amounts_of_the_currency(cents, digits):
    limits = (*(cent / 100 for cent in sorted(cents, reverse=True)), 0)
    rules = dataclasses.replace(limited(*limits), currency_digits=digits)
    edges = classify(customers([1], digits), None, rules, TODAY).edges
    enough = told(edges, rules)
    for number, (key, limit) in enumerate(zip(enough, limits, strict=False)):
        assert limit <= enough[key] < limit + 10.0**-digits
        assert alone(enough[key], rules, edges) <= number
        assert alone(enough[key] - 10.0**-digits, rules, edges) > number


@given(amounts, shares)
def test_all_out_is_never_more_than_the_share_and_all_in_never_fewer(units, shares):
    counts = {}
    for ties in ("out", "in"):
        rules = rules_of(2, shares, tier_ties=ties)
        found = place(classify(customers(units, 2), None, rules, TODAY).frame, rules)
        counts[ties] = [int((found <= number).sum()) for number in range(3)]
    wanted = [share_count(len(units), share) for share in shares[:3]]
    for out, want, let_in in zip(counts["out"], wanted, counts["in"], strict=True):
        assert out <= want <= let_in
    if len(set(units)) == len(units):
        assert counts["out"] == counts["in"] == wanted


@pytest.mark.parametrize("ties", ["out", "in"])
def test_more_than_the_share_at_the_top_are_in_or_nobody(ties):
    units = [*range(1, 201), *[1_000] * 15]
    rules = rules_of(2, tier_ties=ties)
    result = classify(customers(units, 2), None, rules, TODAY)
    best = result.frame["value_tier"] == VIP
    assert best.sum() == (15 if ties == "in" else 0)
    [note] = [one for one in result.notes if one["code"] == "tied_share"]
    assert note == {
        "code": "tied_share",
        "tier": VIP,
        "share": 5,
        "customers": 15 if ties == "in" else 0,
        "buyers": 215,
    }


def test_all_at_the_highest_score_are_in():
    """All customers at the highest score are in the top share.

    Two steps of a score for a third of the customers each: the best 5 % are 20.
    """
    frame = customers([100] * 40 + [900] * 20, 2)
    fixed = {"recency": (500,), "frequency": (50,), "monetary": (5,)}
    rules = rules_of(2, value_metric="score", tier_ties="in", fixed_edges=fixed)
    result = classify(frame, None, rules, TODAY)
    scores = result.frame["value_score"]
    assert (result.frame["value_tier"] == VIP).equals(scores == scores.max())
    assert told(result.edges, rules)[VIP] == scores.max() <= 100


def test_equal_limits_stand_while_they_let_in_the_same():
    units = [*range(1, 201), *[1_000] * 15]
    for ties in ("out", "in"):
        rules = rules_of(2, tier_ties=ties)
        frame = customers(units, 2)
        edges = classify(frame, None, rules, TODAY).edges
        again = classify(frame, None, rules, TODAY, standing=edges)
        assert again.edges.tier_limits == edges.tier_limits


# Customers compared by shares


def test_archived_customers_are_compared_where_they_count():
    frame = customers([*range(100, 200), *[9_000] * 10], 2)
    frame["active"] = [True] * 100 + [False] * 10
    found = {}
    for counts in (False, True):
        rules = rules_of(2, count_archived=counts)
        found[counts] = classify(frame, None, rules, TODAY)
    best = {key: one.frame["value_tier"] == VIP for key, one in found.items()}
    assert best[False][frame["active"]].sum() == 5
    assert best[True][frame["active"]].sum() == 0
    assert found[False].edges.buyer_count == 100
    assert found[True].edges.buyer_count == 110
    assert {"code": "archived_left_out", "customers": 10} in found[False].notes
    # They have classes by the limits of the others.
    assert best[False][~frame["active"]].all()
    alone = classify(frame[frame["active"]], None, rules_of(2), TODAY).edges
    assert alone == found[False].edges


def test_scores_do_not_compare_archived_customers():
    frame = customers(range(1, 61), 2)
    frame["active"] = np.arange(60) < 30
    edges = classify(frame, None, rules_of(2, bins=3), TODAY).edges
    active = classify(frame[frame["active"]], None, rules_of(2, bins=3), TODAY).edges
    assert edges.monetary == active.monetary


def test_shares_of_customers_with_a_positive_value():
    frame = customers([0] * 60 + [-500] * 20 + list(range(1, 21)), 2)
    of_all = classify(frame, None, rules_of(2), TODAY)
    rules = rules_of(2, share_of="positive")
    of_some = classify(frame, None, rules, TODAY)
    assert (of_all.frame["value_tier"] == MEDIUM).sum() == 0
    tiers = of_some.frame["value_tier"].value_counts()
    # 5, 20 and 50 % of 20
    assert tiers.to_dict() == {VIP: 1, HIGH: 3, MEDIUM: 6, LOW: 90}
    assert {"code": "not_positive_left_out", "customers": 80} in of_some.notes
    assert of_some.edges.limits_found[VIP][1] == 20


# Customers without a value


@pytest.mark.parametrize("ranked_", [True, False])
@pytest.mark.parametrize(
    ("rule", "tier", "reason"),
    [("limits", LOW, 1), ("last", LOW, 1), ("own", OWN, 1), ("unrated", UNRATED, 10)],
)
def test_who_is_worth_nothing(rule, tier, reason, ranked_):
    values = {"no_value_rule": rule, "no_value_key": OWN}
    rules = rules_of(2, **values) if ranked_ else limited(**values)
    frame = customers([-5, 0, 1, *range(2, 100)], 2)
    result = classify(frame, None, rules, TODAY)
    assert result.frame["value_tier"].iloc[:3].tolist() == [tier, tier, LOW]
    assert result.frame["tier_reason"].iloc[0] == reason
    if rule == "own":
        assert told(result.edges, rules)[LOW] == 0.01
    told_of = [one for one in result.notes if one["code"] == f"no_value_{rule}"]
    assert [one["customers"] for one in told_of] == ([] if rule == "limits" else [2])


def test_more_than_half_below_zero_are_in_no_better_tier():
    frame = customers([-100] * 30 + [-50] * 30 + [10] * 5, 2)
    better = {}
    for rule in ("limits", "last"):
        found = classify(frame, None, rules_of(2, no_value_rule=rule), TODAY).frame
        better[rule] = int((found["value_tier"] == MEDIUM)[frame["revenue"] < 0].sum())
    assert better["last"] == 0
    assert better["limits"] >= 0


def test_the_own_tier_is_left_at_once_and_entered_late():
    rules = limited(no_value_rule="own", no_value_key=OWN)
    edges = classify(customers([1], 2), None, rules, TODAY).edges
    low, own = 3, 4
    assert alone(0.01, rules, edges, OWN) == low
    assert alone(0.0, rules, edges, LOW) == low  # for the grace period
    assert alone(0.0, rules, edges, OWN) == own


def test_who_lapsed_has_the_own_tier():
    frame = customers([0], 2, order_count=0)
    rules = limited(no_value_rule="own", no_value_key=OWN)
    found = classify(frame, None, rules, TODAY).frame.iloc[0]
    assert (found["value_tier"], found["tier_reason"]) == (OWN, 4)


# Limits that are kept


def test_kept_limits_stay_whatever_is_bought():
    rules = rules_of(2)
    kept = classify(customers(range(100), 2), None, rules, TODAY).edges
    kept = kept.replace(frozen_since="2024-01-01")
    richer = customers(range(500, 600), 2)
    free = classify(richer, None, rules, TODAY, standing=kept)
    assert free.edges.tier_limits != kept.tier_limits
    result = classify(richer, None, rules, TODAY, standing=kept, frozen=kept)
    assert result.edges.tier_limits == kept.tier_limits
    assert result.edges.keep_limits == kept.keep_limits
    assert result.edges.monetary == kept.monetary
    assert result.edges.frozen == (VIP, HIGH, MEDIUM)
    assert (result.frame["value_tier"] == VIP).all()
    assert [one["code"] for one in result.notes[-3:]] == ["kept_share"] * 3
    assert Edges.from_json(result.edges.to_json()) == result.edges


def test_one_kept_limit_stands_among_others():
    rules = rules_of(2)
    frame = customers(range(100), 2)
    kept = Edges(tier_limits={HIGH: 0.6}, frozen_since="2024-01-01")
    edges = classify(frame, None, rules, TODAY, frozen=kept).edges
    assert edges.tier_limits == {VIP: 0.94, HIGH: 0.6, MEDIUM: 0.49}
    assert edges.frozen == (HIGH,)
    crossing = Edges(tier_limits={HIGH: 5.0})
    limits = classify(frame, None, rules, TODAY, frozen=crossing).edges.tier_limits
    assert list(limits.values()) == sorted(limits.values(), reverse=True)


def test_kept_limits_hold_with_few_customers():
    kept = classify(customers(range(100), 2), None, rules_of(2), TODAY).edges
    rules = ranked(min_customers=50)
    edges = classify(customers([1], 2), None, rules, TODAY, frozen=kept).edges
    assert edges.tier_limits == kept.tier_limits


@given(st.integers(-(10**12), 10**12), st.sampled_from([0, 2, 3]))
def test_whole_amounts_stay_as_they_are(units, digits):
    amount = units / 10**digits
    assert rounded_up(amount, digits) == rounded_down(amount, digits) == amount
