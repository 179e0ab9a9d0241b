"""Sales lifecycle of a product, from its sales alone.

It moves both ways.

The trend compares the quantity of the last full months with the same months a year
before, where the product was sold then, so that a season is not a trend; a younger one
is compared with the months just before, over equal stretches of its own life.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import code
from ..common.lazy import np
from ..common.stability import class_before
from .columns import SALES_STAGES, STAGE_REASONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

INTRODUCTION, GROWTH, MATURITY, DECLINE, END = (
    code(SALES_STAGES, stage) for stage in SALES_STAGES
)
(YOUNG, RISING, STEADY, FALLING, KEPT, FEW_SALES, NO_SALES, WITHDRAWN, NOT_SOLD) = (
    code(STAGE_REASONS, reason) for reason in STAGE_REASONS
)


class SalesLifecycle(NamedTuple):
    """Sales stage of each product with its reason and trend.

    Code of the stage and of the reason, trend (-1 to 1, NaN unknown), and whether it is
    against the year before.
    """

    code: NDArray
    reason: NDArray
    trend: NDArray
    is_seasonal: NDArray


def sales_lifecycle(
    facts, demand, lines, previous, parameters, today: float
) -> SalesLifecycle:
    """The stage of each product.

    :param demand: quantity by product and full month, the last month last
    :param lines: number of sales by product and full month
    :param previous: frame with ``sales_lifecycle`` and ``policy``
    """
    trend, is_seasonal = find_trend(facts, demand, lines, parameters)
    before = class_before("sales_lifecycle", previous, parameters)
    stage, reason = _by_trend(trend, before, parameters)
    first = facts["first_sale"].to_numpy("float64")
    last = facts["last_sale"].to_numpy("float64")
    with np.errstate(invalid="ignore"):
        conditions = [
            facts["lifetime_line_count"].to_numpy() == 0,
            ~facts["is_sellable"].to_numpy(bool),
            today - last > parameters.end_days,
            today - first < parameters.introduction_days,
        ]
    return SalesLifecycle(
        np.select(conditions, [0, END, END, INTRODUCTION], stage),
        np.select(conditions, [NOT_SOLD, WITHDRAWN, NO_SALES, YOUNG], reason),
        trend,
        is_seasonal,
    )


def find_trend(facts, demand, lines, parameters):
    """Return the trend, and whether it is against the year before.

    The difference of two stretches of months divided by their sum; NaN where sales are
    too few in both.
    """
    months = demand.shape[1]
    age = np.nan_to_num(months - 1 - facts["first_month"].to_numpy("float64"), nan=0)
    age = np.clip(age, 0, months).astype("int64")
    most = parameters.trend_months
    is_seasonal = age >= 12 + most
    length = np.where(is_seasonal, most, np.minimum(most, age // 2))
    back = np.where(is_seasonal, 12, length)
    now, then = _stretches(demand, length, back)
    lines_now, lines_then = _stretches(lines, length, back)
    now, then = np.maximum(now, 0), np.maximum(then, 0)
    enough = np.maximum(lines_now, lines_then) >= parameters.trend_min_lines
    with np.errstate(divide="ignore", invalid="ignore"):
        trend = np.round((now - then) / (now + then), 9)
    return np.where(enough & (length > 0), trend, np.nan), is_seasonal


def _stretches(values, length, back):
    """Return sums of the last ``length`` months and of earlier ones.

    The earlier stretch is as long and ends ``back`` months before.
    """
    months = values.shape[1]
    total = np.zeros((len(values), months + 1))
    np.cumsum(values, axis=1, out=total[:, 1:])
    row = np.arange(len(values))
    now = total[row, months] - total[row, months - length]
    then = total[row, months - back] - total[row, np.maximum(months - back - length, 0)]
    return np.round(now, 6), np.round(then, 6)


def _by_trend(trend, before, parameters):
    """Return stages by trend.

    Growth and decline begin at their limit and end at half of it.
    """
    growth, decline = parameters.growth, -parameters.decline
    with np.errstate(invalid="ignore"):
        conditions = [
            np.isnan(trend),
            trend >= growth,
            trend <= decline,
            (before == GROWTH) & (trend >= growth / 2),
            (before == DECLINE) & (trend <= decline / 2),
        ]
    stages = [MATURITY, GROWTH, DECLINE, GROWTH, DECLINE]
    reasons = [FEW_SALES, RISING, FALLING, KEPT, KEPT]
    return (
        np.select(conditions, stages, MATURITY),
        np.select(conditions, reasons, STEADY),
    )
