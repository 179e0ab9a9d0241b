"""Next products: due again, stopped, and new ones by their neighbours."""

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from engine.common.groups import highest, sorted_numbers
from engine.customers.neighbours import (
    nearest,
    new_products,
    next_products,
)
from engine.customers.next_products import (
    due_again,
    due_score,
    product_habits,
    stopped,
)
from hypothesis import given
from hypothesis import strategies as st
from purchase_histories import (
    last_basket_hidden,
    recall_and_hits,
    reseller_products,
    retail_products,
)

rows = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 7)), max_size=40)


def lines(table):
    return pd.DataFrame(table, columns=["partner_id", "product_id", "day"])


def bought(table):
    return pd.DataFrame(table, columns=["partner_id", "product_id"], dtype="int64")


def learnt(table):
    return nearest(table.drop_duplicates())


# Measured


@pytest.mark.parametrize(
    ("data", "all_recall", "new_hits"),
    [(reseller_products, 0.36, 0.43), (retail_products, 0.20, 0.28)],
)
def test_the_hidden_last_basket(data, all_recall, new_hits):
    if data() is None:
        pytest.skip("the data are not at hand")
    before, hidden, new = last_basket_hidden(data())
    near = learnt(before[["partner_id", "product_id"]])
    habits = product_habits(before, 0)
    habits = habits.assign(score=due_score(habits))
    recall, __ = recall_and_hits(next_products(habits, near), hidden)
    assert recall >= all_recall
    __, hits = recall_and_hits(new_products(habits, near), new)
    assert hits >= new_hits


# Neighbours


@given(rows)
def test_pairs_are_counted_once_a_customer(table):
    """Both ways, from two customers on."""
    baskets = {}
    for partner, product in table:
        baskets.setdefault(partner, set()).add(product)
    pairs = Counter(
        pair
        for basket in baskets.values()
        for pair in itertools.permutations(basket, 2)
    )
    buyers = Counter(product for basket in baskets.values() for product in basket)
    found = learnt(bought(table)).drop(columns="similarity")
    assert {(a, b): counts for a, b, *counts in found.itertuples(index=False)} == {
        (a, b): [both, buyers[a]] for (a, b), both in pairs.items() if both > 1
    }


def test_many_pairs_are_counted_in_parts(monkeypatch):
    from engine.customers import neighbours

    table = bought([(p, q) for p in range(30) for q in range(p % 9 + 1)])
    near = learnt(table)
    one = new_products(table, near)
    mixed = next_products(table.assign(score=0.5), near)
    for cells in (0, 4, 10**6):  # all are sorted, or counted
        monkeypatch.setattr(neighbours, "_CELLS_OF_A_PAIR", cells)
        for pairs in (1, 7, 100):
            monkeypatch.setattr(neighbours, "_PAIRS", pairs)
            pd.testing.assert_frame_equal(learnt(table), near)
            pd.testing.assert_frame_equal(new_products(table, near), one)
            pd.testing.assert_frame_equal(
                next_products(table.assign(score=0.5), near), mixed
            )


def test_a_new_product_has_its_counts():
    """18 of 25 who buy 1 buy 2; one more buys 1 alone."""
    table = [(p, 1) for p in range(25)] + [(p, 2) for p in range(18)]
    found = new_products(bought([*table, (99, 1)]), learnt(bought(table)))
    assert found["partner_id"].tolist() == [*range(18, 25), 99]
    last = found.iloc[-1]
    assert (last["product_id"], last["because_id"]) == (2, 1)
    assert (last["both_count"], last["buyer_count"]) == (18, 25)


def test_the_reason_is_the_nearest_product():
    table = [(p, q) for p in range(10) for q in (1, 2, 3)]
    table += [(p, 2) for p in range(10, 40)]
    found = new_products(bought([(99, 1), (99, 2)]), learnt(bought(table)))
    assert found[["product_id", "because_id"]].to_numpy().tolist() == [[3, 1]]


def test_one_customer_makes_no_neighbours():
    assert learnt(bought([(1, 1), (1, 2), (2, 1)])).empty


@given(rows, rows)
def test_what_was_bought_is_never_new(table, others):
    own = bought(table).drop_duplicates()
    found = new_products(own, learnt(bought(others)), 3)
    pairs = set(zip(found["partner_id"], found["product_id"], strict=True))
    assert not pairs & set(own.itertuples(index=False, name=None))
    assert len(pairs) == len(found)
    assert (found.groupby("partner_id").size() <= 3).all()
    assert (found["both_count"] <= found["buyer_count"]).all()


@given(rows, st.randoms())
def test_the_order_of_lines_decides_nothing(table, dice):
    own = bought(table).drop_duplicates()
    shuffled = own.sample(frac=1, random_state=dice.randrange(1000))
    one = new_products(own, learnt(own))
    pd.testing.assert_frame_equal(one, new_products(shuffled, learnt(shuffled)))


def test_many_customers_and_products():
    """Their product is more than short whole numbers hold."""
    near = learnt(bought([(p, q) for p in range(10) for q in (1, 2)]))
    last = range(49_990, 50_000)
    table = [(p, p + 10) for p in range(50_000)] + [(p, 1) for p in last]
    table += [(p, 2) for p in last[5:]]  # nothing is new for these
    found = new_products(bought(table), near)
    assert found["partner_id"].tolist() == [*last[:5]]
    assert found["product_id"].unique().tolist() == [2]


def test_nobody():
    none = bought([])
    assert new_products(none, learnt(none)).empty
    assert next_products(none.assign(score=0.0), learnt(none)).empty
    empty = product_habits(lines([]).astype("int64"), 0)
    assert due_again(empty).empty and stopped(empty).empty


def test_what_was_bought_and_what_is_new_are_listed_together():
    """A little of the nearness beside the score of what was bought."""
    table = bought([(p, q) for p in range(10) for q in (1, 2, 3)])
    own = bought([(99, 1), (99, 2)]).assign(score=[0.1, 0.5])
    found = next_products(own, learnt(table))
    assert found["product_id"].tolist() == [2, 1, 3]
    assert found["score"].round(3).tolist() == [0.6, 0.2, 0.2]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=120),
    st.integers(1, 6),
)
def test_the_highest_of_each_group(table, count):
    """Many of a group, few, none, and equal ones, beside a plain sort."""
    table = sorted(table)
    group, tenths = (np.array([row[n] for row in table], "int64") for n in (0, 1))
    value = tenths / 10 + 1e-12 * (tenths % 2)  # equal in short precision
    tie = np.arange(len(table)) % 7
    order = sorted(range(len(table)), key=lambda n: (group[n], -value[n], tie[n], n))
    places = Counter()
    expected = []
    for row in order:
        places[group[row]] += 1
        if places[group[row]] <= count:
            expected.append(row)
    assert highest(group, value, count, tie).tolist() == expected


@given(st.lists(st.integers(0, 2**62 - 1)))
def test_numbers_are_sorted_digit_by_digit(values):
    values = np.array(values, "int64")
    found = sorted_numbers(values, int(values.max(initial=0)).bit_length())
    assert found.tolist() == sorted(values.tolist())


# Due again and stopped


def test_habits():
    table = [(1, 7, 0), (1, 7, 10), (1, 7, 10), (1, 7, 40), (1, 8, 30), (2, 7, 40)]
    found = product_habits(lines([*table, (1, 7, 99)]), 50)
    assert found["times"].tolist() == [3, 1, 1]
    assert found["last_days"].tolist() == [10, 20, 10]
    assert found["gap"].fillna(-1).tolist() == [20, -1, -1]
    assert found["customer_days"].tolist() == [10, 10, 10]
    assert found["customer_gap"].fillna(-1).round(1).tolist() == [13.3, 13.3, -1]
    assert found["weight"].round(3).tolist() == [1 + 0.81 + 0.729, 0.9, 1]


def test_what_is_bought_often_and_lately_is_due_first():
    table = [(1, 7, day) for day in range(0, 100, 10)]
    table += [(1, 8, 90), (1, 9, 0), (1, 9, 10)]
    found = due_again(product_habits(lines(table), 100))
    assert found["product_id"].tolist() == [7, 8, 9]
    assert len(due_again(product_habits(lines(table), 100), 2)) == 2


@pytest.mark.parametrize(
    ("last", "times", "active", "is_stopped"),
    [
        (60, 3, True, True),  # bought every 10 days until day 60, today is 80
        (70, 3, True, False),  # once overdue only
        (60, 2, True, False),  # too few to have a rhythm
        (60, 3, False, False),  # the customer has gone altogether
    ],
)
def test_stopped(last, times, active, is_stopped):
    table = [(1, 7, last - 10 * number) for number in range(times)]
    table += [(1, 8, day) for day in range(0, 80 if active else last + 1, 10)]
    found = stopped(product_habits(lines(table), 80))
    assert found["product_id"].tolist() == ([7] if is_stopped else [])
