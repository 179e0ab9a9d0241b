"""Memory of the rules of products: which earlier classes still count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..common.memory import IDENTITY, without

if TYPE_CHECKING:
    from .columns import ProductParameters

_OF_AXIS = {
    "abc": {"rank_by", "rank_in_category", "a_share", "b_share", "keep_share"},
    "xyz": {"x_limit", "y_limit", "cv_tolerance", "min_months", "xyz_months"},
    "price_band": {
        *("band_in_category", "band_method", "band_low", "band_high"),
        "band_min_products",
    },
    "sales_lifecycle": {"trend_months", "trend_min_lines", "growth", "decline"},
}
# Rules about durations: days that have passed still count.
_OF_DAYS = frozenset({"grace_days", "new_days", "introduction_days", "end_days"})


def remembered_axes(old: ProductParameters, new: ProductParameters) -> frozenset[str]:
    """Return the axes on which the new rules remember the old classes."""
    return frozenset(
        axis for axis in _OF_AXIS if _axis_rules(old, axis) == _axis_rules(new, axis)
    )


def _axis_rules(parameters, axis):
    left_out = IDENTITY | _OF_DAYS
    left_out |= set().union(*(_OF_AXIS[other] for other in _OF_AXIS if other != axis))
    if axis in ("price_band", "sales_lifecycle"):
        left_out |= {"window_months"}
    return without(parameters, left_out)


def all_axes(old: ProductParameters, new: ProductParameters) -> frozenset[str]:
    """All axes, whatever the rules say."""
    return frozenset(_OF_AXIS)
