"""Facts of all customers as of one day, from their purchases.

*How it works*: customers become numbers 0..n-1, so that each sum is one pass over the
documents without sorting them; only customers and days together are sorted, to find
the number of different days, the first and the last two.
``replay.facts_at`` answers the same for any day of any customer, and takes longer.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import day_number, to_dates, to_days
from ..common.lazy import np, pd
from .columns import FACTS
from .rhythm import ends_dormancy, find_population_gap

# Of a purchase that nobody asked a quotation for.
NOT_ASKED = -(2**31)

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .parameters import Parameters


def roll_up(
    purchases: pd.DataFrame,
    parameters: Parameters,
    as_of: datetime.date,
    usual_gap: float | Callable[[pd.DataFrame], float] | None = None,
) -> pd.DataFrame:
    """Return the facts of customers with purchases.

    One row a customer, with the columns of ``FACTS`` that follow from purchases.

    A document is an order and a visit when its amount is positive; others only lower
    the revenue on their day.

    :param purchases: one row a document up to ``as_of``: ``partner_id`` (the customer),
        ``day`` (number since 1970-01-01), ``amount`` (net, in company currency,
        negative for returns), ``margin`` (NaN unknown), and optionally ``asked``, the
        days from the quotation to the purchase, ``NOT_ASKED`` for none
    :param usual_gap: the gap of all, or a function that finds it in the facts of all;
        with it, ``comeback_count`` is among the facts
    :returns: index ``partner_id``, each once, in no order; beside the facts
        ``unknown_margin_count``, the documents in the window of unknown margin
    """
    documents = _Documents.of(purchases, parameters.currency_digits)
    start = day_number(parameters.window_start(as_of))
    half = day_number(parameters.half_start(as_of))
    visits = _Visits.of(documents)
    values = {
        **visits.facts(),
        **_ever(documents),
        **_window(documents, documents.day >= start, documents.day >= half),
    }
    if "asked" in purchases:
        asked = purchases["asked"].to_numpy()
        values["last_asked_date"] = documents.last_date(
            asked != NOT_ASKED, documents.day - asked
        )
    index = pd.Index(documents.customers, name="partner_id")
    facts = pd.DataFrame(values, index=index, copy=False)
    gap = usual_gap(facts) if callable(usual_gap) else usual_gap
    if gap is not None:
        facts["comeback_count"] = visits.comebacks(parameters, gap)
    return facts


def usual_gap(facts: pd.DataFrame) -> float:
    """Return the usual gap of all customers, from their facts."""
    read = SimpleNamespace(
        first_purchase_date=to_days(facts["first_purchase_date"]),
        last_purchase_date=to_days(facts["last_purchase_date"]),
        visit_count=facts["visit_count"].to_numpy(),
    )
    return find_population_gap(read)[0]


def lay_out(frame: pd.DataFrame, index: pd.Index) -> pd.DataFrame:
    """Return the rows of a frame by customer in the order of ``index``.

    Customers without a row get 0, no day, and NaN for values that are unknown then.
    """
    place = frame.index.get_indexer(index)
    rows = {}
    for name in frame:
        values = frame[name].to_numpy()
        nothing = np.array([_nothing(name, values.dtype)]).astype(values.dtype)
        if len(frame):
            rows[name] = np.append(values, nothing)[place]  # place -1 is the last
        else:
            rows[name] = np.broadcast_to(nothing, len(place))  # of no memory
    return pd.DataFrame(rows, index=index, copy=False)


def _nothing(name, dtype):
    if dtype.kind == "M":
        return np.datetime64("NaT")
    is_unknown = name in FACTS and FACTS[name].kind == "known"
    return np.nan if is_unknown else 0


class _Documents(NamedTuple):
    """Columns of the purchases, and the customers by number."""

    customers: NDArray
    customer: NDArray  # number of the customer
    day: NDArray
    amount: NDArray  # in the smallest unit of the currency
    margin: NDArray
    digits: int

    @classmethod
    def of(cls, purchases, digits):
        customer, customers = pd.factorize(purchases["partner_id"].to_numpy())
        return cls(
            customers,
            customer,
            purchases["day"].to_numpy(),
            # Whole numbers: their sums are exact in any order.
            np.rint(purchases["amount"].to_numpy() * 10.0**digits),
            np.rint(purchases["margin"].to_numpy() * 10.0**digits),
            digits,
        )

    def count(self, mask):
        """Return the number of documents of each customer in a mask."""
        counted = np.bincount(self.customer[mask], minlength=len(self.customers))
        return counted.astype("int32")

    def total(self, values, mask):
        """Sum over the documents of each customer that a mask keeps, whole units."""
        size = len(self.customers)
        return np.bincount(self.customer[mask], values[mask], minlength=size)

    def money(self, units):
        return units / 10.0**self.digits + 0.0  # + 0.0: no minus zero

    def first_date(self, mask):
        """Day of the oldest document of each customer that a mask keeps."""
        first = np.full(len(self.customers), np.inf)
        days = self.day[mask].astype("float64")  # of one type, or numpy is slow
        np.minimum.at(first, self.customer[mask], days)
        return to_dates(first)

    def last_date(self, mask, days):
        """Newest of the days of the documents of each customer that a mask keeps."""
        last = np.full(len(self.customers), -np.inf)
        np.maximum.at(last, self.customer[mask], days[mask].astype("float64"))
        return to_dates(last)


class _Visits(NamedTuple):
    """The different days with a purchase, sorted by customer and day."""

    customer: NDArray  # number of the customer
    day: NDArray
    count: NDArray  # by customer

    @classmethod
    def of(cls, documents):
        bought = documents.amount > 0
        day = documents.day[bought]
        begin = int(day.min()) if len(day) else 0
        width = int(day.max()) - begin + 1 if len(day) else 1
        visits = np.unique(documents.customer[bought] * width + (day - begin))
        customer = visits // width
        day = visits - customer * width + begin
        return cls(
            customer, day, np.bincount(customer, minlength=len(documents.customers))
        )

    def facts(self):
        """Return the number of visits, and the first and the last of them."""
        day, count, end = self.day, self.count, np.cumsum(self.count)
        return {
            "first_purchase_date": _date_at(day, end - count, count >= 1),
            "last_purchase_date": _date_at(day, end - 1, count >= 1),
            "previous_purchase_date": _date_at(day, end - 2, count >= 2),
            "visit_count": count,
        }

    def comebacks(self, parameters, usual_gap):
        """Return the number of visits of each customer that ended a dormancy."""
        pause = np.diff(self.day, prepend=self.day[:1])
        # Most are followed soon by the next: only long pauses are looked at closer.
        place = np.flatnonzero(pause >= max(1, parameters.dormant_min_days))
        start = (np.cumsum(self.count) - self.count)[self.customer[place]]
        place, start = place[place > start], start[place > start]
        ended = ends_dormancy(
            *(self.day[place], self.day[place - 1], self.day[start], place - start),
            parameters,
            usual_gap,
        )
        customer = self.customer[place[ended]]
        return np.bincount(customer, minlength=len(self.count))


def _date_at(days, places, is_known):
    padded = np.append(days.astype("float64"), np.nan)
    return to_dates(padded[np.where(is_known, places, len(days))])


def _ever(documents):
    every = np.ones(len(documents.day), bool)
    return {
        "lifetime_order_count": documents.count(documents.amount > 0),
        "lifetime_revenue": documents.money(documents.total(documents.amount, every)),
    }


def _window(documents, window, recent):
    """Sums of the window and of its recent half.

    :param window: which documents lie in the window, ``recent``: in its recent half
    """
    amount, bought = documents.amount, documents.amount > 0
    known = window & ~np.isnan(documents.margin)
    margin = documents.money(documents.total(documents.margin, known))
    revenue = documents.total(amount, window)
    revenue_recent = documents.total(amount, recent)
    orders = documents.count(bought & window)
    orders_recent = documents.count(bought & recent)
    return {
        "order_count": orders,
        "revenue": documents.money(revenue),
        "refund_amount": documents.money(
            -documents.total(amount, window & (amount < 0))
        ),
        "margin": np.where(documents.count(known) > 0, margin, np.nan),
        "unknown_margin_count": documents.count(window & ~known),
        "revenue_recent": documents.money(revenue_recent),
        "revenue_previous": documents.money(revenue - revenue_recent),
        "order_count_recent": orders_recent,
        "order_count_previous": orders - orders_recent,
        "window_first_date": documents.first_date(window),
        "recent_first_date": documents.first_date(recent),
    }
