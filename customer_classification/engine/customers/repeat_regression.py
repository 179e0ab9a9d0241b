"""Chance of another purchase by logistic regression on the own past.

Newton's method with a small ridge, so that numbers that separate buyers from others
perfectly, or that are the same for all, have finite weights.

Sources: Hosmer, Lemeshow, Sturdivant, Applied Logistic Regression, 2013, ch. 1–2;
le Cessie, van Houwelingen, Applied Statistics 41 (1992) 191–201, for the ridge; Platt,
"Probabilistic outputs for support vector machines", 1999, for the calibration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..common.lazy import np
from .behaviour import mean_gap

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Customers of whom the weights are found: more tell nothing new.
MOST_CUSTOMERS = 100_000
RIDGE = 1.0
NUMBERS = ("recency", "frequency", "mean gap", "tenure", "revenue")
_ROUNDS = 50
_SURE = 1e-4  # no chance is nearer to 0 or 1


@dataclass(frozen=True)
class Logistic:
    """Weights of standardized numbers; the intercept is the first."""

    weights: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]

    def chance(self, numbers: NDArray) -> NDArray:
        """Return the chance of each row of numbers."""
        intercept, *weights = self.weights
        standard = (numbers - np.array(self.means)) / np.array(self.scales)
        return sigmoid(intercept + standard @ np.array(weights))


def repeat_numbers(behaviour, usual_gap: float) -> NDArray:
    """Return the five numbers of each customer, as logarithms.

    :param behaviour: columns as of :mod:`.behaviour`
    """
    repeats = behaviour["visit_count"].to_numpy("float64") - 1
    recency = behaviour["recency"].to_numpy("float64")
    tenure = behaviour["tenure"].to_numpy("float64")
    gap = mean_gap(behaviour, usual_gap)
    revenue = np.maximum(behaviour["revenue"].to_numpy("float64"), 0)
    numbers = (recency, repeats, gap, tenure, revenue)
    return np.column_stack([np.log1p(each) for each in numbers])


def learn(numbers: NDArray, outcome: NDArray, ridge: float = RIDGE) -> Logistic | None:
    """Return the weights by which numbers tell an outcome.

    None without both outcomes.

    :param outcome: whether it happened, by row
    """
    step = max(1, -(-len(outcome) // MOST_CUSTOMERS))
    numbers, happened = numbers[::step], outcome[::step].astype("float64")
    if not len(happened) or happened.min() == happened.max():
        return None
    means, spread = numbers.mean(axis=0), numbers.std(axis=0)
    scales = np.where(spread > 1e-9 * (1 + np.abs(means)), spread, 1.0)
    rows = np.column_stack([np.ones(len(happened)), (numbers - means) / scales])
    weights = _newton(rows, happened, ridge)
    return Logistic(*(tuple(v.tolist()) for v in (weights, means, scales)))


def _newton(rows, happened, ridge):
    """Return the weights of the least loss; the intercept is not held back."""
    held = np.full(rows.shape[1], ridge)
    held[0] = 1e-9
    weights = np.zeros(rows.shape[1])
    weights[0] = logit(happened.mean())
    loss = _loss(weights, rows, happened, held)
    for __ in range(_ROUNDS):
        chance = sigmoid(rows @ weights)
        slope = rows.T @ (chance - happened) + held * weights
        curve = (rows * (chance * (1 - chance))[:, None]).T @ rows + np.diag(held)
        step = np.linalg.solve(curve, slope)
        weights, before, loss = _descended(weights, step, loss, rows, happened, held)
        if before - loss <= 1e-10 * (1 + before):
            break
    return weights


def _descended(weights, step, loss, rows, happened, held):
    """Return the weights after a step that is halved until it descends."""
    for __ in range(20):
        after = _loss(weights - step, rows, happened, held)
        if after <= loss:
            return weights - step, loss, after
        step = step / 2
    return weights, loss, loss


def _loss(weights, rows, happened, held):
    scores = rows @ weights
    misfit = np.logaddexp(0, scores) - happened * scores
    return float(misfit.sum() + 0.5 * (held * weights * weights).sum())


def sigmoid(scores: NDArray) -> NDArray:
    """Chance of which a number is the logarithm of the odds."""
    return 1 / (1 + np.exp(-np.clip(scores, -500, 500)))


def logit(chance: NDArray) -> NDArray:
    """Logarithm of the odds of a chance, kept away from 0 and 1."""
    chance = np.clip(chance, _SURE, 1 - _SURE)
    return np.log(chance / (1 - chance))
