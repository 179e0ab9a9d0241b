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
    if not previous.index.equals(result.index):
        previous = previous.reindex(result.index, fill_value=0)
    if was_classified is None:
        was_classified = previous["value_tier"] != 0
    return {
        axis: _cells(previous[axis].where(was_classified, NEVER), result[axis], revenue)
        for axis in axes
    }


def _cells(before, after, revenue):
    """Return the cells of one axis, by rising classes."""
    before, olds = pd.factorize(before.to_numpy(), sort=True)
    after, news = pd.factorize(after.to_numpy(), sort=True)
    place = before * len(news) + after
    size = len(olds) * len(news)
    customers = np.bincount(place, minlength=size)
    revenue = np.nan_to_num(np.asarray(revenue, "float64"))
    money = np.bincount(place, revenue, minlength=size)
    return [
        [
            *(int(olds[cell // len(news)]), int(news[cell % len(news)])),
            *(int(customers[cell]), round(float(money[cell]), 6) + 0.0),
        ]
        for cell in np.flatnonzero(customers).tolist()
    ]
