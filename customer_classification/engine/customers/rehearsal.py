"""From where to where the customers or products go, as cells of a matrix."""

from __future__ import annotations

from ..common.lazy import np, pd
from .columns import AXES

NEVER = -1


def transitions(
    previous, result, revenue, axes=AXES, was_classified=None
) -> dict[str, list]:
    """Return customers and revenue by class before and after.

    :return: ``{axis: [[from, to, customers, revenue], ...]}``; unchanged customers are
        on the diagonal, ``from`` is ``NEVER`` for customers never classified, and 0
        means no class on the axis

    The sums over ``to`` are the classes before, those over ``from`` the classes after,
    both of today's customers with today's money.

    :param previous: frame of the classes so far, by customer; a customer who is absent
        or has no tier was never classified
    :param result: frame of the classes now
    :param revenue: money of each customer, rows as the result
    :param was_classified: customers classified before, if not those with a tier
    """
    before = previous.reindex(result.index, fill_value=0)
    if was_classified is None:
        was_classified = before["value_tier"] != 0
    return {
        axis: _cells(before[axis].where(was_classified, NEVER), result[axis], revenue)
        for axis in axes
    }


def _cells(before, after, revenue):
    frame = pd.DataFrame(
        {
            "before": before.to_numpy().astype("int64"),
            "after": after.to_numpy().astype("int64"),
            "revenue": np.asarray(revenue, "float64"),
        }
    )
    grouped = frame.groupby(["before", "after"])["revenue"].agg(["size", "sum"])
    return [
        [int(old), int(new), int(customers), round(float(money), 6) + 0.0]
        for (old, new), customers, money in zip(
            grouped.index, grouped["size"], grouped["sum"], strict=True
        )
    ]
