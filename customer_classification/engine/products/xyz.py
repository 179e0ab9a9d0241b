"""XYZ: regularity of the demand for a product.

The coefficient of variation of the quantity by month: population standard deviation
over mean. Months without a sale count as zero: leaving them out would call a product
sold once a year "stable" (docs/science.md §8). Only full months count, from the one of
the first sale on, or a fixed number of them for every product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import code
from ..common.lazy import np
from ..common.stability import class_before, settle
from .columns import XYZ, XYZ_REASONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIMIT, KEPT, GRACE, NO_DEMAND, FEW_MONTHS, NOT_SOLD = (
    code(XYZ_REASONS, reason) for reason in XYZ_REASONS
)
_LAST = len(XYZ) - 1


class Xyz(NamedTuple):
    """XYZ class of each product with its reason.

    Code of the class and of the reason, coefficient of variation (NaN unknown), months
    looked at, and since when the class is missed (day, NaN not).
    """

    code: NDArray
    reason: NDArray
    cv: NDArray
    months: NDArray
    above_since: NDArray


def xyz(facts, demand: NDArray, previous, parameters, today: float) -> Xyz:
    """The XYZ class of each product.

    :param facts: frame of :func:`product_facts`
    :param demand: quantity by product and full month, the last month last
    :param previous: frame with ``xyz``, ``xyz_above_since`` and ``policy``
    """
    fixed = parameters.xyz_months
    window = demand[:, -(fixed or parameters.window_months) :]
    months = np.full(len(facts), fixed)
    if not fixed:
        months = _months_known(facts, demand, window)
    cv, months = variation(window, months)
    limits = np.array([parameters.x_limit, parameters.y_limit])
    settled = settle(
        class_before("xyz", previous, parameters) - 1,
        _place(cv, limits),
        _place(cv, limits + parameters.cv_tolerance),
        previous["xyz_above_since"].to_numpy("float64"),
        parameters.grace_days,
        today,
    )
    reason = np.select(
        [
            ~window.any(axis=1),
            (months < parameters.min_months) & (not fixed),
            np.isnan(cv),
            settled.is_in_grace,
            settled.is_kept,
        ],
        [NOT_SOLD, FEW_MONTHS, NO_DEMAND, GRACE, KEPT],
        LIMIT,
    )
    has_class = reason < FEW_MONTHS
    return Xyz(
        np.where(has_class, settled.place + 1, 0),
        reason,
        np.where(has_class, cv, np.nan),
        months,
        np.where(has_class, settled.since, np.nan),
    )


def _months_known(facts, demand, window):
    """Return full months from the first sale on, at most the window's."""
    first = np.nan_to_num(facts["first_month"].to_numpy("float64"), nan=np.inf)
    return np.clip(demand.shape[1] - first, 0, window.shape[1]).astype("int64")


def variation(window: NDArray, months: NDArray):
    """Return ``(cv, months)`` over the last ``months`` of each row.

    The coefficient is NaN where the mean is not positive.

    Refunds of earlier sales than the first month counted do not count.
    """
    column = np.arange(window.shape[1])
    counts = column >= window.shape[1] - months[:, None]
    number = np.maximum(months, 1)
    mean = np.where(counts, window, 0).sum(axis=1) / number
    square = np.where(counts, (window - mean[:, None]) ** 2, 0).sum(axis=1) / number
    with np.errstate(divide="ignore", invalid="ignore"):
        cv = np.sqrt(square) / mean
    return np.where(np.round(mean, 9) > 0, np.round(cv, 9), np.nan), months


def _place(cv, limits):
    """0 for X .. 2 for Z: a limit belongs to the better class."""
    place = np.searchsorted(limits, np.nan_to_num(cv, nan=np.inf), "left")
    return np.where(np.isnan(cv), _LAST, place)
