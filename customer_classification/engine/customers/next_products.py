"""Products due again, and products that a customer stopped buying.

*Due again*: how often the product was bought, older purchases counting less, and less
again beyond twice its own gap. *Stopped*: bought three times or more, and not for
twice its own gap, while the customer goes on buying.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..common.lazy import np, pd
from .behaviour import SHRINKAGE
from .rhythm import DEFAULT_GAP_DAYS

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What a purchase counts less for each later one of the customer.
DECAY = 0.9
STOPPED_TIMES, STOPPED_GAPS = 3, 2.0
# A customer is active for so many of its own gaps.
ACTIVE_GAPS = 1.5


def product_habits(lines: pd.DataFrame, today: float) -> pd.DataFrame:
    """Return how each customer has bought each product.

    :param lines: ``partner_id``, ``product_id`` and ``day`` (number since 1970-01-01)
        of what was bought and kept, up to ``today``
    :returns: ``partner_id``, ``product_id``, ``times`` (different days),
        ``last_days`` (since the last), ``gap`` (days between them, NaN for one time),
        ``weight`` (decayed frequency), ``customer_days`` (since the customer's last
        purchase of anything) and ``customer_gap`` (NaN of one time)
    """
    keys = ["partner_id", "product_id", "day"]
    lines = lines[lines["day"] <= today][keys].drop_duplicates()
    visits = lines[["partner_id", "day"]].drop_duplicates()
    visits = visits.sort_values(["partner_id", "day"], ascending=[True, False])
    visits["ago"] = visits.groupby("partner_id").cumcount()
    lines = lines.merge(visits, on=["partner_id", "day"])
    lines["weight"] = DECAY ** lines.pop("ago")
    table = _summed(lines, ["partner_id", "product_id"], today)
    customers = _summed(visits.assign(weight=0.0), ["partner_id"], today)
    customers = customers.set_index("partner_id").reindex(table["partner_id"])
    return table.assign(
        customer_days=customers["last_days"].to_numpy(),
        customer_gap=customers["gap"].to_numpy(),
    )


def _summed(lines, keys, today):
    groups = lines.groupby(keys)
    days = groups["day"].agg(["size", "min", "max"])
    times = days["size"].to_numpy()
    span = (days["max"] - days["min"]).to_numpy("float64")
    return (
        pd.DataFrame(
            {
                "times": times,
                "last_days": today - days["max"].to_numpy("float64"),
                "gap": np.where(times > 1, span / np.maximum(times - 1, 1), np.nan),
                "weight": groups["weight"].sum(),
            },
            days.index,
        )
        .reset_index()
        .sort_values(keys, ignore_index=True)
    )


def due_again(habits: pd.DataFrame, count: int = 10) -> pd.DataFrame:
    """Return what customers will most likely buy again, best first.

    Columns of :func:`product_habits` and ``score``.
    """
    table = habits.assign(score=due_score(habits))
    order = ["partner_id", "score", "last_days", "product_id"]
    table = table.sort_values(order, ascending=[True, False, True, True])
    return table[table.groupby("partner_id").cumcount() < count].reset_index(drop=True)


def due_score(habits: pd.DataFrame) -> NDArray:
    """Return the decayed frequency, less for what is long overdue.

    The gap of a product is mixed with some gaps of the customer: two purchases tell
    little of a rhythm. To count what was just bought for less was measured, too, and
    found worse.
    """
    times, gap = habits["times"].to_numpy(), habits["gap"].to_numpy()
    usual = habits["customer_gap"].to_numpy()
    usual = np.where(usual > 0, usual, DEFAULT_GAP_DAYS)
    own = np.where(times > 1, gap, 0) * (times - 1)
    mixed = (own + SHRINKAGE * usual) / (times - 1 + SHRINKAGE)
    late = habits["last_days"].to_numpy() / np.maximum(mixed, 1)
    return habits["weight"].to_numpy() / np.maximum(late / STOPPED_GAPS, 1)


def stopped(habits: pd.DataFrame) -> pd.DataFrame:
    """Return what active customers no longer buy, the most frequent first."""
    gap, customer_gap = habits["gap"], habits["customer_gap"]
    is_active = habits["customer_days"] <= ACTIVE_GAPS * customer_gap
    is_stopped = (
        (habits["times"] >= STOPPED_TIMES)
        & (gap > 0)
        & (habits["last_days"] >= STOPPED_GAPS * gap)
        & (habits["last_days"] > habits["customer_days"])
        & is_active
    )
    order = ["partner_id", "times", "product_id"]
    return habits[is_stopped].sort_values(
        order, ascending=[True, False, True], ignore_index=True
    )
