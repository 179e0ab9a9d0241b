"""From facts to classes, for all customers at once.

*How it works*: read → rhythm → edges (found here, or those of an earlier run) →
scores → tiers, stages, growth, risk → day of the next review. Each step is a function
of arrays of one length; nothing loops over customers and nothing asks for the time.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import day_number, require_unique, to_dates, to_whole
from ..common.lazy import np
from . import lifecycle, review, scores, tiers
from .columns import METRICS, read_facts, read_previous, result_frame
from .growth import growth
from .heard import heard_numbers
from .parameters import Edges, Parameters
from .rhythm import find_population_gap, rhythm
from .risk import risk

# Customers that are classified at a time.
PART_ROWS = 65_536

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from .rhythm import Rhythm


class Classification(NamedTuple):
    """Result of :func:`classify`.

    ``frame``: columns of ``RESULT``, rows as the facts; ``edges``: the limits that
    were used; ``notes``: dicts with a ``code`` and numbers, for the run to report.
    """

    frame: pd.DataFrame
    edges: Edges
    notes: list[dict]


def classify(
    facts: pd.DataFrame,
    previous: pd.DataFrame | None,
    parameters: Parameters,
    as_of: datetime.date,
    edges: Edges | None = None,
    standing: Edges | None = None,
    frozen: Edges | None = None,
) -> Classification:
    """Classify customers as of a day.

    :param facts: one row per customer, columns of ``FACTS``, index ``partner_id``;
        up to and including ``as_of``
    :param previous: their former classes, columns of ``PREVIOUS``; a customer that is
        absent or has tier 0 was never classified
    :param edges: limits of an earlier full run, for a run over some customers; without
        them, those of this population are found
    :param standing: limits of the run before that the same rules found, which hold
        while those of this population are close to them
    :param frozen: limits that are kept whatever the population, as far as there are
        some
    :raises ValueError: columns are missing, customers are repeated, or the edges
        belong to other tiers
    """
    # NaN means "none" and compares as false; numpy < 1.25 warns of it.
    with np.errstate(invalid="ignore"):
        return _classify(facts, previous, parameters, as_of, edges, standing, frozen)


def _classify(frame, previous_frame, parameters, as_of, edges, standing, frozen):
    today = day_number(as_of)
    facts, notes = read_facts(frame, parameters.currency_digits)
    notes += _future_note(facts, today)
    if edges is None:
        edges, found = find_edges(facts, parameters, today, standing, frozen)
        notes += found
    del facts  # as large as the frame
    values = [
        _values(*rows, parameters, as_of, edges)
        for rows in _parts(frame, previous_frame)
    ]
    return Classification(result_frame(_joined(values), frame.index), edges, notes)


def _parts(frame, previous):
    """Yield ``(facts, previous)`` of a part of the customers after the other.

    What the program works out for each customer then fits into the processor's cache.
    """
    if previous is not None:
        require_unique(previous, "rows of the previous state")
    is_same = previous is not None and previous.index.equals(frame.index)
    for start in range(0, max(len(frame), 1), PART_ROWS):
        rows = slice(start, start + PART_ROWS)
        facts, before = frame.iloc[rows], previous
        if is_same:
            before = previous.iloc[rows]
        elif previous is not None:
            places = previous.index.get_indexer(facts.index)
            before = previous.iloc[places[places >= 0]]
        yield facts, before


def _values(frame, previous_frame, parameters, as_of, edges):
    """Return ``{column of RESULT: array}`` of customers, by given edges."""
    facts, __ = read_facts(frame, parameters.currency_digits)
    previous = read_previous(previous_frame, frame.index, parameters.currency_digits)
    found = classes(facts, previous, parameters, day_number(as_of), edges)
    return {
        **found.values,
        "next_review_date": review.next_review(
            facts,
            found.timing,
            found.ended_dormancy,
            found.values["tier_below_since"],
            edges,
            parameters,
            as_of,
        ),
    }


def _joined(parts):
    """Return the columns of all parts, which are emptied one by one."""
    if len(parts) == 1:
        return parts[0]
    return {
        name: np.concatenate([part.pop(name) for part in parts])
        for name in list(parts[0])
    }


def _future_note(facts, today):
    """Return the note about purchases dated after the as-of day.

    They are counted as of today.
    """
    customers = int((facts.last_purchase_date > today).sum())
    return [{"code": "future_dates", "customers": customers}] if customers else []


def find_edges(
    facts,
    parameters: Parameters,
    today: float,
    standing: Edges | None = None,
    frozen: Edges | None = None,
) -> tuple[Edges, list]:
    """Find the limits of this population, and notes.

    :param facts: namespace of arrays as :func:`read_facts` gives it
    :param standing: as in :func:`classify`, and so ``frozen``
    """
    usual_gap = standing.population_gap_days if standing else None
    gap, notes = find_population_gap(facts, usual_gap)
    timing = rhythm(facts, parameters, gap, today)
    thresholds, threshold_notes = scores.find_all_thresholds(
        facts, timing, parameters, standing, frozen
    )
    is_buyer = scores.population(facts, timing, parameters)
    rfm = {metric: thresholds.pop(metric) for metric in METRICS}
    edges = Edges(
        **rfm,
        extras=thresholds,
        population_gap_days=gap,
        buyer_count=int(is_buyer.sum()),
    )
    scored = scores.score(facts, timing, edges, parameters)
    values = tiers.tier_values(facts, scored, parameters)
    is_compared = tiers.compared(values, is_buyer, parameters)
    limits, keeps, limit_notes = tiers.find_limits(
        values, is_compared, parameters, standing, frozen
    )
    found = _found_now(limits, today, int(is_compared.sum()))
    for before in (standing, frozen):
        if before:
            found = _found_before(limits, before, found, parameters.value_digits)
    edges = edges.replace(tier_limits=limits, keep_limits=keeps, limits_found=found)
    if frozen:
        edges = edges.replace(
            frozen=tuple(key for key in limits if key in frozen.tier_limits),
            frozen_since=frozen.frozen_since,
        )
    notes += threshold_notes + limit_notes
    return edges, notes + tiers.choice_notes(facts, timing, values, parameters)


def _found_now(limits, today, buyers):
    """``{tier: (day as ISO text, buyers compared)}`` of limits of this day."""
    day = to_dates(np.array([today]))[0].astype("datetime64[D]")
    return dict.fromkeys(limits, (str(day), buyers))


def _found_before(limits, standing, found, digits):
    """Return when and among how many buyers each limit was found.

    A limit that is unchanged, as an amount of so many decimals, keeps its day and
    number; of some the day is unknown.
    """
    before = {
        key: tiers.rounded_down(limit, digits)
        for key, limit in standing.tier_limits.items()
    }
    stands = {key for key in limits if limits[key] == before.get(key)}
    known = {
        key: value for key, value in standing.limits_found.items() if key in stands
    }
    return {key: value for key, value in found.items() if key not in stands} | known


class Classes(NamedTuple):
    """Classes of customers on a day, without the day of their next review.

    ``values``: ``{column of RESULT: array}``; beside them the input of the review: the
    rhythm, and whether the last purchase ended a dormancy.
    """

    values: dict
    timing: Rhythm
    ended_dormancy: NDArray


def classes(facts, previous, parameters, today, edges) -> Classes:
    """Classify customers as of a day.

    :param facts: namespace of arrays as :func:`read_facts` gives it
    :param previous: the same of :func:`read_previous`
    :param today: day number, one for all or an array of one for each
    """
    gap_of_all = edges.population_gap_days
    timing = rhythm(facts, parameters, gap_of_all, today)
    scored = scores.score(facts, timing, edges, parameters)
    value = tiers.tier_values(facts, scored, parameters)
    tier = tiers.tier(facts, previous, value, timing, edges, parameters, today)
    ended = lifecycle.ended_dormancy(facts, parameters, gap_of_all)
    stage = lifecycle.stage_of(facts, previous, timing, ended, parameters)
    trend = growth(facts, parameters)
    churn = risk(facts, timing, trend, stage, parameters, today)
    is_interested = stage == lifecycle.INTERESTED
    values = {
        **_timing_columns(facts, timing),
        "average_order": scores.average_order(facts),
        "growth": trend,
        **_score_columns(scored),
        "value_tier": tier.key,
        "tier_reason": tier.reason,
        "tier_below_since": tier.below_since,
        "held_back": tier.held_back,
        "lifecycle_stage": stage,
        "churn_risk": churn.level,
        "churn_signals": churn.signals,
        **heard_numbers(facts, churn.signals, is_interested, parameters),
        "won_back_count": lifecycle.count_won_back(stage, facts, previous),
    }
    return Classes(values, timing, ended)


def _timing_columns(facts, timing):
    dormant_after = np.where(
        timing.dormant_after < timing.lost_after, timing.dormant_after, np.nan
    )
    return {
        "recency_days": to_whole(timing.recency, -1, "int32"),
        "tenure_days": to_whole(timing.tenure, -1, "int32"),
        "expected_gap_days": np.round(timing.gap, 2),
        "overdue_ratio": timing.recency / timing.gap,
        "expected_purchase_date": facts.last_purchase_date + np.ceil(timing.gap),
        "dormant_date": facts.last_purchase_date + dormant_after,
        "lost_date": facts.last_purchase_date + timing.lost_after,
    }


def _score_columns(scored):
    return {
        "score_recency": scored.recency,
        "score_frequency": scored.frequency,
        "score_monetary": scored.monetary,
        "value_score": scored.value,
    }
