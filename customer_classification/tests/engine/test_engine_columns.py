"""Odd input is accepted, and the output has its types."""

import datetime
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builders import (
    LOW,
    TODAY,
    UNRATED,
    ago,
    bought,
    facts,
    limited,
    never,
    ranked,
    row,
    state,
    was,
)
from engine import FACTS, PREVIOUS, RESULT, Edges, classify

MONEY = [name for name, column in FACTS.items() if column.kind == "money"]
COUNTS = [name for name, column in FACTS.items() if column.kind == "count"]


def codes(notes):
    return [note["code"] for note in notes]


def assert_types(frame):
    assert list(frame.columns) == list(RESULT)
    for name, kind in RESULT.items():
        expected = "datetime64[ns]" if kind == "day" else kind
        assert frame[name].dtype == expected, name


def test_the_engine_loads_without_numpy_and_pandas():
    folder = Path(__file__).resolve().parents[2]
    code = (
        "import sys; import engine; "
        "sys.exit(bool({'numpy', 'pandas', 'odoo'} & set(sys.modules)))"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-B", "-c", code], cwd=folder, check=False, timeout=60
    )
    assert done.returncode == 0


def test_an_empty_frame():
    frame = facts()
    result = classify(frame, None, ranked(), TODAY)
    assert result.frame.empty
    assert_types(result.frame)
    assert codes(result.notes) == [
        "no_gaps",
        *["few_customers_for_bins"] * 3,
        "few_customers_for_tiers",
    ]
    assert result.edges == Edges()
    given = classify(frame, was(frame), ranked(), TODAY, result.edges)
    assert given.notes == [] and given.frame.empty


@pytest.mark.parametrize(
    ("fact", "value_score"),
    [(row(), None), (never(), None), (bought(0), None), (bought(400, 500), 0.0)],
)
def test_one_customer(fact, value_score):
    """A single customer has no score and no tier.

    There is nobody to compare with; only a customer who bought long ago scores 0.
    """
    result = classify(facts(fact), None, ranked(), TODAY)
    assert_types(result.frame)
    assert result.frame["value_tier"].tolist() == [UNRATED]
    scores = result.frame["value_score"].dropna().tolist()
    assert scores == ([] if value_score is None else [value_score])


def test_rows_come_back_in_their_order():
    frame = facts(row(), never(), bought(3)).loc[[3, 1, 2]]
    result = classify(frame, None, limited(), TODAY).frame
    assert result.index.equals(frame.index)
    assert result["recency_days"].tolist() == [3, 10, -1]


def test_the_frames_given_are_not_changed():
    frame = facts(row(revenue=0.1 + 0.2), row(revenue=np.inf), never())
    previous = was(frame)
    frame_before, previous_before = frame.copy(), previous.copy()
    classify(frame, previous, limited(), TODAY)
    pd.testing.assert_frame_equal(frame, frame_before)
    pd.testing.assert_frame_equal(previous, previous_before)


def test_missing_columns_are_named():
    with pytest.raises(ValueError, match="facts lack revenue, margin"):
        classify(
            facts(row()).drop(columns=["revenue", "margin"]), None, ranked(), TODAY
        )
    frame = facts(row())
    with pytest.raises(ValueError, match="previous state lack policy"):
        classify(frame, was(frame).drop(columns="policy"), ranked(), TODAY)


def test_a_customer_twice_is_refused():
    frame = facts(row(), row())
    with pytest.raises(ValueError, match="facts have a customer more than once"):
        classify(frame.rename(index={2: 1}), None, ranked(), TODAY)
    with pytest.raises(ValueError, match="previous state have a customer more than"):
        classify(frame, was(frame).rename(index={2: 1}), ranked(), TODAY)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", MONEY)
def test_money_that_is_no_number_counts_as_nothing_and_is_told(name, value):
    odd = facts(row(**{name: value}), row())
    plain = facts(row(**{name: 0.0}), row())
    found = classify(odd, None, limited(), TODAY)
    expected = classify(plain, None, limited(), TODAY)
    pd.testing.assert_frame_equal(found.frame, expected.frame)
    note = {"code": "not_finite", "column": name, "customers": 1}
    assert note in found.notes and note not in expected.notes


@pytest.mark.parametrize("name", COUNTS)
def test_counts_that_are_no_numbers_count_as_nothing(name):
    frame = facts(row(), row())
    frame[name] = frame[name].astype("float64")
    frame.loc[1, name] = np.nan
    result = classify(frame, None, limited(), TODAY)
    expected = classify(facts(row(**{name: 0}), row()), None, limited(), TODAY)
    pd.testing.assert_frame_equal(result.frame, expected.frame)
    assert "not_finite" in codes(result.notes)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_margin_may_be_unknown(value):
    rules = limited(value_metric="margin")
    result = classify(facts(row(margin=value)), None, rules, TODAY)
    assert result.frame["value_tier"][1] == UNRATED
    assert "not_finite" not in codes(result.notes)


def test_types_of_a_database_driver():
    """Object columns are read like numpy's own types.

    Days as dates, amounts as Decimal, unsigned or small integers.
    """
    plain = facts(row(), never(), bought(5, 50))
    odd = plain.copy()
    for name, column in FACTS.items():
        if column.kind == "day":
            days = [None if pd.isna(day) else day.date() for day in plain[name]]
            odd[name] = pd.Series(days, plain.index, dtype=object)
        elif column.kind == "money":
            amounts = [Decimal(str(amount)) for amount in plain[name]]
            odd[name] = pd.Series(amounts, plain.index, dtype=object)
    odd["order_count"] = odd["order_count"].astype("uint8")
    odd["visit_count"] = odd["visit_count"].astype("uint64")
    odd["lifetime_order_count"] = odd["lifetime_order_count"].astype("int16")
    expected = classify(plain, None, limited(), TODAY)
    found = classify(odd, None, limited(), TODAY)
    pd.testing.assert_frame_equal(found.frame, expected.frame)


def test_columns_of_nothing_at_all():
    frame = facts(never(), never())
    for name, column in FACTS.items():
        if column.kind == "day":
            frame[name] = np.nan
    result = classify(frame, None, limited(), TODAY).frame
    assert result["lifecycle_stage"].tolist() == [1, 1]


def test_a_time_of_the_day_is_dropped():
    frame = facts(bought(5, 50))
    late = frame.copy()
    for name, column in FACTS.items():
        if column.kind == "day":
            late[name] = late[name] + pd.Timedelta("23h 59min 59s")
    pd.testing.assert_frame_equal(
        classify(frame, None, limited(), TODAY).frame,
        classify(late, None, limited(), TODAY).frame,
    )


def test_previous_in_any_order_with_others_or_nobody():
    frame = facts(*(bought(n, 90 + n) for n in range(5)))
    rules = limited()
    previous = was(frame, value_tier=11)
    expected = classify(frame, previous, rules, TODAY).frame
    assert expected["held_back"].all()
    stranger = previous.rename(index={1: 99}).loc[[99]]
    mixed = pd.concat([previous[::-1], stranger])
    found = classify(frame, mixed, rules, TODAY).frame
    pd.testing.assert_frame_equal(found, expected)
    part = classify(frame, previous.loc[[4, 2]], rules, TODAY).frame
    assert part["held_back"].tolist() == [False, True, False, True, False]
    nobody = classify(frame, previous.iloc[:0], rules, TODAY).frame
    assert not nobody["held_back"].any()
    assert set(previous) == set(PREVIOUS)


def test_a_purchase_of_the_future_counts_as_of_today_and_is_told():
    tomorrow = TODAY + datetime.timedelta(1)
    frame = facts(bought(0, today=tomorrow), bought(0, 30))
    result = classify(frame, None, limited(), TODAY)
    assert {"code": "future_dates", "customers": 1} in result.notes
    assert result.frame["recency_days"].tolist() == [0, 0]
    assert result.frame["tenure_days"].tolist() == [0, 30]


def test_days_far_away_do_not_overflow():
    """Days beyond the range of datetime64[ns] do not overflow.

    A gap of a century puts the review there.
    """
    fact = row(
        first_purchase_date=datetime.date(1700, 1, 1),
        previous_purchase_date=datetime.date(1700, 1, 1),
        visit_count=2,
    )
    result = classify(facts(fact), None, limited(shrinkage=0), TODAY).frame
    assert result["expected_purchase_date"][1].year == 2262
    frame = facts(bought(5, 50))
    classified = classify(frame, None, limited(), datetime.date(2199, 12, 31)).frame
    assert classified["lifecycle_stage"][1] == 7


def test_dust_of_cents_is_nothing():
    """5 customers of Online Retail have a net of 1e-13 in place of 0."""
    dust = sum([0.1] * 3) - 0.3
    assert dust > 0
    found = classify(
        facts(row(revenue=dust, revenue_recent=-dust, revenue_previous=dust)),
        None,
        limited(0.000001, 0, -1),
        TODAY,
    ).frame
    assert found["average_order"][1] == 0
    assert np.isnan(found["growth"][1])
    assert found["value_tier"][1] == 12  # 0, not above 0


def test_currency_without_cents():
    rules = limited(1000, 100, 0, currency_digits=0)
    found = classify(facts(row(revenue=999.6)), None, rules, TODAY).frame
    assert found["value_tier"][1] == 11


def test_the_same_data_on_the_same_day_changes_nothing():
    frame = facts(row(), bought(400, 500), bought(200), never(), bought(0))
    for rules in (limited(), limited(one_step_down=True, grace_days=0), ranked()):
        previous = was(frame, value_tier=11, tier_below_since=ago(50))
        for __ in range(2):
            first = classify(frame, previous, rules, TODAY).frame
            again = classify(frame, state(frame, first), rules, TODAY).frame
            pd.testing.assert_frame_equal(first, again)
            previous = was(frame, value_tier=LOW)
