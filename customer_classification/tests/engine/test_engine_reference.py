"""The engine against the slow reference, customer by customer."""

import datetime
import math
from zoneinfo import ZoneInfo

import pytest
from builders import KEYS, limited, random_log, ranked, rfm, state, words
from engine import Component, classify
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Document, classify_all, day_of, facts_frame, facts_of

MONTH_ENDS = [
    datetime.date(2023, 1, 31),
    datetime.date(2023, 2, 28),
    datetime.date(2023, 3, 1),
    datetime.date(2023, 8, 31),
    datetime.date(2024, 2, 29),
    datetime.date(2024, 3, 1),
    datetime.date(2024, 12, 31),
]
RULES = {
    "default": ranked(customers_per_bin=3, min_customers=5),
    "many_bins": ranked(bins=8, customers_per_bin=1, min_customers=1, keep_margin=0.3),
    "defaults_with_few": ranked(),
    "short_odd_window": ranked(window_months=3, customers_per_bin=2, grace_days=0),
    "limits": limited(customers_per_bin=2, grace_days=45),
    "stairs": limited(one_step_down=True, grace_days=0, keep_margin=0.2),
    "score": ranked(value_metric="score", customers_per_bin=2, bins=4),
    "score_limits": limited(80, 50, 20, 0, value_metric="score", customers_per_bin=2),
    "margin": ranked(10, 40, 100, value_metric="margin", min_customers=3),
    "no_shrinkage": ranked(shrinkage=0, min_gap_days=4, dormant_min_days=0),
    "impatient": ranked(
        dormant_ratio=1.6, lost_ratio=2, dormant_min_days=5, lost_min_days=9
    ),
    "extras": ranked(
        value_metric="score",
        customers_per_bin=2,
        min_customers=3,
        growth_min_orders=1,
        components=(
            *rfm(4, weights=(0.1, 0.2, 0)),
            Component("margin", 0.3, 3),
            Component("growth", 0.15, edges=(-0.5, 0, 0.5)),
            Component("average_order", 0.15, 6),
            Component("tenure", 0.1, 3),
        ),
    ),
    "unknown_scores": ranked(
        value_metric="score",
        customers_per_bin=1,
        min_customers=2,
        components=(*rfm(weights=(0, 0, 0)), Component("growth", 1)),
    ),
    "own_keep_limits": limited(keeps=(400, None, 100), grace_days=20),
    "own_keep_shares": ranked(
        keeps=(30, None, 80), customers_per_bin=2, min_customers=3, grace_days=0
    ),
    "worthless_unrated": ranked(no_value_rule="unrated"),
    "worthless_last": limited(no_value_rule="last"),
    "eager": ranked(
        growth_min_orders=1, loyal_orders=2, loyal_tenure_days=20, won_back_days=300
    ),
}


def documents(log):
    by_partner = {}
    for item in log:
        by_partner.setdefault(item.partner, []).append(item)
    return by_partner


def before_of(classes, facts, rules):
    """Return the reference's memory of one customer."""
    return {
        **{name: classes[name] for name in ("value_tier", "lifecycle_stage")},
        **{name: classes[name] for name in ("tier_below_since", "won_back_count")},
        **{name: facts[name] for name in ("first_purchase_date", "last_purchase_date")},
        "lifetime_order_count": facts["lifetime_order_count"],
        "policy": rules.policy,
    }


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for partner, classes in expected.items():
        for name, value in classes.items():
            other = found[partner][name]
            if isinstance(value, float):
                same = math.isclose(other, value, rel_tol=1e-9, abs_tol=1e-9)
                same = same or (math.isnan(other) and math.isnan(value))
            else:
                same = other == value
            assert same, (partner, name, other, value)


def compare(log, rules, days, partners=(), pipeline=None):
    """Classify day after day, both ways, each remembering its own days before."""
    pipeline = pipeline or {}
    previous, before = None, {}
    by_partner = {**{partner: [] for partner in partners}, **documents(log)}
    for as_of in days:
        months = rules.window_months
        facts = {
            partner: facts_of(items, as_of, months, pipeline.get(partner, (0, 0)))
            for partner, items in sorted(by_partner.items())
        }
        frame = facts_frame(log, as_of, months, partners, pipeline)
        result = classify(frame, previous, rules, as_of).frame
        expected = classify_all(facts, before, rules, as_of)
        assert_same(words(result, rules), expected)
        previous = state(frame, result, rules.policy)
        before = {p: before_of(expected[p], facts[p], rules) for p in facts}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("seed", [1, 2])
def test_month_after_month(name, seed):
    log = random_log(seed, customers=60)
    pipeline = {2: (1, 0), 3: (0, 1), 5: (1, 1), 61: (0, 2)}
    partners = range(1, 63)  # some never bought
    compare(log, RULES[name], MONTH_ENDS, partners, pipeline)


def test_night_after_night():
    days = [datetime.date(2024, 1, 25) + datetime.timedelta(n) for n in range(70)]
    rules = ranked(10, 30, 60, 100, min_customers=3, customers_per_bin=2, grace_days=9)
    compare(random_log(7, customers=25), rules, days)


purchases = st.lists(
    st.builds(
        Document,
        partner=st.integers(1, 6),
        moment=st.integers(0, 420).map(
            lambda n: datetime.date(2023, 5, 1) + datetime.timedelta(n)
        ),
        cents=st.one_of(
            st.sampled_from([0, 1, 10000, -10000]), st.integers(-30000, 99999)
        ),
        margin_cents=st.none() | st.integers(-500, 500),
    ),
    max_size=40,
)


@settings(max_examples=150)
@given(
    purchases,
    st.sampled_from(sorted(RULES)),
    st.lists(st.integers(300, 800), min_size=1, max_size=4),
)
def test_any_log(log, name, ages):
    begin = datetime.date(2023, 5, 1)
    days = [begin + datetime.timedelta(age) for age in sorted(ages)]
    compare(log, RULES[name], days, range(1, 8), {1: (1, 0), 2: (0, 1)})


@pytest.mark.parametrize(
    ("tz", "day"),
    [
        ("UTC", datetime.date(2024, 2, 29)),
        ("Asia/Shanghai", datetime.date(2024, 3, 1)),
        ("America/New_York", datetime.date(2024, 2, 29)),
        ("Pacific/Kiritimati", datetime.date(2024, 3, 1)),
        ("Pacific/Honolulu", datetime.date(2024, 2, 29)),
    ],
)
def test_a_purchase_before_midnight_belongs_to_the_day_of_the_company(tz, day):
    moment = datetime.datetime(2024, 2, 29, 23, 30, tzinfo=datetime.timezone.utc)
    frame = facts_frame([Document(1, moment, 100)], day, tz=tz)
    assert day_of(moment, tz) == day
    assert classify(frame, None, ranked(), day).frame["recency_days"][1] == 0
    earlier = day - datetime.timedelta(1)
    frame = facts_frame([Document(1, moment, 100)], earlier, tz=tz)
    assert classify(frame, None, ranked(), earlier).frame["recency_days"][1] == -1


def test_two_sides_of_local_midnight_are_two_visits():
    shanghai = ZoneInfo("Asia/Shanghai")
    log = [
        Document(1, datetime.datetime(2024, 3, 1, 0, 0, tzinfo=shanghai), 100),
        Document(1, datetime.datetime(2024, 2, 29, 23, 59, 59, tzinfo=shanghai), 100),
    ]
    as_of = datetime.date(2024, 3, 1)
    assert facts_frame(log, as_of, tz="Asia/Shanghai")["visit_count"][1] == 2
    assert facts_frame(log, as_of, tz="UTC")["visit_count"][1] == 1


def test_reference_and_rules_agree_on_the_window():
    from reference import half_start, window_start

    for months in (1, 2, 3, 12, 13, 24, 36):
        rules = ranked(window_months=months)
        for number in range(1500):
            day = datetime.date(2023, 1, 1) + datetime.timedelta(number)
            assert rules.window_start(day) == window_start(day, months)
            assert rules.half_start(day) == half_start(day, months)


def test_the_logs_of_these_tests_reach_everything():
    """The random logs reach each stage, tier, reason, risk and signal.

    Otherwise the tests above prove less than they seem to.
    """
    reached = {}
    for rules in RULES.values():
        previous = None
        for as_of in MONTH_ENDS:
            log = random_log(1, customers=60)
            frame = facts_frame(
                log, as_of, rules.window_months, range(1, 63), {2: (1, 0)}
            )
            result = classify(frame, previous, rules, as_of).frame
            previous = state(frame, result)
            for classes in words(result, rules).values():
                for axis, value in classes.items():
                    if axis in ("lifecycle_stage", "tier_reason", "churn_risk"):
                        reached.setdefault(axis, set()).add(value)
                reached.setdefault("signals", set()).update(classes["churn_signals"])
                reached.setdefault("tier", set()).add(classes["value_tier"])
    from engine import RISKS, SIGNALS, STAGES, TIER_REASONS
    from engine.customers.heard import HEARD_SIGNALS

    assert reached["lifecycle_stage"] == set(STAGES)
    assert reached["tier_reason"] == set(TIER_REASONS)
    assert reached["churn_risk"] == {None, *RISKS}
    # These logs are of purchases: what is heard has tests of its own.
    assert reached["signals"] == {*SIGNALS} - {*HEARD_SIGNALS}
    assert reached["tier"] == {None, *range(len(KEYS))}
