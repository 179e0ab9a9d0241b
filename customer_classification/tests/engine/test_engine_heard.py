"""Signals, scores and stages by what customers say and do."""

import datetime

import numpy as np
import pandas as pd
import pytest
from builders import TODAY, ago, bought, facts, limited, never, ranked, rfm, row, state
from builders import words as in_words
from engine import Component, Edges, RuleError, changes, classify
from engine.customers.columns import HEARD_FACTS
from hypothesis import given
from hypothesis import strategies as st

EDGES = Edges(population_gap_days=20)
NUMBERS = (
    *("signal_complaint_count", "signal_complaint_count_before"),
    *("signal_satisfaction_count", "answered_enquiry_count"),
)


def heard(*rows, **values):
    """Return facts with what was heard; what is not given is not known."""
    frame = facts(*rows)
    for name, column in HEARD_FACTS.items():
        given_value = values.get(name, [None] * len(rows))
        if column.kind == "day":
            days = np.array(given_value, "datetime64[D]")
            frame[name] = days.astype("datetime64[ns]")
        else:
            frame[name] = pd.array(given_value, "float64")
    return frame


def one(fact=None, rules=None, today=TODAY, **values):
    fact = fact or bought(0, 20, 40)
    rules = rules or limited(shrinkage=1e9)
    frame = heard(fact, **{name: [value] for name, value in values.items()})
    found = classify(frame, None, rules, today, EDGES).frame
    return in_words(found, rules)[1]


@pytest.mark.parametrize(
    ("count", "before", "shown"),
    [
        (2, 1, True),
        (2, None, True),
        (3, 2, True),
        (2, 2, False),
        (1, 0, False),
        (5, 6, False),
        (0, 0, False),
        (None, 3, False),
    ],
)
def test_complaints_rise(count, before, shown):
    found = one(complaint_count=count, complaint_count_before=before)
    assert found["churn_signals"] == ({"complaints"} if shown else set())
    assert found["churn_risk"] == ("medium" if shown else "low")
    numbers = (count, before or 0) if shown else (0, 0)
    assert (
        found["signal_complaint_count"],
        found["signal_complaint_count_before"],
    ) == numbers


@pytest.mark.parametrize(
    ("mean", "answers", "shown"),
    [
        (49.999999, 2, True),
        (50, 2, False),
        (0, 2, True),
        (0, 1, False),
        (None, None, False),
        (None, 0, False),
    ],
)
def test_dissatisfied(mean, answers, shown):
    found = one(satisfaction=mean, satisfaction_count=answers)
    assert found["churn_signals"] == ({"dissatisfied"} if shown else set())
    assert found["signal_satisfaction_count"] == (answers if shown else 0)
    assert (found["signal_satisfaction"] == mean) if shown else True


# The gap is 20 days: silent after 20, overdue later.
SILENT = {"shrinkage": 1e9, "silent_ratio": 1}


@pytest.mark.parametrize(
    ("age", "bought_last", "since"),
    [
        (19, 25, None),
        (20, 25, 20),
        (4000, 25, 25),
        (4000, 20, 20),
        (4000, 19, None),
        (20, 0, None),
        (None, 25, None),
        (-3, 25, None),
    ],
)
def test_silent(age, bought_last, since):
    """Silence is counted from the last interaction or purchase."""
    day = None if age is None else ago(age)
    fact = bought(*(bought_last + gap for gap in (0, 20, 40)))
    found = one(fact, limited(**SILENT), last_interaction_date=day)
    assert found["churn_signals"] == ({"silent"} if since else set())
    assert found["churn_risk"] == "low", "alone, silence is no more than that"
    said = found["signal_interaction_date"]
    assert pd.isna(said) if since is None else said == ago(since)


LOUD = {
    "complaint_count": 9,
    "satisfaction": 0,
    "satisfaction_count": 9,
    "last_interaction_date": ago(999),
}


def test_points_add_up():
    found = one(bought(25, 45, 65), limited(**SILENT), **LOUD)
    assert found["churn_signals"] == {"complaints", "dissatisfied", "silent"}
    assert found["churn_risk"] == "high"


def test_without_points_nothing_is_said():
    off = dict.fromkeys(("risk_complaints", "risk_dissatisfied", "risk_silent"), 0)
    found = one(rules=limited(shrinkage=1e9, **off), **LOUD)
    assert (found["churn_risk"], found["churn_signals"]) == ("low", set())
    assert not any(found[name] for name in NUMBERS)


@pytest.mark.parametrize("fact", [never(), bought(4000)])
def test_nothing_of_who_never_bought_and_of_who_is_lost(fact):
    found = one(fact, **LOUD)
    assert (found["churn_risk"], found["churn_signals"]) == (None, set())


def test_unheard_is_as_before():
    """Facts without these columns give the same as unknown ones."""
    plain = classify(facts(row(), never()), None, limited(), TODAY, EDGES).frame
    known = classify(heard(row(), never()), None, limited(), TODAY, EDGES).frame
    pd.testing.assert_frame_equal(plain, known)


@pytest.mark.parametrize(
    ("count", "option", "stage"),
    [(1, True, "interested"), (1, False, "prospect"), (0, True, "prospect")],
)
def test_interested_by_an_answered_enquiry(count, option, stage):
    rules = limited(interested_by_enquiry=option)
    found = one(never(), rules, answered_enquiry_count=count)
    assert found["lifecycle_stage"] == stage
    assert found["answered_enquiry_count"] == (count if stage == "interested" else 0)
    known = one(bought(5, 30), rules, answered_enquiry_count=count)
    assert known["lifecycle_stage"] != "interested"
    assert known["answered_enquiry_count"] == 0


# Scores


def scored(metric, values, counts=None, **rules):
    components = (*rfm(weights=(0, 0, 0)), Component(metric, 1, edges=(10, 20)))
    rules = ranked(components=components, value_metric="score", **rules)
    rows = [row() for __ in values]
    name = {"interactions": "interaction_count"}.get(metric, metric)
    more = {"satisfaction_count": counts} if counts else {}
    frame = heard(*rows, **{name: values}, **more)
    return classify(frame, None, rules, TODAY).frame["value_score"].tolist()


def test_interactions_score():
    found = scored("interactions", [0, 10, 11, 20, 21, None])
    assert found[:5] == [0, 0, 50, 50, 100]
    assert np.isnan(found[5]), "never in touch: nothing is known"


def test_satisfaction_scores_with_enough_answers():
    found = scored("satisfaction", [5, 15, 25, 25], [2, 2, 2, 1])
    assert found[:3] == [0, 50, 100]
    assert np.isnan(found[3])
    assert scored("satisfaction", [25], [1], satisfaction_min_count=1) == [100]


def test_the_others_decide_where_one_is_unknown():
    components = (*rfm(), Component("satisfaction", 10, edges=(50,)))
    with_it, without = limited(components=components), limited()
    plain = classify(facts(row()), None, without, TODAY, EDGES_OF_RFM).frame
    found = classify(
        heard(row()), None, with_it, TODAY, EDGES_OF_RFM.replace(extras=FIFTY)
    ).frame
    assert found["value_score"].tolist() == plain["value_score"].tolist()


EDGES_OF_RFM = Edges((20.0, 60.0), (2.0, 4.0), (100.0, 500.0), 25)
FIFTY = {"satisfaction": (50.0,)}


# Causes


def moved(before, now, fact=None, **values):
    """Return causes of the moves of one customer who is heard of."""
    rules = limited(shrinkage=1e9, **values)
    fact = fact or bought(1, 21, 41)
    first = heard(fact, **before)
    known = classify(first, None, rules, ago(1), EDGES).frame
    previous = state(first, known).assign(
        **{name: known[name] for name in ("churn_signals", "answered_enquiry_count")}
    )
    second = heard(fact, **now)
    found = classify(second, previous, rules, TODAY, EDGES).frame
    moves = changes(previous, second, found, rules)
    return dict(zip(moves["axis"], moves["cause"], strict=True))


def test_new_complaints_are_data():
    assert moved({}, {"complaint_count": [2]}) == {"churn_risk": "data"}


def test_complaints_go_by_time():
    assert moved({"complaint_count": [2]}, {}) == {"churn_risk": "time"}


def test_silence_begins_by_time_and_ends_by_data():
    calm, silent = ({"last_interaction_date": [ago(days)]} for days in (0, 400))
    rules = {"risk_silent": 2, "silent_ratio": 1, "fact": bought(25, 45, 65)}
    assert moved(calm, silent, **rules) == {"churn_risk": "time"}
    assert moved(silent, calm, **rules) == {"churn_risk": "data"}


# Rules


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"risk_complaints": -1}, "negative"),
        ({"risk_silent": 1001}, "above_most"),
        ({"complaints_from": 0}, "below_one"),
        ({"satisfaction_min_count": 0}, "below_one"),
        ({"silent_ratio": 0}, "not_positive"),
        ({"dissatisfied_below": 101}, "out_of_range"),
        ({"dissatisfied_below": float("nan")}, "not_finite"),
    ],
)
def test_rules_are_checked(values, code):
    with pytest.raises(RuleError) as refused:
        limited(**values)
    assert refused.value.code == code


def test_what_rules_read():
    off = {
        **dict.fromkeys(("risk_complaints", "risk_dissatisfied", "risk_silent"), 0),
        "interested_by_enquiry": False,
    }
    none = limited(**off)
    assert not none.reads_heard
    scores = (*rfm(), Component("interactions", 1))
    by_score = limited(components=scores, **off)
    assert by_score.reads_interactions and not by_score.reads_feedback
    assert none.reads_no_more_than(by_score)
    assert not by_score.reads_no_more_than(none)
    assert limited().reads_heard


def test_window_before():
    rules = limited()
    assert rules.window_start(TODAY) == datetime.date(2023, 7, 1)
    assert rules.before_start(TODAY) == datetime.date(2022, 7, 1)
    short = limited(window_months=3)
    day = datetime.date(2026, 5, 31)
    assert short.window_start(day) == datetime.date(2026, 3, 1)
    assert short.before_start(day) == datetime.date(2025, 11, 29)


# Review


@given(st.integers(0, 800), st.integers(0, 60), st.integers(0, 8))
def test_review_is_never_late(first, silence, step):
    """Nothing changes by the days alone before the day of the review."""
    rules = limited(shrinkage=1e9, window_months=2)
    day = ago(first)

    def found(as_of):
        start, before = rules.window_start(as_of), rules.before_start(as_of)
        inside = start <= day <= as_of
        earlier = before <= day < start
        frame = heard(
            bought(1, 21, today=as_of if as_of == TODAY else TODAY),
            complaint_count=[2 * inside + 1],
            complaint_count_before=[2 * earlier],
            last_interaction_date=[ago(silence)],
            heard_first_date=[day if inside else None],
            heard_before_first_date=[day if earlier else None],
        )
        return classify(frame, None, rules, as_of, EDGES).frame.iloc[0]

    today = found(TODAY)
    review = today["next_review_date"]
    for age in range(1, 10 * step + 2):
        later = TODAY + datetime.timedelta(age)
        if not pd.isna(review) and pd.Timestamp(later) >= review:
            break
        assert found(later)["churn_signals"] == today["churn_signals"]
