"""Limits of all products give some products the classes of a full run."""

import datetime
import json

import numpy as np
import pandas as pd
from engine import (
    Periods,
    ProductEdges,
    ProductParameters,
    classify_products,
    classify_variants,
    product_edges,
    product_facts,
)
from engine.products.abc import share_before
from engine.products.edges import share_by_curves, share_curves
from hypothesis import given
from hypothesis import strategies as st

AS_OF = datetime.date(2025, 6, 30)
cents = st.integers(-500, 10_000).map(lambda number: number / 100)
products = st.lists(
    st.tuples(cents, st.integers(0, 2), st.sampled_from([0, 5, 9.99, 20, 31]), cents),
    min_size=1,
    max_size=30,
)
rules = st.builds(
    ProductParameters,
    new_days=st.just(0),
    rank_by=st.sampled_from(["revenue", "margin", "quantity"]),
    rank_in_category=st.booleans(),
    band_in_category=st.booleans(),
    band_method=st.sampled_from(["quantile", "fixed"]),
    band_min_products=st.sampled_from([2, 5]),
)


def facts_of(rows, parameters):
    """``Sold`` of rows ``(revenue, category, price, margin)``."""
    periods = Periods(AS_OF, AS_OF - datetime.timedelta(364), parameters)
    revenue, category, price, margin = (
        list(column) for column in zip(*rows, strict=False)
    )
    sold = pd.DataFrame(
        {
            "product": range(len(rows)),
            "period": len(periods.starts),
            "revenue": revenue,
            "quantity": np.abs(revenue),
            "margin": margin,
            "line_count": 1,
            "first_day": pd.Timestamp("2025-06-03"),
            "last_day": pd.Timestamp("2025-06-03"),
        }
    )
    frame = pd.DataFrame(
        {"category": category, "list_price": price, "is_sellable": True}
    )
    return product_facts(sold, frame, periods, parameters)


def only(sold, places):
    return type(sold)(sold.facts.iloc[places], sold.demand[places], sold.lines[places])


def kept(edges):
    """The limits as a later run reads them."""
    return ProductEdges.from_json(json.loads(json.dumps(edges.to_json())))


@given(products, rules, st.randoms())
def test_some_by_the_limits_of_all(rows, parameters, random):
    sold = facts_of(rows, parameters)
    everything = classify_products(sold, None, parameters, AS_OF)
    edges = kept(product_edges(sold, sold, parameters))
    places = sorted(random.sample(range(len(rows)), random.randint(0, len(rows))))
    some = classify_products(only(sold, places), None, parameters, AS_OF, edges)
    pd.testing.assert_frame_equal(some, everything.iloc[places])
    variants = classify_variants(only(sold, places), parameters, AS_OF, edges)
    whole = classify_variants(sold, parameters, AS_OF)
    pd.testing.assert_frame_equal(variants, whole.iloc[places])


def test_a_value_between_known_ones():
    values, groups = np.array([80.0, 15.0, 5.0]), np.zeros(3, "int64")
    curves = share_curves(values, groups, share_before(values, groups))
    asked = np.array([90.0, 80.0, 20.0, 15.0, 7.0, 1.0, 0.0, np.nan])
    found = share_by_curves(asked, np.zeros(8, "int64"), curves)
    expected = [0, 0, 0.8, 0.8, 0.95, 1, np.nan, np.nan]
    np.testing.assert_array_equal(found, expected)


def test_a_category_that_nobody_knows():
    assert share_by_curves(np.array([3.0]), np.array([7]), {}).tolist() == [0.0]


def test_limits_stay_when_others_grow():
    parameters = ProductParameters(new_days=0)
    before = facts_of([(80, 0, 5, 1), (15, 0, 5, 1), (5, 0, 5, 1)], parameters)
    edges = kept(product_edges(before, None, parameters))
    after = facts_of([(80, 0, 5, 1), (900, 0, 5, 1), (5, 0, 5, 1)], parameters)
    some = classify_products(after, None, parameters, AS_OF, edges)
    assert some["abc"].tolist() == [1, 1, 3]
    whole = classify_products(after, None, parameters, AS_OF)
    assert whole["abc"].tolist() == [2, 1, 3]
