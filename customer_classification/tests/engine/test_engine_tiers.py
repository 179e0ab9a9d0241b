"""Value tiers: limits, promotion at once, demotion late, and not rated."""

import datetime

import numpy as np
import pandas as pd
import pytest
from builders import (
    HIGH,
    LOW,
    MEDIUM,
    TODAY,
    UNRATED,
    VIP,
    ago,
    bought,
    facts,
    limited,
    never,
    one,
    ranked,
    row,
    state,
    was,
)
from engine import Edges, TierLimit, classify
from engine.customers.tiers import keep_limit
from hypothesis import given
from hypothesis import strategies as st

# limited(): VIP from 1000, high from 300, medium from 100, then low.


def tier(value, rules=None, before=None, today=TODAY):
    """(place, reason, below since, held back) of a customer of this value."""
    found = one(row(revenue=float(value)), rules or limited(), before, today=today)
    return tuple(
        found[name]
        for name in ("value_tier", "tier_reason", "tier_below_since", "held_back")
    )


@pytest.mark.parametrize(
    ("value", "place"),
    [(1000, 0), (999.99, 1), (300, 1), (299.99, 2), (100, 2), (99.99, 3), (-5, 3)],
)
def test_a_limit_is_reached(value, place):
    assert tier(value) == (place, "limit", None, False)


def test_the_last_tier_takes_the_rest_whatever_its_limit():
    assert tier(-5, limited(1000, 300, 100, 0))[0] == 3


@pytest.mark.parametrize(("value", "place"), [(5000, 0), (300, 1), (250, 2)])
def test_promotion_is_at_once(value, place):
    before = {"value_tier": LOW, "tier_below_since": ago(3)}
    assert tier(value, before=before) == (place, "limit", None, False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1000, (0, "limit", None, False)),
        (999.99, (0, "kept", None, True)),
        (900, (0, "kept", None, True)),
        (899.99, (0, "grace", TODAY, True)),
        (-100, (0, "grace", TODAY, True)),
    ],
)
def test_a_tier_is_kept_above_its_keep_limit_and_then_for_a_while(value, expected):
    assert tier(value, before={"value_tier": VIP}) == expected


@pytest.mark.parametrize("days", [0, 1, 29, 30, 31])
def test_grace_counts_days_and_not_runs(days):
    before = {"value_tier": VIP, "tier_below_since": ago(days)}
    held = (0, "grace", ago(days), True)
    assert tier(500, before=before) == (
        held if days < 30 else (1, "limit", None, False)
    )


def test_recovery_ends_grace():
    before = {"value_tier": VIP, "tier_below_since": ago(29)}
    assert tier(900, before=before) == (0, "kept", None, True)
    assert tier(1000, before=before) == (0, "limit", None, False)


@pytest.mark.parametrize(
    ("value", "place", "reason"),
    [
        (899, 1, "limit"),
        (290, 1, "kept"),
        (270, 1, "kept"),
        (269.99, 2, "limit"),
        (95, 2, "kept"),
        (5, 3, "limit"),
    ],
)
def test_demotion_goes_to_the_best_tier_that_would_be_kept(value, place, reason):
    before = {"value_tier": VIP, "tier_below_since": ago(30)}
    expected = (place, reason, None, reason == "kept")
    assert tier(value, before=before) == expected


def test_one_step_down_at_a_time_each_after_its_own_grace():
    rules = limited(one_step_down=True, grace_days=10)
    frame = facts(row(revenue=5.0))
    previous = was(frame, value_tier=VIP)
    path = []
    for age in range(0, 45):
        day = TODAY + datetime.timedelta(age)
        result = classify(frame, previous, rules, day).frame
        path.append(result["value_tier"][1])
        previous = state(frame, result)
    changes = [n for n in range(1, 45) if path[n] != path[n - 1]]
    assert changes == [10, 20, 30]
    assert path[-1] == LOW


def test_one_step_down_without_grace_is_one_step_a_day():
    rules = limited(one_step_down=True, grace_days=0)
    before = {"value_tier": VIP}
    assert tier(5, rules, before) == (0, "grace", TODAY, True)
    before["tier_below_since"] = ago(1)
    assert tier(5, rules, before) == (1, "grace", TODAY, True)
    before = {"value_tier": MEDIUM, "tier_below_since": ago(1)}
    assert tier(5, rules, before) == (3, "limit", None, False)


def test_no_grace_demotes_at_once():
    rules = limited(grace_days=0)
    assert tier(5, rules, {"value_tier": VIP}) == (3, "limit", None, False)
    assert tier(899, rules, {"value_tier": VIP}) == (1, "limit", None, False)
    assert tier(900, rules, {"value_tier": VIP}) == (0, "kept", None, True)


@pytest.mark.parametrize(
    "before",
    [
        {"value_tier": VIP, "policy": 2},
        {"value_tier": UNRATED},
        {"value_tier": 0},
        {"value_tier": 777},  # a tier that was removed
        None,
    ],
)
def test_nothing_is_remembered_across_rules_or_from_unrated(before):
    if before:
        before["tier_below_since"] = ago(5)
    assert tier(500, before=before) == (1, "limit", None, False)


def test_a_day_of_the_future_is_no_long_grace():
    """A back-test reads a state written later than its own day."""
    before = {"value_tier": VIP, "tier_below_since": ago(-20)}
    assert tier(5, before=before) == (0, "grace", TODAY, True)


def test_nobody_flaps_around_a_limit():
    rules = limited()
    frame = facts(row())
    previous, moves, reasons = was(frame, value_tier=HIGH), 0, set()
    for age in range(100):
        frame["revenue"] = 1000 * (1.05 if age % 2 else 0.95)
        day = TODAY + datetime.timedelta(age)
        result = classify(frame, previous, rules, day)
        moves += result.frame["value_tier"][1] != previous["value_tier"][1]
        reasons.add(result.frame["tier_reason"][1])
        previous = state(frame, result.frame)
    assert moves == 1, "promoted once"
    assert reasons == {1, 2}


@pytest.mark.parametrize(
    ("limit", "margin", "keep"),
    [
        (300, 0.1, 270),
        (-300, 0.1, -330),
        (0, 0.1, 0),
        (0.3, 0.1, 0.27),
        (100, 0, 100),
        (100, 1, 0),
        (-np.inf, 0.1, -np.inf),
    ],
)
def test_keep_limit(limit, margin, keep):
    assert keep_limit(limit, margin) == keep


def test_negative_limits():
    rules = limited(0, -100, -200)
    assert tier(-100, rules) == (1, "limit", None, False)
    assert tier(-110, rules, {"value_tier": HIGH}) == (1, "kept", None, True)
    assert tier(-110.01, rules, {"value_tier": HIGH}) == (1, "grace", TODAY, True)


# Own keep limits


@pytest.mark.parametrize(
    ("value", "held", "expected"),
    [
        (400, VIP, (0, "kept", None, True)),
        (399.99, VIP, (0, "grace", TODAY, True)),
        (299.99, HIGH, (1, "kept", None, True)),
        (269.99, HIGH, (1, "grace", TODAY, True)),
        (99.99, MEDIUM, (2, "grace", TODAY, True)),
    ],
)
def test_an_own_keep_limit_stands_in_place_of_the_tolerance(value, held, expected):
    rules = limited(keeps=(400, None, 100))
    assert tier(value, rules, {"value_tier": held}) == expected


def test_enters_among_the_best_5_and_keeps_among_the_best_8_percent():
    rules, frame = ranked(keeps=(8,)), crowd(range(1, 101))
    result = classify(frame, was(frame, value_tier=VIP), rules, TODAY)
    assert result.edges.tier_limits[VIP] == 95.05
    assert result.edges.keep_limits[VIP] == 92.08
    assert result.edges.keep_limits[HIGH] == pytest.approx(80.2 * 0.9)
    reasons = result.frame["tier_reason"].tolist()
    assert reasons[95:] == [1] * 5, "by the limit"
    assert reasons[92:95] == [2] * 3, "kept"
    assert reasons[91] == 3, "in grace"


def test_who_would_keep_the_better_tier_keeps_the_lower_one():
    """A customer who would keep the better tier keeps the lower one.

    The best 60 % keep VIP, High is kept 10 % below the best 20 %: a High customer
    between the two must not be worse off than a VIP.
    """
    rules = ranked(keeps=(60,), grace_days=0)
    frame = crowd(range(1, 101))
    found = classify(frame, was(frame, value_tier=HIGH), rules, TODAY).frame
    assert found["value_tier"][42] == HIGH and found["tier_reason"][42] == 2
    assert found["value_tier"][40] == LOW


def test_edges_without_keep_limits_leave_the_tolerance():
    rules, frame = ranked(keeps=(8,)), crowd([89, 91])
    edges = Edges(tier_limits={VIP: 100.0, HIGH: 50.0, MEDIUM: 20.0, LOW: 0.0})
    found = classify(frame, was(frame, value_tier=VIP), rules, TODAY, edges).frame
    assert found["tier_reason"].tolist() == [3, 2]


# Shares of the buyers


def crowd(values):
    return facts(*(row(revenue=float(value)) for value in values))


def test_top_shares():
    result = classify(crowd(range(1, 101)), None, ranked(), TODAY)
    counts = result.frame["value_tier"].value_counts()
    assert counts.to_dict() == {VIP: 5, HIGH: 15, MEDIUM: 30, LOW: 50}
    assert result.edges.tier_limits == {VIP: 95.05, HIGH: 80.2, MEDIUM: 50.5}


def test_equal_customers_share_a_tier():
    """Above the limit, not at it: otherwise 40 ties would all be VIP."""
    result = classify(crowd([10] * 60 + [20] * 40), None, ranked(), TODAY)
    tiers = result.frame["value_tier"].tolist()
    assert tiers == [LOW] * 60 + [MEDIUM] * 40


def test_all_alike_are_all_in_the_last_tier():
    result = classify(crowd([10] * 60), None, ranked(), TODAY)
    assert set(result.frame["value_tier"]) == {LOW}
    assert set(result.frame["tier_reason"]) == {1}


@given(
    st.lists(st.integers(-500, 5000), min_size=10, max_size=80),
    st.randoms(use_true_random=False),
)
def test_tiers_follow_the_value_and_not_the_order_of_rows(values, dice):
    rules = ranked()
    frame = crowd(values)
    tiers = classify(frame, None, rules, TODAY).frame["value_tier"]
    order = tiers.to_numpy()[np.argsort(values, kind="stable")]
    assert (np.diff(order) <= 0).all(), "a better tier has a smaller key here"
    for tier_limit in rules.tiers[:-1]:
        share = (tiers <= tier_limit.key).mean()
        assert share <= tier_limit.limit / 100 + 1 / len(values)
    shuffled = list(frame.index)
    dice.shuffle(shuffled)
    again = classify(frame.loc[shuffled], None, rules, TODAY).frame["value_tier"]
    assert again.loc[frame.index].equals(tiers)


def test_the_shares_are_of_those_who_bought():
    frame = facts(
        *(row(revenue=float(n)) for n in range(20)),
        *[never()] * 500,
        *[bought(400)] * 9,
    )
    result = classify(frame, None, ranked(), TODAY)
    assert result.edges.buyer_count == 20
    assert (result.frame["value_tier"] == VIP).sum() == 1


# Not rated


def test_never_bought():
    found = one(never(), limited())
    assert (found["value_tier"], found["tier_reason"]) == (None, "no_purchase")


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (bought(29), "too_new"),
        (bought(30), "limit"),
        (bought(0, 1), "limit"),
        (bought(29, lifetime_order_count=2), "limit"),
    ],
)
def test_few_orders_in_a_short_time_are_not_rated(fact, reason):
    assert one(fact, limited())["tier_reason"] == reason


@pytest.mark.parametrize("buyers", [9, 10])
def test_shares_of_few_customers_are_not_rated(buyers):
    frame = facts(*(row(revenue=float(n)) for n in range(buyers)), bought(400))
    result = classify(frame, None, ranked(), TODAY)
    few = buyers < 10
    assert set(result.frame["tier_reason"][:-1]) == ({7} if few else {1})
    assert result.frame["tier_reason"].iloc[-1] == (7 if few else 4)
    assert bool(result.edges.tier_limits) != few
    notes = [note for note in result.notes if "tiers" in note["code"]]
    note = {"code": "few_customers_for_tiers", "buyers": 9, "needed": 10}
    assert notes == ([note] if few else [])


def test_fixed_limits_need_no_others():
    assert one(row(), limited())["tier_reason"] == "limit"


def test_losing_the_rating_is_at_once():
    found = one(never(), limited(), {"value_tier": VIP, "tier_below_since": ago(2)})
    assert found["tier_reason"] == "no_purchase"
    assert (found["held_back"], found["tier_below_since"]) == (False, None)


def test_margin_as_value():
    rules = limited(value_metric="margin")
    assert one(row(margin=1000.0, revenue=5.0), rules)["value_tier"] == 0
    found = one(row(margin=np.nan), rules)
    assert (found["value_tier"], found["tier_reason"]) == (None, "no_margin")
    frame = facts(*(row(margin=float(n)) for n in range(20)), row(margin=np.nan))
    result = classify(frame, None, ranked(value_metric="margin"), TODAY)
    assert result.frame["tier_reason"].tolist() == [1] * 20 + [8]
    assert result.edges.buyer_count == 21
    frame["margin"] = np.nan
    result = classify(frame, None, ranked(value_metric="margin"), TODAY)
    assert result.edges.tier_limits == {} and set(result.frame["tier_reason"]) == {7}


def test_lapsed_margin_is_not_unknown():
    fact = bought(400, margin=np.nan)
    assert one(fact, limited(value_metric="margin"))["tier_reason"] == "lapsed"


def test_score_as_value():
    rows = [bought(n, 2 * n + 1, amount=100.0 - n) for n in range(1, 60)]
    rules = limited(80, 50, 20, 0, value_metric="score")
    frame = classify(facts(*rows), None, rules, TODAY).frame
    for place, key in enumerate((VIP, HIGH, MEDIUM)):
        low = (80, 50, 20)[place]
        assert (frame.loc[frame["value_tier"] == key, "value_score"] >= low).all()
    assert (frame.loc[frame["value_tier"] == LOW, "value_score"] < 20).all()
    assert frame["value_tier"].nunique() == 4


@pytest.mark.parametrize("make", [limited, ranked])
def test_no_score_no_tier(make):
    rules = make(value_metric="score")
    found = one(row(), rules)
    assert (found["value_tier"], found["tier_reason"]) == (None, "few_customers")


# Lapsed


def test_bought_before_and_nothing_in_the_window():
    assert one(bought(400), limited())["tier_reason"] == "lapsed"
    assert one(bought(400), limited())["value_tier"] == 3


def test_lapsing_takes_the_path_of_demotion():
    fact = bought(400)
    found = one(fact, limited(), {"value_tier": VIP})
    assert (found["value_tier"], found["tier_reason"]) == (0, "grace")
    assert found["tier_below_since"] == TODAY and found["held_back"]
    found = one(fact, limited(), {"value_tier": VIP, "tier_below_since": ago(30)})
    assert (found["value_tier"], found["tier_reason"]) == (3, "lapsed")
    assert found["tier_below_since"] is None and not found["held_back"]


def test_lapsed_is_low_even_where_its_refunds_would_reach_a_limit():
    fact = bought(400, revenue=-50.0, refund_amount=50.0)
    assert one(fact, limited(-10, -100, -200))["value_tier"] == 2


# Limits of an earlier run


def test_limits_of_an_earlier_run():
    frame = crowd(range(1, 101))
    edges = classify(frame, None, ranked(), TODAY).edges
    part = frame.loc[[3, 60, 99]]
    found = classify(part, None, ranked(), TODAY, edges).frame
    assert found["value_tier"].tolist() == [LOW, MEDIUM, VIP]


def test_limits_for_other_tiers_are_refused():
    with pytest.raises(ValueError, match="found for other tiers"):
        classify(crowd([5]), None, ranked(), TODAY, Edges(tier_limits={77: 5.0}))


def test_fixed_limits_come_from_the_rules():
    edges = Edges(tier_limits={VIP: 1.0, HIGH: 0.5, MEDIUM: 0.2})
    result = classify(crowd([5]), None, limited(), TODAY, edges)
    assert result.frame["value_tier"].tolist() == [LOW]


def test_one_tier_only():
    rules = ranked()
    rules = type(rules)(policy=1, tiers=(TierLimit(5, 100),), unrated_key=9)
    result = classify(crowd(range(20)), None, rules, TODAY).frame
    assert set(result["value_tier"]) == {5}
    lapsed = classify(facts(*[row()] * 20, bought(400)), None, rules, TODAY).frame
    assert lapsed["tier_reason"].iloc[-1] == 4


def test_migration_adds_up():
    """The matrix of moves adds up to the old sizes.

    Each customer leaves one tier and enters one, none and not rated among them.
    """
    frame = facts(*(row(revenue=float(n)) for n in range(100)), never(), bought(3))
    first = classify(frame, None, ranked(grace_days=0), TODAY).frame
    frame["revenue"] = frame["revenue"].to_numpy()[::-1]
    second = classify(frame, state(frame, first), ranked(grace_days=0), TODAY).frame
    moves = pd.crosstab(first["value_tier"], second["value_tier"])
    assert moves.sum(axis=1).to_dict() == first["value_tier"].value_counts().to_dict()
    assert moves.sum(axis=0).to_dict() == second["value_tier"].value_counts().to_dict()
    assert moves.loc[VIP, VIP] == 0
