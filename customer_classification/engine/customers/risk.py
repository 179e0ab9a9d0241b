"""Churn risk: the sum of the weights of the signals that a customer shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import code
from ..common.lazy import np
from .columns import RISKS, SIGNALS
from .lifecycle import INTERESTED, LOST, PROSPECT

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOW, MEDIUM, HIGH = (code(RISKS, risk) for risk in RISKS)


class Risk(NamedTuple):
    """Code of the risk and bits of the signals, int8 both."""

    level: NDArray
    signals: NDArray


def risk(facts, rhythm, growth, stage, parameters) -> Risk:
    """Return the churn risk and its signals.

    Customers without purchase, and lost ones, have neither.
    """
    at_risk = ~np.isin(stage, (PROSPECT, INTERESTED, LOST))
    signals, points = np.zeros(len(stage), "int8"), np.zeros(len(stage))
    for name, shown in _signals(facts, rhythm, growth, parameters).items():
        shown = shown & at_risk
        signals |= np.where(shown, np.int8(1 << SIGNALS.index(name)), np.int8(0))
        points += shown * float(getattr(parameters, f"risk_{name}"))
    return Risk(np.where(at_risk, _level(points, parameters), 0), signals)


def _level(points, parameters):
    limits = (parameters.risk_medium_from, parameters.risk_high_from)
    return LOW + np.searchsorted(np.array(limits, "float64"), points, "right")


def _signals(facts, rhythm, growth, parameters):
    """Return ``{name: customers with the signal}``.

    Far overdue replaces overdue.
    """
    far = rhythm.recency >= rhythm.far_overdue_after
    return {
        "overdue": (rhythm.recency >= rhythm.overdue_after) & ~far,
        "far_overdue": far,
        "declining": growth <= parameters.decline_growth,
        "refunds": many_refunds(facts, parameters),
    }


def many_refunds(facts, parameters) -> NDArray:
    """Mark customers whose refunds reach their share of the sales.

    Sales are net revenue plus refunds; also marked where refunds of older sales leave
    no sales to compare with.
    """
    sales = facts.revenue + facts.refund_amount
    limit = np.round(parameters.refund_share * sales, 6)
    return (facts.refund_amount > 0) & (facts.refund_amount >= limit)
