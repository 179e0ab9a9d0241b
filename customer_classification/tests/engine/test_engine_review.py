"""The next review date: never late, and seldom early."""

import datetime

import pandas as pd
import pytest
from builders import (
    CLASSES,
    TODAY,
    ago,
    bought,
    facts,
    limited,
    never,
    random_log,
    ranked,
    rfm,
    state,
    was,
)
from engine import Component, Edges, classify
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Document, facts_frame

EDGES = Edges((20.0, 60.5, 100.0), (2.0, 4.0), (100.0, 500.0), 25)
RULES = {
    "default": ranked(customers_per_bin=2, min_customers=3),
    "quick": limited(
        min_tenure_days=90, grace_days=3, one_step_down=True, window_months=2
    ),
    "odd_window": ranked(
        window_months=5, growth_min_orders=1, customers_per_bin=1, min_customers=1
    ),
    "tenure": ranked(
        value_metric="score",
        customers_per_bin=1,
        min_customers=1,
        components=(
            *rfm(3),
            Component("tenure", 1, edges=(40, 90.5, 400)),
            Component("growth", 1),
            Component("average_order", 1),
        ),
    ),
    "grace": limited(grace_days=40, at_risk_ratio=0.7, new_days=100, won_back_days=20),
}


def day_after_day(log, rules, as_of, days, partners=()):
    """Yield (day, frame of the day, result of as_of).

    Documents and limits are those of as_of; the state is handed on from day to day.
    """
    known = [item for item in log if item.moment <= as_of]
    months = rules.window_months
    frame = facts_frame(known, as_of, months, partners)
    # A day before, so that grace and memory of tiers are under way.
    early = as_of - datetime.timedelta(45)
    earlier = facts_frame(known, early, months, frame.index)
    before = state(earlier, classify(earlier, None, rules, early).frame)
    first = classify(frame, before, rules, as_of)
    previous = state(frame, first.frame)
    for age in range(1, days + 1):
        day = as_of + datetime.timedelta(age)
        frame = facts_frame(known, day, months, partners)
        result = classify(frame, previous, rules, day, first.edges).frame
        yield day, result, first.frame
        previous = state(frame, result)


def differing(one, other):
    """Return the customers that differ in any class."""
    one, other = one[list(CLASSES)], other[list(CLASSES)]
    return ~((one == other) | (one.isna() & other.isna())).all(axis=1)


def assert_never_late(log, rules, as_of, days, partners=()):
    for day, result, first in day_after_day(log, rules, as_of, days, partners):
        due = first["next_review_date"] <= pd.Timestamp(day)
        late = differing(first, result) & ~due
        assert not late.any(), (day, first[late].T, result[late].T)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("as_of", ["2023-03-31", "2024-02-28", "2024-02-29"])
def test_nothing_changes_before_the_review(name, as_of):
    log = random_log(sum(map(ord, name)), customers=40)
    as_of = datetime.date.fromisoformat(as_of)
    assert_never_late(log, RULES[name], as_of, 100, range(1, 43))


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 4), st.integers(0, 500), st.sampled_from([5000, 900, -900])
        ),
        min_size=1,
        max_size=14,
    ),
    st.sampled_from(sorted(RULES)),
    st.integers(0, 40),
)
def test_nothing_changes_before_the_review_of_any_log(rows, name, shift):
    as_of = TODAY + datetime.timedelta(shift)
    log = [Document(who, ago(age, as_of), cents) for who, age, cents in rows]
    assert_never_late(log, RULES[name], as_of, 45)


def test_a_year_and_more_until_nothing_can_happen_any_more():
    log = random_log(5, customers=12)
    as_of = datetime.date(2023, 8, 31)
    last = None
    for day, result, first in day_after_day(log, RULES["default"], as_of, 500):
        due = first["next_review_date"] <= pd.Timestamp(day)
        assert not (differing(first, result) & ~due).any()
        last = result
    calm = last["lifecycle_stage"].isin([1, 7])  # prospect, lost
    assert last.loc[calm, "next_review_date"].isna().all() and calm.any()


def test_reviews_are_seldom_in_vain():
    """Most reviews find a change.

    A change of a class or of a number of the window. Early is allowed, idle is not.
    """
    found = idle = 0
    for seed in (1, 2, 3):
        log = random_log(seed, customers=60)
        as_of = datetime.date(2023, 10, 15)
        for day, result, first in day_after_day(log, RULES["default"], as_of, 40):
            due = first["next_review_date"] == pd.Timestamp(day)
            changed = differing(first, result)
            found += (due & changed).sum()
            idle += (due & ~changed).sum()
    assert found > 30
    assert idle < found / 2


def review(fact, rules=None, edges=EDGES, today=TODAY, **before):
    rules = rules or limited()
    frame = facts(fact)
    previous = was(frame, **before) if before else None
    result = classify(frame, previous, rules, today, edges).frame
    date = result["next_review_date"][1]
    return None if pd.isna(date) else (date.date() - today).days


# With a rhythm of 25 days and one visit, the gap is 25: overdue after 38 days, far
# overdue and dormant after 75, lost after 150. Thresholds of recency: 20, 60.5, 100.
@pytest.mark.parametrize(
    ("age", "days", "why"),
    [
        (0, 21, "recency passes 20"),
        (20, 1, "recency passes 20 tomorrow"),
        (21, 5, "one visit: not new after 25 days, but 30 days are; see below"),
        (26, 4, "rated after 30 days"),
        (31, 7, "overdue at 38"),
        (38, 23, "recency passes 60.5 at 61"),
        (61, 14, "dormant at 75"),
        (75, 26, "recency passes 100 at 101"),
        (101, 49, "lost at 150"),
        (366, None, "out of the window and lost"),
    ],
)
def test_the_days_of_a_single_purchase(age, days, why):
    assert review(bought(age)) == days, why


def test_nobody_is_reviewed_who_has_nothing_to_come():
    assert review(never()) is None
    assert review(never(open_quotation_count=1)) is None


def test_the_tenure_passes_its_threshold():
    rules = limited(components=(*rfm(), Component("tenure", 1, edges=(310.5,))))
    edges = Edges(population_gap_days=1000)
    fact = bought(300)
    assert review(fact, rules, edges) == 66, "leaves the window"
    assert review(fact, rules, edges.replace(extras={"tenure": (310.5,)})) == 11


def test_leaving_the_window():
    # 150 days: lost. It stays in the window for a year less a day.
    assert review(bought(200), edges=Edges(population_gap_days=25)) in (165, 166)
    rules, today = limited(), datetime.date(2024, 2, 28)
    edges = Edges(population_gap_days=25)
    fact = bought(365, today=today)  # 2023-02-28 leaves when 12 months back is it
    assert rules.window_start(today) == datetime.date(2023, 3, 1)
    assert fact["order_count"] == 0
    fact = bought(364, today=today)  # 2023-03-01: until 2024-03-01
    assert review(fact, edges=edges, today=today) == 2


def test_leaving_the_recent_half():
    rules = limited()
    edges = Edges(population_gap_days=25)
    days = review(bought(175), rules, edges)
    start = rules.half_start(TODAY + datetime.timedelta(days))
    assert start == ago(175) + datetime.timedelta(1)


def test_a_refund_that_leaves_the_window_is_an_event():
    fact = never(window_first_date=ago(364), revenue=-5.0, refund_amount=5.0)
    assert review(fact) in (1, 2)


# Bought every third day for long: nothing leaves the window, overdue after 5 days,
# dormant after 30.
REGULAR = bought(
    *range(0, 300, 3), amount=1.0, window_first_date=ago(0), recent_first_date=ago(0)
)
THREE_DAYS = Edges(population_gap_days=3)


def test_grace_ends_after_its_days():
    rules = limited(grace_days=10, at_risk_ratio=3)
    before = {"value_tier": 12, "tier_below_since": ago(4)}
    assert review(REGULAR, rules, THREE_DAYS, **before) == 6
    assert review(REGULAR, rules, THREE_DAYS, value_tier=12) == 9, "far overdue"
    assert review(REGULAR, limited(), THREE_DAYS, **before) == 5, "overdue"


def test_steps_down_are_a_day_apart_at_least():
    rules = limited(grace_days=0, one_step_down=True)
    assert review(REGULAR, rules, THREE_DAYS, value_tier=11) == 1


def test_won_back_ends():
    # 40 visits, 3 days apart, a pause of 200 days, back today.
    fact = bought(0, *range(201, 321, 3))
    fact["window_first_date"] = ago(0)
    rules = limited(won_back_days=6)
    assert review(fact, rules, Edges(population_gap_days=3)) == 7


def test_loyal_begins():
    fact = {**REGULAR, "first_purchase_date": ago(297)}
    rules = limited(loyal_tenure_days=299)
    assert review(fact, rules, THREE_DAYS) == 2
    fact["lifetime_order_count"] = rules.loyal_orders - 1
    assert review(fact, rules, THREE_DAYS) == 5, "overdue"


def test_a_purchase_dated_tomorrow_counts_as_of_today_and_is_reviewed_in_time():
    fact = bought(0, today=TODAY + datetime.timedelta(3))
    fact["window_first_date"] = fact["recent_first_date"] = None
    assert review(fact) == 3 + 21


def test_a_quotation_that_expires_is_a_day_of_review():
    """The day after a quotation expires is a day of review.

    A prospect is interested until the quotation's last day.
    """
    ends = pd.Timestamp(TODAY) + pd.Timedelta(days=3)
    open_one = {"open_quotation_count": 1}
    frame = facts(never(**open_one), bought(5, **open_one))
    frame = frame.assign(quotation_end_date=[ends, ends])
    result = classify(frame, None, limited(), TODAY, Edges(population_gap_days=20))
    first, other = result.frame["next_review_date"]
    assert first == ends + pd.Timedelta(days=1)
    assert other != first
