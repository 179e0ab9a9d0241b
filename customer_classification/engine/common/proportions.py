"""Two proportions: intervals of their difference and the score test.

The score test of Miettinen and Nurminen asks how far the observation is from a
difference, measured at the likeliest two rates that differ by so much. It is inverted
by its limit for large groups, and for small ones by counting all possible observations,
with their chances at these likeliest rates.

Sources: Miettinen, Nurminen, Statistics in Medicine 4 (1985) 213–226; Storer, Kim,
Journal of the American Statistical Association 85 (1990) 146–155, for the chances at
the likeliest rates; Agresti, Min, Biometrics 57 (2001) 963–971, for one two-sided test
instead of two one-sided ones, which cover too much; Newcombe, Statistics in Medicine 17
(1998) 873–890; Farrington, Manning, Statistics in Medicine 9 (1990) 1447–1454.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

from .lazy import np

_TRIED = 9  # differences that are tried at once, on each side
_BESIDE = 0.25  # standard errors
_NEVER = 1e-12  # what is less likely is left out
_TIE = 1e-9  # statistics that differ by less are equal


def newcombe_interval(x1, n1, x0, n0, confidence=0.95):
    """Newcombe's hybrid score interval (his method 10), without correction."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    (low1, high1), (low0, high0) = _wilson(x1, n1, z), _wilson(x0, n0, z)
    p1, p0 = x1 / n1, x0 / n0
    below = math.sqrt((p1 - low1) ** 2 + (high0 - p0) ** 2)
    above = math.sqrt((high1 - p1) ** 2 + (p0 - low0) ** 2)
    return p1 - p0 - below, p1 - p0 + above


def wilson_interval(x, n, confidence=0.95):
    """Wilson's score interval of one rate, (0, 1) of nobody.

    Source: Wilson, Journal of the American Statistical Association 22 (1927) 209–212.
    """
    if not n:
        return 0.0, 1.0
    low, high = _wilson(x, n, NormalDist().inv_cdf(0.5 + confidence / 2))
    return max(0.0, low), min(1.0, high)


def _wilson(x, n, z):
    p = x / n
    middle = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def score_interval(x1, n1, x0, n0, confidence=0.95):
    """Return Miettinen and Nurminen's interval of a difference of rates."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    seen = np.full(2, x1 / n1 - x0 / n0)
    low, high = _between(
        lambda differences: np.abs(score(x1, n1, x0, n0, differences)) < z,
        np.array([-1.0, 1.0]),
        seen,
        rounds=13,
    )
    return float(low), float(high)


def _between(holds, outer, inner, rounds):
    """Narrow two brackets to the first value for which a condition holds.

    Each bracket has an end at which it does not hold, if there is one, and an end at
    which it does.
    """
    for __ in range(rounds):
        tried = outer[:, None] + (inner - outer)[:, None] * np.linspace(0, 1, _TRIED)
        first = np.argmax(holds(tried), axis=1)[:, None]
        outer = np.take_along_axis(tried, np.maximum(first - 1, 0), 1)[:, 0]
        inner = np.take_along_axis(tried, first, 1)[:, 0]
    return inner


def score(x1, n1, x0, n0, difference):
    """Return the standardized distance of an observation from a difference.

    Above 0 where more was observed. Arrays are taken element by element.

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
    """Return the likeliest two proportions with a difference ``d``.

    That is the root of a cubic that lies among the proportions.
    """
    # Miettinen and Nurminen's terms, for p0 with p1 = p0 + d.
    l3 = total = n1 + n0
    l2 = (n1 + 2 * n0) * d - total - (x1 + x0)
    l1 = (n0 * d - total - 2 * x0) * d + x1 + x0
    l0 = x0 * d * (1 - d)
    third = l2 / (3 * l3)
    q = third * third * third - l1 * third / (2 * l3) + l0 / (2 * l3)
    p = np.sign(q) * np.sqrt(np.maximum(third * third - l1 / (3 * l3), 0))
    p = np.where(q == 0, np.abs(p), p)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = np.where(p == 0, 0.0, q / np.where(p == 0, 1.0, p * p * p))
    angle = (math.pi + np.arccos(np.clip(cosine, -1, 1))) / 3
    p0 = 2 * p * np.cos(angle) - third
    p0 = np.clip(p0, np.maximum(0.0, -d), np.minimum(1.0, 1.0 - d))
    return np.clip(p0 + d, 0, 1), p0


def exact_interval(x1, n1, x0, n0, confidence=0.95):
    """Return the differences that the exact score test does not refuse.

    By the probabilities of all possible outcomes; from the lowest difference to the
    highest, to 0.01 points.
    """
    near = score_interval(x1, n1, x0, n0, confidence)

    def holds(differences):
        chances = _chances(x1, n1, x0, n0, differences.ravel())
        return chances.reshape(differences.shape) > 1 - confidence

    seen = x1 / n1 - x0 / n0
    low, high = _edges(holds, near, seen)
    # The hypothesis is no difference: it is tested itself, not a value beside it.
    known = [seen, 0.0] if holds(np.zeros(1))[0] else [seen]
    return float(min(low, *known)), float(max(high, *known))


def _edges(holds, near, seen):
    """Return the outermost differences that hold, on both sides.

    Of the observed difference. They are searched around the limits of the score test,
    then between the last one that does not hold and the first one that does, both sides
    at once.
    """
    ends = np.array([-1.0, 1.0])
    away = np.abs(seen - np.array(near)) / 2 + 0.02
    outer = np.clip(near + ends * away, -1, 1)
    inner = near - ends * np.minimum(away, np.abs(seen - np.array(near)))
    return _between(holds, outer, inner, rounds=4)


def _chances(x1, n1, x0, n0, differences):
    """Return the probability of an outcome at least as extreme.

    For each difference, at the likeliest rates that differ by so much.

    The likeliest rates are themselves found in the observation. Where one group is
    large that makes the chance too small: the greatest a quarter of a standard error to
    both sides of them is taken (``tests/engine/test_engine_coverage.py`` shows the
    effect).
    """
    if n1 < n0:
        return _chances(x0, n0, x1, n1, -differences)
    x1, x0 = np.asarray(x1, "float64"), np.asarray(x0, "float64")
    p1, p0 = _restricted(x1, n1, x0, n0, differences)
    seen = np.abs(score(x1, n1, x0, n0, differences))
    far = seen - _TIE * (1 + np.minimum(seen, 1 / _TIE))
    step = _BESIDE * _standard_error(p1, n1, p0, n0)
    least, most = np.maximum(0, -differences), np.minimum(1, 1 - differences)
    rates = [np.clip(rate, least, most) for rate in (p0 - step, p0, p0 + step)]
    few = [np.exp(_log_chances(np.arange(n0 + 1), n0, one[:, None])) for one in rates]
    number = np.flatnonzero(np.max(few, axis=(0, 1)) > _NEVER)
    below, above = _bounds_beyond(far, n1, number, n0, differences)
    found = 0
    for rate, chance in zip(rates, few, strict=True):
        other = _Binomials(n1, np.clip(rate + differences, 0, 1))
        outside = other.up_to(below) + 1 - other.up_to(above - 1)
        found = np.maximum(found, (chance[:, number] * outside).sum(axis=1))
    return np.where(seen > _TIE, found, 1.0)


def _standard_error(p1, n1, p0, n0):
    """Return the standard error of the rates, their difference given."""
    one, other = p1 * (1 - p1) / n1, p0 * (1 - p0) / n0
    total = one + other
    return np.sqrt(one * other / np.where(total > 0, total, 1))


def _bounds_beyond(far, n1, x0, n0, differences):
    """Return the extreme outcomes for each difference.

    For each number in the smaller group: the largest number in the other one that is
    so ``far`` below, -1 for none, and the smallest that is so far above, n1 + 1 for
    none.
    """
    d, far = differences[:, None], far[:, None]
    shape = len(differences), len(x0)
    below = _first_true(lambda x: score(x, n1, x0, n0, d) > -far, n1, *shape)
    above = _first_true(lambda x: score(x, n1, x0, n0, d) >= far, n1, *shape)
    return below - 1, above


def _first_true(holds, n, *shape):
    """Return the smallest of 0 to n from which on a condition holds.

    n + 1 where it never does; for all elements of a shape at once.
    """
    low, high = np.zeros(shape, "int64"), np.full(shape, n + 1)
    for __ in range((n + 1).bit_length()):
        middle = (low + high) // 2
        held = (middle > n) | holds(np.minimum(middle, n))
        high = np.where(held, middle, high)
        low = np.minimum(np.where(held, low, middle + 1), high)
    return high


class _Binomials:
    """Binomial distributions of one size, one for each of some rates.

    For large groups only counts within seven standard deviations are summed.
    """

    def __init__(self, n, rates):
        wide = int(7 * math.sqrt(n) / 2) + 10
        self.n, middle = n, np.rint(n * rates).astype("int64")
        self.start = np.clip(middle - wide, 0, None)
        count = min(n + 1, 2 * wide + 1)
        k = self.start[:, None] + np.arange(count)
        logs = _log_chances(np.minimum(k, n), n, rates[:, None])
        self.sums = np.cumsum(np.where(k <= n, np.exp(logs), 0), axis=1)

    def up_to(self, k):
        """Chances of at most ``k``, one row for each rate."""
        place = k - self.start[:, None]
        found = np.clip(place, 0, self.sums.shape[1] - 1)
        return np.where(place < 0, 0, np.take_along_axis(self.sums, found, axis=1))


def _log_chances(k, n, p):
    """Logarithms of the chances of k of n at rates p."""
    logs = _log_factorials(n)
    ways = logs[n] - logs[k] - logs[n - k]
    with np.errstate(divide="ignore", invalid="ignore"):
        one = np.where(k == 0, 0, k * np.log(p))
        other = np.where(k == n, 0, (n - k) * np.log1p(-p))
    return ways + one + other


@lru_cache(maxsize=8)
def _log_factorials(n):
    return np.concatenate([[0], np.cumsum(np.log(np.arange(1, n + 1)))])
