"""From which class to which the customers go."""

import pandas as pd
from builders import HIGH, LOW, UNRATED, VIP
from engine.customers.rehearsal import NEVER, transitions
from hypothesis import given
from hypothesis import strategies as st

TIERS = (VIP, HIGH, LOW, UNRATED)
AXES = ("value_tier", "lifecycle_stage", "churn_risk")
customers = st.lists(
    st.tuples(
        st.sampled_from((0, *TIERS)),
        st.sampled_from(TIERS),
        st.integers(0, 8),
        st.integers(1, 8),
        st.integers(-500, 500),
    ),
    max_size=30,
)


def classes(tiers, stages):
    index = pd.Index(range(1, len(tiers) + 1), dtype="int64")
    values = {"value_tier": tiers, "lifecycle_stage": stages, "churn_risk": stages}
    return pd.DataFrame(values, index, dtype="int64")


@given(customers)
def test_every_customer_stands_in_one_cell_with_all_money(rows):
    old, new, old_stages, new_stages, money = (
        zip(*rows, strict=True) if rows else [()] * 5
    )
    found = transitions(
        classes(old, old_stages), classes(new, new_stages), pd.Series(money)
    )
    expected = {}
    for place, (before, *__) in enumerate(rows):
        cell = (old_stages[place] if before else NEVER, new_stages[place])
        count, total = expected.get(cell, (0, 0))
        expected[cell] = (count + 1, total + money[place])
    for axis in ("lifecycle_stage", "churn_risk"):
        cells = {(a, b): (count, total) for a, b, count, total in found[axis]}
        assert cells == expected
    assert sum(cell[2] for cell in found["value_tier"]) == len(rows)
    assert sum(cell[3] for cell in found["value_tier"]) == sum(money)
    assert NEVER in {cell[0] for cell in found["value_tier"]} or all(old)


def test_who_is_absent_was_never_classified():
    now = classes([VIP, LOW], [1, 2])
    before = classes([VIP], [3])
    found = transitions(before, now, pd.Series([10.004, 5.0]))
    assert found["value_tier"] == [[NEVER, LOW, 1, 5], [VIP, VIP, 1, 10.004]]
    assert found["lifecycle_stage"] == [[NEVER, 2, 1, 5], [3, 1, 1, 10.004]]


def test_nobody():
    nobody = classes([], [])
    assert transitions(nobody, nobody, pd.Series([])) == {axis: [] for axis in AXES}
