"""Purchase probability, expected revenue, and when they are shown."""

import datetime
import json
import math
import time
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from builders import ranked
from engine import STAGES
from engine.common.columns import code
from engine.customers import behaviour
from engine.customers.accuracy import auc, brier_skill, compare_auc, placements
from engine.customers.back_test import lost_stay_more
from engine.customers.behaviour import (
    BEHAVIOUR,
    History,
    find_usual_gap,
    is_learnt,
    joined,
    snapshots,
    usual_horizon,
)
from engine.customers.gate import (
    BANDS,
    BASES,
    BASIS_REASONS,
    OUTLOOK,
    Learnt,
    lay_out_outlook,
    outlook,
    outlook_of,
    predict,
)
from engine.customers.history import roll_up
from engine.customers.prediction import PREDICTION, learn_model, predict_with
from engine.customers.proof import judge, rule_scores
from hypothesis import given, settings
from hypothesis import strategies as st
from purchase_histories import (
    TODAY,
    cdnow_case,
    resellers_case,
    retail_case,
    simulated,
)

AS_OF = datetime.date(1970, 1, 1) + datetime.timedelta(TODAY)
RULES = ranked()
CASES = {"cdnow": cdnow_case, "retail": retail_case, "resellers": resellers_case}


def frame(rows):
    found = pd.DataFrame(rows, columns=["partner_id", "day", "amount"])
    return found.astype({"partner_id": "int64", "day": "int64", "amount": "float64"})


def told(found, name):
    """Words of a column of codes."""
    names = {"prediction_basis": BASES, "prediction_reason": BASIS_REASONS}[name]
    return [names[number - 1] for number in found[name]]


# Behaviour


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 90), st.integers(-3, 9))))
def test_behaviour_is_what_the_facts_say(rows):
    purchases = frame([(p, TODAY - day, float(a)) for p, day, a in rows])
    found = History.of(purchases).behaviour(TODAY, 30)
    facts = roll_up(purchases.assign(margin=np.nan), RULES, AS_OF)
    facts = facts[facts["visit_count"] > 0].sort_index()
    assert found.index.tolist() == facts.index.tolist()
    assert found["visit_count"].tolist() == facts["visit_count"].tolist()
    assert found["revenue"].tolist() == facts["lifetime_revenue"].tolist()
    today = pd.Timestamp(AS_OF)
    for name, date in (("recency", "last"), ("tenure", "first")):
        days = (today - facts[f"{date}_purchase_date"]).dt.days
        assert found[name].tolist() == days.tolist()
    assert found["year_revenue"].tolist() == facts["revenue"].tolist()


def test_what_follows_begins_the_day_after_and_ends_with_the_horizon():
    rows = [(1, TODAY, 5), (1, TODAY + 30, 7), (2, TODAY, 5), (2, TODAY + 31, 7)]
    rows += [(3, TODAY, 5), (3, TODAY + 1, -2), (4, TODAY + 1, 9)]
    found = History.of(frame(rows)).behaviour(TODAY, 30)
    assert list(found) == list(BEHAVIOUR)
    assert found.index.tolist() == [1, 2, 3]
    assert found["bought"].tolist() == [True, False, False]
    assert found["next_revenue"].tolist() == [7, 0, -2]


def test_parts_are_joined_to_the_whole():
    purchases = simulated(60, 3)
    whole = snapshots(History.of(purchases), AS_OF, 90)
    odd = purchases["partner_id"] % 2 == 1
    parts = [
        snapshots(History.of(part), AS_OF, 90)
        for part in (purchases[odd], purchases[~odd])
    ]
    for one, other in zip(whole, joined(parts), strict=True):
        pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("step", [1, 2, 10])
def test_learnt_from_about_so_many_whatever_the_ids(step):
    """Ids may have a pattern, as those of companies with one contact each."""
    ids = range(7, 7 + 4000 * step, step)
    with patch.object(behaviour, "MOST_LEARNT", 1000):
        chosen = is_learnt(np.array(ids), len(ids))
        assert is_learnt(np.array(ids[:500]), 500).all()
    assert 900 <= chosen.sum() <= 1100


def test_learnt_from_a_sample_wherever_the_parts_end():
    purchases = simulated(400, 3)
    odd = purchases["partner_id"] % 2 == 1
    with patch.object(behaviour, "MOST_LEARNT", 50):
        whole = snapshots(History.of(purchases), AS_OF, 90)
        parts = [
            snapshots(History.of(part), AS_OF, 90)
            for part in (purchases[odd], purchases[~odd])
        ]
        for one, other in zip(whole, joined(parts), strict=True):
            pd.testing.assert_frame_equal(one, other)
    everybody = snapshots(History.of(purchases), AS_OF, 90)
    assert whole.now.equals(everybody.now)
    assert 10 < len(whole.past) < 100 < len(everybody.past)
    learnt = everybody.past.index.isin(whole.past.index)
    pd.testing.assert_frame_equal(whole.past, everybody.past[learnt])


def test_some_customers_alone():
    whole = snapshots(History.of(simulated(20, 3)), AS_OF, 90)
    some = whole.only(pd.Index([3, 5, 99]))
    assert [each.index.tolist() for each in some] == [[3, 5]] * 3
    pd.testing.assert_frame_equal(some.now, whole.now.loc[[3, 5]])


@pytest.mark.parametrize(("gap", "days"), [(1, 90), (45, 90), (60, 120), (300, 365)])
def test_the_usual_horizon(gap, days):
    assert usual_horizon(gap) == days


# Accuracy


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_auc_counts_pairs(rows):
    score = np.array([row[0] for row in rows], "float64")
    happened = np.array([row[1] for row in rows])
    pairs = [(a > b) + (a == b) / 2 for a in score[happened] for b in score[~happened]]
    placed = placements(score, happened)
    found = auc(placed)
    if not pairs:
        assert found.value is None
        return
    assert found.value == pytest.approx(sum(pairs) / len(pairs))
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert compare_auc(placed, placed) == 0


def test_the_interval_of_auc_covers():
    """The true AUC is within the interval in 95 % of 400 samples."""
    dice = np.random.default_rng(5)
    truth = 0.5 * (1 + math.erf(1 / 2))  # normal numbers, one unit apart
    held = 0
    for __ in range(400):
        happened = dice.random(150) < 0.3
        found = auc(placements(dice.normal(size=150) + happened, happened))
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_brier_skill():
    happened = np.array([1, 0] * 100)
    assert brier_skill(happened.astype(float), happened).value == 1
    same = brier_skill(np.full(200, 0.5), happened)
    assert same.value == pytest.approx(0) and same.low <= 0
    assert brier_skill(1 - happened, happened).value == pytest.approx(-3)
    assert brier_skill(np.full(3, 0.2), np.zeros(3)).value is None
    assert brier_skill(np.zeros(0), np.zeros(0)).value is None


# What was measured: docs/science.md §11


@pytest.mark.parametrize(
    ("name", "measured"), [("cdnow", 0.806), ("retail", 0.743), ("resellers", 0.935)]
)
def test_the_measured_auc_is_not_below_that_of_recency(name, measured):
    case = CASES[name]()
    if case is None:
        pytest.skip("the data are not at hand")
    past, now = case.behaviour(1), case.behaviour()
    chance = predict_with(learn_model(past, now, case.horizon), now)
    bought = now["bought"].to_numpy()
    found = auc(placements(chance["purchase_probability"].to_numpy(), bought))
    assert found.value >= auc(placements(rule_scores(now)["recency"], bought)).value
    assert found.value == pytest.approx(measured, abs=0.004)


@pytest.mark.parametrize(
    ("name", "best", "share"),
    [
        ("cdnow", "revenue_at_risk", 0.43),
        ("retail", "revenue_at_risk", 0.52),
        ("resellers", "overdue", 0.98),
    ],
)
def test_the_measured_first_fifths_and_ranges(name, best, share):
    case = CASES[name]()
    if case is None:
        pytest.skip("the data are not at hand")
    past, now = case.behaviour(1), case.behaviour()
    predicted = predict_with(learn_model(past, now, case.horizon), now)
    proof = judge(predicted, past, now, case.horizon)
    assert proof.reason == "proved"
    assert proof.best_list == best
    assert proof.lists[best] == pytest.approx(share, abs=0.015)
    assert 0.75 <= proof.range_share <= 0.85


# Invented purchases


@pytest.fixture(scope="module")
def found():
    return predict(simulated(1500, 1), RULES, AS_OF, 120)


def test_predictions_prove_themselves_where_the_past_tells(found):
    proof = found.learnt.proof
    assert proof.is_proved
    assert proof.measures["probability"].ahead == 1
    chance, recency = (proof.measures[n].auc.value for n in ("probability", "recency"))
    assert chance >= recency
    assert 0.75 <= proof.range_share <= 0.85
    assert proof.expected_total == pytest.approx(proof.actual_total, rel=0.15)
    assert proof.best_list == max(proof.lists, key=proof.lists.get)


def test_what_is_told_holds_together(found):
    table, proof = found.frame, found.learnt.proof
    assert list(table) == [*PREDICTION, *OUTLOOK]
    assert set(told(table, "prediction_basis")) == {"probability"}
    assert set(told(table, "prediction_reason")) == {"proved"}
    assert table["purchase_probability"].between(0, 1).all()
    assert (table["revenue_low"] <= table["revenue_high"]).all()
    assert (table[["revenue_low", "revenue_at_risk"]] >= 0).all(axis=None)
    rate = table["alike_buyers"] / table["alike_customers"]
    assert (table["alike_low"] <= rate).all() and (rate <= table["alike_high"]).all()
    assert sum(each.customers for each in proof.bins) == proof.customers
    assert sum(each.buyers for each in proof.bins) == proof.buyers
    assert min(each.customers for each in proof.bins) >= 20


def test_calibration_holds_out_of_time(found):
    """Most bins have what was predicted within their interval of 95 %."""
    bins = found.learnt.proof.bins
    assert sum(b.low <= b.predicted <= b.high for b in bins) >= 0.6 * len(bins)


def test_the_order_of_the_documents_decides_nothing(found):
    shuffled = simulated(1500, 1).sample(frac=1, random_state=2)
    other = predict(shuffled, RULES, AS_OF, 120)
    pd.testing.assert_frame_equal(found.frame, other.frame, check_exact=True)
    assert found.learnt == other.learnt


def test_a_run_over_some_customers_says_the_same(found):
    purchases = simulated(1500, 1)
    some = purchases[purchases["partner_id"].isin([5, 700, 1400])]
    learnt = Learnt.from_json(json.loads(json.dumps(found.learnt.to_json())))
    assert learnt == found.learnt
    again = outlook(learnt, History.of(some).behaviour(TODAY, 120), RULES)
    pd.testing.assert_frame_equal(again, found.frame.loc[[5, 700, 1400]])


def test_who_never_bought_has_no_prediction(found):
    index = pd.Index([1400, 99_999, 5], name="partner_id")
    laid = lay_out_outlook(found.frame, index)
    assert laid.index.tolist() == [1400, 99_999, 5]
    pd.testing.assert_frame_equal(
        laid.loc[[1400, 5]], found.frame.loc[[1400, 5]], check_dtype=True
    )
    stranger = laid.loc[99_999]
    assert stranger[list(PREDICTION)].isna().all()
    assert stranger["prediction_basis"] == stranger["alike_customers"] == 0


def test_purchases_after_the_day_are_not_looked_at(found):
    later = frame([(n, TODAY + 5, 1e6) for n in range(1, 1501, 2)])
    purchases = pd.concat([simulated(1500, 1), later])
    other = predict(purchases, RULES, AS_OF, 120)
    pd.testing.assert_frame_equal(found.frame, other.frame)


def test_a_million_customers_are_learnt_in_three_seconds():
    """The fit takes at most 3 seconds of the processor."""
    dice = np.random.default_rng(2)
    size = 1_000_000
    tenure = dice.integers(0, 1400, size).astype("float64")
    visits = np.where(tenure > 0, 1 + dice.poisson(dice.gamma(0.6, 4, size)), 1)
    recency = np.where(visits > 1, np.floor(tenure * dice.random(size)), tenure)
    many = pd.DataFrame(
        {
            "visit_count": visits,
            "recency": recency,
            "tenure": tenure,
            "revenue": np.round(dice.lognormal(4, 1, size) * visits, 2),
            "year_revenue": 0.0,
            "bought": dice.random(size) < np.exp(-recency / 300),
            "next_revenue": np.round(dice.lognormal(4, 1, size), 2),
        }
    )
    begin = time.process_time()
    model = learn_model(many, many, 120)
    assert time.process_time() - begin <= 3
    assert model.purchases and model.regression


# Gates


@pytest.mark.parametrize("customers", [1, 2, 10, 50, 90])
def test_few_customers_have_a_band_or_nothing(customers):
    result = predict(simulated(customers, customers), RULES, AS_OF, 120)
    assert result.learnt.proof.reason == "few_customers"
    assert result.frame[list(PREDICTION)].isna().all(axis=None)
    assert (result.frame["alike_customers"] == 0).all()
    for basis, reason, band in zip(
        told(result.frame, "prediction_basis"),
        told(result.frame, "prediction_reason"),
        result.frame["rhythm_band"],
        strict=True,
    ):
        known = basis == "rhythm"
        assert basis in ("rhythm", "too_little")
        assert reason == ("few_customers" if known else "few_purchases")
        assert (band > 0) is known


@pytest.mark.parametrize("customers", [130, 300])
def test_predictions_are_told_where_they_are_proved_and_only_there(customers):
    shown = 0
    for seed in range(12):
        result = predict(simulated(customers, seed, leave=0.06), RULES, AS_OF, 120)
        proof = result.learnt.proof
        told_of = result.frame["purchase_probability"].notna()
        assert told_of.all() if proof.is_proved else not told_of.any()
        if proof.is_proved:
            assert proof.customers >= 100
            assert min(proof.buyers, proof.customers - proof.buyers) >= 30
            assert proof.measures["probability"].skill.low > 0
        shown += proof.is_proved
    assert shown >= 9


@pytest.mark.parametrize("customers", [10, 50, 100, 300, 1000])
def test_nothing_is_claimed_of_chance(customers):
    for seed in range(12 if customers < 1000 else 4):
        purchases = simulated(customers, seed, rate=1 / 170, vary=False)
        result = predict(purchases, RULES, AS_OF, 120)
        assert not result.learnt.proof.is_proved, seed
        assert result.frame[list(PREDICTION)].isna().all(axis=None)
        assert "probability" not in told(result.frame, "prediction_basis")


@pytest.mark.parametrize(
    ("customers", "buyers", "reason"),
    [
        (99, 50, "few_customers"),
        (100, 50, "proved"),
        (100, 30, "proved"),
        (100, 29, "few_events"),
        (100, 70, "proved"),
        (100, 71, "few_events"),
    ],
)
def test_the_gates_open_at_a_hundred_customers_and_thirty_events(
    customers, buyers, reason
):
    past = History.of(simulated(customers, 1)).behaviour(TODAY, 120)
    past = past.assign(bought=np.arange(customers) < buyers)
    chance = np.where(past["bought"], 0.7, 0.3)
    chances = pd.DataFrame({"purchase_probability": chance}, past.index)
    assert judge(chances, past, past, 120).reason == reason


@pytest.mark.parametrize(("lost", "stay_more"), [(0.5, True), (0.9, False)])
def test_lost_customers_who_stay_more_than_dormant_ones_are_noticed(lost, stay_more):
    rates = {"dormant": 0.8, "lost": lost}
    lines = [
        {"axis": "lifecycle_stage", "key": code(STAGES, name), "loss_rate": rate}
        for name, rate in rates.items()
    ]
    assert lost_stay_more(lines) is stay_more
    assert not lost_stay_more([{**line, "loss_rate": None} for line in lines])
    assert not lost_stay_more([])


def test_shuffled_outcomes_are_never_proved():
    """Predictions of a real model, whose outcomes are drawn at random."""
    case = snapshots(History.of(simulated(400, 8)), AS_OF, 120)
    predicted = predict_with(learn_model(case.before, case.past, 120), case.past)
    dice = np.random.default_rng(1)
    for __ in range(20):
        past = case.past.assign(bought=dice.permutation(case.past["bought"]))
        proof = judge(predicted, case.before, past, 120)
        assert proof.reason == "no_skill"
        assert proof.best_list in ("overdue", "spend")


def test_the_bands_by_the_own_rhythm():
    """Every 20 days; silent for 5, 40 and 80 days."""
    rows = [
        (partner, TODAY - silent - 20 * number, 10.0)
        for partner, silent in ((1, 5), (2, 40), (3, 80))
        for number in range(8)
    ]
    rows += [(4, TODAY - 300, 10.0), (4, TODAY - 280, 10.0)]
    table = predict(frame(rows), RULES, AS_OF).frame
    assert [BANDS[n - 1] if n else None for n in table["rhythm_band"]] == [*BANDS, None]
    assert told(table, "prediction_reason")[3] == "few_purchases"


@pytest.mark.parametrize("everybody", [True, False])
def test_all_or_nobody_bought(everybody):
    """Without both outcomes there is nothing to tell."""
    days = (500, 400, 300, 200, 20) if everybody else (500, 460, 430)
    rows = [(p, TODAY - day - p % 7, 9.0) for p in range(150) for day in days]
    result = predict(frame(rows), RULES, AS_OF, 120)
    assert result.learnt.proof.reason == "few_events"
    assert result.learnt.proof.buyers == (150 if everybody else 0)
    assert result.frame[list(PREDICTION)].isna().all(axis=None)


def test_a_short_history():
    """Nothing is learnt where all began within the last horizon but one."""
    rows = [(p, TODAY - 150 - p % 20, 9.0) for p in range(200)]
    rows += [(p, TODAY - 30, 9.0) for p in range(0, 200, 2)]
    result = predict(frame(rows), RULES, AS_OF, 120)
    assert result.learnt.proof.reason == "short_history"
    assert set(told(result.frame, "prediction_reason")) == {"few_purchases"}


def test_nobody():
    result = predict(frame([]), RULES, AS_OF)
    assert len(result.frame) == 0
    assert result.learnt.proof.reason == "few_customers"


def test_all_alike():
    """The same days and amounts for everybody but that some have left."""
    rows = [
        (p, TODAY - day, 10.0)
        for p in range(300)
        for day in range(30 if p % 2 else 330, 600, 30)
    ]
    result = predict(frame(rows), RULES, AS_OF, 90)
    chance = result.frame["purchase_probability"]
    assert chance.isna().all() or chance.nunique() <= 2


def test_zero_negative_and_one_huge_amount():
    purchases = simulated(400, 4)
    purchases.loc[purchases["partner_id"] % 5 == 0, "amount"] = 0.0
    returned = purchases[purchases["partner_id"] % 7 == 1]
    returned = returned.assign(amount=-returned["amount"] * 2, day=TODAY)
    huge = frame([(3, TODAY - 1, 1e12)])
    result = predict(pd.concat([purchases, returned, huge]), RULES, AS_OF, 120)
    shown = result.frame[list(PREDICTION)]
    assert result.learnt.proof.is_proved
    assert np.isfinite(shown.to_numpy()).all()
    assert (shown["expected_revenue"] >= 0).all()
    # Purchases of nothing are none, as everywhere in the engine.
    assert not (result.frame.index % 5 == 0).any()


@pytest.mark.parametrize("horizon", [0, 29, 366])
def test_horizons_out_of_bounds_are_refused(horizon):
    with pytest.raises(ValueError, match="out of bounds"):
        predict(simulated(5, 1), RULES, AS_OF, horizon)


logs = st.lists(
    st.tuples(st.integers(1, 12), st.integers(0, 700), st.integers(-500, 5000)),
    max_size=60,
)


@given(logs)
@settings(max_examples=60)
def test_whatever_was_bought_the_answer_is_finite_and_honest(rows):
    purchases = frame([(p, TODAY - d, a / 100) for p, d, a in rows])
    result = predict(purchases, RULES, AS_OF)
    assert not result.learnt.proof.is_proved
    assert result.frame[list(PREDICTION)].isna().all(axis=None)
    found = snapshots(History.of(purchases), AS_OF, 90)
    model = learn_model(found.past, found.now, 90)
    if model:  # what is not shown is a number, too
        raw = predict_with(model, found.now)
        assert raw["purchase_probability"].between(0, 1).all()
        assert np.isfinite(raw.to_numpy("float64")).all()


# Predictions of others


def test_scores_of_others_pass_the_same_gates():
    found = snapshots(History.of(simulated(400, 6)), AS_OF, 120)
    good = pd.DataFrame({"purchase_probability": 0.1 + 0.8 * found.past["bought"]})
    proof = judge(good, found.before, found.past, 120)
    assert proof.is_proved and proof.range_share is None
    assert proof.lists["revenue_at_risk"] is None
    bad = pd.DataFrame({"purchase_probability": 0.5}, found.past.index)
    assert judge(bad, found.before, found.past, 120).reason == "no_skill"
    gap = find_usual_gap(found.now)
    some = pd.DataFrame({"purchase_probability": 0.9}, found.now.index)
    some.iloc[:5] = np.nan
    table = outlook_of(some, proof, found.now, RULES, gap)
    assert set(told(table.iloc[5:], "prediction_basis")) == {"probability"}
    assert set(told(table.iloc[:5], "prediction_reason")) <= {
        "not_predicted",
        "few_purchases",
    }


def test_scores_of_others_for_some_customers_prove_nothing():
    found = snapshots(History.of(simulated(400, 6)), AS_OF, 120)
    some = pd.DataFrame({"purchase_probability": 0.1 + 0.8 * found.past["bought"]})
    some.iloc[0] = np.nan
    assert judge(some, found.before, found.past, 120).reason == "not_fitted"
