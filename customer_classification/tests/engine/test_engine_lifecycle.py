"""The own rhythm, the stages that follow from it, and the allowed moves."""

import datetime
import itertools

import numpy as np
import pandas as pd
import pytest
from builders import TODAY, ago, bought, facts, limited, never, one, row, state, was
from engine import ALLOWED_MOVES, STAGES, Edges, classify, roll_up
from engine.customers.lifecycle import _allowed_table
from engine.customers.rhythm import due_after, expected_gap
from hypothesis import given
from hypothesis import strategies as st

BEGINNING = {"prospect", "interested", "new"}
KNOWN = set(STAGES) - BEGINNING


def edges(gap):
    return Edges(population_gap_days=gap)


def gap(fact, gap_of_all=30, **values):
    return one(fact, limited(**values), edges=edges(gap_of_all))["expected_gap_days"]


# (own gaps × own mean gap + 2 × gap of all) ÷ (own gaps + 2)
@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ((5,), 30),
        ((0, 10), (10 + 60) / 3),
        ((0, 5, 10), (10 + 60) / 4),
        ((0, 0, 10), (10 + 60) / 3),  # two orders on a day are one visit
        ((0, 7, 14, 21, 28, 35, 42, 49), (49 + 60) / 9),
        ((0, 300), (300 + 60) / 3),
    ],
)
def test_the_expected_gap_is_shrunk_to_the_gap_of_all(days, expected):
    assert gap(bought(*days)) == round(expected, 2)


def test_an_exact_multiple_of_the_rhythm_is_not_a_day_late():
    """An exact multiple of the rhythm is not a day late.

    (100 + 2 × 50) ÷ 3 = 66.67 days, three times of which are 200, not 200.01.
    """
    frame = facts(*(bought(age, age + 100) for age in (199, 200)))
    result = classify(frame, None, limited(), TODAY, edges(50)).frame
    assert result["expected_gap_days"].tolist() == [66.67, 66.67]
    stages = [STAGES[code - 1] for code in result["lifecycle_stage"]]
    assert stages[0] != "dormant"
    assert stages[1] == "dormant"


def test_shrinkage_is_a_parameter():
    assert gap(bought(0, 10), shrinkage=0) == 10
    assert gap(bought(5), shrinkage=0) == 30, "one visit has no gap of its own"
    assert gap(bought(0, 10), shrinkage=1e9) == pytest.approx(30)


def test_the_shortest_gap():
    daily = bought(*range(100))
    assert gap(daily, 1) == 1
    assert gap(daily, 1, min_gap_days=2.5) == 2.5
    odd = row(visit_count=300, first_purchase_date=ago(100), last_purchase_date=ago(1))
    assert gap(odd, 1) == 1, "more visits than days"


def test_odd_facts_make_no_odd_gap():
    reverse = row(first_purchase_date=ago(1), last_purchase_date=ago(100))
    assert gap(reverse) == pytest.approx((0 + 60) / 6)
    single = row(visit_count=1)
    assert gap(single) == 30
    none = row(visit_count=0)
    assert gap(none) == 30


@given(st.integers(0, 3000), st.integers(0, 100), st.integers(1, 400))
def test_the_gap_lies_between_the_own_and_that_of_all(span, gaps, gap_of_all):
    found = expected_gap(
        np.array([float(span)]), np.array([gaps]), limited(), gap_of_all
    )
    own = span / gaps if gaps else gap_of_all
    low, high = sorted((own, gap_of_all))
    assert max(low, 1) - 0.01 <= found[0] <= max(high, 1) + 0.01


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(0, 10), (0, 20), (0, 40)], 20),
        ([(0, 10), (0, 21)], 16),  # 15.5, half up
        ([(0, 10), (0, 20)], 15),
        ([(0, 5, 10), (5,), (5,), (9,)], 5),  # only customers with two visits
        ([(0, 1, 2)], 1),
        ([(3, 3)], 30),  # the same day is not a gap
    ],
)
def test_the_gap_of_all_is_the_median_of_whole_days(rows, expected):
    result = classify(facts(*(bought(*days) for days in rows)), None, limited(), TODAY)
    assert result.edges.population_gap_days == expected
    told = {"code": "no_gaps", "days": 30} in result.notes
    assert told == all(len(set(days)) == 1 for days in rows)


def test_a_new_purchase_rarely_moves_the_gap_of_all():
    """The gap of all is a whole number and rarely moves.

    A stable base is not rewritten every night.
    """
    rows = [bought(0, 20 + n % 7) for n in range(50)]
    before = classify(facts(*rows), None, limited(), TODAY).edges
    after = classify(facts(*rows, bought(0, 2, 90)), None, limited(), TODAY).edges
    assert before.population_gap_days == after.population_gap_days


@pytest.mark.parametrize(
    ("usual", "expected"),
    [(None, 20), (20, 20), (20.5, 20.5), (22, 22), (23, 20), (18, 20), (90, 20)],
)
def test_the_gap_of_all_stands_until_the_median_leaves_it(usual, expected):
    """A median that wavers between two days would move customers to and fro."""
    frame = facts(*(bought(0, gap) for gap in (10, 20, 30)))
    result = classify(frame, None, limited(), TODAY, standing=usual and edges(usual))
    assert result.edges.population_gap_days == expected
    again = classify(frame, None, limited(), TODAY, standing=edges(expected))
    assert again.edges.population_gap_days == expected


def test_numbers_of_the_rhythm():
    found = one(bought(45, 65), limited(), edges=edges(20))
    assert (found["recency_days"], found["tenure_days"]) == (45, 65)
    assert found["expected_gap_days"] == 20
    assert found["overdue_ratio"] == 45 / 20
    assert found["expected_purchase_date"] == ago(25)
    found = one(bought(5, 15), limited(), edges=edges(30))
    assert found["expected_gap_days"] == 23.33
    assert found["expected_purchase_date"] == ago(5 - 24)
    found = one(never(), limited())
    assert (found["recency_days"], found["tenure_days"]) == (-1, -1)
    assert found["expected_purchase_date"] is None
    assert np.isnan(found["expected_gap_days"]) and np.isnan(found["overdue_ratio"])


def test_the_six_customers_of_the_published_summary():
    """docs/science.md §5 (test table of lifetimes and pymc-marketing)."""
    end = datetime.date(2015, 2, 7)
    visits = {
        1: ("2015-01-01", "2015-02-06"),
        2: ("2015-01-01",),
        3: ("2015-01-01", "2015-01-02", "2015-01-05"),
        4: ("2015-01-16", "2015-02-02", "2015-02-05", "2015-02-05"),
        5: ("2015-01-16", "2015-01-17", "2015-01-18"),
        6: ("2015-02-02",),
    }
    days = [
        [(end - datetime.date.fromisoformat(d)).days for d in v]
        for v in visits.values()
    ]
    frame = facts(*(bought(*ages, today=end) for ages in days))
    result = classify(frame, None, limited(), end).frame
    summary = zip(
        frame["visit_count"] - 1,
        result["tenure_days"] - result["recency_days"],
        result["tenure_days"],
        strict=True,
    )
    published = [
        (1, 36, 37),
        (0, 0, 37),
        (2, 4, 37),
        (2, 20, 22),
        (2, 2, 22),
        (0, 0, 5),
    ]
    assert [tuple(map(int, values)) for values in summary] == published


@pytest.mark.parametrize(
    ("gap_days", "ratio", "least", "days"),
    [
        (20, 3, 0, 60),
        (20.01, 3, 0, 61),
        (30, 1.1, 0, 33),  # 33.000000000000004 in binary
        (0.1, 3, 0, 1),  # 0.30000000000000004
        (1, 3, 30, 30),
        (np.nan, 3, 30, np.nan),
    ],
)
def test_due_after_whole_days(gap_days, ratio, least, days):
    found = due_after(np.array([gap_days]), ratio, least)
    assert np.array_equal(found, [days], equal_nan=True)


# Stages


def stage(fact, before=None, gap_of_all=20, today=TODAY, **values):
    rules = limited(**values)
    found = one(fact, rules, before, edges(gap_of_all), today)
    return found["lifecycle_stage"]


def test_who_never_bought():
    assert stage(never()) == "prospect"
    assert stage(never(open_opportunity_count=1)) == "interested"
    assert stage(never(open_quotation_count=1)) == "interested"
    assert stage(bought(1, open_quotation_count=1)) == "new"


# One visit, gap 20: dormant from 60 days, lost from 120.
@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, "new"),
        (30, "new"),
        (31, "active"),
        (59, "active"),
        (60, "dormant"),
        (119, "dormant"),
        (120, "lost"),
        (3000, "lost"),
    ],
)
def test_the_stages_of_a_single_purchase(age, expected):
    assert stage(bought(age)) == expected


def test_one_visit_is_new_for_a_gap():
    assert stage(bought(45), gap_of_all=45) == "new"
    assert stage(bought(46), gap_of_all=45) == "active"
    assert stage(bought(5, 45), gap_of_all=45) == "active", "two visits"


def test_the_least_days_of_a_frequent_buyer():
    daily = range(500)
    assert stage(bought(*(29 + n for n in daily)), gap_of_all=1) == "loyal"
    assert stage(bought(*(30 + n for n in daily)), gap_of_all=1) == "dormant"
    assert stage(bought(*(59 + n for n in daily)), gap_of_all=1) == "dormant"
    assert stage(bought(*(60 + n for n in daily)), gap_of_all=1) == "lost"
    assert stage(bought(3, 4), gap_of_all=1, dormant_min_days=0) == "dormant"


@pytest.mark.parametrize(
    ("orders", "tenure", "expected"),
    [
        (5, 180, "loyal"),
        (4, 180, "active"),
        (5, 179, "active"),
        (5, 30, "new"),
        (5, 31, "active"),
    ],
)
def test_loyal(orders, tenure, expected):
    fact = bought(0, 20, tenure, lifetime_order_count=orders)
    fact["previous_purchase_date"] = ago(20)
    assert stage(fact) == expected


def test_orders_of_one_day_make_loyal_too():
    assert stage(bought(0, 0, 0, 90, 180), gap_of_all=60) == "loyal"


# Gap 20 before the pause, so that 60 days are a dormant time.
@pytest.mark.parametrize(
    ("pause", "age", "expected"),
    [
        (60, 0, "won_back"),
        (59, 0, "active"),
        (60, 59, "won_back"),
        (200, 89, "won_back"),
        (400, 90, "won_back"),
        (400, 91, "active"),
    ],
)
def test_won_back(pause, age, expected):
    fact = bought(age, age + pause, age + pause + 20)
    assert stage(fact) == expected


def test_won_back_from_the_first_purchase():
    assert stage(bought(2, 62)) == "won_back"
    assert stage(bought(2, 61)) == "active"


def test_the_next_purchase_ends_won_back():
    assert stage(bought(5, 205, 225)) == "won_back"
    assert stage(bought(0, 5, 205, 225)) == "active"


def test_dormant_again_goes_before_won_back():
    # Gap 33.33, dormant after 100 days.
    assert stage(bought(99, 159), won_back_days=300) == "won_back"
    assert stage(bought(100, 160), won_back_days=300) == "dormant"


def test_the_rhythm_before_the_pause_decides():
    """The rhythm before the pause decides.

    With the pause in it, the gap would be so long that nobody had been dormant.
    """
    fact = bought(0, *range(100, 160, 10))
    assert stage(fact, gap_of_all=10, shrinkage=0, dormant_min_days=0) == "won_back"


# Moves


def test_the_table_of_moves():
    assert set(ALLOWED_MOVES) == set(STAGES)
    for before, after in itertools.product(STAGES, STAGES):
        forbidden = before in KNOWN and after in BEGINNING
        assert (after in ALLOWED_MOVES[before]) != forbidden
        place = STAGES.index(before) + 1, STAGES.index(after) + 1
        assert _allowed_table()[place] != forbidden
    assert _allowed_table()[0].all()


# A fact for each stage, and one that would be each stage.
FACT_OF = {
    "prospect": never(),
    "interested": never(open_quotation_count=2),
    "new": bought(3),
    "active": bought(0, 40),
    "loyal": bought(*range(0, 200, 20)),
    "dormant": bought(70),
    "lost": bought(200),
    "won_back": bought(0, 100),
}


@pytest.mark.parametrize("after", STAGES)
@pytest.mark.parametrize("before", STAGES)
def test_every_move(before, after):
    assert stage(FACT_OF[after]) == after
    found = stage(FACT_OF[after], {"lifecycle_stage": STAGES.index(before) + 1})
    held = before in KNOWN and after in BEGINNING
    assert found == (before if held else after)


@pytest.mark.parametrize("before", sorted(KNOWN))
@pytest.mark.parametrize("after", sorted(BEGINNING))
def test_corrected_purchases_may_begin_anew(before, after):
    frame = facts(FACT_OF[after])
    previous = was(frame, lifecycle_stage=STAGES.index(before) + 1)
    result = classify(frame, previous, limited(), TODAY, edges(20)).frame
    assert result["lifecycle_stage"][1] == previous["lifecycle_stage"][1]
    fewer = previous.assign(lifetime_order_count=previous["lifetime_order_count"] + 1)
    result = classify(frame, fewer, limited(), TODAY, edges(20)).frame
    assert STAGES[result["lifecycle_stage"][1] - 1] == after
    if after == "new":
        early = previous["first_purchase_date"] - np.timedelta64(1, "D")
        later = previous.assign(first_purchase_date=early)
        result = classify(frame, later, limited(), TODAY, edges(20)).frame
        assert STAGES[result["lifecycle_stage"][1] - 1] == after
        earlier = previous.assign(first_purchase_date=early + np.timedelta64(2, "D"))
        result = classify(frame, earlier, limited(), TODAY, edges(20)).frame
        assert STAGES[result["lifecycle_stage"][1] - 1] == before


def test_a_longer_gap_of_all_makes_nobody_new_again():
    fact = bought(40)
    assert stage(fact, gap_of_all=45) == "new"
    assert stage(fact, {"lifecycle_stage": 4}, gap_of_all=45) == "active"


# Won back, counted


def test_re_entries_are_counted():
    """A customer buys, goes, comes back, goes and comes back, seen every day."""
    ages = (330, 200, 190, 40)
    previous, path, counts = None, [], []
    for age in range(345, -1, -1):
        day = ago(age)
        past = [n - age for n in ages if n >= age]
        frame = facts(bought(*past, today=day) if past else never())
        rules = limited(won_back_days=30)
        result = classify(frame, previous, rules, day, edges(20)).frame
        previous = state(frame, result)
        stage_now = STAGES[result["lifecycle_stage"][1] - 1]
        if not path or path[-1] != stage_now:
            path.append(stage_now)
            counts.append(int(result["won_back_count"][1]))
    assert path == [
        *("prospect", "new", "active", "dormant", "lost", "won_back", "active"),
        *("dormant", "won_back", "active"),
    ]
    assert counts == [0, 0, 0, 0, 0, 1, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("before", "last", "count"),
    [("dormant", 0, 4), ("won_back", 0, 3), ("won_back", 5, 4), ("active", 0, 4)],
)
def test_won_back_again(before, last, count):
    """Still won back by the same purchase counts once; by another one, again."""
    frame = facts(FACT_OF["won_back"])
    previous = was(frame, lifecycle_stage=STAGES.index(before) + 1, won_back_count=3)
    previous["last_purchase_date"] -= np.timedelta64(last, "D")
    result = classify(frame, previous, limited(), TODAY, edges(20)).frame
    assert result["won_back_count"][1] == count


def purchases(*ages):
    """Return the purchases of one customer, given as days ago."""
    days = [(ago(age) - datetime.date(1970, 1, 1)).days for age in ages]
    return pd.DataFrame(
        {"partner_id": 1, "day": days, "amount": 10.0, "margin": np.nan}
    )


@pytest.mark.parametrize(
    ("ages", "count"),
    [
        ((5,), 0),
        ((400, 390, 380), 0),
        # Dormant after 60 days, then after 3 × (200 + 40) / 3 = 240.
        ((900, 700, 460, 455), 2),
        ((900, 700, 461, 455), 1),
        ((900, 840), 1),
        ((900, 841), 0),
    ],
)
def test_each_comeback_counts_whenever_it_is_seen(ages, count):
    """Each comeback counts, seen in one run or in many."""
    rolled = roll_up(purchases(*ages), limited(), TODAY, usual_gap=20)
    assert rolled["comeback_count"].tolist() == [count]
    frame = facts(bought(*ages)).assign(comeback_count=count)
    result = classify(frame, None, limited(), TODAY, edges(20)).frame
    assert result["won_back_count"][1] == count
