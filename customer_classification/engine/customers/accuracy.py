"""Accuracy of predictions, with intervals.

*AUC*: chance that a customer who bought had a higher number than one who did not;
equal numbers count half. *Brier skill*: 1 − mean squared error of the probabilities ÷
that of the rate of all, told in hindsight; 0 or less is no better than saying the same
of everybody.

Sources: Hanley, McNeil, Radiology 143 (1982) 29–36; DeLong, DeLong, Clarke-Pearson,
Biometrics 44 (1988) 837–845, for the intervals; Sun, Xu, IEEE Signal Processing Letters
21 (2014) 1389–1393, for the way by ranks; Brier, Monthly Weather Review 78 (1950) 1–3;
Efron, Tibshirani, An Introduction to the Bootstrap, 1993.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from ..common.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONFIDENCE = 0.95
SEED = 16
SAMPLES = 1000
# Customers are drawn in this many blocks where they are more.
BLOCKS = 1000


class Estimate(NamedTuple):
    """A number and its interval; None where it is not defined."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


def placements(score: NDArray, happened: NDArray) -> tuple[NDArray, NDArray] | None:
    """Return of each buyer the share of the others below, and the reverse.

    None without both.
    """
    happened = np.asarray(happened, bool)
    buyers, others = score[happened], score[~happened]
    if not len(buyers) or not len(others):
        return None
    return _share_below(others, buyers), 1 - _share_below(buyers, others)


def auc(placed: tuple[NDArray, NDArray] | None) -> Estimate:
    """Return the area under the ROC curve with DeLong's interval.

    :param placed: :func:`placements` of a score
    """
    if placed is None:
        return Estimate()
    value = float(placed[0].mean())
    half = _z() * math.sqrt(_variance(*placed))
    return Estimate(value, max(0.0, value - half), min(1.0, value + half))


def compare_auc(
    one: tuple[NDArray, NDArray] | None, two: tuple[NDArray, NDArray] | None
) -> int:
    """Compare two AUCs of the same customers by DeLong's test.

    1 higher, -1 lower, 0 where the difference may be chance.
    """
    if one is None or two is None:
        return 0
    difference = float(one[0].mean() - two[0].mean())
    error = math.sqrt(_variance(one[0] - two[0], one[1] - two[1]))
    if abs(difference) <= _z() * error or abs(difference) < 1e-12:
        return 0
    return 1 if difference > 0 else -1


def _z():
    return NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)


def _share_below(values, limits):
    """Share of values below each limit; equal ones count half."""
    values = np.sort(values)
    below = np.searchsorted(values, limits, "left")
    return (below + np.searchsorted(values, limits, "right")) / (2 * len(values))


def _variance(of_buyers, of_others):
    parts = (of_buyers, of_others)
    return sum(float(p.var(ddof=1)) / len(p) for p in parts if len(p) > 1)


def brier_skill(probability: NDArray, happened: NDArray) -> Estimate:
    """Return the Brier skill with its seeded bootstrap interval."""
    happened = np.asarray(happened, "float64")
    if not len(happened) or happened.min() == happened.max():
        return Estimate()
    errors = (probability - happened) ** 2
    sums = _blocks(np.column_stack([np.ones(len(errors)), happened, errors]))
    drawn = _skill(_draws(len(sums)).astype("float64") @ sums)
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    [value] = _skill(sums.sum(axis=0)[None, :])
    return Estimate(float(value), float(low), float(high))


@lru_cache(maxsize=1)
def _draws(size):
    """Return how often each of so many rows is drawn, by sample.

    The same for each of several predictions of the same customers.
    """
    draws = np.random.default_rng(SEED).multinomial(
        size, np.full(size, 1 / size), SAMPLES
    )
    return draws.astype("int16")


def _blocks(rows):
    """Add up customers, where they are many, to blocks to be drawn."""
    if len(rows) <= BLOCKS:
        return rows
    block = np.arange(len(rows)) % BLOCKS
    return np.column_stack([np.bincount(block, column) for column in rows.T])


def _skill(sums):
    """Brier skill from customers, buyers and squared errors, by row."""
    customers, buyers, errors = sums.T
    base = buyers * (customers - buyers) / customers
    # A sample where all or nobody bought tells of no skill.
    return np.where(base > 0, 1 - errors / np.where(base > 0, base, 1), -1.0)
