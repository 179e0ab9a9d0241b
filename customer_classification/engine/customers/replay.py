"""Facts and classes as of any day, from the purchases themselves.

A run reads facts up to one day. Here each row has a day of its own: so the past is
corrected when an invoice arrives late, and the future without purchases is computed.

*How it works*: the purchases are sorted by customer and day once; a customer and a day
are one number. The sum up to a day, or between two, is then the difference of two
places in running totals, and the places of all rows are found by one binary search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import day_number, to_dates, to_days
from ..common.lazy import np, pd
from .classify import classes
from .columns import FACTS, read_facts, read_previous, result_frame

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .parameters import Edges, Parameters


# Facts from purchases; the others come from the open pipeline.
PURCHASE_FACTS = (
    "first_purchase_date",
    "last_purchase_date",
    "previous_purchase_date",
    "visit_count",
    "order_count",
    "lifetime_order_count",
    "revenue",
    "lifetime_revenue",
    "refund_amount",
    "margin",
    "revenue_recent",
    "revenue_previous",
    "order_count_recent",
    "order_count_previous",
    "window_first_date",
    "recent_first_date",
)


def facts_at(
    purchases: pd.DataFrame, points: pd.DataFrame, parameters: Parameters
) -> pd.DataFrame:
    """Return the facts of customers, each as of a day of its own.

    The same facts as the query of a run on that day finds for a customer: later
    purchases are not known yet, a document is an order and a visit when its amount is
    positive, and others only lower the revenue.

    :param purchases: one row a document: ``partner_id``, ``day`` (date or day number;
        without one, it never happened), ``amount`` (net, in company currency, negative
        for returns) and ``margin`` (NaN unknown)
    :param points: one row an answer: ``partner_id`` and ``day``; a customer may be
        there with many days, and need not have bought
    :returns: columns of ``FACTS``, rows and index as ``points``; facts beyond
        purchases, as the open pipeline, are 0, or NaN for unknown ones
    """
    documents = _Documents.of(purchases, parameters.currency_digits)
    days = as_days(points["day"])
    partners = points["partner_id"].to_numpy()
    starts = starts_of(days, parameters.window_start)
    halves = starts_of(days, parameters.half_start)
    ever = documents.between(partners, None, days)
    window = documents.between(partners, starts, days)
    recent = documents.between(partners, halves, days)
    values = {
        **_lifetime(documents, ever, partners, days),
        **_window(documents, window, recent),
    }
    return _frame(values, points.index)


def classes_at(
    facts: pd.DataFrame,
    previous: pd.DataFrame | None,
    days,
    parameters: Parameters,
    edges: Edges,
) -> pd.DataFrame:
    """Return the classes of rows that each have an as-of day of their own.

    :param facts: columns of ``FACTS``, each row as of its day, index unique
    :param previous: columns of ``PREVIOUS``, the classes of each row before its day
    :param days: the day of each row, in the order of ``facts``
    :returns: columns of ``RESULT`` but ``next_review_date``, rows as ``facts``
    """
    read, __ = read_facts(facts, parameters.currency_digits)
    before = read_previous(previous, facts.index, parameters.currency_digits)
    with np.errstate(invalid="ignore"):  # NaN means "none"
        found = classes(read, before, parameters, as_days(days), edges)
    return result_frame(found.values, facts.index)


def as_days(days) -> NDArray:
    """Dates, or day numbers already, as float64 day numbers."""
    days = pd.Series(days)
    if days.dtype.kind in "iuf":
        return days.to_numpy("float64")
    return to_days(days)


def starts_of(
    days: NDArray, start: Callable[[datetime.date], datetime.date]
) -> NDArray:
    """Return the first day of the span that ends with each day.

    Looked up once a different day; NaN for no day.

    :param start: function from the last day of a span to its first
    """
    different, place = np.unique(days, return_inverse=True)
    known = [
        day_number(start(day.date())) if np.isfinite(number) else np.nan
        for number, day in zip(
            different, pd.DatetimeIndex(to_dates(different)), strict=True
        )
    ]
    return np.array(known, "float64")[place.reshape(-1)]


class _Span(NamedTuple):
    """Places of the first document of each row and of the one after the last."""

    first: NDArray
    end: NDArray


class _Keys(NamedTuple):
    """Customer and day as one number that sorts by both."""

    partners: NDArray  # sorted, each once
    earliest: float
    width: int  # numbers of a customer: its days, and one before and one after them

    @classmethod
    def of(cls, partners, days):
        latest = days.max() if len(days) else 0.0
        earliest = days.min() if len(days) else 0.0
        return cls(np.unique(partners), earliest, int(latest - earliest) + 3)

    def of_days(self, partners, days):
        """Return numbers of customers on days.

        A day beyond the known ones gets the nearest key, an unknown customer or no day
        the lowest one.
        """
        place = np.searchsorted(self.partners, partners)
        known = np.isin(partners, self.partners) & ~np.isnan(days)
        offset = np.where(known, days - self.earliest + 1, 0)
        number = place * self.width + np.clip(offset, 0, self.width - 1).astype("int64")
        return np.where(known, number, -1)

    def of_begins(self, partners):
        """Numbers before the first day of customers."""
        return self.of_days(partners, np.full(len(partners), -np.inf))


class _Documents(NamedTuple):
    """Documents in the order of their keys, with running totals from 0."""

    keys: _Keys
    numbers: NDArray  # key of each document
    days: NDArray
    visits: NDArray  # keys of the different purchase days
    visit_days: NDArray
    totals: dict[str, NDArray]
    digits: int

    @classmethod
    def of(cls, purchases, digits):
        days = as_days(purchases["day"])
        dated = ~np.isnan(days)
        days, partners = days[dated], purchases["partner_id"].to_numpy()[dated]
        keys = _Keys.of(partners, days)
        numbers = keys.of_days(partners, days)
        order = np.argsort(numbers, kind="stable")
        numbers, days = numbers[order], days[order]
        amount = _whole(purchases["amount"].to_numpy("float64")[dated][order], digits)
        margin = purchases["margin"].to_numpy("float64")[dated][order]
        visits, place = np.unique(numbers[amount > 0], return_index=True)
        totals = _totals(amount, margin, digits)
        visit_days = days[amount > 0][place]
        return cls(keys, numbers, days, visits, visit_days, totals, digits)

    def between(self, partners, first_days, last_days):
        """Return documents from a day up to a day, both included.

        ``None`` means from the beginning.
        """
        end = np.searchsorted(
            self.numbers, self.keys.of_days(partners, last_days), "right"
        )
        if first_days is None:
            begins = self.keys.of_begins(partners)
        else:
            begins = self.keys.of_days(partners, first_days)
        first = np.searchsorted(self.numbers, begins, "left")
        return _Span(first, np.maximum(first, end))

    def visits_until(self, partners, days):
        """Purchase days up to a day."""
        first = np.searchsorted(self.visits, self.keys.of_begins(partners), "left")
        end = np.searchsorted(self.visits, self.keys.of_days(partners, days), "right")
        return _Span(first, np.maximum(first, end))

    def count(self, name, span):
        return self.totals[name][span.end] - self.totals[name][span.first]

    def money(self, name, span):
        return self.count(name, span) / 10.0**self.digits + 0.0


def _whole(amounts, digits):
    """Return money in the smallest unit of the currency.

    Sums of whole numbers are exact, whatever precedes them in a running total.
    """
    return np.rint(np.nan_to_num(amounts) * 10.0**digits).astype("int64")


def _totals(amount, margin, digits):
    known = ~np.isnan(margin)
    running = {
        "amount": amount,
        "refund": np.where(amount < 0, -amount, 0),
        "margin": _whole(margin, digits),
        "known_margin": known,
        "order": amount > 0,
    }
    return {
        name: np.append(0, np.cumsum(values.astype("int64")))
        for name, values in running.items()
    }


def _lifetime(documents, ever, partners, days):
    visits = documents.visits_until(partners, days)
    count = visits.end - visits.first
    first, last, previous = (
        _at(documents.visit_days, place, count >= needed)
        for place, needed in (
            (visits.first, 1),
            (visits.end - 1, 1),
            (visits.end - 2, 2),
        )
    )
    return {
        "first_purchase_date": first,
        "last_purchase_date": last,
        "previous_purchase_date": previous,
        "visit_count": count,
        "lifetime_order_count": documents.count("order", ever),
        "lifetime_revenue": documents.money("amount", ever),
    }


def _window(documents, window, recent):
    orders, revenue = (
        documents.count("order", window),
        documents.money("amount", window),
    )
    orders_recent = documents.count("order", recent)
    revenue_recent = documents.money("amount", recent)
    known = documents.count("known_margin", window) > 0
    # In whole units again: a difference of two floats would bring the dust back.
    before = documents.count("amount", window) - documents.count("amount", recent)
    return {
        "order_count": orders,
        "revenue": revenue,
        "refund_amount": documents.money("refund", window),
        "margin": np.where(known, documents.money("margin", window), np.nan),
        "revenue_recent": revenue_recent,
        "revenue_previous": before / 10.0**documents.digits + 0.0,
        "order_count_recent": orders_recent,
        "order_count_previous": orders - orders_recent,
        "window_first_date": _at(documents.days, window.first, _some(window)),
        "recent_first_date": _at(documents.days, recent.first, _some(recent)),
    }


def _some(span):
    return span.end > span.first


def _at(values, places, told):
    """Return values at places; NaN for those that are not known."""
    padded = np.append(values, np.nan)
    return padded[np.where(told, places, len(values))]


def _frame(values, index):
    """The facts in the order and with the types of a run's frame."""
    frame = {}
    for name, column in FACTS.items():
        nothing = 0.0 if column.kind in ("count", "money") else np.nan
        told = values.get(name, np.full(len(index), nothing))
        frame[name] = (
            to_dates(told)
            if column.kind == "day"
            else told.astype("int64" if column.kind == "count" else "float64")
        )
    return pd.DataFrame(frame, index=index, copy=False)
