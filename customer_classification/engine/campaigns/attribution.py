"""Attribution of purchases to campaigns.

A purchase is attributable to the campaigns with which its customer was in touch on its
day or within a number of days before. Three answers to the question which of them
brought it are given side by side: the one that touched first, the one that touched
last, or all of them alike. In each of them, a purchase is given away once.
"""

from __future__ import annotations

from ..common.lazy import np, pd
from ..customers.rhythm import ends_dormancy

_BITS = 32


def pair_key(campaign, customer):
    """One number for a campaign and a customer."""
    return (np.asarray(campaign, "int64") << _BITS) | np.asarray(customer, "int64")


def net_purchases(
    purchases: pd.DataFrame, rules, usual_gap: float, digits: int = 2
) -> pd.DataFrame:
    """Return purchases net of returns, with their meaning for customers.

    A return is taken from the customer's latest purchases before it, and
    from earlier ones where it exceeds them: so a return lowers the purchase
    that it most likely belongs to, however late it comes.

    :param purchases: all documents of the customers: ``customer``, ``day`` (number),
        ``amount`` (negative for returns) and ``margin`` (NaN unknown)
    :param rules: the engine's :class:`Parameters`, for what is dormant
    :return: purchases alone, by customer and day: ``customer``, ``day``, ``amount``,
        ``net``, ``margin`` (of the net), ``is_first`` (on the customer's first day)
        and ``ended_dormancy``
    """
    purchases = purchases.assign(gives_back=~(purchases["amount"].to_numpy() > 0))
    purchases = purchases.sort_values(
        ["customer", "day", "gives_back"], kind="stable", ignore_index=True
    )
    net = np.round(_after_returns(purchases), digits) + 0.0
    bought = ~purchases["gives_back"].to_numpy()
    sales = purchases.loc[bought, ["customer", "day", "amount", "margin"]]
    sales = sales.assign(net=net[bought]).reset_index(drop=True)
    share = sales["net"].to_numpy() / sales["amount"].to_numpy()
    sales["margin"] = sales["margin"].to_numpy("float64") * share
    return sales.join(_visits(sales, rules, usual_gap))


def _after_returns(purchases):
    """Return the remaining amount of each document; 0 for returns.

    Only the customers with returns are walked through.
    """
    amount = purchases["amount"].to_numpy("float64")
    net = np.where(amount > 0, amount, 0.0)
    customer = purchases["customer"].to_numpy()
    returning = np.isin(customer, customer[amount < 0])
    held, owner = [], None
    for place in np.flatnonzero(returning):
        if customer[place] != owner:
            held, owner = [], customer[place]
        if amount[place] > 0:
            held.append(place)
            continue
        back = -amount[place]
        while back > 0 and held:
            taken = min(back, net[held[-1]])
            net[held[-1]] -= taken
            back -= taken
            if net[held[-1]] <= 0:
                held.pop()
    return net


def _visits(sales, rules, usual_gap):
    """Return for each sale whether it was a first day or ended a dormancy.

    Dormancy is judged by the rhythm of the days before the sale.
    """
    days = sales[["customer", "day"]].drop_duplicates(ignore_index=True)
    customer, day = days["customer"].to_numpy(), days["day"].to_numpy("float64")
    starts = np.flatnonzero(np.r_[True, customer[1:] != customer[:-1]][: len(days)])
    sizes = np.diff(np.r_[starts, len(days)])
    number = np.arange(len(days)) - np.repeat(starts, sizes)
    first = np.repeat(day[starts], sizes)
    before = np.where(number > 0, np.r_[np.nan, day[:-1]][: len(days)], np.nan)
    ended = ends_dormancy(day, before, first, number, rules, usual_gap)
    visit = pair_key(customer, day).searchsorted(
        pair_key(sales["customer"], sales["day"])
    )
    return pd.DataFrame(
        {"is_first": number[visit] == 0, "ended_dormancy": ended[visit]}
    )


def attribute(
    touches: pd.DataFrame, sales: pd.DataFrame, windows: pd.Series
) -> pd.DataFrame:
    """Give sales to the campaigns that touched their customers.

    :param touches: ``campaign``, ``customer`` and ``day``; in any order, more than one
        a day
    :param sales: ``customer`` and ``day``, by position
    :param windows: days after a touch in which a sale counts, by campaign
    :return: one row for each sale and campaign that touched: ``sale`` (position),
        ``campaign``, ``customer``, and the shares ``first``, ``last`` and ``linear``,
        each of which adds up to 1 over the campaigns of a sale. Campaigns that touched
        on the same day share alike.
    """
    touches = touches[["campaign", "customer", "day"]].drop_duplicates()
    key = pair_key(touches["campaign"], touches["customer"])
    order = np.lexsort((touches["day"].to_numpy(), key))
    key, day = key[order], touches["day"].to_numpy("int64")[order]
    pairs, place = np.unique(key, return_inverse=True)
    rows = _possible(pairs, sales, windows)
    # Days are small numbers, so that one sorted array holds all pairs' days.
    line = (place.astype("int64") << _BITS) + day
    base = rows["pair"].to_numpy("int64") << _BITS
    sold, window = rows["day"].to_numpy("int64"), rows["window"].to_numpy("int64")
    latest = line.searchsorted(base + sold, "right") - 1
    earliest = line.searchsorted(base + sold - window)
    counts = (latest >= earliest) & (latest >= 0)
    rows = rows[counts].reset_index(drop=True)
    rows["earliest"] = day[earliest[counts]]
    rows["latest"] = day[latest[counts]]
    grouped = rows.groupby("sale")
    rows["first"] = _share(
        rows, rows["earliest"] == grouped["earliest"].transform("min")
    )
    rows["last"] = _share(rows, rows["latest"] == grouped["latest"].transform("max"))
    rows["linear"] = _share(rows, rows["sale"] >= 0)
    return rows[["sale", "campaign", "customer", "first", "last", "linear"]]


def _possible(pairs, sales, windows):
    """Each sale beside each campaign that ever touched its customer."""
    campaign = pairs >> _BITS
    pairs = pd.DataFrame(
        {
            "pair": np.arange(len(pairs)),
            "campaign": campaign,
            "customer": pairs & ((1 << _BITS) - 1),
            "window": windows.reindex(campaign).to_numpy("int64"),
        }
    )
    sales = pd.DataFrame(
        {
            "sale": np.arange(len(sales)),
            "customer": sales["customer"].to_numpy("int64"),
            "day": sales["day"].to_numpy("int64"),
        }
    )
    return pairs.merge(sales, on="customer").sort_values(
        ["sale", "campaign"], ignore_index=True
    )


def _share(rows, chosen):
    """Equal shares of the chosen rows of each sale."""
    count = chosen.astype("float64").groupby(rows["sale"]).transform("sum")
    return np.where(chosen, 1 / count, 0.0)
