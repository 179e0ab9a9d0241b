"""Products and services: sales to classes and their changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import CAUSES, day_number
from ..common.lazy import np, pd
from .abc import abc, abc_curves
from .columns import PRODUCT_AXES, Periods, ProductParameters
from .edges import ProductEdges
from .price_band import band_limits, price_band
from .sales_lifecycle import sales_lifecycle
from .xyz import xyz

if TYPE_CHECKING:
    import datetime

    from numpy.typing import NDArray

# A change of one of these is the product's own.
_OWN = ("lifetime_line_count", "lifetime_revenue", "list_price", "is_sellable")
PRODUCT_PREVIOUS = (
    *PRODUCT_AXES,
    *("abc_below_since", "xyz_above_since", "policy"),
    *_OWN,
)


class Sold(NamedTuple):
    """Facts by product, with quantity and sales by full month."""

    facts: pd.DataFrame
    demand: NDArray
    lines: NDArray


def product_facts(
    sold: pd.DataFrame,
    products: pd.DataFrame,
    periods: Periods,
    parameters: ProductParameters,
) -> Sold:
    """Sum up the sales of products.

    :param sold: rows of ``product``, ``period`` (see :class:`Periods`), ``revenue``,
        ``margin`` (NaN unknown), ``quantity``, ``line_count``, and ``first_day`` and
        ``last_day`` of a sale (datetime64, NaT for returns alone)
    :param products: ``category``, ``list_price`` and ``is_sellable`` by product
    """
    sold = sold[sold["product"].isin(products.index)]
    place = products.index.get_indexer(sold["product"])
    period = sold["period"].to_numpy("int64")
    in_window = np.array(periods.is_in_window())[period]
    month = np.array(periods.month())[period]

    def total(name, mask=True):
        weights = np.where(mask, sold[name].to_numpy("float64"), 0.0)
        return np.bincount(place, weights, len(products))

    def by_month(name):
        matrix = np.zeros((len(products), periods.month_count))
        full = month >= 0
        values = sold[name].to_numpy("float64")[full]
        np.add.at(matrix, (place[full], month[full]), values)
        return np.round(matrix, 6)

    digits = parameters.currency_digits
    days = sold.groupby("product").agg({"first_day": "min", "last_day": "max"})
    days = days.reindex(products.index)
    demand, lines = by_month("quantity"), by_month("line_count")
    facts = products[["category", "list_price", "is_sellable"]].assign(
        revenue=np.round(total("revenue", in_window), digits) + 0.0,
        lifetime_revenue=np.round(total("revenue"), digits) + 0.0,
        margin=np.round(total("margin", in_window), digits) + 0.0,
        quantity=np.round(total("quantity", in_window), 6) + 0.0,
        line_count=total("line_count", in_window).astype("int64"),
        lifetime_line_count=total("line_count").astype("int64"),
        months_sold=(lines[:, -parameters.window_months :] > 0).sum(axis=1),
        first_sale=_day_numbers(days["first_day"]),
        last_sale=_day_numbers(days["last_day"]),
    )
    facts["first_month"] = _months(days["first_day"], periods)
    return Sold(facts, demand, lines)


def _day_numbers(days):
    values = days.to_numpy("datetime64[D]")
    numbers = values.astype("int64").astype("float64")
    return np.where(np.isnat(values), np.nan, numbers)


def _months(days, periods):
    """Return the month number of each day, NaN for none."""
    epoch = periods.month_of_day(np.datetime64(0, "D").item())
    months = days.to_numpy("datetime64[D]").astype("datetime64[M]")
    numbers = months.astype("int64").astype("float64") + epoch
    return np.where(np.isnat(months), np.nan, numbers)


def classify_products(
    sold: Sold,
    previous: pd.DataFrame | None,
    parameters: ProductParameters,
    as_of: datetime.date,
    edges: ProductEdges | None = None,
) -> pd.DataFrame:
    """Classes and their reasons, one row a product.

    :param previous: frame with the columns of ``PRODUCT_PREVIOUS`` by product; 0 and
        NaN where never classified
    :param edges: limits of a run over all products, where these are only some
    """
    facts, demand, lines = sold
    previous = read_previous_products(previous, facts.index)
    today = day_number(as_of)
    ranked = abc(facts, previous, parameters, today, edges and edges.abc)
    regular = xyz(facts, demand, previous, parameters, today)
    band = price_band(facts, parameters, edges and edges.bands)
    life = sales_lifecycle(facts, demand, lines, previous, parameters, today)
    return pd.DataFrame(
        {
            "abc": ranked.code,
            "abc_reason": ranked.reason,
            "abc_share": ranked.share,
            "abc_below_since": ranked.below_since,
            "xyz": regular.code,
            "xyz_reason": regular.reason,
            "cv": regular.cv,
            "month_count": regular.months,
            "xyz_above_since": regular.above_since,
            "price_band": band.code,
            "band_reason": band.reason,
            "sales_lifecycle": life.code,
            "lifecycle_reason": life.reason,
            "trend": life.trend,
            "trend_is_seasonal": life.is_seasonal,
        },
        facts.index,
    )


def product_edges(
    sold: Sold, variants: Sold | None, parameters: ProductParameters
) -> ProductEdges:
    """Find the limits among all products and, if several, their variants."""
    fixed = parameters.band_method == "fixed"
    return ProductEdges(
        abc_curves(sold.facts, parameters),
        abc_curves(variants.facts, parameters) if variants else {},
        None if fixed else band_limits(sold.facts, parameters),
    )


def classify_variants(
    sold: Sold,
    parameters: ProductParameters,
    as_of: datetime.date,
    edges: ProductEdges | None = None,
) -> pd.DataFrame:
    """Classify variants by ABC and XYZ among all variants.

    By the numbers of today alone: variants have no memory, so nothing is kept or graced
    except new ones.

    :param edges: limits of a run over all products, where these are only some
    """
    facts, demand, __ = sold
    previous = read_previous_products(None, facts.index)
    today = day_number(as_of)
    ranked = abc(facts, previous, parameters, today, edges and edges.variants)
    regular = xyz(facts, demand, previous, parameters, today)
    return pd.DataFrame(
        {
            "abc": ranked.code,
            "xyz": regular.code,
            "cv": regular.cv,
        },
        facts.index,
    )


def read_previous_products(previous, index) -> pd.DataFrame:
    """Return the former classes in the order of the products.

    Empty values where there are none.
    """
    if previous is None:
        previous = pd.DataFrame(index=index[:0], columns=list(PRODUCT_PREVIOUS))
    previous = previous[list(PRODUCT_PREVIOUS)].reindex(index)
    since = ["abc_below_since", "xyz_above_since"]
    known = [name for name in PRODUCT_PREVIOUS if name not in since]
    floats = previous.astype("float64")
    return pd.concat([floats[known].fillna(0), floats[since]], axis=1)


def product_changes(
    previous: pd.DataFrame | None,
    facts: pd.DataFrame,
    result: pd.DataFrame,
    parameters: ProductParameters,
    shown=None,
    old_rules: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return one row for each product and axis that differs.

    Columns ``axis``, ``from``, ``to`` and ``cause``, the first that holds of

    - *person*: a manual override applies, or applied until now;
    - *data*: there was no classification yet;
    - *rules*: another policy version classified before, and by its rules the class
      would be another one today (where that is not known: nothing of the product's
      own differs);
    - *data*: it was sold or returned, its price changed, or whether it is for sale;
    - *time*: days went by, or the others moved.

    :param shown: a :class:`Shown` of the shown classes; by default the computed ones
    :param old_rules: frame of :func:`classify_products` by the rules that classified
        before, of some products
    """
    before = read_previous_products(previous, facts.index)
    differs = _differs(before, facts)
    seen_before, seen_now = shown or (before, result)
    parts = []
    for axis in PRODUCT_AXES:
        old = seen_before[axis].to_numpy("int64")
        new = seen_now[axis].to_numpy("int64")
        moved = np.flatnonzero(old != new)
        decided = (old != before[axis].to_numpy()) | (new != result[axis].to_numpy())
        by_rules = _by_rules(axis, before, result, parameters, old_rules, differs)
        cause = _causes(decided, before, by_rules, differs)
        parts.append(
            pd.DataFrame(
                {
                    "product": facts.index.to_numpy()[moved],
                    "axis": np.full(len(moved), PRODUCT_AXES.index(axis) + 1),
                    "from": old[moved],
                    "to": new[moved],
                    "cause": cause[moved],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _by_rules(axis, before, result, parameters, old_rules, differs):
    """Mark products of another class today by the former rules."""
    other = before["policy"].to_numpy() != parameters.policy
    if old_rules is None:
        return other & ~differs
    by_old = old_rules[axis].reindex(result.index, fill_value=-1).to_numpy()
    return other & np.where(by_old < 0, ~differs, by_old != result[axis].to_numpy())


def _causes(decided, before, by_rules, differs):
    """Code of the cause of each product's move on an axis."""
    codes = (CAUSES.index(word) + 1 for word in ("data", "rules", "time", "person"))
    data, rules, time, person = codes
    unknown = before["policy"].to_numpy() == 0
    return np.select(
        [decided, unknown, by_rules, differs], [person, data, rules, data], time
    )


def _differs(before, facts):
    """Check for which products an own fact differs."""
    differs = np.zeros(len(facts), bool)
    for name in _OWN:
        now = facts[name].to_numpy("float64")
        differs |= np.round(now - before[name].to_numpy(), 6) != 0
    return differs
