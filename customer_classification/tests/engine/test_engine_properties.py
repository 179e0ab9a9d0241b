"""Invariants for any population."""

import datetime
import sys
import time
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from builders import CLASSES, TODAY, facts, limited, random_log, ranked, row, state, was
from engine import STAGES, Edges, classify
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Document, facts_frame

classifying = sys.modules["engine.customers.classify"]  # hidden by the function
AS_OF = datetime.date(2024, 3, 31)
RULES = {
    "ranked": ranked(customers_per_bin=3, min_customers=5),
    "limited": limited(customers_per_bin=3),
    "score": ranked(value_metric="score", customers_per_bin=3, min_customers=5),
}
seeds = st.integers(0, 10**6)
names = st.sampled_from(sorted(RULES))


def population(seed, customers=30):
    return random_log(seed, customers)


def with_history(log, rules, as_of=AS_OF):
    """Facts, and the state of two months before."""
    early = as_of - datetime.timedelta(61)
    frame = facts_frame(log, as_of)
    earlier = facts_frame(log, early)
    before = classify(earlier, None, rules, early)
    return frame, state(earlier, before.frame)


@settings(max_examples=20)
@given(seeds, names, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(seed, name, dice):
    frame, previous = with_history(population(seed), RULES[name])
    order = list(frame.index)
    dice.shuffle(order)
    found = classify(frame.loc[order], previous[::-1], RULES[name], AS_OF)
    expected = classify(frame, previous, RULES[name], AS_OF)
    assert found.edges == expected.edges and found.notes == expected.notes
    pd.testing.assert_frame_equal(found.frame.loc[frame.index], expected.frame)


@settings(max_examples=20)
@given(seeds, names, st.data())
def test_a_part_with_the_limits_of_all_is_as_the_whole(seed, name, data):
    frame, previous = with_history(population(seed), RULES[name])
    whole = classify(frame, previous, RULES[name], AS_OF)
    chosen = data.draw(st.lists(st.sampled_from(list(frame.index)), unique=True))
    edges = Edges.from_json(whole.edges.to_json())
    part = classify(frame.loc[chosen], previous, RULES[name], AS_OF, edges)
    pd.testing.assert_frame_equal(part.frame, whole.frame.loc[chosen])


@settings(max_examples=20)
@given(seeds, names, st.sampled_from([1, 7, 29, 30]), st.booleans())
def test_the_parts_that_are_classified_at_a_time_do_not_matter(seed, name, rows, alike):
    frame, previous = with_history(population(seed), RULES[name])
    before = previous.reindex(frame.index, fill_value=0) if alike else previous[::-1]
    whole = classify(frame, before, RULES[name], AS_OF)
    with patch.object(classifying, "PART_ROWS", rows):
        found = classify(frame, before, RULES[name], AS_OF)
    assert found.edges == whole.edges and found.notes == whole.notes
    pd.testing.assert_frame_equal(found.frame, whole.frame)


@settings(max_examples=20)
@given(seeds, names)
def test_running_twice_changes_nothing(seed, name):
    frame, previous = with_history(population(seed), RULES[name])
    first = classify(frame, previous, RULES[name], AS_OF)
    again = classify(frame, state(frame, first.frame), RULES[name], AS_OF)
    assert first.edges == again.edges
    pd.testing.assert_frame_equal(first.frame, again.frame)


@settings(max_examples=20)
@given(seeds)
def test_the_currency_does_not_matter(seed):
    """A hundred times the money: the same classes of everybody."""
    rules = RULES["ranked"]
    log = population(seed)
    rich = [
        item._replace(
            cents=item.cents * 100,
            margin_cents=item.margin_cents and item.margin_cents * 100,
        )
        for item in log
    ]
    found = classify(facts_frame(rich, AS_OF), None, rules, AS_OF).frame
    expected = classify(facts_frame(log, AS_OF), None, rules, AS_OF).frame
    same = [name for name in expected if name != "average_order"]
    pd.testing.assert_frame_equal(found[same], expected[same])
    assert np.allclose(
        found["average_order"], 100 * expected["average_order"], equal_nan=True
    )


@settings(max_examples=15)
@given(seeds, st.sampled_from([-1461, 1461, 2922]))
def test_the_calendar_does_not_matter(seed, shift):
    """Everything four or eight years earlier or later, leap days alike."""
    days = datetime.timedelta(shift)
    log = population(seed)
    moved = [item._replace(moment=item.moment + days) for item in log]
    rules = RULES["ranked"]
    found = classify(facts_frame(moved, AS_OF + days), None, rules, AS_OF + days)
    expected = classify(facts_frame(log, AS_OF), None, rules, AS_OF)
    assert found.edges == expected.edges
    for name, values in expected.frame.items():
        if values.dtype.kind == "M":
            values = values + pd.Timedelta(days)
        assert found.frame[name].equals(values.astype(found.frame[name].dtype)), name


@settings(max_examples=15)
@given(seeds, names)
def test_people_who_never_bought_change_nobody(seed, name):
    log = population(seed)
    alone = classify(facts_frame(log, AS_OF), None, RULES[name], AS_OF)
    more = facts_frame(log, AS_OF, partners=range(1000, 1050))
    found = classify(more, None, RULES[name], AS_OF)
    assert found.edges == alone.edges
    pd.testing.assert_frame_equal(found.frame.loc[alone.frame.index], alone.frame)


@given(
    st.lists(st.integers(-200_000, 200_000), min_size=1, max_size=30),
    st.integers(0, 100_000),
    st.sampled_from([0, 11, 12, 13, 14]),
    st.integers(0, 60),
)
def test_more_money_never_makes_a_lower_tier(cents, more, key, days):
    rules, edges = ranked(), Edges(tier_limits={11: 900.0, 12: 300.0, 13: -100.0})
    poor = facts(*(row(revenue=c / 100) for c in cents))
    rich = facts(*(row(revenue=(c + more) / 100) for c in cents))
    since = TODAY - datetime.timedelta(days)
    before = {"value_tier": key, "tier_below_since": since}
    tiers = [
        classify(frame, was(frame, **before), rules, TODAY, edges).frame["value_tier"]
        for frame in (poor, rich)
    ]
    assert (tiers[1].to_numpy() <= tiers[0].to_numpy()).all(), "11 is the best"


@settings(max_examples=30)
@given(seeds, st.integers(1, 30))
def test_a_purchase_today_never_lowers_a_score_nor_raises_the_time_since(seed, who):
    log = population(seed)
    edges = classify(facts_frame(log, AS_OF), None, RULES["ranked"], AS_OF).edges
    more = [*log, Document(who, AS_OF, 5000)]
    names = ["score_recency", "score_frequency", "score_monetary", "value_score"]
    before, after = (
        classify(
            facts_frame(log, AS_OF, partners=[who]), None, RULES["ranked"], AS_OF, edges
        ).frame
        for log in (log, more)
    )
    assert (after.loc[who, names] >= before[names].fillna(0).loc[who]).all()
    assert after.loc[who, "recency_days"] == 0
    assert STAGES[after.loc[who, "lifecycle_stage"] - 1] not in ("dormant", "lost")
    others = before.index.drop(who)
    pd.testing.assert_frame_equal(before.loc[others], after.loc[others])


@settings(max_examples=30)
@given(seeds, names)
def test_results_are_in_their_ranges(seed, name):
    rules = RULES[name]
    frame, previous = with_history(population(seed), rules)
    found = classify(frame, previous, rules, AS_OF)
    result, bins = found.frame, found.edges.bins
    for metric, count in bins.items():
        assert result[f"score_{metric}"].between(0, count).all()
    assert result["value_score"].dropna().between(0, 100).all()
    assert result["growth"].dropna().between(-1, 1).all()
    assert result["expected_gap_days"].dropna().ge(rules.min_gap_days).all()
    assert result["lifecycle_stage"].between(1, 8).all()
    assert result["tier_reason"].between(1, 8).all()
    assert (result["next_review_date"].dropna() > pd.Timestamp(AS_OF)).all()
    held = result["held_back"]
    assert (held == result["tier_reason"].isin([2, 3])).all()
    assert (result["tier_below_since"].notna() == (result["tier_reason"] == 3)).all()
    rated = result["value_tier"] != rules.unrated_key
    assert (rated == result["tier_reason"].isin([1, 2, 3, 4])).all()
    assert (
        (result["churn_risk"] > 0).eq(~result["lifecycle_stage"].isin([1, 2, 7])).all()
    )
    assert set(CLASSES) <= set(result)


def many(frame, times):
    """The same customers again and again under other numbers."""
    repeated = pd.concat([frame] * times, ignore_index=True)
    repeated.index = pd.RangeIndex(1, len(repeated) + 1, name="partner_id")
    return repeated


@pytest.mark.parametrize("name", RULES)
def test_equal_facts_give_equal_classes(name):
    frame = facts_frame(population(3), AS_OF)
    result = classify(many(frame, 7), None, RULES[name], AS_OF).frame
    parts = np.array_split(np.arange(len(result)), 7)
    first = result.iloc[parts[0]].reset_index(drop=True)
    for part in parts[1:]:
        pd.testing.assert_frame_equal(result.iloc[part].reset_index(drop=True), first)


def test_no_loop_over_customers():
    """Two hundred thousand customers are classified without a loop.

    They take the time of a few hundred single ones; a loop would take minutes. The
    bound is wide, for busy machines.
    """
    frame = many(facts_frame(random_log(1, 2000), AS_OF), 120)
    assert len(frame) > 200_000
    begin = time.perf_counter()
    result = classify(frame, None, ranked(), AS_OF)
    classify(frame, state(frame, result.frame), ranked(), AS_OF, result.edges)
    assert time.perf_counter() - begin < 5
