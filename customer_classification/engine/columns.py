"""Names, kinds and units of all columns that go in and come out.

Codes are small integers: 0 is none, n is the n-th name of the tuple. Inside, a day
is its number since 1970-01-01 as float64, NaN for none: days so compare, subtract and
take part in minima like other numbers, and are exact up to the year 9999.
"""

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

from .lazy import np, pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRICS = ("recency", "frequency", "monetary")
EXTRA_METRICS = ("margin", "growth", "average_order", "tenure")
SCORED_METRICS = METRICS + EXTRA_METRICS
STAGES = (
    "prospect",
    "interested",
    "new",
    "active",
    "loyal",
    "dormant",
    "lost",
    "won_back",
)
RISKS = ("low", "medium", "high")
# Bit n of churn_signals is the n-th name.
SIGNALS = ("overdue", "far_overdue", "declining", "refunds")
TIER_REASONS = (
    "limit",  # by its numbers
    "kept",  # below the tier's limit, not below its keep limit
    "grace",  # below the keep limit, not for long enough
    "lapsed",  # bought before, nothing in the window
    "no_purchase",
    "too_new",
    "few_customers",  # too few buyers for shares of them
    "no_margin",
    "no_score",  # nothing of what the score weighs is known
    "no_value",  # a value of 0 or less, which the rules do not rate
)
AXES = ("value_tier", "lifecycle_stage", "churn_risk")
CAUSES = ("data", "rules", "time", "person")


class Column(NamedTuple):
    """``kind``: day, count, money (0 where nothing) or known (NaN where unknown)."""

    kind: str
    meaning: str


# One row per customer and company, up to the as-of day; "window" is the one of
# Parameters.window_start, its halves meet at Parameters.half_start. Money is net of
# tax in company currency at the document's own date. Source: the policy's documents.
FACTS = {
    "first_purchase_date": Column("day", "day of the first purchase ever"),
    "last_purchase_date": Column("day", "day of the last purchase"),
    "previous_purchase_date": Column("day", "last purchase day before the last one"),
    "visit_count": Column("count", "distinct purchase days ever"),
    "order_count": Column("count", "purchases in the window"),
    "lifetime_order_count": Column("count", "purchases ever"),
    "revenue": Column("money", "sales less refunds in the window"),
    "lifetime_revenue": Column("money", "sales less refunds ever"),
    "refund_amount": Column("money", "refunds in the window, positive"),
    "margin": Column("known", "margin in the window, NaN where costs are unknown"),
    "revenue_recent": Column("money", "net revenue in the recent half of the window"),
    "revenue_previous": Column("money", "net revenue in the half before"),
    "order_count_recent": Column("count", "purchases in the recent half"),
    "order_count_previous": Column("count", "purchases in the half before"),
    "window_first_date": Column("day", "oldest document of any sign in the window"),
    "recent_first_date": Column("day", "oldest document in the recent half"),
    "open_opportunity_count": Column("count", "open opportunities"),
    "open_quotation_count": Column("count", "open quotations"),
    "open_opportunity_revenue": Column("money", "their expected revenue"),
    "open_quotation_amount": Column("money", "their amount"),
}

# What may stand beside them; without it, the rule that needs it looks elsewhere.
MORE_FACTS = {
    "comeback_count": Column("known", "purchases that ended a dormant time"),
    "quotation_end_date": Column("day", "first day on which a quotation expires"),
}

# What the customer was when last classified, with the facts that tell own changes
# from the passing of time.
PREVIOUS = {
    "value_tier": Column("count", "key of the tier, 0 never classified"),
    "lifecycle_stage": Column("count", "code of the stage, 0 none"),
    "churn_risk": Column("count", "code of the risk, 0 none"),
    "tier_below_since": Column("day", "first day seen below the tier's keep limit"),
    "won_back_count": Column("count", "times won back"),
    "lifetime_order_count": Column("count", "as in the facts, as of then"),
    "lifetime_revenue": Column("money", "as in the facts, as of then"),
    "first_purchase_date": Column("day", "as in the facts, as of then"),
    "last_purchase_date": Column("day", "as in the facts, as of then"),
    "policy": Column("count", "id of the policy version that classified"),
    "open_opportunity_count": Column("count", "as in the facts, as of then"),
    "open_quotation_count": Column("count", "as in the facts, as of then"),
}

# Columns of the result with their types.
RESULT = {
    "recency_days": "int32",  # days since the last purchase, -1 none
    "tenure_days": "int32",  # days since the first purchase, -1 none
    "expected_gap_days": "float64",  # days, NaN without purchase
    "overdue_ratio": "float64",  # recency / expected gap
    "expected_purchase_date": "day",
    "average_order": "float64",  # net money per order in the window
    "growth": "float64",  # -1..1
    "score_recency": "int8",  # 1 worst .. number of bins, 0 none
    "score_frequency": "int8",
    "score_monetary": "int8",
    "value_score": "float64",  # 0..100
    "value_tier": "int64",  # key
    "tier_reason": "int8",  # code of TIER_REASONS
    "tier_below_since": "day",
    "lifecycle_stage": "int8",  # code of STAGES
    "churn_risk": "int8",  # code of RISKS
    "churn_signals": "int8",  # bits of SIGNALS
    "won_back_count": "int32",
    "next_review_date": "day",
    "held_back": "bool",  # a demotion is withheld
}

# datetime64[ns] ends in April 2262; a later day is shown as its last whole day.
LAST_DAY = 106_751 - 1


def code(names: tuple[str, ...], name: str) -> int:
    """The code of a name: its place, counted from 1."""
    return names.index(name) + 1


def day_number(day: datetime.date) -> float:
    """Days from 1970-01-01 to a day."""
    return float(day.toordinal() - datetime.date(1970, 1, 1).toordinal())


def to_days(series: pd.Series) -> NDArray:
    """Dates of any unit (or objects) as float64 day numbers, NaN for NaT.

    A time of the day is dropped, not rounded.
    """
    if series.dtype.kind != "M":  # a column of None, NaN or dates as objects
        series = pd.to_datetime(series)
    days = series.to_numpy().astype("datetime64[D]")
    numbers = days.astype("int64").astype("float64")
    numbers[np.isnat(days)] = np.nan
    return numbers


def to_dates(days: NDArray) -> NDArray:
    """float64 day numbers as ``datetime64[ns]``, NaT for NaN."""
    known = np.isfinite(days)
    whole = np.where(known, np.minimum(days, LAST_DAY), 0).astype("int64")
    dates = whole.astype("datetime64[D]").astype("datetime64[ns]")
    dates[~known] = np.datetime64("NaT")
    return dates


def to_whole(values: NDArray, missing: int, dtype: str) -> NDArray:
    """Floats without fraction as integers, ``missing`` for NaN."""
    return np.where(np.isnan(values), missing, values).astype(dtype)


def read_facts(frame, digits: int):
    """Arrays of the facts, and notes about numbers that were not usable.

    :param frame: DataFrame with the columns of ``FACTS``, and any of ``MORE_FACTS``,
        index unique
    :param digits: decimals of the currency; money is rounded to them, because sums
        of cents in binary are off by dust (5 customers of Online Retail have a net
        of 1e-13)
    :returns: (namespace of arrays of one length, list of notes); among the arrays
        ``is_archived``, which only frames with a column ``active`` can tell
    :raises ValueError: a column is missing or a customer stands there twice
    """
    _require_columns(frame, FACTS, "facts")
    _require_unique(frame, "facts")
    notes: list[dict] = []
    arrays = {
        name: _read(frame[name], column.kind, digits, notes)
        for name, column in FACTS.items()
    }
    archived = frame["active"].to_numpy() == 0 if "active" in frame else False
    arrays["is_archived"] = np.broadcast_to(archived, len(frame))
    for name, column in MORE_FACTS.items():
        if name in frame:
            arrays[name] = _read(frame[name], column.kind, digits, notes)
        else:
            arrays[name] = np.full(len(frame), np.nan)
    return SimpleNamespace(**arrays), notes


def read_previous(frame, index, digits: int):
    """Arrays of the previous state in the order of ``index``; absent rows and
    ``None`` stand for customers never classified.

    :raises ValueError: a column is missing or a customer stands there twice
    """
    if frame is None:
        frame = pd.DataFrame({name: np.zeros(0) for name in PREVIOUS})
    _require_columns(frame, PREVIOUS, "columns of the previous state")
    _require_unique(frame, "rows of the previous state")
    rows = None if frame.index.equals(index) else frame.index.get_indexer(index)
    arrays = {
        name: _aligned(_read(frame[name], column.kind, digits, []), rows)
        for name, column in PREVIOUS.items()
    }
    return SimpleNamespace(**arrays)


def _require_columns(frame, columns, what):
    missing = [name for name in columns if name not in frame]
    if missing:
        raise ValueError(f"The {what} lack {', '.join(missing)}.")


def _require_unique(frame, what):
    if not frame.index.is_unique:
        raise ValueError(f"The {what} have a customer more than once.")


def _read(series, kind, digits, notes):
    if kind == "day":
        return to_days(series)
    values = series.to_numpy()
    if kind == "count" and values.dtype.kind == "i":
        return values
    values = np.asarray(values, "float64")
    unusable = ~np.isfinite(values)
    if kind == "known":
        return np.where(unusable, np.nan, np.round(values, digits))
    if unusable.any():
        notes.append(
            {
                "code": "not_finite",
                "column": series.name,
                "customers": int(unusable.sum()),
            }
        )
        values = np.where(unusable, 0.0, values)
    if kind == "count":
        return values.astype("int64")
    return np.round(values, digits)


def _aligned(values, rows):
    """Values at the given rows; nothing (0 or NaN) at row -1."""
    if rows is None:
        return values
    nothing = np.nan if values.dtype.kind == "f" else 0
    padded = np.append(values, np.array([nothing], values.dtype))
    return padded[rows]


def result_frame(values: dict, index):
    """The DataFrame of ``RESULT``, as far as it is given, from arrays by name, each in
    its type."""
    columns = {
        name: to_dates(values[name]) if dtype == "day" else values[name].astype(dtype)
        for name, dtype in RESULT.items()
        if name in values
    }
    # One block per column: gathering them would double the memory for a moment.
    return pd.DataFrame(columns, index=index, copy=False)
