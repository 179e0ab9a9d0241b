"""Special functions: gamma, its derivative, hypergeometric."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FAR = 10.0  # from here on the series of the digamma function is exact
_TERMS = 5000


def log_gamma(values: NDArray) -> NDArray:
    """Logarithm of the gamma function of positive numbers; for few of them."""
    values = np.asarray(values, "float64")
    found = [math.lgamma(value) for value in values.ravel().tolist()]
    return np.array(found, "float64").reshape(values.shape)


def digamma(values: NDArray) -> NDArray:
    """Derivative of the logarithm of the gamma function of positive numbers.

    Source: Abramowitz, Stegun, Handbook of Mathematical Functions, 6.3.5 and 6.3.18.
    """
    values = np.array(values, "float64")
    found = np.zeros(values.shape)
    while (near := values < _FAR).any():
        found -= np.where(near, 1 / np.where(near, values, 1.0), 0.0)
        values = np.where(near, values + 1, values)
    square = 1 / (values * values)
    series = square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square / 240)))
    return found + np.log(values) - 1 / (2 * values) - series


def hypergeometric(a: NDArray, b: NDArray, c: NDArray, z: NDArray) -> NDArray:
    """Gauss's hypergeometric function 2F1 of 0 <= z < 1, by its series.

    The caller sees to it that it converges: the later terms get smaller by about z.
    Infinite or not a number where they overflow before that.
    """
    a, b, c, z = np.broadcast_arrays(*(np.asarray(x, "float64") for x in (a, b, c, z)))
    total, term = np.ones(z.shape), np.ones(z.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(_TERMS):
            term = term * ((a + k) * (b + k) / ((c + k) * (k + 1)) * z)
            total = total + term
            if np.all((np.abs(term) <= 1e-14 * np.abs(total)) | ~np.isfinite(total)):
                break
    return total
