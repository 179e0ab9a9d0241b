"""Models behind predictions: published numbers, programs, guards."""

import warnings
from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import pytest
from engine.common.minimise import minimise
from engine.common.proportions import wilson_interval
from engine.common.special import digamma, hypergeometric, log_gamma
from engine.customers import gamma_gamma, mbg_nbd, repeat_regression
from engine.customers.mbg_nbd import Groups, MbgNbd, fit, group
from hypothesis import given
from hypothesis import strategies as st
from real_purchases import cdnow_sample

special = pytest.importorskip("scipy.special")
lifetimes = pytest.importorskip("lifetimes")
PUBLISHED_BG = MbgNbd(0.2426, 4.4137, 0.7930, 2.4262, leaves_at_first=False)


@cache
def sample():
    """Return repeat purchases, recency, age in weeks, and mean amounts.

    Of the CDNOW sample up to 1997-09-30; purchases of one day are one.
    """
    rows = [(each.partner, each.moment, each.cents) for each in cdnow_sample()]
    log = pd.DataFrame(rows, columns=["partner", "day", "cents"])
    log["day"] = pd.to_datetime(log["day"])
    log = log[log["day"] <= pd.Timestamp(date(1997, 9, 30))]
    days = log.groupby(["partner", "day"], as_index=False)["cents"].sum()
    by = days.groupby("partner")["day"]
    x, first = (by.size() - 1).to_numpy("float64"), by.min()
    weeks = (by.max() - first).dt.days / 7, (date_end() - first).dt.days / 7
    later = days[days["day"] > days["partner"].map(first)]
    spend = later.groupby("partner")["cents"].agg(["mean", "size"])
    return x, weeks[0].to_numpy(), weeks[1].to_numpy(), spend[spend["mean"] > 0]


def date_end():
    return pd.Timestamp(date(1997, 9, 30))


def weekly(x, t_x, age):
    days = group(x, np.round(t_x * 7), np.round(age * 7))
    return days._replace(t_x=days.t_x / 7, age=days.age / 7)


# Published on CDNOW: docs/science.md §11


def test_the_published_bg_nbd():
    x, t_x, age, __ = sample()
    groups = weekly(x, t_x, age)
    found = fit(groups, ridge=0, leaves_at_first=False)
    assert [round(value, 4) for value in found.parameters] == [
        *(0.2426, 4.4136, 0.7929, 2.4259),
    ]
    assert round(mbg_nbd.log_likelihood(found, groups), 3) == -9582.429
    assert found.expected(
        np.array([2.0]), np.array([30.43]), np.array([38.86]), 39
    ) == pytest.approx(1.226, abs=5e-4)


def test_the_published_mbg_nbd():
    x, t_x, age, __ = sample()
    groups = weekly(x, t_x, age)
    found = fit(groups, ridge=0)
    assert [round(value, 3) for value in found.parameters] == [
        *(0.525, 6.183, 0.891, 1.614),
    ]
    assert round(mbg_nbd.log_likelihood(found, groups), 2) == -9582.14


def test_the_published_gamma_gamma():
    spend = sample()[3]
    count, mean = spend["size"].to_numpy("float64"), spend["mean"].to_numpy() / 100
    found = gamma_gamma.fit(count, mean)
    assert len(spend) == 946
    assert [round(value, 2) for value in found] == [6.25, 3.74, 15.44]
    assert round(gamma_gamma.log_likelihood(count, mean, *found), 2) == -4055.92
    p, q, v = found
    known = gamma_gamma.Spend(p * v / (q - 1), (q - 1) / p)
    expected = p * (v + count * mean) / (p * count + q - 1)
    assert np.allclose(known.expected(count, mean), expected)


def test_the_ridge_moves_the_published_estimates_little():
    x, t_x, age, __ = sample()
    groups = weekly(x, t_x, age)
    free, held = fit(groups, ridge=0).parameters, fit(groups).parameters
    assert np.allclose(free, held, rtol=0.02)


def test_groups_of_weeks_move_the_estimates_little(monkeypatch):
    x, t_x, age, __ = sample()
    days = fit(group(x, np.round(7 * t_x), np.round(7 * age)))
    monkeypatch.setattr(mbg_nbd, "MOST_GROUPS", 1000)
    groups = group(x, np.round(7 * t_x), np.round(7 * age))
    assert len(groups.size) < 1000 and groups.size.sum() == len(x)
    assert np.allclose(days.parameters, fit(groups).parameters, rtol=0.03)


# Other programs


@pytest.mark.parametrize(
    ("fitter", "leaves"), [("BetaGeoFitter", False), ("ModifiedBetaGeoFitter", True)]
)
def test_probabilities_and_numbers_of_lifetimes(fitter, leaves):
    model = MbgNbd(0.53, 6.2, 0.89, 1.61, leaves)
    other = getattr(lifetimes, fitter)()
    other.params_ = pd.Series(model.parameters, index=["r", "alpha", "a", "b"])
    x = np.array([0, 0, 1, 2, 5, 10, 25.0])
    t_x = np.array([0, 0, 10, 30, 20, 30, 31.0])
    age = np.array([39, 5, 39, 39, 39, 31, 31.0])
    assert np.allclose(
        model.alive(x, t_x, age), other.conditional_probability_alive(x, t_x, age)
    )
    numbers = other.conditional_expected_number_of_purchases_up_to_time
    assert np.allclose(model.expected(x, t_x, age, 39), numbers(39, x, t_x, age))


@pytest.mark.parametrize(
    "parameters",
    [
        (0.525, 6.183, 0.891, 1.614),
        (0.75, 64.9, 0.0159, 21.8),
        (238.0, 28465.0, 1.134, 30.1),  # regular buyers
        (0.27, 11.5, 11141.0, 71964.0),  # all leave with the same chance
        (0.6, 56.4, 1.0, 1.19),  # a - 1 is a divisor
        (30.0, 20.0, 5.0, 2.0),
    ],
)
@pytest.mark.parametrize(("x", "age"), [(0, 0), (0, 300), (3, 40), (60, 700)])
def test_expected_purchases_are_the_mean_over_the_chances_of_leaving(
    parameters, x, age
):
    """The expectation equals numerical integration over leaving."""
    integrate = pytest.importorskip("scipy.integrate")
    stats = pytest.importorskip("scipy.stats")
    r, alpha, a, b = parameters
    leave = stats.beta(a, b + x + 1)

    def number(share):
        p = max(leave.ppf(share), 1e-12)
        return -np.expm1((r + x) * -np.log1p(p * 120 / (alpha + age))) / p

    # Where customers hardly ever leave, the ends hold more than a quadrature sees.
    expected, __ = integrate.quad(number, 0, 1, epsabs=1e-6, epsrel=1e-6, limit=400)
    model = MbgNbd(*parameters)
    found = model._expected_if_alive(np.array([float(x)]), np.array([float(age)]), 120)
    assert found[0] == pytest.approx(expected, rel=1e-3)


def test_special_functions():
    values = np.array([1e-3, 0.1, 0.5, 1, 2.5, 9.99, 10, 77.7, 4e3])
    assert np.allclose(log_gamma(values), special.gammaln(values), rtol=1e-12)
    assert np.allclose(digamma(values), special.digamma(values), rtol=1e-11)
    z = np.array([0, 0.1, 0.5, 0.9, 0.97])
    assert np.allclose(
        hypergeometric(1.7, -0.2, 3.1, z), special.hyp2f1(1.7, -0.2, 3.1, z)
    )


@pytest.mark.parametrize("leaves", [True, False])
def test_the_gradient_is_that_of_the_likelihood(leaves):
    groups = Groups(*np.array([[0, 1, 4.0], [0, 3, 8], [9, 9, 10], [5, 2, 1]]))
    likelihood = mbg_nbd._Likelihood(groups, leaves)
    at = np.array([0.4, 1.3, 0.7, 1.9])
    __, slope = likelihood(at)
    for place in range(4):
        step = np.zeros(4)
        step[place] = 1e-5
        change = likelihood(at + step)[0] - likelihood(at - step)[0]
        assert slope[place] == pytest.approx(change / 2e-5, rel=1e-6)


def test_a_valley_is_walked_to_its_end():
    """Rosenbrock's, whose minimum is at (1, 1)."""

    def valley(at):
        x, y = at
        slope = [-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)]
        return 100 * (y - x * x) ** 2 + (1 - x) ** 2, np.array(slope)

    found = minimise(valley, np.array([-1.2, 1.0]), tolerance=1e-9)
    assert found.is_found and np.allclose(found.place, [1, 1], atol=1e-6)


def test_nothing_is_found_where_there_is_no_minimum():
    assert not minimise(lambda at: (float(at[0]), np.ones(1)), np.zeros(1)).is_found
    assert not minimise(lambda at: (np.nan, at * np.nan), np.ones(1)).is_found


def test_wilsons_interval():
    """41 of 60, and Wilson's own limits for none and all."""
    assert np.round(wilson_interval(41, 60), 3).tolist() == [0.558, 0.787]
    assert np.round(wilson_interval(0, 10), 4).tolist() == [0, 0.2775]
    assert np.round(wilson_interval(10, 10), 4).tolist() == [0.7225, 1]
    assert wilson_interval(0, 0) == (0, 1)


# Guards


@pytest.mark.filterwarnings("error")
def test_many_purchases_overflow_nowhere():
    x, t_x = np.arange(400.0, 501, 10), np.full(11, 6.0)
    for model in (PUBLISHED_BG, MbgNbd(0.525, 6.183, 0.891, 1.614)):
        for age in (6.0, 37.0):
            ages = np.full(11, age)
            assert np.isfinite(model.expected(x, t_x, ages, 30)).all()
            assert (model.active(x, t_x, ages, 30) <= 1).all()
        gone = model.alive(np.array([1000.0]), np.array([10.0]), np.array([100.0]))
        assert gone == 0


def test_whoever_bought_once_may_have_left():
    once = np.zeros(2), np.zeros(2), np.array([10.0, 100])
    assert PUBLISHED_BG.alive(*once).tolist() == [1, 1]
    early, late = MbgNbd(0.525, 6.183, 0.891, 1.614).alive(*once)
    assert 0 < late < early < 1


@pytest.mark.parametrize("gap", [7, 30, 91])
def test_regular_buyers_have_finite_parameters_or_none(gap):
    """All buy every so many days, half of them no longer."""
    age = np.full(200, 720.0)
    t_x = np.where(np.arange(200) % 2, 700, 350) // gap * gap
    found = fit(group(t_x // gap, t_x, age))
    if found:
        active = found.active(t_x // gap, t_x, age, 90)
        assert np.isfinite(active).all()
        assert active[1] > active[0]


@pytest.mark.parametrize(
    "customers",
    [
        [],
        [(0, 0, 0)],
        [(0, 0, 0)] * 50,
        [(0, 0, 100)],
        [(0, 0, 100)] * 500,
        [(1, 100, 100)],
        [(300, 300, 300)] * 20,
    ],
)
@pytest.mark.filterwarnings("error")
def test_degenerate_customers(customers):
    columns = np.array(customers, "float64").reshape(-1, 3).T
    found = fit(group(*columns))
    if found:
        assert np.isfinite(found.parameters).all()
        assert np.isfinite(found.expected(*columns, 90)).all()


histories = st.lists(
    st.tuples(st.integers(0, 60), st.floats(0, 1), st.integers(1, 1500)),
    min_size=1,
    max_size=30,
)


@given(histories, st.integers(30, 365))
def test_probabilities_are_probabilities(rows, horizon):
    x = np.array([row[0] for row in rows], "float64")
    age = np.array([row[2] for row in rows], "float64")
    t_x = np.where(x > 0, np.round(age * [row[1] for row in rows]), 0)
    found = fit(group(x, t_x, age))
    if not found:
        return
    alive, active = found.alive(x, t_x, age), found.active(x, t_x, age, horizon)
    assert ((alive >= 0) & (alive <= 1) & (active >= 0)).all()
    assert (active <= alive + 1e-12).all()
    # As many purchases are to expect at least as there are chances of one.
    assert (found.expected(x, t_x, age, horizon) >= active * (1 - 1e-6) - 1e-9).all()


@given(st.permutations(range(20)))
def test_groups_do_not_depend_on_the_order(order):
    x = np.arange(20.0) % 4
    t_x, age = x * 10, 50 + x
    order = np.array(order)
    whole, other = group(x, t_x, age), group(x[order], t_x[order], age[order])
    assert all(np.array_equal(a, b) for a, b in zip(whole, other, strict=True))
    assert whole.size.tolist() == [5, 5, 5, 5]


# Amounts


def test_amounts_without_spread_or_of_nothing():
    count = np.full(50, 3.0)
    assert gamma_gamma.learn_spend(count, np.zeros(50)).expected(1.0, 0.0) == 0
    same = gamma_gamma.learn_spend(count, np.full(50, 20.0))
    assert same.expected(np.array([4.0]), np.array([20.0])) == pytest.approx(20, 1e-3)
    few = gamma_gamma.learn_spend(np.array([1.0, 3.0]), np.array([10.0, 30.0]))
    assert few == gamma_gamma.Spend(25.0, gamma_gamma.DEFAULT_WEIGHT)


def test_who_gave_all_back_is_expected_below_the_mean():
    known = gamma_gamma.Spend(100.0, 2.0)
    amounts = known.expected(np.array([2, 2, 2, 0.0]), np.array([-50, 0, 100, np.nan]))
    assert amounts.tolist() == [50, 50, 100, 100]


# Regression


def test_the_weights_have_the_least_penalized_loss():
    optimize = pytest.importorskip("scipy.optimize")
    dice = np.random.default_rng(3)
    numbers = dice.normal(size=(400, 3)) * [1, 10, 0.1] + 5
    happened = dice.random(400) < 1 / (1 + np.exp(-(numbers[:, 0] - 5)))
    found = repeat_regression.learn(numbers, happened)
    rows = (numbers - numbers.mean(0)) / numbers.std(0)
    rows = np.column_stack([np.ones(400), rows])

    def loss(w):
        scores = rows @ w
        return (np.logaddexp(0, scores) - happened * scores).sum() + w[1:] @ w[1:] / 2

    best = optimize.minimize(loss, np.zeros(4), tol=1e-12)
    assert np.allclose(found.weights, best.x, atol=1e-4)
    # Of what was learnt, as many are expected to have bought as did.
    assert found.chance(numbers).sum() == pytest.approx(happened.sum())


def test_separation_and_constant_numbers_have_finite_weights():
    numbers = np.column_stack([np.arange(100.0), np.full(100, 7.0)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = repeat_regression.learn(numbers, numbers[:, 0] >= 50)
    assert np.isfinite(found.weights).all()
    assert found.weights[2] == pytest.approx(0)
    chance = found.chance(numbers)
    assert (np.diff(chance) > 0).all() and 0 < chance[0] < 0.05


def test_one_outcome_teaches_nothing():
    assert repeat_regression.learn(np.ones((5, 2)), np.ones(5, bool)) is None
    assert repeat_regression.learn(np.ones((0, 2)), np.ones(0, bool)) is None
