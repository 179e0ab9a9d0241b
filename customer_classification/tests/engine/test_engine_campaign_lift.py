"""Differences of proportions: published tables and coverage."""

import math
import random

import numpy as np
import pytest
from engine.campaigns.lift import (
    exact_interval,
    lift,
    mean_interval,
    needed_customers,
    newcombe_interval,
    score,
    score_interval,
    student_quantile,
)
from hypothesis import given, settings
from hypothesis import strategies as st

# Newcombe, Statistics in Medicine 17 (1998), table II: the eight contrasts, with his
# method 10 (hybrid score) and his method 6 (Miettinen and Nurminen).
NEWCOMBE = [
    ((56, 70, 48, 80), (0.0524, 0.3339), (0.0528, 0.3382)),
    ((9, 10, 3, 10), (0.1705, 0.8090), (0.1700, 0.8406)),
    ((6, 7, 2, 7), (0.0582, 0.8062), (0.0342, 0.8534)),
    ((5, 56, 0, 29), (-0.0381, 0.1926), (-0.0326, 0.1933)),
    ((0, 10, 0, 20), (-0.1611, 0.2775), (-0.1658, 0.2844)),
    ((0, 10, 0, 10), (-0.2775, 0.2775), (-0.2879, 0.2879)),
    ((10, 10, 0, 20), (0.6791, 1.0000), (0.7156, 1.0000)),
]
groups = st.integers(1, 25).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("seen", "hybrid", "by_score"), NEWCOMBE)
def test_published_table(seen, hybrid, by_score):
    assert newcombe_interval(*seen) == pytest.approx(hybrid, abs=6e-5)
    assert score_interval(*seen) == pytest.approx(by_score, abs=6e-5)


def test_five_against_seven_percent():
    """docs/science.md §9: of 10,000 each, 2.0 points, from 1.34 to 2.66."""
    found = lift(700, 10_000, 500, 10_000)
    assert found.verdict == "works"
    assert not found.is_exact
    assert 100 * found.difference == pytest.approx(2)
    assert (100 * found.low, 100 * found.high) == pytest.approx((1.34, 2.66), abs=0.005)


def test_score_is_zero_at_what_was_seen():
    assert float(score(56, 70, 48, 80, 0.2)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("n1", "n0"), [(5, 4), (8, 3)])
def test_exact_interval_covers_whatever_is_true(n1, n0):
    """An exact interval covers the true difference as often as claimed.

    Over all possible results: never less often.
    """
    intervals = np.array(
        [
            [exact_interval(x1, n1, x0, n0) for x0 in range(n0 + 1)]
            for x1 in range(n1 + 1)
        ]
    )
    for p1 in np.linspace(0.03, 0.97, 9):
        for p0 in np.linspace(0.03, 0.97, 9):
            likely = np.outer(_binomial(n1, p1), _binomial(n0, p0))
            difference = p1 - p0
            held = (intervals[..., 0] <= difference + 1e-4) & (
                intervals[..., 1] >= difference - 1e-4
            )
            assert (likely * held).sum() >= 0.95 - 2e-3, (p1, p0)


def _binomial(n, p):
    return [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]


@settings(max_examples=25)
@given(groups, groups)
def test_exact_holds_what_was_seen_and_mirrors(one, other):
    (x1, n1), (x0, n0) = one, other
    low, high = exact_interval(x1, n1, x0, n0)
    assert -1 <= low <= x1 / n1 - x0 / n0 <= high <= 1
    mirrored = exact_interval(x0, n0, x1, n1)
    assert mirrored == pytest.approx((-high, -low), abs=1e-4)


@given(groups, groups)
def test_score_interval_holds_what_was_seen(one, other):
    (x1, n1), (x0, n0) = one, other
    low, high = score_interval(x1, n1, x0, n0)
    assert -1 <= low <= x1 / n1 - x0 / n0 + 1e-9
    assert x1 / n1 - x0 / n0 - 1e-9 <= high <= 1


def test_no_difference_is_found_as_often_as_it_says():
    """A/A: the same chance in both groups, 1,000 times."""
    chance = np.random.default_rng(20_250_630)
    for treated, left_out, rate in ((400, 100, 0.1), (1_500, 500, 0.03)):
        with_it = chance.binomial(treated, rate, 1_000)
        without = chance.binomial(left_out, rate, 1_000)
        held = [
            low <= 0 <= high
            for low, high in (
                score_interval(int(x1), treated, int(x0), left_out)
                for x1, x0 in zip(with_it, without, strict=True)
            )
        ]
        assert 0.93 <= np.mean(held) <= 0.97


def test_more_customers_needed():
    """Farrington and Manning's formula needs 2,213 a group for 5 % and 7 %."""
    assert needed_customers(0.07, 0.05) == 4_425
    assert needed_customers(0.5, 0.5) == 0
    # A tenth left out needs more in all than halves.
    assert needed_customers(0.07, 0.05, ratio=1 / 9) > 4_425
    small = lift(7, 100, 5, 100)
    assert small.verdict == "unclear"
    assert small.more == 4_425 - 200
    assert lift(5, 100, 5, 100).more == 0


@pytest.mark.parametrize(
    ("rate", "anyway", "ratio", "number"),
    [
        (0.05, 0.02, 0.1, 3_937),  # 2,337 by the variance of the two rates alone
        (0.02, 0.05, 0.1, 2_978),
        (0.05, 0.02, 1, 1_175),
        (0.3, 0.1, 0.25, 205),
        (0.5, 0.2, 1 / 9, 217),
    ],
)
def test_power_is_there_for_unequal_groups(rate, anyway, ratio, number):
    """Counted over all that can be seen, with the test that a run uses."""
    needed = needed_customers(rate, anyway, ratio)
    assert needed == pytest.approx(number, rel=0.01)
    left_out = round(needed * ratio / (1 + ratio))
    assert 0.78 <= power(rate, needed - left_out, anyway, left_out) <= 0.83


def power(rate, treated, anyway, left_out):
    x1, x0 = np.arange(treated + 1), np.arange(left_out + 1)
    likely = np.outer(binomials(treated, rate), binomials(left_out, anyway))
    z = score(x1[:, None], treated, x0, left_out, 0.0)
    return likely[z >= 1.959964 if rate > anyway else z <= -1.959964].sum()


def binomials(n, p):
    ways = np.array([math.lgamma(k + 1) + math.lgamma(n - k + 1) for k in range(n + 1)])
    k = np.arange(n + 1)
    logs = math.lgamma(n + 1) - ways + k * math.log(p) + (n - k) * math.log1p(-p)
    return np.exp(logs)


def test_with_the_needed_number_the_power_is_there():
    """Simulated 500 times, four of five find it."""
    draw = random.Random(7)
    size = needed_customers(0.3, 0.1) // 2
    found = 0
    for __ in range(500):
        x1 = sum(draw.random() < 0.3 for __ in range(size))
        x0 = sum(draw.random() < 0.1 for __ in range(size))
        found += score_interval(x1, size, x0, size)[0] > 0
    assert 0.74 <= found / 500 <= 0.86


def test_without_a_group_there_is_no_lift():
    assert lift(1, 1, 0, 0) is None
    assert lift(0, 0, 1, 1) is None
    one = lift(1, 1, 0, 1)
    assert one.is_exact
    assert one.verdict == "unclear"


def test_harm():
    assert lift(0, 30, 20, 30).verdict == "harms"


@pytest.mark.parametrize(
    ("chance", "freedom", "quantile"),
    [(0.975, 1, 12.7062), (0.975, 5, 2.5706), (0.95, 2, 2.9200), (0.975, 1e5, 1.9600)],
)
def test_student(chance, freedom, quantile):
    """Against the tables."""
    assert student_quantile(chance, freedom) == pytest.approx(quantile, abs=1e-4)


def test_means():
    treated, left_out = np.array([10.0, 20, 30]), np.array([5.0, 5, 5])
    difference, low, high = mean_interval(treated, left_out)
    # Variance 100, error sqrt(100 / 3), two degrees of freedom: t is 4.3027.
    assert difference == 15
    assert (low, high) == pytest.approx((15 - 24.8414, 15 + 24.8414), abs=1e-3)
    assert math.isnan(mean_interval(treated, left_out[:0])[0])
    assert math.isnan(mean_interval(treated[:1], left_out)[1])
    assert math.isnan(mean_interval(left_out, left_out)[1])


def test_means_against_welch():
    """The degrees of freedom are Welch's own.

    3 of variance 4, 5 of variance 1.
    """
    treated, left_out = np.array([8.0, 10, 12]), np.array([1.0, 1, 2, 3, 3])
    __, low, high = mean_interval(treated, left_out)
    # 4/3 + 1/5 = 1.5333; its square over (16/9/2 + 1/25/4) is 2.616; t is 3.4641.
    assert (high - low) / 2 == pytest.approx(
        3.4641 * math.sqrt(4 / 3 + 1 / 5), rel=1e-3
    )
