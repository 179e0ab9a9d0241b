"""The outlook without purchases equals classifying day after day."""

import datetime

import numpy as np
import pandas as pd
import pytest
from builders import HIGH, LOW, MEDIUM, TODAY, VIP, limited, ranked, state
from engine import RISKS, STAGES, Edges, classify, effort, facts_at, project
from engine.customers.projection import MOST_ORDERS, orders_to_reach, tier_values_at
from hypothesis import given, settings
from hypothesis import strategies as st

DORMANT, LOST = STAGES.index("dormant") + 1, STAGES.index("lost") + 1
EDGES = Edges((5.0, 20.0), (1.0, 2.0), (50.0, 200.0), 9)
SMALL = {
    "window_months": 2,
    "min_tenure_days": 10,
    "new_days": 5,
    "won_back_days": 6,
    "dormant_min_days": 4,
    "lost_min_days": 8,
    "growth_min_orders": 1,
}
RULES = {
    "limited": limited(900, 300, 100, 0, grace_days=6, **SMALL),
    "no_grace": limited(900, 300, 100, 0, grace_days=0, **SMALL),
    "steps": limited(900, 300, 100, 0, grace_days=0, one_step_down=True, **SMALL),
    "margin": limited(90, 30, 10, 0, value_metric="margin", grace_days=3, **SMALL),
    "score": limited(80, 70, 20, 0, value_metric="score", grace_days=4, **SMALL),
    "calm": limited(900, 300, 100, 0, **{**SMALL, "growth_min_orders": 9}),
    "ranked": ranked(grace_days=5, **SMALL),
    "ranked_score": ranked(value_metric="score", grace_days=2, **SMALL),
}
LIMITS = {"ranked": (900.0, 300.0, 100.0), "ranked_score": (80.0, 50.0, 20.0)}


def edges_of(name):
    """Return edges with the limits that a full run found for named rules."""
    rules = RULES[name]
    limits = LIMITS.get(name) or [tier.limit for tier in rules.tiers]
    keys = [tier.key for tier in rules.tiers]
    return EDGES.replace(tier_limits=dict(zip(keys, limits, strict=False)))


def purchases_of(documents, as_of=TODAY):
    """Return a frame of (partner, days ago, amount); a tenth is margin."""
    frame = pd.DataFrame(documents, columns=["partner_id", "age", "amount"])
    ages = pd.to_timedelta(frame["age"].astype("int64"), unit="D")
    return pd.DataFrame(
        {
            "partner_id": frame["partner_id"].astype("int64"),
            "day": (pd.Timestamp(as_of) - ages).astype("datetime64[ns]"),
            "amount": frame["amount"].astype("float64"),
            "margin": frame["amount"].astype("float64") / 10,
        }
    )


def facts_of(purchases, partners, day, rules):
    points = pd.DataFrame({"partner_id": partners, "day": pd.Timestamp(day)})
    points.index = pd.Index(partners, name="partner_id")
    return facts_at(purchases, points, rules)


def day_by_day(purchases, partners, name, as_of, days, before=()):
    """Classify on the day and each day after, handing on the state.

    :param before: days ago on which it was classified already
    """
    rules, edges = RULES[name], edges_of(name)
    previous, found = None, []
    for ahead in (*(-age for age in sorted(before, reverse=True)), *range(days + 1)):
        day = as_of + datetime.timedelta(ahead)
        facts = facts_of(purchases, partners, day, rules)
        result = classify(facts, previous, rules, day, edges).frame
        previous = state(facts, result)
        if ahead >= 0:
            found.append((pd.Timestamp(day), facts, result, previous))
    return found


def first_day(found, holds):
    """Return each customer's first day on which the condition holds.

    The first day of all is left out.
    """
    first = pd.Series(pd.NaT, found[0][1].index, dtype="datetime64[ns]")
    for day, __, result, __ in found[1:]:
        first = first.mask(first.isna() & holds(result), day)
    return first


def assert_comes(purchases, partners, name, as_of=TODAY, before=(), days=100):
    rules, edges = RULES[name], edges_of(name)
    found = day_by_day(purchases, partners, name, as_of, days, before)
    __, facts, today, previous = found[0]
    told = project(facts, purchases, previous, rules, edges, as_of)
    assert list(told.index) == list(facts.index)
    expected = {
        "tier_date": lambda r: r["value_tier"] != today["value_tier"],
        "dormant_date": lambda r: (r["lifecycle_stage"] == DORMANT)
        & (today["lifecycle_stage"] != DORMANT),
        "lost_date": lambda r: r["lifecycle_stage"] == LOST,
        "risk_date": lambda r: r["churn_risk"] > today["churn_risk"],
    }
    last = found[-1][0]
    for column, holds in expected.items():
        comes = first_day(found, holds)
        if column == "lost_date":
            comes = comes.mask(today["lifecycle_stage"] == LOST)
        # Changes after the classified days cannot be compared.
        seen = told[column].where(told[column] <= last)
        pd.testing.assert_series_equal(
            seen, comes, check_names=False, check_freq=False, obj=column
        )
    assert_ends(found, told, rules, edges)
    return found, told


def assert_ends(found, told, rules, edges):
    """Assert the coming tier and risk.

    And the value on the day of the new tier, and the day on which it fell below.
    """
    by_day = {day: (facts, result) for day, facts, result, __ in found}
    for partner, row in told.iterrows():
        if row["tier_date"] in by_day:
            facts, result = by_day[row["tier_date"]]
            assert row["next_tier"] == result.loc[partner, "value_tier"]
            value = tier_values_at(
                facts.loc[[partner]], [row["tier_date"]], rules, edges
            )[0]
            assert row["value_then"] == value or np.isnan(value)
        else:
            assert row["next_tier"] == 0 and np.isnan(row["value_then"])
        if row["risk_date"] in by_day:
            result = by_day[row["risk_date"]][1]
            assert row["next_risk"] == result.loc[partner, "churn_risk"]
        assert_fell(found, partner, row)


def assert_fell(found, partner, row):
    """Assert the first day below the limit.

    Up to the change, it is the day on which classify begins to remember the fall, or
    already demotes.
    """
    for day, __, result, __ in found[1:]:
        fallen = pd.notna(result.loc[partner, "tier_below_since"])
        if day == row["tier_date"]:
            break
        if fallen:
            assert row["below_date"] == day, (partner, row)
            break


amounts = st.sampled_from([20.0, 60.0, 150.0, 400.0, 950.0, -30.0, -400.0])
logs = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 90), amounts), min_size=1, max_size=12
)


@settings(max_examples=12)
@given(
    logs,
    st.sampled_from(sorted(RULES)),
    st.integers(0, 40),
    st.sets(st.integers(1, 40), max_size=3),
)
def test_what_is_foretold_comes(documents, name, shift, before):
    as_of = TODAY + datetime.timedelta(shift)
    purchases = purchases_of(documents, as_of)
    assert_comes(purchases, [1, 2, 3], name, as_of, before)


def told_of(documents, name="limited", as_of=TODAY, before=()):
    """Return the outlook of customer 1, in days from today."""
    __, told = assert_comes(purchases_of(documents, as_of), [1], name, as_of, before)
    row = told.loc[1]
    today = pd.Timestamp(as_of)
    return {
        key: (value - today).days if isinstance(value, pd.Timestamp) else value
        for key, value in row.items()
        if not pd.isna(value)
    }


def test_the_window_rolls_off_and_grace_follows():
    """600 bought 40 days ago leave the window after two months less 40 days."""
    told = told_of([(1, 40, 600.0), (1, 10, 200.0)])
    days = (TODAY - datetime.date(2024, 4, 30)).days - 40
    assert told["below_date"] == days
    assert told["tier_date"] == days + 6
    assert told["next_tier"] == MEDIUM and told["value_then"] == 200.0


def test_it_was_below_already():
    """The days of grace count from the day of the fall, not from tomorrow."""
    documents = [(1, 64, 600.0), (1, 10, 200.0)]
    told = told_of(documents, before=[10, 2, 1])
    assert told["below_date"] == 1 and told["tier_date"] == 4


def test_a_refund_that_leaves_the_window_lifts():
    told = told_of([(1, 50, -500.0), (1, 20, 600.0), (1, 15, 100.0)])
    assert told["next_tier"] == HIGH


def test_the_last_tier_is_never_lost():
    told = told_of([(1, 10, 5.0), (1, 70, 5.0)])
    assert "tier_date" not in told


def test_a_score_falls_with_time():
    documents = [(1, age, 60.0) for age in (0, 12, 24)]
    assert told_of(documents, "score")["below_date"] == 21, "recency passes 20 days"


def test_silence_raises_the_risk_long_after_the_window():
    """Silence raises the risk long after the window.

    A rhythm of a year: the purchases leave the window long before it is late.
    """
    documents = [(1, age, 50.0) for age in range(0, 2800, 400)]
    purchases = purchases_of(documents)
    rules, edges = RULES["calm"], edges_of("calm")
    (day, facts, result, previous), *__ = day_by_day(purchases, [1], "calm", TODAY, 0)
    told = project(facts, purchases, previous, rules, edges, TODAY).loc[1]
    gap = result.loc[1, "expected_gap_days"]
    overdue = int(np.ceil(round(1.5 * gap, 6)))
    assert (told["risk_date"] - day).days == overdue > 100
    assert RISKS[told["next_risk"] - 1] == "medium"
    day = told["risk_date"].date()
    late = classify(
        facts_of(purchases, [1], day, rules), previous, rules, day, edges
    ).frame
    assert late.loc[1, "churn_risk"] == told["next_risk"]


def test_who_never_bought_has_nothing_to_lose():
    told = project(*_known([], [5]), RULES["limited"], edges_of("limited"), TODAY).loc[
        5
    ]
    assert told.filter(like="_date").isna().all()
    assert told["next_tier"] == 0 and told["next_risk"] == 0


def _known(documents, partners, name="limited"):
    """Facts, purchases and state of customers today."""
    purchases = purchases_of(documents)
    (__, facts, __, previous), *__ = day_by_day(purchases, partners, name, TODAY, 0)
    return facts, purchases, previous


def test_nobody():
    told = project(*_known([], []), RULES["limited"], edges_of("limited"), TODAY)
    assert told.empty


@pytest.mark.parametrize(
    ("name", "target", "orders"),
    [
        ("limited", 900.0, 4),  # 100 each: 500 bought
        ("limited", 500.0, 1),
        ("margin", 90.0, 4),
        ("limited", 100.0 * (5 + MOST_ORDERS), MOST_ORDERS),
        ("limited", 100.0 * (6 + MOST_ORDERS), np.nan),
        ("limited", np.nan, np.nan),
    ],
)
def test_orders_of_the_usual_size(name, target, orders):
    documents = [(1, age, 100.0) for age in (1, 5, 9, 20, 30)]
    facts, __, __ = _known(documents, [1], name)
    found = orders_to_reach(facts, [TODAY], [target], RULES[name], edges_of(name))
    assert found[0] == orders or np.isnan(orders) and np.isnan(found[0])


def test_an_order_lifts_a_score():
    """An order lifts the scores.

    After 21 days of silence, one more order brings the best recency and the middle
    of frequency, two the best of all.
    """
    facts, __, __ = _known([(1, 21, 70.0)], [1], "score")
    rules, edges = RULES["score"], edges_of("score")
    now = tier_values_at(facts, [TODAY], rules, edges)[0]
    assert now == 25.0
    found = [
        orders_to_reach(facts, [TODAY], [target], rules, edges)[0]
        for target in (60.0, 61.0, 100.0, 101.0)
    ]
    assert found[:3] == [1, 2, 2] and np.isnan(found[3])


def test_effort_to_keep_is_that_of_the_day_on_which_it_is_lost():
    """The effort to keep a tier is that of the day on which it is lost.

    600 bought 40 days ago are gone by then: 200 of 270 remain, 400 an order.
    """
    facts, purchases, previous = _known([(1, 40, 600.0), (1, 10, 200.0)], [1])
    rules = (RULES["limited"], edges_of("limited"), TODAY)
    told = project(facts, purchases, previous, *rules)
    targets = pd.DataFrame({"reach": [900.0], "keep": [270.0]}, facts.index)
    found = effort(facts, purchases, told["tier_date"], targets, *rules).loc[1]
    assert found["value"] == 800.0 and told.loc[1, "value_then"] == 200.0
    assert found["orders_to_reach"] == 1 and found["orders_to_keep"] == 1
    never = pd.Series(pd.NaT, facts.index)
    found = effort(facts, purchases, never, targets, *rules).loc[1]
    assert np.isnan(found["orders_to_keep"]), "nothing is lost"


def test_without_a_usual_size_nothing_is_told():
    facts, __, __ = _known([(1, 5, 100.0), (1, 3, -200.0), (2, 3, -200.0)], [1, 2])
    rules, edges = RULES["limited"], edges_of("limited")
    found = orders_to_reach(facts, [TODAY, TODAY], [-500.0, -500.0], rules, edges)
    assert np.isnan(found).all()


def test_the_usual_size_of_who_bought_nothing_lately_is_that_of_before():
    facts, __, __ = _known([(1, 200, 100.0), (1, 220, 50.0)], [1])
    rules, edges = RULES["limited"], edges_of("limited")
    assert orders_to_reach(facts, [TODAY], [150.0], rules, edges)[0] == 2


def test_keys_are_those_of_the_rules():
    assert {VIP, HIGH, MEDIUM, LOW} == {t.key for t in RULES["limited"].tiers}
