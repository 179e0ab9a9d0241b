"""Purchases assigned to campaigns, and results of campaigns."""

import datetime

import numpy as np
import pandas as pd
import pytest
from builders import TODAY, limited
from engine import CampaignParameters, campaign_changes, evaluate, settled
from engine.campaigns.attribution import attribute, net_purchases
from engine.campaigns.columns import GOALS, STEPS
from hypothesis import given
from hypothesis import strategies as st

RULES = limited()
NOW = (TODAY - datetime.date(1970, 1, 1)).days
WAYS = ["first", "last", "linear"]


def touches(*rows):
    return pd.DataFrame(rows, columns=["campaign", "customer", "day"])


def documents(*rows):
    rows = [row if len(row) == 4 else (*row, np.nan) for row in rows]
    return pd.DataFrame(rows, columns=["customer", "day", "amount", "margin"])


def sales(*rows):
    return net_purchases(documents(*rows), RULES, 30)


def shares(found, way):
    return {
        (row.sale, row.campaign): getattr(row, way)
        for row in found.itertuples()
        if getattr(row, way)
    }


# Returns


def test_a_return_lowers_the_purchase_before_it():
    found = sales((1, 100, 50), (1, 110, 80), (1, 200, -30))
    assert found["net"].tolist() == [50, 50]


def test_a_return_of_more_goes_on_to_earlier_ones():
    found = sales((1, 100, 50), (1, 110, 80), (1, 200, -100), (1, 210, 40))
    assert found["net"].tolist() == [30, 0, 40]


def test_more_given_back_than_was_ever_bought():
    assert sales((1, 100, 50), (1, 200, -500))["net"].tolist() == [0]
    assert sales((1, 100, -50), (1, 200, 70))["net"].tolist() == [70]
    assert sales((1, 100, -50)).empty


def test_returns_of_one_customer_leave_others_alone():
    found = sales((1, 100, 50), (2, 100, 60), (2, 101, -60))
    assert found["net"].tolist() == [50, 0]


def test_a_return_of_the_same_day_comes_after_the_purchase():
    assert sales((1, 100, -50), (1, 100, 70))["net"].tolist() == [20]


def test_margin_shrinks_with_what_stays():
    found = sales((1, 100, 100, 40), (1, 110, -25, np.nan))
    assert found["margin"].tolist() == [30]


def test_documents_of_nothing_are_no_purchases():
    assert sales((1, 100, 0)).empty
    assert sales().empty


documents_of_three = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.integers(0, 400),
        st.integers(-300, 300).map(float),
    ),
    max_size=25,
)


@given(documents_of_three)
def test_what_stays_is_what_was_bought_less_what_was_given_back(rows):
    """Unless more was given back than had been bought before."""
    found = sales(*rows)
    assert (found["net"] >= 0).all()
    assert (found["net"] <= found["amount"]).all()
    frame = documents(*rows)
    for customer, own in frame.groupby("customer"):
        own = own.assign(back=own["amount"] <= 0).sort_values(["day", "back"])
        balance = 0.0
        for amount in own["amount"]:
            balance = max(0.0, balance + amount)
        kept = found.loc[found["customer"] == customer, "net"].sum()
        assert kept == pytest.approx(balance)


# First purchases and purchases after a pause


def test_first_day_and_end_of_a_dormant_time():
    days = [0, 30, 60, 500, 500, 510]
    found = sales(*((1, day, 10) for day in days))
    assert found["is_first"].tolist() == [True, *[False] * 5]
    assert found["ended_dormancy"].tolist() == [False] * 3 + [True] * 2 + [False]


# Attribution


def test_three_answers():
    found = attribute(
        touches((1, 9, 100), (2, 9, 110), (3, 9, 120)),
        sales((9, 125, 60)),
        pd.Series(30, [1, 2, 3]),
    )
    assert shares(found, "first") == {(0, 1): 1}
    assert shares(found, "last") == {(0, 3): 1}
    assert shares(found, "linear") == {(0, n): 1 / 3 for n in (1, 2, 3)}


def test_on_the_bounds_of_the_window():
    windows = pd.Series(30, [1])
    for day, counts in ((99, 0), (100, 1), (130, 1), (131, 0)):
        found = attribute(touches((1, 9, 100)), sales((9, day, 60)), windows)
        assert len(found) == counts, day


def test_a_window_for_each_campaign():
    found = attribute(
        touches((1, 9, 100), (2, 9, 100)),
        sales((9, 120, 60)),
        pd.Series([10, 20], [1, 2]),
    )
    assert found["campaign"].tolist() == [2]


def test_a_touch_that_lapsed_does_not_make_a_campaign_first():
    """A touch that lapsed does not make a campaign first.

    Touched on day 0 and day 90: on day 100 only the second one is in the window.
    """
    found = attribute(
        touches((1, 9, 0), (1, 9, 90), (2, 9, 80)),
        sales((9, 100, 60)),
        pd.Series(30, [1, 2]),
    )
    assert shares(found, "first") == {(0, 2): 1}
    assert shares(found, "last") == {(0, 1): 1}


def test_touched_on_one_day_shares_alike():
    found = attribute(
        touches((1, 9, 100), (2, 9, 100)), sales((9, 110, 60)), pd.Series(30, [1, 2])
    )
    for way in WAYS:
        assert shares(found, way) == {(0, 1): 0.5, (0, 2): 0.5}


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 200)),
        max_size=25,
    ),
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 250), st.integers(1, 99)),
        max_size=25,
    ),
    st.lists(st.integers(0, 60), min_size=4, max_size=4),
)
def test_each_purchase_is_given_away_once(touched, bought, windows):
    """Against a plain walk through touches and purchases."""
    windows = pd.Series(windows, [1, 2, 3, 4])
    sold = sales(*((customer, day, float(n)) for customer, day, n in bought))
    found = attribute(touches(*touched), sold, windows)
    for way in WAYS:
        assert shares(found, way) == pytest.approx(_walk(touched, sold, windows, way))
        sums = found.groupby("sale")[way].sum()
        assert np.allclose(sums, 1)


def _walk(touched, sold, windows, way):
    expected = {}
    for sale, row in enumerate(sold.itertuples()):
        days = {}
        for campaign, customer, day in touched:
            if customer == row.customer and 0 <= row.day - day <= windows[campaign]:
                days.setdefault(campaign, []).append(day)
        if not days:
            continue
        if way == "first":
            best = min(map(min, days.values()))
            chosen = [one for one, seen in days.items() if min(seen) == best]
        elif way == "last":
            best = max(map(max, days.values()))
            chosen = [one for one, seen in days.items() if max(seen) == best]
        else:
            chosen = list(days)
        expected |= {(sale, one): 1 / len(chosen) for one in chosen}
    return expected


# Whole campaigns


def campaigns(**columns):
    size = len(columns.get("start", [0]))
    frame = pd.DataFrame(
        {
            "start": [float(NOW - 60)] * size,
            "end": [float(NOW - 10)] * size,
            "goal": GOALS.index("sales") + 1,
            "type": 1,
            "window": 0,
            "target_participants": 0,
            "target_leads": 0,
            "target_revenue": 0.0,
            "lead_count": 0,
            "opportunity_count": 0,
            "cost": np.nan,
        }
        | columns,
        index=pd.RangeIndex(1, size + 1, name="campaign"),
    )
    return frame


def entered(*rows, **columns):
    """``(campaign, customer, day addressed, is_control)``."""
    frame = pd.DataFrame(
        rows, columns=["campaign", "customer", "addressed", "is_control"]
    ).astype({"addressed": "float64", "is_control": bool})
    defaults = {
        "contact": frame["customer"],
        "source": 2,
        "is_drawn": True,
        "joined": np.nan,
        "answered": np.nan,
        "feedback": np.nan,
    }
    return frame.assign(**defaults | columns)


def found_in_documents(*rows):
    """``(campaign, customer, day, step)``."""
    frame = pd.DataFrame(rows, columns=["campaign", "customer", "day", "step"])
    steps = frame["step"].map({step: n for n, step in enumerate(STEPS, 1)})
    return frame.assign(
        step=steps.astype("int64"),
        day=frame["day"].astype("float64"),
        contact=frame["customer"],
        source=3,
        number=1,
        feedback=np.nan,
    ).astype({"campaign": "int64", "customer": "int64"})


def outcome(frame, people, found=None, bought=None, **rules):
    found = found_in_documents() if found is None else found
    bought = documents() if bought is None else bought
    return evaluate(
        frame,
        people,
        found,
        bought.astype("float64"),
        RULES,
        CampaignParameters(**rules),
        TODAY,
    )


def test_nothing_at_all():
    result = outcome(campaigns(start=[]), entered())
    assert result.campaigns.empty
    assert result.participants.empty
    result = outcome(campaigns(), entered())
    [row] = result.campaigns.to_dict("records")
    assert row["participant_count"] == 0
    assert row["performance"] == 0
    assert np.isnan(row["conversion_rate"])
    assert np.isnan(row["roi"])


# Campaigns that rest


def days_ago(number):
    return float(NOW - number)


def test_settled_when_no_purchase_counts_any_more():
    """Five days count; the last touch may be later than the last day."""
    frame = campaigns(
        start=[days_ago(40)] * 6,
        end=[days_ago(9), days_ago(9), days_ago(6), np.nan, np.nan, days_ago(9)],
        window=[5] * 6,
    )
    people = entered(
        (1, 1, days_ago(20), False),
        (2, 1, days_ago(20), False),
        (3, 1, days_ago(20), False),
        (4, 1, days_ago(7), False),
        (6, 1, days_ago(20), True),
    )
    found = found_in_documents((2, 2, days_ago(5), "order"), (5, 2, NOW - 6, "lead"))
    yesterday = TODAY - datetime.timedelta(1)
    last = settled(frame, people, found, CampaignParameters(), yesterday)
    # The second and the third are settled today; nobody touched the sixth.
    assert last.to_dict() == {1: days_ago(20), 4: days_ago(7)}
    last = settled(frame, people, found, CampaignParameters(), TODAY)
    assert [*last.index] == [1, 3, 4, 5]


def test_those_at_rest_are_judged_by_the_figures_that_they_have():
    """Two campaigns share a purchase; only one is worked out again."""
    frame = campaigns(
        start=[days_ago(60), days_ago(50), days_ago(3)],
        end=[days_ago(40), days_ago(30), np.nan],
        target_revenue=[50.0, 70.0, 10.0],
        goal=GOALS.index("sales") + 1,
    )
    people = entered(
        (1, 1, days_ago(60), False),
        (2, 1, days_ago(50), False),
        (2, 2, days_ago(50), False),
        (3, 2, days_ago(3), False),
    )
    bought = documents((1, NOW - 45, 100.0, 30.0), (2, NOW - 2, 20.0, 5.0))
    whole = outcome(frame, people, None, bought).campaigns
    known = whole.loc[[1]].drop(columns=["bought_count", "bought_amount"])
    mine = people[people["customer"].isin([1, 2])]
    rules = CampaignParameters()
    part = evaluate(
        frame,
        mine,
        found_in_documents(),
        bought.astype(float),
        RULES,
        rules,
        TODAY,
        known,
    )
    assert {*part.participants["campaign"]} == {2, 3}
    columns = whole.columns.drop(["bought_count", "bought_amount"])
    pd.testing.assert_frame_equal(
        part.campaigns[columns], whole[columns], check_dtype=False
    )


def test_cost_of_nothing_has_no_return():
    people = entered((1, 9, NOW - 50, False))
    result = outcome(campaigns(cost=[0.0]), people)
    assert np.isnan(result.campaigns["roi"].item())
    assert result.campaigns["cost"].item() == 0
    result = outcome(campaigns(cost=[100.0]), people)
    assert result.campaigns["roi"].item() == -100


def test_one_unknown_margin_makes_the_return_unknown():
    people = entered((1, 8, NOW - 50, False), (1, 9, NOW - 50, False))
    bought = documents((8, NOW - 40, 100, 30), (9, NOW - 40, 100))
    result = outcome(campaigns(cost=[10.0]), people, bought=bought)
    assert np.isnan(result.campaigns["margin"].item())
    assert np.isnan(result.campaigns["roi"].item())
    result = outcome(campaigns(cost=[10.0]), people, bought=bought, assumed_margin=0.2)
    assert result.campaigns["margin"].item() == 50
    assert result.campaigns["roi"].item() == 400
    assert result.campaigns["assumed_margin"].item()


def test_left_out_is_never_touched():
    people = entered((1, 8, NOW - 50, False), (1, 9, np.nan, True))
    found = found_in_documents((1, 9, NOW - 45, "order"), (1, 9, NOW - 45, "lead"))
    bought = documents((9, NOW - 45, 100))
    result = outcome(campaigns(), people, found, bought)
    row = result.campaigns.iloc[0]
    assert row["participant_count"] == 1
    assert row["revenue"] == 0
    assert row["contaminated_count"] == 1
    assert (row["treated_rate"], row["control_rate"]) == (0, 100)


def test_what_people_entered_stands_and_is_filled_in():
    people = entered((1, 9, NOW - 50, False), contact=77)
    found = found_in_documents(
        (1, 9, NOW - 55, "addressed"),
        (1, 9, NOW - 40, "answered"),
        (1, 8, NOW - 30, "joined"),
    )
    result = outcome(campaigns(), people, found).participants
    mine = result[result["customer"] == 9].iloc[0]
    assert (mine["addressed"], mine["answered"]) == (NOW - 50, NOW - 40)
    assert (mine["contact"], mine["source"], mine["is_entered"]) == (77, 2, True)
    assert mine["first_touch"] == NOW - 55
    other = result[result["customer"] == 8].iloc[0]
    assert (other["joined"], other["source"], other["is_entered"]) == (
        NOW - 30,
        3,
        False,
    )


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3), st.integers(1, 5), st.integers(0, 60), st.booleans()
        ),
        unique_by=lambda row: row[:2],
        max_size=15,
    ),
    st.lists(
        st.tuples(
            st.integers(1, 5), st.integers(0, 60), st.integers(-50, 100).map(float)
        ),
        max_size=20,
    ),
    st.permutations(range(15)),
)
def test_all_campaigns_together(rows, bought, order):
    """The three ways give away the same, whatever the order of the rows."""
    people = entered(*((c, p, NOW - day, left_out) for c, p, day, left_out in rows))
    bought = documents(*((p, NOW - day, amount) for p, day, amount in bought))
    frame = campaigns(start=[float(NOW - 60)] * 3)
    result = outcome(frame, people, bought=bought).campaigns
    totals = [result[f"revenue_{way}"].sum() for way in WAYS]
    assert np.allclose(totals, totals[0], atol=0.05)
    assert (result["new_customer_count"] <= result["customer_count"]).all()
    assert (result["customer_count"] <= result["participant_count"]).all()
    mixed = people.iloc[[n for n in order if n < len(people)]]
    again = outcome(frame, mixed, bought=bought.iloc[::-1]).campaigns
    pd.testing.assert_frame_equal(
        result.drop(columns="incremental_revenue"),
        again.drop(columns="incremental_revenue"),
        check_exact=False,
    )


def test_changes_and_their_causes():
    index = pd.Index([1, 2, 3, 4, 5], name="campaign")
    previous = pd.DataFrame(
        {
            "performance": [0, 1, 1, 1, 2],
            "policy": [0, 7, 7, 6, 7],
            "own_hash": [0, 5, 5, 5, 5],
        },
        index,
    )
    now = pd.DataFrame(
        {
            "performance": [1, 2, 3, 2, 2],
            "performance_ratio": [130.0, 100, 50, 100, 100],
            "own_hash": [5, 5, 6, 5, 6],
        },
        index,
    )
    found = campaign_changes(previous, now, CampaignParameters(policy=7))
    assert found[["campaign", "from", "to", "cause"]].to_numpy().tolist() == [
        [1, 0, 1, 1],  # the first time: data
        [2, 1, 2, 3],  # time
        [3, 1, 3, 1],  # data
        [4, 1, 2, 2],  # rules
    ]


def test_peers_are_of_one_type_and_goal():
    people = entered(*((n, n, NOW - 50, False) for n in range(1, 6)))
    bought = documents(*((n, NOW - 40, 10.0 * n) for n in range(1, 6)))
    frame = campaigns(start=[float(NOW - 60)] * 5, type=[1, 1, 1, 2, 1])
    result = outcome(frame, people, bought=bought, min_peers=3).campaigns
    assert result["peer_count"].tolist() == [3, 3, 3, 0, 3]
    # 10 against the median of 20, 30, 50; 50 against that of 10, 20, 30
    assert result.loc[1, "performance_ratio"] == pytest.approx(100 / 3)
    assert result.loc[5, "performance_ratio"] == pytest.approx(250)
    assert result["performance"].tolist() == [3, 3, 1, 0, 1]
