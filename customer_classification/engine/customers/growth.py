"""Growth of a customer's purchases within the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..common.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def growth(facts, parameters) -> NDArray:
    """Return the growth between the two halves of the window.

    (recent - previous) ÷ (|recent| + |previous|) of the net revenue, in -1..1 with four
    decimals.

    NaN unless one of the halves has ``growth_min_orders``: with fewer, chance decides.
    One is enough, or a good customer who nearly stopped would never be seen to
    decline. Source: docs/science.md §6.
    """
    recent, before = facts.revenue_recent, facts.revenue_previous
    orders = np.maximum(facts.order_count_recent, facts.order_count_previous)
    size = np.abs(recent) + np.abs(before)
    told = (orders >= parameters.growth_min_orders) & (size > 0)
    change = (recent - before) / np.where(told, size, 1)
    return np.where(told, np.round(np.clip(change, -1, 1), 4), np.nan)
