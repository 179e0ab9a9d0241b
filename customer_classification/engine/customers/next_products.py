"""Products due again, and products that a customer stopped buying.

*Due again*: how often the product was bought, older purchases counting less, and less
again beyond twice its own gap. *Stopped*: bought three times or more, and not for
twice its own gap, while the customer goes on buying.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..common.groups import first_of_each, sizes, starts
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
KEYS = ["partner_id", "product_id", "day"]


def product_habits(lines: pd.DataFrame, today: float) -> pd.DataFrame:
    """Return how each customer has bought each product.

    :param lines: ``partner_id``, ``product_id`` and ``day`` (number since 1970-01-01)
        of what was bought, up to ``today``; optionally ``is_kept``, by customer and
        product: what was given back as a whole is a purchase of the customer and no
        habit
    :returns: ``partner_id``, ``product_id``, ``times`` (different days),
        ``last_days`` (since the last), ``span`` (days from the first to the last),
        ``gap`` (days between them, NaN for one time), ``weight`` (decayed frequency),
        ``customer_days`` (since the customer's last purchase of anything) and
        ``customer_gap`` (NaN of one time); by customer and product
    """
    lines = lines[lines["day"] <= today].drop_duplicates(KEYS)
    return sorted_habits(lines.sort_values(KEYS), today)


def sorted_habits(lines: pd.DataFrame, today: float) -> pd.DataFrame:
    """Return the same of lines that are sorted by ``KEYS``, each once."""
    partner, product = (lines[name].to_numpy() for name in KEYS[:2])
    ago = (today - lines["day"].to_numpy()).astype("int64")
    customer_starts = starts(partner)
    customer = np.repeat(
        np.arange(len(customer_starts)), sizes(customer_starts, len(lines))
    )
    later, customer_days, customer_gap = _visits(customer, ago)
    begins = starts(partner, product)
    times = sizes(begins, len(lines))
    last = ago[begins + times - 1]
    span = ago[begins] - last
    group = np.repeat(np.arange(len(begins)), times)
    own = customer[begins]
    habits = {
        "partner_id": partner[begins],
        "product_id": product[begins],
        "times": times,
        "last_days": last,
        "span": span,
        "gap": _gap(span, times),
        "weight": np.bincount(group, DECAY**later, len(begins)),
        "customer_days": customer_days[own],
        "customer_gap": customer_gap[own],
    }
    table = pd.DataFrame(habits, copy=False)
    if "is_kept" in lines:
        table = table[lines["is_kept"].to_numpy()[begins]].reset_index(drop=True)
    return table


def _visits(customer, ago):
    """Return the number of later days on which the customer of a line bought.

    And of each customer the days since the last purchase, and between two.

    :param customer: numbers of the customers, in the order of the lines
    """
    width = int(ago.max(initial=0)) + 1
    key = customer * width + ago
    visits = np.unique(key)
    begins = starts(visits // width)
    count = sizes(begins, len(visits))
    latest, oldest = visits[begins] % width, visits[begins + count - 1] % width
    later = np.searchsorted(visits, key) - begins[customer]
    return later, latest, _gap(oldest - latest, count)


def _gap(span, times):
    return np.where(times > 1, span / np.maximum(times - 1, 1), np.nan)


def due_again(habits: pd.DataFrame, count: int | None = 10) -> pd.DataFrame:
    """Return what customers will most likely buy again, best first.

    Columns of :func:`product_habits` and ``score``.
    """
    table = habits.assign(score=due_score(habits))
    return _first(table, count, -table["score"].to_numpy())


def due_score(habits: pd.DataFrame) -> NDArray:
    """Return the decayed frequency, less for what is long overdue.

    The gap of a product is mixed with some gaps of the customer: two purchases tell
    little of a rhythm. To count what was just bought for less was measured, too, and
    found worse.
    """
    times, span = habits["times"].to_numpy(), habits["span"].to_numpy()
    usual = habits["customer_gap"].to_numpy()
    usual = np.where(usual > 0, usual, DEFAULT_GAP_DAYS)
    mixed = (span + SHRINKAGE * usual) / (times - 1 + SHRINKAGE)
    late = habits["last_days"].to_numpy() / np.maximum(mixed, 1)
    return habits["weight"].to_numpy() / np.maximum(late / STOPPED_GAPS, 1)


def stopped(habits: pd.DataFrame, count: int | None = None) -> pd.DataFrame:
    """Return what active customers no longer buy, the most frequent first."""
    table = habits[is_stopped(habits)]
    return _first(table, count, -table["times"].to_numpy())


def is_stopped(habits: pd.DataFrame) -> NDArray:
    """Return whether an active customer no longer buys the product."""
    gap, customer_gap = habits["gap"], habits["customer_gap"]
    is_active = habits["customer_days"] <= ACTIVE_GAPS * customer_gap
    return (
        (habits["times"] >= STOPPED_TIMES)
        & (gap > 0)
        & (habits["last_days"] >= STOPPED_GAPS * gap)
        & (habits["last_days"] > habits["customer_days"])
        & is_active
    ).to_numpy()


def _first(table, count, order):
    """Return the first products of each customer, of equal ones the latest."""
    keys = (table[name].to_numpy() for name in ("last_days", "product_id"))
    rows = first_of_each(table["partner_id"].to_numpy(), count, order, *keys)
    return table.take(rows).reset_index(drop=True)
