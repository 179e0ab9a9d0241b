"""Purchase rhythm of a customer, and the day of the next purchase.

Source: docs/science.md §5. The overdue ratio (days since the last purchase ÷ own
expected gap) separates active, dormant and lost customers by the same constants on
seven data sets; an unshrunk own gap is worse than plain recency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..common.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULT_GAP_DAYS = 30
# Share of the usual gap by which the median may leave it before it moves.
GAP_TOLERANCE = 0.1


class Rhythm(NamedTuple):
    """Position of each customer in time.

    Arrays of one length, in days, NaN for customers without purchase. The ``*_after``
    are whole days since the last purchase from which something holds.
    """

    recency: NDArray
    tenure: NDArray
    gap: NDArray
    overdue_after: NDArray
    far_overdue_after: NDArray
    dormant_after: NDArray
    lost_after: NDArray

    @property
    def bought(self):
        """Mark customers with any purchase."""
        return ~np.isnan(self.recency)


def rhythm(facts, parameters, population_gap: float, today: float) -> Rhythm:
    """Return recency, tenure, expected gap and due days of each customer.

    Days that lie ahead of ``today`` count as today: a purchase dated in the future does
    not make a negative recency.
    """
    bought = ~(np.isnan(facts.first_purchase_date) | np.isnan(facts.last_purchase_date))
    gap = np.where(bought, own_gap(facts, parameters, population_gap), np.nan)
    return Rhythm(
        recency=_days_since(facts.last_purchase_date, bought, today),
        tenure=_days_since(facts.first_purchase_date, bought, today),
        gap=gap,
        overdue_after=due_after(gap, parameters.at_risk_ratio),
        far_overdue_after=due_after(gap, parameters.dormant_ratio),
        dormant_after=dormant_after(gap, parameters),
        lost_after=due_after(gap, parameters.lost_ratio, parameters.lost_min_days),
    )


def _days_since(day, bought, today):
    return np.where(bought, np.maximum(today - day, 0), np.nan)


def own_gap(facts, parameters, population_gap: float) -> NDArray:
    """The gap to expect after the last visit."""
    span = facts.last_purchase_date - facts.first_purchase_date
    return expected_gap(span, facts.visit_count - 1, parameters, population_gap)


def gap_before(facts, parameters, population_gap: float) -> NDArray:
    """Return the expected gap before the last visit, from earlier gaps."""
    span = facts.previous_purchase_date - facts.first_purchase_date
    return expected_gap(span, facts.visit_count - 2, parameters, population_gap)


def expected_gap(span, gap_count, parameters, population_gap: float) -> NDArray:
    """Return the expected gap between purchases in days.

    (own gaps × own mean gap + k × usual gap) ÷ (own gaps + k); own gaps × own mean gap
    is the span from the first to the last visit.

    It is rounded where it is shown only: three times 66.67 days would be due a day
    later than three times 200 ÷ 3.

    :param span: days from first to last visit
    :param gap_count: visits - 1
    Source: docs/science.md §5 (k = 2 there).
    """
    gap_count = np.maximum(gap_count, 0)
    span = np.where(gap_count > 0, np.maximum(span, 0), 0)
    weight = gap_count + parameters.shrinkage
    total = span + parameters.shrinkage * population_gap
    alone = weight == 0  # one visit and no shrinkage: only the gap of all is known
    gap = np.where(alone, population_gap, total / np.where(alone, 1, weight))
    # Ten decimals take away the dust of a division alone.
    return np.round(np.maximum(gap, parameters.min_gap_days), 10)


def due_after(gap, ratio: float, min_days: float = 0) -> NDArray:
    """Return the first whole day count past ``ratio`` gaps and ``min_days``.

    Comparing whole days with this, not quotients with the ratio, lets the date of a
    review be the exact day on which the class changes.
    """
    # 1.1 × 30 is 33.000000000000004 in binary: without rounding, due a day late.
    return np.ceil(np.maximum(np.round(ratio * gap, 6), min_days))


def dormant_after(gap, parameters) -> NDArray:
    """Days without purchase from which a customer of this gap is dormant."""
    return due_after(gap, parameters.dormant_ratio, parameters.dormant_min_days)


def ends_dormancy(day, before, first, number, parameters, population_gap):
    """Mark visits that ended a dormant time.

    Dormancy is judged by the rhythm of the visits before.

    :param before: day of the visit before, ``first`` of the first one of the customer
    :param number: of the visit, from 0
    """
    gap = expected_gap(before - first, number - 1, parameters, population_gap)
    return (number > 0) & (day - before >= dormant_after(gap, parameters))


def find_population_gap(facts, usual: float | None = None) -> tuple[int, list[dict]]:
    """Return the median of the customers' own mean gaps, and notes.

    Of customers with two visits or more.

    Rounded half up to whole days, at least 1; the former usual gap holds while the
    median is within ``GAP_TOLERANCE`` of it. Every expected gap depends on it, so that
    a median that wavers around a half would rewrite all customers every night, and let
    some go back and forth between classes.

    :param usual: the gap by which the customers were classified the last time
    """
    repeats = facts.visit_count >= 2
    span = (facts.last_purchase_date - facts.first_purchase_date)[repeats]
    gaps = span / (facts.visit_count[repeats] - 1)
    gaps = gaps[~np.isnan(gaps)]
    if not len(gaps):
        return DEFAULT_GAP_DAYS, [{"code": "no_gaps", "days": DEFAULT_GAP_DAYS}]
    median = float(np.median(gaps))
    if usual and abs(median - usual) <= GAP_TOLERANCE * usual:
        return usual, []
    return max(1, int(np.floor(median + 0.5))), []
