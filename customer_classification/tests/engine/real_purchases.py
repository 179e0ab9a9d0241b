"""Public purchase data as logs; ``None`` for missing data.

CDNOW and Online Retail: the folder of the environment variable
``CLASSIFICATION_DATA``, else ``shared/data`` beside the repository. The CDNOW sample
comes with PyPI's ``lifetimes``; its files are read without importing it.
"""

import datetime
import functools
import importlib.util
import os
from pathlib import Path

import pandas as pd
from reference import Document

ROOT = Path(__file__).resolve().parents[3]


def data_file(name):
    folder = os.environ.get("CLASSIFICATION_DATA") or ROOT.parent / "shared" / "data"
    path = Path(folder) / name
    return path if path.exists() else None


def sample_file(name):
    spec = importlib.util.find_spec("lifetimes")
    if spec is None:
        return None
    path = Path(spec.submodule_search_locations[0]) / "datasets" / name
    return path if path.exists() else None


def _day(text):
    return datetime.date.fromisoformat(text[:10])


@functools.cache
def cdnow():
    """One document a purchase; zero amounts among them."""
    path = data_file("cdnow_master.csv.gz")
    if path is None:
        return None
    frame = pd.read_csv(path)
    return [
        Document(int(row.customer_id), _day(row.date), round(row.amount * 100))
        for row in frame.itertuples()
    ]


@functools.cache
def cdnow_sample():
    path = sample_file("CDNOW_sample.txt")
    if path is None:
        return None
    rows = [line.split() for line in path.read_text().splitlines()]
    return [
        Document(
            int(partner),
            datetime.datetime.strptime(day, "%Y%m%d").date(),
            round(float(amount) * 100),
        )
        for __, partner, day, __, amount in rows
    ]


@functools.cache
def online_retail_lines():
    """Lines with a customer: customer, invoice, day, amount."""
    path = data_file("online_retail.csv.gz")
    if path is None:
        return None
    frame = pd.read_csv(
        path,
        usecols=["invoice", "quantity", "invoice_date", "unit_price", "customer_id"],
        dtype={"invoice": str},
    ).dropna(subset=["customer_id"])
    return pd.DataFrame(
        {
            "customer": frame["customer_id"].astype("int64"),
            "invoice": frame["invoice"],
            "day": frame["invoice_date"].str[:10],
            "amount": frame["quantity"] * frame["unit_price"],
        }
    )


@functools.cache
def online_retail():
    """One document an invoice or cancellation."""
    lines = online_retail_lines()
    if lines is None:
        return None
    sums = lines.groupby(["customer", "invoice", "day"])["amount"].sum()
    return [
        Document(customer, _day(day), round(amount * 100))
        for (customer, __, day), amount in sums.items()
    ]
