"""Price bands: cheap, dear or between, among comparable products.

By fixed limits, or by type-7 quantiles of the list prices of a category; a band is
entered strictly above its quantile, so that equal prices share a band. Where a
category has too few prices, or all of them are equal, all products are compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import code
from ..common.lazy import np, pd
from .columns import BAND_REASONS, PRICE_BANDS
from .edges import BandLimits

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


def price_band(facts, parameters, limits: BandLimits | None = None) -> PriceBand:
    """The price band of each product.

    :param limits: those that a run over all products found; by default they are found
        among the products for sale
    """
    prices = _prices(facts)
    if parameters.band_method == "fixed":
        fixed = [parameters.band_low, parameters.band_high]
        bands, reason = np.searchsorted(fixed, prices, "right") + 1, LIMIT
    else:
        limits = band_limits(facts, parameters) if limits is None else limits
        bands, reason = _by_limits(facts, prices, limits)
    with np.errstate(invalid="ignore"):
        priced = prices > 0
    return PriceBand(np.where(priced, bands, 0), np.where(priced, reason, NO_PRICE))


def _prices(facts):
    return np.round(facts["list_price"].to_numpy("float64"), 6)


def band_limits(facts, parameters) -> BandLimits:
    """Find the limits among the products for sale."""
    prices = _prices(facts)
    with np.errstate(invalid="ignore"):
        compared = facts["is_sellable"].to_numpy(bool) & (prices > 0)
    everything = pd.Series(prices[compared])
    shares = [parameters.band_low, parameters.band_high]
    if everything.nunique() < 2:
        return BandLimits()
    categories = {}
    if parameters.band_in_category:
        categories = _category_limits(facts, prices, compared, parameters)
    return BandLimits(tuple(everything.quantile(shares).tolist()), categories)


def _category_limits(facts, prices, compared, parameters):
    """Return both limits of each category in which prices can be compared."""
    category = facts["category"].to_numpy()
    groups = pd.Series(prices[compared]).groupby(category[compared])
    usable = (groups.count() >= parameters.band_min_products) & (groups.nunique() > 1)
    low, high = (
        groups.quantile(share)[usable]
        for share in (parameters.band_low, parameters.band_high)
    )
    ends = zip(low.index, low.tolist(), high.tolist(), strict=True)
    return {int(key): (least, most) for key, least, most in ends}


def _by_limits(facts, prices, limits):
    """Code of the band and of the reason of each product."""
    if limits.everything is None:
        return np.full(len(prices), MIDDLE), ALIKE
    own = facts["category"].map(limits.categories)
    known = own.notna().to_numpy()
    ends = [
        pair if isinstance(pair, tuple | list) else limits.everything for pair in own
    ]
    ends = np.array(ends, "float64").reshape(len(prices), 2)
    bands = 1 + (prices[:, None] > ends).sum(axis=1)
    return bands, np.where(known, CATEGORY, ALL)
