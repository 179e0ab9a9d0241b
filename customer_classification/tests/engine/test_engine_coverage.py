"""Coverage of the intervals of a campaign's effect.

Counted over all possible results of two groups, not simulated; and simulated once,
through the function that a run calls. Where few can buy, whole numbers leave no choice:
of two groups of five with 1 %, nine times of ten nobody buys, and any interval that
holds the difference then holds it too often.
``test_coverage_where_hardly_anybody_buys`` defines these places by a rule, not a list.
"""

import math

import numpy as np
import pytest
from engine.campaigns.lift import EXACT_UP_TO, lift, mean_interval
from engine.common.proportions import _chances, score

RATES = (0.01, 0.03, 0.05, 0.2, 0.6)
LEAST, MOST = 0.935, 0.965
# Groups of sizes from 5 to 5,000, the treated first.
SIZES = [
    *((5, 5), (20, 5), (5, 100), (1_000, 5), (5_000, 5), (10, 10), (40, 10)),
    *((20, 20), (100, 20), (40, 40), (400, 40), (100, 100), (101, 101)),
    *((150, 150), (201, 201), (1_000, 201), (250, 250), (251, 251), (300, 300)),
    *((1_000, 251), (1_000, 1_000), (5_000, 251), (5_000, 500), (5_000, 5_000)),
]
# Expected buyers in both groups from which on whole numbers are fine enough.
ENOUGH = 5


def coverage(n1, n0, p1, p0):
    """Return the probability that the interval holds the true difference.

    The difference is that of two rates.
    """
    x1, x0 = likely(n1, p1), likely(n0, p0)
    chance = np.outer(binomial(n1, p1, x1), binomial(n0, p0, x0)).ravel()
    x1, x0 = (one.ravel() for one in np.meshgrid(x1, x0, indexing="ij"))
    kept = chance > 1e-7
    x1, x0, chance = x1[kept], x0[kept], chance[kept]
    if min(n1, n0) <= EXACT_UP_TO:
        difference = np.full(len(x1), p1 - p0)
        holds = _chances(x1, n1, x0, n0, difference) > 0.05
    else:
        holds = np.abs(score(x1, n1, x0, n0, p1 - p0)) < 1.959964
    return float((chance * holds).sum() / chance.sum())


def likely(n, p):
    """Return the counts within five standard deviations of the mean.

    And six more on either side.
    """
    away = 5 * math.sqrt(n * p * (1 - p)) + 6
    return np.arange(max(0, int(n * p - away)), min(n, int(n * p + away)) + 1)


def binomial(n, p, k):
    logs = [
        math.lgamma(n + 1) - math.lgamma(one + 1) - math.lgamma(n - one + 1)
        for one in k.tolist()
    ]
    return np.exp(np.array(logs) + k * math.log(p) + (n - k) * math.log1p(-p))


def places():
    return [(*sizes, p1, p0) for sizes in SIZES for p1 in RATES for p0 in RATES]


@pytest.fixture(scope="module")
def covered():
    return {place: coverage(*place) for place in places()}


def expected(place):
    """Return the expected number of buyers or of others, whichever is less.

    In the group where it is less.
    """
    n1, n0, p1, p0 = place
    return min(n * min(p, 1 - p) for n, p in ((n1, p1), (n0, p0)))


def test_never_much_less_often_than_it_says(covered):
    too_seldom = {place: one for place, one in covered.items() if one < LEAST}
    assert not too_seldom


def test_as_often_as_it_says(covered):
    """Coverage is within 1.5 points with enough buyers and others.

    Enough: five of both are expected in each group.
    """
    off = {
        place: one
        for place, one in covered.items()
        if expected(place) >= ENOUGH and not LEAST <= one <= MOST
    }
    assert not off


def test_coverage_where_hardly_anybody_buys(covered):
    """Coverage is too high rather than too low where hardly anybody buys.

    And only where whole numbers are coarse.
    """
    often = {place for place, one in covered.items() if one > MOST}
    assert often
    assert all(expected(place) < ENOUGH for place in often)
    assert 0.95 <= np.mean(list(covered.values())) <= MOST


def test_simulated_as_often_as_it_says():
    """Through the function that runs call, 2,000 times each."""
    chance = np.random.default_rng(20_261_129)
    places = (50, 5, 0.6, 0.3), (201, 201, 0.01, 0.03), (5_000, 500, 0.01, 0.02)
    for n1, n0, p1, p0 in places:
        seen = list(
            zip(
                chance.binomial(n1, p1, 2_000),
                chance.binomial(n0, p0, 2_000),
                strict=True,
            )
        )
        intervals = {
            pair: lift(int(pair[0]), n1, int(pair[1]), n0) for pair in set(seen)
        }
        held = [intervals[pair].low <= p1 - p0 <= intervals[pair].high for pair in seen]
        assert LEAST <= np.mean(held) <= MOST, (n1, n0, p1, p0)


def test_means_of_few_customers():
    """Welch's interval of five against five, and of forty against five."""
    chance = np.random.default_rng(7)
    for n1, n0, spread in ((5, 5, 1), (40, 5, 1), (40, 5, 3)):
        held = 0
        for __ in range(2_000):
            spent = chance.normal(100, 10, n1), chance.normal(90, 10 * spread, n0)
            __, low, high = mean_interval(*spent)
            held += low <= 10 <= high
        assert LEAST <= held / 2_000 <= 0.97, (n1, n0, spread)
