"""Groups of rows as arrays: where they start, and the best of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    """Return the first rows of each group, by group and then by the given order."""
    rows = np.lexsort((*reversed(order), group))
    if count is None:
        return rows
    number = sizes(starts(group[rows]), len(rows))
    return rows[steps(number) < count]


def highest(group: NDArray, value: NDArray, count: int, tie: NDArray) -> NDArray:
    """Return the rows of the highest positive values of each group.

    By group, the highest first, and equal ones by ``tie``.

    *How it works*: sorting whole numbers is many times as fast as to sort by several
    keys. Group and value in short precision make one; rows below the place of the last
    that is wanted go, and only the others are sorted exactly. Rounding to the short
    precision keeps the order, so that none of the wanted ones goes.

    :param group: small whole numbers
    """
    short = np.ascontiguousarray(value, "float32").view("int32")
    key = (group.astype("int64") << 32) | (0x7FFFFFFF - short)
    ordered = np.sort(key)
    begins = starts(ordered >> 32)
    last = begins + np.minimum(sizes(begins, len(key)), count) - 1
    limit = np.zeros(int(group.max(initial=-1)) + 1, "int64")
    limit[ordered[begins] >> 32] = ordered[last]
    rows = np.flatnonzero(key <= limit[group])
    return rows[first_of_each(group[rows], count, -value[rows], tie[rows])]
