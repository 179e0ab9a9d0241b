"""Purchases as the engine takes them, public and generated ones.

Sales alone of Online Retail, without what was given back, as in the measurements of
docs/science.md; the days and horizons are those of its table.
"""

import functools
from typing import NamedTuple

import numpy as np
import pandas as pd
from engine.customers.behaviour import History
from real_purchases import cdnow, data_file

TODAY = 20_000  # a day number


class Case(NamedTuple):
    """Purchases, the day for which is predicted, and the horizon."""

    purchases: pd.DataFrame
    day: int
    horizon: int

    def behaviour(self, horizons_ago=0):
        """Return the known behaviour, and the purchases within the horizon."""
        history = History.of(self.purchases)
        return history.behaviour(self.day - horizons_ago * self.horizon, self.horizon)


def _days(texts):
    return pd.to_datetime(texts).to_numpy().astype("datetime64[D]").astype("int64")


def _day(text):
    return int(np.datetime64(text, "D").astype("int64"))


@functools.cache
def cdnow_case():
    if cdnow() is None:
        return None
    rows = [(item.partner, item.moment, item.cents / 100) for item in cdnow()]
    frame = pd.DataFrame(rows, columns=["partner_id", "day", "amount"])
    return Case(frame.assign(day=_days(frame["day"])), _day("1997-12-31"), 180)


@functools.cache
def retail_case():
    path = data_file("online_retail.csv.gz")
    if path is None:
        return None
    lines = pd.read_csv(path, dtype={"invoice": str}).dropna(subset=["customer_id"])
    lines = lines[lines["quantity"] > 0]
    frame = pd.DataFrame(
        {
            "partner_id": lines["customer_id"].astype("int64"),
            "invoice": lines["invoice"],
            "day": lines["invoice_date"].str[:10],
            "amount": lines["quantity"] * lines["unit_price"],
        }
    )
    frame = frame.groupby(["partner_id", "invoice", "day"])["amount"].sum()
    frame = frame.reset_index().drop(columns="invoice")
    return Case(frame.assign(day=_days(frame["day"])), _day("2011-07-12"), 150)


@functools.cache
def resellers_case():
    path = data_file("adventureworks_reseller_sales.csv.gz")
    if path is None:
        return None
    lines = pd.read_csv(path)
    frame = pd.DataFrame(
        {
            "partner_id": lines["ResellerKey"],
            "day": _days(lines["OrderDate"]),
            "amount": lines["SalesAmount"].astype("float64"),
        }
    )
    frame = frame.groupby(["partner_id", "day"], as_index=False)["amount"].sum()
    return Case(frame, int(frame["day"].max()) - 180, 180)


def simulated(customers, seed, days=900, rate=1 / 40, leave=0.12, vary=True):
    """Return purchases of customers with rates of their own.

    :param vary: without, all buy at the same rate and nobody leaves: the past of a
        customer tells nothing of its future
    """
    dice = np.random.default_rng(seed)
    rows = []
    for partner in range(1, customers + 1):
        own = rate * dice.gamma(0.9) / 0.9 if vary else rate
        purse = dice.lognormal(4, 0.8)
        day = TODAY - days + int(dice.integers(0, days // 3))
        while day <= TODAY:
            rows.append((partner, day, round(purse * dice.lognormal(0, 0.5), 2)))
            if dice.random() < 0.04:
                rows.append((partner, day + 3, -rows[-1][2]))
            if vary and dice.random() < leave:
                break
            day += 1 + int(dice.exponential(1 / own))
    frame = pd.DataFrame(rows, columns=["partner_id", "day", "amount"])
    return frame[frame["day"] <= TODAY].reset_index(drop=True)


@functools.cache
def retail_products():
    """Customers, products and days of Online Retail: sales of goods alone."""
    path = data_file("online_retail.csv.gz")
    if path is None:
        return None
    lines = pd.read_csv(path, dtype={"product": str}).dropna(subset=["customer_id"])
    goods = (lines["quantity"] > 0) & ~lines["product"].str.match("[A-Za-z]")
    return _products(lines[goods], "customer_id", "product", "invoice_date")


@functools.cache
def reseller_products():
    """Customers, products and days of AdventureWorks."""
    path = data_file("adventureworks_reseller_sales.csv.gz")
    if path is None:
        return None
    return _products(pd.read_csv(path), "ResellerKey", "ProductKey", "OrderDate")


def _products(lines, customer, product, day):
    frame = pd.DataFrame(
        {
            "partner_id": lines[customer].astype("int64"),
            "product_id": lines[product].astype(str),
            "day": _days(lines[day]),
        }
    )
    return frame.drop_duplicates().reset_index(drop=True)


def last_basket_hidden(lines):
    """Split off the last basket of each customer with three or more.

    Days count from that basket, which is what is to be told.

    :returns: what was bought before, the hidden baskets, and what is new in them
    """
    number = lines.groupby("partner_id")["day"].rank("dense")
    last = number.groupby(lines["partner_id"]).transform("max")
    day = lines["day"] - lines.groupby("partner_id")["day"].transform("max")
    lines = lines.assign(day=day)
    before = lines[(last >= 3) & (number < last)]
    hidden = lines[(last >= 3) & (number == last)]
    return before, hidden, hidden[~_pairs_of(hidden).isin(_pairs_of(before))]


def _pairs_of(table):
    return pd.MultiIndex.from_frame(table[["partner_id", "product_id"]])


def recall_and_hits(listed, wanted):
    """Return the mean recall of ten listed products, and the hit rate."""
    hit = listed[_pairs_of(listed).isin(_pairs_of(wanted))]
    size = wanted.groupby("partner_id").size()
    hits = hit.groupby("partner_id").size().reindex(size.index, fill_value=0)
    return float((hits / size).mean()), float((hits > 0).mean())
