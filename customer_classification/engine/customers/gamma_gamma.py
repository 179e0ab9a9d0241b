"""Expected amount of a purchase by the Gamma-Gamma model.

Amounts of a customer vary around a level of its own, and the levels are gamma
distributed. A customer with few purchases is expected near the mean of all.

Sources: Fader, Hardie, "The Gamma-Gamma model of monetary value", 2013; Colombo, Jiang,
Journal of Interactive Marketing 13 (1999) 2–12.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..common.lazy import np
from ..common.minimise import minimise
from ..common.special import digamma, log_gamma

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Customers of whom the parameters are found: more tell nothing new.
MOST_CUSTOMERS = 50_000
LEAST_CUSTOMERS = 20
LOWEST, HIGHEST = 1e-3, 1e5
# Number of purchases that the mean of all weighs where no parameters are found.
DEFAULT_WEIGHT = 2.0


@dataclass(frozen=True)
class Spend:
    """Mean amount of a purchase of all, and how many purchases it weighs."""

    mean: float
    weight: float

    def expected(self, count: NDArray, mean: NDArray) -> NDArray:
        """Expected amount of the next purchase.

        Customers who gave back more than they kept count as having spent nothing.

        :param count: purchases so far, ``mean``: their mean amount, net of refunds
        """
        own = np.maximum(np.nan_to_num(mean), 0)
        total = count + self.weight
        amount = (self.weight * self.mean + count * own) / np.where(total > 0, total, 1)
        return np.where(total > 0, amount, self.mean)


def learn_spend(count: NDArray, mean: NDArray) -> Spend:
    """Return how far amounts of single customers are to be trusted.

    :param count: purchases of each customer, ``mean``: their mean amount
    """
    usable = (mean > 0) & (count > 0)
    count, mean = count[usable], mean[usable]
    if not len(mean):
        return Spend(0.0, DEFAULT_WEIGHT)
    step = -(-len(mean) // MOST_CUSTOMERS)
    found = fit(count[::step], mean[::step]) if len(mean) >= LEAST_CUSTOMERS else None
    if found is None or found[1] <= 1.01:  # without a mean
        level = float((count * mean).sum() / count.sum())
        return Spend(level, DEFAULT_WEIGHT)
    p, q, v = found
    return Spend(p * v / (q - 1), (q - 1) / p)


def fit(count: NDArray, mean: NDArray) -> tuple[float, float, float] | None:
    """Return the likeliest p, q and v; None where amounts do not tell them.

    :param count: purchases of each customer, ``mean``: their mean amount, above 0
    """
    unit = float(np.exp(np.log(mean).mean()))
    likelihood = _Likelihood(count, mean / unit)
    best = minimise(likelihood, np.log(np.array([1.0, 3.0, 2.0])))
    values = np.exp(np.clip(best.place, -30, 30))
    if not best.is_found or not ((values > LOWEST) & (values < HIGHEST)).all():
        return None
    p, q, v = values.tolist()
    return p, q, v * unit


def log_likelihood(count, mean, p, q, v) -> float:
    """Logarithm of the likelihood of the mean amounts."""
    value, __ = _Likelihood(count, mean)(np.log(np.array([p, q, v])))
    return float(-value)


class _Likelihood:
    """Minus the log-likelihood and its gradient by log p, log q and log v."""

    def __init__(self, count, mean):
        self.x, self.mean = count.astype("float64"), mean
        self.counts, place = np.unique(self.x, return_inverse=True)
        self.customers = np.bincount(place)

    def __call__(self, logs):
        p, q, v = np.exp(np.clip(logs, -30, 30))
        x, mean, size = self.x, self.mean, len(self.x)
        spent = np.log(v + x * mean)
        own = np.log(mean * x)
        k, n = self.counts, self.customers
        value = (
            (n * (log_gamma(p * k + q) - log_gamma(p * k))).sum()
            + size * (q * np.log(v) - log_gamma(q))
            + (p * x * own - np.log(mean) - (p * x + q) * spent).sum()
        )
        mixed = digamma(p * k + q)
        slope = [
            p * ((n * k * (mixed - digamma(p * k))).sum() + (x * (own - spent)).sum()),
            q * ((n * mixed).sum() + size * (np.log(v) - digamma(q)) - spent.sum()),
            size * q - v * ((p * x + q) / (v + x * mean)).sum(),
        ]
        return -float(value), -np.array(slope, "float64")
