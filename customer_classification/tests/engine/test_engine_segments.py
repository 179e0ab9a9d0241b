"""The segment map: cells, claims, templates, and no contradictions."""

import itertools

import numpy as np
import pandas as pd
import pytest
from builders import (
    HIGH,
    KEYS,
    LOW,
    MEDIUM,
    UNRATED,
    VIP,
    limited,
    ranked,
    segments_of,
    template,
)
from engine import METRICS, RISKS, STAGES, RuleError, Segment, classify, segment_of
from engine.customers.segment_maps import TEMPLATES, TEN_RANGES, read_cells, write_cells
from engine.customers.segments import CELLS, VALUES, fifth_of, steps, value_of
from hypothesis import given, settings
from hypothesis import strategies as st
from real_purchases import cdnow, online_retail
from reference import facts_frame

FIVE = dict.fromkeys(METRICS, 5)
# Classes that contradict each claim: the definition of docs/.
GONE = ("dormant", "lost")
DEFAULT_CLAIMS = {
    "staying": {"champion", "frequent", "small_spender", "occasional", "promising"},
    "slipping": {"need_attention", "about_to_sleep", "at_risk"},
    "leaving": {"cannot_lose"},
    "gone": {"hibernating", "lapsed"},
    "steady": {"steady"},
    "much": {"champion", "cannot_lose"},
    "little": {"small_spender"},
}


def words_of(name, customers, rules=None, bins=None):
    """Words of a template for ``[(cell, stage, risk, tier)]`` in words."""
    segments, words = template(name)
    rules = rules or ranked(segments=segments)
    cells, stages, risks, tiers = zip(*customers, strict=True)
    shown = pd.DataFrame(
        {
            "lifecycle_stage": [STAGES.index(stage) + 1 for stage in stages],
            "churn_risk": [RISKS.index(r) + 1 if r else 0 for r in risks],
            "value_tier": tiers,
        }
    )
    scores = np.array(cells, "int8").T
    keys = segment_of(scores, shown, bins or FIVE, rules)
    return [words.get(key) for key in keys.tolist()]


def contradicts(word, stage, risk, tier, keys=KEYS):
    """The claim of a segment of the default map that is untrue, or nothing."""
    gone = stage in GONE
    slipping = not gone and risk in ("medium", "high")
    claims = [claim for claim, words in DEFAULT_CLAIMS.items() if word in words]
    untrue = {
        "staying": gone or risk == "high",
        "slipping": not slipping,
        "leaving": not slipping and not gone,
        "gone": not gone,
        "steady": gone or slipping,
        "much": tier in (keys[-1], UNRATED),
        "little": tier in keys[: len(keys) // 2],
    }
    return [claim for claim in claims if untrue[claim]]


EVERYBODY = list(
    itertools.product(CELLS, STAGES, (None, *RISKS), (*KEYS, UNRATED)),
)


def test_the_default_map_contradicts_nothing():
    """The default map contradicts no stage, risk or tier.

    All 125 cells with each stage, risk and tier, decided ones among them: a person
    can combine any of them.
    """
    words = words_of("classes", EVERYBODY)
    untrue = [
        (word, customer[1:])
        for word, customer in zip(words, EVERYBODY, strict=True)
        if word is None or contradicts(word, *customer[1:])
    ]
    assert untrue == []
    assert set(words) == {line[0] for line in TEMPLATES["classes"]}


@settings(max_examples=50)
@given(
    st.lists(st.integers(1, 99), min_size=1, max_size=7, unique=True),
    st.lists(
        st.tuples(
            st.sampled_from(CELLS),
            st.sampled_from(STAGES),
            st.sampled_from((None, *RISKS)),
            st.integers(0, 6),
        ),
        min_size=1,
        max_size=50,
    ),
)
def test_nor_with_any_number_of_tiers(keys, customers):
    segments, __ = template("classes")
    tiers = [(key, 100 - place) for place, key in enumerate(keys)]
    rules = limited(segments=segments)
    rules = type(rules)(
        policy=1,
        unrated_key=UNRATED + 100,
        tier_method="limit",
        tiers=tuple(
            type(rules.tiers[0])(key, limit if place < len(keys) - 1 else 0)
            for place, (key, limit) in enumerate(tiers)
        ),
        segments=segments,
    )
    customers = [(*rest, keys[tier % len(keys)]) for *rest, tier in customers]
    for word, (__, stage, risk, tier) in zip(
        words_of("classes", customers, rules), customers, strict=True
    ):
        assert not contradicts(word, stage, risk, tier, keys), (word, stage, risk, tier)


@pytest.mark.parametrize(
    ("customer", "word"),
    [
        (((5, 5, 5), "loyal", "low", VIP), "champion"),
        (((5, 5, 5), "loyal", "medium", VIP), "champion"),
        (((5, 5, 5), "loyal", "high", VIP), "at_risk"),
        (((5, 5, 5), "loyal", "low", LOW), "frequent"),
        (((5, 5, 5), "lost", None, LOW), "lapsed"),
        # Eleven orders, each given back the next day.
        (((5, 5, 1), "loyal", "low", LOW), "small_spender"),
        (((5, 5, 1), "loyal", "low", HIGH), "frequent"),
        (((1, 5, 5), "active", "low", VIP), "steady"),
        (((1, 5, 5), "active", "medium", VIP), "cannot_lose"),
        (((1, 5, 5), "dormant", "high", MEDIUM), "cannot_lose"),
        (((1, 5, 1), "lost", None, UNRATED), "lapsed"),
        (((1, 1, 1), "active", "low", LOW), "steady"),
        (((1, 1, 1), "active", "medium", LOW), "at_risk"),
        (((1, 1, 1), "dormant", "high", LOW), "hibernating"),
        (((2, 4, 3), "dormant", "high", LOW), "lapsed"),
        (((5, 1, 3), "new", "low", UNRATED), "promising"),
        (((5, 1, 3), "won_back", "high", LOW), "at_risk"),
        (((4, 2, 3), "dormant", "high", LOW), "hibernating"),
        (((3, 3, 3), "active", "low", MEDIUM), "steady"),
        (((3, 2, 3), "new", "medium", MEDIUM), "about_to_sleep"),
    ],
)
def test_words_of_the_default_map(customer, word):
    assert words_of("classes", [customer]) == [word]


def test_a_tier_for_no_value_is_worth_little():
    kinds = [VALUES[value_of(key, [4, 3, 2, 1], (UNRATED, 77))] for key in (77, 2, 4)]
    assert kinds == ["little", "middle", "much"]


def test_the_published_map_customer_by_customer():
    """Segments equal the published map, customer by customer.

    As the R package does it: the ten ranges one after the other, first match.
    """
    lower = {
        "champion": (4, 4, 4),
        "loyal": (2, 3, 3),
        "potential_loyalist": (3, 1, 1),
        "new": (4, 1, 1),
        "promising": (3, 1, 1),
        "need_attention": (2, 2, 2),
        "about_to_sleep": (2, 1, 1),
        "at_risk": (1, 2, 2),
        "cannot_lose": (1, 4, 4),
        "lost": (1, 1, 1),
    }
    upper = {
        "champion": (5, 5, 5),
        "loyal": (5, 5, 5),
        "potential_loyalist": (5, 3, 3),
        "new": (5, 1, 1),
        "promising": (4, 1, 1),
        "need_attention": (3, 3, 3),
        "about_to_sleep": (3, 2, 2),
        "at_risk": (2, 5, 5),
        "cannot_lose": (1, 5, 5),
        "lost": (2, 2, 2),
    }
    words = words_of("ten", EVERYBODY)
    for word, (cell, *__) in zip(words, EVERYBODY, strict=True):
        matching = [
            name
            for name in lower
            if all(
                low <= score <= high
                for low, score, high in zip(lower[name], cell, upper[name], strict=True)
            )
        ]
        assert word == (matching[0] if matching else "others"), cell
    assert [code for code, __ in TEN_RANGES] == [*lower, "others"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_is_complete(name):
    segments, words = template(name)
    ranked(segments=segments)
    assert sum(len(segment.cells) for segment in segments) == len(CELLS) == 125
    for code, cells, *__ in TEMPLATES[name]:
        assert write_cells(read_cells(cells)) == cells, code


# Refused maps


def refusal(*segments):
    with pytest.raises(RuleError) as caught:
        ranked(segments=segments)
    return caught.value.code, caught.value.values


HALF = frozenset(cell for cell in CELLS if cell[0] > 3)
REST = frozenset(CELLS) - HALF


def test_no_segment_is_a_map():
    assert ranked(segments=()).segments == ()
    customers = [((5, 5, 5), "loyal", "low", VIP)]
    assert words_of("five", customers, ranked()) == [None]


def test_holes_and_overlaps_are_named():
    assert refusal(Segment(1, HALF)) == (
        "cells_missing",
        {"cell": (1, 1, 1), "more": 74},
    )
    assert refusal(Segment(1, frozenset(CELLS) - {(5, 1, 3)})) == (
        "cell_missing",
        {"cell": (5, 1, 3)},
    )
    assert refusal(Segment(1, HALF), Segment(2, REST | {(5, 1, 3)})) == (
        "cell_twice",
        {"cell": (5, 1, 3), "segment": 1, "other_segment": 2},
    )
    assert refusal(Segment(1, HALF | {(6, 1, 1)}), Segment(2, REST))[0] == (
        "cell_unknown"
    )


def test_segments_are_named_once():
    assert refusal(Segment(1, HALF), Segment(1, REST)) == (
        "segment_twice",
        {"segment": 1},
    )
    assert refusal(Segment(0, HALF), Segment(1, REST)) == ("segment_zero", {})


def test_claims_lead_somewhere():
    def claiming(**values):
        return Segment(1, HALF, "staying", **values)

    rest = Segment(2, REST)
    assert refusal(claiming(), rest) == ("otherwise_missing", {"segment": 1})
    assert refusal(claiming(otherwise=7), rest) == (
        "otherwise_unknown",
        {"segment": 1, "other_segment": 7},
    )
    assert refusal(claiming(otherwise=1), rest)[0] == "otherwise_circle"
    assert refusal(claiming(otherwise=2), Segment(2, REST, "gone", otherwise=1)) == (
        "otherwise_circle",
        {"segment": 2, "other_segment": 1},
    )
    assert refusal(Segment(1, HALF, "dancing", otherwise=2), rest)[0] == (
        "claim_unknown"
    )
    assert refusal(Segment(1, HALF, value="x", otherwise=2), rest)[0] == "claim_unknown"
    ranked(segments=(claiming(otherwise=2), rest))


# Cells as text


@given(st.sets(st.sampled_from(CELLS)))
def test_cells_there_and_back(cells):
    text = write_cells(cells)
    assert read_cells(text) == cells
    assert write_cells(read_cells(text)) == text


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("5-4 4 1", "4-5 4 1"),
        (" 5   4-5 4 - 5 ;4 5 2-5;", "5 4-5 4-5; 4 5 2-5"),
        ("R5 F1 M3", "5 1 3"),
        ("5 1 3；5 1 2\n5 1 1", "5 1 1-3"),
        ("1 1 1; 1 1 1", "1 1 1"),
        ("", ""),
    ],
)
def test_any_order_is_understood(text, same):
    assert write_cells(read_cells(text)) == same


@pytest.mark.parametrize(
    "text",
    [
        "0 1 1",
        "6 1 1",
        "5 5",
        "5 5 5 5",
        "5-5-5 1 1",
        "٥ 1 1",
        "5.5 1 1",
        "a",
        "%s 1 1",
    ],
)
def test_what_is_no_box_is_named(text):
    with pytest.raises(ValueError) as caught:
        read_cells(f"1 1 1; {text}")
    assert caught.value.args == (text,)


@settings(max_examples=50)
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        assert read_cells(text) <= set(CELLS)
    except ValueError as error:
        assert error.args[0] in text


# Numbers of bins other than five


@pytest.mark.parametrize("bins", range(1, 11))
def test_other_numbers_of_bins_are_stretched_to_five(bins):
    fifths = fifth_of(bins).tolist()[1:]
    expected = [min(5, int((s - 0.5) * 5 // bins) + 1) for s in range(1, bins + 1)]
    exact = [(s - 0.5) * 5 % bins == 0 for s in range(1, bins + 1)]
    assert fifths == [f - e for f, e in zip(expected, exact, strict=True)]
    assert [6 - f for f in fifths[::-1]] == fifths, "both ends are treated alike"


def test_ten_bins_fall_in_pairs_and_one_is_the_middle():
    assert fifth_of(10).tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert fifth_of(1).tolist() == [0, 3]


def test_each_metric_has_bins_of_its_own():
    bins = {"recency": 10, "frequency": 5, "monetary": 1}
    customers = [((9, 5, 1), "loyal", "low", VIP), ((4, 3, 1), "lost", None, LOW)]
    assert words_of("classes", customers, bins=bins) == ["champion", "lapsed"]
    assert words_of("classes", [((0, 0, 0), "prospect", None, UNRATED)]) == [None]


def test_steps_tell_who_was_not_said():
    segments, words = template("classes")

    def told(*customer):
        return [words[segment.key] for segment in steps(segments, *customer)]

    assert told((5, 5, 5), "steady", "much") == ["champion"]
    assert told((5, 5, 5), "steady", "little") == ["champion", "frequent"]
    assert told((5, 5, 5), "gone", "little") == [
        *("champion", "frequent", "at_risk", "lapsed"),
    ]
    assert told((0, 0, 0), "steady", "little") == []
    assert list(steps((), (5, 5, 5), "steady", "much")) == []


# Real purchases


@pytest.mark.parametrize("load", [cdnow, online_retail])
def test_real_customers_contradict_nothing(load):
    log = load()
    if log is None:
        pytest.skip("the data are not at hand")
    as_of = max(item.moment for item in log)
    segments, words = template("classes")
    rules = ranked(segments=segments)
    result = classify(facts_frame(log, as_of), None, rules, as_of)
    keys = segments_of(result, rules)
    scored = result.frame["score_recency"] > 0
    assert [key > 0 for key in keys] == scored.tolist()
    for key, stage, risk, tier in zip(
        keys,
        result.frame["lifecycle_stage"],
        result.frame["churn_risk"],
        result.frame["value_tier"],
        strict=True,
    ):
        word = words.get(key)
        assert not contradicts(
            word, STAGES[stage - 1], RISKS[risk - 1] if risk else None, tier
        )
