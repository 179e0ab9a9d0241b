"""Days on which classes can change although nothing new happens.

A night then looks only at customers with new documents and at those whose day has
come. The day is exact or early, never late.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from ..common.columns import day_number
from ..common.lazy import np
from .heard import last_contact, silent_after
from .scores import buyers
from .tiers import grace_days, is_too_new

if TYPE_CHECKING:
    from numpy.typing import NDArray


def next_review(
    facts, rhythm, ended_dormancy, below_since, edges, parameters, as_of: datetime.date
) -> NDArray:
    """Return the first day after ``as_of`` on which a class could differ.

    As a day number; NaN for never.

    :param below_since: day since when below the keep limit, NaN not
    """
    today = day_number(as_of)
    first_day = None
    for event in _events(
        facts, rhythm, ended_dormancy, below_since, edges, parameters, as_of
    ):
        ahead = np.where(event > today, event, np.nan)
        first_day = ahead if first_day is None else np.fmin(first_day, ahead)
    return first_day


def _events(facts, rhythm, ended_dormancy, below_since, edges, parameters, as_of):
    """Return days on which something ends or begins.

    One array after the other, past days among them.
    """
    yield _leaves(facts.window_first_date, parameters.window_start, as_of)
    yield _leaves(facts.recent_first_date, parameters.half_start, as_of)
    yield from _score_bins_end(facts, rhythm, edges)
    yield from _since_last(facts, rhythm, ended_dormancy, parameters)
    yield from _since_first(facts, rhythm, parameters)
    yield below_since + grace_days(parameters)
    # A quotation is open on its last day too.
    yield np.where(rhythm.bought, np.nan, facts.quotation_end_date + 1)
    yield from _heard(facts, rhythm, parameters, as_of)


def _heard(facts, rhythm, parameters, as_of):
    """Days on which what was heard leaves its window, or silence counts."""
    window, before = parameters.window_start, parameters.before_start
    if not np.isnan(facts.heard_first_date).all():
        yield _leaves(facts.heard_first_date, window, as_of)
    if not np.isnan(facts.heard_before_first_date).all():
        yield _leaves(facts.heard_before_first_date, before, as_of)
    if parameters.risk_silent > 0:
        yield last_contact(facts) + silent_after(rhythm, parameters)


def _score_bins_end(facts, rhythm, edges):
    """Days on which the scores that follow the calendar change."""
    is_buyer = buyers(facts, rhythm)
    last, first = facts.last_purchase_date, facts.first_purchase_date
    yield _bin_ends(last, rhythm.recency, edges.recency, is_buyer)
    if "tenure" in edges.extras:
        yield _bin_ends(first, rhythm.tenure, edges.extras["tenure"], is_buyer)


def _since_last(facts, rhythm, ended_dormancy, parameters):
    """Events that a number of days after the last purchase brings."""
    last = facts.last_purchase_date
    yield last + rhythm.overdue_after
    yield last + rhythm.far_overdue_after
    yield last + rhythm.dormant_after
    yield last + rhythm.lost_after
    yield np.where(ended_dormancy, last + parameters.won_back_days + 1, np.nan)


def _since_first(facts, rhythm, parameters):
    """Events that a number of days after the first purchase brings."""
    first = facts.first_purchase_date
    single = facts.visit_count <= 1
    many = facts.lifetime_order_count >= parameters.loyal_orders
    too_new = is_too_new(facts, rhythm, parameters)
    yield first + parameters.new_days + 1
    yield np.where(single, first + np.floor(rhythm.gap) + 1, np.nan)
    yield np.where(many, first + parameters.loyal_tenure_days, np.nan)
    yield np.where(too_new, first + parameters.min_tenure_days, np.nan)


def _bin_ends(day, passed, thresholds, is_buyer):
    """Return the day on which the days since ``day`` pass a threshold.

    NaN without a next threshold.

    :param passed: days since ``day`` today
    """
    crossings = np.floor(np.array((*thresholds, np.nan))) + 1
    place = np.searchsorted(crossings[:-1], passed, "right")
    return np.where(is_buyer, day + crossings[place], np.nan)


def _leaves(oldest, start, as_of):
    """Day on which the oldest document is before the start of its span.

    Months have different lengths, so that the days are looked up in a table of the
    starts of the coming days, not calculated.

    :param start: function from the last day of a span to its first
    """
    begin, today = day_number(start(as_of)), day_number(as_of)
    starts = coming_starts(start, as_of)
    days = np.arange(begin, today + 1)
    leaving = today + 1 + np.searchsorted(starts, days, "right")
    known = ~np.isnan(oldest)
    # A day out of the span would be wrong facts: the nearest in it is early enough.
    place = np.clip(np.where(known, oldest - begin, 0), 0, len(days) - 1)
    return np.where(known, leaving[place.astype("int64")], np.nan)


def coming_starts(start, as_of):
    """Start of the span of each coming day, until nothing of today's is left."""
    today, day, starts = day_number(as_of), as_of, []
    while not starts or starts[-1] <= today:
        day += datetime.timedelta(1)
        starts.append(day_number(start(day)))
    return np.array(starts)
