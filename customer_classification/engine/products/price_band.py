"""Price bands: cheap, dear or between, among what can be compared.

By fixed limits, or by type-7 quantiles of the list prices of a category; a band is
entered strictly above its quantile, so that equal prices share a band. Where a
category has too few prices, or all of them are equal, all products are compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import code
from ..common.lazy import np, pd
from .columns import BAND_REASONS, PRICE_BANDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

CATEGORY, ALL, LIMIT, ALIKE, NO_PRICE = (
    code(BAND_REASONS, reason) for reason in BAND_REASONS
)
MIDDLE = code(PRICE_BANDS, "middle")


class PriceBand(NamedTuple):
    """Code of the band and of the reason."""

    code: NDArray
    reason: NDArray


def price_band(facts, parameters) -> PriceBand:
    """The price band of each product; limits are found among those for sale."""
    prices = np.round(facts["list_price"].to_numpy("float64"), 6)
    if parameters.band_method == "fixed":
        limits = [parameters.band_low, parameters.band_high]
        bands, reason = np.searchsorted(limits, prices, "right") + 1, LIMIT
    else:
        bands, reason = _by_quantiles(facts, prices, parameters)
    with np.errstate(invalid="ignore"):
        priced = prices > 0
    return PriceBand(np.where(priced, bands, 0), np.where(priced, reason, NO_PRICE))


def _by_quantiles(facts, prices, parameters):
    with np.errstate(invalid="ignore"):
        compared = facts["is_sellable"].to_numpy(bool) & (prices > 0)
    everything = pd.Series(prices[compared])
    shares = [parameters.band_low, parameters.band_high]
    if everything.nunique() < 2:
        return np.full(len(prices), MIDDLE), ALIKE
    low, high = everything.quantile(shares)
    bands = 1 + (prices > low) + (prices > high)
    reason = np.full(len(prices), ALL)
    if parameters.band_in_category:
        limits = _category_limits(facts, prices, compared, parameters)
        known = ~np.isnan(limits).any(axis=1)
        own = 1 + (prices[:, None] > limits).sum(axis=1)
        bands = np.where(known, own, bands)
        reason = np.where(known, CATEGORY, ALL)
    return bands, reason


def _category_limits(facts, prices, compared, parameters):
    """Both limits of each product's category, NaN where it cannot be compared."""
    category = facts["category"].to_numpy()
    groups = pd.Series(prices[compared]).groupby(category[compared])
    usable = (groups.count() >= parameters.band_min_products) & (groups.nunique() > 1)
    usable = usable[usable].index
    return np.column_stack(
        [
            groups.quantile(share).reindex(usable).reindex(category).to_numpy()
            for share in (parameters.band_low, parameters.band_high)
        ]
    )
