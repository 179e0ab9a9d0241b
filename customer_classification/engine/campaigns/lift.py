"""Effect of a campaign, measured against its control group.

The difference of two rates with an interval around it: by the exact chances where one
of the groups is small, otherwise by the limit of the same test (``proportions.py``);
and the difference of two means by Welch's interval.

Sources: Farrington, Manning, Statistics in Medicine 9 (1990) 1447–1454, for the number
of customers that the score test needs; Welch, Biometrika 34 (1947) 28–35.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

from ..common.lazy import np
from ..common.proportions import (
    exact_interval,
    newcombe_interval,
    score,
    score_interval,
)

__all__ = [
    "EXACT_UP_TO",
    "POWER",
    "Lift",
    "exact_interval",
    "lift",
    "mean_interval",
    "needed_customers",
    "newcombe_interval",
    "score",
    "score_interval",
    "student_quantile",
]

# Largest smaller group for which all possible results are counted.
EXACT_UP_TO = 250
# How likely a difference is to be found with the number of customers needed for it.
POWER = 0.8


class Lift(NamedTuple):
    """Difference of two proportions, -1 to 1, and its interval.

    ``more`` customers, of both groups together and shared out as these are, are needed
    to detect a difference of this size four times out of five (``POWER``); 0 where that
    makes no sense.
    """

    difference: float
    low: float
    high: float
    is_exact: bool
    more: int

    @property
    def verdict(self):
        """``works``, ``harms`` or ``unclear``."""
        if self.low > 0:
            return "works"
        return "harms" if self.high < 0 else "unclear"


def lift(
    bought: int, treated: int, bought_anyway: int, left_out: int, confidence=0.95
) -> Lift | None:
    """Return the difference between treated and control customers.

    None without both groups.

    :param bought: of the ``treated`` customers
    :param bought_anyway: of the customers who were ``left_out``
    """
    if not treated or not left_out:
        return None
    is_exact = min(treated, left_out) <= EXACT_UP_TO
    interval = exact_interval if is_exact else score_interval
    low, high = interval(bought, treated, bought_anyway, left_out, confidence)
    rate, anyway = bought / treated, bought_anyway / left_out
    more = 0
    if low <= 0 <= high:
        needed = needed_customers(rate, anyway, left_out / treated, confidence)
        more = max(0, needed - treated - left_out)
    return Lift(rate - anyway, low, high, is_exact, more)


# How many are needed


def needed_customers(rate, anyway, ratio=1.0, confidence=0.95, power=POWER) -> int:
    """Return the sample size of both groups together.

    That is the number with which the score test finds a difference of this size with
    a power; 0 where there is no difference.

    The variance is that of equal rates where there is no difference, and that of the
    two rates where there is this one: with groups of different sizes they differ much.

    :param ratio: customers left out for each treated one
    """
    if rate == anyway:
        return 0
    normal = NormalDist()
    pooled = (rate + ratio * anyway) / (1 + ratio)
    equal = pooled * (1 - pooled) * (1 + 1 / ratio)
    different = rate * (1 - rate) + anyway * (1 - anyway) / ratio
    away = normal.inv_cdf(0.5 + confidence / 2) * math.sqrt(equal)
    away += normal.inv_cdf(power) * math.sqrt(different)
    return math.ceil((away / (rate - anyway)) ** 2 * (1 + ratio))


# How much more was bought


def mean_interval(treated, left_out, confidence=0.95):
    """Return the difference of two means and its interval.

    Each group has its own variance (Welch); Student's t is wider than the normal limit
    for few customers.

    The interval is NaN for groups of less than two, and where nobody differs.
    """
    if not len(treated) or not len(left_out):
        return math.nan, math.nan, math.nan
    difference = treated.mean() - left_out.mean()
    if len(treated) < 2 or len(left_out) < 2:
        return difference, math.nan, math.nan
    errors = [group.var(ddof=1) / len(group) for group in (treated, left_out)]
    total = sum(errors)
    if not total:
        return difference, math.nan, math.nan
    freedom = total**2 / sum(
        error**2 / (len(group) - 1)
        for error, group in zip(errors, (treated, left_out), strict=True)
    )
    away = student_quantile(0.5 + confidence / 2, freedom) * math.sqrt(total)
    return difference, difference - away, difference + away


def student_quantile(chance, freedom):
    """Return a quantile above the median of Student's distribution.

    Also for fractional degrees of freedom: the tangent of the angle up to which
    cos^(freedom - 1) has its share.
    """
    end = min(math.pi / 2, 40 / math.sqrt(freedom))
    angles = np.linspace(0, end, 2_001)
    heights = np.cos(angles) ** (freedom - 1)
    below = np.concatenate([[0], np.cumsum(heights[1:] + heights[:-1])])
    angle = np.interp((chance - 0.5) * 2 * below[-1], below, angles)
    return math.sqrt(freedom) * math.tan(angle)
