"""Classes of the days to come if nothing is bought.

*How it works*: purchases leave the window and silence grows by the day, so that the
facts of each day to come are known already. All of them are found at once by
:mod:`replay`, and the engine itself classifies the customer on each. The limits are
taken as they are today.

*Size*: a row for each customer and day of the window, about 400 a customer. Meant for
the few customers that somebody looks at, not for all.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import day_number, to_dates
from ..common.lazy import np, pd
from . import scores, tiers
from .columns import FACTS, HEARD_FACTS, read_facts
from .replay import PURCHASE_FACTS, as_days, classes_at, facts_at, starts_of
from .rhythm import rhythm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .parameters import Edges, Parameters

# Orders that are tried, at most, to reach a value.
MOST_ORDERS = 50


class _Days(NamedTuple):
    """The coming days of all customers, customer after customer, as rows."""

    place: NDArray  # row of the customer among the facts
    day: NDArray  # day number
    ahead: NDArray  # the same days once, a column of a table each

    @classmethod
    def of(cls, customers: int, today: float, count: int):
        ahead = today + 1 + np.arange(count)
        place = np.repeat(np.arange(customers), count)
        return cls(place, np.tile(ahead, customers), ahead)

    def table(self, values):
        """Values of the rows, a line a customer and a column a day."""
        return np.asarray(values).reshape(-1, len(self.ahead))

    def first(self, holds):
        """The first day on which something holds, NaN for never."""
        holds = self.table(holds)
        return np.where(holds.any(axis=1), self.ahead[holds.argmax(axis=1)], np.nan)

    def on(self, day, values, nothing):
        """Values of the rows on a day of each customer, nothing where it is NaN."""
        values = self.table(values)
        place = np.where(np.isnan(day), 0, day - self.ahead[0]).astype("int64")
        return np.where(np.isnan(day), nothing, values[np.arange(len(day)), place])


def project(
    facts: pd.DataFrame,
    purchases: pd.DataFrame,
    previous: pd.DataFrame,
    parameters: Parameters,
    edges: Edges,
    as_of: datetime.date,
) -> pd.DataFrame:
    """Return when customers who buy nothing lose their classes.

    :param facts: columns of ``FACTS`` as of the day, index ``partner_id``
    :param purchases: their documents up to the day, as :func:`replay.facts_at` takes
    :param previous: their classes on the day, columns of ``PREVIOUS``
    :param edges: limits of the last full run
    :returns: a row a customer, days NaT where it never comes:

        ``below_date`` first day on which the value is below the limit to keep the tier,
        ``tier_date`` first day of another tier, and ``next_tier``, its key (0 none);
        ``value_then``, the value that decides tiers on that day (NaN without one);
        ``dormant_date``, ``lost_date`` of the stage;
        ``risk_date`` first day of a higher risk, and ``next_risk``, its code (0 none).
    """
    previous = previous.reindex(facts.index)
    days = _days_to_come(len(facts), parameters, as_of)
    future = facts_on(facts, purchases, days.place, days.day, parameters)
    found, below = _tiers_to_come(facts, future, previous, days, parameters, edges)
    value = tier_values_at(future, days.day, parameters, edges)
    tier_date = days.first(
        found["value_tier"].to_numpy() != previous["value_tier"].to_numpy()[days.place]
    )
    values = {
        "below_date": days.first(below),
        "tier_date": tier_date,
        "next_tier": days.on(tier_date, found["value_tier"], 0),
        "value_then": days.on(tier_date, value, np.nan),
        **_stage_days(facts, parameters, edges, as_of),
        **_risk_days(facts, purchases, previous, days, found, parameters, edges),
    }
    return _frame(values, facts.index)


def effort(
    facts: pd.DataFrame,
    purchases: pd.DataFrame,
    tier_dates: pd.Series,
    targets: pd.DataFrame,
    parameters: Parameters,
    edges: Edges,
    as_of: datetime.date,
) -> pd.DataFrame:
    """Return the purchases needed to reach the next tier or keep this one.

    :param facts: columns of ``FACTS`` as of the day, index ``partner_id``
    :param tier_dates: day on which the tier is lost, as :func:`project` gives it
    :param targets: lowest values that ``reach`` and that ``keep``, NaN for none
    :returns: the targets, beside them the ``value`` today and the orders of the usual
        size ``orders_to_reach``, if they are bought today, and ``orders_to_keep``,
        whether they are bought on the first day that counts or on the last one, NaN if
        unknown or too many; ``keep_from_date``, the first day that counts where it is
        still to come, because today has left the window by then
    """
    today = np.full(len(facts), day_number(as_of))
    lost = as_days(tier_dates)
    then = np.where(np.isnan(lost), today, lost)
    future = facts_on(facts, purchases, np.arange(len(facts)), then, parameters)
    keep = np.where(np.isnan(lost), np.nan, targets["keep"])
    first = np.fmax(starts_of(then, parameters.window_start), today)
    rules = (parameters, edges)
    return targets.assign(
        value=tier_values_at(facts, today, *rules),
        orders_to_reach=orders_to_reach(facts, today, targets["reach"], *rules),
        orders_to_keep=np.maximum(
            orders_to_reach(future, then, keep, *rules, bought=first),
            orders_to_reach(future, then, keep, *rules, bought=then - 1),
        ),
        keep_from_date=to_dates(
            np.where(~np.isnan(lost) & (first > today), first, np.nan)
        ),
    )


def facts_on(facts, purchases, place, days, parameters):
    """Return facts of customers on days to come.

    Facts that do not follow from purchases stay as they are.

    :param place: row of the customer of each day among the facts
    """
    partners = facts.index.to_numpy()[place]
    points = pd.DataFrame({"partner_id": partners, "day": days})
    future = facts_at(purchases, points, parameters)
    for name in (*FACTS, *HEARD_FACTS):
        if name not in PURCHASE_FACTS and name in facts:
            future[name] = facts[name].to_numpy()[place]
    return future


def tier_values_at(facts, days, parameters: Parameters, edges: Edges):
    """Return tier values of rows with an as-of day each.

    NaN where the value is unknown.
    """
    read, __ = read_facts(facts, parameters.currency_digits)
    with np.errstate(invalid="ignore"):
        timing = rhythm(read, parameters, edges.population_gap_days, as_days(days))
        scored = scores.score(read, timing, edges, parameters)
        return tiers.tier_values(read, scored, parameters)


def orders_to_reach(
    facts: pd.DataFrame,
    days,
    targets,
    parameters: Parameters,
    edges: Edges,
    bought=None,
):
    """Return how many orders of the usual size lift a value to a target.

    They are bought on one day, and count on another.

    The usual order is the mean of those in the window, or of all where there are none.

    :param facts: columns of ``FACTS``, each row as of its day, index unique
    :param days: day of each row
    :param targets: lowest value that is enough of each row, NaN for none
    :param bought: day of the orders of each row; the day itself by default
    :returns: float array, NaN for more than ``MOST_ORDERS`` or without a usual size
    """
    rows, more = len(facts), np.arange(1, MOST_ORDERS + 1)
    many = facts.iloc[np.repeat(np.arange(rows), MOST_ORDERS)].reset_index(drop=True)
    day = np.repeat(as_days(days), MOST_ORDERS)
    when = day if bought is None else np.repeat(as_days(bought), MOST_ORDERS)
    many = _with_orders(many, np.tile(more, rows), when, day, parameters)
    value = tier_values_at(many, day, parameters, edges).reshape(rows, MOST_ORDERS)
    with np.errstate(invalid="ignore"):
        reached = value >= np.asarray(targets, "float64")[:, None]
    known = reached.any(axis=1) & ~np.isnan(_usual_order(facts, parameters))
    return np.where(known, more[reached.argmax(axis=1)], np.nan)


def _days_to_come(customers, parameters, as_of):
    """Return the days until nothing of today counts any more.

    Neither in the window nor under grace.
    """
    count = 31 * parameters.window_months + tiers.grace_days(parameters) + 1
    return _Days.of(customers, day_number(as_of), count)


def _tiers_to_come(facts, future, previous, days, parameters, edges):
    """Return the tiers of the days to come up to the first other tier.

    Beside them, the days on which customers are below the keep limit.

    Until the tier changes, all that a day needs of the days before is since when the
    value is below the limit: it is asked first as if each day were the first one, and
    with the first day of its row of such days then.
    """
    before = previous.iloc[days.place].reset_index(drop=True)
    before["tier_below_since"] = pd.NaT
    alone = classes_at(future, before, days.day, parameters, edges)
    fallen = _is_lower(alone["value_tier"].to_numpy(), before["value_tier"], parameters)
    below = alone["tier_below_since"].notna().to_numpy() | fallen
    since = _since(below, as_days(previous["tier_below_since"]), days)
    before["tier_below_since"] = to_dates(since)
    return classes_at(future, before, days.day, parameters, edges), below


def _is_lower(keys, before, parameters):
    """Mark tiers lower than before; tiers of other rules are neither."""
    place = pd.Series({key: at for at, key in enumerate(parameters.tier_keys)})
    now, then = place.reindex(keys).to_numpy(), place.reindex(before).to_numpy()
    return now > then


def _since(below, known, days):
    """Return the first day of each run of days below the limit.

    The first run may have begun before today.

    :param known: day since when, as of today, NaN for not
    """
    below = days.table(below)
    begins = below & ~np.column_stack([np.zeros(len(below), bool), below[:, :-1]])
    since = np.where(begins, days.ahead, -np.inf)
    since[:, 0] = np.where(begins[:, 0], np.fmin(known, days.ahead[0]), -np.inf)
    since = np.maximum.accumulate(since, axis=1)
    return np.where(below, since, np.nan).reshape(-1)


def _stage_days(facts, parameters, edges, as_of):
    """Days on which silence makes a customer dormant, and lost."""
    read, __ = read_facts(facts, parameters.currency_digits)
    today = day_number(as_of)
    timing = rhythm(read, parameters, edges.population_gap_days, today)
    dormant = read.last_purchase_date + timing.dormant_after
    lost = read.last_purchase_date + timing.lost_after
    return {
        "dormant_date": np.where((dormant > today) & (dormant < lost), dormant, np.nan),
        "lost_date": np.where(lost > today, lost, np.nan),
    }


def _risk_days(facts, purchases, previous, days, found, parameters, edges):
    """Day of a higher risk, and the risk.

    Silence may count long after the window is empty: its days are looked at besides.
    """
    now = previous["churn_risk"].to_numpy()
    risk = found["churn_risk"].to_numpy()
    in_window = days.first(risk > now[days.place])
    silent, risk_then = _silence(facts, purchases, previous, parameters, edges)
    silent = np.where((risk_then > now) & (silent > days.ahead[-1]), silent, np.nan)
    return {
        "risk_date": np.fmin(in_window, silent),
        "next_risk": np.where(
            np.isnan(in_window),
            np.where(np.isnan(silent), 0, risk_then),
            days.on(in_window, risk, 0),
        ),
    }


def _silence(facts, purchases, previous, parameters, edges):
    """Return the first day of a higher risk by silence alone.

    With that risk: of overdue or, where that does not raise it, of far overdue.
    """
    read, __ = read_facts(facts, parameters.currency_digits)
    timing = rhythm(read, parameters, edges.population_gap_days, np.nan)
    place = np.arange(len(facts))
    day, risk = np.full(len(facts), np.nan), np.zeros(len(facts), "int64")
    for after in (timing.far_overdue_after, timing.overdue_after):
        event = read.last_purchase_date + after
        future = facts_on(facts, purchases, place, event, parameters)
        before = previous.reset_index(drop=True)
        then = classes_at(future, before, event, parameters, edges)["churn_risk"]
        higher = then.to_numpy() > previous["churn_risk"].to_numpy()
        day, risk = np.where(higher, event, day), np.where(higher, then, risk)
    return day, risk


def _with_orders(facts, orders, bought, day, parameters):
    """Return facts of a day with more orders bought on another day."""
    size, dates = _usual_order(facts, parameters), to_dates(bought)
    margin = facts["margin"] / facts["order_count"].where(facts["order_count"] > 0)
    is_recent = bought >= starts_of(day, parameters.half_start)
    added = {
        "order_count": orders,
        "order_count_recent": orders * is_recent,
        "order_count_previous": orders * ~is_recent,
        "lifetime_order_count": orders,
        "visit_count": 1,
        "revenue": orders * size,
        "revenue_recent": orders * size * is_recent,
        "revenue_previous": orders * size * ~is_recent,
        "lifetime_revenue": orders * size,
        "margin": orders * margin.to_numpy(),
    }
    first, last = facts["first_purchase_date"], facts["last_purchase_date"]
    now = pd.Series(dates, facts.index)
    return facts.assign(
        **{name: facts[name].to_numpy() + more for name, more in added.items()},
        first_purchase_date=first.where(first.notna(), now),
        last_purchase_date=last.where(last > now, now),
    )


def _usual_order(facts, parameters):
    """Return the mean net amount of the orders in the window, or ever.

    As an amount that can be bought; NaN if there is none.
    """
    orders, ever = facts["order_count"], facts["lifetime_order_count"]
    of_all = facts["lifetime_revenue"] / ever.where(ever > 0)
    size = (facts["revenue"] / orders.where(orders > 0)).where(orders > 0, of_all)
    size = size.round(parameters.currency_digits)
    return size.where(size > 0).to_numpy()


def _frame(values, index):
    frame = {
        name: to_dates(array) if name.endswith("_date") else array
        for name, array in values.items()
    }
    frame |= {name: frame[name].astype("int64") for name in ("next_tier", "next_risk")}
    return pd.DataFrame(frame, index=index)
