"""Memory of a new version of the rules: all that it leaves unchanged."""

import datetime
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import (
    HIGH,
    KEYS,
    LOW,
    MEDIUM,
    TODAY,
    VIP,
    ago,
    facts,
    limited,
    random_log,
    ranked,
    row,
    state,
    was,
)
from engine import (
    CampaignParameters,
    Component,
    Edges,
    ProductParameters,
    TierLimit,
    all_axes,
    all_tiers,
    are_same,
    campaign_changes,
    classify,
    remembered_axes,
    remembered_tiers,
    standing_edges,
)
from engine.common.stability import class_before
from engine.customers.memory import tier_rules
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import facts_frame

AS_OF = datetime.date(2024, 3, 31)
SHARES = (5, 20, 50, 100)
RULES = {
    "ranked": ranked(customers_per_bin=3, min_customers=5),
    "kept": ranked(keeps=(8, 30, 60), customers_per_bin=3, min_customers=5),
    "slow": ranked(one_step_down=True, customers_per_bin=3, min_customers=5),
    "score": ranked(value_metric="score", customers_per_bin=3, min_customers=5),
    "limited": limited(customers_per_bin=3),
}
# Values of tiers that leave their order as it is, and may be drawn for one of them.
OTHERS = {
    "share": [(2, 4, 8, 12), (13, 16, 24, 30), (35, 45, 55, 80)],
    "value": [(2000, 600), (500, 200), (150, 20)],
}
seeds = st.integers(0, 10**6)
names = st.sampled_from(sorted(RULES))


def followed(rules, policy, old, claims=remembered_tiers):
    """Rules as another version that remembers an old one."""
    return replace(rules, policy=policy, remembers={old.policy: claims(old, rules)})


def lived(log, rules, days=(90, 45, 20, 1)):
    """Return facts, state and edges after runs on earlier days."""
    previous, edges = None, None
    for back in days:
        day = AS_OF - datetime.timedelta(back)
        frame = facts_frame(log, day, partners=range(1, 61))
        result = classify(frame, previous, rules, day, standing=edges)
        previous, edges = state(frame, result.frame, rules.policy), result.edges
    return facts_frame(log, AS_OF, partners=range(1, 61)), previous, edges


def with_limit(rules, place, **values):
    tiers = list(rules.tiers)
    tiers[place] = replace(tiers[place], **values)
    return replace(rules, tiers=tuple(tiers))


def places(result, rules):
    """The place of each customer's tier, -1 for not rated."""
    known = {item.key: number for number, item in enumerate(rules.tiers)}
    return result.frame["value_tier"].map(known).fillna(-1).to_numpy()


# An unchanged copy


@settings(max_examples=30)
@given(seeds, names)
def test_an_unchanged_copy_is_the_same_version_by_another_number(seed, name):
    rules = RULES[name]
    frame, previous, edges = lived(random_log(seed, 60), rules)
    copy = followed(rules, 2, rules)
    assert are_same(copy, rules)
    assert standing_edges(edges, rules, copy) == edges
    expected = classify(frame, previous, rules, AS_OF, standing=edges)
    found = classify(
        frame, previous, copy, AS_OF, standing=standing_edges(edges, rules, copy)
    )
    assert found.edges == expected.edges
    assert found.edges.limits_found == expected.edges.limits_found
    pd.testing.assert_frame_equal(found.frame, expected.frame)


def test_what_is_not_about_tiers_leaves_them_their_memory():
    rules = ranked()
    other = replace(rules, new_days=10, dormant_ratio=4, grace_days=5, loyal_orders=9)
    assert not are_same(rules, other)
    assert remembered_tiers(rules, other) == {key: key for key in KEYS}
    edges = Edges(
        recency=(1.0,),
        frequency=(2.0,),
        monetary=(3.0,),
        population_gap_days=44,
        tier_limits={VIP: 9.0, HIGH: 6.0, MEDIUM: 3.0},
        keep_limits={VIP: 8.0, HIGH: 5.0, MEDIUM: 2.0},
        limits_found={VIP: ("2024-01-01", 40)},
    )
    assert standing_edges(edges, rules, other) == edges


# One boundary


def boundary_changes(name):
    """Another limit, or another keep limit, for one tier of some rules."""

    def changed(place, number, keep):
        if keep and RULES[name].tiers[place].keep_limit is not None:
            return place, {"keep_limit": None}
        values = OTHERS["value" if name == "limited" else "share"][place]
        limit = values[number % len(values)]
        own = RULES[name].tiers[place].keep_limit
        return place, {"limit": limit, "keep_limit": own and max(own, limit)}

    return st.builds(changed, st.integers(0, 2), st.integers(0, 3), st.booleans())


@settings(max_examples=150)
@given(seeds, names, st.data())
def test_another_boundary_moves_only_across_it(seed, name, data):
    """Another boundary moves only customers across it.

    Beside the moves that the old rules would give today.
    """
    rules = RULES[name]
    place, values = data.draw(boundary_changes(name))
    try:
        other = with_limit(rules, place, **values)
    except ValueError:  # a keep limit that crosses its neighbour's
        return
    frame, previous, edges = lived(random_log(seed, 60), rules)
    other = followed(other, 2, rules)
    kept = standing_edges(edges, rules, other)
    expected = classify(frame, previous, rules, AS_OF, standing=edges)
    found = classify(frame, previous, other, AS_OF, standing=kept)
    if not same_but(expected.edges, found.edges, KEYS[place]):
        return  # limits that had drifted too far were found anew by one of the two
    before, now = places(expected, rules), places(found, other)
    for boundary in range(3):
        if boundary != place:
            crossed = (before <= boundary) != (now <= boundary)
            assert not crossed.any(), (boundary, before[crossed], now[crossed])


def same_but(one, other, key):
    return all(
        getattr(one, name).get(tier) == getattr(other, name).get(tier)
        for name in ("tier_limits", "keep_limits")
        for tier in KEYS
        if tier != key
    )


def test_limits_of_the_others_stand():
    """Everybody bought more since: limits of one's own would be others."""
    rules = ranked()
    frame = facts(*(row(revenue=float(n)) for n in range(1, 101)))
    edges = classify(frame, None, rules, TODAY).edges
    frame["revenue"] = frame["revenue"] + 2
    other = with_limit(rules, 0, limit=10)
    later = TODAY + datetime.timedelta(3)
    found = classify(
        frame, None, other, later, standing=standing_edges(edges, rules, other)
    )
    assert found.edges.tier_limits == {VIP: 92.1, HIGH: 80.2, MEDIUM: 50.5}
    assert found.edges.limits_found == {
        VIP: (later.isoformat(), 100),
        HIGH: (TODAY.isoformat(), 100),
        MEDIUM: (TODAY.isoformat(), 100),
    }


def test_a_new_limit_that_crosses_a_standing_one_moves_both():
    """A new limit that crosses a kept one moves both.

    High holds at 80.2, below which 20 + 2 customers are not cut off any more; the
    best 19 % begin below it.
    """
    rules = ranked(limit_tolerance=0.5)
    frame = facts(*(row(revenue=float(n)) for n in range(1, 101)))
    edges = Edges(tier_limits={VIP: 98.0, HIGH: 90.0, MEDIUM: 50.5})
    other = with_limit(rules, 0, limit=19)
    found = classify(
        frame, None, other, TODAY, standing=standing_edges(edges, rules, other)
    )
    assert found.edges.tier_limits == {VIP: 81.19, HIGH: 80.2, MEDIUM: 50.5}


def test_the_limit_of_a_last_tier_of_before_is_left_out():
    rules = ranked()
    frame = facts(*(row(revenue=float(n)) for n in range(1, 101)))
    edges = Edges(tier_limits={VIP: 95.0, HIGH: 80.0, MEDIUM: 50.0, LOW: 1.0})
    copy = replace(rules, policy=2)
    found = classify(
        frame, None, copy, TODAY, standing=standing_edges(edges, rules, copy)
    )
    assert found.edges.tier_limits == {VIP: 95.0, HIGH: 80.0, MEDIUM: 50.0}
    assert found.edges.limits_found == {}, "nobody kept since when"


@pytest.mark.parametrize(
    ("held", "value", "since", "expected"),
    [
        (VIP, 950, None, (HIGH, 1)),  # above High: what ends is told in the preview
        (VIP, 290, None, (HIGH, 2)),  # was above the limit of High, which is the same
        (VIP, 150, ago(12), (HIGH, 3)),
        (VIP, 150, ago(30), (MEDIUM, 1)),
        (HIGH, 290, None, (HIGH, 2)),
        (HIGH, 150, ago(29), (HIGH, 3)),
        (HIGH, 150, ago(30), (MEDIUM, 1)),
        (MEDIUM, 95, None, (MEDIUM, 2)),
    ],
)
def test_grace_and_keep_limits_go_on_where_the_limit_is_the_same(
    held, value, since, expected
):
    rules = limited()
    other = followed(with_limit(rules, 0, limit=1500), 2, rules)
    frame = facts(row(revenue=float(value)))
    previous = was(frame, value_tier=held, tier_below_since=since or pd.NaT)
    found = classify(frame, previous, other, TODAY).frame.iloc[0]
    assert (found["value_tier"], found["tier_reason"]) == expected


def test_kept_on_purpose():
    """The VIP keeps the tier through the change if the version says so."""
    rules = limited()
    other = followed(with_limit(rules, 0, limit=1500), 2, rules, all_tiers)
    frame = facts(row(revenue=950.0))
    found = classify(frame, was(frame, value_tier=VIP), other, TODAY).frame.iloc[0]
    assert (found["value_tier"], found["tier_reason"]) == (VIP, 3)
    assert found["tier_below_since"].date() == TODAY


def test_one_step_down_counts_the_days_of_each_tier():
    rules = limited(one_step_down=True)
    other = followed(with_limit(rules, 0, limit=1500), 2, rules)
    frame = facts(row(revenue=5.0))
    previous = was(frame, value_tier=VIP, tier_below_since=ago(40))
    found = classify(frame, previous, other, TODAY).frame.iloc[0]
    assert (found["value_tier"], found["tier_reason"]) == (HIGH, 3)
    assert found["tier_below_since"].date() == TODAY


def test_a_limit_of_earlier_releases_stands_as_an_amount():
    """Six-decimal limits of earlier releases become amounts.

    The same customers are above, since the same day.
    """
    rules = ranked()
    frame = facts(*(row(revenue=float(n)) for n in range(1, 101)))
    found = {VIP: ("2024-01-05", 90)}
    edges = Edges(
        tier_limits={VIP: 95.056, HIGH: 80.2, MEDIUM: 50.5}, limits_found=found
    )
    now = classify(frame, None, rules, TODAY, standing=edges).edges
    assert now.tier_limits[VIP] == 95.05
    assert now.limits_found == found


# Subjects of the rules


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"documents": ("invoice",)}, set()),
        ({"window_months": 6}, set()),
        ({"value_metric": "margin"}, set()),
        ({"tier_method": "limit", "tiers": limited().tiers}, set()),
        ({"keep_margin": 0.2}, set()),
        ({"customers_per_bin": 3}, {VIP, HIGH, MEDIUM}),
        ({"min_orders": 9}, {VIP, HIGH, MEDIUM}),
        ({"limit_tolerance": 0}, {VIP, HIGH, MEDIUM}),
        ({"risk_overdue": 1}, {VIP, HIGH, MEDIUM}),
    ],
)
def test_rules_of_tiers(change, expected):
    rules = ranked()
    other = replace(rules, **change)
    claims = remembered_tiers(rules, other)
    kept = {key for key, claim in claims.items() if key == claim}
    assert kept - {LOW} == expected


def test_a_rule_that_is_added_has_its_place():
    """A new rule must be listed in ``engine/memory.py``.

    There it is decided if it concerns limits.
    """
    rules = ranked(value_metric="score")
    values = {"window_months", "value_metric", "currency_digits", "documents"}
    compared = {"tier_method", "tier_ties", "count_archived", "share_of"}
    scores = {"components", "customers_per_bin", "growth_min_orders"}
    scores |= {"satisfaction_min_count"}
    *__, of_tier = tier_rules(rules, rules.tiers[0])
    assert set(of_tier) == values | compared | scores
    *__, of_tier = tier_rules(ranked(), rules.tiers[0])
    assert set(of_tier) == values | compared


def test_the_score_is_a_rule_of_tiers_by_score():
    rules = ranked(value_metric="score")
    other = replace(rules, customers_per_bin=3)
    assert set(remembered_tiers(rules, other).values()) == {LOW}


def test_an_own_keep_limit_ends_the_memory_of_its_tier_and_not_its_limit():
    rules = ranked()
    other = with_limit(rules, 1, keep_limit=30)
    assert remembered_tiers(rules, other) == {
        VIP: VIP,
        HIGH: MEDIUM,
        MEDIUM: MEDIUM,
        LOW: LOW,
    }
    edges = Edges(
        tier_limits={VIP: 9.0, HIGH: 6.0, MEDIUM: 3.0},
        keep_limits={VIP: 8.0, HIGH: 5.0, MEDIUM: 2.0},
    )
    kept = standing_edges(edges, rules, other)
    assert kept.tier_limits == edges.tier_limits
    assert kept.keep_limits == {VIP: 8.0, MEDIUM: 2.0}


def test_tiers_that_come_and_go():
    rules = ranked()
    platinum = TierLimit(77, 10)
    more = replace(rules, tiers=(rules.tiers[0], platinum, *rules.tiers[1:]))
    assert remembered_tiers(rules, more) == {key: key for key in KEYS}
    claims = remembered_tiers(more, rules)
    assert claims == {VIP: VIP, 77: HIGH, HIGH: HIGH, MEDIUM: MEDIUM, LOW: LOW}
    assert all_tiers(more, rules) == claims


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"window_months": 6}, {"recency", "frequency", "monetary", "margin"}),
        ({"customers_per_bin": 3}, {"recency", "frequency", "monetary", "margin"}),
        ({"documents": (1,)}, {"recency", "frequency", "monetary", "margin", "gap"}),
        ({"growth_min_orders": 9}, set()),
        ({"value_metric": "margin"}, set()),
        ({"tier_method": "limit", "tiers": limited().tiers}, set()),
    ],
)
def test_rules_of_scores_and_of_the_usual_gap(change, lost):
    rules = ranked(components=(*ranked().components, Component("margin", 1)))
    edges = Edges((1.0,), (2.0,), (3.0,), 44, extras={"margin": (4.0,)})
    kept = standing_edges(edges, rules, replace(rules, **change))
    gone = {name for name in kept.bins if not kept.thresholds(name)}
    gone |= set() if kept.population_gap_days else {"gap"}
    assert gone == lost


def test_another_weight_leaves_the_thresholds_of_a_metric():
    rules = ranked()
    first, *rest = rules.components
    edges = Edges((1.0,), (2.0,), (3.0,), 44)
    other = replace(rules, components=(replace(first, weight=9), *rest))
    assert standing_edges(edges, rules, other) == edges
    other = replace(rules, components=(replace(first, bins=3), *rest))
    assert standing_edges(edges, rules, other) == edges.replace(recency=())


def test_a_gap_that_cannot_stand_is_found():
    frame = facts(*[row(visit_count=5, revenue=float(n)) for n in range(12)])
    rules = ranked()
    found = classify(frame, None, rules, TODAY, standing=Edges(population_gap_days=0))
    assert (
        found.edges.population_gap_days
        == classify(frame, None, rules, TODAY).edges.population_gap_days
    )
    assert np.isfinite(found.frame["expected_gap_days"]).all()


# Products


@pytest.mark.parametrize(
    ("change", "forgotten"),
    [
        ({}, set()),
        ({"policy": 2, "grace_days": 1, "new_days": 1, "end_days": 9}, set()),
        ({"documents": (1,)}, {"abc", "xyz", "price_band", "sales_lifecycle"}),
        ({"window_months": 6}, {"abc", "xyz"}),
        ({"a_share": 0.7}, {"abc"}),
        ({"keep_share": 0.03}, {"abc"}),
        ({"rank_by": "margin"}, {"abc"}),
        ({"cv_tolerance": 0.1}, {"xyz"}),
        ({"min_months": 3}, {"xyz"}),
        ({"band_low": 0.2}, {"price_band"}),
        ({"growth": 0.3}, {"sales_lifecycle"}),
    ],
)
def test_rules_of_the_axes(change, forgotten):
    rules = ProductParameters()
    known = remembered_axes(rules, replace(rules, **change))
    assert set(all_axes(rules, rules)) - known == forgotten


def test_classes_of_products_are_remembered_by_axis():
    previous = pd.DataFrame({"abc": [1, 2, 3, 1], "policy": [1, 2, 3, 0]})
    rules = ProductParameters(policy=1, remembers={2: frozenset({"abc"})})
    assert class_before("abc", previous, rules).tolist() == [1, 2, 0, 0]
    rules = replace(rules, remembers={2: frozenset({"xyz"})})
    assert class_before("abc", previous, rules).tolist() == [1, 0, 0, 0]


# Campaigns


def test_the_rules_before_tell_the_cause_of_a_campaign():
    """The earlier rules explain a campaign's cause.

    Its own figures differ by the rules, too: they do not.
    """
    previous = pd.DataFrame(
        {"performance": [1, 1, 1], "policy": 1, "own_hash": 7}, index=[1, 2, 3]
    )
    now = pd.DataFrame(
        {"performance": 2, "performance_ratio": 0.5, "own_hash": [8, 8, 7]},
        index=[1, 2, 3],
    )
    rules, old = CampaignParameters(policy=2), pd.Series({1: 1, 2: 2, 3: 2})
    found = campaign_changes(previous, now, rules, old).set_index("campaign")["cause"]
    assert found.to_dict() == {1: 2, 2: 1, 3: 3}, "rules, data, time"
    unknown = campaign_changes(previous, now, rules).set_index("campaign")["cause"]
    assert unknown.to_dict() == {1: 1, 2: 1, 3: 2}
