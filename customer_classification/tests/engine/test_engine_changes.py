"""Changes and their causes."""

import datetime

import numpy as np
import pandas as pd
import pytest
from builders import (
    LOW,
    MEDIUM,
    TODAY,
    UNRATED,
    VIP,
    bought,
    facts,
    limited,
    never,
    row,
    state,
    was,
)
from engine import AXES, CAUSES, changes, classify

RULES = limited()


def moves(frame, previous, rules=RULES, today=TODAY):
    result = classify(frame, previous, rules, today).frame
    return changes(previous, frame, result, rules)


def test_a_first_classification_comes_from_nothing_by_data():
    frame = facts(row(revenue=5000.0), never())
    found = moves(frame, None)
    assert found.to_dict("list") == {
        "partner_id": [1, 2, 1, 2, 1],
        "axis": ["value_tier"] * 2 + ["lifecycle_stage"] * 2 + ["churn_risk"],
        "from": [0] * 5,
        "to": [VIP, UNRATED, 5, 1, 1],
        "cause": ["data"] * 5,
    }


def test_nothing_changed():
    frame = facts(row(), never(), bought(400))
    first = classify(frame, None, RULES, TODAY).frame
    found = moves(frame, state(frame, first))
    assert found.empty
    assert list(found) == ["partner_id", "axis", "from", "to", "cause"]
    assert (found["from"].dtype, found["to"].dtype) == ("int64", "int64")
    assert list(found["axis"].cat.categories) == list(AXES)
    assert list(found["cause"].cat.categories) == list(CAUSES)


def test_time_passed():
    frame = facts(bought(20, 40))
    first = classify(frame, None, RULES, TODAY).frame
    later = TODAY + datetime.timedelta(50)
    found = moves(frame, state(frame, first), today=later)
    assert found["axis"].tolist() == ["lifecycle_stage", "churn_risk"]
    assert set(found["cause"]) == {"time"}


def test_the_rules_changed():
    frame = facts(row(revenue=500.0))
    first = classify(frame, None, RULES, TODAY).frame
    other = limited(5000, 4000, 300, -np.inf)
    previous = state(frame, first, policy=99)
    found = moves(frame, previous, other)
    assert found.to_dict("records") == [
        {"partner_id": 1, "axis": "value_tier", "from": 12, "to": 13, "cause": "rules"}
    ]


OWN = {
    "lifetime_order_count": 4,
    "lifetime_revenue": 499.99,
    "open_opportunity_count": 1,
    "open_quotation_count": 1,
    "first_purchase_date": pd.Timestamp(2020, 1, 1),
    "last_purchase_date": pd.NaT,
}


@pytest.mark.parametrize("policy", [1, 99])
@pytest.mark.parametrize("name", OWN)
def test_an_own_fact_changed(name, policy):
    frame = facts(row())
    previous = was(frame, policy, value_tier=MEDIUM)
    assert set(moves(frame, previous)["cause"]) == {"time" if policy == 1 else "rules"}
    previous[name] = OWN[name]
    if name.endswith("_date"):
        previous[name] = previous[name].astype("datetime64[ns]")
    assert set(moves(frame, previous)["cause"]) == {"data"}


def test_dust_is_no_change_of_data():
    frame = facts(row())
    previous = was(frame, value_tier=MEDIUM)
    previous["lifetime_revenue"] += 1e-9
    assert set(moves(frame, previous)["cause"]) == {"time"}


def test_who_never_bought_has_not_changed():
    frame = facts(never(open_quotation_count=1))
    previous = was(frame, value_tier=UNRATED, lifecycle_stage=1)
    assert moves(frame, previous)["cause"].tolist() == ["time"]


def test_each_customer_has_its_own_cause():
    frame = facts(*[row()] * 4)
    previous = was(frame, value_tier=LOW)
    previous.loc[2, "policy"] = 5
    previous.loc[3, "lifetime_revenue"] = 1.0
    previous.loc[4, "value_tier"] = 0
    found = moves(frame, previous[::-1])
    tiers = found[found["axis"] == "value_tier"]
    assert tiers["partner_id"].tolist() == [1, 2, 3, 4]
    assert tiers["cause"].tolist() == ["time", "rules", "data", "data"]
    assert tiers["from"].tolist() == [LOW, LOW, LOW, 0]


def test_replaying_the_changes_gives_the_result():
    frame = facts(row(), never(), bought(400), bought(5), row(revenue=1e6))
    previous = was(frame, value_tier=LOW, lifecycle_stage=4, churn_risk=1)
    result = classify(frame, previous, RULES, TODAY).frame
    replayed = previous.copy()
    for move in changes(previous, frame, result, RULES).itertuples(index=False):
        assert replayed.loc[move.partner_id, move.axis] == move[2]
        replayed.loc[move.partner_id, move.axis] = move.to
    for axis in AXES:
        assert replayed[axis].tolist() == result[axis].tolist()
