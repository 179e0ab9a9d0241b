"""ABC: the products that make the value.

Products are ordered by their value. The class follows from the share of all that the
products *before* one make, so that the one that crosses a limit still has the better
class and the first is always A. Equal products have equal shares before them and so one
class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import code
from ..common.lazy import np, pd
from ..common.stability import class_before, settle
from .columns import ABC, ABC_REASONS
from .edges import share_by_curves, share_curves

if TYPE_CHECKING:
    from numpy.typing import NDArray

(LIMIT, KEPT, GRACE, LAPSED, NOTHING, NEW, NOT_SOLD, UNKNOWN) = (
    code(ABC_REASONS, reason) for reason in ABC_REASONS
)
_LAST = len(ABC) - 1


class Abc(NamedTuple):
    """ABC class of each product with its reason.

    Code of the class and of the reason, share before (NaN none), and since when the
    class is missed (day, NaN not).
    """

    code: NDArray
    reason: NDArray
    share: NDArray
    below_since: NDArray


def abc(facts, previous, parameters, today: float, curves=None) -> Abc:
    """The ABC class of each product.

    :param facts: frame of :func:`product_facts`
    :param previous: frame with ``abc``, ``abc_below_since`` and ``policy``
    :param today: day number of the run
    :param curves: the shares by value and group that a run over all products found; by
        default the products are all there are
    """
    values, groups = _values(facts, parameters), _groups(facts, parameters)
    if curves is None:
        share = share_before(values, groups)
    else:
        share = share_by_curves(values, groups, curves)
    limits = np.array([parameters.a_share, parameters.b_share])
    settled = settle(
        class_before("abc", previous, parameters) - 1,
        _place(share, limits),
        _place(share, limits + parameters.keep_share),
        previous["abc_below_since"].to_numpy("float64"),
        parameters.grace_days,
        today,
    )
    reason = _reason(facts, values, settled, parameters, today)
    has_class = reason < NEW
    return Abc(
        np.where(has_class, settled.place + 1, 0),
        reason,
        share,
        np.where(has_class, settled.since, np.nan),
    )


def abc_curves(facts, parameters):
    """Return the shares by value and group of all products."""
    values, groups = _values(facts, parameters), _groups(facts, parameters)
    return share_curves(values, groups, share_before(values, groups))


def _values(facts, parameters):
    """Return the values by which products are ranked."""
    digits = 6 if parameters.rank_by == "quantity" else parameters.currency_digits
    return np.round(facts[parameters.rank_by].to_numpy("float64"), digits)


def _groups(facts, parameters):
    """Return the group in which each product is ranked."""
    if parameters.rank_in_category:
        return facts["category"].to_numpy()
    return np.zeros(len(facts), "int64")


def share_before(values: NDArray, groups: NDArray) -> NDArray:
    """Return the share of the group made by greater positive values.

    NaN for values that are not positive.
    """
    frame = pd.DataFrame({"group": groups, "value": values})
    frame = frame[frame["value"] > 0]
    frame = frame.sort_values(["group", "value"], ascending=[True, False])
    by_group = frame.groupby("group")["value"]
    before = by_group.cumsum() - frame["value"]
    # The first of equal ones has the greater ones alone before it.
    before = before.groupby([frame["group"], frame["value"]]).transform("first")
    share = before / by_group.transform("sum")
    return np.round(share.reindex(range(len(values))).to_numpy("float64"), 9)


def _place(share, limits):
    """Return 0 for A .. 2 for C; the last for products without a share."""
    place = np.searchsorted(limits, np.nan_to_num(share, nan=1.0), "right")
    return np.where(np.isnan(share), _LAST, place)


def _reason(facts, values, settled, parameters, today):
    sold = facts["lifetime_line_count"].to_numpy() > 0
    in_window = facts["line_count"].to_numpy() > 0
    age = today - facts["first_sale"].to_numpy("float64")
    is_last = settled.place == _LAST
    with np.errstate(invalid="ignore"):
        is_new = is_last & (age < parameters.new_days)
        return np.select(
            [
                ~sold,
                in_window & np.isnan(values),
                is_new,
                settled.is_in_grace,
                settled.is_kept,
                ~in_window,
                values <= 0,
            ],
            [NOT_SOLD, UNKNOWN, NEW, GRACE, KEPT, LAPSED, NOTHING],
            LIMIT,
        )
