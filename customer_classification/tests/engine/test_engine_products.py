"""ABC, XYZ, price bands and sales lifecycle, against plain loops."""

import dataclasses
import datetime
import math
from statistics import pstdev

import numpy as np
import pandas as pd
import pytest
from engine import (
    Periods,
    ProductParameters,
    classify_products,
    product_changes,
    product_facts,
)
from engine.common.columns import day_number
from engine.common.stability import settle
from engine.products.abc import share_before
from engine.products.columns import (
    ABC,
    ABC_REASONS,
    BAND_REASONS,
    PRICE_BANDS,
    SALES_STAGES,
    STAGE_REASONS,
    XYZ,
    XYZ_REASONS,
)
from engine.products.price_band import price_band
from engine.products.xyz import variation
from hypothesis import given
from hypothesis import strategies as st

AS_OF = datetime.date(2025, 6, 30)
WINDOW = datetime.date(2024, 7, 1)
RULES = ProductParameters(new_days=0, min_months=3)

cents = st.integers(-50_000, 1_000_000).map(lambda number: number / 100)


def day(text):
    return pd.Timestamp(text)


def classified(sales, previous=None, rules=RULES, as_of=AS_OF, products=None):
    """``(facts, frame)`` of sales ``(product, day, quantity, revenue)``."""
    periods = Periods(as_of, as_of - datetime.timedelta(364), rules)
    sold = pd.DataFrame(sales, columns=["product", "day", "quantity", "revenue"])
    sold["day"] = pd.to_datetime(sold["day"])
    sold["period"] = [
        sum(start <= moment.date() for start in periods.starts)
        for moment in sold["day"]
    ]
    sold["margin"] = sold["revenue"]
    sold["line_count"] = (sold["quantity"] > 0).astype(int)
    sold["first_day"] = sold["last_day"] = sold["day"].where(sold["quantity"] > 0)
    if products is None:
        products = sorted(set(sold["product"]))
    frame = pd.DataFrame(
        {"category": 1, "list_price": 10.0, "is_sellable": True}, pd.Index(products)
    )
    found = product_facts(sold, frame, periods, rules)
    return found.facts, classify_products(found, previous, rules, as_of)


def words(codes, names):
    return [names[code - 1] if code else None for code in codes]


# ABC


def plain_abc(values, limits=(0.8, 0.95)):
    """Class by class, with nothing but a loop."""
    total = math.fsum(value for value in values if value > 0)
    classes = []
    for value in values:
        if value <= 0:
            classes.append("c")
            continue
        before = math.fsum(other for other in values if other > value)
        share = round(before / total, 9)
        classes.append("a" if share < limits[0] else "b" if share < limits[1] else "c")
    return classes


def sales_of(values):
    return [(number, "2025-03-10", 1, value) for number, value in enumerate(values)]


@given(st.lists(cents, min_size=1, max_size=40))
def test_abc_as_by_a_loop(values):
    __, frame = classified(sales_of(values))
    assert words(frame["abc"], ABC) == plain_abc(values)


@given(st.lists(cents, min_size=2, max_size=30), st.randoms())
def test_abc_does_not_depend_on_the_order(values, random):
    order = list(range(len(values)))
    random.shuffle(order)
    __, straight = classified(sales_of(values))
    __, shuffled = classified(sales_of([values[place] for place in order]))
    assert straight["abc"].iloc[order].tolist() == shuffled["abc"].tolist()


@given(st.lists(st.sampled_from([1.0, 2.0, 50.0]), min_size=1, max_size=30))
def test_equal_products_have_one_class(values):
    __, frame = classified(sales_of(values))
    by_value = {}
    for value, found in zip(values, frame["abc"], strict=True):
        assert by_value.setdefault(value, found) == found


@given(st.lists(cents, min_size=1, max_size=20), st.sampled_from([2, 7, 100]))
def test_abc_does_not_depend_on_the_unit(values, factor):
    whole = [round(value * 100) for value in values]
    __, frame = classified(sales_of(whole))
    __, scaled = classified(sales_of([value * factor for value in whole]))
    assert frame["abc"].tolist() == scaled["abc"].tolist()


def test_the_one_that_crosses_a_limit_has_the_better_class():
    __, frame = classified(sales_of([800, 150, 50]))
    assert words(frame["abc"], ABC) == ["a", "b", "c"]
    __, frame = classified(sales_of([799, 151, 50]))
    assert words(frame["abc"], ABC) == ["a", "a", "c"]


@pytest.mark.parametrize("value", [0, -5])
def test_nothing_earned(value):
    __, frame = classified(sales_of([value]))
    assert words(frame["abc"], ABC) == ["c"]
    assert words(frame["abc_reason"], ABC_REASONS) == ["nothing_earned"]


def test_share_within_groups():
    found = share_before(np.array([10.0, 30, 5, 5]), np.array([1, 1, 2, 2]))
    assert found.tolist() == [0.75, 0, 0, 0]


def test_never_sold_lapsed_and_unknown():
    rules = ProductParameters(rank_by="margin")
    sales = [(1, "2024-05-01", 1, 10.0), (2, "2025-03-01", 1, math.nan)]
    __, frame = classified(sales, rules=rules, products=[1, 2, 3])
    assert words(frame["abc_reason"], ABC_REASONS) == ["lapsed", "unknown", "not_sold"]
    assert words(frame["abc"], ABC) == ["c", None, None]


# Leaving a class


def settled(before, limit, tolerance, since=math.nan, grace=30, today=100.0):
    found = settle(
        *(np.array([one]) for one in (before, limit, tolerance)),
        np.array([since]),
        grace,
        today,
    )
    since = found.since[0]
    return int(found.place[0]), None if math.isnan(since) else since


@pytest.mark.parametrize(
    ("before", "limit", "tolerance", "since", "expected"),
    [
        (-1, 2, 1, math.nan, (2, None)),  # nothing to keep
        (2, 0, 0, 50.0, (0, None)),  # up at once
        (0, 1, 0, 50.0, (0, None)),  # within the tolerance
        (0, 2, 1, math.nan, (0, 100.0)),  # beyond it from today
        (0, 2, 1, 71.0, (0, 71.0)),  # for 29 days
        (0, 2, 1, 70.0, (1, None)),  # for 30 days: to what the tolerance says
    ],
)
def test_left_late(before, limit, tolerance, since, expected):
    assert settled(before, limit, tolerance, since) == expected


def previous_of(frame, facts, policy=1):
    return frame.join(
        facts[["lifetime_line_count", "lifetime_revenue", "list_price", "is_sellable"]]
    ).assign(policy=policy)


def test_other_rules_remember_nothing():
    facts, frame = classified(sales_of([1_000, 900]))
    before = previous_of(frame.assign(abc=1), facts)
    moved = sales_of([1_000, 1])
    __, same = classified(moved, before)
    __, other = classified(moved, before, ProductParameters(policy=2, new_days=0))
    assert words(same["abc"], ABC) == ["a", "a"]
    assert words(other["abc"], ABC) == ["a", "c"]


# XYZ


@given(
    st.lists(st.integers(-5, 20), min_size=12, max_size=12),
    st.integers(1, 12),
)
def test_variation_as_by_a_loop(quantities, months):
    cv, __ = variation(np.array([quantities], float), np.array([months]))
    counted = quantities[-months:]
    mean = sum(counted) / months
    if mean <= 0:
        assert math.isnan(cv[0])
    else:
        assert cv[0] == pytest.approx(pstdev(counted) / mean, abs=1e-8)


def month_sales(quantities, product=1, last=(2025, 6)):
    """Return a sale in each of consecutive months, 0 for none."""
    end = last[0] * 12 + last[1] - 1
    return [
        (product, f"{number // 12}-{number % 12 + 1:02}-15", quantity, quantity)
        for number, quantity in enumerate(quantities, end - len(quantities) + 1)
        if quantity
    ]


@pytest.mark.parametrize(
    ("quantities", "expected"),
    [
        ([10] * 12, "x"),
        ([5, 15] * 6, "x"),  # 0.5 is still X
        ([4, 16] * 6, "y"),
        ([0, 20] * 6, "y"),  # first sold 11 months ago
        ([1, *[0] * 10, 20], "z"),
    ],
)
def test_xyz(quantities, expected):
    __, frame = classified(month_sales(quantities))
    assert words(frame["xyz"], XYZ) == [expected]


def test_partial_month_and_months_before_the_first_sale_do_not_count():
    sales = [*month_sales([10] * 6, last=(2025, 5)), (1, "2025-06-03", 500, 1)]
    as_of = datetime.date(2025, 6, 29)
    __, frame = classified(sales, as_of=as_of)
    assert (frame["cv"].iloc[0], frame["month_count"].iloc[0]) == (0, 6)


@pytest.mark.parametrize(
    ("sales", "reason"),
    [
        (month_sales([10] * 2), "too_few_months"),
        ([(1, "2023-01-10", 5, 5)], "not_sold"),
        ([*month_sales([10] * 12), (1, "2025-06-16", -120, -120)], "no_demand"),
    ],
)
def test_not_by_variation(sales, reason):
    __, frame = classified(sales)
    assert words(frame["xyz_reason"], XYZ_REASONS) == [reason]


def test_xyz_over_a_fixed_number_of_months():
    """Months before the first sale count as months without one."""
    rules = dataclasses.replace(RULES, xyz_months=12, min_months=6)
    __, young = classified(month_sales([10] * 3), rules=rules)
    expected = pstdev([0] * 9 + [10] * 3) / 2.5
    assert words(young["xyz"], XYZ) == ["z"]
    assert (young["cv"].iloc[0], young["month_count"].iloc[0]) == (
        pytest.approx(expected),
        12,
    )
    __, old = classified(month_sales([10] * 12), rules=rules)
    assert words(old["xyz"], XYZ) == ["x"]


def test_xyz_over_more_months_than_the_window():
    rules = dataclasses.replace(RULES, xyz_months=30)
    __, frame = classified(month_sales([10] * 30), rules=rules)
    assert (frame["cv"].iloc[0], frame["month_count"].iloc[0]) == (0, 30)


# Price bands


def bands(prices, categories=None, sellable=True, **rules):
    facts = pd.DataFrame(
        {
            "list_price": np.array(prices, float),
            "category": categories or 1,
            "is_sellable": sellable,
        }
    )
    found = price_band(facts, ProductParameters(**rules))
    return words(found.code, PRICE_BANDS), words(found.reason, BAND_REASONS)


@given(st.lists(st.integers(1, 50), min_size=5, max_size=30))
def test_bands_as_by_type_7_quantiles(prices):
    found, __ = bands(prices)
    if len(set(prices)) == 1:
        assert set(found) == {"middle"}
        return
    low, high = np.quantile(prices, [1 / 3, 2 / 3])
    for price, band in zip(prices, found, strict=True):
        expected = (
            "budget" if price <= low else "middle" if price <= high else "premium"
        )
        assert band == expected


def test_small_categories_are_compared_with_all():
    prices = [*range(1, 7), 100, 200]
    found, reasons = bands(prices, [1] * 6 + [2, 2])
    assert found[:6] == ["budget"] * 2 + ["middle"] * 2 + ["premium"] * 2
    assert (found[6:], reasons[6:]) == (["premium"] * 2, ["all"] * 2)


def test_without_price_and_fixed():
    assert bands([0, 5])[0] == [None, "middle"]
    assert bands([])[0] == []
    found, __ = bands([19, 20, 50], band_method="fixed", band_low=20, band_high=50)
    assert found == ["budget", "middle", "premium"]


# Sales lifecycle


@pytest.mark.parametrize(
    ("quantities", "stage", "reason"),
    [
        ([5] * 30, "maturity", "steady"),
        ([2] * 24 + [4] * 6, "growth", "rising"),
        ([4] * 24 + [2] * 6, "decline", "falling"),
        ([1, 1, 1, 9, 9, 9] * 5, "maturity", "steady"),  # a season is no trend
        ([2] * 4 + [6] * 4, "growth", "rising"),  # younger than a year and a half
        ([1] * 3, "introduction", "young"),
        ([5] + [0] * 12, "end_of_life", "no_sales"),
        ([1] + [0] * 9 + [1], "maturity", "few_sales"),
    ],
)
def test_life(quantities, stage, reason):
    __, frame = classified(month_sales(quantities))
    assert words(frame["sales_lifecycle"], SALES_STAGES) == [stage]
    assert words(frame["lifecycle_reason"], STAGE_REASONS) == [reason]


@given(st.lists(st.integers(0, 9), min_size=30, max_size=30))
def test_trend_as_by_a_loop(quantities):
    quantities[0] = 1  # known for 30 months
    __, frame = classified(month_sales(quantities))
    now, then = sum(quantities[24:]), sum(quantities[12:18])
    lines = max(
        *(sum(map(bool, part)) for part in (quantities[24:], quantities[12:18]))
    )
    found = frame["trend"].iloc[0]
    if lines < 3:
        assert math.isnan(found)
    else:
        assert found == pytest.approx((now - then) / (now + then), abs=1e-8)


def test_growth_ends_below_half_its_limit():
    quantities = [4] * 24 + [5] * 6  # 1 / 9
    facts, frame = classified(month_sales(quantities))
    assert words(frame["sales_lifecycle"], SALES_STAGES) == ["maturity"]
    before = previous_of(frame.assign(sales_lifecycle=2), facts)
    __, kept = classified(month_sales(quantities), before)
    assert words(kept["sales_lifecycle"], SALES_STAGES) == ["growth"]


# Facts and changes


@given(
    st.lists(
        st.tuples(
            st.integers(1, 4),
            st.dates(datetime.date(2022, 1, 1), AS_OF),
            st.integers(-3, 9),
            cents,
        ),
        min_size=1,
        max_size=40,
    )
)
def test_facts_as_by_a_loop(sales):
    facts, frame = classified(sales)
    for product, row in facts.iterrows():
        own = [sale for sale in sales if sale[0] == product]
        recent = [sale for sale in own if sale[1] >= WINDOW]
        real = [sale[1] for sale in own if sale[2] > 0]
        assert row["revenue"] == pytest.approx(sum(s[3] for s in recent), abs=0.006)
        assert row["quantity"] == sum(s[2] for s in recent)
        assert row["line_count"] == sum(s[2] > 0 for s in recent)
        assert row["lifetime_line_count"] == len(real)
        if real:
            assert row["first_sale"] == day_number(min(real))
            assert row["last_sale"] == day_number(max(real))
        else:
            assert math.isnan(row["first_sale"])
            assert frame.loc[product, "sales_lifecycle"] == 0


def test_changes_and_their_causes():
    sales = month_sales([5] * 30)
    facts, frame = classified(sales)
    first = product_changes(None, facts, frame, RULES)
    assert first["axis"].tolist() == [1, 2, 3, 4]
    assert set(first["cause"]) == {1}
    before = previous_of(frame, facts)
    assert product_changes(before, facts, frame, RULES).empty
    moved = frame.assign(abc=3)
    for rules, known, cause in (
        (RULES, before, 3),
        (ProductParameters(policy=2), before, 2),
        (RULES, before.assign(list_price=1.0), 1),
    ):
        found = product_changes(known, facts, moved, rules)
        assert found[["axis", "from", "to", "cause"]].values.tolist() == [
            [1, 1, 3, cause]
        ]


def test_periods():
    periods = Periods(datetime.date(2025, 6, 15), datetime.date(2024, 6, 16), RULES)
    assert periods.month_count == 18
    assert periods.starts[0] == datetime.date(2023, 12, 1)
    assert periods.starts[-1] == datetime.date(2025, 6, 1)
    assert len(periods.starts) == 20
    assert periods.month()[-1] == -1
    assert sum(periods.is_in_window()) == 13
    assert periods.month_of_day(datetime.date(2023, 12, 31)) == 0


def test_nothing_at_all():
    facts, frame = classified([], products=[])
    assert len(facts) == len(frame) == 0
