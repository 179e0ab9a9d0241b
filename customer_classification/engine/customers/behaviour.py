"""Behaviour of customers up to a day, and after it.

*How it works*: the purchases are sorted by customer and day once. What was known on any
day, and what followed within a horizon, is then a sum over a part of the sorted rows.
Customers come in the order of their ids, so that the order of the documents decides
nothing.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import day_number
from ..common.lazy import np, pd
from .rhythm import find_population_gap

if TYPE_CHECKING:
    import datetime

    from numpy.typing import NDArray

YEAR = 365
# Customers to learn from, chosen by their ids: more tell nothing new.
MOST_LEARNT = 200_000
LEAST_HORIZON, MOST_HORIZON = 30, 365
USUAL_HORIZON = 90
# Gaps of all that the own ones of a customer are mixed with: docs/science.md §5.
SHRINKAGE = 2
BEHAVIOUR = {
    "visit_count": "different days with a purchase",
    "recency": "days since the last purchase",
    "tenure": "days since the first purchase",
    "revenue": "net amount ever",
    "year_revenue": "net amount of the last 365 days",
    "bought": "whether a purchase followed within the horizon",
    "next_revenue": "net amount within the horizon",
}


class Snapshots(NamedTuple):
    """Behaviour of customers on three days, one horizon apart.

    Of each the columns of ``BEHAVIOUR``, by ``partner_id``. ``now`` is today, with
    nothing known of what follows, of all customers; the others are of those of whom
    there is something to learn, at most about ``MOST_LEARNT``.
    """

    before: pd.DataFrame
    past: pd.DataFrame
    now: pd.DataFrame

    def only(self, customers: pd.Index) -> Snapshots:
        """Return the snapshots of some customers."""
        return Snapshots(*(frame[frame.index.isin(customers)] for frame in self))


def usual_horizon(usual_gap: float) -> int:
    """Return the default horizon: twice the usual gap, 90 days or more."""
    return int(min(max(USUAL_HORIZON, round(2 * usual_gap)), MOST_HORIZON))


def snapshots(history: History, as_of: datetime.date, horizon: int) -> Snapshots:
    """Return the behaviour today, one horizon ago and two horizons ago.

    Purchases may come in parts, as long as a customer is in one part alone:
    :func:`joined` puts their snapshots together.
    """
    today = day_number(as_of)
    learnt = history.only(is_learnt(history.customers, len(history.customers)))
    return Snapshots(
        learnt.behaviour(today - 2 * horizon, horizon),
        learnt.behaviour(today - horizon, horizon),
        history.behaviour(today, horizon),
    )


def joined(parts: list[Snapshots]) -> Snapshots:
    """Return the snapshots of all customers from those of parts of them."""
    if len(parts) == 1:
        return parts[0]
    before, past, now = (
        pd.concat(frames).sort_index() for frames in zip(*parts, strict=True)
    )
    before, past = (frame[is_learnt(frame.index, len(now))] for frame in (before, past))
    return Snapshots(before, past, now)


def is_learnt(customers: NDArray | pd.Index, count: int) -> NDArray:
    """Mark the customers to learn from, of so many in all.

    By a multiplicative hash, for ids may have a pattern: every second one that of a
    company, and the next that of its contact.

    :param customers: ids
    """
    halvings = max(0, int(np.ceil(np.log2(max(count, 1) / MOST_LEARNT))))
    hashed = np.asarray(customers).astype("uint64") * np.uint64(2654435761)
    return hashed % np.uint64(2**32) < np.uint64(2 ** (32 - halvings))


class History(NamedTuple):
    """Different days of each customer, sorted, with their amounts."""

    customers: NDArray  # ids, rising
    customer: NDArray  # number of the customer, by row
    day: NDArray
    amount: NDArray  # net, in the smallest unit of the currency
    is_visit: NDArray  # whether something was bought, not only given back
    digits: int

    @classmethod
    def of(cls, purchases: pd.DataFrame, digits: int = 2) -> History:
        """Sort documents; those of one customer on one day are one row.

        :param purchases: ``partner_id``, ``day`` (number since 1970-01-01) and
            ``amount`` (net, in company currency), as :func:`.history.roll_up` has them
        """
        customers, customer = np.unique(
            purchases["partner_id"].to_numpy(), return_inverse=True
        )
        day = purchases["day"].to_numpy().astype("int64")
        amount = purchases["amount"].to_numpy().astype("float64")
        units = np.rint(amount * 10.0**digits)
        units = np.where(np.isfinite(units), units, 0.0)
        begin = int(day.min()) if len(day) else 0
        width = int(day.max()) - begin + 1 if len(day) else 1
        keys, row = np.unique(
            customer.ravel() * width + (day - begin), return_inverse=True
        )
        row = row.ravel()
        return cls(
            customers,
            keys // width,
            keys % width + begin,
            np.bincount(row, units, len(keys)),
            np.bincount(row, units > 0, len(keys)) > 0,
            digits,
        )

    def only(self, mask: NDArray) -> History:
        """Return the history of the customers in a mask."""
        if mask.all():
            return self
        rows = mask[self.customer]
        number = np.cumsum(mask) - 1
        return History(
            self.customers[mask],
            number[self.customer[rows]],
            self.day[rows],
            self.amount[rows],
            self.is_visit[rows],
            self.digits,
        )

    def behaviour(self, day: float, horizon: float) -> pd.DataFrame:
        """Return what is known on a day of customers who bought until then.

        Columns of ``BEHAVIOUR``; purchases after the day count for what followed only.
        """
        known = self.day <= day
        year = known & (self.day > day - YEAR)
        after = (self.day > day) & (self.day <= day + horizon)
        count = self._count(known & self.is_visit)
        first, last = self._ends(known & self.is_visit, count)
        values = {
            "visit_count": count,
            "recency": day - last,
            "tenure": day - first,
            "revenue": self._money(known),
            "year_revenue": self._money(year),
            "bought": self._count(after & self.is_visit) > 0,
            "next_revenue": self._money(after),
        }
        frame = pd.DataFrame(values, pd.Index(self.customers, name="partner_id"))
        return frame[count > 0]

    def usual_gap(self, day: float) -> float:
        """Return the usual gap between purchases on a day."""
        return find_usual_gap(self.behaviour(day, 0))

    def _count(self, mask):
        return np.bincount(self.customer[mask], minlength=len(self.customers))

    def _money(self, mask):
        size = len(self.customers)
        units = np.bincount(self.customer[mask], self.amount[mask], minlength=size)
        return units / 10.0**self.digits + 0.0  # + 0.0: no minus zero

    def _ends(self, mask, count):
        """First and last day of each customer in a mask; NaN without any."""
        days = np.append(self.day[mask].astype("float64"), np.nan)
        end = np.cumsum(count)
        nowhere = len(days) - 1
        return (
            days[np.where(count > 0, end - count, nowhere)],
            days[np.where(count > 0, end - 1, nowhere)],
        )


def find_usual_gap(behaviour: pd.DataFrame) -> float:
    """Return the usual gap between purchases, from the behaviour of all."""
    facts = SimpleNamespace(
        first_purchase_date=-behaviour["tenure"].to_numpy("float64"),
        last_purchase_date=-behaviour["recency"].to_numpy("float64"),
        visit_count=behaviour["visit_count"].to_numpy(),
    )
    return find_population_gap(facts)[0]


def overdue_ratio(
    behaviour: pd.DataFrame,
    usual_gap: float | None = None,
    shrinkage: float = SHRINKAGE,
) -> NDArray:
    """Return days since the last purchase divided by the expected gap.

    :param usual_gap: the gap of all, found in ``behaviour`` without it
    """
    found = usual_gap or find_usual_gap(behaviour)
    recency = behaviour["recency"].to_numpy("float64")
    return recency / np.maximum(mean_gap(behaviour, found, shrinkage), 1)


def mean_gap(
    behaviour: pd.DataFrame, usual_gap: float, shrinkage: float = SHRINKAGE
) -> NDArray:
    """Return each customer's mean gap, mixed with some of the gap of all."""
    repeats = behaviour["visit_count"].to_numpy("float64") - 1
    span = (behaviour["tenure"] - behaviour["recency"]).to_numpy("float64")
    weight = repeats + shrinkage
    gap = (span + shrinkage * usual_gap) / np.where(weight > 0, weight, 1)
    return np.where(weight > 0, gap, usual_gap)
