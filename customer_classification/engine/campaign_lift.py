"""What a campaign changed, by who was left out of it.

The difference of two proportions with an interval around it: for small groups the
exact unconditional one, which inverts the score test over everything that could have
been seen; for larger ones that of Miettinen and Nurminen, which inverts the same test
by its limit.

Sources: Miettinen, Nurminen, Statistics in Medicine 4 (1985) 213–226; Chan, Zhang,
Biometrics 55 (1999) 1202–1209; Newcombe, Statistics in Medicine 17 (1998) 873–890,
whose table the tests compare with; Farrington, Manning, Statistics in Medicine 9 (1990)
1447–1454, for the restricted estimate.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

from .lazy import np

# Up to so many customers in each of both groups, all that could be seen is counted.
EXACT_UP_TO = 40
_POWER = 0.8
_GRID = 101  # steps of what is not known, over which the exact test looks


class Lift(NamedTuple):
    """Difference of two proportions, -1 to 1, and its interval; ``more`` customers, of
    both groups together, are needed to tell a difference of this size from none, 0
    where that makes no sense."""

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
    """How much more often those who were not left out bought; None without both.

    :param bought: of the ``treated`` customers
    :param bought_anyway: of the customers who were ``left_out``
    """
    if not treated or not left_out:
        return None
    is_exact = max(treated, left_out) <= EXACT_UP_TO
    interval = exact_interval if is_exact else score_interval
    low, high = interval(bought, treated, bought_anyway, left_out, confidence)
    rate, anyway = bought / treated, bought_anyway / left_out
    more = 0
    if low <= 0 <= high:
        needed = needed_customers(rate, anyway, left_out / treated, confidence)
        more = max(0, needed - treated - left_out)
    return Lift(rate - anyway, low, high, is_exact, more)


def needed_customers(rate, anyway, ratio=1.0, confidence=0.95, power=_POWER) -> int:
    """Customers of both groups together needed to see a difference of this size with
    a power; 0 where there is none.

    :param ratio: customers left out for each treated one
    """
    if rate == anyway:
        return 0
    normal = NormalDist()
    z = normal.inv_cdf(0.5 + confidence / 2) + normal.inv_cdf(power)
    variance = rate * (1 - rate) + anyway * (1 - anyway) / ratio
    if not variance:
        return 0
    treated = math.ceil(z * z * variance / (rate - anyway) ** 2)
    return treated + math.ceil(treated * ratio)


def mean_interval(treated, left_out, confidence=0.95):
    """Difference of two means and its interval, which is NaN for groups of less than
    two; by the normal limit, with a variance for each group (Welch)."""
    if not len(treated) or not len(left_out):
        return math.nan, math.nan, math.nan
    difference = treated.mean() - left_out.mean()
    if len(treated) < 2 or len(left_out) < 2:
        return difference, math.nan, math.nan
    error = math.sqrt(
        treated.var(ddof=1) / len(treated) + left_out.var(ddof=1) / len(left_out)
    )
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    return difference, difference - z * error, difference + z * error


# Intervals


def newcombe_interval(x1, n1, x0, n0, confidence=0.95):
    """Newcombe's hybrid score interval (his method 10), without correction."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    (low1, high1), (low0, high0) = _wilson(x1, n1, z), _wilson(x0, n0, z)
    p1, p0 = x1 / n1, x0 / n0
    below = math.sqrt((p1 - low1) ** 2 + (high0 - p0) ** 2)
    above = math.sqrt((high1 - p1) ** 2 + (p0 - low0) ** 2)
    return p1 - p0 - below, p1 - p0 + above


def _wilson(x, n, z):
    p = x / n
    middle = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def score_interval(x1, n1, x0, n0, confidence=0.95):
    """Interval of Miettinen and Nurminen around a difference of two proportions."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)

    def statistic(difference):
        return float(score(x1, n1, x0, n0, difference))

    seen = x1 / n1 - x0 / n0
    low = -1.0 if statistic(-1.0) < z else _root(statistic, z, -1.0, seen)
    high = 1.0 if statistic(1.0) > -z else _root(statistic, -z, seen, 1.0)
    return low, high


def _root(statistic, value, low, high):
    """Where a statistic that falls has a value."""
    for __ in range(60):
        middle = (low + high) / 2
        if statistic(middle) > value:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def score(x1, n1, x0, n0, difference):
    """Standardized distance of what was seen from a difference: above 0 where it was
    more. Arrays are taken element by element.

    The variance is that at the likeliest proportions that differ by so much, times
    n / (n - 1).
    """
    x1, x0 = np.asarray(x1, "float64"), np.asarray(x0, "float64")
    p1, p0 = _restricted(x1, n1, x0, n0, difference)
    total = n1 + n0
    variance = (p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0) * total / (total - 1)
    distance = x1 / n1 - x0 / n0 - difference
    sure = np.copysign(np.where(np.abs(distance) < 1e-12, 0.0, np.inf), distance)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = distance / np.sqrt(np.maximum(variance, 0))
    return np.where(variance > 1e-15, found, sure)


def _restricted(x1, n1, x0, n0, d):
    """The likeliest two proportions with a difference ``d``: the root of a cubic that
    lies among the proportions."""
    # Miettinen and Nurminen's terms, for p0 with p1 = p0 + d.
    l3 = total = n1 + n0
    l2 = (n1 + 2 * n0) * d - total - (x1 + x0)
    l1 = (n0 * d - total - 2 * x0) * d + x1 + x0
    l0 = x0 * d * (1 - d)
    q = l2**3 / (3 * l3) ** 3 - l1 * l2 / (6 * l3**2) + l0 / (2 * l3)
    p = np.sign(q) * np.sqrt(np.maximum(l2**2 / (3 * l3) ** 2 - l1 / (3 * l3), 0))
    p = np.where(q == 0, np.abs(p), p)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = np.where(p == 0, 0.0, q / np.where(p == 0, 1.0, p**3))
    angle = (math.pi + np.arccos(np.clip(cosine, -1, 1))) / 3
    p0 = 2 * p * np.cos(angle) - l2 / (3 * l3)
    p0 = np.clip(p0, max(0.0, -d), min(1.0, 1.0 - d))
    return np.clip(p0 + d, 0, 1), p0


def exact_interval(x1, n1, x0, n0, confidence=0.95):
    """Exact unconditional interval: the differences that the score test does not
    refuse on either side, whatever the proportions are.

    Each side is searched from the interval of the limit outward and inward, because
    the exact one lies near it.
    """
    alpha = (1 - confidence) / 2
    low, high = score_interval(x1, n1, x0, n0, confidence)
    tables = _Tables(n1, n0)
    lower = _edge(lambda d: tables.tail(x1, x0, d, above=True) > alpha, low, -1.0)
    upper = _edge(lambda d: tables.tail(x1, x0, d, above=False) > alpha, high, 1.0)
    return lower, upper


def _edge(holds, near, end, step=0.01):
    """The difference between those that hold and those that do not, on the side of
    ``end``; found from near it."""
    away = step if end > near else -step
    if end == near:
        away = math.copysign(step, end)
    place = near
    if holds(place):  # outward, until it does not hold
        while holds(place):
            if abs(place) >= 1 and place * end > 0:
                return end
            inner, place = place, max(-1.0, min(1.0, place + away))
    else:  # inward, until it holds
        inner = place
        while not holds(inner) and abs(inner - near) < 2:
            place, inner = inner, inner - away
    for __ in range(20):
        middle = (place + inner) / 2
        if holds(middle):
            inner = middle
        else:
            place = middle
    return inner


class _Tables:
    """All that two groups of a size could show, and how likely it is."""

    def __init__(self, n1: int, n0: int):
        self.n1, self.n0 = n1, n0
        self.x1, self.x0 = np.meshgrid(
            np.arange(n1 + 1), np.arange(n0 + 1), indexing="ij"
        )
        self.ways = [_log_ways(n) for n in (n1, n0)]

    def tail(self, x1, x0, d, above):
        """The greatest probability, over all proportions that differ by ``d``, of what
        is as far above (or below) as what was seen, or farther."""
        values = score(self.x1, self.n1, self.x0, self.n0, d)
        seen = values[x1, x0]
        far = values >= seen - 1e-9 if above else values <= seen + 1e-9
        p0 = np.linspace(max(0.0, -d), min(1.0, 1.0 - d), _GRID)
        likely = np.einsum(
            "gi,ij,gj->g",
            self._chances(0, self.n1, np.clip(p0 + d, 0, 1)),
            far.astype("float64"),
            self._chances(1, self.n0, p0),
        )
        return float(likely.max())

    def _chances(self, group, n, p):
        """Probabilities of 0 to n, one row for each proportion."""
        k = np.arange(n + 1)
        p = p[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = self.ways[group] + np.where(k == 0, 0, k * np.log(p))
            logs += np.where(k == n, 0, (n - k) * np.log1p(-p))
        return np.exp(logs)


def _log_ways(n):
    """Logarithms of the ways to choose 0 to n of n."""
    logs = np.array([math.lgamma(k + 1) for k in range(n + 1)])
    return logs[n] - logs - logs[::-1]
