"""Names, codes and rules of the classes of products.

Codes are small integers: 0 is none, n is the n-th name of the tuple.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

ABC = ("a", "b", "c")
XYZ = ("x", "y", "z")
PRICE_BANDS = ("budget", "middle", "premium")
SALES_STAGES = ("introduction", "growth", "maturity", "decline", "end_of_life")
ABC_REASONS = (
    "limit",  # by its place
    "kept",  # beyond the class's limit, within the tolerance
    "grace",  # beyond the tolerance, not for long enough
    "lapsed",  # sold before, nothing in the window
    "nothing_earned",  # sold, but for nothing or less
    "new",  # would be in the last class, and is not long for sale
    "not_sold",
    "unknown",  # unknown ranking value
)
XYZ_REASONS = (
    "limit",
    "kept",
    "grace",
    "no_demand",  # as much came back as was sold
    "too_few_months",
    "not_sold",
)
BAND_REASONS = (
    "category",  # compared with its category
    "all",  # compared with all products
    "limit",  # fixed limits
    "alike",  # no two prices differ
    "no_price",
)
STAGE_REASONS = (
    "young",  # first sold not long ago
    "rising",
    "steady",
    "falling",
    "kept",  # the trend has not clearly turned
    "few_sales",  # too few for a trend
    "no_sales",  # none for long
    "withdrawn",  # archived or not for sale any more
    "not_sold",
)
PRODUCT_AXES = ("abc", "xyz", "price_band", "sales_lifecycle")


@dataclass(frozen=True)
class ProductParameters:
    """The rules by which products are classified; shares are from 0 to 1.

    :ivar policy: id of the policy version
    :ivar rank_by: ``revenue``, ``margin`` or ``quantity``
    :ivar a_share: a product is A when those before it make less than this share
    :ivar keep_share: how far beyond its limit a product keeps its class
    :ivar cv_tolerance: the same for the coefficient of variation
    :ivar xyz_months: full months that count for every product; 0 for those from its
        first sale on, within the window
    :ivar band_low, band_high: shares of the products, or prices, by ``band_method``
    :ivar trend_months: full months compared, at most 12
    :ivar growth, decline: size of the trend, -1 to 1, from which it counts
    :ivar documents: rules for counting sales, as the caller's values: compared, not
        interpreted
    :ivar remembers: ``{other version: axes on which its classes are remembered}``
    """

    policy: int = 1
    window_months: int = 12
    currency_digits: int = 2
    rank_by: str = "revenue"
    rank_in_category: bool = False
    a_share: float = 0.8
    b_share: float = 0.95
    keep_share: float = 0.02
    grace_days: int = 30
    new_days: int = 90
    x_limit: float = 0.5
    y_limit: float = 1.0
    cv_tolerance: float = 0.05
    min_months: int = 6
    xyz_months: int = 0
    band_in_category: bool = True
    band_method: str = "quantile"
    band_low: float = 1 / 3
    band_high: float = 2 / 3
    band_min_products: int = 5
    introduction_days: int = 180
    end_days: int = 365
    trend_months: int = 6
    trend_min_lines: int = 3
    growth: float = 0.2
    decline: float = 0.2
    documents: tuple = ()
    remembers: Mapping[int, frozenset[str]] = field(default_factory=dict, compare=False)


class Periods:
    """Periods by which sales are summed up.

    ``starts`` are the first days of full months and of the window, rising. Sales
    before the first of them are period 0, from ``starts[n - 1]`` on they are
    period n. Months are counted from the first one; the one that ``as_of`` falls
    into is not full unless it ends on that day.

    :ivar month_count: full months
    """

    def __init__(
        self, as_of: datetime.date, window_start: datetime.date, parameters
    ) -> None:
        self.as_of = as_of
        self.month_count = max(
            *(parameters.window_months, 12 + parameters.trend_months),
            *(parameters.xyz_months, 1),
        )
        next_day = as_of + datetime.timedelta(1)
        self._first = month_number(next_day) - self.month_count
        months = range(self._first, self._first + self.month_count + 1)
        self.starts = sorted({window_start, *map(_month_start, months)})
        self._window_start = window_start

    def is_in_window(self) -> list[bool]:
        """Return, for each period, whether it is in the window."""
        return [False, *(start >= self._window_start for start in self.starts)]

    def month(self) -> list[int]:
        """Return the number of the full month of each period, -1 for none."""
        numbers = [month_number(start) - self._first for start in self.starts]
        return [
            -1,
            *(n if 0 <= n < self.month_count else -1 for n in numbers),
        ]

    def month_of_day(self, day: datetime.date) -> int:
        """Number of the month of a day; negative before the first one."""
        return month_number(day) - self._first


def month_number(day: datetime.date) -> int:
    """Months since the year 0."""
    return day.year * 12 + day.month - 1


def _month_start(number):
    return datetime.date(number // 12, number % 12 + 1, 1)
