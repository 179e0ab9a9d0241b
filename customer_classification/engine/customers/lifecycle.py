"""Lifecycle stages from a customer's own rhythm.

Source: docs/science.md §5; the stages and the moves are the design's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..common.columns import code, to_dates, to_days
from ..common.lazy import np, pd
from .columns import STAGES
from .heard import has_enquired
from .rhythm import ends_dormancy

if TYPE_CHECKING:
    from numpy.typing import NDArray

PROSPECT, INTERESTED, NEW, ACTIVE, LOYAL, DORMANT, LOST, WON_BACK = (
    code(STAGES, stage) for stage in STAGES
)

_BEGINNING = frozenset({"prospect", "interested", "new"})
_KNOWN = frozenset(STAGES) - _BEGINNING
# Automatic moves {from: stages it may become}. A known customer never becomes a
# beginner again; people may move anybody anywhere.
ALLOWED_MOVES = {
    **{stage: frozenset(STAGES) for stage in _BEGINNING},
    **{stage: _KNOWN for stage in _KNOWN},
}


def stage_of(facts, previous, rhythm, ended_dormancy, parameters) -> NDArray:
    """Code of the stage of each customer, after the table of moves."""
    found = stage_by_facts(facts, rhythm, ended_dormancy, parameters)
    return _keep_forbidden(found, previous.lifecycle_stage, _corrected(facts, previous))


def stage_by_facts(facts, rhythm, ended_dormancy, parameters) -> NDArray:
    """Code of the stage by the numbers alone; the first that holds counts."""
    pipeline = (facts.open_opportunity_count > 0) | (facts.open_quotation_count > 0)
    pipeline |= has_enquired(facts, parameters)
    won_back = ended_dormancy & (rhythm.recency <= parameters.won_back_days)
    return np.select(
        [
            ~rhythm.bought & pipeline,
            ~rhythm.bought,
            rhythm.recency >= rhythm.lost_after,
            rhythm.recency >= rhythm.dormant_after,
            won_back,
            is_new(facts, rhythm, parameters),
            is_loyal(facts, rhythm, parameters),
        ],
        [INTERESTED, PROSPECT, LOST, DORMANT, WON_BACK, NEW, LOYAL],
        ACTIVE,
    ).astype("int8")


def ended_dormancy(facts, parameters, population_gap: float) -> NDArray:
    """Mark customers whose last purchase ended a dormant time.

    Dormancy is judged by the rhythm of the visits before it.
    """
    return ends_dormancy(
        facts.last_purchase_date,
        facts.previous_purchase_date,
        facts.first_purchase_date,
        facts.visit_count - 1,
        parameters,
        population_gap,
    )


def is_new(facts, rhythm, parameters) -> NDArray:
    """Mark new customers: first purchase a short time ago.

    With one visit, also within the expected gap.
    """
    single = (facts.visit_count <= 1) & (rhythm.tenure <= rhythm.gap)
    return single | (rhythm.tenure <= parameters.new_days)


def is_loyal(facts, rhythm, parameters) -> NDArray:
    """Many orders over a long time."""
    many = facts.lifetime_order_count >= parameters.loyal_orders
    return many & (rhythm.tenure >= parameters.loyal_tenure_days)


def _corrected(facts, previous):
    """Mark customers whose known purchases became fewer or later.

    Conclusions drawn from them before are void.
    """
    fewer = facts.lifetime_order_count < previous.lifetime_order_count
    later = facts.first_purchase_date > previous.first_purchase_date
    return fewer | later


def _keep_forbidden(found, before, corrected):
    allowed = _allowed_table()[before, found]
    return np.where(allowed | corrected, found, before).astype("int8")


def _allowed_table():
    """``ALLOWED_MOVES`` as booleans [from, to]; from nothing to anything."""
    table = np.ones((len(STAGES) + 1, len(STAGES) + 1), bool)
    for before, stages in ALLOWED_MOVES.items():
        for after in STAGES:
            table[code(STAGES, before), code(STAGES, after)] = after in stages
    return table


def count_won_back(stage, facts, previous) -> NDArray:
    """Return the times won back.

    The purchases that ended a dormant time, where they are counted; else one more on
    becoming won back, or on staying so by another purchase.
    """
    was = previous.lifecycle_stage == WON_BACK
    same = facts.last_purchase_date == previous.last_purchase_date
    seen = previous.won_back_count + ((stage == WON_BACK) & ~(was & same))
    counted = ~np.isnan(facts.comeback_count)
    return np.where(counted, np.nan_to_num(facts.comeback_count), seen).astype("int64")


def decided_days(dormant, lost, shown, until) -> tuple[NDArray, NDArray]:
    """Return the days from which customers are shown as dormant and lost.

    Where a person decided about the stage, not before the decision ends; a customer
    who is shown as dormant or lost already keeps the days of the numbers.

    :param dormant, lost: days by the numbers, NaT for none
    :param shown: codes of the stages as people see them
    :param until: last days of the decisions in force, NaT for none
    """
    after = to_days(pd.Series(until)) + 1
    days = [to_days(pd.Series(one)) for one in (dormant, lost)]
    over = (np.isin(shown, (DORMANT, LOST)), shown == LOST)
    dormant, lost = (
        np.where(np.isnan(after) | stays, one, np.maximum(one, after))
        for one, stays in zip(days, over, strict=True)
    )
    dormant = np.where(dormant < lost, dormant, np.nan)
    return to_dates(dormant), to_dates(lost)
