"""Groups of rows as arrays: where they start, and the best of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Rows of a run, and the bits of the largest number in short precision.
_RUN = 8
_MOST_BITS = 0x7FFFFFFF


def starts(*keys: NDArray) -> NDArray:
    """Return where each group of sorted keys begins."""
    is_first = np.zeros(len(keys[0]), bool)
    is_first[:1] = True
    for key in keys:
        is_first[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(is_first)


def sizes(begins: NDArray, count: int) -> NDArray:
    """Return the size of each group, of ``count`` rows in all."""
    return np.diff(begins, append=count)


def sums(values: NDArray, begins: NDArray) -> NDArray:
    """Return the sum of each group, in the order of its rows."""
    return np.add.reduceat(values, begins) if len(begins) else values[:0]


def steps(count: NDArray) -> NDArray:
    """Return 0, 1, 2 ... in each group: for 2 and 3 rows 0, 1, 0, 1, 2."""
    ends = np.cumsum(count)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - count, count)


def sorted_numbers(values: NDArray, bits: int) -> NDArray:
    """Return whole numbers of so many bits in their order.

    *How it works*: numpy sorts short numbers digit by digit, in a third of the time
    that it takes for comparing long ones, as long as they fit the processor's cache.
    """
    for shift in range(0, bits, 16):
        digits = (values >> shift).astype("uint16")
        values = values[np.argsort(digits, kind="stable")]
    return values


def slices(weights: NDArray, most: int):
    """Yield slices of rows, whose weights together are not above ``most``.

    A row that weighs more is alone.
    """
    ends = np.cumsum(weights)
    begin = 0
    while begin < len(ends):
        reached = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, reached + most, "right")))
        yield slice(begin, end)
        begin = end


def first_of_each(group: NDArray, count: int | None, *order: NDArray) -> NDArray:
    """Return the first rows of each group, in the given order."""
    rows = np.lexsort((*reversed(order), group))
    if count is None:
        return rows
    number = sizes(starts(group[rows]), len(rows))
    return rows[steps(number) < count]


def highest(group: NDArray, value: NDArray, count: int, tie: NDArray) -> NDArray:
    """Return the rows of the highest values of each group.

    By group, the highest first, and equal ones by ``tie``.

    *How it works*: rows below the last one that is wanted go first, and only the others
    are sorted by several keys, which takes long. At least ``count`` values reach what
    the best ones of as many short runs of rows reach. Rounding to short precision keeps
    the order, so that none of the wanted ones goes.

    :param group: whole numbers, in their order
    :param value: numbers that are not negative
    """
    short = value.astype("float32")
    is_first = np.zeros(len(group), bool)
    is_first[::_RUN] = True
    is_first[starts(group)] = True
    runs = np.flatnonzero(is_first)
    best = np.maximum.reduceat(short, runs) if len(runs) else short
    rows = np.flatnonzero(short >= _reached(group, group[runs], best, count))
    some, short = group[rows], short[rows]
    rows = rows[short >= _reached(some, some, short, count)]
    return rows[first_of_each(group[rows], count, -value[rows], tie[rows])]


def _reached(group, sample_group, sample, count):
    """Return of each row what ``count`` values of its group in a sample reach.

    0 where the sample has fewer.

    *How it works*: group and value become one whole number, which is sorted many times
    as fast as two columns.
    """
    key = sample_group.astype("int64") << 32 | _MOST_BITS - sample.view("int32")
    key.sort()
    begins = starts(key >> 32)
    has_enough = sizes(begins, len(key)) >= count
    last = key[np.where(has_enough, begins + count - 1, begins)]
    limit = (_MOST_BITS - (last & _MOST_BITS)).astype("int32").view("float32")
    limit = np.where(has_enough, limit, np.float32(0))
    return np.repeat(limit, sizes(starts(group), len(group)))
