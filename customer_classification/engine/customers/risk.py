"""Churn risk: by predictions where they are proved, else by signals.

By signals it is the sum of the weights of those that a customer shows; by predictions,
the probability of a purchase between two limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import code
from ..common.lazy import np, pd
from .columns import RISKS, SIGNALS
from .heard import heard_signals
from .lifecycle import INTERESTED, LOST, PROSPECT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .parameters import Parameters

LOW, MEDIUM, HIGH = (code(RISKS, risk) for risk in RISKS)
# Beside the bits of the signals: the level goes by a prediction, not by them.
BY_PREDICTION = 1 << 14


class Risk(NamedTuple):
    """Code of the risk, int8, and bits of the signals, int16."""

    level: NDArray
    signals: NDArray


def risk(facts, rhythm, growth, stage, parameters, today) -> Risk:
    """Return the churn risk and its signals.

    Customers without purchase, and lost ones, have neither.

    :param today: day number, one for all or an array of one for each
    """
    at_risk = ~np.isin(stage, (PROSPECT, INTERESTED, LOST))
    signals, points = np.zeros(len(stage), "int16"), np.zeros(len(stage))
    shown_by = _signals(facts, rhythm, growth, parameters)
    shown_by |= heard_signals(facts, rhythm, today, parameters)
    for name, shown in shown_by.items():
        shown = shown & at_risk
        signals |= np.where(shown, np.int16(1 << SIGNALS.index(name)), np.int16(0))
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


def by_prediction(
    classes: pd.DataFrame, chance: pd.Series, parameters: Parameters
) -> pd.DataFrame:
    """Return classes of which the churn risk goes by predictions.

    Neither prospects nor lost customers get a risk. The signals stay, beside the mark
    :data:`BY_PREDICTION`.

    :param classes: columns of ``RESULT``
    :param chance: probability of a purchase by customer; where it is NaN or missing,
        the risk stays as it is
    """
    known = chance.reindex(classes.index).to_numpy("float64")
    risk = classes["churn_risk"].to_numpy()
    signals = classes["churn_signals"].to_numpy()
    told = np.isfinite(known) & (risk > 0)
    limits = (parameters.risk_high_below, parameters.risk_medium_below)
    levels = HIGH - np.searchsorted(np.array(limits, "float64"), known, "right")
    return classes.assign(
        churn_risk=np.where(told, levels, risk).astype(risk.dtype),
        churn_signals=np.where(told, signals | BY_PREDICTION, signals),
    )
