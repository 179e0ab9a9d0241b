"""Replayed facts and classes of a day equal those of a run on that day."""

import datetime
import time

import numpy as np
import pandas as pd
import pytest
from builders import TODAY, limited, random_log, ranked, state
from engine import FACTS, classes_at, classify, facts_at
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import facts_frame

FIRST = datetime.date(2023, 1, 1)
RULES = {
    "year": limited(),
    "odd": limited(window_months=5),
    "month": limited(window_months=1),
    "yen": limited(currency_digits=0, window_months=7),
}
NOT_TOLD = ("open_opportunity_count", "open_quotation_count")

amounts = st.one_of(
    st.sampled_from([0.0, 0.1, 0.2, 0.3, -0.3, 1e9]),
    st.integers(-50_000, 100_000).map(lambda cents: cents / 100),
)
margins = st.one_of(st.just(np.nan), st.integers(-500, 500).map(float))
rows = st.lists(
    st.tuples(st.integers(1, 4), st.integers(-20, 480), amounts, margins), max_size=25
)
asked = st.lists(
    st.tuples(st.integers(1, 5), st.integers(-30, 900)), min_size=1, max_size=12
)


def purchases_of(documents, first=FIRST):
    """A frame of (partner, days after the first of 2023, amount, margin)."""
    frame = pd.DataFrame(documents, columns=["partner_id", "day", "amount", "margin"])
    ages = pd.to_timedelta(frame["day"].astype("int64"), unit="D")
    return frame.assign(
        partner_id=frame["partner_id"].astype("int64"),
        day=(pd.Timestamp(first) + ages).astype("datetime64[ns]"),
        amount=frame["amount"].astype("float64"),
        margin=frame["margin"].astype("float64"),
    )


def points_of(pairs, first=FIRST):
    points = [(who, first + datetime.timedelta(days)) for who, days in pairs]
    return pd.DataFrame(
        {
            "partner_id": [who for who, __ in points],
            "day": np.array([day for __, day in points], "datetime64[ns]"),
        }
    )


def months_before(day, months):
    """Return the day after the one some months back.

    Pandas clips to the end of a month.
    """
    return pd.Timestamp(day) - pd.DateOffset(months=months) + pd.Timedelta(days=1)


def plain_facts(purchases, partner, day, rules):
    """Return the facts of one customer and day, in plain pandas.

    By the definition of the facts query.
    """
    day, digits = pd.Timestamp(day), rules.currency_digits
    own = purchases[(purchases["partner_id"] == partner) & (purchases["day"] <= day)]
    own = own.assign(amount=own["amount"].round(digits))
    start = months_before(day, rules.window_months)
    half = months_before(day, rules.window_months // 2)
    half -= pd.Timedelta(days=15 * (rules.window_months % 2))
    window, recent = own[own["day"] >= start], own[own["day"] >= half]
    visits = own.loc[own["amount"] > 0, "day"].drop_duplicates().sort_values()
    revenue, revenue_recent = window["amount"].sum(), recent["amount"].sum()
    orders, orders_recent = (window["amount"] > 0).sum(), (recent["amount"] > 0).sum()
    money = {
        "revenue": revenue,
        "lifetime_revenue": own["amount"].sum(),
        "refund_amount": -window.loc[window["amount"] < 0, "amount"].sum(),
        "margin": window["margin"].sum(min_count=1),
        "revenue_recent": revenue_recent,
        "revenue_previous": revenue - revenue_recent,
    }
    return {
        **{name: round(value, digits) + 0.0 for name, value in money.items()},
        "first_purchase_date": visits.min(),
        "last_purchase_date": visits.max(),
        "previous_purchase_date": visits.iloc[-2] if len(visits) > 1 else pd.NaT,
        "visit_count": len(visits),
        "order_count": orders,
        "lifetime_order_count": (own["amount"] > 0).sum(),
        "order_count_recent": orders_recent,
        "order_count_previous": orders - orders_recent,
        "window_first_date": window["day"].min(),
        "recent_first_date": recent["day"].min(),
    }


@settings(max_examples=150)
@given(rows, asked, st.sampled_from(sorted(RULES)))
def test_facts_are_those_of_plain_pandas(documents, pairs, name):
    rules = RULES[name]
    purchases, points = purchases_of(documents), points_of(pairs)
    found = facts_at(purchases, points, rules)
    assert list(found) == list(FACTS) and found.index.equals(points.index)
    for place, point in points.iterrows():
        expected = plain_facts(purchases, point["partner_id"], point["day"], rules)
        for column, value in expected.items():
            one = found.at[place, column]
            same = one == value or (pd.isna(one) and pd.isna(value))
            assert same, (column, point.to_dict(), one, value)
        assert not found.loc[place, list(NOT_TOLD)].any()


def test_the_order_of_documents_and_of_points_does_not_matter():
    log = random_log(3, customers=15)
    purchases = purchases_from(log)
    points = points_of([(who, day) for who in range(1, 17) for day in (0, 100, 400)])
    found = facts_at(purchases, points, RULES["year"])
    mixed = points.sample(frac=1, random_state=1)
    again = facts_at(purchases[::-1], mixed, RULES["year"])
    pd.testing.assert_frame_equal(again.sort_index(), found)


def purchases_from(log):
    """The frame of a log of documents."""
    return pd.DataFrame(
        {
            "partner_id": [item.partner for item in log],
            "day": np.array([item.moment for item in log], "datetime64[ns]"),
            "amount": [item.cents / 100 for item in log],
            "margin": [
                np.nan if item.margin_cents is None else item.margin_cents / 100
                for item in log
            ],
        }
    )


@pytest.mark.parametrize("as_of", ["2023-03-31", "2024-02-29", "2024-09-30"])
def test_facts_of_everybody_are_those_of_a_run(as_of):
    as_of = datetime.date.fromisoformat(as_of)
    log = random_log(11, customers=60)
    expected = facts_frame(log, as_of)
    points = pd.DataFrame({"partner_id": expected.index, "day": pd.Timestamp(as_of)})
    points.index = expected.index
    found = facts_at(purchases_from(log), points, limited())
    # The reference is unknown as soon as one margin is, the query sums the known.
    names = [name for name in expected if name != "margin"]
    pd.testing.assert_frame_equal(found[names], expected[names])


def test_cents_do_not_become_dust_behind_a_large_neighbour():
    documents = [(1, 0, 9e12, np.nan), (2, 0, 0.1, np.nan), (2, 1, 0.2, np.nan)]
    documents.append((2, 2, -0.3, np.nan))
    found = facts_at(purchases_of(documents), points_of([(2, 5)]), limited())
    assert found["revenue"].tolist() == [0.0]
    assert found["refund_amount"].tolist() == [0.3]
    assert np.isnan(found["margin"][0])


def test_days_may_be_numbers():
    purchases, points = purchases_of([(1, 0, 5.0, 1.0)]), points_of([(1, 0), (1, -1)])
    numbers = points.assign(day=points["day"].astype("int64") // 86_400_000_000_000)
    pd.testing.assert_frame_equal(
        facts_at(purchases, numbers, limited()), facts_at(purchases, points, limited())
    )


def test_a_document_without_a_day_never_happened_and_no_day_knows_nothing():
    purchases = purchases_of([(1, 0, 5.0, 1.0), (1, 1, 7.0, 1.0)])
    purchases.loc[1, "day"] = pd.NaT
    points = points_of([(1, 30), (1, 30)])
    points.loc[1, "day"] = pd.NaT
    found = facts_at(purchases, points, limited())
    assert found["lifetime_revenue"].tolist() == [5.0, 0.0]
    assert found["visit_count"].tolist() == [1, 0]


def test_nobody_and_nothing():
    nothing = purchases_of([])
    assert facts_at(nothing, points_of([(1, 0)]), limited())["order_count"][0] == 0
    assert facts_at(nothing, points_of([]), limited()).empty
    assert facts_at(purchases_of([(1, 0, 5.0, 1.0)]), points_of([]), limited()).empty


@pytest.mark.parametrize(
    "rules",
    [
        ranked(customers_per_bin=2, min_customers=3),
        limited(grace_days=5, one_step_down=True),
        ranked(value_metric="score", customers_per_bin=2, min_customers=3),
    ],
    ids=["ranked", "limited", "score"],
)
def test_classes_of_many_days_are_those_of_each_day(rules):
    """One call for rows of twelve different days, twelve runs for the same."""
    log = random_log(7, customers=40)
    edges = classify(facts_frame(log, TODAY), None, rules, TODAY).edges
    days = [TODAY - datetime.timedelta(23 * back) for back in range(12)]
    facts, before, expected = [], [], []
    for day in days:
        earlier, frame = (
            facts_frame(log, moment, partners=range(1, 41))
            for moment in (day - datetime.timedelta(20), day)
        )
        first = classify(earlier, None, rules, day - datetime.timedelta(20), edges)
        previous = state(earlier, first.frame)
        expected.append(classify(frame, previous, rules, day, edges).frame)
        facts.append(frame)
        before.append(previous)
    facts, before, expected = (
        pd.concat(frames, ignore_index=True) for frames in (facts, before, expected)
    )
    found = classes_at(facts, before, pd.Series(np.repeat(days, 40)), rules, edges)
    pd.testing.assert_frame_equal(found, expected.drop(columns="next_review_date"))


def test_half_a_million_points_take_seconds():
    dice = np.random.default_rng(1)
    count = 500_000
    start = np.datetime64("2020-01-01")
    purchases = pd.DataFrame(
        {
            "partner_id": dice.integers(1, 100_000, count),
            "day": (start + dice.integers(0, 1500, count)).astype("datetime64[ns]"),
            "amount": dice.integers(-100, 1000, count) / 100,
            "margin": np.nan,
        }
    )
    points = purchases[["partner_id", "day"]]
    started = time.monotonic()
    found = facts_at(purchases, points, limited())
    assert len(found) == count
    assert time.monotonic() - started < 20, "a loop over customers takes minutes"
