"""A class that is entered at once and left late.

As for the value tiers of customers: a better customer rises at once; a worse one falls
only beyond a tolerance, and only after some days there. Days are counted and not runs,
so that running twice a night changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Stable(NamedTuple):
    """Rank in force, and since when it is missed.

    Rank 0 is the best; the day is a float, NaN where the rank is not missed.
    """

    place: NDArray
    since: NDArray
    is_kept: NDArray
    is_in_grace: NDArray


def class_before(axis, previous, parameters) -> NDArray:
    """Return the codes of the remembered classes on an axis.

    0 where there is none: never classified, or classified by other rules of the axis.
    """
    policies = previous["policy"].to_numpy()
    known = policies == parameters.policy
    for policy, axes in parameters.remembers.items():
        known |= (policies == policy) & (axis in axes)
    return np.where(known, previous[axis].to_numpy("int64"), 0)


def settle(before, by_limit, by_tolerance, since, grace_days, today) -> Stable:
    """Let a class go late.

    :param before: places before (the code less 1), -1 none
    :param by_limit: places by the limits alone
    :param by_tolerance: places by the limits moved by the tolerance; never worse
    :param since: since when the place before is missed, NaN not
    """
    falling = (before >= 0) & (by_limit > before)
    beyond = falling & (by_tolerance > before)
    since = np.where(beyond, np.fmin(since, today), np.nan)
    over = beyond & (today - since >= grace_days)
    place = np.where(over, by_tolerance, np.where(falling, before, by_limit))
    since = np.where(over, np.nan, since)
    held = place < by_limit
    in_grace = held & (place < by_tolerance)
    return Stable(place, since, held & ~in_grace, in_grace)
