"""Codes, days and columns shared by all kinds of records.

Codes are small integers: 0 is none, n is the n-th name of the tuple. Inside, a day
is its number since 1970-01-01 as float64, NaN for none: days so compare, subtract and
take part in minima like other numbers, and are exact up to the year 9999.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, NamedTuple

from .lazy import np, pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

CAUSES = ("data", "rules", "time", "person")


class Column(NamedTuple):
    """Kind and meaning of a column.

    ``kind``: day, count, money (0 where nothing), known (money, NaN where unknown) or
    measure (any other number, NaN where unknown).
    """

    kind: str
    meaning: str


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


def require_columns(frame, columns, what):
    missing = [name for name in columns if name not in frame]
    if missing:
        raise ValueError(f"The {what} lack {', '.join(missing)}.")


def require_unique(frame, what):
    if not frame.index.is_unique:
        raise ValueError(f"The {what} have a customer more than once.")


def unusable_notes(series, kind):
    """Yield a note about unusable numbers of a column, if there are some.

    Of counts and money: 0 counts instead.
    """
    if kind not in ("count", "money") or series.dtype.kind in "iub":
        return
    unusable = ~np.isfinite(np.asarray(series.to_numpy(), "float64"))
    if unusable.any():
        customers = int(unusable.sum())
        yield {"code": "not_finite", "column": series.name, "customers": customers}


def read_column(series, kind, digits):
    """Return the values of a column by its kind, usable ones for all."""
    if kind == "day":
        return to_days(series)
    values = series.to_numpy()
    if kind == "count" and values.dtype.kind == "i":
        return values
    values = np.asarray(values, "float64")
    unusable = ~np.isfinite(values)
    if kind == "measure":
        return np.where(unusable, np.nan, np.round(values, 6))
    if kind == "known":
        return np.where(unusable, np.nan, np.round(values, digits))
    if unusable.any():
        values = np.where(unusable, 0.0, values)
    if kind == "count":
        return values.astype("int64")
    return np.round(values, digits)


def aligned(values, rows):
    """Values at the given rows; nothing (0 or NaN) at row -1."""
    if rows is None:
        return values
    nothing = np.nan if values.dtype.kind == "f" else 0
    padded = np.append(values, np.array([nothing], values.dtype))
    return padded[rows]
