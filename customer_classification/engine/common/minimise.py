"""Minimum of a smooth function of a few unknowns, the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .lazy import np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_STEPS = 200
_SUFFICIENT = 1e-4  # share of the promised descent that a step must bring
_HALVINGS = 20
# Share of the value by which it is no longer worth going on.
_ENOUGH = 1e-13


class Minimum(NamedTuple):
    """Place and value of a minimum, and whether the slope is level there."""

    place: NDArray
    value: float
    is_found: bool


def minimise(
    function: Callable[[NDArray], tuple[float, NDArray]],
    start: NDArray,
    tolerance: float = 1e-7,
) -> Minimum:
    """Return the minimum near a start, by BFGS with a line search that halves.

    :param function: gives the value and the gradient at a place
    :param tolerance: slope that counts as level, as a share of the value
    Source: Nocedal, Wright, Numerical Optimization, 2006, ch. 6.
    """
    place = np.asarray(start, "float64")
    value, slope = function(place)
    inverse = None
    for __ in range(_STEPS):
        if np.abs(slope).max() <= tolerance * max(1.0, abs(value)):
            return Minimum(place, value, True)
        step = _step(function, place, value, slope, inverse)
        if step is None:
            break
        before, (move, value, after) = value, step
        inverse = _updated(inverse, move, after - slope)
        place, slope = place + move, after
        if before - value <= _ENOUGH * abs(value):
            break
    level = np.abs(slope).max() <= 1e3 * tolerance * max(1.0, abs(value))
    return Minimum(place, value, bool(level and np.isfinite(value)))


def _step(function, place, value, slope, inverse):
    """Return a descending move, with value and slope there, or None."""
    move = -slope / max(1.0, np.abs(slope).max()) if inverse is None else None
    move = -(inverse @ slope) if move is None else move
    promised = move @ slope
    if not promised < 0:  # also where it is no number
        return None
    for __ in range(_HALVINGS):
        reached, after = function(place + move)
        if reached <= value + _SUFFICIENT * promised:
            return move, reached, after
        move, promised = move / 2, promised / 2
    return None


def _updated(inverse, move, change):
    """Return the inverse of the curvature after a step."""
    curvature = move @ change
    if inverse is None:
        inverse = (
            np.eye(len(move)) * max(curvature, 1e-12) / max(change @ change, 1e-12)
        )
    if curvature <= 1e-12 * np.sqrt((move @ move) * (change @ change)):
        return inverse
    share = np.eye(len(move)) - np.outer(move, change) / curvature
    return share @ inverse @ share.T + np.outer(move, move) / curvature
