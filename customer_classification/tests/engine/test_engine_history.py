"""Facts from all purchases at once equal those found otherwise."""

import datetime

import numpy as np
import pandas as pd
import pytest
from builders import limited
from engine import FACTS, facts_at, lay_out, roll_up, usual_gap
from engine.customers.history import NOT_ASKED
from hypothesis import given, settings
from hypothesis import strategies as st

AS_OF = datetime.date(2024, 2, 29)
TODAY = (AS_OF - datetime.date(1970, 1, 1)).days
RULES = {
    "year": limited(),
    "odd": limited(window_months=5),
    "month": limited(window_months=1),
    "yen": limited(currency_digits=0, window_months=7),
}
NOT_TOLD = [name for name in FACTS if name.startswith("open_")]

amounts = st.one_of(
    st.sampled_from([0.0, 0.1, 0.2, 0.3, -0.3, 1e9]),
    st.integers(-50_000, 100_000).map(lambda cents: cents / 100),
)
margins = st.one_of(st.just(np.nan), st.integers(-500, 500).map(float))
documents = st.lists(
    st.tuples(st.integers(1, 5), st.integers(0, 800), amounts, margins), max_size=40
)


def purchases_of(rows):
    """A frame of (customer, days before the as-of date, amount, margin)."""
    frame = pd.DataFrame(rows, columns=["partner_id", "day", "amount", "margin"])
    return frame.astype({"amount": "float64", "margin": "float64"}).assign(
        partner_id=frame["partner_id"].astype("int32"),
        day=(TODAY - frame["day"].astype("int64")).astype("int32"),
    )


def replayed(purchases, customers, rules):
    points = pd.DataFrame({"partner_id": list(customers), "day": float(TODAY)})
    facts = facts_at(purchases, points, rules).drop(columns=NOT_TOLD)
    return facts.set_axis(points["partner_id"], axis="index")


@pytest.mark.parametrize("name", RULES)
@given(rows=documents)
@settings(max_examples=60, deadline=None)
def test_as_replayed(name, rows):
    rules, purchases = RULES[name], purchases_of(rows)
    history = roll_up(purchases, rules, AS_OF)
    found = lay_out(history, pd.Index(range(1, 7), name="partner_id"))
    expected = replayed(purchases, found.index, rules)
    pd.testing.assert_frame_equal(
        found[list(expected)], expected, check_dtype=False, check_index_type=False
    )


@given(rows=documents, seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_order_of_the_documents_does_not_matter(rows, seed):
    purchases = purchases_of(rows)
    shuffled = purchases.sample(frac=1, random_state=seed)
    one, other = (
        roll_up(frame, RULES["year"], AS_OF).sort_index()
        for frame in (purchases, shuffled)
    )
    pd.testing.assert_frame_equal(one, other, check_exact=True)


@given(rows=documents, parts=st.integers(2, 4))
@settings(max_examples=60, deadline=None)
def test_customers_can_be_taken_in_parts(rows, parts):
    purchases = purchases_of(rows)
    whole = roll_up(purchases, RULES["odd"], AS_OF).sort_index()
    pieces = [
        roll_up(piece, RULES["odd"], AS_OF)
        for part in range(parts)
        for piece in [purchases[purchases["partner_id"] % parts == part]]
    ]
    pd.testing.assert_frame_equal(
        pd.concat(pieces).sort_index(), whole, check_exact=True
    )


def test_one_customer_by_hand():
    rows = [
        *((7, 400, 50.0, np.nan), (7, 200, 0.1, 4.0), (7, 200, 0.2, np.nan)),
        *((7, 90, -12.5, -2.0), (7, 3, 9.0, np.nan), (7, 1, 0.0, np.nan)),
    ]
    found = roll_up(purchases_of(rows), RULES["year"], AS_OF).loc[7]
    ages = {
        name: TODAY - found[name].to_datetime64().astype("datetime64[D]").astype(int)
        for name in found.index
        if name.endswith("_date")
    }
    assert ages == {
        "first_purchase_date": 400,
        "last_purchase_date": 3,
        "previous_purchase_date": 200,
        "window_first_date": 200,
        "recent_first_date": 90,
    }
    counts = ("visit_count", "lifetime_order_count", "order_count")
    assert [found[name] for name in counts] == [3, 4, 3]
    assert (found["lifetime_revenue"], found["revenue"]) == (46.8, -3.2)
    assert (found["revenue_recent"], found["revenue_previous"]) == (-3.5, 0.3)
    assert (found["refund_amount"], found["margin"]) == (12.5, 2.0)


def test_who_bought_nothing_has_nothing():
    history = roll_up(purchases_of([(1, 5, 20.0, np.nan)]), RULES["year"], AS_OF)
    row = lay_out(history, pd.Index([2, 1])).loc[2]
    assert row.filter(like="_date").isna().all() and np.isnan(row["margin"])
    assert not row.drop(row.filter(like="_date").index).drop("margin").any()


def test_no_purchase_at_all():
    history = roll_up(purchases_of([]), RULES["year"], AS_OF)
    assert history.empty
    told = set(FACTS) - set(NOT_TOLD)
    assert set(history) == told | {"unknown_margin_count"}
    assert lay_out(history, pd.Index([3]))["visit_count"].tolist() == [0]


@given(rows=documents)
@settings(max_examples=40, deadline=None)
def test_gap_found_on_the_way(rows):
    """The gap of all may be found in the facts of the same pass."""
    purchases = purchases_of(rows)
    gap = usual_gap(roll_up(purchases, RULES["year"], AS_OF))
    pd.testing.assert_frame_equal(
        roll_up(purchases, RULES["year"], AS_OF, usual_gap),
        roll_up(purchases, RULES["year"], AS_OF, gap),
    )


def test_last_day_on_which_a_quotation_was_asked_for():
    purchases = purchases_of(
        [(1, 40, 20.0, np.nan), (1, 10, 20.0, np.nan), (2, 5, 9.0, np.nan)]
    )
    asked = purchases.assign(asked=np.array([5, 50, NOT_ASKED], "int32"))
    found = roll_up(asked, RULES["year"], AS_OF)["last_asked_date"]
    assert found[1].date() == AS_OF - datetime.timedelta(days=45)
    assert pd.isna(found[2])
