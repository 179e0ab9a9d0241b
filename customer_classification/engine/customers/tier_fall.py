"""Day on which each customer falls a tier if nothing is bought.

*How it works*: purchases leave the window oldest first, so that the value of a
customer changes on as many days to come as there are days with purchases in the
window. Between two of them it stays, and with it whether it is enough for the tier. So
a customer is a few spans of days, not 400 days as in :mod:`projection`, and all
customers are laid out at once. The limits are taken as they are today.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import day_number, to_dates, to_days
from ..common.lazy import np, pd
from . import tiers
from .review import coming_starts

if TYPE_CHECKING:
    import datetime

    from numpy.typing import NDArray

    from .parameters import Edges, Parameters


class Window:
    """Purchases in the window that make the value of tiers.

    :param rules: of a score, which follows from the silence as well, nothing is kept
    """

    def __init__(self, rules: Parameters, as_of: datetime.date):
        self.rules, self.as_of = rules, as_of
        self.is_followed = rules.value_metric in ("revenue", "margin")
        self.start = day_number(rules.window_start(as_of))
        self.tomorrow = day_number(as_of) + 1
        self._parts = []

    def add(self, purchases: pd.DataFrame, gap: float | None = None):
        """Keep those of some customers.

        :param purchases: as :func:`history.roll_up` takes them
        """
        if not self.is_followed:
            return
        day, amount = purchases["day"].to_numpy(), purchases["amount"].to_numpy()
        kept = (day >= self.start) & ~np.isnan(amount)
        value = purchases[_SOURCES[self.rules.value_metric]].to_numpy()[kept]
        self._parts.append(
            (
                purchases["partner_id"].to_numpy()[kept],
                day[kept],
                np.rint(value * 10.0**self.rules.currency_digits),
                amount[kept] > 0,
            )
        )

    def documents(self, customers: pd.Index):
        """Return the documents of some customers, the oldest of each first."""
        parts = self._parts or [[np.zeros(0)] * 4]
        partner, day, value, is_order = map(np.concatenate, zip(*parts, strict=True))
        place = customers.get_indexer(partner)
        own = np.flatnonzero(place >= 0)
        width = day_number(self.as_of) - self.start + 1
        offset = np.clip(day[own] - self.start, 0, width - 1)
        own = own[np.argsort(place[own] * width + offset, kind="stable")]
        return _Documents(
            place[own], day[own].astype("float64"), value[own], is_order[own] > 0
        )


_SOURCES = {"revenue": "amount", "margin": "margin"}


class _Documents(NamedTuple):
    """Columns of documents, sorted by customer and day."""

    place: NDArray  # row of the customer
    day: NDArray
    value: NDArray  # in the smallest unit of the currency, NaN unknown
    is_order: NDArray


class _Spans(NamedTuple):
    """Spans of days in which a value stays, sorted by customer and day."""

    place: NDArray  # row of the customer
    start: NDArray  # first day, that of the first span of each customer is today
    end: NDArray  # first day of the next one of the customer, or infinity
    value: NDArray  # of the documents that are left, NaN unknown
    is_buyer: NDArray


def tier_fall_dates(window: Window, result: pd.DataFrame, edges: Edges) -> NDArray:
    """Return the day on which each customer falls without a purchase.

    NaT for never, where another change comes before it, and where tiers go by score.
    The same as ``tier_date`` of :func:`projection.project` where the tier that comes
    is a lower one.

    :param result: columns ``value_tier`` and ``tier_below_since``, what customers are
        by the numbers today, index ``partner_id``
    """
    fall = np.full(len(result), np.nan)
    rank = _ranks(result["value_tier"].to_numpy(), window.rules)
    can_fall = (rank >= 0) & (rank < len(window.rules.tier_keys) - 1)
    if window.is_followed and can_fall.any():
        rows = np.flatnonzero(can_fall)
        since = to_days(result["tier_below_since"].iloc[rows])
        spans = _spans(window, window.documents(result.index[rows]), len(rows))
        fall[rows] = _falls(spans, rank[rows], since, window, edges)
    return to_dates(fall)


def decided_falls(falls, window: Window, numbers, shown, until) -> NDArray:
    """Return the days on which tiers fall that people decided.

    Before its end no tier falls. On the day after it, one that was decided better than
    the numbers falls to theirs, and so does one whose numbers fell meanwhile. NaT
    where the numbers fell below a tier that was decided lower: whether that day brings
    a better or a lower one is not known.

    :param falls: days of :func:`tier_fall_dates`
    :param numbers: keys of the tiers by the numbers
    :param shown: keys of the tiers as people see them
    :param until: last days of the decisions in force, NaT for none
    """
    if not window.is_followed:
        return falls
    days, after = to_days(pd.Series(falls)), to_days(pd.Series(until)) + 1
    own, decided = (_ranks(keys, window.rules) for keys in (numbers, shown))
    is_better = (decided >= 0) & (decided < own)
    fell = (own == decided) & (days <= after)
    later = np.where(days > after, days, np.nan)
    follows = np.where(is_better | fell, after, later)
    return to_dates(np.where(np.isnan(after), days, follows))


def _ranks(keys, rules):
    """Return places of tiers, 0 for the best; -1 for none."""
    rank = np.full(len(keys), -1, "int64")
    for place, key in enumerate(rules.tier_keys):
        rank[keys == key] = place
    return rank


def _spans(window, documents, customers):
    """Return the spans of customers, at least one of each.

    All that leaves on one day begins one span.
    """
    leaves = _leaving_days(window, documents.day)
    place = np.concatenate([np.arange(customers), documents.place])
    order = np.argsort(place, kind="stable")  # today stands before what leaves
    place = place[order]
    today = np.full(customers, day_number(window.as_of))
    start = np.concatenate([today, leaves])[order]
    goes = (place[1:] != place[:-1]) | (start[1:] != start[:-1])
    last = np.flatnonzero(np.append(goes, True))

    def left(values):
        """Return sums of what is left on each span."""
        return _left(np.concatenate([np.zeros(customers), values])[order], place)[last]

    is_known = ~np.isnan(documents.value)
    value = left(np.where(is_known, documents.value, 0))
    value = value / 10.0**window.rules.currency_digits + 0.0
    if window.rules.value_metric == "margin":
        value = np.where(left(is_known) > 0, value, np.nan)
    is_buyer = left(documents.is_order) > 0
    place, start = place[last], start[last]
    end = np.where(place[1:] == place[:-1], start[1:], np.inf)
    return _Spans(place, start, np.append(end, np.inf), value, is_buyer)


def _left(values, place):
    """Return sums of what follows each row among those of its customer."""
    total = np.cumsum(values)
    ends = np.append(np.flatnonzero(place[1:] != place[:-1]), len(place) - 1)
    return total[ends][place] - total


def _leaving_days(window, days):
    """Return the first day on which the window begins after each day."""
    today = day_number(window.as_of)
    starts = coming_starts(window.rules.window_start, window.as_of)
    return today + 1 + np.searchsorted(starts, np.minimum(days, today), "right")


def _falls(spans, rank, since, window, edges):
    """Return the day of the fall of each customer, NaN for none.

    A fall comes while the value is below, and only if nothing else comes before it.

    :param rank: of the tier of each customer
    :param since: day since when the value is below the keep limit, NaN not
    """
    below, other = _states(spans, rank[spans.place], window.rules, edges)
    begin = _begins(spans, below, since)
    grace = tiers.grace_days(window.rules)
    day = np.maximum(begin + grace, np.maximum(spans.start, window.tomorrow))
    day = np.where(below & (day < spans.end), day, np.inf)
    change = np.where(other, spans.start, np.inf)
    fall, change = (_earliest(days, spans.place, len(rank)) for days in (day, change))
    return np.where(fall < change, fall, np.nan)


def _states(spans, rank, rules, edges):
    """Mark spans below the keep limit, and those that change the tier at once."""
    with np.errstate(invalid="ignore"):  # NaN stands for "unknown"
        unrated = tiers.is_unrated(spans.value, spans.is_buyer, rules)
        values = np.where(spans.is_buyer & ~unrated, spans.value, -np.inf)
    entered, kept = tiers.places(values, edges, rules)
    other = unrated | (entered < rank)
    return ~other & (entered > rank) & (kept > rank), other


def _begins(spans, below, since):
    """Return the first day of the row of spans to which each span belongs."""
    is_first = _is_first(spans.place)
    known = np.where(is_first, since[spans.place], np.nan)
    begins = below & (is_first | ~np.append(False, below[:-1]))
    place = np.maximum.accumulate(np.where(begins, np.arange(len(below)), 0))
    return np.fmin(spans.start, known)[place]


def _is_first(place):
    """Mark the first row of each customer."""
    return np.append(True, place[1:] != place[:-1])


def _earliest(days, place, customers):
    """Return the earliest day of the spans of each customer."""
    first = np.flatnonzero(_is_first(place))
    return np.minimum.reduceat(days, first) if customers else np.zeros(0)
